//! What a trigger does: the kinds of its template.
//!
//! argo-events v1.9.11 `pkg/sensors/triggers/*`: calls have another side, which becomes a station; objects
//! go through the sensor's one Kubernetes client.

use crate::sensor::spec::ActionSpec;
use crate::spec::model::Stage;
use crate::spec::policy::{OnReject, QueueSpec};
use crate::station::spec::{ReturnsSpec, StationSpec};
use crate::store::spec::{DrainSpec, StoreSpec};

use super::assumable::Count;
use super::assume::Otherwise;
use super::sensor::Submitted;
use super::trigger::{At, kinds_of_templates};
use super::yaml::{self, Node};
use super::{Importer, Manifest};

/// The kinds of templates.
pub(super) const TEMPLATES: &[&str] = &[
    "argoWorkflow",
    "awsLambda",
    "azureEventHubs",
    "azureServiceBus",
    "custom",
    "email",
    "http",
    "k8s",
    "kafka",
    "log",
    "nats",
    "openWhisk",
    "pulsar",
    "slack",
];

/// Those that create or change an object.
const OBJECTS: [&str; 2] = ["k8s", "argoWorkflow"];

impl Importer {
    pub(super) fn action(
        &mut self,
        at: At<'_, '_>,
        template: Option<&Node>,
        waits: bool,
        submitted: &mut Submitted<'_, '_>,
    ) -> ActionSpec {
        let Some(template) = template else { return ActionSpec::Log };
        let Some((kind, node)) =
            TEMPLATES.iter().find_map(|kind| Some((*kind, template.get(kind)?)))
        else {
            if template.find("log").is_none() {
                let message = format!(
                    "the trigger `{}` has no template of a known kind: taken for a log line",
                    at.name
                );
                self.warn(at.manifest, template, "unknown-trigger", message)
                    .expected(kinds_of_templates());
            }
            return ActionSpec::Log;
        };
        let parameter = format!("{}.action", at.path);
        if kind == "log" {
            self.take_itself(node, parameter, "a line in the log");
            return ActionSpec::Log;
        }
        if OBJECTS.contains(&kind) {
            return self.object(at, kind, node, waits, submitted);
        }
        let url = node.get("url").filter(|_| kind == "http");
        let station = self.callee(at, url.and_then(Node::scalar));
        let shown = format!("a call of `{station}`");
        self.take_itself(url.unwrap_or(node), parameter, shown);
        ActionSpec::Http(station)
    }

    /// The other side of a call. Those that call the same address share it.
    fn callee(&mut self, at: At<'_, '_>, url: Option<&str>) -> String {
        let Manifest { namespace, name: sensor, .. } = at.manifest;
        let key = match url {
            Some(url) => format!("{namespace} {url}"),
            None => format!("{namespace}/{sensor}/{}", at.name),
        };
        let candidate =
            self.free(format!("{}-target", at.name), || format!("{sensor}-{}-target", at.name));
        let name = self.names.called("target", key, candidate);
        if self.implied.iter().any(|stage| stage.name() == name) {
            return name;
        }
        let because = "manifests do not say what the other side of a call can take";
        let said = self.heard(at.manifest, at.node, "servers");
        let otherwise = Otherwise { value: "64", because };
        let Count(servers) = self.settle(said, "servers", format!("{name}.servers"), otherwise);
        let said = self.heard(at.manifest, at.node, "service");
        let otherwise = Otherwise { value: "5ms", because };
        let service = self.settle(said, "service", format!("{name}.service"), otherwise);
        self.implied.push(Stage::Station(StationSpec {
            name: name.clone(),
            servers,
            service,
            queue: QueueSpec::default(),
            rate_limit: None,
            patience: None,
            failure: 0.0,
            returns: ReturnsSpec::default(),
            on_reject: None,
            on_failure: OnReject::Drop,
            to: None,
            split: Vec::new(),
        }));
        name
    }

    /// `candidate`, or something longer if a stage has that name already.
    fn free(&self, candidate: String, longer: impl FnOnce() -> String) -> String {
        if self.names.is_taken(&candidate) { longer() } else { candidate }
    }

    /// A `k8s` or `argoWorkflow` trigger.
    fn object(
        &mut self,
        at: At<'_, '_>,
        kind: &str,
        node: &Node,
        waits: bool,
        submitted: &mut Submitted<'_, '_>,
    ) -> ActionSpec {
        let operation = node.text("operation").unwrap_or_default();
        let source = node.get("source");
        let inline = source.and_then(|source| source.get("inline"));
        let parsed = inline.and_then(|inline| yaml::embedded(at.manifest.file, inline).ok());
        let resource = source.and_then(|source| source.get("resource"));
        let Some(resource) = resource.or(parsed.as_ref()) else {
            let what = source.unwrap_or(node);
            self.not_modeled(what, "what it creates does not stand in the manifest");
            return self.elsewhere(at, kind, node);
        };
        let of = resource.get("kind");
        let is_workflow = of.and_then(Node::scalar) == Some("Workflow");
        let parameter = format!("{}.action", at.path);
        match operation {
            "" | "create" | "submit" if is_workflow => {
                let manifest = at.manifest;
                let (manifests, templates) = (submitted.manifests, &mut *submitted.templates);
                let name = self.submission(manifest, at.name, resource, manifests, templates);
                self.take_itself(
                    of.unwrap_or(resource),
                    parameter,
                    format!("a workflow of `{name}`"),
                );
                workflow(name, waits)
            }
            "submit" | "submit-from" if kind == "argoWorkflow" => {
                let name = resource.at(&["metadata", "name"]).and_then(Node::scalar);
                let found = name.and_then(|name| {
                    submitted.manifests.iter().copied().find(|manifest| {
                        let is_near = [at.manifest.namespace, ""].contains(&manifest.namespace);
                        manifest.name == name && is_near
                    })
                });
                let Some(found) = found else {
                    self.not_modeled(resource, "no manifest of what it submits was given");
                    return self.elsewhere(at, kind, node);
                };
                let template = self.workflow_template(found, submitted.manifests);
                let name = template.name.clone();
                if !submitted.templates.iter().any(|known| known.name == name) {
                    submitted.templates.push(template);
                }
                self.take(resource, parameter, format!("a workflow of `{name}`"));
                workflow(name, waits)
            }
            _ if kind == "argoWorkflow" => {
                self.not_modeled(resource, format!("`{operation}` starts no workflow"));
                self.elsewhere(at, kind, node)
            }
            _ => {
                let store = self.backlog(at, resource);
                self.take(resource, parameter, format!("an object in `{store}`"));
                if !["", "create"].contains(&operation) {
                    let message = format!(
                        "a trigger that is to {operation} an object is modeled as if it created one"
                    );
                    self.warn(at.manifest, node, "modeled-as-create", message);
                }
                ActionSpec::Store(store)
            }
        }
    }

    /// An object or workflow that the manifests do not have.
    fn elsewhere(&mut self, at: At<'_, '_>, kind: &str, node: &Node) -> ActionSpec {
        let what = if kind == "k8s" { "creates" } else { "does to workflows" };
        let message =
            format!("what the trigger `{}` {what} is not modeled: taken for a log line", at.name);
        self.warn(at.manifest, node, "not-modeled", message);
        ActionSpec::Log
    }

    /// Objects that a `k8s` trigger creates are kept for somebody who works them off.
    fn backlog(&mut self, at: At<'_, '_>, object: &Node) -> String {
        let metadata = object.get("metadata");
        let given = metadata.and_then(|it| it.text("generateName").or_else(|| it.text("name")));
        let given = given.map(|it| it.trim_end_matches(['-', '.'])).filter(|it| !it.is_empty());
        let kind = object.text("kind").unwrap_or_default();
        let name = match given {
            Some(given) => {
                let key = format!("{}/{kind}/{given}", at.manifest.namespace);
                self.names.called("store", key, given.to_owned())
            }
            None => self.names.of("store", "backlog"),
        };
        if !self.implied.iter().any(|stage| stage.name() == name) {
            self.assume(
                format!("{name}.drain"),
                "never, within the run",
                "who works the objects off does not follow from manifests",
            );
            self.implied.push(Stage::Store(StoreSpec {
                name: name.clone(),
                max_msgs: None,
                max_bytes: None,
                on_reject: None,
                drain: DrainSpec::Never,
                to: None,
            }));
        }
        name
    }
}

fn workflow(template: String, waits: bool) -> ActionSpec {
    if waits { ActionSpec::WorkflowAndWait(template) } else { ActionSpec::Workflow(template) }
}
