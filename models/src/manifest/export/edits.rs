//! Edits that give one limit in manifests another value, where it is written or where it belongs.

use super::compare::Difference;
use super::event_bus::{nats_size, stream_value};
use super::sensor::units;
use super::yaml::text;
use crate::event_bus::spec::EventBusSpec;
use crate::lint::Edit;
use crate::lint::fix::own_lines;
use crate::manifest::files::{Manifest, ManifestFile, Manifests};
use crate::manifest::yaml::{self, Node, Style};
use crate::sensor::spec::{DeliverySpec, SensorSpec, TriggerSpec};
use crate::spec::model::{ModelSpec, Stage};
use crate::workflows::spec::WorkflowSpec;

/// What is edited of a bus.
const OF_BUS: [&str; 7] =
    ["max_msgs", "max_bytes", "max_age", "duplicates", "retention", "discard", "max_msg_size"];
/// What is edited of a trigger.
const OF_TRIGGER: [&str; 4] = ["rate_limit", "delivery", "retry", "timeout"];
/// What is edited of a template.
const OF_TEMPLATE: [&str; 3] = ["parallelism", "active_deadline", "priority"];

/// Whether it is a limit that manifests can say, in this way or another.
pub(super) fn is_limit(spec: &ModelSpec, difference: &Difference) -> bool {
    let Some((stage, rest)) = stage_of(spec, &difference.parameter) else {
        return difference.parameter.starts_with("config_maps.") && !difference.wanted.is_null();
    };
    match stage {
        Stage::EventBus(_) => OF_BUS.iter().any(|field| rest == format!(".{field}")),
        Stage::Sensor(_) => indexed(rest, ".triggers[").is_some_and(|(_, rest)| {
            ["rate_limit", "delivery"].iter().any(|field| rest == format!(".{field}"))
        }),
        Stage::Workflow(_) => indexed(rest, ".templates[")
            .is_some_and(|(_, rest)| OF_TEMPLATE.iter().any(|field| rest == format!(".{field}"))),
        _ => false,
    }
}

/// The edits that bring a parameter to what is wanted, if there is a place for it.
pub(super) fn of(
    manifests: &Manifests,
    spec: &ModelSpec,
    difference: &Difference,
) -> Option<Vec<Edit>> {
    let Some((stage, rest)) = stage_of(spec, &difference.parameter) else {
        return config_map(manifests, difference);
    };
    match stage {
        Stage::EventBus(bus) => {
            let field = rest.strip_prefix('.').filter(|field| OF_BUS.contains(field))?;
            of_bus(manifests, bus, field)
        }
        Stage::Sensor(sensor) => {
            let (index, rest) = indexed(rest, ".triggers[")?;
            of_trigger(manifests, sensor, index, rest)
        }
        Stage::Workflow(workflow) => {
            let (index, rest) = indexed(rest, ".templates[")?;
            of_template(manifests, workflow, index, rest)
        }
        Stage::EventSource(_) | Stage::Station(_) | Stage::Store(_) => None,
    }
}

/// The stage that a parameter is of, and the rest.
fn stage_of<'s, 'p>(spec: &'s ModelSpec, parameter: &'p str) -> Option<(&'s Stage, &'p str)> {
    spec.stages.iter().find_map(|stage| {
        let rest = parameter.strip_prefix(stage.name())?;
        rest.starts_with('.').then_some((stage, rest))
    })
}

/// The number in brackets after `list`, and the rest.
fn indexed<'p>(rest: &'p str, list: &str) -> Option<(usize, &'p str)> {
    let (index, rest) = rest.strip_prefix(list)?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// The object of a kind that became the stage of that name.
fn find<'m>(
    manifests: &'m Manifests,
    kind: &str,
    stage: &str,
) -> Option<(&'m ManifestFile, Manifest<'m>)> {
    let all = manifests.objects();
    let exact = |it: &&Manifest<'m>| it.kind == kind && it.name == stage;
    let spaced =
        |it: &&Manifest<'m>| it.kind == kind && format!("{}-{}", it.name, it.namespace) == stage;
    let found = *all.iter().find(exact).or_else(|| all.iter().find(spaced))?;
    Some((manifests.file(found.file)?, found))
}

fn of_bus(manifests: &Manifests, bus: &EventBusSpec, field: &str) -> Option<Vec<Edit>> {
    let (file, found) = find(manifests, "EventBus", &bus.name)?;
    let spec = found.root.find("spec")?;
    let jetstream = spec.find("jetstream");
    if field == "max_msg_size" {
        let size = bus.max_msg_size.as_ref().map_or_else(|| "0".to_owned(), nats_size);
        return Some(vec![set(file, jetstream?, "maxPayload", &text(&size))?]);
    }
    let around = jetstream.or_else(|| spec.find("jetstreamExotic"))?;
    let keys = [
        ("max_msgs", "maxMsgs"),
        ("max_bytes", "maxBytes"),
        ("max_age", "maxAge"),
        ("duplicates", "duplicates"),
        ("retention", "retention"),
        ("discard", "discard"),
    ];
    let (_, key) = keys.iter().find(|(own, _)| *own == field)?;
    let value = stream_value(bus, field)?;
    let Some(config) = around.find("streamConfig").filter(|it| !it.is_null()) else {
        let column = around.fields().first()?.1.key().column;
        let indent = " ".repeat(column as usize - 1);
        let lines = vec![format!("{indent}streamConfig: |"), format!("{indent}  {key}: {value}")];
        return Some(vec![insert_last(file, around, lines)?]);
    };
    if config.style() != Style::Block {
        return None;
    }
    let parsed = yaml::embedded(found.file, config).ok()?;
    let known = parsed.fields().iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    if let Some((_, node)) = known {
        return Some(vec![Edit::value(file, node, &value)?]);
    }
    let column = parsed.fields().first()?.1.key().column;
    let indent = " ".repeat(column as usize - 1);
    Some(vec![Edit::insert(file, config.last_line() + 1, vec![format!("{indent}{key}: {value}")])])
}

fn of_trigger(
    manifests: &Manifests,
    sensor: &SensorSpec,
    index: usize,
    rest: &str,
) -> Option<Vec<Edit>> {
    let field = rest.trim_start_matches('.').split(['.', '[']).next()?;
    if !OF_TRIGGER.contains(&field) || rest.ends_with(".algorithm") || rest.ends_with(".over") {
        return None;
    }
    let (file, found) = find(manifests, "Sensor", &sensor.name)?;
    let node = found.root.find("spec")?.find("triggers")?.items().get(index)?;
    let trigger = sensor.triggers.get(index)?;
    match field {
        "rate_limit" => rate_limit(file, node, trigger),
        "delivery" => {
            let value = trigger.delivery == DeliverySpec::AtLeastOnce;
            Some(vec![set(file, node, "atLeastOnce", &value.to_string())?])
        }
        "retry" => retry(file, node, trigger),
        _ => {
            let nanos = trigger.timeout.as_ref()?.parse().ok()?.as_nanos();
            let is_whole = nanos.is_multiple_of(1_000_000_000) && nanos > 0;
            let http = node.find("template")?.find("http")?;
            let seconds = is_whole.then_some(nanos / 1_000_000_000)?;
            Some(vec![set(file, http, "timeout", &seconds.to_string())?])
        }
    }
}

fn rate_limit(file: &ManifestFile, node: &Node, trigger: &TriggerSpec) -> Option<Vec<Edit>> {
    let known = node.find("rateLimit").filter(|it| !it.is_null());
    let Some(limit) = &trigger.rate_limit else { return Some(vec![Edit::delete(file, known?)?]) };
    let (count, unit) = units(limit)?;
    let unit = format!("{unit:?}");
    fields(file, node, "rateLimit", &[("requestsPerUnit", count.to_string()), ("unit", unit)])
}

fn retry(file: &ManifestFile, node: &Node, trigger: &TriggerSpec) -> Option<Vec<Edit>> {
    let known = node.find("retryStrategy").filter(|it| !it.is_null());
    let Some(retry) = &trigger.retry else { return Some(vec![Edit::delete(file, known?)?]) };
    let duration = super::event_bus::go_duration(&retry.duration)?;
    let all = [
        ("steps", retry.steps.to_string()),
        ("duration", duration),
        ("factor", retry.factor.to_string()),
        ("jitter", retry.jitter.to_string()),
    ];
    fields(file, node, "retryStrategy", &all)
}

/// Gives fields of the map in `node`, called `name`, their values; with the map, if there is none.
fn fields(
    file: &ManifestFile,
    node: &Node,
    name: &str,
    values: &[(&str, String)],
) -> Option<Vec<Edit>> {
    let Some(known) = node.find(name).filter(|it| !it.is_null()) else {
        let column = node.fields().first()?.1.key().column;
        let indent = " ".repeat(column as usize - 1);
        let mut lines = vec![format!("{indent}{name}:")];
        lines.extend(values.iter().map(|(field, value)| format!("{indent}  {field}: {value}")));
        // Beside the template, where there is one: that is what it is about.
        let place = node.find("template").unwrap_or(node);
        let edit = if std::ptr::eq(place, node) {
            insert_last(file, node, lines)
        } else {
            insert_after(file, place, lines)
        };
        return Some(vec![edit?]);
    };
    let line = known.key().line;
    if known.last_line() == line {
        return Some(vec![in_line(file, known, values)?]);
    }
    let mut edits = Vec::new();
    for (field, value) in values {
        let same = known.find(field).and_then(Node::scalar) == Some(value.as_str());
        if !same {
            edits.push(set(file, known, field, value)?);
        }
    }
    Some(edits)
}

/// Other values for fields that are all on the line of their map.
fn in_line(file: &ManifestFile, map: &Node, values: &[(&str, String)]) -> Option<Edit> {
    let mut places = Vec::new();
    for (field, value) in values {
        let place = map.find(field).filter(|it| it.scalar().is_some())?.place();
        places.push((place.column as usize - 1, place.length as usize, value));
    }
    // The last first, so that the places of the others stay.
    places.sort_unstable_by(|one, other| other.cmp(one));
    let number = map.key().line;
    let mut line: Vec<char> = file.line(number).chars().collect();
    for (begin, length, value) in places {
        let end = (begin + length).min(line.len());
        line.splice(begin.min(end)..end, value.chars());
    }
    let lines = vec![line.into_iter().collect()];
    Some(Edit { file: file.name().to_owned(), line: number, removed: 1, lines })
}

/// Limits that stand in `settings`, where nats-server refuses them: the lines go, and what they meant is put
/// where it counts.
pub(super) fn refused_settings(manifests: &Manifests) -> Vec<Edit> {
    const LIMITS: [&str; 8] = [
        "maxmsgs",
        "maxbytes",
        "maxage",
        "maxmsgsize",
        "maxconsumers",
        "duplicates",
        "duplicatewindow",
        "discard",
    ];
    let mut edits = Vec::new();
    for object in manifests.objects().into_iter().filter(|object| object.kind == "EventBus") {
        let settings =
            object.root.find("spec").and_then(|it| it.find("jetstream")?.find("settings"));
        let (Some(settings), Some(file)) = (settings, manifests.file(object.file)) else {
            continue;
        };
        if settings.style() != Style::Block {
            continue;
        }
        let lines = settings.key().line + 1..=settings.last_line();
        let is_content = |number: &u32| {
            let line = file.line(*number).trim();
            !line.is_empty() && !line.starts_with('#')
        };
        let content: Vec<u32> = lines.filter(is_content).collect();
        let is_refused = |number: &u32| {
            let line = file.line(*number).trim();
            let key = line.split([':', '=', ' ']).next().unwrap_or_default();
            LIMITS.contains(&key.to_lowercase().replace('_', "").as_str())
        };
        let refused: Vec<u32> = content.iter().copied().filter(is_refused).collect();
        match Edit::delete(file, settings) {
            Some(all) if refused.len() == content.len() && !refused.is_empty() => edits.push(all),
            _ => edits.extend(refused.iter().map(|&line| Edit::delete_line(file, line))),
        }
    }
    edits
}

fn of_template(
    manifests: &Manifests,
    workflow: &WorkflowSpec,
    index: usize,
    rest: &str,
) -> Option<Vec<Edit>> {
    let field = rest.strip_prefix('.').filter(|field| OF_TEMPLATE.contains(field))?;
    let template = workflow.templates.get(index)?;
    let kinds = ["WorkflowTemplate", "ClusterWorkflowTemplate", "Workflow", "CronWorkflow"];
    let (file, found) = kinds.iter().find_map(|kind| find(manifests, kind, &template.name))?;
    let spec = found.root.find("spec")?;
    let spec = spec.find("workflowSpec").unwrap_or(spec);
    let (name, value) = match field {
        "parallelism" => ("parallelism", template.parallelism.map(|it| it.to_string())),
        "priority" => ("priority", Some(template.priority.to_string())),
        _ => {
            let nanos = match &template.active_deadline {
                Some(deadline) => Some(deadline.parse().ok()?.as_nanos()),
                None => None,
            };
            let seconds = nanos.map(|nanos| {
                nanos.is_multiple_of(1_000_000_000).then(|| (nanos / 1_000_000_000).to_string())
            });
            (
                "activeDeadlineSeconds",
                match seconds {
                    Some(seconds) => Some(seconds?),
                    None => None,
                },
            )
        }
    };
    match value {
        Some(value) => Some(vec![set(file, spec, name, &value)?]),
        None => Some(vec![Edit::delete(file, spec.find(name)?)?]),
    }
}

/// The limit of a semaphore: `config_maps.NAME.KEY`.
fn config_map(manifests: &Manifests, difference: &Difference) -> Option<Vec<Edit>> {
    let path = difference.parameter.strip_prefix("config_maps.")?;
    let value = difference.wanted.as_str()?;
    for object in manifests.objects().into_iter().filter(|object| object.kind == "ConfigMap") {
        let spaced = format!("{}/{}.", object.namespace, object.name);
        let plain = format!("{}.", object.name);
        let key = path.strip_prefix(&spaced).or_else(|| path.strip_prefix(&plain));
        let (Some(key), Some(data)) = (key, object.root.find("data")) else { continue };
        return Some(vec![set(manifests.file(object.file)?, data, key, &text(value))?]);
    }
    None
}

/// Gives a field of a map a value: in its place, or as the last of the fields.
fn set(file: &ManifestFile, map: &Node, name: &str, value: &str) -> Option<Edit> {
    if let Some(node) = map.find(name).filter(|it| !it.is_null()) {
        let is_plain = [Style::Plain, Style::Quoted].contains(&node.style());
        return node.scalar().filter(|_| is_plain).and_then(|_| Edit::value(file, node, value));
    }
    let column = map.fields().first()?.1.key().column;
    let line = format!("{}{name}: {value}", " ".repeat(column as usize - 1));
    insert_last(file, map, vec![line])
}

/// New lines after the last field of a map, if its fields have lines of their own.
fn insert_last(file: &ManifestFile, map: &Node, lines: Vec<String>) -> Option<Edit> {
    let (_, last) = map.fields().iter().max_by_key(|(_, field)| field.last_line())?;
    insert_after(file, last, lines)
}

/// New lines after a field of a map, if that has lines of its own.
fn insert_after(file: &ManifestFile, field: &Node, lines: Vec<String>) -> Option<Edit> {
    // Before it there may be nothing but the dash of an item.
    let key = field.key();
    let before: String = file.line(key.line).chars().take(key.column as usize - 1).collect();
    let is_own = before.chars().all(|c| c == ' ' || c == '-');
    let is_alone =
        own_lines(file, field).is_some() || is_own && balanced(file.line(field.last_line()));
    (is_own && is_alone).then(|| Edit::insert(file, field.last_line() + 1, lines))
}

/// Whether every bracket on the line is closed there.
fn balanced(line: &str) -> bool {
    let count = |c: char| line.matches(c).count();
    count('{') == count('}') && count('[') == count(']')
}
