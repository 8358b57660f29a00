//! What is wrong with an input, told so that it can be mended: where, what was found, what was
//! expected, the nearest valid name and a hint.
//!
//! A [`Diagnostic`] says one thing, [`Diagnostics`] is everything that was found in one go.
//! Messages are lower case, without a full stop, with values in backticks. Rendering for people is
//! in [`Diagnostics::render`]; for programs, serialize them.

mod nearest;
mod render;

use std::fmt;

use serde::Serialize;

pub use nearest::{list, nearest};
pub use render::Color;

/// Whether a diagnostic stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input has no meaning as it stands.
    Error,
    /// The input has a meaning, perhaps not the intended one.
    Warning,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant, on this line; at least 1.
    pub length: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing to say about an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether it stops the run.
    pub severity: Severity,
    /// A stable name of the kind of problem, such as `unknown-field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Where in the model: `stages[2].triggers[0].rate_limit`; empty for the whole.
    pub path: String,
    /// What is wrong, naming what was found.
    pub message: String,
    /// What would have been right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The valid name nearest to the one that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in the text, when the format tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl Diagnostic {
    /// A diagnostic that stops the run; add the rest with the methods below.
    #[must_use]
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, path.into(), message.into())
    }

    /// A diagnostic that does not stop the run.
    #[must_use]
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, path.into(), message.into())
    }

    fn new(severity: Severity, path: String, message: String) -> Self {
        let (code, expected, nearest, hint, location) = (None, None, None, None, None);
        Self { severity, code, path, message, expected, nearest, hint, location }
    }

    /// Names the kind of problem.
    pub fn code(&mut self, code: &'static str) -> &mut Self {
        self.code = Some(code);
        self
    }

    /// Says what would have been right.
    pub fn expected(&mut self, expected: impl Into<String>) -> &mut Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says what to do.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names the candidate nearest to `name` when one is near enough, and lists the candidates as
    /// what was expected unless that has been said already.
    pub fn nearest<S: AsRef<str>>(&mut self, name: &str, candidates: &[S]) -> &mut Self {
        self.nearest = nearest(name, candidates).map(str::to_owned);
        if self.expected.is_none() {
            self.expected = list(candidates);
        }
        self
    }

    /// Puts the diagnostic at a place in the text.
    pub fn at(&mut self, location: Option<Location>) -> &mut Self {
        self.location = location;
        self
    }

    /// Position first, so that sorting gives the order of the text; what has no place comes last.
    fn order(&self) -> (bool, Option<&Location>, &str, Severity, &str) {
        let place = self.location.as_ref();
        (place.is_none(), place, &self.path, self.severity, &self.message)
    }

    /// The nearest name and the hint as one sentence for people.
    fn advice(&self) -> Option<String> {
        let meant = self.nearest.as_ref().map(|name| format!("did you mean `{name}`?"));
        match (meant, &self.hint) {
            (Some(meant), Some(hint)) => Some(format!("{meant} {hint}")),
            (Some(meant), None) => Some(meant),
            (None, hint) => hint.clone(),
        }
    }
}

impl fmt::Display for Diagnostic {
    /// One line: `model.ron:3:5: error: message (in \`path\`); expected ...; hint`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}", self.message)?;
        if !self.path.is_empty() {
            write!(f, " (in `{}`)", self.path)?;
        }
        if let Some(expected) = &self.expected {
            write!(f, "; expected {expected}")?;
        }
        self.advice().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

/// Everything found in one go, in the order of the text and without repetition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing found.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a diagnostic at its place in the order; one that is there already is not added.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let at = self.0.partition_point(|there| there.order() <= diagnostic.order());
        if at == 0 || self.0[at - 1] != diagnostic {
            self.0.insert(at, diagnostic);
        }
    }

    /// Whether one of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The diagnostics in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        let mut all = Self::new();
        all.extend(diagnostics);
        all
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// A line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, message: &str) -> Diagnostic {
        let mut diagnostic = Diagnostic::error("a", message);
        let file = "model.ron".to_owned();
        diagnostic.at(Some(Location { file, line, column: 1, length: 1 }));
        diagnostic
    }

    #[test]
    fn sorted_by_position_and_said_once() {
        let found: Diagnostics =
            [Diagnostic::error("b", "no place"), at(3, "late"), at(1, "early"), at(3, "late")]
                .into_iter()
                .collect();
        let lines = found.to_string();
        insta::assert_snapshot!(lines, @r"
        model.ron:1:1: error: early (in `a`)
        model.ron:3:1: error: late (in `a`)
        error: no place (in `b`)
        ");
    }

    #[test]
    fn json_leaves_out_what_is_unknown() {
        let mut diagnostic = Diagnostic::warning("bus.max_byte", "unknown field `max_byte`");
        diagnostic.code("unknown-field").nearest("max_byte", &["max_bytes", "max_age"]);
        let json = serde_json::to_string(&Diagnostics::from(diagnostic)).unwrap();
        insta::assert_snapshot!(json, @r#"[{"severity":"warning","code":"unknown-field","path":"bus.max_byte","message":"unknown field `max_byte`","expected":"one of `max_bytes`, `max_age`","nearest":"max_bytes"}]"#);
    }
}
