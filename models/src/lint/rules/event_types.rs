//! The types of event sources, and what they do when the bus does not take an event.

use crate::lint::Cx;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

/// What becomes of an event that could not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// The caller is answered 500 (since argo-events v1.9.6).
    Answered,
    /// It comes again.
    Redelivered,
    /// It is lost.
    Lost,
    /// It depends on how the event is configured; a rule of its own tells.
    Depends,
}

/// What replicas do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replicas {
    /// All of them work.
    Active,
    /// One is elected, and the others wait.
    Elected,
}

/// A type of event sources.
#[derive(Debug)]
pub(super) struct EventType {
    /// Its field in `spec`.
    pub(super) field: &'static str,
    pub(super) on_failure: OnFailure,
    pub(super) replicas: Replicas,
    /// What it says when an event is dropped, for types that drop it.
    pub(super) manner: &'static str,
}

/// argo-events v1.9.11 `pkg/eventsources/sources/*/start.go`, and `RecreateStrategyEventSources` of
/// `pkg/apis/events/v1alpha1/const.go`.
static TYPES: [EventType; 32] = {
    use OnFailure::{Answered, Depends, Lost, Redelivered};
    use Replicas::{Active, Elected};
    const LOGGED: &str = "logged and dropped";
    [
        typed("amqp", Depends, Elected, LOGGED),
        typed("azureEventsHub", Lost, Elected, LOGGED),
        typed("azureQueueStorage", Redelivered, Active, LOGGED),
        typed("azureServiceBus", Depends, Elected, LOGGED),
        typed("bitbucket", Answered, Active, LOGGED),
        typed("bitbucketserver", Answered, Active, LOGGED),
        typed("calendar", Depends, Elected, LOGGED),
        typed("emitter", Lost, Elected, LOGGED),
        typed("file", Lost, Elected, LOGGED),
        typed("generic", Lost, Elected, LOGGED),
        typed("gerrit", Answered, Active, LOGGED),
        typed("github", Answered, Active, LOGGED),
        typed("gitlab", Answered, Active, LOGGED),
        typed("hdfs", Lost, Elected, LOGGED),
        typed("kafka", Depends, Elected, LOGGED),
        typed("minio", Lost, Elected, LOGGED),
        typed("mns", Lost, Active, "deleted from the queue all the same"),
        typed("mqtt", Lost, Elected, LOGGED),
        typed("nats", Lost, Elected, LOGGED),
        typed("nsq", Redelivered, Elected, LOGGED),
        typed("pubSub", Redelivered, Elected, LOGGED),
        typed("pulsar", Lost, Elected, "acked all the same"),
        typed("redis", Lost, Elected, LOGGED),
        typed("redisStream", Redelivered, Elected, LOGGED),
        typed("resource", Lost, Elected, LOGGED),
        typed("sftp", Lost, Elected, LOGGED),
        typed("slack", Answered, Active, LOGGED),
        typed("sns", Answered, Active, LOGGED),
        typed("sqs", Redelivered, Active, LOGGED),
        typed("storageGrid", Answered, Active, LOGGED),
        typed("stripe", Answered, Active, LOGGED),
        typed("webhook", Answered, Active, LOGGED),
    ]
};

const fn typed(
    field: &'static str,
    on_failure: OnFailure,
    replicas: Replicas,
    manner: &'static str,
) -> EventType {
    EventType { field, on_failure, replicas, manner }
}

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
        let node = spec?.get(kind.field).filter(|node| !node.fields().is_empty())?;
        Some(Typed { source, kind, node })
    };
    TYPES.iter().filter_map(typed).collect()
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
    events(cx).into_iter().filter(|event| event.kind.field == field).collect()
}

impl Typed<'_> {
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
