//! Fields of a trigger that stand within its template.

use crate::lint::fix::moved_beside;
use crate::lint::{Cx, Fix, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST002",
    name: "misplaced-in-template",
    level: Level::Warning,
    title: "a field of a trigger stands within its `template`, where nobody reads it",
    since: "every version of argo-events",
    story: "\
`atLeastOnce`, `rateLimit`, `retryStrategy`, `policy`, `parameters` of the trigger and `dlqTrigger` belong to \
the trigger, beside its `template`. Within `template` they are unknown fields, which the API server keeps (the \
CRD preserves unknown fields) and the controller does not read: there is no error, and no effect. Several of \
argo-events' own examples have them there.",
    links: &["argo-events pkg/apis/events/v1alpha1/sensor_types.go"],
    check,
};

/// Fields that are those of a trigger.
const FIELDS: [&str; 5] = ["atLeastOnce", "rateLimit", "retryStrategy", "policy", "dlqTrigger"];

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in sensor.root.at(&["spec", "triggers"]).map_or(&[][..], |it| it.items()) {
            let Some(template) = trigger.get("template") else { continue };
            for name in FIELDS {
                let Some(field) = template.get(name) else { continue };
                let edits = moved_beside(cx.manifests, sensor, field, template);
                let title = format!("move `{name}` beside `template`");
                cx.at_key(
                    sensor,
                    field,
                    format!("`{name}` within `template` is not read: it has no effect"),
                )
                .help(format!("it belongs beside `template`, one level up"))
                .fix(Fix::new(&title, edits));
            }
        }
    }
}
