//! Triggers, dependencies and buses, as several rules look at them. Not a rule.
//!
//! argo-events v1.9.11 `pkg/apis/events/v1alpha1/sensor_types.go`, `pkg/sensors/listener.go`.

use crate::lint::Cx;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::{self, Node};

/// Messages that the controller's default stream keeps.
pub(super) const MAX_MSGS: i64 = 50_000;

/// A trigger of a sensor, or the one for its dead letters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger<'m> {
    /// The trigger.
    pub(super) node: &'m Node,
    /// Its template.
    pub(super) template: Option<&'m Node>,
}

/// How often a trigger may run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RateLimit<'m> {
    /// The field.
    pub(super) node: &'m Node,
    /// How often.
    pub(super) count: i64,
    /// In what time, as argo-events counts it.
    pub(super) unit_s: f64,
}

/// What a sensor or an event source is connected by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bus<'m> {
    /// It is not among the files, or says nothing.
    Unknown,
    /// JetStream, with its configuration, and whether the controller merges its defaults into that.
    JetStream(Manifest<'m>, &'m Node, Defaults),
    /// NATS Streaming.
    Stan,
    /// Kafka.
    Kafka,
}

/// Whose defaults hold for what a bus does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Defaults {
    /// The controller's.
    Controller,
    /// The server's: everything is unlimited.
    Server,
}

/// The triggers of a sensor.
pub(super) fn triggers<'m>(sensor: Manifest<'m>) -> impl Iterator<Item = Trigger<'m>> + use<'m> {
    let all = sensor.root.at(&["spec", "triggers"]).map_or(&[][..], Node::items);
    all.iter().map(Trigger::of)
}

/// The dependencies of a sensor.
pub(super) fn dependencies<'m>(sensor: Manifest<'m>) -> &'m [Node] {
    sensor.root.at(&["spec", "dependencies"]).map_or(&[][..], Node::items)
}

/// The names of a sensor's dependencies, each once.
pub(super) fn dependency_names<'m>(sensor: Manifest<'m>) -> Vec<&'m str> {
    let mut names = Vec::new();
    for name in dependencies(sensor).iter().filter_map(|it| it.text("name")) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl<'m> Trigger<'m> {
    fn of(node: &'m Node) -> Self {
        Self { node, template: node.get("template") }
    }

    /// Its name.
    pub(super) fn name(&self) -> &'m str {
        self.template.and_then(|it| it.text("name")).unwrap_or("unnamed")
    }

    /// Where its name stands, or else the trigger.
    pub(super) fn name_node(&self) -> &'m Node {
        self.template.and_then(|it| it.get("name").or(Some(it))).unwrap_or(self.node)
    }

    /// Whether an event is acked only after the trigger is done with it.
    pub(super) fn is_at_least_once(&self) -> bool {
        self.node.text("atLeastOnce") == Some("true")
    }

    /// The trigger for what has failed for good.
    pub(super) fn dead_letter(&self) -> Option<Self> {
        self.node.get("dlqTrigger").map(Self::of)
    }

    /// When it runs, if that is said.
    pub(super) fn conditions(&self) -> Option<&'m Node> {
        let conditions = self.template?.get("conditions")?;
        conditions.scalar().is_some_and(|it| !it.is_empty()).then_some(conditions)
    }

    /// Its rate limit, if that is one that argo-events can read.
    pub(super) fn rate_limit(&self) -> Option<RateLimit<'m>> {
        let node = self.node.get("rateLimit")?;
        let count = match node.get("requestsPerUnit") {
            None => 0,
            Some(count) => count.scalar()?.parse().ok()?,
        };
        let unit_s = match node.text("unit") {
            Some("Minute") => 60.0,
            Some("Hour") => 3_600.0,
            _ => 1.0,
        };
        Some(RateLimit { node, count, unit_s })
    }

    /// The backoffs that it has, with the field in which they stand.
    pub(super) fn backoffs(&self) -> Vec<(&'static str, &'m Node)> {
        let retry = self.node.get("retryStrategy").map(|it| ("retryStrategy", it));
        let policy = self.node.at(&["policy", "k8s", "backoff"]).map(|it| ("policy", it));
        retry.into_iter().chain(policy).collect()
    }

    /// What it does, if that is a Kubernetes object or a workflow.
    pub(super) fn object(&self) -> Option<&'m Node> {
        let template = self.template?;
        template.get("k8s").or_else(|| template.get("argoWorkflow"))
    }
}

impl RateLimit<'_> {
    /// How often a second, if it limits anything.
    pub(super) fn per_s(&self) -> Option<f64> {
        (self.count > 0).then(|| self.count as f64 / self.unit_s)
    }

    /// `10 per minute`.
    pub(super) fn text(&self) -> String {
        let unit = match self.unit_s {
            60.0 => "minute",
            3_600.0 => "hour",
            _ => "second",
        };
        format!("{} per {unit}", self.count)
    }
}

/// The name of the bus that a sensor or an event source asks for.
pub(super) fn bus_name<'m>(object: Manifest<'m>) -> &'m str {
    let name = object.root.at(&["spec", "eventBusName"]).and_then(Node::scalar);
    name.filter(|it| !it.is_empty()).unwrap_or("default")
}

/// Whether two objects are in one namespace, as far as the files say: one that states none is put there by
/// whoever applies it.
pub(super) fn may_share_namespace(a: Manifest<'_>, b: Manifest<'_>) -> bool {
    let states = |it: Manifest<'_>| it.root.at(&["metadata", "namespace"]).is_some();
    a.namespace == b.namespace || !states(a) || !states(b)
}

/// The bus of a sensor or an event source.
pub(super) fn bus_of<'m>(cx: &Cx<'m, '_>, object: Manifest<'m>) -> Bus<'m> {
    let name = bus_name(object);
    let named = |it: &Manifest<'m>| it.name == name && may_share_namespace(*it, object);
    let Some(bus) = cx.of("EventBus").find(named) else { return Bus::Unknown };
    let Some(spec) = bus.root.get("spec") else { return Bus::Unknown };
    if let Some(node) = spec.get("jetstream") {
        Bus::JetStream(bus, node, Defaults::Controller)
    } else if let Some(node) = spec.get("jetstreamExotic") {
        Bus::JetStream(bus, node, Defaults::Server)
    } else if spec.get("nats").is_some() {
        Bus::Stan
    } else if spec.get("kafka").is_some() {
        Bus::Kafka
    } else {
        Bus::Unknown
    }
}

impl Bus<'_> {
    /// Whether it is JetStream, for all we know.
    pub(super) fn may_be_jetstream(&self) -> bool {
        matches!(self, Self::Unknown | Self::JetStream(..))
    }

    /// A whole number of the stream's configuration.
    fn stream_number(&self, key: &str) -> Option<i64> {
        let Self::JetStream(bus, node, _) = self else { return None };
        let config = yaml::embedded(bus.file, node.get("streamConfig")?).ok()?;
        let (_, value) = config.fields().iter().find(|(it, _)| it.eq_ignore_ascii_case(key))?;
        value.scalar()?.parse().ok()
    }

    /// How many messages the stream keeps; none if it keeps all.
    pub(super) fn max_msgs(&self) -> Option<i64> {
        let default = match self {
            Self::JetStream(_, _, Defaults::Server) => None,
            _ => Some(MAX_MSGS),
        };
        self.stream_number("maxMsgs").or(default).filter(|&it| it > 0)
    }

    /// Whether the stream refuses new messages when it is full, instead of dropping the oldest.
    pub(super) fn discards_new(&self) -> bool {
        self.stream_number("discard") == Some(1)
    }

    /// Whether the stream keeps only what some consumer still wants.
    pub(super) fn keeps_interest_only(&self) -> bool {
        self.stream_number("retention") == Some(1)
    }
}
