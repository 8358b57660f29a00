//! More pods than the controller's resource rate limit creates.

use crate::component::ComponentPlan;
use crate::lint::load::overload;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::{NodeBody, NodeConfig};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST109",
    name: "load-over-resource-rate-limit",
    level: Level::Warning,
    title: "more pods are wanted than `resourceRateLimit` creates",
    since: "argo-workflows 3.1, which brought `resourceRateLimit`",
    story: "\
`resourceRateLimit` of the controller is a token bucket on the creation of pods, of all workflows together. A pod \
that finds no token is tried again with the workflow's next look, 10 s later.",
    links: &["argo-workflows workflow/controller/rate_limiters.go"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for (id, component) in (0..).zip(&load.plan.components) {
        let ComponentPlan::Workflow(workflow) = component else { continue };
        let Some(limit) = workflow.config.resource_rate_limit else { continue };
        let templates = workflow.templates.iter().zip(&load.inflows[id as usize].templates);
        let wanted = templates
            .map(|(template, flow)| flow.times(pods(&template.entry)))
            .fold(Default::default(), crate::report::flow::Flow::plus);
        let Some(overload) = overload(wanted, limit.rate.per_s(), load.storm()) else { continue };
        let path = load.path(id, "resource_rate_limit");
        cx.at_parameter(&path, format!("pods: {overload}"));
    }
}

/// How many pods a node makes if all goes well.
fn pods(node: &NodeConfig) -> f64 {
    let once = match &node.body {
        NodeBody::Pod { .. } => 1.0,
        NodeBody::Steps(groups) => groups.iter().flatten().map(pods).sum(),
        NodeBody::Dag { tasks, .. } => tasks.iter().map(|task| pods(&task.node)).sum(),
    };
    once * f64::from(node.items.max(1))
}
