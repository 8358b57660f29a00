//! How long to wait before trying again, and how often.
//!
//! [`Backoff`] is a schedule: delays that grow by a factor up to a cap, spread by a [`Jitter`] so
//! that those who failed together do not come back together. [`RetryBudget`] bounds the load that
//! retries may add, whatever fails.

use crate::random::Random;
use crate::time::SimDuration;

/// How a delay is spread. The names and formulas of the first four are those of "Exponential Backoff
/// and Jitter" (AWS Architecture Blog, 2015); `d` is the delay without jitter, U is uniform in [0, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// `d`.
    None,
    /// `U * d`.
    Full,
    /// `d / 2 + U * d / 2`.
    Equal,
    /// Between `initial` and three times the delay before, at most the cap; the factor is not used.
    Decorrelated,
    /// `d * (1 + U * jitter)`, as in the `wait.Backoff` of Kubernetes' apimachinery (and so in Argo
    /// Events, where the jitter is 1 by default): it goes on top of the cap.
    Proportional(f64),
}

/// A schedule of delays between tries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first delay.
    pub initial: SimDuration,
    /// Each delay is this many times the one before. Zero counts as one, as in `wait.Backoff`.
    pub factor: f64,
    /// No delay (before proportional jitter) is longer. In `wait.Backoff` reaching the cap also ends
    /// the retries; here only `retries_max` does.
    pub cap: Option<SimDuration>,
    /// How delays are spread.
    pub jitter: Jitter,
    /// Retries at most, not counting the first try; `None`: for ever.
    pub retries_max: Option<u32>,
}

impl Backoff {
    /// The same delay every time, without jitter and without end.
    #[must_use]
    pub const fn constant(delay: SimDuration) -> Self {
        Self { initial: delay, factor: 1.0, cap: None, jitter: Jitter::None, retries_max: None }
    }

    /// The delay before retry number `retry` (0 is the first), or `None`: given up. `previous` is the
    /// delay before the last retry, which only [`Jitter::Decorrelated`] looks at; before the first
    /// retry it does not matter. Draws one number from `rng`, none without jitter.
    pub fn delay<R: Random>(
        &self,
        retry: u32,
        previous: SimDuration,
        rng: &mut R,
    ) -> Option<SimDuration> {
        if self.retries_max.is_some_and(|retries_max| retry >= retries_max) {
            return None;
        }
        let cap = self.cap.unwrap_or(SimDuration::MAX);
        Some(match self.jitter {
            Jitter::None => self.plain(retry),
            Jitter::Full => self.plain(retry).mul_f64(rng.unit()),
            Jitter::Equal => {
                let half = self.plain(retry) / 2;
                half + half.mul_f64(rng.unit())
            }
            Jitter::Decorrelated => {
                let previous = if retry == 0 { self.initial } else { previous.max(self.initial) };
                let range = previous * 3 - self.initial;
                (self.initial + range.mul_f64(rng.unit())).min(cap)
            }
            Jitter::Proportional(jitter) => self.plain(retry).mul_f64(1.0 + rng.unit() * jitter),
        })
    }

    /// The delay without jitter: `initial * factor^retry`, at most the cap.
    #[must_use]
    pub fn plain(&self, retry: u32) -> SimDuration {
        let factor = if self.factor == 0.0 { 1.0 } else { self.factor };
        let delay = self.initial.mul_f64(power(factor, retry));
        delay.min(self.cap.unwrap_or(SimDuration::MAX))
    }
}

/// `base` to the `exponent`, by squaring: multiplications only, the same bits on every platform.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut rest) = (1.0, base, exponent);
    while rest > 0 {
        if rest & 1 == 1 {
            result *= square;
        }
        square *= square;
        rest >>= 1;
    }
    result
}

/// Tokens are counted in parts of this size, so that ten times 0.1 is 1.
const PARTS_PER_TOKEN: f64 = 1e9;

/// A budget for retries: each call earns a part of a retry, each retry costs a whole one.
///
/// However much fails, the load is at most `1 + ratio` per call in the long run (Brooker, "Fixing
/// retries with token buckets and circuit breakers", 2022). The budget is full at first, so `cap`
/// retries come on top of that once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    parts: u64,
    earned_per_call: u64,
    parts_max: u64,
}

impl RetryBudget {
    /// A full budget of at most `cap` retries that earns `ratio` of a retry per call. Both count to
    /// the ninth decimal; negative is zero.
    #[must_use]
    pub fn new(ratio: f64, cap: f64) -> Self {
        let parts = |tokens: f64| (tokens * PARTS_PER_TOKEN + 0.5) as u64;
        Self { parts: parts(cap), earned_per_call: parts(ratio), parts_max: parts(cap) }
    }

    /// Notes a call that is not a retry.
    pub fn on_call(&mut self) {
        self.parts = self.parts.saturating_add(self.earned_per_call).min(self.parts_max);
    }

    /// Whether a retry may go; if so, it is paid for.
    pub fn allows(&mut self) -> bool {
        let left = self.parts.checked_sub(PARTS_PER_TOKEN as u64);
        self.parts = left.unwrap_or(self.parts);
        left.is_some()
    }

    /// Retries in the budget.
    #[must_use]
    pub fn tokens(&self) -> f64 {
        self.parts as f64 / PARTS_PER_TOKEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    /// Always the same number.
    struct Fixed(f64);

    impl Random for Fixed {
        fn next_u64(&mut self) -> u64 {
            unreachable!("only `unit` is asked for")
        }
        fn unit(&mut self) -> f64 {
            self.0
        }
    }

    const NEVER: Fixed = Fixed(f64::NAN);

    fn exponential(jitter: Jitter) -> Backoff {
        Backoff {
            initial: SimDuration::from_millis(100),
            factor: 2.0,
            cap: Some(SimDuration::from_secs(10)),
            jitter,
            retries_max: Some(10),
        }
    }

    /// Case `backoff-exp`: 100 ms, factor 2, cap 10 s, 10 retries.
    #[test]
    fn exponential_schedule() {
        let expected_ms = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000];
        let backoff = exponential(Jitter::None);
        let delay = |retry| backoff.delay(retry, SimDuration::ZERO, &mut { NEVER });
        for (retry, expected) in (0..).zip(expected_ms) {
            assert_eq!(delay(retry), Some(SimDuration::from_millis(expected)), "retry {retry}");
        }
        assert_eq!(delay(10), None);
        let total: SimDuration = (0..10).filter_map(delay).sum();
        assert_eq!(total, SimDuration::from_millis(42_700));
        // Full jitter halves it in the mean.
        let full = exponential(Jitter::Full);
        let middle = |retry| full.delay(retry, SimDuration::ZERO, &mut Fixed(0.5));
        let total: SimDuration = (0..10).filter_map(middle).sum();
        assert_eq!(total, SimDuration::from_millis(21_350));
    }

    #[test]
    fn each_jitter_spreads_as_its_source_says() {
        // (jitter, retry, delay before in ms, U, expected in ms)
        let table = [
            (Jitter::Full, 2, 0, 0.0, 0),
            (Jitter::Full, 2, 0, 0.25, 100),
            (Jitter::Equal, 2, 0, 0.0, 200),
            (Jitter::Equal, 2, 0, 0.5, 300),
            (Jitter::Decorrelated, 0, 0, 0.0, 100),
            (Jitter::Decorrelated, 0, 7777, 0.5, 200),
            (Jitter::Decorrelated, 1, 400, 0.0, 100),
            (Jitter::Decorrelated, 1, 400, 0.5, 650),
            (Jitter::Decorrelated, 5, 9000, 0.9, 10_000),
            (Jitter::Proportional(1.0), 2, 0, 0.0, 400),
            (Jitter::Proportional(1.0), 2, 0, 0.5, 600),
            (Jitter::Proportional(0.5), 2, 0, 0.5, 500),
            (Jitter::Proportional(1.0), 9, 0, 0.5, 15_000),
        ];
        for (jitter, retry, previous, unit, expected) in table {
            let previous = SimDuration::from_millis(previous);
            let delay = exponential(jitter).delay(retry, previous, &mut Fixed(unit));
            let expected = Some(SimDuration::from_millis(expected));
            assert_eq!(delay, expected, "{jitter:?}, retry {retry}, U {unit}");
        }
    }

    #[test]
    fn drawn_delays_stay_in_their_range_and_mean() {
        // (jitter, least, most, mean) of the delay before retry 3: 800 ms without jitter.
        let table = [
            (Jitter::Full, 0, 800, 400.0),
            (Jitter::Equal, 400, 800, 600.0),
            (Jitter::Decorrelated, 100, 1500, 800.0),
            (Jitter::Proportional(1.0), 800, 1600, 1200.0),
        ];
        for (jitter, least, most, mean_ms) in table {
            let mut rng = Streams::new(7, 0).stream("backoff", "jitter");
            let draws = 20_000;
            let mut sum = 0.0;
            for _ in 0..draws {
                let previous = SimDuration::from_millis(500);
                let delay = exponential(jitter).delay(3, previous, &mut rng).unwrap();
                let range = SimDuration::from_millis(least)..=SimDuration::from_millis(most);
                assert!(range.contains(&delay), "{jitter:?}: {delay:?}");
                sum += delay.as_secs_f64() * 1e3;
            }
            // Uniform: deviation is the range over sqrt(12); 99.9 % is 3.29 deviations.
            let deviation = (most - least) as f64 / f64::from(12 * draws).sqrt();
            let mean = sum / f64::from(draws);
            assert!((mean - mean_ms).abs() < 3.29 * deviation, "{jitter:?}: {mean}");
        }
    }

    #[test]
    fn long_schedules_saturate() {
        let mut backoff = exponential(Jitter::None);
        backoff.retries_max = None;
        let table = [
            (2.0, Some(SimDuration::from_secs(10)), u32::MAX, SimDuration::from_secs(10)),
            (2.0, None, u32::MAX, SimDuration::MAX),
            (0.5, None, u32::MAX, SimDuration::ZERO),
            (1.0, None, u32::MAX, SimDuration::from_millis(100)),
            (0.0, None, 3, SimDuration::from_millis(100)),
            (1.5, None, 3, SimDuration::from_micros(337_500)),
        ];
        for (factor, cap, retry, expected) in table {
            let backoff = Backoff { factor, cap, ..backoff };
            assert_eq!(backoff.plain(retry), expected, "{factor}, {cap:?}, {retry}");
        }
        let constant = Backoff::constant(SimDuration::from_secs(3));
        let delay = constant.delay(u32::MAX, SimDuration::ZERO, &mut { NEVER });
        assert_eq!(delay, Some(SimDuration::from_secs(3)));
    }

    #[test]
    fn a_budget_counts_exactly() {
        let mut budget = RetryBudget::new(0.1, 5.0);
        assert_eq!((0..9).filter(|_| budget.allows()).count(), 5, "full at first");
        for _ in 0..9 {
            budget.on_call();
        }
        assert!(!budget.allows(), "nine tenths");
        budget.on_call();
        assert!(budget.allows(), "ten tenths are one");
        (0..1_000).for_each(|_| budget.on_call());
        assert_eq!(budget.tokens(), 5.0, "no more than the cap");
    }

    /// Load and success per call when each attempt fails with probability `failure`.
    fn run(failure: f64, calls: u32, mut may_retry: impl FnMut(u32, bool) -> bool) -> (f64, f64) {
        let mut rng = Streams::new(2022, 0).stream("backoff", "failures");
        let (mut attempts, mut successes) = (0u32, 0u32);
        for _ in 0..calls {
            may_retry(0, true);
            for retry in 0.. {
                attempts += 1;
                let failed = rng.unit() < failure;
                successes += u32::from(!failed);
                if !failed || !may_retry(retry, false) {
                    break;
                }
            }
        }
        (f64::from(attempts) / f64::from(calls), f64::from(successes) / f64::from(calls))
    }

    /// Cases `brooker-retries-*` (closed forms of the simulation behind "Fixing retries with token
    /// buckets and circuit breakers", Brooker 2022): load and success with no retry, three retries,
    /// and a budget of 0.1 per call, cap 5, in the long run.
    #[test]
    fn retries_amplify_as_brooker_says() {
        // (failure, success with none, [load, success] with three, [load, success] with a budget)
        let table = [
            (0.01, 0.99, [1.010_101, 0.999_999_99], [1.010_101_010_101, 1.0]),
            (0.1, 0.9, [1.111, 0.9999], [1.1, 0.99]),
            (0.5, 0.5, [1.875, 0.9375], [1.1, 0.55]),
        ];
        let calls = 400_000;
        // 99.9 % of a mean of numbers with deviation 1.5 at most (retries are geometric).
        let tolerance = 3.29 * 1.5 / f64::from(calls).sqrt();
        for (failure, success_none, three, with_budget) in table {
            let close = |what: &str, (load, success): (f64, f64), expected: [f64; 2]| {
                let found = [load, success];
                for (found, expected) in found.into_iter().zip(expected) {
                    let off = (found - expected).abs();
                    assert!(off < tolerance, "{what} at {failure}: {found}, not {expected}");
                }
            };
            close("none", run(failure, calls, |_, _| false), [1.0, success_none]);

            let backoff = Backoff { retries_max: Some(3), ..Backoff::constant(SimDuration::ZERO) };
            let within = |retry| backoff.delay(retry, SimDuration::ZERO, &mut { NEVER }).is_some();
            close("three", run(failure, calls, |retry, new| !new && within(retry)), three);

            let mut budget = RetryBudget::new(0.1, 5.0);
            let paid = |_, new| {
                if new {
                    budget.on_call();
                }
                !new && budget.allows()
            };
            close("budget", run(failure, calls, paid), with_budget);
        }
    }
}
