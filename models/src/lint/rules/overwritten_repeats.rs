//! Conditions that overwrite or clear events.

use super::conditions;
use super::sensors::{bus_of, dependency_names, triggers};
use super::words;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST038",
    name: "overwritten-repeats",
    level: Level::Note,
    title: "conditions with `&&` lose events that repeat before the others have come",
    since: "every version of argo-events with JetStream",
    story: "\
A trigger whose conditions contain `&&` keeps one event per dependency, the latest, in a key-value bucket on \
the bus. An event that comes again before the conditions hold takes the place of the one before, which is acked \
and lost: of a1 to a10 before the first b, a10 and b make the trigger run. When it has run, all of its \
dependencies are cleared.

In `(a && b) || c` each c makes the trigger run by itself, and clears what has come of a and b: an a that was \
waiting for its b is gone. Two triggers, `a && b` and `c`, do not disturb each other.

To pair events one to one, let a workflow do the waiting, or put the key of the pair into one event.",
    links: &["argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:processDependency"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        if !bus_of(cx, sensor).may_be_jetstream() {
            continue;
        }
        let known = dependency_names(sensor);
        for trigger in triggers(sensor) {
            let Some(node) = trigger.conditions() else { continue };
            let text = node.scalar().unwrap_or_default();
            let names = conditions::names(text);
            let all_known =
                names.iter().all(|it| known.iter().any(|known| conditions::same(it, known)));
            if !text.contains("&&") || !all_known || conditions::hold(text, &names).is_none() {
                continue;
            }
            let alone = |name: &&str| conditions::hold(text, &[*name]) == Some(true);
            let (alone, waiting): (Vec<&str>, Vec<&str>) = names.into_iter().partition(alone);
            let Some(first) = waiting.first() else { continue };
            if alone.is_empty() {
                let message = format!(
                    "of several `{first}` before the others have come only the last counts: those before it are acked and lost"
                );
                cx.at_value(sensor, node, message)
                    .help("fine for signals; where each event counts, let each start something that waits");
            } else {
                let message = format!(
                    "each {} starts it alone, and clears what has come of {}, which is acked and lost",
                    words::list(&alone),
                    words::list(&waiting),
                );
                cx.at_value(sensor, node, message)
                    .help("two triggers do not clear each other's events");
            }
        }
    }
}
