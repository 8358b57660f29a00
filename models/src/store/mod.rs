//! A store: where rejected events are kept for later, and from where they are drained back into the
//! pipeline: at a rate, on a schedule, or when the pipeline is idle.
//!
//! In Argo terms: `backlog-` ConfigMaps that a `k8s` trigger creates and a job works off in batches.

pub(crate) mod spec;

use sim_core::kernel::Phase;
use sim_core::limiter::Limiter;
use sim_core::queue::{Discard, Order, Queue, QueueLimits};
use sim_core::random::Streams;
use sim_core::time::{SimDuration, SimTime};

use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Reason;
use crate::engine::job::JobId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::{Cx, Destination};
use crate::fault::Change;

/// Time to drain.
const DRAIN: u16 = 0;

/// What a store is made of.
#[derive(Clone, Debug)]
pub(crate) struct StorePlan {
    pub(crate) name: String,
    pub(crate) capacity: QueueLimits,
    pub(crate) drain: Drain,
    /// Where drained events go; none only if nothing is drained.
    pub(crate) to: Option<Destination>,
}

/// When a store gives back what it keeps.
#[derive(Clone, Debug)]
pub(crate) enum Drain {
    /// Never: somebody looks at it after the run.
    Never,
    /// One by one, as fast as the limiter allows.
    Rate(Limiter),
    /// At these intervals, so many at a time.
    Every { first: SimDuration, every: SimDuration, batch: u32 },
    /// Whenever nothing else is under way in the model, so many at a time.
    WhenIdle { check: SimDuration, batch: u32 },
}

/// The names of a store's gauges and samples.
pub(crate) mod metric {
    pub(crate) const DEPTH: &str = "depth";
    pub(crate) const KEPT: &str = "kept";
}

/// A store at work.
#[derive(Debug)]
pub(crate) struct Store {
    plan: StorePlan,
    queue: Queue<JobId>,
    /// Offered to the destination in this instant and not yet answered.
    offered: u32,
    stopped: bool,
    wake: Option<SimTime>,
    evicted: Vec<JobId>,
    depth: GaugeId,
    kept: SampleId,
}

impl Store {
    pub(crate) fn new(plan: StorePlan, _: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let recorder = &mut cx.world.recorder;
        Self {
            queue: Queue::new(plan.capacity, Discard::New, Order::Fifo),
            offered: 0,
            stopped: false,
            wake: None,
            evicted: Vec::new(),
            depth: recorder.new_gauge(cx.me, metric::DEPTH),
            kept: recorder.new_samples(cx.me, metric::KEPT),
            plan,
        }
    }

    /// Schedules the first drain.
    pub(crate) fn start(&mut self, cx: &mut Cx<'_, '_>) {
        match self.plan.drain {
            Drain::Every { first, .. } => self.wake_at(SimTime::ZERO + first, cx),
            Drain::WhenIdle { check, .. } => self.wake_at(SimTime::ZERO + check, cx),
            Drain::Never | Drain::Rate(_) => {}
        }
    }

    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.put(from, job, cx),
            Signal::Wake { what: DRAIN, .. } => self.drain(cx),
            Signal::Accepted { .. } => self.offered -= 1,
            Signal::Refused { job, .. } => self.put_back(job, cx),
            other => unreachable!("a store does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match *change {
            Change::Stop => self.stopped = true,
            Change::Start => self.stopped = false,
            Change::Room(limits) => self.queue.set_limits(limits, &mut self.evicted),
            Change::Rate(rate) => {
                let now = cx.now();
                if let Drain::Rate(limiter) = &mut self.plan.drain {
                    limiter.set_rate(now, rate);
                }
            }
            Change::Slower(_)
            | Change::FailureProbability(_)
            | Change::Limit(_)
            | Change::Permits { .. } => {}
        }
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.queue.iter().for_each(|stored| visit(stored.item));
    }

    fn put(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        cx.fact(FactKind::Offered, job);
        let size = u64::from(cx.job(job).size_bytes);
        cx.accept(from, job);
        let room = self.queue.limits().messages.unwrap_or(u64::MAX);
        // What is offered and not yet taken may come back: its place is kept.
        let is_full = self.queue.len() + u64::from(self.offered) >= room;
        if is_full || self.queue.push(now, job, size, 0, &mut self.evicted).is_err() {
            cx.fact_because(FactKind::Refused, job, Reason::StoreFull);
            return cx.drop_job(job, Reason::StoreFull);
        }
        cx.fact(FactKind::Stored, job);
        cx.job_mut(job).since = now;
        self.count(1, cx);
        if let Drain::Rate(_) = self.plan.drain {
            self.await_turn(cx);
        }
    }

    fn count(&mut self, more: i32, cx: &mut Cx<'_, '_>) {
        cx.world.stored = cx.world.stored.saturating_add_signed(more);
        cx.gauge(self.depth, self.queue.len());
    }

    fn wake_at(&mut self, at: SimTime, cx: &mut Cx<'_, '_>) {
        self.wake = Some(at);
        cx.at(at, Phase::Late, Signal::Wake { what: DRAIN, arg: 0 });
    }

    fn await_turn(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let Drain::Rate(limiter) = &mut self.plan.drain else { return };
        if self.wake.is_none() && !self.queue.is_empty() {
            let turn = limiter.take(now);
            self.wake_at(turn, cx);
        }
    }

    fn drain(&mut self, cx: &mut Cx<'_, '_>) {
        self.wake = None;
        let now = cx.now();
        match self.plan.drain {
            Drain::Never => {}
            Drain::Rate(_) => {
                self.give(1, cx);
                self.await_turn(cx);
            }
            Drain::Every { every, batch, .. } => {
                self.give(batch, cx);
                self.wake_at(now + every, cx);
            }
            Drain::WhenIdle { check, batch } => {
                if cx.world.jobs.live_roots() <= cx.world.stored {
                    self.give(batch, cx);
                }
                self.wake_at(now + check, cx);
            }
        }
    }

    fn give(&mut self, batch: u32, cx: &mut Cx<'_, '_>) {
        let Some(to) = self.plan.to.filter(|_| !self.stopped) else { return };
        let now = cx.now();
        for _ in 0..batch {
            let Some(stored) = self.queue.pop() else { break };
            let job = stored.item;
            self.count(-1, cx);
            cx.fact(FactKind::Drained, job);
            cx.sample(self.kept, now.since(cx.job(job).since));
            let record = cx.job_mut(job);
            record.attempts = 0;
            record.refused_for = Reason::None;
            self.offered += u32::from(to.answers);
            cx.hand_over(to, job);
        }
    }

    /// The destination had no room: kept again, first in line.
    fn put_back(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.offered -= 1;
        let now = cx.now();
        let record = cx.job_mut(job);
        record.wants_answer = false;
        let size = u64::from(record.size_bytes);
        self.queue.push_front(now, job, size, 0);
        cx.fact(FactKind::Stored, job);
        self.count(1, cx);
        self.await_turn(cx);
    }
}
