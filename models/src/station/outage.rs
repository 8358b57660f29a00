//! What happens when a station goes down.

use super::{Reject, Station};
use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Reason;
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;

impl Station {
    /// It is down: what is in service is lost, or fails for the caller that waits for it; callers who wait
    /// for a server hear so too. Events from elsewhere wait in front of it.
    #[cold]
    pub(super) fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = true;
        for job in self.services.call_off(cx) {
            self.busy -= 1;
            self.break_off(job, cx);
        }
        self.turn_out_callers(cx);
        for (from, job) in std::mem::take(&mut self.blocked) {
            if self.is_caller(from) {
                self.turn_out(job, Reason::Unavailable, cx);
            } else {
                self.blocked.push_back((from, job));
            }
        }
    }

    fn turn_out_callers(&mut self, cx: &mut Cx<'_, '_>) {
        let all: Vec<JobId> = self.queue.iter().map(|waiting| waiting.item).collect();
        let is_caller = |job: &JobId| self.is_caller(cx.job(*job).tag as ComponentId);
        let callers: Vec<JobId> = all.iter().copied().filter(is_caller).collect();
        let nobody_stays = callers.len() == all.len();
        for caller in callers {
            // One by one takes its time, where all go that is saved.
            if nobody_stays {
                self.queue.pop();
            } else {
                self.queue.remove(caller);
            }
            self.forget_patience(caller, cx);
            self.turn_out(caller, Reason::Unavailable, cx);
        }
    }

    /// The work on a job ends with the process that did it.
    pub(super) fn break_off(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        self.leave(job, FactKind::Failed, cx);
        let caller = cx.job(job).tag as ComponentId;
        if self.is_caller(caller) {
            let by = cx.me;
            cx.job_mut(job).refused_for = Reason::Unavailable;
            return cx.send(caller, Signal::Failed { by, job });
        }
        match self.plan.on_failure {
            Reject::Store(store) => cx.offer(store, job),
            _ => cx.drop_job(job, Reason::MemoryLost),
        }
    }
}
