//! A NATS JetStream stream and its consumers, behaving as a real nats-server does.
//!
//! A pure state machine at virtual time: the caller says what happens and when, and is told what
//! came of it. There is no network here, no latency and no client library; those are the caller's.
//! One server, one replica. Not modeled: flow control of push consumers, the ingest queue of 2.11
//! and later, clusters, mirrors and sources.
//!
//! Three facts decide how an event bus built on it behaves under overload:
//! 1. The messages of a stream are not a queue's depth. Under [`Retention::Limits`] acknowledgments
//!    remove nothing, and `max_msgs` with [`Discard::New`] refuses everything once it is reached,
//!    however far the consumers are. The depth is [`ConsumerState::num_pending`] plus
//!    [`ConsumerState::num_ack_pending`].
//! 2. [`Discard::Old`] is silent loss, of messages in flight as well: see [`Effect::Lost`].
//! 3. A message given up after `max_deliver` deliveries stays in the stream, in a work queue for ever.
//!
//! Behavior and figures were observed on nats-server 2.9.10, 2.10.27 and 2.15.1; recorded traces of
//! them are replayed against this model in the tests. What differs between releases is in
//! [`version`].

mod age;
mod config;
mod consumer;
mod dedup;
mod effect;
mod error;
mod pull;
mod redelivery;
mod requests;
mod seqmap;
mod store;
mod stream;
mod subject;
pub mod version;

#[cfg(test)]
mod tests;

pub use config::{
    AckPolicy, ConsumerConfig, DEFAULT_DUPLICATE_WINDOW, DeliverPolicy, DeliveryMode, Discard,
    Retention, Storage, StreamConfig, header_bytes,
};
pub use consumer::ConsumerState;
pub use effect::{
    AdvisoryKind, ConsumerId, Delivery, Effect, PullStatus, Removal, RemovalReason, Reply,
    Unfinished,
};
pub use error::{ApiError, Reservations};
pub use pull::{PullRequest, REPLY_SUBJECT_BYTES};
pub use requests::Purge;
pub use stream::{PubAck, Publish, Stream, StreamState};
pub use subject::{Subject, subject_matches, subjects_overlap};
pub use version::ServerVersion;
