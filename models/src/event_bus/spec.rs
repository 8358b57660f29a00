//! An event bus as written: the settings of its JetStream stream and of its consumers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::time::SimDuration;

use crate::engine::reject::Reject;
use crate::jetstream::{
    ConsumerConfig, DeliverPolicy, Discard, Retention, ServerVersion, Storage, StreamConfig,
};
use crate::spec::check::Checker;
use crate::spec::policy::{DiscardSpec, OnReject, optional};
use crate::spec::quantity::{BytesText, DurationText};
use crate::spec::resolve::Names;

/// A JetStream stream, shared by all sources and sensors that name it. The defaults are those of the
/// Argo Events controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventBusSpec {
    /// Its name.
    #[serde(default = "default_name")]
    pub name: String,
    /// Most messages kept. Under `Limits` retention an ack removes nothing: it is not a limit on the
    /// backlog.
    #[serde(default = "argo_max_msgs")]
    pub max_msgs: Option<u64>,
    /// Most bytes kept: payload, subject, headers and 30 bytes a message (16 in memory).
    #[serde(default)]
    pub max_bytes: Option<BytesText>,
    /// Largest message; none: no limit.
    #[serde(default)]
    pub max_msg_size: Option<BytesText>,
    /// Most consumers; later ones are refused, and their triggers get nothing.
    #[serde(default)]
    pub max_consumers: Option<u32>,
    /// Oldest message kept; none: for ever.
    #[serde(default = "argo_max_age")]
    pub max_age: Option<DurationText>,
    /// How long a message id is remembered.
    #[serde(default = "argo_duplicates")]
    pub duplicates: DurationText,
    /// What a full stream does: push out the oldest (nobody is told), or refuse the new one.
    #[serde(default = "discard_old")]
    pub discard: DiscardSpec,
    /// What acks remove.
    #[serde(default)]
    pub retention: RetentionSpec,
    /// Where messages are kept.
    #[serde(default)]
    pub storage: StorageSpec,
    /// The nats-server whose behavior is modeled.
    #[serde(default)]
    pub server: ServerSpec,
    /// What happens to a message that is refused: `Drop`, `Nack` or `Store`; none: the publisher gets an
    /// error, and does what it is configured to. `Nack` says in the bus what callers do once their source
    /// has given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_reject: Option<OnReject>,
    /// The consumers of all triggers.
    #[serde(default)]
    pub consumers: ConsumersSpec,
}

/// What acks remove from a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RetentionSpec {
    /// Nothing: messages stay until a limit pushes them out.
    #[default]
    Limits,
    /// A message that every interested consumer has acked.
    Interest,
    /// A message that its one consumer has acked.
    WorkQueue,
}

/// Where a stream keeps its messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StorageSpec {
    /// In files.
    #[default]
    File,
    /// In memory.
    Memory,
}

/// Which nats-server is modeled; they differ in details.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ServerSpec {
    /// nats-server 2.9.
    V2_9,
    /// nats-server 2.10.
    #[default]
    V2_10,
    /// nats-server 2.15.
    V2_15,
}

/// Settings of the consumers on a bus. The defaults are the server's, as Argo Events leaves them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsumersSpec {
    /// An unacked message is delivered again after this time.
    #[serde(default = "thirty_seconds")]
    pub ack_wait: DurationText,
    /// Most messages delivered and not acked, per consumer.
    #[serde(default = "thousand")]
    pub max_ack_pending: Option<u64>,
    /// Deliveries per message; none: no limit.
    #[serde(default)]
    pub max_deliver: Option<u32>,
    /// Waits before each further delivery, in place of `ack_wait`; the last one repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backoff: Vec<DurationText>,
    /// Where a consumer begins.
    #[serde(default)]
    pub deliver: DeliverSpec,
}

/// Where a consumer begins in a stream that has messages already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeliverSpec {
    /// With the next message.
    #[default]
    New,
    /// With the oldest message (a work queue takes no other).
    All,
    /// With the newest message there is.
    Last,
}

fn default_name() -> String {
    "default".to_owned()
}

fn argo_max_msgs() -> Option<u64> {
    Some(50_000)
}

fn argo_max_age() -> Option<DurationText> {
    Some("168h".into())
}

fn argo_duplicates() -> DurationText {
    "300s".into()
}

fn discard_old() -> DiscardSpec {
    DiscardSpec::Old
}

fn thirty_seconds() -> DurationText {
    "30s".into()
}

fn thousand() -> Option<u64> {
    Some(1000)
}

impl Default for ConsumersSpec {
    fn default() -> Self {
        Self {
            ack_wait: thirty_seconds(),
            max_ack_pending: thousand(),
            max_deliver: None,
            backoff: Vec::new(),
            deliver: DeliverSpec::default(),
        }
    }
}

impl EventBusSpec {
    /// The stream's configuration.
    pub(crate) fn stream(&self, cx: &mut Checker<'_>) -> Option<StreamConfig> {
        let bytes = optional(&self.max_bytes, |bytes| cx.bytes("max_bytes", bytes));
        let size = optional(&self.max_msg_size, |size| cx.bytes("max_msg_size", size));
        let max_age = optional(&self.max_age, |age| self.age(age, cx));
        let duplicates = cx.duration("duplicates", &self.duplicates);
        for (field, limit) in
            [("max_msgs", self.max_msgs), ("max_consumers", self.max_consumers.map(u64::from))]
        {
            if let Some(limit) = limit {
                cx.at_least(field, limit, 1);
            }
        }
        let (max_age, duplicates) = (max_age?, duplicates?);
        if max_age.is_some_and(|age| duplicates > age) {
            cx.field("duplicates", |cx| {
                cx.error(format!(
                    "the duplicates window `{duplicates}` is longer than `max_age`, which \
                     nats-server refuses (10052)"
                ))
                .expected("at most `max_age`");
            });
            return None;
        }
        Some(StreamConfig {
            version: match self.server {
                ServerSpec::V2_9 => ServerVersion::V2_9,
                ServerSpec::V2_10 => ServerVersion::V2_10,
                ServerSpec::V2_15 => ServerVersion::V2_15,
            },
            max_msgs: self.max_msgs,
            max_bytes: bytes?.map(|bytes| bytes.as_u64()),
            max_msg_size: size?.map(|size| size.as_u64()),
            max_age,
            max_msgs_per_subject: None,
            max_consumers: self.max_consumers.map(|most| most as usize),
            discard: match self.discard {
                DiscardSpec::Old => Discard::Old,
                DiscardSpec::New => Discard::New,
            },
            discard_new_per_subject: false,
            retention: match self.retention {
                RetentionSpec::Limits => Retention::Limits,
                RetentionSpec::Interest => Retention::Interest,
                RetentionSpec::WorkQueue => Retention::WorkQueue,
            },
            duplicate_window: Some(duplicates),
            storage: match self.storage {
                StorageSpec::File => Storage::File,
                StorageSpec::Memory => Storage::Memory,
            },
            server_max_bytes: None,
        })
    }

    fn age(&self, age: &DurationText, cx: &mut Checker<'_>) -> Option<SimDuration> {
        let age = cx.positive_duration("max_age", age)?;
        cx.field("max_age", |cx| {
            let least = SimDuration::from_millis(100);
            cx.require(age >= least, age, "at least `100ms`, as nats-server demands")
        })
        .then_some(age)
    }

    pub(crate) fn reject(&self, names: &Names, cx: &mut Checker<'_>) -> Option<Reject> {
        let stated = optional(&self.on_reject, |stated| {
            cx.field("on_reject", |cx| stated.compile_unblocked(names, cx))
        });
        Some(stated?.unwrap_or(Reject::Error))
    }
}

impl ConsumersSpec {
    /// A consumer for `subject`.
    pub(crate) fn compile(&self, subject: String, cx: &mut Checker<'_>) -> Option<ConsumerConfig> {
        let ack_wait = cx.positive_duration("ack_wait", &self.ack_wait);
        let backoff = cx.each("backoff", &self.backoff, |cx, wait| cx.quantity(wait.parse()));
        let mut config = ConsumerConfig::pull(match self.deliver {
            DeliverSpec::New => DeliverPolicy::New,
            DeliverSpec::All => DeliverPolicy::All,
            DeliverSpec::Last => DeliverPolicy::Last,
        });
        config.filters = vec![subject];
        config.ack_wait = ack_wait?;
        config.max_ack_pending = self.max_ack_pending;
        config.max_deliver = self.max_deliver;
        config.backoff = backoff?;
        Some(config)
    }
}
