//! Values of ConfigMaps that the API server or a semaphore cannot take.

use super::controller::controllers;
use super::locks::{Key, locks_within};
use super::workflows::specs;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::yaml::{Node, Style};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST064",
    name: "config-map-value",
    level: Level::Error,
    title: "a value of a ConfigMap is no string, or is no limit of a semaphore",
    since: "every version of argo-workflows",
    story: "\
The values under `data` of a ConfigMap are strings. `workers: 5` is a number, and the API server refuses the whole \
object; `workers: \"5\"` is right.

The limit of a semaphore is such a string with a whole number in it and nothing else: no unit, no fraction, no \
space, and no end of line, which a block (`|`) has. The controller reads it anew at each check. Workflows that \
need a lock whose limit cannot be read fail; with 0 or less nobody ever gets it.",
    links: &[
        "argo-workflows workflow/controller/controller.go:getSyncLimit",
        "argo-workflows workflow/sync/semaphore.go",
        "kubernetes api/core/v1 ConfigMap.data",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for map in cx.of("ConfigMap") {
        for (name, value) in map.root.get("data").map_or(&[][..], Node::fields) {
            if !is_no_string(value) {
                continue;
            }
            let text = value.scalar().unwrap_or_default();
            let edit = Edit::value(cx.file(map), value, &format!("\"{text}\""));
            let message = format!("`{name}` is no string: the API server refuses the ConfigMap");
            cx.at_value(map, value, message)
                .help("values of a ConfigMap are strings: put it in quotes")
                .fix(Fix::new("put it in quotes", [edit]));
        }
    }
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    let mut keys: Vec<Key<'_>> = Vec::new();
    for spec in &specs {
        keys.extend(locks_within(spec).iter().filter_map(|it| it.key(spec)));
    }
    let mut seen: Vec<*const Node> = Vec::new();
    for key in keys {
        let Some((map, value)) = key.find(cx) else { continue };
        if seen.contains(&std::ptr::from_ref(value)) {
            continue;
        }
        seen.push(value);
        let Some((found, effect)) = problem(value) else { continue };
        let limit = format!("\"{}\"", found.trim());
        let edit = match value.style() {
            Style::Block => Edit::whole(cx.file(map), value, &limit),
            _ => Edit::value(cx.file(map), value, &limit),
        };
        let is_number = found.trim().parse::<u32>().is_ok_and(|it| it > 0);
        let fix = Fix::new("write it without space around it", [edit.filter(|_| is_number)]);
        cx.at_value(
            map,
            value,
            format!("the limit of semaphore `{}/{}` {effect}", key.map, key.key),
        )
        .help("a whole number above 0 in quotes: `\"5\"`")
        .fix(fix);
    }
}

/// Whether YAML takes it for a number or a boolean.
fn is_no_string(value: &Node) -> bool {
    let Some(text) = value.scalar().filter(|_| value.style() == Style::Plain) else { return false };
    let begins = text.trim_start_matches(['-', '+', '.']).starts_with(|c: char| c.is_ascii_digit());
    matches!(text, "true" | "false") || (begins && text.parse::<f64>().is_ok())
}

/// What is wrong with a limit: the text, and what the controller does with it.
fn problem(value: &Node) -> Option<(&str, String)> {
    let Some(text) = value.scalar() else {
        return Some(("", "is empty or no text: workflows that need it fail".to_owned()));
    };
    match text.parse::<i64>() {
        Ok(limit) if limit > 0 => None,
        Ok(limit) => Some((text, format!("is {limit}: nobody ever gets it"))),
        Err(_) if text.trim().parse::<i64>().is_ok() => {
            let what = if text.contains('\n') {
                "ends with an end of line"
            } else {
                "has space around it"
            };
            Some((text, format!("{what}, and so is no whole number: workflows that need it fail")))
        }
        Err(_) => Some((
            text,
            format!("is no whole number, `{}`: workflows that need it fail", text.trim()),
        )),
    }
}
