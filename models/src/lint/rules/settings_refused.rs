//! Settings that nats-server refuses.

use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST001",
    name: "settings-refused",
    level: Level::Error,
    title: "`settings` of an EventBus has keys that nats-server refuses",
    since: "every version of argo-events with JetStream",
    story: "\
`spec.jetstream.settings` is pasted as it is into the `jetstream { }` block of nats-server's configuration. \
That block has no limits of a stream: `max_msgs`, `max_bytes`, `max_consumers` and the like are unknown fields \
there, and an unknown field is fatal. The NATS pods of a new bus crash at start. A bus that runs fails to \
reload and keeps its old configuration, until its pods are started again for whatever reason.

Limits of the stream belong into `spec.jetstream.streamConfig`, in the names that argo-events reads: \
`maxMsgs`, `maxBytes` (a whole number), `maxAge`. The number of consumers cannot be limited at all, and the \
largest message is `spec.jetstream.maxPayload`.

A `settings` of your own also replaces the default one, and with it `max_file_store: 1TB`.",
    links: &["nats-server server/opts.go:parseJetStream", "argo-events pkg/eventbus/installer/jetstream.go"],
    check,
};

/// Keys that nats-server knows in its `jetstream` block.
const KNOWN: [&str; 4] =
    ["max_memory_store", "max_file_store", "max_outstanding_catchup", "store_dir"];

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        let Some(settings) = bus.root.at(&["spec", "jetstream", "settings"]) else { continue };
        let text = settings.scalar().unwrap_or_default();
        let keys = text.lines().filter_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            line.split([':', '=', ' ']).find(|word| !word.is_empty())
        });
        let refused: Vec<&str> = keys.filter(|key| !KNOWN.contains(key)).collect();
        if refused.is_empty() {
            continue;
        }
        let message = format!(
            "nats-server does not know `{}` in its `jetstream` block: its pods do not start",
            refused.join("`, `")
        );
        cx.at_key(bus, settings, message).help(
            "limits of the stream go into `streamConfig`, as `maxMsgs`, `maxBytes`, `maxAge`",
        );
    }
}
