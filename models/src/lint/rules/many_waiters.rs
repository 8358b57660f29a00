//! Semaphores with more waiters than the controller can look after.

use super::controller::controllers;
use super::locks::{Kind, locks_within};
use super::workflows::{Submission, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST075",
    name: "many-waiters",
    level: Level::Note,
    title: "nothing keeps the waiters of a semaphore few",
    since: "every version of argo-workflows",
    story: "\
A workflow that waits for a semaphore is not idle. The controller looks at it every 10 s, reads the ConfigMap with \
the limit, and writes the list of holders into its status. Each waiter is a tenth of a read and a tenth of a write \
a second, and the controller has 20 requests a second (`--qps`). With about 200 waiters they are used up, and \
everything else, starting pods of the holders too, waits behind: the more wait, the fewer run.

A trigger without `rateLimit` submits as fast as events come. With `atLeastOnce: true` and a `policy` that waits \
for the workflow it submits one at a time, and the others wait in the bus, where waiting costs nothing. A mutex \
writes only when its holder changes. `synchronization.semaphoreLimitCacheSeconds` in the controller's \
configuration (since 3.7) spares the reads, and a larger `--qps` moves the limit.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/12039",
        "https://github.com/argoproj/argo-workflows/issues/14205",
        "argo-workflows workflow/sync/semaphore.go",
    ],
    check,
};

/// Semaphores that are wider than this drain a backlog fast enough.
const LIMIT_MAX: i64 = 20;

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    for spec in &specs {
        let Some(submission) = spec.submission.filter(|it| !is_held_back(it)) else { continue };
        let Some(layers) = spec.layers(&specs) else { continue };
        let locks = layers
            .iter()
            .flat_map(|holder| locks_within(holder).into_iter().map(move |lock| (holder, lock)));
        let semaphores = locks.filter(|(_, lock)| lock.kind == Kind::Semaphore);
        let narrow: Vec<_> = semaphores
            .filter_map(|(holder, lock)| Some((holder, lock, lock.limit(cx, holder)?)))
            .filter(|(_, _, limit)| (1..=LIMIT_MAX).contains(limit))
            .collect();
        let Some((holder, lock, limit)) = narrow.iter().min_by_key(|(_, _, limit)| *limit) else {
            continue;
        };
        let message = format!(
            "trigger `{}` may submit more workflows than {} of {limit} lets run, and about 200 of them waiting use up the controller's 20 requests a second",
            submission.name,
            lock.title()
        );
        let help = "give the trigger a `rateLimit`, or `atLeastOnce: true` and a `policy` that waits for the workflow";
        let is_here = std::ptr::eq(holder.node, spec.node);
        match spec.template_ref().filter(|_| !is_here) {
            Some(reference) => cx.at_key(spec.manifest, reference, message).help(help),
            None => cx.at_value(spec.manifest, lock.named(), message).help(help),
        };
    }
}

/// Whether a trigger submits at a limited rate, or one workflow at a time.
fn is_held_back(submission: &Submission<'_>) -> bool {
    let trigger = submission.trigger;
    let waits = trigger.at(&["policy", "k8s"]).is_some();
    let one_by_one = trigger.text("atLeastOnce") == Some("true") && waits;
    trigger.get("rateLimit").is_some() || one_by_one
}
