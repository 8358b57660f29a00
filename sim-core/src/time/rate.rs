//! Rates.

use std::fmt;
use std::str::FromStr;

use super::SimDuration;
use super::duration::{self, DAY, HOUR, MINUTE, SECOND};
use super::quantity::{Decimal, Problem, Quantity, QuantityError, shortened};

/// So many events per so much time; never zero. `"10/min"` and `"1/6s"` are the same speed but not
/// the same value: a limiter may care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Events in each period; at least one.
    pub count: u64,
    /// The period; longer than zero.
    pub per: SimDuration,
}

/// The names of periods. The words are how Argo Events spells `rateLimit.unit`, in lower case.
const PERIODS: [(&str, u64); 13] = [
    ("s", SECOND),
    ("min", MINUTE),
    ("h", HOUR),
    ("d", DAY),
    ("ms", SECOND / 1_000),
    ("us", SECOND / 1_000_000),
    ("ns", 1),
    ("m", MINUTE),
    ("sec", SECOND),
    ("second", SECOND),
    ("minute", MINUTE),
    ("hour", HOUR),
    ("day", DAY),
];

/// The decimal places of a number per second that [`Rate::from_per_s`] keeps, at most.
const PLACES_MAX: u32 = 9;

impl Rate {
    /// `count` events in each `per`; none if either is zero.
    #[must_use]
    pub const fn new(count: u64, per: SimDuration) -> Option<Self> {
        if count == 0 || per.is_zero() { None } else { Some(Self { count, per }) }
    }

    /// The rate nearest to `per_s` events per second: exact when `per_s` was written with up to nine
    /// decimal places and 15 digits (0.1 gives one per ten seconds, although no double is 0.1).
    /// None if `per_s` is not a number, below 1e-9, or above 1e18.
    #[must_use]
    pub fn from_per_s(per_s: f64) -> Option<Self> {
        if !(1e-9..=1e18).contains(&per_s) {
            return None;
        }
        let mut scale = 1u64;
        for _ in 0..PLACES_MAX {
            let scaled = per_s * scale as f64;
            // Further places would be beyond what a double can tell apart.
            if (scaled - scaled.round()).abs() <= scaled * f64::EPSILON || scaled >= 1e15 {
                break;
            }
            scale *= 10;
        }
        reduced((per_s * scale as f64).round() as u128, scale, SECOND).ok()
    }

    /// Events per second.
    #[must_use]
    pub fn per_s(&self) -> f64 {
        self.count as f64 * 1e9 / self.per.as_nanos() as f64
    }

    /// The time between two events: `per` / `count` in whole nanoseconds, the rest cut off, as Go
    /// divides durations.
    ///
    /// # Panics
    ///
    /// If `count` is zero.
    #[must_use]
    pub fn interval(&self) -> SimDuration {
        self.per / self.count
    }
}

/// `count` / `scale` events in `unit` nanoseconds, as whole events in a longer period.
fn reduced(count: u128, scale: u64, unit: u64) -> Result<Rate, Problem> {
    let divisor = gcd(count, u128::from(scale));
    let per = u128::from(unit) * (u128::from(scale) / divisor);
    let count = u64::try_from(count / divisor).map_err(|_| Problem::TooLarge)?;
    let per = u64::try_from(per).map_err(|_| Problem::TooSmall)?;
    Rate::new(count, SimDuration::from_nanos(per)).ok_or(Problem::Zero)
}

const fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `"10/min"`, `"100/s"`, `"3/h"`, `"0.5/s"` (one per two seconds), `"3/2s"`, `"1/250ms"`. A whole
/// number of events is kept as written.
impl FromStr for Rate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).map_err(|problem| QuantityError::new(Quantity::Rate, text, problem))
    }
}

fn parse(text: &str) -> Result<Rate, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let (events, rest) = Decimal::take(text)?;
    let Some(period) = rest.strip_prefix('/') else {
        return Err(if rest.is_empty() || rest.contains('/') {
            Problem::NoSlash
        } else {
            Problem::UnknownUnit(shortened(rest))
        });
    };
    let named = PERIODS.into_iter().find(|(name, _)| *name == period);
    let unit = match named {
        Some((_, unit)) => unit,
        None if period.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            duration::parse(period)?.as_nanos()
        }
        None if period.is_empty() => return Err(Problem::NoUnit),
        None => return Err(Problem::UnknownUnit(shortened(period))),
    };
    let scale = 10u64.checked_pow(events.places).ok_or(Problem::TooSmall)?;
    reduced(events.digits, scale, unit)
}

/// Exact: `10/min`, `100/s`, `1/2s`. [`FromStr`] reads it back.
impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.per.as_nanos();
        let text = match PERIODS[..4].iter().find(|&&(_, unit)| unit == nanos) {
            Some((name, _)) => format!("{}/{name}", self.count),
            None => format!("{}/{}", self.count, self.per),
        };
        out.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(count: u64, per: u64) -> Rate {
        Rate { count, per: SimDuration::from_nanos(per) }
    }

    #[test]
    fn text_is_read_and_written_exactly() {
        let cases = [
            ("10/min", 10, MINUTE, "10/min"),
            ("10/m", 10, MINUTE, "10/min"),
            ("10/minute", 10, MINUTE, "10/min"),
            ("100/s", 100, SECOND, "100/s"),
            ("100/second", 100, SECOND, "100/s"),
            ("3/h", 3, HOUR, "3/h"),
            ("3/d", 3, DAY, "3/d"),
            ("1000000/s", 1_000_000, SECOND, "1000000/s"),
            ("0.5/s", 1, 2 * SECOND, "1/2s"),
            ("1.5/s", 3, 2 * SECOND, "3/2s"),
            ("0.1/s", 1, 10 * SECOND, "1/10s"),
            ("3/2s", 3, 2 * SECOND, "3/2s"),
            ("6/60s", 6, MINUTE, "6/min"),
            ("1/250ms", 1, SECOND / 4, "1/250ms"),
            ("1/ms", 1, SECOND / 1_000, "1/1ms"),
        ];
        for (text, count, per, printed) in cases {
            let parsed: Rate = text.parse().unwrap();
            assert_eq!(parsed, rate(count, per), "{text}");
            assert_eq!(parsed.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let cases = [
            ("", "a rate is missing: the text is empty"),
            ("10", "`10` is not a rate: there is no `/`"),
            ("10 per minute", "`10 per minute` is not a rate: the unit ` per minute` is unknown"),
            ("10/", "`10/` is not a rate: it needs a unit"),
            ("10/60", "`10/60` is not a rate: it needs a unit"),
            ("10/week", "`10/week` is not a rate: the unit `week` is unknown"),
            ("/s", "`/s` is not a rate: `/s` is not a number"),
            ("-1/s", "`-1/s` is not a rate: it is negative"),
            ("0/s", "`0/s` is not a rate: it is zero, but must be greater"),
            ("0.0/s", "`0.0/s` is not a rate: it is zero, but must be greater"),
            ("1/0s", "`1/0s` is not a rate: it is zero, but must be greater"),
            ("99999999999999999999/s", "`99999999999999999999/s` is not a rate: it is too large"),
            (
                "0.00000000001/d",
                "`0.00000000001/d` is not a rate: it is less than one in 584 years",
            ),
        ];
        for (text, message) in cases {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            let (problem, expected) = error.split_once("; expected ").unwrap();
            assert_eq!(problem, message);
            assert!(expected.contains("such as `10/min`"), "{expected}");
        }
    }

    #[test]
    fn interval_is_cut_off_and_speed_is_not() {
        assert_eq!(rate(3, SECOND).interval(), SimDuration::from_nanos(333_333_333));
        assert_eq!(rate(10, MINUTE).interval(), SimDuration::from_secs(6));
        assert_eq!(rate(10, MINUTE).per_s(), 10.0 / 60.0);
    }

    #[test]
    fn floats_become_the_rate_that_was_meant() {
        let cases = [
            (100.0, Some(rate(100, SECOND))),
            (0.5, Some(rate(1, 2 * SECOND))),
            (0.1, Some(rate(1, 10 * SECOND))),
            (33.3, Some(rate(333, 10 * SECOND))),
            (1e18, Some(rate(1_000_000_000_000_000_000, SECOND))),
            (1e-9, Some(rate(1, 1_000_000_000 * SECOND))),
            (0.0, None),
            (-1.0, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ];
        for (per_s, expected) in cases {
            assert_eq!(Rate::from_per_s(per_s), expected, "{per_s}");
        }
        let third = Rate::from_per_s(1.0 / 3.0).unwrap().per_s();
        assert!((third - 1.0 / 3.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn printed_rates_are_read_back(count in 1u64.., per in 1u64.., shift in 0u32..63) {
            let rate = rate(count, (per >> shift).max(1));
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn rates_from_floats_are_near(per_s in 1e-3f64..1e9) {
            let rate = Rate::from_per_s(per_s).unwrap();
            prop_assert!((rate.per_s() - per_s).abs() <= 1e-6 * per_s);
        }
    }
}
