//! Units of a rate limit that count as seconds.

use super::sensors::triggers;
use crate::lint::{Cx, Edit, Fix, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST031",
    name: "rate-limit-unit",
    level: Level::Error,
    title: "the `unit` of a rate limit is not `Second`, `Minute` or `Hour`, and counts as `Second`",
    since: "v1.5.0, which brought rate limits",
    story: "\
argo-events compares the unit with `Second`, `Minute` and `Hour`, letter by letter. Everything else, `minute` \
and `Day` included, falls through to a second, without an error: ten per `minute` are ten per second, sixty \
times what was meant.

There are no days: the slowest limit is one per hour.",
    links: &["argo-events pkg/sensors/listener.go:initRateLimiter"],
    check,
};

/// How people write units, in lower case.
const MEANT: [(&str, &str, u32); 13] = [
    ("second", "Second", 1),
    ("seconds", "Second", 1),
    ("sec", "Second", 1),
    ("s", "Second", 1),
    ("minute", "Minute", 60),
    ("minutes", "Minute", 60),
    ("min", "Minute", 60),
    ("m", "Minute", 60),
    ("hour", "Hour", 3_600),
    ("hours", "Hour", 3_600),
    ("hr", "Hour", 3_600),
    ("hrs", "Hour", 3_600),
    ("h", "Hour", 3_600),
];

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let Some(limit) = trigger.rate_limit() else { continue };
            let Some(unit) = limit.node.get("unit") else { continue };
            let Some(text) = unit.scalar().filter(|it| !it.is_empty()) else { continue };
            if ["Second", "Minute", "Hour"].contains(&text) {
                continue;
            }
            let lower = text.to_ascii_lowercase();
            let meant = MEANT.iter().find(|(written, ..)| *written == lower);
            let count = limit.count;
            let becomes = match meant {
                Some((_, _, 1)) => format!("{count} per second, as is meant here"),
                Some((_, unit_name, times)) => {
                    let unit = unit_name.to_ascii_lowercase();
                    format!("{count} per {unit} becomes {count} per second, {times} times as much")
                }
                None => format!("{count} per {lower} becomes {count} per second"),
            };
            let level = if matches!(meant, Some((.., 1))) { Level::Note } else { RULE.level };
            let fix = meant.and_then(|(_, unit_name, _)| {
                let edit = Edit::value(cx.file(sensor), unit, unit_name);
                Fix::new(&format!("write `{unit_name}`"), [edit])
            });
            let message =
                format!("`{text}` is no unit of a rate limit and counts as `Second`: {becomes}");
            cx.at_value(sensor, unit, message)
                .level(level)
                .help("units are `Second`, `Minute` and `Hour`, spelled so")
                .fix(fix);
        }
    }
}
