//! The limits that turn a hang or a lack of memory into a diagnosis.

use std::fmt;

use crate::time::SimTime;

/// The limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Events popped at one instant, at most.
    pub instant_dispatches_max: u64,
    /// Events pending at once, at most. An entry takes 24 bytes and those of the event, and memory
    /// for up to twice as many entries can be held.
    pub pending_max: usize,
}

impl Limits {
    /// 10 million events at one instant, 50 million pending: more than a model means, and less than
    /// a machine stands.
    pub const DEFAULT: Self = Self { instant_dispatches_max: 10_000_000, pending_max: 50_000_000 };
}

/// Why a run cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// [`Limits::instant_dispatches_max`] events were popped at one instant and there are more: most
    /// likely events that schedule each other without delay.
    Instant {
        /// The instant.
        at: SimTime,
        /// Events popped at it.
        dispatched: u64,
    },
    /// An event was scheduled while [`Limits::pending_max`] were pending. It was discarded.
    Pending {
        /// When that was.
        at: SimTime,
        /// Events pending then.
        pending: usize,
    },
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant { at, dispatched } => write!(
                f,
                "time stands still at {} s: {dispatched} events at one instant and more to come \
                 (hint: look for events that schedule each other without a delay)",
                at.as_secs_f64()
            ),
            Self::Pending { at, pending } => write!(
                f,
                "too many events at {} s: {pending} are pending (hint: look for a backlog without a \
                 limit, or for arrivals scheduled all at once)",
                at.as_secs_f64()
            ),
        }
    }
}

impl std::error::Error for Stuck {}
