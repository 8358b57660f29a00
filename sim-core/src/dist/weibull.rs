//! Weibull: times to failure that wear out (shape above 1) or settle (below 1).

use super::{Law, power, ziggurat::standard_exponential};
use crate::random::Random;

/// scale E^(1/shape) of a standard exponential E: the inversion of 1 - exp(-(x/scale)^shape).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weibull {
    inverse_shape: f64,
    scale: f64,
}

impl Weibull {
    pub(super) fn new(shape: f64, scale: f64) -> Self {
        Self { inverse_shape: 1.0 / shape, scale }
    }
}

impl Law for Weibull {
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        self.scale * power(standard_exponential(rng), self.inverse_shape)
    }

    fn mean(&self) -> f64 {
        self.scale * libm::tgamma(1.0 + self.inverse_shape)
    }

    fn variance(&self) -> f64 {
        let first = libm::tgamma(1.0 + self.inverse_shape);
        let second = libm::tgamma(1.0 + 2.0 * self.inverse_shape);
        self.scale * self.scale * (second - first * first)
    }
}
