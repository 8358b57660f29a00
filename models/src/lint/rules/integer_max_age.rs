//! Times of `streamConfig` that are nanoseconds.

use super::streams::streams;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::{go_text, nanoseconds};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST010",
    name: "integer-max-age",
    level: Level::Error,
    title: "a time of `streamConfig` that is shorter than the server accepts, mostly for want of a unit",
    since: "every version of argo-events with JetStream",
    story: "\
A time without a unit is a number of nanoseconds: `maxAge: 72` keeps messages for 72 ns, `duplicates: 300` \
remembers ids for 300 ns. nats-server refuses both, as it does everything between 0 and 100 ms: the stream \
is not made, and every EventSource and Sensor on the bus crash-loops, while the bus itself looks healthy.

Write the unit: `72h`, `300s`.",
    links: &[
        "nats-server server/stream.go:checkStreamCfg",
        "spf13/cast v1.10 time.go:ToDurationE",
    ],
    check,
};

/// The shortest time that the server accepts.
const LEAST: i64 = 100_000_000;

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        for key in ["maxAge", "duplicates"] {
            let Some(node) = stream.field(key) else { continue };
            let Some(time) = nanoseconds(node).filter(|it| *it < LEAST && *it != 0) else {
                continue;
            };
            let text = node.scalar().unwrap_or_default();
            let refused = "the server refuses the stream, and every EventSource and Sensor on this bus crash-loops";
            let has_unit = text.ends_with(|c: char| c.is_alphabetic());
            let message = match time {
                ..0 => format!("`{key}: {text}` is a negative time: {refused}"),
                _ if has_unit => format!("`{key}: {text}` is less than 100 ms: {refused}"),
                _ => format!("`{key}: {text}` has no unit and is {}: {refused}", go_text(time)),
            };
            let finding = cx.at_value(stream.bus, node, message);
            match time {
                ..0 => finding.help("`0s` is no limit"),
                _ if has_unit => finding.help("at least `100ms`"),
                _ => finding.help(format!("write the unit: `{time}h`, `{time}m` or `{time}s`")),
            };
        }
    }
}
