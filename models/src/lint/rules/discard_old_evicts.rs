//! What the default stream loses, and when.

use super::event_types::bus_of;
use super::streams::streams;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST009",
    name: "discard-old-evicts",
    level: Level::Note,
    title: "beyond its limits the stream evicts its oldest events, seen or not",
    since: "every version of argo-events with JetStream",
    story: "\
With `discard: 0`, the default, a publish never fails: at the limit the oldest message goes. Whether a \
sensor has seen it makes no difference; one that is being worked on goes as well. There is no error, no log \
and no metric: `num_pending` of the consumer just falls. All event sources of a bus share one stream and its \
limits, so a noisy one evicts the backlog of a quiet one.

Whether that happens in a peak is simple: `maxMsgs` events (all sources, all events, wanted or not) have to \
arrive before the slowest sensor has got to the oldest. With `retention: 0` acked events stay and count as \
well.

To be told instead: `discard: 1` with `retention: 1` refuses new events while `maxMsgs` are not acked; \
webhooks then answer 500 and queues deliver again.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/3150",
        "argo-events pkg/eventbus/jetstream/base/jetstream.go:CreateStream",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        let has_limit = stream.number("maxMsgs") > 0 || stream.number("maxBytes") > 0;
        if stream.number("discard") != 0 || !has_limit {
            continue;
        }
        let message = format!(
            "beyond {} the stream evicts its oldest events, also those that no sensor has seen, without an error{}",
            stream.limits_text(),
            shared(cx, stream.bus)
        );
        let node = stream.field("discard").or(stream.config).unwrap_or(stream.spec);
        cx.at_key(stream.bus, node, message).help(
            "to have events refused instead, set `discard: 1` and `retention: 1` (argo-events v1.9.3)",
        );
    }
}

/// The event sources among the files that share the stream.
fn shared(cx: &Cx<'_, '_>, bus: Manifest<'_>) -> String {
    let of_bus = |source: &Manifest<'_>| bus_of(*source) == (bus.namespace, bus.name);
    let names: Vec<&str> = cx.of("EventSource").filter(of_bus).map(|it| it.name).collect();
    match names.as_slice() {
        [] | [_] => String::new(),
        some => format!("; `{}` share it", some.join("`, `")),
    }
}
