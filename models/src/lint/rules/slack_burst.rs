//! What a rate limit lets through at once.

use super::sensors::triggers;
use super::words;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST033",
    name: "slack-burst",
    level: Level::Note,
    title: "a rate limit lets 11 through at once after a pause",
    since: "v1.5.0, which brought rate limits",
    story: "\
The limiter (go.uber.org/ratelimit, in its default setting) remembers up to ten requests that were not made. \
After a pause of eleven intervals, eleven events go through at once, and only then one per interval. Over a \
long time t it is at most 11 + t / interval.

Right after a start of the sensor there is no such burst: the first events come one interval apart. So a test \
with a fresh sensor does not show it, and the first storm after a quiet night does.

argo-events has no field for it. What the trigger starts has to bear eleven at once, or to hold them back \
itself: workflows by a semaphore or by the controller's `parallelism`.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/2851",
        "https://github.com/uber-go/ratelimit/blob/v0.3.1/limiter_atomic_int64.go",
    ],
    check,
};

/// What goes through at once.
const BURST: f64 = 11.0;

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let Some(limit) = trigger.rate_limit() else { continue };
            let Some(per_s) = limit.per_s() else { continue };
            let pause_s = BURST / per_s;
            // Faster limits let as many through within a second anyway.
            if pause_s <= 1.0 {
                continue;
            }
            let message = format!(
                "{} is one each {}, but after {} without events 11 go at once",
                limit.text(),
                words::time(1.0 / per_s),
                words::time(pause_s),
            );
            cx.at_key(sensor, limit.node, message).help(
                "what it starts has to bear 11 at once, or to hold them back itself; right after a start of the sensor there is no burst",
            );
        }
    }
}
