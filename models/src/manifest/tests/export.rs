//! Models written as manifests, and limits put into manifests that there are.

use std::path::Path;

use super::super::export::{Export, LeftOut, export, onto};
use super::*;

/// The model again, through manifests.
fn again(export: &Export, versions: Versions) -> Import {
    let files: Vec<(&str, &str)> =
        export.documents.iter().map(|it| (it.file.as_str(), it.text.as_str())).collect();
    let manifests = Manifests::read(&files);
    assert!(!manifests.problems().has_errors(), "{}\n{}", manifests.problems(), export.yaml());
    let options = ImportOptions { versions, ..ImportOptions::new(Reading::Deployed) };
    let import = import_from(&manifests, &options);
    assert!(!import.findings.has_errors(), "{}\n{}", import.findings, export.yaml());
    let odd: Vec<_> =
        import.findings.iter().filter(|it| it.code == Some("unused-comment")).collect();
    assert!(odd.is_empty(), "{odd:?}\n{}", export.yaml());
    for entry in &import.entries {
        assert!(!matches!(entry.became, Became::Unknown { .. }), "{entry:?}\n{}", export.yaml());
    }
    import
}

/// What is written of a model, after a way through manifests, is the same text, and nothing more is left out.
fn round_trip(files: &[(&str, &str)]) -> Export {
    let versions = Versions::default();
    let manifests = Manifests::read(files);
    let import = import_from(&manifests, &ImportOptions::new(Reading::Deployed));
    let first = export(&import.spec, versions);
    let second = export(&again(&first, versions).spec, versions);
    let (one, two) = (first.yaml(), second.yaml());
    let diff = similar::TextDiff::from_lines(&one, &two);
    assert!(one == two, "{}", diff.unified_diff());
    assert!(second.left_out.is_empty(), "{:#?}", second.left_out);
    first
}

fn told(left_out: &[LeftOut]) -> String {
    left_out.iter().map(|it| format!("{}: {}\n", it.parameter, it.why)).collect()
}

#[test]
fn the_reference_comes_back() {
    let export = round_trip(REFERENCE);
    assert_eq!(told(&export.left_out), "");
    insta::assert_snapshot!(export.yaml());
}

#[test]
fn every_field_that_is_written_comes_back() {
    let export = round_trip(&[("f.yaml", include_str!("export.yaml"))]);
    assert_eq!(told(&export.left_out), "");
    insta::assert_snapshot!(export.yaml());
}

#[test]
fn what_the_real_system_cannot_do_is_told() {
    let mut import = imported(REFERENCE, Reading::Intended);
    for stage in &mut import.spec.stages {
        match stage {
            Stage::EventBus(bus) => bus.on_reject = Some(OnReject::Drop),
            Stage::Station(station) => station.queue.max_msgs = Some(10),
            _ => {}
        }
    }
    let export = export(&import.spec, Versions::default());
    insta::assert_snapshot!(told(&export.left_out));
    // What is written, and what is told to be left out, is all there is.
    again(&export, Versions::default());
}

#[test]
fn presets_are_written_or_told() {
    for preset in crate::presets::PRESETS {
        let spec = ron_text::parse::<ModelSpec>(preset.name, preset.text).unwrap().0;
        let export = export(&spec, Versions::default());
        again(&export, Versions::default());
        assert!(export.left_out.iter().all(|it| !it.why.is_empty()), "{}", preset.name);
    }
}

/// The manifests of real projects, where somebody has them.
fn shared() -> Vec<(String, Vec<(String, String)>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/manifests");
    let Ok(entries) = std::fs::read_dir(&root) else { return Vec::new() };
    let mut projects = Vec::new();
    for entry in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let mut files = Vec::new();
        gather(&entry.path(), &mut files);
        files.sort();
        projects.push((entry.file_name().to_string_lossy().into_owned(), files));
    }
    projects.sort();
    projects
}

fn gather(folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml")
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            files.push((path.display().to_string(), text));
        }
    }
}

#[test]
fn real_projects_come_back() {
    for (name, files) in shared() {
        println!("{name}");
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let import = import_from(&Manifests::read(&files), &ImportOptions::new(Reading::Deployed));
        if import.spec.stages.is_empty() {
            continue;
        }
        let export = round_trip(&files);
        println!("{}", told(&export.left_out));
    }
}

#[test]
fn real_projects_are_patched_to_what_they_mean() {
    for (name, files) in shared() {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let manifests = Manifests::read(&files);
        let intended = import_from(&manifests, &ImportOptions::new(Reading::Intended));
        let onto = onto(&manifests, &intended.spec, Versions::default());
        println!("{name}\n{}\n{}", onto.patch(), told(&onto.left_out));
    }
}

#[test]
fn the_reference_is_patched_to_what_it_means() {
    let manifests = Manifests::read(REFERENCE);
    let intended = import_from(&manifests, &ImportOptions::new(Reading::Intended));
    let onto = onto(&manifests, &intended.spec, Versions::default());
    insta::assert_snapshot!(format!("{}\n{}", onto.patch(), told(&onto.left_out)));
    let patched = patched(REFERENCE, &onto);
    let texts: Vec<(&str, &str)> =
        patched.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let deployed = imported(&texts, Reading::Deployed);
    let bus = deployed.spec.stages.iter().find_map(|stage| match stage {
        Stage::EventBus(bus) => Some(bus),
        _ => None,
    });
    let bus = bus.unwrap();
    assert_eq!(bus.max_msgs, Some(100_000));
    assert_eq!(bus.max_bytes.as_ref().unwrap().parse().unwrap().as_u64(), 1 << 30);
    assert_eq!(
        (bus.discard, bus.retention),
        (DiscardSpec::New, crate::event_bus::spec::RetentionSpec::Interest)
    );
    let trigger = &sensor(&deployed.spec, "order-sensor").triggers[0];
    let limit = trigger.rate_limit.as_ref().unwrap();
    assert_eq!((limit.requests_per_unit, limit.unit), (Some(10), Some(Unit::Minute)));
    assert_eq!(trigger.delivery, DeliverySpec::AtLeastOnce);
    // All comments are still there, in their order.
    for ((_, old), (_, new)) in REFERENCE.iter().zip(&patched) {
        let comments = |text: &str| -> Vec<String> {
            text.lines()
                .filter(|line| line.trim_start().starts_with('#'))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(comments(old), comments(new));
    }
}

/// The files with what has changed.
fn patched(files: &[(&str, &str)], onto: &super::super::export::Onto) -> Vec<(String, String)> {
    let text = |name: &str, old: &str| {
        let new = onto.files.iter().find(|file| file.name == name);
        new.map_or_else(|| old.to_owned(), |file| file.new.clone())
    };
    files.iter().map(|(name, old)| ((*name).to_owned(), text(name, old))).collect()
}

/// The file after the limits of the deployed model, changed by `change`, were put into it.
fn put(text: &str, change: impl FnOnce(&mut ModelSpec)) -> (String, String) {
    let manifests = Manifests::read(&[("f.yaml", text)]);
    let mut spec = import_from(&manifests, &ImportOptions::new(Reading::Deployed)).spec;
    change(&mut spec);
    let onto = onto(&manifests, &spec, Versions::default());
    let new = onto.files.first().map_or_else(|| text.to_owned(), |file| file.new.clone());
    (new, told(&onto.left_out))
}

const BUS: &str =
    "kind: EventBus\nmetadata: {name: default}\nspec:\n  jetstream:\n    version: latest # so\n";

fn bus(spec: &mut ModelSpec) -> &mut EventBusSpec {
    let found = spec.stages.iter_mut().find_map(|stage| match stage {
        Stage::EventBus(bus) => Some(bus),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn limits_are_edited_where_they_stand_or_added() {
    let set = |spec: &mut ModelSpec| {
        bus(spec).max_msgs = Some(7);
        bus(spec).max_age = Some("1d".into());
    };
    let added = format!("{BUS}    streamConfig: |\n      maxAge: 24h\n      maxMsgs: 7\n");
    assert_eq!(put(BUS, set), (added.clone(), String::new()));
    let there = added.replace("24h", "1h # short").replace('7', "9");
    let (new, left_out) = put(&there, set);
    assert_eq!((new, left_out), (added.replace("24h", "24h # short"), String::new()));
    // Line ends stay as they are, and so does a file without the last.
    let windows = there.replace('\n', "\r\n");
    let (new, _) = put(windows.trim_end(), set);
    assert_eq!(new, added.replace("24h", "24h # short").replace('\n', "\r\n").trim_end());
    let flow = "kind: EventBus\nmetadata: {name: default}\nspec: {jetstream: {version: latest}}\n";
    let (new, left_out) = put(flow, set);
    assert_eq!(new, flow);
    assert!(
        left_out.contains("default.max_msgs: it could not be put where it belongs"),
        "{left_out}"
    );
}

#[test]
fn a_limit_that_cannot_be_is_told() {
    let (new, left_out) = put(BUS, |spec| bus(spec).max_consumers = Some(3));
    assert_eq!(new, BUS);
    assert!(
        left_out.starts_with("default.max_consumers: argo-events does not set it"),
        "{left_out}"
    );
}

const SENSOR: &str = "kind: Sensor
metadata: {name: s}
spec:
  dependencies:
  - {name: d, eventSourceName: e, eventName: x}
  triggers:
  # the first
  - template:
      name: t
      log: {}
    rateLimit: {requestsPerUnit: 5, unit: Second}
  - template: {name: u, log: {}}
";

#[test]
fn limits_of_triggers_are_edited_where_they_stand_or_added() {
    let (new, left_out) = put(SENSOR, |spec| {
        let sensor = spec.stages.iter_mut().find_map(|stage| match stage {
            Stage::Sensor(sensor) => Some(sensor),
            _ => None,
        });
        for trigger in &mut sensor.unwrap().triggers {
            trigger.delivery = DeliverySpec::AtLeastOnce;
            trigger.rate_limit = Some(RateLimitSpec {
                rate: Some("10/min".into()),
                requests_per_unit: None,
                unit: None,
                algorithm: None,
                over: Default::default(),
            });
        }
    });
    assert_eq!(left_out, "");
    insta::assert_snapshot!(new);
}
