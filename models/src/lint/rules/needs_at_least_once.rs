//! Retries and dead letters of triggers that are not at least once.

use super::sensors::{Trigger, triggers};
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST034",
    name: "needs-at-least-once",
    level: Level::Warning,
    title: "`retryStrategy` or `dlqTrigger` without `atLeastOnce: true`",
    since: "v1.9.0 for `retryStrategy`; v1.9.3, which brought `dlqTrigger`",
    story: "\
Without `atLeastOnce: true` a trigger runs apart from the event that caused it: the event counts as handled and \
is acked at once, and nobody learns how the trigger ended. So there is nothing to retry: since v1.9.0 \
`retryStrategy` is accepted and has no effect. Up to v1.8 the request itself was retried either way.

A `dlqTrigger` without `atLeastOnce: true` is worse off: the controller refuses the whole Sensor, and deploys \
nothing. The dead letter's own trigger needs `atLeastOnce: true` as well.

`atLeastOnce: true` is more than a switch for retries: the trigger then handles one event at a time, and what \
waits does so in the bus, not in the sensor's memory (ST053). That is why there is no fix to apply blindly.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/2928",
        "argo-events pkg/sensors/listener.go:triggerActions",
        "argo-events pkg/reconciler/sensor/validate.go:validateDlqTrigger",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let retry = trigger.node.get("retryStrategy");
            if let Some(retry) = retry.filter(|_| !trigger.is_at_least_once()) {
                retries(cx, sensor, retry);
            }
            let is_known = cx.versions.argo_events >= Version::new(1, 9, 3);
            if let Some(dead_letter) = trigger.dead_letter().filter(|_| is_known) {
                dead_letters(cx, sensor, trigger, dead_letter);
            }
        }
    }
}

const SERIAL: &str = "`atLeastOnce: true` beside it, if one event at a time is enough: what waits then waits in the bus";

fn retries<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>, retry: &Node) {
    if cx.versions.argo_events < Version::new(1, 9, 0) {
        return;
    }
    let message =
        "`retryStrategy` has no effect without `atLeastOnce: true`: each event gets one attempt";
    cx.at_key(sensor, retry, message).help(SERIAL);
}

fn dead_letters<'m>(
    cx: &mut Cx<'m, '_>,
    sensor: Manifest<'m>,
    trigger: Trigger<'m>,
    dead_letter: Trigger<'m>,
) {
    if !trigger.is_at_least_once() {
        let message = "`dlqTrigger` needs `atLeastOnce: true` beside it: the controller refuses the Sensor and deploys nothing";
        cx.at_key(sensor, dead_letter.node, message).level(Level::Error).help(SERIAL);
    }
    if !dead_letter.is_at_least_once() {
        let message = "`dlqTrigger` needs `atLeastOnce: true` within it, too: the controller refuses the Sensor and deploys nothing";
        let file = cx.file(sensor);
        // Before the first field, unless the field shares the line of `dlqTrigger` itself.
        let edit = match dead_letter.node.fields() {
            [(name, first), ..]
                if first.key().line > dead_letter.node.key().line && name != "atLeastOnce" =>
            {
                let line = first.key().line;
                let indent = " ".repeat(first.key().column as usize - 1);
                Some(Edit::insert(file, line, vec![format!("{indent}atLeastOnce: true")]))
            }
            _ => None,
        };
        let written = dead_letter.node.get("atLeastOnce");
        let edit = match written {
            Some(written) => Edit::value(file, written, "true"),
            None => edit,
        };
        cx.at_key(sensor, written.unwrap_or(dead_letter.node), message)
            .level(Level::Error)
            .help("say `atLeastOnce: true` within `dlqTrigger`")
            .fix(Fix::new("say `atLeastOnce: true`", [edit]));
    }
}
