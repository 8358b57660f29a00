//! Events that are acked although their trigger has failed.

use super::backoff::Backoff;
use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST054",
    name: "at-least-once-without-retry",
    level: Level::Warning,
    title: "`atLeastOnce` without `retryStrategy` or `dlqTrigger`: an event that fails is dropped",
    since: "v1.9.0; `dlqTrigger` since v1.9.3",
    story: "\
`atLeastOnce` is about a crash: an event that was being handled comes again. It is not about failure. A sensor \
never gives a message back to the bus; it acks every event when the trigger is done with it, also if the trigger \
has failed.

So without `retryStrategy` the first failure is final, and with one the last attempt is. Only a `dlqTrigger` \
sees what has failed for good; it needs `atLeastOnce: true` as well.",
    links: &[
        "argo-events pkg/sensors/listener.go:listenEvents",
        "argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:processMsg",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events < Version::new(1, 9, 0) {
        return;
    }
    let has_dead_letters = cx.versions.argo_events >= Version::new(1, 9, 3);
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor).filter(|it| it.is_at_least_once()) {
            let Some(node) = trigger.node.get("atLeastOnce") else { continue };
            if has_dead_letters && trigger.dead_letter().is_some() {
                continue;
            }
            let retry = trigger.node.get("retryStrategy");
            if let Some(retry) = retry {
                let Some(backoff) = Backoff::of(retry).filter(|_| has_dead_letters) else {
                    continue;
                };
                let message =
                    format!("an event that fails {} times is acked and dropped", backoff.steps);
                cx.at_key(sensor, retry, message).level(Level::Note).help(
                    "a `dlqTrigger` (with `atLeastOnce: true`) takes what has failed for good",
                );
            } else {
                let message = "an event whose one attempt fails is acked and dropped: `atLeastOnce` does not retry";
                let help = if has_dead_letters {
                    "add a `retryStrategy`, and a `dlqTrigger` for what fails for good"
                } else {
                    "add a `retryStrategy`"
                };
                cx.at_key(sensor, node, message).help(help);
            }
        }
    }
}
