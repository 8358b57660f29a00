//! What a stream tells its caller, in the order in which it happened.

use sim_core::time::{SimDuration, SimTime};

use super::subject::Subject;

/// A consumer of one stream, by order of creation; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerId(pub u32);

/// The reply subject of one delivery: what an acknowledgment refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The consumer that delivered.
    pub consumer: ConsumerId,
    /// The stream sequence of the message.
    pub seq: u64,
    /// The consumer sequence of the delivery.
    pub cseq: u64,
}

/// One message on its way to a client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delivery<M> {
    /// The consumer that delivers.
    pub consumer: ConsumerId,
    /// The tag of the pull request that gets it; `None` for a push.
    pub request: Option<u32>,
    /// How many messages that request still wants; at 0 it is complete and gone.
    pub request_left: u32,
    /// The stream sequence.
    pub seq: u64,
    /// The consumer sequence: counts every delivery of this consumer from 1.
    pub cseq: u64,
    /// How often this message has been delivered, this time included.
    pub deliveries: u32,
    /// Matching messages not delivered yet when this one was.
    pub num_pending: u64,
    /// The message's subject.
    pub subject: Subject,
    /// When the message was stored.
    pub stored_at: SimTime,
    /// The caller's payload.
    pub data: M,
}

impl<M> Delivery<M> {
    /// What to acknowledge this delivery with.
    #[must_use]
    pub const fn reply(&self) -> Reply {
        Reply { consumer: self.consumer, seq: self.seq, cseq: self.cseq }
    }
}

/// Why a pull request ended before its batch was full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullStatus {
    /// 404: nothing to deliver, and `no_wait`.
    NoMessages,
    /// 408: it expired.
    RequestTimeout,
    /// 409: the next message does not fit its `max_bytes`.
    MessageSizeExceedsMaxBytes,
    /// 409: too many requests are waiting.
    ExceededMaxWaiting,
    /// 409: the batch is larger than the consumer's `max_batch`.
    ExceededMaxRequestBatch(u32),
    /// 409: it would live longer than the consumer's `max_expires`.
    ExceededMaxRequestExpires(SimDuration),
    /// 409: the consumer is deleted.
    ConsumerDeleted,
}

/// Why a message left the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemovalReason {
    /// Acknowledged or terminated by all who wanted it (work queue and interest retention).
    Acked,
    /// Pushed out by a limit: silent loss where somebody still wanted it.
    Evicted,
    /// Older than `max_age`.
    Expired,
    /// Purged.
    Purged,
    /// Deleted by its sequence.
    Deleted,
    /// Its last interested consumer was deleted.
    NoInterest,
}

/// A message that left the stream; reported exactly once for each message stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Removal<M> {
    /// Its sequence.
    pub seq: u64,
    /// Its subject.
    pub subject: Subject,
    /// When it was stored.
    pub stored_at: SimTime,
    /// Why it left.
    pub reason: RemovalReason,
    /// Consumers it had never been delivered to, though they wanted it.
    pub undelivered_to: u32,
    /// Consumers it was to be delivered to again (negative acknowledgment or `ack_wait` over).
    pub awaiting_redelivery_to: u32,
    /// Consumers that had it delivered and not acknowledged.
    pub in_flight_to: u32,
    /// Consumers that had given it up after `max_deliver` deliveries.
    pub exhausted_at: u32,
    /// The caller's payload.
    pub data: M,
}

/// What a consumer still had to do with a message that left the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    /// It had not been delivered.
    Undelivered,
    /// It was to be delivered again.
    AwaitingRedelivery,
    /// It was delivered and not acknowledged.
    InFlight,
    /// It was given up after `max_deliver` deliveries.
    Exhausted,
}

/// What an advisory tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdvisoryKind {
    /// A negative acknowledgment.
    Nak,
    /// Terminated, by the client or because it left the stream while in flight.
    Terminated,
    /// Given up after `max_deliver` deliveries.
    MaxDeliver,
    /// An acknowledgment, where the consumer samples them.
    Acked,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Effect<M> {
    /// A message goes to a client.
    Delivered(Delivery<M>),
    /// A pull request ended early.
    PullClosed {
        /// Its consumer.
        consumer: ConsumerId,
        /// Its tag.
        request: u32,
        /// Why.
        status: PullStatus,
        /// The messages it still wanted.
        left: u32,
    },
    /// A consumer will not see, or not finish, a message that leaves the stream; comes before the
    /// [`Effect::Removed`] of that message.
    Lost {
        /// The consumer.
        consumer: ConsumerId,
        /// The message.
        seq: u64,
        /// How far the consumer was with it.
        unfinished: Unfinished,
        /// The caller's payload.
        data: M,
    },
    /// A message left the stream.
    Removed(Removal<M>),
    /// A server event about a consumer.
    Advisory {
        /// The consumer.
        consumer: ConsumerId,
        /// The message.
        seq: u64,
        /// What happened.
        kind: AdvisoryKind,
        /// Deliveries so far.
        deliveries: u32,
    },
    /// A push consumer had nothing to send for its heartbeat period.
    Heartbeat {
        /// The consumer.
        consumer: ConsumerId,
    },
}
