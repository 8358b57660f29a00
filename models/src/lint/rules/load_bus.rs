//! How long a bus takes until it is full.

use crate::component::ComponentPlan;
use crate::event_bus::BusPlan;
use crate::jetstream::{Discard, Retention};
use crate::lint::load::Load;
use crate::lint::{Cx, Level, Rule};
use crate::report::flow::Flow;
use crate::report::text::number;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST107",
    name: "bus-full",
    level: Level::Warning,
    title: "the bus is full before its messages are too old",
    since: "every version of argo-events with JetStream",
    story: "\
All event sources of a bus share one stream. With `Limits` retention, the default, an acknowledged message stays \
where it is: the stream fills with everything that was ever published, until a limit pushes the oldest out \
(discard old: nobody is told, and what no sensor has seen yet is lost) or refuses the new (discard new: everybody \
gets errors, although nothing waits). So the limits say how far a sensor may fall behind: the number of messages \
divided by the rate at which they come.

`retention: 1` (Interest) with `discard: 1` (New) keeps only what is not yet acknowledged, and pushes back when \
that is too much.",
    links: &[
        "argo-events pkg/eventbus/jetstream/base/jetstream.go:CreateStream",
        "https://github.com/argoproj/argo-events/issues/3150",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for (id, component) in (0..).zip(&load.plan.components) {
        let ComponentPlan::EventBus(bus) = component else { continue };
        let flow = load.inflows[id as usize].events;
        if bus.stream.retention != Retention::Limits || flow.peak_per_s <= 0.0 {
            continue;
        }
        let age = bus.stream.max_age.map_or(f64::INFINITY, |age| age.as_secs_f64());
        let (limit, most, unit) = match first_limit(bus, id, load) {
            Some(first) => first,
            None => continue,
        };
        let filled_s = most / flow.mean_per_s;
        if filled_s >= age {
            continue;
        }
        let then = match bus.stream.discard {
            Discard::Old => {
                "from then on the oldest are pushed out without a word: a sensor that is further behind than that loses events"
            }
            Discard::New => "from then on every publish is refused, although nothing waits",
        };
        let message = format!(
            "`{limit}` of {} is reached {} after the first event at {}{}; {then}",
            unit,
            number::duration(filled_s),
            number::rate(flow.mean_per_s),
            at_peak(flow, most),
        );
        let path = load.path(id, limit);
        cx.at_parameter(&path, message)
            .help("`retention: 1` with `discard: 1` keeps only what is not acknowledged yet");
    }
}

/// The same at the peak, if that is another rate.
fn at_peak(flow: Flow, most: f64) -> String {
    if flow.peak_per_s <= flow.mean_per_s * 1.01 {
        return String::new();
    }
    let seconds = number::duration(most / flow.peak_per_s);
    format!(", {seconds} at the peak's {}", number::rate(flow.peak_per_s))
}

/// The limit that is reached first: its name, how many messages it allows, and in words.
fn first_limit(bus: &BusPlan, id: u16, load: &Load<'_>) -> Option<(&'static str, f64, String)> {
    let messages = bus
        .stream
        .max_msgs
        .map(|most| ("max_msgs", most as f64, format!("{} messages", number::count(most as f64))));
    let bytes = bus.stream.max_bytes.and_then(|most| {
        let each = mean_message(bus, id, load)?;
        let (total, one) = (number::bytes(most as f64), number::bytes(each));
        Some(("max_bytes", most as f64 / each, format!("{total} (messages of {one})")))
    });
    [messages, bytes].into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Bytes of a stored message on average.
fn mean_message(bus: &BusPlan, id: u16, load: &Load<'_>) -> Option<f64> {
    let (mut bytes, mut rate) = (0.0, 0.0);
    for subject in &bus.subjects {
        let ComponentPlan::EventSource(source) = load.component(subject.source) else { continue };
        if source.target.stage != id {
            continue;
        }
        let share = source.event_shares.get(subject.event as usize).copied().unwrap_or(0.0);
        let flow = load.inflows[subject.source as usize].events.mean_per_s * share;
        let length = subject.name.len() as u32;
        let cost = bus.stream.cost(length, bus.header_bytes, source.payload.mean() as u32);
        bytes += cost as f64 * flow;
        rate += flow;
    }
    (rate > 0.0).then(|| bytes / rate)
}
