//! The second stage: what the values mean.
//!
//! A [`Checker`] knows where in the model it is, collects what it is told, and gives each
//! diagnostic its place in the text. Its helpers return `None` after reporting, so that a check
//! goes on to the next field and everything is reported at once:
//!
//! ```
//! use models::spec::check::Checker;
//! use models::spec::quantity::{DurationText, RateText};
//!
//! let (every, rate) = (DurationText::from("30"), RateText::from("5/s"));
//! let mut cx = Checker::new("model.ron", None);
//! let every = cx.positive_duration("every", &every);
//! let rate = cx.positive_rate("rate", &rate);
//! assert!(every.is_none() && rate.is_some());
//! assert!(cx.finish().to_string().contains("it needs a unit"));
//! ```

use std::fmt;

use sim_core::dist::{ParameterError, ParameterProblem};
use sim_core::time::{Bytes, Problem, QuantityError, Rate, SimDuration};

use super::origin::Origin;
use super::quantity::{BytesText, DurationText, RateText};
use super::ron_text::{Doubts, SpanIndex, push_index, push_name};
use crate::diagnostic::{Diagnostic, Diagnostics, Location};

/// Where a check is in the model, and what it has found.
#[derive(Debug)]
pub struct Checker<'s> {
    file: String,
    spans: Option<&'s SpanIndex>,
    path: String,
    found: Vec<Diagnostic>,
    /// What could not be read: problems that follow from it are not told.
    doubts: Doubts,
    /// The last problem that is not told.
    untold: Option<Diagnostic>,
    /// The parts of the model that come from elsewhere; of two for one part the later one counts.
    origins: Vec<Origin>,
}

impl<'s> Checker<'s> {
    /// A checker at the whole model. Without `spans`, diagnostics carry paths but no places.
    #[must_use]
    pub fn new(file: &str, spans: Option<&'s SpanIndex>) -> Self {
        let (path, found, origins) = (String::new(), Vec::new(), Vec::new());
        let (doubts, untold) = (Doubts::default(), None);
        Self { file: file.to_owned(), spans, path, found, doubts, untold, origins }
    }

    /// The same, for a text of which not everything could be read.
    pub(crate) fn doubting(self, doubts: Doubts) -> Self {
        Self { doubts, ..self }
    }

    /// The same, for a model of which parts come from elsewhere.
    pub(crate) fn overridden(self, origins: Vec<Origin>) -> Self {
        Self { origins, ..self }
    }

    /// Whether the whole text could be read: if not, what one stage says of another may not be meant.
    pub(crate) fn is_certain(&self) -> bool {
        self.doubts.is_empty()
    }

    /// Whether something that could not be read may have that name.
    pub(crate) fn may_be_named(&self, name: &str) -> bool {
        self.doubts.may_name(name)
    }

    /// The file that is checked.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where in the model the checker is.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Checks the field `name` of the value the checker is at; without a name, that value itself.
    pub fn field<R>(&mut self, name: &str, check: impl FnOnce(&mut Self) -> R) -> R {
        if name.is_empty() {
            return check(self);
        }
        self.within(|path| push_name(path, name), check)
    }

    /// Checks the element `index` of the list the checker is at.
    pub fn index<R>(&mut self, index: usize, check: impl FnOnce(&mut Self) -> R) -> R {
        self.within(|path| push_index(path, index), check)
    }

    /// Checks every element of the list in the field `name`; the results in order, `None` if one
    /// of them is.
    pub fn each<T, R>(
        &mut self,
        name: &str,
        elements: &[T],
        mut check: impl FnMut(&mut Self, &T) -> Option<R>,
    ) -> Option<Vec<R>> {
        self.field(name, |cx| cx.elements(elements, |cx, element| check(cx, element)))
    }

    /// As [`Checker::each`] for the list the checker is at.
    pub fn elements<T, R>(
        &mut self,
        elements: &[T],
        mut check: impl FnMut(&mut Self, &T) -> Option<R>,
    ) -> Option<Vec<R>> {
        // Collected in two steps: the first `None` must not keep the others from being checked.
        let checked: Vec<Option<R>> = elements
            .iter()
            .enumerate()
            .map(|(index, element)| self.index(index, |cx| check(cx, element)))
            .collect();
        checked.into_iter().collect()
    }

    fn within<R>(
        &mut self,
        extend: impl FnOnce(&mut String),
        check: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let length = self.path.len();
        extend(&mut self.path);
        let result = check(self);
        self.path.truncate(length);
        result
    }

    /// Reports an error at the value the checker is at; the rest is added to what is returned:
    /// `cx.error("...").expected("...").hint("...")`.
    pub fn error(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error(self.path.as_str(), message);
        self.report(diagnostic)
    }

    /// Reports a warning at the value the checker is at.
    pub fn warning(&mut self, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::warning(self.path.as_str(), message);
        self.report(diagnostic)
    }

    fn report(&mut self, mut diagnostic: Diagnostic) -> &mut Diagnostic {
        if self.doubts.explain(&self.path, self.spans) {
            return self.untold.insert(diagnostic);
        }
        match self.origin() {
            Some(origin) => origin.claim(&mut diagnostic),
            None => {
                diagnostic.at(self.spans.and_then(|spans| spans.nearest(&self.path)));
            }
        }
        self.found.push(diagnostic);
        self.found.last_mut().expect("one has just been added")
    }

    /// Where the value that the checker is at comes from, if not from the file.
    fn origin(&self) -> Option<&Origin> {
        self.origins.iter().rev().find(|origin| origin.gives(&self.path))
    }

    /// The duration in the field `name`.
    pub fn duration(&mut self, name: &str, text: &DurationText) -> Option<SimDuration> {
        self.field(name, |cx| cx.quantity(text.parse()))
    }

    /// The duration in the field `name`, which must be longer than zero.
    pub fn positive_duration(&mut self, name: &str, text: &DurationText) -> Option<SimDuration> {
        self.field(name, |cx| {
            let duration = cx.quantity(text.parse())?;
            cx.require(!duration.is_zero(), text, "more than zero").then_some(duration)
        })
    }

    /// The rate in the field `name`; a [`Rate`] is never zero.
    pub fn positive_rate(&mut self, name: &str, text: &RateText) -> Option<Rate> {
        self.field(name, |cx| cx.quantity(text.parse()))
    }

    /// The rate in the field `name` in events per second, where `"0/s"` has a meaning.
    pub fn rate_per_s_or_zero(&mut self, name: &str, text: &RateText) -> Option<f64> {
        match text.parse() {
            Err(error) if error.problem == Problem::Zero => Some(0.0),
            parsed => self.field(name, |cx| cx.quantity(parsed)).map(|rate| rate.per_s()),
        }
    }

    /// The size in the field `name`.
    pub fn bytes(&mut self, name: &str, text: &BytesText) -> Option<Bytes> {
        self.field(name, |cx| cx.quantity(text.parse()))
    }

    /// The probability in the field `name`: from 0 to 1.
    pub fn probability(&mut self, name: &str, value: f64) -> Option<f64> {
        self.field(name, |cx| {
            cx.require((0.0..=1.0).contains(&value), value, "a probability from 0 to 1")
                .then_some(value)
        })
    }

    /// The number in the field `name`, which must be finite and more than zero.
    pub fn positive(&mut self, name: &str, value: f64) -> Option<f64> {
        self.field(name, |cx| {
            cx.require(value.is_finite() && value > 0.0, value, "a number more than zero")
                .then_some(value)
        })
    }

    /// The number in the field `name`, which must not be less than `least`.
    pub fn at_least<T: PartialOrd + fmt::Display>(
        &mut self,
        name: &str,
        value: T,
        least: T,
    ) -> Option<T> {
        self.field(name, |cx| {
            let wanted = format!("at least `{least}`");
            cx.require(value >= least, &value, &wanted).then_some(value)
        })
    }

    /// The position in `candidates` of the `kind` that the field `field` names.
    pub fn reference<S: AsRef<str>>(
        &mut self,
        field: &str,
        kind: &str,
        name: &str,
        candidates: &[S],
    ) -> Option<usize> {
        let position = candidates.iter().position(|candidate| candidate.as_ref() == name);
        if position.is_none() && !self.may_be_named(name) {
            // What could not be read has no name.
            let named = candidates.iter().map(AsRef::as_ref).filter(|name| !name.is_empty());
            let named: Vec<&str> = named.collect();
            self.field(field, |cx| {
                let diagnostic = cx.error(format!("there is no {kind} `{name}`"));
                diagnostic.code("unknown-name").nearest(name, &named);
                if candidates.is_empty() {
                    diagnostic.hint(format!("the model has no {kind} at all"));
                }
            });
        }
        position
    }

    /// Reports names that occur twice in the list the checker is at. `field` is the field with the
    /// name within an element.
    pub fn unique<S: AsRef<str>>(&mut self, kind: &str, field: &str, names: &[S]) {
        for (index, name) in names.iter().map(AsRef::as_ref).enumerate() {
            let first = names[..index].iter().position(|earlier| earlier.as_ref() == name);
            if let Some(first) = first {
                self.index(index, |cx| {
                    cx.field(field, |cx| {
                        cx.error(format!("there are two {kind}s `{name}`"))
                            .code("duplicate-name")
                            .hint(format!("the first one is number {}", first + 1));
                    });
                });
            }
        }
    }

    /// Reports at the value the checker is at that `found`, or what is written there, is not `wanted`,
    /// unless it `holds`.
    pub fn require(&mut self, holds: bool, found: impl fmt::Display, wanted: &str) -> bool {
        if !holds {
            let found = self.written("").unwrap_or_else(|| found.to_string());
            self.error(format!("`{found}` is out of range")).code("out-of-range").expected(wanted);
        }
        holds
    }

    /// The value the checker is at as a quantity; what is wrong with its text is reported.
    pub fn quantity<Q>(&mut self, parsed: Result<Q, QuantityError>) -> Option<Q> {
        parsed
            .map_err(|error| {
                let said = error.to_string();
                let (message, expected) = said.split_once("; expected ").unwrap_or((&said, ""));
                let diagnostic = self.error(message).code("wrong-quantity");
                if !expected.is_empty() {
                    diagnostic.expected(expected);
                }
            })
            .ok()
    }

    /// What a constructor of `sim_core` made; its refusals are reported at the fields that the
    /// parameters come from. `places` gives the field for a parameter, `[]` stands for any index:
    /// `("mean[]", "branches[].mean")`; a field that has its parameter's name need not be listed.
    pub fn built<T>(
        &mut self,
        built: Result<T, ParameterError>,
        places: &[(&str, &str)],
    ) -> Option<T> {
        built.map_err(|error| error.problems.iter().for_each(|it| self.refuse(it, places))).ok()
    }

    fn refuse(&mut self, problem: &ParameterProblem, places: &[(&str, &str)]) {
        let place = place(&problem.parameter, places);
        let mut expected = problem.expected.clone();
        for (parameter, field) in places {
            expected = expected.replace(&format!("`{parameter}`"), &format!("`{field}`"));
        }
        if let Some((before, name)) = other_field(&expected)
            && let Some(written) = self.written(name)
        {
            expected = format!("{before}, which is `{written}`");
        }
        let written = self.written(&place);
        let is_phrase = problem.parameter.contains(' ');
        let message = match (is_phrase, problem.found.as_str()) {
            (true, found) => format!("the {} is `{found}`", problem.parameter),
            (false, "[]") => "the list is empty".to_owned(),
            (false, "another shape") => "the table has another shape".to_owned(),
            (false, found) if found.ends_with(" entries") => format!("there are {found}"),
            (false, found) if found.starts_with("state ") => format!("{found} stands apart"),
            (false, found) => format!("`{}` is out of range", written.as_deref().unwrap_or(found)),
        };
        self.within(
            |path| push_relative(path, &place),
            |cx| {
                cx.error(message).code("out-of-range").expected(expected);
            },
        );
    }

    /// The number or text written in the part `relative` of the value the checker is at, with its unit.
    fn written(&self, relative: &str) -> Option<String> {
        let mut path = self.path.clone();
        push_relative(&mut path, relative);
        match self.origin() {
            Some(origin) => origin.written(&path),
            None => self.spans?.scalar(&path),
        }
    }

    /// Where the name of the field stands that the checker is at.
    pub(crate) fn key(&self) -> Option<Location> {
        self.spans.and_then(|spans| spans.key(&self.path))
    }

    /// Adds what was found elsewhere, in a file that the value names that the checker is at.
    pub fn add(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for mut diagnostic in diagnostics {
            if let Some(origin) = self.origin() {
                diagnostic.path = origin.path_of(&diagnostic.path);
            }
            self.found.push(diagnostic);
        }
    }

    /// Everything that was found, in the order of the text.
    #[must_use]
    pub fn finish(mut self) -> Diagnostics {
        self.take()
    }

    /// Everything that was found until now.
    pub(crate) fn take(&mut self) -> Diagnostics {
        self.found.drain(..).collect()
    }
}

/// The field in ``more than `min`, which is 5``, and what comes before its value.
fn other_field(expected: &str) -> Option<(&str, &str)> {
    let (before, _) = expected.split_once(", which is ")?;
    let (_, name) = before.strip_suffix('`')?.rsplit_once('`')?;
    Some((before, name))
}

/// The place, relative to where the checker is, that a parameter comes from.
fn place(parameter: &str, places: &[(&str, &str)]) -> String {
    let find = |name: &str| places.iter().find(|(from, _)| *from == name).map(|(_, to)| *to);
    if let Some(place) = find(parameter) {
        return place.to_owned();
    }
    if parameter.contains(' ') {
        return String::new();
    }
    let Some((name, rest)) = parameter.split_once('[') else { return parameter.to_owned() };
    let Some((index, rest)) = rest.split_once(']') else { return parameter.to_owned() };
    let place = find(&format!("{name}[]{rest}"));
    place.map_or(parameter.to_owned(), |place| place.replace("[]", &format!("[{index}]")))
}

fn push_relative(path: &mut String, relative: &str) {
    if !path.is_empty() && !relative.is_empty() && !relative.starts_with('[') {
        path.push('.');
    }
    path.push_str(relative);
}
