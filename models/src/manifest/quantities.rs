//! Numbers, sizes and times, as the programs that get them read them, and as people mean them.

use sim_core::time::SimDuration;

use super::yaml::{Node, Style};
use crate::spec::quantity::DurationText;

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// The whole number that viper's `GetInt64` returns; none where it fails and returns 0 without a word.
pub(crate) fn integer(node: &Node) -> Option<i64> {
    integer_in(node.scalar()?, node.style())
}

/// The same of a text that is written so.
pub(crate) fn integer_in(text: &str, style: Style) -> Option<i64> {
    let text = text.trim();
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = |prefix: &str, radix| {
        digits.strip_prefix(prefix).and_then(|digits| i64::from_str_radix(digits, radix).ok())
    };
    let whole = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2));
    if let Some(whole) = whole.or_else(|| digits.parse().ok()) {
        return Some(sign * whole);
    }
    match (text, style) {
        ("true", _) => Some(1),
        ("false", _) => Some(0),
        // Only what YAML takes for a number is cut to a whole one.
        (_, Style::Plain) => digits
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| digits.parse::<f64>().ok())?
            .map(|number| sign * number as i64),
        _ => None,
    }
}

/// The nanoseconds that viper's `GetDuration` returns; none where it fails and returns 0 without a word.
pub(crate) fn nanoseconds(node: &Node) -> Option<i64> {
    nanoseconds_in(node.scalar()?, node.style())
}

/// The same of a text that is written so.
pub(crate) fn nanoseconds_in(text: &str, style: Style) -> Option<i64> {
    let text = text.trim();
    if text.contains(['n', 's', 'u', 'µ', 'm', 'h']) {
        return go_duration(text);
    }
    integer_in(text, style).or_else(|| go_duration(&format!("{text}ns")))
}

/// The nanoseconds that Go's `time.ParseDuration` makes of it.
pub(crate) fn go_duration(text: &str) -> Option<i64> {
    let unit = |unit: &str| match unit {
        "ns" => Some(1),
        "us" | "µs" | "μs" => Some(1000),
        "ms" => Some(1_000_000),
        "s" => Some(SECOND),
        "m" => Some(MINUTE),
        "h" => Some(HOUR),
        _ => None,
    };
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => (-1, text),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if text == "0" {
        return Some(0);
    }
    sum(text, unit).map(|total| sign * total)
}

/// A time as it is written, if the language of models reads it alike; none if it is not positive.
pub(crate) fn duration_text(written: &str, nanoseconds: i64) -> Option<DurationText> {
    let time = SimDuration::from_nanos(u64::try_from(nanoseconds).ok().filter(|&it| it > 0)?);
    let as_written = DurationText::from(written);
    Some(if as_written.parse() == Ok(time) { as_written } else { time.into() })
}

/// The nanoseconds that somebody means who writes days, weeks and words, or numbers of Go.
pub(crate) fn meant_nanoseconds(text: &str) -> Option<i64> {
    let unit = |unit: &str| match unit {
        "ms" => Some(1_000_000),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(HOUR),
        "d" | "day" | "days" => Some(24 * HOUR),
        "w" | "week" | "weeks" => Some(7 * 24 * HOUR),
        _ => None,
    };
    sum(&text.to_lowercase().replace(' ', ""), unit).filter(|&total| total > 0)
}

/// The sum of numbers with units, such as `1h30m`.
fn sum(mut text: &str, unit: impl Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut total = 0_f64;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let number = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (digits, rest) = text.split_at(number);
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        total += digits.parse::<f64>().ok()? * unit(name)? as f64;
        text = rest;
    }
    (total < i64::MAX as f64).then_some(total as i64)
}

/// A time as Go writes and reads it, in its largest unit without a fraction.
pub(crate) fn go_text(nanoseconds: i64) -> String {
    let units = [(HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1_000_000, "ms")];
    let whole = units.into_iter().find(|(unit, _)| nanoseconds % unit == 0);
    let (unit, name) = whole.unwrap_or((1, "ns"));
    format!("{}{name}", nanoseconds / unit)
}

/// A number with a suffix, such as `10k` or `1.5 GB`, times what the suffix stands for.
fn scaled(text: &str, scale: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let text = text.trim().replace(['_', ','], "");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let total = number.parse::<f64>().ok()? * scale(suffix.trim())? as f64;
    (total < i64::MAX as f64).then_some(total as u64)
}

/// A number of messages, as people write it: `10k`, `1M`.
pub(crate) fn meant_count(text: &str) -> Option<u64> {
    scaled(text, |suffix| match suffix {
        "" => Some(1),
        "k" | "K" => Some(1000),
        "m" | "M" => Some(1_000_000),
        "g" | "G" => Some(1_000_000_000),
        _ => None,
    })
}

/// A size in a configuration of nats-server: `1G` is 1000^3 bytes, `1GB` and `1GiB` are 1024^3.
pub(crate) fn nats_bytes(text: &str) -> Option<u64> {
    scaled(text.trim_matches(['"', '\'']), |suffix| {
        let suffix = suffix.to_lowercase();
        let mut letters = suffix.chars();
        let Some(first) = letters.next() else { return Some(1) };
        let base: u64 = match letters.as_str() {
            _ if suffix == "b" => return Some(1),
            "" => 1000,
            "b" | "i" | "ib" => 1024,
            _ => return None,
        };
        base.checked_pow(exponent(first)?)
    })
}

/// A size in Kubernetes: `20G` is 1000^3 bytes, `20Gi` is 1024^3.
pub(crate) fn kubernetes_bytes(text: &str) -> Option<u64> {
    scaled(text, |suffix| match suffix {
        "" => Some(1),
        _ => {
            let (first, base) = match suffix.strip_suffix('i') {
                Some(first) => (first, 1024_u64),
                None => (suffix, 1000),
            };
            let mut letters = first.chars();
            let letter = letters.next().filter(|_| letters.next().is_none())?;
            base.checked_pow(exponent(letter.to_ascii_lowercase())?)
        }
    })
}

fn exponent(letter: char) -> Option<u32> {
    "kmgtpe".find(letter).map(|at| at as u32 + 1)
}

/// A size for people.
pub(crate) fn bytes_text(bytes: u64) -> String {
    let units = [(1_u64 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes.is_multiple_of(unit) => format!("{} {name}", bytes / unit),
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::document;

    fn read(text: &str) -> Node {
        document("f.yaml", &format!("a: {text}\n"), 0).unwrap()
    }

    #[test]
    fn numbers_are_read_as_viper_does() {
        let cases = [
            ("100", Some(100)),
            ("\"100\"", Some(100)),
            ("1_000", Some(1000)),
            ("-1", Some(-1)),
            ("0x10", Some(16)),
            ("1e3", Some(1000)),
            ("1.9", Some(1)),
            ("\"1e3\"", None),
            ("10k", None),
            ("1GB", None),
            ("inf", None),
            ("[1]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(integer(read(text).get("a").unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn times_are_read_as_viper_does() {
        let cases = [
            ("72h", Some(72 * HOUR)),
            ("1h30m", Some(90 * MINUTE)),
            ("1.5h", Some(90 * MINUTE)),
            ("72", Some(72)),
            ("\"72\"", Some(72)),
            ("-1", Some(-1)),
            ("500µs", Some(500_000)),
            ("1d", None),
            ("7 days", None),
            ("1week", None),
            ("h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(nanoseconds(read(text).get("a").unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_meant_is_understood() {
        let times =
            [("1d", Some("24h")), ("7 days", Some("168h")), ("90min", Some("90m")), ("x", None)];
        for (text, expected) in times {
            assert_eq!(meant_nanoseconds(text).map(go_text).as_deref(), expected, "{text}");
        }
        assert_eq!(
            ["10k", "1.5M", "50,000", "many"].map(meant_count),
            [Some(10_000), Some(1_500_000), Some(50_000), None]
        );
        assert_eq!(
            ["1GB", "1G", "10 Mi", "1024", "5B", "1XB"].map(nats_bytes),
            [Some(1 << 30), Some(1_000_000_000), Some(10 << 20), Some(1024), Some(5), None]
        );
        assert_eq!(
            ["20Gi", "20G", "500M", "1e", "x"].map(kubernetes_bytes),
            [
                Some(20 << 30),
                Some(20_000_000_000),
                Some(500_000_000),
                Some(1_000_000_000_000_000_000),
                None
            ]
        );
        assert_eq!([5, 1 << 20, 50_000 << 20].map(bytes_text), ["5 bytes", "1 MiB", "48.8 GiB"]);
    }
}
