//! The action: its attempts, its target's answer, the dead letter.

use sim_core::kernel::Phase;
use sim_core::time::SimDuration;

use super::{AGAIN, ActionPlan, DEAD, DeliveryMode, REACHED, Target, Trigger};
use crate::engine::event::Signal;
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;
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
            cx.after(latency, Phase::Release, Signal::Carry { what: REACHED, job });
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
        if record.attempts == 0 {
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
    pub(super) fn taken(&mut self, cx: &mut Cx<'_, '_>) {
        self.run_count(-1, cx);
        self.run_over(cx);
    }

    pub(super) fn attempt_failed(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch != self.epoch {
            return self.lose(job, cx);
        }
        self.run_count(-1, cx);
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
            return cx.after(pause, Phase::Arrive, Signal::Carry { what: AGAIN, job });
        }
        if self.plan.dead_letter.is_some() && !is_dead {
            cx.job_mut(job).attempts = DEAD;
            return self.queue_up(job, cx);
        }
        cx.drop_job(job, Reason::RetriesExhausted);
        self.run_over(cx);
    }
}
