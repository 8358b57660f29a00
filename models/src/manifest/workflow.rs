//! `WorkflowTemplate` and the workflows within triggers: locks, steps and DAGs; a pod is a pod.
//!
//! argo-workflows v4.1.2: the singular `semaphore` and `mutex` are gone since v4.0 and hold nobody up.

use crate::spec::policy::OnReject;
use crate::workflows::spec::{
    NodeSpec, RealismSpec, RetryStrategySpec, SemaphoreSpec, TaskSpec, TemplateSpec, WorkflowSpec,
};

use super::yaml::Node;
use super::{Importer, Manifest};

/// Nodes of one workflow; templates that call each other can make more of them than there are atoms.
const NODES_MAX: u32 = 2_000;
/// Levels of templates within templates.
const DEPTH_MAX: u32 = 12;

/// The kinds of leaves: one pod, or something as short.
const LEAVES: [&str; 9] = [
    "container",
    "script",
    "resource",
    "suspend",
    "http",
    "containerSet",
    "data",
    "plugin",
    "daemon",
];

/// The templates that a workflow can name, and how many nodes it may still have.
struct Scope<'s, 'n> {
    manifest: Manifest<'n>,
    own: &'n [Node],
    others: &'s [Manifest<'n>],
    nodes_left: u32,
}

#[derive(Default)]
struct Locks {
    semaphores: Vec<SemaphoreSpec>,
    mutexes: Vec<String>,
}

impl Importer {
    /// The controller of all templates.
    pub(crate) fn workflow_controller(&mut self, templates: Vec<TemplateSpec>) -> WorkflowSpec {
        let name = self.names.of("controller", "workflows");
        self.assume(format!("{name}, pod start"), "2s", "an image that is on the node already");
        let realism = if self.intends() { RealismSpec::Ideal } else { RealismSpec::Argo };
        WorkflowSpec {
            name,
            templates,
            realism,
            version: "4.1.2".to_owned(),
            parallelism: None,
            namespace_parallelism: None,
            namespace_limits: std::collections::BTreeMap::new(),
            requeue: None,
            semaphore_notify: None,
            semaphore_limit_cache: None,
            workers: 32,
            api_limit: None,
            resource_rate_limit: None,
            pod_start: "2s".into(),
            max_pending: None,
            on_reject: OnReject::Drop,
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
        if let Some(metadata) = workflow.get("metadata") {
            metadata.read_whole();
        }
        let spec = workflow.get("spec");
        let named = spec.and_then(|spec| spec.get("workflowTemplateRef")).and_then(|it| {
            it.get("clusterScope");
            it.text("name")
        });
        let built = match named {
            None => {
                let name = self.names.of("workflow", &format!("{trigger}-workflow"));
                if templates.iter().any(|known| known.name == name) {
                    return name;
                }
                let inline = Manifest { name: trigger, ..sensor };
                self.template(name, inline, spec, manifests)
            }
            Some(named) => {
                if let Some(arguments) = spec.and_then(|spec| spec.get("arguments")) {
                    arguments.read_whole();
                }
                let name = self.names.of("workflow", named);
                if templates.iter().any(|known| known.name == name) {
                    return name;
                }
                match manifests.iter().find(|manifest| manifest.name == named) {
                    Some(manifest) => self.workflow_template(*manifest, manifests),
                    None => {
                        self.assume(
                            format!("{name}, all of it"),
                            "one pod of 30s",
                            "a trigger submits it, and no manifest of it was given",
                        );
                        template_of(name, leaf("main"), Locks::default())
                    }
                }
            }
        };
        let name = built.name.clone();
        templates.push(built);
        name
    }

    pub(crate) fn workflow_template(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
    ) -> TemplateSpec {
        let name = self.names.of("workflow", manifest.name);
        self.template(name, manifest, manifest.root.get("spec"), manifests)
    }

    fn template(
        &mut self,
        name: String,
        manifest: Manifest<'_>,
        spec: Option<&Node>,
        manifests: &[Manifest<'_>],
    ) -> TemplateSpec {
        self.assume(
            format!("{name}, pods"),
            "30s each",
            "manifests do not say how long a pod runs",
        );
        let Some(spec) = spec else { return template_of(name, leaf("main"), Locks::default()) };
        if let Some(arguments) = spec.get("arguments") {
            arguments.read_whole();
        }
        let own = spec.list("templates");
        let entry = spec.text("entrypoint").or_else(|| own.first()?.text("name")).unwrap_or("main");
        let locks = self.locks(manifest, spec);
        let mut scope = Scope { manifest, own, others: manifests, nodes_left: NODES_MAX };
        let node = self.node(entry, entry, &mut scope, 0);
        let mut template = template_of(name, node, locks);
        template.parallelism = number(spec, "parallelism");
        template.active_deadline =
            number::<u64>(spec, "activeDeadlineSeconds").map(|s| format!("{s}s").as_str().into());
        template
    }

    /// The node `name`, which runs the template `template`.
    fn node(
        &mut self,
        name: &str,
        template: &str,
        scope: &mut Scope<'_, '_>,
        depth: u32,
    ) -> NodeSpec {
        let mut node = leaf(name);
        let Some(found) = scope.own.iter().find(|it| it.text("name") == Some(template)) else {
            return node;
        };
        self.fill(&mut node, found, scope, depth);
        node
    }

    fn fill(
        &mut self,
        node: &mut NodeSpec,
        template: &Node,
        scope: &mut Scope<'_, '_>,
        depth: u32,
    ) {
        for field in ["inputs", "outputs"] {
            if let Some(field) = template.get(field) {
                field.read_whole();
            }
        }
        for kind in LEAVES {
            if let Some(pod) = template.get(kind) {
                pod.read_whole();
            }
        }
        let locks = self.locks(scope.manifest, template);
        (node.semaphores, node.mutexes) = (locks.semaphores, locks.mutexes);
        node.parallelism = number(template, "parallelism");
        node.active_deadline = number::<u64>(template, "activeDeadlineSeconds")
            .map(|s| format!("{s}s").as_str().into());
        node.retry = template.get("retryStrategy").map(retry_strategy);
        if scope.nodes_left == 0 || depth == DEPTH_MAX {
            let message = format!(
                "the workflow has more than {NODES_MAX} nodes or {DEPTH_MAX} levels: the rest is taken for one pod each"
            );
            self.warn(scope.manifest, template, "too-deep", message);
            return;
        }
        for group in template.list("steps") {
            let parallel: Vec<NodeSpec> =
                group.items().iter().map(|step| self.step(step, scope, depth)).collect();
            if !parallel.is_empty() {
                node.steps.push(parallel);
            }
        }
        let tasks = template.get("dag").map_or(&[][..], |dag| dag.list("tasks"));
        let names: Vec<&str> = tasks.iter().filter_map(|task| task.text("name")).collect();
        if node.steps.is_empty() {
            for task in tasks {
                let depends = depends(task, &names);
                node.dag.push(TaskSpec { node: self.step(task, scope, depth), depends });
            }
        }
        if !node.steps.is_empty() || !node.dag.is_empty() {
            node.service = None;
            node.active_deadline = None;
        }
    }

    /// A step or task: a name, what it runs, and how often.
    fn step(&mut self, step: &Node, scope: &mut Scope<'_, '_>, depth: u32) -> NodeSpec {
        scope.nodes_left = scope.nodes_left.saturating_sub(1);
        let name = step.text("name").unwrap_or("step");
        if let Some(arguments) = step.get("arguments") {
            arguments.read_whole();
        }
        let mut node = match (step.get("inline"), step.text("template")) {
            (Some(inline), _) => {
                let mut node = leaf(name);
                self.fill(&mut node, inline, scope, depth + 1);
                node
            }
            (None, Some(template)) => self.node(name, template, scope, depth + 1),
            (None, None) => self.referred(name, step, scope, depth + 1),
        };
        node.items = self.items(step, scope.manifest);
        if let Some(when) = step.get("when") {
            self.warn(
                scope.manifest,
                when,
                "not-modeled",
                "`when` is not modeled: the step always runs",
            );
        }
        node
    }

    /// A node that runs a template of another manifest.
    fn referred(
        &mut self,
        name: &str,
        step: &Node,
        scope: &mut Scope<'_, '_>,
        depth: u32,
    ) -> NodeSpec {
        let Some(reference) = step.get("templateRef") else { return leaf(name) };
        reference.get("clusterScope");
        let wanted = reference.text("name").unwrap_or_default();
        let template = reference.text("template").unwrap_or_default();
        let Some(other) = scope.others.iter().copied().find(|it| it.name == wanted) else {
            self.assume(
                format!("{wanted}/{template}"),
                "one pod of 30s",
                "a step runs it, and no manifest of it was given",
            );
            return leaf(name);
        };
        let own = other.root.get("spec").map_or(&[][..], |spec| spec.list("templates"));
        let mut there =
            Scope { manifest: other, own, others: scope.others, nodes_left: scope.nodes_left };
        let node = self.node(name, template, &mut there, depth);
        scope.nodes_left = there.nodes_left;
        node
    }

    fn items(&mut self, step: &Node, manifest: Manifest<'_>) -> u32 {
        if let Some(items) = step.get("withItems") {
            items.read_whole();
            return u32::try_from(items.items().len()).unwrap_or(u32::MAX).clamp(1, 10_000);
        }
        let Some(dynamic) = step.get("withParam").or_else(|| step.get("withSequence")) else {
            return 1;
        };
        dynamic.read_whole();
        let listed = dynamic
            .scalar()
            .and_then(|text| serde_json::from_str::<Vec<serde_json::Value>>(text).ok());
        let listed = listed.or_else(|| {
            dynamic
                .text("count")?
                .parse()
                .ok()
                .map(|count: usize| vec![serde_json::Value::Null; count.min(10_000)])
        });
        let count = listed.map(|items| items.len() as u32).filter(|&count| count > 0);
        if count.is_none() {
            self.warn(
                manifest,
                dynamic,
                "assumed",
                "how many items there are is known at run time only: taken for one",
            );
        }
        count.unwrap_or(1)
    }

    fn locks(&mut self, manifest: Manifest<'_>, holder: &Node) -> Locks {
        let mut locks = Locks::default();
        let Some(all) = holder.get("synchronization") else { return locks };
        for semaphore in all.list("semaphores") {
            locks.semaphores.extend(self.semaphore(manifest, semaphore));
        }
        for mutex in all.list("mutexes") {
            locks.mutexes.extend(mutex.text("name").map(str::to_owned));
            mutex.get("namespace");
        }
        for singular in ["semaphore", "mutex"] {
            let Some(lock) = all.get(singular) else { continue };
            lock.read_whole();
            let taken = if self.intends() { "taken as meant" } else { "nobody waits for it" };
            self.warn(
                manifest,
                lock,
                "singular-lock",
                format!("`{singular}` is gone since argo-workflows v4.0: {taken}"),
            )
            .hint(if singular == "mutex" {
                "write `mutexes`, a list"
            } else {
                "write `semaphores`, a list"
            });
            match (self.intends(), singular) {
                (false, _) => {}
                (true, "mutex") => locks.mutexes.extend(lock.text("name").map(str::to_owned)),
                (true, _) => locks.semaphores.extend(self.semaphore(manifest, lock)),
            }
        }
        locks
    }

    fn semaphore(&mut self, manifest: Manifest<'_>, semaphore: &Node) -> Option<SemaphoreSpec> {
        semaphore.get("namespace");
        let Some(reference) = semaphore.get("configMapKeyRef") else {
            self.warn(
                manifest,
                semaphore,
                "not-modeled",
                "a semaphore that is not in a ConfigMap is not modeled",
            );
            return None;
        };
        let (map, key) = (reference.text("name")?.to_owned(), reference.text("key")?.to_owned());
        let limits = self.config_maps.entry(map.clone()).or_default();
        if !limits.contains_key(&key) {
            limits.insert(key.clone(), "1".to_owned());
            self.warn(manifest, reference, "no-limit", format!("there is no whole number under `{key}` in a ConfigMap `{map}`: the controller cannot lock"));
            self.assume(
                format!("semaphore {map}/{key}"),
                "a limit of 1",
                "its ConfigMap or key was not given",
            );
        }
        Some(SemaphoreSpec { config_map: map, key })
    }
}

fn number<N: std::str::FromStr>(node: &Node, field: &str) -> Option<N> {
    node.text(field)?.parse().ok()
}

/// Names of tasks in `dependencies` or `depends`; the kinds of results (`a.Succeeded`) are left out.
fn depends(task: &Node, names: &[&str]) -> Vec<String> {
    let listed = task.list("dependencies").iter().filter_map(Node::scalar);
    let text = task.text("depends").unwrap_or_default();
    let words = text.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    let words = words.map(|word| word.split('.').next().unwrap_or_default());
    let mut found: Vec<String> =
        listed.chain(words).filter(|name| names.contains(name)).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    found
}

fn retry_strategy(retry: &Node) -> RetryStrategySpec {
    let limit = number(retry, "limit");
    let backoff = retry.get("backoff");
    let time = |field: &str| {
        let text = backoff?.text(field)?;
        let text = if text.parse::<u64>().is_ok() { format!("{text}s") } else { text.to_owned() };
        let text = crate::spec::quantity::DurationText::from(text.as_str());
        text.parse().is_ok().then_some(text)
    };
    RetryStrategySpec {
        limit,
        duration: time("duration"),
        factor: backoff.and_then(|it| number(it, "factor")).unwrap_or(1).max(1),
        cap: time("cap"),
        max_duration: time("maxDuration"),
    }
}

/// One pod.
fn leaf(name: &str) -> NodeSpec {
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
        fail_fast: crate::workflows::spec::FailFastSpec::Stop,
    }
}

/// A template around its entry node.
fn template_of(name: String, entry: NodeSpec, locks: Locks) -> TemplateSpec {
    let mut template = TemplateSpec {
        name,
        namespace: "default".to_owned(),
        priority: 0,
        concurrency: crate::workflows::spec::ConcurrencySpec::Allow,
        semaphores: locks.semaphores,
        mutexes: locks.mutexes,
        parallelism: None,
        active_deadline: None,
        service: None,
        pod_start: None,
        failure: 0.0,
        retry: None,
        steps: Vec::new(),
        dag: Vec::new(),
        fail_fast: crate::workflows::spec::FailFastSpec::Stop,
    };
    let is_plain = entry.semaphores.is_empty()
        && entry.mutexes.is_empty()
        && entry.parallelism.is_none()
        && entry.active_deadline.is_none();
    if !is_plain {
        template.steps = vec![vec![entry]];
    } else if entry.service.is_some() {
        (template.service, template.retry) = (entry.service, entry.retry);
    } else {
        (template.steps, template.dag) = (entry.steps, entry.dag);
    }
    template
}
