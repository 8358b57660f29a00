//! What a station is made of, once it is checked.

use sim_core::dist::Distribution;
use sim_core::limiter::Limiter;
use sim_core::queue::{Discard, Order, QueueLimits};

use crate::engine::Destination;
use crate::engine::event::ComponentId;
use crate::engine::reject::{NackId, Reject};

/// What a station is made of.
#[derive(Clone, Debug)]
pub(crate) struct StationPlan {
    pub(crate) name: String,
    /// Room for those who wait; those in service are not counted.
    pub(crate) room: QueueLimits,
    pub(crate) discard: Discard,
    pub(crate) order: Order,
    pub(crate) servers: u32,
    pub(crate) rate_limit: Option<RateLimitPlan>,
    /// Seconds of service.
    pub(crate) service: Distribution,
    pub(crate) failure_probability: f64,
    /// The longest wait in the queue, seconds.
    pub(crate) patience: Option<Distribution>,
    /// What happens to those for whom there is no room.
    pub(crate) on_reject: Reject,
    /// What happens to those for whom there is no token, if the rate limit does not wait.
    pub(crate) over_limit: Reject,
    /// What happens to what fails in service, unless a caller waits for it.
    pub(crate) on_failure: Reject,
    pub(crate) next: Next,
    /// What happens to what the next stage handed back.
    pub(crate) returns: Returns,
    /// A next stage may hand jobs back for another try.
    pub(crate) has_orbit: bool,
    /// Per component: whether its offers are calls, answered when the work is done.
    pub(crate) callers: Vec<bool>,
}

impl StationPlan {
    /// How it hands jobs back, if it does.
    pub(crate) fn nack(&self) -> Option<NackId> {
        self.on_reject.nack().or(self.over_limit.nack())
    }

    /// The stages that it passes jobs on to.
    pub(crate) fn ways_out(&self) -> impl Iterator<Item = ComponentId> + '_ {
        let (one, several) = match &self.next {
            Next::Done => (None, &[][..]),
            Next::To(to) => (Some(to.stage), &[][..]),
            Next::Split(branches) => (None, &branches[..]),
        };
        one.into_iter().chain(several.iter().map(|branch| branch.to.stage))
    }
}

/// A rate limit and what it does with those who come too early.
#[derive(Clone, Debug)]
pub(crate) struct RateLimitPlan {
    pub(crate) limiter: Limiter,
    pub(crate) over: Over,
}

/// What a rate limit does with those who come too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// They wait for a token, in the order of the queue.
    Wait,
    /// They are rejected.
    Reject,
}

/// Where the served go.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// They are completed.
    Done,
    /// One stage for all.
    To(Destination),
    /// By probability; the rest is completed.
    Split(Vec<Branch>),
}

/// One way out of a split.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) probability: f64,
    pub(crate) to: Destination,
}

/// What a station does with a job that the next stage handed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    /// It is offered again.
    HandOver,
    /// It is served again.
    Service,
}
