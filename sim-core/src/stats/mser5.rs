//! Where the warm-up ends, by the marginal standard error rule over batches of five.
//!
//! Cutting off more of the beginning takes away bias but also data. The rule takes the truncation
//! after which the estimated standard error of the mean is smallest. (K. P. White, "An effective
//! truncation heuristic for bias reduction in simulation output", Simulation 69, 1997; with batches
//! of five: K. P. White, M. J. Cobb and S. C. Spratt, "A comparison of five steady-state truncation
//! heuristics for simulation", Winter Simulation Conference 2000.)

use serde::{Deserialize, Serialize};

use crate::observe::Moments;

/// Values per batch.
const BATCH: usize = 5;
/// Batches that are always kept: a handful of equal ones at the end would win by chance
/// (K. Hoad, S. Robinson and R. Davies, "Automating warm-up length estimation", Journal of the
/// Operational Research Society 61, 2010).
const KEPT_MIN: usize = 5;

/// What the rule says about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WarmUp {
    /// The warm-up ends in the first half: what is left can be used.
    Settled,
    /// The rule would cut off more than half: the run is too short to know, or has no steady state.
    TooShort,
}

/// Where to cut and what is left.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truncation {
    /// How many values at the beginning to leave out: a multiple of five.
    pub left_out: u64,
    /// The mean of all others.
    pub mean: f64,
    /// Whether to trust it.
    pub warm_up: WarmUp,
}

/// The truncation of `values`, in the order of the run: values of a series with equal steps, or of
/// successive events. `None` below 50 values. Of equally good truncations the shortest is taken.
///
/// ```
/// use sim_core::stats::{WarmUp, mser5};
/// let values: Vec<f64> = (0..100).map(|n| if n < 20 { 0.0 } else { 7.0 + f64::from(n % 2) }).collect();
/// let cut = mser5(&values).unwrap();
/// assert_eq!((cut.left_out, cut.mean, cut.warm_up), (20, 7.5, WarmUp::Settled));
/// ```
#[must_use]
pub fn mser5(values: &[f64]) -> Option<Truncation> {
    let batches = values.len() / BATCH;
    if batches < 2 * KEPT_MIN {
        return None;
    }
    let cut = best_cut(values, batches);
    let left_out = cut * BATCH;
    let mean = values[left_out..].iter().copied().collect::<Moments>().mean();
    let warm_up = if cut * 2 > batches { WarmUp::TooShort } else { WarmUp::Settled };
    Some(Truncation { left_out: left_out as u64, mean, warm_up })
}

/// The number of batches to leave out: from the end backwards, so that every remaining mean and sum
/// of squares takes one step.
fn best_cut(values: &[f64], batches: usize) -> usize {
    let mut rest = Moments::new();
    let (mut best, mut smallest) = (0, f64::INFINITY);
    for cut in (0..batches).rev() {
        let batch = &values[cut * BATCH..(cut + 1) * BATCH];
        rest.push(batch.iter().sum::<f64>() / BATCH as f64);
        let count = (batches - cut) as f64;
        // White's statistic: the sum of squares over the square of the count.
        let statistic = rest.variance() * (count - 1.0) / (count * count);
        if batches - cut >= KEPT_MIN && statistic <= smallest {
            (best, smallest) = (cut, statistic);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::tests::autoregressive;

    /// The definition, word for word, in two passes for every cut.
    fn by_definition(values: &[f64]) -> usize {
        let means: Vec<f64> =
            values.chunks_exact(5).map(|batch| batch.iter().sum::<f64>() / 5.0).collect();
        let statistic = |cut: &usize| {
            let rest = &means[*cut..];
            let count = rest.len() as f64;
            let mean = rest.iter().sum::<f64>() / count;
            rest.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count * count)
        };
        let cuts = 0..=means.len() - 5;
        cuts.min_by(|a, b| statistic(a).total_cmp(&statistic(b))).unwrap() * 5
    }

    #[test]
    fn agrees_with_the_definition() {
        for seed in 0..50 {
            let noise = autoregressive(0.7, 203, seed);
            let values: Vec<f64> =
                (0_u32..).zip(noise).map(|(n, x)| x + 2_000.0 / f64::from(n + 10)).collect();
            assert_eq!(mser5(&values).unwrap().left_out, by_definition(&values) as u64, "{seed}");
        }
    }

    #[test]
    fn finds_the_step() {
        for (warm_up, expected) in
            [(0, WarmUp::Settled), (50, WarmUp::Settled), (400, WarmUp::TooShort)]
        {
            // A regular ripple: with noise the rule likes to find a quiet stretch further on.
            let step = |n: u64| if n < warm_up { 100.0 } else { 0.0 };
            let values: Vec<f64> = (0..500).map(|n| step(n) + (n / 5 % 2) as f64).collect();
            let cut = mser5(&values).unwrap();
            assert_eq!((cut.left_out, cut.warm_up), (warm_up, expected));
        }
    }

    /// Noise does not make it throw most of a steady run away: three quarters of the runs at least
    /// are settled, and then their mean is near the true one.
    #[test]
    fn steady_runs_are_mostly_settled() {
        let cuts: Vec<_> =
            (0..200).map(|seed| mser5(&autoregressive(0.5, 1_000, seed)).unwrap()).collect();
        let settled: Vec<_> = cuts.iter().filter(|cut| cut.warm_up == WarmUp::Settled).collect();
        assert!(settled.len() >= 150, "{} of 200", settled.len());
        // The standard error of half a run is 2 / sqrt(500).
        assert!(settled.iter().all(|cut| cut.mean.abs() < 4.5 * 2.0 / 500_f64.sqrt()));
    }

    #[test]
    fn edges() {
        assert_eq!(mser5(&[1.0; 49]), None);
        let flat = mser5(&[1.0; 52]).unwrap();
        assert_eq!(flat, Truncation { left_out: 0, mean: 1.0, warm_up: WarmUp::Settled });
        // A run that never settles.
        let growing: Vec<f64> = (0..500).map(f64::from).collect();
        assert_eq!(mser5(&growing).unwrap().warm_up, WarmUp::TooShort);
    }
}
