//! Kafka sources that remember no offset.

use super::event_types::events_of;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST023",
    name: "kafka-partition-mode",
    level: Level::Warning,
    title: "a Kafka source without a consumer group loses what comes while it does not run",
    since: "every version of argo-events",
    story: "\
Without a `consumerGroup` the source reads one partition of the topic and starts with the newest message \
(`OffsetNewest`), at every start: nothing is remembered in Kafka. What was written while the pod was \
restarted, rescheduled or upgraded is never read. A message that cannot be published is logged, and the next \
is taken. Messages of other partitions are not read at all.

With a `consumerGroup` the offset is marked after the publish: a failed publish ends the session, and the \
message is read again; what is read again within the stream's `duplicates` (300s) is dropped by its id. All \
partitions are read. `oldest: true` decides where a new group starts.",
    links: &["argo-events pkg/eventsources/sources/kafka/start.go:partitionConsumer"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for event in events_of(cx, "kafka") {
        if event.config.get("consumerGroup").is_some() {
            continue;
        }
        let message = format!(
            "`{}` reads without a `consumerGroup`: it starts with the newest message whenever it starts, and one that cannot be \
             published is logged and passed over",
            event.name
        );
        cx.at_key(event.source, event.config.get("partition").unwrap_or(event.config), message)
            .help("read with `consumerGroup: {groupName: ..}`, which marks what was published, in all partitions");
    }
}
