//! What a trigger does with messages: asks for them, matches them with its condition, acks them.

use sim_core::kernel::Phase;

use super::{Current, DeliveryMode, PROCESSED, RESET, Trigger};
use crate::engine::Cx;
use crate::engine::event::Signal;
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::FactKind;

impl Trigger {
    pub(super) fn pull(&self, consumer: u16, cx: &mut Cx<'_, '_>) {
        let from = cx.me;
        let consumer = self.plan.consumers[consumer as usize];
        cx.send(self.plan.bus, Signal::Pull { from, consumer });
    }

    pub(super) fn delivered(&mut self, consumer: u16, job: JobId, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return self.abandon(job, cx);
        }
        cx.fact(FactKind::Offered, job);
        cx.job_mut(job).epoch = self.epoch;
        let in_bus = u64::from(cx.job(job).tag);
        self.inbox.push_back((consumer, job));
        if self.current.is_none() {
            self.next_message(cx);
        } else {
            self.gauge_inbox(in_bus, cx);
        }
    }

    pub(super) fn next_message(&mut self, cx: &mut Cx<'_, '_>) {
        let Some((consumer, job)) = self.inbox.pop_front() else { return self.held_up.forget() };
        let delivery = cx.job(job).delivery;
        self.current = Some(Current { job, consumer, delivery });
        self.gauge_inbox(0, cx);
        cx.fact(FactKind::Admitted, job);
        if self.plan.delivery == DeliveryMode::AtLeastOnce {
            cx.send(
                self.plan.bus,
                Signal::Working { consumer: self.bus_consumer(consumer), delivery },
            );
        }
        self.pull(consumer, cx);
        let drawn = self.processing.of(cx, job, self.keys.processing, cx.job(job).tries);
        let processing = drawn.mul_f64(self.slowdown);
        if processing.is_zero() {
            self.processed(job, cx);
        } else {
            self.pause(processing, Phase::Release, PROCESSED, job, cx);
        }
    }

    pub(super) fn bus_consumer(&self, consumer: u16) -> u16 {
        self.plan.consumers[consumer as usize] as u16
    }

    /// The current message is read: which dependencies does it match, and does anything fire?
    pub(super) fn processed(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        let consumer = self.current.expect("a message is being processed").consumer;
        // What has fired before a crash fires again as it is.
        if cx.job(job).is_fired {
            self.to_run.push_back(job);
            return self.run_next(cx);
        }
        let matched = self.matched(consumer, job, cx);
        if matched == 0 {
            cx.settle(job, Fate::filtered(cx.me));
            return self.message_done(cx);
        }
        let last = 63 - matched.leading_zeros();
        for dependency in (0..last).filter(|dependency| matched >> dependency & 1 == 1) {
            let branch = cx.world.jobs.branch(job);
            self.see(dependency as usize, branch, cx);
        }
        self.see(last as usize, job, cx);
        self.run_next(cx);
    }

    /// The dependencies that the message matches, as a bit set.
    pub(super) fn matched(&self, consumer: u16, job: JobId, cx: &Cx<'_, '_>) -> u64 {
        let mut matched = 0;
        for (number, dependency) in (0..).zip(&self.plan.dependencies) {
            let fails = 1.0 - dependency.pass_probability;
            if dependency.consumer == consumer && !cx.chance(fails, job, self.keys.filter, number) {
                matched |= 1 << number;
            }
        }
        matched
    }

    /// The event counts towards the condition, in place of an earlier one of the same dependency.
    pub(super) fn see(&mut self, dependency: usize, job: JobId, cx: &mut Cx<'_, '_>) {
        if !self.plan.condition.joins() {
            return self.to_run.push_back(job);
        }
        if let Some(earlier) = self.saved[dependency].replace(job) {
            cx.drop_job(earlier, Reason::Overwritten);
        } else {
            cx.world.jobs.park();
        }
        let seen = self
            .saved
            .iter()
            .enumerate()
            .fold(0, |seen, (number, saved)| seen | u64::from(saved.is_some()) << number);
        if !self.plan.condition.holds(seen) {
            return;
        }
        cx.world.jobs.unpark(seen.count_ones());
        for other in self.saved.iter_mut().filter_map(Option::take) {
            if other != job {
                cx.world.jobs.join(job, other);
            }
        }
        cx.job_mut(job).is_fired = true;
        self.to_run.push_back(job);
    }

    /// Runs what the current message fired: one after the other and acked at the end, or all at once
    /// and acked at once.
    pub(super) fn run_next(&mut self, cx: &mut Cx<'_, '_>) {
        self.handed_back = false;
        match self.plan.delivery {
            DeliveryMode::FireAndForget => {
                while let Some(job) = self.to_run.pop_front() {
                    self.queue_up(job, cx);
                }
                self.message_done(cx);
            }
            DeliveryMode::AtLeastOnce => match self.to_run.pop_front() {
                Some(job) => self.queue_up(job, cx),
                None => self.message_done(cx),
            },
        }
    }

    /// The current message is over: acked, unless the bus has it back.
    pub(super) fn message_done(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(current) = self.current.take() else { return };
        self.aim_line(cx);
        if !std::mem::take(&mut self.handed_back) {
            let consumer = self.bus_consumer(current.consumer);
            cx.send(self.plan.bus, Signal::Ack { consumer, delivery: current.delivery });
        }
        if !self.stopped {
            self.next_message(cx);
        }
    }

    /// A firing is over (at least once): the next one of the same message, or the next message.
    pub(super) fn run_over(&mut self, cx: &mut Cx<'_, '_>) {
        self.run = None;
        if self.plan.delivery == DeliveryMode::AtLeastOnce {
            match self.to_run.pop_front() {
                Some(job) => self.queue_up(job, cx),
                None => self.message_done(cx),
            }
        }
    }

    pub(super) fn reset(&mut self, cx: &mut Cx<'_, '_>) {
        for job in self.saved.iter_mut().filter_map(Option::take) {
            cx.world.jobs.unpark(1);
            cx.drop_job(job, Reason::ConditionReset);
        }
        if let Some((_, every)) = self.plan.reset {
            cx.after(every, Phase::Change, Signal::Wake { what: RESET, arg: 0 });
        }
    }
}
