//! Tests of the importer, by kind; here what they share, and what is about whole folders of manifests.

mod assume;
mod controller;
mod cron;
mod difference;
mod event_bus;
mod event_source;
mod export;
mod limits;
mod locks;
mod names;
mod sensor;
mod templated;
mod workflow;

use super::account::{Became, Entry as Told};
use super::*;
use crate::event_bus::spec::EventBusSpec;
use crate::event_source::spec::EventSourceSpec;
use crate::presets::Preset;
use crate::sensor::spec::{ActionSpec, DeliverySpec, SensorSpec};
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

/// The import of one text.
fn of(text: &str, reading: Reading) -> Import {
    imported(&[("f.yaml", text)], reading)
}

/// The import of one text, with everything as in `options`.
fn with(text: &str, options: &ImportOptions<'_>) -> Import {
    let manifests = Manifests::read(&[("f.yaml", text)]);
    assert!(!manifests.problems().has_errors(), "{}", manifests.problems());
    import_from(&manifests, options)
}

fn deployed_by(argo_events: Version) -> ImportOptions<'static> {
    let versions = Versions { argo_events, ..Versions::default() };
    ImportOptions { versions, ..ImportOptions::new(Reading::Deployed) }
}

fn sources(spec: &ModelSpec) -> Vec<&EventSourceSpec> {
    let sources = spec.stages.iter().filter_map(|stage| match stage {
        Stage::EventSource(source) => Some(source),
        _ => None,
    });
    sources.collect()
}

fn bus(spec: &ModelSpec) -> &EventBusSpec {
    let found = spec.stages.iter().find_map(|stage| match stage {
        Stage::EventBus(bus) => Some(bus),
        _ => None,
    });
    found.expect("a bus")
}

/// The account in short: `field -> what became of it`.
fn account(import: &Import) -> String {
    let line = |entry: &Told| {
        let became = match &entry.became {
            Became::Taken { parameter, value } => format!("{parameter} = {value}"),
            Became::NotModeled { why } => format!("({why})"),
            Became::Unknown { nearest: Some(nearest) } => format!("?? {nearest}"),
            Became::Unknown { nearest: None } => "??".to_owned(),
        };
        format!("{}:{} {} -> {became}", entry.location.line, entry.location.column, entry.field)
    };
    import.entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The fields that nobody knows.
fn unknown(import: &Import) -> Vec<String> {
    let unknown = import.entries.iter().filter(|it| matches!(it.became, Became::Unknown { .. }));
    unknown.map(|entry| format!("{} {}", entry.object, entry.field)).collect()
}

/// What was assumed for a parameter.
fn assumed<'i>(import: &'i Import, parameter: &str) -> &'i Assumption {
    let found = import.assumptions.iter().find(|it| it.subject == parameter);
    found.unwrap_or_else(|| panic!("nothing is assumed for {parameter}: {:#?}", import.assumptions))
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
    assert_eq!(codes(&import), [""; 0]);
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
    assert_eq!(codes(&import), [""; 0]);
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
    let errors =
        import(&[("a.yaml", "a: {{ x }}: b\n---\nb: [\n")], Reading::Deployed).unwrap_err();
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
