//! Fields that the stated release does not know.

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::{self, Node};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST055",
    name: "unknown-to-version",
    level: Level::Error,
    title: "a field that the stated release of argo-events does not know",
    since: "releases before v1.9.3, if one is stated",
    story: "\
The CRDs of argo-events keep unknown fields, so a manifest for a newer release is accepted by an older one, and \
what that does not know has no effect:

| field | since |
|---|---|
| `atLeastOnce` of a trigger | v1.8.0 |
| `jetstreamExotic` of an EventBus | v1.9.0 |
| `dlqTrigger` of a trigger | v1.9.3 |
| `retention` and `discard` in `streamConfig` | v1.9.3 |

State the release that you run: without one the newest counts.",
    links: &["https://github.com/argoproj/argo-events/releases"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let field = |name: &str| trigger.node.get(name);
            if trigger.is_at_least_once() {
                say(
                    cx,
                    sensor,
                    field("atLeastOnce"),
                    "atLeastOnce",
                    (1, 8, 0),
                    "events are acked before the trigger runs",
                );
            }
            say(cx, sensor, field("dlqTrigger"), "dlqTrigger", (1, 9, 3), "what fails is dropped");
        }
    }
    for bus in cx.of("EventBus") {
        let Some(spec) = bus.root.get("spec") else { continue };
        let exotic = spec.get("jetstreamExotic");
        say(cx, bus, exotic, "jetstreamExotic", (1, 9, 0), "there is no bus");
        let config =
            spec.at(&["jetstream", "streamConfig"]).or_else(|| exotic?.get("streamConfig"));
        let config = config.filter(|it| it.scalar().is_some());
        let Some(Ok(config)) = config.map(|it| yaml::embedded(bus.file, it)) else { continue };
        for (key, value) in config.fields() {
            let name = match key.to_ascii_lowercase().as_str() {
                "retention" => "retention",
                "discard" => "discard",
                _ => continue,
            };
            // Zero is what holds without it.
            if value.scalar().is_some_and(|it| it != "0") {
                say(
                    cx,
                    bus,
                    Some(value),
                    name,
                    (1, 9, 3),
                    "the oldest messages are dropped when the stream is full",
                );
            }
        }
    }
}

fn say<'m>(
    cx: &mut Cx<'m, '_>,
    object: Manifest<'m>,
    field: Option<&Node>,
    name: &str,
    (major, minor, patch): (u32, u32, u32),
    so: &str,
) {
    let Some(field) = field else { return };
    let stated = cx.versions.argo_events;
    if stated >= Version::new(major, minor, patch) {
        return;
    }
    let Version { major: x, minor: y, patch: z } = stated;
    let message = format!("argo-events v{x}.{y}.{z} does not know `{name}`: {so}");
    cx.at_key(object, field, message).help(format!("it takes v{major}.{minor}.{patch}"));
}
