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

fn found(name: &str, text: &str, code: &str) -> (Manifests, Vec<Finding>) {
    found_with(name, text, code, versions(text))
}

fn found_with(name: &str, text: &str, code: &str, versions: Versions) -> (Manifests, Vec<Finding>) {
    let manifests = Manifests::read(&[(name, text)]);
    assert!(manifests.problems().is_empty(), "{name}: {}", manifests.problems());
    let mut findings = lint(&manifests, versions);
    findings.retain(|finding| finding.code == code);
    (manifests, findings)
}

/// The versions that a case is about, in its first line if they are not the newest:
/// `# argo-workflows 3.7.10`.
fn versions(text: &str) -> Versions {
    let stated = text.lines().next().and_then(|it| it.strip_prefix("# argo-workflows "));
    let version = |text: &str| {
        let numbers: Vec<u32> = text.split('.').map(|it| it.parse().unwrap()).collect();
        Version::new(numbers[0], numbers[1], numbers[2])
    };
    let newest = Versions::default();
    Versions { argo_workflows: stated.map_or(newest.argo_workflows, version), ..newest }
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

/// A fix has to make the finding go away, and no other come.
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
            assert!(
                left.len() < all.len(),
                "{}: `{}` mends nothing:\n{mended}",
                rule.code,
                fix.title
            );
        }
    }
}

/// Rules that depend on the version of argo-workflows: which of their files they find something in.
#[test]
fn gates() {
    let cases = [
        ("ST060", (3, 3, 7), ".ok.yaml", false),
        ("ST061", (3, 5, 15), ".ok.yaml", true),
        ("ST061", (3, 6, 0), ".yaml", false),
        ("ST061", (3, 6, 0), ".ok.yaml", false),
        ("ST061", (4, 0, 0), ".yaml", true),
        ("ST065", (3, 5, 15), ".ok.yaml", true),
        ("ST065", (3, 6, 0), ".yaml", true),
        ("ST065", (3, 7, 14), ".ok.yaml", false),
        ("ST065", (4, 0, 0), ".ok.yaml", false),
        ("ST066", (3, 7, 14), ".yaml", false),
        ("ST066", (4, 0, 0), ".yaml", true),
        ("ST071", (3, 7, 10), ".yaml", true),
        ("ST071", (3, 7, 11), ".yaml", false),
        ("ST071", (4, 0, 1), ".yaml", true),
        ("ST071", (4, 0, 2), ".yaml", false),
        ("ST078", (3, 4, 17), ".ok.yaml", true),
        ("ST078", (3, 5, 0), ".ok.yaml", false),
    ];
    for (code, (major, minor, patch), ending, expected) in cases {
        let argo_workflows = Version::new(major, minor, patch);
        let versions = Versions { argo_workflows, ..Versions::default() };
        let (_, findings) = found_with("a.yaml", &read(code, ending), code, versions);
        assert_eq!(
            !findings.is_empty(),
            expected,
            "{code}{ending} with {argo_workflows:?}: {findings:#?}"
        );
    }
}

/// What only other versions than the newest do.
#[test]
fn messages_of_older_versions() {
    let text = "kind: WorkflowTemplate\nspec:\n  templates:\n  - name: a\n    synchronization:\n      mutexes: [{name: b}]\n\
                \x20     mutex: {name: c}\n      semaphore: {configMapKeyRef: {name: d, key: e}}\n    retryStrategy:\n      backoff: {duration: 1s}\n\
                ---\nkind: CronWorkflow\nspec:\n  schedule: '* * * * *'\n  schedules: ['* * * * *']\n\
                ---\nkind: ConfigMap\nmetadata: {name: workflow-controller-configmap}\ndata: {paralelism: '5'}\n";
    let said = |code: &str, version: (u32, u32, u32)| {
        let argo_workflows = Version::new(version.0, version.1, version.2);
        let versions = Versions { argo_workflows, ..Versions::default() };
        let (_, findings) = found_with("a.yaml", text, code, versions);
        findings.into_iter().map(|it| it.message).collect::<Vec<String>>().join("\n")
    };
    insta::assert_snapshot!(said("ST061", (3, 5, 0)), @"
    argo-workflows 3.5 does not know `mutexes`: nothing is locked
    argo-workflows 3.5 takes the `semaphore` only: `mutex` beside it locks nothing
    ");
    insta::assert_snapshot!(said("ST065", (3, 7, 0)), @"`schedule` and `schedules` together are refused");
    insta::assert_snapshot!(said("ST060", (3, 3, 7)), @"template `a` is retried without end: there is no `limit`");
    insta::assert_snapshot!(said("ST073", (3, 3, 0)), @"there is no setting `paralelism`: it has no effect");
}

/// Without the controller's configuration it is not known whether waiting costs a slot.
#[test]
fn a_lock_without_a_known_controller_is_a_note() {
    let text = "kind: Workflow\nspec:\n  synchronization:\n    mutexes: [{name: a}]\n";
    let (_, findings) = found("a.yaml", text, "ST062");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].level, Level::Note);
    insta::assert_snapshot!(findings[0].message, @"a workflow that waits for mutex `a` holds a slot of the controller's `parallelism`, if that is set");
}

/// Whatever stands there instead of what should: nothing panics.
#[test]
fn no_rule_panics_on_values_of_the_wrong_kind() {
    let texts = RULES.iter().map(|rule| read(rule.code, ".yaml"));
    for text in texts {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let Some((name, _)) = line.split_once(':') else { continue };
            for value in
                ["", " null", " 7", " x", " []", " {}", " [x, {a: b}, []]", " {a: {b: []}}"]
            {
                let replaced = format!("{name}:{value}");
                // What was below goes, so that it stays YAML.
                let indent = |it: &str| it.len() - it.trim_start_matches([' ', '-']).len();
                let below =
                    lines[index + 1..].iter().take_while(|it| indent(it) > indent(line)).count();
                let rest = &lines[index + 1 + below..];
                let all: Vec<&str> = lines[..index]
                    .iter()
                    .copied()
                    .chain([replaced.as_str()])
                    .chain(rest.iter().copied())
                    .collect();
                let manifests = Manifests::read(&[("a.yaml", &all.join("\n"))]);
                let _ = lint(&manifests, versions(&text));
            }
        }
    }
}

/// Manifests of other projects, where they are.
#[test]
fn real_manifests_are_looked_at_one_by_one_and_all_at_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = root.ancestors().map(|it| it.join("shared/manifests")).find(|it| it.is_dir());
    let Some(folder) = shared else {
        println!("skipped: ../shared/manifests is not here");
        return;
    };
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "yaml") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path.display().to_string(), text));
            }
        }
    }
    files.sort();
    let all: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    for file in &all {
        let manifests = Manifests::read(&[*file]);
        let _ = lint(&manifests, Versions::default());
    }
    let manifests = Manifests::read(&all);
    let findings = lint(&manifests, Versions::default());
    println!("{}", render::render(&findings, &manifests, Color::Never));
}

#[test]
fn what_is_allowed_is_not_said() {
    let rule = &RULES[0];
    let text = read(rule.code, ".yaml");
    let (_, findings) = found("a.yaml", &text, rule.code);
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
