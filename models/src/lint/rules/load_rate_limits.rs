//! More events than a rate limit lets through.

use crate::component::ComponentPlan;
use crate::lint::{Cx, Level, Rule};
use crate::trigger::DeliveryMode;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST102",
    name: "load-over-rate-limit",
    level: Level::Warning,
    title: "more events come than a rate limit lets through",
    since: "every version",
    story: "\
A rate limit delays, it never drops: what comes beyond it waits. With `atLeastOnce: true` it waits in the bus, \
where the oldest are evicted without a word once the stream is full; without it, it waits in the sensor's \
memory, where a restart loses it. A limit that is sized for the average holds on average: size it for the peak, \
or know how long the backlog of the peak takes to drain, and that it is kept that long.",
    links: &[
        "argo-events pkg/sensors/listener.go:triggerWithRateLimit",
        "https://github.com/argoproj/argo-events/issues/1765",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for kind in ["EventSource", "Sensor", "Trigger", "Station"] {
        for strain in load.strains(kind, "rate_limit") {
            let Some(overload) = strain.overload(load.storm()) else { continue };
            let waits = match load.component(strain.component) {
                ComponentPlan::Trigger(trigger) => match trigger.delivery {
                    DeliveryMode::AtLeastOnce => {
                        "; they wait in the bus, where the oldest may be evicted"
                    }
                    DeliveryMode::FireAndForget => "; they wait in the sensor's memory",
                },
                _ => "",
            };
            let path = load.path(strain.component, "rate_limit");
            cx.at_parameter(&path, format!("{overload}{waits}"));
        }
    }
}
