//! Quantities as written: the text with its unit, kept until the meaning is checked, so that a
//! wrong unit is reported together with everything else and a model is written back as it was.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sim_core::time::{Bytes, QuantityError, Rate, SimDuration};

/// A quantity as written that [`Spread`](super::distribution::Spread) can be of.
pub trait QuantityText: Clone + fmt::Debug + PartialEq + fmt::Display {
    /// What the text means.
    type Value;

    /// What is expected where a constant may stand for a distribution.
    const WANTED: &'static str;

    /// The quantity written as a string, if it can be.
    fn of_text(text: &str) -> Option<Self>;

    /// The quantity written as a bare number, if it can be.
    fn of_number(number: f64) -> Option<Self>;

    /// The meaning of the text.
    ///
    /// # Errors
    /// When it is not such a quantity.
    fn parse(&self) -> Result<Self::Value, QuantityError>;

    /// The meaning in the unit that distributions work in: seconds or bytes.
    fn in_base_unit(value: &Self::Value) -> f64;
}

macro_rules! quantity_text {
    (
        $(#[$doc:meta])* $name:ident: $value:ty, $schema_name:literal,
        $type:expr, $wanted:literal, $pattern:literal, $examples:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text as written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The meaning of the text.
            ///
            /// # Errors
            /// When it is not such a quantity: what is wrong and what was expected.
            pub fn parse(&self) -> Result<$value, QuantityError> {
                self.0.parse()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<$value> for $name {
            fn from(value: $value) -> Self {
                Self(value.to_string())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $schema_name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": $type,
                    "description": $wanted,
                    "pattern": $pattern,
                    "examples": $examples,
                })
            }
        }
    };
}

quantity_text! {
    /// A length of time as written: `"30s"`, `"1m30s"`, `"250ms"`.
    DurationText: SimDuration, "Duration", "string",
    "A duration in quotes, such as `\"30s\"`, `\"1m30s\"` or `\"250ms\"`.",
    r"^([0-9]+(\.[0-9]+)?(ns|us|µs|μs|ms|s|m|h|d))+$", ["30s", "1m30s", "250ms"]
}

quantity_text! {
    /// Events per time as written: `"150/s"`, `"10/min"`.
    RateText: Rate, "Rate", "string",
    "A rate in quotes, such as `\"150/s\"` or `\"10/min\"`.",
    r"^[0-9]+(\.[0-9]+)?/.+$", ["150/s", "10/min", "0.5/s"]
}

quantity_text! {
    /// A size as written: `"256KiB"`, `"1GiB"`, or a bare number of bytes.
    BytesText: Bytes, "Bytes", ["string", "integer"],
    "A size in quotes, such as `\"256KiB\"` or `\"1GiB\"`, or a number of bytes.",
    r"^[0-9]+(\.[0-9]+)?(B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)?$", ["512B", "256KiB", "1GiB"]
}

/// Accepts the text of a quantity, and a bare number where there is one unit only.
struct TextVisitor<Q> {
    wanted: &'static str,
    of_number: Option<fn(u64) -> Q>,
    of_text: fn(&str) -> Q,
}

impl<Q> Visitor<'_> for TextVisitor<Q> {
    type Value = Q;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Q, E> {
        Ok((self.of_text)(text))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Q, E> {
        let unfit = E::invalid_type(serde::de::Unexpected::Unsigned(number), &self);
        self.of_number.map(|of| of(number)).ok_or(unfit)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a duration in quotes, such as `\"30s\"`";
        let visitor = TextVisitor { wanted, of_number: None, of_text: |text| text.into() };
        deserializer.deserialize_str(visitor)
    }
}

impl<'de> Deserialize<'de> for RateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a rate in quotes, such as `\"150/s\"`";
        let visitor = TextVisitor { wanted, of_number: None, of_text: |text| text.into() };
        deserializer.deserialize_str(visitor)
    }
}

impl<'de> Deserialize<'de> for BytesText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wanted = "a size in quotes, such as `\"256KiB\"`, or a number of bytes";
        let of_number = Some((|bytes| Self(bytes.to_string())) as fn(u64) -> Self);
        deserializer.deserialize_any(TextVisitor { wanted, of_number, of_text: |text| text.into() })
    }
}

impl QuantityText for DurationText {
    type Value = SimDuration;

    const WANTED: &'static str = "a duration in quotes";

    fn of_text(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn of_number(_: f64) -> Option<Self> {
        None
    }

    fn parse(&self) -> Result<SimDuration, QuantityError> {
        self.parse()
    }

    fn in_base_unit(value: &SimDuration) -> f64 {
        value.as_secs_f64()
    }
}

impl QuantityText for BytesText {
    type Value = Bytes;

    const WANTED: &'static str = "a size in quotes";

    fn of_text(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn of_number(bytes: f64) -> Option<Self> {
        Some(Self(bytes.to_string()))
    }

    fn parse(&self) -> Result<Bytes, QuantityError> {
        self.parse()
    }

    fn in_base_unit(value: &Bytes) -> f64 {
        value.as_u64() as f64
    }
}

/// A plain number, where a distribution has no unit: the size of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl QuantityText for Number {
    type Value = f64;

    const WANTED: &'static str = "a number";

    fn of_text(_: &str) -> Option<Self> {
        None
    }

    fn of_number(number: f64) -> Option<Self> {
        Some(Self(number))
    }

    fn parse(&self) -> Result<f64, QuantityError> {
        Ok(self.0)
    }

    fn in_base_unit(value: &f64) -> f64 {
        *value
    }
}
