//! What retries cost.

use super::backoff::Backoff;
use super::sensors::triggers;
use super::words;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST052",
    name: "retries-cost-tokens",
    level: Level::Note,
    title: "an event that fails takes several tokens of the rate limit, or blocks the trigger for long",
    since: "v1.9.0, since when only `atLeastOnce` retries",
    story: "\
With `atLeastOnce: true` a trigger handles one event at a time, and retries it in its place. Until the event \
has succeeded or its attempts are used up, all events behind it wait. The sleeps of `retryStrategy` add up: each \
is `duration` times `factor` to the power of its number, plus up to `jitter` (1 unless stated) times as much. \
Nothing interrupts them.

Each attempt also takes a token of the trigger's rate limit. When what the trigger calls is down, a limit of \
ten per minute with five attempts lets two events per minute through.

Few attempts, a `factor` that stays small, and a `dlqTrigger` for what fails nevertheless keep one bad event \
from stopping the others.",
    links: &[
        "argo-events pkg/sensors/listener.go:triggerWithRateLimit",
        "argo-events pkg/shared/util/retry.go:DoWithRetry",
    ],
    check,
};

/// Shorter blocks are what retries are for.
const LONG_S: f64 = 60.0;

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events < Version::new(1, 9, 0) {
        return;
    }
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor).filter(|it| it.is_at_least_once()) {
            let Some(node) = trigger.node.get("retryStrategy") else { continue };
            let Some(backoff) = Backoff::of(node).filter(|it| it.steps > 1) else { continue };
            let limit = trigger.rate_limit().filter(|it| it.per_s().is_some());
            let interval_s = limit.and_then(|it| it.per_s()).map_or(0.0, |per_s| 1.0 / per_s);
            let (least_s, most_s) = backoff.lasts_s(interval_s);
            let steps = backoff.steps;
            let blocks = format!(
                "an event that fails blocks the trigger for {} of waiting",
                words::times(least_s, most_s)
            );
            let message = match limit {
                Some(limit) => format!(
                    "{blocks}, and each of its {steps} attempts takes one of {}",
                    limit.text()
                ),
                None if most_s >= LONG_S => {
                    format!("{blocks} between {steps} attempts, and all events behind it")
                }
                None => continue,
            };
            cx.at_key(sensor, node, message)
                .help("fewer steps, or a smaller factor; a `dlqTrigger` takes what still fails");
        }
    }
}
