//! Count, mean, variance, minimum and maximum of a stream of numbers, in one pass and five words.
//!
//! The update is Welford's ("Note on a method for calculating corrected sums of squares and
//! products", Technometrics 4, 1962), the merge that of Chan, Golub and LeVeque ("Algorithms for
//! computing the sample variance", The American Statistician 37, 1983). Both only add, multiply and
//! divide: the same bits everywhere. A merge is *not* the same bits as pushing one by one, so merge
//! replications in index order.

use serde::{Deserialize, Serialize};

/// Moments of the numbers pushed so far, in their unit. For times with quantiles use a
/// [`Histogram`](super::Histogram).
///
/// ```
/// use sim_core::observe::Moments;
/// let moments: Moments = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0].into_iter().collect();
/// assert_eq!(moments.mean(), 5.0);
/// assert_eq!(moments.variance(), 32.0 / 7.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moments {
    count: u64,
    mean: f64,
    /// The sum of squared deviations from the mean.
    squares: f64,
    /// Zero while empty, so that the file of an empty one is plain numbers.
    min: f64,
    max: f64,
}

impl Moments {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { count: 0, mean: 0.0, squares: 0.0, min: 0.0, max: 0.0 }
    }

    /// Takes in one number. A NaN makes mean and variance NaN for good.
    #[inline]
    pub fn push(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (value - self.mean);
        // Not f64::min and max: which zero they return for 0 and -0 is unspecified.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    /// Takes in everything `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            self.clone_from(other);
            return;
        }
        let (mine, theirs) = (self.count as f64, other.count as f64);
        let deviation = other.mean - self.mean;
        self.count += other.count;
        let total = self.count as f64;
        self.mean += deviation * (theirs / total);
        self.squares += other.squares + deviation * deviation * (mine * (theirs / total));
        if other.min < self.min {
            self.min = other.min;
        }
        if other.max > self.max {
            self.max = other.max;
        }
    }

    /// How many numbers were pushed.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether none was pushed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The mean; zero when empty.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        self.mean
    }

    /// The unbiased sample variance (divided by count less one); zero below two numbers.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.count < 2 { 0.0 } else { self.squares / (self.count - 1) as f64 }
    }

    /// The square root of [`Moments::variance`].
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.variance().sqrt()
    }

    /// The standard error of the mean, if the numbers are independent; zero below two numbers.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        if self.count < 2 { 0.0 } else { (self.variance() / self.count as f64).sqrt() }
    }

    /// The smallest; zero when empty.
    #[must_use]
    pub const fn min(&self) -> f64 {
        self.min
    }

    /// The largest; zero when empty.
    #[must_use]
    pub const fn max(&self) -> f64 {
        self.max
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::new();
        values.into_iter().for_each(|value| moments.push(value));
        moments
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn few_numbers() {
        let empty = Moments::new();
        assert!(empty.is_empty());
        assert_eq!((empty.mean(), empty.variance(), empty.standard_error()), (0.0, 0.0, 0.0));
        let one: Moments = [-3.5].into_iter().collect();
        assert_eq!((one.mean(), one.variance(), one.min(), one.max()), (-3.5, 0.0, -3.5, -3.5));
    }

    /// NIST Statistical Reference Datasets, univariate `NumAcc3` and `NumAcc4`: certified mean
    /// 1000000.2 and 10000000.2, standard deviation 0.1, built to break one-pass sums of squares.
    #[test]
    fn nist_accuracy_data() {
        for (base, tolerance) in [(1_000_000.0, 1e-9), (10_000_000.0, 1e-7)] {
            let first = std::iter::once(base + 0.2);
            let rest = (0..1000).map(|n| base + if n % 2 == 0 { 0.1 } else { 0.3 });
            let moments: Moments = first.chain(rest).collect();
            assert_eq!(moments.count(), 1001);
            assert!((moments.mean() - (base + 0.2)).abs() < 1e-8);
            let deviation = moments.standard_deviation();
            assert!((deviation - 0.1).abs() < tolerance, "{deviation}");
        }
    }

    #[test]
    fn a_file_gives_the_same_bits_back() {
        for numbers in [&[][..], &[0.1, 0.2, 1e100]] {
            let moments: Moments = numbers.iter().copied().collect();
            let json = serde_json::to_string(&moments).unwrap();
            assert_eq!(serde_json::from_str::<Moments>(&json).unwrap(), moments);
        }
    }

    proptest! {
        #[test]
        fn two_passes_say_the_same(numbers in prop::collection::vec(-1e6_f64..1e6, 2..100), cut in 0_usize..100) {
            let count = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / count;
            let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0);
            let (left, right) = numbers.split_at(cut.min(numbers.len()));
            let mut merged: Moments = left.iter().copied().collect();
            merged.merge(&right.iter().copied().collect());
            for moments in [numbers.iter().copied().collect::<Moments>(), merged] {
                prop_assert_eq!(moments.count(), numbers.len() as u64);
                prop_assert!((moments.mean() - mean).abs() <= 1e-9 * (1.0 + mean.abs()));
                prop_assert!((moments.variance() - variance).abs() <= 1e-9 * (1.0 + variance));
                prop_assert_eq!(moments.min(), numbers.iter().copied().fold(f64::INFINITY, f64::min));
                prop_assert_eq!(moments.max(), numbers.iter().copied().fold(-f64::INFINITY, f64::max));
            }
        }
    }
}
