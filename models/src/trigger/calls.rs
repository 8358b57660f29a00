//! Calls and their timeout. A caller that has waited long enough counts the attempt as failed; the station
//! that was called knows nothing of it, and does the work all the same: once more than was needed if the
//! trigger tries again, and for nobody if it does not.
//!
//! Reference: argo-events v1.9.11 `pkg/sensors/triggers/http/http.go`: a timeout of 60 s.

use sim_core::kernel::{Phase, Timer};

use super::{EXPIRED, Target, Trigger};
use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;

/// A call that has not been answered.
#[derive(Debug)]
pub(super) enum Call {
    /// The trigger waits for the answer, until then.
    Awaited(Timer),
    /// It no longer waits, and does not try again: what becomes of the event is the station's to say.
    LeftAlone,
}

impl Trigger {
    /// The job goes to its target: a call is waited for, but not for ever.
    #[inline]
    pub(super) fn begin_call(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let action = self.action(job, cx);
        if matches!(action.target, Target::Call(_)) {
            let at = cx.now() + action.timeout;
            // Late: an answer of that instant is in time.
            let timer = cx.timer(at, Phase::Late, Signal::Wake { what: EXPIRED, arg: job });
            self.calls.insert(job, Call::Awaited(timer));
        }
    }

    /// An answer came. Whether it comes too late, and has been dealt with.
    #[inline]
    pub(super) fn is_late(
        &mut self,
        by: ComponentId,
        job: JobId,
        answer: FactKind,
        cx: &mut Cx<'_, '_>,
    ) -> bool {
        match self.calls.remove(&job) {
            None => false,
            Some(Call::Awaited(timer)) => {
                cx.cancel(timer);
                false
            }
            Some(Call::LeftAlone) => {
                match answer {
                    FactKind::Completed => {
                        cx.fact(FactKind::Completed, job);
                        cx.complete(job);
                    }
                    FactKind::Failed => cx.settle(job, Fate::dropped(by, Reason::WorkFailed)),
                    // Taken over: it is another's.
                    _ => {}
                }
                true
            }
        }
    }

    /// Whether an answer of that station is to a call that the trigger gave up before.
    pub(super) fn was_given_up(&self, by: ComponentId, job: JobId) -> bool {
        let calls = self.plan.actions().any(|action| action.target == Target::Call(by));
        calls && !self.calls.contains_key(&job)
    }

    /// No answer within the timeout.
    #[cold]
    pub(super) fn expired(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.calls.remove(&job);
        if self.may_try_again(job, cx) {
            let attempts = cx.job(job).attempts;
            let again = self.leave_ghost(job, cx);
            cx.job_mut(again).attempts = attempts;
            return self.attempt_failed(again, cx);
        }
        cx.fact_because(FactKind::Failed, job, Reason::DeadlineExceeded);
        self.calls.insert(job, Call::LeftAlone);
        self.taken(cx);
    }

    /// The process ends: nobody waits any longer.
    #[cold]
    pub(super) fn stop_waiting(&mut self, cx: &mut Cx<'_, '_>) {
        self.calls.retain(|_, call| match call {
            Call::Awaited(timer) => {
                cx.cancel(*timer);
                false
            }
            Call::LeftAlone => true,
        });
    }
}
