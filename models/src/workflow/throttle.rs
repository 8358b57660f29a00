//! The throttler (`workflow/sync/multi_throttler.go`): controller and namespace parallelism.
//!
//! Waiting workflows stand in one heap per namespace, by priority, then age. Every `add`, `remove` and
//! refused `admit` admits **one** workflow at most: a limit raised by ten is used up one event at a time.

use super::heap::{Level, Rank, Ticket, Waiter, WaitingLine};

/// A workflow as the throttler sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seat {
    pub(super) namespace: u32,
    pub(super) rank: Rank,
    pub(super) ticket: Ticket,
    pub(super) admitted: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Namespace {
    line: WaitingLine,
    running: u32,
    /// Zero: no limit.
    limit: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Throttler {
    parallelism: u32,
    running: u32,
    namespaces: Vec<Namespace>,
}

impl Throttler {
    /// Zero is no limit, everywhere.
    pub(super) fn new(parallelism: u32, namespace_limits: &[u32]) -> Self {
        let namespace = |&limit| Namespace { line: WaitingLine::default(), running: 0, limit };
        Self {
            parallelism,
            running: 0,
            namespaces: namespace_limits.iter().map(namespace).collect(),
        }
    }

    pub(super) fn running(&self) -> u32 {
        self.running
    }

    pub(super) fn set_parallelism(&mut self, parallelism: u32) {
        self.parallelism = parallelism;
    }

    pub(super) fn set_namespace_parallelism(&mut self, namespace: u32, parallelism: u32) {
        self.namespaces[namespace as usize].limit = parallelism;
    }

    /// Forgets everything, as a restarted controller does.
    pub(super) fn clear(&mut self) {
        self.running = 0;
        for namespace in &mut self.namespaces {
            namespace.running = 0;
            namespace.line.clear();
        }
    }

    /// Puts a workflow in line.
    pub(super) fn enqueue(&mut self, slot: u32, seat: &mut Seat) {
        if seat.ticket.is_none() {
            let waiter = Waiter { slot, claim: 0, level: Level::Workflow };
            seat.ticket = self.namespaces[seat.namespace as usize].line.push(seat.rank, waiter);
        }
    }

    /// Counts a workflow as running without asking (a restarted controller's `Init`).
    pub(super) fn count(&mut self, seat: &mut Seat) {
        self.take_place(seat);
    }

    pub(super) fn leave(&mut self, seat: &mut Seat) {
        let namespace = &mut self.namespaces[seat.namespace as usize];
        if seat.admitted {
            seat.admitted = false;
            self.running -= 1;
            namespace.running -= 1;
        }
        if !seat.ticket.is_none() {
            namespace.line.remove(seat.ticket);
            seat.ticket = Ticket::NONE;
        }
    }

    /// `queueThrottled`: takes the best head of all namespaces that have room out of its line. Its seat
    /// must then be given to [`Throttler::admit`].
    ///
    /// The real one goes through the namespaces in random order, which decides ties; here the first wins.
    pub(super) fn next(&mut self) -> Option<u32> {
        if self.parallelism != 0 && self.running >= self.parallelism {
            return None;
        }
        let mut best: Option<(Rank, usize)> = None;
        for (index, namespace) in self.namespaces.iter().enumerate() {
            if namespace.limit != 0 && namespace.running >= namespace.limit {
                continue;
            }
            if let Some((rank, _)) = namespace.line.peek()
                && best.is_none_or(|(first, _)| rank.before(first))
            {
                best = Some((rank, index));
            }
        }
        let (_, index) = best?;
        self.namespaces[index].line.pop().map(|waiter| waiter.slot)
    }

    /// Gives the workflow that [`Throttler::next`] named its place; tells whether it had none before.
    pub(super) fn admit(&mut self, seat: &mut Seat) -> bool {
        seat.ticket = Ticket::NONE;
        let first = !seat.admitted;
        self.take_place(seat);
        first
    }

    fn take_place(&mut self, seat: &mut Seat) {
        if !seat.admitted {
            seat.admitted = true;
            self.running += 1;
            self.namespaces[seat.namespace as usize].running += 1;
        }
    }
}
