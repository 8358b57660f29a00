//! Each rule against a file that has what it finds and the nearest file that has not, in `cases/CODE.yaml`
//! and `cases/CODE.ok.yaml`, or for rules that need numbers `cases/CODE.ron` and `cases/CODE.ok.ron`;
//! `cases/CODE.snap` is what is said.

use std::path::{Path, PathBuf};

use super::formats::text;
use super::*;
use crate::diagnostic::Color;
use crate::spec::arrival::NoFiles;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/cases")
}

fn read(file: &str) -> String {
    let path = cases().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The file of the rule: manifests, or a model if it needs numbers.
fn file_of(rule: &Rule, what: &str) -> String {
    let ron = format!("{}{what}.ron", rule.code);
    if cases().join(&ron).exists() { ron } else { format!("{}{what}.yaml", rule.code) }
}

/// What the rule of that code finds in manifests, or in a model.
fn found(name: &str, text: &str, code: &str) -> (Manifests, Vec<Finding>) {
    let is_model = name.ends_with(".ron");
    let files: &[(&str, &str)] = if is_model { &[] } else { &[(name, text)] };
    let manifests = Manifests::read(files);
    assert!(manifests.problems().is_empty(), "{name}: {}", manifests.problems());
    let model = is_model.then(|| {
        crate::Model::read(name, text, &crate::Overrides::default(), &NoFiles)
            .unwrap_or_else(|problems| panic!("{problems}"))
    });
    let load = model.as_ref().map(|model| Load::new(&model.plan, None));
    let mut findings = lint(&manifests, Versions::default(), load.as_ref());
    findings.retain(|finding| finding.code == code);
    (manifests, findings)
}

#[test]
fn codes_and_names_are_in_order_and_given_once() {
    for pair in RULES.windows(2) {
        assert!(pair[0].code < pair[1].code, "{} before {}", pair[0].code, pair[1].code);
    }
    for rule in RULES {
        assert!(rule.code.len() == 5 && rule.code.starts_with("ST"), "{}", rule.code);
        assert_eq!(super::rule(rule.name).map(|it| it.code), Some(rule.code), "{}", rule.name);
        let told = [rule.title, rule.since, rule.story];
        assert!(
            told.iter().all(|text| !text.is_empty()) && !rule.links.is_empty(),
            "{}",
            rule.code
        );
    }
}

fn said(findings: &[Finding], manifests: &Manifests) -> String {
    let each = findings.iter().map(|finding| text::in_full(finding, manifests, Color::Never));
    each.collect::<Vec<String>>().join("\n")
}

#[test]
fn every_rule_finds_its_file_and_not_the_nearest_other() {
    for rule in RULES {
        let code = rule.code;
        let name = file_of(rule, "");
        let text = read(&name);
        let (manifests, findings) = found(&name, &text, code);
        assert!(!findings.is_empty(), "{code}: nothing found in {name}");
        insta::with_settings!({ snapshot_path => cases(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(code, said(&findings, &manifests));
        });
        let name = file_of(rule, ".ok");
        let (_, findings) = found(&name, &read(&name), code);
        assert!(findings.is_empty(), "{code}: found in {name}: {findings:#?}");
    }
}

/// A fix has to make the finding go away, and no other come.
#[test]
fn fixes_mend_what_was_found() {
    for rule in RULES {
        let name = file_of(rule, "");
        if name.ends_with(".ron") {
            continue;
        }
        let text = read(&name);
        let manifests = Manifests::read(&[(&name, &text)]);
        let all = lint(&manifests, Versions::default(), None);
        for finding in all.iter().filter(|it| it.code == rule.code) {
            let Some(fix) = &finding.fix else { continue };
            let mended = fix::apply(&fix.edits, &manifests.files()[0]);
            let after = Manifests::read(&[(&name, &mended)]);
            assert!(after.problems().is_empty(), "{mended}\n{}", after.problems());
            let left = lint(&after, Versions::default(), None);
            assert!(
                left.len() < all.len(),
                "{}: `{}` mends nothing:\n{mended}",
                rule.code,
                fix.title
            );
        }
    }
}

#[test]
fn what_is_allowed_is_not_said() {
    let rule = &RULES[0];
    let text = read(&file_of(rule, ""));
    let (_, findings) = found("a.yaml", &text, rule.code);
    let line = findings[0].location.as_ref().unwrap().line as usize;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let beside = {
        let mut lines = lines.clone();
        lines[line - 1].push_str(&format!(" # surgetank: allow {}", rule.code));
        lines.join("\n")
    };
    lines.insert(0, format!("# surgetank: allow ST999, {}", rule.code));
    for text in [beside, lines.join("\n")] {
        let (_, findings) = found("a.yaml", &text, rule.code);
        assert!(findings.is_empty(), "{text}\n{findings:#?}");
    }
}
