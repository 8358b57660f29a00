//! Confidence intervals for a mean, a proportion and a quantile, all from *independent* values.

use serde::{Deserialize, Serialize};

use super::quantiles::{normal_quantile, t_quantile};
use super::special::beta_tails;
use crate::observe::{Moments, nearest_rank};

/// Above so many values the binomial distribution is taken for normal: the ranks of a quantile then
/// move by a few in a million.
const EXACT_COUNT_MAX: u64 = 1_000_000;

/// An estimate and the range in which the true value lies with the stated confidence: of many such
/// intervals, that share covers it. In the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The best guess.
    pub estimate: f64,
    /// Half of the distance from `lower` to `upper`. Only a mean's interval is symmetric about its
    /// estimate.
    pub half_width: f64,
    /// The lower end.
    pub lower: f64,
    /// The upper end.
    pub upper: f64,
    /// The confidence, between 0 and 1.
    pub confidence: f64,
}

impl Interval {
    /// Whether `value` lies in the interval, its ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    fn between(lower: f64, estimate: f64, upper: f64, confidence: f64) -> Self {
        Self { estimate, half_width: (upper - lower) / 2.0, lower, upper, confidence }
    }
}

/// The share of intervals allowed to miss on one side.
///
/// # Panics
/// If the confidence is not strictly between 0 and 1.
pub(super) fn one_sided_miss(confidence: f64) -> f64 {
    assert!(confidence > 0.0 && confidence < 1.0, "a confidence lies between 0 and 1");
    (1.0 - confidence) / 2.0
}

/// The t interval for the mean of independent, roughly normal values: one figure per replication.
/// `None` below two values, which say nothing about spread. (Law, "Simulation Modeling and Analysis",
/// 5th edition, 4.5.)
///
/// # Panics
/// If `confidence` is not strictly between 0 and 1.
///
/// ```
/// use sim_core::stats::mean_interval;
/// let losses = [3.0, 5.0, 4.0].into_iter().collect();
/// let interval = mean_interval(&losses, 0.95).unwrap();
/// assert_eq!(interval.estimate, 4.0);
/// assert!(interval.contains(2.0) && !interval.contains(1.0));
/// ```
#[must_use]
pub fn mean_interval(values: &Moments, confidence: f64) -> Option<Interval> {
    let miss = one_sided_miss(confidence);
    if values.count() < 2 {
        return None;
    }
    let t = t_quantile(1.0 - miss, (values.count() - 1) as f64);
    let (mean, half_width) = (values.mean(), t * values.standard_error());
    let (lower, upper) = (mean - half_width, mean + half_width);
    Some(Interval { estimate: mean, half_width, lower, upper, confidence })
}

/// The score interval for a proportion from `successes` in `trials` independent trials. `None` without
/// trials. (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
/// JASA 22, 1927.)
///
/// # Panics
/// If there are more successes than trials, or `confidence` is not strictly between 0 and 1.
#[must_use]
pub fn proportion_interval(successes: u64, trials: u64, confidence: f64) -> Option<Interval> {
    let z = normal_quantile(1.0 - one_sided_miss(confidence));
    assert!(successes <= trials, "more successes than trials");
    if trials == 0 {
        return None;
    }
    let count = trials as f64;
    let share = successes as f64 / count;
    let scale = 1.0 + z * z / count;
    let center = (share + z * z / (2.0 * count)) / scale;
    let reach = z * (share * (1.0 - share) / count + z * z / (4.0 * count * count)).sqrt() / scale;
    // Algebra gives 0 and 1 here, arithmetic only nearly.
    let lower = if successes == 0 { 0.0 } else { center - reach };
    let upper = if successes == trials { 1.0 } else { center + reach };
    Some(Interval::between(lower, share, upper, confidence))
}

/// The ranks (1 is the smallest value) of the two order statistics among `count` independent values
/// that enclose the `probability`-quantile with at least the stated confidence, whatever the
/// distribution. `None` if there are too few values: the 0.99-quantile wants 368 for 95 %.
///
/// The number of values below a quantile is binomial (David and Nagaraja, "Order Statistics", 3rd
/// edition, 7.1); each side misses with at most half of the doubt. Above a million values the normal
/// distribution stands in for the binomial.
///
/// # Panics
/// If `confidence` is not strictly between 0 and 1.
#[must_use]
pub fn quantile_ranks(count: u64, probability: f64, confidence: f64) -> Option<(u64, u64)> {
    let miss = one_sided_miss(confidence);
    if count == 0 || !(probability > 0.0 && probability < 1.0) {
        return None;
    }
    let (lower, upper) = if count > EXACT_COUNT_MAX {
        normal_ranks(count as f64, probability, miss)
    } else {
        binomial_ranks(count, probability, miss)
    };
    (lower >= 1 && upper <= count).then_some((lower, upper))
}

/// The exact ranks; 0 and `count + 1` where no value will do.
fn binomial_ranks(count: u64, probability: f64, miss: f64) -> (u64, u64) {
    let odds = (1.0 - probability) / probability;
    // The chances of at most, and of more than, `below` values under the quantile, for
    // `below < count` (Abramowitz and Stegun 26.5.24).
    let chances = |below: u64| beta_tails((count - below) as f64, (below + 1) as f64, odds);
    let lower = first(0, count, |rank| chances(rank).below > miss);
    let upper = first(1, count + 1, |rank| rank <= count && chances(rank - 1).above <= miss);
    (lower, upper)
}

/// The smallest number in `low..high` with a property that all larger ones have too; `high` if none.
fn first(mut low: u64, mut high: u64, has: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if has(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

fn normal_ranks(count: f64, probability: f64, miss: f64) -> (u64, u64) {
    let mean = count * probability;
    let reach = normal_quantile(1.0 - miss) * (mean * (1.0 - probability)).sqrt();
    ((mean - reach).floor() as u64, (mean + reach).ceil() as u64 + 1)
}

/// The interval of [`quantile_ranks`] over independent values in any order, and the quantile by
/// nearest rank as its estimate. `None` if there are too few values.
///
/// Values of one run are not independent: give one figure per replication, or pool so many
/// replications that the dependence within each does not matter.
///
/// # Panics
/// If `confidence` is not strictly between 0 and 1.
#[must_use]
pub fn quantile_interval(values: &[f64], probability: f64, confidence: f64) -> Option<Interval> {
    let count = values.len() as u64;
    let (lower, upper) = quantile_ranks(count, probability, confidence)?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |rank: u64| sorted[rank as usize - 1];
    let estimate = at(nearest_rank(count, probability));
    Some(Interval::between(at(lower), estimate, at(upper), confidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Law and Kelton, "Simulation Modeling and Analysis", example 4.26: 1.34 ± 0.24 at 90 %.
    #[test]
    fn mean_of_ten_observations() {
        let values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09];
        let interval = mean_interval(&values.into_iter().collect(), 0.9).unwrap();
        assert!((interval.estimate - 1.343).abs() < 1e-12);
        assert!((interval.half_width - 0.24).abs() < 0.005, "{interval:?}");
        assert_eq!(mean_interval(&[1.0].into_iter().collect(), 0.9), None);
    }

    /// R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in
    /// Medicine 17 (1998), table I, method 3 (Wilson without continuity correction), 95 %.
    #[test]
    fn proportions_of_newcombe() {
        for (successes, trials, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
            (20, 20, 1.0 - 0.1611, 1.0),
        ] {
            let interval = proportion_interval(successes, trials, 0.95).unwrap();
            assert!((interval.lower - lower).abs() < 5.1e-5, "{interval:?}");
            assert!((interval.upper - upper).abs() < 5.1e-5, "{interval:?}");
            assert!(interval.contains(interval.estimate));
        }
        assert_eq!(proportion_interval(0, 0, 0.95), None);
    }

    /// The classical table of the sign test for the median at 95 %, and sums of binomial terms
    /// in exact integers (Python) for the others.
    #[test]
    fn ranks_around_quantiles() {
        for (count, probability, expected) in [
            (5, 0.5, None),
            (6, 0.5, Some((1, 6))),
            (10, 0.5, Some((2, 9))),
            (20, 0.5, Some((6, 15))),
            (30, 0.5, Some((10, 21))),
            (100, 0.5, Some((40, 61))),
            (100, 0.9, Some((84, 96))),
            (367, 0.99, None),
            (368, 0.99, Some((360, 368))),
            (1000, 0.99, Some((983, 997))),
            (500, 0.05, Some((16, 36))),
            (0, 0.5, None),
            (100, 0.0, None),
            (100, f64::NAN, None),
        ] {
            assert_eq!(quantile_ranks(count, probability, 0.95), expected, "{count} {probability}");
        }
    }

    #[test]
    fn ranks_of_many_values_agree_with_exact_ones() {
        for probability in [0.5, 0.99, 0.999] {
            let (low, high) = binomial_ranks(EXACT_COUNT_MAX, probability, 0.025);
            let (near_low, near_high) = normal_ranks(EXACT_COUNT_MAX as f64, probability, 0.025);
            assert!(low.abs_diff(near_low) <= 3 && high.abs_diff(near_high) <= 3, "{probability}");
        }
        assert!(quantile_ranks(u64::MAX, 0.999, 0.95).is_some());
    }

    #[test]
    fn quantile_of_unsorted_values() {
        let values: Vec<f64> = (0..20).map(|n| f64::from(n * 7 % 20)).collect();
        let interval = quantile_interval(&values, 0.5, 0.95).unwrap();
        assert_eq!((interval.lower, interval.estimate, interval.upper), (5.0, 9.0, 14.0));
        assert_eq!(quantile_interval(&values, 0.99, 0.95), None);
    }

    #[test]
    #[should_panic(expected = "a confidence lies between 0 and 1")]
    fn confidence_is_a_fraction() {
        let _ = proportion_interval(1, 2, 95.0);
    }
}
