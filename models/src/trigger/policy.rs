//! A trigger's `policy`: it looks at the workflow that it submitted until it finds it done, or has looked
//! often enough.
//!
//! The label that it looks for says that the workflow succeeded: one that failed never bears it. After the
//! last look the trigger goes on as if all were well, unless the policy says that this is an error; the
//! workflow goes on in any case.
//!
//! Reference: argo-events v1.9.11 `pkg/sensors/policy/resource-labels.go`, which polls with
//! `wait.ExponentialBackoff` (apimachinery): `steps` looks, the first one at once, a pause between two.

use sim_core::kernel::{Phase, Timer};
use sim_core::random::MessageStream;
use sim_core::time::SimDuration;

use super::{OnTimeout, POLLED, Place, Target, Trigger};
use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::Fate;
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;

/// A workflow that is looked at.
#[derive(Debug)]
pub(super) struct Poll {
    /// Looks so far.
    looks: u32,
    next: Timer,
    draws: MessageStream,
    /// The workflow is over, and its job is back; the next look will tell.
    end: Option<(ComponentId, End)>,
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Good,
    Bad,
}

impl Trigger {
    /// The workflow has been submitted. (The first look, at once, finds nothing.)
    #[inline]
    pub(super) fn begin_looking(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.action(job, cx).policy.is_some() {
            let draws = cx.draws(job, self.keys.poll, cx.job(job).tries);
            self.look_again(job, 1, draws, None, cx);
        }
    }

    /// After a look in vain: the next one, or the end.
    fn look_again(
        &mut self,
        job: JobId,
        looks: u32,
        mut draws: MessageStream,
        end: Option<(ComponentId, End)>,
        cx: &mut Cx<'_, '_>,
    ) {
        let policy = self.action(job, cx).policy.as_ref().expect("it looks because it has one");
        let pause = if looks < u32::from(policy.steps) {
            policy.backoff.delay(looks - 1, SimDuration::ZERO, &mut draws).unwrap_or_default()
        } else {
            SimDuration::ZERO
        };
        let at = cx.now() + pause;
        // Late: what ends in that instant is seen.
        let next = cx.timer(at, Phase::Late, Signal::Wake { what: POLLED, arg: job });
        self.polls.insert(job, Poll { looks, next, draws, end });
    }

    /// Whether a policy waits for the job, whose workflow is over: the trigger hears of it at its next look.
    #[inline]
    pub(super) fn has_ended(
        &mut self,
        by: ComponentId,
        job: JobId,
        end: End,
        cx: &Cx<'_, '_>,
    ) -> bool {
        if cx.job(job).epoch != self.epoch {
            return false;
        }
        let Some(poll) = self.polls.get_mut(&job) else { return false };
        poll.end = Some((by, end));
        self.note(job, Place::Here);
        true
    }

    /// One look.
    pub(super) fn look(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let Poll { looks, draws, end, .. } = self.polls.remove(&job).expect("its timer is live");
        if let Some((_, End::Good)) = end {
            return self.answered(job, cx);
        }
        let policy = self.action(job, cx).policy.as_ref().expect("it looks because it has one");
        // With a single step the look at once was the last one.
        if looks + 1 < u32::from(policy.steps) {
            return self.look_again(job, looks + 1, draws, end, cx);
        }
        match policy.on_timeout {
            OnTimeout::Success => self.go_on(job, end, cx),
            OnTimeout::Failure => self.fail_late(job, end, cx),
        }
    }

    /// Not found in time, and that counts as success: the workflow is left to itself.
    fn go_on(&mut self, job: JobId, end: Option<(ComponentId, End)>, cx: &mut Cx<'_, '_>) {
        match end {
            Some((by, end)) => self.conclude(job, by, end, cx),
            None => self.let_go(job, cx),
        }
        self.taken(cx);
    }

    /// Not found in time, and that is an error.
    fn fail_late(&mut self, job: JobId, end: Option<(ComponentId, End)>, cx: &mut Cx<'_, '_>) {
        if end.is_some() {
            return self.attempt_failed(job, cx);
        }
        if self.may_try_again(job, cx) {
            let attempts = cx.job(job).attempts;
            let again = self.leave_ghost(job, cx);
            cx.job_mut(again).attempts = attempts;
            return self.attempt_failed(again, cx);
        }
        // The work may still be done: what becomes of the event is the workflow's to say.
        cx.fact(FactKind::Failed, job);
        self.let_go(job, cx);
        self.taken(cx);
    }

    fn let_go(&self, job: JobId, cx: &mut Cx<'_, '_>) {
        if let Target::Workflow { controller, .. } = self.action(job, cx).target {
            cx.send(controller, Signal::LetGo { job });
        }
    }

    /// The target did not take the job: there is nothing to look at.
    #[inline]
    pub(super) fn stop_looking(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if let Some(poll) = self.polls.remove(&job) {
            cx.cancel(poll.next);
        }
    }

    /// The process ends. The jobs that were back already, and only waited for a look.
    #[cold]
    pub(super) fn stop_polling(&mut self, cx: &mut Cx<'_, '_>) -> Vec<(JobId, ComponentId, End)> {
        let polls = std::mem::take(&mut self.polls);
        polls.values().for_each(|poll| assert!(cx.cancel(poll.next), "its timer is live"));
        let ended = polls.into_iter().filter_map(|(job, poll)| {
            let (by, end) = poll.end?;
            Some((job, by, end))
        });
        ended.collect()
    }

    /// The end of a job whose workflow is over and whose trigger no longer matters.
    #[cold]
    pub(super) fn conclude(&self, job: JobId, by: ComponentId, end: End, cx: &mut Cx<'_, '_>) {
        match end {
            End::Good => {
                cx.fact(FactKind::Completed, job);
                cx.complete(job);
            }
            End::Bad => cx.settle(job, Fate::dropped(by, cx.job(job).refused_for)),
        }
    }

    /// Jobs that are back and wait for a look.
    pub(super) fn polls_held(&self) -> impl Iterator<Item = JobId> + '_ {
        self.polls.iter().filter(|(_, poll)| poll.end.is_some()).map(|(&job, _)| job)
    }
}
