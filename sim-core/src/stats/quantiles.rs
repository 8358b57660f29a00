//! Quantiles of the normal, Student's t and chi-square distributions.
//!
//! Within 1e-10 of the exact value, relatively, for probabilities from 1e-12 to 1 - 1e-12 and up to
//! 1,000 degrees of freedom; usually within 1e-12. A call costs some microseconds.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use libm::{erf, erfc, exp, lgamma, log};

use super::special::{Tails, beta_tails, gamma_tails, invert};

/// The value below which a standard normal variable lies with the given probability.
///
/// Minus or plus infinity at 0 and 1, NaN outside.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    symmetric(probability, |center| {
        let tails = |x: f64| {
            let x = x * FRAC_1_SQRT_2;
            Tails { below: erf(x), above: erfc(x) }
        };
        // Exact to first order near zero; Newton does the rest.
        let guess = center.below * (PI / 2.0).sqrt();
        let density = |x: f64| exp(-x * x / 2.0) * (2.0 / PI).sqrt();
        invert(center, guess, tails, density)
    })
}

/// The value below which Student's t with `degrees` degrees of freedom (not only whole ones) lies
/// with the given probability.
///
/// Minus or plus infinity at 0 and 1; NaN outside, or if `degrees` is not above zero.
#[must_use]
pub fn t_quantile(probability: f64, degrees: f64) -> f64 {
    if degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    if degrees == f64::INFINITY {
        return normal_quantile(probability);
    }
    symmetric(probability, |center| {
        // t² / degrees is the odds of a beta variable (Abramowitz and Stegun 26.7.1).
        let tails = |t: f64| beta_tails(0.5, degrees / 2.0, t * t / degrees);
        let half = f64::midpoint(degrees, 1.0);
        let scale = lgamma(half) - lgamma(degrees / 2.0) - 0.5 * log(degrees * PI);
        let density = |t: f64| 2.0 * exp(scale - half * libm::log1p(t * t / degrees));
        let guess = normal_quantile(f64::midpoint(1.0, center.below.min(0.999)));
        invert(center, guess, tails, density)
    })
}

/// The value below which chi-square with `degrees` degrees of freedom lies with the given
/// probability.
///
/// Zero and infinity at 0 and 1; NaN outside, or if `degrees` is not above zero.
#[must_use]
pub fn chi_square_quantile(probability: f64, degrees: f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    if probability == 0.0 {
        return 0.0;
    }
    if probability == 1.0 {
        return f64::INFINITY;
    }
    let half = degrees / 2.0;
    let tails = |x: f64| gamma_tails(half, x / 2.0);
    let density = |x: f64| 0.5 * exp((half - 1.0) * log(x / 2.0) - x / 2.0 - lgamma(half));
    let target = Tails { below: probability, above: 1.0 - probability };
    invert(target, degrees, tails, density)
}

/// A quantile of a distribution symmetric about zero, from the `positive` value that the given share
/// (`below`) of absolute values does not exceed.
fn symmetric(probability: f64, positive: impl Fn(Tails) -> f64) -> f64 {
    if !(0.0..=1.0).contains(&probability) {
        return f64::NAN;
    }
    // One less a probability of at least a half is exact.
    let (sign, tail) =
        if probability < 0.5 { (-1.0, probability) } else { (1.0, 1.0 - probability) };
    if tail == 0.0 {
        return sign * f64::INFINITY;
    }
    if tail == 0.5 {
        return 0.0;
    }
    sign * positive(Tails { below: 1.0 - 2.0 * tail, above: 2.0 * tail })
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF, Normal, StudentsT};

    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
        assert!(
            (found - expected).abs() <= tolerance * expected.abs(),
            "{what}: {found} instead of {expected}"
        );
    }

    /// Computed with mpmath 1.x at 40 digits (400 for the normal) by bisection of its own
    /// incomplete beta and gamma functions.
    #[test]
    #[expect(clippy::excessive_precision, reason = "seventeen digits, as they were computed")]
    fn values_of_forty_digits() {
        #[rustfmt::skip]
        let t = [
            (1.0, 0.5001, 0.00031415927569437069),
            (1.0, 0.6, 0.32491969623290625),
            (1.0, 0.75, 1.0),
            (1.0, 0.9, 3.0776835371752541),
            (1.0, 0.975, 12.706204736174693),
            (1.0, 0.9995, 636.61924876878973),
            (1.0, 0.999999, 318309.88617359026),
            (2.0, 0.5001, 0.00028284271813144228),
            (2.0, 0.6, 0.28867513459481282),
            (2.0, 0.75, 0.81649658092772603),
            (2.0, 0.9, 1.885618083164127),
            (2.0, 0.975, 4.3026527297494618),
            (2.0, 0.9995, 31.599054576445363),
            (2.0, 0.999999, 707.10572051576712),
            (3.0, 0.5001, 0.00027206990911047338),
            (3.0, 0.6, 0.27667066233268985),
            (3.0, 0.75, 0.76489232840434528),
            (3.0, 0.9, 1.6377443536962103),
            (3.0, 0.975, 3.1824463052837084),
            (3.0, 0.9995, 12.923978636687964),
            (3.0, 0.999999, 103.29946777942897),
            (10.0, 0.5001, 0.00025699780660494993),
            (10.0, 0.6, 0.26018482949208018),
            (10.0, 0.75, 0.69981206131243163),
            (10.0, 0.9, 1.3721836411103358),
            (10.0, 0.975, 2.2281388519862742),
            (10.0, 0.9995, 4.5868938587027077),
            (10.0, 0.999999, 9.7519954909098546),
            (100.0, 0.5001, 0.00025129026070821304),
            (100.0, 0.6, 0.25402218245822776),
            (100.0, 0.75, 0.67695104301147148),
            (100.0, 0.9, 1.2900747613465161),
            (100.0, 0.975, 1.9839715185235519),
            (100.0, 0.9995, 3.3904913111642636),
            (100.0, 0.999999, 5.0488308772214468),
            (1000.0, 0.5001, 0.00025072550362288889),
            (1000.0, 0.6, 0.25341451583949871),
            (1000.0, 0.75, 0.67473516460700944),
            (1000.0, 0.9, 1.2823987214609246),
            (1000.0, 0.975, 1.9623390808264081),
            (1000.0, 0.9995, 3.3002826484239442),
            (1000.0, 0.999999, 4.7816086204524386),
        ];
        for (degrees, p, expected) in t {
            close(t_quantile(p, degrees), expected, 1e-11, &format!("t {degrees} {p}"));
            let mirrored = t_quantile(1.0 - p, degrees);
            // The complement of a decimal fraction is not exact: less digits there.
            close(mirrored, -expected, 1e-9, &format!("t {degrees} 1 - {p}"));
        }
        #[rustfmt::skip]
        let normal = [
            (1e-300, -37.047096299361199),
            (1e-10, -6.3613409024040562),
            (0.001, -3.0902323061678135),
            (0.3, -0.52440051270804082),
            (0.5001, 0.00025066283008800749),
            (0.75, 0.67448975019608174),
            (0.975, 1.9599639845400539),
            (0.9995, 3.2905267314919258),
        ];
        for (p, expected) in normal {
            close(normal_quantile(p), expected, 1e-13, &format!("normal {p}"));
        }
        #[rustfmt::skip]
        let chi_square = [
            (1.0, 1e-06, 1.5707963267957189e-12),
            (1.0, 0.025, 0.00098206911717525602),
            (1.0, 0.5, 0.45493642311957275),
            (1.0, 0.975, 5.0238861873148874),
            (1.0, 0.9995, 12.115665146397381),
            (2.0, 1e-06, 2.0000010000006666e-6),
            (2.0, 0.025, 0.050635615968579754),
            (2.0, 0.5, 1.3862943611198906),
            (2.0, 0.975, 7.3777589082278708),
            (2.0, 0.9995, 15.201804919084385),
            (5.0, 1e-06, 0.012896160206497096),
            (5.0, 0.025, 0.83121161348666244),
            (5.0, 0.5, 4.3514601910955273),
            (5.0, 0.975, 12.832501994030026),
            (5.0, 0.9995, 22.105326778207615),
            (30.0, 1e-06, 6.2002937383435932),
            (30.0, 0.025, 16.790772265566625),
            (30.0, 0.5, 29.336031516661586),
            (30.0, 0.975, 46.979242243671153),
            (30.0, 0.9995, 62.161852869181034),
            (100.0, 1e-06, 46.501330715893183),
            (100.0, 0.025, 74.221927474923726),
            (100.0, 0.5, 99.334129235988456),
            (100.0, 0.975, 129.56119718583659),
            (100.0, 0.9995, 153.16695508166781),
            (1000.0, 1e-06, 801.62443760686573),
            (1000.0, 0.025, 914.25715379925894),
            (1000.0, 0.5, 999.33341240338097),
            (1000.0, 0.975, 1089.5309127749135),
            (1000.0, 0.9995, 1153.7378500648349),
        ];
        for (degrees, p, expected) in chi_square {
            close(chi_square_quantile(p, degrees), expected, 1e-11, &format!("chi2 {degrees} {p}"));
        }
    }

    /// The distribution functions of statrs at our quantiles give the probabilities back.
    #[test]
    fn agrees_with_statrs() {
        let normal = Normal::standard();
        let degrees = (1..=30).chain((40..=1000).step_by(40)).map(f64::from);
        for degrees in degrees {
            let t = StudentsT::new(0.0, 1.0, degrees).unwrap();
            let chi_square = ChiSquared::new(degrees).unwrap();
            for p in [0.0005, 0.01, 0.025, 0.2, 0.45, 0.55, 0.75, 0.9, 0.95, 0.975, 0.995, 0.9995] {
                close(t.cdf(t_quantile(p, degrees)), p, 1e-10, &format!("t {degrees}"));
                let x = chi_square_quantile(p, degrees);
                close(chi_square.cdf(x), p, 1e-10, &format!("chi2 {degrees}"));
                close(normal.cdf(normal_quantile(p)), p, 1e-10, "normal");
            }
        }
    }

    #[test]
    fn edges() {
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(t_quantile(0.5, 3.0), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(t_quantile(1.0, 3.0), f64::INFINITY);
        assert_eq!(t_quantile(0.975, f64::INFINITY), normal_quantile(0.975));
        assert_eq!(
            (chi_square_quantile(0.0, 1.0), chi_square_quantile(1.0, 1.0)),
            (0.0, f64::INFINITY)
        );
        for nan in [
            normal_quantile(-0.1),
            normal_quantile(f64::NAN),
            t_quantile(0.5, 0.0),
            t_quantile(1.1, 3.0),
            chi_square_quantile(0.5, -1.0),
            chi_square_quantile(2.0, 1.0),
        ] {
            assert!(nan.is_nan());
        }
    }
}
