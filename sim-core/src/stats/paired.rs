//! Two designs compared under common random numbers: the same storm for both.
//!
//! Each pair is one replication: the figure of design A and that of design B from the same seed. The
//! differences are independent of each other though the two figures of a pair are not, and the more
//! those go together, the less their difference varies. (Law, "Simulation Modeling and Analysis", 5th
//! edition, 10.2.1 and 11.2.)

use serde::{Deserialize, Serialize};

use super::interval::{Interval, mean_interval};
use crate::observe::Moments;

/// How B differs from A, and what common random numbers were worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paired {
    /// The interval for the mean of B less A; an interval without zero shows a difference.
    pub difference: Interval,
    /// The correlation of the two figures of a pair, between -1 and 1; zero if one never varies.
    pub correlation: f64,
    /// The share of variance that pairing took away: `1 - Var(B - A) / (Var A + Var B)`. 0.9 means
    /// that independent runs would have needed ten times as many replications; below zero pairing did
    /// harm; zero if neither varies.
    pub variance_saved: f64,
}

/// Compares pairs `(figure of A, figure of B)`, one per replication. `None` below two pairs.
///
/// # Panics
/// If `confidence` is not strictly between 0 and 1.
#[must_use]
pub fn paired(pairs: &[(f64, f64)], confidence: f64) -> Option<Paired> {
    let a: Moments = pairs.iter().map(|pair| pair.0).collect();
    let b: Moments = pairs.iter().map(|pair| pair.1).collect();
    let differences: Moments = pairs.iter().map(|pair| pair.1 - pair.0).collect();
    let difference = mean_interval(&differences, confidence)?;
    let products: f64 = pairs.iter().map(|pair| (pair.0 - a.mean()) * (pair.1 - b.mean())).sum();
    let covariance = products / (pairs.len() - 1) as f64;
    let deviations = a.standard_deviation() * b.standard_deviation();
    let independent = a.variance() + b.variance();
    Some(Paired {
        difference,
        // Rounding can carry a perfect correlation past one.
        correlation: if deviations > 0.0 {
            (covariance / deviations).clamp(-1.0, 1.0)
        } else {
            0.0
        },
        variance_saved: if independent > 0.0 {
            1.0 - differences.variance() / independent
        } else {
            0.0
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student (W. S. Gosset), "The probable error of a mean", Biometrika 6 (1908): hours of sleep
    /// gained with two drugs. R's `t.test(paired = TRUE)` on its data set `sleep` gives 0.7001142 to
    /// 2.4598858 and `cor` 0.7951702.
    #[test]
    fn student_sleep_data() {
        let pairs = [
            (0.7, 1.9),
            (-1.6, 0.8),
            (-0.2, 1.1),
            (-1.2, 0.1),
            (-0.1, -0.1),
            (3.4, 4.4),
            (3.7, 5.5),
            (0.8, 1.6),
            (0.0, 4.6),
            (2.0, 3.4),
        ];
        let found = paired(&pairs, 0.95).unwrap();
        assert!((found.difference.estimate - 1.58).abs() < 1e-12);
        assert!((found.difference.lower - 0.700_114_2).abs() < 1e-7, "{found:?}");
        assert!((found.difference.upper - 2.459_885_8).abs() < 1e-7, "{found:?}");
        assert!((found.correlation - 0.795_170_2).abs() < 1e-7, "{found:?}");
        // Var A = 3.200556, Var B = 4.009000, Var(B - A) = 1.512889, from the same data.
        assert!((found.variance_saved - (1.0 - 1.512_889 / 7.209_556)).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn what_goes_together_costs_nothing() {
        let shifted = paired(&[(1.0, 3.0), (2.0, 4.0), (5.0, 7.0)], 0.95).unwrap();
        assert_eq!((shifted.difference.estimate, shifted.difference.half_width), (2.0, 0.0));
        assert!((shifted.correlation - 1.0).abs() < 1e-15);
        assert_eq!(shifted.variance_saved, 1.0);
        let opposed = paired(&[(1.0, -1.0), (2.0, -2.0)], 0.95).unwrap();
        assert!((opposed.variance_saved + 1.0).abs() < 1e-15);
        let still = paired(&[(1.0, 2.0), (1.0, 2.0)], 0.95).unwrap();
        assert_eq!((still.correlation, still.variance_saved), (0.0, 0.0));
        assert_eq!(paired(&[(1.0, 2.0)], 0.95), None);
    }
}
