//! A concurrency limit by additive increase and multiplicative decrease, as Netflix's
//! concurrency-limits (`AIMDLimit`) does it.

use super::{Outcome, Sample};
use crate::time::SimDuration;

/// The settings of an [`Aimd`]; the library's own are 20, 20, 200, 0.9 and 5 s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AimdSettings {
    /// The limit at first.
    pub initial: u32,
    /// The limit at least.
    pub min: u32,
    /// The limit at most.
    pub max: u32,
    /// What a drop leaves of the limit, between 0.5 and 1.
    pub backoff_ratio: f64,
    /// A call that took longer counts as dropped.
    pub timeout: SimDuration,
}

/// One more for each success while at least half of the limit is used; `backoff_ratio` of it after
/// each drop, timeout or slow answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aimd {
    settings: AimdSettings,
    limit: u32,
}

impl Aimd {
    /// A limit that begins at `initial`.
    #[must_use]
    pub fn new(settings: AimdSettings) -> Self {
        Self { settings, limit: settings.initial }
    }

    /// Learns from one call.
    pub fn on_sample(&mut self, sample: Sample) {
        let settings = &self.settings;
        if sample.outcome != Outcome::Success || sample.rtt > settings.timeout {
            self.limit = (f64::from(self.limit) * settings.backoff_ratio) as u32;
        } else if u64::from(sample.inflight) * 2 >= u64::from(self.limit) {
            self.limit = self.limit.saturating_add(1);
        }
        self.limit = self.limit.max(settings.min).min(settings.max);
    }

    /// Calls that may be in flight.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Case `aimd-increase` and the other behaviors of the library's `AIMDLimitTest`.
    #[test]
    fn golden_steps() {
        use Outcome::{Dropped, Success, Timeout};
        // (name, initial, min, max, rtt in ms, in flight, outcome, expected)
        let table = [
            ("aimd-increase", 20, 1, 200, 10, 10, Success, 21),
            ("less than half used", 20, 1, 200, 10, 9, Success, 20),
            ("drop", 30, 1, 200, 0, 0, Dropped, 27),
            ("timeout", 30, 1, 200, 0, 0, Timeout, 27),
            ("slow", 30, 1, 200, 5_001, 30, Success, 27),
            ("just not slow", 30, 1, 200, 5_000, 30, Success, 31),
            ("at the most", 21, 0, 21, 10, 10, Success, 21),
            ("at the least", 20, 20, 200, 10, 10, Dropped, 20),
        ];
        for (name, initial, min, max, rtt_ms, inflight, outcome, expected) in table {
            let timeout = SimDuration::from_secs(5);
            let mut aimd =
                Aimd::new(AimdSettings { initial, min, max, backoff_ratio: 0.9, timeout });
            let rtt = SimDuration::from_millis(rtt_ms);
            aimd.on_sample(Sample { rtt, inflight, outcome });
            assert_eq!(aimd.limit(), expected, "{name}");
        }
    }
}
