//! Renewal: independent gaps from any distribution.

use super::clock::{Clock, SECOND};
use super::{Arrival, Process};
use crate::dist::Distribution;
use crate::random::Stream;
use crate::time::SimDuration;

#[derive(Clone, Debug)]
pub(super) struct Renewal {
    gap: Distribution,
    clock: Clock,
}

impl Renewal {
    pub(super) fn new(gap: Distribution) -> Self {
        Self { gap, clock: Clock::default() }
    }
}

impl Process for Renewal {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        self.clock.advance(self.gap.sample(rng) * SECOND);
        self.clock.at().map(Arrival::one)
    }

    fn mean_rate_per_s(&self, _: SimDuration) -> f64 {
        1.0 / self.gap.mean()
    }

    fn peak_rate_per_s(&self) -> f64 {
        1.0 / self.gap.mean()
    }
}
