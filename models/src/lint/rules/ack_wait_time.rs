//! Ack waits of event sources, which there are none of.

use super::event_types::events;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST021",
    name: "ack-wait-time",
    level: Level::Warning,
    title: "no event source has an `ackWaitTime`",
    since: "every version of argo-events",
    story: "\
There is no field for an ack wait in any type of event source, under this or another name. The CRD preserves \
unknown fields, so the manifest is accepted, the field is stored, and nobody reads it.

How long an event may take before it comes again is decided elsewhere. For Pub/Sub it is the ack deadline of \
the subscription. For SQS and Azure Queue Storage argo-events asks for a visibility timeout of 120 seconds, \
which cannot be set. On the other side of the bus a sensor has 30 seconds (the default of nats-server), and \
tells the server every 500 ms that it is still at it.",
    links: &["argo-events pkg/apis/events/v1alpha1/eventsource_types.go"],
    check,
};

/// Names of an ack wait, in lower case and without `_` and `-`.
const NAMES: [&str; 9] = [
    "ackwaittime",
    "ackwait",
    "ackwaitseconds",
    "ackwaittimeseconds",
    "ackdeadline",
    "ackdeadlineseconds",
    "acktimeout",
    "acktimeoutseconds",
    "visibilitytimeout",
];

fn check(cx: &mut Cx<'_, '_>) {
    for source in cx.of("EventSource") {
        if let Some(spec) = source.root.get("spec") {
            within(
                cx,
                source,
                spec,
                "the bus or the source of events decides when an event comes again",
            );
        }
    }
    for event in events(cx) {
        let help = match event.kind.name {
            "pubSub" => "set the ack deadline of the subscription in Pub/Sub",
            "sqs" | "azureQueueStorage" => {
                "argo-events asks for a visibility timeout of 120 s, always"
            }
            _ => "the bus or the source of events decides when an event comes again",
        };
        within(cx, event.source, event.config, help);
    }
}

fn within(cx: &mut Cx<'_, '_>, source: Manifest<'_>, node: &Node, help: &str) {
    for (name, field) in node.fields() {
        let folded = name.to_lowercase().replace(['_', '-'], "");
        if !NAMES.contains(&folded.as_str()) {
            continue;
        }
        let edit = cx.manifests.file(source.file).and_then(|file| Edit::delete(file, field));
        let fix = Fix::new(&format!("take `{name}` away"), [edit]);
        let message = format!("no event source reads `{name}`: it has no effect");
        cx.at_key(source, field, message).help(help).fix(fix);
    }
}
