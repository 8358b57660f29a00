//! All distances from theory together.

use statrs::distribution::{ContinuousCDF, Normal};

use sim_core::stats::{chi_square_quantile, normal_quantile};

use super::case::Finding;

/// One in a thousand that a right simulator fails, each test for itself.
const MISS: f64 = 0.001;

/// The 0.1 % point of the Anderson-Darling statistic for a law that is known completely (Marsaglia and
/// Marsaglia, "Evaluating the Anderson-Darling Distribution", 2004, give 0.99903 for it).
const ANDERSON_DARLING_MAX: f64 = 6.0;

/// `A^2 = -n - 1/n sum (2i - 1) (log F(z_i) + log (1 - F(z_{n+1-i})))`.
fn anderson_darling(mut scores: Vec<f64>) -> f64 {
    let law = Normal::standard();
    scores.sort_by(f64::total_cmp);
    let n = scores.len();
    let sum: f64 = (0..n)
        .map(|i| {
            let low = law.cdf(scores[i]).max(f64::MIN_POSITIVE);
            let high = law.sf(scores[n - 1 - i]).max(f64::MIN_POSITIVE);
            (2 * i + 1) as f64 * (libm::log(low) + libm::log(high))
        })
        .sum();
    -(n as f64) - sum / n as f64
}

/// The first figure of every case: figures of the same runs depend on each other, cases do not.
fn independent_scores(findings: &[Finding]) -> Vec<f64> {
    let firsts = findings
        .iter()
        .enumerate()
        .filter(|(at, finding)| *at == 0 || findings[at - 1].case != finding.case);
    firsts.filter_map(|(_, finding)| finding.z).collect()
}

/// The scores of all cases together are those of a standard normal law.
pub(super) fn check(findings: &[Finding]) {
    let scores = independent_scores(findings);
    let count = scores.len() as f64;
    assert!(count >= 90.0, "{count} cases");

    let statistic = anderson_darling(scores.clone());
    let square: f64 = scores.iter().map(|z| z * z).sum();
    let mean = scores.iter().sum::<f64>() / count.sqrt();
    let all: Vec<f64> = findings.iter().filter_map(|finding| finding.z).collect();
    let worst = all.iter().fold(0.0_f64, |worst, z| worst.max(z.abs()));
    println!(
        "{count} cases: Anderson-Darling {statistic:.3}, sum of squares {square:.1}, sum {mean:.2} \
         deviations; {} figures: largest |z| {worst:.2}",
        all.len()
    );

    assert!(statistic < ANDERSON_DARLING_MAX, "Anderson-Darling {statistic}");
    let (low, high) =
        (chi_square_quantile(MISS / 2.0, count), chi_square_quantile(1.0 - MISS / 2.0, count));
    assert!((low..high).contains(&square), "sum of squares {square}, not {low} to {high}");
    let mean_max = normal_quantile(1.0 - MISS / 2.0);
    assert!(mean.abs() < mean_max, "on average {mean} deviations off");
    // Bonferroni: with so many figures the largest may be far out.
    let worst_max = normal_quantile(1.0 - MISS / 2.0 / all.len() as f64);
    assert!(worst < worst_max, "the largest |z| is {worst}, more than {worst_max}");
}

#[test]
fn the_joint_tests_can_fail() {
    let quantiles = |scale: f64, shift: f64| -> Vec<f64> {
        (0..100).map(|i| normal_quantile((f64::from(i) + 0.5) / 100.0) * scale + shift).collect()
    };
    assert!(anderson_darling(quantiles(1.0, 0.0)) < 0.1);
    assert!(anderson_darling(quantiles(1.0, 0.5)) > ANDERSON_DARLING_MAX);
    assert!(anderson_darling(quantiles(0.5, 0.0)) > ANDERSON_DARLING_MAX);
    assert!(anderson_darling(quantiles(2.0, 0.0)) > ANDERSON_DARLING_MAX);
}
