//! Gamma, and Erlang as its whole-numbered case.

use super::{Law, power, ziggurat::standard_normal};
use crate::random::Random;

/// Gamma with `shape` and `scale`, by G. Marsaglia and W. W. Tsang, "A simple method for generating
/// gamma variables" (2000): a cubed normal, accepted 96 times in a hundred or more. Shapes below 1
/// are drawn with shape + 1 and multiplied by U^(1/shape), as the paper says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gamma {
    shape: f64,
    scale: f64,
    /// The paper's d and c, of the shape that is drawn.
    d: f64,
    c: f64,
}

impl Gamma {
    pub(super) fn new(shape: f64, scale: f64) -> Self {
        let drawn = if shape < 1.0 { shape + 1.0 } else { shape };
        let d = drawn - 1.0 / 3.0;
        Self { shape, scale, d, c: 1.0 / (9.0 * d).sqrt() }
    }

    fn standard<R: Random>(&self, rng: &mut R) -> f64 {
        loop {
            let x = standard_normal(rng);
            let root = 1.0 + self.c * x;
            if root <= 0.0 {
                continue;
            }
            let v = root * root * root;
            let u = rng.unit_open();
            let square = x * x;
            let squeezed = u < 1.0 - 0.0331 * square * square;
            if squeezed || libm::log(u) < 0.5 * square + self.d * (1.0 - v + libm::log(v)) {
                return self.d * v;
            }
        }
    }
}

impl Law for Gamma {
    fn sample<R: Random>(&self, rng: &mut R) -> f64 {
        let value = self.standard(rng) * self.scale;
        if self.shape < 1.0 { value * power(rng.unit_open(), 1.0 / self.shape) } else { value }
    }

    fn mean(&self) -> f64 {
        self.shape * self.scale
    }

    fn variance(&self) -> f64 {
        self.shape * self.scale * self.scale
    }
}
