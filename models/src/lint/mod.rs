//! What in manifests does not do what it seems to do: a rule per file in `rules`, listed in
//! [`catalog::RULES`].
//!
//! A rule knows what the real controllers and servers do, since which version, and where that is written
//! down. Rules do not depend on a reading of the manifests, and change none.

pub mod catalog;
pub mod fix;
pub mod render;
mod rules;

use serde::Serialize;

pub use catalog::{RULES, rule};
pub use fix::{Edit, Fix};

use crate::diagnostic::Location;
use crate::manifest::Versions;
use crate::manifest::files::{Manifest, ManifestFile, Manifests};
use crate::manifest::yaml::{Node, Place};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not start, or loses events for certain.
    Error,
    /// Something does otherwise than it looks.
    Warning,
    /// Something to know before a peak.
    Note,
}

/// One thing that can be wrong with manifests.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its code, which never changes: `ST001`.
    pub code: &'static str,
    /// Its name: `settings-refused`.
    pub name: &'static str,
    /// How bad it usually is.
    pub level: Level,
    /// What it finds, in a line.
    pub title: &'static str,
    /// Which versions do so.
    pub since: &'static str,
    /// The long story, in Markdown: what happens, why, what to do instead.
    pub story: &'static str,
    /// Where it is from: an issue, or a source file of the real system.
    pub links: &'static [&'static str],
    /// Finds it.
    pub(crate) check: fn(&mut Cx<'_, '_>),
}

/// Something that a rule has found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The code of its rule.
    pub code: &'static str,
    /// How bad it is.
    pub level: Level,
    /// The object: `Sensor/orders`, or with its namespace `Sensor/shop/orders`.
    pub object: String,
    /// Where.
    pub location: Location,
    /// What was found, and what the real system does with it.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The same as edits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// What the rules look at, and where they say what they found.
#[derive(Debug)]
pub(crate) struct Cx<'m, 'f> {
    pub(crate) manifests: &'m Manifests,
    pub(crate) versions: Versions,
    objects: &'m [Manifest<'m>],
    rule: &'static Rule,
    findings: &'f mut Vec<Finding>,
}

/// Everything that the rules find in the manifests, in the order of files and lines, but what is allowed.
#[must_use]
pub fn lint(manifests: &Manifests, versions: Versions) -> Vec<Finding> {
    let objects = manifests.objects();
    let mut findings = Vec::new();
    for rule in RULES {
        let mut cx = Cx { manifests, versions, objects: &objects, rule, findings: &mut findings };
        (rule.check)(&mut cx);
    }
    findings.retain(|finding| !is_allowed(finding, manifests));
    let order = |file: &str| manifests.files().iter().position(|it| it.name() == file);
    findings.sort_by(|a, b| {
        let key = |it: &Finding| {
            (order(&it.location.file), it.location.line, it.location.column, it.code)
        };
        key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
    });
    findings
}

/// Whether a comment beside the line, or before everything else of its document, allows it:
/// `# surgetank: allow ST001 ST002`.
fn is_allowed(finding: &Finding, manifests: &Manifests) -> bool {
    let Some(file) = manifests.file(&finding.location.file) else { return false };
    file.notes().iter().any(|note| {
        let mut words = note.text.split([' ', ',']).filter(|word| !word.is_empty());
        let allows = words.next() == Some("allow") && words.any(|word| word == finding.code);
        allows
            && (note.about == finding.location.line
                || is_head_of(file, note.line, finding.location.line))
    })
}

/// Whether `note` stands before the first field of the document that has `line`.
fn is_head_of(file: &ManifestFile, note: u32, line: u32) -> bool {
    let is_comment = |number: u32| {
        let text = file.line(number).trim_start();
        text.is_empty() || text.starts_with('#')
    };
    let is_break = |number: u32| file.line(number).starts_with("---");
    let begin = (1..=note).rev().find(|&number| is_break(number)).unwrap_or(0);
    let is_first = (begin + 1..=note).all(is_comment);
    is_first && note < line && !(note..line).any(is_break)
}

impl<'m> Cx<'m, '_> {
    /// The objects of that kind.
    pub(crate) fn of(&self, kind: &'static str) -> impl Iterator<Item = Manifest<'m>> + use<'m> {
        let objects = self.objects;
        objects.iter().copied().filter(move |object| object.kind == kind)
    }

    /// All objects.
    pub(crate) fn objects(&self) -> &'m [Manifest<'m>] {
        self.objects
    }

    /// The file that an object is in.
    pub(crate) fn file(&self, manifest: Manifest<'m>) -> &'m ManifestFile {
        self.manifests.file(manifest.file).expect("an object is in a file")
    }

    /// Reports something at the value of a field.
    pub(crate) fn at_value(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.find(manifest, node.place(), message.into())
    }

    /// Reports something at the name of a field.
    pub(crate) fn at_key(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        message: impl Into<String>,
    ) -> &mut Finding {
        self.find(manifest, node.key(), message.into())
    }

    fn find(&mut self, manifest: Manifest<'_>, place: Place, message: String) -> &mut Finding {
        self.findings.push(Finding {
            code: self.rule.code,
            level: self.rule.level,
            object: manifest.title(),
            location: place.location(manifest.file),
            message,
            help: None,
            fix: None,
        });
        self.findings.last_mut().expect("it was pushed just now")
    }
}

impl Finding {
    /// The rule that found it.
    #[must_use]
    pub fn rule(&self) -> &'static Rule {
        rule(self.code).expect("a finding has the code of a rule")
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Makes it worse or less bad than what its rule finds usually is.
    pub(crate) fn level(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }

    pub(crate) fn fix(&mut self, fix: Option<Fix>) -> &mut Self {
        self.fix = fix;
        self
    }
}

#[cfg(test)]
mod tests;
