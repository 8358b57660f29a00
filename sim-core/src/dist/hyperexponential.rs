//! Hyperexponential: one of several exponentials, more variable than any of them.

use super::{DistributionError, Law, ziggurat::standard_exponential};
use crate::dist::error::Checks;
use crate::random::Random;

/// The most branches there can be: they are searched one by one.
const BRANCHES_MAX: usize = 64;

/// How far the probabilities may be from adding up to one.
const SUM_TOLERANCE: f64 = 1e-9;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hyperexponential {
    branches: Vec<Branch>,
}

#[derive(Clone, Debug, PartialEq)]
struct Branch {
    probability: f64,
    /// Of this branch and those before it.
    cumulative: f64,
    mean: f64,
}

impl Hyperexponential {
    pub(super) fn new(branches: &[(f64, f64)]) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("hyperexponential");
        checks.entries("branches", branches.len(), BRANCHES_MAX);
        for (index, &(probability, mean)) in branches.iter().enumerate().take(BRANCHES_MAX) {
            checks.positive_up_to(&format!("probability[{index}]"), probability, 1.0);
            checks.positive(&format!("mean[{index}]"), mean);
        }
        let sum: f64 = branches.iter().map(|&(probability, _)| probability).sum();
        if !branches.is_empty() && (sum - 1.0).abs() > SUM_TOLERANCE {
            checks.refuse("sum of the probabilities", sum, "1");
        }
        checks.give(|| Self::of(branches, sum))
    }

    /// With probabilities that add up to `sum`.
    fn of(branches: &[(f64, f64)], sum: f64) -> Self {
        let mut cumulative = 0.0;
        let branch = |&(probability, mean): &(f64, f64)| {
            cumulative += probability / sum;
            Branch { probability: probability / sum, cumulative, mean }
        };
        Self { branches: branches.iter().map(branch).collect() }
    }

    /// Two branches that each carry half of the mean ("balanced means", Tijms 1994, appendix B),
    /// with coefficient of variation `cv` of at least 1.
    pub(super) fn balanced(mean: f64, cv: f64) -> Self {
        let square = cv * cv;
        let p = 0.5 * (1.0 + ((square - 1.0) / (square + 1.0)).sqrt());
        // 1 - p without cancellation, for p is near 1 when the cv is large.
        let q = 1.0 / (square + 1.0) / (2.0 * p);
        Self::of(&[(p, mean / (2.0 * p)), (q, mean / (2.0 * q))], 1.0)
    }
}

impl Law for Hyperexponential {
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        let u = rng.unit();
        let (last, before) = self.branches.split_last().expect("a constructor checks for branches");
        let branch = before.iter().find(|branch| u < branch.cumulative).unwrap_or(last);
        branch.mean * standard_exponential(rng)
    }

    fn mean(&self) -> f64 {
        self.branches.iter().map(|branch| branch.probability * branch.mean).sum()
    }

    fn variance(&self) -> f64 {
        let square = |branch: &Branch| 2.0 * branch.probability * branch.mean * branch.mean;
        let mean = self.mean();
        self.branches.iter().map(square).sum::<f64>() - mean * mean
    }
}
