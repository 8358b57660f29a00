//! Templates become nodes: a pod, steps or a DAG.

use crate::manifest::assumable::Probability;
use crate::manifest::assume::Otherwise;
use crate::manifest::yaml::{Fate, Node, Place};
use crate::manifest::{Importer, Manifest};
use crate::workflows::spec::{NodeSpec, TemplateSpec};

use super::layers::{Layer, Layers};
use super::{empty_template, leaf};

/// Nodes of one workflow; templates that call each other can make more of them than there are atoms.
const NODES_MAX: u32 = 2_000;
/// Nodes of one workflow, each counted as often as it runs; the model's own limit is a little higher.
const RUNS_MAX: u64 = 50_000;
/// Levels of templates within templates.
const DEPTH_MAX: usize = 12;

/// The kinds of templates that are one pod, or something as short, and what the model makes of the others.
const PODS: [(&str, Option<&str>); 8] = [
    ("container", None),
    ("script", None),
    ("resource", None),
    ("data", None),
    ("containerSet", None),
    ("http", Some("a request by an agent")),
    ("plugin", Some("a call of an agent")),
    ("suspend", Some("a pause")),
];

/// What all nodes of a workflow have in common.
pub(super) struct Common<'c, 'n> {
    pub(super) namespace: &'c str,
    pub(super) others: &'c [Manifest<'n>],
    /// `templateDefaults`, the first before the others.
    pub(super) defaults: Vec<Layer<'n>>,
    /// `retryStrategy` of the workflow: for every template without one.
    pub(super) retry: Option<Layer<'n>>,
}

/// The templates that can be called by name, the first of a name before the others.
pub(super) struct Scope<'n> {
    pub(super) templates: Vec<Layer<'n>>,
}

/// The way through a workflow so far.
pub(super) struct Walk {
    pub(super) nodes_left: u32,
    pub(super) runs_left: u64,
    /// How often what is looked at runs: the items of all that is around it.
    pub(super) times: u64,
    /// The templates that are around it, by file and place.
    pub(super) around: Vec<(String, Place)>,
    pub(super) is_exit: bool,
    pub(super) is_told: bool,
}

impl<'n> Scope<'n> {
    pub(super) fn of(layers: impl Iterator<Item = Layer<'n>>) -> Self {
        let templates = layers.flat_map(|(manifest, list)| {
            list.items().iter().map(move |template| (manifest, template))
        });
        Self { templates: templates.collect() }
    }

    fn find(&self, name: &str) -> Option<Layer<'n>> {
        self.templates.iter().find(|(_, it)| it.text("name") == Some(name)).copied()
    }
}

impl<'n> Common<'_, 'n> {
    /// A field of a template, or of the defaults of all.
    pub(super) fn get(&self, (manifest, template): Layer<'n>, field: &str) -> Option<Layer<'n>> {
        let own = template.get(field).map(|node| (manifest, node));
        let default =
            || self.defaults.iter().find_map(|(manifest, it)| Some((*manifest, it.get(field)?)));
        own.or_else(default)
    }
}

impl Importer {
    /// The template of the model that a workflow of these layers runs from.
    pub(super) fn template<'n>(
        &mut self,
        name: String,
        layers: &Layers<'n>,
        others: &[Manifest<'n>],
    ) -> TemplateSpec {
        let path = self.template_path(&name);
        let mut template = empty_template(name, layers.namespace);
        self.of_the_whole(&mut template, layers, &path);
        let common = Common {
            namespace: &template.namespace.clone(),
            others,
            defaults: layers.every("templateDefaults").collect(),
            retry: layers.get("retryStrategy"),
        };
        let scope = Scope::of(layers.every("templates"));
        let first = || scope.templates.first().and_then(|(_, it)| it.text("name"));
        let entry = layers.get("entrypoint").and_then(|(_, it)| it.scalar()).or_else(first);
        let entry = entry.unwrap_or("main");
        let exit = exit_handler(layers);
        let found = scope.find(entry);
        let wraps = exit.is_some() || found.is_some_and(|found| is_wrapped(&common, found));
        let mut walk = Walk::new();
        let place = if wraps { format!("{path}.steps[0][0]") } else { path.clone() };
        let node = match (found, layers.missing()) {
            (None, Some(missing)) => {
                let at: Vec<Layer<'n>> = layers.get("workflowTemplateRef").into_iter().collect();
                self.unknown(entry, &place, &at, &format!("no manifest of `{missing}` was given"))
            }
            _ => self
                .node(entry, entry, &place, &[], (&common, &scope), &mut walk)
                .unwrap_or_else(|| leaf(entry)),
        };
        if !wraps {
            return template.with(node);
        }
        template.steps = vec![vec![node]];
        if let Some((manifest, exit)) = exit {
            walk.is_exit = true;
            let called = exit.scalar().unwrap_or_default();
            let place = format!("{path}.steps[1][0]");
            self.take_first(exit, place.clone(), "a last step, after success");
            self.warn(
                manifest,
                exit,
                "exit-handler",
                "the exit handler is modeled as a last step: after a failure it does not run",
            );
            let node = self.node(called, called, &place, &[], (&common, &scope), &mut walk);
            template.steps.extend(node.map(|node| vec![node]));
        }
        template
    }

    /// What is said of the workflow, and not of its templates.
    fn of_the_whole(&mut self, template: &mut TemplateSpec, layers: &Layers<'_>, path: &str) {
        if let Some((manifest, node)) = layers.get("parallelism") {
            template.parallelism = self.whole(manifest, node, 1);
            let shown = template.parallelism.map_or("no limit".to_owned(), |it| it.to_string());
            self.take_first(node, format!("{path}.parallelism"), shown);
        }
        if let Some((manifest, node)) = layers.get("activeDeadlineSeconds") {
            template.active_deadline = self.seconds(manifest, node);
            let shown =
                template.active_deadline.as_ref().map_or("none".to_owned(), |it| it.to_string());
            self.take_first(node, format!("{path}.active_deadline"), shown);
        }
        if let Some((_, node)) = layers.get("priority") {
            let priority = node.scalar().and_then(|text| text.trim().parse().ok());
            template.priority = priority.unwrap_or(0);
            self.take_first(node, format!("{path}.priority"), template.priority.to_string());
        }
        let namespace = template.namespace.clone();
        let locks = self.locks(layers.get("synchronization"), &namespace, path);
        (template.semaphores, template.mutexes) = (locks.semaphores, locks.mutexes);
    }

    /// A pod of which nothing is known.
    pub(super) fn unknown(
        &mut self,
        name: &str,
        path: &str,
        at: &[Layer<'_>],
        because: &str,
    ) -> NodeSpec {
        let mut node = leaf(name);
        let otherwise = Otherwise { value: "30s", because };
        let parameter = format!("{path}.service");
        node.service = Some(self.value(at, "service", &parameter, otherwise));
        node
    }

    /// The node `name`, which runs the template called `template`; none if it would run itself.
    pub(super) fn node<'n>(
        &mut self,
        name: &str,
        template: &str,
        path: &str,
        call: &[Layer<'n>],
        (common, scope): (&Common<'_, 'n>, &Scope<'n>),
        walk: &mut Walk,
    ) -> Option<NodeSpec> {
        let Some(found) = scope.find(template) else {
            let because = format!("no template `{template}` was given");
            return Some(self.unknown(name, path, call, &because));
        };
        self.fill(name, found, path, call, (common, scope), walk)
    }

    /// The node `name`, which runs the template `found`.
    pub(super) fn fill<'n>(
        &mut self,
        name: &str,
        found: Layer<'n>,
        path: &str,
        call: &[Layer<'n>],
        (common, scope): (&Common<'_, 'n>, &Scope<'n>),
        walk: &mut Walk,
    ) -> Option<NodeSpec> {
        let (manifest, template) = found;
        if template.fate() == Fate::Unread {
            template.set_fate(Fate::Read);
        }
        let at = (manifest.file.to_owned(), template.place());
        if walk.around.contains(&at) {
            let message = "the template runs itself: that is left out here";
            let (manifest, node) = *call.first().unwrap_or(&found);
            self.warn(manifest, node, "recursive", message);
            return None;
        }
        let mut node = leaf(name);
        let locks = self.locks(common.get(found, "synchronization"), common.namespace, path);
        (node.semaphores, node.mutexes) = (locks.semaphores, locks.mutexes);
        let retry = common.get(found, "retryStrategy").or(common.retry);
        node.retry = retry.and_then(|retry| self.retry_strategy(retry, path));
        let is_group = template.find("steps").is_some() || template.find("dag").is_some();
        if is_group && walk.around.len() < DEPTH_MAX && walk.nodes_left > 0 {
            walk.around.push(at);
            self.fill_group(&mut node, found, path, (common, scope), walk);
            walk.around.pop();
        } else if is_group {
            walk.tell(self, found);
        }
        if node.steps.is_empty() && node.dag.is_empty() {
            let places: Vec<Layer<'n>> = call.iter().copied().chain([found]).collect();
            self.pod(&mut node, found, path, &places, common);
        } else {
            node.service = None;
        }
        Some(node)
    }

    /// What is assumed of a pod.
    fn pod<'n>(
        &mut self,
        node: &mut NodeSpec,
        found: Layer<'n>,
        path: &str,
        places: &[Layer<'n>],
        common: &Common<'_, 'n>,
    ) {
        let (manifest, template) = found;
        let kind = PODS.iter().find(|(kind, _)| template.find(kind).is_some());
        let service = format!("{path}.service");
        let because = "manifests do not say how long a pod runs";
        let mut otherwise = Otherwise { value: "30s", because };
        if let Some((kind, Some(what))) = kind {
            // No pod is created for it: it begins at once.
            node.pod_start = Some("0s".into());
            let message = format!("`{kind}` is {what}: modeled as a pod that starts at once");
            self.warn(manifest, template, "modeled-as-pod", message);
            otherwise.because = "manifests do not say how long it takes";
        }
        let is_daemon = common.get(found, "daemon").filter(|(_, it)| it.scalar() == Some("true"));
        if let Some((_, daemon)) = is_daemon {
            self.take_first(daemon, service.clone(), "0s");
            let message = "a daemon is modeled as done when it runs: its pod counts no longer";
            self.warn(manifest, daemon, "daemon", message);
            node.service = Some("0s".into());
        } else if let Some(pause) = self.pause(found, &service) {
            node.service = Some(pause.as_str().into());
        } else {
            node.service = Some(self.value(places, "service", &service, otherwise));
        }
        if self.heard_at(places, "pod_start").is_some() {
            let otherwise =
                Otherwise { value: "2s", because: "an image that is on the node already" };
            let parameter = format!("{path}.pod_start");
            node.pod_start = Some(self.value(places, "pod_start", &parameter, otherwise));
        }
        let otherwise =
            Otherwise { value: "0", because: "manifests do not say how often a pod fails" };
        let Probability(failure) =
            self.value(places, "failure", &format!("{path}.failure"), otherwise);
        node.failure = failure;
        self.deadline(node, found, path, common);
    }

    /// `suspend.duration`.
    fn pause(&mut self, (manifest, template): Layer<'_>, parameter: &str) -> Option<String> {
        let duration = template.find("suspend")?.find("duration")?;
        template.get("suspend")?.get("duration")?;
        let seconds = self.seconds(manifest, duration)?.to_string();
        self.take_first(duration, parameter, seconds.clone());
        Some(seconds)
    }

    /// The shorter of the two deadlines of a pod. `timeout` counts from the node's creation and the other
    /// from the pod's start; here both count from the start.
    fn deadline<'n>(
        &mut self,
        node: &mut NodeSpec,
        found: Layer<'n>,
        path: &str,
        common: &Common<'_, 'n>,
    ) {
        for field in ["activeDeadlineSeconds", "timeout"] {
            let Some((manifest, deadline)) = common.get(found, field) else { continue };
            let Some(seconds) = self.seconds(manifest, deadline) else {
                self.pass_over(deadline, "no duration that is known beforehand");
                continue;
            };
            self.take_first(deadline, format!("{path}.active_deadline"), seconds.to_string());
            let shorter = node.active_deadline.as_ref().and_then(|it| it.parse().ok());
            if shorter.is_none_or(|known| seconds.parse().is_ok_and(|new| new < known)) {
                node.active_deadline = Some(seconds);
            }
        }
    }
}

impl Walk {
    fn new() -> Self {
        Self {
            nodes_left: NODES_MAX,
            runs_left: RUNS_MAX,
            times: 1,
            around: Vec::new(),
            is_exit: false,
            is_told: false,
        }
    }

    pub(super) fn tell(&mut self, cx: &mut Importer, (manifest, node): Layer<'_>) {
        if !std::mem::replace(&mut self.is_told, true) {
            let message = format!(
                "the workflow has more than {NODES_MAX} nodes or {DEPTH_MAX} levels: the rest is left out"
            );
            cx.warn(manifest, node, "too-deep", message);
        }
    }
}

impl TemplateSpec {
    /// The template with this node in the place of its entry point.
    fn with(mut self, node: NodeSpec) -> Self {
        (self.service, self.pod_start, self.failure) = (node.service, node.pod_start, node.failure);
        (self.retry, self.fail_fast) = (node.retry, node.fail_fast);
        (self.steps, self.dag) = (node.steps, node.dag);
        self
    }
}

/// Whether the entry point has what a template of the model has no room for.
fn is_wrapped<'n>(common: &Common<'_, 'n>, found: Layer<'n>) -> bool {
    let (_, template) = found;
    let is_group = template.find("steps").is_some() || template.find("dag").is_some();
    let has = |field: &str| {
        let has = |node: &Node| node.find(field).is_some_and(|node| !node.is_null());
        has(template) || common.defaults.iter().any(|(_, defaults)| has(defaults))
    };
    let retries = has("retryStrategy") || common.retry.is_some();
    let deadline = has("activeDeadlineSeconds") || has("timeout");
    has("synchronization") || if is_group { has("parallelism") || retries } else { deadline }
}

/// The name of the template that runs at the end.
fn exit_handler<'n>(layers: &Layers<'n>) -> Option<Layer<'n>> {
    let on_exit =
        layers.get("onExit").filter(|(_, it)| it.scalar().is_some_and(|it| !it.is_empty()));
    let hook = || {
        layers
            .every("hooks")
            .find_map(|(manifest, hooks)| Some((manifest, hooks.get("exit")?.get("template")?)))
    };
    on_exit.or_else(hook)
}
