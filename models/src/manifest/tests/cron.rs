//! CronWorkflows.

use super::workflow::{became, controller, runs, sources, template, unknown};
use super::*;
use crate::workflow::Version;
use crate::workflows::spec::ConcurrencySpec;

fn cron_of(spec: &str) -> String {
    format!(
        "kind: CronWorkflow\nmetadata: {{name: c}}\nspec:\n{spec}\n  workflowSpec:\n    entrypoint: main\n    \
         templates:\n    - name: main\n      container: {{image: a}}\n"
    )
}

fn arrivals(import: &Import) -> Option<String> {
    sources(import).first().map(|it| it.2.clone())
}

/// argo-workflows: `schedules` since v3.6, `schedule` until v4.0.
#[test]
fn schedules_are_read_in_the_form_of_the_release() {
    let single = "  schedule: \"*/5 * * * *\"";
    let list = "  schedules: [\"*/5 * * * *\"]";
    let cases = [
        ((3, 5, 10), single, true),
        ((3, 5, 10), list, false),
        ((3, 7, 0), single, true),
        ((3, 7, 0), list, true),
        ((4, 0, 0), single, false),
        ((4, 1, 2), list, true),
    ];
    for ((major, minor, patch), form, is_read) in cases {
        for reading in Reading::ALL {
            let argo_workflows = Version::new(major, minor, patch);
            let versions = Versions { argo_workflows, ..Versions::default() };
            let text = cron_of(form);
            let import = import_from(
                &Manifests::read(&[("c.yaml", &text)]),
                &ImportOptions { versions, ..ImportOptions::new(reading) },
            );
            let expected = (is_read || reading == Reading::Intended).then(|| {
                "Cron(schedules:[\"*/5 * * * *\"],timezone:\"UTC\",start:\"2026-11-27T00:00:00Z\")"
                    .to_owned()
            });
            assert_eq!(arrivals(&import), expected, "{major}.{minor} {form} {reading:?}");
            assert_eq!(unknown(&import), [""; 0]);
        }
    }
}

#[test]
fn a_cron_workflow_has_its_schedules_zone_and_start() {
    let text = cron_of(
        "  # surgetank: start 2027-03-14T00:00:00-05:00\n  schedules: [\"*/3 * * * 1-5\", \"@hourly\"]\n  \
         timezone: America/New_York\n  startingDeadlineSeconds: 0\n  successfulJobsHistoryLimit: 4\n  \
         failedJobsHistoryLimit: 4\n  suspend: false\n  stopStrategy: {expression: x}\n  when: x\n  \
         workflowMetadata: {labels: {a: b}}\n  concurrencyPolicy: Replace",
    );
    let import = imported(&[("c.yaml", &text)], Reading::Deployed);
    assert_eq!(
        arrivals(&import).unwrap(),
        "Cron(schedules:[\"*/3 * * * 1-5\",\"@hourly\"],timezone:\"America/New_York\",start:\"2027-03-14T00:00:00-05:00\")"
    );
    assert_eq!(template(&import, "c").concurrency, ConcurrencySpec::Replace);
    let cases = [
        ("spec.schedules[1]", "c-arrivals.arrivals.schedules[1] = @hourly"),
        ("spec.timezone", "c-arrivals.arrivals.timezone = America/New_York"),
        ("spec.concurrencyPolicy", "workflows.templates[0].concurrency = Replace"),
        ("spec.suspend", "c-arrivals.arrivals = by its schedule"),
        ("spec.failedJobsHistoryLimit", "not modeled: what is kept when it is over"),
    ];
    for (field, expected) in cases {
        assert_eq!(became(&import, field), expected);
    }
    let start = import.assumptions.iter().find(|it| it.subject == "c-arrivals.arrivals.start");
    assert_eq!(start.unwrap().assumed, "2027-03-14T00:00:00-05:00");
    assert_eq!((unknown(&import), codes(&import)), (vec![], vec![]));
    runs(&text);
}

/// The start is a parameter like any other.
#[test]
fn the_start_can_be_set() {
    let text = cron_of("  schedules: [\"0 4 * * *\"]");
    let mean = |sets: &[(&str, &str)]| {
        let sets: Vec<(String, String)> =
            sets.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        let horizon = Some(sim_core::time::SimDuration::from_secs(3_600));
        let overrides = Overrides { sets: &sets, horizon, ..Overrides::default() };
        let files = [("c.yaml", text.as_str())];
        let model = Model::from_manifests(&files, Reading::Deployed, &overrides);
        let (model, _) = model.unwrap_or_else(|found| panic!("{found}"));
        let key = crate::run::RunKey { seed: 1, replication: 0 };
        crate::run::run(&model.plan, key, None).unwrap().ledger.offered
    };
    assert_eq!(mean(&[]), 0);
    assert_eq!(mean(&[("c-arrivals.arrivals.start", "\"2026-11-28T03:30:00Z\"")]), 1);
}

/// `workflow/cron/operator.go`: an invalid CronWorkflow runs nothing.
#[test]
fn what_the_controller_would_not_run_does_not_run() {
    let zoned = "\"TZ=Asia/Tokyo 0 9 * * *\"";
    let cases = [
        ("schedules: [\"0 4 * * *\"]\n  suspend: true", None, None, ""),
        ("schedules: [\"0 4 * * 7\", \"@daily\"]", Some("\"@daily\""), None, "bad-schedule"),
        ("schedules: [\"TZ=Nowhere @daily\"]", None, None, "bad-schedule"),
        ("schedules: [\"TZ=Asia/Tokyo 0 9 * * *\"]", Some(zoned), Some(zoned), ""),
        ("schedules: []", None, None, ""),
        (
            "schedules: [\"@daily\"]\n  concurrencyPolicy: forbid",
            Some("\"@daily\""),
            None,
            "concurrency-policy",
        ),
        (
            "schedules: [\"@daily\"]\n  timezone: Mars/Base",
            Some("\"@daily\""),
            Some("\"@daily\""),
            "unknown-zone",
        ),
    ];
    for (spec, intended, deployed, code) in cases {
        let text = cron_of(&format!("  {spec}"));
        for (reading, expected) in [(Reading::Intended, intended), (Reading::Deployed, deployed)] {
            let import = imported(&[("c.yaml", &text)], reading);
            let expected = expected.map(|it| {
                format!("Cron(schedules:[{it}],timezone:\"UTC\",start:\"2026-11-27T00:00:00Z\")")
            });
            assert_eq!(arrivals(&import), expected, "{spec} {reading:?}");
            let mut found = codes(&import);
            found.retain(|code| *code != "no-source");
            assert_eq!(found.join(" "), code, "{spec} {reading:?}");
            assert_eq!(unknown(&import), [""; 0], "{spec}");
        }
    }
}

/// Long enough for each schedule, if there is nothing else.
#[test]
fn the_horizon_is_long_enough_for_every_schedule() {
    let cases = [
        ("*/5 * * * *", "2h"),
        ("0 4 * * *", "1d"),
        ("0 4 * * 1", "7d"),
        ("0 4 1 12 *", "7d"),
        ("0 4 20 * *", "31d"),
        ("0 0 29 2 *", "2h"),
    ];
    for (schedule, horizon) in cases {
        let text = cron_of(&format!("  schedules: [\"{schedule}\"]"));
        let import = imported(&[("c.yaml", &text)], Reading::Deployed);
        assert_eq!(import.spec.horizon.as_str(), horizon, "{schedule}");
    }
    let with_source = format!(
        "{}---\nkind: EventSource\nmetadata: {{name: e}}\nspec: {{webhook: {{x: {{endpoint: /x}}}}}}\n",
        cron_of("  schedules: [\"0 4 * * *\"]")
    );
    let import = imported(&[("c.yaml", &with_source)], Reading::Deployed);
    assert_eq!(import.spec.horizon.as_str(), "2h");
}

/// Runs of a CronWorkflow are its own: those of a trigger from the same template are not in their way.
#[test]
fn each_cron_workflow_has_a_template_of_its_own() {
    let text = "kind: WorkflowTemplate\nmetadata: {name: t}\nspec:\n  entrypoint: main\n  templates:\n  - name: \
                main\n    container: {image: a}\n---\nkind: CronWorkflow\nmetadata: {name: c, namespace: \
                default}\nspec:\n  schedules: [\"@hourly\"]\n  concurrencyPolicy: Forbid\n  workflowSpec:\n    \
                workflowTemplateRef: {name: t}\n";
    let import = imported(&[("c.yaml", text)], Reading::Deployed);
    let all: Vec<_> =
        controller(&import).templates.iter().map(|it| (it.name.as_str(), it.concurrency)).collect();
    assert_eq!(all, [("c", ConcurrencySpec::Forbid), ("t", ConcurrencySpec::Allow)]);
    runs(text);
}
