//! Durations as text, in the manner of Go's `time.ParseDuration`, with days and without floats.

use std::fmt;
use std::str::FromStr;

use super::quantity::{Decimal, Problem, Quantity, QuantityError, take_unit};
use super::{SimDuration, SimTime};

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
pub(super) const SECOND: u64 = 1_000_000_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// Both micro signs: U+00B5 as on keyboards, U+03BC as in Greek; Go reads both too.
const UNITS: [(&str, u64); 10] = [
    ("ns", 1),
    ("us", MICROSECOND),
    ("\u{b5}s", MICROSECOND),
    ("\u{3bc}s", MICROSECOND),
    ("ms", MILLISECOND),
    ("s", SECOND),
    ("m", MINUTE),
    ("min", MINUTE),
    ("h", HOUR),
    ("d", DAY),
];

/// One or more decimals with units, which are added: `"30s"`, `"1m30s"`, `"1.5h"`, `"1d"`. Unlike
/// in Go there are days, no sign, and no bare zero, and what is finer than a nanosecond is refused
/// rather than cut off.
impl FromStr for SimDuration {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).map_err(|problem| QuantityError::new(Quantity::Duration, text, problem))
    }
}

pub(super) fn parse(text: &str) -> Result<SimDuration, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let mut nanos = 0u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after_number) = Decimal::take(rest)?;
        let (unit, after_unit) = take_unit(after_number, &UNITS)?;
        nanos = nanos.checked_add(number.times(unit)?).ok_or(Problem::TooLarge)?;
        rest = after_unit;
    }
    Ok(SimDuration::from_nanos(nanos))
}

/// Exact, and as short as units allow: `1m30s`, `250ms`, `1.5s`, `1d`, `0s`. [`FromStr`] reads it
/// back.
impl fmt::Display for SimDuration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Through a string, so that width and alignment work in tables.
        out.pad(&text(self.as_nanos()))
    }
}

/// The time since the run began, written as a duration: `1h30m`.
impl fmt::Display for SimTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&text(self.as_nanos()))
    }
}

fn text(nanos: u64) -> String {
    if nanos < SECOND {
        let units = [("ms", MILLISECOND), ("us", MICROSECOND), ("ns", 1)];
        let unit = units.into_iter().find(|&(_, unit)| nanos >= unit);
        return unit.map_or("0s".to_owned(), |(name, unit)| decimal(nanos, unit) + name);
    }
    let mut text = String::new();
    let mut rest = nanos;
    for (name, unit) in [("d", DAY), ("h", HOUR), ("m", MINUTE)] {
        if rest >= unit {
            text += &format!("{}{name}", rest / unit);
            rest %= unit;
        }
    }
    if rest > 0 {
        text += &decimal(rest, SECOND);
        text += "s";
    }
    text
}

/// `nanos` in `unit`, a power of ten, with as many places as it needs.
fn decimal(nanos: u64, unit: u64) -> String {
    let (whole, fraction) = (nanos / unit, nanos % unit);
    if fraction == 0 {
        return whole.to_string();
    }
    let places = unit.ilog10() as usize;
    format!("{whole}.{fraction:0places$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_read_and_written_exactly() {
        let cases = [
            ("0s", 0, "0s"),
            ("7ns", 7, "7ns"),
            ("100us", 100_000, "100us"),
            ("100\u{b5}s", 100_000, "100us"),
            ("100\u{3bc}s", 100_000, "100us"),
            ("1.5us", 1_500, "1.5us"),
            ("250ms", 250_000_000, "250ms"),
            ("0.25s", 250_000_000, "250ms"),
            (".25s", 250_000_000, "250ms"),
            ("1.s", SECOND, "1s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("1.50000000000000000000000000000000000000000000s", 1_500_000_000, "1.5s"),
            ("30s", 30 * SECOND, "30s"),
            ("90s", 90 * SECOND, "1m30s"),
            ("1m30s", 90 * SECOND, "1m30s"),
            ("5min", 5 * MINUTE, "5m"),
            ("2h", 2 * HOUR, "2h"),
            ("1h0m0s", HOUR, "1h"),
            ("24h", DAY, "1d"),
            ("1d", DAY, "1d"),
            ("1h1ns", HOUR + 1, "1h0.000000001s"),
            ("0.1s", 100_000_000, "100ms"),
            ("18446744073709551615ns", u64::MAX, "213503d23h34m33.709551615s"),
        ];
        for (text, nanos, printed) in cases {
            let duration: SimDuration = text.parse().unwrap();
            assert_eq!(duration.as_nanos(), nanos, "{text}");
            assert_eq!(duration.to_string(), printed, "{text}");
            assert_eq!(SimTime::from_nanos(nanos).to_string(), printed);
        }
        assert_eq!(format!("[{:>6}]", SimDuration::from_secs(5)), "[    5s]");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let cases = [
            ("", "a duration is missing: the text is empty"),
            ("10", "`10` is not a duration: it needs a unit"),
            ("0", "`0` is not a duration: it needs a unit"),
            ("1m30", "`1m30` is not a duration: it needs a unit"),
            ("s", "`s` is not a duration: `s` is not a number"),
            ("soon", "`soon` is not a duration: `soon` is not a number"),
            (".s", "`.s` is not a duration: `.s` is not a number"),
            ("-5s", "`-5s` is not a duration: it is negative"),
            ("5sec", "`5sec` is not a duration: the unit `sec` is unknown"),
            ("5 s", "`5 s` is not a duration: the unit ` s` is unknown"),
            ("1e3s", "`1e3s` is not a duration: the unit `e` is unknown"),
            ("0.5ns", "`0.5ns` is not a duration: it is finer than one nanosecond"),
            ("1.0000000001s", "`1.0000000001s` is not a duration: it is finer than one nanosecond"),
            ("213504d", "`213504d` is not a duration: it is longer than 584 years"),
            ("213503d1d", "`213503d1d` is not a duration: it is longer than 584 years"),
        ];
        for (text, message) in cases {
            let error = text.parse::<SimDuration>().unwrap_err().to_string();
            let (problem, expected) = error.split_once("; expected ").unwrap();
            assert_eq!(problem, message);
            assert!(expected.ends_with("such as `30s`, `1m30s` or `250ms`"), "{expected}");
        }
    }

    #[test]
    fn rubbish_is_quoted_in_short() {
        let error = "\u{e9}".repeat(1_000_000).parse::<SimDuration>().unwrap_err();
        assert_eq!(error.found, "\u{e9}".repeat(40) + "...");
        assert!(error.to_string().len() < 500);
        let error = "9".repeat(1_000_000).parse::<SimDuration>().unwrap_err();
        assert_eq!(error.problem, Problem::TooLarge);
    }

    proptest! {
        #[test]
        fn printed_durations_are_read_back(nanos: u64, shift in 0u32..64) {
            let duration = SimDuration::from_nanos(nanos >> shift);
            prop_assert_eq!(duration.to_string().parse(), Ok(duration));
        }

        #[test]
        fn any_text_is_an_answer_or_an_error(text in "[0-9.a-z -]{0,12}") {
            let _ = text.parse::<SimDuration>().map_err(|error| error.to_string());
        }
    }
}
