//! More events than a webhook's route can publish.

use crate::component::ComponentPlan;
use crate::event_source;
use crate::lint::{Cx, Level, Rule};
use crate::report::text::number;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST101",
    name: "load-over-route",
    level: Level::Warning,
    title: "more events come to a webhook's endpoint than its route can publish",
    since: "every version of argo-events",
    story: "\
An endpoint of a webhook-type event source publishes one event at a time: its capacity is one divided by the \
time that a publish takes. Further callers wait with their connections open. There is no limit on how many, and \
no timeout at the server; a caller that gives up and calls again makes a second event of the first.

Several endpoints publish side by side, and a webhook may run in several replicas. A bus that answers sooner \
(fewer replicas, faster disks) raises the capacity of each.",
    links: &["argo-events pkg/eventsources/common/webhook/webhook.go:manageRouteChannels"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for mut strain in load.strains("EventSource", event_source::limit::ROUTE) {
        let ComponentPlan::EventSource(source) = load.component(strain.component) else { continue };
        // Each event name has a route of its own: the busiest is the first to be full.
        let busiest = source.event_shares.iter().copied().fold(0.0, f64::max);
        strain.flow = strain.flow.times(busiest * source.pass_probability);
        let Some(overload) = strain.overload(load.storm()) else { continue };
        let each = number::duration(source.latency.mean());
        let path = load.path(strain.component, "arrivals");
        cx.at_parameter(
            &path,
            format!("one event at a time is published, {each} each: {overload}"),
        )
        .help("spread the events over several endpoints or replicas");
    }
}
