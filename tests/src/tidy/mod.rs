//! The house rules as ordinary tests over the tree: what a reviewer would otherwise have to look for.
//!
//! Each rule looks at every file of the working tree that git does not ignore, collects all offences and
//! fails with the list. What rustc and clippy check (missing docs, unsafe code, banned methods) is not
//! repeated here.
//!
//! The idea, tidiness as a test, is TigerBeetle's.

mod arrows;
mod code;
mod glossary;
mod papers;
mod presets;
mod reference;
mod tree;

use tree::{File, files};

/// Fails with all offences that `look` finds, each with its file and, where it has one, its line.
#[track_caller]
fn check(rule: &str, look: impl Fn(&File) -> Vec<Offence>) {
    let offences: Vec<String> = files()
        .iter()
        .flat_map(|file| look(file).into_iter().map(|offence| offence.at(file)))
        .collect();
    assert!(offences.is_empty(), "{rule}:\n  {}", offences.join("\n  "));
}

/// What is wrong with a file.
struct Offence {
    /// Counted from 1; none: the file as a whole.
    line: Option<usize>,
    what: String,
}

impl Offence {
    fn of_file(what: impl Into<String>) -> Self {
        Self { line: None, what: what.into() }
    }

    fn of_line(index: usize, what: impl Into<String>) -> Self {
        Self { line: Some(index + 1), what: what.into() }
    }

    fn at(&self, file: &File) -> String {
        match self.line {
            Some(line) => format!("{}:{line}: {}", file.path, self.what),
            None => format!("{}: {}", file.path, self.what),
        }
    }
}

/// An offence for each line that `look` objects to.
fn in_lines(text: &str, look: impl Fn(&str) -> Option<String>) -> Vec<Offence> {
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| look(line).map(|what| Offence::of_line(index, what))).collect()
}
