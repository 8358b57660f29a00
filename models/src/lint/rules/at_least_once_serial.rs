//! What `atLeastOnce` means for a backlog.

use super::sensors::{Bus, bus_of, triggers};
use super::words;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST053",
    name: "at-least-once-serial",
    level: Level::Note,
    title: "`atLeastOnce` handles one event at a time; what waits is bounded by the stream",
    since: "v1.8.0 with JetStream",
    story: "\
With `atLeastOnce: true` a trigger takes the next event from the bus only when it is done with the one before: \
its throughput is one event per (fetch + execution + wait for the rate limit). The backlog stays in the bus, as \
`num_pending` of the trigger's consumer.

The bus is bounded. By default one stream of 50000 messages serves all event sources, and when it is full the \
oldest messages are dropped, delivered or not, without an error and without a metric: `num_pending` just falls. \
A noisy source takes places from a quiet one. With `retention: 1` and `discard: 1` (since v1.9.3) publishing \
fails instead, and the sender learns of it.

Whether that is enough for a peak is a matter of arithmetic: how much more comes than is handled, times how \
long. `surgetank run` does it.",
    links: &[
        "argo-events pkg/sensors/listener.go:triggerActions",
        "https://github.com/argoproj/argo-events/issues/3150",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events < Version::new(1, 8, 0) {
        return;
    }
    for sensor in cx.of("Sensor") {
        let bus = bus_of(cx, sensor);
        if !bus.may_be_jetstream() {
            continue;
        }
        for trigger in triggers(sensor).filter(|it| it.is_at_least_once()) {
            let Some(node) = trigger.node.get("atLeastOnce") else { continue };
            let rate = trigger.rate_limit().and_then(|it| Some((it, it.per_s()?)));
            let beyond = beyond(&bus);
            let drained = match (bus.max_msgs(), rate) {
                (Some(max_msgs), Some((limit, per_s))) => format!(
                    "; {} works {max_msgs} off in {}",
                    limit.text(),
                    words::time(max_msgs as f64 / per_s)
                ),
                _ => String::new(),
            };
            let message =
                format!("one event at a time: the others wait in the bus, {beyond}{drained}");
            cx.at_key(sensor, node, message)
                .help("see for the peak that you expect how far behind it falls: `surgetank run`");
        }
    }
}

/// What happens beyond the limit of the stream.
fn beyond(bus: &Bus<'_>) -> String {
    match bus.max_msgs() {
        None => "however many they are".to_owned(),
        Some(max_msgs) if bus.discards_new() => {
            format!("and beyond {max_msgs} messages of all sources publishing fails")
        }
        Some(max_msgs) => format!(
            "where beyond {max_msgs} messages of all sources the oldest are dropped silently"
        ),
    }
}
