//! What manifests cannot say: from a comment beside the line, from an assume block
//! ([`AssumeSpec`]), or else a stated default, in this order; `--set` goes before all of them, on the model
//! that is made.
//!
//! A comment names what it gives and its value, `# surgetank: service 40s; failure 0.01`, on a line of the
//! field that it is about, or on a line of its own before it.
//!
//! Invariant: every value that is not in the manifests is listed with its parameter and where it is from.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Importer;
use super::assumable::Assumable;
use super::files::{Manifest, Manifests};
use super::yaml::{Node, Place};
use crate::diagnostic::{Diagnostic, Diagnostics, Location, nearest};
use crate::spec::assume::{AssumeSpec, AssumedValue};
use crate::spec::ron_text::{self, SpanIndex, push_name};
use crate::spec::storm::StormSpec;

/// Something that the manifests do not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Assumption {
    /// What it is about: a parameter of the model, as for `--set`, where there is one.
    pub subject: String,
    /// What was assumed.
    pub assumed: String,
    /// Why that.
    pub because: String,
    /// Where it is from.
    pub source: Source,
    /// The place in that, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Where an assumed value is from. What goes before what: the last before the first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A default of Surgetank's own.
    Default,
    /// An assume block.
    Block,
    /// A comment beside the line.
    Comment,
    /// The command line, `--set`.
    Set,
}

/// One value in a comment.
#[derive(Debug)]
struct Aside {
    file: String,
    place: Place,
    name: String,
    value: String,
    is_used: bool,
}

/// The values in all comments to Surgetank.
#[derive(Debug, Default)]
pub(crate) struct Asides {
    all: Vec<Aside>,
    /// By file and name: the lines that they are about, in order.
    lines: BTreeMap<(String, String), Vec<(u32, usize)>>,
}

/// A value that somebody gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) location: Location,
    pub(super) source: Source,
}

/// What comments are about that the linter reads.
const OF_LINTS: [&str; 1] = ["allow"];

/// The names of what can be assumed, as comments and `defaults` have them; more may be asked for.
const NAMES: [&str; 14] = [
    "arrivals",
    "failure",
    "items",
    "latency",
    "on_failure",
    "partitions",
    "pass",
    "payload",
    "pod_start",
    "processing",
    "rate",
    "servers",
    "service",
    "share",
];

/// Unused comments that are told of one import.
const UNUSED_MAX: usize = 64;

impl Asides {
    pub(super) fn of(manifests: &Manifests) -> Self {
        let mut asides = Self::default();
        for file in manifests.files() {
            for note in file.notes() {
                let mut column = note.column;
                for part in note.text.split(';') {
                    let said = part.trim();
                    let (name, value) = said.split_once([' ', '=']).unwrap_or((said, ""));
                    let value = value.trim().trim_start_matches('=').trim();
                    let length = characters(said).max(1);
                    let blank = characters(part) - characters(part.trim_start());
                    let place = Place { line: note.line, column: column + blank, length };
                    column += characters(part) + 1;
                    if said.is_empty() || OF_LINTS.contains(&name) {
                        continue;
                    }
                    asides.push(
                        note.about,
                        Aside {
                            file: file.name().to_owned(),
                            place,
                            name: name.to_owned(),
                            value: value.to_owned(),
                            is_used: false,
                        },
                    );
                }
            }
        }
        asides.lines.values_mut().for_each(|lines| lines.sort_unstable());
        asides
    }

    fn push(&mut self, about: u32, aside: Aside) {
        let key = (aside.file.clone(), aside.name.clone());
        self.lines.entry(key).or_default().push((about, self.all.len()));
        self.all.push(aside);
    }

    /// The first about one of the lines, but for those in `except`.
    fn find(
        &mut self,
        file: &str,
        name: &str,
        lines: RangeInclusive<u32>,
        except: &[RangeInclusive<u32>],
    ) -> Option<&mut Aside> {
        let known = self.lines.get(&(file.to_owned(), name.to_owned()))?;
        let begin = known.partition_point(|&(about, _)| about < *lines.start());
        let within = known[begin..].iter().take_while(|(about, _)| about <= lines.end());
        let mut fits = within.filter(|(about, _)| !except.iter().any(|it| it.contains(about)));
        let &(_, index) = fits.next()?;
        Some(&mut self.all[index])
    }
}

fn characters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX / 2)
}

/// The lines of a field, its name included.
pub(crate) fn lines_of(node: &Node) -> RangeInclusive<u32> {
    node.key().line..=node.last_line()
}

/// The values of an assume block, as RON, with their places.
#[derive(Debug, Default)]
pub(crate) struct Block {
    values: BTreeMap<String, Given>,
    defaults: BTreeMap<String, Given>,
}

#[derive(Debug)]
struct Given {
    text: String,
    location: Location,
    is_used: bool,
}

impl Block {
    /// Reads a file that is such a block. All its problems are told.
    pub(super) fn read(file: &str, text: &str) -> (Self, Diagnostics) {
        let reading = ron_text::read::<AssumeSpec>(file, text);
        let block = reading.value.map(|spec| Self::new(&spec, &reading.index, ""));
        (block.unwrap_or_default(), reading.found)
    }

    /// Reads the block of a storm, if it has one. What is wrong with the storm is told when it is put into
    /// the model.
    pub(super) fn of_storm(file: &str, text: &str) -> Self {
        let reading = ron_text::read::<StormSpec>(file, text);
        let spec = reading.value.and_then(|storm| storm.assume);
        spec.map(|spec| Self::new(&spec, &reading.index, "assume")).unwrap_or_default()
    }

    fn new(spec: &AssumeSpec, index: &SpanIndex, at: &str) -> Self {
        let given = |field: &str, values: &BTreeMap<String, AssumedValue>| {
            let one = |(name, value): (&String, &AssumedValue)| {
                let mut path = at.to_owned();
                push_name(&mut path, field);
                push_name(&mut path, name);
                let location = index.value(&path).or_else(|| index.nearest(&path))?;
                let given = Given { text: value.ron_text(), location, is_used: false };
                Some((name.clone(), given))
            };
            values.iter().filter_map(one).collect()
        };
        Self { values: given("values", &spec.values), defaults: given("defaults", &spec.defaults) }
    }

    /// The same with what `other` gives and this does not.
    pub(super) fn over(mut self, other: Self) -> Self {
        let Self { values, defaults } = other;
        for (name, given) in values {
            self.values.entry(name).or_insert(given);
        }
        for (name, given) in defaults {
            self.defaults.entry(name).or_insert(given);
        }
        self
    }

    fn find(&mut self, parameter: &str, name: &str) -> Option<Said> {
        let given = match self.values.get_mut(parameter) {
            Some(given) => given,
            None => self.defaults.get_mut(name)?,
        };
        given.is_used = true;
        let (text, location) = (given.text.clone(), given.location.clone());
        Some(Said { text, location, source: Source::Block })
    }
}

/// What is assumed if nobody says anything, and why.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Otherwise<'o> {
    pub(crate) value: &'o str,
    pub(crate) because: &'o str,
}

impl Importer {
    /// Lists something that is assumed and that nothing but `--set` can change.
    pub(crate) fn assume(
        &mut self,
        subject: impl Into<String>,
        assumed: impl Into<String>,
        because: impl Into<String>,
    ) {
        self.assumptions.push(Assumption {
            subject: subject.into(),
            assumed: assumed.into(),
            because: because.into(),
            source: Source::Default,
            location: None,
        });
    }

    /// The value of a parameter: what was said in a comment, or what an assume block has for the parameter
    /// or for `name`, or else the default. It is listed as assumed. A value that does not fit is told at its
    /// place, and the next counts.
    pub(crate) fn settle<T: Assumable>(
        &mut self,
        said: Option<Said>,
        name: &'static str,
        parameter: impl Into<String>,
        otherwise: Otherwise<'_>,
    ) -> T {
        let parameter = parameter.into();
        self.ask(name);
        let block = self.block.find(&parameter, name);
        for said in said.into_iter().chain(block) {
            let Some(value) = self.fitting::<T>(&said, name) else { continue };
            let because = match said.source {
                Source::Block => format!("the assume block says so ({})", said.location),
                _ => format!("a comment says so ({})", said.location),
            };
            self.list(&parameter, value.shown(), because, said.source, Some(said.location));
            return value;
        }
        let value = T::read(otherwise.value).expect("a default fits");
        self.list(&parameter, value.shown(), otherwise.because.to_owned(), Source::Default, None);
        value
    }

    /// What was said, if it fits; told at its place if it does not.
    fn fitting<T: Assumable>(&mut self, said: &Said, name: &str) -> Option<T> {
        match T::read(&said.text) {
            Ok(value) => Some(value),
            Err(problem) => {
                let message = match (said.text.as_str(), problem.as_str()) {
                    ("", _) => format!("`{name}` has no value"),
                    (text, "") => format!("`{text}` does not fit `{name}`"),
                    (text, problem) => format!("`{text}` does not fit `{name}`: {problem}"),
                };
                let mut diagnostic = Diagnostic::error("", message);
                diagnostic
                    .code("bad-assumption")
                    .expected(T::wanted())
                    .at(Some(said.location.clone()));
                self.findings.push(diagnostic);
                None
            }
        }
    }

    fn list(
        &mut self,
        parameter: &str,
        assumed: String,
        because: String,
        source: Source,
        location: Option<Location>,
    ) {
        self.assumptions.push(Assumption {
            subject: parameter.to_owned(),
            assumed,
            because,
            source,
            location,
        });
        self.settled.insert(parameter.to_owned());
    }

    fn ask(&mut self, name: &'static str) {
        self.asked.insert(name);
    }

    /// What a comment beside one of the node's lines says about `name`.
    pub(crate) fn heard(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        name: &'static str,
    ) -> Option<Said> {
        self.heard_beside(manifest, node, name, &[])
    }

    /// As [`Importer::heard`], but for comments that are about one of the lines in `except`.
    pub(crate) fn heard_beside(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        name: &'static str,
        except: &[RangeInclusive<u32>],
    ) -> Option<Said> {
        self.ask(name);
        let aside = self.asides.find(manifest.file, name, lines_of(node), except)?;
        aside.is_used = true;
        let (text, location) = (aside.value.clone(), aside.place.location(manifest.file));
        Some(Said { text, location, source: Source::Comment })
    }

    /// Comments that nothing has asked for are mistakes.
    pub(super) fn report_unused_asides(&mut self) {
        let asked: Vec<&str> = self.asked.iter().copied().collect();
        let unused: Vec<&Aside> = self.asides.all.iter().filter(|it| !it.is_used).collect();
        for aside in unused.iter().take(UNUSED_MAX) {
            let name = &aside.name;
            let message = format!("nothing on these lines takes `{name}` from a comment");
            let mut diagnostic = Diagnostic::warning("", message);
            diagnostic.code("unused-comment").at(Some(aside.place.location(&aside.file)));
            if nearest(name, &asked).is_some() {
                diagnostic.nearest(name, &asked);
            }
            self.findings.push(diagnostic);
        }
        if let Some(more) = unused.len().checked_sub(UNUSED_MAX).filter(|&more| more > 0) {
            let message = format!("{more} more comments are about nothing that takes a value");
            let mut diagnostic = Diagnostic::warning("", message);
            self.findings.push(diagnostic.code("unused-comment").clone());
        }
    }

    /// Values of an assume block for parameters and names that there are not.
    pub(super) fn report_unused_values(&mut self) {
        let parameters: Vec<&str> = self.settled.iter().map(String::as_str).collect();
        let names: BTreeSet<&str> = self.asked.iter().copied().chain(NAMES).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut found = Vec::new();
        for (parameter, given) in self.block.values.iter().filter(|(_, given)| !given.is_used) {
            let message = format!("nothing is assumed for `{parameter}`");
            let mut diagnostic = Diagnostic::error("", message);
            diagnostic.code("unknown-parameter").at(Some(given.location.clone()));
            diagnostic.nearest = nearest(parameter, &parameters).map(str::to_owned);
            diagnostic.hint("`surgetank import` lists everything that is assumed");
            found.push(diagnostic);
        }
        let unknown = self
            .block
            .defaults
            .iter()
            .filter(|(name, given)| !given.is_used && !names.contains(&name.as_str()));
        for (name, given) in unknown {
            let message = format!("no assumption goes by the name of `{name}`");
            let mut diagnostic = Diagnostic::error("", message);
            diagnostic.code("unknown-name").nearest(name, &names).at(Some(given.location.clone()));
            found.push(diagnostic);
        }
        self.findings.extend(found);
    }
}
