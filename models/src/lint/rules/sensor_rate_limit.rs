//! A rate limit of a sensor, which has none.

use super::sensors::triggers;
use crate::lint::fix::moved_beside_each;
use crate::lint::{Cx, Fix, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST030",
    name: "sensor-rate-limit",
    level: Level::Warning,
    title: "a Sensor has a `rateLimit` of its own, which nobody reads",
    since: "every version of argo-events",
    story: "\
Only triggers have a `rateLimit`. In the `spec` of a Sensor it is an unknown field: the API server keeps it, \
since the CRD preserves unknown fields, and the controller does not read it. Nothing is limited, and nothing \
says so.

Each trigger has a limiter of its own. A limit that several triggers are to share cannot be written down; the \
same limit at each of them lets through as many times as much together.",
    links: &[
        "argo-events pkg/apis/events/v1alpha1/sensor_types.go:SensorSpec",
        "argo-events pkg/sensors/listener.go:initRateLimiter",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let Some(limit) = sensor.root.at(&["spec", "rateLimit"]) else { continue };
        let all: Vec<_> = triggers(sensor).collect();
        let unlimited = all.iter().all(|it| it.node.get("rateLimit").is_none());
        let templates: Option<Vec<_>> = all.iter().map(|it| it.template).collect();
        let edits = templates
            .filter(|it| unlimited && !it.is_empty())
            .and_then(|templates| moved_beside_each(cx.file(sensor), limit, &templates));
        let title = match all.len() {
            1 => "move it to the trigger".to_owned(),
            count => format!("move it to each of the {count} triggers"),
        };
        let help = match all.len() {
            _ if !unlimited => "take it away, or move it to the triggers that have none".to_owned(),
            0 | 1 => "it belongs to the trigger, beside `template`".to_owned(),
            count => format!(
                "it belongs to each trigger, beside `template`; each then has a limiter of its own, {count} times as much together"
            ),
        };
        cx.at_key(sensor, limit, "a Sensor has no `rateLimit`: this one limits nothing")
            .help(help)
            .fix(edits.map(|edits| Fix { title, edits }));
    }
}
