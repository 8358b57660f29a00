//! A concurrency limit by the gradient of round trips, as Netflix's concurrency-limits
//! (`Gradient2Limit`) does it.

use super::Sample;

/// The settings of a [`Gradient`]; the library's own are 20, 20, 200, 0.2, 4 and 600.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GradientSettings {
    /// The limit at first.
    pub initial: u32,
    /// The limit at least.
    pub min: u32,
    /// The limit at most.
    pub max: u32,
    /// How much of each new limit is taken over, above 0 and up to 1.
    pub smoothing: f64,
    /// Calls that may queue: by so much the limit grows while round trips stay short.
    pub queue: u32,
    /// Samples in the long-term mean: each weighs 2 / (window + 1).
    pub long_window: u32,
}

/// Compares each round trip with a long-term mean: the limit becomes `gradient * limit + queue`,
/// smoothed, where the gradient is mean / sample, between 0.5 and 1. Outcomes are not looked at, and
/// nothing changes while less than half of the limit is used.
///
/// When the mean is more than twice the sample, an overload has ended: the mean is cut by a tenth at
/// each sample, so as not to take its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gradient {
    settings: GradientSettings,
    limit: f64,
    long_rtt_ns: f64,
    warm_up_sum_ns: f64,
    warm_up_samples: u32,
}

/// The long-term mean is a plain one for its first samples.
const WARM_UP_SAMPLES: u32 = 10;

impl Gradient {
    /// A limit that begins at `initial`.
    #[must_use]
    pub fn new(settings: GradientSettings) -> Self {
        Self {
            settings,
            limit: f64::from(settings.initial),
            long_rtt_ns: 0.0,
            warm_up_sum_ns: 0.0,
            warm_up_samples: 0,
        }
    }

    /// Learns from one call.
    pub fn on_sample(&mut self, sample: Sample) {
        let rtt_ns = (sample.rtt.as_nanos() as f64).max(1.0);
        let long_rtt_ns = self.absorb(rtt_ns);
        if long_rtt_ns / rtt_ns > 2.0 {
            self.long_rtt_ns *= 0.9;
        }
        if f64::from(sample.inflight) < self.limit / 2.0 {
            return;
        }
        let settings = &self.settings;
        let gradient = (long_rtt_ns / rtt_ns).clamp(0.5, 1.0);
        let target = self.limit * gradient + f64::from(settings.queue);
        let smooth = self.limit * (1.0 - settings.smoothing) + target * settings.smoothing;
        self.limit = smooth.min(f64::from(settings.max)).max(f64::from(settings.min));
    }

    /// Calls that may be in flight.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    fn absorb(&mut self, rtt_ns: f64) -> f64 {
        if self.warm_up_samples < WARM_UP_SAMPLES {
            self.warm_up_samples += 1;
            self.warm_up_sum_ns += rtt_ns;
            self.long_rtt_ns = self.warm_up_sum_ns / f64::from(self.warm_up_samples);
        } else {
            let weight = 2.0 / (f64::from(self.settings.long_window) + 1.0);
            self.long_rtt_ns = self.long_rtt_ns * (1.0 - weight) + rtt_ns * weight;
        }
        self.long_rtt_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Outcome;
    use crate::time::SimDuration;

    const SETTINGS: GradientSettings = GradientSettings {
        initial: 20,
        min: 1,
        max: 200,
        smoothing: 0.5,
        queue: 4,
        long_window: 9,
    };

    fn feed(gradient: &mut Gradient, rtt_ms: u64, inflight: u32) -> f64 {
        let rtt = SimDuration::from_millis(rtt_ms);
        gradient.on_sample(Sample { rtt, inflight, outcome: Outcome::Success });
        gradient.limit
    }

    /// By hand from the formulas of the library's description.
    #[test]
    fn moves_by_the_formula() {
        let mut gradient = Gradient::new(SETTINGS);
        // No queue: gradient 1, half of + 4 each.
        assert_eq!(feed(&mut gradient, 10, 20), 22.0);
        assert_eq!(feed(&mut gradient, 10, 22), 24.0);
        // Mean (10 + 10 + 40) / 3 = 20 against 40: half of 24, and 4, smoothed.
        assert_eq!(feed(&mut gradient, 40, 24), 20.0);
        // Less than half used: stays, but the mean learns: (60 + 10) / 4 = 17.5.
        assert_eq!(feed(&mut gradient, 10, 9), 20.0);
        // Mean (70 + 30) / 5 = 20 against 30: 20 * 2 / 3 + 4.
        let expected = 20.0 * 0.5 + (20.0 * (20.0 / 30.0) + 4.0) * 0.5;
        assert!((feed(&mut gradient, 30, 20) - expected).abs() < 1e-9);
    }

    #[test]
    fn the_gradient_and_the_limit_are_bounded() {
        let mut gradient = Gradient::new(SETTINGS);
        feed(&mut gradient, 10, 0);
        // A hundred times slower is at most halved: 20 -> (20 + 20 / 2 + 4) / 2.
        feed(&mut gradient, 1_000_000, 20);
        assert_eq!(gradient.limit(), 17);
        let mut gradient = Gradient::new(SETTINGS);
        (0..500).for_each(|_| {
            feed(&mut gradient, 10, 200);
        });
        assert_eq!(gradient.limit(), 200);
    }

    #[test]
    fn the_mean_comes_down_fast_after_an_overload() {
        let mut gradient = Gradient::new(GradientSettings { long_window: 100_000, ..SETTINGS });
        (0..50).for_each(|_| {
            feed(&mut gradient, 1_000, 20);
        });
        (0..30).for_each(|_| {
            feed(&mut gradient, 10, 20);
        });
        assert!(gradient.long_rtt_ns < 60e6, "{}", gradient.long_rtt_ns);
    }
}
