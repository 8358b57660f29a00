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
            self.refuse(name, value, &format!("greater than zero and at most {}", number(max)));
        }
    }

    /// `value` must be in (0, 1e18].
    pub(crate) fn positive(&mut self, name: &str, value: f64) {
        self.positive_up_to(name, value, VALUE_MAX);
    }

    /// `value` must be in [0, 1e18].
    pub(crate) fn non_negative(&mut self, name: &str, value: f64) {
        if !(0.0..=VALUE_MAX).contains(&value) {
            self.refuse(name, value, "zero or greater and at most 1e18");
        }
    }

    /// `value` must be in [`min`, `max`].
    pub(crate) fn within(&mut self, name: &str, value: f64, min: f64, max: f64) {
        if !(min..=max).contains(&value) {
            self.refuse(name, value, &format!("from {} to {}", number(min), number(max)));
        }
    }

    /// `value`, if nothing was refused.
    pub(crate) fn give<T>(self, value: impl FnOnce() -> T) -> Result<T, ParameterError> {
        if self.0.problems.is_empty() { Ok(value()) } else { Err(self.0) }
    }
}

/// `{}` for people: 1e18 rather than its nineteen digits.
fn number(value: f64) -> String {
    if value >= 1e7 { format!("{value:e}") } else { value.to_string() }
}
