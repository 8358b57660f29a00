//! A storm as written, and how it takes the place of a model's own arrivals.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrival::Arrivals;
use super::check::Checker;
use super::model::{ModelSpec, Stage};
use super::ron_text;
use crate::diagnostic::Diagnostics;

/// A storm that takes the place of the sources' own arrivals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Storm", deny_unknown_fields)]
pub struct StormSpec {
    /// Arrivals by name of source.
    #[serde(default)]
    pub sources: std::collections::BTreeMap<String, Arrivals>,
    /// Arrivals of every source that is not named.
    #[serde(default)]
    pub every_source: Option<Arrivals>,
}

/// Puts the storm in `text` into the place of the arrivals in `spec`.
pub(super) fn apply(spec: &mut ModelSpec, file: &str, text: &str) -> Result<(), Diagnostics> {
    let (storm, spans) = ron_text::parse::<StormSpec>(file, text)?;
    let mut cx = Checker::new(file, Some(&spans));
    let names: Vec<&str> = spec
        .stages
        .iter()
        .filter(|stage| matches!(stage, Stage::EventSource(_)))
        .map(Stage::name)
        .collect();
    if storm.sources.is_empty() && storm.every_source.is_none() {
        cx.error("the storm changes nothing")
            .expected("`every_source: …`, or `sources: {\"NAME\": …}`, with arrivals");
    }
    cx.field("sources", |cx| {
        for name in storm.sources.keys() {
            cx.reference(name, "event source", name, &names);
        }
    });
    let found = cx.finish();
    if found.has_errors() {
        return Err(found);
    }
    for stage in &mut spec.stages {
        let Stage::EventSource(source) = stage else { continue };
        let arrivals = storm.sources.get(&source.name).or(storm.every_source.as_ref());
        if let Some(arrivals) = arrivals {
            source.arrivals = Some(arrivals.clone());
            source.closed_loop = None;
        }
    }
    Ok(())
}
