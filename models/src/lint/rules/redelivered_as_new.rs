//! Sources whose redeliveries are new events for the bus.

use super::event_types::{all_types, events_of};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::event_types::Fare;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST019",
    name: "redelivered-as-new",
    level: Level::Note,
    title: "what the source delivers again is a new event: `duplicates` does not catch it",
    since: "every version of argo-events",
    story: "\
The stream forgets a second message with an id that it has seen within `duplicates` (300s). The id is that \
of the CloudEvent, and an EventSource makes a new random one whenever it handles a message. So the window \
catches what the EventSource itself publishes twice, when an answer of the bus got lost, and nothing else. A \
message that Pub/Sub, SQS or another queue delivers again (the EventSource was restarted before it acked, \
the bus was slow, the visibility timeout ran out) is a second event, and triggers a second time. In a peak \
that is when everything is slow at once.

Kafka is the exception: there the id is made of topic, partition and offset, so what is read again within \
300s is dropped.

Make what the trigger does idempotent: name a workflow after the id in the event's body, not with \
`generateName`.",
    links: &[
        "argo-events pkg/eventsources/eventing.go:run",
        "argo-events pkg/eventsources/sources/kafka/start.go:genUniqueID",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for typed in all_types(cx) {
        let again = match (typed.kind.name, typed.fare(cx.versions.argo_events)) {
            ("pubSub", _) => "what is not acked in time",
            ("sqs" | "azureQueueStorage", _) => "what is not deleted within 120 s",
            ("redisStream", _) => "what was not acked before a restart",
            (_, Some(Fare::Again { .. })) => "what is requeued",
            _ => continue,
        };
        told(cx, typed.source, typed.node, again, &typed.names());
    }
    for event in events_of(cx, "azureServiceBus") {
        let defer = event.config.get("deferDelete").filter(|it| it.scalar() == Some("true"));
        let Some(node) = defer else { continue };
        let name = format!("`{}`", event.name);
        told(cx, event.source, node, "what is not completed while its lock lasts", &name);
    }
}

fn told(cx: &mut Cx<'_, '_>, source: Manifest<'_>, node: &Node, again: &str, names: &str) {
    let message = format!(
        "{again} comes again under a new random id, so the bus's window for duplicates does not catch it: {names} may trigger \
         twice for one message"
    );
    cx.at_key(source, node, message)
        .help("make triggers idempotent: name what they create after an id in the event's body");
}
