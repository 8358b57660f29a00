//! On and off: two Poisson rates by turns.

use super::clock::{Clock, SECOND};
use super::{Arrival, ArrivalError, CHANGES_MAX, Process, RATE_MAX};
use crate::dist::error::Checks;
use crate::dist::{Distribution, standard_exponential};
use crate::random::Stream;
use crate::time::SimDuration;

/// A turn: its rate per second, and its length in seconds.
type Turn = (f64, Distribution);

#[derive(Clone, Debug)]
pub(super) struct OnOff {
    turns: [Turn; 2],
    /// One over the rates; infinite where there are no arrivals.
    mean_gap_ns: [f64; 2],
    mean_rate_per_s: f64,
    current: usize,
    /// What is left of the current turn, in nanoseconds; none before it begins.
    left_ns: Option<f64>,
    clock: Clock,
}

impl OnOff {
    pub(super) fn new(turns: [Turn; 2]) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("on_off");
        checks.within("on_rate_per_s", turns[0].0, 0.0, RATE_MAX);
        checks.within("off_rate_per_s", turns[1].0, 0.0, RATE_MAX);
        let cycle = cycle_s(&turns);
        if cycle <= 0.0 {
            checks.refuse("mean length of on and off", cycle, "greater than zero together");
        }
        let changes = 2.0 / per_cycle(&turns);
        if per_cycle(&turns) > 0.0 && changes > CHANGES_MAX {
            checks.refuse("turns between two arrivals", changes, "at most 1e6");
        }
        let mean_rate_per_s = per_cycle(&turns) / cycle;
        checks.give(|| Self {
            mean_gap_ns: [SECOND / turns[0].0, SECOND / turns[1].0],
            turns,
            mean_rate_per_s,
            current: 0,
            left_ns: None,
            clock: Clock::default(),
        })
    }
}

/// The mean length of both turns together, in seconds.
fn cycle_s(turns: &[Turn; 2]) -> f64 {
    turns[0].1.mean() + turns[1].1.mean()
}

/// The mean number of arrivals in both turns together.
fn per_cycle(turns: &[Turn; 2]) -> f64 {
    turns.iter().map(|(rate, length)| rate * length.mean()).sum()
}

impl Process for OnOff {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        if self.mean_rate_per_s <= 0.0 {
            return None;
        }
        loop {
            let left = match self.left_ns {
                Some(left) => left,
                None => self.turns[self.current].1.sample(rng) * SECOND,
            };
            // Not drawn where it would be infinite: zero times infinity is not a number.
            let mean_gap = self.mean_gap_ns[self.current];
            let gap = if mean_gap.is_finite() {
                standard_exponential(rng) * mean_gap
            } else {
                f64::INFINITY
            };
            if gap < left {
                self.left_ns = Some(left - gap);
                self.clock.advance(gap);
                return self.clock.at().map(Arrival::one);
            }
            // The gap that did not fit is forgotten: exponential gaps have no memory.
            self.left_ns = None;
            self.clock.advance(left);
            self.clock.at()?;
            self.current = 1 - self.current;
        }
    }

    fn mean_rate_per_s(&self, _: SimDuration) -> f64 {
        self.mean_rate_per_s
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.turns[0].0.max(self.turns[1].0)
    }
}
