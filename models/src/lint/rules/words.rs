//! Numbers, times and lists as messages say them. Not a rule.

use crate::diagnostic::nearest;

/// A number with about three digits: `16.7`, `2.5`, `300`.
pub(super) fn number(value: f64) -> String {
    let digits = match value.abs() {
        it if it >= 100.0 => 0,
        it if it >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A span of time in the unit that suits it: `66 s`, `25 min`, `83.3 h`.
pub(super) fn time(seconds: f64) -> String {
    const YEAR: f64 = 365.25 * 86_400.0;
    let (unit_s, unit) = match seconds {
        it if it >= 100.0 * YEAR => return "more than a century".to_owned(),
        it if it >= 2.0 * YEAR => (YEAR, "years"),
        it if it >= 5.0 * 86_400.0 => (86_400.0, "days"),
        it if it >= 7_200.0 => (3_600.0, "h"),
        it if it >= 120.0 => (60.0, "min"),
        it if it >= 1.0 || it == 0.0 => (1.0, "s"),
        it if it >= 1e-3 => (1e-3, "ms"),
        it if it >= 1e-6 => (1e-6, "µs"),
        _ => (1e-9, "ns"),
    };
    format!("{} {unit}", number(seconds / unit_s))
}

/// From one time to another, or the one if they are the same.
pub(super) fn times(from: f64, to: f64) -> String {
    let (from, to) = (time(from), time(to));
    if from == to { from } else { format!("{from} to {to}") }
}

/// Names in backticks: `a`, `b` and `c`.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| format!("`{}`", it.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The candidate that is near to a name, if just one is.
pub(super) fn only_near<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let near = candidates.iter().copied().filter(|it| nearest(name, &[*it]).is_some());
    let near: Vec<&str> = near.collect();
    (near.len() == 1).then(|| near[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        let said = [0.0, 2e-8, 0.25, 66.0, 1_500.0, 300_000.0, 1e6, 1e8, 1e12].map(time);
        let expected = [
            "0 s",
            "20 ns",
            "250 ms",
            "66 s",
            "25 min",
            "83.3 h",
            "11.6 days",
            "3.17 years",
            "more than a century",
        ];
        assert_eq!(said, expected);
        assert_eq!(times(4.0, 8.0), "4 s to 8 s");
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
