//! Values of manifests and comments, checked.

use serde::de::DeserializeOwned;

use crate::manifest::yaml::Node;
use crate::manifest::{Importer, Manifest};
use crate::spec::check::Checker;
use crate::spec::distribution::DurationSpread;
use crate::spec::quantity::DurationText;
use crate::spec::ron_text;

use super::layers::Layer;

/// What is assumed where nobody says anything, and why.
#[derive(Clone, Copy)]
pub(super) struct Default<'d> {
    pub(super) value: &'d str,
    pub(super) because: &'d str,
}

impl Importer {
    /// A duration, or a distribution of it, that a comment beside one of `places` says, the first before the
    /// others.
    pub(super) fn assumed_duration(
        &mut self,
        places: &[Layer<'_>],
        name: &'static str,
        parameter: &str,
        default: Default<'_>,
    ) -> DurationSpread {
        let text = self.assumed_text(places, name, parameter, default);
        read_spread(&text).unwrap_or_else(|| {
            self.refuse(places, name, &text, "a duration such as `40s`, or a distribution of it");
            default.value.into()
        })
    }

    /// A probability that a comment says.
    pub(super) fn assumed_probability(
        &mut self,
        places: &[Layer<'_>],
        name: &'static str,
        parameter: &str,
        default: Default<'_>,
    ) -> f64 {
        let text = self.assumed_text(places, name, parameter, default);
        let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
        value.unwrap_or_else(|| {
            self.refuse(places, name, &text, "a number from 0 to 1");
            default.value.parse().unwrap_or(0.0)
        })
    }

    /// A whole number from 1 to `max` that a comment says.
    pub(super) fn assumed_count(
        &mut self,
        places: &[Layer<'_>],
        name: &'static str,
        parameter: &str,
        default: Default<'_>,
        max: u32,
    ) -> u32 {
        let text = self.assumed_text(places, name, parameter, default);
        let value = text.parse().ok().filter(|value| (1..=max).contains(value));
        value.unwrap_or_else(|| {
            self.refuse(places, name, &text, &format!("a whole number from 1 to {max}"));
            default.value.parse().unwrap_or(1)
        })
    }

    /// What a comment says.
    pub(super) fn assumed_text(
        &mut self,
        places: &[Layer<'_>],
        name: &'static str,
        parameter: &str,
        default: Default<'_>,
    ) -> String {
        let Default { value, because } = default;
        let place =
            places.iter().find(|(manifest, node)| self.said(*manifest, node, name).is_some());
        match place.or(places.last()) {
            Some(&(manifest, node)) => {
                self.assumed(manifest, node, name, parameter, value, because)
            }
            None => {
                self.assume(parameter, value, because);
                value.to_owned()
            }
        }
    }

    /// Whether a comment beside one of these says anything about `name`.
    pub(super) fn is_said(&mut self, places: &[Layer<'_>], name: &'static str) -> bool {
        places.iter().any(|(manifest, node)| self.said(*manifest, node, name).is_some())
    }

    fn refuse(&mut self, places: &[Layer<'_>], name: &'static str, text: &str, wanted: &str) {
        if let Some(&(manifest, node)) = places.first() {
            let message = format!("`{text}` does not fit `{name}`: the default is assumed");
            self.warn(manifest, node, "bad-assumption", message).expected(wanted);
        }
    }

    /// The whole number in a field, at least `min`; anything else is told, and passed over.
    pub(super) fn whole(&mut self, manifest: Manifest<'_>, node: &Node, min: u32) -> Option<u32> {
        let text = node.scalar().unwrap_or_default().trim();
        let number: Option<u32> = text.parse().ok().filter(|number| *number >= min);
        if number.is_none() && text != "0" {
            let message = format!("`{text}` is no number that is known beforehand: passed over");
            self.warn(manifest, node, "not-a-number", message)
                .expected(format!("a whole number, at least {min}"));
        }
        number
    }

    /// The seconds in a field, or a duration with units, as Argo's `intOrString` durations are; longer than
    /// zero.
    pub(super) fn seconds(&mut self, manifest: Manifest<'_>, node: &Node) -> Option<DurationText> {
        let text = node.scalar().unwrap_or_default().trim();
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let with_unit = if digits { format!("{text}s") } else { text.to_owned() };
        let duration = DurationText::from(with_unit.as_str());
        match duration.parse() {
            Ok(parsed) if parsed.is_zero() => None,
            Ok(_) => Some(duration),
            Err(_) => {
                let message =
                    format!("`{text}` is no duration that is known beforehand: passed over");
                self.warn(manifest, node, "not-a-duration", message)
                    .expected("seconds such as `30`, or a duration such as `5m`");
                None
            }
        }
    }
}

/// A duration or a distribution; comments leave out the quotes that RON wants.
pub(super) fn read_spread(text: &str) -> Option<DurationSpread> {
    let spread: DurationSpread = read(text)?;
    let mut cx = Checker::new("", None);
    let is_fine = spread.compile(&mut cx).is_some();
    (is_fine && !cx.finish().has_errors()).then_some(spread)
}

/// A value as RON has it, or a text without its quotes.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let is_ron = text.contains(['(', '[', '"']);
    let text = if is_ron { text.to_owned() } else { format!("\"{text}\"") };
    ron_text::parse("", &text).ok().map(|(value, _)| value)
}
