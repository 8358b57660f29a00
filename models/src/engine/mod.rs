//! The engine: one world of jobs, an event list and a recorder, in which components handle signals.
//!
//! A component sees the world only through [`Cx`] and talks to others only by sending them signals; it
//! holds no reference to another. The kernel gives the order; nothing here knows what a component does.

pub(crate) mod event;
pub(crate) mod fate;
pub(crate) mod gate;
pub(crate) mod in_hand;
pub(crate) mod job;
pub(crate) mod reach;
pub(crate) mod recorder;
pub(crate) mod reject;

use sim_core::dist::Distribution;
use sim_core::kernel::{Kernel, Lane, Phase, Timer};
use sim_core::random::{MessageStream, StreamKey};
use sim_core::time::{SimDuration, SimTime};

use event::{ComponentId, Event, Signal};
use fate::{Fate, Reason};
use job::{Ended, Job, JobId, Jobs};
use reach::LineId;
use recorder::{FactKind, GaugeId, Recorder, SampleId};
use reject::{NackId, Nacks};

/// A stage that takes jobs, with what it must be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination {
    pub(crate) stage: ComponentId,
    /// Which workflow template, for a workflow controller.
    pub(crate) template: Option<u32>,
    /// It may hand the job back.
    pub(crate) answers: bool,
}

/// How long something takes: always the same, or drawn for each job.
#[derive(Clone, Debug)]
pub(crate) enum Timing {
    /// Nothing is drawn.
    Always(SimDuration),
    /// Seconds.
    Drawn(Distribution),
}

impl Timing {
    /// Of a distribution of seconds.
    pub(crate) fn new(distribution: Distribution) -> Self {
        if distribution.variance() == 0.0 {
            Self::Always(SimDuration::from_secs_f64(distribution.mean()))
        } else {
            Self::Drawn(distribution)
        }
    }

    /// For this job; see [`Cx::draws`].
    #[inline]
    pub(crate) fn of(
        &self,
        cx: &Cx<'_, '_>,
        job: JobId,
        purpose: StreamKey,
        attempt: u32,
    ) -> SimDuration {
        match self {
            Self::Always(duration) => *duration,
            Self::Drawn(distribution) => cx.draw_duration(distribution, job, purpose, attempt),
        }
    }
}

/// What was said last of a number that begins at zero.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told(u64);

impl Told {
    /// Whether `value` is another one than last time.
    #[inline]
    pub(crate) fn is_news(&mut self, value: u64) -> bool {
        std::mem::replace(&mut self.0, value) != value
    }
}

/// A gauge as its component holds it: tells the recorder of changes only.
#[derive(Debug)]
pub(crate) struct Level {
    gauge: GaugeId,
    told: Told,
}

impl Level {
    pub(crate) const fn new(gauge: GaugeId) -> Self {
        Self { gauge, told: Told(0) }
    }

    /// The value from now on.
    #[inline]
    pub(crate) fn set(&mut self, value: u64, cx: &mut Cx<'_, '_>) {
        if self.told.is_news(value) {
            cx.gauge(self.gauge, value);
        }
    }
}

/// What the components share.
pub(crate) struct World<'s> {
    pub(crate) kernel: Kernel<Event>,
    pub(crate) jobs: Jobs,
    pub(crate) recorder: Recorder<'s>,
    /// The model's ways to try again.
    pub(crate) nacks: Nacks,
    /// Per component: whether a fault stops it at some time.
    pub(crate) may_stop: Vec<bool>,
    /// Per component: whether the ends of its events are told to it (closed-loop sources).
    pub(crate) wants_settled: Vec<bool>,
    /// Age of completed events, over the whole model.
    pub(crate) age: SampleId,
    /// Events in the model beyond the stores, at the end of each window.
    pub(crate) backlog: Vec<u32>,
}

impl World<'_> {
    /// Closes the time series' windows that end at or before `now`.
    pub(crate) fn close_windows(&mut self, now: SimTime) {
        while self.recorder.window_end() <= now {
            self.backlog.push(self.jobs.live_roots_beyond_stores());
            self.recorder.close_window();
        }
    }
}

/// A component's view of the world while it handles a signal.
pub(crate) struct Cx<'w, 's> {
    pub(crate) world: &'w mut World<'s>,
    pub(crate) me: ComponentId,
}

impl Cx<'_, '_> {
    /// The present instant.
    #[inline]
    pub(crate) fn now(&self) -> SimTime {
        self.world.kernel.now()
    }

    /// The job's record.
    #[inline]
    pub(crate) fn job(&self, job: JobId) -> &Job {
        &self.world.jobs[job]
    }

    /// The job's record, to be changed.
    #[inline]
    pub(crate) fn job_mut(&mut self, job: JobId) -> &mut Job {
        &mut self.world.jobs[job]
    }

    /// Says `signal` to `to` at this instant. Handing over work is an arrival; everything else frees
    /// something, and comes before arrivals.
    #[inline]
    pub(crate) fn send(&mut self, to: ComponentId, signal: Signal) {
        let phase = match signal {
            // A request and its withdrawal keep their order.
            Signal::Offer { .. }
            | Signal::Pull { .. }
            | Signal::CancelPull { .. }
            | Signal::Settled => Phase::Arrive,
            _ => Phase::Release,
        };
        self.world.kernel.post(phase, Event::new(to, signal));
    }

    /// Offers the job to `to`, which owns it from now on; `wants_answer` asks for `Accepted`.
    #[inline(always)]
    pub(crate) fn offer(&mut self, to: ComponentId, job: JobId) {
        let from = self.me;
        self.world.kernel.post(Phase::Arrive, Event::new(to, Signal::Offer { from, job }));
    }

    /// Hands the job over to a destination: what it must be told goes with the job, and an answer is asked
    /// for where there may be one.
    #[inline(always)]
    pub(crate) fn hand_over(&mut self, to: Destination, job: JobId) {
        let record = self.job_mut(job);
        record.wants_answer = to.answers;
        if let Some(template) = to.template {
            record.tag = template;
        }
        self.offer(to.stage, job);
    }

    /// Says `signal` to this component itself after `delay`.
    #[inline]
    pub(crate) fn after(&mut self, delay: SimDuration, phase: Phase, signal: Signal) {
        let to = self.me;
        self.world.kernel.schedule_after(delay, phase, Event::new(to, signal));
    }

    /// Says `signal` to this component itself at `at`.
    #[inline]
    pub(crate) fn at(&mut self, at: SimTime, phase: Phase, signal: Signal) {
        let to = self.me;
        self.world.kernel.schedule(at, phase, Event::new(to, signal));
    }

    /// The same, cancellable.
    pub(crate) fn timer(&mut self, at: SimTime, phase: Phase, signal: Signal) -> Timer {
        let to = self.me;
        self.world.kernel.schedule_timer(at, phase, Event::new(to, signal))
    }

    /// Cancels a timer; false if it has fired.
    pub(crate) fn cancel(&mut self, timer: Timer) -> bool {
        self.world.kernel.cancel(timer)
    }

    /// A lane for a delay that is always the same; cheap to use often.
    pub(crate) fn lane(&mut self, delay: SimDuration, phase: Phase) -> Lane {
        self.world.kernel.lane(delay, phase)
    }

    /// Says `signal` to this component itself after the lane's delay.
    #[inline]
    pub(crate) fn after_lane(&mut self, lane: Lane, signal: Signal) {
        let to = self.me;
        self.world.kernel.schedule_lane(lane, Event::new(to, signal));
    }

    /// The same, cancellable.
    pub(crate) fn after_lane_timer(&mut self, lane: Lane, signal: Signal) -> Timer {
        let to = self.me;
        self.world.kernel.schedule_lane_timer(lane, Event::new(to, signal))
    }

    /// Records a fact about a job at this component.
    #[inline]
    pub(crate) fn fact(&mut self, kind: FactKind, job: JobId) {
        self.fact_because(kind, job, Reason::None);
    }

    /// Records a fact with its reason.
    #[inline]
    pub(crate) fn fact_because(&mut self, kind: FactKind, job: JobId, reason: Reason) {
        let World { kernel, jobs, recorder, .. } = &mut *self.world;
        recorder.fact(kernel.now(), kind, self.me, jobs[job].serial, reason);
    }

    /// Records a fact about the event of this number, for those who have looked at the job already, or
    /// whose job may be another's by now.
    #[inline(always)]
    pub(crate) fn fact_of(&mut self, kind: FactKind, serial: u64) {
        let now = self.now();
        self.world.recorder.fact(now, kind, self.me, serial, Reason::None);
    }

    /// A gauge's value from now on.
    #[inline]
    pub(crate) fn gauge(&mut self, gauge: GaugeId, value: u64) {
        let now = self.now();
        self.world.recorder.set_gauge(gauge, now, value);
    }

    /// So many wait in the line from now on; see [`reach`].
    #[inline]
    pub(crate) fn line(&mut self, line: LineId, waiting: u64) {
        let now = self.now();
        self.world.recorder.set_line(line, now, waiting);
    }

    /// What holds the line up from now on is `limit` of `component`.
    pub(crate) fn aim(&mut self, line: LineId, component: ComponentId, limit: &str) {
        let now = self.now();
        self.world.recorder.aim(line, now, component, limit);
    }

    /// One more sample.
    #[inline(always)]
    pub(crate) fn sample(&mut self, samples: SampleId, value: SimDuration) {
        self.world.recorder.sample(samples, value);
    }

    /// A stream of random numbers that belongs to this job and `purpose`, whatever the order of events:
    /// two policies see the same draws.
    #[inline]
    pub(crate) fn draws(&self, job: JobId, purpose: StreamKey, attempt: u32) -> MessageStream {
        MessageStream::new(self.world.jobs[job].key, purpose, attempt)
    }

    /// A duration drawn for the job; nothing is drawn where the distribution is constant.
    #[inline]
    pub(crate) fn draw_duration(
        &self,
        distribution: &Distribution,
        job: JobId,
        purpose: StreamKey,
        attempt: u32,
    ) -> SimDuration {
        distribution.sample_duration(&mut self.draws(job, purpose, attempt))
    }

    /// Whether something of probability `p` happens to the job.
    #[inline]
    pub(crate) fn chance(&self, p: f64, job: JobId, purpose: StreamKey, attempt: u32) -> bool {
        use sim_core::random::Random;
        p > 0.0 && (p >= 1.0 || self.draws(job, purpose, attempt).unit() < p)
    }

    /// Hands the job back to `to`, for `reason`; `nack` says how `to` tries again.
    pub(crate) fn refuse(&mut self, to: ComponentId, job: JobId, reason: Reason, nack: NackId) {
        let by = self.me;
        let record = self.job_mut(job);
        record.refused_for = reason;
        record.refused_with = nack;
        // The offer is over: whoever gets the job next must not answer to this producer.
        record.wants_answer = false;
        self.fact_because(FactKind::Refused, job, reason);
        self.send(to, Signal::Refused { by, job });
    }

    /// Takes an offered job; if `from` asked for an answer it is told, and the job's attempts start anew.
    #[inline(always)]
    pub(crate) fn accept(&mut self, from: ComponentId, job: JobId) {
        if self.job(job).wants_answer {
            self.answer(from, job);
        }
    }

    /// Tells `from` that the job it offered is taken; see [`Cx::accept`].
    #[inline(never)]
    pub(crate) fn answer(&mut self, from: ComponentId, job: JobId) {
        let by = self.me;
        let record = self.job_mut(job);
        record.wants_answer = false;
        record.attempts = 0;
        record.nacks = 0;
        self.send(from, Signal::Accepted { by, job });
    }

    /// Brings the job, and every job joined to it, to its end.
    pub(crate) fn settle(&mut self, job: JobId, fate: Fate) {
        let joined = self.world.jobs.next_joined(job);
        self.settle_one(job, fate);
        if joined.is_some() {
            self.settle_others(joined, fate);
        }
    }

    #[cold]
    fn settle_others(&mut self, mut next: Option<JobId>, fate: Fate) {
        while let Some(job) = next {
            next = self.world.jobs.next_joined(job);
            self.settle_one(job, fate);
        }
    }

    /// Drops the job here for `reason`.
    pub(crate) fn drop_job(&mut self, job: JobId, reason: Reason) {
        let fate = Fate::dropped(self.me, reason);
        self.settle(job, fate);
    }

    /// Completes the job here.
    #[inline(always)]
    pub(crate) fn complete(&mut self, job: JobId) {
        let fate = Fate::completed(self.me);
        if self.world.jobs.next_joined(job).is_none() {
            self.settle_one(job, fate);
        } else {
            self.settle(job, fate);
        }
    }

    /// Ends a branch that was made beside the event's own way and says nothing about its fate: what is
    /// joined to it belongs elsewhere, or has been lost with a process.
    #[cold]
    pub(crate) fn forget(&mut self, job: JobId) {
        while let Some(joined) = self.world.jobs.unjoin(job) {
            let fate = Fate::dropped(self.me, Reason::MemoryLost);
            self.settle_one(joined, fate);
        }
        if self.world.jobs.has_siblings(job) {
            self.world.jobs.merge_into_siblings(job);
        } else {
            self.complete(job);
        }
    }

    #[inline(always)]
    fn settle_one(&mut self, job: JobId, fate: Fate) {
        let now = self.now();
        let World { jobs, recorder, kernel, wants_settled, age, .. } = &mut *self.world;
        let Some(Ended { serial, born, source, fate }) = jobs.end(job, fate) else { return };
        recorder.fact(now, FactKind::Ended, fate.at, serial, fate.reason);
        recorder.end(now, fate);
        if fate.kind == fate::FateKind::Completed {
            recorder.sample(*age, now.since(born));
        }
        if wants_settled[source as usize] {
            kernel.post(Phase::Arrive, Event::new(source, Signal::Settled));
        }
    }
}
