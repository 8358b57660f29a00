//! What a stream and a consumer are told to be, in the words of JetStream.

use sim_core::time::SimDuration;

use super::version::ServerVersion;

/// What happens to a publish that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// The oldest messages go, acknowledged by anybody or not; the publisher is told nothing.
    Old,
    /// The new message is refused.
    New,
}

/// What removes a message besides the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Nothing: acknowledgments do not touch the stream.
    Limits,
    /// The last consumer whose filter matches it has acknowledged it.
    Interest,
    /// Its one consumer has acknowledged it.
    WorkQueue,
}

/// Where messages are kept; decides their cost in bytes and the age timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// The file store.
    File,
    /// The memory store.
    Memory,
}

/// The definition of a stream. `None` means unlimited.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamConfig {
    /// The server that runs the stream.
    pub version: ServerVersion,
    /// Most messages kept, over all subjects.
    pub max_msgs: Option<u64>,
    /// Most bytes kept, by the cost of [`StreamConfig::cost`].
    pub max_bytes: Option<u64>,
    /// Largest message accepted: headers and payload, in bytes.
    pub max_msg_size: Option<u64>,
    /// Longest life of a message.
    pub max_age: Option<SimDuration>,
    /// Most messages kept of one subject.
    pub max_msgs_per_subject: Option<u64>,
    /// Most consumers.
    pub max_consumers: Option<usize>,
    /// What to do with a publish that does not fit.
    pub discard: Discard,
    /// Under [`Discard::New`], refuse also what exceeds `max_msgs_per_subject`.
    pub discard_new_per_subject: bool,
    /// What removes messages besides the limits.
    pub retention: Retention,
    /// How long a message id is remembered; `None`: 2 minutes or `max_age`, whichever is less.
    pub duplicate_window: Option<SimDuration>,
    /// Where messages are kept.
    pub storage: Storage,
    /// The server's own memory or file limit in bytes, as if this stream were alone on it.
    pub server_max_bytes: Option<u64>,
}

/// The server's deduplication window where none is configured.
pub const DEFAULT_DUPLICATE_WINDOW: SimDuration = SimDuration::from_secs(120);

impl StreamConfig {
    /// An unlimited file stream that discards old messages: what nats-server makes of an empty
    /// configuration.
    #[must_use]
    pub const fn unlimited(version: ServerVersion) -> Self {
        Self {
            version,
            max_msgs: None,
            max_bytes: None,
            max_msg_size: None,
            max_age: None,
            max_msgs_per_subject: None,
            max_consumers: None,
            discard: Discard::Old,
            discard_new_per_subject: false,
            retention: Retention::Limits,
            duplicate_window: None,
            storage: Storage::File,
            server_max_bytes: None,
        }
    }

    /// The deduplication window in force.
    #[must_use]
    pub fn effective_duplicate_window(&self) -> SimDuration {
        let default = DEFAULT_DUPLICATE_WINDOW.min(self.max_age.unwrap_or(SimDuration::MAX));
        self.duplicate_window.unwrap_or(default)
    }

    /// What one message adds to the stream's bytes: memory adds 16 bytes to subject, headers and
    /// payload; file 30, and 4 more when there are headers.
    #[must_use]
    pub const fn cost(&self, subject_bytes: u32, header_bytes: u32, payload_bytes: u32) -> u64 {
        let content = subject_bytes as u64 + header_bytes as u64 + payload_bytes as u64;
        match self.storage {
            Storage::Memory => content + 16,
            Storage::File if header_bytes > 0 => content + 34,
            Storage::File => content + 30,
        }
    }
}

/// The encoded size of headers in bytes, from the lengths of each key and value; zero without any.
#[must_use]
pub fn header_bytes(headers: &[(usize, usize)]) -> u32 {
    if headers.is_empty() {
        return 0;
    }
    // "NATS/1.0\r\n", then "key: value\r\n" each, then "\r\n".
    headers.iter().fold(12, |sum, (key, value)| sum + key + value + 4) as u32
}

/// What a consumer's acknowledgment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckPolicy {
    /// Delivered is done.
    None,
    /// It covers every earlier delivery too.
    All,
    /// It covers that one message.
    Explicit,
}

/// Where a new consumer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliverPolicy {
    /// At the oldest message kept.
    All,
    /// After the newest.
    New,
    /// At the newest that matches.
    Last,
    /// At this stream sequence.
    ByStartSequence(u64),
    /// With the newest message of each subject, then whatever comes.
    LastPerSubject,
}

/// How messages leave a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryMode {
    /// On request.
    Pull {
        /// Most requests waiting at once.
        max_waiting: usize,
        /// Largest batch of one request.
        max_batch: Option<u32>,
        /// Longest life of one request.
        max_expires: Option<SimDuration>,
    },
    /// To a subject while somebody listens there.
    Push {
        /// Period of the heartbeats sent while idle.
        idle_heartbeat: Option<SimDuration>,
    },
}

/// The definition of a consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerConfig {
    /// Subjects it wants, wildcards `*` and `>` allowed; empty means all.
    pub filters: Vec<String>,
    /// What its acknowledgments mean.
    pub ack_policy: AckPolicy,
    /// Time until an unacknowledged message is due again; ignored when `backoff` is not empty.
    pub ack_wait: SimDuration,
    /// Most messages delivered and not acknowledged; `None` is unlimited.
    pub max_ack_pending: Option<u64>,
    /// Most deliveries of one message; `None` is unlimited.
    pub max_deliver: Option<u32>,
    /// Waits after the first, second, ... delivery in place of `ack_wait`; the last one repeats.
    pub backoff: Vec<SimDuration>,
    /// Where it starts.
    pub deliver_policy: DeliverPolicy,
    /// How messages leave it.
    pub mode: DeliveryMode,
    /// Whether each acknowledgment is reported as an [`super::AdvisoryKind::Acked`] advisory.
    pub samples_acks: bool,
}

impl ConsumerConfig {
    /// A pull consumer with explicit acknowledgments and the server's defaults: `ack_wait` 30 s,
    /// `max_ack_pending` 1000, 512 requests waiting, no end of redeliveries.
    #[must_use]
    pub const fn pull(deliver_policy: DeliverPolicy) -> Self {
        Self {
            filters: Vec::new(),
            ack_policy: AckPolicy::Explicit,
            ack_wait: SimDuration::from_secs(30),
            max_ack_pending: Some(1000),
            max_deliver: None,
            backoff: Vec::new(),
            deliver_policy,
            mode: DeliveryMode::Pull { max_waiting: 512, max_batch: None, max_expires: None },
            samples_acks: false,
        }
    }

    /// The wait after the delivery that follows `redeliveries` earlier ones.
    pub(super) fn wait_after(&self, redeliveries: u32) -> SimDuration {
        match self.backoff.len() {
            0 => self.ack_wait,
            steps => self.backoff[(redeliveries as usize).min(steps - 1)],
        }
    }

    /// What the server reports as `ack_wait`: the first backoff step where there are any.
    #[must_use]
    pub fn effective_ack_wait(&self) -> SimDuration {
        self.wait_after(0)
    }
}
