//! A model written back as manifests that the real system accepts, as it is deployed.
//!
//! What manifests cannot say stands beside the line in a comment to Surgetank; what the real system cannot do,
//! and what no comment can give, is listed. Nothing is dropped in silence: what was written is read again, and
//! whatever it gives otherwise than the model is what was left out.

mod asides;
mod compare;
mod edits;
mod event_bus;
mod event_source;
mod onto;
mod reasons;
mod sensor;
mod workflow;
mod yaml;

use std::collections::BTreeSet;

use serde::Serialize;

use super::files::Manifests;
use super::{ImportOptions, Reading, Versions, import_from};
use crate::spec::model::{ModelSpec, Stage};
use crate::spec::policy::{OnReject, OverSpec, Unit};
pub use onto::{Onto, Patched, onto};
use yaml::Map;

/// A model as manifests.
#[derive(Clone, Debug)]
pub struct Export {
    /// The objects, in the order of the model.
    pub documents: Vec<Document>,
    /// What they do not say.
    pub left_out: Vec<LeftOut>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// A name for its file: `sensor-orders.yaml`.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// Something of a model that manifests do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The parameter, as for `--set`.
    pub parameter: String,
    /// Why not.
    pub why: String,
}

impl Export {
    /// All objects as one file.
    #[must_use]
    pub fn yaml(&self) -> String {
        let texts: Vec<&str> =
            self.documents.iter().map(|document| document.text.as_str()).collect();
        texts.join("---\n")
    }
}

/// An object on its way into a file.
struct Object {
    kind: &'static str,
    name: String,
    namespace: Option<String>,
    root: Map,
}

/// An object of Argo's.
fn object(kind: &'static str, name: &str, spec: Map) -> Object {
    let mut root = Map::new();
    root.put("apiVersion", "argoproj.io/v1alpha1").put("kind", kind);
    let mut metadata = Map::new();
    metadata.put("name", name);
    root.put("metadata", metadata).put("spec", spec);
    Object { kind, name: name.to_owned(), namespace: None, root }
}

/// What there is in the manifests, as far as others speak of it.
struct Written<'m> {
    spec: &'m ModelSpec,
    /// The stores that triggers write into.
    stores: BTreeSet<&'m str>,
    /// The other sides of calls of which has been said what they can take: the first of their callers does.
    said: std::cell::RefCell<BTreeSet<String>>,
}

impl<'m> Written<'m> {
    fn new(spec: &'m ModelSpec) -> Self {
        let stores = sensor::actions(spec).filter_map(|action| match action {
            crate::sensor::spec::ActionSpec::Store(store) => Some(store.as_str()),
            _ => None,
        });
        Self { spec, stores: stores.collect(), said: std::cell::RefCell::default() }
    }

    /// Whether a comment with that answer speaks of nothing that is not there.
    fn has_stores_of(&self, answer: &OnReject) -> bool {
        let store = match answer {
            OnReject::Store(store) => Some(store),
            OnReject::Nack(nack) => nack.then_store.as_ref(),
            OnReject::Drop | OnReject::Block => None,
        };
        store.is_none_or(|store| self.stores.contains(store.as_str()))
    }
}

/// Writes a model as manifests: an object for each stage.
#[must_use]
pub fn export(spec: &ModelSpec, versions: Versions) -> Export {
    let (spec, mut left_out) = pushed_down(spec);
    let spec = &spec;
    let written = Written::new(spec);
    let mut objects = Vec::new();
    for stage in &spec.stages {
        match stage {
            Stage::EventBus(bus) => objects.push(event_bus::event_bus(bus)),
            Stage::EventSource(source) if is_to_bus(spec, &source.to) => {
                objects.push(event_source::event_source(source, &written));
            }
            Stage::Sensor(sensor) => objects.push(sensor::sensor(sensor, &written)),
            Stage::Workflow(workflow) => objects.extend(workflow::objects(workflow, &written)),
            // What starts workflows by itself stands with its template, and the other sides of triggers with
            // these.
            Stage::EventSource(_) | Stage::Station(_) | Stage::Store(_) => {}
        }
    }
    let mut maps = workflow::config_maps(&spec.config_maps);
    maps.append(&mut objects);
    // In the order in which the importer meets them: the same model is always the same text.
    maps.sort_by_key(|object| match object.kind {
        "ConfigMap" => 0,
        "Namespace" => 1,
        "EventBus" => 2,
        "EventSource" => 3,
        "Sensor" => 4,
        "WorkflowTemplate" => 6,
        _ => 5,
    });
    let documents = documents(spec, maps);
    left_out.extend(differing(spec, &documents, versions));
    Export { documents, left_out }
}

/// The model with the limit of each sensor, which nobody reads, as that of its triggers; and what is lost
/// thereby.
fn pushed_down(spec: &ModelSpec) -> (ModelSpec, Vec<LeftOut>) {
    let mut spec = spec.clone();
    let mut left_out = Vec::new();
    for stage in &mut spec.stages {
        let Stage::Sensor(sensor) = stage else { continue };
        let Some(limit) = sensor.rate_limit.take() else { continue };
        for trigger in &mut sensor.triggers {
            if trigger.rate_limit.is_none() {
                trigger.rate_limit = Some(limit.clone());
            }
        }
        if sensor.triggers.len() > 1 {
            let why = "the controller has no limit over all triggers of a sensor: each of them has it for itself";
            let parameter = format!("{}.rate_limit", sensor.name);
            left_out.push(LeftOut { parameter, why: why.to_owned() });
        }
    }
    (spec, left_out)
}

fn is_to_bus(spec: &ModelSpec, to: &str) -> bool {
    let is_other = |stage: &Stage| stage.name() == to && !matches!(stage, Stage::EventBus(_));
    let is_template = |stage: &Stage| match stage {
        Stage::Workflow(workflow) => workflow.templates.iter().any(|it| it.name == to),
        _ => false,
    };
    !spec.stages.iter().any(|stage| is_other(stage) || is_template(stage))
}

fn documents(spec: &ModelSpec, objects: Vec<Object>) -> Vec<Document> {
    let mut files = BTreeSet::new();
    let mut documents = Vec::new();
    for object in objects {
        let space = object.namespace.map_or_else(String::new, |space| format!("-{space}"));
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let stem: String = format!("{}-{}{space}", object.kind, object.name)
            .to_lowercase()
            .chars()
            .map(plain)
            .collect();
        let mut file = format!("{stem}.yaml");
        let mut number = 1;
        while !files.insert(file.clone()) {
            number += 1;
            file = format!("{stem}-{number}.yaml");
        }
        documents.push(Document { file, text: object.root.document() });
    }
    if let Some(first) = documents.first_mut() {
        let about = format!("{}: {}", spec.name, spec.about);
        let about = about.trim().trim_end_matches(':').replace("surgetank:", "surgetank");
        let lines: String = about.lines().map(|line| format!("# {}\n", line.trim())).collect();
        // A comment of its own, before those about the first line.
        first.text.insert_str(0, &format!("{lines}\n"));
    }
    documents
}

/// What the documents give otherwise than the model, and why.
fn differing(spec: &ModelSpec, documents: &[Document], versions: Versions) -> Vec<LeftOut> {
    let files: Vec<(&str, &str)> =
        documents.iter().map(|it| (it.file.as_str(), it.text.as_str())).collect();
    let manifests = Manifests::read(&files);
    let options = ImportOptions { versions, ..ImportOptions::new(Reading::Deployed) };
    let again = import_from(&manifests, &options);
    let differences = compare::differences(spec, &again.spec);
    differences.iter().map(|difference| reasons::left_out(spec, difference)).collect()
}
