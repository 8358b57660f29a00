//! The action: its attempts, its target's answer, the dead letter.

use sim_core::kernel::Phase;
use sim_core::random::StreamKey;
use sim_core::time::SimDuration;

use super::policy::End;
use super::{AGAIN, ActionPlan, DEAD, DeliveryMode, Place, REACHED, Target, Trigger};
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;
use crate::engine::reject::{self, NackId, Retry};
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
        self.begin_looking(job, cx);
        self.begin_call(job, cx);
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

    /// What was asked for is done.
    pub(super) fn finished(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).is_ghost {
            self.ghost_is_done(job, cx);
        } else if !self.is_late(by, job, FactKind::Completed, cx)
            && !self.has_ended(by, job, End::Good, cx)
        {
            self.answered(job, cx);
        }
    }

    /// A call returned well, or there was none: the event's work is done.
    pub(super) fn answered(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        // The process that sent a call may be gone; nobody waits then.
        let is_ours = cx.job(job).epoch == self.epoch && self.is_under_way(job);
        cx.fact(FactKind::Completed, job);
        cx.complete(job);
        if is_ours {
            self.taken(cx);
        }
    }

    /// What was asked for failed.
    pub(super) fn failed(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.is_late(by, job, FactKind::Failed, cx) {
            return;
        }
        if !self.is_of_the_dead(job, cx) && !self.has_ended(by, job, End::Bad, cx) {
            self.attempt_failed(job, cx);
        }
    }

    /// Whether the call was that of a process that is gone: nobody tries again.
    fn is_of_the_dead(&mut self, job: JobId, cx: &mut Cx<'_, '_>) -> bool {
        let record = cx.job(job);
        if record.is_ghost {
            // Its event goes on elsewhere.
            cx.forget(job);
            return true;
        }
        let is_dead = record.epoch != self.epoch;
        if is_dead {
            self.lose(job, cx);
        }
        is_dead
    }

    /// Whether a failed attempt is followed by another, or by the dead-letter action.
    pub(super) fn may_try_again(&self, job: JobId, cx: &Cx<'_, '_>) -> bool {
        let attempts = cx.job(job).attempts;
        let (is_dead, attempts) = (attempts & DEAD != 0, attempts & !DEAD);
        match &self.plan.dead_letter {
            Some((_, retry)) if is_dead => attempts + 1 < retry.steps,
            dead_letter => dead_letter.is_some() || attempts + 1 < self.plan.retry.steps,
        }
    }

    /// The target handed the job back: it goes there again as the refusal says. When that is over, or a
    /// refusal says nothing, the attempt has failed.
    #[cold]
    pub(super) fn refused(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.is_late(by, job, FactKind::Failed, cx) || self.is_of_the_dead(job, cx) {
            return;
        }
        self.stop_looking(job, cx);
        let Some(nack) = cx.job(job).refused_with.named() else {
            return self.attempt_failed(job, cx);
        };
        let retry = reject::next_retry(cx, nack, self.nack_key(job, cx), job);
        let then = reject::then_store(cx, nack);
        if retry.is_none() && then.is_none() && self.may_try_again(job, cx) {
            return self.attempt_failed(job, cx);
        }
        self.run_count(-1, cx);
        match retry {
            Some(retry) => self.try_again(nack, retry, job, cx),
            None => self.tried_enough(then, by, job, cx),
        }
    }

    /// Refusals of the dead-letter action have draws of their own.
    pub(super) fn nack_key(&self, job: JobId, cx: &Cx<'_, '_>) -> StreamKey {
        if cx.job(job).attempts & DEAD != 0 { self.keys.dead_nack } else { self.keys.nack }
    }

    /// Another try after a refusal. What is not acked yet goes back to the bus meanwhile; anything else
    /// waits in memory, and (at least once) holds up what comes after it.
    pub(super) fn try_again(
        &mut self,
        nack: NackId,
        retry: Retry,
        job: JobId,
        cx: &mut Cx<'_, '_>,
    ) {
        let pause = reject::pause(cx, nack, self.nack_key(job, cx), job, retry);
        cx.job_mut(job).tries += 1;
        if self.may_hand_back(job, cx) {
            cx.job_mut(job).attempts = 0;
            self.handed_back = true;
            let by = cx.me;
            cx.send(self.plan.bus, Signal::Refused { by, job });
            return self.run_over(cx);
        }
        self.note(job, Place::Here);
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

    /// The last try after refusals was refused as well.
    pub(super) fn tried_enough(
        &mut self,
        then: Option<ComponentId>,
        by: ComponentId,
        job: JobId,
        cx: &mut Cx<'_, '_>,
    ) {
        match then {
            Some(store) => cx.offer(store, job),
            None => cx.settle(job, Fate::dropped(by, reject::refusal(cx, job))),
        }
        self.run_over(cx);
    }

    /// The target took the job, which is its own now: it may be gone already.
    pub(super) fn accepted(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.was_given_up(by, job) || self.is_late(by, job, FactKind::Admitted, cx) {
            return;
        }
        self.stop_looking(job, cx);
        if self.is_under_way(job) {
            self.taken(cx);
        }
    }

    /// At least once: whether it is this job that the trigger is busy with.
    fn is_under_way(&self, job: JobId) -> bool {
        self.plan.delivery == DeliveryMode::FireAndForget
            || self.run.is_some_and(|run| run.job == job)
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
            let record = cx.job_mut(job);
            record.attempts = DEAD;
            record.nacks = 0;
            return self.queue_up(job, cx);
        }
        cx.drop_job(job, Reason::RetriesExhausted);
        self.run_over(cx);
    }
}
