//! Empirical: values that were measured, each as likely as every other.

use std::sync::Arc;

use super::Law;
use crate::random::Random;

/// Shared, because a copy of a model should not copy a million measurements.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Empirical {
    values: Arc<[f64]>,
}

impl Empirical {
    pub(super) fn new(values: Vec<f64>) -> Self {
        Self { values: values.into() }
    }
}

impl Law for Empirical {
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        self.values[rng.below(self.values.len() as u64) as usize]
    }

    fn mean(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// Of the values as the whole population: the mean square distance from their mean.
    fn variance(&self) -> f64 {
        let mean = self.mean();
        let square = |value: &f64| (value - mean) * (value - mean);
        self.values.iter().map(square).sum::<f64>() / self.values.len() as f64
    }
}
