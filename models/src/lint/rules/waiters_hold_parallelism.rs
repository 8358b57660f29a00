//! Workflows that wait for a lock and hold a slot of the controller meanwhile.

use super::controller::controllers;
use super::locks::locks;
use super::workflows::{Origin, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST062",
    name: "waiters-hold-parallelism",
    level: Level::Warning,
    title: "workflows that wait for a lock hold slots of the controller's parallelism",
    since: "every version of argo-workflows",
    story: "\
The controller asks two questions before it runs a workflow, in this order: is there a free slot of `parallelism` \
and `namespaceParallelism`, and is the lock free. A workflow that passes the first and waits at the second keeps \
its slot. With `parallelism: 30` and a mutex, a burst of 30 workflows that need the mutex fills all slots: one \
runs, 29 wait, and workflows that need no lock at all stay Pending behind them.

A lock of a template does the same: the workflow is Running while its node waits. What helps is that few \
workflows wait: a limit well above the expected waiters, a namespace of their own for workflows with locks (with \
the label `workflows.argoproj.io/parallelism-limit`), or a trigger that submits one at a time \
(`atLeastOnce` with a `policy` that waits for the workflow), so that the others wait in the bus.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/11984",
        "argo-workflows workflow/sync/multi_throttler.go",
        "argo-workflows workflow/controller/operator.go:operate",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let limits: Vec<(&str, i64)> = controllers.iter().flat_map(|it| it.parallelism()).collect();
    for spec in specs(cx, &controllers) {
        let runs = spec.origin != Origin::Template || spec.node.get("entrypoint").is_some();
        let locks = locks(spec.node);
        let Some(lock) = locks.first().filter(|_| runs) else { continue };
        let title = lock.title();
        if controllers.is_empty() {
            let message = format!(
                "a workflow that waits for {title} holds a slot of the controller's `parallelism`, if that is set"
            );
            cx.at_value(spec.manifest, lock.named(), message)
                .level(Level::Note)
                .help("add `workflow-controller-configmap` to the files to see whether it is");
        } else if !limits.is_empty() {
            let said: Vec<String> =
                limits.iter().map(|(name, limit)| format!("`{name}` {limit}")).collect();
            let tightest = limits.iter().map(|(_, limit)| *limit).min().unwrap_or(i64::MAX);
            let least = locks.iter().filter_map(|it| it.limit(cx, &spec)).min();
            let few = match least.filter(|&it| it < tightest && it > 0) {
                Some(1) => format!(": {tightest} slots may run a single workflow"),
                Some(few) => format!(": {tightest} slots may run {few} workflows"),
                None => String::new(),
            };
            let message = format!(
                "workflows that wait for {title} hold slots of the controller's {}{few}",
                said.join(" and ")
            );
            cx.at_value(spec.manifest, lock.named(), message)
                .help("leave more slots than workflows can wait, or let them wait in the bus");
        }
    }
}
