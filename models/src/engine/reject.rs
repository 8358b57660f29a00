//! What a backpressure point does with what it cannot take: drop it, hand it back, keep it for later,
//! or hold its producer up.

use sim_core::backoff::{Backoff, Jitter};
use sim_core::dist::Distribution;
use sim_core::kernel::{Lane, Phase};
use sim_core::random::{Random, StreamKey};
use sim_core::time::SimDuration;

use super::Cx;
use super::event::{ComponentId, Signal};
use super::fate::{Fate, Reason};
use super::job::JobId;
use super::recorder::{FactKind, GaugeId};

/// The answer to a rejection.
#[derive(Clone, Debug)]
pub(crate) enum Reject {
    /// Lost, and nobody is told.
    Drop,
    /// Returned to the producer, which tries again.
    Nack(NackPlan),
    /// Kept in a store and drained later.
    Store(ComponentId),
    /// The producer holds it, and waits, until there is room.
    Block,
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
    /// The delay before retry number `retry` (from 0) of the job.
    pub(crate) fn delay(
        &self,
        cx: &mut Cx<'_, '_>,
        purpose: StreamKey,
        job: JobId,
        retry: u32,
    ) -> SimDuration {
        let mut draws = cx.draws(job, purpose, retry * 2);
        let backoff = Backoff {
            initial: self.after.sample_duration(&mut draws),
            factor: self.factor,
            cap: self.cap,
            jitter: self.jitter,
            retries_max: None,
        };
        let record = cx.job_mut(job);
        let previous = if retry == 0 { SimDuration::ZERO } else { record.last_delay };
        let delay = backoff.delay(retry, previous, &mut draws).unwrap_or(SimDuration::ZERO);
        record.last_delay = delay;
        delay
    }
}

/// Runs a [`NackPlan`] for the component that owns it: the jobs in orbit.
#[derive(Debug)]
pub(crate) struct Orbit {
    plan: NackPlan,
    purpose: StreamKey,
    /// The delay, where it is always the same.
    lane: Option<Lane>,
    jobs: u64,
    gauge: GaugeId,
    /// The private code of the `Carry` signal that brings a job back.
    returns_as: u16,
}

impl Orbit {
    pub(crate) fn new(
        plan: NackPlan,
        purpose: StreamKey,
        gauge: GaugeId,
        returns_as: u16,
        cx: &mut Cx<'_, '_>,
    ) -> Self {
        let always = plan.after.mean();
        let is_fixed = plan.after.variance() == 0.0
            && plan.factor == 1.0
            && matches!(plan.jitter, Jitter::None);
        let lane = is_fixed.then(|| {
            let delay = SimDuration::from_secs_f64(always);
            cx.lane(plan.cap.map_or(delay, |cap| cap.min(delay)), Phase::Arrive)
        });
        Self { plan, purpose, lane, jobs: 0, gauge, returns_as }
    }

    /// Sends a refused job into orbit, from where it comes back as `Carry`; after its last retry the
    /// job leaves: stored or dropped with the reason and place of the refusal.
    pub(crate) fn refused(&mut self, cx: &mut Cx<'_, '_>, by: ComponentId, job: JobId) {
        let retry = u32::from(cx.job(job).attempts);
        let exhausted = self.plan.retries_max.is_some_and(|max| retry >= max);
        if exhausted || !self.persists(cx, job, retry) {
            return self.leave(cx, by, job);
        }
        cx.job_mut(job).attempts = cx.job(job).attempts.saturating_add(1);
        cx.fact(FactKind::Retried, job);
        self.jobs += 1;
        cx.gauge(self.gauge, self.jobs);
        let signal = Signal::Carry { what: self.returns_as, job };
        match self.lane {
            Some(lane) => cx.after_lane(lane, signal),
            None => {
                let delay = self.plan.delay(cx, self.purpose, job, retry);
                cx.after(delay, Phase::Arrive, signal);
            }
        }
    }

    /// A job came back from orbit.
    pub(crate) fn returned(&mut self, cx: &mut Cx<'_, '_>) {
        self.jobs -= 1;
        cx.gauge(self.gauge, self.jobs);
    }

    fn persists(&self, cx: &Cx<'_, '_>, job: JobId, retry: u32) -> bool {
        self.plan.persistence >= 1.0
            || cx.draws(job, self.purpose, retry * 2 + 1).unit() < self.plan.persistence
    }

    fn leave(&self, cx: &mut Cx<'_, '_>, by: ComponentId, job: JobId) {
        match self.plan.then {
            Some(store) => cx.offer(store, job),
            None => {
                let reason = match cx.job(job).refused_for {
                    Reason::None => Reason::GaveUp,
                    reason => reason,
                };
                cx.settle(job, Fate::dropped(by, reason));
            }
        }
    }
}
