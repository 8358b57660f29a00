//! Events of the present instant that were scheduled during it: a ring for each phase.
//!
//! They need no search, since within a phase the order of scheduling is the order of dispatch.

use std::collections::VecDeque;

use super::entry::{Entry, rank};
use super::{PHASES, Phase, Tag};

struct Waiting<E> {
    rank: u64,
    tag: Tag,
    event: E,
}

pub(super) struct Immediate<E> {
    rings: [VecDeque<Waiting<E>>; PHASES],
    /// Which rings hold something, bit by bit.
    used: u8,
}

impl<E: Copy> Immediate<E> {
    pub(super) fn new() -> Self {
        Self { rings: std::array::from_fn(|_| VecDeque::new()), used: 0 }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Entries held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rings.iter().map(VecDeque::len).sum()
    }

    #[inline]
    pub(super) fn push(&mut self, phase: Phase, sequence: u64, tag: Tag, event: E) {
        self.used |= 1 << phase as u8;
        let rank = rank(phase, sequence);
        self.rings[phase as usize].push_back(Waiting { rank, tag, event });
    }

    /// The rank of the first; the rings must not be empty.
    #[inline]
    pub(super) fn first_rank(&self) -> u64 {
        self.rings[self.first_ring()].front().map_or(u64::MAX, |first| first.rank)
    }

    /// Takes the first, as an entry due at `now`.
    #[inline]
    pub(super) fn take_first(&mut self, now: u64) -> Option<Entry<E>> {
        let ring = self.first_ring();
        let Waiting { rank, tag, event } = self.rings[ring].pop_front()?;
        if self.rings[ring].is_empty() {
            self.used &= !(1 << ring);
        }
        Some(Entry { time: now, rank, tag, event })
    }

    /// Index of the first ring that holds something (of the last, if none does).
    #[inline]
    fn first_ring(&self) -> usize {
        (self.used.trailing_zeros() as usize).min(PHASES - 1)
    }

    /// Keeps the entries of which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(Tag) -> bool) {
        for (index, ring) in self.rings.iter_mut().enumerate() {
            ring.retain(|waiting| keep(waiting.tag));
            if ring.is_empty() {
                self.used &= !(1 << index);
            }
        }
    }
}
