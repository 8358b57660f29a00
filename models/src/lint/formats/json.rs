//! JSON, for editors and scripts.

use serde::Serialize;

use super::Checked;
use crate::diagnostic::Diagnostic;
use crate::lint::{Finding, Rule};

/// The version of the form.
const SCHEMA: &str = "surgetank-check/1";

#[derive(Serialize)]
struct Document<'c> {
    schema: &'static str,
    findings: Vec<Explained<'c>>,
    diagnostics: Vec<&'c Diagnostic>,
}

#[derive(Serialize)]
struct Explained<'c> {
    #[serde(flatten)]
    finding: &'c Finding,
    name: &'static str,
    since: &'static str,
    links: &'static [&'static str],
}

/// `findings` of the rules and `diagnostics` of the input, as JSON.
#[must_use]
pub fn json(checked: &[Checked]) -> String {
    let findings = checked.iter().flat_map(|one| &one.findings).map(|finding| {
        let Rule { name, since, links, .. } = *finding.rule();
        Explained { finding, name, since, links }
    });
    let document = Document {
        schema: SCHEMA,
        findings: findings.collect(),
        diagnostics: checked.iter().flat_map(|one| one.diagnostics.iter()).collect(),
    };
    serde_json::to_string_pretty(&document).expect("findings have only string keys") + "\n"
}
