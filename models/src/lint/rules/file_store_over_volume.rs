//! A file store larger than the volume that it is on.

use super::streams::{Host, Stream, streams};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::{bytes_text, kubernetes_bytes, nats_bytes};
use crate::manifest::settings::{Setting, settings};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST013",
    name: "file-store-over-volume",
    level: Level::Warning,
    title: "the stream may grow beyond the volume that it is on",
    since: "every version of argo-events with JetStream",
    story: "\
Three numbers have to be in order: what the stream may grow to (`maxBytes`, or `maxMsgs` times the size of \
an event), what nats-server may store (`max_file_store` in `settings`, 1TB by default) and what there is \
(`persistence.volumeSize`, 20Gi by default). Nobody compares them. With argo-events' defaults they are 50000 \
events of up to 1 MiB, which is 48.8 GiB, on 20 GiB: fine with small events, not with large ones.

What happens depends on who meets the limit first. At `maxBytes` the oldest events are evicted (or new ones \
refused). At `max_file_store` new events are refused (10023). At the end of the volume a write fails, and \
nats-server turns JetStream off on that server. A `maxBytes` above `max_file_store` is refused when the \
stream is made (10047).

Set `maxBytes` to what the volume can hold, with room for the sensors' states and for deleted blocks; \
nats-server itself takes 75% of a disk when nobody tells it.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/1849",
        "https://github.com/nats-io/nats-server/issues/7654",
        "nats-server server/jetstream.go:checkBytesLimits",
    ],
    check,
};

/// What the controller sets if `settings` are absent.
const DEFAULT_STORE: u64 = 1 << 40;
const DEFAULT_VOLUME: u64 = 20 << 30;

fn check(cx: &mut Cx<'_, '_>) {
    for stream in streams(cx).iter().filter(|it| it.host == Host::Controller) {
        let node = stream.spec.get("settings");
        let all = node.map_or_else(Vec::new, settings);
        let is_store = |it: &&Setting<'_>| {
            ["max_file_store", "max_file"].contains(&it.key.to_lowercase().as_str())
        };
        let store = all.iter().find(is_store);
        over_store(cx, stream, store);
        let Some(persistence) = stream.spec.get("persistence") else { continue };
        let volume = match persistence.text("volumeSize") {
            Some(text) => kubernetes_bytes(text),
            None => Some(DEFAULT_VOLUME),
        };
        let Some(volume) = volume else { continue };
        over_volume(cx, stream, persistence, volume);
        match store {
            Some(store) => store_over_volume(cx, stream, store, volume),
            None if node.is_none() && volume < DEFAULT_STORE => {
                default_over_volume(cx, stream, persistence, volume);
            }
            // Without a word about it nats-server takes 75% of the disk.
            None => {}
        }
    }
}

/// The largest size that the stream may have by `maxBytes`.
fn max_bytes(stream: &Stream<'_>) -> Option<u64> {
    u64::try_from(stream.number("maxBytes")).ok().filter(|&bytes| bytes > 0)
}

fn over_store(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, store: Option<&Setting<'_>>) {
    let Some(store) = store else { return };
    let (Some(limit), Some(bytes)) = (nats_bytes(store.value), max_bytes(stream)) else { return };
    let Some(node) = stream.field("maxBytes").filter(|_| bytes > limit) else { return };
    let message = format!(
        "`maxBytes` {bytes} ({}) is more than `max_file_store: {}`: the server does not make the stream (10047), and every \
         EventSource and Sensor on this bus crash-loops",
        bytes_text(bytes),
        store.value
    );
    cx.at_value(stream.bus, node, message)
        .help("lower `maxBytes` below `max_file_store`, and both below the volume")
        .level(Level::Error);
}

fn over_volume(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, persistence: &Node, volume: u64) {
    let Some(bytes) = max_bytes(stream).filter(|&bytes| bytes > volume) else { return };
    let Some(node) = stream.field("maxBytes") else { return };
    let message = format!(
        "`maxBytes` {bytes} ({}) is more than the volume of {}: the volume is full before the stream is, and nats-server \
         turns JetStream off",
        bytes_text(bytes),
        volume_text(persistence)
    );
    cx.at_value(stream.bus, node, message).help(help(volume));
}

fn store_over_volume(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, store: &Setting<'_>, volume: u64) {
    let Some(limit) = nats_bytes(store.value).filter(|&limit| limit > volume) else { return };
    let message = format!(
        "`max_file_store` {} is more than the volume of {}: nats-server meets the end of the volume first, and turns \
         JetStream off",
        bytes_text(limit),
        bytes_text(volume)
    );
    cx.find(stream.bus, store.place, message).help(help(volume));
}

fn default_over_volume(cx: &mut Cx<'_, '_>, stream: &Stream<'_>, persistence: &Node, volume: u64) {
    let payload = stream.spec.text("maxPayload").map_or(Some(1 << 20), nats_bytes);
    let count = u64::try_from(stream.number("maxMsgs")).ok().filter(|&count| count > 0);
    let by_count = count.zip(payload).map(|(count, payload)| count.saturating_mul(payload));
    let grows = match (max_bytes(stream), by_count) {
        (Some(_), _) => return,
        (None, Some(bytes)) if bytes <= volume => return,
        (None, Some(bytes)) => format!(
            "{} events of up to {} are {}",
            count.unwrap_or_default(),
            bytes_text(payload.unwrap_or_default()),
            bytes_text(bytes)
        ),
        (None, None) => "the stream has no limit of size".into(),
    };
    let message = format!(
        "{grows}, on a volume of {}: if events are large, nats-server meets its end first (`max_file_store` is 1TB by \
         default), and turns JetStream off",
        volume_text(persistence)
    );
    cx.at_key(stream.bus, persistence, message).help(help(volume)).level(Level::Note);
}

fn volume_text(persistence: &Node) -> String {
    match persistence.text("volumeSize") {
        Some(text) => format!("`{text}`"),
        None => "20Gi (the default)".into(),
    }
}

fn help(volume: u64) -> String {
    let bytes = volume / 4 * 3;
    format!("set `maxBytes` below the volume: 75% of it is `maxBytes: {bytes}`")
}
