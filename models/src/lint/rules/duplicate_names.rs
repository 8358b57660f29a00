//! Names that are given twice.

use super::sensors::{Bus, bus_of, dependencies, triggers};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST051",
    name: "duplicate-names",
    level: Level::Error,
    title: "two triggers or two dependencies of a sensor have one name",
    since: "every version of argo-events; for triggers v1.4.0",
    story: "\
Two triggers of one name are found by the controller, which refuses the Sensor and deploys nothing.

Two dependencies of one name are not found by anybody. They are kept by name, so the last one takes the place of \
those before it: nothing subscribes to what only the earlier ones name, and their filters do not count. No \
trigger can tell them apart.

With a NATS Streaming bus the controller also refuses a Sensor that depends on one event twice, under whatever \
names.",
    links: &[
        "argo-events pkg/reconciler/sensor/validate.go",
        "argo-events pkg/sensors/listener.go:listenEvents",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let mut seen = Vec::new();
        for trigger in triggers(sensor) {
            let Some(node) = trigger.template.and_then(|it| it.get("name")) else { continue };
            let Some(name) = node.scalar() else { continue };
            if seen.contains(&name) {
                let message = format!(
                    "a second trigger is named `{name}`: the controller refuses the Sensor and deploys nothing"
                );
                cx.at_value(sensor, node, message).help("give each trigger a name of its own");
            }
            seen.push(name);
        }
        check_dependencies(cx, sensor);
    }
}

fn check_dependencies<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>) {
    let all = dependencies(sensor);
    let event = |index: usize| (all[index].text("eventSourceName"), all[index].text("eventName"));
    let is_stan = matches!(bus_of(cx, sensor), Bus::Stan);
    for (index, dependency) in all.iter().enumerate() {
        let Some(node) = dependency.get("name") else { continue };
        let Some(name) = node.scalar() else { continue };
        let later = (index + 1..all.len()).find(|&it| all[it].text("name") == Some(name));
        if let Some(later) = later {
            let line = all[later].get("name").map_or(0, |it| it.place().line);
            let lost = match event(index) {
                same if same == event(later) => {
                    "what this one says, its filters too, does not count".to_owned()
                }
                (Some(source), Some(event)) => {
                    format!("nothing subscribes to `{event}` of `{source}`")
                }
                _ => "this one does not count".to_owned(),
            };
            let message =
                format!("`{name}` is named again on line {line}, which takes its place: {lost}");
            cx.at_value(sensor, node, message).help("give each dependency a name of its own");
        }
        let earlier = (0..index).find(|&it| event(it) == event(index));
        if let (true, Some(_), (Some(source), Some(event))) = (is_stan, earlier, event(index)) {
            let message = format!(
                "`{event}` of `{source}` is depended on twice, which a NATS Streaming bus cannot: the controller refuses the Sensor and deploys nothing"
            );
            cx.at_value(sensor, node, message).help("put one of them into a Sensor of its own");
        }
    }
}
