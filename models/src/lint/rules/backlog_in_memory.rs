//! Backlogs in the sensor's memory.

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST040",
    name: "backlog-in-memory",
    level: Level::Warning,
    title: "a rate limit or policy without `atLeastOnce`: what waits is in the sensor's memory",
    since: "every version of argo-events",
    story: "\
Without `atLeastOnce: true` each event is handed to a goroutine and acked at once. A rate limit delays the \
goroutine, not the event: a storm is taken from the bus as fast as it comes, and waits in the sensor's memory, \
without bound. The bus shows no backlog, and no metric of argo-events shows this one. A restart, an eviction \
for lack of memory or a change of leader loses all of it, without a word.

A `policy` likewise makes the goroutine wait, and holds nobody up: all workflows of a storm are created at once.

With `atLeastOnce: true` the next event is taken from the bus only when the trigger is done with the one \
before: the backlog stays in the bus, where it can be seen as `num_pending` and survives restarts, and where its \
bound is that of the stream (ST053).",
    links: &[
        "argo-events pkg/sensors/listener.go:triggerActions",
        "https://github.com/argoproj/argo-events/issues/3613",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor).filter(|it| !it.is_at_least_once()) {
            let policy = trigger.node.get("policy").filter(|it| it.get("k8s").is_some());
            let limit = trigger.rate_limit().filter(|it| it.per_s().is_some());
            if let Some(limit) = limit {
                let message = format!(
                    "{} holds events back in the sensor's memory, not in the bus: without `atLeastOnce` they are acked at once, wait without bound or metric, and are lost at a restart",
                    limit.text()
                );
                cx.at_key(sensor, limit.node, message).help(HELP);
            } else if let Some(policy) = policy {
                let message = "without `atLeastOnce` no event waits for `policy`: all are acked at once, and all run at the same time";
                cx.at_key(sensor, policy, message).help(HELP);
            }
        }
    }
}

const HELP: &str =
    "with `atLeastOnce: true` they wait in the bus, and the trigger handles one event at a time";
