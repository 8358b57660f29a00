//! Each rule against a file that has what it finds and the nearest file that has not, in `cases/CODE.yaml`
//! and `cases/CODE.ok.yaml`; `cases/CODE.snap` is what is said.

use std::path::{Path, PathBuf};

use super::*;
use crate::diagnostic::Color;
use crate::workflow::Version;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/cases")
}

fn read(code: &str, ending: &str) -> String {
    let path = cases().join(format!("{code}{ending}"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The versions that a case is about, if it begins with such a line: `# versions: argo-events v1.9.5`.
fn versions(text: &str) -> Versions {
    let mut versions = Versions::default();
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("# versions:")) else {
        return versions;
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    for pair in words.chunks(2) {
        let [program, version] = *pair else { panic!("a version for each: {line}") };
        let numbers: Vec<u32> =
            version.trim_start_matches('v').split('.').map(|it| it.parse().unwrap()).collect();
        let version = Version::new(numbers[0], numbers[1], numbers[2]);
        match program {
            "argo-events" => versions.argo_events = version,
            "argo-workflows" => versions.argo_workflows = version,
            _ => panic!("no versions of {program}"),
        }
    }
    versions
}

fn found(name: &str, text: &str, code: &str) -> (Manifests, Vec<Finding>) {
    found_at(name, text, code, versions(text))
}

fn found_at(name: &str, text: &str, code: &str, at: Versions) -> (Manifests, Vec<Finding>) {
    let manifests = Manifests::read(&[(name, text)]);
    assert!(manifests.problems().is_empty(), "{name}: {}", manifests.problems());
    let mut findings = lint(&manifests, at);
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

#[test]
fn every_rule_finds_its_file_and_not_the_nearest_other() {
    for rule in RULES {
        let code = rule.code;
        let (name, text) = (format!("{code}.yaml"), read(code, ".yaml"));
        let (manifests, findings) = found(&name, &text, code);
        assert!(!findings.is_empty(), "{code}: nothing found in {name}");
        insta::with_settings!({ snapshot_path => cases(), prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(code, render::render(&findings, &manifests, Color::Never));
        });
        let name = format!("{code}.ok.yaml");
        let (_, findings) = found(&name, &read(code, ".ok.yaml"), code);
        assert!(findings.is_empty(), "{code}: found in {name}: {findings:#?}");
    }
}

/// A fix has to make the finding go away, and no other come but something to know.
#[test]
fn fixes_mend_what_was_found() {
    for rule in RULES {
        let name = format!("{}.yaml", rule.code);
        let text = read(rule.code, ".yaml");
        let manifests = Manifests::read(&[(&name, &text)]);
        let all = lint(&manifests, versions(&text));
        for finding in all.iter().filter(|it| it.code == rule.code) {
            let Some(fix) = &finding.fix else { continue };
            let mended = fix::apply(&fix.edits, &manifests.files()[0]);
            let after = Manifests::read(&[(&name, &mended)]);
            assert!(after.problems().is_empty(), "{mended}\n{}", after.problems());
            let left = lint(&after, versions(&text));
            let same = |all: &[Finding]| all.iter().filter(|it| it.code == rule.code).count();
            let wrong = |all: &[Finding]| all.iter().filter(|it| it.level < Level::Note).count();
            let title = &fix.title;
            assert!(same(&left) < same(&all), "{}: `{title}` mends nothing:\n{mended}", rule.code);
            assert!(wrong(&left) <= wrong(&all), "{}: `{title}` harms:\n{mended}", rule.code);
        }
    }
}

#[test]
fn what_is_allowed_is_not_said() {
    let rule = &RULES[0];
    let text = read(rule.code, ".yaml");
    let text = text.split("---").next().unwrap_or_default();
    let (_, findings) = found("a.yaml", text, rule.code);
    let line = findings[0].location.line as usize;
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

/// Rules that depend on a version: how many things each finds in such a case with it.
#[test]
fn gates() {
    let events = |minor, patch| Versions {
        argo_events: Version::new(1, minor, patch),
        ..Versions::default()
    };
    let cases = [
        ("ST003.ok", events(9, 2), 2),
        ("ST004", events(9, 2), 4),
        ("ST005", events(8, 1), 2),
        ("ST007", events(9, 2), 0),
        ("ST008", events(9, 2), 0),
        ("ST012", events(8, 1), 0),
        ("ST015", events(9, 10), 1),
        ("ST017", events(8, 1), 0),
        ("ST024", events(9, 12), 2),
        ("ST027", events(9, 6), 0),
        ("ST027", events(9, 5), 2),
    ];
    for (case, at, expected) in cases {
        let (_, findings) = found_at("a.yaml", &read(case, ".yaml"), &case[..5], at);
        assert_eq!(findings.len(), expected, "{case} with {at:?}: {findings:#?}");
    }
}

/// The text with another line in the place of one and of all that is below it.
fn replaced(text: &str, number: usize, line: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut kept: Vec<&str> = text.lines().take(number).collect();
    kept.push(line);
    kept.extend(text.lines().skip(number + 1).skip_while(|it| indent(it) > indent(line)));
    kept.join("\n")
}

/// Any YAML may stand anywhere: rules find nothing or something, and do not panic.
#[test]
fn rules_take_any_yaml_where_they_look() {
    let values =
        ["null", "\"\"", "x", "-1", "1e400", "[]", "[1, {}]", "{}", "{a: {b: [c]}}", "\"{\""];
    for rule in RULES {
        let text = read(rule.code, ".yaml");
        let at = versions(&text);
        for (number, line) in text.lines().enumerate() {
            let Some((name, _)) = line.split_once(':') else { continue };
            // Each line gets some of them: all of all would take minutes.
            for value in values.iter().cycle().skip(number).take(3) {
                let text = replaced(&text, number, &format!("{name}: {value}"));
                let manifests = Manifests::read(&[("a.yaml", &text)]);
                let findings = lint(&manifests, at);
                let _ = render::render(&findings, &manifests, Color::Never);
                for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
                    let _ = fix::apply(&fix.edits, &manifests.files()[0]);
                }
            }
        }
    }
}

/// What is found in manifests of other projects, where they are.
#[test]
fn real_manifests_are_linted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        root.ancestors().map(|it| it.join("shared/manifests")).find(|it| it.is_dir())
    else {
        println!("skipped: ../shared/manifests is not here");
        return;
    };
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let name = path.display().to_string();
                let manifests = Manifests::read(&[(&name, &text)]);
                let findings = lint(&manifests, Versions::default());
                println!("{}", render::render(&findings, &manifests, Color::Never));
            }
        }
    }
}
