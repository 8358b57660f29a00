//! Pareto between two bounds: heavy-tailed sizes that still have every moment.

use super::{Law, power};
use crate::random::Random;

/// Density proportional to x^(-alpha-1) on [lo, hi], drawn by inversion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BoundedPareto {
    alpha: f64,
    lo: f64,
    hi: f64,
    /// 1 - (lo/hi)^alpha: the share of the unbounded law that lies below `hi`.
    share: f64,
}

impl BoundedPareto {
    pub(super) fn new(alpha: f64, lo: f64, hi: f64) -> Self {
        Self { alpha, lo, hi, share: -libm::expm1(-alpha * libm::log(hi / lo)) }
    }

    /// The n-th moment: alpha lo^alpha / share times the integral of x^(n-alpha-1) from lo to hi,
    /// written with L = ln(hi/lo) so that alpha = n is no special case for the precision.
    fn moment(&self, n: f64) -> f64 {
        let length = libm::log(self.hi / self.lo);
        let exponent = (n - self.alpha) * length;
        let stretch = if exponent == 0.0 { 1.0 } else { libm::expm1(exponent) / exponent };
        self.alpha * libm::pow(self.lo, n) * length * stretch / self.share
    }
}

impl Law for BoundedPareto {
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        let survival = 1.0 - rng.unit() * self.share;
        (self.lo * power(survival, -1.0 / self.alpha)).min(self.hi)
    }

    fn mean(&self) -> f64 {
        self.moment(1.0)
    }

    fn variance(&self) -> f64 {
        let mean = self.mean();
        self.moment(2.0) - mean * mean
    }
}
