//! A trigger: its consumers on the bus, its condition, its rate limit, its action with retries and dead
//! letter; in both delivery modes.
//!
//! - *At least once*: one message at a time; the limiter, the action and its retries hold up the next
//!   message, so the backlog stays in the bus; acked when all is over.
//! - *Fire and forget* (the real default): acked as soon as it is read; the limiter and the action run
//!   detached, so the backlog is in the sensor's memory, and gone when the process ends.
//!
//! Per subject one message is prefetched while another is processed. A token is taken for each attempt,
//! retries included.
//!
//! Reference: argo-events v1.9.11 `pkg/sensors/listener.go` (`triggerActions`, `triggerWithRateLimit`),
//! `pkg/eventbus/jetstream/sensor/trigger_conn.go`.

mod acting;
mod calls;
mod condition;
mod held_up;
mod limits;
mod plan;
mod policy;
mod process;
mod reading;

use std::collections::{BTreeMap, VecDeque};

use calls::Call;
use policy::Poll;
use process::{Pauses, Place, Run};
use sim_core::kernel::Phase;
use sim_core::random::{StreamKey, Streams};

use crate::engine::event::{SMALL_BITS, Signal};
use crate::engine::gate::Gate;
use crate::engine::job::JobId;
use crate::engine::reach::LineId;
use crate::engine::recorder::{GaugeId, SampleId};
use crate::engine::{Cx, Timing};
use crate::fault::Change;
use crate::sensor;

use held_up::HeldUp;

pub(crate) use condition::{Condition, ConditionError, DEPTH_MAX as CONDITION_DEPTH_MAX};
pub(crate) use plan::{
    ActionPlan, DeliveryMode, Dependency, OnTimeout, PolicyPlan, RetryPlan, Target, TriggerPlan,
};

/// A timer's `what` is a code in its low bits and, above, the life of the process in which it was set: the
/// timers of a process that is gone mean nothing.
const CODE_BITS: u16 = 4;
const CODE: u16 = (1 << CODE_BITS) - 1;
/// Together with the code no more than an event has room for.
const LIFE_BITS: u16 = SMALL_BITS as u16 - CODE_BITS;

/// The message was read and matched.
const PROCESSED: u16 = 0;
/// The head of the memory has its token.
const GRANTED: u16 = 1;
/// The action's request reaches its target.
const REACHED: u16 = 2;
/// The pause before a retry is over.
const AGAIN: u16 = 3;
/// The condition is reset.
const RESET: u16 = 4;
/// A policy looks at its workflow.
const POLLED: u16 = 5;
/// A call was not answered in time.
const EXPIRED: u16 = 6;

/// An event whose dead-letter action is under way has this bit in its attempts.
const DEAD: u16 = 0x8000;

/// The names of a trigger's gauges and samples.
pub(crate) mod metric {
    pub(crate) const IN_MEMORY: &str = "in_memory";
    pub(crate) const EXECUTING: &str = "executing";
    pub(crate) const LIMITER_WAIT: &str = "limiter_wait";
    pub(crate) const LATENCY: &str = "latency";
    pub(crate) const AGE: &str = "event_age";
}

/// The names of a trigger's limits.
pub(crate) mod limit {
    pub(crate) const RATE: &str = "rate_limit";
    pub(crate) const ONE_AT_A_TIME: &str = "one_at_a_time";
}

/// A trigger at work.
#[derive(Debug)]
pub(crate) struct Trigger {
    plan: TriggerPlan,
    /// The events that wait for a token. It lives and dies with the process.
    gate: Option<Gate<JobId>>,
    /// Read but not yet processed: at most one a consumer.
    inbox: VecDeque<(u16, JobId)>,
    current: Option<Current>,
    /// The firing of the current message that is under way (at least once).
    run: Option<Run>,
    /// Firings of the current message that are still to run (at least once).
    to_run: VecDeque<JobId>,
    /// The latest event of each dependency, until the condition holds.
    saved: Vec<Option<JobId>>,
    /// On their way, or before a retry.
    pauses: Pauses,
    /// How policies wait for the ends of workflows.
    polls: BTreeMap<JobId, Poll>,
    /// Calls under way.
    calls: BTreeMap<JobId, Call>,
    in_memory: u64,
    executing: u64,
    handed_back: bool,
    epoch: u16,
    stopped: bool,
    /// A fault of its own stops it.
    is_down: bool,
    /// Its sensor is down, and it with it.
    sensor_is_down: bool,
    processing: Timing,
    slowdown: f64,
    /// Messages that wait for the one before them.
    inbox_line: LineId,
    /// Firings that wait for a token, if they may be many.
    token_line: Option<LineId>,
    held_up: HeldUp,
    keys: Keys,
    gauges: Gauges,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    job: JobId,
    consumer: u16,
    delivery: u32,
}

#[derive(Clone, Copy, Debug)]
struct Keys {
    filter: StreamKey,
    processing: StreamKey,
    latency: StreamKey,
    failure: StreamKey,
    backoff: StreamKey,
    nack: StreamKey,
    dead_nack: StreamKey,
    poll: StreamKey,
}

#[derive(Clone, Copy, Debug)]
struct Gauges {
    in_memory: GaugeId,
    executing: GaugeId,
    limiter_wait: SampleId,
    latency: SampleId,
    age: SampleId,
}

impl Trigger {
    pub(crate) fn new(plan: TriggerPlan, streams: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let me = cx.me;
        let key = |purpose: &str| streams.key(&plan.name, purpose);
        let recorder = &mut cx.world.recorder;
        Self {
            gate: plan
                .rate_limit
                .clone()
                .map(|limit| Gate::new(limit.limiter, Signal::Wake { what: GRANTED, arg: 0 })),
            inbox: VecDeque::new(),
            current: None,
            run: None,
            to_run: VecDeque::new(),
            saved: vec![None; plan.dependencies.len()],
            pauses: Pauses::default(),
            polls: BTreeMap::new(),
            calls: BTreeMap::new(),
            in_memory: 0,
            executing: 0,
            handed_back: false,
            epoch: 0,
            stopped: false,
            is_down: false,
            sensor_is_down: false,
            inbox_line: recorder.new_line(me, limit::ONE_AT_A_TIME),
            token_line: matches!(
                (&plan.rate_limit, plan.delivery),
                (Some(_), DeliveryMode::FireAndForget)
            )
            .then(|| recorder.new_line(me, limit::RATE)),
            held_up: HeldUp::new(&plan),
            processing: Timing::new(plan.processing.clone()),
            slowdown: 1.0,
            keys: Keys {
                filter: key("filter"),
                processing: key("processing"),
                latency: key("latency"),
                failure: key("failure"),
                backoff: key("backoff"),
                nack: key("nack"),
                dead_nack: key("dead nack"),
                poll: key("poll"),
            },
            gauges: Gauges {
                in_memory: recorder.new_gauge(me, metric::IN_MEMORY),
                executing: recorder.new_gauge(me, metric::EXECUTING),
                limiter_wait: recorder.new_samples(me, metric::LIMITER_WAIT),
                latency: recorder.new_samples(me, metric::LATENCY),
                age: recorder.new_samples(me, metric::AGE),
            },
            plan,
        }
    }

    /// Asks the bus for the first messages.
    pub(crate) fn start(&mut self, cx: &mut Cx<'_, '_>) {
        for consumer in 0..self.plan.consumers.len() {
            self.pull(consumer as u16, cx);
        }
        if let Some((first, _)) = self.plan.reset {
            cx.after(first, Phase::Change, Signal::Wake { what: RESET, arg: 0 });
        }
    }

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Deliver { consumer, job } => self.delivered(consumer, job, cx),
            Signal::Wake { what, arg } => self.woken(what, arg, cx),
            Signal::Finished { by, job } if by == self.plan.sensor => self.passed_gate(job, cx),
            Signal::Failed { by, job } if by == self.plan.sensor => self.lose(job, cx),
            Signal::Finished { by, job } => self.finished(by, job, cx),
            Signal::Failed { by, job } => self.failed(by, job, cx),
            Signal::Refused { by, job } => self.refused(by, job, cx),
            Signal::Accepted { by, job } => self.accepted(by, job, cx),
            other => unreachable!("a trigger does not understand {other:?}"),
        }
    }

    fn woken(&mut self, what: u16, number: u32, cx: &mut Cx<'_, '_>) {
        match what & CODE {
            RESET => self.reset(cx),
            GRANTED => self.grant(cx),
            sensor::STOP => {
                self.sensor_is_down = true;
                self.stop(cx);
            }
            sensor::START => {
                self.sensor_is_down = false;
                self.start_again(cx);
            }
            POLLED => self.look(number, cx),
            EXPIRED => self.expired(number, cx),
            _ if what >> CODE_BITS != self.life() => {}
            code => {
                let job = self.pauses.end(number);
                match code {
                    PROCESSED => self.processed(job, cx),
                    REACHED => self.reach(job, cx),
                    AGAIN => self.queue_up(job, cx),
                    other => unreachable!("a trigger has no timer {other}"),
                }
            }
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match *change {
            Change::Slower(factor) => self.slowdown = factor,
            Change::FailureProbability(p) => {
                let action = &mut self.plan.action;
                action.failure_probability = p.unwrap_or(action.failure_probability);
            }
            Change::Rate(rate) => {
                let now = cx.now();
                if let Some(gate) = &mut self.gate {
                    gate.set_rate(rate, cx);
                }
                // The process starts anew with the rate of then.
                if let Some(limit) = &mut self.plan.rate_limit {
                    limit.limiter.set_rate(now, rate);
                }
            }
            Change::Stop => {
                self.is_down = true;
                self.stop(cx);
            }
            Change::Start => {
                self.is_down = false;
                self.start_again(cx);
            }
            Change::Limit(_) | Change::Room(_) | Change::Permits { .. } => {}
        }
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.inbox.iter().for_each(|&(_, job)| visit(job));
        self.to_run.iter().for_each(|&job| visit(job));
        self.saved.iter().flatten().for_each(|&job| visit(job));
        self.pauses.iter().for_each(&mut *visit);
        self.polls_held().for_each(&mut *visit);
        self.gate.iter().flat_map(Gate::iter).for_each(visit);
    }
}
