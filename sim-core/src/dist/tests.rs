//! Every distribution against its declared mean and variance, its distribution function, and its
//! own past.

use statrs::distribution::{self as reference, ContinuousCDF};

use super::*;
use crate::random::Streams;

const DRAWS: usize = 100_000;

/// Two-sided 99.9 % quantile of the normal distribution.
const Z: f64 = 3.29;

/// 99.9 % quantile of the limit of sqrt(n) times the Kolmogorov-Smirnov distance.
const KOLMOGOROV: f64 = 1.95;

type Cdf = Box<dyn Fn(f64) -> f64>;

struct Case {
    name: &'static str,
    distribution: Distribution,
    mean: f64,
    variance: f64,
    cdf: Option<Cdf>,
    /// Value stability: the first draws from a fixed stream. A change is value-breaking.
    pinned: [f64; 5],
}

fn of(law: impl ContinuousCDF<f64, f64> + 'static) -> Option<Cdf> {
    Some(Box::new(move |x| law.cdf(x)))
}

fn closed(cdf: impl Fn(f64) -> f64 + 'static) -> Option<Cdf> {
    Some(Box::new(cdf))
}

/// Means and variances are worked out here by hand or by other formulas than in the code.
fn cases() -> Vec<Case> {
    let exponential = |mean: f64| move |x: f64| 1.0 - libm::exp(-x / mean);
    let pareto = |alpha: f64, lo: f64, hi: f64| {
        move |x: f64| (1.0 - libm::pow(lo / x, alpha)) / (1.0 - libm::pow(lo / hi, alpha))
    };
    let lognormal = |mean: f64, cv: f64| {
        let variance = libm::log(1.0 + cv * cv);
        reference::LogNormal::new(libm::log(mean) - variance / 2.0, variance.sqrt()).unwrap()
    };
    vec![
        Case {
            name: "constant",
            distribution: Distribution::constant(0.25).unwrap(),
            mean: 0.25,
            variance: 0.0,
            cdf: None,
            pinned: [0.25, 0.25, 0.25, 0.25, 0.25],
        },
        Case {
            name: "uniform",
            distribution: Distribution::uniform(1.0, 4.0).unwrap(),
            mean: 2.5,
            variance: 0.75,
            cdf: of(reference::Uniform::new(1.0, 4.0).unwrap()),
            pinned: [
                1.911484304062753,
                1.5009644650302174,
                2.04020258100612,
                2.837741123644659,
                3.1889030314934255,
            ],
        },
        Case {
            name: "exponential",
            distribution: Distribution::exponential(2.0).unwrap(),
            mean: 2.0,
            variance: 4.0,
            cdf: of(reference::Exp::new(0.5).unwrap()),
            pinned: [
                1.7467080685298075,
                0.25304422493607753,
                7.792893809180931,
                0.26942172709106504,
                0.1582764375266215,
            ],
        },
        Case {
            name: "erlang",
            distribution: Distribution::erlang(3, 6.0).unwrap(),
            mean: 6.0,
            variance: 12.0,
            cdf: of(reference::Erlang::new(3, 0.5).unwrap()),
            pinned: [
                8.134243773982249,
                1.959060535539498,
                9.157896931162602,
                6.471642520226055,
                6.973750513713512,
            ],
        },
        Case {
            name: "gamma, shape 4",
            distribution: Distribution::gamma(2.0, 0.5).unwrap(),
            mean: 2.0,
            variance: 1.0,
            cdf: of(reference::Gamma::new(4.0, 2.0).unwrap()),
            pinned: [
                1.4032451740035796,
                1.4188081726183968,
                3.2772740542399497,
                3.006118210319763,
                1.337691498403973,
            ],
        },
        Case {
            name: "gamma, shape 1/4",
            distribution: Distribution::gamma(1.0, 2.0).unwrap(),
            mean: 1.0,
            variance: 4.0,
            cdf: of(reference::Gamma::new(0.25, 0.25).unwrap()),
            pinned: [
                0.009082390030079462,
                6.627455580446984,
                0.2116610118660985,
                5.515708913990536e-5,
                0.07257366696719726,
            ],
        },
        Case {
            name: "hyperexponential",
            distribution: Distribution::hyperexponential(&[(0.5, 1.0), (0.25, 2.0), (0.25, 4.0)])
                .unwrap(),
            mean: 2.0,
            variance: 2.0 * (0.5 + 1.0 + 4.0) - 4.0,
            cdf: closed(move |x| {
                0.5 * exponential(1.0)(x) + 0.25 * (exponential(2.0)(x) + exponential(4.0)(x))
            }),
            pinned: [
                0.5231033088655754,
                0.2629946776826738,
                2.9556809693750914,
                0.6684747437151783,
                0.6930363900353663,
            ],
        },
        Case {
            name: "hyperexponential, balanced",
            distribution: Distribution::hyperexponential_balanced(3.0, 2.0).unwrap(),
            mean: 3.0,
            variance: 36.0,
            cdf: closed(move |x| {
                let p = 0.5 + 0.5 * 0.6f64.sqrt();
                p * exponential(1.5 / p)(x) + (1.0 - p) * exponential(1.5 / (1.0 - p))(x)
            }),
            pinned: [
                4.8758933976744885,
                0.14440014128843948,
                0.3134055098655109,
                0.6734253799077874,
                0.4500911335256236,
            ],
        },
        Case {
            name: "lognormal",
            distribution: Distribution::lognormal(0.1, 1.5).unwrap(),
            mean: 0.1,
            variance: 0.0225,
            cdf: of(lognormal(0.1, 1.5)),
            pinned: [
                0.01781002400462242,
                0.02946124058934181,
                0.10533514499857305,
                0.6226056067083765,
                0.006458238105089529,
            ],
        },
        Case {
            name: "weibull",
            distribution: Distribution::weibull(2.0, 3.0).unwrap(),
            mean: 1.5 * std::f64::consts::PI.sqrt(),
            variance: 9.0 * (1.0 - std::f64::consts::FRAC_PI_4),
            cdf: of(reference::Weibull::new(2.0, 3.0).unwrap()),
            pinned: [
                3.5581952808156814,
                2.249785496145046,
                4.604928912855186,
                3.4009925385891986,
                1.061187402910473,
            ],
        },
        Case {
            name: "bounded pareto, alpha 1.5",
            distribution: Distribution::bounded_pareto(1.5, 1.0, 100.0).unwrap(),
            // 1.5 / 0.999 times (1 - 0.1) / 0.5 and (10 - 1) / 0.5.
            mean: 2.7 / 0.999,
            variance: 27.0 / 0.999 - (2.7 / 0.999) * (2.7 / 0.999),
            cdf: closed(pareto(1.5, 1.0, 100.0)),
            pinned: [
                1.1343088232508431,
                1.7559050934697134,
                1.4872165638087977,
                3.353341645936064,
                1.0719562438951413,
            ],
        },
        Case {
            name: "bounded pareto, alpha 1",
            distribution: Distribution::bounded_pareto(1.0, 2.0, 8.0).unwrap(),
            // 2 / 0.75 times ln 4 and 8 - 2.
            mean: 2.0 / 0.75 * 4.0f64.log_by_libm(),
            variance: 16.0 - 64.0 / 9.0 * 4.0f64.log_by_libm() * 4.0f64.log_by_libm(),
            cdf: closed(pareto(1.0, 2.0, 8.0)),
            pinned: [
                2.052029519685383,
                4.1135797384663,
                2.0957830040549115,
                2.3229027591403106,
                3.454585956722973,
            ],
        },
        Case {
            name: "empirical",
            distribution: Distribution::empirical(vec![1.0, 2.0, 2.0, 7.0]).unwrap(),
            mean: 3.0,
            variance: 5.5,
            cdf: None,
            pinned: [1.0, 7.0, 2.0, 2.0, 2.0],
        },
    ]
}

trait LogByLibm {
    fn log_by_libm(self) -> f64;
}
impl LogByLibm for f64 {
    fn log_by_libm(self) -> f64 {
        libm::log(self)
    }
}

fn draws(case: &Case, count: usize) -> Vec<f64> {
    let mut rng = Streams::new(2026, 0).stream(case.name, "test");
    (0..count).map(|_| case.distribution.sample(&mut rng)).collect()
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + b.abs())
}

#[test]
fn declared_moments_are_exact() {
    for Case { name, distribution, mean, variance, .. } in cases() {
        assert!(near(distribution.mean(), mean), "{name}: mean {}", distribution.mean());
        let declared = distribution.variance();
        assert!(near(declared, variance), "{name}: variance {declared} {variance}");
    }
}

#[test]
fn draws_have_the_declared_moments() {
    for case in cases() {
        let values = draws(&case, DRAWS);
        let n = DRAWS as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (case.variance / n).sqrt();
        assert!((mean - case.mean).abs() <= Z * deviation, "{}: mean {mean}", case.name);
        let square = |value: &f64| (value - case.mean) * (value - case.mean);
        let variance = values.iter().map(square).sum::<f64>() / n;
        let fourth = values.iter().map(|value| square(value) * square(value)).sum::<f64>() / n;
        let deviation = ((fourth - variance * variance) / n).sqrt();
        assert!(
            (variance - case.variance).abs() <= Z * deviation,
            "{}: variance {variance}, expected {}",
            case.name,
            case.variance
        );
        assert!(values.iter().all(|&value| value >= 0.0 && value.is_finite()), "{}", case.name);
    }
}

/// The largest distance between the distribution function and that of the draws.
fn kolmogorov_smirnov(mut values: Vec<f64>, cdf: &dyn Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let distance = |(index, &value): (usize, &f64)| {
        let (expected, below) = (cdf(value), index as f64 / n);
        (expected - below).max(below + 1.0 / n - expected)
    };
    values.iter().enumerate().map(distance).fold(0.0, f64::max)
}

#[test]
fn draws_follow_the_distribution_function() {
    for case in cases() {
        let Some(cdf) = &case.cdf else { continue };
        let distance = kolmogorov_smirnov(draws(&case, DRAWS), cdf) * (DRAWS as f64).sqrt();
        assert!(distance < KOLMOGOROV, "{}: {distance}", case.name);
    }
}

#[test]
fn normal_draws_follow_the_distribution_function() {
    let mut rng = Streams::new(2026, 0).stream("normal", "test");
    let values: Vec<f64> = (0..DRAWS).map(|_| standard_normal(&mut rng)).collect();
    let normal = reference::Normal::standard();
    let distance = kolmogorov_smirnov(values, &|x| normal.cdf(x)) * (DRAWS as f64).sqrt();
    assert!(distance < KOLMOGOROV, "{distance}");
}

#[test]
fn values_are_pinned() {
    let mut changed = Vec::new();
    for case in cases() {
        let values = draws(&case, 5);
        if values != case.pinned {
            changed.push(format!("{}: {values:?}", case.name));
        }
    }
    assert!(changed.is_empty(), "value-breaking:\n{}", changed.join("\n"));
}

#[test]
fn durations_are_in_seconds() {
    let mut rng = Streams::new(1, 0).stream("a", "b");
    let second = Distribution::constant(1.5).unwrap().sample_duration(&mut rng);
    assert_eq!(second, SimDuration::from_millis(1_500));
}

#[test]
fn errors_name_every_parameter() {
    let nan = f64::NAN;
    let positive = "greater than zero and at most 1e18";
    let cases = [
        (
            Distribution::constant(-1.0),
            "constant: `value` must be zero or greater and at most 1e18, found `-1`".to_owned(),
        ),
        (
            Distribution::uniform(3.0, 2.0),
            "uniform: `hi` must be at least `lo`, which is 3, found `2`".to_owned(),
        ),
        (
            Distribution::exponential(nan),
            format!("exponential: `mean` must be {positive}, found `NaN`"),
        ),
        (
            Distribution::erlang(0, 0.0),
            format!(
                "erlang: `k` must be at least 1, found `0`; `mean` must be {positive}, found `0`"
            ),
        ),
        (
            Distribution::gamma(-2.0, 0.0),
            format!(
                "gamma: `mean` must be {positive}, found `-2`; `cv` must be from 0.001 to 1000, found `0`"
            ),
        ),
        (
            Distribution::hyperexponential(&[]),
            "hyperexponential: `branches` must be from 1 to 64 in number, found `[]`".to_owned(),
        ),
        (
            Distribution::hyperexponential(&[(0.5, 1.0), (0.25, 0.0)]),
            format!(
                "hyperexponential: `mean[1]` must be {positive}, found `0`; \
                 `sum of the probabilities` must be 1, found `0.75`"
            ),
        ),
        (
            Distribution::hyperexponential_balanced(1.0, 0.5),
            "hyperexponential: `cv` must be from 1 to 1000, found `0.5`".to_owned(),
        ),
        (
            Distribution::lognormal(1.0, f64::INFINITY),
            "lognormal: `cv` must be greater than zero and at most 1000, found `inf`".to_owned(),
        ),
        (
            Distribution::weibull(0.0, 1.0),
            "weibull: `shape` must be from 0.05 to 1000, found `0`".to_owned(),
        ),
        (
            Distribution::bounded_pareto(1.0, 2.0, 2.0),
            "bounded_pareto: `hi` must be greater than `lo`, which is 2, found `2`".to_owned(),
        ),
        (
            Distribution::empirical(vec![]),
            "empirical: `values` must be at least one number, found `[]`".to_owned(),
        ),
        (
            Distribution::empirical(vec![1.0, nan, -3.0]),
            "empirical: `values[1]` must be zero or greater and at most 1e18, found `NaN`; \
             `values[2]` must be zero or greater and at most 1e18, found `-3`"
                .to_owned(),
        ),
    ];
    for (result, message) in cases {
        assert_eq!(result.unwrap_err().to_string(), message);
    }
}

/// The corners of the parameter space give finite, non-negative values.
#[test]
fn extremes_stay_in_range() {
    let corners = [
        Distribution::gamma(1.0, 1e-3),
        Distribution::gamma(1e18, 1e3),
        Distribution::lognormal(1e18, 1e3),
        Distribution::lognormal(1e-300, 1e-9),
        Distribution::weibull(0.05, 1e18),
        Distribution::weibull(1e3, 1.0),
        Distribution::bounded_pareto(1e3, 1.0, 1e18),
        Distribution::bounded_pareto(1e-9, 1e-9, 1e18),
        Distribution::hyperexponential_balanced(1e18, 1e3),
        Distribution::hyperexponential_balanced(1.0, 1.0),
        Distribution::uniform(0.0, 0.0),
    ];
    let mut rng = Streams::new(1, 0).stream("corners", "test");
    for corner in corners.map(Result::unwrap) {
        assert!(corner.mean().is_finite() && corner.variance() >= 0.0, "{corner:?}");
        for _ in 0..1000 {
            let value = corner.sample(&mut rng);
            assert!(value >= 0.0 && value.is_finite(), "{corner:?}: {value}");
        }
    }
}
