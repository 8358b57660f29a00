//! Poisson: independent exponential gaps.

use super::clock::{Clock, SECOND};
use super::{Arrival, Process};
use crate::dist::standard_exponential;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

#[derive(Clone, Debug)]
pub(super) struct Poisson {
    rate_per_s: f64,
    mean_gap_ns: f64,
    clock: Clock,
}

impl Poisson {
    pub(super) fn new(rate_per_s: f64) -> Self {
        Self { rate_per_s, mean_gap_ns: SECOND / rate_per_s, clock: Clock::default() }
    }

    /// The instant of the next arrival.
    #[inline(always)]
    pub(super) fn next_at(&mut self, rng: &mut Stream) -> Option<SimTime> {
        self.clock.advance(standard_exponential(rng) * self.mean_gap_ns);
        self.clock.at()
    }
}

impl Process for Poisson {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        self.next_at(rng).map(Arrival::one)
    }

    fn mean_rate_per_s(&self, _: SimDuration) -> f64 {
        self.rate_per_s
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.rate_per_s
    }
}
