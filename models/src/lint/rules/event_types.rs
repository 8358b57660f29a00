//! The events of EventSources, by type. Not a rule.

use crate::lint::Cx;
use crate::manifest::event_types::{EventType, Fare};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

/// A type that an EventSource has events of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'m> {
    pub(super) source: Manifest<'m>,
    pub(super) kind: &'static EventType,
    /// The field of the type, with the events by name.
    pub(super) node: &'m Node,
}

/// An event of an EventSource.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'m> {
    pub(super) source: Manifest<'m>,
    pub(super) kind: &'static EventType,
    pub(super) name: &'m str,
    pub(super) config: &'m Node,
}

/// The types of an EventSource that have events.
pub(super) fn types(source: Manifest<'_>) -> Vec<Typed<'_>> {
    let spec = source.root.get("spec");
    let typed = |kind: &'static EventType| {
        let node = spec?.get(kind.name).filter(|node| !node.fields().is_empty())?;
        Some(Typed { source, kind, node })
    };
    EventType::all().iter().filter_map(typed).collect()
}

/// All types of all EventSources.
pub(super) fn all_types<'m>(cx: &Cx<'m, '_>) -> Vec<Typed<'m>> {
    cx.of("EventSource").flat_map(types).collect()
}

/// All events of all EventSources.
pub(super) fn events<'m>(cx: &Cx<'m, '_>) -> Vec<Event<'m>> {
    let events = |typed: Typed<'m>| {
        let Typed { source, kind, node } = typed;
        node.fields().iter().map(move |(name, config)| Event { source, kind, name, config })
    };
    all_types(cx).into_iter().flat_map(events).collect()
}

/// The events of one type.
pub(super) fn events_of<'m>(cx: &Cx<'m, '_>, field: &str) -> Vec<Event<'m>> {
    events(cx).into_iter().filter(|event| event.kind.name == field).collect()
}

/// Types that lose or keep an event as it is configured, or late: rules of their own tell.
const VARIOUS: [&str; 5] = ["amqp", "azureServiceBus", "calendar", "kafka", "redisStream"];

impl Typed<'_> {
    /// What becomes of an event that could not be published, if that is the same for all of the type.
    pub(super) fn fare(&self, version: Version) -> Option<Fare> {
        let is_same = !VARIOUS.contains(&self.kind.name);
        is_same.then(|| self.kind.fare(self.node, version))
    }

    /// The names of its events: `a`, `b` and `c`.
    pub(super) fn names(&self) -> String {
        let names = self.node.fields().iter().map(|(name, _)| format!("`{name}`"));
        let mut names: Vec<String> = names.collect();
        match (names.pop(), names.as_slice()) {
            (None, _) => String::new(),
            (Some(only), []) => only,
            (Some(last), others) => format!("{} and {last}", others.join(", ")),
        }
    }
}

/// The namespace and the name of the bus that an EventSource or a Sensor is on.
pub(super) fn bus_of<'m>(object: Manifest<'m>) -> (&'m str, &'m str) {
    let name = object.root.at(&["spec", "eventBusName"]).and_then(Node::scalar);
    (object.namespace, name.filter(|name| !name.is_empty()).unwrap_or("default"))
}
