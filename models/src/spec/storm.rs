//! A storm as written, and how it takes the place of a model's own arrivals.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrival::Arrivals;
use super::assume::AssumeSpec;
use super::check::Checker;
use super::model::{ModelSpec, Stage};
use super::origin::Origin;
use super::ron_text::{self, push_name};
use crate::diagnostic::Diagnostics;
use crate::model::Made;

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
    /// What manifests do not say and is otherwise assumed; only for models made of manifests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume: Option<AssumeSpec>,
}

/// Puts the storm in `text` into the place of the arrivals in `spec`, and says which of them come from it.
pub(super) fn apply(
    spec: &mut ModelSpec,
    file: &str,
    text: &str,
    made: Made,
) -> Result<Vec<Origin>, Diagnostics> {
    let (storm, spans) = ron_text::parse::<StormSpec>(file, text)?;
    storm.check(spec, made, &mut Checker::new(file, Some(&spans)))?;
    let spans = Rc::new(spans);
    let mut origins = Vec::new();
    for (index, stage) in spec.stages.iter_mut().enumerate() {
        let Stage::EventSource(source) = stage else { continue };
        let (arrivals, there) = match storm.sources.get(&source.name) {
            Some(arrivals) => (arrivals, path_of(&source.name)),
            None => match &storm.every_source {
                Some(arrivals) => (arrivals, "every_source".to_owned()),
                None => continue,
            },
        };
        source.arrivals = Some(arrivals.clone());
        source.closed_loop = None;
        let path = format!("stages[{index}].arrivals");
        origins.push(Origin::file(&path, Rc::clone(&spans), &there));
    }
    Ok(origins)
}

/// The path of a source in a storm.
fn path_of(source: &str) -> String {
    let mut path = "sources".to_owned();
    push_name(&mut path, source);
    path
}

impl StormSpec {
    /// Whether it is about this model.
    fn check(&self, spec: &ModelSpec, made: Made, cx: &mut Checker<'_>) -> Result<(), Diagnostics> {
        let sources = spec.stages.iter().filter(|stage| matches!(stage, Stage::EventSource(_)));
        let names: Vec<&str> = sources.map(Stage::name).collect();
        // What it assumes has its effect where manifests become a model.
        if self.assume.is_some() && made == Made::ByHand {
            cx.field("assume", |cx| {
                let key = cx.key();
                cx.error("a model in RON has no assumptions: it states everything")
                    .hint("`--set` changes a part of it")
                    .at(key);
            });
        }
        if self.sources.is_empty() && self.every_source.is_none() && self.assume.is_none() {
            cx.error("the storm changes nothing")
                .expected("`every_source: …`, or `sources: {\"NAME\": …}`, with arrivals");
        }
        cx.field("sources", |cx| {
            for name in self.sources.keys().filter(|name| !names.contains(&name.as_str())) {
                cx.field(name, |cx| {
                    let key = cx.key();
                    cx.error(format!("there is no event source `{name}`"))
                        .code("unknown-name")
                        .nearest(name, &names)
                        .at(key);
                });
            }
        });
        let found = cx.take();
        if found.has_errors() { Err(found) } else { Ok(()) }
    }
}
