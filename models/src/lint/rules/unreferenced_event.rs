//! Events that no sensor depends on.

use super::sensors::{Bus, bus_name, bus_of, dependencies, may_share_namespace};
use super::unknown_event_source::events;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST046",
    name: "unreferenced-event",
    level: Level::Note,
    title: "an event that no Sensor depends on",
    since: "every version of argo-events with JetStream",
    story: "\
All event sources of a bus share one stream, with one limit for all of them. By default the stream keeps every \
message until it is old or until newer ones need its place, whether or not anybody wants it. Events that no \
Sensor depends on take places from those that some Sensor still has to handle: a noisy source evicts the \
backlog of a quiet one.

With `retention: 1` (Interest, since v1.9.3) a message for which there is no consumer is dropped as it comes.

A Sensor that is not among the files may live elsewhere; so this is a note, and only where the files have \
Sensors on that bus at all.",
    links: &[
        "argo-events pkg/eventbus/jetstream/base/jetstream.go:CreateStream",
        "https://github.com/argoproj/argo-events/issues/3150",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for source in cx.of("EventSource") {
        let sensors: Vec<Manifest<'_>> = cx
            .of("Sensor")
            .filter(|it| may_share_namespace(*it, source) && bus_name(*it) == bus_name(source))
            .collect();
        if sensors.is_empty() {
            continue;
        }
        let bus = bus_of(cx, source);
        let becomes = match bus {
            Bus::Stan | Bus::Kafka => "it starts nothing".to_owned(),
            _ if bus.keeps_interest_only() => "it is dropped as it comes".to_owned(),
            _ => {
                let many =
                    bus.max_msgs().map_or("messages".to_owned(), |it| format!("{it} messages"));
                format!("it is kept all the same, and takes a place among the {many} of the stream")
            }
        };
        for (event, node) in events(source) {
            let is_wanted = sensors.iter().flat_map(|it| dependencies(*it)).any(|it| {
                it.text("eventSourceName") == Some(source.name)
                    && it.text("eventName") == Some(event.as_str())
            });
            if !is_wanted {
                let message =
                    format!("no Sensor among these files depends on `{event}`: {becomes}");
                cx.at_key(source, node, message).help("take it away if nobody wants it");
            }
        }
    }
}
