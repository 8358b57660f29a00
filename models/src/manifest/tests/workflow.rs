//! Workflows and their templates.

use super::*;
use crate::event_source::spec::EventSourceSpec;
use crate::workflows::spec::{FailFastSpec, NodeSpec, TemplateSpec, WorkflowSpec};
use account::Became;

/// The controller of the model.
pub(super) fn controller(import: &Import) -> &WorkflowSpec {
    let found = import.spec.stages.iter().find_map(|stage| match stage {
        Stage::Workflow(controller) => Some(controller),
        _ => None,
    });
    found.expect("a controller")
}

pub(super) fn template<'i>(import: &'i Import, name: &str) -> &'i TemplateSpec {
    let found = controller(import).templates.iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {}", import.ron_text()))
}

/// The sources of the model, with the arrivals as RON.
pub(super) fn sources(import: &Import) -> Vec<(&str, &str, String)> {
    let source = |it: &'_ EventSourceSpec| {
        let arrivals = it.arrivals.as_ref().map(|it| ron::to_string(it).unwrap());
        arrivals.unwrap_or_default()
    };
    let sources = import.spec.stages.iter().filter_map(|stage| match stage {
        Stage::EventSource(it) => Some((it.name.as_str(), it.to.as_str(), source(it))),
        _ => None,
    });
    sources.collect()
}

/// What became of the field, in short.
pub(super) fn became(import: &Import, field: &str) -> String {
    let entry = import.entries.iter().find(|entry| entry.field == field);
    let entry = entry.unwrap_or_else(|| panic!("`{field}` is not in the account"));
    match &entry.became {
        Became::Taken { parameter, value } => format!("{parameter} = {value}"),
        Became::NotModeled { why } => format!("not modeled: {why}"),
        Became::Unknown { nearest } => format!("unknown, {nearest:?}"),
    }
}

pub(super) fn unknown(import: &Import) -> Vec<&str> {
    let is_unknown = |it: &&account::Entry| matches!(it.became, Became::Unknown { .. });
    import.entries.iter().filter(is_unknown).map(|it| it.field.as_str()).collect()
}

/// A workflow `w` with this spec, indented by two.
pub(super) fn workflow_of(spec: &str) -> String {
    format!("kind: Workflow\nmetadata: {{name: w}}\nspec:\n{spec}\n")
}

/// The import of a text of which the comments are wrong.
fn refused(text: &str) -> Import {
    let options = ImportOptions::new(Reading::Deployed);
    let import = import_from(&Manifests::read(&[("w.yaml", text)]), &options);
    assert_eq!(codes(&import), ["bad-assumption"]);
    assert!(import.findings.has_errors());
    import
}

pub(super) fn deployed(text: &str) -> Import {
    imported(&[("w.yaml", text)], Reading::Deployed)
}

/// The model runs, and every parameter of the list of assumptions and of the account is one of `--set`.
#[track_caller]
pub(super) fn runs(text: &str) {
    for reading in Reading::ALL {
        let files = [("w.yaml", text)];
        let import = imported(&files, reading);
        let read = Model::from_manifests(&files, reading, &Overrides::default());
        assert!(read.is_ok(), "{}\n{}", read.err().unwrap(), import.ron_text());
        let assumed = import.assumptions.iter().map(|it| it.subject.as_str());
        let taken = import.entries.iter().filter_map(|entry| match &entry.became {
            Became::Taken { parameter, .. } => Some(parameter.as_str()),
            _ => None,
        });
        for parameter in assumed.chain(taken) {
            let sets = [(parameter.to_owned(), "\"1\"".to_owned())];
            let overrides = Overrides { sets: &sets, ..Overrides::default() };
            let found = Model::from_manifests(&files, reading, &overrides);
            let found = found.err().map(|it| it.to_string()).unwrap_or_default();
            assert!(!found.contains("in the model"), "{parameter}: {found}\n{}", import.ron_text());
        }
    }
}

const SIMPLE: &str = "  templates:\n  - name: main\n    container: {image: a}\n";

#[test]
fn a_workflow_is_created_once_or_as_often_as_a_comment_says() {
    let once = "Periodic(every:\"365d\",offset:\"0s\")";
    let cases = [
        ("", once),
        ("# surgetank: rate 5/min\n", "Poisson(rate:\"5/min\")"),
        (
            "# surgetank: arrivals Periodic(every: \"10m\")\n",
            "Periodic(every:\"10m\",offset:\"0s\")",
        ),
    ];
    for (comment, expected) in cases {
        let text = format!("{comment}{}", workflow_of(SIMPLE));
        let import = deployed(&text);
        assert_eq!(sources(&import), [("w-arrivals", "w", expected.to_owned())]);
        assert!(import.assumptions.iter().any(|it| it.subject == "w-arrivals.arrivals"));
        assert_eq!(codes(&import), [""; 0]);
        runs(&text);
    }
    let import = refused(&format!("# surgetank: rate often\n{}", workflow_of(SIMPLE)));
    assert_eq!(sources(&import)[0].2, once);
    // One that waits for somebody to resume it never runs.
    let import = deployed(&workflow_of(&format!("  suspend: true\n{SIMPLE}")));
    assert_eq!(sources(&import), []);
    assert_eq!(became(&import, "spec.suspend"), "w-arrivals.arrivals = none: it never runs");
}

#[test]
fn templates_run_as_often_as_a_comment_says() {
    for (kind, namespace) in
        [("WorkflowTemplate", "default"), ("ClusterWorkflowTemplate", "default")]
    {
        let text = format!(
            "# surgetank: rate 2/s\nkind: {kind}\nmetadata: {{name: t}}\nspec:\n  entrypoint: main\n{SIMPLE}"
        );
        let import = deployed(&text);
        let arrivals = "Poisson(rate:\"2/s\")".to_owned();
        assert_eq!(sources(&import), [("t-arrivals", "t", arrivals)]);
        assert_eq!(template(&import, "t").namespace, namespace);
        runs(&text);
    }
    // Without an entry point it is for others to refer to.
    let text = format!("kind: WorkflowTemplate\nmetadata: {{name: t}}\nspec:\n{SIMPLE}");
    let import = deployed(&text);
    assert!(import.spec.stages.is_empty(), "{}", import.ron_text());
    assert!(became(&import, "spec.templates[0]").starts_with("not modeled: no step"));
}

#[test]
fn what_manifests_cannot_say_is_assumed_of_each_pod() {
    let text = workflow_of(
        "  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: one   # surgetank: service 7s
      - {name: b, template: one}
    - - name: c
        inline:
          script: {source: x}   # surgetank: service LogNormal(mean: \"40s\", cv: 0.5); failure 0.25
  - name: one
    container: {image: a}   # surgetank: pod_start 3s; service 5s
",
    );
    let import = deployed(&text);
    let steps = &template(&import, "w").steps;
    let all: Vec<String> = steps.iter().flatten().map(shown).collect();
    assert_eq!(
        all,
        ["a \"7s\" \"3s\" 0", "b \"5s\" \"3s\" 0", "c LogNormal(mean:\"40s\",cv:0.5) - 0.25"]
    );
    let said: Vec<_> = import
        .assumptions
        .iter()
        .filter(|it| it.subject.starts_with("workflows.templates"))
        .map(|it| format!("{} = {} ({})", it.subject, it.assumed, it.because))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    workflows.templates[0].steps[0][0].failure = 0 (manifests do not say how often a pod fails)
    workflows.templates[0].steps[0][0].pod_start = 3s (a comment says so (w.yaml:15:42))
    workflows.templates[0].steps[0][0].service = 7s (a comment says so (w.yaml:9:38))
    workflows.templates[0].steps[0][1].failure = 0 (manifests do not say how often a pod fails)
    workflows.templates[0].steps[0][1].pod_start = 3s (a comment says so (w.yaml:15:42))
    workflows.templates[0].steps[0][1].service = 5s (a comment says so (w.yaml:15:56))
    workflows.templates[0].steps[1][0].failure = 0.25 (a comment says so (w.yaml:13:87))
    workflows.templates[0].steps[1][0].service = LogNormal(mean:"40s",cv:0.5) (a comment says so (w.yaml:13:46))
    "#);
    runs(&text);
    // What does not fit is told, and the default counts.
    let bad = text.replace("service 5s", "service soon").replace("failure 0.25", "failure 2");
    let import = refused(&bad);
    let all: Vec<String> = template(&import, "w").steps.iter().flatten().map(shown).collect();
    assert_eq!(all[1..], ["b \"30s\" \"3s\" 0", "c LogNormal(mean:\"40s\",cv:0.5) - 0"]);
}

/// Name, service, pod start, failure.
fn shown(node: &NodeSpec) -> String {
    let spread = |it: &Option<_>| match it {
        Some(it) => ron::to_string(it).unwrap(),
        None => "-".to_owned(),
    };
    format!("{} {} {} {}", node.name, spread(&node.service), spread(&node.pod_start), node.failure)
}

/// argo-workflows `docs/workflow-templates.md`, `docs/fields.md`.
#[test]
fn every_kind_of_template_becomes_a_pod_of_some_length() {
    let cases = [
        ("container: {image: a}", "main \"30s\" - 0", ""),
        ("script: {source: a}", "main \"30s\" - 0", ""),
        ("resource: {action: create}", "main \"30s\" - 0", ""),
        ("data: {transformation: []}", "main \"30s\" - 0", ""),
        ("containerSet: {containers: [], retryStrategy: {retries: 2}}", "main \"30s\" - 0", ""),
        ("http: {url: x}", "main \"30s\" \"0s\" 0", "modeled-as-pod"),
        ("plugin: {x: {}}", "main \"30s\" \"0s\" 0", "modeled-as-pod"),
        ("suspend: {}", "main \"30s\" \"0s\" 0", "modeled-as-pod"),
        ("suspend: {duration: 90}", "main \"90s\" \"0s\" 0", "modeled-as-pod"),
        ("suspend: {duration: 2m}", "main \"2m\" \"0s\" 0", "modeled-as-pod"),
        ("daemon: true\n    container: {image: a}", "main \"0s\" - 0", "daemon"),
    ];
    for (body, expected, code) in cases {
        let text = workflow_of(&format!("  templates:\n  - name: main\n    {body}\n"));
        let import = deployed(&text);
        let TemplateSpec { name, service, pod_start, failure, .. } = template(&import, "w").clone();
        let mut node = crate::manifest::workflow::leaf("main");
        (node.service, node.pod_start, node.failure) = (service, pod_start, failure);
        assert_eq!((shown(&node).as_str(), name.as_str()), (expected, "w"), "{body}");
        assert_eq!(codes(&import).join(" "), code, "{body}");
        assert_eq!(unknown(&import), [""; 0], "{body}");
        runs(&text);
    }
}

/// Of the workflow, of its template, of the controller's defaults: `workflow/util/merge.go`. Then
/// `operator.go`, `mergedTemplateDefaultsInto` and `retryStrategy`.
#[test]
fn what_is_more_special_goes_before_what_holds_for_all() {
    let text = "kind: Workflow
metadata: {name: w}
spec:
  workflowTemplateRef: {name: t}
  parallelism: 3
---
kind: WorkflowTemplate
metadata: {name: t}
spec:
  entrypoint: main
  parallelism: 7
  activeDeadlineSeconds: 600
  priority: 5
  retryStrategy: {limit: 1}
  templateDefaults:
    activeDeadlineSeconds: 60
  templates:
  - name: main
    steps:
    - - {name: a, template: own}
      - {name: b, template: plain}
  - name: own
    container: {image: x}
    activeDeadlineSeconds: 5
    retryStrategy: {limit: 9, backoff: {duration: 10, factor: \"2\", cap: 1m, maxDuration: 1h}}
  - name: plain
    container: {image: x}
";
    let import = deployed(text);
    let (own, plain) = match &template(&import, "w").steps[0][0].steps[0][..] {
        [own, plain] => (own, plain),
        other => panic!("{other:?}"),
    };
    let w = template(&import, "w");
    assert_eq!((w.parallelism, w.priority), (Some(3), 5));
    assert_eq!(w.active_deadline, Some("600s".into()));
    assert_eq!(own.active_deadline, Some("5s".into()));
    assert_eq!(plain.active_deadline, Some("60s".into()));
    let retry = own.retry.clone().unwrap();
    assert_eq!((retry.limit, retry.factor), (Some(9), 2));
    assert_eq!(
        [retry.duration, retry.cap, retry.max_duration].map(|it| it.unwrap().to_string()),
        ["10s", "1m", "1h"]
    );
    assert_eq!(plain.retry.as_ref().unwrap().limit, Some(1));
    assert_eq!(template(&import, "t").parallelism, Some(7));
    runs(text);
}

/// `processNodeRetries`: failures are retried by default and with `Always`; pods here have no errors.
#[test]
fn retry_policies_are_about_failures() {
    let cases = [
        ("", true),
        ("Always", true),
        ("OnFailure", true),
        ("OnError", false),
        ("OnTransientError", false),
    ];
    for (policy, retries) in cases {
        let text = workflow_of(&format!(
            "  templates:\n  - name: main\n    container: {{image: a}}\n    retryStrategy: {{limit: \"3\", \
             retryPolicy: \"{policy}\", expression: \"true\", affinity: {{}}}}\n"
        ));
        let import = deployed(&text);
        let retry = &template(&import, "w").retry;
        assert_eq!(retry.as_ref().map(|it| it.limit), retries.then_some(Some(3)), "{policy}");
        assert_eq!(unknown(&import), [""; 0]);
        runs(&text);
    }
    let text = workflow_of(
        "  templates:\n  - name: main\n    container: {image: a}\n    retryStrategy: {limit: \
         \"{{inputs.parameters.n}}\", backoff: {duration: soon, factor: 1.5}}\n",
    );
    let import = deployed(&text);
    assert_eq!(codes(&import), ["not-a-duration", "not-a-number"]);
    runs(&text);
}

/// A DAG `main` with these tasks, one a line.
fn dag(tasks: &[&str], rest: &str) -> String {
    let tasks: String = tasks.iter().map(|task| format!("      - {task}\n")).collect();
    workflow_of(&format!(
        "  entrypoint: main\n  templates:\n  - name: main\n    dag:\n      {rest}\n      tasks:\n{tasks}  - name: \
         p\n    container: {{image: a}}\n"
    ))
}

#[test]
fn tasks_wait_for_what_they_name() {
    let text = dag(
        &[
            "{name: a, template: p}",
            "{name: b, template: p, dependencies: [a]}",
            "{name: c, template: p, depends: a && b.Succeeded}",
            "{name: d, template: p, depends: a.Succeeded || a.Failed}",
            "{name: e, template: p, depends: b.Failed}",
            "{name: f, template: p, depends: e && a}",
        ],
        "failFast: false",
    );
    let import = deployed(&text);
    let w = template(&import, "w");
    let all: Vec<_> =
        w.dag.iter().map(|it| format!("{}({})", it.node.name, it.depends.join(" "))).collect();
    assert_eq!(all, ["a()", "b(a)", "c(a b)", "d(a)"]);
    assert_eq!(w.fail_fast, FailFastSpec::Continue);
    assert_eq!(codes(&import), ["depends"]);
    assert_eq!(
        became(&import, "spec.templates[0].dag.tasks[4]"),
        "not modeled: it runs only if another task fails: left out"
    );
    assert_eq!(unknown(&import), [""; 0]);
    runs(&text);
    // A circle is no model, and no panic.
    let text = dag(
        &["{name: a, template: p, depends: b}", "{name: b, template: p, depends: a}"],
        "target: a",
    );
    let import = deployed(&text);
    assert_eq!(codes(&import), ["circle"]);
    runs(&text);
}

#[test]
fn steps_run_once_for_each_item() {
    let cases = [
        ("withItems: [a, {b: c}]", Some(2), ""),
        ("withItems: []", None, ""),
        ("withItems: \"{{x}}\"", Some(1), ""),
        ("withParam: '[1, 2, 3]'", Some(3), ""),
        ("withParam: \"{{x}}\"", Some(1), ""),
        ("withParam: \"{{x}}\" # surgetank: items 20", Some(20), ""),
        ("withSequence: {count: \"5\"}", Some(5), ""),
        ("withSequence: {start: \"2\", end: \"5\", format: x}", Some(4), ""),
        ("withSequence: {end: \"{{x}}\"}", Some(1), ""),
        ("withSequence: {count: 1000000}", Some(49_999), "too-deep"),
        ("when: \"{{x}} == 1\"", Some(1), "when"),
    ];
    for (with, expected, code) in cases {
        let text = workflow_of(&format!(
            "  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - {{name: a, template: p}}\n    - - name: b\n        \
             template: p\n        {with}\n  - name: p\n    container: {{image: a}}\n"
        ));
        let import = deployed(&text);
        let found = template(&import, "w").steps.get(1).map(|group| group[0].items);
        assert_eq!(found, expected, "{with}");
        assert_eq!(codes(&import).join(" "), code, "{with}");
        assert_eq!(unknown(&import), [""; 0], "{with}");
        runs(&text);
    }
}

#[test]
fn an_exit_handler_is_a_last_step() {
    let body = "  entrypoint: main
  {EXIT}
  templates:
  - name: main
    container: {image: a}
  - name: bye
    steps:
    - - {name: bad, template: main, when: \"{{workflow.status}} != Succeeded\"}
    - - {name: good, template: main, when: \"{{workflow.status}} == Succeeded\"}
      - {name: both, template: main, when: \"{{x}} == 1\"}
";
    for exit in ["onExit: bye", "hooks: {exit: {template: bye}}"] {
        let text = workflow_of(&body.replace("{EXIT}", exit));
        let import = deployed(&text);
        let steps = &template(&import, "w").steps;
        let names: Vec<Vec<&str>> =
            steps.iter().map(|group| group.iter().map(|it| it.name.as_str()).collect()).collect();
        assert_eq!(names, [["main"], ["bye"]]);
        let last: Vec<&str> = steps[1][0].steps[0].iter().map(|it| it.name.as_str()).collect();
        assert_eq!(last, ["good", "both"]);
        assert_eq!(codes(&import), ["exit-handler", "when"]);
        assert_eq!(unknown(&import), [""; 0]);
        runs(&text);
    }
}

/// References go to templates of the same namespace, or of the cluster (`docs/cluster-workflow-templates.md`).
#[test]
fn references_are_resolved_where_the_workflow_lives() {
    let library = |kind: &str, namespace: &str, service: &str| {
        format!(
            "---\nkind: {kind}\nmetadata: {{name: lib, namespace: {namespace}}}\nspec:\n  templates:\n  - name: \
             x\n    container: {{image: a}} # surgetank: service {service}\n"
        )
    };
    let cases = [("", "1s", "1s"), (", clusterScope: true", "3s", "3s")];
    for (scope, intended, deployed) in cases {
        let text = format!(
            "kind: Workflow\nmetadata: {{name: w, namespace: n}}\nspec:\n  templates:\n  - name: main\n    steps:\n    \
             - - name: a\n        templateRef: {{name: lib, template: x{scope}}}\n{}{}{}",
            library("WorkflowTemplate", "other", "2s"),
            library("WorkflowTemplate", "n", "1s"),
            library("ClusterWorkflowTemplate", "zzz", "3s"),
        );
        for (reading, expected) in [(Reading::Intended, intended), (Reading::Deployed, deployed)] {
            let import = imported(&[("w.yaml", &text)], reading);
            let controller = controller(&import);
            let node = &controller.templates[0].steps[0][0];
            assert_eq!(node.service, Some(expected.into()), "{scope} {reading:?}");
            assert_eq!(controller.templates[0].namespace, "n");
        }
    }
    // One that is elsewhere only: meant, but not found.
    let text = format!(
        "{}{}",
        workflow_of("  workflowTemplateRef: {name: lib}"),
        library("WorkflowTemplate", "other", "2s").replace("spec:", "spec:\n  entrypoint: x")
    );
    for (reading, expected) in [(Reading::Intended, "2s"), (Reading::Deployed, "30s")] {
        let import = imported(&[("w.yaml", &text)], reading);
        let first = &controller(&import).templates[0];
        assert_eq!(first.service, Some(expected.into()), "{reading:?}");
    }
    runs(&text);
}

#[test]
fn templates_that_run_themselves_end() {
    let text = workflow_of(
        "  entrypoint: a
  templates:
  - name: a
    steps:
    - - {name: x, template: a}
      - {name: y, template: b}
  - name: b
    dag:
      tasks:
      - {name: z, template: a}
",
    );
    let import = deployed(&text);
    assert_eq!(codes(&import), ["recursive"]);
    runs(&text);
    // Each of twelve templates runs the next one ten times.
    let mut text = "  entrypoint: t0\n  templates:\n".to_owned();
    for level in 0..12 {
        let next = level + 1;
        text += &format!("  - name: t{level}\n    steps:\n");
        for step in 0..10 {
            text += &format!("    - - {{name: s{step}, template: t{next}}}\n");
        }
    }
    let import = deployed(&workflow_of(&text));
    assert_eq!(codes(&import), ["too-deep"]);
    Model::from_manifests(
        &[("w.yaml", &workflow_of(&text))],
        Reading::Deployed,
        &Overrides::default(),
    )
    .unwrap_or_else(|found| panic!("{found}"));
}

/// Everything that the real objects may have, in odd places too.
#[test]
fn every_field_is_accounted_for() {
    let text = include_str!("workflow.yaml");
    for reading in Reading::ALL {
        let import = imported(&[("w.yaml", text)], reading);
        assert_eq!(unknown(&import), ["spec.wombat", "spec.templates[0].contaner"], "{reading:?}");
        let nearest = became(&import, "spec.templates[0].contaner");
        assert_eq!(nearest, "unknown, Some(\"container\")");
    }
    runs(text);
}

/// The manifests of others, where they are: nothing unknown in the kinds of this file.
#[test]
fn real_workflows_run_and_are_accounted_for() {
    let Some(folder) = shared() else { return };
    for part in [
        "argoproj__argo-workflows",
        "argoproj__argo-workflows__v3.5.10",
        "GiganticMinecraft__seichi_infra",
    ] {
        let mut files = Vec::new();
        let mut folders = vec![folder.join(part)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push((
                        path.display().to_string(),
                        std::fs::read_to_string(&path).unwrap(),
                    )),
                }
            }
        }
        files.sort();
        let all: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        for reading in Reading::ALL {
            let (_, import) = Model::from_manifests(&all, reading, &Overrides::default())
                .unwrap_or_else(|found| panic!("{part}: {found}"));
            let own = import
                .entries
                .iter()
                .filter(|it| !["Event", "Sensor"].iter().any(|kind| it.object.starts_with(kind)));
            let unknown: Vec<_> =
                own.filter(|it| matches!(it.became, Became::Unknown { .. })).collect();
            assert!(unknown.is_empty(), "{part}: {unknown:#?}");
            assert!(!sources(&import).is_empty());
        }
    }
}

/// The folder of manifests of other projects.
fn shared() -> Option<std::path::PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = root.ancestors().map(|it| it.join("shared/manifests")).find(|it| it.is_dir());
    if found.is_none() {
        println!("skipped: ../shared/manifests is not here");
    }
    found
}
