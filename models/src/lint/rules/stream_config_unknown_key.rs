//! Keys of `streamConfig` that nobody reads.

use super::streams::{KEYS, POLICIES_SINCE, Stream, is_readable, meant, streams};
use crate::diagnostic::nearest;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST003",
    name: "stream-config-unknown-key",
    level: Level::Warning,
    title: "`streamConfig` has a key that argo-events does not read",
    since: "every version of argo-events with JetStream; `retention` and `discard` are read since v1.9.3",
    story: "\
argo-events takes seven keys out of `streamConfig`: `maxMsgs`, `maxAge`, `maxBytes`, `replicas`, \
`duplicates`, `retention` and `discard`. Upper and lower case count for nothing, underscores do: `max_msgs` \
is another key, and a key that is not among the seven is passed over without a word. The limit stays what it \
was by default.

nats-server's own names are in snake_case, so they are what one copies from its documentation or from `nats \
stream info`. Write them in camelCase. There is no key for the storage (always files), for the number of \
consumers (no limit) or for the largest message (that is `spec.jetstream.maxPayload`).

The stream is made once. Changing `streamConfig` of a bus that has its stream changes nothing: change the \
stream itself (`nats stream edit default`), or make a new bus.",
    links: &[
        "argo-events pkg/eventbus/jetstream/base/jetstream.go:CreateStream",
        "https://github.com/argoproj/argo-events/issues/3377",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx) {
        for (name, node) in stream.written() {
            let Some(key) = KEYS.iter().find(|key| key.eq_ignore_ascii_case(name)) else {
                unknown(cx, &stream, name, node);
                continue;
            };
            let is_policy = ["retention", "discard"].contains(key);
            if is_policy && cx.versions.argo_events < POLICIES_SINCE {
                let message =
                    format!("`{name}` in `streamConfig` is not read before argo-events v1.9.3");
                cx.at_key(stream.bus, node, message)
                    .help("the stream keeps its messages up to its limits, and evicts the oldest");
            }
        }
    }
}

fn unknown(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, name: &str, node: &Node) {
    let message = format!("argo-events does not read `{name}` in `streamConfig`: it has no effect");
    let folded = name.to_lowercase().replace(['_', '-'], "");
    let finding = cx.at_key(stream.bus, node, message);
    let elsewhere = match folded.as_str() {
        "maxconsumers" => Some("the number of consumers has no limit"),
        "maxmsgsize" | "maxpayload" => {
            Some("the largest message is `maxPayload`, beside `streamConfig`")
        }
        "storage" => Some("the storage is always files"),
        _ => None,
    };
    if let Some(help) = elsewhere {
        finding.help(help);
        return;
    }
    let alias = ["duplicatewindow", "dupewindow", "dedupwindow"].contains(&folded.as_str());
    let known = if alias { Some("duplicates") } else { nearest(name, &KEYS) };
    let Some(key) = known.or((folded == "numreplicas").then_some("replicas")) else {
        finding.help(format!("it reads `{}`", KEYS.join("`, `")));
        return;
    };
    let stays = default_text(stream, key);
    finding.help(format!("write it as `{key}`{stays}"));
    if stream.field(key).is_none() && stream.has_places() {
        finding.fix(renamed(stream, node, key));
    }
}

fn default_text(stream: &Stream<'_>, key: &str) -> String {
    match key {
        _ if stream.field(key).is_some() => ", which is there already".into(),
        "maxMsgs" | "maxBytes" if stream.number(key) <= 0 => {
            "; without it there is no limit".into()
        }
        "maxMsgs" | "maxBytes" | "replicas" => {
            format!("; without it `{key}` is {}", stream.number(key))
        }
        _ => String::new(),
    }
}

/// The right name, with a value that can be read.
fn renamed(stream: &Stream<'_>, node: &Node, key: &str) -> Option<Fix> {
    let value = node.scalar()?;
    let title = format!("write it as `{key}`");
    if is_readable(key, node) {
        let edit = Edit::key(stream.file(), node, key);
        return Fix::new(&title, [Some(edit)]).filter(|_| stream.is_safe(key, value));
    }
    let meant = meant(key, value)?;
    let edit = Edit::field(stream.file(), node, key, &meant);
    Fix::new(&title, [edit]).filter(|_| stream.is_safe(key, &meant))
}
