//! The rate limit of Kafka sources, and what it limits.

use super::event_types::events_of;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::integer;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST022",
    name: "kafka-limit",
    level: Level::Warning,
    title: "`limitEventsPerSecond` of Kafka works with a consumer group only, and per partition",
    since: "every version of argo-events",
    story: "\
`limitEventsPerSecond` is the only limit of a rate on the side of event sources, and it is kept in the loop \
of a consumer group: after each message the reader of that partition sleeps a second divided by the limit. A \
source that reads one `partition` has another loop, without it.

Each partition has a reader and sleeps for itself, so a topic of 12 partitions with a limit of 10 gives up \
to 120 events a second. It is a pause after the work, not a schedule: with a publish of 8 ms and a limit of \
100 it is 55 a second and partition, not 100. There is no burst. What is not read stays in Kafka, which is \
the best place for it.",
    links: &[
        "argo-events pkg/eventsources/sources/kafka/start.go:ConsumeClaim",
        "https://github.com/argoproj/argo-events/issues/2450",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for event in events_of(cx, "kafka") {
        let Some(node) = event.config.get("limitEventsPerSecond") else { continue };
        let Some(limit) = integer(node).filter(|&limit| limit > 0) else { continue };
        if event.config.get("consumerGroup").is_none() {
            let message = format!(
                "`limitEventsPerSecond: {limit}` is not read without a `consumerGroup`: `{}` publishes as fast as it reads",
                event.name
            );
            cx.at_value(event.source, node, message)
                .help("read with a `consumerGroup` in place of a `partition`");
        } else {
            let message = format!(
                "`limitEventsPerSecond` is kept for each partition by itself: a topic of 12 partitions gives up to {} events a second",
                limit.saturating_mul(12)
            );
            cx.at_value(event.source, node, message)
                .help("divide what the triggers can take by the number of partitions")
                .level(Level::Note);
        }
    }
}
