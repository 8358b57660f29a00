//! Rate limits of nothing.

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST032",
    name: "rate-limit-zero",
    level: Level::Error,
    title: "a rate limit of zero requests, by which the sensor divides",
    since: "v1.5.0, which brought rate limits",
    story: "\
The time between two requests is the unit divided by `requestsPerUnit`, as whole numbers. With zero, or with \
nothing stated, that is a division by zero: the sensor's pod panics when it starts, and again after every \
restart. Nothing validates the field.

Zero does not mean unlimited: that is a trigger without `rateLimit`. To stop a trigger, take it away; its \
events then no longer wait for it.",
    links: &[
        "argo-events pkg/sensors/listener.go:initRateLimiter",
        "https://github.com/uber-go/ratelimit/blob/v0.3.1/limiter_atomic_int64.go",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let Some(limit) = trigger.rate_limit().filter(|it| it.count == 0) else { continue };
            let ends = "the sensor divides by it and its pod crashes at every start";
            let help = "say how many, or take `rateLimit` away: without it there is no limit";
            match limit.node.get("requestsPerUnit") {
                Some(zero) => cx.at_value(sensor, zero, format!("`requestsPerUnit` is 0: {ends}")),
                None => cx.at_key(
                    sensor,
                    limit.node,
                    format!("`rateLimit` without `requestsPerUnit`, which is then 0: {ends}"),
                ),
            }
            .help(help);
        }
    }
}
