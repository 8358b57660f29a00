//! Limits of a model put into manifests that there are: everything else in them stays as it is, byte for byte.
//!
//! First come the fixes of the linter that make true what was meant; then every limit that is still otherwise is
//! edited at its place, one after the other, and what that gives is read again each time.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compare::{self, Difference};
use super::{LeftOut, edits, pushed_down, reasons};
use crate::lint::{Edit, lint};
use crate::manifest::files::{ManifestFile, Manifests};
use crate::manifest::{ImportOptions, Reading, Versions, import_from};
use crate::spec::model::ModelSpec;

/// What became of the files.
#[derive(Clone, Debug)]
pub struct Onto {
    /// The files that have changed.
    pub files: Vec<Patched>,
    /// What they do not say.
    pub left_out: Vec<LeftOut>,
}

/// A file that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// Its name, as given.
    pub name: String,
    /// Its text before.
    pub old: String,
    /// Its text now.
    pub new: String,
}

impl Onto {
    /// The change as a unified diff, for `git apply -p0` or `patch -p0`.
    #[must_use]
    pub fn patch(&self) -> String {
        let one = |file: &Patched| {
            let diff = similar::TextDiff::from_lines(&file.old, &file.new);
            diff.unified_diff().context_radius(3).header(&file.name, &file.name).to_string()
        };
        self.files.iter().map(one).collect()
    }
}

/// Rules whose fix makes true what was meant: misplaced limits, and values and names in a form that nobody
/// reads.
const FIXES: [&str; 13] = [
    "ST001", "ST002", "ST003", "ST004", "ST010", "ST030", "ST031", "ST036", "ST044", "ST061",
    "ST064", "ST065", "ST076",
];

/// Edits of one export, at most.
const EDITS_MAX: usize = 2_000;

/// Puts the limits of a model into manifests.
#[must_use]
pub fn onto(manifests: &Manifests, wanted: &ModelSpec, versions: Versions) -> Onto {
    let (wanted, mut left_out) = pushed_down(wanted);
    let mut texts: Vec<(String, String)> = manifests
        .files()
        .iter()
        .map(|file| (file.name().to_owned(), file.text().to_owned()))
        .collect();
    let before = texts.clone();
    fix(&mut texts, versions);
    let fixed = read(&texts);
    apply(&mut texts, &fixed, &edits::refused_settings(&fixed));
    let remaining = edit(&mut texts, &wanted, versions);
    left_out.extend(remaining.iter().map(|(difference, why)| match why {
        Some(why) => LeftOut { parameter: difference.parameter.clone(), why: (*why).to_owned() },
        None => reasons::left_out(&wanted, difference),
    }));
    let files = before.into_iter().zip(texts).filter(|((_, old), (_, new))| old != new);
    let files = files.map(|((name, old), (_, new))| Patched { name, old, new }).collect();
    Onto { files, left_out }
}

fn read(texts: &[(String, String)]) -> Manifests {
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Manifests::read(&files)
}

/// Makes the fixes, one of each file at a time.
fn fix(texts: &mut [(String, String)], versions: Versions) {
    let mut made: BTreeSet<Vec<Edit>> = BTreeSet::new();
    while made.len() < EDITS_MAX {
        let manifests = read(texts);
        let mut busy: BTreeSet<String> = BTreeSet::new();
        let mut edits: Vec<Edit> = Vec::new();
        for finding in lint(&manifests, versions, None) {
            let Some(fix) = finding.fix.filter(|_| FIXES.contains(&finding.code)) else { continue };
            let is_free = fix.edits.iter().all(|edit| !busy.contains(&edit.file));
            if is_free && made.insert(fix.edits.clone()) {
                busy.extend(fix.edits.iter().map(|edit| edit.file.clone()));
                edits.extend(fix.edits);
            }
        }
        if edits.is_empty() {
            return;
        }
        apply(texts, &manifests, &edits);
    }
}

/// Makes the edits; what is still otherwise in the end, with the reason if there is one of its own.
fn edit(
    texts: &mut Vec<(String, String)>,
    wanted: &ModelSpec,
    versions: Versions,
) -> Vec<(Difference, Option<&'static str>)> {
    let options = ImportOptions { versions, ..ImportOptions::new(Reading::Deployed) };
    let mut tried: Vec<(String, Value)> = Vec::new();
    for _ in 0..EDITS_MAX {
        let manifests = read(texts);
        let found = import_from(&manifests, &options).spec;
        let differences = compare::differences(wanted, &found);
        let next = differences.iter().find_map(|difference| {
            let key = (difference.parameter.clone(), difference.found.clone());
            if tried.contains(&key) {
                return None;
            }
            let edits = edits::of(&manifests, wanted, difference)?;
            Some((key, edits))
        });
        let Some((key, edits)) = next else {
            let why = |difference: &Difference| {
                let is_limit = edits::is_limit(wanted, difference);
                let was_tried =
                    tried.iter().any(|(parameter, _)| *parameter == difference.parameter);
                let no_room = "it could not be put where it belongs: write it by hand";
                (is_limit && !was_tried).then_some(no_room)
            };
            return differences.into_iter().map(|it| (it.clone(), why(&it))).collect();
        };
        let mut changed = texts.clone();
        apply(&mut changed, &manifests, &edits);
        // Only what can still be read and brings the model nearer is kept.
        let again = read(&changed);
        let is_better = !again.problems().has_errors() && {
            let found = import_from(&again, &options).spec;
            compare::differences(wanted, &found).len() < differences.len()
        };
        if is_better {
            *texts = changed;
        } else {
            tried.push(key);
        }
    }
    Vec::new()
}

fn apply(texts: &mut [(String, String)], manifests: &Manifests, edits: &[Edit]) {
    for (name, text) in texts {
        if let Some(file) = manifests.file(name) {
            *text = edited(edits, file);
        }
    }
}

/// The text of a file with the edits in it; lines that stay keep their ends.
fn edited(edits: &[Edit], file: &ManifestFile) -> String {
    let mut mine: Vec<&Edit> = edits.iter().filter(|edit| edit.file == file.name()).collect();
    if mine.is_empty() {
        return file.text().to_owned();
    }
    mine.sort();
    mine.dedup();
    let lines: Vec<&str> = file.text().split_inclusive('\n').collect();
    let end = if lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let mut text = String::new();
    let mut next = 0;
    let has_end = file.text().ends_with('\n');
    for edit in mine {
        let line = (edit.line as usize).saturating_sub(1);
        if line < next {
            continue;
        }
        lines.iter().take(line).skip(next).for_each(|line| text.push_str(line));
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        for line in &edit.lines {
            text.push_str(line);
            text.push_str(end);
        }
        next = line + edit.removed as usize;
    }
    lines.iter().skip(next).for_each(|line| text.push_str(line));
    if !has_end && text.ends_with(end) && next >= lines.len() {
        text.truncate(text.len() - end.len());
    }
    text
}
