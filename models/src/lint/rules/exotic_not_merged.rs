//! A foreign bus without the limits of the controller.

use super::streams::{Host, streams};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST012",
    name: "exotic-not-merged",
    level: Level::Warning,
    title: "the controller's default limits do not hold for `jetstreamExotic`",
    since: "argo-events v1.9.0, the first with `jetstreamExotic`",
    story: "\
For a bus of its own the controller merges `streamConfig` over its defaults (50000 messages, 168h, three \
copies). For `jetstreamExotic` it passes on what is written, and nothing else, whatever the documentation \
says: what is missing is 0, and for nats-server 0 is no limit. An empty `streamConfig` makes a stream \
without limits of number, size and age, in a single copy. It keeps every event there ever was, until the \
disk of a NATS cluster that others use too is full.

Write all of it: `maxMsgs` (or `maxBytes`), `maxAge`, `replicas`. A stream `default` that exists on that \
NATS is taken as it is, and `streamConfig` has no say.",
    links: &[
        "argo-events pkg/reconciler/eventbus/installer/exotic_jetstream.go",
        "https://github.com/argoproj/argo-events/issues/3549",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx).iter().filter(|it| it.host == Host::Exotic) {
        let mut missing = Vec::new();
        let mut effects = Vec::new();
        let bounds = ["maxMsgs", "maxBytes"];
        if bounds.iter().all(|key| stream.field(key).is_none()) {
            missing.push("`maxMsgs`");
            effects.push("no limit of number or size");
        }
        if stream.field("maxAge").is_none() {
            missing.push("`maxAge`");
            effects.push("no limit of age");
        }
        if stream.field("replicas").is_none() {
            missing.push("`replicas`");
            effects.push("a single copy");
        }
        if missing.is_empty() {
            continue;
        }
        let message = format!(
            "the controller's defaults are not merged into `jetstreamExotic`: the stream gets {}",
            effects.join(", ")
        );
        let node = stream.config.unwrap_or(stream.spec);
        let help = format!("set {} in `streamConfig`", missing.join(", "));
        cx.at_key(stream.bus, node, message).help(help);
    }
}
