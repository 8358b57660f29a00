//! Jobs that a component has given to the event list and that come back to it (a service, a request on its
//! way), for components that may stop meanwhile: then all of them can be called off at that instant.
//!
//! Where no fault ever stops the component nothing is remembered.

use std::collections::BTreeMap;

use sim_core::kernel::{Lane, Phase, Timer};
use sim_core::time::SimDuration;

use super::Cx;
use super::event::Signal;
use super::job::JobId;

/// The jobs of one component that are under way; see the [module](self).
#[derive(Debug)]
pub(crate) struct InHand(Option<BTreeMap<JobId, Timer>>);

impl InHand {
    pub(crate) fn new(cx: &Cx<'_, '_>) -> Self {
        Self(cx.world.may_stop[cx.me as usize].then(BTreeMap::new))
    }

    /// Says `Carry` to the component after `delay`.
    #[inline(always)]
    pub(crate) fn after(
        &mut self,
        delay: SimDuration,
        phase: Phase,
        (what, job): (u16, JobId),
        cx: &mut Cx<'_, '_>,
    ) {
        let signal = Signal::Carry { what, job };
        match &mut self.0 {
            None => cx.after(delay, phase, signal),
            Some(jobs) => remember(jobs, delay, phase, (signal, job), cx),
        }
    }

    /// The same after the lane's delay.
    #[inline]
    pub(crate) fn after_lane(
        &mut self,
        lane: Lane,
        (what, job): (u16, JobId),
        cx: &mut Cx<'_, '_>,
    ) {
        let signal = Signal::Carry { what, job };
        match &mut self.0 {
            None => cx.after_lane(lane, signal),
            Some(jobs) => {
                jobs.insert(job, cx.after_lane_timer(lane, signal));
            }
        }
    }

    /// The `Carry` came.
    #[inline]
    pub(crate) fn back(&mut self, job: JobId) {
        if let Some(jobs) = &mut self.0 {
            jobs.remove(&job);
        }
    }

    /// Takes all of them from the event list.
    pub(crate) fn call_off(&mut self, cx: &mut Cx<'_, '_>) -> Vec<JobId> {
        let jobs = self.0.as_mut().map(std::mem::take).unwrap_or_default();
        for &timer in jobs.values() {
            cx.cancel(timer);
        }
        jobs.into_keys().collect()
    }
}

#[cold]
fn remember(
    jobs: &mut BTreeMap<JobId, Timer>,
    delay: SimDuration,
    phase: Phase,
    (signal, job): (Signal, JobId),
    cx: &mut Cx<'_, '_>,
) {
    let at = cx.now() + delay;
    jobs.insert(job, cx.timer(at, phase, signal));
}
