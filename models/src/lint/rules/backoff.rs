//! Backoffs as argo-events computes them. Not a rule.
//!
//! argo-events v1.9.11 `pkg/shared/util/retry.go:Convert2WaitBackoff`, `pkg/apis/events/v1alpha1/int64str.go`;
//! apimachinery `wait.ExponentialBackoff`: it does not sleep after the last attempt.

use super::durations;
use crate::manifest::yaml::{Node, Style};

/// Longer waits need no exact number.
const LONG_S: f64 = 1e10;
/// Sleeps that are added up one by one; those after them count as long as the last.
const SLEEPS_MAX: u32 = 10_000;

/// A backoff that argo-events accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    /// Attempts, the first included.
    pub(super) steps: u32,
    duration_s: f64,
    factor: f64,
    jitter: f64,
}

/// How a duration is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Written {
    /// As a whole number, which is nanoseconds.
    Nanoseconds(i64),
    /// As Go reads durations.
    Duration(f64),
    /// As a number with a fraction, which nothing reads.
    Fraction,
    /// As something else, which is refused when the backoff is used.
    Refused,
}

/// How the duration of a backoff is written, if it is.
pub(super) fn written(duration: &Node) -> Option<Written> {
    let text = duration.scalar()?;
    let is_text = matches!(duration.style(), Style::Quoted | Style::Block);
    if !is_text {
        if let Ok(number) = text.parse() {
            return Some(Written::Nanoseconds(number));
        }
        if text.contains('.') && text.parse::<f64>().is_ok() {
            return Some(Written::Fraction);
        }
    }
    Some(durations::go(text).map_or(Written::Refused, Written::Duration))
}

impl Backoff {
    /// The controller's default.
    pub(super) const DEFAULT: Self = Self { steps: 5, duration_s: 1.0, factor: 1.0, jitter: 1.0 };

    /// A backoff; none if argo-events does not accept it.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let amount = |field: &str, default: f64| match node.get(field) {
            None => Some(default),
            Some(it) => it.scalar()?.parse::<f64>().ok().filter(|it| it.is_finite()),
        };
        let duration_s = match node.get("duration") {
            None => 1.0,
            Some(duration) => match written(duration)? {
                Written::Nanoseconds(ns) => ns as f64 / 1e9,
                Written::Duration(seconds) => seconds,
                Written::Fraction | Written::Refused => return None,
            },
        };
        let steps = match node.get("steps") {
            None => 0,
            Some(steps) => steps.scalar()?.parse::<i32>().ok()?,
        };
        let steps = u32::try_from(steps).ok().filter(|&it| it > 0).unwrap_or(5);
        Some(Self {
            steps,
            duration_s,
            factor: amount("factor", 1.0)?,
            jitter: amount("jitter", 1.0)?,
        })
    }

    /// The least and the longest time that all its sleeps last, if in the longest case no attempt follows the
    /// one before by less than an interval.
    pub(super) fn lasts_s(&self, interval_s: f64) -> (f64, f64) {
        let (mut sleep_s, mut least_s, mut most_s) = (self.duration_s.max(0.0), 0.0, 0.0);
        let longest = |sleep_s: f64| (sleep_s * (1.0 + self.jitter.max(0.0))).max(interval_s);
        let sleeps = self.steps - 1;
        let looked_at = sleeps.min(SLEEPS_MAX);
        for _ in 0..looked_at {
            least_s += sleep_s;
            most_s += longest(sleep_s);
            if least_s > LONG_S {
                return (least_s, most_s);
            }
            if self.factor != 0.0 {
                sleep_s = (sleep_s * self.factor).max(0.0);
            }
        }
        let rest = f64::from(sleeps - looked_at);
        (least_s + rest * sleep_s, most_s + rest * longest(sleep_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::document;

    #[test]
    fn backoffs_last_as_long_as_their_sleeps() {
        let lasts = |text: &str| {
            Backoff::of(&document("f", text, 0).unwrap()).map(|it| (it.steps, it.lasts_s(0.0)))
        };
        assert_eq!(lasts("{}"), Some((5, (4.0, 8.0))));
        assert_eq!(lasts("{steps: 3, duration: 1s, factor: 2, jitter: 0}"), Some((3, (3.0, 3.0))));
        assert_eq!(
            lasts("{steps: 3, duration: 10s, factor: \"0\", jitter: 0.5}"),
            Some((3, (20.0, 30.0)))
        );
        assert!(lasts("{steps: 100, duration: 500s, factor: 5.0}").unwrap().1.0 > 1e10);
        assert_eq!(lasts("{steps: 2, duration: 10, jitter: 0}"), Some((2, (1e-8, 1e-8))));
        assert_eq!(lasts("{duration: \"10\"}"), None);
        assert_eq!(lasts("{duration: 1.5}"), None);
        let many = lasts("{steps: 2147483647, duration: 1ms, jitter: 0}").unwrap().1.0;
        assert!((many - 2_147_483.646).abs() < 1e-3, "{many}");
        let limited = Backoff::DEFAULT.lasts_s(6.0);
        assert_eq!(limited, (4.0, 24.0));
    }
}
