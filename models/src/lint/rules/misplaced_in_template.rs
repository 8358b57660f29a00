//! Fields of a trigger that stand within its template.

use super::sensors::{Trigger, triggers};
use crate::lint::fix::moved_beside;
use crate::lint::{Cx, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST002",
    name: "misplaced-in-template",
    level: Level::Warning,
    title: "a field of a trigger stands within its `template`, where nobody reads it",
    since: "every version of argo-events",
    story: "\
`atLeastOnce`, `rateLimit`, `retryStrategy`, `policy` and `dlqTrigger` belong to the trigger, beside its \
`template`. Within `template`, or within its `k8s`, `http` and so on, they are unknown fields, which the API \
server keeps (the CRD preserves unknown fields) and the controller does not read: there is no error, and no \
effect. Several of argo-events' own examples have them there.

`parameters` stand in two places: beside `template` they change the template (`dest: http.url`), and within \
`k8s`, `http` and so on they change what is sent or created (`dest: spec.arguments.parameters.0.value`). \
Directly within `template` nobody reads them.",
    links: &[
        "argo-events pkg/apis/events/v1alpha1/sensor_types.go",
        "argo-events examples/sensors/trigger-with-policy.yaml",
    ],
    check,
};

/// Fields that are those of a trigger, and of nothing below it.
const FIELDS: [&str; 5] = ["atLeastOnce", "rateLimit", "retryStrategy", "policy", "dlqTrigger"];

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            check_trigger(cx, sensor, trigger);
            if let Some(dead_letter) = trigger.dead_letter() {
                check_trigger(cx, sensor, dead_letter);
            }
        }
    }
}

fn check_trigger<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>, trigger: Trigger<'m>) {
    let Some(template) = trigger.template else { return };
    for (outer, node) in template.fields() {
        if FIELDS.contains(&outer.as_str()) {
            say(cx, sensor, (node, outer), (template, "template"), "one level up");
        }
        if outer == "parameters" {
            parameters(cx, sensor, node, template);
        }
        for (inner, field) in node.fields() {
            if FIELDS.contains(&inner.as_str()) && !FIELDS.contains(&outer.as_str()) {
                say(cx, sensor, (field, inner), (template, outer), "two levels up");
            }
        }
    }
}

fn say<'m>(
    cx: &mut Cx<'m, '_>,
    sensor: Manifest<'m>,
    (field, name): (&Node, &str),
    (template, within): (&Node, &str),
    levels: &str,
) {
    if field.is_null() {
        return;
    }
    let edits = moved_beside(cx.manifests, sensor, field, template);
    let title = format!("move `{name}` beside `template`");
    let message = format!("`{name}` within `{within}` is not read: it has no effect");
    cx.at_key(sensor, field, message)
        .help(format!("it belongs beside `template`, {levels}"))
        .fix(Fix::new(&title, edits));
}

/// What they are meant to change decides where they belong.
fn parameters<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>, field: &Node, template: &Node) {
    if field.items().is_empty() {
        return;
    }
    let kinds: Vec<&str> = template
        .fields()
        .iter()
        .filter(|(name, node)| name != "parameters" && !node.fields().is_empty())
        .map(|(name, _)| name.as_str())
        .collect();
    let of_template = |dest: &str| {
        let first = dest.split('.').next().unwrap_or_default();
        kinds.contains(&first) || ["name", "conditions"].contains(&first)
    };
    let mut dests = field.items().iter().map(|it| it.text("dest").unwrap_or_default());
    let is_of_template = dests.all(of_template);
    let fix = is_of_template
        .then(|| moved_beside(cx.manifests, sensor, field, template))
        .and_then(|edits| Fix::new("move `parameters` beside `template`", edits));
    let help = if is_of_template {
        "they change the template: they belong beside `template`, one level up".to_owned()
    } else {
        let kind = kinds.first().unwrap_or(&"k8s");
        format!(
            "what changes the object that is sent or created belongs into `{kind}`, one level down; what changes the template, beside `template`"
        )
    };
    cx.at_key(sensor, field, "`parameters` within `template` are not read: they change nothing")
        .help(help)
        .fix(fix);
}
