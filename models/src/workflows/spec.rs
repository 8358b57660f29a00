//! A workflow controller and its templates as written.

mod locks;
mod retry;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Concurrency, WorkflowPlan};
use crate::spec::check::Checker;
use crate::spec::distribution::DurationSpread;
use crate::spec::policy::{OnReject, optional};
use crate::spec::quantity::{DurationText, RateText};
use crate::spec::resolve::Names;
use crate::workflow::{
    ApiLimit, ConfigError, Controller, ControllerConfig, DagTask, FailFast, NamespaceLimit,
    NodeBody, NodeConfig, ResourceRateLimit, SemaphoreLimit, TemplateConfig, Version,
};
pub(crate) use locks::{ConfigMaps, SemaphoreSpec};
use locks::{limits, locks};
pub(crate) use retry::RetryStrategySpec;
use retry::retry;

/// A workflow controller with its templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkflowSpec {
    /// Its name.
    #[serde(default = "default_name")]
    pub name: String,
    /// The templates from which triggers submit workflows.
    pub templates: Vec<TemplateSpec>,
    /// How close to the real controller the model stays.
    #[serde(default)]
    pub realism: RealismSpec,
    /// The release of Argo Workflows whose behavior is modeled.
    #[serde(default = "latest")]
    pub version: String,
    /// Workflows at once; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// Workflows at once per namespace; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_parallelism: Option<u32>,
    /// Namespaces with a limit of their own (label `workflows.argoproj.io/parallelism-limit`); 0: no limit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub namespace_limits: BTreeMap<String, u32>,
    /// Delay of every requeue (`DEFAULT_REQUEUE_TIME`); none: 10 s, or nothing for `Ideal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requeue: Option<DurationText>,
    /// From a freed permit to the look at its waiters (`SEMAPHORE_NOTIFY_DELAY`); none: 1 s, or
    /// nothing for `Ideal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semaphore_notify: Option<DurationText>,
    /// How long a semaphore's limit is remembered (`semaphoreLimitCacheSeconds`); none: it is read at every
    /// look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub semaphore_limit_cache: Option<DurationText>,
    /// Reconciles at once.
    #[serde(default = "thirty_two")]
    pub workers: u32,
    /// Calls to the API server per second and at once (`--qps`, `--burst`); none: 20 and 30, or no limit
    /// for `Ideal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_limit: Option<ApiLimitSpec>,
    /// How fast pods may be created (`resourceRateLimit`); none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_rate_limit: Option<ResourceRateLimitSpec>,
    /// From a pod's creation to its container running. Argo has no default for it: two seconds stand
    /// for an image that is there already.
    #[serde(default = "two_seconds")]
    pub pod_start: DurationSpread,
    /// Most workflows that may be Pending; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pending: Option<u64>,
    /// What happens beyond `max_pending`.
    #[serde(default = "drop_it")]
    pub on_reject: OnReject,
}

/// How close to the real controller the model stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RealismSpec {
    /// As argo-workflows does it, with its delays and API limits.
    #[default]
    Argo,
    /// Every change is acted on at once: what the documentation suggests.
    Ideal,
}

/// A client's limit on calls to the API server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiLimitSpec {
    /// Calls per second in the long run.
    pub qps: f64,
    /// Calls at once after a pause.
    pub burst: u32,
}

/// A limit on pod creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceRateLimitSpec {
    /// Pods per time in the long run.
    pub rate: RateText,
    /// Pods at once after a pause.
    pub burst: u32,
}

/// What becomes of a workflow when an earlier one of its template is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencySpec {
    /// Both run.
    #[default]
    Allow,
    /// The new one is skipped: its event is dropped. (Argo's list of active workflows may lag ten seconds
    /// behind; that is not modeled.)
    Forbid,
    /// The earlier one is terminated, with its pods and locks, at the controller's next look at it.
    Replace,
}

impl ConcurrencySpec {
    fn is_allow(&self) -> bool {
        *self == Self::Allow
    }

    const fn compile(self) -> Concurrency {
        match self {
            Self::Allow => Concurrency::Allow,
            Self::Forbid => Concurrency::Forbid,
            Self::Replace => Concurrency::Replace,
        }
    }
}

/// What a failed task does to the other tasks of its DAG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FailFastSpec {
    /// No further task begins.
    #[default]
    Stop,
    /// Those that do not depend on it still begin.
    Continue,
}

impl FailFastSpec {
    fn is_stop(&self) -> bool {
        *self == Self::Stop
    }

    const fn compile(self) -> FailFast {
        match self {
            Self::Stop => FailFast::Stop,
            Self::Continue => FailFast::Continue,
        }
    }
}

/// A workflow template. Its work is a single pod (`service`), `steps` or a `dag`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateSpec {
    /// Its name.
    pub name: String,
    /// Where its workflows live.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Priority of its workflows, in addition to that of the event.
    #[serde(default)]
    pub priority: i32,
    /// What becomes of a workflow when an earlier one of this template is not over (`concurrencyPolicy`).
    #[serde(default, skip_serializing_if = "ConcurrencySpec::is_allow")]
    pub concurrency: ConcurrencySpec,
    /// Workflow-level semaphores, all taken before the workflow runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub semaphores: Vec<SemaphoreSpec>,
    /// Workflow-level mutexes; one of another namespace as `namespace/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutexes: Vec<String>,
    /// Pods of one workflow at once; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// The longest time a workflow may run, from when it began to run (`activeDeadlineSeconds`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_deadline: Option<DurationText>,
    /// How long the one pod of a simple workflow runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<DurationSpread>,
    /// From the one pod's creation to its container running; none: as the controller's `pod_start` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_start: Option<DurationSpread>,
    /// Probability that the one pod fails.
    #[serde(default)]
    pub failure: f64,
    /// Retries of the one pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategySpec>,
    /// Groups of nodes, one group after the other, in place of `service`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Vec<NodeSpec>>,
    /// Nodes with dependencies, in place of `service`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dag: Vec<TaskSpec>,
    /// What a failed task does to the other tasks of `dag` (`failFast`).
    #[serde(default, skip_serializing_if = "FailFastSpec::is_stop")]
    pub fail_fast: FailFastSpec,
}

/// One node of a workflow: a pod (`service`), `steps` or a `dag`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeSpec {
    /// Its name, unique among its siblings.
    pub name: String,
    /// How long its pod runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<DurationSpread>,
    /// From its pod's creation to its container running; none: as the controller's `pod_start` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_start: Option<DurationSpread>,
    /// Probability that its pod fails.
    #[serde(default)]
    pub failure: f64,
    /// The longest time its pod may run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_deadline: Option<DurationText>,
    /// Retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategySpec>,
    /// Template-level semaphores, held through all retries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub semaphores: Vec<SemaphoreSpec>,
    /// Template-level mutexes; one of another namespace as `namespace/name`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutexes: Vec<String>,
    /// Children at once; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// The node runs this many times side by side (`withItems`).
    #[serde(default = "one_item")]
    pub items: u32,
    /// Groups of nodes, one group after the other, in place of `service`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Vec<NodeSpec>>,
    /// Nodes with dependencies, in place of `service`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dag: Vec<TaskSpec>,
    /// What a failed task does to the other tasks of `dag` (`failFast`).
    #[serde(default, skip_serializing_if = "FailFastSpec::is_stop")]
    pub fail_fast: FailFastSpec,
}

/// A node of a DAG.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// The node.
    pub node: NodeSpec,
    /// Names of the tasks that must have succeeded before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends: Vec<String>,
}

fn default_name() -> String {
    "workflows".to_owned()
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn latest() -> String {
    "4.1.2".to_owned()
}

fn thirty_two() -> u32 {
    32
}

fn one_item() -> u32 {
    1
}

fn two_seconds() -> DurationSpread {
    "2s".into()
}

fn drop_it() -> OnReject {
    OnReject::Drop
}

impl WorkflowSpec {
    pub(crate) fn compile(
        &self,
        config_maps: &ConfigMaps,
        names: &Names,
        cx: &mut Checker<'_>,
    ) -> Option<WorkflowPlan> {
        let config = self.config(cx);
        let on_reject = cx.field("on_reject", |cx| self.on_reject.compile_unblocked(names, cx));
        let mut templates = Vec::new();
        cx.each("templates", &self.templates, |cx, template| {
            templates.extend(template.compile(config_maps, cx));
            Some(())
        });
        let semaphores = limits(&templates, config_maps);
        // What only the controller finds wrong with a template it finds without the others, too.
        let stand_in = config.clone().unwrap_or_else(ControllerConfig::immediate);
        let works = self.try_out(stand_in, &templates, &semaphores, cx);
        if !works || templates.len() < self.templates.len() {
            return None;
        }
        Some(WorkflowPlan {
            name: self.name.clone(),
            config: config?,
            templates,
            semaphores,
            priorities: self.templates.iter().map(|template| template.priority).collect(),
            max_pending: self.max_pending,
            on_reject: on_reject?,
            callers: Vec::new(),
            concurrency: self.templates.iter().map(|it| it.concurrency.compile()).collect(),
        })
    }

    /// What only the controller itself can find wrong.
    fn try_out(
        &self,
        config: ControllerConfig,
        templates: &[TemplateConfig],
        semaphores: &[SemaphoreLimit],
        cx: &mut Checker<'_>,
    ) -> bool {
        let streams = sim_core::random::Streams::new(0, 0);
        let built = Controller::new(config, templates, semaphores, &streams, &self.name);
        let Err(errors) = built else { return true };
        for error in errors {
            self.report(&error, cx);
        }
        false
    }

    fn report(&self, error: &ConfigError, cx: &mut Checker<'_>) {
        cx.error(error.to_string());
    }

    fn config(&self, cx: &mut Checker<'_>) -> Option<ControllerConfig> {
        let version = cx.field("version", |cx| version(&self.version, cx));
        let requeue = optional(&self.requeue, |text| cx.duration("requeue", text));
        let cache = optional(&self.semaphore_limit_cache, |text| {
            cx.duration("semaphore_limit_cache", text)
        });
        let notify = optional(&self.semaphore_notify, |text| cx.duration("semaphore_notify", text));
        let workers = cx.at_least("workers", self.workers, 1);
        let api_limit = optional(&self.api_limit, |limit| {
            cx.field("api_limit", |cx| {
                let qps = cx.positive("qps", limit.qps);
                let burst = cx.at_least("burst", limit.burst, 1);
                Some(ApiLimit { qps: qps?, burst: burst? })
            })
        });
        let resource = optional(&self.resource_rate_limit, |limit| {
            cx.field("resource_rate_limit", |cx| {
                let rate = cx.positive_rate("rate", &limit.rate);
                let burst = cx.at_least("burst", limit.burst, 1);
                Some(ResourceRateLimit { rate: rate?, burst: burst? })
            })
        });
        let pod_start = cx.field("pod_start", |cx| self.pod_start.compile(cx));
        let mut config = match self.realism {
            RealismSpec::Argo => ControllerConfig::argo(version?),
            RealismSpec::Ideal => ControllerConfig::immediate(),
        };
        config.workers = workers?;
        if let Some(requeue) = requeue? {
            config.requeue = requeue;
        }
        if let Some(notify) = notify? {
            config.semaphore_notify = notify;
        }
        if let Some(limit) = api_limit? {
            config.api_limit = Some(limit);
        }
        if let Some(cache) = cache? {
            config.semaphore_limit_cache = cache;
        }
        let namespaces = self.namespace_limits.iter();
        let namespaces = namespaces.map(|(namespace, &parallelism)| NamespaceLimit {
            namespace: namespace.clone(),
            parallelism,
        });
        config.namespace_limits = namespaces.collect();
        config.resource_rate_limit = resource?;
        config.parallelism = self.parallelism;
        config.namespace_parallelism = self.namespace_parallelism;
        let pod_start = pod_start?;
        config.pod_start = (pod_start.mean() > 0.0).then_some(pod_start);
        Some(config)
    }
}

pub(crate) fn version(text: &str, cx: &mut Checker<'_>) -> Option<Version> {
    if let Ok(version) = text.parse() {
        return Some(version);
    }
    cx.error(format!("`{text}` is not a version")).expected("a release such as `\"4.1.2\"`");
    None
}

/// The parts in which templates and nodes agree.
struct Body<'b> {
    service: &'b Option<DurationSpread>,
    pod_start: &'b Option<DurationSpread>,
    failure: f64,
    active_deadline: &'b Option<DurationText>,
    steps: &'b [Vec<NodeSpec>],
    dag: &'b [TaskSpec],
    fail_fast: FailFastSpec,
    namespace: &'b str,
}

impl Body<'_> {
    /// What only a pod can have is passed over on a node of nodes.
    fn check_for_pods(&self, cx: &mut Checker<'_>) {
        if self.steps.is_empty() && self.dag.is_empty() {
            return;
        }
        let mut warn = |field: &str| {
            cx.field(field, |cx| {
                cx.warning(format!("`{field}` has no effect here: it is that of a pod"))
                    .code("no-pod")
                    .hint("it belongs to the nodes that have a `service`");
            });
        };
        if self.failure > 0.0 {
            warn("failure");
        }
        if self.pod_start.is_some() {
            warn("pod_start");
        }
        if self.active_deadline.is_some() {
            warn("active_deadline");
        }
    }

    fn compile(&self, config_maps: &ConfigMaps, cx: &mut Checker<'_>) -> Option<NodeBody> {
        let failure = cx.probability("failure", self.failure);
        self.check_for_pods(cx);
        let service =
            optional(self.service, |service| cx.field("service", |cx| service.compile(cx)));
        let pod_start =
            optional(self.pod_start, |delay| cx.field("pod_start", |cx| delay.compile(cx)));
        let active_deadline = optional(self.active_deadline, |deadline| {
            cx.positive_duration("active_deadline", deadline)
        });
        let groups = cx.each("steps", self.steps, |cx, group| {
            cx.elements(group, |cx, node| node.compile(self.namespace, config_maps, cx))
        });
        let tasks = self.tasks(config_maps, cx);
        match (self.service, self.steps, self.dag) {
            (Some(_), [], []) => Some(NodeBody::Pod {
                service: service??,
                failure_probability: failure?,
                active_deadline: active_deadline?,
                pod_start: pod_start?,
            }),
            (None, [_, ..], []) => Some(NodeBody::Steps(groups?)),
            (None, [], [_, ..]) => {
                Some(NodeBody::Dag { tasks: tasks?, fail_fast: self.fail_fast.compile() })
            }
            _ => {
                cx.error("it is not clear what is to be run")
                    .expected("exactly one of `service`, `steps` and `dag`");
                None
            }
        }
    }

    fn tasks(&self, config_maps: &ConfigMaps, cx: &mut Checker<'_>) -> Option<Vec<DagTask>> {
        let names: Vec<&str> = self.dag.iter().map(|task| task.node.name.as_str()).collect();
        cx.each("dag", self.dag, |cx, task| {
            let node = cx.field("node", |cx| task.node.compile(self.namespace, config_maps, cx));
            let depends = cx
                .each("depends", &task.depends, |cx, name| cx.reference("", "task", name, &names));
            Some(DagTask { node: node?, depends: depends? })
        })
    }
}

impl TemplateSpec {
    fn compile(&self, config_maps: &ConfigMaps, cx: &mut Checker<'_>) -> Option<TemplateConfig> {
        let body = Body {
            service: &self.service,
            failure: self.failure,
            pod_start: &self.pod_start,
            active_deadline: &None,
            steps: &self.steps,
            dag: &self.dag,
            fail_fast: self.fail_fast,
            namespace: &self.namespace,
        };
        let body = body.compile(config_maps, cx);
        let locks = locks(&self.namespace, &self.semaphores, &self.mutexes, config_maps, cx);
        let retry = retry(&self.retry, cx);
        let deadline = optional(&self.active_deadline, |deadline| {
            cx.positive_duration("active_deadline", deadline)
        });
        let mut entry = NodeConfig::of(&self.name, body?);
        entry.retry = retry?;
        Some(TemplateConfig {
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            entry,
            locks: locks?,
            parallelism: self.parallelism,
            active_deadline: deadline?,
        })
    }
}

impl NodeSpec {
    fn compile(
        &self,
        namespace: &str,
        config_maps: &ConfigMaps,
        cx: &mut Checker<'_>,
    ) -> Option<NodeConfig> {
        let body = Body {
            service: &self.service,
            failure: self.failure,
            pod_start: &self.pod_start,
            active_deadline: &self.active_deadline,
            steps: &self.steps,
            dag: &self.dag,
            fail_fast: self.fail_fast,
            namespace,
        };
        let body = body.compile(config_maps, cx);
        let locks = locks(namespace, &self.semaphores, &self.mutexes, config_maps, cx);
        let retry = retry(&self.retry, cx);
        let items = cx.at_least("items", self.items, 1);
        Some(NodeConfig {
            name: self.name.clone(),
            body: body?,
            locks: locks?,
            retry: retry?,
            parallelism: self.parallelism,
            items: items?,
        })
    }
}

/// The mean run time of a node's pods one after the other, seconds: for estimates of load.
pub(crate) fn mean_work(node: &NodeConfig) -> f64 {
    match &node.body {
        NodeBody::Pod { service, .. } => service.mean(),
        NodeBody::Steps(groups) => {
            groups.iter().map(|group| group.iter().map(mean_work).fold(0.0, f64::max)).sum()
        }
        NodeBody::Dag { tasks, .. } => tasks.iter().map(|task| mean_work(&task.node)).sum(),
    }
}
