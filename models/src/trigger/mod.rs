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

mod condition;

use std::collections::VecDeque;

use sim_core::backoff::Backoff;
use sim_core::dist::Distribution;
use sim_core::kernel::Phase;
use sim_core::random::{StreamKey, Streams};
use sim_core::time::{SimDuration, SimTime};

use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, FateKind, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::reject::Reject;
use crate::engine::{Cx, Destination, Timing};
use crate::fault::Change;
use crate::sensor::{self, Ask, Gate};
use crate::station::{Over, RateLimitPlan};

pub(crate) use condition::{Condition, ConditionError};

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

/// An event whose dead-letter action is under way has this bit in its attempts.
const DEAD: u16 = 0x8000;

/// What a trigger is made of.
#[derive(Clone, Debug)]
pub(crate) struct TriggerPlan {
    /// `sensor/trigger`.
    pub(crate) name: String,
    pub(crate) sensor: ComponentId,
    pub(crate) bus: ComponentId,
    pub(crate) delivery: DeliveryMode,
    /// One per distinct subject: the bus's number of the consumer.
    pub(crate) consumers: Vec<u32>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) condition: Condition,
    /// The condition is cleared at this offset and then every so often.
    pub(crate) reset: Option<(SimDuration, SimDuration)>,
    /// Seconds to read and match one message.
    pub(crate) processing: Distribution,
    /// The trigger also needs a token of its sensor's rate limit.
    pub(crate) sensor_limited: bool,
    pub(crate) rate_limit: Option<RateLimitPlan>,
    /// What happens over a rate limit that does not wait.
    pub(crate) on_reject: Reject,
    pub(crate) action: ActionPlan,
    pub(crate) retry: RetryPlan,
    pub(crate) dead_letter: Option<(ActionPlan, RetryPlan)>,
}

/// When a message is acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryMode {
    /// After the action.
    AtLeastOnce,
    /// At once.
    FireAndForget,
}

/// An event that a trigger waits for.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// Index into the trigger's consumers.
    pub(crate) consumer: u16,
    /// Probability that its filter lets an event pass.
    pub(crate) pass_probability: f64,
}

/// What a trigger does.
#[derive(Clone, Debug)]
pub(crate) struct ActionPlan {
    pub(crate) target: Target,
    /// Calls of the Kubernetes client, each of which costs one of its tokens; 0: none, or no limit.
    pub(crate) client_calls: u16,
    /// Seconds until the request reaches the target.
    pub(crate) latency: Distribution,
    pub(crate) failure_probability: f64,
}

/// Where an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Submits a workflow from a template of that controller; may wait for its end.
    Workflow { controller: ComponentId, template: u32, waits: bool },
    /// Calls a station and waits for its answer.
    Call(ComponentId),
    /// Puts the event into a store.
    Store(ComponentId),
    /// Writes a line; done at once.
    Log,
}

/// How often, and after which pauses, an action is tried.
#[derive(Clone, Debug)]
pub(crate) struct RetryPlan {
    /// Attempts, the first included.
    pub(crate) steps: u16,
    pub(crate) backoff: Backoff,
}

/// The names of a trigger's gauges and samples.
pub(crate) mod metric {
    pub(crate) const IN_MEMORY: &str = "in_memory";
    pub(crate) const EXECUTING: &str = "executing";
    pub(crate) const LIMITER_WAIT: &str = "limiter_wait";
    pub(crate) const LATENCY: &str = "latency";
    pub(crate) const AGE: &str = "event_age";
}

/// A trigger at work.
#[derive(Debug)]
pub(crate) struct Trigger {
    plan: TriggerPlan,
    /// It lives and dies with the process.
    rate_limit: Option<RateLimitPlan>,
    /// Read but not yet processed: at most one a consumer.
    inbox: VecDeque<(u16, JobId)>,
    current: Option<Current>,
    /// Firings of the current message that are still to run (at least once).
    to_run: VecDeque<JobId>,
    /// The latest event of each dependency, until the condition holds.
    saved: Vec<Option<JobId>>,
    /// Waiting for a token.
    memory: VecDeque<Waiting>,
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
    keys: Keys,
    gauges: Gauges,
}

#[derive(Clone, Copy, Debug)]
struct Current {
    consumer: u16,
    delivery: u32,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    job: JobId,
    came: SimTime,
    granted: SimTime,
}

#[derive(Clone, Copy, Debug)]
struct Keys {
    filter: StreamKey,
    processing: StreamKey,
    latency: StreamKey,
    failure: StreamKey,
    backoff: StreamKey,
    nack: StreamKey,
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
            rate_limit: plan.rate_limit.clone(),
            inbox: VecDeque::new(),
            current: None,
            to_run: VecDeque::new(),
            saved: vec![None; plan.dependencies.len()],
            memory: VecDeque::new(),
            in_memory: 0,
            executing: 0,
            handed_back: false,
            epoch: 0,
            stopped: false,
            is_down: false,
            sensor_is_down: false,
            processing: Timing::new(plan.processing.clone()),
            slowdown: 1.0,
            keys: Keys {
                filter: key("filter"),
                processing: key("processing"),
                latency: key("latency"),
                failure: key("failure"),
                backoff: key("backoff"),
                nack: key("nack"),
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

    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Deliver { consumer, job } => self.delivered(consumer, job, cx),
            Signal::Carry { what, job } if cx.job(job).epoch != self.epoch => {
                // A message that was being read had not been acked in either mode.
                if what == PROCESSED { self.abandon(job, cx) } else { self.lose(job, cx) }
            }
            Signal::Carry { what: PROCESSED, job } => self.processed(job, cx),
            Signal::Carry { what: REACHED, job } => self.reach(job, cx),
            Signal::Carry { what: AGAIN, job } => self.queue_up(job, cx),
            Signal::Wake { what: GRANTED, .. } => self.grant(cx),
            Signal::Wake { what: RESET, .. } => self.reset(cx),
            Signal::Wake { what: sensor::STOP, .. } => {
                self.sensor_is_down = true;
                self.stop(cx);
            }
            Signal::Wake { what: sensor::START, .. } => {
                self.sensor_is_down = false;
                self.start_again(cx);
            }
            Signal::Finished { by, job } if by == self.plan.sensor => self.passed_gate(job, cx),
            Signal::Failed { by, job } if by == self.plan.sensor => self.lose(job, cx),
            Signal::Finished { job, .. } => self.answered(job, cx),
            Signal::Failed { job, .. } | Signal::Refused { job, .. } => {
                self.attempt_failed(job, cx)
            }
            Signal::Accepted { .. } => self.taken(cx),
            other => unreachable!("a trigger does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match *change {
            Change::Slower(factor) => self.slowdown = factor,
            Change::FailureProbability(p) => self.plan.action.failure_probability = p,
            Change::Rate(rate) => {
                let now = cx.now();
                if let Some(limit) = &mut self.rate_limit {
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
        self.memory.iter().for_each(|waiting| visit(waiting.job));
    }

    fn pull(&self, consumer: u16, cx: &mut Cx<'_, '_>) {
        let from = cx.me;
        let consumer = self.plan.consumers[consumer as usize];
        cx.send(self.plan.bus, Signal::Pull { from, consumer });
    }

    fn delivered(&mut self, consumer: u16, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return self.abandon(job, cx);
        }
        cx.fact(FactKind::Offered, job);
        cx.job_mut(job).epoch = self.epoch;
        self.inbox.push_back((consumer, job));
        if self.current.is_none() {
            self.next_message(cx);
        }
    }

    fn next_message(&mut self, cx: &mut Cx<'_, '_>) {
        let Some((consumer, job)) = self.inbox.pop_front() else { return };
        let delivery = cx.job(job).delivery;
        self.current = Some(Current { consumer, delivery });
        cx.fact(FactKind::Admitted, job);
        if self.plan.delivery == DeliveryMode::AtLeastOnce {
            cx.send(
                self.plan.bus,
                Signal::Working { consumer: self.bus_consumer(consumer), delivery },
            );
        }
        self.pull(consumer, cx);
        let nacks = u32::from(cx.job(job).nacks);
        let drawn = self.processing.of(cx, job, self.keys.processing, nacks);
        let processing = drawn.mul_f64(self.slowdown);
        if processing.is_zero() {
            self.processed(job, cx);
        } else {
            cx.after(processing, Phase::Release, Signal::Carry { what: PROCESSED, job });
        }
    }

    fn bus_consumer(&self, consumer: u16) -> u16 {
        self.plan.consumers[consumer as usize] as u16
    }

    /// The current message is read: which dependencies does it match, and does anything fire?
    fn processed(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let consumer = self.current.expect("a message is being processed").consumer;
        let matched = self.matched(consumer, job, cx);
        if matched == 0 {
            cx.settle(job, Fate::filtered(cx.me));
            return self.message_done(cx);
        }
        let last = 63 - matched.leading_zeros();
        for dependency in (0..last).filter(|dependency| matched >> dependency & 1 == 1) {
            let branch = cx.world.jobs.branch(job);
            self.see(dependency as usize, branch, cx);
        }
        self.see(last as usize, job, cx);
        self.run_next(cx);
    }

    /// The dependencies that the message matches, as a bit set.
    fn matched(&self, consumer: u16, job: JobId, cx: &Cx<'_, '_>) -> u64 {
        let mut matched = 0;
        for (number, dependency) in (0..).zip(&self.plan.dependencies) {
            let fails = 1.0 - dependency.pass_probability;
            if dependency.consumer == consumer && !cx.chance(fails, job, self.keys.filter, number) {
                matched |= 1 << number;
            }
        }
        matched
    }

    /// The event counts towards the condition, in place of an earlier one of the same dependency.
    fn see(&mut self, dependency: usize, job: JobId, cx: &mut Cx<'_, '_>) {
        // What has fired before a crash fires again as it is.
        if !self.plan.condition.joins() || cx.job(job).is_fired {
            return self.to_run.push_back(job);
        }
        if let Some(earlier) = self.saved[dependency].replace(job) {
            cx.drop_job(earlier, Reason::Overwritten);
        }
        let seen = self
            .saved
            .iter()
            .enumerate()
            .fold(0, |seen, (number, saved)| seen | u64::from(saved.is_some()) << number);
        if !self.plan.condition.holds(seen) {
            return;
        }
        for other in self.saved.iter_mut().filter_map(Option::take) {
            if other != job {
                cx.world.jobs.join(job, other);
            }
        }
        cx.job_mut(job).is_fired = true;
        self.to_run.push_back(job);
    }

    /// Runs what the current message fired: one after the other and acked at the end, or all at once
    /// and acked at once.
    fn run_next(&mut self, cx: &mut Cx<'_, '_>) {
        self.handed_back = false;
        match self.plan.delivery {
            DeliveryMode::FireAndForget => {
                while let Some(job) = self.to_run.pop_front() {
                    self.queue_up(job, cx);
                }
                self.message_done(cx);
            }
            DeliveryMode::AtLeastOnce => match self.to_run.pop_front() {
                Some(job) => self.queue_up(job, cx),
                None => self.message_done(cx),
            },
        }
    }

    /// The current message is over: acked, unless the bus has it back.
    fn message_done(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(current) = self.current.take() else { return };
        if !std::mem::take(&mut self.handed_back) {
            let consumer = self.bus_consumer(current.consumer);
            cx.send(self.plan.bus, Signal::Ack { consumer, delivery: current.delivery });
        }
        if !self.stopped {
            self.next_message(cx);
        }
    }

    /// A firing is over (at least once): the next one of the same message, or the next message.
    fn run_over(&mut self, cx: &mut Cx<'_, '_>) {
        if self.plan.delivery == DeliveryMode::AtLeastOnce {
            match self.to_run.pop_front() {
                Some(job) => self.queue_up(job, cx),
                None => self.message_done(cx),
            }
        }
    }

    /// One attempt begins: first the sensor's rate limit, then the trigger's own.
    fn queue_up(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.plan.sensor_limited && cx.job(job).attempts & DEAD == 0 {
            self.remember(1, cx);
            return self.ask(Gate::Rate, 1, job, cx);
        }
        self.limit(job, cx);
    }

    fn ask(&self, gate: Gate, tokens: u16, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.job_mut(job).tag = Ask { gate, tokens }.tag();
        cx.offer(self.plan.sensor, job);
    }

    fn passed_gate(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch != self.epoch {
            return self.lose(job, cx);
        }
        self.remember(-1, cx);
        match Ask::of(cx.job(job).tag).gate {
            Gate::Rate => self.limit(job, cx),
            Gate::Client => self.call(job, cx),
        }
    }

    fn limit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        // The real controller never gives the dead-letter trigger a limiter.
        let is_dead = cx.job(job).attempts & DEAD != 0;
        let Some(limit) = self.rate_limit.as_mut().filter(|_| !is_dead) else {
            return self.execute(job, SimDuration::ZERO, cx);
        };
        match limit.over {
            Over::Reject => match limit.limiter.try_take(now) {
                Ok(()) => self.execute(job, SimDuration::ZERO, cx),
                Err(_) => self.over_limit(job, cx),
            },
            Over::Wait => {
                let granted = limit.limiter.take(now);
                if granted <= now && self.memory.is_empty() {
                    return self.execute(job, SimDuration::ZERO, cx);
                }
                self.memory.push_back(Waiting { job, came: now, granted });
                self.remember(1, cx);
                if self.memory.len() == 1 {
                    self.wake(cx);
                }
            }
        }
    }

    fn wake(&self, cx: &mut Cx<'_, '_>) {
        if let Some(head) = self.memory.front() {
            cx.at(head.granted, Phase::Release, Signal::Wake { what: GRANTED, arg: 0 });
        }
    }

    fn grant(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        // A wake from before a restart finds another queue, or none.
        if self.memory.front().is_none_or(|head| head.granted > now) {
            return;
        }
        while let Some(head) = self.memory.pop_front_if(|head| head.granted <= now) {
            self.remember(-1, cx);
            self.execute(head.job, now.since(head.came), cx);
        }
        self.wake(cx);
    }

    fn remember(&mut self, more: i64, cx: &mut Cx<'_, '_>) {
        self.in_memory = self.in_memory.saturating_add_signed(more);
        cx.gauge(self.gauges.in_memory, self.in_memory);
    }

    fn run_count(&mut self, more: i64, cx: &mut Cx<'_, '_>) {
        self.executing = self.executing.saturating_add_signed(more);
        cx.gauge(self.gauges.executing, self.executing);
    }

    fn over_limit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact_because(FactKind::Refused, job, Reason::RateLimited);
        match &self.plan.on_reject {
            Reject::Store(store) => {
                let store = *store;
                cx.offer(store, job);
            }
            Reject::Nack(nack) => {
                let record = cx.job(job);
                let (retry, delivery) = (u32::from(record.nacks), record.delivery);
                // Only what is not acked can be handed back, and a message only once.
                let is_current = self.current.is_some_and(|it| it.delivery == delivery);
                let may = is_current && !self.handed_back;
                if may && nack.retries_max.is_none_or(|max| retry < max) {
                    nack.delay(cx, self.keys.nack, job, retry);
                    let record = cx.job_mut(job);
                    record.nacks = record.nacks.saturating_add(1);
                    record.attempts = 0;
                    self.handed_back = true;
                    let by = cx.me;
                    cx.send(self.plan.bus, Signal::Refused { by, job });
                } else if let Some(store) = nack.then {
                    cx.offer(store, job);
                } else {
                    cx.drop_job(job, Reason::RateLimited);
                }
            }
            Reject::Drop | Reject::Block => cx.drop_job(job, Reason::RateLimited),
        }
        self.run_over(cx);
    }

    /// The token is there: the client's limit, then the call.
    fn execute(&mut self, job: JobId, waited: SimDuration, cx: &mut Cx<'_, '_>) {
        cx.sample(self.gauges.limiter_wait, waited);
        cx.fact(FactKind::Started, job);
        let calls = self.action(job, cx).client_calls;
        if calls > 0 {
            self.remember(1, cx);
            return self.ask(Gate::Client, calls, job, cx);
        }
        self.call(job, cx);
    }

    fn action(&self, job: JobId, cx: &Cx<'_, '_>) -> &ActionPlan {
        match &self.plan.dead_letter {
            Some((action, _)) if cx.job(job).attempts & DEAD != 0 => action,
            _ => &self.plan.action,
        }
    }

    fn call(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.run_count(1, cx);
        let attempt = u32::from(cx.job(job).attempts);
        let latency = &self.action(job, cx).latency;
        let latency = cx.draw_duration(latency, job, self.keys.latency, attempt);
        let latency = latency.mul_f64(self.slowdown);
        if latency.is_zero() {
            self.reach(job, cx);
        } else {
            cx.after(latency, Phase::Release, Signal::Carry { what: REACHED, job });
        }
    }

    fn reach(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let record = *cx.job(job);
        let attempt = u32::from(record.attempts);
        let action = self.action(job, cx);
        let target = action.target;
        if cx.chance(action.failure_probability, job, self.keys.failure, attempt) {
            return self.attempt_failed(job, cx);
        }
        cx.fact(FactKind::Triggered, job);
        if attempt == 0 {
            let now = cx.now();
            cx.sample(self.gauges.latency, now.since(record.since));
            cx.sample(self.gauges.age, now.since(record.born));
        }
        let is_dead = record.attempts & DEAD != 0;
        let job = if is_dead { self.bury(target, job, cx) } else { Some(job) };
        let Some(job) = job else { return self.taken(cx) };
        match target {
            Target::Log => self.answered(job, cx),
            // Whoever is called answers at the end; whoever takes the job over says so at once.
            Target::Call(stage) => {
                cx.hand_over(Destination { stage, template: None, answers: false }, job);
            }
            Target::Store(stage) => {
                cx.hand_over(Destination { stage, template: None, answers: true }, job);
            }
            Target::Workflow { controller: stage, template, waits } => {
                let template = Some(template);
                cx.hand_over(Destination { stage, template, answers: !waits }, job);
            }
        }
    }

    /// The dead-letter action works on a copy of the event: the event's own fate is sealed.
    fn bury(&mut self, target: Target, job: JobId, cx: &mut Cx<'_, '_>) -> Option<JobId> {
        let fate = Fate::dead_lettered(cx.me);
        if matches!(target, Target::Log) {
            cx.settle(job, fate);
            return None;
        }
        let attempts = cx.job(job).attempts;
        let copy = cx.world.jobs.branch(job);
        cx.job_mut(copy).attempts = attempts;
        cx.settle(job, fate);
        Some(copy)
    }

    /// A call returned well, or there was none: the event's work is done.
    fn answered(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch != self.epoch && self.plan.delivery == DeliveryMode::AtLeastOnce {
            // The process that sent the call is gone without an ack: it will all be done again.
            cx.fact(FactKind::Duplicated, job);
            return self.abandon(job, cx);
        }
        let is_ours = cx.job(job).epoch == self.epoch;
        cx.fact(FactKind::Completed, job);
        cx.complete(job);
        if is_ours {
            self.taken(cx);
        }
    }

    /// The action is done, as far as the trigger is concerned.
    fn taken(&mut self, cx: &mut Cx<'_, '_>) {
        self.run_count(-1, cx);
        self.run_over(cx);
    }

    fn attempt_failed(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch != self.epoch {
            return self.lose(job, cx);
        }
        self.run_count(-1, cx);
        let record = cx.job_mut(job);
        record.wants_answer = false;
        record.attempts += 1;
        let (is_dead, attempts) = (record.attempts & DEAD != 0, record.attempts & !DEAD);
        let previous = record.last_delay;
        cx.fact(FactKind::Failed, job);
        let retry = match &self.plan.dead_letter {
            Some((_, retry)) if is_dead => retry,
            _ => &self.plan.retry,
        };
        if attempts < retry.steps {
            cx.fact(FactKind::Retried, job);
            let mut draws = cx.draws(job, self.keys.backoff, u32::from(cx.job(job).attempts));
            let pause = retry.backoff.delay(u32::from(attempts) - 1, previous, &mut draws);
            let pause = pause.unwrap_or(SimDuration::ZERO);
            cx.job_mut(job).last_delay = pause;
            return cx.after(pause, Phase::Arrive, Signal::Carry { what: AGAIN, job });
        }
        if self.plan.dead_letter.is_some() && !is_dead {
            cx.job_mut(job).attempts = DEAD;
            return self.queue_up(job, cx);
        }
        cx.drop_job(job, Reason::RetriesExhausted);
        self.run_over(cx);
    }

    fn reset(&mut self, cx: &mut Cx<'_, '_>) {
        for job in self.saved.iter_mut().filter_map(Option::take) {
            cx.drop_job(job, Reason::ConditionReset);
        }
        if let Some((_, every)) = self.plan.reset {
            cx.after(every, Phase::Change, Signal::Wake { what: RESET, arg: 0 });
        }
    }

    /// The process ends. Saved events survive (they are in a key-value bucket of the bus); what was not
    /// acked goes back to the bus; everything else in memory is gone.
    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        self.epoch = self.epoch.wrapping_add(1);
        let from = cx.me;
        for &consumer in &self.plan.consumers {
            cx.send(self.plan.bus, Signal::CancelPull { from, consumer });
        }
        for (_, job) in std::mem::take(&mut self.inbox) {
            self.abandon(job, cx);
        }
        let waiting = std::mem::take(&mut self.memory).into_iter().map(|waiting| waiting.job);
        for job in waiting.chain(std::mem::take(&mut self.to_run)).collect::<Vec<_>>() {
            self.lose(job, cx);
        }
        self.current = None;
        self.handed_back = false;
        self.in_memory = 0;
        self.executing = 0;
        cx.gauge(self.gauges.in_memory, 0);
        cx.gauge(self.gauges.executing, 0);
    }

    fn start_again(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.stopped || self.is_down || self.sensor_is_down {
            return;
        }
        self.stopped = false;
        self.rate_limit = self.plan.rate_limit.clone();
        for consumer in 0..self.plan.consumers.len() {
            self.pull(consumer as u16, cx);
        }
    }

    /// The job was in the memory of a process that ended.
    fn lose(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        match self.plan.delivery {
            DeliveryMode::AtLeastOnce => self.abandon(job, cx),
            DeliveryMode::FireAndForget => {
                cx.settle(
                    job,
                    Fate { kind: FateKind::Dropped, reason: Reason::MemoryLost, at: cx.me },
                );
            }
        }
    }

    /// The bus still has the message: it goes back there, and comes again after its ack wait.
    fn abandon(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let by = cx.me;
        cx.job_mut(job).attempts = 0;
        cx.send(self.plan.bus, Signal::Abandoned { by, job });
    }
}
