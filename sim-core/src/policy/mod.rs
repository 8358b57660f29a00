//! What to do about overload, beyond a limit and a rule for who goes: each policy is a state machine
//! that is told what happened and says what to do, in a file of its own.
//!
//! A policy draws no random numbers, schedules nothing and knows no queue: the component that owns
//! it does these things. [`POLICIES`] lists what there is.

pub mod adaptive_lifo;
pub mod adaptive_throttle;
pub mod aimd;
pub mod breaker;
pub mod codel;
pub mod gradient;
pub mod vegas;
mod window;

use crate::time::{SimDuration, SimTime};
use aimd::Aimd;
use gradient::Gradient;
use vegas::Vegas;

/// A policy's name in models and one line about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
}

/// Every policy there is, by name.
pub const POLICIES: &[PolicyInfo] = &[
    PolicyInfo {
        name: "adaptive_lifo",
        summary: "serves the newest first while the queue builds up",
    },
    PolicyInfo {
        name: "adaptive_throttle",
        summary: "the client refuses more itself the fewer of its requests are accepted",
    },
    PolicyInfo {
        name: "aimd",
        summary: "concurrency limit: one more per success, a part per drop",
    },
    PolicyInfo { name: "breaker", summary: "calls nobody while most calls fail" },
    PolicyInfo { name: "codel", summary: "drops from a queue in which everybody waits too long" },
    PolicyInfo {
        name: "gradient",
        summary: "concurrency limit: round trips against their long-term mean",
    },
    PolicyInfo {
        name: "vegas",
        summary: "concurrency limit: round trips against the shortest one seen",
    },
];

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was answered.
    Success,
    /// It was refused or failed.
    Dropped,
    /// Nobody waited for its answer any longer.
    Timeout,
}

/// What a concurrency limit learns from one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// From the call's start to its end.
    pub rtt: SimDuration,
    /// Calls in flight when it started, itself included.
    pub inflight: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// How many calls may be in flight at a time.
///
/// Netflix's library feeds its adaptive limits with means over a second unless told otherwise; here
/// whoever owns the limit decides what a sample is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConcurrencyLimit {
    /// Always so many.
    Fixed(u32),
    /// See [`Aimd`].
    Aimd(Aimd),
    /// See [`Vegas`].
    Vegas(Vegas),
    /// See [`Gradient`].
    Gradient(Gradient),
}

impl ConcurrencyLimit {
    /// Learns from a call that ended at `now`. None of the limits so far looks at the clock.
    pub fn on_sample(&mut self, _now: SimTime, rtt: SimDuration, inflight: u32, outcome: Outcome) {
        let sample = Sample { rtt, inflight, outcome };
        match self {
            Self::Fixed(_) => {}
            Self::Aimd(limit) => limit.on_sample(sample),
            Self::Vegas(limit) => limit.on_sample(sample),
            Self::Gradient(limit) => limit.on_sample(sample),
        }
    }

    /// Calls that may be in flight.
    #[must_use]
    pub fn limit(&self) -> u32 {
        match self {
            Self::Fixed(limit) => *limit,
            Self::Aimd(limit) => limit.limit(),
            Self::Vegas(limit) => limit.limit(),
            Self::Gradient(limit) => limit.limit(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aimd::AimdSettings;

    #[test]
    fn policies_are_listed_by_name_once() {
        assert!(POLICIES.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn a_limit_passes_samples_on() {
        let aimd = Aimd::new(AimdSettings {
            initial: 20,
            min: 1,
            max: 200,
            backoff_ratio: 0.9,
            timeout: SimDuration::from_secs(5),
        });
        for (mut limit, expected) in
            [(ConcurrencyLimit::Fixed(20), 20), (ConcurrencyLimit::Aimd(aimd), 21)]
        {
            let rtt = SimDuration::from_millis(10);
            limit.on_sample(SimTime::ZERO, rtt, 10, Outcome::Success);
            assert_eq!(limit.limit(), expected);
        }
    }
}
