//! The waiting line of throttler and locks: a binary heap that behaves element by element like Go's
//! `container/heap`, because the real controller notifies "the first N of the heap array" and its
//! ties (creation times have a resolution of one second) fall as the array happens to lie.
//!
//! Invariant: `slots[ticket].index` is the position of that ticket's item in `items`.

/// Who waits: a workflow's slot, and the claim (lock reference) within it that wants the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    pub(super) slot: u32,
    pub(super) claim: u32,
    pub(super) level: Level,
}

/// The two kinds of lock keys; a workflow's own key never counts as "same workflow" as a node's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Workflow,
    Template,
}

/// A place in line; stays valid while the heap moves items about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u32);

impl Ticket {
    /// Not in line.
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// What decides the order: higher priority first, then earlier creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rank {
    pub(super) priority: i32,
    pub(super) created: u64,
}

impl Rank {
    pub(super) fn before(self, other: Self) -> bool {
        if self.priority == other.priority {
            self.created < other.created
        } else {
            self.priority > other.priority
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Item {
    rank: Rank,
    ticket: u32,
    waiter: Waiter,
}

/// See the module's documentation.
#[derive(Clone, Debug, Default)]
pub(super) struct WaitingLine {
    items: Vec<Item>,
    index_of: Vec<u32>,
    free: Vec<u32>,
}

impl WaitingLine {
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The waiter at position `index` of the heap array.
    pub(super) fn at(&self, index: usize) -> Waiter {
        self.items[index].waiter
    }

    pub(super) fn peek(&self) -> Option<(Rank, Waiter)> {
        self.items.first().map(|item| (item.rank, item.waiter))
    }

    pub(super) fn push(&mut self, rank: Rank, waiter: Waiter) -> Ticket {
        let ticket = self.free.pop().unwrap_or_else(|| {
            self.index_of.push(0);
            (self.index_of.len() - 1) as u32
        });
        let index = self.items.len();
        self.index_of[ticket as usize] = index as u32;
        self.items.push(Item { rank, ticket, waiter });
        self.up(index);
        Ticket(ticket)
    }

    /// Takes the head out. Its owner must forget the ticket.
    pub(super) fn pop(&mut self) -> Option<Waiter> {
        let last = self.items.len().checked_sub(1)?;
        self.swap(0, last);
        self.down(0, last);
        Some(self.drop_last())
    }

    pub(super) fn remove(&mut self, ticket: Ticket) {
        let index = self.index_of[ticket.0 as usize] as usize;
        let last = self.items.len() - 1;
        if last != index {
            self.swap(index, last);
            if !self.down(index, last) {
                self.up(index);
            }
        }
        self.drop_last();
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.index_of.clear();
        self.free.clear();
    }

    fn drop_last(&mut self) -> Waiter {
        let item = self.items.pop().expect("the caller saw an item");
        self.free.push(item.ticket);
        item.waiter
    }

    fn less(&self, i: usize, j: usize) -> bool {
        self.items[i].rank.before(self.items[j].rank)
    }

    fn swap(&mut self, i: usize, j: usize) {
        self.items.swap(i, j);
        self.index_of[self.items[i].ticket as usize] = i as u32;
        self.index_of[self.items[j].ticket as usize] = j as u32;
    }

    fn up(&mut self, mut child: usize) {
        while child > 0 {
            let parent = (child - 1) / 2;
            if !self.less(child, parent) {
                break;
            }
            self.swap(parent, child);
            child = parent;
        }
    }

    /// Sinks `start` within the first `len` items; tells whether it moved.
    fn down(&mut self, start: usize, len: usize) -> bool {
        let mut parent = start;
        loop {
            let left = 2 * parent + 1;
            if left >= len {
                break;
            }
            let right = left + 1;
            let child = if right < len && self.less(right, left) { right } else { left };
            if !self.less(child, parent) {
                break;
            }
            self.swap(parent, child);
            parent = child;
        }
        parent > start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(created: &[u64]) -> (WaitingLine, Vec<Ticket>) {
        let mut line = WaitingLine::default();
        let tickets = (0_u32..)
            .zip(created)
            .map(|(slot, &created)| {
                let waiter = Waiter { slot, claim: 0, level: Level::Workflow };
                line.push(Rank { priority: 0, created }, waiter)
            })
            .collect();
        (line, tickets)
    }

    fn drain(line: &mut WaitingLine) -> Vec<u32> {
        std::iter::from_fn(|| line.pop()).map(|waiter| waiter.slot).collect()
    }

    /// Worked by hand from the algorithm of Go's `container/heap`: equal ranks leave in an order that is
    /// neither first-in-first-out nor its reverse.
    #[test]
    fn ties_fall_as_in_container_heap() {
        let (mut line, _) = line(&[0; 5]);
        assert_eq!(drain(&mut line), [0, 4, 3, 2, 1]);
    }

    #[test]
    fn priority_goes_before_age() {
        let mut line = WaitingLine::default();
        for (slot, priority, created) in [(0, 0, 1), (1, 5, 9), (2, 5, 3), (3, -1, 0)] {
            line.push(
                Rank { priority, created },
                Waiter { slot, claim: 0, level: Level::Workflow },
            );
        }
        assert_eq!(drain(&mut line), [2, 1, 0, 3]);
    }

    #[test]
    fn the_array_keeps_the_heap_layout() {
        let (line, _) = line(&[5, 4, 3, 2, 1]);
        let layout: Vec<u32> = (0..line.len()).map(|index| line.at(index).slot).collect();
        assert_eq!(layout, [4, 3, 1, 0, 2]);
    }

    #[test]
    fn removal_anywhere_keeps_the_order() {
        for gone in 0..7 {
            let (mut line, tickets) = line(&[3, 1, 4, 1, 5, 9, 2]);
            line.remove(tickets[gone]);
            let created = [3, 1, 4, 1, 5, 9, 2];
            let left: Vec<u64> =
                drain(&mut line).iter().map(|&slot| created[slot as usize]).collect();
            assert_eq!(left.len(), 6);
            assert!(left.is_sorted(), "{left:?}");
        }
    }
}
