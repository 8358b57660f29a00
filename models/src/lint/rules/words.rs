//! Numbers, times and lists as messages say them. Not a rule.

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

/// Names in backticks: `a`, `b` and `c`.
pub(super) fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| format!("`{}`", it.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
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
        assert_eq!(list(&["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
