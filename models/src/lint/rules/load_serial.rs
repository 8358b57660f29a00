//! More events than an at-least-once trigger can work off one at a time.

use crate::component::ComponentPlan;
use crate::lint::{Cx, Level, Rule};
use crate::report::text::number;
use crate::trigger::{self, DeliveryMode};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST104",
    name: "load-over-serial-trigger",
    level: Level::Warning,
    title: "more events come than an at-least-once trigger works off one at a time",
    since: "argo-events 1.8.0, which brought `atLeastOnce`",
    story: "\
With `atLeastOnce: true` a trigger takes one event at a time: its capacity is one divided by the time from taking \
a message to the end of its action, waiting for the rate limit and retries included. With `policy.k8s` that is as \
long as a workflow runs. What comes beyond waits in the bus.

Several triggers or sensors on the same events each do all of them; only other subjects divide the work.",
    links: &["argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:processMsgs"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for strain in load.strains("Trigger", trigger::limit::ONE_AT_A_TIME) {
        let ComponentPlan::Trigger(trigger) = load.component(strain.component) else { continue };
        let Some(overload) = strain.overload(load.storm()) else { continue };
        if trigger.delivery != DeliveryMode::AtLeastOnce {
            continue;
        }
        let each = number::duration(1.0 / strain.limit.value);
        let path = load.path(strain.component, "delivery");
        cx.at_parameter(
            &path,
            format!("one event at a time is worked off, {each} each: {overload}"),
        );
    }
}
