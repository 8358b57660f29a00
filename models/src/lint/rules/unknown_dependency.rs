//! Conditions that cannot be compiled.

use super::conditions::{self, Kind};
use super::sensors::{Trigger, dependency_names, triggers};
use super::words;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST044",
    name: "unknown-dependency",
    level: Level::Error,
    title: "`conditions` name a dependency that the sensor does not have, or cannot be read",
    since: "every version of argo-events with `conditions`",
    story: "\
Conditions are compiled when the sensor starts, with its dependencies as variables. If that fails, the trigger \
writes a line to the log and ends: it never subscribes. The pod runs, the Sensor counts as deployed, and the \
other triggers work. Events for this one start nothing, and since its consumer is made only at its first \
subscription and begins with new events, they are not made up for after a repair.

Between names stand only `&&`, `||` and parentheses: no `!`, no `and`, no single `&`. `-` and `_` in names are \
the same.",
    links: &["argo-events pkg/sensors/listener.go:getDependencyExpression"],
    check,
};

const NEVER: &str = "the trigger never subscribes, while the pod runs";

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let known = dependency_names(sensor);
        for trigger in triggers(sensor) {
            check_trigger(cx, sensor, trigger, &known);
        }
    }
}

fn check_trigger<'m>(
    cx: &mut Cx<'m, '_>,
    sensor: Manifest<'m>,
    trigger: Trigger<'m>,
    known: &[&str],
) {
    let Some(node) = trigger.conditions() else { return };
    let text = node.scalar().unwrap_or_default();
    let names = conditions::names(text);
    let is_named = |name: &str| names.iter().any(|it| conditions::same(it, name));
    let mut is_said = false;
    for token in conditions::tokens(text) {
        let is_known = known.iter().any(|it| conditions::same(it, token.text));
        let place = (token.begin, token.text);
        let meant = match (token.kind, token.text.to_ascii_lowercase().as_str()) {
            (Kind::Name, _) if is_known => continue,
            (Kind::Name, "and") | (Kind::Other, "&") => Some("&&"),
            (Kind::Name, "or") | (Kind::Other, "|") => Some("||"),
            (Kind::Name, _) => {
                let others: Vec<&str> = known.iter().copied().filter(|it| !is_named(it)).collect();
                let near = words::only_near(token.text, &others);
                let fix = near.and_then(|near| {
                    let edit = Edit::word(cx.file(sensor), node, token.begin, token.text, near);
                    Fix::new(&format!("write `{near}`"), [edit])
                });
                let help = match near {
                    Some(near) => format!("there is a dependency `{near}`"),
                    None => format!("there are {}", words::list(known)),
                };
                let message = format!("the sensor has no dependency `{}`: {NEVER}", token.text);
                let found = cx.at_word(sensor, node, place, message).fix(fix);
                if !known.is_empty() {
                    found.help(help);
                }
                is_said = true;
                continue;
            }
            (Kind::Other, _) => None,
            _ => continue,
        };
        let fix = meant.and_then(|meant| {
            let edit = Edit::word(cx.file(sensor), node, token.begin, token.text, meant);
            Fix::new(&format!("write `{meant}`"), [edit])
        });
        let message = format!("`{}` has no place in conditions: {NEVER}", token.text);
        cx.at_word(sensor, node, place, message)
            .help("between names stand `&&`, `||` and parentheses")
            .fix(fix);
        is_said = true;
    }
    // What is nested too deep is not read here; people do not write it.
    if !is_said && text.len() < 1_000 && conditions::hold(text, known).is_none() {
        cx.at_value(sensor, node, format!("the conditions cannot be read: {NEVER}"))
            .help("between names stand `&&`, `||` and parentheses");
    }
}
