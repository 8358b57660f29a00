//! Expectations and answers, both as JSON: what has to be equal, and within what.

use serde_json::{Map, Value};

/// Milliseconds a time may be outside the recorded range.
const TOLERANCE_MS: f64 = 30.0;

/// Which times of a step mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Meaningful,
    OrderOnly,
}

/// The expectation of a step for one release.
pub(crate) fn expectation(step: &Value, recorded: &str) -> Value {
    let mut expected = match step.get("expect_by_version") {
        Some(by_version) => by_version[recorded].clone(),
        None => step["expect"].clone(),
    };
    if let (Some(map), Some(status)) = (expected.as_object_mut(), step.get("status_by_version")) {
        map.extend(status[recorded].as_object().cloned().unwrap_or_default());
    }
    if let (Some(map), Some(floors)) = (expected.as_object_mut(), step.get("floors_by_version")) {
        map.insert("floors".to_owned(), floors[recorded].clone());
    }
    expected
}

/// Compares an answer with what was recorded and adds what differs. Only what was recorded counts.
pub(crate) struct Comparison<'a> {
    /// How late (ms) the recording script may have been.
    pub(crate) lag_ms: f64,
    pub(crate) times: Times,
    pub(crate) differences: &'a mut Vec<String>,
}

impl Comparison<'_> {
    pub(crate) fn check(&mut self, path: &str, expected: &Value, found: &Value) {
        match (expected, found) {
            (Value::Array(range), Value::Number(_)) if path.ends_with("t_ms") => {
                self.check_time(path, range, found.as_f64().expect("a number"));
            }
            (Value::Object(expected), Value::Object(found)) => {
                self.check_object(path, expected, found);
            }
            (Value::Array(expected), Value::Array(found)) => self.check_list(path, expected, found),
            _ if expected == found => {}
            _ => self.differences.push(format!("{path}: recorded {expected}, found {found}")),
        }
    }

    fn check_object(
        &mut self,
        path: &str,
        expected: &Map<String, Value>,
        found: &Map<String, Value>,
    ) {
        for (key, expected) in expected.iter().filter(|(key, _)| *key != "delay_ms") {
            let found = found.get(key).unwrap_or(&Value::Null);
            self.check(&format!("{path}.{key}"), expected, found);
        }
    }

    fn check_list(&mut self, path: &str, expected: &[Value], found: &[Value]) {
        if expected.len() != found.len() {
            let (expected, found) = (brief(expected), brief(found));
            self.differences.push(format!("{path}: recorded {expected}, found {found}"));
            return;
        }
        for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
            self.check(&format!("{path}[{index}]"), expected, found);
        }
    }

    fn check_time(&mut self, path: &str, range: &[Value], found: f64) {
        let bound = |index: usize| range[index].as_f64().expect("a number");
        let earliest = bound(0) - TOLERANCE_MS - self.lag_ms;
        let latest = bound(1) + TOLERANCE_MS;
        if self.times == Times::Meaningful && !(earliest..=latest).contains(&found) {
            self.differences.push(format!("{path}: recorded {range:?}, found {found}"));
        }
    }
}

/// A list of messages by id and delivery.
fn brief(list: &[Value]) -> String {
    let items = list.iter().map(|item| match item["id"].as_str() {
        Some(id) => format!("{id}#{}", item["deliveries"]),
        None => item.to_string(),
    });
    format!("[{}]", items.collect::<Vec<_>>().join(" "))
}
