//! The retention that sensors cannot subscribe to.

use super::streams::streams;
use crate::lint::{Cx, Fix, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST007",
    name: "work-queue-retention",
    level: Level::Error,
    title: "`retention: 2` (work queue): no sensor can subscribe",
    since: "argo-events v1.9.3, which is the first to read `retention`",
    story: "\
A work queue keeps a message until its one consumer has acked it, which sounds like what an event bus should \
do. But nats-server demands of every consumer of a work queue that it starts with the first message, and \
sensors ask to start with the next one (`DeliverNew`): error 10101, consumer must be deliver all on \
workqueue stream. The sensor's pod runs, logs the error and never gets an event, while EventSources publish \
into the stream.

`retention: 1` (interest) does what is meant: a message goes once every consumer that wants it has acked it. \
What nobody subscribes to is not kept at all.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/3377",
        "argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:Subscribe",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        if stream.number("retention") != 2 {
            continue;
        }
        let Some(node) = stream.field("retention") else { continue };
        let message = "`retention: 2` is a work queue, and the server refuses the sensors' consumers on it (10101): \
                       no sensor ever gets an event";
        let fix = Fix::new("retain by interest", [stream.set("retention", "1")]);
        cx.at_value(stream.bus, node, message)
            .help("`retention: 1` (interest) lets go of a message once all sensors have acked it")
            .fix(fix);
    }
}
