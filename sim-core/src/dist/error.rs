//! What is wrong with the parameters of a distribution or an arrival process: all of it at once.

use std::error::Error;
use std::fmt;

/// The largest value that any parameter may have: far beyond the 584 years of simulated time and
/// the bytes that anyone stores, and far from overflowing a double when squared.
pub(crate) const VALUE_MAX: f64 = 1e18;

/// Parameters that make no distribution, or no arrival process: every problem, in order of the
/// parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// What was to be built, such as `lognormal`.
    pub subject: &'static str,
    /// What is wrong; never empty.
    pub problems: Vec<ParameterProblem>,
}

/// One parameter that is out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterProblem {
    /// The parameter's name, with its index in a list: `mean`, `probability[2]`.
    pub parameter: String,
    /// The value that was given.
    pub found: String,
    /// What it must be, continuing "must be ...".
    pub expected: String,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.subject)?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(out, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ParameterProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "`{}` must be {}, found `{}`", self.parameter, self.expected, self.found)
    }
}

impl Error for ParameterError {}

/// Collects the problems of one constructor.
pub(crate) struct Checks(ParameterError);

impl Checks {
    pub(crate) fn of(subject: &'static str) -> Self {
        Self(ParameterError { subject, problems: Vec::new() })
    }

    pub(crate) fn refuse(&mut self, name: &str, found: impl fmt::Display, expected: &str) {
        let (parameter, found) = (name.to_owned(), found.to_string());
        self.0.problems.push(ParameterProblem { parameter, found, expected: expected.to_owned() });
    }

    /// `value` must be in (0, `max`].
    pub(crate) fn positive_up_to(&mut self, name: &str, value: f64, max: f64) {
        if !(value > 0.0 && value <= max) {
            let expected = format!("greater than zero and at most {}", number(max));
            self.refuse(name, number(value), &expected);
        }
    }

    /// `value` must be in (0, 1e18].
    pub(crate) fn positive(&mut self, name: &str, value: f64) {
        self.positive_up_to(name, value, VALUE_MAX);
    }

    /// `value` must be in [0, 1e18].
    pub(crate) fn non_negative(&mut self, name: &str, value: f64) {
        if !(0.0..=VALUE_MAX).contains(&value) {
            self.refuse(name, number(value), "zero or greater and at most 1e18");
        }
    }

    /// `value` must be in [`min`, `max`].
    pub(crate) fn within(&mut self, name: &str, value: f64, min: f64, max: f64) {
        if !(min..=max).contains(&value) {
            let expected = format!("from {} to {}", number(min), number(max));
            self.refuse(name, number(value), &expected);
        }
    }

    /// A list must have from 1 to `max` entries.
    pub(crate) fn entries(&mut self, name: &str, entries: usize, max: usize) {
        if !(1..=max).contains(&entries) {
            let found = if entries == 0 { "[]".to_owned() } else { format!("{entries} entries") };
            self.refuse(name, found, &format!("from 1 to {max} in number"));
        }
    }

    /// `value`, if nothing was refused.
    pub(crate) fn give<T>(self, value: impl FnOnce() -> T) -> Result<T, ParameterError> {
        if self.0.problems.is_empty() { Ok(value()) } else { Err(self.0) }
    }
}

/// `{}` for people: 1e18 rather than its nineteen digits, and 1e-300 rather than three hundred zeros.
pub(crate) fn number(value: f64) -> String {
    let is_long = value.abs() >= 1e7 || (value != 0.0 && value.abs() < 1e-4);
    if is_long { format!("{value:e}") } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (1.5, "1.5"),
            (-0.25, "-0.25"),
            (1e300, "1e300"),
            (-1e300, "-1e300"),
            (1e-300, "1e-300"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }
}
