//! Each rule against a file that has what it finds and the nearest file that has not, in `cases/CODE.yaml`
//! and `cases/CODE.ok.yaml`, or for rules that need numbers `cases/CODE.ron` and `cases/CODE.ok.ron`;
//! `cases/CODE.snap` is what is said.

use std::path::{Path, PathBuf};

use super::formats::text;
use super::*;
use crate::diagnostic::Color;
use crate::spec::arrival::NoFiles;
use crate::workflow::Version;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/cases")
}

fn read(file: &str) -> String {
    let path = cases().join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The releases that a case is for: `# argo-events: 1.7.6` in its first line, or the newest.
fn versions(text: &str) -> Versions {
    let first = text.lines().next().unwrap_or_default();
    let stated = first.strip_prefix("# argo-events: ").map(version);
    stated.map_or(Versions::default(), |argo_events| Versions { argo_events, ..Default::default() })
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
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
    let mut findings = lint(&manifests, versions(text), load.as_ref());
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

/// A fix has to make the finding go away, and no error come. Other rules may have something to say of a field
/// that has an effect now.
#[test]
fn fixes_mend_what_was_found() {
    for rule in RULES {
        let name = file_of(rule, "");
        if name.ends_with(".ron") {
            continue;
        }
        let text = read(&name);
        let manifests = Manifests::read(&[(&name, &text)]);
        let count = |findings: &[Finding]| {
            let errors = findings.iter().filter(|it| it.level == Level::Error).count();
            (findings.iter().filter(|it| it.code == rule.code).count(), errors)
        };
        let all = lint(&manifests, versions(&text), None);
        let before = count(&all);
        for finding in all.iter().filter(|it| it.code == rule.code) {
            let Some(fix) = &finding.fix else { continue };
            let mended = fix::apply(&fix.edits, &manifests.files()[0]);
            let manifests = Manifests::read(&[(&name, &mended)]);
            assert!(manifests.problems().is_empty(), "{mended}\n{}", manifests.problems());
            let after = count(&lint(&manifests, versions(&mended), None));
            assert!(
                after.0 < before.0 && after.1 <= before.1,
                "{}: `{}` mends nothing:\n{mended}",
                rule.code,
                fix.title
            );
        }
    }
}

/// Rules that hold for some releases of argo-events only: code, release, how many findings in the file of its
/// code.
#[test]
fn gates() {
    let table = [
        ("ST034", "1.8.3", 0),
        ("ST034", "1.9.0", 2),
        ("ST034", "1.9.3", 6),
        ("ST035", "1.9.2", 0),
        ("ST035", "1.9.3", 2),
        ("ST052", "1.8.3", 0),
        ("ST052", "1.9.0", 3),
        ("ST053", "1.7.6", 0),
        ("ST053", "1.8.0", 4),
        ("ST054", "1.8.3", 0),
        ("ST054", "1.9.2", 1),
        ("ST054", "1.9.3", 2),
        ("ST055", "1.7.6", 5),
        ("ST055", "1.8.0", 4),
        ("ST055", "1.9.0", 3),
        ("ST055", "1.9.3", 0),
    ];
    for (code, release, expected) in table {
        let text = read(&format!("{code}.yaml"));
        let manifests = Manifests::read(&[("f.yaml", &text)]);
        let versions = Versions { argo_events: version(release), ..Default::default() };
        let findings = lint(&manifests, versions, None);
        let count = findings.iter().filter(|it| it.code == code).count();
        assert_eq!(count, expected, "{code} with argo-events {release}");
    }
}

/// Whatever is written where something is expected, no rule panics: each value of each case is replaced by one of
/// these.
#[test]
fn rules_bear_any_yaml() {
    const VALUES: [&str; 10] =
        ["", "null", "[]", "{}", "[{}, 1, null]", "-1", "\"\"", "ä | (", "1e999", "{a: {b: [c]}}"];
    let mut values = VALUES.iter().cycle();
    for rule in RULES {
        let name = file_of(rule, "");
        if name.ends_with(".ron") {
            continue;
        }
        let text = read(&name);
        let lines: Vec<&str> = text.lines().collect();
        for index in 0..lines.len() {
            let field = lines[index].split_once(": ").filter(|(key, _)| !key.starts_with('#'));
            let Some((key, _)) = field else { continue };
            let line = format!("{key}: {}", values.next().unwrap());
            let mut changed = lines.clone();
            changed[index] = &line;
            render_all(&[("f.yaml", &changed.join("\n"))]);
        }
        // The next case begins with another.
        values.next();
    }
}

/// Files of others, project by project, where they are.
#[test]
fn real_manifests_are_borne() {
    let projects = std::fs::read_dir("/work/shared/manifests").into_iter().flatten().flatten();
    for project in projects {
        let mut files = Vec::new();
        read_below(&project.path(), &mut files);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        render_all(&files);
    }
}

fn render_all(files: &[(&str, &str)]) -> String {
    let manifests = Manifests::read(files);
    let versions = versions(files.first().map_or("", |(_, text)| text));
    said(&lint(&manifests, versions, None), &manifests)
}

fn read_below(path: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        read_below(&entry.path(), files);
    }
    if path.extension().is_some_and(|it| it == "yaml") {
        files.push((path.display().to_string(), std::fs::read_to_string(path).unwrap()));
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
