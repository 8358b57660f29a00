//! Semaphores that admit one too many after a restart of the controller.

use super::controller::controllers;
use super::locks::{Kind, locks_within};
use super::workflows::specs;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST071",
    name: "semaphore-over-admits",
    level: Level::Warning,
    title: "a restarted controller admits one too many to each semaphore",
    since: "until argo-workflows 3.7.10, and 4.0.0 to 4.0.1",
    story: "\
When the controller starts it takes the holders of each lock from the status of the running workflows. Until \
3.7.10, and in 4.0.0 and 4.0.1, it forgets the first recorded holder of every semaphore. That workflow still runs, \
and another is admitted in its place: one more than the limit, from the restart, or change of leader, until it has \
ended. A limit of 1 is then no lock at all. Mutexes are not affected.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/10286",
        "argo-workflows workflow/sync/sync_manager.go:Initialize",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let version = cx.versions.argo_workflows;
    if !version.forgets_a_holder_on_restart() {
        return;
    }
    let Version { major, minor, patch } = version;
    let fixed = if major >= 4 { "4.0.2" } else { "3.7.11" };
    let controllers = controllers(cx);
    let mut said: Vec<String> = Vec::new();
    for spec in specs(cx, &controllers) {
        for lock in locks_within(&spec).into_iter().filter(|it| it.kind == Kind::Semaphore) {
            let title = lock.title();
            let id = format!("{:?} {title}", lock.node.text("namespace").or(spec.namespace));
            if said.contains(&id) {
                continue;
            }
            said.push(id);
            let then = match lock.limit(cx, &spec).filter(|&it| it > 0) {
                Some(limit) => format!("{} run instead of {limit}", limit.saturating_add(1)),
                None => "one more than its limit runs".to_owned(),
            };
            let message = format!(
                "after a restart of the controller argo-workflows {major}.{minor}.{patch} forgets a holder of {title}: {then}"
            );
            let help = match lock.limit(cx, &spec) {
                Some(1) => format!("a mutex does not have that; it is mended in {fixed}"),
                _ => format!("it is mended in {fixed}"),
            };
            cx.at_value(spec.manifest, lock.named(), message).help(help);
        }
    }
}
