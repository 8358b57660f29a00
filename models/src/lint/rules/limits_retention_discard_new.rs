//! A stream that fills up once and for all.

use super::streams::streams;
use crate::lint::{Cx, Fix, Level, Rule};
use crate::manifest::quantities::go_text;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST008",
    name: "limits-retention-discard-new",
    level: Level::Error,
    title: "`discard: 1` with `retention: 0` locks the bus up once its limits are reached",
    since: "argo-events v1.9.3, which is the first to read `retention` and `discard`",
    story: "\
With limits retention (0, the default) an ack removes nothing from the stream: messages stay until a limit \
pushes them out. With `discard: 1` the limit pushes nothing out either, it refuses the new message. So the \
bus takes `maxMsgs` messages in its life, acked or not, and then answers every publish with 503/10077 \
(maximum messages exceeded), although nothing is pending, until `maxAge` lets the first of them go. Webhooks \
then answer 500 and most other sources lose their events.

The combination that pushes back is `discard: 1` with `retention: 1` (interest): acked messages make room, \
and only a backlog of `maxMsgs` messages that are not acked is refused. Events that no sensor wants are \
accepted and not stored.",
    links: &[
        "https://github.com/nats-io/nats-server/issues/2795",
        "https://github.com/argoproj/argo-events/issues/3150",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        let is_limited = stream.number("maxMsgs") > 0 || stream.number("maxBytes") > 0;
        let is_locked = stream.number("discard") == 1 && stream.number("retention") == 0;
        let Some(node) = stream.field("discard").filter(|_| is_locked && is_limited) else {
            continue;
        };
        let until = match stream.age() {
            0 => "for ever".to_owned(),
            age => format!("until the oldest are {} old", go_text(age)),
        };
        let message = format!(
            "with `retention: 0` acks make no room: at its limits ({}) the bus refuses every event (10077), even if all \
             are acked, {until}",
            stream.limits_text()
        );
        let fix = Fix::new("retain by interest", [stream.set("retention", "1")]);
        cx.at_value(stream.bus, node, message)
            .help("with `retention: 1` (interest) what all sensors have acked makes room")
            .fix(fix);
    }
}
