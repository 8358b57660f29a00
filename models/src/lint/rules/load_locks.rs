//! More workflows than semaphores, mutexes and parallelism let through, by Little's law.

use crate::component::ComponentPlan;
use crate::lint::load::Strain;
use crate::lint::{Cx, Level, Rule};
use crate::report::text::number;
use crate::workflow::Realism;
use crate::workflows::WorkflowPlan;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST106",
    name: "load-over-locks",
    level: Level::Warning,
    title: "more workflows come than a semaphore, a mutex or parallelism lets through",
    since: "every version of argo-workflows",
    story: "\
By Little's law the workflows that hold a permit at once are, on average, those that come per second times the \
seconds for which each holds it. If that is more than there are permits, workflows pile up as Pending.

A permit is held longer than its pods run: pods need time to start, the controller looks at a workflow again only \
10 s after a pod's event (`DEFAULT_REQUEUE_TIME`), and it hands a freed permit on 1 s later. With short pods that \
is most of the time.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/9278",
        "https://github.com/argoproj/argo-workflows/issues/4377",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for strain in load.strains("Workflow", "") {
        let ComponentPlan::Workflow(workflow) = load.component(strain.component) else { continue };
        let Some(lock) = strain.limit.name.strip_suffix(" throughput") else { continue };
        let places = strain.limit.at_once;
        let held_s = places / strain.limit.value;
        let slowest_s = held_s + delays_s(workflow);
        let slowest = Strain { limit: with_rate(&strain, places / slowest_s), ..strain.clone() };
        let Some(overload) = slowest.overload(load.storm()) else { continue };
        let mut message =
            format!("{} of `{lock}`, held for {}", number::count(places), number::duration(held_s));
        if slowest_s > held_s {
            message.push_str(&format!(
                " and {} more until the controller has seen its end",
                number::duration(slowest_s - held_s)
            ));
        }
        let needed = |per_s: f64| number::count((per_s * slowest_s).ceil());
        message.push_str(&format!(
            ": {overload}; by Little's law {} would be needed for the mean and {} for the peak",
            needed(strain.flow.mean_per_s),
            needed(strain.flow.peak_per_s)
        ));
        let path = match workflow.semaphores.iter().any(|it| it.key == lock) {
            true => {
                let (map, key) = lock.rsplit_once('/').unwrap_or((lock, ""));
                format!("config_maps.{map}.{key}")
            }
            false => load.path(strain.component, lock),
        };
        cx.at_parameter(&path, message);
    }
}

fn with_rate(strain: &Strain, per_s: f64) -> crate::report::limits::Limit {
    let mut limit = strain.limit.clone();
    limit.value = per_s;
    limit
}

/// What a permit is held beyond its pods' work at most, seconds: a pod's start, the look that finds it
/// done, the hint to the next in line.
fn delays_s(workflow: &WorkflowPlan) -> f64 {
    let config = &workflow.config;
    let start = config.pod_start.as_ref().map_or(0.0, |start| start.mean());
    match config.realism {
        Realism::Immediate => start,
        Realism::Argo => {
            start + config.requeue.as_secs_f64() + config.semaphore_notify.as_secs_f64()
        }
    }
}
