//! What a backpressure point does with what it cannot take: drop it, hand it back, keep it for later,
//! or hold its producer up.

use sim_core::backoff::{Backoff, Jitter};
use sim_core::dist::Distribution;
use sim_core::kernel::{Kernel, Lane, Phase};
use sim_core::random::{Random, StreamKey};
use sim_core::time::SimDuration;

use super::Cx;
use super::event::{ComponentId, Event, Signal};
use super::fate::{Fate, Reason};
use super::job::JobId;
use super::recorder::{FactKind, GaugeId};

/// The answer to a rejection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reject {
    /// Lost, and nobody is told.
    Drop,
    /// Returned to the producer, which tries again as the refusal says.
    Nack(NackId),
    /// Kept in a store and drained later.
    Store(ComponentId),
    /// The producer holds it, and waits, until there is room.
    Block,
    /// Returned to the producer, which does what it does with any failure.
    Error,
}

impl Reject {
    /// The way to try again, if it is one.
    pub(crate) const fn nack(self) -> Option<NackId> {
        match self {
            Self::Nack(nack) => Some(nack),
            Self::Drop | Self::Store(_) | Self::Block | Self::Error => None,
        }
    }
}

/// Number of a [`NackPlan`] in the model. A refusal names one, so that a producer with several stages in
/// front of it, or one stage with several gates, never confuses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NackId(u16);

impl NackId {
    /// The refusal names none: the producer does what it does with any failure.
    pub(crate) const NONE: Self = Self(u16::MAX);

    /// The plan at this place of the model's list.
    pub(crate) fn new(place: usize) -> Self {
        Self(u16::try_from(place).expect("fewer stages than that"))
    }

    /// `None` for [`NackId::NONE`].
    pub(crate) fn named(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// The model's ways to try again, ready to be used in one run.
#[derive(Debug, Default)]
pub(crate) struct Nacks(Vec<Nack>);

#[derive(Debug)]
struct Nack {
    plan: NackPlan,
    /// The delay, where it is always the same.
    lane: Option<Lane>,
}

impl Nacks {
    pub(crate) fn new(plans: &[NackPlan], kernel: &mut Kernel<Event>) -> Self {
        let with_lanes = plans.iter().map(|plan| {
            let delay = plan.constant_delay();
            let lane = delay.map(|delay| kernel.lane(delay, Phase::Arrive));
            Nack { plan: plan.clone(), lane }
        });
        Self(with_lanes.collect())
    }

    fn get(&self, id: NackId) -> &Nack {
        &self.0[usize::from(id.0)]
    }
}

/// How a producer tries again.
#[derive(Clone, Debug)]
pub(crate) struct NackPlan {
    /// Delay before the first retry, seconds.
    pub(crate) after: Distribution,
    /// What each further delay is multiplied by.
    pub(crate) factor: f64,
    /// The longest delay.
    pub(crate) cap: Option<SimDuration>,
    pub(crate) jitter: Jitter,
    /// Retries per event; `None`: for ever.
    pub(crate) retries_max: Option<u32>,
    /// Probability that the producer tries again at all, each time.
    pub(crate) persistence: f64,
    /// Where it goes after the last retry: a store, or lost.
    pub(crate) then: Option<ComponentId>,
}

impl NackPlan {
    /// The delay, if it is always the same.
    fn constant_delay(&self) -> Option<SimDuration> {
        let is_fixed = self.after.variance() == 0.0
            && self.factor == 1.0
            && matches!(self.jitter, Jitter::None);
        let delay = SimDuration::from_secs_f64(self.after.mean());
        is_fixed.then(|| self.cap.map_or(delay, |cap| cap.min(delay)))
    }

    /// The delay before a retry of the job.
    fn delay(&self, cx: &Cx<'_, '_>, purpose: StreamKey, job: JobId, retry: Retry) -> SimDuration {
        let mut draws = cx.draws(job, purpose, retry.number.wrapping_mul(2));
        let backoff = Backoff {
            initial: self.after.sample_duration(&mut draws),
            factor: self.factor,
            cap: self.cap,
            jitter: self.jitter,
            retries_max: None,
        };
        let is_first = retry.in_row == 0;
        let previous = if is_first { SimDuration::ZERO } else { cx.job(job).last_delay };
        backoff.delay(retry.in_row, previous, &mut draws).unwrap_or(SimDuration::ZERO)
    }

    fn persists(&self, cx: &Cx<'_, '_>, purpose: StreamKey, job: JobId, retry: Retry) -> bool {
        let draw = retry.number.wrapping_mul(2).wrapping_add(1);
        self.persistence >= 1.0 || cx.draws(job, purpose, draw).unit() < self.persistence
    }
}

/// A retry that follows a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// How many retries came before it in this series: what a backoff counts.
    in_row: u32,
    /// Its number in the whole life of the job: numbers its draws, so that a later series at the same
    /// place does not repeat those of an earlier one.
    number: u32,
}

/// Counts one more refusal of the job by `nack`: the retry that follows, or `None` if there is none.
/// Retries are counted in a row: a refusal that names another plan starts the count anew.
pub(crate) fn next_retry(
    cx: &mut Cx<'_, '_>,
    nack: NackId,
    purpose: StreamKey,
    job: JobId,
) -> Option<Retry> {
    let record = cx.job_mut(job);
    if record.nack != nack {
        record.nack = nack;
        record.nacks = 0;
    }
    let retry = Retry { in_row: u32::from(record.nacks), number: record.refusals };
    record.refusals = record.refusals.wrapping_add(1);
    let plan = &cx.world.nacks.get(nack).plan;
    let exhausted = plan.retries_max.is_some_and(|max| retry.in_row >= max);
    if exhausted || !plan.persists(cx, purpose, job, retry) {
        return None;
    }
    cx.job_mut(job).nacks = cx.job(job).nacks.saturating_add(1);
    Some(retry)
}

/// The pause before that retry; the job remembers it.
pub(crate) fn pause(
    cx: &mut Cx<'_, '_>,
    nack: NackId,
    purpose: StreamKey,
    job: JobId,
    retry: Retry,
) -> SimDuration {
    let delay = cx.world.nacks.get(nack).plan.delay(cx, purpose, job, retry);
    cx.job_mut(job).last_delay = delay;
    delay
}

/// Where the job goes after its last retry: a store, or lost.
pub(crate) fn then_store(cx: &Cx<'_, '_>, nack: NackId) -> Option<ComponentId> {
    cx.world.nacks.get(nack).plan.then
}

/// The jobs with which a producer will try again.
#[derive(Debug)]
pub(crate) struct Orbit {
    purpose: StreamKey,
    jobs: u64,
    gauge: GaugeId,
    /// The private code of the `Carry` signal that brings a job back.
    returns_as: u16,
}

impl Orbit {
    pub(crate) fn new(purpose: StreamKey, gauge: GaugeId, returns_as: u16) -> Self {
        Self { purpose, jobs: 0, gauge, returns_as }
    }

    /// Sends a refused job into orbit, from where it comes back as `Carry`; after its last retry the
    /// job leaves: stored or dropped with the reason and place of the refusal.
    pub(crate) fn refused(
        &mut self,
        cx: &mut Cx<'_, '_>,
        nack: NackId,
        by: ComponentId,
        job: JobId,
    ) {
        match next_retry(cx, nack, self.purpose, job) {
            Some(retry) => self.send(cx, nack, job, retry),
            None => match then_store(cx, nack) {
                Some(store) => cx.offer(store, job),
                None if cx.job(job).is_ghost => cx.forget(job),
                None => cx.settle(job, Fate::dropped(by, refusal(cx, job))),
            },
        }
    }

    /// Sends the job into orbit before that retry.
    pub(crate) fn send(&mut self, cx: &mut Cx<'_, '_>, nack: NackId, job: JobId, retry: Retry) {
        cx.fact(FactKind::Retried, job);
        self.jobs += 1;
        cx.gauge(self.gauge, self.jobs);
        let signal = Signal::Carry { what: self.returns_as, job };
        match cx.world.nacks.get(nack).lane {
            Some(lane) => cx.after_lane(lane, signal),
            None => {
                let delay = pause(cx, nack, self.purpose, job, retry);
                cx.after(delay, Phase::Arrive, signal);
            }
        }
    }

    /// A job came back from orbit.
    pub(crate) fn returned(&mut self, cx: &mut Cx<'_, '_>) {
        self.jobs -= 1;
        cx.gauge(self.gauge, self.jobs);
    }
}

/// Why the job was refused last, for its end.
pub(crate) fn refusal(cx: &Cx<'_, '_>, job: JobId) -> Reason {
    match cx.job(job).refused_for {
        Reason::None => Reason::GaveUp,
        reason => reason,
    }
}
