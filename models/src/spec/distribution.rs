//! Distributions as written: `"30ms"` for a constant, `LogNormal(mean: "80ms", cv: 1.5)`.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema};
use serde::de::value::EnumAccessDeserializer;
use serde::de::{EnumAccess, Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim_core::dist::Distribution;

use super::check::Checker;
use super::quantity::{BytesText, DurationText, Number, QuantityText};

/// A distribution of durations; its values are seconds when compiled.
pub type DurationSpread = Spread<DurationText>;
/// A distribution of sizes; its values are bytes when compiled.
pub type SizeSpread = Spread<BytesText>;
/// A distribution of plain numbers, such as the events of a batch.
pub type NumberSpread = Spread<Number>;

/// A distribution: one value as such (`"30ms"`), or one of the laws below by its name.
#[derive(Clone, Debug, PartialEq, JsonSchema)]
#[schemars(rename = "{Q}Spread", transform = add_short_form)]
pub enum Spread<Q> {
    /// Always the same value. `"30ms"` is short for `Constant("30ms")`.
    Constant(Q),
    /// Every value between two alike.
    Uniform {
        /// The least value.
        min: Q,
        /// The greatest value.
        max: Q,
    },
    /// Exponential: without memory, coefficient of variation 1.
    Exponential {
        /// The mean.
        mean: Q,
    },
    /// The sum of `k` exponentials: less variable than one, coefficient of variation `1/sqrt(k)`.
    Erlang {
        /// How many exponentials.
        k: u32,
        /// The mean of the sum.
        mean: Q,
    },
    /// Gamma by mean and coefficient of variation.
    Gamma {
        /// The mean.
        mean: Q,
        /// Standard deviation / mean.
        cv: f64,
    },
    /// One of several exponentials, each with its probability: more variable than one.
    HyperExponential {
        /// The exponentials; their probabilities add up to 1.
        branches: Vec<Branch<Q>>,
    },
    /// Two exponentials that each carry half of the mean, by mean and coefficient of variation.
    HyperExponentialBalanced {
        /// The mean.
        mean: Q,
        /// Standard deviation / mean, at least 1.
        cv: f64,
    },
    /// Lognormal by mean and coefficient of variation: how latencies often look.
    LogNormal {
        /// The mean.
        mean: Q,
        /// Standard deviation / mean.
        cv: f64,
    },
    /// Weibull: `shape` below 1 has a heavy tail, 1 is exponential.
    Weibull {
        /// The shape.
        shape: f64,
        /// The scale: 63 % of the values are below it.
        scale: Q,
    },
    /// Pareto, cut off at both ends: a heavy tail that ends.
    Pareto {
        /// The tail index: the smaller, the heavier.
        alpha: f64,
        /// The least value.
        min: Q,
        /// The greatest value.
        max: Q,
    },
    /// Measured values, each time one of them.
    Empirical(Vec<Q>),
}

/// A constant may stand for itself: what `Constant` holds is accepted without the name, too.
fn add_short_form(schema: &mut Schema) {
    let Some(variants) = schema.get_mut("oneOf").and_then(|variants| variants.as_array_mut())
    else {
        return;
    };
    let constant = variants.iter().find_map(|variant| variant.pointer("/properties/Constant"));
    let constant = constant.cloned();
    variants.extend(constant);
}

/// One of the exponentials of [`Spread::HyperExponential`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "{Q}Branch")]
pub struct Branch<Q> {
    /// How often this one is taken, from 0 to 1.
    pub probability: f64,
    /// Its mean.
    pub mean: Q,
}

impl<Q: for<'a> From<&'a str>> From<&str> for Spread<Q> {
    fn from(constant: &str) -> Self {
        Self::Constant(constant.into())
    }
}

/// The variants for `serde`; [`Spread`] adds the short form of a constant.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Spread", deny_unknown_fields)]
enum Laws<Q> {
    Constant(Q),
    Uniform { min: Q, max: Q },
    Exponential { mean: Q },
    Erlang { k: u32, mean: Q },
    Gamma { mean: Q, cv: f64 },
    HyperExponential { branches: Vec<Branch<Q>> },
    HyperExponentialBalanced { mean: Q, cv: f64 },
    LogNormal { mean: Q, cv: f64 },
    Weibull { shape: f64, scale: Q },
    Pareto { alpha: f64, min: Q, max: Q },
    Empirical(Vec<Q>),
}

/// The names of the variants, which the deserializer is told.
pub(super) const LAWS: &[&str] = &[
    "Constant",
    "Uniform",
    "Exponential",
    "Erlang",
    "Gamma",
    "HyperExponential",
    "HyperExponentialBalanced",
    "LogNormal",
    "Weibull",
    "Pareto",
    "Empirical",
];

impl<Q: Serialize> Serialize for Spread<Q> {
    /// Constants are written in their short form.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => value.serialize(serializer),
            other => Laws::serialize(other, serializer),
        }
    }
}

impl<'de, Q> Deserialize<'de> for Spread<Q>
where
    Q: Deserialize<'de> + QuantityText,
{
    /// The short form needs [`super::ron_text::parse`], which hands a string to the visitor of an
    /// enum; `ron` by itself reads the long forms only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("Spread", LAWS, SpreadVisitor(PhantomData))
    }
}

impl<Q> Spread<Q> {
    /// Reads one of the laws, not the short form.
    pub(super) fn of_law<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>
    where
        Q: Deserialize<'de>,
    {
        Laws::deserialize(deserializer)
    }
}

struct SpreadVisitor<Q>(PhantomData<Q>);

impl<'de, Q> Visitor<'de> for SpreadVisitor<Q>
where
    Q: Deserialize<'de> + QuantityText,
{
    type Value = Spread<Q>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Q::WANTED)
    }

    fn visit_str<E: Error>(self, constant: &str) -> Result<Spread<Q>, E> {
        let unfit = E::invalid_type(Unexpected::Str(constant), &self);
        Q::of_text(constant).map(Spread::Constant).ok_or(unfit)
    }

    fn visit_u64<E: Error>(self, constant: u64) -> Result<Spread<Q>, E> {
        self.visit_f64(constant as f64)
    }

    fn visit_i64<E: Error>(self, constant: i64) -> Result<Spread<Q>, E> {
        self.visit_f64(constant as f64)
    }

    fn visit_f64<E: Error>(self, constant: f64) -> Result<Spread<Q>, E> {
        let unfit = E::invalid_type(Unexpected::Float(constant), &self);
        Q::of_number(constant).map(Spread::Constant).ok_or(unfit)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Spread<Q>, A::Error> {
        Laws::deserialize(EnumAccessDeserializer::new(access))
    }
}

impl<Q: QuantityText> Spread<Q> {
    /// The distribution, in seconds or bytes; what is wrong with it is reported.
    pub fn compile(&self, cx: &mut Checker<'_>) -> Option<Distribution> {
        let mut numbers = Numbers { cx, are_read: true };
        let built = match self {
            Self::Constant(value) => Distribution::constant(numbers.own(value)),
            Self::Uniform { min, max } => {
                Distribution::uniform(numbers.least(min), numbers.greatest(max))
            }
            Self::Exponential { mean } => Distribution::exponential(numbers.field("mean", mean)),
            Self::Erlang { k, mean } => Distribution::erlang(*k, numbers.field("mean", mean)),
            Self::Gamma { mean, cv } => Distribution::gamma(numbers.field("mean", mean), *cv),
            Self::HyperExponential { branches } => {
                Distribution::hyperexponential(&numbers.branches(branches))
            }
            Self::HyperExponentialBalanced { mean, cv } => {
                Distribution::hyperexponential_balanced(numbers.field("mean", mean), *cv)
            }
            Self::LogNormal { mean, cv } => {
                Distribution::lognormal(numbers.field("mean", mean), *cv)
            }
            Self::Weibull { shape, scale } => {
                Distribution::weibull(*shape, numbers.field("scale", scale))
            }
            Self::Pareto { alpha, min, max } => {
                Distribution::bounded_pareto(*alpha, numbers.least(min), numbers.greatest(max))
            }
            Self::Empirical(values) => Distribution::empirical(numbers.list(values)),
        };
        let Numbers { cx, are_read } = numbers;
        cx.built(built, PLACES).filter(|_| are_read)
    }
}

/// Reads the quantities of a distribution in seconds or bytes. One that cannot be read is reported
/// and stood in for by a number that is always in range, so that the others are still checked.
struct Numbers<'c, 's> {
    cx: &'c mut Checker<'s>,
    are_read: bool,
}

impl Numbers<'_, '_> {
    fn read<Q: QuantityText>(&mut self, text: &Q, stand_in: f64) -> f64 {
        let value = self.cx.quantity(text.parse());
        self.are_read &= value.is_some();
        value.map_or(stand_in, |value| Q::in_base_unit(&value))
    }

    /// The value that the checker is at.
    fn own<Q: QuantityText>(&mut self, text: &Q) -> f64 {
        self.read(text, 1.0)
    }

    fn named<Q: QuantityText>(&mut self, name: &str, text: &Q, stand_in: f64) -> f64 {
        let are_read = &mut self.are_read;
        self.cx.field(name, |cx| {
            let mut numbers = Numbers { cx, are_read: true };
            let number = numbers.read(text, stand_in);
            *are_read &= numbers.are_read;
            number
        })
    }

    fn field<Q: QuantityText>(&mut self, name: &str, text: &Q) -> f64 {
        self.named(name, text, 1.0)
    }

    fn least<Q: QuantityText>(&mut self, text: &Q) -> f64 {
        self.named("min", text, 1e-9)
    }

    fn greatest<Q: QuantityText>(&mut self, text: &Q) -> f64 {
        self.named("max", text, 1e17)
    }

    fn list<Q: QuantityText>(&mut self, texts: &[Q]) -> Vec<f64> {
        let value = |cx: &mut Checker<'_>, text: &Q| cx.quantity(text.parse());
        let values = self.cx.elements(texts, value);
        self.are_read &= values.is_some();
        values.map_or(vec![1.0], |values| values.iter().map(Q::in_base_unit).collect())
    }

    fn branches<Q: QuantityText>(&mut self, branches: &[Branch<Q>]) -> Vec<(f64, f64)> {
        let mut are_read = true;
        let read = self.cx.each("branches", branches, |cx, branch| {
            let mut numbers = Numbers { cx, are_read: true };
            let mean = numbers.field("mean", &branch.mean);
            are_read &= numbers.are_read;
            Some((branch.probability, mean))
        });
        self.are_read &= are_read;
        read.unwrap_or_default()
    }
}

/// The parameters of the constructors in `sim_core::dist` and the fields they come from.
const PLACES: &[(&str, &str)] = &[
    ("lo", "min"),
    ("hi", "max"),
    ("value", ""),
    ("values", ""),
    ("values[]", "[]"),
    ("mean[]", "branches[].mean"),
    ("probability[]", "branches[].probability"),
    ("sum of the probabilities", "branches"),
];

#[cfg(test)]
#[path = "distribution_tests.rs"]
mod tests;
