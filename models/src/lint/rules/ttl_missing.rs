//! Workflows that nobody removes.

use super::controller::controllers;
use super::words;
use super::workflows::{first, specs};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST082",
    name: "ttl-missing",
    level: Level::Note,
    title: "workflows that a Sensor submits are never removed",
    since: "every version of argo-workflows",
    story: "\
A finished workflow stays in the cluster, with all its pods, until somebody deletes it. `ttlStrategy` removes the \
workflow, and its pods with it, some time after its end; `podGC` removes the pods earlier. Neither has a default. \
A Sensor submits one workflow for each event, so a peak leaves thousands of objects in etcd, and the API server, \
the controller's caches and its restarts get slower with each of them.

The controller's `workflowDefaults` can hold a `ttlStrategy` for all, and its `retentionPolicy` keeps a number of \
them. Workflows of a CronWorkflow are removed by its history limits, 3 that succeeded and 1 that failed.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/10441",
        "https://github.com/argoproj/argo-workflows/issues/12802",
        "argo-workflows docs/cost-optimisation.md",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    if controllers.iter().any(|it| it.get("retentionPolicy").is_some()) {
        return;
    }
    let specs = specs(cx, &controllers);
    for sensor in cx.of("Sensor") {
        let mut kept: Vec<(&str, &Node)> = Vec::new();
        for spec in specs.iter().filter(|it| std::ptr::eq(it.manifest.root, sensor.root)) {
            let (Some(submission), Some(layers)) = (spec.submission, spec.layers(&specs)) else {
                continue;
            };
            let is_kept = ["ttlStrategy", "podGC"].iter().all(|it| first(&layers, it).is_none());
            // A part of a workflow, for a patch, says nothing about the rest.
            let is_whole = layers.iter().any(|it| !it.named().is_empty());
            let is_new =
                !matches!(submission.action.text("operation"), Some("patch" | "update" | "delete"));
            if is_kept && is_whole && is_new {
                kept.push((submission.name, spec.node));
            }
        }
        let Some((_, node)) = kept.first() else { continue };
        let names: Vec<&str> = kept.iter().map(|(name, _)| *name).collect();
        let many = if names.len() > 1 { "triggers" } else { "trigger" };
        let message = format!(
            "workflows of {many} {} have neither `ttlStrategy` nor `podGC`: they stay, with their pods, until somebody deletes them",
            words::list(&names)
        );
        cx.at_key(sensor, node, message).help(
            "`ttlStrategy: {secondsAfterCompletion: 3600}`, here or in the controller's `workflowDefaults`",
        );
    }
}
