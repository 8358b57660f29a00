//! Reading a RON text with every problem reported at once.
//!
//! `serde` stops at the first error, so the text is read in passes. A scanner finds the values and
//! what is no RON at all; then `ron` reads the text through a deserializer that knows which value
//! it is at. When it fails, the value is put on a list, the next pass skips it and takes a dummy
//! in its place, and so on until a pass gets through. Errors that follow from a dummy are not
//! reported. At most 64 problems are; size and depth are limited before `ron` runs.
//!
//! What is read in this way has a meaning but for its [`Doubts`], so that the checks of the meaning can
//! report theirs in the same go.

mod doubt;
mod dummy;
mod explain;
mod scan;
mod tracked;
mod tree;

use std::cell::RefCell;

use ron::Error;
use ron::error::SpannedError;
use ron::extensions::Extensions;
use serde::de::DeserializeOwned;

use crate::diagnostic::{Diagnostic, Diagnostics, Location, nearest};
use scan::{PROBLEMS_MAX, Problem};
use tracked::{At, Culprit, Repairs, Track, Tracked, Words};
use tree::{NodeId, Shape, Tree};

pub(crate) use doubt::{Doubts, is_within};
pub use tree::SpanIndex;
pub(crate) use tree::{push_index, push_name};

/// Larger texts are refused before they are looked at.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// All passes together read no more than this, so that a large file with many problems is answered
/// soon.
const READ_BYTES_MAX: usize = 128 << 20;

/// `ron` counts several levels for one bracket; the scanner has limited the brackets.
const RON_DEPTH_MAX: usize = 16 * scan::DEPTH_MAX;

/// Turns a file's bytes into text: UTF-8, a byte order mark at the beginning is dropped.
///
/// # Errors
/// One diagnostic if the file is too large or not UTF-8, with the place.
pub fn decode<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Diagnostics> {
    if bytes.len() > TEXT_BYTES_MAX {
        return Err(too_large(file, bytes.len()));
    }
    utf8(file, bytes)
}

/// As [`decode`], of any size.
pub(super) fn utf8<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, Diagnostics> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let last_line = valid.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
        let column = String::from_utf8_lossy(last_line).chars().count() + 1;
        let mut diagnostic = Diagnostic::error("", "the file is not UTF-8 text");
        let found = bytes[error.valid_up_to()];
        diagnostic
            .code("not-text")
            .hint(format!("byte {} is `0x{found:02x}`", error.valid_up_to()))
            .at(Some(place(file, line, column)));
        Diagnostics::from(diagnostic)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads a value of type `T` from a RON text. The types should `deny_unknown_fields`. Missing
/// `Some(...)` and the doubled parentheses of structs in variants may be left out. `file` is only
/// a name for locations.
///
/// # Errors
/// Everything that is wrong with the text, in its order; never empty.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<(T, SpanIndex), Diagnostics> {
    let Reading { value, index, found, .. } = read(file, text);
    match value {
        Some(value) if found.is_empty() => Ok((value, index)),
        _ => Err(found),
    }
}

/// What a text gives, its problems notwithstanding.
pub(crate) struct Reading<T> {
    /// The value, with something of the right type in the place of what is in doubt; `None` if the text
    /// could not be read to its end.
    pub(crate) value: Option<T>,
    /// Where everything stands.
    pub(crate) index: SpanIndex,
    /// What is wrong with the text.
    pub(crate) found: Diagnostics,
    /// What of it could not be read.
    pub(crate) doubts: Doubts,
}

impl<T> Reading<T> {
    fn nothing(file: &str, found: Diagnostics) -> Self {
        let index = SpanIndex::new(file, "", Tree::default());
        Self { value: None, index, found, doubts: Doubts::default() }
    }
}

/// As [`parse`], and gives what could be read in spite of the problems.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Reading<T> {
    if text.len() > TEXT_BYTES_MAX {
        return Reading::nothing(file, too_large(file, text.len()));
    }
    let scan = scan::scan(text);
    let index = SpanIndex::new(file, text, scan.tree);
    if index.tree.nodes.is_empty() && scan.problems.iter().all(|problem| is_at_end(text, problem)) {
        return Reading::nothing(file, empty(file));
    }
    let found = scan.problems.iter().map(|problem| syntax(&index, problem)).collect();
    let Some(mended) = scan.mended else {
        return Reading { value: None, index, found, doubts: Doubts::default() };
    };
    let mut reader = Reader { index: &index, text: &mended, repairs: Repairs::default(), found };
    reader.replace_invalid();
    let value = reader.read();
    let Reader { repairs, found, .. } = reader;
    let doubts = Doubts::of(&index, &repairs);
    Reading { value, index, found, doubts }
}

/// The index of a value in the text of a command line, which begins at `place`.
pub(crate) fn option(place: &Location, value: &str) -> SpanIndex {
    let scan = scan::scan(value);
    SpanIndex::new(&place.file, value, scan.tree).placed(place)
}

impl SpanIndex {
    /// What keeps the text from being one RON value, which is about `path`.
    pub(crate) fn syntax_problems(&self, path: &str) -> Result<(), Diagnostics> {
        let found: Diagnostics = scan::scan(&self.text)
            .problems
            .iter()
            .map(|problem| Diagnostic { path: path.to_owned(), ..syntax(self, problem) })
            .collect();
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

fn place(file: &str, line: usize, column: usize) -> Location {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Location { file: file.to_owned(), line: number(line), column: number(column), length: 1 }
}

fn too_large(file: &str, bytes: usize) -> Diagnostics {
    let message =
        format!("the file has {bytes} bytes, more than the {TEXT_BYTES_MAX} that are read");
    let mut diagnostic = Diagnostic::error("", message);
    diagnostic
        .code("too-large")
        .hint("long lists of events belong in a trace file")
        .at(Some(place(file, 1, 1)));
    Diagnostics::from(diagnostic)
}

fn empty(file: &str) -> Diagnostics {
    let mut diagnostic = Diagnostic::error("", "the file is empty");
    diagnostic
        .code("empty")
        .expected("a model in parentheses: `(name: value, ...)`")
        .hint("start from one of the models in `models/presets/`")
        .at(Some(place(file, 1, 1)));
    Diagnostics::from(diagnostic)
}

/// Whether the only thing wrong is that nothing is there.
fn is_at_end(text: &str, problem: &Problem) -> bool {
    problem.span.start as usize == text.len()
}

fn syntax(index: &SpanIndex, problem: &Problem) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("", problem.message.as_str());
    diagnostic.code("syntax").at(Some(index.location(problem.span)));
    diagnostic.hint.clone_from(&problem.hint);
    diagnostic
}

/// Whether a pass should be followed by another.
enum Next {
    Pass,
    Stop,
}

/// The passes over one text.
struct Reader<'t> {
    index: &'t SpanIndex,
    text: &'t str,
    repairs: Repairs,
    found: Diagnostics,
}

impl Reader<'_> {
    /// What the scanner has reported is not reported again.
    fn replace_invalid(&mut self) {
        let numbered = self.index.tree.nodes.iter().zip(0..);
        let invalid = numbered.filter(|(node, _)| node.shape == Shape::Invalid);
        self.repairs.replaced.extend(invalid.map(|(_, id)| NodeId(id)));
    }

    /// The value, with dummies in the place of what was wrong.
    fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut words = if self.found.is_empty() { Words::None } else { Words::All };
        let passes_max = (READ_BYTES_MAX / self.text.len().max(1)).max(4);
        for _ in 0..passes_max {
            let (read, culprit) = self.pass::<T>(words);
            match read {
                Ok(value) => return Some(value),
                Err(_) if words == Words::None => words = Words::All,
                Err(error) => match self.repair(&error, culprit) {
                    Next::Pass => {}
                    Next::Stop => return None,
                },
            }
        }
        None
    }

    fn pass<T: DeserializeOwned>(
        &self,
        words: Words,
    ) -> (Result<T, SpannedError>, Option<Culprit>) {
        let options = ron::Options::default()
            .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
            .with_default_extension(Extensions::IMPLICIT_SOME)
            .with_recursion_limit(RON_DEPTH_MAX);
        let culprit = RefCell::new(None);
        let track = Track { index: self.index, repairs: &self.repairs, culprit, words };
        let read = || {
            let mut inner = ron::Deserializer::from_str_with_options(self.text, &options)?;
            let at = At::value(Some(Tree::ROOT));
            let value = T::deserialize(Tracked { inner: &mut inner, at, track: &track });
            let value = value.map_err(|error| inner.span_error(error))?;
            inner.end().map_err(|error| inner.span_error(error))?;
            Ok(value)
        };
        (read(), track.culprit.take())
    }

    /// Reports an error and finds a way past it.
    fn repair(&mut self, error: &SpannedError, culprit: Option<Culprit>) -> Next {
        let Some(mut culprit) = culprit else {
            self.found.push(explain::unplaced(self.index, error));
            return Next::Stop;
        };
        if let Error::DuplicateStructField { field, .. } = error.code {
            let second = explain::second_named(self.index, culprit.node, field);
            culprit.node = second.unwrap_or(culprit.node);
        }
        if !self.follows_from_repair(culprit.node, &error.code) {
            self.found.push(explain::diagnose(self.index, &culprit, &error.code));
        }
        if self.found.len() >= PROBLEMS_MAX {
            return Next::Stop;
        }
        self.get_past(culprit.node, &error.code)
    }

    /// Whether an error at `id` may only come from something that is already replaced.
    fn follows_from_repair(&self, id: NodeId, error: &Error) -> bool {
        // A dummy has the right shape; only a type that checks its values can refuse it.
        let may_follow = matches!(
            error,
            Error::Message(_)
                | Error::InvalidValueForType { .. }
                | Error::ExpectedDifferentLength { .. }
        );
        if let Error::MissingStructField { field, .. } = *error {
            return self.is_misspelled(id, field);
        }
        let tree = &self.index.tree;
        let is_repaired = self.repairs.replaced.contains(&id) || self.repairs.skipped.contains(&id);
        let mut repaired = self.repairs.replaced.iter().chain(self.repairs.supplied.keys());
        is_repaired || (may_follow && repaired.any(|&repaired| tree.is_within(repaired, id)))
    }

    /// Whether the missing field may be one of the unknown ones: then that one has been reported.
    fn is_misspelled(&self, id: NodeId, field: &str) -> bool {
        let unknown = |child: &NodeId| self.repairs.skipped.contains(child);
        let names = self.index.tree.children(id).filter(unknown);
        names
            .filter_map(|child| self.index.key_text(child))
            .any(|name| name != field && nearest(name, &[field]).is_some())
    }

    fn get_past(&mut self, id: NodeId, error: &Error) -> Next {
        let is_new = match *error {
            Error::NoSuchStructField { .. } | Error::DuplicateStructField { .. } => {
                self.repairs.skipped.insert(id)
            }
            Error::MissingStructField { field, .. } => {
                let supplied = self.repairs.supplied.entry(id).or_default();
                let is_new = !supplied.contains(&field);
                supplied.extend(is_new.then_some(field));
                is_new
            }
            _ => self.repairs.replaced.insert(id),
        };
        let is_missing = matches!(error, Error::MissingStructField { .. });
        if is_new && (is_missing || id != Tree::ROOT) {
            return Next::Pass;
        }
        // Getting past the value itself has not helped: replace what is around it.
        let around = std::iter::successors(self.index.tree.node(id).parent, |&id| {
            self.index.tree.node(id).parent
        });
        let next = around.into_iter().find(|id| !self.repairs.replaced.contains(id));
        match next.filter(|&id| id != Tree::ROOT) {
            Some(id) => {
                self.repairs.replaced.insert(id);
                Next::Pass
            }
            None => Next::Stop,
        }
    }
}

#[cfg(test)]
mod tests;
