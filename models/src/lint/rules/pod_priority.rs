//! Priorities of pods in a form that is gone.

use super::controller::controllers;
use super::workflows::specs;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST066",
    name: "pod-priority",
    level: Level::Warning,
    title: "`podPriority` is gone: pods get no priority",
    since: "argo-workflows 4.0",
    story: "\
argo-workflows 4.0 removed `podPriority` of a workflow's spec. The object is refused by the full CRDs; with the \
minimal ones the field is unknown, and the pods are scheduled and evicted like all others, which shows only when \
the cluster is full.

`podPriorityClassName` names a PriorityClass, which has to exist. `priority` is something else: the place of the \
workflow in the controller's queue.",
    links: &["argo-workflows docs/deprecations.md", "argo-workflows docs/upgrading.md, upgrading to v4.0"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_workflows < Version::new(4, 0, 0) {
        return;
    }
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        let Some(priority) = spec.node.get("podPriority") else { continue };
        let file = cx.manifests.file(spec.manifest.file);
        let has_class = spec.node.get("podPriorityClassName").is_some();
        let edit = file.and_then(|it| Edit::delete(it, priority)).filter(|_| has_class);
        let message = "`podPriority` is gone since argo-workflows 4.0: the object is refused, or its pods have no priority";
        let help = if has_class {
            "`podPriorityClassName` is there and counts: take this out"
        } else {
            "make a PriorityClass with that value, and name it in `podPriorityClassName`"
        };
        cx.at_key(spec.manifest, priority, message).help(help).fix(Fix::new("take it out", [edit]));
    }
}
