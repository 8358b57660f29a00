//! What was found, for people and for programs: a file per form.

mod github;
mod json;
mod sarif;
pub(crate) mod text;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use text::text;

use std::collections::BTreeMap;

use super::{Checked, Edit, Finding, Level, fix};
use crate::diagnostic::{Diagnostic, Severity};

/// All fixes as one patch, for `git apply` or `patch -p0`. Where two touch the same lines the first wins.
#[must_use]
pub fn patch(checked: &[Checked]) -> String {
    let patches = checked.iter().map(|one| {
        let edits = one.findings.iter().filter_map(|finding| finding.fix.as_ref());
        let edits: Vec<Edit> = edits.flat_map(|fix| fix.edits.iter().cloned()).collect();
        fix::patch(&edits, &one.manifests)
    });
    patches.collect()
}

/// How many were found of each level, problems of the input among the errors.
#[must_use]
pub fn counts(checked: &[Checked]) -> BTreeMap<Level, usize> {
    let mut counts = BTreeMap::new();
    for one in checked {
        let levels = one.findings.iter().map(|finding| finding.level);
        for level in levels.chain(one.diagnostics.iter().map(level_of)) {
            *counts.entry(level).or_insert(0) += 1;
        }
    }
    counts
}

fn level_of(diagnostic: &Diagnostic) -> Level {
    match diagnostic.severity {
        Severity::Error => Level::Error,
        Severity::Warning => Level::Warning,
    }
}

/// What a finding says, with what to do.
fn advice(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    }
}
