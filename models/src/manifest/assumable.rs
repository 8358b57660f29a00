//! The kinds of values that can be assumed: how each is read from a comment or an assume block.
//!
//! Comments leave the quotes out that RON wants: `payload 2KiB`, `arrivals Poisson(rate: "20/s")`.

use serde::de::DeserializeOwned;
use sim_core::arrival::WallTime;

use crate::diagnostic::Diagnostics;
use crate::spec::arrival::{Arrivals, NoFiles};
use crate::spec::check::Checker;
use crate::spec::distribution::Spread;
use crate::spec::policy::OnReject;
use crate::spec::quantity::{QuantityText, RateText};
use crate::spec::ron_text;

/// A value that can be assumed.
pub(crate) trait Assumable: Sized {
    /// What is expected, to follow "expected ".
    fn wanted() -> &'static str;

    /// Reads the value; or says what is wrong with it beyond its form, if anything is.
    fn read(text: &str) -> Result<Self, String>;

    /// The value in the list of assumptions.
    fn shown(&self) -> String;
}

/// A share of events: from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Probability(pub(crate) f64);

/// A weight: more than 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

/// A number of things: at least 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Count(pub(crate) u32);

/// Any text; what it means is up to who asked.
impl Assumable for String {
    fn wanted() -> &'static str {
        "a value"
    }

    fn read(text: &str) -> Result<Self, String> {
        let text = unquoted(text);
        if text.is_empty() { Err(String::new()) } else { Ok(text.to_owned()) }
    }

    fn shown(&self) -> String {
        self.clone()
    }
}

impl<Q> Assumable for Spread<Q>
where
    Q: QuantityText + DeserializeOwned + serde::Serialize + for<'a> From<&'a str>,
{
    fn wanted() -> &'static str {
        match Q::WANTED {
            "a duration in quotes" => {
                "a duration such as `40s`, or a distribution such as `LogNormal(mean: \"40s\", cv: 1.5)`"
            }
            "a size in quotes" => "a size such as `2KiB`, or a distribution of sizes",
            other => other,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let value: Self = of_ron(text)?;
        checked(|cx| value.compile(cx).is_some())?;
        Ok(value)
    }

    fn shown(&self) -> String {
        match self {
            Self::Constant(value) => value.to_string(),
            other => ron::to_string(other).unwrap_or_default(),
        }
    }
}

impl Assumable for Arrivals {
    fn wanted() -> &'static str {
        "a rate such as `20/s`, or arrivals such as `Poisson(rate: \"20/s\")`"
    }

    fn read(text: &str) -> Result<Self, String> {
        let rate = RateText::from(unquoted(text));
        if rate.parse().is_ok() {
            return Ok(Self::Poisson { rate });
        }
        let value: Self = of_ron(text)?;
        checked(|cx| value.compile(&NoFiles, cx).is_some())?;
        Ok(value)
    }

    fn shown(&self) -> String {
        match self {
            Self::Poisson { rate } => format!("{rate}, Poisson"),
            other => ron::to_string(other).unwrap_or_default(),
        }
    }
}

impl Assumable for OnReject {
    fn wanted() -> &'static str {
        "`Drop`, `Nack(after: \"30s\")` or `Store(\"NAME\")`"
    }

    fn read(text: &str) -> Result<Self, String> {
        let value: Self = of_ron(text)?;
        match &value {
            Self::Block => Err("a source has nobody to hold up".to_owned()),
            Self::Nack(nack) => {
                checked(|cx| cx.field("after", |cx| nack.after.compile(cx)).is_some())?;
                Ok(value)
            }
            Self::Drop | Self::Store(_) => Ok(value),
        }
    }

    fn shown(&self) -> String {
        told(self)
    }
}

/// A date with its time, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) String);

impl Assumable for Date {
    fn wanted() -> &'static str {
        "a date with its time, such as `2026-11-27T00:00:00Z`"
    }

    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_matches('"');
        WallTime::parse(text).map(|_| Self(text.to_owned())).ok_or_else(String::new)
    }

    fn shown(&self) -> String {
        self.0.clone()
    }
}

/// An answer to a rejection in words.
pub(super) fn told(answer: &OnReject) -> String {
    match answer {
        OnReject::Drop => "it is lost".to_owned(),
        OnReject::Store(store) => format!("it is put into `{store}`"),
        OnReject::Block => "its producer waits".to_owned(),
        OnReject::Nack(nack) => {
            let after = nack.after.shown();
            match nack.retries {
                Some(retries) => format!("it comes again after {after}, up to {retries} times"),
                None => format!("it comes again after {after}"),
            }
        }
    }
}

macro_rules! number {
    ($name:ident: $type:ty, $wanted:literal, $holds:expr) => {
        impl Assumable for $name {
            fn wanted() -> &'static str {
                $wanted
            }

            fn read(text: &str) -> Result<Self, String> {
                let number: Option<$type> = unquoted(text).parse().ok();
                number.filter($holds).map(Self).ok_or_else(String::new)
            }

            fn shown(&self) -> String {
                self.0.to_string()
            }
        }
    };
}

number!(Probability: f64, "a number from 0 to 1", |it| (0.0..=1.0).contains(it));
number!(Share: f64, "a number more than 0", |it| it.is_finite() && *it > 0.0);
number!(Count: u32, "a whole number, at least 1", |it| *it >= 1);

fn unquoted(text: &str) -> &str {
    let within = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    within.unwrap_or(text)
}

/// Reads RON, or a text without the quotes that RON wants.
fn of_ron<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let is_ron = text.contains(['(', '[', '"']) || text.parse::<f64>().is_ok();
    let is_name = text.chars().next().is_some_and(|c| c.is_ascii_uppercase());
    let text = if is_ron || is_name { text.to_owned() } else { format!("\"{text}\"") };
    match ron_text::parse::<T>("", &text) {
        Ok((value, _)) => Ok(value),
        Err(found) => Err(first(&found)),
    }
}

/// What the check of a meaning has found, if anything.
fn checked(check: impl FnOnce(&mut Checker<'_>) -> bool) -> Result<(), String> {
    let mut cx = Checker::new("", None);
    let holds = check(&mut cx);
    let found = cx.finish();
    if holds && !found.has_errors() { Ok(()) } else { Err(first(&found)) }
}

/// The first problem. That something else was expected is told by who asked.
fn first(found: &Diagnostics) -> String {
    let message = found.iter().next().map_or("", |problem| problem.message.as_str());
    if message.starts_with("expected ") {
        return String::new();
    }
    let (_, reason) = message.split_once(" is not a duration: ").unwrap_or(("", message));
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::distribution::{DurationSpread as Duration, SizeSpread as Size};

    fn read<T: Assumable>(text: &str) -> String {
        match T::read(text) {
            Ok(value) => value.shown(),
            Err(problem) => format!("error: {problem}"),
        }
    }

    #[test]
    fn comments_leave_the_quotes_out() {
        let cases = [
            (read::<Duration>("40s"), "40s"),
            (read::<Duration>("\"40s\""), "40s"),
            (
                read::<Duration>("LogNormal(mean: \"40s\", cv: 1.5)"),
                "LogNormal(mean:\"40s\",cv:1.5)",
            ),
            (read::<Size>("2KiB"), "2KiB"),
            (read::<Size>("2048"), "2048"),
            (read::<Arrivals>("20/s"), "20/s, Poisson"),
            (read::<Arrivals>("Poisson(rate: \"20/s\")"), "20/s, Poisson"),
            (read::<OnReject>("Drop"), "it is lost"),
            (
                read::<OnReject>("Nack(after: \"5s\", retries: 3)"),
                "it comes again after 5s, up to 3 times",
            ),
            (read::<Probability>("0.3"), "0.3"),
            (read::<Share>("3"), "3"),
            (read::<Count>("64"), "64"),
            (read::<String>("\"a b\""), "a b"),
        ];
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let cases = [
            read::<Duration>("40"),
            read::<Duration>("fast"),
            read::<Size>("2XB"),
            read::<Arrivals>("many"),
            read::<Arrivals>("Trace(file: \"x.csv\")"),
            read::<OnReject>("Block"),
            read::<OnReject>("Nack(after: \"5\")"),
            read::<Probability>("1.3"),
            read::<Share>("0"),
            read::<Count>("0.5"),
            read::<String>(""),
        ];
        insta::assert_snapshot!(cases.join("\n"));
    }
}
