//! Numbers as people read them: `12,345`, `1.2 s`, `3 min 20 s`, `10/min`.

/// A count with commas: `12,345`; with one decimal place where it is small and not whole.
#[must_use]
pub fn count(value: f64) -> String {
    if !value.is_finite() {
        return "unlimited".to_owned();
    }
    let whole = value.round();
    if value.abs() < 100.0 && (value - whole).abs() >= 0.05 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", whole.abs());
    let mut text = String::new();
    if whole < 0.0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time for a sentence: `350 µs`, `1.2 s`, `3 min 20 s`, `1 h 5 min`, `2 d 3 h`.
#[must_use]
pub fn duration(seconds: f64) -> String {
    duration_in(seconds, &SENTENCE)
}

/// A time for a table: `350us`, `1.2s`, `3m20s`, `1h05m`, `2d3h`.
#[must_use]
pub fn short_duration(seconds: f64) -> String {
    duration_in(seconds, &TABLE)
}

/// How units are written: nanoseconds to days, and what stands before a unit and between two.
struct Writing {
    units: [&'static str; 7],
    between: &'static str,
}

const SENTENCE: Writing =
    Writing { units: [" ns", " µs", " ms", " s", " min", " h", " d"], between: " " };
const TABLE: Writing = Writing { units: ["ns", "us", "ms", "s", "m", "h", "d"], between: "" };

fn duration_in(seconds: f64, writing: &Writing) -> String {
    let [ns, us, ms, s, min, h, d] = writing.units;
    if seconds < 0.0 {
        return format!("-{}", duration_in(-seconds, writing));
    }
    if seconds == 0.0 {
        return format!("0{s}");
    }
    for (scale, unit) in [(1e9, ns), (1e6, us), (1e3, ms), (1.0, s)] {
        let value = seconds * scale;
        let top = if unit == s { 59.95 } else { 999.5 };
        if value < top {
            return format!("{}{unit}", three_digits(value));
        }
    }
    let whole = seconds.round();
    if !whole.is_finite() || whole > 1e12 {
        return "for ever".to_owned();
    }
    let whole = whole as u64;
    let (large, large_unit, small, small_unit) = match whole {
        0..3_600 => (whole / 60, min, whole % 60, s),
        3_600..86_400 => (whole / 3_600, h, whole % 3_600 / 60, min),
        _ => (whole / 86_400, d, whole % 86_400 / 3_600, h),
    };
    if small == 0 {
        return format!("{large}{large_unit}");
    }
    format!("{large}{large_unit}{}{small}{small_unit}", writing.between)
}

/// Two or three digits that mean something: `1.2`, `12.3`, `123`; whole numbers without a point.
fn three_digits(value: f64) -> String {
    let text = if value >= 99.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A rate in the unit in which it is not below one: `100/s`, `10/min`, `3/h`.
#[must_use]
pub fn rate(per_s: f64) -> String {
    if !per_s.is_finite() {
        return "unlimited".to_owned();
    }
    let (per, unit) = match per_s {
        rate if rate >= 0.995 || rate == 0.0 => (per_s, "s"),
        rate if rate * 60.0 >= 0.995 => (per_s * 60.0, "min"),
        rate if rate * 3_600.0 >= 0.995 => (per_s * 3_600.0, "h"),
        _ => (per_s * 86_400.0, "d"),
    };
    format!("{}/{unit}", count(per))
}

/// A share in percent: `16.2 %`, `< 0.1 %`.
#[must_use]
pub fn share(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        0.0 => "0 %".to_owned(),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p if p > 99.9 && p < 100.0 => "> 99.9 %".to_owned(),
        p if p < 99.95 => format!("{} %", three_digits(p)),
        p => format!("{p:.0} %"),
    }
}

/// Bytes in the binary unit in which they are below 1,024: `1 GiB`, `256 KiB`.
#[must_use]
pub fn bytes(value: f64) -> String {
    let mut scaled = value;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if scaled < 1_023.95 {
            return format!("{} {unit}", three_digits(scaled));
        }
        scaled /= 1_024.0;
    }
    format!("{} TiB", count(scaled))
}

/// `value` in the unit that a limit names.
#[must_use]
pub fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "bytes" => bytes(value),
        "per_s" => rate(value),
        "s" => duration(value),
        unit if value == 1.0 => format!("1 {}", singular(unit)),
        unit => format!("{} {unit}", count(value)),
    }
}

/// `servers` -> `server`, `calls per second` -> `call per second`.
fn singular(unit: &str) -> String {
    let (word, rest) = unit.split_once(' ').map_or((unit, ""), |(word, rest)| (word, rest));
    let word = match word {
        "deliveries" => "delivery",
        word => word.strip_suffix('s').unwrap_or(word),
    };
    if rest.is_empty() { word.to_owned() } else { format!("{word} {rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        for (value, expected) in [
            (0.0, "0"),
            (7.0, "7"),
            (7.25, "7.2"),
            (0.02, "0"),
            (999.0, "999"),
            (1_000.0, "1,000"),
            (12_345.4, "12,345"),
            (1_234_567.0, "1,234,567"),
            (-1_234.0, "-1,234"),
            (f64::INFINITY, "unlimited"),
        ] {
            assert_eq!(count(value), expected, "{value}");
        }
    }

    #[test]
    fn durations() {
        for (seconds, sentence, table) in [
            (0.0, "0 s", "0s"),
            (7e-9, "7 ns", "7ns"),
            (0.000_35, "350 µs", "350us"),
            (0.25, "250 ms", "250ms"),
            (0.999_9, "1 s", "1s"),
            (1.23, "1.2 s", "1.2s"),
            (59.96, "1 min", "1m"),
            (200.0, "3 min 20 s", "3m20s"),
            (3_600.0, "1 h", "1h"),
            (3_900.0, "1 h 5 min", "1h5m"),
            (183_600.0, "2 d 3 h", "2d3h"),
            (-2.0, "-2 s", "-2s"),
            (f64::INFINITY, "for ever", "for ever"),
        ] {
            assert_eq!(duration(seconds), sentence, "{seconds}");
            assert_eq!(short_duration(seconds), table, "{seconds}");
        }
    }

    #[test]
    fn rates_shares_and_bytes() {
        for (per_s, expected) in [
            (100.0, "100/s"),
            (1.0 / 6.0, "10/min"),
            (1.5, "1.5/s"),
            (1.0 / 1_200.0, "3/h"),
            (0.0, "0/s"),
        ] {
            assert_eq!(rate(per_s), expected);
        }
        for (value, expected) in [
            (0.0, "0 %"),
            (0.000_5, "< 0.1 %"),
            (0.162, "16.2 %"),
            (0.5, "50 %"),
            (0.999_9, "> 99.9 %"),
            (1.0, "100 %"),
            (12.5, "1250 %"),
        ] {
            assert_eq!(share(value), expected);
        }
        for (value, unit, expected) in [
            (1.0, "servers", "1 server"),
            (2.0, "servers", "2 servers"),
            (1.0, "calls per second", "1 call per second"),
            (1.0, "deliveries", "1 delivery"),
        ] {
            assert_eq!(quantity(value, unit), expected);
        }
        for (value, expected) in [
            (512.0, "512 B"),
            (262_144.0, "256 KiB"),
            (1_073_741_824.0, "1 GiB"),
            (1_023.99, "1 KiB"),
        ] {
            assert_eq!(bytes(value), expected);
        }
    }
}
