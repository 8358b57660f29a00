//! Templates as WorkflowTemplates, with what starts them by itself; ConfigMaps and the controller's settings.
//!
//! argo-workflows v4.1.2: locks in lists (`semaphores`, `mutexes`), schedules in a list.

use std::collections::{BTreeMap, BTreeSet};

use super::asides::{say, say_unless};
use super::event_bus::go_duration;
use super::yaml::{Item, Map, Yaml};
use super::{Object, Written, object, sensor};
use crate::event_source::spec::EventSourceSpec;
use crate::manifest::RUN_START;
use crate::manifest::assumable::Probability;
use crate::sensor::spec::ActionSpec;
use crate::spec::arrival::Arrivals;
use crate::spec::distribution::DurationSpread;
use crate::spec::model::{ModelSpec, Stage};
use crate::spec::quantity::DurationText;
use crate::workflows::spec::{
    ConcurrencySpec, FailFastSpec, NodeSpec, RetryStrategySpec, SemaphoreSpec, TaskSpec,
    TemplateSpec, WorkflowSpec,
};

/// The name of the controller's ConfigMap.
const CONTROLLER: &str = "workflow-controller-configmap";

/// When a workflow that is submitted once begins.
const ONCE: &str = "Trace(rows: [(at: \"0s\")])";

/// The namespace of the template of that name.
pub(super) fn namespace<'m>(spec: &'m ModelSpec, name: &str) -> Option<&'m str> {
    spec.stages.iter().find_map(|stage| match stage {
        Stage::Workflow(workflow) => {
            let found = workflow.templates.iter().find(|template| template.name == name);
            found.map(|template| template.namespace.as_str())
        }
        _ => None,
    })
}

/// The objects of a controller: its settings and its templates.
pub(super) fn objects(workflow: &WorkflowSpec, written: &Written<'_>) -> Vec<Object> {
    let mut objects = settings(workflow);
    objects.extend(workflow.templates.iter().map(|template| {
        let sources = written.spec.stages.iter().filter_map(|stage| match stage {
            Stage::EventSource(source) if source.to == template.name => Some(source),
            _ => None,
        });
        let is_submitted = sensor::actions(written.spec).any(|action| match action {
            ActionSpec::Workflow(name) | ActionSpec::WorkflowAndWait(name) => {
                *name == template.name
            }
            _ => false,
        });
        started(template, sources.into_iter().next(), is_submitted)
    }));
    objects
}

/// ConfigMaps with the limits of semaphores.
pub(super) fn config_maps(maps: &BTreeMap<String, BTreeMap<String, String>>) -> Vec<Object> {
    let one = |(name, keys): (&String, &BTreeMap<String, String>)| {
        let (namespace, name) = spaced(name);
        let mut data = Map::new();
        for (key, value) in keys {
            data.put(key, value.as_str());
        }
        config_map(namespace, name, data)
    };
    maps.iter().map(one).collect()
}

/// A name with the namespace before it, if it has one.
fn spaced(name: &str) -> (Option<&str>, &str) {
    name.split_once('/').map_or((None, name), |(space, name)| (Some(space), name))
}

fn config_map(namespace: Option<&str>, name: &str, data: Map) -> Object {
    let (mut metadata, mut root) = (Map::new(), Map::new());
    metadata.put("name", name).put_some("namespace", namespace);
    root.put("apiVersion", "v1").put("kind", "ConfigMap");
    root.put("metadata", metadata).put("data", data);
    let (name, namespace) = (name.to_owned(), namespace.map(str::to_owned));
    Object { kind: "ConfigMap", name, namespace, root }
}

fn settings(workflow: &WorkflowSpec) -> Vec<Object> {
    let mut data = Map::new();
    let text = |number: u32| number.to_string();
    data.put_some("parallelism", workflow.parallelism.map(text));
    data.put_some("namespaceParallelism", workflow.namespace_parallelism.map(text));
    if let Some(limit) = &workflow.resource_rate_limit
        && let Ok(rate) = limit.rate.parse()
    {
        let lines = vec![format!("limit: {}", rate.per_s()), format!("burst: {}", limit.burst)];
        data.put("resourceRateLimit", Yaml::Block(lines));
    }
    let cache = workflow.semaphore_limit_cache.as_ref().and_then(seconds);
    data.put_some("semaphoreLimitCacheSeconds", cache.map(|seconds| seconds.to_string()));
    let mut objects = Vec::new();
    if !data.is_empty() {
        objects.push(config_map(None, CONTROLLER, data));
    }
    for (name, limit) in &workflow.namespace_limits {
        let (mut labels, mut metadata, mut root) = (Map::new(), Map::new(), Map::new());
        labels.put("workflows.argoproj.io/parallelism-limit", limit.to_string());
        metadata.put("name", name.as_str()).put("labels", labels);
        root.put("apiVersion", "v1").put("kind", "Namespace").put("metadata", metadata);
        objects.push(Object { kind: "Namespace", name: name.clone(), namespace: None, root });
    }
    objects
}

/// Whole seconds.
fn seconds(text: &DurationText) -> Option<u64> {
    let nanos = text.parse().ok()?.as_nanos();
    nanos.is_multiple_of(1_000_000_000).then_some(nanos / 1_000_000_000)
}

/// A template, as the object that starts it by itself if one does.
fn started(
    template: &TemplateSpec,
    source: Option<&EventSourceSpec>,
    is_submitted: bool,
) -> Object {
    let arrivals = source.and_then(|source| source.arrivals.as_ref());
    let spec = workflow_spec(template);
    let once = crate::manifest::assumable::Assumable::read(ONCE).ok();
    let (kind, spec) = match arrivals {
        Some(Arrivals::Cron { schedules, timezone, start }) if !is_submitted => {
            let mut cron = Map::new();
            cron.put("schedules", Yaml::list(schedules.iter().map(String::as_str)));
            if timezone != "UTC" {
                cron.put("timezone", timezone.as_str());
            }
            if template.concurrency != ConcurrencySpec::Allow {
                cron.put("concurrencyPolicy", format!("{:?}", template.concurrency));
            }
            cron.put("workflowSpec", spec);
            let mut object = object("CronWorkflow", &template.name, cron);
            object.root.comment_first(|map| {
                say_unless(map, "start", start, &RUN_START.to_owned());
            });
            return placed(object, template);
        }
        Some(arrivals) if !is_submitted && once.as_ref() == Some(arrivals) => ("Workflow", spec),
        _ => ("WorkflowTemplate", spec),
    };
    let mut object = object(kind, &template.name, spec);
    if let Some(arrivals) = arrivals.filter(|_| kind == "WorkflowTemplate") {
        object.root.comment_first(|map| say(map, "arrivals", arrivals));
    }
    placed(object, template)
}

/// The object in the template's namespace.
fn placed(mut object: Object, template: &TemplateSpec) -> Object {
    if template.namespace != "default"
        && let Some(Item { value: Yaml::Map(metadata), .. }) = object.root.get_mut("metadata")
    {
        metadata.put("namespace", template.namespace.as_str());
        object.namespace = Some(template.namespace.clone());
    }
    object
}

/// Templates on their way into a workflow's spec.
struct Templates {
    names: BTreeSet<String>,
    all: Vec<Map>,
}

fn workflow_spec(template: &TemplateSpec) -> Map {
    let mut templates = Templates { names: BTreeSet::new(), all: Vec::new() };
    let entry = templates.free("main");
    let place = templates.reserve();
    let mut map = Map::new();
    let body = Body {
        service: template.service.as_ref(),
        pod_start: template.pod_start.as_ref(),
        failure: template.failure,
        steps: &template.steps,
        dag: &template.dag,
        fail_fast: template.fail_fast,
    };
    body.say(&mut map);
    map.put("name", entry.as_str());
    map.put_some("retryStrategy", template.retry.as_ref().map(retry_strategy));
    body.put(&mut map, &mut templates);
    templates.all[place] = map;
    let mut spec = Map::new();
    spec.put("entrypoint", entry);
    spec.put_some("synchronization", locks(&template.semaphores, &template.mutexes));
    spec.put_some("parallelism", template.parallelism);
    let deadline = template.active_deadline.as_ref().and_then(seconds);
    spec.put_some("activeDeadlineSeconds", deadline);
    if template.priority != 0 {
        spec.put("priority", template.priority);
    }
    spec.put("templates", Yaml::list(templates.all));
    spec
}

impl Templates {
    /// A name that no template has yet.
    fn free(&mut self, wanted: &str) -> String {
        let mut name = wanted.to_owned();
        let mut number = 1;
        while !self.names.insert(name.clone()) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        name
    }

    /// The place of the next template.
    fn reserve(&mut self) -> usize {
        self.all.push(Map::new());
        self.all.len() - 1
    }

    /// Adds the template of a node, and gives what calls it.
    fn call(&mut self, node: &NodeSpec) -> Map {
        let name = self.free(&node.name);
        let place = self.reserve();
        let mut map = Map::new();
        let body = Body {
            service: node.service.as_ref(),
            pod_start: node.pod_start.as_ref(),
            failure: node.failure,
            steps: &node.steps,
            dag: &node.dag,
            fail_fast: node.fail_fast,
        };
        body.say(&mut map);
        map.put("name", name.as_str());
        map.put_some("synchronization", locks(&node.semaphores, &node.mutexes));
        map.put_some("parallelism", node.parallelism);
        if let Some(deadline) = &node.active_deadline {
            match seconds(deadline) {
                Some(seconds) => map.put("activeDeadlineSeconds", seconds),
                None => map.put_some("timeout", go_duration(deadline)),
            };
        }
        map.put_some("retryStrategy", node.retry.as_ref().map(retry_strategy));
        body.put(&mut map, self);
        self.all[place] = map;
        let mut call = Map::new();
        call.put("name", node.name.as_str()).put("template", name);
        if node.items != 1 {
            let mut sequence = Map::new();
            sequence.put("count", node.items.to_string());
            call.put("withSequence", sequence);
        }
        call
    }
}

/// What a node or template does.
struct Body<'b> {
    service: Option<&'b DurationSpread>,
    pod_start: Option<&'b DurationSpread>,
    failure: f64,
    steps: &'b [Vec<NodeSpec>],
    dag: &'b [TaskSpec],
    fail_fast: FailFastSpec,
}

impl Body<'_> {
    fn is_pod(&self) -> bool {
        self.steps.is_empty() && self.dag.is_empty()
    }

    /// What is assumed of its pod.
    fn say(&self, map: &mut Map) {
        if !self.is_pod() {
            return;
        }
        if let Some(service) = self.service {
            say_unless(map, "service", service, &"30s".into());
        }
        if let Some(start) = self.pod_start {
            say(map, "pod_start", start);
        }
        say_unless(map, "failure", &Probability(self.failure), &Probability(0.0));
    }

    fn put(&self, map: &mut Map, templates: &mut Templates) {
        if !self.steps.is_empty() {
            let groups = self.steps.iter().map(|group| {
                Yaml::list(group.iter().map(|node| templates.call(node)).collect::<Vec<Map>>())
            });
            map.put("steps", Yaml::list(groups.collect::<Vec<Yaml>>()));
            return;
        }
        if self.dag.is_empty() {
            let mut container = Map::new();
            container.put("image", "busybox");
            map.put("container", container);
            return;
        }
        let tasks = self.dag.iter().map(|task| {
            let mut call = templates.call(&task.node);
            if !task.depends.is_empty() {
                call.put("depends", task.depends.join(" && "));
            }
            call
        });
        let tasks: Vec<Map> = tasks.collect();
        let mut dag = Map::new();
        if self.fail_fast == FailFastSpec::Continue {
            dag.put("failFast", false);
        }
        dag.put("tasks", Yaml::list(tasks));
        map.put("dag", dag);
    }
}

fn locks(semaphores: &[SemaphoreSpec], mutexes: &[String]) -> Option<Map> {
    let mut map = Map::new();
    if !semaphores.is_empty() {
        let one = |semaphore: &SemaphoreSpec| {
            let (namespace, name) = spaced(&semaphore.config_map);
            let (mut reference, mut item) = (Map::new(), Map::new());
            reference.put("name", name).put("key", semaphore.key.as_str());
            item.put_some("namespace", namespace).put("configMapKeyRef", reference);
            item
        };
        map.put("semaphores", Yaml::list(semaphores.iter().map(one)));
    }
    if !mutexes.is_empty() {
        let one = |mutex: &String| {
            let (namespace, name) = spaced(mutex);
            let mut item = Map::new();
            item.put("name", name).put_some("namespace", namespace);
            item
        };
        map.put("mutexes", Yaml::list(mutexes.iter().map(one)));
    }
    (!map.is_empty()).then_some(map)
}

fn retry_strategy(retry: &RetryStrategySpec) -> Map {
    let mut map = Map::new();
    map.put_some("limit", retry.limit.map(|limit| limit.to_string()));
    let mut backoff = Map::new();
    backoff.put_some("duration", retry.duration.as_ref().and_then(go_duration));
    if retry.factor != 1 {
        backoff.put("factor", retry.factor.to_string());
    }
    backoff.put_some("cap", retry.cap.as_ref().and_then(go_duration));
    backoff.put_some("maxDuration", retry.max_duration.as_ref().and_then(go_duration));
    if !backoff.is_empty() {
        map.put("backoff", backoff);
    }
    map
}
