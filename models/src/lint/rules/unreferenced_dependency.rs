//! Dependencies that no trigger waits for.

use super::conditions;
use super::sensors::{dependencies, triggers};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST043",
    name: "unreferenced-dependency",
    level: Level::Warning,
    title: "no trigger's `conditions` name the dependency",
    since: "every version of argo-events",
    story: "\
A sensor subscribes trigger by trigger, to the dependencies that the trigger's conditions name. A dependency \
that all of them leave out is not subscribed to: its events start nothing, and nothing says so. (A trigger \
without `conditions` waits for all dependencies.)

Once it is named, its trigger gets a new consumer, which begins with events that come from then on: those that \
came before are not made up for.",
    links: &["argo-events pkg/sensors/listener.go:listenEvents"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let conditions: Option<Vec<&str>> =
            triggers(sensor).map(|it| it.conditions().and_then(|it| it.scalar())).collect();
        let Some(conditions) = conditions.filter(|it| !it.is_empty()) else { continue };
        let named: Vec<&str> = conditions.iter().flat_map(|it| conditions::names(it)).collect();
        for dependency in dependencies(sensor) {
            let Some(node) = dependency.get("name") else { continue };
            let Some(name) = node.scalar() else { continue };
            if named.iter().any(|it| conditions::same(it, name)) {
                continue;
            }
            let message = format!(
                "no `conditions` name `{name}`: nothing subscribes to it, and its events start nothing"
            );
            cx.at_value(sensor, node, message)
                .help("name it in the conditions of a trigger, or take it away");
        }
    }
}
