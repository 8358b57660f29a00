//! What a model can be made of, by family: for `surgetank list`, and for whoever builds forms.
//!
//! The entries are the variants of the RON types, with the first sentence of their documentation: what
//! can be written is listed, and nothing else.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::lint::RULES;
use crate::presets::PRESETS;
use crate::spec::arrival::Arrivals;
use crate::spec::distribution::DurationSpread;
use crate::spec::faults::ChangeSpec;
use crate::spec::model::Stage;
use crate::spec::policy::{Algorithm, OnReject, OrderSpec, OverSpec};
use crate::storms::STORMS;

/// Things of one kind.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Family {
    /// The kind: `stages`.
    pub name: &'static str,
    /// What they are for.
    pub about: &'static str,
    /// The things.
    pub entries: Vec<Entry>,
}

/// One thing that can be written in a model, or named on the command line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// As it is written.
    pub name: String,
    /// What it is.
    pub about: String,
}

/// Every family, in the order of a pipeline.
#[must_use]
pub fn families() -> Vec<Family> {
    let family = |name, about, entries| Family { name, about, entries };
    vec![
        family("presets", "models that come with surgetank: `surgetank run NAME`", presets()),
        family("storms", "arrivals that come with surgetank: `--storm NAME`", storms()),
        family("stages", "what a pipeline is made of", variants::<Stage>()),
        family("arrivals", "when events arrive", variants::<Arrivals>()),
        family("distributions", "how long, how large", variants::<DurationSpread>()),
        family("rejections", "what happens to what cannot be taken", variants::<OnReject>()),
        family("limiters", "the algorithm of a rate limit", variants::<Algorithm>()),
        family(
            "over-limit",
            "what a rate limit does with those who come too early",
            variants::<OverSpec>(),
        ),
        family("orders", "who is served first", variants::<OrderSpec>()),
        family("faults", "what changes in a stage during a run", variants::<ChangeSpec>()),
        family("lints", "what `check` finds: `surgetank explain CODE`", lints()),
    ]
}

fn presets() -> Vec<Entry> {
    PRESETS.iter().map(|preset| entry(preset.name, preset.title)).collect()
}

fn storms() -> Vec<Entry> {
    STORMS.iter().map(|storm| entry(storm.name, storm.title)).collect()
}

fn lints() -> Vec<Entry> {
    RULES.iter().map(|rule| entry(rule.code, rule.title)).collect()
}

fn entry(name: &str, about: &str) -> Entry {
    Entry { name: name.to_owned(), about: about.to_owned() }
}

/// The variants of an enum with their documentation, from its JSON schema.
fn variants<T: JsonSchema>() -> Vec<Entry> {
    let schema = schema_for!(T);
    let all = ["oneOf", "anyOf"].iter().filter_map(|kind| schema.get(*kind)?.as_array());
    all.flatten().flat_map(entries).collect()
}

/// One with content is an object with the variant's name as its only property, one without is a constant,
/// several without are an enumeration.
fn entries(variant: &Value) -> Vec<Entry> {
    let about = variant.get("description").and_then(Value::as_str).map(first_sentence);
    let named =
        |name: &str| Entry { name: name.to_owned(), about: about.clone().unwrap_or_default() };
    let tag = || Some(variant.get("properties")?.as_object()?.keys().next()?.as_str());
    let constant = || variant.get("const")?.as_str();
    if let Some(name) = constant().or_else(tag) {
        return vec![named(name)];
    }
    let several = variant.get("enum").and_then(Value::as_array);
    several.into_iter().flatten().filter_map(Value::as_str).map(named).collect()
}

fn first_sentence(text: &str) -> String {
    let text = text.replace('\n', " ");
    let end = text.find(". ").unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_entries_and_every_entry_a_line() {
        for family in families() {
            assert!(family.entries.len() >= 2 || family.name == "presets", "{}", family.name);
            for entry in family.entries {
                assert!(
                    !entry.about.is_empty(),
                    "{} {} has no documentation",
                    family.name,
                    entry.name
                );
            }
        }
    }

    #[test]
    fn names_are_written_as_in_ron() {
        let families = families();
        let names = |family: &str| -> Vec<&str> {
            let family = families.iter().find(|known| known.name == family).unwrap();
            family.entries.iter().map(|entry| entry.name.as_str()).collect()
        };
        assert_eq!(
            names("stages"),
            ["EventSource", "EventBus", "Sensor", "Workflow", "Station", "Store"]
        );
        assert_eq!(names("rejections"), ["Drop", "Nack", "Store", "Block"]);
        assert!(names("arrivals").contains(&"Spike"));
    }
}
