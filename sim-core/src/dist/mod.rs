//! Distributions of service times, delays and sizes: non-negative numbers with a known mean and
//! variance.
//!
//! Values are in the caller's unit, seconds or bytes. All transcendental functions are `libm`'s, so
//! the same stream gives the same values on every platform; the values are part of every
//! fingerprint, and a test pins the first ones of each distribution.
//!
//! To add one: a file with a `Law`, a line in the list of `kinds`, and a constructor.

mod bounded_pareto;
mod empirical;
pub(crate) mod error;
mod gamma;
mod hyperexponential;
mod lognormal;
#[cfg(test)]
mod tests;
mod weibull;
mod ziggurat;
mod ziggurat_tables;

pub use error::{ParameterError, ParameterProblem};
pub use ziggurat::{standard_exponential, standard_normal};

use crate::random::Random;
use crate::time::SimDuration;
use error::{Checks, number};

/// Why a distribution cannot be built.
pub type DistributionError = ParameterError;

/// The largest coefficient of variation: beyond it no run is long enough to come near the mean.
const CV_MAX: f64 = 1e3;

/// A distribution of non-negative numbers. The constructors name every parameter that is out of
/// range.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution(Kind);

/// What every distribution can do.
trait Law {
    fn sample<R: Random>(&self, rng: &mut R) -> f64;
    fn mean(&self) -> f64;
    fn variance(&self) -> f64;
}

/// `base` to the power `exponent`, for positive numbers: a third faster than `libm::pow`, whose
/// last bits no sample needs.
fn power(base: f64, exponent: f64) -> f64 {
    libm::exp(exponent * libm::log(base))
}

/// The list of distributions: makes [`Kind`] and passes each [`Law`] method on.
macro_rules! kinds {
    ($($kind:ident($law:ty)),* $(,)?) => {
        #[derive(Clone, Debug, PartialEq)]
        enum Kind { $($kind($law)),* }

        impl Law for Kind {
            #[inline(never)]
            fn sample<R: Random>(&self, rng: &mut R) -> f64 {
                match self { $(Self::$kind(law) => law.sample(rng)),* }
            }
            fn mean(&self) -> f64 {
                match self { $(Self::$kind(law) => law.mean()),* }
            }
            fn variance(&self) -> f64 {
                match self { $(Self::$kind(law) => law.variance()),* }
            }
        }
    };
}

kinds! {
    Constant(Constant),
    Uniform(Uniform),
    Exponential(Exponential),
    Gamma(gamma::Gamma),
    Hyperexponential(hyperexponential::Hyperexponential),
    Lognormal(lognormal::Lognormal),
    Weibull(weibull::Weibull),
    BoundedPareto(bounded_pareto::BoundedPareto),
    Empirical(empirical::Empirical),
}

impl Distribution {
    /// Always `value`, without a draw.
    ///
    /// # Errors
    /// If `value` is negative.
    pub fn constant(value: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("constant");
        checks.non_negative("value", value);
        checks.give(|| Self(Kind::Constant(Constant(value))))
    }

    /// Every number from `lo` to `hi` alike: mean (lo + hi) / 2, variance (hi - lo)^2 / 12.
    ///
    /// # Errors
    /// If `lo` is negative or above `hi`.
    pub fn uniform(lo: f64, hi: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("uniform");
        checks.non_negative("lo", lo);
        checks.non_negative("hi", hi);
        if lo > hi {
            let expected = format!("at least `lo`, which is {}", number(lo));
            checks.refuse("hi", number(hi), &expected);
        }
        checks.give(|| Self(Kind::Uniform(Uniform { lo, hi })))
    }

    /// Exponential: without memory, variance mean^2.
    ///
    /// # Errors
    /// If `mean` is not greater than zero.
    pub fn exponential(mean: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("exponential");
        checks.positive("mean", mean);
        checks.give(|| Self(Kind::Exponential(Exponential { mean })))
    }

    /// The sum of `k` exponentials that together have mean `mean`: variance mean^2 / k.
    ///
    /// # Errors
    /// If `k` or `mean` is not greater than zero.
    pub fn erlang(k: u32, mean: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("erlang");
        if k == 0 {
            checks.refuse("k", k, "at least 1");
        }
        checks.positive("mean", mean);
        let k = f64::from(k);
        checks.give(|| Self(Kind::Gamma(gamma::Gamma::new(k, mean / k))))
    }

    /// Gamma by `mean` and coefficient of variation `cv`: shape 1 / cv^2, variance (mean cv)^2.
    ///
    /// # Errors
    /// If `mean` is not greater than zero, or `cv` not from 0.001 to 1000.
    pub fn gamma(mean: f64, cv: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("gamma");
        checks.positive("mean", mean);
        checks.within("cv", cv, 1e-3, CV_MAX);
        let square = cv * cv;
        checks.give(|| Self(Kind::Gamma(gamma::Gamma::new(1.0 / square, mean * square))))
    }

    /// With each (probability, mean) an exponential with that mean: mean the sum of p m, variance
    /// the sum of 2 p m^2 less mean^2.
    ///
    /// # Errors
    /// If there is no branch or more than 64, a probability is not in (0, 1], a mean is not greater
    /// than zero, or the probabilities do not add up to 1 within 1e-9 (within that they are scaled
    /// to do so).
    pub fn hyperexponential(branches: &[(f64, f64)]) -> Result<Self, DistributionError> {
        hyperexponential::Hyperexponential::new(branches)
            .map(|law| Self(Kind::Hyperexponential(law)))
    }

    /// The hyperexponential with two branches that each carry half of the mean, with coefficient of
    /// variation `cv`: p = (1 + sqrt((cv^2 - 1) / (cv^2 + 1))) / 2, means mean / 2p and
    /// mean / 2(1 - p). H. C. Tijms, "Stochastic models" (1994), appendix B.
    ///
    /// # Errors
    /// If `mean` is not greater than zero, or `cv` not from 1 to 1000.
    pub fn hyperexponential_balanced(mean: f64, cv: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("hyperexponential");
        checks.positive("mean", mean);
        checks.within("cv", cv, 1.0, CV_MAX);
        let law = || hyperexponential::Hyperexponential::balanced(mean, cv);
        checks.give(|| Self(Kind::Hyperexponential(law())))
    }

    /// Lognormal by `mean` and coefficient of variation `cv`: variance (mean cv)^2.
    ///
    /// # Errors
    /// If `mean` is not greater than zero, or `cv` not greater than zero and at most 1000.
    pub fn lognormal(mean: f64, cv: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("lognormal");
        checks.positive("mean", mean);
        checks.positive_up_to("cv", cv, CV_MAX);
        checks.give(|| Self(Kind::Lognormal(lognormal::Lognormal::new(mean, cv))))
    }

    /// Weibull, 1 - exp(-(x / scale)^shape): mean scale G(1 + 1/shape), variance
    /// scale^2 (G(1 + 2/shape) - G(1 + 1/shape)^2) with G the gamma function.
    ///
    /// # Errors
    /// If `shape` is not from 0.05 to 1000, or `scale` not greater than zero.
    pub fn weibull(shape: f64, scale: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("weibull");
        checks.within("shape", shape, 0.05, 1e3);
        checks.positive("scale", scale);
        checks.give(|| Self(Kind::Weibull(weibull::Weibull::new(shape, scale))))
    }

    /// Pareto with tail index `alpha` cut to [lo, hi]: density proportional to x^(-alpha-1).
    ///
    /// # Errors
    /// If `alpha` is not greater than zero and at most 1000, `lo` is not greater than zero, or `hi`
    /// not above `lo`.
    pub fn bounded_pareto(alpha: f64, lo: f64, hi: f64) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("bounded_pareto");
        checks.positive_up_to("alpha", alpha, 1e3);
        checks.positive("lo", lo);
        checks.positive("hi", hi);
        if lo >= hi {
            let expected = format!("greater than `lo`, which is {}", number(lo));
            checks.refuse("hi", number(hi), &expected);
        }
        let law = || bounded_pareto::BoundedPareto::new(alpha, lo, hi);
        checks.give(|| Self(Kind::BoundedPareto(law())))
    }

    /// One of `values`, each time drawn anew: mean and variance are those of the values.
    ///
    /// # Errors
    /// If there are no values, or some are negative (the first ten of them are named).
    pub fn empirical(values: Vec<f64>) -> Result<Self, DistributionError> {
        let mut checks = Checks::of("empirical");
        if values.is_empty() {
            checks.refuse("values", "[]", "at least one number");
        }
        let wrong = |&(_, value): &(usize, &f64)| !(0.0..=error::VALUE_MAX).contains(value);
        for (index, &value) in values.iter().enumerate().filter(wrong).take(10) {
            checks.non_negative(&format!("values[{index}]"), value);
        }
        checks.give(|| Self(Kind::Empirical(empirical::Empirical::new(values))))
    }

    /// A value: never negative.
    #[inline]
    pub fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        match &self.0 {
            // The commonest, without the way through the table.
            Kind::Exponential(law) => law.sample(rng),
            other => other.sample(rng),
        }
    }

    /// A value that is in seconds, as a duration to the nearest nanosecond.
    #[inline]
    pub fn sample_duration<R: Random>(&self, rng: &mut R) -> SimDuration {
        SimDuration::from_secs_f64(self.sample(rng))
    }

    /// The mean, by formula: exact up to rounding.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.0.mean()
    }

    /// The variance, by formula: exact up to rounding, in the square of the values' unit.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.0.variance()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Constant(f64);

impl Law for Constant {
    #[inline]
    fn sample<R: Random>(&self, _: &mut R) -> f64 {
        self.0
    }

    fn mean(&self) -> f64 {
        self.0
    }

    fn variance(&self) -> f64 {
        0.0
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Uniform {
    lo: f64,
    hi: f64,
}

impl Law for Uniform {
    #[inline]
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        self.lo + (self.hi - self.lo) * rng.unit()
    }

    fn mean(&self) -> f64 {
        0.5 * (self.lo + self.hi)
    }

    fn variance(&self) -> f64 {
        (self.hi - self.lo) * (self.hi - self.lo) / 12.0
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Exponential {
    mean: f64,
}

impl Law for Exponential {
    #[inline]
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        self.mean * standard_exponential(rng)
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn variance(&self) -> f64 {
        self.mean * self.mean
    }
}
