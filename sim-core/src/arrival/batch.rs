//! Batches: many events at once.

use super::{Arrival, ArrivalProcess, Process};
use crate::dist::Distribution;
use crate::random::{Random, Stream};
use crate::time::{SimDuration, SimTime};

#[derive(Clone, Debug)]
pub(super) struct Batch {
    inner: Box<ArrivalProcess>,
    size: Distribution,
}

impl Batch {
    pub(super) fn new(inner: ArrivalProcess, size: Distribution) -> Self {
        Self { inner: Box::new(inner), size }
    }

    /// A whole number with the mean of the size. Whole sizes cost no draw for rounding.
    fn draw(&self, rng: &mut Stream) -> u32 {
        let size = self.size.sample(rng);
        let whole = size as u32;
        let fraction = size - f64::from(whole);
        if fraction > 0.0 && rng.chance(fraction) { whole.saturating_add(1) } else { whole }
    }
}

impl Process for Batch {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        loop {
            let arrival = self.inner.0.advance(rng)?;
            let count = arrival.count.saturating_mul(self.draw(rng));
            if count > 0 {
                return Some(Arrival { count, ..arrival });
            }
        }
    }

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        self.inner.mean_rate_per_s(horizon) * self.size.mean()
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.inner.peak_rate_per_s() * self.size.mean()
    }

    fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        self.inner.peak_rate_within(horizon) * self.size.mean()
    }

    fn at_once(&self, horizon: SimDuration) -> f64 {
        self.inner.at_once(horizon) * self.size.mean().max(1.0)
    }

    fn peak_window(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
        self.inner.peak_window(horizon)
    }
}
