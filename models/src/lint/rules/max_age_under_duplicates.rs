//! A `maxAge` shorter than the window for duplicates.

use super::streams::streams;
use crate::lint::{Cx, Fix, Level, Rule};
use crate::manifest::quantities::go_text;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST005",
    name: "max-age-under-duplicates",
    level: Level::Error,
    title: "`maxAge` of the stream is shorter than `duplicates`",
    since: "every version of argo-events with JetStream",
    story: "\
nats-server refuses a stream whose messages live shorter than it remembers their ids (error 10052: \
duplicates window can not be larger then max age). argo-events' controller sets `duplicates: 300s` by \
default, so any `maxAge` under five minutes is refused unless `duplicates` is lowered as well.

The stream is made by the first EventSource or Sensor that connects, not by the controller: the bus looks \
healthy, and every EventSource and Sensor on it crash-loops.",
    links: &[
        "nats-server server/stream.go:checkStreamCfg",
        "argo-events manifests/base/controller-manager/controller-config.yaml",
    ],
    check,
};

/// The server refuses less for another reason (`ST010`).
const LEAST: i64 = 100_000_000;

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        let (age, window) = (stream.age(), stream.duplicates());
        if age < LEAST || window <= age {
            continue;
        }
        let (age, window) = (go_text(age), go_text(window));
        let written = if stream.field("duplicates").is_some() { "" } else { " by default" };
        let message = format!(
            "`maxAge` {age} is shorter than `duplicates`, {window}{written}: the server refuses the stream (10052), \
             and every EventSource and Sensor on this bus crash-loops"
        );
        let Some(node) = stream.field("maxAge").or(stream.field("duplicates")) else { continue };
        let title = format!("lower `duplicates` to {age}");
        let fix = Fix::new(&title, [stream.set("duplicates", &age)]);
        cx.at_value(stream.bus, node, message)
            .help(format!("set `duplicates: {age}`, or a `maxAge` of at least {window}"))
            .fix(fix);
    }
}
