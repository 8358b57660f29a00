//! What the Kubernetes client of a sensor lets through.

use super::sensors::{Trigger, triggers};
use super::words;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST039",
    name: "client-qps",
    level: Level::Note,
    title: "triggers that create objects share five calls a second",
    since: "every version of argo-events",
    story: "\
All `k8s` and `argoWorkflow` triggers of a sensor share one Kubernetes client, with client-go's default limits: \
five calls a second, ten at once. argo-events has no setting for them.

Creating an object is one call; updating, patching or deleting one is two, three with `liveObject`. An \
`argoWorkflow` trigger runs the `argo` command, which has a client of its own, and then makes one call to find \
what it started. Each look of a `policy` is one more.

More than that waits inside the client: without `atLeastOnce` in goroutines in the sensor's memory, which \
has cost people minutes of delay and, with many events, the pod. Several sensors have a client each.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/1010",
        "https://github.com/argoproj/argo-events/issues/3156",
        "client-go rest/config.go",
    ],
    check,
};

/// Calls a second of client-go's default.
const QPS: f64 = 5.0;

/// Calls that one event costs.
fn calls(trigger: &Trigger<'_>) -> f64 {
    let Some(k8s) = trigger.template.and_then(|it| it.get("k8s")) else { return 1.0 };
    match k8s.text("operation") {
        Some("update") if k8s.text("liveObject") == Some("true") => 3.0,
        Some("update" | "patch" | "delete") => 2.0,
        _ => 1.0,
    }
}

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let all: Vec<_> = triggers(sensor).filter_map(|it| Some((it, it.object()?))).collect();
        let rate = |it: &Trigger<'_>| it.rate_limit().and_then(|limit| limit.per_s());
        let unlimited = all.iter().find(|(it, _)| rate(it).is_none());
        let asked: f64 = all.iter().map(|(it, _)| rate(it).unwrap_or(0.0) * calls(it)).sum();
        let costliest = all.iter().map(|(it, _)| calls(it)).fold(1.0, f64::max);
        let what = match all.len() {
            1 => "this trigger".to_owned(),
            count => format!("its {count} triggers of this kind together"),
        };
        let lets = format!("the sensor's client makes 5 calls a second, 10 at once, for {what}");
        match (unlimited, all.first()) {
            (Some((trigger, object)), _) => {
                let events = if costliest > 1.0 {
                    format!(
                        " ({} events a second at {costliest} calls each)",
                        words::number(QPS / costliest)
                    )
                } else {
                    String::new()
                };
                let message = format!(
                    "nothing limits `{}`, but {lets}{events}: what comes faster waits there",
                    trigger.name()
                );
                cx.at_key(sensor, object, message).help(
                    "there is no setting for it; more comes through with the events spread over several sensors",
                );
            }
            (None, Some((_, object))) if asked > QPS => {
                let message = format!(
                    "the rate limits allow {} calls a second, but {lets}: the limits are never reached",
                    words::number(asked)
                );
                cx.at_key(sensor, object, message).help(
                    "there is no setting for it; more comes through with the events spread over several sensors",
                );
            }
            _ => {}
        }
    }
}
