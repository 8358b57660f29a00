//! The process in which a trigger runs: what its end and its restart do.

use super::{DeliveryMode, Trigger};
use crate::engine::Cx;
use crate::engine::event::Signal;
use crate::engine::fate::{Fate, FateKind, Reason};
use crate::engine::job::JobId;

impl Trigger {
    /// The process ends. Saved events survive (they are in a key-value bucket of the bus); what was not
    /// acked goes back to the bus; everything else in memory is gone.
    pub(super) fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        self.epoch = self.epoch.wrapping_add(1);
        let from = cx.me;
        for &consumer in &self.plan.consumers {
            cx.send(self.plan.bus, Signal::CancelPull { from, consumer });
        }
        for (_, job) in std::mem::take(&mut self.inbox) {
            self.abandon(job, cx);
        }
        let waiting = std::mem::take(&mut self.memory).into_iter().map(|waiting| waiting.job);
        for job in waiting.chain(std::mem::take(&mut self.to_run)).collect::<Vec<_>>() {
            self.lose(job, cx);
        }
        self.current = None;
        self.handed_back = false;
        self.in_memory = 0;
        self.executing = 0;
        cx.gauge(self.gauges.in_memory, 0);
        self.gauge_tokens(cx);
        self.gauge_inbox(0, cx);
        cx.gauge(self.gauges.executing, 0);
    }

    pub(super) fn start_again(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.stopped || self.is_down || self.sensor_is_down {
            return;
        }
        self.stopped = false;
        self.rate_limit = self.plan.rate_limit.clone();
        for consumer in 0..self.plan.consumers.len() {
            self.pull(consumer as u16, cx);
        }
    }

    /// The job was in the memory of a process that ended.
    pub(super) fn lose(&mut self, job: JobId, cx: &mut Cx<'_, '_>) {
        match self.plan.delivery {
            DeliveryMode::AtLeastOnce => self.abandon(job, cx),
            DeliveryMode::FireAndForget => {
                cx.settle(
                    job,
                    Fate { kind: FateKind::Dropped, reason: Reason::MemoryLost, at: cx.me },
                );
            }
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
