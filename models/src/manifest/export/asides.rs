//! Comments to Surgetank: what manifests cannot say, in the form in which [`crate::manifest::assume`] reads it.

use serde::Serialize;

use super::yaml::Map;
use crate::manifest::assumable::{Assumable, Count, Probability, Share};
use crate::spec::arrival::Arrivals;
use crate::spec::policy::OnReject;

/// A value that a comment can give.
pub(super) trait Said: Assumable {
    /// The same value again.
    fn is(&self, other: &Self) -> bool;

    /// Ways to write it, the best first.
    fn written(&self) -> Vec<String>;
}

/// Adds the comment that gives `name` this value before the next field of the map. What no comment can give
/// is left out: the comparison with what is read again tells.
pub(super) fn say<T: Said>(map: &mut Map, name: &str, value: &T) {
    if let Some(comment) = comment(name, value) {
        map.comment(comment);
    }
}

/// As [`say`], unless it is what is assumed anyway.
pub(super) fn say_unless<T: Said>(map: &mut Map, name: &str, value: &T, default: &T) {
    if !value.is(default) {
        say(map, name, value);
    }
}

fn comment<T: Said>(name: &str, value: &T) -> Option<String> {
    let reads_so = |text: &String| {
        let is_line = !text.contains([';', '\n', '\r']) && text.trim() == text;
        is_line && T::read(text).is_ok_and(|read| read.is(value))
    };
    let text = value.written().into_iter().find(reads_so)?;
    Some(format!("surgetank: {name} {text}"))
}

/// The value as RON on one line.
fn ron_line<T: Serialize>(value: &T) -> Option<String> {
    let options = ron::Options::default()
        .with_default_extension(ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES)
        .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let pretty =
        ron::ser::PrettyConfig::new().compact_arrays(true).compact_structs(true).compact_maps(true);
    options.to_string_pretty(value, pretty).ok()
}

impl<Q> Said for crate::spec::distribution::Spread<Q>
where
    Self: Assumable + Serialize + PartialEq,
    Q: std::fmt::Display,
{
    fn is(&self, other: &Self) -> bool {
        self == other
    }

    fn written(&self) -> Vec<String> {
        let short = match self {
            Self::Constant(value) => Some(value.to_string()),
            _ => None,
        };
        short.into_iter().chain(ron_line(self)).collect()
    }
}

impl Said for Arrivals {
    fn is(&self, other: &Self) -> bool {
        self == other
    }

    fn written(&self) -> Vec<String> {
        let short = match self {
            Self::Poisson { rate } => Some(rate.to_string()),
            _ => None,
        };
        short.into_iter().chain(ron_line(self)).collect()
    }
}

impl Said for OnReject {
    fn is(&self, other: &Self) -> bool {
        self == other
    }

    fn written(&self) -> Vec<String> {
        let long = ron_line(self);
        let short = long.as_ref().map(|text| {
            let defaults = [", factor: 1.0", ", jitter: r#None", ", persistence: 1.0"];
            defaults.into_iter().fold(text.clone(), |text, default| text.replace(default, ""))
        });
        short.into_iter().chain(long).collect()
    }
}

macro_rules! number {
    ($($name:ident),*) => {
        $(impl Said for $name {
            fn is(&self, other: &Self) -> bool {
                self == other
            }

            fn written(&self) -> Vec<String> {
                vec![self.0.to_string()]
            }
        })*
    };
}

number!(Probability, Share, Count);

/// Any text, such as a date.
impl Said for String {
    fn is(&self, other: &Self) -> bool {
        self == other
    }

    fn written(&self) -> Vec<String> {
        vec![self.clone()]
    }
}
