//! The incomplete beta and gamma functions, and a root finder for distributions on the positive
//! half-line. On `libm` only: the same bits everywhere.
//!
//! Series and continued fractions are those of Abramowitz and Stegun, "Handbook of Mathematical
//! Functions" (1964), 6.5.29, 6.5.31 and 26.5.8, the latter two evaluated by Lentz's method (Applied
//! Optics 15, 1976). The factor before them is taken from `lgamma`, which bounds the relative error
//! by about 1e-16 times the parameter times its logarithm: below 1e-11 for parameters up to 1,000.

use libm::{exp, lgamma, log, log1p};

/// Terms of a series or fraction before giving up; they number some √parameter.
const TERMS_MAX: u32 = 100_000;
/// A term this small changes nothing.
const NEGLIGIBLE: f64 = 1e-17;
/// Stands for zero in a denominator, after Lentz.
const TINY: f64 = 1e-300;

/// A probability and its complement, each computed without cancellation where it is the small one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tails {
    pub(super) below: f64,
    pub(super) above: f64,
}

/// The regularized incomplete beta function: `below` is `I_x(a, b)` at `x = odds / (1 + odds)`, which
/// keeps the digits of both `x` and `1 - x`.
pub(super) fn beta_tails(a: f64, b: f64, odds: f64) -> Tails {
    if odds <= 0.0 {
        return Tails { below: 0.0, above: 1.0 };
    }
    if odds == f64::INFINITY {
        return Tails { below: 1.0, above: 0.0 };
    }
    let (log_x, log_rest) = (-log1p(1.0 / odds), -log1p(odds));
    let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log_x + b * log_rest);
    let x = odds / (1.0 + odds);
    // The fraction converges fast below the mean; above it, the roles change.
    if x < (a + 1.0) / (a + b + 2.0) {
        let below = front * beta_fraction(a, b, x) / a;
        Tails { below, above: 1.0 - below }
    } else {
        let above = front * beta_fraction(b, a, 1.0 / (1.0 + odds)) / b;
        Tails { below: 1.0 - above, above }
    }
}

/// The continued fraction of Abramowitz and Stegun 26.5.8.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut lentz = Lentz::new(1.0);
    for term in 0..TERMS_MAX {
        let m = f64::from(term);
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let next = m + 1.0;
        let even = next * (b - next) * x / ((a + 2.0 * next - 1.0) * (a + 2.0 * next));
        lentz.push(odd, 1.0);
        if lentz.push(even, 1.0) {
            break;
        }
    }
    1.0 / lentz.value
}

/// The regularized incomplete gamma function: `below` is `P(a, x)`.
pub(super) fn gamma_tails(a: f64, x: f64) -> Tails {
    if x <= 0.0 {
        return Tails { below: 0.0, above: 1.0 };
    }
    let front = exp(a * log(x) - x - lgamma(a));
    if x < a + 1.0 {
        // 6.5.29.
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for n in 1..TERMS_MAX {
            term *= x / (a + f64::from(n));
            sum += term;
            if term < sum * NEGLIGIBLE {
                break;
            }
        }
        let below = front * sum;
        Tails { below, above: 1.0 - below }
    } else {
        // 6.5.31 in its even form.
        let mut lentz = Lentz::new(x + 1.0 - a);
        for n in 1..TERMS_MAX {
            let n = f64::from(n);
            if lentz.push(n * (a - n), x + 2.0 * n + 1.0 - a) {
                break;
            }
        }
        let above = front / lentz.value;
        Tails { below: 1.0 - above, above }
    }
}

/// A continued fraction `b0 + a1 / (b1 + a2 / (b2 + ...))` from the front.
struct Lentz {
    value: f64,
    numerator: f64,
    denominator: f64,
}

impl Lentz {
    fn new(first: f64) -> Self {
        let value = away_from_zero(first);
        Self { value, numerator: value, denominator: 0.0 }
    }

    /// Takes in one level; true when it changed nothing.
    fn push(&mut self, a: f64, b: f64) -> bool {
        self.denominator = 1.0 / away_from_zero(b + a * self.denominator);
        self.numerator = away_from_zero(b + a / self.numerator);
        let change = self.numerator * self.denominator;
        self.value *= change;
        (change - 1.0).abs() < f64::EPSILON
    }
}

fn away_from_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

/// The positive `x` at which a continuous distribution on the positive half-line has the probability
/// `target.below` below it; `tails` gives the distribution and `density` its density.
///
/// Newton's method on the logarithm of the smaller tail against the logarithm of `x`, which is close
/// to a straight line at both ends, held within a bracket.
pub(super) fn invert(
    target: Tails,
    guess: f64,
    tails: impl Fn(f64) -> Tails,
    density: impl Fn(f64) -> f64,
) -> f64 {
    let lower = target.below < target.above;
    let wanted = log(if lower { target.below } else { target.above });
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut u = log(guess);
    for _ in 0..200 {
        let x = exp(u);
        let Tails { below, above } = tails(x);
        let tail = if lower { below } else { above };
        // Rising in u whichever tail it is.
        let error = if lower { log(tail) - wanted } else { wanted - log(tail) };
        if error < 0.0 {
            low = u;
        } else if error > 0.0 {
            high = u;
        } else {
            break;
        }
        let mut next = u - (error / (density(x) * x / tail)).clamp(-3.0, 3.0);
        if !(next > low && next < high) {
            next = match (low.is_finite(), high.is_finite()) {
                (true, true) => low + (high - low) / 2.0,
                (true, false) => low + 3.0,
                _ => high - 3.0,
            };
        }
        let step = (next - u).abs();
        u = next;
        if step < 1e-15 {
            break;
        }
    }
    exp(u)
}
