//! What manifests cannot say: from a comment beside the line, or else a stated default.
//!
//! A comment names what it gives and its value, `# surgetank: service 40s; failure 0.01`, on a line of the
//! field that it is about, or on a line of its own before it.

use super::Importer;
use super::files::{Manifest, Manifests};
use super::yaml::{Node, Place};
use crate::diagnostic::{Diagnostic, nearest};

/// One value in a comment.
#[derive(Debug)]
pub(crate) struct Aside {
    file: String,
    about: u32,
    place: Place,
    name: String,
    value: String,
    is_used: bool,
}

/// What comments are about that the linter reads.
const OF_LINTS: [&str; 1] = ["allow"];

/// The values in all comments to Surgetank.
pub(crate) fn asides(manifests: &Manifests) -> Vec<Aside> {
    let mut all = Vec::new();
    for file in manifests.files() {
        for note in file.notes() {
            let mut column = note.column;
            for part in note.text.split(';') {
                let said = part.trim();
                let (name, value) = said.split_once([' ', '=']).unwrap_or((said, ""));
                let value = value.trim().trim_start_matches('=').trim();
                let length = u32::try_from(said.chars().count()).unwrap_or(u32::MAX).max(1);
                let blank = part.chars().take_while(|c| c.is_whitespace()).count() as u32;
                let place = Place { line: note.line, column: column + blank, length };
                column += part.chars().count() as u32 + 1;
                if said.is_empty() || OF_LINTS.contains(&name) {
                    continue;
                }
                all.push(Aside {
                    file: file.name().to_owned(),
                    about: note.about,
                    place,
                    name: name.to_owned(),
                    value: value.to_owned(),
                    is_used: false,
                });
            }
        }
    }
    all
}

impl Importer {
    /// The value of `name` (such as `service`) for what `node` describes, as text: that of a comment
    /// beside one of its lines, or else the default. It is listed as assumed for the parameter.
    pub(crate) fn assumed(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        name: &'static str,
        parameter: impl Into<String>,
        default: &str,
        because: &str,
    ) -> String {
        match self.said(manifest, node, name) {
            Some((value, line)) => {
                let because = format!("a comment says so ({}:{line})", manifest.file);
                self.assume(parameter, value.clone(), because);
                value
            }
            None => {
                self.assume(parameter, default, because);
                default.to_owned()
            }
        }
    }

    /// What a comment beside one of the node's lines says about `name`, and the comment's line.
    pub(crate) fn said(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        name: &'static str,
    ) -> Option<(String, u32)> {
        if !self.asked.contains(&name) {
            self.asked.push(name);
        }
        let lines = node.key().line..=node.last_line();
        let aside = self.asides.iter_mut().find(|aside| {
            aside.file == manifest.file && aside.name == name && lines.contains(&aside.about)
        })?;
        aside.is_used = true;
        Some((aside.value.clone(), aside.place.line))
    }

    /// Comments that nothing has asked for are mistakes.
    pub(super) fn report_unused_asides(&mut self) {
        for aside in self.asides.iter().filter(|aside| !aside.is_used) {
            let name = &aside.name;
            let message = format!("nothing on these lines takes `{name}` from a comment");
            let mut diagnostic = Diagnostic::warning("", message);
            diagnostic.code("unused-comment").at(Some(aside.place.location(&aside.file)));
            if nearest(name, &self.asked).is_some() {
                diagnostic.nearest(name, &self.asked);
            }
            self.findings.push(diagnostic);
        }
    }
}
