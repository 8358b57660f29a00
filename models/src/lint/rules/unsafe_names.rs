//! Names that the sensor cannot use for what it keeps.

use super::sensors::{bus_of, dependencies, triggers};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST042",
    name: "unsafe-name",
    level: Level::Error,
    title: "a name with which a sensor or a trigger does not start",
    since: "every version of argo-events with JetStream; for names of dependencies any bus",
    story: "\
With a JetStream bus a sensor keeps its state in a key-value bucket of its own name. A bucket's name has only \
letters, digits, `_` and `-`: a Sensor with a dot in its name, which Kubernetes allows, crashes at start. Keys \
begin with the trigger's name, and have only letters, digits and `- / _ = .`: a trigger whose name has a space \
makes the sensor crash as well.

Names of dependencies become variables of an expression, with or without `conditions`. They begin with a letter \
and have only letters, digits, `_` and `-`. With any other the expression is not understood: the trigger \
never subscribes, while the sensor's pod runs and looks well.",
    links: &[
        "argo-events pkg/eventbus/jetstream/sensor/sensor_jetstream.go:Initialize",
        "nats.go kv.go",
        "argo-events pkg/sensors/listener.go:listenEvents",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        if bus_of(cx, sensor).may_be_jetstream() {
            let name = sensor.root.at(&["metadata", "name"]).filter(|it| !is_bucket(it.scalar()));
            if let Some(name) = name {
                let message = format!(
                    "`{}` cannot name a bucket of a JetStream bus: the sensor's pod crashes at every start",
                    sensor.name
                );
                cx.at_value(sensor, name, message).help("only letters, digits, `_` and `-`");
            }
            for trigger in triggers(sensor) {
                let Some(name) = trigger.template.and_then(|it| it.get("name")) else { continue };
                if !is_key(name.scalar()) {
                    let message = format!(
                        "`{}` cannot name a key of a JetStream bus: the sensor's pod crashes at every start",
                        trigger.name()
                    );
                    cx.at_value(sensor, name, message).help("only letters, digits and `- / _ = .`");
                }
            }
        }
        for dependency in dependencies(sensor) {
            let Some(name) = dependency.get("name") else { continue };
            if !is_variable(name.scalar()) {
                let message = format!(
                    "`{}` is not understood in an expression: a trigger that depends on it never subscribes, while the pod runs",
                    name.scalar().unwrap_or_default()
                );
                cx.at_value(sensor, name, message)
                    .help("a letter, and then only letters, digits, `_` and `-`");
            }
        }
    }
}

/// What is no text is refused elsewhere.
fn is_bucket(name: Option<&str>) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    name.is_none_or(|name| name.chars().all(safe))
}

fn is_key(name: Option<&str>) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-/_=.".contains(c);
    name.is_none_or(|name| name.chars().all(safe) && !name.starts_with('.'))
}

fn is_variable(name: Option<&str>) -> bool {
    let safe = |c: char| c.is_alphanumeric() || "_-".contains(c);
    let begins = |name: &str| name.chars().next().is_none_or(char::is_alphabetic);
    name.is_none_or(|name| name.chars().all(safe) && begins(name))
}
