//! The action: its attempts, its target's answer, the dead letter.

use sim_core::kernel::Phase;
use sim_core::time::SimDuration;

use super::{AGAIN, ActionPlan, DEAD, DeliveryMode, Place, REACHED, Target, Trigger};
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;
use crate::engine::reject::{self, NackId};
use crate::engine::{Cx, Destination};
use crate::sensor::Gate;

impl Trigger {
    pub(super) fn run_count(&mut self, more: i64, cx: &mut Cx<'_, '_>) {
        self.executing = self.executing.saturating_add_signed(more);
        cx.gauge(self.gauges.executing, self.executing);
    }

    /// The token is there: the client's limit, then the call.
    pub(super) fn execute(&mut self, job: JobId, waited: SimDuration, cx: &mut Cx<'_, '_>) {
        cx.sample(self.gauges.limiter_wait, waited);
        cx.fact(FactKind::Started, job);
        let calls = self.action(job, cx).client_calls;
        if calls > 0 {
            self.remember(1, cx);
            return self.ask(Gate::Client, calls, job, cx);
        }
        self.call(job, cx);
    }

    pub(super) fn action(&self, job: JobId, cx: &Cx<'_, '_>) -> &ActionPlan {
        match &self.plan.dead_letter {
            Some((action, _)) if cx.job(job).attempts & DEAD != 0 => action,
            _ => &self.plan.action,
        }
    }

    pub(super) fn call(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.run_count(1, cx);
        let latency = &self.action(job, cx).latency;
        let latency = cx.draw_duration(latency, job, self.keys.latency, cx.job(job).tries);
        let latency = latency.mul_f64(self.slowdown);
        if latency.is_zero() {
            self.reach(job, cx);
        } else {
            self.pause(latency, Phase::Release, REACHED, job, cx);
        }
    }

    pub(super) fn reach(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let record = *cx.job(job);
        let action = self.action(job, cx);
        let target = action.target;
        if cx.chance(action.failure_probability, job, self.keys.failure, record.tries) {
            return self.attempt_failed(job, cx);
        }
        cx.fact(FactKind::Triggered, job);
        self.sample_first(job, cx);
        let is_dead = record.attempts & DEAD != 0;
        let job = if is_dead { self.bury(target, job, cx) } else { Some(job) };
        let Some(job) = job else { return self.taken(cx) };
        let to = match target {
            Target::Log => return self.answered(job, cx),
            // Whoever is called answers at the end; whoever takes the job over says so at once.
            Target::Call(stage) => Destination { stage, template: None, answers: false },
            Target::Store(stage) => Destination { stage, template: None, answers: true },
            Target::Workflow { controller: stage, template, waits } => {
                Destination { stage, template: Some(template), answers: !waits }
            }
        };
        self.note(job, Place::Out);
        cx.hand_over(to, job);
    }

    /// The first time that an event gets through, be it to the dead-letter action: later would leave out
    /// what a failure cost, earlier the events that needed a retry.
    fn sample_first(&self, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let record = cx.job_mut(job);
        if std::mem::replace(&mut record.is_sampled, true) {
            return;
        }
        let (latency, age) = (now.since(record.since), now.since(record.born));
        cx.sample(self.gauges.latency, latency);
        cx.sample(self.gauges.age, age);
    }

    /// The dead-letter action works on a copy of the event: the event's own fate is sealed.
    pub(super) fn bury(
        &mut self,
        target: Target,
        job: JobId,
        cx: &mut Cx<'_, '_>,
    ) -> Option<JobId> {
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
    pub(super) fn answered(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let is_ours = cx.job(job).epoch == self.epoch;
        if !is_ours && self.plan.delivery == DeliveryMode::AtLeastOnce {
            return self.ghost_is_done(job, cx);
        }
        cx.fact(FactKind::Completed, job);
        cx.complete(job);
        if is_ours {
            self.taken(cx);
        }
    }

    /// A call failed, or its target handed the job back and that is all that there is to say.
    pub(super) fn returned(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch == self.epoch {
            return self.attempt_failed(job, cx);
        }
        match self.plan.delivery {
            // It was a ghost's: its event goes on elsewhere.
            DeliveryMode::AtLeastOnce => cx.forget(job),
            DeliveryMode::FireAndForget => self.lose(job, cx),
        }
    }

    /// The target handed the job back: it goes there again as the refusal says; a refusal that says nothing
    /// is a failure like any other.
    #[cold]
    pub(super) fn refused(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        match cx.job(job).refused_with.named() {
            Some(nack) if cx.job(job).epoch == self.epoch => {
                self.run_count(-1, cx);
                self.note(job, Place::Here);
                self.try_again(nack, by, job, cx);
            }
            _ => self.returned(job, cx),
        }
    }

    /// Another try after a refusal. What is not acked yet goes back to the bus meanwhile; anything else
    /// waits in memory, and (at least once) holds up what comes after it.
    pub(super) fn try_again(
        &mut self,
        nack: NackId,
        by: ComponentId,
        job: JobId,
        cx: &mut Cx<'_, '_>,
    ) {
        cx.job_mut(job).tries += 1;
        let Some(retry) = reject::next_retry(cx, nack, self.keys.nack, job) else {
            return self.tried_enough(nack, by, job, cx);
        };
        let pause = reject::pause(cx, nack, self.keys.nack, job, retry);
        if self.may_hand_back(job, cx) {
            cx.job_mut(job).attempts = 0;
            self.handed_back = true;
            let by = cx.me;
            cx.send(self.plan.bus, Signal::Refused { by, job });
            return self.run_over(cx);
        }
        cx.fact(FactKind::Retried, job);
        self.pause(pause, Phase::Arrive, AGAIN, job, cx);
    }

    /// Only what is not acked can be handed back, and a message only once; not the dead letter either.
    fn may_hand_back(&self, job: JobId, cx: &Cx<'_, '_>) -> bool {
        let record = cx.job(job);
        let is_current = self.current.is_some_and(|it| it.delivery == record.delivery);
        let is_dead = record.attempts & DEAD != 0;
        is_current && !self.handed_back && !is_dead && !self.plan.condition.joins()
    }

    /// The last try after refusals was refused as well: stored, dead-lettered or lost, as the refusal and
    /// the trigger say.
    fn tried_enough(&mut self, nack: NackId, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let is_dead = cx.job(job).attempts & DEAD != 0;
        if let Some(store) = reject::then_store(cx, nack) {
            cx.offer(store, job);
        } else if self.plan.dead_letter.is_some() && !is_dead && by != cx.me {
            cx.job_mut(job).attempts = DEAD;
            return self.queue_up(job, cx);
        } else {
            cx.settle(job, Fate::dropped(by, reject::refusal(cx, job)));
        }
        self.run_over(cx);
    }

    /// The target took the job, which is its own now: it may be gone already.
    pub(super) fn accepted(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let is_ours = self.run.is_some_and(|run| run.job == job);
        if is_ours || self.plan.delivery == DeliveryMode::FireAndForget {
            self.taken(cx);
        }
    }

    /// The action is done, as far as the trigger is concerned.
    pub(super) fn taken(&mut self, cx: &mut Cx<'_, '_>) {
        self.run_count(-1, cx);
        self.run_over(cx);
    }

    pub(super) fn attempt_failed(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.run_count(-1, cx);
        self.note(job, Place::Here);
        let record = cx.job_mut(job);
        record.wants_answer = false;
        record.attempts += 1;
        record.tries += 1;
        let (is_dead, attempts) = (record.attempts & DEAD != 0, record.attempts & !DEAD);
        let previous = record.last_delay;
        cx.fact(FactKind::Failed, job);
        let retry = match &self.plan.dead_letter {
            Some((_, retry)) if is_dead => retry,
            _ => &self.plan.retry,
        };
        if attempts < retry.steps {
            cx.fact(FactKind::Retried, job);
            let mut draws = cx.draws(job, self.keys.backoff, cx.job(job).tries);
            let pause = retry.backoff.delay(u32::from(attempts) - 1, previous, &mut draws);
            let pause = pause.unwrap_or(SimDuration::ZERO);
            cx.job_mut(job).last_delay = pause;
            return self.pause(pause, Phase::Arrive, AGAIN, job, cx);
        }
        if self.plan.dead_letter.is_some() && !is_dead {
            cx.job_mut(job).attempts = DEAD;
            return self.queue_up(job, cx);
        }
        cx.drop_job(job, Reason::RetriesExhausted);
        self.run_over(cx);
    }
}
