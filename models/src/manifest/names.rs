//! Names of stages: objects of different kinds, and of different namespaces, may share a name in a cluster;
//! stages in a model may not.
//!
//! An object of which there is one has its own name. Where several namespaces have one, those outside of
//! `default` are called `NAME-NAMESPACE`; the order of the files does not matter.

use std::collections::{BTreeMap, BTreeSet};

use crate::spec::model::Stage;

use super::Importer;
use super::event_bus::default_bus;
use super::event_source::{event_name, unknown_source};
use super::files::Manifest;

/// The names given so far.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Kind and name in the cluster, and the name in the model.
    given: BTreeMap<(&'static str, String), String>,
    taken: BTreeSet<String>,
    /// Kinds and names that objects of several namespaces have.
    shared: BTreeSet<(&'static str, String)>,
    /// The stage of an event: by namespace, event source and event.
    stages: BTreeMap<(String, String, String), String>,
}

impl Names {
    /// The name in the model of the object, the same each time.
    pub(crate) fn of(&mut self, kind: &'static str, name: &str) -> String {
        self.called(kind, name.to_owned(), name.to_owned())
    }

    /// The name in the model of an object in a namespace, the same each time.
    pub(crate) fn object(&mut self, kind: &'static str, namespace: &str, name: &str) -> String {
        let is_shared = self.shared.contains(&(kind, name.to_owned()));
        let candidate = match (is_shared, namespace) {
            (false, _) | (true, "default") => name.to_owned(),
            (true, "") => format!("{name}-cluster"),
            (true, namespace) => format!("{name}-{namespace}"),
        };
        self.called(kind, format!("{namespace}/{name}"), candidate)
    }

    /// The name of what is known by `key`; `candidate`, or something like it, if it has none yet.
    pub(crate) fn called(
        &mut self,
        kind: &'static str,
        key: String,
        mut candidate: String,
    ) -> String {
        let key = (kind, key);
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        while self.taken.contains(&candidate) {
            candidate = format!("{candidate}-{kind}");
        }
        self.taken.insert(candidate.clone());
        self.given.insert(key, candidate.clone());
        candidate
    }

    /// Whether a stage has that name already.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// Notes which stage publishes an event.
    pub(crate) fn publishes(&mut self, source: Manifest<'_>, event: &str, stage: &str) {
        let key = (source.namespace.to_owned(), source.name.to_owned(), event.to_owned());
        self.stages.entry(key).or_insert_with(|| stage.to_owned());
    }

    /// The stage that publishes an event of a source: that of the source's first event if the source does
    /// not name the event.
    pub(crate) fn publisher(&mut self, namespace: &str, source: &str, event: &str) -> String {
        let key = (namespace.to_owned(), source.to_owned(), event.to_owned());
        match self.stages.get(&key) {
            Some(stage) => stage.clone(),
            None => self.object("source", namespace, source),
        }
    }

    /// Names the buses, sources and sensors, also those that are only named by others.
    pub(crate) fn declare(&mut self, objects: &[Manifest<'_>]) {
        let mut all: Vec<(&'static str, &str, &str)> = Vec::new();
        for &Manifest { kind, namespace, name, root, .. } in objects {
            let spec = root.get("spec");
            let bus = || spec.and_then(|it| it.text("eventBusName")).unwrap_or("default");
            match kind {
                "EventBus" => all.push(("bus", namespace, name)),
                "EventSource" => {
                    all.extend([("source", namespace, name), ("bus", namespace, bus())])
                }
                "Sensor" => {
                    all.extend([("sensor", namespace, name), ("bus", namespace, bus())]);
                    let dependencies = spec.map_or(&[][..], |spec| spec.list("dependencies"));
                    let sources = dependencies.iter().filter_map(|it| it.text("eventSourceName"));
                    all.extend(sources.map(|source| ("source", namespace, source)));
                }
                "Workflow" => all.push(("workflow-run", namespace, name)),
                "WorkflowTemplate" | "ClusterWorkflowTemplate" => {
                    all.push(("workflow", namespace, name));
                }
                "CronWorkflow" => all.push(("cron", namespace, name)),
                _ => {}
            }
        }
        let mut namespaces: BTreeMap<(&'static str, &str), &str> = BTreeMap::new();
        for &(kind, namespace, name) in &all {
            let first = *namespaces.entry((kind, name)).or_insert(namespace);
            if first != namespace {
                self.shared.insert((kind, name.to_owned()));
            }
        }
        // In this order the first of equal names is the shorter one.
        for kind in ["bus", "source", "sensor"] {
            for &(_, namespace, name) in all.iter().filter(|(it, ..)| *it == kind) {
                self.object(kind, namespace, name);
            }
        }
    }
}

impl Importer {
    /// Adds the buses and sources that are named and not in the files.
    pub(crate) fn complete(&mut self, stages: &mut Vec<Stage>) {
        let mut buses = BTreeSet::new();
        let mut wanted = Vec::new();
        for stage in stages.iter() {
            match stage {
                Stage::EventSource(source) => drop(buses.insert(source.to.clone())),
                Stage::Sensor(sensor) => {
                    buses.insert(sensor.bus.clone());
                    for dependency in &sensor.dependencies {
                        let (source, event) = (dependency.source.clone(), dependency.event.clone());
                        wanted.push((source, sensor.bus.clone(), event));
                    }
                }
                _ => {}
            }
        }
        let known = stages.iter().enumerate().filter_map(|(index, stage)| match stage {
            Stage::EventSource(source) => Some((source.name.clone(), index)),
            _ => None,
        });
        let mut sources: BTreeMap<String, usize> = known.collect();
        for (name, bus, event) in wanted {
            let index = *sources.entry(name.clone()).or_insert_with(|| {
                stages.push(Stage::EventSource(self.source_of_sensors(&name, &bus)));
                stages.len() - 1
            });
            let Some(Stage::EventSource(source)) = stages.get_mut(index) else { continue };
            let Some(event) = event else { continue };
            if !source.events.iter().any(|it| it.name == event) {
                source.events.push(event_name(&event));
                self.assume(
                    format!("{name}, event `{event}`"),
                    "it exists",
                    "a sensor depends on it, and the event source does not name it",
                );
            }
        }
        let there: BTreeSet<String> = stages.iter().map(|stage| stage.name().to_owned()).collect();
        for name in buses.into_iter().filter(|name| !there.contains(name)) {
            self.assume(
                format!("{name}, all of it"),
                "the stream that the controller makes by default",
                "no manifest of this EventBus was given",
            );
            stages.push(Stage::EventBus(default_bus(name)));
        }
    }

    /// A source that only sensors know.
    fn source_of_sensors(
        &mut self,
        name: &str,
        bus: &str,
    ) -> crate::event_source::spec::EventSourceSpec {
        self.assume(
            format!("{name}, all of it"),
            "an event source that loses what it cannot publish",
            "a sensor depends on it, and no manifest of it was given",
        );
        let mut source = unknown_source(name, bus);
        self.settle_source(&mut source, Default::default());
        source
    }
}
