//! In what two imports of the same manifests differ: what their author believes against what the deployed
//! controllers do.
//!
//! The models are compared parameter by parameter, so that no difference is missed; the account says where
//! in the manifests each is written.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Import;
use super::account::{Became, Entry};
use crate::diagnostic::Location;
use crate::spec::model::Stage;

/// A parameter that the two readings give different values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The parameter, as for `--set`: `order-sensor.triggers[0].rate_limit`.
    pub parameter: String,
    /// Its value as intended; none if the model of that reading has no such parameter, or no limit there.
    pub intended: Option<String>,
    /// Its value as deployed; likewise.
    pub deployed: Option<String>,
    /// Where it is written, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The object that has it: `Sensor/orders`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The field of the object: `spec.rateLimit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What it is about.
    pub topic: Topic,
}

/// What a parameter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// How often something may happen.
    RateLimit,
    /// What may catch up after a pause.
    Burst,
    /// How much a bus keeps.
    BusLimit,
    /// What a full bus does, or an ack.
    BusPolicy,
    /// When a trigger acks.
    Delivery,
    /// Calls to the Kubernetes API.
    Client,
    /// What becomes of what could not be published.
    Failure,
    /// What a trigger tries again.
    Retry,
    /// What becomes of what failed in the end.
    DeadLetter,
    /// How long a trigger waits for a workflow.
    Policy,
    /// Semaphores and mutexes.
    Lock,
    /// How the workflow controller works.
    Controller,
    /// When events come, and how.
    Source,
    /// A stage that one of the models has not.
    Stage,
    /// Anything else.
    Other,
}

/// In what the two imports differ, in the order of the models.
#[must_use]
pub fn differences(intended: &Import, deployed: &Import) -> Vec<Difference> {
    let (before, after) = (Parameters::of(intended), Parameters::of(deployed));
    let places = Places::of(intended, deployed);
    let known: BTreeSet<&str> = before.order.iter().map(String::as_str).collect();
    let added = after.order.iter().filter(|parameter| !known.contains(parameter.as_str()));
    let mut found = Vec::new();
    for parameter in before.order.iter().chain(added) {
        let [intended, deployed] = [&before, &after].map(|it| it.values.get(parameter).cloned());
        let (intended, deployed) = (intended.flatten(), deployed.flatten());
        if intended == deployed {
            continue;
        }
        // Of a stage that is missing on one side only that is told.
        let stage = before.stage_of(parameter).or_else(|| after.stage_of(parameter));
        let is_whole = stage == Some(parameter.as_str());
        let is_missing = stage.is_some_and(|stage| {
            !before.values.contains_key(stage) || !after.values.contains_key(stage)
        });
        if is_missing && !is_whole {
            continue;
        }
        // Nobody asks how what is not limited may catch up.
        if let Some(limit) = parameter.strip_suffix(".algorithm")
            && [&before, &after].iter().any(|it| it.values.get(limit).is_none_or(Option::is_none))
        {
            continue;
        }
        let entry = places.find(parameter);
        found.push(Difference {
            parameter: parameter.clone(),
            intended,
            deployed,
            location: entry.map(|entry| entry.location.clone()),
            object: entry.map(|entry| entry.object.clone()),
            field: entry.map(|entry| entry.field.clone()),
            topic: topic(parameter, is_whole),
        });
    }
    found
}

impl Difference {
    /// The difference in plain words: `you believe 10/min; it does 10/s`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { intended, deployed, topic, .. } = self;
        let said = |value: &Option<String>, none: &str| value.clone().unwrap_or(none.to_owned());
        let or = |none: &str| (said(intended, none), said(deployed, none));
        match topic {
            Topic::RateLimit => match (intended, deployed) {
                (Some(intended), None) => {
                    format!("you believe {intended}; it does as many as come")
                }
                _ => {
                    let (intended, deployed) = or("in no limit");
                    format!("you believe {intended}; it does {deployed}")
                }
            },
            Topic::Burst => {
                let (intended, deployed) = or("as many as come");
                format!("you believe in {intended}; it lets through {deployed}")
            }
            Topic::BusLimit => match (intended, deployed) {
                (Some(intended), None) => {
                    format!("you believe in at most {intended}; there is no limit")
                }
                (None, Some(deployed)) => format!("you believe in no limit; it is {deployed}"),
                _ => {
                    let (intended, deployed) = or("");
                    format!("you believe in at most {intended}; it is {deployed}")
                }
            },
            Topic::BusPolicy | Topic::Failure | Topic::Delivery => {
                let (intended, deployed) = or("nothing of the kind");
                format!("you believe {intended}; in truth {deployed}")
            }
            Topic::Client => {
                let (intended, deployed) = or("any number of API calls");
                format!("you believe in {intended}; it makes {deployed}")
            }
            Topic::DeadLetter => {
                let (intended, deployed) = or("nothing");
                format!("you believe in {intended} for what failed in the end; it does {deployed}")
            }
            Topic::Retry => {
                let (intended, deployed) = or("nothing after the first attempt");
                format!("you believe in {intended}; it does {deployed}")
            }
            Topic::Policy => {
                let (intended, deployed) = or("as long as it takes");
                format!("you believe it waits {intended}; it waits {deployed}")
            }
            Topic::Lock => {
                let (intended, deployed) = or("nobody");
                format!("you believe it waits for {intended}; it waits for {deployed}")
            }
            Topic::Controller => {
                let (intended, deployed) = or("nothing of the kind");
                format!("you believe in {intended}; it is {deployed}")
            }
            Topic::Stage => match (intended, deployed) {
                (Some(kind), _) => format!("there is {kind} of that name only as you believe"),
                (_, kind) => {
                    let kind = said(kind, "a stage");
                    format!("there is {kind} of that name that you do not know of")
                }
            },
            Topic::Source | Topic::Other => {
                let (intended, deployed) = or("nothing of the kind");
                format!("you believe in {intended}; it has {deployed}")
            }
        }
    }
}

/// The values of all parameters of a model, in order.
struct Parameters {
    order: Vec<String>,
    /// `None`: there is such a field, and it is empty.
    values: BTreeMap<String, Option<String>>,
    stages: BTreeSet<String>,
}

impl Parameters {
    fn of(import: &Import) -> Self {
        let mut all = Self { order: Vec::new(), values: BTreeMap::new(), stages: BTreeSet::new() };
        for stage in &import.spec.stages {
            let name = stage.name().to_owned();
            all.stages.insert(name.clone());
            let kind = match stage {
                Stage::EventSource(_) => "an event source",
                Stage::EventBus(_) => "an event bus",
                Stage::Sensor(_) => "a sensor",
                Stage::Workflow(_) => "a workflow controller",
                Stage::Station(_) => "the other side of a call",
                Stage::Store(_) => "a store",
            };
            all.push(name.clone(), Some(kind.to_owned()));
            let value = serde_json::to_value(stage).expect("a spec is plain data");
            // A stage is its kind with its fields.
            let fields = value.as_object().and_then(|it| it.values().next());
            all.walk(&name, fields.unwrap_or(&Value::Null));
        }
        for (map, keys) in &import.spec.config_maps {
            for (key, value) in keys {
                all.push(format!("config_maps.{map}.{key}"), Some(value.clone()));
            }
        }
        all
    }

    fn push(&mut self, parameter: String, value: Option<String>) {
        self.order.push(parameter.clone());
        self.values.insert(parameter, value);
    }

    fn walk(&mut self, path: &str, value: &Value) {
        let field = path.rsplit('.').next().unwrap_or(path);
        let field = field.split('[').next().unwrap_or(field);
        if field == "name" {
            return;
        }
        if let Some(told) = told(field, value) {
            return self.push(path.to_owned(), told);
        }
        match value {
            Value::Object(fields) => {
                if field == "rate_limit" {
                    let slack = Some(slack(fields.get("algorithm")));
                    self.push(path.to_owned(), rate(fields));
                    self.push(format!("{path}.algorithm"), slack);
                    return;
                }
                for (name, value) in fields {
                    self.walk(&format!("{path}.{name}"), value);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.walk(&format!("{path}[{index}]"), item);
                }
            }
            Value::Null => self.push(path.to_owned(), None),
            scalar => self.push(path.to_owned(), Some(text(scalar))),
        }
    }

    /// The stage that has a parameter.
    fn stage_of<'p>(&self, parameter: &'p str) -> Option<&'p str> {
        let ends = parameter.match_indices(['.', '[']).map(|(at, _)| at);
        let ends = ends.chain([parameter.len()]);
        ends.map(|end| &parameter[..end]).find(|head| self.stages.contains(*head))
    }
}

fn text(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `10/min`, from either form.
fn rate(limit: &serde_json::Map<String, Value>) -> Option<String> {
    let get = |field: &str| limit.get(field).filter(|value| !value.is_null());
    if let Some(rate) = get("rate") {
        return Some(text(rate));
    }
    let unit = match get("unit")?.as_str()? {
        "Second" => "s",
        "Minute" => "min",
        _ => "h",
    };
    Some(format!("{}/{unit}", get("requests_per_unit")?))
}

/// What an algorithm lets through after a pause; Argo's own unless stated.
fn slack(algorithm: Option<&Value>) -> String {
    let bucket = algorithm.and_then(|it| it.get("LeakyBucket"));
    match bucket.and_then(|it| it.get("slack")).and_then(Value::as_u64) {
        Some(0) => "evenly spaced calls".to_owned(),
        Some(slack) => format!("up to {} at once after a pause", slack + 1),
        None => "up to 11 at once after a pause".to_owned(),
    }
}

/// What is told of as a whole, in words: `None` for whatever has parts to be looked at.
fn told(field: &str, value: &Value) -> Option<Option<String>> {
    if value.is_null() {
        return None;
    }
    let words = |text: &str| Some(Some(text.to_owned()));
    match (field, value) {
        ("delivery", Value::String(mode)) if mode == "AtLeastOnce" => {
            words("events wait in the bus, and are acked when the trigger is done")
        }
        ("delivery", _) => words(
            "events are acked at once and wait in the sensor's memory, where a restart loses them",
        ),
        ("client", Value::String(_)) => Some(None),
        ("client", limited) => {
            let of = |field: &str| limited.get("Limited").and_then(|it| it.get(field));
            let (qps, burst) = (of("qps")?.as_f64()?, of("burst")?.as_u64()?);
            Some(Some(format!("{qps} calls a second, {burst} at once after a pause")))
        }
        ("on_failure", answer) => Some(Some(answer_in_words(answer))),
        ("action", action) => Some(Some(action_in_words(action))),
        ("discard", Value::String(what)) if what == "New" => {
            words("a full bus refuses new messages")
        }
        ("discard", _) => words("a full bus throws the oldest messages away, and tells nobody"),
        ("retention", Value::String(what)) => match what.as_str() {
            "Limits" => words("acked messages stay and count"),
            "Interest" => words("acked messages make room"),
            _ => words("acked messages make room, one consumer each"),
        },
        ("realism", Value::String(what)) if what == "Ideal" => {
            words("a controller that acts at once")
        }
        ("realism", _) => words("one that looks again after 10s, and waits for its API calls"),
        ("route", Value::String(what)) if what == "Serial" => words("one event after the other"),
        ("route", _) => words("events side by side"),
        ("max_msgs", Value::Number(number)) => {
            Some(Some(format!("{} messages", grouped(number.as_u64()?))))
        }
        ("max_consumers", Value::Number(number)) => {
            Some(Some(format!("{} consumers", grouped(number.as_u64()?))))
        }
        ("max_bytes" | "max_msg_size" | "max_payload", size) => {
            let size = crate::spec::quantity::BytesText::from(text(size).as_str());
            Some(Some(size.parse().map_or_else(|_| size.to_string(), |bytes| bytes.to_string())))
        }
        ("arrivals", arrivals) => Some(Some(arrivals_in_words(arrivals))),
        ("retry", retry) => Some(Some(attempts(retry))),
        ("dead_letter", dead) => {
            let action = dead.get("action").map(action_in_words).unwrap_or_default();
            Some(Some(action))
        }
        ("policy", policy) => {
            let counts = policy.get("on_timeout").map(text).unwrap_or_default();
            Some(Some(format!(
                "through {}, and then counts it as a {}",
                attempts(policy).replace("attempts", "looks"),
                counts.to_lowercase()
            )))
        }
        ("semaphores" | "mutexes", Value::Array(locks)) if locks.is_empty() => Some(None),
        ("semaphores", Value::Array(locks)) => {
            let name = |lock: &Value| {
                let of = |field: &str| lock.get(field).map(text).unwrap_or_default();
                format!("{}/{}", of("config_map"), of("key"))
            };
            let names: Vec<String> = locks.iter().map(name).collect();
            Some(Some(format!("the semaphore {}", names.join(" and "))))
        }
        ("mutexes", Value::Array(locks)) => {
            let names: Vec<String> = locks.iter().map(text).collect();
            Some(Some(format!("the mutex {}", names.join(" and "))))
        }
        _ => None,
    }
}

/// `3 attempts, 10s apart`.
fn attempts(backoff: &Value) -> String {
    let of = |field: &str| backoff.get(field).map(text).unwrap_or_default();
    let grows = backoff.get("factor").and_then(Value::as_f64).is_some_and(|it| it > 1.0);
    let more = if grows { " and more" } else { "" };
    format!("{} attempts, {}{more} apart", of("steps"), of("duration"))
}

fn arrivals_in_words(arrivals: &Value) -> String {
    let of = |kind: &str, field: &str| arrivals.get(kind)?.get(field).map(text);
    match (of("Poisson", "rate"), of("Periodic", "every")) {
        (Some(rate), _) => format!("{rate} at random"),
        (None, Some(every)) => format!("one every {every}"),
        (None, None) => arrivals.to_string(),
    }
}

fn answer_in_words(answer: &Value) -> String {
    if let Some(nack) = answer.get("Nack") {
        let after = nack.get("after").map(text).unwrap_or_default();
        return format!("what could not be published comes again after {after}");
    }
    match answer.get("Store") {
        Some(store) => format!("what could not be published is put into `{}`", text(store)),
        None => "what could not be published is lost".to_owned(),
    }
}

fn action_in_words(action: &Value) -> String {
    let Some((kind, target)) = action.as_object().and_then(|it| it.iter().next()) else {
        return "a line in the log".to_owned();
    };
    let target = text(target);
    match kind.as_str() {
        "Workflow" => format!("submitting a workflow of `{target}`"),
        "WorkflowAndWait" => format!("submitting a workflow of `{target}` and waiting for it"),
        "Http" => format!("calling `{target}`"),
        _ => format!("creating an object in `{target}`"),
    }
}

/// `100,000`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn topic(parameter: &str, is_whole: bool) -> Topic {
    if is_whole {
        return Topic::Stage;
    }
    let last = parameter.rsplit('.').next().unwrap_or(parameter);
    let last = last.split('[').next().unwrap_or(last);
    match last {
        "algorithm" => Topic::Burst,
        "rate_limit" | "resource_rate_limit" => Topic::RateLimit,
        "max_msgs" | "max_bytes" | "max_msg_size" | "max_consumers" | "max_age" => Topic::BusLimit,
        "discard" | "retention" | "duplicates" | "ack_wait" | "deliver" => Topic::BusPolicy,
        "delivery" => Topic::Delivery,
        "client" => Topic::Client,
        "on_failure" => Topic::Failure,
        "semaphores" | "mutexes" => Topic::Lock,
        "realism" | "requeue" | "semaphore_notify" | "api_limit" => Topic::Controller,
        "route" | "arrivals" | "max_payload" => Topic::Source,
        "dead_letter" => Topic::DeadLetter,
        "retry" => Topic::Retry,
        "policy" => Topic::Policy,
        _ => Topic::Other,
    }
}

/// The fields that became parameters.
struct Places<'i> {
    taken: Vec<(&'i str, &'i Entry)>,
}

impl<'i> Places<'i> {
    fn of(intended: &'i Import, deployed: &'i Import) -> Self {
        let entries = intended.entries.iter().chain(&deployed.entries);
        let taken = entries.filter_map(|entry| match &entry.became {
            Became::Taken { parameter, .. } => Some((parameter.as_str(), entry)),
            _ => None,
        });
        Self { taken: taken.collect() }
    }

    /// The field of that parameter, or one of a part of it, or one that it is a part of.
    fn find(&self, parameter: &str) -> Option<&'i Entry> {
        let find = |fits: &dyn Fn(&str) -> bool| {
            self.taken.iter().find(|(taken, _)| fits(taken)).map(|(_, entry)| *entry)
        };
        find(&|taken| taken == parameter)
            .or_else(|| find(&|taken| is_part(taken, parameter)))
            .or_else(|| find(&|taken| is_part(parameter, taken)))
    }
}

/// Whether `part` is a part of `whole`.
fn is_part(part: &str, whole: &str) -> bool {
    part.strip_prefix(whole).is_some_and(|rest| rest.starts_with(['.', '[']))
}
