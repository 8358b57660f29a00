//! What a result rests on that manifests do not say, and how much each of it matters.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::{Assumption, Source};

/// Something that was assumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The parameter of the model, as for `--set`.
    pub parameter: String,
    /// What was assumed.
    pub value: String,
    /// Why that.
    pub because: String,
    /// Where it is from.
    pub source: Source,
    /// The place in a file, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// How much it matters; absent unless asked for (`--sensitivity`), and for what is no quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
}

/// What other values in the place of the assumed one do, everything else being equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// The key figure that moves most: `events lost`.
    pub figure: String,
    /// How far it moves at most: from 0, not at all, to 1. Losses and events under way as a share of the
    /// events offered, other figures as a share of the larger of both values.
    pub change: f64,
    /// The figure with the value as assumed.
    pub as_assumed: f64,
    /// The values that were tried, with the figure that each gives.
    pub tried: Vec<Tried>,
}

/// A value that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// The value.
    pub value: String,
    /// The figure with it; absent if the run could not be brought to its end.
    pub figure: Option<f64>,
}

impl From<&Assumption> for Assumed {
    fn from(assumption: &Assumption) -> Self {
        Self {
            parameter: assumption.subject.clone(),
            value: assumption.assumed.clone(),
            because: assumption.because.clone(),
            source: assumption.source,
            place: assumption.location.as_ref().map(ToString::to_string),
            sensitivity: None,
        }
    }
}

impl Assumed {
    /// Other values to try in its place, as for `--set`: half and double of a quantity, five per cent of
    /// failures where there were none, half of what passes. None for what is no quantity.
    #[must_use]
    pub fn others(&self) -> Vec<String> {
        let (text, is_poisson) = match self.value.strip_suffix(", Poisson") {
            Some(rate) => (rate, true),
            None => (self.value.as_str(), false),
        };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let Ok(number) = number.parse::<f64>() else { return Vec::new() };
        let is_unit = unit.chars().all(|c| c.is_ascii_alphabetic() || c == '/' || c == 'µ');
        if !is_unit {
            return Vec::new();
        }
        let name = self.parameter.rsplit('.').next().unwrap_or_default();
        let values: &[f64] = match (name, unit) {
            ("failure" | "probability", "") if number == 0.0 => &[0.05],
            ("failure" | "filter" | "pass" | "probability", "") if number >= 1.0 => &[0.5],
            _ if number == 0.0 => &[],
            _ => &[number * 0.5, number * 2.0],
        };
        let is_count = ["servers", "items", "partitions"].contains(&name);
        let written = |value: &f64| match unit {
            "" if is_count => format!("{}", value.ceil().max(1.0)),
            "" => format!("{}", value.min(if number <= 1.0 { 1.0 } else { f64::INFINITY })),
            _ if is_poisson => format!("Poisson(rate: \"{value}{unit}\")"),
            _ => format!("\"{value}{unit}\""),
        };
        values.iter().map(written).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_values_are_half_and_double() {
        let others = |parameter: &str, value: &str| {
            let (because, source) = (String::new(), Source::Default);
            let (parameter, value) = (parameter.to_owned(), value.to_owned());
            Assumed { parameter, value, because, source, place: None, sensitivity: None }.others()
        };
        let rates = ["Poisson(rate: \"0.5/s\")", "Poisson(rate: \"2/s\")"];
        assert_eq!(others("orders.arrivals", "1/s, Poisson"), rates);
        assert_eq!(others("a.latency", "8.5ms"), ["\"4.25ms\"", "\"17ms\""]);
        assert_eq!(others("a.servers", "5"), ["3", "10"]);
        assert_eq!(others("a.failure", "0"), ["0.05"]);
        assert_eq!(others("a.dependencies[0].filter", "1"), ["0.5"]);
        assert_eq!(others("a.failure", "0.7"), ["0.35", "1"]);
        assert!(others("a.drain", "never, within the run").is_empty());
    }
}
