//! How sure a figure is: quantiles of distributions, confidence intervals, warm-up, comparisons.
//!
//! A simulation is an experiment, and its result a sample. Nothing here runs during one; everything
//! is computed afterwards from numbers a run left behind ([`crate::observe`]), with `libm` only, so
//! that a report has the same bytes on every platform.
//!
//! # What to use when
//!
//! | you have | you want | use |
//! |---|---|---|
//! | one figure from each of several replications | its mean and how sure it is | [`mean_interval`] |
//! | how many of how many replications lost an event | that share | [`proportion_interval`] |
//! | independent values | a quantile | [`quantile_interval`] (or [`quantile_ranks`] on a [`Histogram`](crate::observe::Histogram)) |
//! | one long run | the mean in the steady state | [`mser5()`] first, then [`batch_means()`] |
//! | two designs under the same random numbers | which is better, by how much | [`paired()`] |
//!
//! # Traps
//!
//! - Values *within* a run depend on each other: a queue that is long now is long a moment later. An
//!   interval that takes them for independent is far too narrow. Use one figure per replication, or
//!   [`batch_means()`] and heed [`BatchMeans::is_correlated`].
//! - Two intervals that overlap do not show that there is no difference, least of all under common
//!   random numbers: ask [`paired()`].
//! - Few replications want the t distribution, which [`mean_interval`] uses: with five, a normal
//!   interval that says 95 % covers 88 %.
//!
//! Estimates and interval ends have the unit of the values; confidences and probabilities are
//! fractions between 0 and 1, so 0.95 for "95 %".
//!
//! The textbook for all of this is A. M. Law, "Simulation Modeling and Analysis" (5th edition, 2015),
//! chapters 9 and 10.

pub mod batch_means;
pub mod interval;
pub mod mser5;
pub mod paired;
pub mod quantiles;
mod special;

pub use batch_means::{BatchMeans, batch_means};
pub use interval::{
    Interval, mean_interval, proportion_interval, quantile_interval, quantile_ranks,
};
pub use mser5::{Truncation, WarmUp, mser5};
pub use paired::{Paired, paired};
pub use quantiles::{chi_square_quantile, normal_quantile, t_quantile};

#[cfg(test)]
mod tests {
    /// Uniform numbers on (0, 1) for tests of this folder, by Steele, Lea and Flood's `SplitMix64`:
    /// the statistics shall not be tested with the generators that they test.
    pub(super) fn uniform(seed: u64) -> impl Iterator<Item = f64> {
        (1_u64..).map(move |step| {
            let mut z = (seed << 32).wrapping_add(step).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (((z ^ (z >> 31)) >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0
        })
    }

    /// An autoregressive process of mean zero: each value is `correlation` times the one before plus
    /// normal noise.
    pub(super) fn autoregressive(correlation: f64, count: usize, seed: u64) -> Vec<f64> {
        let steps = uniform(seed).map(super::normal_quantile);
        let walk = steps.scan(0.0, |value, noise| {
            *value = *value * correlation + noise;
            Some(*value)
        });
        walk.skip(100).take(count).collect()
    }
}
