//! Buses of NATS Streaming.

use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::integer;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST016",
    name: "legacy-stan",
    level: Level::Note,
    title: "a NATS Streaming bus (STAN), which has reached its end of life",
    since: "every version of argo-events",
    story: "\
`spec.nats.native` runs NATS Streaming, the predecessor of JetStream, which is not developed any more. It \
works, with other numbers than a JetStream bus. A sensor that has not acked after one second gets the event \
again (JetStream: 30 seconds, and the sensor says that it is still at it); it recognizes the second delivery \
by a cache that remembers five minutes, so duplicates come when a trigger takes longer, or when the sensor \
restarts. At most as many events as the trigger has dependencies, plus two, are in flight.

Its limits are `maxMsgs` (1000000), `maxBytes` (1GB) and `maxAge` (72h) of the channel, beside `native`'s \
other fields; beyond them the oldest events go. `streamConfig`, `settings` and `maxPayload` of `jetstream` \
are not for it.",
    links: &[
        "argo-events pkg/reconciler/eventbus/installer/nats.go",
        "https://github.com/argoproj/argo-events/pull/2822",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        let Some(native) = bus.root.at(&["spec", "nats", "native"]) else { continue };
        let count = native.get("maxMsgs").and_then(integer).unwrap_or(1_000_000);
        let bytes = native.text("maxBytes").unwrap_or("1GB");
        let age = native.text("maxAge").unwrap_or("72h");
        let message = format!(
            "NATS Streaming has reached its end of life; on it a sensor that takes more than 1 s gets its event again, and the \
             oldest events go beyond {count} messages, {bytes} or {age}"
        );
        cx.at_key(bus, native, message)
            .help("move to a `jetstream` bus: a new EventBus, named by `eventBusName`");
    }
}
