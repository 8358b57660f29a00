//! Calls whose answer nobody looks at.

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST048",
    name: "http-any-status",
    level: Level::Warning,
    title: "an `http` trigger without `policy.status.allow`: any answer counts as success",
    since: "every version of argo-events",
    story: "\
An `http` trigger fails if the request cannot be made: no name, no connection, no answer within its `timeout`, \
60 s unless stated. An answer is an answer: 500 and 429 count as success, are not retried, make no dead letter \
and no failure in the metrics. An API that sheds load loses events that way.

`policy.status.allow` lists the answers that are successes, one by one (`[200, 201, 202]`); there are no ranges. \
It belongs beside `template`. To do something about the others, the trigger needs `atLeastOnce: true` and a \
`retryStrategy` or `dlqTrigger`.",
    links: &["argo-events pkg/sensors/triggers/http/http.go:ApplyPolicy"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let both = triggers(sensor).flat_map(|it| [Some(it), it.dead_letter()]);
        for trigger in both.flatten() {
            let Some(http) = trigger.template.and_then(|it| it.get("http")) else { continue };
            if trigger.node.at(&["policy", "status", "allow"]).is_some() {
                continue;
            }
            let timeout = match http.text("timeout").and_then(|it| it.parse::<u32>().ok()) {
                Some(seconds) if seconds > 0 => seconds,
                _ => 60,
            };
            let retried = trigger.node.get("retryStrategy").filter(|_| trigger.is_at_least_once());
            let spared = match (retried, trigger.dead_letter()) {
                (Some(_), Some(_)) => ", which is not retried and makes no dead letter",
                (Some(_), None) => ", which is not retried",
                (None, Some(_)) => ", which makes no dead letter",
                (None, None) => "",
            };
            let message = format!(
                "any answer counts as success, also a 500{spared}; only no answer within {timeout} s fails"
            );
            cx.at_key(sensor, http, message).help(
                "list what is a success in `policy.status.allow`, beside `template`: `[200, 201, 202]`",
            );
        }
    }
}
