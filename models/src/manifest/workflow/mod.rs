//! Argo Workflows: what runs (Workflow, CronWorkflow, what triggers submit), what it is made of
//! (WorkflowTemplate, ClusterWorkflowTemplate), and the controller with its settings.
//!
//! Source: argo-workflows 4.1.2, `workflow/util/merge.go` (the workflow's own spec goes before that of its
//! template, and that before the controller's `workflowDefaults`), `workflow/controller/operator.go`,
//! `workflow/cron/operator.go`, `config/controller.go`; what is otherwise in earlier releases says so.
//!
//! Every node of a workflow is listed with what is assumed of it under the path that it has in the model.

mod config_map;
mod controller;
mod depends;
mod exit;
mod group;
mod layers;
mod locks;
mod node;
mod retry;
mod runs;
mod value;

use std::collections::BTreeMap;

use crate::event_source::spec::EventSourceSpec;
use crate::spec::model::Stage;
use crate::workflows::spec::{ConcurrencySpec, FailFastSpec, NodeSpec, TemplateSpec};

use super::yaml::{Fate, Node};
use super::{Importer, Manifest};
use controller::Settings;
use layers::Layers;

/// What is known of workflows while an import is under way.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// The templates of the model by name, in their order there.
    order: Vec<String>,
    /// How many workflows have a name that begins so.
    generated: BTreeMap<String, u32>,
    /// The texts in ConfigMaps, by namespace and name.
    maps: BTreeMap<(String, String), BTreeMap<String, String>>,
    /// Which of them are limits of semaphores: namespace, name and key, and the parameter that they became.
    limits: BTreeMap<(String, String, String), String>,
    settings: Settings,
    /// What starts workflows by itself.
    sources: Vec<EventSourceSpec>,
}

impl Importer {
    /// Reads what holds for all workflows: ConfigMaps and namespaces.
    pub(super) fn workflow_settings(&mut self, all: &[Manifest<'_>]) {
        for &manifest in all {
            match manifest.kind {
                "ConfigMap" => self.config_map(manifest),
                "Namespace" => self.namespace(manifest),
                _ => {}
            }
        }
    }

    /// Adds everything that runs by itself, and the templates that nobody has submitted yet.
    pub(super) fn workflows(
        &mut self,
        all: &[Manifest<'_>],
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) {
        for &manifest in all {
            match manifest.kind {
                "Workflow" => self.workflow(manifest, manifests, templates),
                "CronWorkflow" => self.cron_workflow(manifest, manifests, templates),
                _ => {}
            }
        }
        for &manifest in manifests {
            let spec = manifest.root.get("spec");
            let name = self.template_name(manifest);
            let is_known = templates.iter().any(|it| it.name == name);
            // One without an entry point cannot be submitted: others refer to its templates.
            if !is_known && spec.is_some_and(|spec| spec.find("entrypoint").is_some()) {
                let template = self.workflow_template(manifest, manifests);
                templates.push(template);
            }
            self.asked_for(manifest, &name, manifests, templates);
        }
    }

    /// What starts workflows by itself, as stages.
    pub(super) fn workflow_sources(&self) -> Vec<Stage> {
        self.workflows.sources.iter().cloned().map(Stage::EventSource).collect()
    }

    /// Says of what is left in these objects why nothing came of it.
    pub(super) fn account_for_workflows(&mut self, all: &[Manifest<'_>]) {
        // The ConfigMap of the default namespace has become one that others name with its namespace.
        let spaced: Vec<String> = self.config_maps.keys().cloned().collect();
        for name in spaced.iter().filter_map(|name| name.strip_prefix("default/")) {
            self.config_maps.remove(name);
        }
        for &manifest in all {
            let spec = manifest.root.find("spec");
            match manifest.kind {
                "ConfigMap" => self.account_for_config_map(manifest),
                "CronWorkflow" => {
                    self.account_for_templates(spec.and_then(|spec| spec.find("workflowSpec")));
                }
                "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" => {
                    self.account_for_templates(spec);
                }
                _ => {}
            }
        }
    }

    fn account_for_templates(&mut self, spec: Option<&Node>) {
        let templates = spec.map_or(&[][..], |spec| spec.list("templates"));
        for template in templates.iter().filter(|it| it.fate() == Fate::Unread) {
            self.not_modeled(template, "no step of what runs here uses this template");
        }
    }

    /// The template that a `Workflow` within a trigger runs from; made if it is not there yet.
    pub(crate) fn submission(
        &mut self,
        sensor: Manifest<'_>,
        trigger: &str,
        workflow: &Node,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) -> String {
        workflow.get("apiVersion");
        let metadata = workflow.get("metadata");
        if let Some(metadata) = metadata {
            metadata.read_whole();
        }
        let namespace = metadata.and_then(|it| it.text("namespace")).unwrap_or(sensor.namespace);
        let inline = Manifest { name: trigger, namespace, ..sensor };
        let spec = workflow.get("spec");
        let defaults = self.workflows.settings.defaults.clone();
        let layers = Layers::new(self, inline, spec, manifests, defaults.as_ref());
        // All that is its own are arguments: it runs as any other of that template.
        let is_plain = spec.is_some_and(|spec| {
            let own = spec.fields().iter().map(|(name, _)| name.as_str());
            own.into_iter().all(|name| ["workflowTemplateRef", "arguments"].contains(&name))
        });
        let name = match (layers.referred(), layers.missing()) {
            (Some(template), _) if is_plain => self.template_name(template),
            (None, Some(missing)) if is_plain => self.names.object("workflow", namespace, missing),
            _ => {
                let key = format!("{}/{}/{trigger}", sensor.namespace, sensor.name);
                self.names.called("workflow", key, format!("{trigger}-workflow"))
            }
        };
        if !templates.iter().any(|known| known.name == name) {
            let template = self.template(name.clone(), &layers, manifests);
            templates.push(template);
        }
        self.account_for_templates(spec);
        name
    }

    pub(crate) fn workflow_template(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
    ) -> TemplateSpec {
        let name = self.template_name(manifest);
        let defaults = self.workflows.settings.defaults.clone();
        let spec = manifest.root.get("spec");
        let layers = Layers::new(self, manifest, spec, manifests, defaults.as_ref());
        self.template(name, &layers, manifests)
    }

    /// The name in the model of a WorkflowTemplate.
    fn template_name(&mut self, manifest: Manifest<'_>) -> String {
        self.names.object("workflow", manifest.namespace, manifest.name)
    }

    /// Where the template `name` stands in the model, or will.
    fn template_path(&mut self, name: &str) -> String {
        let order = &mut self.workflows.order;
        let index = order.iter().position(|known| known == name).unwrap_or_else(|| {
            order.push(name.to_owned());
            order.len() - 1
        });
        format!("{}.templates[{index}]", self.controller_name())
    }

    fn controller_name(&mut self) -> String {
        self.names.of("controller", "workflows")
    }

    /// Takes the value of a field that may be met with more than once: the first time counts.
    fn take_first(&mut self, node: &Node, parameter: impl Into<String>, value: impl Into<String>) {
        if !matches!(node.fate(), Fate::Told(_)) {
            self.take(node, parameter, value);
        }
    }

    /// Passes over a field that may be met with more than once.
    fn pass_over(&mut self, node: &Node, why: &str) {
        if !matches!(node.fate(), Fate::Told(_)) {
            self.not_modeled(node, why);
        }
    }
}

/// One pod.
pub(super) fn leaf(name: &str) -> NodeSpec {
    NodeSpec {
        name: name.to_owned(),
        service: Some("30s".into()),
        pod_start: None,
        failure: 0.0,
        active_deadline: None,
        retry: None,
        semaphores: Vec::new(),
        mutexes: Vec::new(),
        parallelism: None,
        items: 1,
        steps: Vec::new(),
        dag: Vec::new(),
        fail_fast: FailFastSpec::Stop,
    }
}

/// A template without any work.
fn empty_template(name: String, namespace: &str) -> TemplateSpec {
    let namespace = if namespace.is_empty() { "default" } else { namespace };
    TemplateSpec {
        name,
        namespace: namespace.to_owned(),
        priority: 0,
        concurrency: ConcurrencySpec::Allow,
        semaphores: Vec::new(),
        mutexes: Vec::new(),
        parallelism: None,
        active_deadline: None,
        service: None,
        pod_start: None,
        failure: 0.0,
        retry: None,
        steps: Vec::new(),
        dag: Vec::new(),
        fail_fast: FailFastSpec::Stop,
    }
}
