//! More consumers than the bus allows.

use crate::component::ComponentPlan;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST110",
    name: "consumers-over-limit",
    level: Level::Error,
    title: "the triggers need more consumers than the bus allows",
    since: "every version of argo-events with JetStream",
    story: "\
Each trigger has a consumer of its own per subject that it depends on. A consumer beyond `max_consumers` is \
refused, and its trigger gets nothing. argo-events itself sets no limit and cannot be told to; a server or an \
account of your own may have one.",
    links: &["argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:Subscribe"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for (id, component) in (0..).zip(&load.plan.components) {
        let ComponentPlan::EventBus(bus) = component else { continue };
        let Some(most) = bus.stream.max_consumers.filter(|&most| bus.consumers.len() > most) else {
            continue;
        };
        let needed = bus.consumers.len();
        let path = load.path(id, "max_consumers");
        cx.at_parameter(
            &path,
            format!("the triggers need {needed} consumers, and the bus allows {most}: what is refused one gets nothing"),
        );
    }
}
