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

/// The versions that a case is about, if it begins with such a line: `# versions: argo-events v1.9.5`.
fn versions(text: &str) -> Versions {
    let mut versions = Versions::default();
    let Some(line) = text.lines().find_map(|line| line.strip_prefix("# versions:")) else {
        return versions;
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    for pair in words.chunks(2) {
        let [program, version] = *pair else { panic!("a version for each: {line}") };
        let version = version.parse().unwrap();
        match program {
            "argo-events" => versions.argo_events = version,
            "argo-workflows" => versions.argo_workflows = version,
            _ => panic!("no versions of {program}"),
        }
    }
    versions
}

/// The file of the rule: manifests, or a model if it needs numbers.
fn file_of(rule: &Rule, what: &str) -> String {
    let ron = format!("{}{what}.ron", rule.code);
    if cases().join(&ron).exists() { ron } else { format!("{}{what}.yaml", rule.code) }
}

/// What the rule of that code finds in manifests, or in a model.
fn found(name: &str, text: &str, code: &str) -> (Manifests, Vec<Finding>) {
    found_at(name, text, code, versions(text))
}

fn found_at(name: &str, text: &str, code: &str, at: Versions) -> (Manifests, Vec<Finding>) {
    let is_model = name.ends_with(".ron");
    let files: &[(&str, &str)] = if is_model { &[] } else { &[(name, text)] };
    let manifests = Manifests::read(files);
    assert!(manifests.problems().is_empty(), "{name}: {}", manifests.problems());
    let model = is_model.then(|| {
        crate::Model::read(name, text, &crate::Overrides::default(), &NoFiles)
            .unwrap_or_else(|problems| panic!("{problems}"))
    });
    let load = model.as_ref().map(|model| Load::new(&model.plan, None));
    let mut findings = lint(&manifests, at, load.as_ref());
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
        ("ST034", events(8, 3), 0),
        ("ST034", events(9, 0), 2),
        ("ST034", events(9, 3), 6),
        ("ST035", events(9, 2), 0),
        ("ST035", events(9, 3), 2),
        ("ST052", events(8, 3), 0),
        ("ST052", events(9, 0), 3),
        ("ST053", events(7, 6), 0),
        ("ST053", events(8, 0), 4),
        ("ST054", events(8, 3), 0),
        ("ST054", events(9, 2), 1),
        ("ST054", events(9, 3), 2),
        ("ST055", events(7, 6), 5),
        ("ST055", events(8, 0), 4),
        ("ST055", events(9, 0), 3),
        ("ST055", events(9, 3), 0),
    ];
    for (case, at, expected) in cases {
        let (_, findings) = found_at("a.yaml", &read(&format!("{case}.yaml")), &case[..5], at);
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
        let name = file_of(rule, "");
        if name.ends_with(".ron") {
            continue;
        }
        let text = read(&name);
        let at = versions(&text);
        for (number, line) in text.lines().enumerate() {
            let Some((name, _)) = line.split_once(':') else { continue };
            // Each line gets some of them: all of all would take minutes.
            for value in values.iter().cycle().skip(number).take(3) {
                let text = replaced(&text, number, &format!("{name}: {value}"));
                let manifests = Manifests::read(&[("a.yaml", &text)]);
                let findings = lint(&manifests, at, None);
                let _ = said(&findings, &manifests);
                for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
                    let _ = fix::apply(&fix.edits, &manifests.files()[0]);
                }
            }
        }
    }
}

/// Rules that depend on the version of argo-workflows: which of their files they find something in.
#[test]
fn gates_of_workflows() {
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
        let (_, findings) = found_at("a.yaml", &read(&format!("{code}{ending}")), code, versions);
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
        let (_, findings) = found_at("a.yaml", text, code, versions);
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

/// Files of others, project by project, where they are.
#[test]
fn real_manifests_are_borne() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/manifests");
    let Ok(projects) = std::fs::read_dir(&shared) else {
        return println!("skipped: `../shared/manifests` is not here");
    };
    for project in projects.flatten() {
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
    let text = text.split("---").next().unwrap_or_default();
    let (_, findings) = found("a.yaml", text, rule.code);
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
