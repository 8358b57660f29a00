//! One semaphore or mutex, as `workflow/sync/semaphore.go` of argo-workflows 4 keeps it: a count of
//! holders, a heap of waiters, and a limit that is read anew at every look.

use sim_core::time::{SimDuration, SimTime};

use super::heap::{Rank, Ticket, Waiter, WaitingLine};

/// What kind of lock; only a semaphore's limit costs an API call to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LockKind {
    Semaphore,
    Mutex,
}

/// The answer to "could this claim have the lock?"
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Availability {
    Free,
    Held,
    /// Not now; `wake` is the workflow at the head that should be looked at since there is room.
    Busy {
        wake: Option<u32>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Lock {
    pub(super) name: String,
    pub(super) kind: LockKind,
    /// The limit as it stands in the ConfigMap.
    limit: u32,
    /// The limit as last read, and when.
    cached: Option<(u32, SimTime)>,
    pub(super) held: u32,
    pub(super) line: WaitingLine,
    /// Counts changes of holders: a mutex waiter rewrites its status only when this moved.
    pub(super) serial: u32,
}

impl Lock {
    pub(super) fn new(name: String, kind: LockKind, limit: u32) -> Self {
        Self { name, kind, limit, cached: None, held: 0, line: WaitingLine::default(), serial: 0 }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Whether the next look at the limit is a call to the API.
    pub(super) fn must_read(&self, now: SimTime, cache: SimDuration) -> bool {
        let fresh = self.cached.is_some_and(|(_, at)| now.since(at) < cache);
        self.kind == LockKind::Semaphore && !fresh
    }

    /// What a controller that ends loses.
    pub(super) fn forget(&mut self) {
        self.cached = None;
        self.held = 0;
        self.line.clear();
    }

    /// Reads the limit; adds to `reads` when that is a call to the API.
    pub(super) fn read_limit(&mut self, now: SimTime, cache: SimDuration, reads: &mut u32) -> u32 {
        if self.kind == LockKind::Mutex {
            return 1;
        }
        if let Some((limit, at)) = self.cached
            && now.since(at) < cache
        {
            return limit;
        }
        *reads += 1;
        self.cached = Some((self.limit, now));
        self.limit
    }

    /// `checkAcquire`: free only for the head of the line, or for another node of the head's workflow.
    pub(super) fn check(&self, claimant: Waiter, already: Holding, limit: u32) -> Availability {
        if already == Holding::Yes {
            return Availability::Held;
        }
        let room = self.held < limit;
        match self.line.peek() {
            Some((_, head)) if head.slot != claimant.slot || head.level != claimant.level => {
                Availability::Busy { wake: room.then_some(head.slot) }
            }
            _ if room => Availability::Free,
            _ => Availability::Busy { wake: None },
        }
    }

    pub(super) fn queue(&mut self, rank: Rank, waiter: Waiter) -> Ticket {
        self.line.push(rank, waiter)
    }

    /// How many of the first waiters in the heap array there is room for.
    pub(super) fn room_for(&self, limit: u32) -> usize {
        (limit.saturating_sub(self.held) as usize).min(self.line.len())
    }
}

/// Whether a claim holds its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holding {
    Yes,
    No,
}

#[cfg(test)]
mod tests {
    use super::super::heap::Level;
    use super::*;

    fn waiter(slot: u32, level: Level) -> Waiter {
        Waiter { slot, claim: 0, level }
    }

    /// `semaphore.go`, `checkAcquire`: not the head, so it waits, and the head is woken when there is room.
    #[test]
    fn only_the_head_passes() {
        let mut lock = Lock::new("l".into(), LockKind::Semaphore, 2);
        for (slot, created) in [(7, 1), (8, 2)] {
            lock.queue(Rank { priority: 0, created }, waiter(slot, Level::Workflow));
        }
        let check = |lock: &Lock, slot, level| lock.check(waiter(slot, level), Holding::No, 2);
        assert_eq!(check(&lock, 8, Level::Workflow), Availability::Busy { wake: Some(7) });
        assert_eq!(check(&lock, 7, Level::Workflow), Availability::Free);
        assert_eq!(check(&lock, 7, Level::Template), Availability::Busy { wake: Some(7) });
        lock.held = 2;
        assert_eq!(check(&lock, 8, Level::Workflow), Availability::Busy { wake: None });
        assert_eq!(check(&lock, 7, Level::Workflow), Availability::Busy { wake: None });
    }

    /// argo-workflows#14205: without a cache every look is a GET.
    #[test]
    fn the_cache_saves_reads() {
        let mut lock = Lock::new("l".into(), LockKind::Semaphore, 2);
        let mut reads = 0;
        let second = |s| SimTime::ZERO + SimDuration::from_secs(s);
        for s in 0..10 {
            lock.read_limit(second(s), SimDuration::ZERO, &mut reads);
        }
        assert_eq!(reads, 10);
        let cache = SimDuration::from_secs(5);
        reads = 0;
        lock.set_limit(9);
        let seen: Vec<u32> =
            (10..20).map(|s| lock.read_limit(second(s), cache, &mut reads)).collect();
        assert_eq!(seen, [2, 2, 2, 2, 9, 9, 9, 9, 9, 9]);
        assert_eq!(reads, 2, "at 14 s and at 19 s");
    }
}
