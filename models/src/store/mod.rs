//! A store: where rejected events are kept for later, and from where they are drained back into the
//! pipeline: at a rate, on a schedule, or when the pipeline is idle.
//!
//! In Argo terms: `backlog-` ConfigMaps that a `k8s` trigger creates and a job works off in batches.

pub(crate) mod spec;

use sim_core::kernel::Phase;
use sim_core::limiter::Limiter;
use sim_core::queue::{Discard, Order, Queue, QueueLimits};
use sim_core::random::Streams;
use sim_core::time::{Rate, SimDuration, SimTime};

use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Reason;
use crate::engine::job::JobId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::reject::{NackId, Reject};
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
    /// What happens to an event that it cannot keep, if whoever sent it waits for an answer.
    pub(crate) on_reject: Reject,
    /// Where drained events go; none only if nothing is drained.
    pub(crate) to: Option<Destination>,
}

impl StorePlan {
    /// The rate at which it drains, if it does so at a rate.
    pub(crate) fn rate(&self) -> Option<Rate> {
        match &self.drain {
            Drain::Rate(limiter) => limiter.rate(),
            Drain::Never | Drain::Every { .. } | Drain::WhenIdle { .. } => None,
        }
    }
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
    slowdown: f64,
    /// At which it drains, if it drains at a rate.
    rate: Option<Rate>,
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
            slowdown: 1.0,
            rate: plan.rate(),
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

    #[inline(never)]
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
            Change::Start => {
                self.stopped = false;
                self.await_turn(cx);
            }
            Change::Room(limits) => self.queue.set_limits(limits, &mut self.evicted),
            Change::Rate(rate) => {
                self.rate = Some(rate);
                self.set_pace(cx);
            }
            Change::Slower(factor) => {
                self.slowdown = factor;
                self.set_pace(cx);
            }
            Change::FailureProbability(_) | Change::Limit(_) | Change::Permits { .. } => {}
        }
    }

    /// Drains at its rate, as much slower as it is: from now on, also for the one that waits its turn.
    fn set_pace(&mut self, cx: &mut Cx<'_, '_>) {
        let (Drain::Rate(limiter), Some(rate)) = (&mut self.plan.drain, self.rate) else { return };
        let slowed = Rate::from_per_s(rate.per_s() / self.slowdown);
        let rate = if self.slowdown == 1.0 { rate } else { slowed.unwrap_or(rate) };
        limiter.set_rate(cx.now(), rate);
        self.wake = None;
        self.await_turn(cx);
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.queue.iter().for_each(|stored| visit(stored.item));
    }

    fn put(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        cx.fact(FactKind::Offered, job);
        if self.stopped {
            return self.reject(from, job, Reason::Unavailable, cx);
        }
        let size = u64::from(cx.job(job).size_bytes);
        let room = self.queue.limits().messages.unwrap_or(u64::MAX);
        // What is offered and not yet taken may come back: its place is kept.
        let is_full = self.queue.len() + u64::from(self.offered) >= room;
        if is_full || self.queue.push(now, job, size, 0, &mut self.evicted).is_err() {
            return self.reject(from, job, Reason::StoreFull, cx);
        }
        cx.accept(from, job);
        cx.fact(FactKind::Stored, job);
        cx.job_mut(job).since = now;
        cx.world.jobs.keep(job);
        cx.gauge(self.depth, self.queue.len());
        if let Drain::Rate(_) = self.plan.drain {
            self.await_turn(cx);
        }
    }

    /// There is no place for it. What another stage's policy sent here has nobody who could be told.
    fn reject(&self, from: ComponentId, job: JobId, reason: Reason, cx: &mut Cx<'_, '_>) {
        let is_told = cx.job(job).wants_answer;
        match self.plan.on_reject {
            Reject::Nack(nack) if is_told => cx.refuse(from, job, reason, nack),
            Reject::Error if is_told => cx.refuse(from, job, reason, NackId::NONE),
            Reject::Store(store) => {
                cx.fact_because(FactKind::Refused, job, reason);
                cx.accept(from, job);
                cx.offer(store, job);
            }
            Reject::Drop | Reject::Nack(_) | Reject::Error | Reject::Block => {
                cx.fact_because(FactKind::Refused, job, reason);
                cx.accept(from, job);
                cx.drop_job(job, reason);
            }
        }
    }

    fn wake_at(&mut self, at: SimTime, cx: &mut Cx<'_, '_>) {
        self.wake = Some(at);
        cx.at(at, Phase::Late, Signal::Wake { what: DRAIN, arg: 0 });
    }

    /// Asks at the end of this instant whether it may drain at its rate.
    fn await_turn(&mut self, cx: &mut Cx<'_, '_>) {
        let drains = matches!(self.plan.drain, Drain::Rate(_)) && !self.stopped;
        if drains && self.wake.is_none() && !self.queue.is_empty() {
            self.wake_at(cx.now(), cx);
        }
    }

    fn drain(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        if self.wake.is_none_or(|wake| wake > now) {
            // The pace has changed since.
            return;
        }
        self.wake = None;
        match &mut self.plan.drain {
            Drain::Never => {}
            Drain::Rate(_) if self.stopped || self.queue.is_empty() => {}
            Drain::Rate(limiter) => match limiter.try_take(now) {
                Ok(()) => {
                    self.give(1, cx);
                    self.await_turn(cx);
                }
                Err(next) => self.wake_at(next, cx),
            },
            &mut Drain::Every { every, batch, .. } => {
                self.give(batch, cx);
                self.wake_at(now + every.mul_f64(self.slowdown), cx);
            }
            &mut Drain::WhenIdle { check, batch } => {
                if cx.world.jobs.are_idle() {
                    self.give(batch, cx);
                }
                self.wake_at(now + check.mul_f64(self.slowdown), cx);
            }
        }
    }

    fn give(&mut self, batch: u32, cx: &mut Cx<'_, '_>) {
        let Some(to) = self.plan.to.filter(|_| !self.stopped) else { return };
        let now = cx.now();
        for _ in 0..batch {
            let Some(stored) = self.queue.pop() else { break };
            let job = stored.item;
            cx.world.jobs.give_back(job);
            cx.gauge(self.depth, self.queue.len());
            cx.fact(FactKind::Drained, job);
            cx.sample(self.kept, now.since(cx.job(job).since));
            let record = cx.job_mut(job);
            record.attempts = 0;
            record.refused_for = Reason::None;
            record.is_drained = true;
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
        cx.world.jobs.keep(job);
        cx.gauge(self.depth, self.queue.len());
        self.await_turn(cx);
    }
}
