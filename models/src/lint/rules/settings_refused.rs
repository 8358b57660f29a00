//! Settings that nats-server refuses.

use super::streams::{Stream, meant, streams};
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::settings::{Setting, settings};
use crate::manifest::yaml::{Node, Style};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST001",
    name: "settings-refused",
    level: Level::Error,
    title: "`settings` of an EventBus has keys that nats-server refuses",
    since: "every version of argo-events with JetStream",
    story: "\
`spec.jetstream.settings` is pasted as it is into the `jetstream { }` block of nats-server's configuration. \
That block has no limits of a stream: `max_msgs`, `max_bytes`, `max_consumers` and the like are unknown fields \
there, and an unknown field is fatal. The NATS pods of a new bus crash at start. A bus that runs fails to \
reload and keeps its old configuration, until its pods are started again for whatever reason.

Limits of the stream belong into `spec.jetstream.streamConfig`, in the names that argo-events reads: \
`maxMsgs`, `maxBytes` (a whole number), `maxAge`. The number of consumers cannot be limited at all, and the \
largest message is `spec.jetstream.maxPayload`.

A `settings` of your own also replaces the default one, and with it `max_file_store: 1TB`.",
    links: &["nats-server server/opts.go:parseJetStream", "argo-events pkg/reconciler/eventbus/installer/jetstream.go"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        let Some(node) = bus.root.at(&["spec", "jetstream", "settings"]) else { continue };
        let all = settings(node);
        let (known, refused): (Vec<Setting<'_>>, Vec<Setting<'_>>) =
            all.into_iter().partition(|it| it.is_known());
        let Some(first) = refused.first() else { continue };
        let names: Vec<&str> = refused.iter().map(|it| it.key).collect();
        let message = format!(
            "nats-server does not know `{}` in its `jetstream` block: its pods do not start",
            names.join("`, `")
        );
        let stream = streams(cx).into_iter().find(|it| std::ptr::eq(it.bus.root, bus.root));
        let fix = stream.and_then(|stream| moved(&stream, node, &known, &refused));
        cx.find(bus, first.place, message)
            .help("limits of the stream go into `streamConfig`, as `maxMsgs`, `maxBytes`, `maxAge`")
            .fix(fix);
    }
}

/// Moves the limits into `streamConfig`, in the names and numbers that are read there.
fn moved(
    stream: &Stream<'_>,
    node: &Node,
    known: &[Setting<'_>],
    refused: &[Setting<'_>],
) -> Option<Fix> {
    let file = stream.file();
    let has_lines = refused.iter().all(|it| it.place != node.place());
    if node.style() != Style::Block || !has_lines {
        return None;
    }
    let mut lines = Vec::new();
    for setting in refused {
        match setting.key.to_lowercase().replace('_', "").as_str() {
            // There is no such limit: nothing is lost with the line.
            "maxconsumers" => {}
            "maxmsgs" => lines.push(line(stream, "maxMsgs", setting)?),
            "maxbytes" => lines.push(line(stream, "maxBytes", setting)?),
            "maxage" => lines.push(line(stream, "maxAge", setting)?),
            "duplicates" | "duplicatewindow" => lines.push(line(stream, "duplicates", setting)?),
            _ => return None,
        }
    }
    let mut edits = Vec::new();
    if known.is_empty() {
        edits.push(Edit::delete(file, node)?);
    } else {
        let gone = |it: &Setting<'_>| Edit::delete_line(file, it.place.line);
        edits.extend(refused.iter().map(gone));
    }
    if !lines.is_empty() {
        edits.push(stream.add(&lines)?);
    }
    Some(Fix { title: "move the limits into `streamConfig`".into(), edits })
}

/// The line of `streamConfig` for a setting; none if there is one already, or if nobody can read it.
fn line(stream: &Stream<'_>, key: &str, setting: &Setting<'_>) -> Option<String> {
    let value = meant(key, setting.value)?;
    stream.field(key).is_none().then(|| format!("{key}: {value}"))
}
