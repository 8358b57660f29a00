//! Sources that drop what the bus does not take.

use super::event_types::all_types;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::event_types::Fare;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST020",
    name: "source-loses-on-failure",
    level: Level::Note,
    title: "the source drops an event that the bus does not take",
    since: "every version of argo-events",
    story: "\
An EventSource tries five times to publish an event, with pauses of one to two seconds: 4 to 8 seconds in \
all if the bus says no at once, up to about 33 if it does not answer. While its connection is known to be \
closed it does not try at all; a new one is made within 5 seconds, if the bus is there. What happens then \
depends on the type. Webhooks answer 500 and leave it to the caller. Queues (Pub/Sub, SQS, Azure Queue \
Storage, NSQ, Kafka with a consumer group) deliver the message again. All others log the failure and go on: \
the event is lost. `argo_events_events_sent_failed_total` counts failed publishes, but not those that were \
not tried; `argo_events_events_processing_failed_total` of most types counts both. Pulsar and MNS ack the \
message although it was not published.

So a restart of a NATS pod, an outage of the bus, or a bus that refuses events at its limits (`discard: 1`) \
loses events of these types. Where that must not be, put a queue between: let the producer write to Kafka, \
SQS or Pub/Sub, and read that.",
    links: &[
        "argo-events pkg/eventsources/eventing.go:run",
        "argo-events pkg/shared/util/retry.go",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for typed in all_types(cx) {
        // What webhooks lose in older releases a rule of their own tells.
        let fare = typed.fare(cx.versions.argo_events).filter(|_| !typed.kind.is_webhook());
        let Some(Fare::Lost { because }) = fare else { continue };
        let message = format!(
            "an event of {} that cannot be published in 5 attempts (4 to 8 s, 33 s if the bus does not answer) is lost: {because}; while \
             the connection is closed there is no attempt",
            typed.names(),
        );
        cx.at_key(typed.source, typed.node, message)
            .help(
                "watch `argo_events_events_sent_failed_total` and `.._processing_failed_total`; where nothing may be \
                 lost, read a queue that redelivers",
            );
    }
}
