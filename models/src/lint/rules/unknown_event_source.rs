//! Dependencies on events that nobody publishes.

use super::sensors::{bus_name, dependencies, may_share_namespace};
use super::words;
use crate::diagnostic::nearest;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST045",
    name: "unknown-event-source",
    level: Level::Error,
    title: "a dependency names an event that no EventSource on its bus publishes",
    since: "every version of argo-events",
    story: "\
A dependency is a subject on the bus, made of `eventSourceName` and `eventName`. Nothing checks that anybody \
publishes to it: the Sensor is deployed, and waits. Names are compared letter by letter, and both objects have \
to be in the same namespace and name the same `eventBusName`, since each EventBus has a stream of its own.

An EventSource that is not among the files may live elsewhere; that is only a note, and only where the files \
have EventSources at all.",
    links: &[
        "argo-events pkg/eventbus/jetstream/sensor/trigger_conn.go:Subscribe",
        "argo-events pkg/eventbus/jetstream/eventsource/source_conn.go:Publish",
    ],
    check,
};

/// Fields of an EventSource that are no types of events.
const NO_TYPES: [&str; 5] = ["template", "service", "replicas", "eventBusName", "loggingFields"];

/// The events of an event source, with their configurations.
pub(super) fn events<'m>(source: Manifest<'m>) -> impl Iterator<Item = &'m (String, Node)> {
    let spec = source.root.get("spec").map_or(&[][..], Node::fields);
    let types = spec.iter().filter(|(name, _)| !NO_TYPES.contains(&name.as_str()));
    types.flat_map(|(_, events)| events.fields()).filter(|(_, event)| event.scalar().is_none())
}

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        let sources: Vec<Manifest<'_>> =
            cx.of("EventSource").filter(|it| may_share_namespace(*it, sensor)).collect();
        if sources.is_empty() {
            continue;
        }
        for dependency in dependencies(sensor) {
            let Some(node) = dependency.get("eventSourceName") else { continue };
            let Some(name) = node.scalar() else { continue };
            let named: Vec<Manifest<'_>> =
                sources.iter().copied().filter(|it| it.name == name).collect();
            match named.as_slice() {
                [] => unknown_source(cx, sensor, node, &sources),
                named => event(cx, sensor, dependency, named),
            }
        }
    }
}

fn unknown_source<'m>(
    cx: &mut Cx<'m, '_>,
    sensor: Manifest<'m>,
    node: &Node,
    sources: &[Manifest<'m>],
) {
    let name = node.scalar().unwrap_or_default();
    let names: Vec<&str> = sources.iter().map(|it| it.name).collect();
    let help = match nearest(name, &names) {
        Some(near) => format!("there is an EventSource `{near}`"),
        None => "it may be deployed from elsewhere; without it nothing ever comes".to_owned(),
    };
    cx.at_value(sensor, node, format!("there is no EventSource `{name}` among these files"))
        .level(Level::Note)
        .help(help);
}

/// The source is there: is it on this bus, and does it have the event?
fn event<'m>(cx: &mut Cx<'m, '_>, sensor: Manifest<'m>, dependency: &Node, named: &[Manifest<'m>]) {
    let bus = bus_name(sensor);
    let on_bus: Vec<Manifest<'m>> =
        named.iter().copied().filter(|it| bus_name(*it) == bus).collect();
    let Some(source) = named.first() else { return };
    if on_bus.is_empty() {
        let Some(node) = dependency.get("eventSourceName") else { return };
        let other = bus_name(*source);
        let message = format!(
            "EventSource `{}` publishes to the bus `{other}`, this Sensor listens on `{bus}`: nothing ever comes",
            source.name
        );
        cx.at_value(sensor, node, message).help("both have to name the same `eventBusName`");
        return;
    }
    let Some(node) = dependency.get("eventName") else { return };
    let Some(name) = node.scalar() else { return };
    let known: Vec<&str> =
        on_bus.iter().flat_map(|it| events(*it)).map(|(event, _)| event.as_str()).collect();
    // A source without an event of a known form tells nothing.
    if known.is_empty() || known.contains(&name) {
        return;
    }
    let near = words::only_near(name, &known);
    let fix = near.and_then(|near| {
        let edit = Edit::value(cx.file(sensor), node, near);
        Fix::new(&format!("write `{near}`"), [edit])
    });
    let help = format!("it has {}", words::list(&known));
    let message =
        format!("EventSource `{}` has no event `{name}`: nothing ever comes", source.name);
    cx.at_value(sensor, node, message).help(help).fix(fix);
}
