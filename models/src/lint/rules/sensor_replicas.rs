//! Replicas that stand by.

use super::sensors::{Bus, bus_of};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST049",
    name: "sensor-replicas",
    level: Level::Note,
    title: "a Sensor has several replicas, of which one works",
    since: "v1.4.0, which brought replicas",
    story: "\
With a JetStream or NATS Streaming bus the pods of a Sensor elect a leader, and only the leader subscribes. More \
replicas are faster after a crash; they handle no more events. Only with a Kafka bus do all of them work.

A leader that loses its lead exits, with everything that it has in memory: without `atLeastOnce` that is every \
event that waits for a rate limit or is being handled.

More throughput is more triggers or more sensors, each with dependencies of its own.",
    links: &["argo-events pkg/sensors/listener.go:Start"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let Some(node) = sensor.root.at(&["spec", "replicas"]) else { continue };
        let Some(count) = node.scalar().and_then(|it| it.parse::<u32>().ok()) else { continue };
        if count < 2 || matches!(bus_of(cx, sensor), Bus::Kafka) {
            continue;
        }
        let message = format!(
            "of {count} replicas one works and the others stand by: they are no faster than 1"
        );
        cx.at_value(sensor, node, message)
            .help("more events a second take more triggers or sensors, or a Kafka bus");
    }
}
