//! Lognormal: the usual shape of service times and payload sizes.

use super::{Law, ziggurat::standard_normal};
use crate::random::Random;

/// exp(mu + sigma Z), with mu and sigma from the mean and the coefficient of variation:
/// sigma^2 = ln(1 + cv^2), mu = ln(mean) - sigma^2 / 2.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lognormal {
    mean: f64,
    cv: f64,
    mu: f64,
    sigma: f64,
}

impl Lognormal {
    pub(super) fn new(mean: f64, cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Self { mean, cv, mu: libm::log(mean) - variance / 2.0, sigma: variance.sqrt() }
    }
}

impl Law for Lognormal {
    #[inline]
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        libm::exp(self.mu + self.sigma * standard_normal(rng))
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.mean * self.mean * self.cv * self.cv
    }
}
