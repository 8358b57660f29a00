//! Rate limits of dead letters.

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST035",
    name: "dead-letter-rate-limit",
    level: Level::Warning,
    title: "a `dlqTrigger` has a `rateLimit`, for which no limiter is made",
    since: "v1.9.3, which brought `dlqTrigger`",
    story: "\
Limiters are made when the sensor starts, for the triggers of `spec.triggers`, by their names. Nothing makes \
one for a `dlqTrigger`, so its `rateLimit` limits nothing: when everything fails, dead letters come as fast as \
the trigger gives events up.

Since limiters go by name, a `dlqTrigger` of the same name as a trigger takes tokens of that trigger's limiter, \
whatever its own `rateLimit` says.",
    links: &["argo-events pkg/sensors/listener.go:listenEvents"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events < Version::new(1, 9, 3) {
        return;
    }
    for sensor in cx.of("Sensor") {
        let names: Vec<&str> = triggers(sensor).map(|it| it.name()).collect();
        for dead_letter in triggers(sensor).filter_map(|it| it.dead_letter()) {
            let Some(limit) = dead_letter.node.get("rateLimit") else { continue };
            let name = dead_letter.name();
            let message = if names.contains(&name) {
                format!(
                    "`rateLimit` of a `dlqTrigger` is not read: it takes tokens of the trigger `{name}`, which has its name"
                )
            } else {
                "`rateLimit` of a `dlqTrigger` is not read: dead letters are not limited".to_owned()
            };
            cx.at_key(sensor, limit, message)
                .help("what takes the dead letters has to bear as many as the trigger gives up");
        }
    }
}
