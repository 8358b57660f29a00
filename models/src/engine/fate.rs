//! How an event ends: exactly one fate each, so that the ledger can balance.

use serde::{Deserialize, Serialize};

use super::event::ComponentId;

/// The kinds of end, mildest first: an event that went several ways has the worst of their fates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FateKind {
    /// Its work was done.
    Completed,
    /// A filter of the model's author put it aside, as intended.
    Filtered,
    /// Its work failed for good and a dead-letter trigger took it.
    DeadLettered,
    /// It was lost.
    Dropped,
}

/// The reasons for an end other than completion: one list, in the order of the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Reason {
    /// Nothing went wrong.
    None,
    /// A filter did not let it pass.
    Filter,
    /// Its sender gave up after its last attempt.
    GaveUp,
    /// Its sender stopped for a fault while holding it.
    SenderStopped,
    /// The payload is larger than the limit on one message.
    TooLarge,
    /// The message count was at its limit.
    MessagesFull,
    /// The byte count was at its limit.
    BytesFull,
    /// Pushed out by newer messages (discard old).
    Evicted,
    /// Older than the age limit.
    Expired,
    /// No consumer's subject matches it.
    NoConsumer,
    /// The same message id was seen within the duplicate window.
    Duplicate,
    /// No token was free and the policy does not wait.
    RateLimited,
    /// A newer event of the same dependency took its place before the condition was complete.
    Overwritten,
    /// A condition reset cleared it.
    ConditionReset,
    /// It was in the memory of a process that restarted.
    MemoryLost,
    /// The last of its attempts failed.
    RetriesExhausted,
    /// It waited longer than its patience.
    Impatient,
    /// A shedding policy chose it (`CoDel` and the like).
    Shed,
    /// The work itself failed.
    WorkFailed,
    /// The work ran past its deadline.
    DeadlineExceeded,
    /// No permit was free and the policy does not wait.
    NoPermit,
    /// The store had no room.
    StoreFull,
    /// A circuit breaker was open.
    BreakerOpen,
    /// The stage was down.
    Unavailable,
    /// An earlier run of the same schedule was still going (`Forbid`).
    Skipped,
    /// A newer run of the same schedule took its place (`Replace`).
    Replaced,
}

impl Reason {
    /// All reasons, for tables.
    pub const ALL: [Self; 26] = [
        Self::None,
        Self::Filter,
        Self::GaveUp,
        Self::SenderStopped,
        Self::TooLarge,
        Self::MessagesFull,
        Self::BytesFull,
        Self::Evicted,
        Self::Expired,
        Self::NoConsumer,
        Self::Duplicate,
        Self::RateLimited,
        Self::Overwritten,
        Self::ConditionReset,
        Self::MemoryLost,
        Self::RetriesExhausted,
        Self::Impatient,
        Self::Shed,
        Self::WorkFailed,
        Self::DeadlineExceeded,
        Self::NoPermit,
        Self::StoreFull,
        Self::BreakerOpen,
        Self::Unavailable,
        Self::Skipped,
        Self::Replaced,
    ];

    /// The reason in words, for a sentence "dropped at the bus: …".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "done",
            Self::Filter => "a filter did not let it pass",
            Self::GaveUp => "the sender gave up",
            Self::SenderStopped => "the sender stopped",
            Self::TooLarge => "larger than one message may be",
            Self::MessagesFull => "the message limit was reached",
            Self::BytesFull => "the byte limit was reached",
            Self::Evicted => "pushed out by newer events",
            Self::Expired => "older than the age limit",
            Self::NoConsumer => "nobody consumes its subject",
            Self::Duplicate => "its id was seen within the duplicate window",
            Self::RateLimited => "over the rate limit",
            Self::Overwritten => "overwritten by a newer event before its condition was complete",
            Self::ConditionReset => "cleared by a condition reset",
            Self::MemoryLost => "in the memory of a process that restarted",
            Self::RetriesExhausted => "its last retry failed",
            Self::Impatient => "waited longer than its patience",
            Self::Shed => "shed by policy",
            Self::WorkFailed => "its work failed",
            Self::DeadlineExceeded => "past its deadline",
            Self::NoPermit => "no permit was free",
            Self::StoreFull => "the store was full",
            Self::BreakerOpen => "the circuit breaker was open",
            Self::Unavailable => "the stage was down",
            Self::Skipped => "an earlier run was still going",
            Self::Replaced => "replaced by a newer run",
        }
    }
}

/// An end: what, where and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) kind: FateKind,
    pub(crate) reason: Reason,
    pub(crate) at: ComponentId,
}

impl Fate {
    pub(crate) const fn completed(at: ComponentId) -> Self {
        Self { kind: FateKind::Completed, reason: Reason::None, at }
    }

    pub(crate) const fn dropped(at: ComponentId, reason: Reason) -> Self {
        Self { kind: FateKind::Dropped, reason, at }
    }

    pub(crate) const fn filtered(at: ComponentId) -> Self {
        Self { kind: FateKind::Filtered, reason: Reason::Filter, at }
    }

    /// The same event again, put aside as intended.
    pub(crate) const fn duplicate(at: ComponentId) -> Self {
        Self { kind: FateKind::Filtered, reason: Reason::Duplicate, at }
    }

    pub(crate) const fn dead_lettered(at: ComponentId) -> Self {
        Self { kind: FateKind::DeadLettered, reason: Reason::RetriesExhausted, at }
    }

    /// The worse of the two; the earlier one where they are equally bad.
    pub(crate) fn worse(self, other: Self) -> Self {
        if other.kind > self.kind { other } else { self }
    }
}
