mod controller;
mod cron;
mod locks;
mod workflow;

use super::*;
use crate::event_source::spec::RouteSpec;
use crate::presets::Preset;
use crate::sensor::spec::{ActionSpec, DeliverySpec, OnTimeoutSpec, SensorSpec};
use crate::spec::policy::{DiscardSpec, OnReject, RateLimitSpec, Unit};
use crate::spec::ron_text;
use crate::storms::Storm;

const REFERENCE: &[(&str, &str)] = &[
    ("eventbus.yaml", include_str!("../../../presets/reference/eventbus.yaml")),
    ("eventsources.yaml", include_str!("../../../presets/reference/eventsources.yaml")),
    ("sensors.yaml", include_str!("../../../presets/reference/sensors.yaml")),
    ("workflows.yaml", include_str!("../../../presets/reference/workflows.yaml")),
];

fn imported(files: &[(&str, &str)], reading: Reading) -> Import {
    import(files, reading).unwrap_or_else(|found| panic!("{found}"))
}

fn codes(import: &Import) -> Vec<&'static str> {
    let mut codes: Vec<_> = import.findings.iter().filter_map(|it| it.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn sensor<'s>(spec: &'s ModelSpec, name: &str) -> &'s SensorSpec {
    let found = spec.stages.iter().find_map(|stage| match stage {
        Stage::Sensor(sensor) if sensor.name == name => Some(sensor),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no sensor `{name}`"))
}

/// Requests per unit.
fn limit(limit: &Option<RateLimitSpec>) -> Option<(u64, Unit)> {
    let limit = limit.as_ref()?;
    limit.requests_per_unit.zip(limit.unit)
}

/// Every limit of the document: those of the bus, the rate limits, the semaphore, the answers to a
/// rejection.
fn limits(spec: &ModelSpec) -> String {
    let mut text = String::new();
    for stage in &spec.stages {
        let line = match stage {
            Stage::EventBus(bus) => {
                let bytes = |b: &Option<crate::spec::quantity::BytesText>| {
                    b.as_ref().map(|b| b.parse().unwrap().as_u64())
                };
                let (bytes, size) = (bytes(&bus.max_bytes), bytes(&bus.max_msg_size));
                let (msgs, consumers) = (bus.max_msgs, bus.max_consumers);
                format!(
                    "{} {msgs:?} {bytes:?} {size:?} {consumers:?} {:?} {:?}",
                    bus.name, bus.discard, bus.retention
                )
            }
            Stage::Sensor(sensor) => {
                let triggers = sensor.triggers.iter();
                let triggers: Vec<_> =
                    triggers.map(|it| (&it.name, limit(&it.rate_limit), it.delivery)).collect();
                format!("{} {:?} {triggers:?}", sensor.name, limit(&sensor.rate_limit))
            }
            Stage::Workflow(workflow) => {
                let consumer = workflow.templates.iter().find(|it| it.name == "api-consumer");
                format!("{:?}", consumer.map(|it| &it.semaphores))
            }
            _ => continue,
        };
        text.push_str(&line);
        text.push('\n');
    }
    text + &format!("{:?}", spec.config_maps)
}

#[test]
fn the_intended_reference_has_the_limits_of_the_preset() {
    let import = imported(REFERENCE, Reading::Intended);
    let preset = Preset::find("reference").unwrap();
    let (preset, _) = ron_text::parse::<ModelSpec>("reference.ron", preset.text).unwrap();
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(limits(&import.spec)), sorted(limits(&preset)));
    for (of_preset, source) in ["telemetry", "orders"].map(|name| {
        let on_failure = |spec: &ModelSpec| {
            spec.stages.iter().find_map(|stage| match stage {
                Stage::EventSource(source) if source.name == name => source.on_failure.clone(),
                _ => None,
            })
        };
        (on_failure(&preset), on_failure(&import.spec))
    }) {
        assert!(matches!(of_preset, Some(OnReject::Drop | OnReject::Nack(_))));
        assert_eq!(source, of_preset);
    }
    let reports = &sensor(&import.spec, "report-sensor").triggers[0];
    assert_eq!(reports.action, ActionSpec::Store("backlog".to_owned()));
    assert_eq!(
        codes(&import),
        ["ack-wait-time", "rate-limit-unit", "sensor-rate-limit", "settings-refused"]
    );
}

#[test]
fn the_deployed_reference_has_the_limits_of_the_controllers() {
    let import = imported(REFERENCE, Reading::Deployed);
    let bus = import.spec.stages.iter().find_map(|stage| match stage {
        Stage::EventBus(bus) => Some(bus),
        _ => None,
    });
    let bus = bus.unwrap();
    assert_eq!((bus.max_msgs, bus.max_consumers), (Some(50_000), None));
    assert_eq!(bus.discard, DiscardSpec::Old);
    let orders = sensor(&import.spec, "order-sensor");
    assert_eq!(orders.rate_limit, None);
    assert_eq!(orders.triggers[0].delivery, DeliverySpec::FireAndForget);
    let telemetry = sensor(&import.spec, "telemetry-sensor");
    assert_eq!(limit(&telemetry.triggers[0].rate_limit), Some((100, Unit::Second)));
    assert_eq!(
        codes(&import),
        ["ack-wait-time", "rate-limit-unit", "sensor-rate-limit", "settings-refused"]
    );
}

#[test]
fn both_readings_run_under_a_storm() {
    let storm = Storm::find("spike").unwrap();
    let overrides = Overrides { storm: Some((storm.name, storm.text)), ..Overrides::default() };
    for reading in [Reading::Intended, Reading::Deployed] {
        let (model, import) = Model::from_manifests(REFERENCE, reading, &overrides)
            .unwrap_or_else(|found| panic!("{reading:?}: {found}"));
        assert!(model.plan.storm().is_some());
        assert!(!import.assumptions.is_empty());
    }
}

#[test]
fn what_is_written_reads_as_what_was_imported() {
    for reading in [Reading::Intended, Reading::Deployed] {
        let import = imported(REFERENCE, reading);
        let (spec, _) = ron_text::parse::<ModelSpec>("imported.ron", &import.ron_text())
            .unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(spec, import.spec);
    }
}

/// A sensor with one trigger that has `extra` beside its template and `inner` within it.
fn one_sensor(extra: &str, inner: &str) -> String {
    format!(
        "kind: Sensor\nmetadata: {{name: s}}\nspec:\n  dependencies:\n  - {{name: a, eventSourceName: e, \
         eventName: x}}\n  triggers:\n  - template: {{name: t, log: {{}}{inner}}}\n{extra}"
    )
}

/// Beside the template, within it; the unit as intended, as deployed; the findings.
type Case<'c> = (&'c str, &'c str, Option<Unit>, Option<Unit>, &'c [&'c str]);

/// argo-events v1.9.11, `pkg/sensors/context.go` and `listener.go`: what each field does where it stands.
#[test]
fn fields_of_triggers_under_both_readings() {
    let minute = "    rateLimit: {requestsPerUnit: 10, unit: minute}\n";
    let capital = "    rateLimit: {requestsPerUnit: 10, unit: Minute}\n";
    let within = ", rateLimit: {requestsPerUnit: 10, unit: Minute}";
    let zero = "    rateLimit: {unit: Minute}\n";
    let cases: [Case<'_>; 4] = [
        (minute, "", Some(Unit::Minute), Some(Unit::Second), &["rate-limit-unit"]),
        (capital, "", Some(Unit::Minute), Some(Unit::Minute), &[]),
        ("", within, Some(Unit::Minute), None, &["misplaced"]),
        (zero, "", None, None, &["rate-limit-zero"]),
    ];
    for (extra, inner, intended, deployed, expected) in cases {
        let text = one_sensor(extra, inner);
        for (reading, unit) in [(Reading::Intended, intended), (Reading::Deployed, deployed)] {
            let import = imported(&[("s.yaml", &text)], reading);
            let found = limit(&sensor(&import.spec, "s").triggers[0].rate_limit);
            assert_eq!(found.map(|(_, unit)| unit), unit, "{reading:?} of\n{text}");
            assert_eq!(codes(&import), expected, "{reading:?} of\n{text}");
        }
    }
}

#[test]
fn retries_need_at_least_once_when_deployed() {
    let retry = "    retryStrategy: {steps: 3, duration: 10}\n";
    let import = imported(&[("s.yaml", &one_sensor(retry, ""))], Reading::Deployed);
    assert_eq!(sensor(&import.spec, "s").triggers[0].retry, None);
    assert_eq!(codes(&import), ["needs-at-least-once"]);
    let retry = format!("    atLeastOnce: true\n{retry}");
    let import = imported(&[("s.yaml", &one_sensor(&retry, ""))], Reading::Deployed);
    let found = sensor(&import.spec, "s").triggers[0].retry.clone().unwrap();
    assert_eq!((found.steps, found.duration.as_str()), (3, "10ns"));
    assert_eq!(codes(&import), ["integer-duration"]);
}

/// argo-events v1.9.11, `pkg/sensors/policy/resource-labels.go`: polling ends with its backoff, and a timeout
/// is a success unless `errorOnBackoffTimeout`.
#[test]
fn a_policy_waits_as_long_as_its_backoff_lasts_when_deployed() {
    let sensor_of = |policy: &str, action: &str| {
        format!(
            "kind: Sensor\nmetadata: {{name: s}}\nspec:\n  dependencies:\n  - {{name: a, eventSourceName: e, \
             eventName: x}}\n  triggers:\n  - template: {{name: t, {action}}}\n    atLeastOnce: true\n    \
             policy: {policy}\n"
        )
    };
    let workflow = "k8s: {operation: create, source: {resource: {kind: Workflow, metadata: {generateName: \
                    w-}, spec: {workflowTemplateRef: {name: w}}}}}";
    let limited = "{k8s: {labels: {phase: Succeeded}, backoff: {steps: 4, duration: 2s}, \
                   errorOnBackoffTimeout: true}}";
    let text = sensor_of(limited, workflow);
    let import = imported(&[("s.yaml", &text)], Reading::Deployed);
    let policy = sensor(&import.spec, "s").triggers[0].policy.clone().unwrap();
    assert_eq!((policy.steps, policy.duration.as_str()), (4, "2s"));
    assert_eq!(policy.on_timeout, OnTimeoutSpec::Failure);
    assert!(codes(&import).contains(&"policy-timeout"), "{:?}", codes(&import));
    // As intended the trigger waits until the workflow is done.
    let import = imported(&[("s.yaml", &text)], Reading::Intended);
    let trigger = &sensor(&import.spec, "s").triggers[0];
    assert!(matches!(trigger.action, ActionSpec::WorkflowAndWait(_)));
    assert_eq!(trigger.policy, None);
    // Without a backoff: Argo's defaults.
    let text = sensor_of("{k8s: {labels: {phase: Succeeded}}}", workflow);
    let import = imported(&[("s.yaml", &text)], Reading::Deployed);
    let policy = sensor(&import.spec, "s").triggers[0].policy.clone().unwrap();
    assert_eq!((policy.steps, policy.duration.as_str(), policy.jitter), (5, "1s", 1.0));
    assert_eq!(policy.on_timeout, OnTimeoutSpec::Success);
    // Nothing is passed over in silence where there is no workflow to wait for.
    for policy in ["{status: {allow: [200]}}", limited] {
        let import = imported(&[("s.yaml", &sensor_of(policy, "log: {}"))], Reading::Deployed);
        assert_eq!(sensor(&import.spec, "s").triggers[0].policy, None);
        assert_eq!(codes(&import), ["not-modeled"], "{policy}");
    }
}

/// Types of event sources fare differently when a publish fails; a source of the model has one answer.
#[test]
fn an_event_source_of_several_types_is_modeled_after_its_first() {
    let source_of =
        |types: &str| format!("kind: EventSource\nmetadata: {{name: e}}\nspec: {types}\n");
    let mixed = source_of("{webhook: {x: {endpoint: /x}}, amqp: {y: {url: z}}}");
    let import = imported(&[("e.yaml", &mixed)], Reading::Deployed);
    let source = import.spec.stages.iter().find_map(|stage| match stage {
        Stage::EventSource(source) => Some(source),
        _ => None,
    });
    let source = source.expect("the event source");
    // In the order of the types' names.
    assert_eq!((source.route, &source.on_failure), (RouteSpec::Parallel, &Some(OnReject::Drop)));
    assert!(codes(&import).contains(&"mixed-event-source"), "{:?}", codes(&import));
    let alike = source_of("{webhook: {x: {endpoint: /x}}, github: {y: {url: z}}}");
    let import = imported(&[("e.yaml", &alike)], Reading::Deployed);
    assert!(!codes(&import).contains(&"mixed-event-source"), "{:?}", codes(&import));
}

#[test]
fn nothing_is_passed_over_in_silence() {
    let text = "kind: EventSource\nmetadata: {name: e}\nspec:\n  replicas: 2\n  webhook:\n    x:\n      \
                endpoint: /x\n      maxPayloadSize: 3\n---\nkind: Wombat\nspec: {a: 1}\n";
    let found = imported(&[("e.yaml", text)], Reading::Deployed).findings;
    insta::assert_snapshot!(found, @r"
    e.yaml:10:1: warning: `Wombat` has no part in the model: passed over (in `Wombat/unnamed`); expected one of `EventBus`, `EventSource`, `Sensor`, `Workflow`, `WorkflowTemplate`, `ClusterWorkflowTemplate`, `CronWorkflow`, `ConfigMap`, `Namespace`
    ");
}

#[test]
fn rubbish_is_answered() {
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let one = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [one.as_str(); 9].join(", "));
        }
        text
    };
    let deep = "[".repeat(10_000);
    let itself = "kind: WorkflowTemplate\nmetadata: {name: w}\nspec:\n  entrypoint: a\n  templates:\n  - name: a\n    \
                  steps:\n    - - {name: x, template: a}\n      - {name: y, template: a}\n";
    for text in [
        bomb.as_str(),
        &deep,
        "{{ .Values.x }}: {{",
        "\u{0}",
        "a: b: c",
        "- 1\n- 2",
        itself,
        "kind: Sensor",
    ] {
        // No panic, and soon; whether it is an error is told by the parser.
        drop(Model::from_manifests(
            &[("rubbish.yaml", text)],
            Reading::Deployed,
            &Overrides::default(),
        ));
    }
    let errors = import(&[("a.yaml", "a: {{ x }}\n---\nb: [\n")], Reading::Deployed).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors}");
}

/// Manifests of other projects, where they are.
#[test]
fn real_manifests_are_taken_one_by_one_and_all_at_once() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(folder) =
        root.ancestors().map(|it| it.join("shared/manifests")).find(|it| it.is_dir())
    else {
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
    for reading in [Reading::Intended, Reading::Deployed] {
        for file in &all {
            let import = imported(&[*file], reading);
            let has_events = !import.findings.iter().any(|it| it.code == Some("no-source"));
            let model = Model::from_manifests(&[*file], reading, &Overrides::default());
            if has_events && let Err(found) = model {
                panic!("{}: {found}\n{}", file.0, import.ron_text());
            }
        }
        let together = Model::from_manifests(&all, reading, &Overrides::default());
        if let Err(found) = together {
            panic!("all at once: {found}");
        }
    }
}
