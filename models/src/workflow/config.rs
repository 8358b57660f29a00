//! What a user may say about the controller and about workflow templates.

use sim_core::dist::Distribution;
use sim_core::time::{Rate, SimDuration, SimTime};

/// A release of Argo Workflows; decides between behaviors that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
    /// Patch number.
    pub patch: u32,
}

impl Version {
    /// The release the model was read from: argo-workflows 4.1.2 (2026-08).
    pub const LATEST: Self = Self::new(4, 1, 2);

    /// Release `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Whether a restarted controller forgets the first recorded holder of every semaphore and so
    /// admits one too many (argo-workflows#10286, fixed in 3.7.11 and 4.0.2).
    #[must_use]
    pub fn forgets_a_holder_on_restart(self) -> bool {
        self < Self::new(3, 7, 11) || (self.major == 4 && self < Self::new(4, 0, 2))
    }
}

/// What a release is written as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version; expected a release such as `4.1.2`")]
pub struct NotAVersion(String);

impl std::str::FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let parts = text.trim_start_matches('v').split('.').map(|part| part.parse().ok());
        match parts.collect::<Vec<Option<u32>>>()[..] {
            [Some(major), Some(minor), Some(patch)] => Ok(Self::new(major, minor, patch)),
            [Some(major), Some(minor)] => Ok(Self::new(major, minor, 0)),
            _ => Err(NotAVersion(text.to_owned())),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// How close to the real controller the model stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realism {
    /// Everything argo-workflows does: requeue and notify delays, workers, API rate limits, one-second
    /// creation times, heap order.
    Argo,
    /// An ideal controller: every change is acted on at the instant it happens, the API costs nothing,
    /// and ties go by order of submission. The reading that the documentation suggests, and theory's.
    Immediate,
}

/// How the controller learns of its own update of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InformerUpdate {
    /// It writes the new object into its own cache (the default up to 3.7): the watch event that follows
    /// looks old and requeues nothing.
    WriteBack,
    /// It waits for the watch event (the default since 4.0): the worker sleeps one second after every
    /// update, and the event puts the workflow back into the queue after the requeue delay.
    Watch,
}

/// What an update of an already admitted workflow does in the throttler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readmission {
    /// Nothing.
    Ignore,
    /// The workflow joins the pending heap again, and the next admission may be spent on it although it
    /// runs already (`controller.go`, update handler, together with `multi_throttler.go`, `Add`, read at
    /// 3.x; whether 4.1 still does it was not seen, so it is not the default).
    Duplicate,
}

/// Client-go's token bucket in front of the API server, one for each client set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ApiLimit {
    /// Calls per second in the long run (`--qps`).
    pub qps: f64,
    /// Calls at once after a pause (`--burst`).
    pub burst: u32,
}

/// `resourceRateLimit`: how fast pods may be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceRateLimit {
    /// Pods in the long run.
    pub rate: Rate,
    /// Pods at once after a pause.
    pub burst: u32,
}

/// A limit of its own for one namespace (label `workflows.argoproj.io/parallelism-limit`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceLimit {
    /// The namespace.
    pub namespace: String,
    /// Workflows at once; zero is no limit.
    pub parallelism: u32,
}

/// The settings of the workflow controller.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// The release whose behavior is modelled.
    pub version: Version,
    /// Real or ideal.
    pub realism: Realism,
    /// Reconciles at once (`--workflow-workers`, 32).
    pub workers: u32,
    /// API limits (`--qps` 20, `--burst` 30); `None` is no limit.
    pub api_limit: Option<ApiLimit>,
    /// Delay of every rate-limited requeue (`DEFAULT_REQUEUE_TIME`, 10 s).
    pub requeue: SimDuration,
    /// Delay between a freed lock and the look at its waiters (`SEMAPHORE_NOTIFY_DELAY`, 1 s).
    pub semaphore_notify: SimDuration,
    /// A workflow that nobody asked about is looked at after this time (20 min).
    pub resync: SimDuration,
    /// How own updates come back.
    pub informer_update: InformerUpdate,
    /// A worker's pause after an update with [`InformerUpdate::Watch`] (1 s).
    pub update_pause: SimDuration,
    /// What updates do in the throttler.
    pub readmission: Readmission,
    /// Time a reconcile takes apart from waiting for the API; zero when not known.
    pub reconcile_cost: SimDuration,
    /// Wait before a new workflow is looked at (`initialDelay`, 0).
    pub initial_delay: SimDuration,
    /// Workflows at once (`parallelism`); `None` or zero is no limit.
    pub parallelism: Option<u32>,
    /// Workflows at once per namespace (`namespaceParallelism`); `None` or zero is no limit.
    pub namespace_parallelism: Option<u32>,
    /// Namespaces with a limit of their own.
    pub namespace_limits: Vec<NamespaceLimit>,
    /// Pod creation limit (off by default).
    pub resource_rate_limit: Option<ResourceRateLimit>,
    /// How long a semaphore's limit is remembered (`semaphoreLimitCacheSeconds`, 0: read every time).
    pub semaphore_limit_cache: SimDuration,
    /// Time from a pod's creation to its main container running, seconds; `None`: at once. There is no
    /// default in Argo: a modelling decision.
    pub pod_start: Option<Distribution>,
}

impl ControllerConfig {
    /// The defaults of argo-workflows `version`, with pods that start at once.
    #[must_use]
    pub fn argo(version: Version) -> Self {
        Self {
            version,
            realism: Realism::Argo,
            workers: 32,
            api_limit: Some(ApiLimit { qps: 20.0, burst: 30 }),
            requeue: SimDuration::from_secs(10),
            semaphore_notify: SimDuration::from_secs(1),
            resync: SimDuration::from_secs(20 * 60),
            informer_update: if version.major >= 4 {
                InformerUpdate::Watch
            } else {
                InformerUpdate::WriteBack
            },
            update_pause: SimDuration::from_secs(1),
            readmission: Readmission::Ignore,
            reconcile_cost: SimDuration::ZERO,
            initial_delay: SimDuration::ZERO,
            parallelism: None,
            namespace_parallelism: None,
            namespace_limits: Vec::new(),
            resource_rate_limit: None,
            semaphore_limit_cache: SimDuration::ZERO,
            pod_start: None,
        }
    }

    /// An ideal controller: no delays, no API limit, no limit on workflows.
    #[must_use]
    pub fn immediate() -> Self {
        Self {
            realism: Realism::Immediate,
            api_limit: None,
            requeue: SimDuration::ZERO,
            semaphore_notify: SimDuration::ZERO,
            ..Self::argo(Version::LATEST)
        }
    }
}

/// A lock named by a workflow or a template. Names of locks include a namespace, that of the workflow unless
/// another is named, as in Argo: the same key in two namespaces is two locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockRef {
    /// A semaphore whose limit stands in a ConfigMap under `key` (`name/key` or `namespace/name/key`, as the
    /// limits given to the controller spell it).
    Semaphore {
        /// The namespace of the ConfigMap, if it is not the workflow's.
        namespace: Option<String>,
        /// The name of the limit.
        key: String,
    },
    /// A mutex.
    Mutex {
        /// Its namespace, if it is not the workflow's.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
}

/// The limit of one semaphore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemaphoreLimit {
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// The key that [`LockRef::Semaphore`] names.
    pub key: String,
    /// Holders at once.
    pub limit: u32,
}

/// When a failed node is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPolicy {
    /// After failures and errors.
    Always,
    /// After failures: the default.
    OnFailure,
    /// After errors of the system only. The model's pods fail, they have no errors: never.
    OnError,
    /// After transient errors only: never, as above.
    OnTransientError,
}

/// `retryStrategy.backoff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBackoff {
    /// Wait before the first retry.
    pub duration: SimDuration,
    /// Every further wait is this many times longer (a whole number in Argo); zero or one: no growth.
    pub factor: u32,
    /// Longest wait.
    pub cap: Option<SimDuration>,
    /// No retry later than this after the first attempt began.
    pub max_duration: Option<SimDuration>,
}

impl RetryBackoff {
    /// The wait after `attempts` failed attempts (at least 1): `duration · factor^(attempts − 1)`, at
    /// most `cap`.
    #[must_use]
    pub fn wait(&self, attempts: u32) -> SimDuration {
        let mut wait = self.duration;
        for _ in 1..attempts {
            if self.factor <= 1 || wait >= self.cap.unwrap_or(SimDuration::MAX) {
                break;
            }
            wait = wait.saturating_mul(u64::from(self.factor));
        }
        wait.min(self.cap.unwrap_or(SimDuration::MAX))
    }
}

/// `retryStrategy`: at most `limit + 1` attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryStrategy {
    /// Retries after the first attempt; `None`: without end, and then **without backoff**, since the
    /// controller looks at the backoff only when there is a limit (`processNodeRetries`).
    pub limit: Option<u32>,
    /// When.
    pub policy: RetryPolicy,
    /// Waits.
    pub backoff: Option<RetryBackoff>,
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum NodeBody {
    /// Runs a pod.
    Pod {
        /// Run time of the main container, seconds.
        service: Distribution,
        /// Probability that it fails.
        failure_probability: f64,
        /// The template's `activeDeadlineSeconds`: the pod fails when it runs longer.
        active_deadline: Option<SimDuration>,
        /// Seconds from its creation to its main container running; `None`: as the controller's setting
        /// says.
        pod_start: Option<Distribution>,
    },
    /// Groups one after the other; the nodes of a group side by side.
    Steps(Vec<Vec<NodeConfig>>),
    /// Tasks with dependencies.
    Dag {
        /// The tasks, in the manifest's order.
        tasks: Vec<DagTask>,
        /// After a failure no further task begins (the default in Argo is true).
        fail_fast: FailFast,
    },
}

/// Whether a DAG goes on after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailFast {
    /// No further task begins.
    Stop,
    /// Tasks that do not depend on the failed one still begin.
    Continue,
}

/// A task of a DAG.
#[derive(Clone, Debug)]
pub struct DagTask {
    /// What it runs.
    pub node: NodeConfig,
    /// Positions, in the list of tasks, of those that must have succeeded.
    pub depends: Vec<usize>,
}

/// A node of a workflow: a template as it is called at one place.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name, unique among its siblings.
    pub name: String,
    /// What it does.
    pub body: NodeBody,
    /// Template-level locks, taken together, held until the node is through with all its retries.
    pub locks: Vec<LockRef>,
    /// Retries of the whole node.
    pub retry: Option<RetryStrategy>,
    /// Children at once, of steps or a DAG; `None` or zero is no limit.
    pub parallelism: Option<u32>,
    /// `withItems`: the node runs this many times side by side.
    pub items: u32,
}

impl NodeConfig {
    /// A pod that never fails, with no locks, no retries and one item.
    #[must_use]
    pub fn pod(name: &str, service: Distribution) -> Self {
        let body = NodeBody::Pod {
            service,
            failure_probability: 0.0,
            active_deadline: None,
            pod_start: None,
        };
        Self::of(name, body)
    }

    /// A node with `body`, with no locks, no retries, no limit and one item.
    #[must_use]
    pub fn of(name: &str, body: NodeBody) -> Self {
        Self {
            name: name.to_owned(),
            body,
            locks: Vec::new(),
            retry: None,
            parallelism: None,
            items: 1,
        }
    }
}

/// A workflow template.
#[derive(Clone, Debug)]
pub struct TemplateConfig {
    /// Its name; names the random streams of its nodes.
    pub name: String,
    /// Where its workflows live.
    pub namespace: String,
    /// The entry point.
    pub entry: NodeConfig,
    /// Workflow-level locks (`spec.synchronization`), taken together.
    pub locks: Vec<LockRef>,
    /// Pods at once within one workflow (`spec.parallelism`); `None` or zero is no limit.
    pub parallelism: Option<u32>,
    /// `spec.activeDeadlineSeconds`, counted from the start of running: waiting does not use it up.
    pub active_deadline: Option<SimDuration>,
}

/// A template that cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A lock whose limit nobody gave.
    #[error("template `{template}`: semaphore `{key}` has no limit in namespace `{namespace}`")]
    UnknownSemaphore {
        /// The template.
        template: String,
        /// The namespace.
        namespace: String,
        /// The key.
        key: String,
    },
    /// A task depends on a task that is not there.
    #[error(
        "template `{template}`: a task of `{node}` depends on task number {index}, which is not there"
    )]
    UnknownTask {
        /// The template.
        template: String,
        /// The DAG.
        node: String,
        /// The number.
        index: usize,
    },
    /// Tasks that wait for each other.
    #[error("template `{template}`: the tasks of `{node}` depend on each other in a circle")]
    Circle {
        /// The template.
        template: String,
        /// The DAG.
        node: String,
    },
    /// Too many nodes in one workflow.
    #[error("template `{template}`: more than {limit} nodes")]
    TooManyNodes {
        /// The template.
        template: String,
        /// The limit.
        limit: usize,
    },
    /// Nested deeper than the controller allows.
    #[error("template `{template}`: nested deeper than {limit} levels")]
    TooDeep {
        /// The template.
        template: String,
        /// The limit.
        limit: usize,
    },
    /// A limit that no limiter can be made of.
    #[error("{what} must be greater than zero")]
    NotPositive {
        /// Which limit.
        what: &'static str,
    },
}

/// The deadline of a workflow that began to run at `started`.
pub(super) fn deadline_of(
    realism: Realism,
    started: SimTime,
    active_deadline: Option<SimDuration>,
) -> SimTime {
    let Some(active_deadline) = active_deadline else { return SimTime::MAX };
    // The controller cuts the start to whole seconds first.
    let started = match realism {
        Realism::Argo => SimTime::from_nanos(started.as_nanos() / 1_000_000_000 * 1_000_000_000),
        Realism::Immediate => started,
    };
    started + active_deadline
}
