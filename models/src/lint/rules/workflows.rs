//! Workflow specs with their templates, wherever they stand. Not a rule.
//!
//! argo-workflows v4.1.2 `pkg/apis/workflow/v1alpha1/workflow_types.go`, argo-events v1.9.11
//! `pkg/apis/events/v1alpha1/sensor_types.go`.

use super::controller::Controller;
use crate::lint::Cx;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

/// What a workflow spec belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A Workflow.
    Workflow,
    /// A WorkflowTemplate or ClusterWorkflowTemplate.
    Template,
    /// A CronWorkflow.
    Cron,
    /// A Workflow within a trigger of a Sensor.
    Trigger,
    /// The controller's `workflowDefaults`.
    Defaults,
}

/// A workflow spec, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec<'n> {
    /// The object that it is in.
    pub(super) manifest: Manifest<'n>,
    /// The spec.
    pub(super) node: &'n Node,
    /// What it belongs to.
    pub(super) origin: Origin,
    /// The namespace in which the workflow runs, if that is said.
    pub(super) namespace: Option<&'n str>,
    /// The trigger that submits it.
    pub(super) submission: Option<Submission<'n>>,
}

/// A Workflow that a trigger submits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Submission<'n> {
    /// The trigger.
    pub(super) trigger: &'n Node,
    /// The `k8s` or `argoWorkflow` of its template.
    pub(super) action: &'n Node,
    /// The name of the trigger.
    pub(super) name: &'n str,
}

/// How a template is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In `templates`, by its name.
    Named,
    /// As `inline` of the step or task of that name.
    Inline,
    /// As `templateDefaults`.
    Defaults,
}

/// A template of a workflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template<'n> {
    /// The template.
    pub(super) node: &'n Node,
    /// Its name, or that of the step.
    pub(super) name: &'n str,
    /// How it is known.
    pub(super) place: Place,
}

/// Something that names a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference<'n> {
    /// The name, or the `templateRef`.
    pub(super) node: &'n Node,
    /// What it names.
    pub(super) target: Target<'n>,
    /// The template in which it stands, if it does in one.
    pub(super) from: Option<&'n str>,
}

/// What is named.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'n> {
    /// A template of the same spec.
    Own(&'n str),
    /// A template of another object.
    Other(&'n Node),
}

/// All workflow specs, in the order of the objects, the controller's defaults last.
pub(super) fn specs<'n, 'm: 'n>(
    cx: &Cx<'m, '_>,
    controllers: &'n [Controller<'m>],
) -> Vec<Spec<'n>> {
    let mut all: Vec<Spec<'n>> = Vec::new();
    for &manifest in cx.objects() {
        let namespace = stated_namespace(manifest);
        let mut push = |path: &[&str], origin| {
            let node = manifest.root.at(path);
            let spec = |node| Spec { manifest, node, origin, namespace, submission: None };
            all.extend(node.map(spec));
        };
        match manifest.kind {
            _ if !is_argo(manifest.root) => {}
            "Workflow" => push(&["spec"], Origin::Workflow),
            "WorkflowTemplate" | "ClusterWorkflowTemplate" => push(&["spec"], Origin::Template),
            "CronWorkflow" => push(&["spec", "workflowSpec"], Origin::Cron),
            "Sensor" => gather_triggers(manifest, &mut all),
            _ => {}
        }
    }
    for controller in controllers {
        let spec = controller.get("workflowDefaults").and_then(|it| it.value.get("spec"));
        all.extend(spec.map(|node| Spec {
            manifest: controller.manifest,
            node,
            origin: Origin::Defaults,
            namespace: None,
            submission: None,
        }));
    }
    all
}

fn is_argo(root: &Node) -> bool {
    root.text("apiVersion").is_none_or(|it| it.starts_with("argoproj.io/"))
}

fn gather_triggers<'n>(manifest: Manifest<'n>, all: &mut Vec<Spec<'n>>) {
    let triggers = manifest.root.at(&["spec", "triggers"]).map_or(&[][..], Node::items);
    let dead_letters = triggers.iter().filter_map(|it| it.get("dlqTrigger"));
    for trigger in triggers.iter().chain(dead_letters) {
        let Some(template) = trigger.get("template") else { continue };
        let name = template.text("name").unwrap_or("unnamed");
        for action in ["k8s", "argoWorkflow"].iter().filter_map(|it| template.get(it)) {
            let Some(resource) = action.at(&["source", "resource"]) else { continue };
            let is_workflow = resource.text("kind") == Some("Workflow") && is_argo(resource);
            let Some(node) = resource.get("spec").filter(|_| is_workflow) else { continue };
            let own = resource.at(&["metadata", "namespace"]).and_then(Node::scalar);
            let namespace = own.or_else(|| stated_namespace(manifest));
            let submission = Some(Submission { trigger, action, name });
            all.push(Spec { manifest, node, origin: Origin::Trigger, namespace, submission });
        }
    }
}

/// The namespace of an object, if it says one.
pub(super) fn stated_namespace<'n>(manifest: Manifest<'n>) -> Option<&'n str> {
    let namespace = manifest.root.at(&["metadata", "namespace"]).and_then(Node::scalar);
    namespace.filter(|_| !manifest.namespace.is_empty())
}

/// Whether an object may be in that namespace: objects that say none are applied to any.
pub(super) fn may_be_in(manifest: Manifest<'_>, namespace: Option<&str>) -> bool {
    let stated = stated_namespace(manifest);
    namespace.is_none() || stated.is_none() || namespace == stated
}

/// Whether a value is known only when it runs, or when a chart is rendered.
pub(super) fn is_dynamic(text: &str) -> bool {
    text.contains("{{")
}

impl<'n> Spec<'n> {
    /// Its templates: those with names, those within steps and tasks, and the defaults.
    pub(super) fn templates(&self) -> Vec<Template<'n>> {
        let mut all = Vec::new();
        for node in self.named() {
            let name = node.text("name").unwrap_or("unnamed");
            gather_templates(Template { node, name, place: Place::Named }, &mut all, 0);
        }
        let defaults = self.node.get("templateDefaults");
        let name = "templateDefaults";
        all.extend(defaults.map(|node| Template { node, name, place: Place::Defaults }));
        all
    }

    /// The nodes of the templates that have names.
    pub(super) fn named(&self) -> &'n [Node] {
        self.node.list("templates")
    }

    /// The template of that name.
    pub(super) fn template(&self, name: &str) -> Option<&'n Node> {
        self.named().iter().find(|it| it.text("name") == Some(name))
    }

    /// The names of its templates.
    pub(super) fn names(&self) -> Vec<&'n str> {
        self.named().iter().filter_map(|it| it.text("name")).collect()
    }

    /// Everything in it that names a template.
    pub(super) fn references(&self) -> Vec<Reference<'n>> {
        let mut all = Vec::new();
        for field in ["entrypoint", "onExit"] {
            gather_names(self.node, field, None, &mut all);
        }
        gather_hooks(self.node, None, &mut all);
        for template in self.templates() {
            let from = Some(template.name).filter(|_| template.place == Place::Named);
            for step in steps(template.node) {
                gather_names(step, "template", from, &mut all);
                gather_names(step, "onExit", from, &mut all);
                gather_other(step, from, &mut all);
                gather_hooks(step, from, &mut all);
            }
        }
        all
    }

    /// The object that `workflowTemplateRef` names, if there is such a field.
    pub(super) fn template_ref(&self) -> Option<&'n Node> {
        self.node.get("workflowTemplateRef")
    }

    /// The spec itself, that of the template it is made from, and the controller's defaults: the first
    /// that says something counts. None if that template is not among the files.
    pub(super) fn layers(&self, specs: &[Self]) -> Option<Vec<Self>> {
        let mut layers = vec![*self];
        if let Some(reference) = self.template_ref() {
            layers.push(self.other(reference, specs)?);
        }
        layers.extend(specs.iter().filter(|it| it.origin == Origin::Defaults).copied());
        Some(layers)
    }

    /// The template object that a `templateRef` or `workflowTemplateRef` names.
    pub(super) fn other(&self, reference: &Node, specs: &[Self]) -> Option<Self> {
        self.others(reference, specs).next()
    }

    /// All objects that such a reference may name: more than one if the namespace is not known.
    pub(super) fn others(&self, reference: &Node, specs: &[Self]) -> impl Iterator<Item = Self> {
        let name = reference.text("name").unwrap_or_default();
        let is_it = move |it: &Self| it.manifest.name == name && self.may_name(*it, reference);
        specs.iter().copied().filter(is_it)
    }

    /// Whether the trigger that submits it writes its entry or its templates from the event.
    pub(super) fn is_written(&self) -> bool {
        const FIELDS: [&str; 4] =
            ["spec.entrypoint", "spec.templates", "spec.onExit", "spec.workflowTemplateRef"];
        let Some(Submission { action, .. }) = self.submission else { return false };
        let written = action.list("parameters").iter().filter_map(|it| it.text("dest"));
        let arguments = action.list("args").iter().filter_map(Node::scalar);
        written.into_iter().any(|it| FIELDS.iter().any(|field| it.starts_with(field)))
            || arguments.into_iter().any(|it| it.starts_with("--entrypoint"))
    }

    /// Whether a reference looks at that object at all, whatever its name.
    pub(super) fn may_name(&self, other: Self, reference: &Node) -> bool {
        let is_cluster = reference.text("clusterScope") == Some("true");
        other.origin == Origin::Template
            && is_cluster == (other.manifest.kind == "ClusterWorkflowTemplate")
            && may_be_in(other.manifest, self.namespace)
    }
}

impl Template<'_> {
    /// What it is called in messages.
    pub(super) fn title(&self) -> String {
        match self.place {
            Place::Named => format!("template `{}`", self.name),
            Place::Inline => format!("the template within `{}`", self.name),
            Place::Defaults => "`templateDefaults`".to_owned(),
        }
    }
}

/// The field in the first of the layers that has it, and the spec that it stands in.
pub(super) fn first<'n>(layers: &[Spec<'n>], field: &str) -> Option<(Spec<'n>, &'n Node)> {
    layers.iter().find_map(|it| Some((*it, it.node.get(field)?)))
}

/// The steps or tasks of a template.
pub(super) fn steps(template: &Node) -> Vec<&Node> {
    let mut all: Vec<&Node> = Vec::new();
    for group in template.list("steps") {
        match group.items() {
            [] => all.push(group),
            steps => all.extend(steps),
        }
    }
    all.extend(tasks(template));
    all
}

/// The tasks of a template, if it is a DAG.
pub(super) fn tasks(template: &Node) -> &[Node] {
    template.at(&["dag", "tasks"]).map_or(&[][..], Node::items)
}

/// Whether a template runs others and no pod of its own.
pub(super) fn is_composed(template: &Node) -> bool {
    template.get("steps").is_some() || template.get("dag").is_some()
}

fn gather_templates<'n>(template: Template<'n>, all: &mut Vec<Template<'n>>, depth: u32) {
    const DEPTH_MAX: u32 = 32;
    all.push(template);
    if depth == DEPTH_MAX {
        return;
    }
    for step in steps(template.node) {
        let Some(node) = step.get("inline") else { continue };
        let name = step.text("name").unwrap_or("unnamed");
        gather_templates(Template { node, name, place: Place::Inline }, all, depth + 1);
    }
}

fn gather_names<'n>(
    holder: &'n Node,
    field: &str,
    from: Option<&'n str>,
    all: &mut Vec<Reference<'n>>,
) {
    let Some(node) = holder.get(field) else { return };
    let target = node.scalar().filter(|it| !it.is_empty()).map(Target::Own);
    all.extend(target.map(|target| Reference { node, target, from }));
}

fn gather_other<'n>(holder: &'n Node, from: Option<&'n str>, all: &mut Vec<Reference<'n>>) {
    let node = holder.get("templateRef");
    all.extend(node.map(|node| Reference { node, target: Target::Other(node), from }));
}

fn gather_hooks<'n>(holder: &'n Node, from: Option<&'n str>, all: &mut Vec<Reference<'n>>) {
    for (_, hook) in holder.get("hooks").map_or(&[][..], Node::fields) {
        gather_names(hook, "template", from, all);
        gather_other(hook, from, all);
    }
}

#[cfg(test)]
mod tests {
    use super::super::controller::controllers;
    use super::*;
    use crate::manifest::Versions;
    use crate::manifest::files::Manifests;

    const TEXT: &str = "
kind: CronWorkflow
metadata: {name: c, namespace: a}
spec:
  workflowSpec:
    entrypoint: one
    hooks: {exit: {template: two}, other: {templateRef: {name: t, template: x}}}
    templateDefaults: {}
    templates:
    - name: one
      steps: [[{name: s, inline: {dag: {tasks: [{name: d, template: two, inline: {}}]}}}], {name: u, template: '{{x}}'}]
    - steps: 5
    - 7
---
kind: Sensor
metadata: {namespace: a}
spec:
  triggers:
  - template: {name: t, argoWorkflow: {source: {resource: {kind: Workflow, metadata: {namespace: b}, spec: {}}}}}
    dlqTrigger: {template: {k8s: {source: {resource: {kind: Workflow, spec: {}}}}}}
  - template: {name: p, k8s: {source: {resource: {kind: Pod, spec: {}}}}}
---
kind: ConfigMap
metadata: {name: workflow-controller-configmap}
data:
  workflowDefaults: |
    spec: {parallelism: 3}
---
{kind: Workflow, apiVersion: elsewhere/v1, spec: {}}
";

    #[test]
    fn specs_templates_and_references_are_found_everywhere() {
        let manifests = Manifests::read(&[("f.yaml", TEXT)]);
        let objects = manifests.objects();
        let mut findings = Vec::new();
        let rule = &crate::lint::RULES[0];
        let versions = Versions::default();
        let cx = Cx {
            manifests: &manifests,
            versions,
            load: None,
            objects: &objects,
            rule,
            findings: &mut findings,
        };
        let controllers = controllers(&cx);
        let specs = specs(&cx, &controllers);
        let found: Vec<_> = specs.iter().map(|it| (it.origin, it.namespace)).collect();
        use Origin::{Cron, Defaults, Trigger};
        let expected =
            [(Cron, Some("a")), (Trigger, Some("b")), (Trigger, Some("a")), (Defaults, None)];
        assert_eq!(found, expected);
        let names: Vec<_> = specs[0].templates().iter().map(|it| (it.name, it.place)).collect();
        use Place::{Inline, Named};
        let expected = [
            ("one", Named),
            ("s", Inline),
            ("d", Inline),
            ("unnamed", Named),
            ("unnamed", Named),
            ("templateDefaults", Place::Defaults),
        ];
        assert_eq!(names, expected);
        let targets: Vec<_> = specs[0]
            .references()
            .iter()
            .map(|it| match it.target {
                Target::Own(name) => name,
                Target::Other(node) => node.text("template").unwrap_or_default(),
            })
            .collect();
        assert_eq!(targets, ["one", "two", "x", "{{x}}", "two"]);
        assert_eq!(specs[0].layers(&specs).unwrap().len(), 2);
    }
}
