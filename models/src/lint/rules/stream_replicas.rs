//! A stream that asks for more copies than there are servers.

use super::streams::{Host, Stream, streams};
use crate::lint::{Cx, Fix, Level, Rule};
use crate::manifest::quantities::integer;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST006",
    name: "stream-replicas",
    level: Level::Error,
    title: "the stream asks for more copies than the bus has servers",
    since: "every version of argo-events with JetStream",
    story: "\
`spec.jetstream.replicas` is the number of NATS pods, `streamConfig.replicas` the number of copies of the \
stream. They are two settings with the same default of 3, and lowering one does not lower the other: a bus \
with `replicas: 1` still asks for a stream with three copies. The single server refuses that (error 10074: \
replicas > 1 not supported in non-clustered mode); a cluster with fewer servers than copies finds no peers \
to place it on.

As with every refused stream, the bus looks healthy and every EventSource and Sensor on it crash-loops.",
    links: &[
        "argo-events pkg/reconciler/eventbus/installer/jetstream.go",
        "https://github.com/argoproj/argo-events/issues/2743",
        "https://github.com/argoproj/argo-events/pull/2822",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx).iter().filter(|it| it.host == Host::Controller) {
        let servers = stream.spec.get("replicas").map_or(Some(3), integer);
        let (Some(servers), copies) = (servers, stream.number("replicas")) else { continue };
        if copies > servers && servers > 0 {
            too_many(cx, stream, servers, copies);
        }
    }
}

fn too_many(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, servers: i64, copies: i64) {
    let written = stream.field("replicas");
    let default = if written.is_some() { "" } else { ", by default" };
    let refused = match servers {
        1 => "1 server refuses it (10074)".to_owned(),
        _ => format!("there is no place for it on {servers} servers"),
    };
    let message = format!(
        "the stream asks for {copies} copies{default}, and {refused}: every EventSource and Sensor on this bus crash-loops"
    );
    let node = written.or(stream.spec.get("replicas")).unwrap_or(stream.spec);
    let finding = match written.or(stream.spec.get("replicas")) {
        Some(node) => cx.at_value(stream.bus, node, message),
        None => cx.at_key(stream.bus, node, message),
    };
    if servers == 1 {
        let fix = Fix::new("ask for one copy", [stream.set("replicas", "1")]);
        finding.help("set `replicas: 1` in `streamConfig` too").fix(fix);
    } else {
        finding.help("run as many servers as copies: 1, 3 or 5");
    }
}
