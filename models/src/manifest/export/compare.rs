//! In what two models differ, parameter by parameter, as far as it matters: `1m` is `60s`, and `10/min` is ten
//! per minute.
//!
//! Names that manifests do not have, of the other side of a call and of what starts a workflow, are no
//! difference.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::event_source::spec::DEFAULT_EVENT;
use crate::sensor::spec::{ActionSpec, SensorSpec};
use crate::spec::model::{ModelSpec, Stage};
use crate::spec::policy::OnReject;
use crate::spec::quantity::{BytesText, DurationText, RateText};

/// A parameter that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) parameter: String,
    /// What the model wants; null if it has no such parameter.
    pub(super) wanted: Value,
    /// What there is.
    pub(super) found: Value,
}

/// What is compared as a whole.
const WHOLE: [&str; 17] = [
    "action",
    "algorithm",
    "arrivals",
    "backoff",
    "client",
    "closed_loop",
    "drain",
    "faults",
    "latency",
    "on_failure",
    "on_reject",
    "over",
    "patience",
    "payload",
    "pod_start",
    "processing",
    "service",
];

/// What every run is about, and no manifest.
const OF_THE_RUN: [&str; 5] = ["horizon", "seed", "warm_up", "in_flight_max", "faults"];

pub(super) fn differences(wanted: &ModelSpec, found: &ModelSpec) -> Vec<Difference> {
    let renamed = renamed(wanted, found);
    let (wanted_stages, found_stages) = (stages(wanted), stages(&renamed));
    let mut all = Vec::new();
    for (name, value) in &wanted_stages {
        match found_stages.iter().find(|(other, _)| other == name) {
            Some((_, other)) if kind(value) == kind(other) => {
                compare(name, "", inner(value), inner(other), &mut all);
            }
            _ => all.push(Difference {
                parameter: name.clone(),
                wanted: value.clone(),
                found: Value::Null,
            }),
        }
    }
    for (name, value) in &found_stages {
        if !wanted_stages.iter().any(|(other, _)| other == name) {
            let (wanted, found) = (Value::Null, value.clone());
            all.push(Difference { parameter: name.clone(), wanted, found });
        }
    }
    let [wanted, found] =
        [wanted, &renamed].map(|spec| serde_json::to_value(spec).expect("plain data"));
    for field in ["config_maps"].iter().chain(&OF_THE_RUN) {
        compare(field, field, &wanted[field], &found[field], &mut all);
    }
    all
}

/// The found model, with the names that the wanted one has for what manifests do not name.
fn renamed(wanted: &ModelSpec, found: &ModelSpec) -> ModelSpec {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let sensors = |spec: &ModelSpec| -> Vec<SensorSpec> {
        let own = spec.stages.iter().filter_map(|stage| match stage {
            Stage::Sensor(sensor) => Some(sensor.clone()),
            _ => None,
        });
        own.collect()
    };
    let others = sensors(found);
    for sensor in sensors(wanted) {
        let Some(other) = others.iter().find(|other| other.name == sensor.name) else { continue };
        for (own, theirs) in sensor.triggers.iter().zip(&other.triggers) {
            note(&mut names, &own.action, &theirs.action);
            if let (Some(own), Some(theirs)) = (&own.dead_letter, &theirs.dead_letter) {
                note(&mut names, &own.action, &theirs.action);
            }
        }
    }
    for stage in &wanted.stages {
        let Stage::EventSource(own) = stage else { continue };
        let is_template = !wanted.stages.iter().any(|stage| stage.name() == own.to);
        let same = found.stages.iter().find_map(|stage| match stage {
            Stage::EventSource(source) if source.to == own.to => Some(source.name.clone()),
            _ => None,
        });
        if let Some(name) = same.filter(|name| is_template && *name != own.name) {
            names.entry(name).or_insert_with(|| own.name.clone());
        }
    }
    names.retain(|from, to| from != to);
    let mut spec = found.clone();
    for stage in &mut spec.stages {
        let name = match stage {
            Stage::EventSource(stage) => &mut stage.name,
            Stage::EventBus(stage) => &mut stage.name,
            Stage::Sensor(stage) => &mut stage.name,
            Stage::Workflow(stage) => &mut stage.name,
            Stage::Station(stage) => &mut stage.name,
            Stage::Store(stage) => &mut stage.name,
        };
        if let Some(new) = names.get(name) {
            name.clone_from(new);
        }
        let Stage::Sensor(sensor) = stage else { continue };
        for trigger in &mut sensor.triggers {
            rename(&mut trigger.action, &names);
            if let Some(dead) = &mut trigger.dead_letter {
                rename(&mut dead.action, &names);
            }
        }
    }
    spec
}

fn note(names: &mut BTreeMap<String, String>, own: &ActionSpec, theirs: &ActionSpec) {
    if let (ActionSpec::Http(own), ActionSpec::Http(theirs))
    | (ActionSpec::Store(own), ActionSpec::Store(theirs)) = (own, theirs)
    {
        names.entry(theirs.clone()).or_insert_with(|| own.clone());
    }
}

fn rename(action: &mut ActionSpec, names: &BTreeMap<String, String>) {
    if let ActionSpec::Http(name) | ActionSpec::Store(name) = action
        && let Some(new) = names.get(name)
    {
        name.clone_from(new);
    }
}

/// The stages, with what means the same said in the same way.
fn stages(spec: &ModelSpec) -> Vec<(String, Value)> {
    let all = spec.stages.iter().map(|stage| {
        let mut stage = stage.clone();
        match &mut stage {
            Stage::EventSource(source) => {
                if source.on_failure.is_none() && !is_answered(spec, &source.to) {
                    source.on_failure = Some(OnReject::Drop);
                }
                if source.events.is_empty() {
                    source.events.push(crate::manifest::event_source::event_name(DEFAULT_EVENT));
                }
            }
            Stage::Sensor(sensor) => {
                for dependency in &mut sensor.dependencies {
                    if dependency.event.is_none() {
                        dependency.event = Some(first_event(spec, &dependency.source));
                    }
                }
            }
            Stage::Workflow(workflow) => {
                for template in &mut workflow.templates {
                    template.dag.iter_mut().for_each(|task| task.depends.sort());
                }
            }
            _ => {}
        }
        let name = stage.name().to_owned();
        (name, serde_json::to_value(stage).expect("a spec is plain data"))
    });
    all.collect()
}

/// Whether the stage of that name says itself what becomes of what it refuses.
fn is_answered(spec: &ModelSpec, name: &str) -> bool {
    spec.stages.iter().any(|stage| match stage {
        Stage::EventBus(bus) if bus.name == name => bus.on_reject.is_some(),
        _ => false,
    })
}

fn first_event(spec: &ModelSpec, source: &str) -> String {
    let found = spec.stages.iter().find_map(|stage| match stage {
        Stage::EventSource(own) if own.name == source => own.events.first(),
        _ => None,
    });
    found.map_or(DEFAULT_EVENT, |event| event.name.as_str()).to_owned()
}

fn kind(stage: &Value) -> Option<&String> {
    stage.as_object()?.keys().next()
}

fn inner(stage: &Value) -> &Value {
    stage.as_object().and_then(|it| it.values().next()).unwrap_or(&Value::Null)
}

fn compare(path: &str, field: &str, wanted: &Value, found: &Value, all: &mut Vec<Difference>) {
    if equal(wanted, found) {
        return;
    }
    let mut differs = |parameter: String, wanted: &Value, found: &Value| {
        all.push(Difference { parameter, wanted: wanted.clone(), found: found.clone() });
    };
    match (wanted, found) {
        _ if WHOLE.contains(&field) => differs(path.to_owned(), wanted, found),
        (Value::Object(own), Value::Object(theirs)) if field == "rate_limit" => {
            if !same_rate(own, theirs) {
                differs(path.to_owned(), wanted, found);
            }
            let own_algorithm = algorithm(path, own);
            let their_algorithm = algorithm(path, theirs);
            if !equal(&own_algorithm, &their_algorithm) {
                differs(format!("{path}.algorithm"), &own_algorithm, &their_algorithm);
            }
            if !equal(&wanted["over"], &found["over"]) {
                differs(format!("{path}.over"), &wanted["over"], &found["over"]);
            }
        }
        (Value::Object(own), Value::Object(theirs)) => {
            let names: BTreeSet<&String> = own.keys().chain(theirs.keys()).collect();
            for name in names {
                let get = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                compare(&format!("{path}.{name}"), name, &get(own), &get(theirs), all);
            }
        }
        (Value::Array(own), Value::Array(theirs)) if field == "templates" => {
            let named = |items: &[Value], name: &Value| {
                items.iter().find(|item| item["name"] == *name).cloned().unwrap_or_default()
            };
            for (index, item) in own.iter().enumerate() {
                let other = named(theirs, &item["name"]);
                compare(&format!("{path}[{index}]"), "", item, &other, all);
            }
            for item in theirs.iter().filter(|item| named(own, &item["name"]).is_null()) {
                let parameter = format!("{path}, `{}`", item["name"].as_str().unwrap_or_default());
                all.push(Difference { parameter, wanted: Value::Null, found: item.clone() });
            }
        }
        (Value::Array(own), Value::Array(theirs)) => {
            for index in 0..own.len().max(theirs.len()) {
                let get = |items: &[Value]| items.get(index).cloned().unwrap_or_default();
                compare(&format!("{path}[{index}]"), "", &get(own), &get(theirs), all);
            }
        }
        _ => differs(path.to_owned(), wanted, found),
    }
}

/// Whether two values mean the same.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one == other || same_quantity(one, other),
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let within = |one: &Map<String, Value>, other: &Map<String, Value>| {
                one.iter()
                    .all(|(name, value)| equal(value, other.get(name).unwrap_or(&Value::Null)))
            };
            within(one, other) && within(other, one)
        }
        (one, other) => one == other,
    }
}

fn same_quantity(one: &str, other: &str) -> bool {
    let duration = |text: &str| DurationText::from(text).parse().ok();
    let bytes = |text: &str| BytesText::from(text).parse().ok();
    let rate = |text: &str| RateText::from(text).parse().ok().map(|rate| rate.per_s());
    (duration(one).is_some() && duration(one) == duration(other))
        || (bytes(one).is_some() && bytes(one) == bytes(other))
        || (rate(one).is_some() && rate(one) == rate(other))
}

fn same_rate(own: &Map<String, Value>, theirs: &Map<String, Value>) -> bool {
    let per_s = |limit: &Map<String, Value>| {
        if let Some(rate) = limit.get("rate").and_then(Value::as_str) {
            return RateText::from(rate).parse().ok().map(|rate| rate.per_s());
        }
        let count = limit.get("requests_per_unit")?.as_f64()?;
        let seconds = match limit.get("unit")?.as_str()? {
            "Second" => 1.0,
            "Minute" => 60.0,
            _ => 3_600.0,
        };
        Some(count / seconds)
    };
    match (per_s(own), per_s(theirs)) {
        (Some(own), Some(theirs)) => (own - theirs).abs() <= 1e-9 * own,
        _ => false,
    }
}

/// The algorithm of a limit; that of its place where none is stated.
fn algorithm(path: &str, limit: &Map<String, Value>) -> Value {
    match limit.get("algorithm").filter(|it| !it.is_null()) {
        Some(algorithm) => algorithm.clone(),
        None if path.contains(".triggers[") => json!({"LeakyBucket": {"slack": 10}}),
        None => json!({"LeakyBucket": {"slack": 0}}),
    }
}
