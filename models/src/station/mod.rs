//! A station: a queue in front of servers, with an optional rate limit. It stands for anything
//! downstream that is not Argo's own: an API behind an http trigger, a database, a worker pool.
//!
//! Its order of gates: admission (policed rate limit, room in the queue), then, for the head of the
//! queue, a free server, then a token. Whoever is served leaves for the next stage, or goes back to the
//! caller that waits for it.

mod comer;
mod handing_on;
mod outage;
mod plan;
pub(crate) mod spec;

use std::collections::{BTreeMap, VecDeque};

use sim_core::kernel::{Lane, Phase, Timer};
use sim_core::queue::{Queue, Refusal};
use sim_core::random::{MessageStream, StreamKey};
use sim_core::time::{SimDuration, SimTime};

use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Reason;
use crate::engine::in_hand::InHand;
use crate::engine::job::{Job, JobId};
use crate::engine::reach::LineId;
use crate::engine::recorder::{FactKind, SampleId};
use crate::engine::reject::{NackId, Orbit, Reject};
use crate::engine::{Cx, Level, Told};
use crate::fault::Change;
use comer::Comer;
use handing_on::Leaving;
pub(crate) use plan::{Branch, Next, Over, RateLimitPlan, Returns, StationPlan};

/// The service of a job is over.
const SERVED: u16 = 0;
/// A token may be there.
const TOKEN: u16 = 1;
/// A waiting job's patience is over.
const IMPATIENT: u16 = 2;
/// A job comes back from orbit.
const RETURNED: u16 = 3;

/// What a comer may be refused by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    Rate,
    Room,
}

/// A station at work.
#[derive(Debug)]
pub(crate) struct Station {
    plan: StationPlan,
    queue: Queue<JobId>,
    /// The ends of the patience of those in the queue, if the plan has one.
    patience: BTreeMap<JobId, Timer>,
    busy: u32,
    /// Jobs of upstream producers that wait for room (policy `Block`), in order of their coming.
    blocked: VecDeque<(ComponentId, JobId)>,
    /// Jobs offered to the next stage that it has not yet answered.
    leaving: Vec<Leaving>,
    /// The services under way.
    services: InHand,
    token_wake: Option<SimTime>,
    service_lane: Option<Lane>,
    slowdown: f64,
    stopped: bool,
    orbit: Option<Orbit>,
    evicted: Vec<JobId>,
    service_key: StreamKey,
    failure_key: StreamKey,
    patience_key: StreamKey,
    route_key: StreamKey,
    depth: Level,
    /// Those who wait for a server or a token, and how many were told last.
    line: LineId,
    line_told: Told,
    /// The limit at which the line is aimed.
    aim: Aim,
    in_service: Level,
    wait: SampleId,
    sojourn: SampleId,
}

/// The names of the gauges and samples of a station.
pub(crate) mod metric {
    pub(crate) const DEPTH: &str = "depth";
    pub(crate) const BUSY: &str = "busy";
    pub(crate) const ORBIT: &str = "orbit";
    pub(crate) const WAIT: &str = "wait";
    pub(crate) const SOJOURN: &str = "sojourn";
}

/// The names of a station's limits.
pub(crate) mod limit {
    pub(crate) const SERVERS: &str = "servers";
    pub(crate) const RATE: &str = "rate_limit";
}

/// What those in the line wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Servers,
    Rate,
    /// Who waits for a station that is down waits for no limit.
    Nothing,
}

impl Aim {
    fn limit(self) -> &'static str {
        match self {
            Self::Servers => limit::SERVERS,
            Self::Rate => limit::RATE,
            Self::Nothing => "",
        }
    }
}

impl Station {
    pub(crate) fn new(
        plan: StationPlan,
        streams: &sim_core::random::Streams,
        cx: &mut Cx<'_, '_>,
    ) -> Self {
        let me = cx.me;
        let recorder = &mut cx.world.recorder;
        let depth = Level::new(recorder.new_gauge(me, metric::DEPTH));
        let line = recorder.new_line(me, limit::SERVERS);
        let in_service = Level::new(recorder.new_gauge(me, metric::BUSY));
        let wait = recorder.new_samples(me, metric::WAIT);
        let sojourn = recorder.new_samples(me, metric::SOJOURN);
        let key = |purpose: &str| streams.key(&plan.name, purpose);
        let orbit = plan.has_orbit.then(|| {
            let gauge = cx.world.recorder.new_gauge(me, metric::ORBIT);
            Orbit::new(key("retry"), gauge, RETURNED)
        });
        let service_lane = (plan.service.variance() == 0.0)
            .then(|| cx.lane(SimDuration::from_secs_f64(plan.service.mean()), Phase::Release));
        Self {
            queue: Queue::new(plan.room, plan.discard, plan.order),
            patience: BTreeMap::new(),
            busy: 0,
            blocked: VecDeque::new(),
            leaving: Vec::new(),
            services: InHand::new(cx),
            token_wake: None,
            service_lane,
            slowdown: 1.0,
            stopped: false,
            orbit,
            evicted: Vec::new(),
            service_key: key("service"),
            failure_key: key("failure"),
            patience_key: key("patience"),
            route_key: key("route"),
            depth,
            line,
            line_told: Told::default(),
            aim: Aim::Servers,
            in_service,
            wait,
            sojourn,
            plan,
        }
    }

    /// Nothing happens before somebody comes.
    pub(crate) fn start(&mut self, _: &mut Cx<'_, '_>) {}

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.offered(from, job, cx),
            Signal::Carry { what: SERVED, job } => {
                self.services.back(job);
                self.served(job, cx);
            }
            Signal::Carry { what: RETURNED, job } => self.back_from_orbit(job, cx),
            Signal::Wake { what: TOKEN, .. } => {
                self.token_wake = None;
                self.proceed(cx);
            }
            Signal::Remind { what: IMPATIENT, job } => self.impatient(job, cx),
            Signal::Accepted { job, .. } => self.release_server_of(job, cx),
            Signal::Refused { by, job } => self.refused(by, job, cx),
            other => unreachable!("a station does not understand {other:?}"),
        }
        self.note_depths(cx);
    }

    /// Tells how many wait and are served, once all that a signal leads to is done.
    #[inline(always)]
    fn note_depths(&mut self, cx: &mut Cx<'_, '_>) {
        let waiting = self.queue.len();
        self.depth.set(waiting, cx);
        let line = waiting + self.blocked.len() as u64;
        if self.line_told.is_news(line) {
            cx.line(self.line, line);
        }
        self.in_service.set(u64::from(self.busy), cx);
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match *change {
            Change::Slower(factor) => self.slowdown = factor,
            Change::FailureProbability(p) => {
                self.plan.failure_probability = p.unwrap_or(self.plan.failure_probability);
            }
            Change::Stop => {
                self.aim(Aim::Nothing, cx);
                self.stop(cx);
            }
            Change::Start => {
                self.stopped = false;
                self.aim(Aim::Servers, cx);
            }
            Change::Limit(servers) => self.plan.servers = servers as u32,
            Change::Rate(rate) => {
                let now = cx.now();
                if let Some(limit) = &mut self.plan.rate_limit {
                    limit.limiter.set_rate(now, rate);
                    self.token_wake = None;
                }
            }
            Change::Room(limits) => {
                self.queue.set_limits(limits, &mut self.evicted);
                self.drop_evicted(cx);
            }
            Change::Permits { .. } => {}
        }
        self.proceed(cx);
        self.note_depths(cx);
    }

    /// The job waits no longer.
    #[inline(always)]
    fn forget_patience(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.plan.patience.is_some() {
            self.end_patience(job, cx);
        }
    }

    fn end_patience(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if let Some(timer) = self.patience.remove(&job) {
            cx.cancel(timer);
        }
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.queue.iter().for_each(|waiting| visit(waiting.item));
        self.blocked.iter().for_each(|&(_, job)| visit(job));
    }

    #[inline(always)]
    fn offered(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let record = cx.job_mut(job);
        record.since = now;
        record.tag = u32::from(from);
        let comer = Comer::new(job, from, record);
        cx.fact_of(FactKind::Offered, comer.serial);
        if self.stopped && self.is_caller(from) {
            return self.turn_out(job, Reason::Unavailable, cx);
        }
        if let Some(limit) = &mut self.plan.rate_limit
            && limit.over == Over::Reject
            && limit.limiter.try_take(now).is_err()
        {
            return self.reject(Gate::Rate, from, job, Reason::RateLimited, cx);
        }
        if self.starts_at_once() {
            comer.admit(cx);
            return self.begin(job, cx);
        }
        match self.enqueue(comer, cx) {
            Ok(()) => {
                comer.admit(cx);
                self.drop_evicted(cx);
                if self.busy < self.plan.servers {
                    self.proceed(cx);
                }
            }
            Err(refusal) => self.reject(Gate::Room, from, job, reason_of(refusal), cx),
        }
    }

    /// Whether the next comer goes straight to a server: the common case, kept short.
    #[inline(always)]
    fn starts_at_once(&self) -> bool {
        self.queue.is_empty()
            && self.busy < self.plan.servers
            && !self.stopped
            && self.plan.rate_limit.is_none()
    }

    #[inline(always)]
    fn enqueue(&mut self, comer: Comer, cx: &mut Cx<'_, '_>) -> Result<(), Refusal> {
        let now = cx.now();
        let job = comer.job;
        let (size, priority) = (u64::from(comer.size_bytes), i32::from(comer.priority));
        // Room is asked for only of those who have to wait: with a server free one passes through.
        if self.passes_through(now) {
            self.queue.push_front(now, job, size, priority);
        } else {
            self.queue.push(now, job, size, priority, &mut self.evicted)?;
        }
        if self.plan.patience.is_some() {
            self.begin_patience(job, cx);
        }
        Ok(())
    }

    fn passes_through(&self, now: SimTime) -> bool {
        self.queue.is_empty()
            && self.busy < self.plan.servers
            && !self.stopped
            && match &self.plan.rate_limit {
                Some(limit) if limit.over == Over::Wait => {
                    limit.limiter.clone().try_take(now).is_ok()
                }
                _ => true,
            }
    }

    fn begin_patience(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let Some(most) = &self.plan.patience else { return };
        let visits = u32::from(cx.job(job).visits);
        let at = cx.now() + cx.draw_duration(most, job, self.patience_key, visits);
        let timer = cx.timer(at, Phase::Late, Signal::Remind { what: IMPATIENT, job });
        self.patience.insert(job, timer);
    }

    fn impatient(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.patience.remove(&job);
        let removed = self.queue.remove(job);
        assert!(removed.is_some(), "patience ends only for those who wait");
        self.turn_out(job, Reason::Impatient, cx);
        self.proceed(cx);
    }

    /// A job leaves the queue unserved: lost, or a failed call for the caller that waits for it.
    fn turn_out(&self, job: JobId, reason: Reason, cx: &mut Cx<'_, '_>) {
        cx.fact_because(FactKind::Refused, job, reason);
        // A visit it was all the same: the next one has draws of its own.
        let record = cx.job_mut(job);
        record.visits = record.visits.wrapping_add(1);
        let from = cx.job(job).tag as ComponentId;
        if self.is_caller(from) {
            let by = cx.me;
            cx.job_mut(job).refused_for = reason;
            cx.send(from, Signal::Failed { by, job });
        } else {
            cx.drop_job(job, reason);
        }
    }

    fn is_caller(&self, from: ComponentId) -> bool {
        self.plan.callers.get(from as usize) == Some(&true)
    }

    fn reject(
        &mut self,
        gate: Gate,
        from: ComponentId,
        job: JobId,
        reason: Reason,
        cx: &mut Cx<'_, '_>,
    ) {
        let policy = match gate {
            Gate::Rate => self.plan.over_limit,
            Gate::Room => self.plan.on_reject,
        };
        match policy {
            Reject::Nack(nack) => cx.refuse(from, job, reason, nack),
            Reject::Error => cx.refuse(from, job, reason, NackId::NONE),
            Reject::Block => self.blocked.push_back((from, job)),
            Reject::Drop => {
                cx.fact_because(FactKind::Refused, job, reason);
                self.tell_taken(from, job, cx);
                cx.drop_job(job, reason);
            }
            Reject::Store(store) => {
                cx.fact_because(FactKind::Refused, job, reason);
                self.tell_taken(from, job, cx);
                cx.offer(store, job);
            }
        }
    }

    /// The job goes elsewhere from here: also to a caller, who would wait for ever, it is as good as taken.
    fn tell_taken(&self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.job_mut(job).wants_answer |= self.is_caller(from);
        cx.accept(from, job);
    }

    #[inline(always)]
    fn drop_evicted(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.evicted.is_empty() {
            self.turn_out_evicted(cx);
        }
    }

    #[cold]
    fn turn_out_evicted(&mut self, cx: &mut Cx<'_, '_>) {
        while let Some(job) = self.evicted.pop() {
            self.forget_patience(job, cx);
            self.turn_out(job, Reason::Evicted, cx);
        }
    }

    /// Gives free servers to those who wait.
    #[inline(always)]
    fn dispatch(&mut self, cx: &mut Cx<'_, '_>) {
        while self.busy < self.plan.servers && !self.queue.is_empty() && !self.stopped {
            if !self.take_token(cx) {
                break;
            }
            let job = self.queue.pop().expect("the queue is not empty").item;
            self.forget_patience(job, cx);
            self.begin(job, cx);
            if !self.blocked.is_empty() {
                self.admit_blocked(cx);
            }
        }
    }

    /// Something has changed: serves whoever waits, and lets in those who wait outside.
    fn proceed(&mut self, cx: &mut Cx<'_, '_>) {
        self.dispatch(cx);
        if !self.blocked.is_empty() {
            self.admit_blocked(cx);
            self.dispatch(cx);
        }
    }

    #[inline(always)]
    fn take_token(&mut self, cx: &mut Cx<'_, '_>) -> bool {
        self.plan.rate_limit.is_none() || self.ask_for_token(cx)
    }

    fn ask_for_token(&mut self, cx: &mut Cx<'_, '_>) -> bool {
        let now = cx.now();
        let Some(limit) = &mut self.plan.rate_limit else { return true };
        if limit.over == Over::Reject {
            return true;
        }
        // Nobody else takes tokens: before that time there is none.
        if self.token_wake.is_some_and(|wake| now < wake) {
            self.aim(Aim::Rate, cx);
            return false;
        }
        let Err(next) = limit.limiter.try_take(now) else {
            if self.busy + 1 >= self.plan.servers {
                self.aim(Aim::Servers, cx);
            }
            return true;
        };
        self.aim(Aim::Rate, cx);
        self.token_wake = Some(next);
        cx.at(next, Phase::Release, Signal::Wake { what: TOKEN, arg: 0 });
        false
    }

    /// Those who wait do so for this limit from now on.
    #[inline]
    fn aim(&mut self, aim: Aim, cx: &mut Cx<'_, '_>) {
        if self.aim != aim {
            self.aim = aim;
            cx.aim(self.line, cx.me, aim.limit());
        }
    }

    #[inline(always)]
    fn begin(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.busy += 1;
        let now = cx.now();
        let record = cx.job_mut(job);
        let &mut Job { since, serial, key, visits, .. } = record;
        record.visits = visits.wrapping_add(1);
        cx.sample(self.wait, now.since(since));
        cx.fact_of(FactKind::Started, serial);
        match self.service_lane {
            Some(lane) if self.slowdown == 1.0 => {
                self.services.after_lane(lane, (SERVED, job), cx);
            }
            _ => {
                let mut draws = MessageStream::new(key, self.service_key, u32::from(visits));
                let drawn = self.plan.service.sample_duration(&mut draws);
                let service =
                    if self.slowdown == 1.0 { drawn } else { drawn.mul_f64(self.slowdown) };
                self.services.after(service, Phase::Release, (SERVED, job), cx);
            }
        }
    }

    #[inline(always)]
    fn served(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let &Job { visits, tag, .. } = cx.job(job);
        let failed =
            cx.chance(self.plan.failure_probability, job, self.failure_key, u32::from(visits));
        let caller = tag as ComponentId;
        let frees_server = if self.is_caller(caller) {
            self.call_is_over(caller, job, failed, cx)
        } else if failed {
            self.fail(job, cx);
            true
        } else {
            self.pass_on(job, cx)
        };
        if frees_server {
            self.busy -= 1;
            self.dispatch(cx);
            if !self.blocked.is_empty() {
                self.proceed(cx);
            }
        }
    }

    /// To its caller what goes on from here is as good as done.
    /// Whether the server is free now.
    #[inline(never)]
    fn call_is_over(
        &mut self,
        caller: ComponentId,
        job: JobId,
        failed: bool,
        cx: &mut Cx<'_, '_>,
    ) -> bool {
        if failed || self.way_out(job, cx).is_none() {
            self.answer(caller, job, failed, cx);
            true
        } else {
            self.tell_taken(caller, job, cx);
            self.pass_on(job, cx)
        }
    }

    fn answer(&mut self, caller: ComponentId, job: JobId, failed: bool, cx: &mut Cx<'_, '_>) {
        let by = cx.me;
        self.leave(job, if failed { FactKind::Failed } else { FactKind::Completed }, cx);
        let answer = if failed { Signal::Failed { by, job } } else { Signal::Finished { by, job } };
        cx.send(caller, answer);
    }

    fn fail(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.leave(job, FactKind::Failed, cx);
        match self.plan.on_failure {
            Reject::Store(store) => cx.offer(store, job),
            Reject::Drop | Reject::Nack(_) | Reject::Block | Reject::Error => {
                cx.drop_job(job, Reason::WorkFailed);
            }
        }
    }

    #[inline(always)]
    fn leave(&mut self, job: JobId, kind: FactKind, cx: &mut Cx<'_, '_>) {
        let &Job { serial, since, .. } = cx.job(job);
        cx.fact_of(kind, serial);
        cx.sample(self.sojourn, cx.now().since(since));
    }

    /// Lets in those whom the policy `Block` holds up, as far as there is room.
    fn admit_blocked(&mut self, cx: &mut Cx<'_, '_>) {
        while let Some(&(from, job)) = self.blocked.front() {
            let comer = Comer::new(job, from, cx.job(job));
            if self.starts_at_once() {
                self.blocked.pop_front();
                comer.admit(cx);
                self.begin(job, cx);
                continue;
            }
            if self.enqueue(comer, cx).is_err() {
                // Without a place to wait in there is nobody in the queue to ask for a token.
                if self.queue.is_empty() && self.busy < self.plan.servers && !self.stopped {
                    self.take_token(cx);
                }
                return;
            }
            self.blocked.pop_front();
            comer.admit(cx);
        }
    }
}

fn reason_of(refusal: Refusal) -> Reason {
    match refusal {
        Refusal::Messages => Reason::MessagesFull,
        Refusal::Bytes => Reason::BytesFull,
        Refusal::TooLarge => Reason::TooLarge,
    }
}
