//! Policies that wait shorter than what they wait for.

use super::backoff::Backoff;
use super::sensors::triggers;
use super::words;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST041",
    name: "policy-timeout",
    level: Level::Warning,
    title: "a `policy` waits only as long as its `backoff` lasts, and then counts as a success",
    since: "every version of argo-events",
    story: "\
A `policy` of a `k8s` or `argoWorkflow` trigger looks at the labels of the object that was created, once at \
first and once after each sleep of its `backoff`. Without a `backoff` that is five looks, with four sleeps of \
one to two seconds between them. A workflow takes longer: the workflow controller alone notices the end of a \
pod about ten seconds late.

When the backoff is over, the trigger counts as successful, whatever the object does: there is no retry, no \
dead letter, and the next event is taken. With `errorOnBackoffTimeout: true` it counts as failed; a \
`retryStrategy` then creates the object once more while the first still runs.

So `backoff` has to last longer than the longest run: `steps` times `duration`, with `factor: 1`. While it \
waits, each look is a call of the sensor's client (ST039).",
    links: &[
        "argo-events pkg/sensors/policy/resource-labels.go",
        "argo-events pkg/sensors/triggers/standard-k8s/standard-k8s.go:ApplyPolicy",
    ],
    check,
};

/// The workflow controller notices the end of a pod this late: no workflow is done earlier.
const WORKFLOW_MIN_S: f64 = 10.0;

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let Some(object) = trigger.object() else { continue };
            let Some(policy) = trigger.node.at(&["policy", "k8s"]) else { continue };
            if policy.get("labels").is_none() {
                continue;
            }
            let written = policy.get("backoff");
            let Some(backoff) = written.map_or(Some(Backoff::DEFAULT), Backoff::of) else {
                continue;
            };
            let (least_s, most_s) = backoff.lasts_s(0.0);
            let place = written.unwrap_or(policy);
            let waits = format!(
                "the trigger looks {} times within {}",
                backoff.steps,
                words::times(least_s, most_s)
            );
            if policy.text("errorOnBackoffTimeout") != Some("true") {
                let message =
                    format!("{waits}, and then takes what it created for a success, done or not");
                cx.at_key(sensor, place, message).help(
                    "let `backoff` last longer than the longest run, and say `errorOnBackoffTimeout: true`",
                );
            } else if most_s < WORKFLOW_MIN_S && is_workflow(object) {
                let message =
                    format!("{waits}: no workflow is done by then, so each counts as failed");
                cx.at_key(sensor, place, message).help(
                    "let `backoff` last longer than the longest run: `steps` times `duration`",
                );
            }
        }
    }
}

fn is_workflow(object: &Node) -> bool {
    object.at(&["source", "resource", "kind"]).and_then(Node::scalar) == Some("Workflow")
}
