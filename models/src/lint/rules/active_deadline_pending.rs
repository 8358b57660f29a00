//! Deadlines that do not count the time in a queue.

use super::controller::controllers;
use super::locks::locks;
use super::workflows::{Origin, first, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST074",
    name: "active-deadline-pending",
    level: Level::Note,
    title: "`activeDeadlineSeconds` does not count while a workflow waits",
    since: "every version of argo-workflows",
    story: "\
`activeDeadlineSeconds` of a workflow counts from `status.startedAt`, which is not set while the workflow is \
Pending: behind the controller's `parallelism`, or behind a lock of its spec. A backlog does not dissolve because \
its workflows grow old. After a peak they all run, each with its whole time, however late the event was.

Nothing in argo-workflows limits the time in the queue. What is worthless when it is late has to look at the time \
of the event in its first step, or must not get as far: a rate limit and a queue of its own in the bus.",
    links: &["argo-workflows workflow/controller/operator.go:operate"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let limit = controllers.iter().find_map(|it| it.parallelism().first().copied());
    let specs = specs(cx, &controllers);
    for spec in &specs {
        let is_template = spec.origin == Origin::Template && spec.node.get("entrypoint").is_none();
        let Some(layers) = spec.layers(&specs).filter(|_| !is_template) else { continue };
        let Some((holder, deadline)) = first(&layers, "activeDeadlineSeconds") else { continue };
        // Said once, where it is written.
        if !std::ptr::eq(holder.node, spec.node) && locks(spec.node).is_empty() {
            continue;
        }
        let lock = layers.iter().find_map(|it| locks(it.node).first().map(|lock| lock.title()));
        let behind = match (lock, limit) {
            (Some(lock), _) => lock,
            (None, Some((name, limit))) => format!("the controller's `{name}` of {limit}"),
            (None, None) => continue,
        };
        let message =
            format!("the time behind {behind} does not count for `activeDeadlineSeconds`");
        cx.at_key(holder.manifest, deadline, message)
            .help("a workflow that waited for an hour still has all of its time");
    }
}
