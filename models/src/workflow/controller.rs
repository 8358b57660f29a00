//! The controller's front: what its surroundings may call.

use std::collections::BTreeMap;

use sim_core::random::Streams;
use sim_core::time::SimTime;

use super::config::{ConfigError, ControllerConfig, SemaphoreLimit, TemplateConfig};
use super::control::{Context, Core, Counts};
use super::effects::{Effects, Fact, LockId, TemplateId, Timer, WorkflowId};
use super::lock::LockKind;
use super::plan::{Builder, Plan};
use super::throttle::Throttler;

/// The workflow controller with its templates, locks and workflows. See the module's documentation.
#[derive(Clone, Debug)]
pub struct Controller {
    plans: Vec<Plan>,
    namespaces: Vec<String>,
    semaphores: BTreeMap<(u8, String, String), u32>,
    core: Core,
}

/// What the controller's metrics would show at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Workflows that are not over.
    pub live: u64,
    /// Of these, waiting for a place under `parallelism` (phase Pending).
    pub pending_parallelism: u64,
    /// Of these, waiting for their own locks: admitted, but still Pending.
    pub pending_locks: u64,
    /// Of these, with phase Running.
    pub running: u64,
    /// Nodes that wait for template-level locks.
    pub nodes_waiting: u64,
    /// Pods created whose main container does not run yet.
    pub pods_pending: u64,
    /// Pods whose main container runs.
    pub pods_running: u64,
    /// Workflows in the work queue (`queue_depth_gauge`).
    pub queue_depth: u64,
    /// Workers with a workflow in hand, those that wait for the API included (`workers_busy_count`).
    pub workers_busy: u64,
    /// Calls to the API so far: limits read, pods created and labelled.
    pub kube_calls: u64,
    /// Calls to the API so far: workflows updated.
    pub workflow_calls: u64,
    /// The last call to the API so far was let through then, or will be.
    pub api_until: SimTime,
    /// Then the pods that `resourceRateLimit` has refused so far are tried again.
    pub pods_until: SimTime,
}

impl Gauges {
    /// Workflows with phase Pending, for whatever reason: `argo_workflows_gauge{phase="Pending"}`.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.live - self.running
    }
}

/// One lock at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockGauge {
    /// Holders.
    pub held: u32,
    /// Limit as the ConfigMap has it; 1 for a mutex.
    pub limit: u32,
    /// Claims in line.
    pub waiting: u32,
}

impl Controller {
    /// A controller with `templates`, whose semaphores have the limits of `semaphores`. Random streams are
    /// named after `component`, the template and the node's path in it.
    ///
    /// # Errors
    /// All templates are looked at; the first problem of each is reported.
    pub fn new(
        config: ControllerConfig,
        templates: &[TemplateConfig],
        semaphores: &[SemaphoreLimit],
        streams: &Streams,
        component: &str,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut builder = Builder {
            streams,
            component,
            locks: Vec::new(),
            lock_index: BTreeMap::new(),
            namespaces: Vec::new(),
        };
        for semaphore in semaphores {
            builder.add_semaphore(&semaphore.namespace, &semaphore.key, semaphore.limit);
        }
        let mut errors = check(&config);
        let mut plans = Vec::with_capacity(templates.len());
        for template in templates {
            match builder.plan(template) {
                Ok(plan) => plans.push(plan),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        for limit in &config.namespace_limits {
            builder.namespace(&limit.namespace);
        }
        let throttler = throttler(&config, &builder.namespaces);
        let Builder { locks, lock_index, namespaces, .. } = builder;
        let core = Core::new(config, locks, throttler, streams.key(component, "names"));
        Ok(Self { plans, namespaces, semaphores: lock_index, core })
    }

    /// A workflow of `template` is created. All its random draws follow from `key`. `id` only comes back
    /// in facts; the caller keeps it unique among live workflows.
    ///
    /// # Panics
    /// When there is no such template.
    pub fn submit(
        &mut self,
        now: SimTime,
        id: WorkflowId,
        template: TemplateId,
        key: u64,
        priority: i32,
        fx: &mut Effects,
    ) {
        fx.facts.push(Fact::Submitted { workflow: id });
        let (core, mut cx) = self.split(now, fx);
        core.submit(&mut cx, id, template.0, key, priority);
    }

    /// A workflow is told to end: it does so, with its pods and locks, at the controller's next look at it,
    /// which the change of its object puts ahead like any other event. Nothing happens to one that is not
    /// there. A workflow that waits for `parallelism` need not be admitted for that (`controller.go`).
    pub fn terminate(&mut self, now: SimTime, workflow: WorkflowId, fx: &mut Effects) {
        let (core, mut cx) = self.split(now, fx);
        core.terminate(&mut cx, workflow);
    }

    /// The time of a timer from [`Effects::timers`] has come.
    pub fn on_timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        let (core, mut cx) = self.split(now, fx);
        core.on_timer(&mut cx, timer);
    }

    /// The number of the semaphore `key` in `namespace`, if its limit was given.
    #[must_use]
    pub fn semaphore(&self, namespace: &str, key: &str) -> Option<LockId> {
        self.semaphores.get(&(0, namespace.to_owned(), key.to_owned())).map(|&index| LockId(index))
    }

    /// The names of all locks, as the `lock_name` label of the controller's metrics spells them.
    pub fn lock_names(&self) -> impl Iterator<Item = (LockId, &str)> {
        (0..).map(LockId).zip(self.core.locks.iter().map(|lock| lock.name.as_str()))
    }

    /// The ConfigMap is edited. Waiters are put into the queue after the requeue delay; holders above the
    /// new limit keep their permits until they release them.
    ///
    /// # Panics
    /// When there is no such lock, or it is a mutex.
    pub fn set_semaphore_limit(
        &mut self,
        now: SimTime,
        lock: LockId,
        limit: u32,
        fx: &mut Effects,
    ) {
        assert_eq!(
            self.core.locks[lock.0 as usize].kind,
            LockKind::Semaphore,
            "a mutex has no limit to set"
        );
        let (core, mut cx) = self.split(now, fx);
        core.set_semaphore_limit(&mut cx, lock.0, limit);
    }

    /// The controller's `parallelism` changes; zero is no limit. One workflow is admitted at once, the
    /// others as further events come (`multi_throttler.go`).
    pub fn set_parallelism(&mut self, now: SimTime, parallelism: u32, fx: &mut Effects) {
        let (core, mut cx) = self.split(now, fx);
        core.throttler.set_parallelism(parallelism);
        core.throttle(&mut cx);
        core.pump(&mut cx);
    }

    /// The parallelism of one namespace changes; zero is no limit. Unknown namespaces have no workflows.
    pub fn set_namespace_parallelism(
        &mut self,
        now: SimTime,
        namespace: &str,
        parallelism: u32,
        fx: &mut Effects,
    ) {
        let Some(index) = self.namespaces.iter().position(|known| known == namespace) else {
            return;
        };
        let (core, mut cx) = self.split(now, fx);
        core.throttler.set_namespace_parallelism(index as u32, parallelism);
        core.throttle(&mut cx);
        core.pump(&mut cx);
    }

    /// Pods created from now on run `factor` times as long.
    pub fn set_slowdown(&mut self, factor: f64) {
        self.core.slowdown = factor;
    }

    /// Pods created from now on fail with this probability; `None`: as their templates say.
    pub fn set_failure_probability(&mut self, probability: Option<f64>) {
        self.core.failure_probability = probability;
    }

    /// The controller dies: everything it held in memory is lost. Pods go on.
    pub fn stop(&mut self) {
        self.core.stop();
    }

    /// The controller comes back and lists everything there is. Only Running workflows count against
    /// `parallelism`; holders are restored from the workflows' status (see
    /// [`super::Version::forgets_a_holder_on_restart`]), waiters get in line again as they are looked at.
    pub fn start(&mut self, now: SimTime, fx: &mut Effects) {
        let (core, mut cx) = self.split(now, fx);
        core.start(&mut cx);
    }

    /// [`Controller::stop`] and [`Controller::start`] at one instant.
    pub fn restart(&mut self, now: SimTime, fx: &mut Effects) {
        self.stop();
        self.start(now, fx);
    }

    /// The state in figures.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        let Counts { live, waiting, running, nodes_waiting, pods_pending, pods_running, .. } =
            self.core.counts;
        Gauges {
            live,
            pending_parallelism: live - u64::from(self.core.throttler.running()).min(live),
            pending_locks: waiting,
            running,
            nodes_waiting,
            pods_pending,
            pods_running,
            queue_depth: self.core.queue.len() as u64,
            workers_busy: u64::from(self.core.workers_busy),
            kube_calls: self.core.counts.kube_calls,
            workflow_calls: self.core.counts.workflow_calls,
            api_until: self.core.counts.api_until,
            pods_until: self.core.counts.pods_until,
        }
    }

    /// One lock in figures.
    ///
    /// # Panics
    /// When there is no such lock.
    #[must_use]
    pub fn lock(&self, lock: LockId) -> LockGauge {
        let lock = &self.core.locks[lock.0 as usize];
        LockGauge { held: lock.held, limit: lock.limit(), waiting: lock.line.len() as u32 }
    }

    /// Checks every invariant: permits held are claims held, a lock's line holds exactly the waiting
    /// claims, counters agree with what they count. Costs a walk over everything.
    ///
    /// # Panics
    /// When one does not hold.
    pub fn assert_consistent(&self) {
        self.core.assert_consistent(&self.plans);
    }

    fn split<'a>(&'a mut self, now: SimTime, fx: &'a mut Effects) -> (&'a mut Core, Context<'a>) {
        (&mut self.core, Context { now, plans: &self.plans, fx })
    }
}

fn check(config: &ControllerConfig) -> Vec<ConfigError> {
    let api = config.api_limit.is_none_or(|limit| limit.qps > 0.0 && limit.burst > 0);
    let resource =
        config.resource_rate_limit.is_none_or(|limit| limit.rate.count > 0 && limit.burst > 0);
    let checks = [
        (config.workers > 0, "the number of workflow workers"),
        (api, "the API limit (`qps` and `burst`)"),
        (resource, "`resourceRateLimit` (`limit` and `burst`)"),
    ];
    let failed = checks.into_iter().filter(|(passed, _)| !passed);
    failed.map(|(_, what)| ConfigError::NotPositive { what }).collect()
}

fn throttler(config: &ControllerConfig, namespaces: &[String]) -> Throttler {
    let own = |name: &String| {
        let limit = config.namespace_limits.iter().find(|limit| limit.namespace == *name);
        limit.map_or(config.namespace_parallelism.unwrap_or(0), |limit| limit.parallelism)
    };
    let limits: Vec<u32> = namespaces.iter().map(own).collect();
    Throttler::new(config.parallelism.unwrap_or(0), &limits)
}
