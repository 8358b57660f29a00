//! SARIF 2.1.0 (OASIS), which code scanning and editors read.

use serde_json::{Value, json};

use super::{Checked, advice, level_of};
use crate::diagnostic::Location;
use crate::lint::{Finding, Fix, Level, RULES, Rule};
use crate::manifest::files::Manifests;

/// The findings as a SARIF log of one run, with the rules that they come from and the fixes.
#[must_use]
pub fn sarif(checked: &[Checked]) -> String {
    let mut results = Vec::new();
    for one in checked {
        for diagnostic in one.diagnostics.iter() {
            let id = diagnostic.code.unwrap_or("input");
            let level = level_of(diagnostic);
            results.push(result(id, level, &diagnostic.message, diagnostic.location.as_ref()));
        }
        results.extend(one.findings.iter().map(|finding| of_finding(finding, &one.manifests)));
    }
    let driver = json!({
        "name": "surgetank",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": RULES.iter().map(descriptor).collect::<Vec<Value>>(),
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "columnKind": "unicodeCodePoints", "results": results }],
    });
    serde_json::to_string_pretty(&log).expect("only string keys") + "\n"
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.story },
        "help": { "text": rule.links.join("\n") },
        "defaultConfiguration": { "level": level(rule.level) },
    })
}

fn of_finding(finding: &Finding, manifests: &Manifests) -> Value {
    let at = finding.location.as_ref();
    let mut value = result(finding.code, finding.level, &advice(finding), at);
    let index = RULES.iter().position(|rule| rule.code == finding.code);
    value["ruleIndex"] = json!(index);
    for location in value["locations"].as_array_mut().into_iter().flatten() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.object }]);
    }
    if let Some(fix) = &finding.fix {
        value["fixes"] = json!([of_fix(fix, manifests)]);
    }
    value
}

fn result(id: &str, of_level: Level, text: &str, at: Option<&Location>) -> Value {
    let locations: Vec<Value> = at.into_iter().map(location).collect();
    json!({
        "ruleId": id,
        "level": level(of_level),
        "message": { "text": text },
        "locations": locations,
    })
}

fn location(at: &Location) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": at.file },
            "region": {
                "startLine": at.line,
                "startColumn": at.column,
                "endColumn": at.column + at.length,
            },
        },
    })
}

fn of_fix(fix: &Fix, manifests: &Manifests) -> Value {
    let change = |file: &str| {
        let mine = fix.edits.iter().filter(|edit| edit.file == file);
        let replacements = mine.map(|edit| {
            let lines: String = edit.lines.iter().map(|line| format!("{line}\n")).collect();
            json!({
                "deletedRegion": {
                    "startLine": edit.line,
                    "startColumn": 1,
                    "endLine": edit.line + edit.removed,
                    "endColumn": 1,
                },
                "insertedContent": { "text": lines },
            })
        });
        json!({ "artifactLocation": { "uri": file }, "replacements": replacements.collect::<Vec<Value>>() })
    };
    let touched = manifests.files().iter().map(|file| file.name());
    let touched = touched.filter(|name| fix.edits.iter().any(|edit| edit.file == *name));
    json!({
        "description": { "text": fix.title },
        "artifactChanges": touched.map(change).collect::<Vec<Value>>(),
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    }
}
