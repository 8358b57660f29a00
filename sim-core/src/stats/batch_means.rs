//! An interval for the steady-state mean from one long run, by nonoverlapping batch means.
//!
//! Neighboring values depend on each other, means of long batches hardly do: those are treated as
//! replications. (R. W. Conway, "Some tactical problems in digital simulation", Management Science
//! 10, 1963; Law, "Simulation Modeling and Analysis", 5th edition, 9.5.3.) Cut the warm-up off first,
//! with [`mser5`](super::mser5()). Ten to thirty batches are customary (B. Schmeiser, "Batch size
//! effects in the analysis of simulation output", Operations Research 30, 1982).

use serde::{Deserialize, Serialize};

use super::interval::{Interval, mean_interval};
use super::quantiles::normal_quantile;
use crate::observe::Moments;

/// A mean from one run, and whether to trust its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchMeans {
    /// The interval for the mean.
    pub interval: Interval,
    /// How many batches.
    pub batches: u64,
    /// Values per batch.
    pub batch_size: u64,
    /// The correlation of the means of neighboring batches, between -1 and 1; near zero if batches
    /// are long enough; zero if all means are equal.
    pub lag_one: f64,
}

impl BatchMeans {
    /// Whether the batches are too short: the interval is then too narrow, and fewer batches or a
    /// longer run are needed.
    ///
    /// A one-sided test at 5 %: for independent normal values the lag-one correlation of `n` has mean
    /// `-1/n` and variance `(n-2)² / (n² (n-1))` (P. A. P. Moran, "Some theorems on time series II",
    /// Biometrika 35, 1948) and is close to normal.
    #[must_use]
    pub fn is_correlated(&self) -> bool {
        let count = self.batches as f64;
        let deviation = (count - 2.0) / (count * (count - 1.0).sqrt());
        self.lag_one > normal_quantile(0.95) * deviation - 1.0 / count
    }
}

/// The mean of `values`, in the order of the run, from `batches` batches of equal size. Values that
/// are left over are left out at the beginning, where a rest of warm-up would be. `None` with fewer
/// than two batches or fewer values than batches.
///
/// # Panics
/// If `confidence` is not strictly between 0 and 1.
#[must_use]
pub fn batch_means(values: &[f64], batches: usize, confidence: f64) -> Option<BatchMeans> {
    if batches < 2 || values.len() < batches {
        return None;
    }
    let size = values.len() / batches;
    let used = &values[values.len() - size * batches..];
    let means: Vec<f64> =
        used.chunks_exact(size).map(|batch| batch.iter().sum::<f64>() / size as f64).collect();
    let moments: Moments = means.iter().copied().collect();
    Some(BatchMeans {
        interval: mean_interval(&moments, confidence)?,
        batches: batches as u64,
        batch_size: size as u64,
        lag_one: lag_one(&means, moments.mean()),
    })
}

fn lag_one(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let products: f64 = values.windows(2).map(|two| (two[0] - mean) * (two[1] - mean)).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tests::{autoregressive, uniform};

    #[test]
    fn batches_by_hand() {
        // The 9 is left over; batch means 1, 3, 2, 6: mean 3, variance 14/3, standard error
        // sqrt(14/12), t(0.975, 3) = 3.182446 (any table).
        let found = batch_means(&[9.0, 0.0, 2.0, 3.0, 3.0, 1.0, 3.0, 5.0, 7.0], 4, 0.95).unwrap();
        assert_eq!((found.interval.estimate, found.batch_size), (3.0, 2));
        assert!((found.interval.half_width - 3.182_446 * (14.0_f64 / 12.0).sqrt()).abs() < 1e-5);
        // Deviations -2, 0, -1, 3: products 0 + 0 - 3 over squares 14.
        assert!((found.lag_one + 3.0 / 14.0).abs() < 1e-15);
        assert!(!found.is_correlated());
        assert_eq!(batch_means(&[1.0, 2.0], 3, 0.95), None);
        assert_eq!(batch_means(&[1.0, 2.0], 1, 0.95), None);
        assert_eq!(batch_means(&[4.0; 8], 4, 0.95).unwrap().lag_one, 0.0);
    }

    #[test]
    fn short_batches_are_found_out() {
        let values = autoregressive(0.95, 20_000, 1);
        assert!(batch_means(&values, 4_000, 0.95).unwrap().is_correlated());
        assert!(!batch_means(&values, 20, 0.95).unwrap().is_correlated());
    }

    /// 400 runs of 1,000 values with correlation 0.8: 10 batches of 100 cover the true mean nearly as
    /// often as they say, batches of 1 do not. Bounds: 99.9 % of the binomial for 95 %, less 3 points
    /// for what correlation is left.
    #[test]
    fn coverage_is_what_it_says() {
        let runs: Vec<_> = (0..400).map(|seed| autoregressive(0.8, 1_000, seed)).collect();
        let covered = |batches| {
            let covers =
                |run: &&Vec<f64>| batch_means(run, batches, 0.95).unwrap().interval.contains(0.0);
            runs.iter().filter(covers).count()
        };
        let good = covered(10);
        assert!((354..=393).contains(&good), "{good} of 400");
        let bad = covered(1_000);
        assert!(bad < 280, "{bad} of 400");
    }

    /// A test at 5 % is wrong 5 % of the time when nothing is wrong: 1,000 runs, 99.9 % bounds.
    #[test]
    fn independent_values_are_seldom_accused() {
        let accused = (0..1_000)
            .filter(|&seed| {
                let values: Vec<f64> = uniform(seed).take(300).collect();
                batch_means(&values, 30, 0.95).unwrap().is_correlated()
            })
            .count();
        assert!((27..=75).contains(&accused), "{accused} of 1,000");
    }
}
