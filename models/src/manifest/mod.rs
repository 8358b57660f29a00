//! Kubernetes manifests of Argo Events and Argo Workflows, read into a model.
//!
//! Two readings of the same files: [`Reading::Intended`] honors what their author meant, misplaced and
//! invented fields included; [`Reading::Deployed`] does what the controllers and servers do with them
//! (argo-events v1.9.11, argo-workflows v4.1.2). What manifests cannot say (rates, sizes, durations) is
//! assumed ([`assume`]), and every assumption is listed; what was not understood is listed as well.
//!
//! No field is passed over in silence: see [`account`]. Nothing here reads files.

pub mod account;
mod action;
mod assumable;
pub mod assume;
pub mod difference;
pub(crate) mod event_bus;
mod event_source;
pub(crate) mod event_types;
pub mod export;
mod fields;
pub mod files;
mod known;
mod names;
mod periodic;
pub(crate) mod quantities;
mod sensor;
pub(crate) mod settings;
mod templated;
mod trigger;
mod workflow;
pub(crate) mod yaml;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::spec::arrival::NoFiles;
use crate::spec::model::{DEFAULT_SEED, ModelSpec, Stage};
use crate::workflow::Version;
use crate::{Made, Model, Overrides};
use account::Account;
use assume::{Asides, Block};
pub use assume::{Assumption, Source};
use files::{Manifest, Manifests};
use names::Names;
use yaml::Node;

/// How manifests are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// As their author meant them: documented and misplaced fields count.
    Intended,
    /// As the controllers and servers take them.
    Deployed,
}

impl Reading {
    /// Both, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::Intended, Self::Deployed];

    /// `intended`, `deployed`: as in options, names of folders and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Deployed => "deployed",
        }
    }
}

/// The releases whose behavior counts as deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Of argo-events.
    pub argo_events: Version,
    /// Of argo-workflows.
    pub argo_workflows: Version,
}

impl Default for Versions {
    fn default() -> Self {
        Self { argo_events: Version::new(1, 9, 11), argo_workflows: Version::LATEST }
    }
}

/// How manifests are to be read.
#[derive(Clone, Copy, Debug)]
pub struct ImportOptions<'a> {
    /// As meant, or as deployed.
    pub reading: Reading,
    /// The releases that count as deployed.
    pub versions: Versions,
    /// An assume block ([`crate::spec::assume`]): the name and text of its file.
    pub assume: Option<(&'a str, &'a str)>,
    /// A storm, of which the block `assume` counts where `assume` above says nothing.
    pub storm: Option<(&'a str, &'a str)>,
}

impl ImportOptions<'_> {
    /// With the latest releases, and nothing given.
    #[must_use]
    pub fn new(reading: Reading) -> Self {
        Self { reading, versions: Versions::default(), assume: None, storm: None }
    }
}

/// What became of manifests.
#[derive(Clone, Debug)]
pub struct Import {
    /// The model.
    pub spec: ModelSpec,
    /// What is approximated, and with errors what was given for assumptions and does not fit: the model has
    /// the defaults there.
    pub findings: Diagnostics,
    /// Everything assumed.
    pub assumptions: Vec<Assumption>,
    /// What became of every field, in the order of the files.
    pub entries: Vec<account::Entry>,
}

impl Import {
    /// The model as RON, as [`Model::read`] takes it.
    #[must_use]
    pub fn ron_text(&self) -> String {
        let pretty = ron::ser::PrettyConfig::new().depth_limit(12);
        ron::ser::to_string_pretty(&self.spec, pretty).expect("a spec is plain data")
    }
}

impl Import {
    /// The model as RON, with what was assumed said beside it: at its line where it has one of its own, or
    /// else in the beginning.
    #[must_use]
    pub fn annotated_ron(&self) -> String {
        let text = self.ron_text();
        let index = crate::spec::ron_text::read::<ModelSpec>("(imported)", &text).index;
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut elsewhere = Vec::new();
        for assumption in &self.assumptions {
            let Assumption { subject, assumed, because, .. } = assumption;
            let place = self.path_of(subject).and_then(|path| Some(index.value(&path)?.line));
            let line = place.and_then(|line| lines.get_mut(line.checked_sub(1)? as usize));
            match line.filter(|line| !line.contains(" // ")) {
                Some(line) => line.push_str(&format!(" // assumed: {because}")),
                None => elsewhere.push(format!("//   {subject}: {assumed} ({because})\n")),
            }
        }
        let head = match elsewhere.is_empty() {
            true => String::new(),
            false => format!("// Also assumed:\n{}", elsewhere.concat()),
        };
        format!("{head}{}\n", lines.join("\n"))
    }

    /// The path from the model's root of a parameter that begins with a stage's name.
    fn path_of(&self, parameter: &str) -> Option<String> {
        let stages = self.spec.stages.iter().enumerate();
        let named = stages.filter_map(|(index, stage)| {
            let rest = parameter.strip_prefix(stage.name())?;
            rest.starts_with(['.', '['])
                .then(|| (stage.name().len(), format!("stages[{index}]{rest}")))
        });
        named.max_by_key(|(length, _)| *length).map(|(_, path)| path)
    }

    /// Says of the assumptions which of them `--set` has changed.
    pub fn overridden(&mut self, sets: &[(String, String)]) {
        for assumption in &mut self.assumptions {
            let set = sets.iter().rev().find(|(path, _)| {
                let rest = assumption.subject.strip_prefix(path.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
            let Some((path, value)) = set else { continue };
            assumption.source = Source::Set;
            assumption.location = None;
            assumption.because = format!("`--set {path}` says so");
            if *path == assumption.subject {
                assumption.assumed.clone_from(value);
            }
        }
    }
}

/// Reads manifests: `files` are their names and texts.
///
/// # Errors
/// Every document that is not YAML.
pub fn import(files: &[(&str, &str)], reading: Reading) -> Result<Import, Diagnostics> {
    checked(&Manifests::read(files), &ImportOptions::new(reading))
}

/// The import, if nothing is wrong with what it is made of.
fn checked(manifests: &Manifests, options: &ImportOptions<'_>) -> Result<Import, Diagnostics> {
    if manifests.problems().has_errors() {
        return Err(manifests.problems().clone());
    }
    let mut import = import_from(manifests, options);
    import.findings.extend(manifests.problems().clone());
    if import.findings.has_errors() { Err(import.findings) } else { Ok(import) }
}

/// Turns manifests that have been read into a model. What cannot be read of them is in
/// [`Manifests::problems`] and has no part in it.
#[must_use]
pub fn import_from(manifests: &Manifests, options: &ImportOptions<'_>) -> Import {
    manifests.documents().for_each(|(_, root)| root.unmark());
    let mut cx = Importer::new(options, Asides::of(manifests));
    let mut gathered = Gathered::default();
    for object in manifests.objects() {
        cx.gather(object, &mut gathered);
    }
    let objects = gathered.objects;
    cx.names.declare(&objects);
    let spec = cx.build(&objects);
    let entries = cx.entries(&objects);
    cx.report_unused_asides();
    cx.report_unused_values();
    cx.assumptions.sort();
    cx.assumptions.dedup();
    Import { spec, findings: cx.findings, assumptions: cx.assumptions, entries }
}

impl Model {
    /// Reads a model from manifests; overrides and storms as in [`Model::read`], but for traces in files.
    /// Paths of `--set` are those of the model that is made ([`Import::ron_text`]); what a storm assumes
    /// counts.
    ///
    /// # Errors
    /// Every document that is not YAML, or every problem of the model that they make.
    pub fn from_manifests(
        files: &[(&str, &str)],
        reading: Reading,
        overrides: &Overrides<'_>,
    ) -> Result<(Self, Import), Diagnostics> {
        let options = ImportOptions { storm: overrides.storm, ..ImportOptions::new(reading) };
        let mut import = checked(&Manifests::read(files), &options)?;
        let overrides = Overrides { made: Made::OfManifests, ..*overrides };
        let model = Self::read("(imported)", &import.ron_text(), &overrides, &NoFiles)?;
        import.overridden(overrides.sets);
        Ok((model, import))
    }
}

/// The date of a run's beginning unless a comment says otherwise, for everything that follows the calendar:
/// the Friday of the storms.
pub(crate) const RUN_START: &str = "2026-11-27T00:00:00Z";

/// Why a field that the author meant and nobody reads is not taken as deployed.
pub(crate) const PASSED_OVER: &str = "nobody reads it here: passed over";

/// An import under way.
pub(crate) struct Importer {
    reading: Reading,
    pub(crate) versions: Versions,
    account: Account,
    asides: Asides,
    block: Block,
    /// The names that were looked for in comments and assume blocks.
    asked: BTreeSet<&'static str>,
    /// The parameters for which a value can be given.
    settled: BTreeSet<String>,
    findings: Diagnostics,
    assumptions: Vec<Assumption>,
    names: Names,
    /// Stages that manifests imply: the API behind an http trigger, the backlog of ConfigMaps.
    implied: Vec<Stage>,
    config_maps: BTreeMap<String, BTreeMap<String, String>>,
    workflows: workflow::State,
}

/// The objects that become part of a model.
#[derive(Default)]
struct Gathered<'n> {
    objects: Vec<Manifest<'n>>,
    /// The file of each, by kind, namespace and name.
    files: BTreeMap<(&'n str, &'n str, &'n str), &'n str>,
}

/// Kinds that become part of a model.
const KINDS: [&str; 9] = [
    "EventBus",
    "EventSource",
    "Sensor",
    "Workflow",
    "WorkflowTemplate",
    "ClusterWorkflowTemplate",
    "CronWorkflow",
    "ConfigMap",
    "Namespace",
];

impl Importer {
    fn new(options: &ImportOptions<'_>, asides: Asides) -> Self {
        let &ImportOptions { reading, versions, assume, storm } = options;
        let (block, findings) = assume.map_or_else(Default::default, |it| Block::read(it.0, it.1));
        let of_storm = storm.map_or_else(Block::default, |it| Block::of_storm(it.0, it.1));
        Self {
            asides,
            block: block.over(of_storm),
            asked: BTreeSet::new(),
            settled: BTreeSet::new(),
            reading,
            versions,
            account: Account::default(),
            findings,
            assumptions: Vec::new(),
            names: Names::default(),
            implied: Vec::new(),
            config_maps: BTreeMap::new(),
            workflows: workflow::State::default(),
        }
    }

    pub(crate) fn intends(&self) -> bool {
        self.reading == Reading::Intended
    }

    /// Reports something about `node`, under the path of the object.
    pub(crate) fn warn(
        &mut self,
        of: Manifest<'_>,
        node: &Node,
        code: &'static str,
        message: impl Into<String>,
    ) -> Finding<'_> {
        let path = format!("{}/{}", of.kind, of.name);
        let mut diagnostic = Diagnostic::warning(path, message);
        diagnostic.code(code).at(Some(node.location(of.file)));
        Finding { diagnostic, into: &mut self.findings }
    }

    /// Takes the objects that become part of a model, each once.
    fn gather<'n>(&mut self, manifest: Manifest<'n>, all: &mut Gathered<'n>) {
        let Manifest { kind, namespace, name, root, .. } = manifest;
        root.get("apiVersion");
        if let Some(metadata) = root.get("metadata") {
            // Labels, annotations and namespaces identify; minimal names do not need them.
            metadata.read_whole();
        }
        if let Some(status) = root.get("status") {
            self.not_modeled(status, "what the controller reports");
        }
        if !KINDS.contains(&kind) {
            root.read_whole();
            let what = if kind.is_empty() {
                "an object without a kind".into()
            } else {
                format!("`{kind}`")
            };
            self.warn(
                manifest,
                root,
                "unknown-kind",
                format!("{what} has no part in the model: passed over"),
            )
            .expected(format!("one of `{}`", KINDS.join("`, `")));
            return;
        }
        // Of workflows with a generated name there may be several.
        let is_named = root.find("metadata").is_some_and(|it| it.find("name").is_some());
        if kind == "Workflow" && !is_named {
            return all.objects.push(manifest);
        }
        match all.files.entry((kind, namespace, name)) {
            Entry::Occupied(twin) => {
                let message =
                    format!("there is a {kind} `{name}` in {} already: passed over", twin.get());
                root.read_whole();
                self.warn(manifest, root, "twice", message);
            }
            Entry::Vacant(place) => {
                place.insert(manifest.file);
                all.objects.push(manifest);
            }
        }
    }

    fn build(&mut self, all: &[Manifest<'_>]) -> ModelSpec {
        let of = |kind: &'static str| all.iter().copied().filter(move |it| it.kind == kind);
        self.workflow_settings(all);
        let mut stages = Vec::new();
        // Buses and sources first: sensors name them.
        for bus in of("EventBus") {
            let spec = self.event_bus(bus);
            stages.push(Stage::EventBus(spec));
        }
        for source in of("EventSource") {
            let sources = self.event_source(source);
            stages.extend(sources.into_iter().map(Stage::EventSource));
        }
        let templates: Vec<Manifest<'_>> =
            of("WorkflowTemplate").chain(of("ClusterWorkflowTemplate")).collect();
        let mut submitted = Vec::new();
        for sensor in of("Sensor") {
            let spec = self.sensor(sensor, &templates, &mut submitted);
            stages.push(Stage::Sensor(spec));
        }
        self.workflows(all, &templates, &mut submitted);
        self.account_for_workflows(all);
        stages.append(&mut self.implied);
        if !submitted.is_empty() {
            let controller = self.workflow_controller(submitted);
            stages.push(Stage::Workflow(controller));
        }
        self.complete(&mut stages);
        stages.extend(self.workflow_sources());
        self.model(stages)
    }

    fn model(&mut self, stages: Vec<Stage>) -> ModelSpec {
        let sources: Vec<_> = stages
            .iter()
            .filter_map(|stage| match stage {
                Stage::EventSource(source) => Some(source.name.clone()),
                _ => None,
            })
            .collect();
        let horizon = self.horizon(sources.len());
        let because = "manifests do not say how long to look; `--horizon` does";
        self.assume("horizon", horizon, because);
        if sources.is_empty() {
            let mut nothing =
                Diagnostic::warning("", "there is no event source, so nothing happens");
            nothing
                .code("no-source")
                .expected("at least one manifest of kind `EventSource`, `Sensor`, `Workflow` or `CronWorkflow`");
            self.findings.push(nothing);
        }
        ModelSpec {
            name: "imported".to_owned(),
            about: "Imported from manifests.".to_owned(),
            horizon: horizon.into(),
            seed: DEFAULT_SEED,
            warm_up: None,
            in_flight_max: 5_000_000,
            stages,
            config_maps: std::mem::take(&mut self.config_maps),
            faults: Vec::new(),
        }
    }
}

/// A finding that is told when it goes out of scope; say what is to be added to it before.
pub(crate) struct Finding<'f> {
    diagnostic: Diagnostic,
    into: &'f mut Diagnostics,
}

impl Finding<'_> {
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.diagnostic.expected(expected);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.diagnostic.hint(hint);
        self
    }
}

impl Drop for Finding<'_> {
    fn drop(&mut self) {
        self.into.push(self.diagnostic.clone());
    }
}

#[cfg(test)]
mod tests;
