//! A foreign bus without an address.

use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST017",
    name: "exotic-url",
    level: Level::Error,
    title: "`jetstreamExotic` without a `url` is refused",
    since: "argo-events v1.9.0, the first with `jetstreamExotic`",
    story: "\
`jetstreamExotic` is a JetStream that somebody else runs, and its `url` (`nats://host:4222`) is the one \
thing that argo-events cannot do without: the controller marks the EventBus as not configured, and \
everything that names it waits.",
    links: &["argo-events pkg/reconciler/eventbus/validate.go:ValidateEventBus"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events < Version::new(1, 9, 0) {
        return;
    }
    for bus in cx.of("EventBus") {
        let Some(exotic) = bus.root.at(&["spec", "jetstreamExotic"]) else { continue };
        if exotic.text("url").is_none_or(str::is_empty) {
            cx.at_key(
                bus,
                exotic,
                "`jetstreamExotic` has no `url`: the controller refuses the bus",
            )
            .help("add `url: nats://HOST:4222`");
        }
    }
}
