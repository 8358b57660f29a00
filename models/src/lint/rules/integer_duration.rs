//! Durations of backoffs that are not what they look like.

use super::backoff::{self, Written};
use super::sensors::{Trigger, triggers};
use super::words;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST036",
    name: "integer-duration",
    level: Level::Warning,
    title: "the `duration` of a backoff is a bare number",
    since: "every version of argo-events; durations as text since v1.4.0",
    story: "\
`duration` of a backoff is a text such as `10s`, or a whole number, which is nanoseconds: `duration: 10` waits \
for ten billionths of a second, so that all attempts are made at once.

In quotes, `\"10\"` is a text, and no duration: it has no unit. Nothing validates it. The backoff is read \
only when the trigger is to run, before its first attempt, and fails there: a trigger with such a \
`retryStrategy` never runs at all, with or without `atLeastOnce`, and its events are acked. In a `policy` it \
fails after the object was created, so that every event counts as failed, and retries create it again.

Go has the units `ns`, `us`, `ms`, `s`, `m` and `h`, and no days.",
    links: &[
        "argo-events pkg/shared/util/retry.go:Convert2WaitBackoff",
        "argo-events pkg/apis/events/v1alpha1/int64str.go",
    ],
    check,
};

/// From here on nanoseconds are meant: a millisecond.
const NANOSECONDS_MEANT: i64 = 1_000_000;
/// Up to here seconds are meant, not milliseconds.
const SECONDS_MEANT: i64 = 600;

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            check_trigger(cx, sensor, trigger);
            if let Some(dead_letter) = trigger.dead_letter() {
                check_trigger(cx, sensor, dead_letter);
            }
        }
    }
}

fn check_trigger<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>, trigger: Trigger<'m>) {
    for (field, node) in trigger.backoffs() {
        let Some(duration) = node.get("duration") else { continue };
        let text = duration.scalar().unwrap_or_default();
        match backoff::written(duration) {
            Some(Written::Nanoseconds(ns)) if (1..NANOSECONDS_MEANT).contains(&ns) => {
                let message = format!(
                    "`{text}` without a unit is {}: the attempts follow one another at once",
                    words::time(ns as f64 / 1e9),
                );
                let fix = (ns <= SECONDS_MEANT).then(|| seconds(cx, sensor, duration, text));
                cx.at_value(sensor, duration, message)
                    .help(format!("say the unit: `{text}s` or `{text}ms`"))
                    .fix(fix.flatten());
            }
            Some(Written::Fraction) => {
                let message = format!(
                    "`{text}` is neither a whole number nor a text: the controller cannot read the Sensor"
                );
                let fix = seconds(cx, sensor, duration, text);
                cx.at_value(sensor, duration, message)
                    .level(Level::Error)
                    .help(format!("say the unit: `{text}s`"))
                    .fix(fix);
            }
            Some(Written::Refused) => refused(cx, sensor, field, duration, text),
            _ => {}
        }
    }
}

fn refused<'m>(
    cx: &mut Cx<'m, '_>,
    sensor: Manifest<'m>,
    field: &str,
    duration: &Node,
    text: &str,
) {
    let ends = match field {
        "policy" => "every event counts as failed after the trigger has run",
        _ => "the trigger never runs, and its events are acked",
    };
    let is_number = text.parse::<u32>().is_ok();
    let days = text.strip_suffix('d').and_then(|it| it.parse::<u32>().ok());
    let help = match (is_number, days) {
        (true, _) => format!("say the unit: `{text}s`"),
        (_, Some(days)) => format!("there are no days: `{}h`", u64::from(days) * 24),
        _ => {
            "a number and a unit, `ms`, `s`, `m` or `h`, without a space: `90s`, `1h30m`".to_owned()
        }
    };
    let fix = if is_number { seconds(cx, sensor, duration, text) } else { None };
    let why = if is_number { "has no unit" } else { "is no duration" };
    cx.at_value(
        sensor,
        duration,
        format!("`{text}` {why}, and the backoff is refused when it is used: {ends}"),
    )
    .level(Level::Error)
    .help(help)
    .fix(fix);
}

fn seconds<'m>(cx: &Cx<'m, '_>, sensor: Manifest<'m>, duration: &Node, text: &str) -> Option<Fix> {
    let value = format!("{text}s");
    let edit = Edit::value(cx.file(sensor), duration, &value);
    Fix::new(&format!("write `{value}`"), [edit])
}
