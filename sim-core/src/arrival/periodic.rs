//! One event every so often.

use super::{Arrival, Process};
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

#[derive(Clone, Debug)]
pub(super) struct Periodic {
    interval: SimDuration,
    next_at: SimTime,
}

impl Periodic {
    pub(super) fn new(interval: SimDuration, offset: SimDuration) -> Self {
        Self { interval, next_at: SimTime::ZERO + offset }
    }
}

impl Process for Periodic {
    fn advance(&mut self, _: &mut Stream) -> Option<Arrival> {
        let at = self.next_at;
        self.next_at += self.interval;
        (at < SimTime::MAX).then_some(Arrival::one(at))
    }

    fn mean_rate_per_s(&self, _: SimDuration) -> f64 {
        1.0 / self.interval.as_secs_f64()
    }

    fn peak_rate_per_s(&self) -> f64 {
        1.0 / self.interval.as_secs_f64()
    }
}
