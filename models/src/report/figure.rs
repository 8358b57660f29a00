//! A figure with how sure it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::observe::{Histogram, Moments};
use sim_core::stats::mean_interval;

use crate::outcome::{Outcome, SampleOutcome};

/// The confidence of every interval in a report.
pub const CONFIDENCE: f64 = 0.95;

/// A figure: with two or more replications a mean over them and the 95 % t interval of that mean. Its
/// unit is the last part of the field's name; without one it is a count or a share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// The lower end of its 95 % interval; absent with one replication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

impl Figure {
    /// A figure without an interval.
    #[must_use]
    pub const fn exactly(value: f64) -> Self {
        Self { value, low: None, high: None }
    }

    /// The mean of one value per replication. `None`: there are none.
    pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        let &first = values.first()?;
        if values.iter().all(|&value| value == first) {
            // A running mean of equal values may be off in its last digit.
            let interval = (values.len() > 1).then_some(first);
            return Some(Self { value: first, low: interval, high: interval });
        }
        let moments: Moments = values.iter().copied().collect();
        let interval = mean_interval(&moments, CONFIDENCE);
        Some(Self {
            // Exact where the values are whole.
            value: values.iter().sum::<f64>() / values.len() as f64,
            low: interval.map(|interval| interval.lower),
            high: interval.map(|interval| interval.upper),
        })
    }

    /// The mean over outcomes, of which there is at least one.
    pub(crate) fn over(outcomes: &[Outcome], of: impl Fn(&Outcome) -> f64) -> Self {
        Self::mean(outcomes.iter().map(of)).unwrap_or_default()
    }

    /// Half of the interval's length, where it has one.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }

    /// Divided, so that whole milliseconds stay short: a product with 1e-9 is off in the last digit.
    fn per(self, divisor: f64) -> Self {
        let scaled = |value: Option<f64>| value.map(|value| value / divisor);
        Self { value: self.value / divisor, low: scaled(self.low), high: scaled(self.high) }
    }
}

const NS_PER_S: f64 = 1e9;

/// How long something took, over all that were measured in all replications.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// How many were measured, per replication.
    pub count: Figure,
    /// Their mean.
    pub mean_s: Figure,
    /// Half took at most so long. Quantiles are those of all replications pooled, with the t interval
    /// of the replications' own quantiles: those within one run depend on each other.
    pub p50_s: Figure,
    /// Nine in ten took at most so long.
    pub p90_s: Figure,
    /// 99 in 100 took at most so long.
    pub p99_s: Figure,
    /// 999 in 1,000 took at most so long.
    pub p999_s: Figure,
    /// The longest of all.
    pub max_s: Figure,
}

impl Times {
    /// Over the samples that `of` finds in each outcome. `None`: nothing was measured.
    pub(crate) fn over(
        outcomes: &[Outcome],
        of: impl Fn(&Outcome) -> Option<&SampleOutcome>,
    ) -> Option<Self> {
        let samples: Vec<&SampleOutcome> = outcomes.iter().filter_map(of).collect();
        let mut pooled = Histogram::new();
        samples.iter().for_each(|sample| pooled.merge(&sample.histogram));
        if pooled.is_empty() {
            return None;
        }
        let measured = || samples.iter().filter(|sample| sample.count > 0);
        let quantile = |q: f64| {
            let spread = Figure::mean(measured().map(|sample| sample.quantile_ns(q) as f64));
            around(pooled.quantile(q) as f64, spread).per(NS_PER_S)
        };
        Some(Self {
            count: Figure::mean(samples.iter().map(|sample| sample.count as f64))?,
            mean_s: Figure::mean(measured().map(|sample| sample.mean_ns))?.per(NS_PER_S),
            p50_s: quantile(0.5),
            p90_s: quantile(0.9),
            p99_s: quantile(0.99),
            p999_s: quantile(0.999),
            max_s: Figure::exactly(pooled.max() as f64).per(NS_PER_S),
        })
    }
}

/// `value` with the interval of `spread`, moved to it.
fn around(value: f64, spread: Option<Figure>) -> Figure {
    let half_width = spread.and_then(|spread| spread.half_width());
    Figure {
        value,
        low: half_width.map(|half| (value - half).max(0.0)),
        high: half_width.map(|half| value + half),
    }
}

/// To twelve digits, or `limit` itself where it is as near as that: a sum of shares of a rate is off in the
/// sixteenth, which nobody wants to see, nor to have decide whether 3/s are more than 3/s.
pub(super) fn tidy(value: f64, limit: f64) -> f64 {
    let short = |value: f64| format!("{value:.11e}").parse().unwrap_or(value);
    if short(value) == short(limit) { limit } else { short(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_short_as_they_can_be() {
        for (values, expected) in [
            (vec![8052.0], "8052.0"),
            (vec![0.031; 3], "0.031"),
            (vec![0.0, 1.0, 0.0], "0.3333333333333333"),
            (vec![1.0, 2.0, 6.0], "3.0"),
        ] {
            let figure = Figure::mean(values.iter().copied()).unwrap();
            assert_eq!(format!("{:?}", figure.value), expected, "{values:?}");
            assert_eq!(figure.low.is_some(), values.len() > 1);
            assert!(figure.low.is_none_or(|low| low <= figure.value));
        }
        assert_eq!(Figure::mean([]), None);
        let sixth = 1.0 / 6.0;
        for (value, limit, expected) in [
            (3.000_000_000_000_000_4, 3.0, 3.0),
            (0.049_999_999_999_999_99, 1.0, 0.05),
            (sixth + 1e-16, sixth, sixth),
            (f64::INFINITY, 1.0, f64::INFINITY),
        ] {
            assert_eq!(tidy(value, limit), expected);
        }
    }
}
