//! Taking and giving back locks (`workflow/sync/sync_manager.go`): all locks of an owner together or
//! none, only from the head of the line, and waiters are looked at after a delay.

use std::ops::Range;

use super::config::Realism;
use super::control::{Context, Core, Look};
use super::heap::{Level, Ticket, Waiter};
use super::lock::{Availability, Holding, LockKind};
use super::plan::Plan;
use super::state::{NodeState, PodPhase};

impl Core {
    /// `TryAcquire` for one owner's claims; tells whether it holds them all now. A failed try stays in
    /// every line it stands in.
    pub(super) fn try_acquire(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        claims: Range<u32>,
        look: &mut Look,
    ) -> bool {
        self.queue_up(cx, slot, claims.clone());
        let mut all = true;
        for claim in claims.clone() {
            all &= self.check_claim(cx, slot, claim, look);
        }
        if all {
            for claim in claims {
                self.take(cx, slot, claim, look);
            }
        } else {
            for claim in claims {
                look.updated |= self.note_waiting(cx, slot, claim);
            }
        }
        all
    }

    fn lock_of(&self, cx: &Context<'_>, slot: u32, claim: u32) -> usize {
        cx.plans[self.workflows[slot as usize].template as usize].claims[claim as usize] as usize
    }

    fn queue_up(&mut self, cx: &Context<'_>, slot: u32, claims: Range<u32>) {
        for claim in claims {
            let lock = self.lock_of(cx, slot, claim);
            let waiter = waiter(cx.plans, self.workflows[slot as usize].template, slot, claim);
            let workflow = &mut self.workflows[slot as usize];
            let rank = workflow.seat.rank;
            let claim = &mut workflow.claims[claim as usize];
            if claim.held == Holding::No && claim.ticket.is_none() {
                claim.ticket = self.locks[lock].queue(rank, waiter);
            }
        }
    }

    fn check_claim(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        claim: u32,
        look: &mut Look,
    ) -> bool {
        let index = self.lock_of(cx, slot, claim);
        let cache = self.config.semaphore_limit_cache;
        let limit = self.locks[index].read_limit(cx.now, cache, &mut look.reads);
        let claimant = waiter(cx.plans, self.workflows[slot as usize].template, slot, claim);
        let held = self.workflows[slot as usize].claims[claim as usize].held;
        match self.locks[index].check(claimant, held, limit) {
            Availability::Free | Availability::Held => true,
            Availability::Busy { wake } => {
                if let Some(head) = wake {
                    self.notify(cx, head);
                }
                false
            }
        }
    }

    fn take(&mut self, cx: &mut Context<'_>, slot: u32, claim: u32, look: &mut Look) {
        let index = self.lock_of(cx, slot, claim);
        let cache = self.config.semaphore_limit_cache;
        // The second check of the real one reads the limit once more.
        let limit = self.locks[index].read_limit(cx.now, cache, &mut look.reads);
        if self.workflows[slot as usize].claims[claim as usize].held == Holding::Yes {
            return;
        }
        self.locks[index].held += 1;
        self.locks[index].serial = self.locks[index].serial.wrapping_add(1);
        self.leave_line(slot, claim, index);
        self.workflows[slot as usize].claims[claim as usize].held = Holding::Yes;
        look.updated = true;
        // ... and the message, and the notification, once each.
        self.locks[index].read_limit(cx.now, cache, &mut look.reads);
        self.locks[index].read_limit(cx.now, cache, &mut look.reads);
        self.notify_line(cx, index, limit);
    }

    /// The real one takes the head out of the line, which may be the ticket of another node of the same
    /// workflow; that node gets in line again at its next look. The ideal one takes out the right one.
    fn leave_line(&mut self, slot: u32, claim: u32, index: usize) {
        let own = &mut self.workflows[slot as usize].claims[claim as usize].ticket;
        if self.config.realism == Realism::Immediate {
            let own = std::mem::replace(own, Ticket::NONE);
            self.locks[index].line.remove(own);
        } else if let Some(head) = self.locks[index].line.pop() {
            self.workflows[head.slot as usize].claims[head.claim as usize].ticket = Ticket::NONE;
        }
    }

    fn notify_line(&mut self, cx: &mut Context<'_>, index: usize, limit: u32) {
        for position in 0..self.locks[index].room_for(limit) {
            let slot = self.locks[index].line.at(position).slot;
            self.notify(cx, slot);
        }
    }

    /// `LockWaiting`: a semaphore waiter rewrites the list of holders every time (it comes out of a map
    /// in another order), a mutex waiter only when the holder is another.
    fn note_waiting(&mut self, cx: &Context<'_>, slot: u32, claim: u32) -> bool {
        let lock = &self.locks[self.lock_of(cx, slot, claim)];
        let seen = &mut self.workflows[slot as usize].claims[claim as usize].seen;
        let news = seen.replace(lock.serial) != Some(lock.serial);
        self.config.realism == Realism::Argo && (lock.kind == LockKind::Semaphore || news)
    }

    /// `Release` for one owner: its permits go back, it leaves every line.
    ///
    /// The real controller notifies first and leaves the line after, so that the notification may go to
    /// the very node that leaves, or to a workflow that is over: the others hear of the permit at their
    /// next look, and a mutex waiter may not have one for twenty minutes. The ideal one leaves first, and
    /// tells the next in line whenever there is room.
    pub(super) fn release(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        claims: Range<u32>,
        look: &mut Look,
    ) {
        if self.is_ideal() {
            for claim in claims.clone() {
                self.give_up_ticket(cx, slot, claim);
            }
        }
        for claim in claims {
            let index = self.lock_of(cx, slot, claim);
            let state = &mut self.workflows[slot as usize].claims[claim as usize];
            if state.held == Holding::Yes {
                state.held = Holding::No;
                look.updated = true;
                self.give_back(cx, index, look);
            }
            self.give_up_ticket(cx, slot, claim);
        }
    }

    fn give_up_ticket(&mut self, cx: &mut Context<'_>, slot: u32, claim: u32) {
        let index = self.lock_of(cx, slot, claim);
        let ticket = &mut self.workflows[slot as usize].claims[claim as usize].ticket;
        let ticket = std::mem::replace(ticket, Ticket::NONE);
        if ticket.is_none() {
            return;
        }
        self.locks[index].line.remove(ticket);
        if self.is_ideal() {
            self.notify_line(cx, index, self.locks[index].limit());
        }
    }

    fn give_back(&mut self, cx: &mut Context<'_>, index: usize, look: &mut Look) {
        let cache = self.config.semaphore_limit_cache;
        let limit = self.locks[index].read_limit(cx.now, cache, &mut look.reads);
        self.locks[index].held -= 1;
        self.locks[index].serial = self.locks[index].serial.wrapping_add(1);
        if self.locks[index].held < limit && !self.locks[index].line.is_empty() {
            self.locks[index].read_limit(cx.now, cache, &mut look.reads);
            self.notify_line(cx, index, limit);
        }
    }

    pub(super) fn release_all(&mut self, cx: &mut Context<'_>, slot: u32, look: &mut Look) {
        let claims = 0..self.workflows[slot as usize].claims.len() as u32;
        self.release(cx, slot, claims, look);
    }

    /// After a restart, holders are counted from what the workflows' status says.
    pub(super) fn restore_holders(&mut self, cx: &Context<'_>, slots: &[u32]) {
        let forgets = self.config.version.forgets_a_holder_on_restart() && !self.is_ideal();
        let mut seen = vec![false; self.locks.len()];
        for &slot in slots {
            for claim in 0..self.workflows[slot as usize].claims.len() as u32 {
                let index = self.lock_of(cx, slot, claim);
                let held = &mut self.workflows[slot as usize].claims[claim as usize].held;
                if *held == Holding::No {
                    continue;
                }
                let first = !std::mem::replace(&mut seen[index], true);
                if first && forgets && self.locks[index].kind == LockKind::Semaphore {
                    *held = Holding::No;
                } else {
                    self.locks[index].held += 1;
                }
            }
        }
    }

    /// See [`super::Controller::assert_consistent`].
    pub(super) fn assert_consistent(&self, plans: &[Plan]) {
        let mut held = vec![0_u32; self.locks.len()];
        let mut waiting = vec![0_usize; self.locks.len()];
        let mut pods = [0_u64; 2];
        let mut nodes_waiting = 0_u64;
        for workflow in self.workflows.iter().filter(|workflow| workflow.flags.live) {
            let plan = &plans[workflow.template as usize];
            for (claim, &lock) in workflow.claims.iter().zip(&plan.claims) {
                held[lock as usize] += u32::from(claim.held == Holding::Yes);
                waiting[lock as usize] += usize::from(!claim.ticket.is_none());
            }
            for node in &workflow.nodes {
                pods[0] += u64::from(node.pod == PodPhase::Pending);
                pods[1] += u64::from(node.pod == PodPhase::Running);
                nodes_waiting += u64::from(node.state == NodeState::WaitingLock);
            }
            let active = workflow.nodes.iter().zip(&plan.nodes);
            let active =
                active.filter(|(node, spec)| spec.is_pod() && node.state.is_active()).count();
            assert_eq!(workflow.active_pods as usize, active, "active pods of {:?}", workflow.id);
        }
        for (index, lock) in self.locks.iter().enumerate() {
            assert_eq!(lock.held, held[index], "permits of `{}`", lock.name);
            assert_eq!(lock.line.len(), waiting[index], "the line of `{}`", lock.name);
        }
        assert_eq!([self.counts.pods_pending, self.counts.pods_running], pods, "pods");
        assert_eq!(self.counts.nodes_waiting, nodes_waiting, "waiting nodes");
    }
}

fn waiter(plans: &[Plan], template: u32, slot: u32, claim: u32) -> Waiter {
    let own = claim < plans[template as usize].own_claims;
    Waiter { slot, claim, level: if own { Level::Workflow } else { Level::Template } }
}
