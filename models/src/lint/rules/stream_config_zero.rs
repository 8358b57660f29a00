//! Values of `streamConfig` that argo-events cannot read and takes for 0.

use super::streams::{KEYS, POLICIES_SINCE, Stream, is_readable, meant, streams};
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST004",
    name: "stream-config-zero",
    level: Level::Warning,
    title: "a value of `streamConfig` that argo-events cannot read and takes for 0",
    since: "every version of argo-events with JetStream",
    story: "\
argo-events reads `streamConfig` with viper, and drops the error when a value cannot be turned into a number \
or a time: what is left is 0. For `maxMsgs`, `maxBytes` and `maxAge` the server takes 0 for no limit at all, \
so `maxBytes: 1GB` makes a stream that grows until the disk is full, and `maxAge: 1d` one that keeps \
everything for ever. `duplicates` becomes the server's two minutes, `replicas` one copy, `retention` and \
`discard` become limits and discard-old, whatever word was written.

Numbers have no units: `maxBytes: 1073741824`, `maxMsgs: 10000`. Times are Go's: `h`, `m`, `s` and below, no \
days and no weeks: `24h`. `retention` is 0 (limits), 1 (interest) or 2 (work queue); `discard` is 0 (old) or \
1 (new).",
    links: &[
        "argo-events pkg/eventbus/jetstream/base/jetstream.go:CreateStream",
        "spf13/cast v1.10 time.go:ToDurationE",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        for key in KEYS {
            let Some(node) = stream.field(key) else { continue };
            let is_policy = ["retention", "discard"].contains(&key);
            if is_policy && cx.versions.argo_events < POLICIES_SINCE {
                continue;
            }
            if !is_readable(key, node) {
                zero(cx, &stream, key, node);
            }
        }
    }
}

fn zero(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, key: &str, node: &Node) {
    let Some(text) = node.scalar() else { return };
    let (kind, taken) = match key {
        "maxAge" => ("a time", "messages never grow too old"),
        "duplicates" => ("a time", "the server's two minutes"),
        "replicas" => ("a whole number", "one copy"),
        "retention" => ("a whole number", "limits, what is acked stays"),
        "discard" => ("a whole number", "old, the oldest are evicted"),
        _ => ("a whole number", "no limit"),
    };
    let message = format!("argo-events cannot read `{key}: {text}` as {kind} and takes 0: {taken}");
    let finding = cx.at_value(stream.bus, node, message);
    let Some(meant) = meant(key, text) else {
        finding.help(match kind {
            "a time" => "write a time as Go does: `24h`, `30m`, `90s`",
            _ => "write a whole number, without a unit",
        });
        return;
    };
    if !stream.is_safe(key, &meant) {
        finding.help(match key {
            "retention" => "write `1` (interest): no sensor can subscribe to a work queue",
            _ => {
                "write `1`, together with `retention: 1`: with limits retention it locks the bus up"
            }
        });
        return;
    }
    finding.help(format!("write `{meant}`"));
    if stream.has_places() {
        let edit = Edit::value(stream.file(), node, &meant);
        finding.fix(Fix::new(&format!("write `{meant}`"), [edit]));
    }
}
