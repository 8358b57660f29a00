//! The EventSource: where events enter. It publishes each to a bus (or hands it to any other stage) the
//! way Argo's adaptors do: one at a time per route or in parallel, with the client's own retries; what
//! happens when all of them fail is the caller's business ([`SourcePlan::on_failure`]).
//!
//! Reference: argo-events `pkg/eventsources/eventing.go`, `pkg/shared/util/retry.go` (v1.9.11).

mod lines;
mod plan;
pub(crate) mod spec;

use std::collections::VecDeque;

use sim_core::arrival::Arrival;
use sim_core::kernel::Phase;
use sim_core::random::{MessageStream, Random, Stream, StreamKey, Streams, message_key};
use sim_core::time::{SimDuration, SimTime};

use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, Reason};
use crate::engine::gate::Gate;
use crate::engine::in_hand::InHand;
use crate::engine::job::{Birth, JobId};
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::reject::{self, NackId, Orbit, Reject};
use crate::engine::{Cx, Destination, Timing};
use crate::fault::Change;
use crate::station::Over;
use lines::Lines;
pub(crate) use lines::limit;
pub(crate) use plan::{PublishRetry, Route, SourcePlan, Supply};

/// The next arrival of the process.
const ARRIVAL: u16 = 0;
/// A client of the closed loop has thought enough.
const THOUGHT: u16 = 1;
/// A publish reaches the target.
const PUBLISH: u16 = 2;
/// The pause after a failed attempt is over.
const ATTEMPT: u16 = 3;
/// An attempt timed out before the target answered.
const TIMEOUT: u16 = 4;
/// The caller sends a refused event again.
const RETURNED: u16 = 5;
/// A sender repeats itself.
const RESEND: u16 = 6;
/// The head of the rate limit's queue may have its token.
const TURN: u16 = 7;
/// A publish reaches the bus after its sender stopped waiting.
const LATE: u16 = 8;

/// In a job's `attempts`: nobody waits for the answer to this publish.
const UNAWAITED: u16 = u16::MAX;

/// The names of a source's gauges and samples.
pub(crate) mod metric {
    pub(crate) const WAITING: &str = "waiting";
    pub(crate) const ORBIT: &str = "orbit";
    pub(crate) const PUBLISH: &str = "publish";
}

/// A source at work.
#[derive(Debug)]
pub(crate) struct EventSource {
    plan: SourcePlan,
    arrivals: Stream,
    sizes: Stream,
    keys: Stream,
    filter_key: StreamKey,
    latency_key: StreamKey,
    pause_key: StreamKey,
    subject_key: StreamKey,
    failure_key: StreamKey,
    think_key: StreamKey,
    /// By event name, if they are serial.
    routes: Vec<SerialRoute>,
    gate: Option<Gate<JobId>>,
    in_hand: InHand,
    failure_probability: f64,
    orbit: Option<Orbit>,
    /// What arrives at the wake that is on its way.
    next_arrival: Arrival,
    /// Events to be sent again, by the number that their wake carries; freed numbers are reused.
    repeats: Vec<Birth>,
    free_repeats: Vec<u32>,
    resend_key: StreamKey,
    latency: Timing,
    /// Publishes take no time at all: there is nothing to measure.
    is_instant: bool,
    /// Between an event's birth and its publish there is nothing at all.
    is_direct: bool,
    /// The size of every payload, if it is always the same.
    constant_payload: Option<u32>,
    slowdown: f64,
    stopped: bool,
    thinkers: u64,
    /// Events of a closed loop beyond one a client: sent again, and not yet at their end.
    resent: u64,
    waiting_gauge: GaugeId,
    lines: Lines,
    publish_time: SampleId,
}

/// One publish at a time.
#[derive(Clone, Debug, Default)]
struct SerialRoute {
    waiting: VecDeque<JobId>,
    /// The event that is being published.
    busy_with: Option<JobId>,
}

impl EventSource {
    pub(crate) fn new(plan: SourcePlan, streams: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let me = cx.me;
        let stream = |purpose: &str| streams.stream(&plan.name, purpose);
        let key = |purpose: &str| streams.key(&plan.name, purpose);
        let waiting_gauge = cx.world.recorder.new_gauge(me, metric::WAITING);
        let publish_time = cx.world.recorder.new_samples(me, metric::PUBLISH);
        let orbit = plan.has_orbit().then(|| {
            let gauge = cx.world.recorder.new_gauge(me, metric::ORBIT);
            Orbit::new(key("retry"), gauge, RETURNED)
        });
        let routes = match plan.route {
            Route::Parallel => Vec::new(),
            Route::Serial => vec![SerialRoute::default(); plan.event_shares.len()],
        };
        cx.world.wants_settled[me as usize] = matches!(plan.supply, Supply::Closed { .. });
        Self {
            arrivals: stream("arrivals"),
            sizes: stream("sizes"),
            keys: stream("events"),
            filter_key: key("filter"),
            latency_key: key("latency"),
            pause_key: key("pause"),
            subject_key: key("event name"),
            failure_key: key("failure"),
            think_key: key("think"),
            routes,
            gate: plan
                .rate_limit
                .clone()
                .map(|limit| Gate::new(limit.limiter, Signal::Wake { what: TURN, arg: 0 })),
            in_hand: InHand::new(cx),
            failure_probability: 0.0,
            orbit,
            next_arrival: Arrival { at: SimTime::ZERO, count: 0, size_bytes: None },
            repeats: Vec::new(),
            free_repeats: Vec::new(),
            resend_key: key("resend"),
            latency: Timing::new(plan.latency.clone()),
            is_instant: plan.is_instant(),
            is_direct: plan.is_direct(),
            constant_payload: (plan.payload.variance() == 0.0).then(|| plan.payload.mean() as u32),
            slowdown: 1.0,
            stopped: false,
            thinkers: 0,
            resent: 0,
            waiting_gauge,
            lines: Lines::new(&plan, cx),
            publish_time,
            plan,
        }
    }

    /// Schedules the first arrivals.
    pub(crate) fn start(&mut self, cx: &mut Cx<'_, '_>) {
        match self.plan.supply {
            Supply::Open(_) => self.schedule_arrival(cx),
            Supply::Closed { clients, .. } => (0..clients).for_each(|_| self.think(cx)),
        }
    }

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Wake { what: ARRIVAL, .. } => self.arrive(cx),
            Signal::Wake { what: THOUGHT, .. } => self.ask_again(cx),
            // A client waits for one end, though its event was sent twice.
            Signal::Settled if self.resent > 0 => self.resent -= 1,
            Signal::Settled => self.think(cx),
            Signal::Carry { what: RETURNED, job } => {
                self.orbit.as_mut().expect("only an orbit returns").returned(cx);
                let record = cx.job_mut(job);
                // What may have been stored unheard the caller sends under another id.
                record.epoch += u16::from(record.is_ghost);
                self.route(job, cx);
            }
            Signal::Carry { what: LATE, job } => {
                cx.hand_over(Destination { answers: false, ..self.plan.target }, job);
            }
            Signal::Carry { what, job } => {
                self.in_hand.back(job);
                match what {
                    PUBLISH => self.reach_target(job, cx),
                    ATTEMPT => self.attempt(job, cx),
                    TIMEOUT => self.timed_out(job, cx),
                    other => unreachable!("a source has no timer {other}"),
                }
            }
            Signal::Wake { what: RESEND, arg } => self.send_again(arg, cx),
            Signal::Wake { what: TURN, .. } => self.pass(cx),
            Signal::Accepted { job, .. } => self.publish_next(job, cx),
            Signal::Refused { job, .. } if cx.job(job).attempts == UNAWAITED => cx.forget(job),
            Signal::Refused { by, job } => self.attempt_failed(by, job, cx),
            other => unreachable!("a source does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match *change {
            Change::Slower(factor) => self.slowdown = factor,
            Change::Stop => self.stop(cx),
            Change::Start => self.stopped = false,
            Change::FailureProbability(p) => {
                self.failure_probability = p.unwrap_or(0.0);
                self.is_instant = self.plan.is_instant() && self.failure_probability == 0.0;
            }
            Change::Rate(rate) => {
                if let (Some(gate), Some(plan)) = (&mut self.gate, &mut self.plan.rate_limit) {
                    gate.set_rate(rate, cx);
                    // The process starts anew with the rate of then.
                    plan.limiter.set_rate(cx.now(), rate);
                }
            }
            Change::Limit(_) | Change::Room(_) | Change::Permits { .. } => {}
        }
        self.is_direct = self.is_instant && self.plan.is_direct() && !self.stopped;
    }

    /// The process ends, and the connections of all who wait with it: their callers hear so at once.
    /// Those in orbit are with their callers.
    #[cold]
    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = true;
        let mut lost = self.in_hand.call_off(cx);
        if let (Some(gate), Some(plan)) = (&mut self.gate, &self.plan.rate_limit) {
            // A limiter lives in the process, and starts anew with it.
            lost.extend(gate.restart(plan.limiter.clone()));
        }
        for route in &mut self.routes {
            route.busy_with = None;
            lost.extend(std::mem::take(&mut route.waiting));
        }
        self.gauge_waiting(cx);
        for job in lost {
            self.turn_away(job, cx);
        }
    }

    /// Nobody is there to take it.
    fn turn_away(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact_because(FactKind::Refused, job, Reason::SenderStopped);
        let (me, record) = (cx.me, cx.job_mut(job));
        record.refused_for = Reason::SenderStopped;
        record.refused_with = NackId::NONE;
        self.give_up(me, job, cx);
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.routes.iter().flat_map(|route| &route.waiting).for_each(|&job| visit(job));
        self.gate.iter().flat_map(Gate::iter).for_each(visit);
    }

    #[inline(always)]
    fn arrive(&mut self, cx: &mut Cx<'_, '_>) {
        let arrival = self.next_arrival;
        for _ in 0..arrival.count {
            let job = self.birth(arrival.size_bytes, cx);
            if self.is_direct {
                cx.hand_over(self.plan.target, job);
            } else {
                self.enter(job, cx);
            }
        }
        self.schedule_arrival(cx);
    }

    #[inline(always)]
    fn schedule_arrival(&mut self, cx: &mut Cx<'_, '_>) {
        let Supply::Open(process) = &mut self.plan.supply else { return };
        if let Some(Arrival { at, count, size_bytes }) = process.next(cx.now(), &mut self.arrivals)
        {
            // Part by part: copied as a whole it would have to wait for its parts.
            self.next_arrival.count = count;
            self.next_arrival.size_bytes = size_bytes;
            cx.at(at, Phase::Arrive, Signal::Wake { what: ARRIVAL, arg: 0 });
        }
    }

    fn think(&mut self, cx: &mut Cx<'_, '_>) {
        let Supply::Closed { think, .. } = &self.plan.supply else { return };
        let mut draws = MessageStream::new(message_key(self.thinkers), self.think_key, 0);
        self.thinkers += 1;
        let pause = think.sample_duration(&mut draws);
        cx.after(pause, Phase::Arrive, Signal::Wake { what: THOUGHT, arg: 0 });
    }

    /// A client of the closed loop sends its next event.
    #[inline(never)]
    fn ask_again(&mut self, cx: &mut Cx<'_, '_>) {
        let job = self.birth(None, cx);
        self.enter(job, cx);
    }

    /// A new event, with its random key, its size and its name.
    #[inline(always)]
    fn birth(&mut self, size_bytes: Option<u32>, cx: &mut Cx<'_, '_>) -> JobId {
        let key = self.keys.next_u64();
        let drawn = match (size_bytes, self.constant_payload) {
            (Some(size), _) | (None, Some(size)) => size,
            (None, None) => self.plan.payload.sample(&mut self.sizes) as u32,
        };
        let birth = Birth {
            at: cx.now(),
            key,
            size_bytes: drawn,
            source: cx.me,
            subject: self.subject(key),
            priority: self.plan.priority,
        };
        let job = cx.world.jobs.birth(birth);
        cx.fact(FactKind::Born, job);
        if self.plan.resend.is_some() {
            self.plan_repeat(job, cx);
        }
        job
    }

    /// Decides whether the sender will send this event once more, under the same id (its key).
    #[inline(never)]
    fn plan_repeat(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let Some((probability, after)) = &self.plan.resend else { return };
        if !cx.chance(*probability, job, self.resend_key, 0) {
            return;
        }
        let delay = cx.draw_duration(after, job, self.resend_key, 1);
        let birth = cx.job(job).as_born();
        let number = match self.free_repeats.pop() {
            Some(number) => {
                self.repeats[number as usize] = birth;
                number
            }
            None => {
                self.repeats.push(birth);
                (self.repeats.len() - 1) as u32
            }
        };
        cx.after(delay, Phase::Arrive, Signal::Wake { what: RESEND, arg: number });
    }

    fn send_again(&mut self, number: u32, cx: &mut Cx<'_, '_>) {
        self.free_repeats.push(number);
        self.resent += u64::from(matches!(self.plan.supply, Supply::Closed { .. }));
        let birth = Birth { at: cx.now(), ..self.repeats[number as usize] };
        let job = cx.world.jobs.birth(birth);
        cx.fact(FactKind::Born, job);
        self.enter(job, cx);
    }

    fn subject(&self, key: u64) -> u16 {
        if self.plan.event_shares.len() < 2 {
            return 0;
        }
        let mut point = MessageStream::new(key, self.subject_key, 0).unit();
        let chosen = self.plan.event_shares.iter().position(|share| {
            point -= share;
            point < 0.0
        });
        chosen.unwrap_or(self.plan.event_shares.len() - 1) as u16
    }

    /// The event meets the filter and the size limit.
    #[inline]
    fn enter(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let fails = 1.0 - self.plan.pass_probability;
        if cx.chance(fails, job, self.filter_key, 0) {
            let fate = Fate::filtered(cx.me);
            return cx.settle(job, fate);
        }
        if self.plan.payload_max.is_some_and(|max| cx.job(job).size_bytes > max) {
            cx.fact_because(FactKind::Refused, job, Reason::TooLarge);
            return cx.drop_job(job, Reason::TooLarge);
        }
        self.route(job, cx);
    }

    #[inline]
    fn route(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return self.turn_away(job, cx);
        }
        let now = cx.now();
        let record = cx.job_mut(job);
        record.since = now;
        record.attempt_of_sender = 1;
        if self.plan.route == Route::Serial {
            let route = &mut self.routes[usize::from(cx.job(job).subject)];
            if route.busy_with.is_some() {
                route.waiting.push_back(job);
                return self.gauge_waiting(cx);
            }
            route.busy_with = Some(job);
        }
        self.attempt(job, cx);
    }

    /// One attempt to publish: the rate limit, then the latency, then the target.
    #[inline]
    fn attempt(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.is_instant {
            return cx.hand_over(self.plan.target, job);
        }
        match (&mut self.gate, &self.plan.rate_limit) {
            (Some(gate), Some(limit)) if limit.over == Over::Reject => {
                if !gate.try_take(cx) {
                    return self.over_limit(job, cx);
                }
            }
            (Some(gate), _) => {
                if !gate.ask(job, 1, cx) {
                    return self.gauge_waiting(cx);
                }
            }
            (None, _) => {}
        }
        self.send(job, cx);
    }

    /// There is no token, and the limit does not let wait.
    fn over_limit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let (me, reason) = (cx.me, Reason::RateLimited);
        cx.fact_because(FactKind::Refused, job, reason);
        cx.job_mut(job).refused_for = reason;
        self.dispose(self.plan.over_limit, me, job, cx);
        // The next one asks after this signal, not within it: there may be many.
        if self.plan.route == Route::Serial {
            cx.send(me, Signal::Accepted { by: me, job });
        }
    }

    /// Those who have their token go.
    fn pass(&mut self, cx: &mut Cx<'_, '_>) {
        while let Some(passed) = self.gate.as_mut().and_then(|gate| gate.next(cx)) {
            self.gauge_waiting(cx);
            self.send(passed.item, cx);
        }
    }

    /// The request goes out.
    #[inline]
    fn send(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let record = cx.job_mut(job);
        record.sendings = record.sendings.wrapping_add(1);
        let latency = self.latency(job, cx);
        if latency.is_zero() {
            return self.reach_target(job, cx);
        }
        let (what, delay) = if latency > self.plan.retry.timeout {
            (TIMEOUT, self.plan.retry.timeout)
        } else {
            (PUBLISH, latency)
        };
        self.in_hand.after(delay, Phase::Arrive, (what, job), cx);
    }

    /// Those who wait, for their route or for a token.
    fn gauge_waiting(&self, cx: &mut Cx<'_, '_>) {
        let at_the_gate = self.gate.as_ref().map_or(0, Gate::len);
        let on_routes: usize = self.routes.iter().map(|route| route.waiting.len()).sum();
        cx.gauge(self.waiting_gauge, on_routes as u64 + at_the_gate);
        self.lines.gauge(on_routes as u64, at_the_gate, cx);
    }

    fn latency(&self, job: JobId, cx: &Cx<'_, '_>) -> SimDuration {
        let sending = u32::from(cx.job(job).sendings);
        let drawn = self.latency.of(cx, job, self.latency_key, sending);
        if self.slowdown == 1.0 { drawn } else { drawn.mul_f64(self.slowdown) }
    }

    #[inline]
    fn reach_target(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.failure_probability > 0.0 && self.fails(job, cx) {
            return self.unanswered(job, cx);
        }
        let took = cx.now().since(cx.job(job).since);
        cx.sample(self.publish_time, took);
        cx.hand_over(self.plan.target, job);
    }

    #[cold]
    fn fails(&self, job: JobId, cx: &Cx<'_, '_>) -> bool {
        let sending = u32::from(cx.job(job).sendings);
        cx.chance(self.failure_probability, job, self.failure_key, sending)
    }

    /// The publish of `job` is over: the next one of its route. (The job may have gone far since.)
    fn publish_next(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let route = self.routes.iter_mut().find(|route| route.busy_with == Some(job));
        let Some(route) = route else { return };
        route.busy_with = None;
        if let Some(next) = route.waiting.pop_front() {
            self.gauge_waiting(cx);
            self.route(next, cx);
        }
    }

    /// No answer came in time.
    #[cold]
    fn timed_out(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let job = if self.plan.publishes { self.leave_on_its_way(job, cx) } else { job };
        self.unanswered(job, cx);
    }

    /// The publish is on its way, and a bus will store it all the same. What its sender sends again is a copy
    /// under the same id, which the bus knows for a duplicate: the copy that is returned, a *ghost*, says
    /// nothing of the event's fate.
    fn leave_on_its_way(&mut self, job: JobId, cx: &mut Cx<'_, '_>) -> JobId {
        let rest = self.latency(job, cx) - self.plan.retry.timeout;
        let again = cx.world.jobs.branch(job);
        // A root that is split is nobody's to hold.
        let is_root = cx.world.jobs.is_split(job);
        let sent = if is_root { cx.world.jobs.branch(job) } else { job };
        cx.job_mut(again).is_ghost = true;
        let record = cx.job_mut(sent);
        record.is_ghost = true;
        record.attempts = UNAWAITED;
        if let Some(route) = self.routes.iter_mut().find(|route| route.busy_with == Some(job)) {
            route.busy_with = Some(again);
        }
        cx.after(rest, Phase::Arrive, Signal::Carry { what: LATE, job: sent });
        again
    }

    /// No answer came.
    fn unanswered(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let record = cx.job_mut(job);
        record.refused_for = Reason::None;
        record.refused_with = NackId::NONE;
        let me = cx.me;
        self.attempt_failed(me, job, cx);
    }

    /// The target refused, or did not answer in time: again, up to the client's number of attempts.
    fn attempt_failed(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let record = cx.job_mut(job);
        record.wants_answer = false;
        let (attempt, sending) = (record.attempt_of_sender, u32::from(record.sendings));
        if attempt < self.plan.retry.attempts && !self.stopped {
            record.attempt_of_sender = attempt + 1;
            cx.fact(FactKind::Retried, job);
            let jitter = self.plan.retry.jitter * cx.draws(job, self.pause_key, sending).unit();
            let pause = self.plan.retry.pause.mul_f64(1.0 + jitter);
            return self.in_hand.after(pause, Phase::Arrive, (ATTEMPT, job), cx);
        }
        self.give_up(by, job, cx);
        self.publish_next(job, cx);
    }

    fn give_up(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let answer = self.plan.answer(cx.job(job).refused_with);
        self.dispose(answer, by, job, cx);
    }

    /// What becomes of an event that the source did not get rid of.
    fn dispose(&mut self, answer: Reject, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        match answer {
            Reject::Nack(nack) => {
                let orbit = self.orbit.as_mut().expect("a nack has its orbit");
                orbit.refused(cx, nack, by, job);
            }
            Reject::Store(store) => cx.offer(store, job),
            Reject::Drop | Reject::Block | Reject::Error if cx.job(job).is_ghost => cx.forget(job),
            Reject::Drop | Reject::Block | Reject::Error => {
                cx.settle(job, Fate::dropped(by, reject::refusal(cx, job)));
            }
        }
    }
}
