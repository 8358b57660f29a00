//! Locks that are held while nothing runs.

use super::controller::controllers;
use super::locks::locks;
use super::retries;
use super::words;
use super::workflows::{Place, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST067",
    name: "lock-held-through-retries",
    level: Level::Warning,
    title: "a template's lock is held through all its retries and the waits between them",
    since: "every version of argo-workflows",
    story: "\
A template with a `retryStrategy` becomes a node of its own, with the attempts below it. It is this node that takes \
the template's lock, and it gives it back when the last attempt has ended. During the backoff no pod runs and the \
lock stays taken. When the thing that the lock protects is down, a few workflows that retry slowly hold all of a \
semaphore, and those that could work wait behind them.

With the retries in a template around the one that has the lock, each attempt takes the lock anew, and it is \
free during the backoff.",
    links: &[
        "argo-workflows workflow/controller/operator.go:executeTemplate",
        "argo-workflows workflow/controller/operator.go:processNodeRetries",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        for template in spec.templates().iter().filter(|it| it.place != Place::Defaults) {
            let Some(strategy) = retries::strategy(&spec, template) else { continue };
            for lock in locks(template.node) {
                let limit = retries::limit(strategy);
                if limit == Some(0) {
                    continue;
                }
                let waits_s = retries::waits_s(strategy).filter(|&it| it > 0.0);
                let through = match (limit, waits_s) {
                    (Some(limit), Some(waits_s)) => format!(
                        "up to {} attempts and {} of waits between them",
                        u64::from(limit) + 1,
                        words::time(waits_s)
                    ),
                    (Some(limit), None) => format!("up to {} attempts", u64::from(limit) + 1),
                    (None, _) if strategy.get("limit").is_none() => {
                        "its retries, which have no `limit`".to_owned()
                    }
                    (None, _) => "its retries".to_owned(),
                };
                let is_short = waits_s.is_none() && limit.is_some();
                let level = if is_short { Level::Note } else { Level::Warning };
                let message =
                    format!("{} of {} is held through {through}", lock.title(), template.title());
                cx.at_value(spec.manifest, lock.named(), message).level(level).help(
                    "retry in a template around this one, so that each attempt takes the lock anew, or wait less",
                );
            }
        }
    }
}
