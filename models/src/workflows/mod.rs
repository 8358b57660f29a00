//! The workflow controller ([`crate::workflow`]) as a stage of the model: a job becomes a workflow, and
//! ends with it.

mod lines;
pub(crate) mod spec;

use std::collections::BTreeMap;

use sim_core::kernel::Phase;
use sim_core::random::{Random, StreamKey, Streams};
use sim_core::time::SimTime;

use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Reason;
use crate::engine::job::JobId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::reject::{NackId, Reject};
use crate::fault::Change;
use crate::workflow::{
    Controller, ControllerConfig, Effects, Fact, LockId, Outcome, SemaphoreLimit, TemplateConfig,
    TemplateId, Timer, WorkflowId,
};
use lines::Lines;

/// The controller asked to be woken; the argument is the number of its timer.
const TIMER: u16 = 0;

/// What a workflow controller is made of.
#[derive(Clone, Debug)]
pub(crate) struct WorkflowPlan {
    pub(crate) name: String,
    pub(crate) config: ControllerConfig,
    pub(crate) templates: Vec<TemplateConfig>,
    pub(crate) semaphores: Vec<SemaphoreLimit>,
    /// Per template.
    pub(crate) priorities: Vec<i32>,
    pub(crate) max_pending: Option<u64>,
    pub(crate) on_reject: Reject,
    /// Per component: whether its offers are calls, answered when the workflow ends.
    pub(crate) callers: Vec<bool>,
    /// Per template: what happens to a workflow of which an earlier one is still going.
    pub(crate) concurrency: Vec<Concurrency>,
}

/// What becomes of a workflow when an earlier one of its template is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concurrency {
    /// Both run.
    Allow,
    /// The new one is skipped.
    Forbid,
    /// The earlier one is terminated.
    Replace,
}

/// The names of a controller's gauges and samples.
pub(crate) mod metric {
    pub(crate) const PENDING: &str = "pending";
    pub(crate) const WAITING_FOR_LOCKS: &str = "waiting_for_locks";
    pub(crate) const RUNNING: &str = "running";
    pub(crate) const PODS: &str = "pods";
    pub(crate) const PERMITS: &str = "permits";
    pub(crate) const PENDING_TIME: &str = "pending_time";
    pub(crate) const TURNAROUND: &str = "turnaround";
}

/// The names of a controller's limits.
pub(crate) mod limit {
    use super::WorkflowPlan;
    use crate::workflow::{ControllerConfig, LockRef, NodeBody, NodeConfig};

    pub(crate) const PARALLELISM: &str = "parallelism";
    pub(crate) const NAMESPACE: &str = "namespace_parallelism";
    pub(crate) const WORKERS: &str = "workers";
    pub(crate) const API: &str = "api_limit";
    pub(crate) const PODS: &str = "resource_rate_limit";

    /// Whether the throttler may refuse a workflow.
    pub(crate) fn has_parallelism(config: &ControllerConfig) -> bool {
        let limits = [config.parallelism, config.namespace_parallelism];
        limits.iter().flatten().any(|&most| most > 0)
            || config.namespace_limits.iter().any(|limit| limit.parallelism > 0)
    }

    /// The locks in the controller's order: the semaphores, then the mutexes as they are met with.
    pub(crate) fn locks(plan: &WorkflowPlan) -> Vec<String> {
        let mut names: Vec<String> =
            plan.semaphores.iter().map(|semaphore| semaphore.key.clone()).collect();
        let mut mutexes: Vec<String> = Vec::new();
        let mut known: Vec<(&str, &str)> = Vec::new();
        for template in &plan.templates {
            let mut all: Vec<&LockRef> = template.locks.iter().collect();
            locks_of(&template.entry, &mut all);
            for lock in all {
                let LockRef::Mutex { namespace, name } = lock else { continue };
                let space: &str = namespace.as_ref().unwrap_or(&template.namespace);
                if !known.contains(&(space, name)) {
                    known.push((space, name));
                    mutexes.push(name_of(lock));
                }
            }
        }
        names.extend(mutexes);
        names
    }

    /// The lock as it is called in reports.
    pub(crate) fn name_of(lock: &LockRef) -> String {
        match lock {
            LockRef::Semaphore { key, .. } => key.clone(),
            LockRef::Mutex { namespace: None, name } => format!("mutex {name}"),
            LockRef::Mutex { namespace: Some(namespace), name } => {
                format!("mutex {namespace}/{name}")
            }
        }
    }

    fn locks_of<'a>(node: &'a NodeConfig, locks: &mut Vec<&'a LockRef>) {
        locks.extend(&node.locks);
        match &node.body {
            NodeBody::Pod { .. } => {}
            NodeBody::Steps(groups) => {
                groups.iter().flatten().for_each(|node| locks_of(node, locks));
            }
            NodeBody::Dag { tasks, .. } => {
                tasks.iter().for_each(|task| locks_of(&task.node, locks));
            }
        }
    }
}

/// A workflow controller at work.
pub(crate) struct Workflow {
    plan: WorkflowPlan,
    controller: Controller,
    effects: Effects,
    /// Timers that the event list knows by number.
    timers: Vec<Option<Timer>>,
    free_timers: Vec<u32>,
    /// Makes keys for all workflows of an event but its first.
    again: StreamKey,
    /// Live workflows: their jobs are held here. The value is who waits for the end, if anybody.
    live: BTreeMap<JobId, Option<ComponentId>>,
    /// Per template: those of them that are in the way of a new one, the oldest first.
    in_the_way: Vec<Vec<JobId>>,
    locks: Vec<LockId>,
    lines: Lines,
    pending: GaugeId,
    waiting_for_locks: GaugeId,
    running: GaugeId,
    pods: GaugeId,
    permits: GaugeId,
    pending_time: SampleId,
    turnaround: SampleId,
}

impl Workflow {
    pub(crate) fn new(plan: WorkflowPlan, streams: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let controller = Controller::new(
            plan.config.clone(),
            &plan.templates,
            &plan.semaphores,
            streams,
            &plan.name,
        )
        .expect("the plan was checked");
        let me = cx.me;
        let lines = Lines::new(&plan, &controller, cx);
        let recorder = &mut cx.world.recorder;
        Self {
            lines,
            locks: controller.lock_names().map(|(id, _)| id).collect(),
            controller,
            effects: Effects::default(),
            timers: Vec::new(),
            free_timers: Vec::new(),
            again: streams.key(&plan.name, "again"),
            live: BTreeMap::new(),
            in_the_way: vec![Vec::new(); plan.templates.len()],
            pending: recorder.new_gauge(me, metric::PENDING),
            waiting_for_locks: recorder.new_gauge(me, metric::WAITING_FOR_LOCKS),
            running: recorder.new_gauge(me, metric::RUNNING),
            pods: recorder.new_gauge(me, metric::PODS),
            permits: recorder.new_gauge(me, metric::PERMITS),
            pending_time: recorder.new_samples(me, metric::PENDING_TIME),
            turnaround: recorder.new_samples(me, metric::TURNAROUND),
            plan,
        }
    }

    /// Nothing happens before somebody comes.
    pub(crate) fn start(&mut self, _: &mut Cx<'_, '_>) {}

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.submit(from, job, cx),
            Signal::LetGo { job } => {
                if let Some(caller) = self.live.get_mut(&job) {
                    *caller = None;
                }
            }
            Signal::Wake { what: TIMER, arg } => {
                let timer = self.timers[arg as usize].take().expect("a timer fires once");
                self.free_timers.push(arg);
                self.controller.on_timer(cx.now(), timer, &mut self.effects);
                self.react(cx);
            }
            other => unreachable!("a workflow controller does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        match *change {
            Change::Slower(factor) => self.controller.set_slowdown(factor),
            Change::FailureProbability(p) => self.controller.set_failure_probability(p),
            Change::Stop => self.controller.stop(),
            Change::Start => self.controller.start(now, &mut self.effects),
            Change::Limit(limit) => {
                self.controller.set_parallelism(now, limit as u32, &mut self.effects);
            }
            Change::Permits { ref key, limit } => {
                // The ConfigMap is one; each namespace has its own lock of that key.
                for semaphore in self.plan.semaphores.iter().filter(|it| it.key == *key) {
                    if let Some(lock) = self.controller.semaphore(&semaphore.namespace, key) {
                        self.controller.set_semaphore_limit(now, lock, limit, &mut self.effects);
                    }
                }
            }
            Change::Rate(_) | Change::Room(_) => {}
        }
        self.react(cx);
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.live.keys().for_each(|&job| visit(job));
    }

    fn submit(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact(FactKind::Offered, job);
        let template = cx.job(job).tag as usize;
        let concurrency = self.plan.concurrency[template];
        if concurrency == Concurrency::Forbid && !self.in_the_way[template].is_empty() {
            return self.drop_offered(from, job, Reason::Skipped, cx);
        }
        let pending = self.controller.gauges().pending();
        if self.plan.max_pending.is_some_and(|max| pending >= max) {
            return self.reject(from, job, cx);
        }
        let now = cx.now();
        let record = cx.job_mut(job);
        record.since = now;
        let template = record.tag;
        let priority = i32::from(record.priority) + self.plan.priorities[template as usize];
        // Of a trigger's two actions one may wait and the other not: who wants to hear that the job was
        // taken does not wait for its end.
        let is_caller = self.plan.callers.get(from as usize) == Some(&true);
        let waits = is_caller && !cx.job(job).wants_answer;
        self.live.insert(job, waits.then_some(from));
        if concurrency != Concurrency::Allow {
            self.make_way(job, template as usize, cx);
        }
        cx.fact(FactKind::Admitted, job);
        cx.accept(from, job);
        let key = self.key_of(job, cx);
        let (id, template) = (WorkflowId(job), TemplateId(template));
        self.controller.submit(now, id, template, key, priority, &mut self.effects);
        self.react(cx);
    }

    /// The random key of a new workflow: the event's own, but of its further workflows each has another, or
    /// what failed once would fail again and again.
    fn key_of(&self, job: JobId, cx: &mut Cx<'_, '_>) -> u64 {
        let record = cx.job_mut(job);
        let tries = record.tries;
        record.tries += 1;
        if tries == 0 { record.key } else { cx.draws(job, self.again, tries).next_u64() }
    }

    fn reject(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let reason = Reason::MessagesFull;
        match self.plan.on_reject {
            Reject::Nack(nack) => cx.refuse(from, job, reason, nack),
            Reject::Block | Reject::Error => cx.refuse(from, job, reason, NackId::NONE),
            Reject::Drop => self.drop_offered(from, job, reason, cx),
            Reject::Store(store) => {
                cx.fact_because(FactKind::Refused, job, reason);
                self.tell_taken(from, job, cx);
                cx.offer(store, job);
            }
        }
    }

    fn drop_offered(&self, from: ComponentId, job: JobId, reason: Reason, cx: &mut Cx<'_, '_>) {
        cx.fact_because(FactKind::Refused, job, reason);
        self.tell_taken(from, job, cx);
        cx.drop_job(job, reason);
    }

    /// A new workflow of a template that lets one run at a time.
    fn make_way(&mut self, job: JobId, template: usize, cx: &mut Cx<'_, '_>) {
        for &earlier in &self.in_the_way[template] {
            self.controller.terminate(cx.now(), WorkflowId(earlier), &mut self.effects);
        }
        self.in_the_way[template].push(job);
    }

    /// The job goes elsewhere from here: also to a caller, who would wait for ever, it is as good as taken.
    fn tell_taken(&self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.job_mut(job).wants_answer |= self.plan.callers.get(from as usize) == Some(&true);
        cx.accept(from, job);
    }

    /// Turns what the controller did into events of the model.
    fn react(&mut self, cx: &mut Cx<'_, '_>) {
        let mut effects = std::mem::take(&mut self.effects);
        for &(at, timer) in &effects.timers {
            self.arm(at, timer, cx);
        }
        for fact in &effects.facts {
            self.tell(*fact, cx);
        }
        effects.clear();
        self.effects = effects;
        let gauges = self.controller.gauges();
        cx.gauge(self.pending, gauges.pending());
        cx.gauge(self.waiting_for_locks, gauges.pending_locks + gauges.nodes_waiting);
        cx.gauge(self.running, gauges.running);
        cx.gauge(self.pods, gauges.pods_running + gauges.pods_pending);
        let permits =
            self.locks.iter().map(|&lock| u64::from(self.controller.lock(lock).held)).sum();
        cx.gauge(self.permits, permits);
        self.lines.gauge(&self.plan, &self.controller, &gauges, cx);
    }

    fn arm(&mut self, at: SimTime, timer: Timer, cx: &mut Cx<'_, '_>) {
        let number = match self.free_timers.pop() {
            Some(number) => {
                self.timers[number as usize] = Some(timer);
                number
            }
            None => {
                self.timers.push(Some(timer));
                (self.timers.len() - 1) as u32
            }
        };
        cx.at(at, Phase::Release, Signal::Wake { what: TIMER, arg: number });
    }

    fn tell(&mut self, fact: Fact, cx: &mut Cx<'_, '_>) {
        match fact {
            Fact::Started { workflow: WorkflowId(job) } => {
                cx.fact(FactKind::Started, job);
                let waited = cx.now().since(cx.job(job).since);
                cx.sample(self.pending_time, waited);
            }
            Fact::NodeRetried { workflow: WorkflowId(job), .. } => {
                cx.fact(FactKind::Retried, job);
            }
            Fact::Finished { workflow: WorkflowId(job), outcome, .. } => {
                self.finish(job, outcome, cx);
            }
            Fact::Submitted { .. }
            | Fact::Admitted { .. }
            | Fact::LockWaiting { .. }
            | Fact::PodStarted { .. }
            | Fact::PodFinished { .. } => {}
        }
    }

    fn finish(&mut self, job: JobId, outcome: Outcome, cx: &mut Cx<'_, '_>) {
        let caller = self.live.remove(&job).expect("only what was submitted ends");
        self.in_the_way[cx.job(job).tag as usize].retain(|&other| other != job);
        let turnaround = cx.now().since(cx.job(job).since);
        cx.sample(self.turnaround, turnaround);
        let by = cx.me;
        let (fact, reason) = match outcome {
            Outcome::Succeeded => (FactKind::Completed, Reason::None),
            Outcome::Failed => (FactKind::Failed, Reason::WorkFailed),
            Outcome::DeadlineExceeded => (FactKind::Failed, Reason::DeadlineExceeded),
            Outcome::Terminated => (FactKind::Failed, Reason::Replaced),
        };
        cx.fact_because(fact, job, reason);
        match (caller, outcome) {
            (Some(caller), Outcome::Succeeded) => cx.send(caller, Signal::Finished { by, job }),
            (Some(caller), _) => {
                cx.job_mut(job).refused_for = reason;
                cx.send(caller, Signal::Failed { by, job });
            }
            (None, Outcome::Succeeded) => cx.complete(job),
            (None, _) => cx.drop_job(job, reason),
        }
    }
}
