//! Runs of a CronWorkflow that do not take place.

use super::controller::controllers;
use super::cron::{parse, schedules, shortest_gap_s};
use super::words;
use super::workflows::{Origin, Spec, first, is_dynamic, specs};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST070",
    name: "cron-missed-runs",
    level: Level::Note,
    title: "runs of a CronWorkflow are skipped, ended or pile up",
    since: "argo-workflows 3.6 for `startingDeadlineSeconds`; every version for the policies",
    story: "\
A run that is due while the controller does not run, or has no leader, is made up only if \
`startingDeadlineSeconds` is set and not yet over, and only the latest of several. Without the field it is left \
out. Argo-workflows 3.3 still made up the latest one whatever its age.

`concurrencyPolicy: Forbid` does not queue: a run that is due while another is active is skipped. So one run that \
hangs, on an image that cannot be pulled or a lock that nobody gives back, holds off all the later ones until it \
has ended, which an `activeDeadlineSeconds` makes sure of (it does not count while the workflow is Pending). \
`Replace` terminates the active run. `Allow`, the default, lets them pile up.",
    links: &[
        "argo-workflows workflow/cron/operator.go:shouldOutstandingWorkflowsBeRun",
        "argo-workflows workflow/cron/operator.go:enforceRuntimePolicy",
        "https://github.com/argoproj/argo-workflows/issues/9632",
    ],
    check,
};

/// The release from which no missed run is made up without a deadline.
const NONE_MADE_UP: Version = Version::new(3, 6, 0);

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    for spec in specs.iter().filter(|it| it.origin == Origin::Cron) {
        let Some(cron) = spec.manifest.root.get("spec") else { continue };
        if cron.text("suspend") == Some("true") {
            continue;
        }
        check_deadline(cx, spec, cron);
        check_policy(cx, spec, cron, &specs);
    }
}

fn check_deadline(cx: &mut Cx<'_, '_>, spec: &Spec<'_>, cron: &Node) {
    let field = cron.get("startingDeadlineSeconds");
    let is_set = field.and_then(Node::scalar).is_some_and(|it| it != "0");
    if is_set || cx.versions.argo_workflows < NONE_MADE_UP {
        return;
    }
    let node = field.or_else(|| cron.get("schedules")).or_else(|| cron.get("schedule"));
    let Some(node) = node else { return };
    let message = match field {
        Some(_) => {
            "with a deadline of 0 a run that is due while the controller is down is not made up"
        }
        None => {
            "a run that is due while the controller is down is not made up: there is no `startingDeadlineSeconds`"
        }
    };
    cx.at_key(spec.manifest, node, message).help(
        "`startingDeadlineSeconds: 300` makes up the latest one if the controller is back within 5 min",
    );
}

fn check_policy<'n>(cx: &mut Cx<'_, '_>, spec: &Spec<'n>, cron: &'n Node, specs: &[Spec<'n>]) {
    let Some(layers) = spec.layers(specs) else { return };
    let policy = cron.get("concurrencyPolicy");
    let Some(node) = policy.or_else(|| cron.get("schedules")).or_else(|| cron.get("schedule"))
    else {
        return;
    };
    let name = policy.and_then(Node::scalar).unwrap_or("Allow");
    let deadline = first(&layers, "activeDeadlineSeconds").and_then(|(_, it)| it.scalar());
    if deadline.is_some_and(is_dynamic) {
        return;
    }
    let deadline_s = deadline.and_then(|it| it.parse::<f64>().ok());
    let gaps = schedules(spec.manifest).into_iter().filter_map(Node::scalar);
    let gap_s = gaps.filter_map(|it| shortest_gap_s(parse(it).ok()?)).fold(f64::INFINITY, f64::min);
    let message = match (name, deadline_s) {
        ("Forbid", None) => {
            "`Forbid` skips each run that is due while another is active, and a run that hangs is active without end: there is no `activeDeadlineSeconds`".to_owned()
        }
        (_, Some(deadline_s)) if deadline_s > gap_s => {
            let often = words::time(gap_s);
            let long = words::time(deadline_s);
            let count = words::number((deadline_s / gap_s).ceil());
            let what = match name {
                "Forbid" => "runs that are due meanwhile are skipped".to_owned(),
                "Replace" => "the next terminates it".to_owned(),
                _ => format!("up to {count} are active at the same time"),
            };
            format!("a run may take {long} and the next is due after {often}: {what}")
        }
        _ => return,
    };
    let help = match name {
        "Forbid" if deadline_s.is_none() => "set `activeDeadlineSeconds` in `workflowSpec`",
        _ => "an `activeDeadlineSeconds` below the time between two runs, or fewer runs",
    };
    if policy.is_some() {
        cx.at_value(spec.manifest, node, message).help(help);
    } else {
        cx.at_key(spec.manifest, node, message).help(help);
    }
}
