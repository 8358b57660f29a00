//! Webhooks that accept more than their bus takes.

use super::event_types::{Event, bus_of, events};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::{bytes_text, integer, nats_bytes};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST018",
    name: "max-payload",
    level: Level::Warning,
    title: "`maxPayloadSize` of a webhook is larger than the bus's `maxPayload`",
    since: "every version of argo-events",
    story: "\
A webhook reads a request of up to `maxPayloadSize` (1048576 bytes by default) and publishes it, with \
headers and the envelope of a CloudEvent around it. The bus takes messages of up to `maxPayload` (1MB by \
default, which nats-server counts as 1048576 bytes, envelope included). Raising the first without the second \
moves the refusal: instead of an answer 400 at once the caller waits for five attempts to publish, 4 to 8 \
seconds, and gets 500. As an endpoint publishes one event at a time, all other callers wait as well, so a \
few large requests in a peak stop it.

Raise `maxPayload` of the bus above `maxPayloadSize`, with room for the headers and the envelope, or leave \
both.",
    links: &[
        "argo-events pkg/apis/events/v1alpha1/webhook_context.go",
        "argo-events pkg/eventsources/common/webhook/webhook.go:manageRouteChannels",
        "https://github.com/argoproj/argo-events/issues/2163",
    ],
    check,
};

const DEFAULT: &str = "1MB";

/// How much the bus takes, as it is written, and whether it is among the files.
enum Limit<'m> {
    Of(&'m str),
    /// The bus is not here: its default.
    Assumed,
    /// Its servers are somebody else's, or nothing is known of it.
    Unknown,
}

fn check(cx: &mut Cx<'_, '_>) {
    for event in events(cx) {
        let context = if event.kind.name == "webhook" {
            Some(event.config)
        } else {
            event.config.get("webhook")
        };
        let Some(node) = context.and_then(|it| it.get("maxPayloadSize")) else { continue };
        if let Some(size) = integer(node).and_then(|size| u64::try_from(size).ok()) {
            sized(cx, event, node, size);
        }
    }
}

fn sized(cx: &mut Cx<'_, '_>, event: Event<'_>, node: &Node, size: u64) {
    let limit = limit(cx, event);
    let text = match limit {
        Limit::Of(text) => text,
        Limit::Assumed => DEFAULT,
        Limit::Unknown => return,
    };
    let Some(bytes) = nats_bytes(text).filter(|&bytes| 0 < bytes && bytes < size) else { return };
    let (_, bus) = bus_of(event.source);
    let (accepted, taken) = (bytes_text(size), bytes_text(bytes));
    let of_bus = match limit {
        Limit::Assumed => format!("a bus by default {taken} (`{bus}` is not among the files)"),
        _ => format!("the bus `{bus}` {taken} (`maxPayload`)"),
    };
    let message = format!(
        "the webhook accepts {accepted}, and {of_bus}: a larger event fails after 5 attempts, 4 to 8 s, in which no other is \
         published"
    );
    let level = if matches!(limit, Limit::Assumed) { Level::Note } else { Level::Warning };
    cx.at_value(event.source, node, message)
        .help("raise `maxPayload` of the bus above it, with room for headers and envelope")
        .level(level);
}

fn limit<'m>(cx: &Cx<'m, '_>, event: Event<'m>) -> Limit<'m> {
    let wanted = bus_of(event.source);
    let mut buses = cx.of("EventBus").filter(|bus| bus.namespace == wanted.0).peekable();
    let is_told = buses.peek().is_some();
    let Some(bus) = buses.find(|bus| bus.name == wanted.1) else {
        // Files without any bus say nothing about buses.
        return if is_told { Limit::Assumed } else { Limit::Unknown };
    };
    let own = [&["spec", "jetstream"][..], &["spec", "nats", "native"][..]];
    match own.iter().find_map(|path| bus.root.at(path)) {
        Some(spec) => Limit::Of(spec.text("maxPayload").unwrap_or(DEFAULT)),
        None => Limit::Unknown,
    }
}
