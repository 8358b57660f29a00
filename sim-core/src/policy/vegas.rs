//! A concurrency limit after TCP Vegas, as Netflix's concurrency-limits (`VegasLimit`) does it.

use super::{Outcome, Sample};
use crate::time::SimDuration;

/// By how much a limit shrinks when calls queue or drop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decrease {
    /// By the step, the whole part of the limit's decimal logarithm: the library's own.
    Step,
    /// To this part of it.
    To(f64),
}

/// The settings of a [`Vegas`]; the library's own are 20, 1000, 1.0, [`Decrease::Step`] and 30.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VegasSettings {
    /// The limit at first.
    pub initial: u32,
    /// The limit at most.
    pub max: u32,
    /// How much of each new limit is taken over, above 0 and up to 1.
    pub smoothing: f64,
    /// How the limit shrinks.
    pub decrease: Decrease,
    /// The round trip without load is measured anew about every this many limits' worth of calls.
    pub probe_multiplier: u32,
}

/// Guesses how many calls queue: `limit * (1 - rtt_without_load / rtt)`, the first being the
/// smallest seen. Few (at most one step): the limit grows by six steps; fewer than three steps' worth:
/// by one; more than six: it shrinks by one; between: it stays. A step is the whole part of the
/// decimal logarithm of the limit, at least 1; from 1000 on the library takes the square root, and so
/// does this. Nothing grows while less than half of the limit is used.
///
/// The library draws the time of the next probe, between half and all of `probe_multiplier` limits'
/// worth of calls, from the system's entropy; here the golden ratio spreads them evenly, the same in
/// every run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vegas {
    settings: VegasSettings,
    limit: f64,
    rtt_without_load: Option<SimDuration>,
    samples_since_probe: u64,
    /// In [0, 1).
    probe_position: f64,
}

/// The fractional part of the golden ratio: its multiples, modulo one, are the most even sequence.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

impl Vegas {
    /// A limit that begins at `initial`.
    #[must_use]
    pub fn new(settings: VegasSettings) -> Self {
        Self {
            settings,
            limit: f64::from(settings.initial),
            rtt_without_load: None,
            samples_since_probe: 0,
            probe_position: GOLDEN,
        }
    }

    /// Learns from one call.
    pub fn on_sample(&mut self, sample: Sample) {
        self.samples_since_probe += 1;
        let worth = self.limit * f64::from(self.settings.probe_multiplier);
        if (0.5 + 0.5 * self.probe_position) * worth <= self.samples_since_probe as f64 {
            self.probe_position = (self.probe_position + GOLDEN) % 1.0;
            self.samples_since_probe = 0;
            self.rtt_without_load = Some(sample.rtt);
            return;
        }
        match self.rtt_without_load {
            Some(least) if sample.rtt >= least => self.adjust(sample, least),
            _ => self.rtt_without_load = Some(sample.rtt),
        }
    }

    /// Calls that may be in flight.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn adjust(&mut self, sample: Sample, least: SimDuration) {
        let step = step(self.limit());
        let Some(target) = self.target(sample, least, step) else { return };
        let target = target.min(f64::from(self.settings.max)).max(1.0);
        let smoothing = self.settings.smoothing;
        self.limit = (1.0 - smoothing) * self.limit + smoothing * target;
    }

    /// Where the limit should go; `None`: it is right.
    fn target(&self, sample: Sample, least: SimDuration, step: f64) -> Option<f64> {
        let decreased = match self.settings.decrease {
            Decrease::Step => self.limit - step,
            Decrease::To(part) => self.limit * part,
        };
        if sample.outcome != Outcome::Success {
            return Some(decreased);
        }
        if f64::from(sample.inflight) * 2.0 < self.limit {
            return None;
        }
        let unloaded = least.as_nanos() as f64 / (sample.rtt.as_nanos() as f64).max(1.0);
        let queued = libm::ceil(self.limit * (1.0 - unloaded));
        if queued <= step {
            Some(self.limit + 6.0 * step)
        } else if queued < 3.0 * step {
            Some(self.limit + step)
        } else if queued > 6.0 * step {
            Some(decreased)
        } else {
            None
        }
    }
}

/// The unit in which the limit moves.
fn step(limit: u32) -> f64 {
    match limit {
        0..100 => 1.0,
        100..1000 => 2.0,
        _ => f64::from(limit.isqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(initial: u32, max: u32) -> VegasSettings {
        VegasSettings {
            initial,
            max,
            smoothing: 1.0,
            decrease: Decrease::Step,
            probe_multiplier: 30,
        }
    }

    fn sample(rtt_ms: u64, inflight: u32) -> Sample {
        Sample { rtt: SimDuration::from_millis(rtt_ms), inflight, outcome: Outcome::Success }
    }

    /// Cases `vegas-*`, from the library's `VegasLimitTest`.
    #[test]
    fn golden_sequences() {
        let smooth =
            VegasSettings { smoothing: 0.5, decrease: Decrease::To(0.5), ..settings(100, 200) };
        // (name, settings, [round trip in ms, in flight, limit after it])
        type Step = (u64, u32, u32);
        let table: [(&str, VegasSettings, &[Step]); 5] = [
            ("vegas-increase", settings(10, 20), &[(10, 10, 10), (10, 11, 16)]),
            ("vegas-nochange", settings(10, 20), &[(10, 10, 10), (14, 14, 10)]),
            ("vegas-smooth05", smooth, &[(10, 100, 100), (20, 100, 75), (20, 100, 56)]),
            ("decrease", settings(10, 20), &[(10, 10, 10), (50, 11, 9)]),
            ("less than half used", settings(10, 20), &[(10, 10, 10), (10, 4, 10)]),
        ];
        for (name, settings, steps) in table {
            let mut vegas = Vegas::new(settings);
            for (index, &(rtt_ms, inflight, expected)) in steps.iter().enumerate() {
                vegas.on_sample(sample(rtt_ms, inflight));
                assert_eq!(vegas.limit(), expected, "{name}, sample {index}");
            }
        }
    }

    #[test]
    fn a_drop_shrinks_it_down_to_one() {
        let mut vegas = Vegas::new(settings(3, 20));
        vegas.on_sample(sample(10, 3));
        let limits = [2, 1, 1].map(|_| {
            vegas.on_sample(Sample { outcome: Outcome::Dropped, ..sample(10, 0) });
            vegas.limit()
        });
        assert_eq!(limits, [2, 1, 1]);
    }

    #[test]
    fn a_probe_forgets_a_round_trip_that_is_no_longer_possible() {
        let mut vegas = Vegas::new(settings(10, 20));
        vegas.on_sample(sample(1, 10));
        // The downstream became ten times slower: taken for a queue of 9, until the first probe.
        let mut limits = Vec::new();
        for _ in 0..600 {
            vegas.on_sample(sample(10, vegas.limit()));
            limits.push(vegas.limit());
        }
        assert_eq!(limits.iter().min(), Some(&6), "six queued of six is within bounds");
        assert_eq!(limits.last(), Some(&20), "found out that 10 ms is the round trip now");
    }

    #[test]
    fn steps_are_the_librarys() {
        let table =
            [(0, 1.0), (9, 1.0), (99, 1.0), (100, 2.0), (999, 2.0), (1000, 31.0), (10_000, 100.0)];
        for (limit, expected) in table {
            assert_eq!(step(limit), expected, "{limit}");
        }
    }
}
