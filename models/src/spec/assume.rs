//! What manifests cannot say, as written: a file of its own, or the block `assume` of a storm.
//!
//! ```ron
//! Assume(
//!     values: {"orders.arrivals": Poisson(rate: "20/s"), "order-sensor.triggers[0].latency": "30ms"},
//!     defaults: {"payload": "2KiB", "service": LogNormal(mean: "40s", cv: 1.5)},
//! )
//! ```
//!
//! A value is written as in a model. Which parameters there are, and what has to stand there, the importer
//! knows ([`crate::manifest`]).

use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::EnumAccessDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, IntoDeserializer, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::arrival::Arrivals;
use super::distribution::{DurationSpread, LAWS};
use super::policy::OnReject;

/// Values for what manifests leave open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Assume", deny_unknown_fields)]
pub struct AssumeSpec {
    /// By parameter, as the list of assumptions names them: `"orders.arrivals"`,
    /// `"order-sensor.triggers[0].latency"`.
    #[serde(default)]
    pub values: BTreeMap<String, AssumedValue>,
    /// For all parameters of a kind that have no value of their own, by the name that comments use:
    /// `"payload"`, `"service"`.
    #[serde(default)]
    pub defaults: BTreeMap<String, AssumedValue>,
}

/// A value as a model would have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AssumedValue {
    /// A duration, rate, size or anything else in quotes.
    Text(String),
    /// A number.
    Number(f64),
    /// When events arrive.
    Arrivals(Box<Arrivals>),
    /// A distribution, of durations or of sizes.
    Spread(DurationSpread),
    /// What a source does with an event that it could not publish.
    OnReject(Box<OnReject>),
}

/// The variants of [`OnReject`].
const ANSWERS: &[&str] = &["Drop", "Nack", "Store", "Block"];

impl AssumedValue {
    /// The value as RON.
    #[must_use]
    pub fn ron_text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            other => ron::to_string(other).expect("a value is plain data"),
        }
    }
}

impl JsonSchema for AssumedValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AssumedValue".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value as a model would have it: a quantity in quotes, a number, arrivals, a \
                            distribution, or an answer to a rejection.",
            "examples": ["30ms", "2KiB", 0.01],
        })
    }
}

impl<'de> Deserialize<'de> for AssumedValue {
    /// Needs [`super::ron_text::parse`], as the short form of distributions does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_enum("AssumedValue", LAWS, ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = AssumedValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a quantity in quotes, a number, arrivals such as `Poisson(rate: \"20/s\")`, a distribution")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<AssumedValue, E> {
        Ok(AssumedValue::Text(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<AssumedValue, E> {
        Ok(AssumedValue::Number(number as f64))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<AssumedValue, E> {
        Ok(AssumedValue::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<AssumedValue, E> {
        Ok(AssumedValue::Number(number))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<AssumedValue, A::Error> {
        let (name, variant) = access.variant_seed(VariantName)?;
        let is_one_of = |names: &[&str]| names.contains(&name.as_str());
        let (is_law, is_answer) = (is_one_of(LAWS), is_one_of(ANSWERS));
        let again = EnumAccessDeserializer::new(Again { name, variant });
        if is_law {
            return DurationSpread::of_law(again).map(AssumedValue::Spread);
        }
        if is_answer {
            return OnReject::deserialize(again).map(|it| AssumedValue::OnReject(Box::new(it)));
        }
        Arrivals::deserialize(again).map(|it| AssumedValue::Arrivals(Box::new(it)))
    }
}

/// Reads the name of a variant.
struct VariantName;

impl<'de> DeserializeSeed<'de> for VariantName {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for VariantName {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a variant")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<String, E> {
        Ok(name.to_owned())
    }
}

/// A variant of which the name has been read, to be read by the type that has it.
struct Again<V> {
    name: String,
    variant: V,
}

impl<'de, V: serde::de::VariantAccess<'de>> EnumAccess<'de> for Again<V> {
    type Error = V::Error;
    type Variant = V;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, V), V::Error> {
        let name = seed.deserialize(self.name.into_deserializer())?;
        Ok((name, self.variant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ron_text;

    #[test]
    fn values_are_read_as_a_model_has_them_and_written_back() {
        let cases = [
            r#""30ms""#,
            "0.25",
            r#"Poisson(rate: "20/s")"#,
            r#"Periodic(every: "1m", offset: "0s")"#,
            r#"LogNormal(mean: "40s", cv: 1.5)"#,
            r#"Nack(after: "5s", retries: 3)"#,
            "Drop",
        ];
        for text in cases {
            let text = format!("Assume(values: {{\"a.b\": {text}}})");
            let (spec, _) = ron_text::parse::<AssumeSpec>("a.ron", &text)
                .unwrap_or_else(|found| panic!("{text}: {found}"));
            let value = &spec.values["a.b"];
            let again = format!("(values: {{\"a.b\": {}}})", value.ron_text());
            let (again, _) = ron_text::parse::<AssumeSpec>("a.ron", &again)
                .unwrap_or_else(|found| panic!("{again}: {found}"));
            assert_eq!(again, spec);
        }
    }

    #[test]
    fn what_is_no_value_is_told_at_its_place() {
        let text = "(\n  values: {\"a\": Poison(rate: \"1/s\"), \"b\": [1]},\n  default: {},\n)";
        let found = ron_text::parse::<AssumeSpec>("a.ron", text).unwrap_err();
        insta::assert_snapshot!(found);
    }
}
