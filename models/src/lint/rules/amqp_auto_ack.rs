//! What RabbitMQ is told about messages, which is too early or never.

use super::event_types::{Event, events_of};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST024",
    name: "amqp-auto-ack",
    level: Level::Warning,
    title: "an AMQP source acks before it publishes, or never",
    since: "every version of argo-events; up to v1.9.11 without auto-ack there is no ack at all (#4178, fixed by #4179)",
    story: "\
Without `consume` an AMQP source reads with auto-ack: RabbitMQ takes a message for done when it has sent it, \
and what cannot be published then, or was in the pod when it died, is lost. No prefetch is set, so what is \
in the pod may be much.

Any `consume` block turns that off, unless it says `autoAck: true`: its fields are false where they are not \
written. But up to v1.9.11 nobody acks then (#4178): everything is published, everything stays unacked in \
RabbitMQ, and all of it is delivered again, as new events, when the source restarts.

With a release that has #4179, `consume: {autoAck: false}` is right: ack after the publish, nack if that \
failed. Without it, choose which is worse: losing what is in flight (`autoAck: true`), or doing it all \
again.",
    links: &[
        "argo-events pkg/eventsources/sources/amqp/start.go:setDefaults",
        "https://github.com/argoproj/argo-events/issues/4178",
        "https://github.com/argoproj/argo-events/pull/4179",
    ],
    check,
};

/// The last release that is known not to ack.
const NEVER_ACKS_UNTIL: Version = Version::new(1, 9, 11);

fn check(cx: &mut Cx<'_, '_>) {
    for event in events_of(cx, "amqp") {
        let consume = event.config.get("consume");
        let auto = consume.and_then(|it| it.get("autoAck"));
        match (consume, auto.and_then(Node::scalar)) {
            (None, _) => acks_first(cx, event, event.config, " without `consume`"),
            (Some(_), Some("true")) => acks_first(cx, event, auto.unwrap_or(event.config), ""),
            (Some(consume), _) if cx.versions.argo_events <= NEVER_ACKS_UNTIL => {
                never_acks(cx, event, auto.unwrap_or(consume));
            }
            _ => {}
        }
    }
}

fn acks_first(cx: &mut Cx<'_, '_>, event: Event<'_>, node: &Node, why: &str) {
    let message = format!(
        "`{}` acks messages as they come{why}: one that cannot be published, or is in the pod when it stops, is lost",
        event.name
    );
    let help = if cx.versions.argo_events > NEVER_ACKS_UNTIL {
        "`consume: {autoAck: false}` acks after the publish, in releases with #4179"
    } else {
        "`autoAck: false` is no way out before the fix of #4178: nothing is acked then"
    };
    cx.at_key(event.source, node, message).help(help);
}

fn never_acks(cx: &mut Cx<'_, '_>, event: Event<'_>, node: &Node) {
    let message = format!(
        "without auto-ack `{}` never acks up to argo-events v1.9.11 (#4178): all messages stay unacked in RabbitMQ, and come \
         again as new events when the source restarts",
        event.name
    );
    cx.at_key(event.source, node, message).help(
        "take a release with #4179, or set `autoAck: true` and lose what is in flight at a failure",
    );
}
