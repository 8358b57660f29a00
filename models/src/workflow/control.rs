//! The control loop: work queue, delaying queue, workers, throttler, API limits.
//!
//! A look at a workflow (a reconcile) is cut in three: `begin` (a worker takes it, the throttler is
//! asked, the reads before the lock decision are paid), `check` (locks, then the tree of nodes, all at
//! one instant) and the writes, whose effects come when the API's rate limit lets them through. The
//! worker is busy all the time. All calls of one look are put into the API limiter at once, where the
//! real one asks for the next when the last has returned: order differs within milliseconds, the rate
//! does not.

use std::collections::VecDeque;

use sim_core::limiter::{Limiter, Start};
use sim_core::random::StreamKey;
use sim_core::time::{SimDuration, SimTime};

use super::config::{ControllerConfig, InformerUpdate, Readmission, Realism};
use super::effects::{Effects, Fact, Outcome, Timer, TimerKind, WorkflowId};
use super::heap::Rank;
use super::lock::Lock;
use super::plan::Plan;
use super::state::{Phase, Workflow};
use super::throttle::Throttler;

/// One call from outside.
pub(super) struct Context<'a> {
    pub(super) now: SimTime,
    pub(super) plans: &'a [Plan],
    pub(super) fx: &'a mut Effects,
}

/// One look at a workflow: what it cost and whether it changed anything.
pub(super) struct Look {
    /// Limits read so far, for which the API is still to be asked.
    pub(super) reads: u32,
    /// The status is to be written.
    pub(super) updated: bool,
    /// A node did not begin since its parent was full.
    pub(super) skipped: bool,
    /// When the last call to the API is through.
    pub(super) done_at: SimTime,
}

impl Look {
    pub(super) fn new(now: SimTime) -> Self {
        Self { reads: 0, updated: false, skipped: false, done_at: now }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) live: u64,
    pub(super) waiting: u64,
    pub(super) running: u64,
    pub(super) nodes_waiting: u64,
    pub(super) pods_pending: u64,
    pub(super) pods_running: u64,
    pub(super) kube_calls: u64,
    pub(super) workflow_calls: u64,
    /// The last call to the API that was let through, or will be.
    pub(super) api_until: SimTime,
    /// When a pod that `resourceRateLimit` refused is tried again.
    pub(super) pods_until: SimTime,
}

/// Whether the controller's process is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    Up,
    Down,
}

#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) config: ControllerConfig,
    pub(super) locks: Vec<Lock>,
    pub(super) throttler: Throttler,
    pub(super) workflows: Vec<Workflow>,
    free: Vec<u32>,
    pub(super) queue: VecDeque<u32>,
    pub(super) workers_busy: u32,
    kube: Limiter,
    workflow_api: Limiter,
    pub(super) resource: Limiter,
    pub(super) process: Process,
    pub(super) epoch: u32,
    sequence: u64,
    /// Makes names out of keys.
    pub(super) names: StreamKey,
    pub(super) slowdown: f64,
    pub(super) failure_probability: Option<f64>,
    pub(super) counts: Counts,
}

impl Core {
    pub(super) fn new(
        config: ControllerConfig,
        locks: Vec<Lock>,
        throttler: Throttler,
        names: StreamKey,
    ) -> Self {
        let mut core = Self {
            config,
            locks,
            throttler,
            workflows: Vec::new(),
            free: Vec::new(),
            queue: VecDeque::new(),
            workers_busy: 0,
            kube: Limiter::Unlimited,
            workflow_api: Limiter::Unlimited,
            resource: Limiter::Unlimited,
            process: Process::Up,
            epoch: 0,
            sequence: 0,
            names,
            slowdown: 1.0,
            failure_probability: None,
            counts: Counts::default(),
        };
        core.fresh_limiters();
        core
    }

    pub(super) fn fresh_limiters(&mut self) {
        let api = || match (self.config.realism, self.config.api_limit) {
            (Realism::Argo, Some(limit)) => Limiter::client_go(limit.qps, limit.burst),
            _ => Limiter::Unlimited,
        };
        (self.kube, self.workflow_api) = (api(), api());
        self.resource = self.config.resource_rate_limit.map_or(Limiter::Unlimited, |limit| {
            Limiter::token_bucket(limit.rate, u64::from(limit.burst), Start::Full)
        });
    }

    pub(super) fn is_ideal(&self) -> bool {
        self.config.realism == Realism::Immediate
    }

    pub(super) fn submit(
        &mut self,
        cx: &mut Context<'_>,
        id: WorkflowId,
        template: u32,
        key: u64,
        priority: i32,
    ) {
        let plan = &cx.plans[template as usize];
        let slot = self.free.pop().unwrap_or_else(|| {
            self.workflows.push(Workflow::vacant());
            (self.workflows.len() - 1) as u32
        });
        // Creation times have a resolution of one second; the ideal controller knows the order.
        let created =
            if self.is_ideal() { self.sequence } else { cx.now.as_nanos() / 1_000_000_000 };
        let workflow = &mut self.workflows[slot as usize];
        workflow.occupy(plan);
        (workflow.id, workflow.template, workflow.key) = (id, template, key);
        workflow.sequence = self.sequence;
        workflow.seat.namespace = plan.namespace;
        workflow.seat.rank = Rank { priority, created };
        self.sequence += 1;
        self.counts.live += 1;
        if self.process == Process::Down {
            return;
        }
        self.add_to_throttler(cx, slot);
        let delay = if self.is_ideal() { SimDuration::ZERO } else { self.config.initial_delay };
        self.requeue_at(cx, slot, cx.now + delay);
        self.pump(cx);
    }

    /// `shutdown: Terminate` is written to the workflow: its update is an event like others.
    pub(super) fn terminate(&mut self, cx: &mut Context<'_>, id: WorkflowId) {
        let is_it = |it: &Workflow| it.flags.live && it.phase != Phase::Done && it.id == id;
        let Some(slot) = self.workflows.iter().position(is_it) else { return };
        self.workflows[slot].flags.terminated = true;
        self.requeue_limited(cx, slot as u32, cx.now);
        self.pump(cx);
    }

    pub(super) fn on_timer(&mut self, cx: &mut Context<'_>, timer: Timer) {
        let slot = timer.slot;
        if self.workflows[slot as usize].generation != timer.generation {
            return;
        }
        match timer.kind {
            TimerKind::PodStarted => self.pod_started(cx, timer),
            TimerKind::PodFinished => self.pod_finished(cx, timer),
            // Calls of a former life of the controller.
            _ if timer.epoch != self.epoch => return,
            TimerKind::Ready => {
                let ready_at = &mut self.workflows[slot as usize].ready_at;
                if *ready_at != cx.now {
                    return;
                }
                *ready_at = SimTime::MAX;
                self.enqueue(slot);
            }
            TimerKind::Resync => self.resync(cx, slot),
            TimerKind::Check => self.check(cx, slot),
            TimerKind::Persisted => self.persisted(cx, slot),
            TimerKind::WorkerDone => self.worker_done(cx, slot),
        }
        self.pump(cx);
    }

    // ---- queues -------------------------------------------------------------------------------

    /// The work queue's `Add`: once in the queue at most, and not while a worker has it in hand.
    pub(super) fn enqueue(&mut self, slot: u32) {
        let workflow = &mut self.workflows[slot as usize];
        if self.process == Process::Down || workflow.phase == Phase::Done || workflow.flags.dirty {
            return;
        }
        workflow.flags.dirty = true;
        if !workflow.flags.processing {
            self.queue.push_back(slot);
        }
    }

    /// The delaying queue's `AddAfter`: a workflow has one ready time, the earliest asked for.
    pub(super) fn requeue_at(&mut self, cx: &mut Context<'_>, slot: u32, at: SimTime) {
        if at <= cx.now {
            self.enqueue(slot);
            return;
        }
        let workflow = &mut self.workflows[slot as usize];
        if self.process == Process::Up && at < workflow.ready_at {
            workflow.ready_at = at;
            self.timer(cx, at, TimerKind::Ready, slot);
        }
    }

    /// `AddRateLimited`, for an event at `at`.
    pub(super) fn requeue_limited(&mut self, cx: &mut Context<'_>, slot: u32, at: SimTime) {
        let delay = if self.is_ideal() { SimDuration::ZERO } else { self.config.requeue };
        self.requeue_at(cx, slot, at + delay);
    }

    /// Semaphore waiters are looked at a little later.
    pub(super) fn notify(&mut self, cx: &mut Context<'_>, slot: u32) {
        let delay = if self.is_ideal() { SimDuration::ZERO } else { self.config.semaphore_notify };
        self.requeue_at(cx, slot, cx.now + delay);
    }

    /// One outstanding timer per workflow; it moves on when the workflow was looked at meanwhile.
    fn resync(&mut self, cx: &mut Context<'_>, slot: u32) {
        let due = self.workflows[slot as usize].last_look + self.config.resync;
        if due > cx.now {
            self.timer(cx, due, TimerKind::Resync, slot);
        } else {
            self.workflows[slot as usize].flags.resync = false;
            self.enqueue(slot);
        }
    }

    pub(super) fn timer(&self, cx: &mut Context<'_>, at: SimTime, kind: TimerKind, slot: u32) {
        let generation = self.workflows[slot as usize].generation;
        cx.fx.timers.push((at, Timer { kind, slot, generation, epoch: self.epoch, node: 0 }));
    }

    // ---- workers ------------------------------------------------------------------------------

    /// Gives waiting workflows to free workers until one or the other runs out.
    pub(super) fn pump(&mut self, cx: &mut Context<'_>) {
        while self.is_ideal() || self.workers_busy < self.config.workers {
            let Some(slot) = self.queue.pop_front() else { return };
            let workflow = &mut self.workflows[slot as usize];
            workflow.flags.dirty = false;
            workflow.flags.processing = true;
            workflow.last_look = cx.now;
            self.workers_busy += 1;
            self.begin(cx, slot);
        }
    }

    fn begin(&mut self, cx: &mut Context<'_>, slot: u32) {
        if !self.is_ideal()
            && !std::mem::replace(&mut self.workflows[slot as usize].flags.resync, true)
        {
            self.timer(cx, cx.now + self.config.resync, TimerKind::Resync, slot);
        }
        let is_terminated = self.workflows[slot as usize].flags.terminated;
        if is_terminated && !self.workflows[slot as usize].seat.admitted {
            // It passes the throttler by, and no longer waits there.
            self.throttler.leave(&mut self.workflows[slot as usize].seat);
        } else if !self.workflows[slot as usize].seat.admitted {
            self.throttle(cx);
            let postponed = &mut self.workflows[slot as usize].flags.postponed;
            let look = Look { updated: !std::mem::replace(postponed, true), ..Look::new(cx.now) };
            self.end_look(cx, slot, &look);
            return;
        }
        let reads = if is_terminated { 0 } else { self.reads_ahead(cx, slot) };
        self.workflows[slot as usize].reads_paid = reads;
        let at = self.call_kube(cx.now, reads) + self.reconcile_cost();
        if at > cx.now {
            self.timer(cx, at, TimerKind::Check, slot);
        } else {
            self.check(cx, slot);
        }
    }

    fn reconcile_cost(&self) -> SimDuration {
        if self.is_ideal() { SimDuration::ZERO } else { self.config.reconcile_cost }
    }

    fn reads_ahead(&self, cx: &Context<'_>, slot: u32) -> u32 {
        if self.is_ideal() {
            return 0;
        }
        let plan = &cx.plans[self.workflows[slot as usize].template as usize];
        let own = &plan.claims[..plan.own_claims as usize];
        let cache = self.config.semaphore_limit_cache;
        own.iter().filter(|&&lock| self.locks[lock as usize].must_read(cx.now, cache)).count()
            as u32
    }

    /// The end of a look: the status is written if it changed, then the worker is free.
    pub(super) fn end_look(&mut self, cx: &mut Context<'_>, slot: u32, look: &Look) {
        let paid = std::mem::take(&mut self.workflows[slot as usize].reads_paid);
        let reads_done = self.call_kube(cx.now, look.reads.saturating_sub(paid));
        let mut done_at = look.done_at.max(reads_done);
        if !look.updated {
            self.after(cx, done_at, TimerKind::WorkerDone, slot);
            return;
        }
        self.counts.workflow_calls += 1;
        done_at = done_at.max(self.workflow_api.take(cx.now));
        self.counts.api_until = self.counts.api_until.max(done_at);
        if self.is_ideal() {
            // Something may have ended after a look at what waited for it.
            if look.skipped {
                self.enqueue(slot);
            }
            self.worker_done(cx, slot);
            return;
        }
        match self.config.informer_update {
            InformerUpdate::WriteBack => self.after(cx, done_at, TimerKind::WorkerDone, slot),
            InformerUpdate::Watch => {
                // The worker's end is asked for first: an update that is through at once must not find
                // the slot given away.
                self.timer(cx, done_at + self.config.update_pause, TimerKind::WorkerDone, slot);
                self.after(cx, done_at, TimerKind::Persisted, slot);
            }
        }
    }

    fn after(&mut self, cx: &mut Context<'_>, at: SimTime, kind: TimerKind, slot: u32) {
        if at > cx.now {
            self.timer(cx, at, kind, slot);
            return;
        }
        match kind {
            TimerKind::Persisted => self.persisted(cx, slot),
            _ => self.worker_done(cx, slot),
        }
    }

    /// The watch reports the controller's own update.
    fn persisted(&mut self, cx: &mut Context<'_>, slot: u32) {
        if self.workflows[slot as usize].phase == Phase::Done {
            self.leave_throttler(cx, slot);
            return;
        }
        self.requeue_limited(cx, slot, cx.now);
        let admitted = self.workflows[slot as usize].seat.admitted;
        if !admitted || self.config.readmission == Readmission::Duplicate {
            self.add_to_throttler(cx, slot);
        }
    }

    fn worker_done(&mut self, cx: &mut Context<'_>, slot: u32) {
        self.workers_busy -= 1;
        let workflow = &mut self.workflows[slot as usize];
        workflow.flags.processing = false;
        if workflow.phase == Phase::Done {
            self.leave_throttler(cx, slot);
            self.vacate(slot);
        } else if workflow.flags.dirty {
            self.queue.push_back(slot);
        }
    }

    pub(super) fn vacate(&mut self, slot: u32) {
        let workflow = &mut self.workflows[slot as usize];
        workflow.flags.live = false;
        workflow.generation = workflow.generation.wrapping_add(1);
        self.free.push(slot);
    }

    /// `calls` calls to the Kubernetes API; when the last one is let through.
    pub(super) fn call_kube(&mut self, now: SimTime, calls: u32) -> SimTime {
        self.counts.kube_calls += u64::from(calls);
        let through = (0..calls).fold(now, |_, _| self.kube.take(now));
        self.counts.api_until = self.counts.api_until.max(through);
        through
    }

    // ---- throttler ----------------------------------------------------------------------------

    pub(super) fn add_to_throttler(&mut self, cx: &mut Context<'_>, slot: u32) {
        self.throttler.enqueue(slot, &mut self.workflows[slot as usize].seat);
        self.throttle(cx);
    }

    fn leave_throttler(&mut self, cx: &mut Context<'_>, slot: u32) {
        self.throttler.leave(&mut self.workflows[slot as usize].seat);
        self.throttle(cx);
    }

    /// Admits one workflow; the ideal controller admits all there is room for.
    pub(super) fn throttle(&mut self, cx: &mut Context<'_>) {
        if self.process == Process::Down {
            return;
        }
        while let Some(slot) = self.throttler.next() {
            let workflow = &mut self.workflows[slot as usize];
            if self.throttler.admit(&mut workflow.seat) {
                cx.fx.facts.push(Fact::Admitted { workflow: workflow.id });
            }
            self.enqueue(slot);
            if !self.is_ideal() {
                return;
            }
        }
    }

    // ---- phases -------------------------------------------------------------------------------

    pub(super) fn set_waiting(&mut self, slot: u32, waiting: Waiting) {
        let flag = &mut self.workflows[slot as usize].flags.waiting;
        let waits = waiting == Waiting::Yes;
        self.counts.waiting = self.counts.waiting + u64::from(waits) - u64::from(*flag);
        *flag = waits;
    }

    /// The workflow is over: its pods are deleted, its locks released.
    pub(super) fn finish(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        outcome: Outcome,
        look: &mut Look,
    ) {
        self.kill_pods(cx, slot);
        self.fail_waiting_nodes(cx, slot);
        self.release_all(cx, slot, look);
        let workflow = &mut self.workflows[slot as usize];
        let was_running = std::mem::replace(&mut workflow.phase, Phase::Done) == Phase::Running;
        workflow.flags.dirty = false;
        self.counts.running -= u64::from(was_running);
        self.counts.live -= 1;
        look.updated = true;
        let (id, started) = (workflow.id, workflow.started);
        cx.fx.facts.push(Fact::Finished { workflow: id, outcome, started, finished: cx.now });
    }
}

/// Whether a workflow waits for its own locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Yes,
    No,
}
