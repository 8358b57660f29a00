//! The way out of a station: to its next stage, and back from there for another try.

use sim_core::random::Random;

use super::{Next, Returns, Station};
use crate::engine::event::{ComponentId, NOBODY};
use crate::engine::fate::Fate;
use crate::engine::job::{Job, JobId};
use crate::engine::recorder::FactKind;
use crate::engine::reject;
use crate::engine::{Cx, Destination};

/// A served job on its way to the next stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaving {
    job: JobId,
    /// The job as it was; it may be another's by the time of the answer.
    record: Job,
    /// It keeps its server until it is taken; one that was handed back before has none.
    holds_server: bool,
}

impl Station {
    /// Whether the server is free now.
    #[inline(always)]
    pub(super) fn pass_on(&mut self, job: JobId, cx: &mut Cx<'_, '_>) -> bool {
        match self.way_out(job, cx) {
            None => {
                self.leave(job, FactKind::Completed, cx);
                cx.complete(job);
                true
            }
            Some(to) if to.answers => {
                // The server is kept until the next stage has taken the job or handed it back.
                self.offer_on(job, to, true, cx);
                false
            }
            Some(to) => {
                self.leave(job, FactKind::Completed, cx);
                cx.hand_over(to, job);
                true
            }
        }
    }

    pub(super) fn offer_on(
        &mut self,
        job: JobId,
        to: Destination,
        holds_server: bool,
        cx: &mut Cx<'_, '_>,
    ) {
        self.leaving.push(Leaving { job, record: *cx.job(job), holds_server });
        cx.hand_over(to, job);
    }

    #[inline(always)]
    pub(super) fn way_out(&self, job: JobId, cx: &Cx<'_, '_>) -> Option<Destination> {
        match &self.plan.next {
            Next::Done => None,
            Next::To(to) => Some(*to),
            Next::Split(branches) => {
                let visit = u32::from(cx.job(job).visits);
                let mut point = cx.draws(job, self.route_key, visit).unit();
                let chosen = branches.iter().find(|branch| {
                    point -= branch.probability;
                    point < 0.0
                });
                chosen.map(|branch| branch.to)
            }
        }
    }

    /// The next stage took the job: whose it is now, if it still lives.
    pub(super) fn release_server_of(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let left = self.take_leaving(job);
        cx.fact_of(FactKind::Completed, left.record.serial);
        let sojourn = cx.now().since(left.record.since);
        cx.sample(self.sojourn, sojourn);
        if left.holds_server {
            self.busy -= 1;
            self.proceed(cx);
        }
    }

    /// The next stage handed the job back: it is offered again after a while, without its server.
    pub(super) fn refused(&mut self, by: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let left = self.take_leaving(job);
        // The time here goes on; the next stage may have begun to measure its own.
        cx.job_mut(job).since = left.record.since;
        match (&mut self.orbit, cx.job(job).refused_with.named()) {
            (Some(orbit), Some(nack)) => orbit.refused(cx, nack, by, job),
            // An error is told to every producer, and a station has no retries of its own.
            _ => cx.settle(job, Fate::dropped(by, reject::refusal(cx, job))),
        }
        if left.holds_server {
            self.busy -= 1;
            self.proceed(cx);
        }
    }

    pub(super) fn take_leaving(&mut self, job: JobId) -> Leaving {
        let place = self.leaving.iter().position(|leaving| leaving.job == job);
        self.leaving.swap_remove(place.expect("only an offer is answered"))
    }

    /// A job comes back for another try at the next stage: the same one, since its draw is of its visit.
    pub(super) fn back_from_orbit(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        if let Some(orbit) = &mut self.orbit {
            orbit.returned(cx);
        }
        match self.plan.returns {
            Returns::HandOver => {
                let to = self.way_out(job, cx).expect("it was handed back by the next stage");
                self.offer_on(job, to, false, cx);
            }
            Returns::Service => self.serve_again(job, cx),
        }
    }

    fn serve_again(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let record = cx.job_mut(job);
        record.since = now;
        // The stage that handed it back wrote its own into the tag; nobody waits for its end.
        record.tag = u32::from(NOBODY);
        let (size, priority) = (u64::from(record.size_bytes), i32::from(record.priority));
        self.queue.push_front(now, job, size, priority);
        self.proceed(cx);
    }
}
