//! Durations as argo-workflows reads them. Not a rule.

use crate::manifest::yaml::Node;

/// A duration in a field: a whole number is seconds, anything else is read as Go does.
pub(super) fn of(node: &Node, field: &str) -> Option<f64> {
    let text = node.text(field)?;
    text.parse::<i64>().map(|it| it as f64).ok().or_else(|| go(text))
}

/// A duration as Go's `time.ParseDuration` reads it, in seconds.
pub(super) fn go(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 8] = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("μs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3_600.0),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let (mut total, mut parts) = (0.0, 0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let (_, unit_s) = UNITS.iter().find(|(unit, _)| *unit == &rest[..end])?;
        rest = &rest[end..];
        total += number * unit_s;
        parts += 1;
    }
    (parts > 0).then_some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::document;

    #[test]
    fn durations_are_those_of_go_or_seconds() {
        let read = ["10s", "1h30m", "1.5s", "0", "-1s", "10", "1d", "", "5 s", "s"].map(go);
        let expected = [Some(10.0), Some(5_400.0), Some(1.5), Some(0.0), Some(-1.0)];
        assert_eq!(read[..5], expected);
        assert!(read[5..].iter().all(Option::is_none), "{read:?}");
        let node = document("f", "{a: 90, b: \"2m\", c: [1]}", 0).unwrap();
        assert_eq!(
            ["a", "b", "c", "d"].map(|it| of(&node, it)),
            [Some(90.0), Some(120.0), None, None]
        );
    }
}
