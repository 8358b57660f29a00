//! What differs between releases of nats-server, one question per function.
//!
//! Observed on 2.9.10, 2.10.27 and 2.15.1; where a figure was only read in the source it says so.
//! Nothing else in the model asks for the version.

use sim_core::time::SimDuration;

use super::config::Storage;
use super::effect::PullStatus;

/// The redelivery timer of a consumer is armed this much after the earliest deadline.
pub const REDELIVERY_TIMER_SLACK: SimDuration = SimDuration::from_millis(1);
/// A negative acknowledgment with a delay makes the redelivery timer fire this soon, whatever the
/// delay: shorter delays are rounded up to it.
pub const DELAYED_NAK_CHECK: SimDuration = SimDuration::from_millis(10);
/// The deduplication timer leaves at least this much between two firings (read in the source).
pub const DEDUP_TIMER_MIN: SimDuration = SimDuration::from_millis(50);
/// Releases with a coarse age timer do not arm it for less than this.
pub const AGE_TICK_MIN: SimDuration = SimDuration::from_millis(250);
/// The 2.10 file store waits this long instead of less than [`AGE_TICK_MIN`].
pub const AGE_TICK_FILE_2_10: SimDuration = SimDuration::from_secs(1);

/// The release of nats-server whose behavior is modeled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerVersion {
    /// 2.9, observed on 2.9.10.
    V2_9,
    /// 2.10, observed on 2.10.27; what Argo Events 1.9 deploys, hence the default.
    #[default]
    V2_10,
    /// 2.15, observed on 2.15.1.
    V2_15,
}

/// The byte amounts of one publish that the `discard: new` check may look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct BytesCheck {
    /// Bytes the stream holds, with per-message cost.
    pub(super) stored: u64,
    /// Headers and payload of the new message.
    pub(super) content: u64,
    /// What the new message would cost in the store.
    pub(super) cost: u64,
    /// The stream's `max_bytes`.
    pub(super) limit: u64,
}

impl ServerVersion {
    /// Whether `discard: new` refuses the message for its bytes.
    ///
    /// 2.9 forgets the per-message cost, so a message may be let in that then evicts the oldest one
    /// (nats-server issue 4771); 2.10 can never fill the limit exactly; from 2.14 it can.
    pub(super) const fn refuses_bytes(self, check: BytesCheck) -> bool {
        match self {
            Self::V2_9 => check.stored + check.content >= check.limit,
            Self::V2_10 => check.stored + check.cost >= check.limit,
            Self::V2_15 => check.stored + check.cost > check.limit,
        }
    }

    /// Whether `max_msg_size` is checked before the deduplication table.
    pub(super) const fn checks_size_before_duplicates(self) -> bool {
        matches!(self, Self::V2_15)
    }

    /// The time until the next age check when the oldest message has `remaining` to live.
    pub(super) fn age_tick(self, storage: Storage, remaining: SimDuration) -> SimDuration {
        match (self, storage) {
            (Self::V2_10, Storage::File) if remaining < AGE_TICK_MIN => AGE_TICK_FILE_2_10,
            (Self::V2_9 | Self::V2_10, _) => remaining,
            (Self::V2_15, _) => remaining.max(AGE_TICK_MIN),
        }
    }

    /// How a `no_wait` pull that got part of its batch is closed.
    pub(super) const fn partial_no_wait_status(self) -> PullStatus {
        match self {
            Self::V2_9 | Self::V2_10 => PullStatus::RequestTimeout,
            Self::V2_15 => PullStatus::NoMessages,
        }
    }

    /// Whether the redelivery timer itself drops a message with `max_deliver: 1`; otherwise, and for
    /// every other `max_deliver`, only the next request does.
    pub(super) const fn drops_single_delivery_at_tick(self) -> bool {
        !matches!(self, Self::V2_9)
    }

    /// Whether a message dropped that way shows in `num_redelivered`.
    pub(super) const fn counts_single_delivery_as_redelivered(self) -> bool {
        !matches!(self, Self::V2_15)
    }

    /// Whether an exhausted message still counts as wanted under `interest` retention.
    pub(super) const fn exhausted_keeps_interest(self) -> bool {
        !matches!(self, Self::V2_9)
    }

    /// Whether a delivery that falls due before the redelivery timer moves the timer.
    pub(super) const fn redelivery_timer_moves_earlier(self) -> bool {
        !matches!(self, Self::V2_9)
    }

    /// Whether `max_deliver` has to exceed the number of backoff steps.
    pub(super) const fn backoff_needs_max_deliver(self) -> bool {
        matches!(self, Self::V2_9)
    }

    /// The ack floor (stream sequence) of a new consumer that starts at `start`.
    pub(super) const fn initial_ack_floor(self, start: u64) -> u64 {
        match self {
            Self::V2_9 | Self::V2_10 => 0,
            Self::V2_15 => start.saturating_sub(1),
        }
    }

    /// Whether a purge makes consumers forget the in-flight messages that survive it, and a purge by
    /// subject makes consumers that want more than that subject skip what is stored.
    pub(super) const fn purge_forgets_survivors(self) -> bool {
        matches!(self, Self::V2_9)
    }

    /// Whether a consumer that finds nothing more counts as having looked at the whole stream.
    pub(super) const fn looks_to_the_end(self) -> bool {
        !matches!(self, Self::V2_15)
    }
}
