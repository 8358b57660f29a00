//! A workflow's spec, that of its template, and the controller's defaults, on top of each other.

use crate::manifest::yaml::Node;
use crate::manifest::{Importer, Manifest};

use super::controller::Defaults;

/// The specs that make up a workflow, the first of which goes before the others.
pub(super) struct Layers<'n> {
    /// Where the workflow lives.
    pub(super) namespace: &'n str,
    all: Vec<Layer<'n>>,
    referred: Option<Manifest<'n>>,
    missing: Option<&'n str>,
}

/// A part of a manifest.
pub(super) type Layer<'n> = (Manifest<'n>, &'n Node);

impl<'n> Layers<'n> {
    /// Those of a workflow with `spec`, which stands in `manifest`.
    pub(super) fn new(
        cx: &Importer,
        manifest: Manifest<'n>,
        spec: Option<&'n Node>,
        manifests: &[Manifest<'n>],
        defaults: Option<&'n Defaults>,
    ) -> Self {
        let mut layers = Self {
            namespace: manifest.namespace,
            all: spec.map(|spec| (manifest, spec)).into_iter().collect(),
            referred: None,
            missing: None,
        };
        if let Some(reference) = spec.and_then(|spec| spec.get("workflowTemplateRef")) {
            let name = reference.text("name").unwrap_or_default();
            let scope = reference.text("clusterScope");
            match cx.find_template(manifests, manifest.namespace, name, scope) {
                Some(found) => {
                    layers.referred = Some(found);
                    layers.all.extend(found.root.get("spec").map(|spec| (found, spec)));
                }
                None => layers.missing = Some(name),
            }
        }
        layers.all.extend(defaults.and_then(Defaults::layer));
        layers
    }

    /// The WorkflowTemplate that it runs.
    pub(super) fn referred(&self) -> Option<Manifest<'n>> {
        self.referred
    }

    /// The name of the WorkflowTemplate that it is to run and that is not there.
    pub(super) fn missing(&self) -> Option<&'n str> {
        self.missing
    }

    /// The field of the first that has it.
    pub(super) fn get(&self, field: &str) -> Option<Layer<'n>> {
        self.every(field).next()
    }

    /// The field of all that have it.
    pub(super) fn every(&self, field: &str) -> impl Iterator<Item = Layer<'n>> {
        self.all.iter().filter_map(move |(manifest, spec)| Some((*manifest, spec.get(field)?)))
    }
}

impl Importer {
    /// The WorkflowTemplate of that name that a workflow in `namespace` gets. As it is meant, also one that
    /// is elsewhere.
    pub(super) fn find_template<'n>(
        &self,
        manifests: &[Manifest<'n>],
        namespace: &str,
        name: &str,
        cluster_scope: Option<&str>,
    ) -> Option<Manifest<'n>> {
        let space = if cluster_scope == Some("true") { "" } else { namespace };
        let called = |it: &&Manifest<'n>| it.name == name;
        let exact = manifests.iter().filter(called).find(|it| it.namespace == space);
        let other = || manifests.iter().filter(called).find(|_| self.intends());
        exact.or_else(other).copied()
    }
}
