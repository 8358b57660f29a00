//! What happens to the controller from outside: changed limits, death and return.

use sim_core::random::{MessageStream, Random};

use super::control::{Context, Core, Process, Waiting};
use super::state::Phase;

impl Core {
    pub(super) fn set_semaphore_limit(&mut self, cx: &mut Context<'_>, lock: u32, limit: u32) {
        self.locks[lock as usize].set_limit(limit);
        for index in 0..self.locks[lock as usize].line.len() {
            let slot = self.locks[lock as usize].line.at(index).slot;
            self.requeue_limited(cx, slot, cx.now);
        }
        self.pump(cx);
    }

    pub(super) fn stop(&mut self) {
        if self.process == Process::Down {
            return;
        }
        self.process = Process::Down;
        self.epoch = self.epoch.wrapping_add(1);
        self.queue.clear();
        self.workers_busy = 0;
        self.throttler.clear();
        for lock in &mut self.locks {
            lock.forget();
        }
        for slot in 0..self.workflows.len() as u32 {
            let workflow = &mut self.workflows[slot as usize];
            if !workflow.flags.live {
                continue;
            }
            workflow.forget();
            self.set_waiting(slot, Waiting::No);
            if self.workflows[slot as usize].phase == Phase::Done {
                self.vacate(slot);
            }
        }
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>) {
        if self.process == Process::Up {
            return;
        }
        self.process = Process::Up;
        self.fresh_limiters();
        let live = |slot: &u32| self.workflows[*slot as usize].flags.live;
        let mut slots: Vec<u32> = (0..self.workflows.len() as u32).filter(live).collect();
        slots.sort_unstable_by_key(|&slot| self.listed(slot));
        for &slot in &slots {
            let workflow = &mut self.workflows[slot as usize];
            if workflow.phase == Phase::Running {
                self.throttler.count(&mut workflow.seat);
            }
        }
        self.restore_holders(cx, &slots);
        for &slot in &slots {
            if !self.workflows[slot as usize].seat.admitted {
                self.add_to_throttler(cx, slot);
            }
            self.enqueue(slot);
        }
        self.pump(cx);
    }

    /// The place of a workflow in the list that a new controller reads: by name, and names end in random
    /// letters (`generateName`). The ideal controller goes by age.
    fn listed(&self, slot: u32) -> (u64, u64) {
        let workflow = &self.workflows[slot as usize];
        let name = if self.is_ideal() {
            0
        } else {
            MessageStream::new(workflow.key, self.names, 0).next_u64()
        };
        (name, workflow.sequence)
    }
}
