//! What a source is made of, once it is checked.

use sim_core::arrival::ArrivalProcess;
use sim_core::dist::Distribution;
use sim_core::time::{SimDuration, SimTime};

use crate::engine::Destination;
use crate::engine::reject::{NackId, Reject};
use crate::station::RateLimitPlan;

/// What a source is made of.
#[derive(Clone, Debug)]
pub(crate) struct SourcePlan {
    pub(crate) name: String,
    pub(crate) supply: Supply,
    /// Payload bytes, unless the arrival (a trace) brings its own.
    pub(crate) payload: Distribution,
    /// Probability that the source's filter lets an event pass.
    pub(crate) pass_probability: f64,
    /// Shares of the source's event names, summing to 1.
    pub(crate) event_shares: Vec<f64>,
    pub(crate) priority: i8,
    pub(crate) route: Route,
    pub(crate) rate_limit: Option<RateLimitPlan>,
    /// What happens over a rate limit that does not wait.
    pub(crate) over_limit: Reject,
    /// Largest payload the source takes.
    pub(crate) payload_max: Option<u32>,
    pub(crate) target: Destination,
    /// The target is a bus.
    pub(crate) publishes: bool,
    /// Seconds from sending to the target's answer.
    pub(crate) latency: Distribution,
    pub(crate) retry: PublishRetry,
    /// What the caller does once the source has given up; `None`: what the refusal says, or what
    /// refusals of the target say.
    pub(crate) on_failure: Option<Reject>,
    /// How the target hands back what it cannot take, if it does.
    pub(crate) target_nack: Option<NackId>,
    /// Probability that an event is sent again under the same id, and seconds until then.
    pub(crate) resend: Option<(f64, Distribution)>,
}

impl SourcePlan {
    /// What the caller does with an event that the source gave up.
    pub(super) fn answer(&self, refused_with: NackId) -> Reject {
        let nack = refused_with.named().or(self.target_nack);
        self.on_failure.unwrap_or_else(|| nack.map_or(Reject::Drop, Reject::Nack))
    }

    /// Whether publishes take no time at all.
    pub(super) fn is_instant(&self) -> bool {
        self.latency.mean() == 0.0 && self.rate_limit.is_none()
    }

    /// Whether, besides, nothing is asked of an event before it is published, and none waits for another.
    pub(super) fn is_direct(&self) -> bool {
        self.is_instant()
            && self.route == Route::Parallel
            && self.pass_probability >= 1.0
            && self.payload_max.is_none()
    }

    /// Whether callers ever try again.
    pub(super) fn has_orbit(&self) -> bool {
        let answers = [self.answer(NackId::NONE), self.over_limit];
        answers.iter().any(|answer| answer.nack().is_some())
    }

    /// When the source is at its peak, within the horizon; `None` if it has none.
    pub(crate) fn storm(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
        match &self.supply {
            Supply::Open(process) => process.peak_window(horizon),
            Supply::Closed { .. } => None,
        }
    }
}

/// Where events come from.
#[derive(Clone, Debug)]
pub(crate) enum Supply {
    /// The world outside, whatever happens inside.
    Open(ArrivalProcess),
    /// A fixed number of clients, each waiting for its event's end, then thinking (seconds).
    Closed { clients: u32, think: Distribution },
}

/// How many events are published at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Each on its own.
    Parallel,
    /// One at a time per event name; the others wait with their connection open.
    Serial,
}

/// The client's own retries of a publish, within the source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PublishRetry {
    /// How long one attempt waits for its acknowledgement.
    pub(crate) timeout: SimDuration,
    /// Attempts, the first included.
    pub(crate) attempts: u16,
    /// The pause between attempts.
    pub(crate) pause: SimDuration,
    /// The pause is `pause * (1 + U * jitter)`.
    pub(crate) jitter: f64,
}
