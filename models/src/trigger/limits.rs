//! What stands between a firing and its action: the sensor's gates and the trigger's own rate limit.

use sim_core::time::SimDuration;

use super::held_up::By;
use super::{DEAD, Place, Trigger};
use crate::engine::Cx;
use crate::engine::fate::Reason;
use crate::engine::gate::Gate as Queue;
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;
use crate::engine::reject::{self, Reject};
use crate::sensor::{Ask, Gate};
use crate::station::Over;

impl Trigger {
    /// One attempt begins: first the sensor's rate limit, then the trigger's own.
    pub(super) fn queue_up(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.note(job, Place::Here);
        if self.plan.sensor_limited && cx.job(job).attempts & DEAD == 0 {
            self.remember(1, cx);
            return self.ask(Gate::Rate, 1, job, cx);
        }
        self.limit(job, cx);
    }

    pub(super) fn ask(&mut self, gate: Gate, tokens: u16, job: JobId, cx: &mut Cx<'_, '_>) {
        self.note(job, Place::AtGate);
        self.held_up.asked_at = cx.now();
        cx.job_mut(job).tag = Ask { gate, tokens }.tag();
        cx.offer(self.plan.sensor, job);
    }

    pub(super) fn passed_gate(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if cx.job(job).epoch != self.epoch {
            return self.lose(job, cx);
        }
        self.note(job, Place::Here);
        self.remember(-1, cx);
        let gate = Ask::of(cx.job(job).tag).gate;
        if cx.now() > self.held_up.asked_at {
            self.held_up.vote(if gate == Gate::Rate { By::SensorRate } else { By::Client });
        }
        match gate {
            Gate::Rate => self.limit(job, cx),
            Gate::Client => self.call(job, cx),
        }
    }

    pub(super) fn limit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        // The real controller never gives the dead-letter trigger a limiter.
        let is_dead = cx.job(job).attempts & DEAD != 0;
        let Some(gate) = self.gate.as_mut().filter(|_| !is_dead) else {
            return self.execute(job, SimDuration::ZERO, cx);
        };
        match self.plan.rate_limit.as_ref().map_or(Over::Wait, |limit| limit.over) {
            Over::Reject if gate.try_take(cx) => self.execute(job, SimDuration::ZERO, cx),
            Over::Reject => self.over_limit(job, cx),
            Over::Wait if gate.ask(job, 1, cx) => self.execute(job, SimDuration::ZERO, cx),
            Over::Wait => {
                self.remember(1, cx);
                self.held_up.vote(By::Rate);
                self.gauge_tokens(cx);
            }
        }
    }

    pub(super) fn grant(&mut self, cx: &mut Cx<'_, '_>) {
        while let Some(passed) = self.gate.as_mut().and_then(|gate| gate.next(cx)) {
            self.remember(-1, cx);
            self.gauge_tokens(cx);
            self.execute(passed.item, passed.waited, cx);
        }
    }

    pub(super) fn gauge_tokens(&self, cx: &mut Cx<'_, '_>) {
        if let Some(line) = self.token_line {
            cx.line(line, self.gate.as_ref().map_or(0, Queue::len));
        }
    }

    pub(super) fn remember(&mut self, more: i64, cx: &mut Cx<'_, '_>) {
        self.in_memory = self.in_memory.saturating_add_signed(more);
        cx.gauge(self.gauges.in_memory, self.in_memory);
    }

    pub(super) fn over_limit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact_because(FactKind::Refused, job, Reason::RateLimited);
        match self.plan.on_reject {
            Reject::Store(store) => cx.offer(store, job),
            Reject::Nack(nack) => {
                let me = cx.me;
                cx.job_mut(job).refused_for = Reason::RateLimited;
                return match reject::next_retry(cx, nack, self.nack_key(job, cx), job) {
                    Some(retry) => self.try_again(nack, retry, job, cx),
                    None => self.tried_enough(reject::then_store(cx, nack), me, job, cx),
                };
            }
            Reject::Drop | Reject::Block | Reject::Error => {
                cx.drop_job(job, Reason::RateLimited);
            }
        }
        self.run_over(cx);
    }
}
