//! The process in which a trigger runs: what its memory holds, and what its end and its restart do.
//!
//! What was read at least once and not acked comes again after the bus's ack wait, whatever a call that is
//! still under way does: nobody is left to hear of it. Such a call goes on as a *ghost*, a branch of the
//! event beside the one that goes back to the bus; what it does is done once more than was needed.

use sim_core::kernel::Phase;
use sim_core::time::SimDuration;

use super::{CODE, CODE_BITS, Current, DeliveryMode, LIFE_BITS, Trigger};
use crate::engine::Cx;
use crate::engine::event::Signal;
use crate::engine::fate::Reason;
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;
use crate::sensor;

/// Where the firing is that is under way (at least once).
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) job: JobId,
    at: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the memory of the process.
    Here,
    /// At a gate of the sensor, which gives it back.
    AtGate,
    /// At the action's target.
    Out,
}

/// Jobs that wait for a timer in the memory of the process, by number.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    jobs: Vec<Option<JobId>>,
    free: Vec<u32>,
}

impl Pauses {
    fn begin(&mut self, job: JobId) -> u32 {
        if let Some(number) = self.free.pop() {
            self.jobs[number as usize] = Some(job);
            return number;
        }
        self.jobs.push(Some(job));
        (self.jobs.len() - 1) as u32
    }

    pub(super) fn end(&mut self, number: u32) -> JobId {
        self.free.push(number);
        self.jobs[number as usize].take().expect("a pause ends once")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = JobId> + '_ {
        self.jobs.iter().flatten().copied()
    }

    fn clear(&mut self) -> impl Iterator<Item = JobId> + use<> {
        self.free.clear();
        std::mem::take(&mut self.jobs).into_iter().flatten()
    }
}

impl Trigger {
    /// Keeps the job in memory for a while, after which a timer is due for it.
    pub(super) fn pause(
        &mut self,
        delay: SimDuration,
        phase: Phase,
        code: u16,
        job: JobId,
        cx: &mut Cx<'_, '_>,
    ) {
        debug_assert!(code <= CODE);
        let what = code | self.life() << CODE_BITS;
        let arg = self.pauses.begin(job);
        cx.after(delay, phase, Signal::Wake { what, arg });
    }

    /// The present life of the process, as far as a timer can tell it.
    pub(super) fn life(&self) -> u16 {
        self.epoch & ((1 << LIFE_BITS) - 1)
    }

    /// Notes where the firing of the current message is (at least once).
    pub(super) fn note(&mut self, job: JobId, at: Place) {
        if self.plan.delivery == DeliveryMode::AtLeastOnce {
            self.run = Some(Run { job, at });
        }
    }

    /// The process ends. Saved events survive (they are in a key-value bucket of the bus); what was not
    /// acked goes back to the bus; everything else in memory is gone.
    #[cold]
    pub(super) fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        self.stop_waiting(cx);
        self.epoch = self.epoch.wrapping_add(1);
        let from = cx.me;
        for &consumer in &self.plan.consumers {
            cx.send(self.plan.bus, Signal::CancelPull { from, consumer });
        }
        for (_, job) in std::mem::take(&mut self.inbox) {
            self.abandon(job, cx);
        }
        let current = self.current.take();
        let mut here: Vec<JobId> = self.pauses.clear().collect();
        if let Some((gate, limit)) = self.gate.as_mut().zip(self.plan.rate_limit.as_ref()) {
            here.extend(gate.restart(limit.limiter.clone()));
        }
        let looked_at = self.stop_polling(cx);
        if !self.sensor_is_down {
            let arg = u32::from(cx.me);
            cx.send(self.plan.sensor, Signal::Wake { what: sensor::TAKE_BACK, arg });
        }
        match self.plan.delivery {
            DeliveryMode::FireAndForget => {
                self.lose_all(here, current, cx);
                looked_at.into_iter().for_each(|(job, by, end)| self.conclude(job, by, end, cx));
            }
            DeliveryMode::AtLeastOnce => {
                here.extend(looked_at.into_iter().map(|(job, ..)| job));
                self.hand_back(here, cx);
            }
        }
        self.handed_back = false;
        self.in_memory = 0;
        self.executing = 0;
        cx.gauge(self.gauges.in_memory, 0);
        self.gauge_tokens(cx);
        self.gauge_inbox(0, cx);
        cx.gauge(self.gauges.executing, 0);
    }

    fn lose_all(&mut self, here: Vec<JobId>, current: Option<Current>, cx: &mut Cx<'_, '_>) {
        for job in here {
            // The message that was being read had not been acked.
            if current.is_some_and(|current| current.job == job) {
                self.abandon(job, cx);
            } else {
                self.lose(job, cx);
            }
        }
    }

    /// The current message goes back to the bus once, however many firings of it were to run.
    fn hand_back(&mut self, mut here: Vec<JobId>, cx: &mut Cx<'_, '_>) {
        let run = self.run.take();
        match run {
            Some(Run { job, at: Place::Out }) => here.push(self.leave_ghost(job, cx)),
            // It comes back from there in a moment, and goes on to the bus.
            Some(Run { job, at: Place::AtGate }) => here.push(job),
            Some(Run { at: Place::Here, .. }) | None => {}
        }
        here.extend(std::mem::take(&mut self.to_run));
        let Some((&first, others)) = here.split_first() else { return };
        for &other in others {
            cx.world.jobs.move_joined(other, first);
            let is_fired = cx.job(other).is_fired;
            cx.job_mut(first).is_fired |= is_fired;
            cx.forget(other);
        }
        if !matches!(run, Some(Run { at: Place::AtGate, .. })) {
            self.abandon(first, cx);
        }
    }

    /// The call of `job` goes on for nobody; the event itself is in the branch that is returned.
    pub(super) fn leave_ghost(&self, job: JobId, cx: &mut Cx<'_, '_>) -> JobId {
        let again = cx.world.jobs.branch(job);
        cx.world.jobs.move_joined(job, again);
        cx.job_mut(again).is_fired = cx.job(job).is_fired;
        cx.job_mut(job).is_ghost = true;
        again
    }

    /// What a ghost was called for is done; the event itself is elsewhere.
    #[cold]
    pub(super) fn ghost_is_done(&self, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact(FactKind::Duplicated, job);
        cx.forget(job);
    }

    pub(super) fn start_again(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.stopped || self.is_down || self.sensor_is_down {
            return;
        }
        self.stopped = false;
        // The limiter is as the crash left it: nobody has asked it since.
        for consumer in 0..self.plan.consumers.len() {
            self.pull(consumer as u16, cx);
        }
    }

    /// The job was in the memory of a process that ended.
    pub(super) fn lose(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        match self.plan.delivery {
            DeliveryMode::AtLeastOnce => self.abandon(job, cx),
            DeliveryMode::FireAndForget => cx.drop_job(job, Reason::MemoryLost),
        }
    }

    /// The bus still has the message: it goes back there, and comes again after its ack wait.
    pub(super) fn abandon(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let by = cx.me;
        let record = cx.job_mut(job);
        record.attempts = 0;
        record.tries += 1;
        cx.send(self.plan.bus, Signal::Abandoned { by, job });
    }
}
