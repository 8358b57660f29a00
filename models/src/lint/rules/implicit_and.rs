//! Triggers without conditions that wait for all dependencies.

use super::sensors::{bus_of, dependency_names, triggers};
use super::words;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST037",
    name: "implicit-and",
    level: Level::Warning,
    title: "a trigger without `conditions` waits for all of several dependencies",
    since: "every version of argo-events; overwriting as told here with JetStream",
    story: "\
Without `conditions` the names of all dependencies are joined by `&&`. A trigger of two dependencies does not \
run for each of their events, but once for both.

Until both have come, the sensor keeps the latest event of each, and only that. If a1 to a10 come before the \
first b, the trigger runs once, with a10 and b: a1 to a9 are acked, and lost. With sources of different rates \
that is most events of the faster one.

Say what is meant: `conditions: a || b`, or `a && b`. Events that differ only in their filters are alternatives \
most of the time.",
    links: &[
        "argo-events pkg/sensors/listener.go:getDependencyExpression",
        "argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:processDependency",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let names = dependency_names(sensor);
        if names.len() < 2 {
            continue;
        }
        let keeps_latest = bus_of(cx, sensor).may_be_jetstream();
        for trigger in triggers(sensor).filter(|it| it.conditions().is_none()) {
            let lost = if keeps_latest {
                format!(
                    "; a `{}` that comes again before the others takes the place of the first, which is lost",
                    names[0]
                )
            } else {
                String::new()
            };
            let help = format!(
                "say `conditions: {}` if each one is to start it, `{}` if it takes all",
                names.join(" || "),
                names.join(" && "),
            );
            let waits = format!("runs once {} have all come{lost}", words::list(&names));
            // `conditions` is a field of the template, the only one that people put beside it.
            if let Some(beside) = trigger.node.get("conditions") {
                let message = format!(
                    "`conditions` beside `template` is not read, and `{}` {waits}",
                    trigger.name()
                );
                cx.at_key(sensor, beside, message)
                    .help("it belongs into `template`, one level down");
            } else {
                let message = format!("`{}` has no `conditions`, and {waits}", trigger.name());
                cx.at_value(sensor, trigger.name_node(), message).help(help);
            }
        }
    }
}
