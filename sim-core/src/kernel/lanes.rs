//! Classes of events with one constant delay: first in, first out, so only the head needs a search.

use std::collections::VecDeque;

use super::Phase;
use super::entry::Entry;

/// A handle to a class of events with one delay and phase; see [`Kernel::lane`](super::Kernel::lane).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub(super) u32);

pub(super) struct LaneQueue<E> {
    pub(super) delay: u64,
    pub(super) phase: Phase,
    /// Everything but the head, earliest first.
    pub(super) waiting: VecDeque<Entry<E>>,
    /// Whether the head is in the event list.
    pub(super) head_is_listed: bool,
}

pub(super) struct Lanes<E> {
    pub(super) queues: Vec<LaneQueue<E>>,
}

impl<E: Copy> Lanes<E> {
    pub(super) fn new() -> Self {
        Self { queues: Vec::new() }
    }

    /// The lane of this delay and phase, made if it is new.
    pub(super) fn open(&mut self, delay: u64, phase: Phase) -> Lane {
        let is_same = |queue: &LaneQueue<E>| queue.delay == delay && queue.phase == phase;
        let index = self.queues.iter().position(is_same).unwrap_or_else(|| {
            self.queues.push(LaneQueue {
                delay,
                phase,
                waiting: VecDeque::new(),
                head_is_listed: false,
            });
            self.queues.len() - 1
        });
        Lane(u32::try_from(index).expect("fewer than 2^31 lanes"))
    }

    /// Entries held here (the heads are in the event list).
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(|queue| queue.waiting.len()).sum()
    }

    /// Keeps the entries of which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        for queue in &mut self.queues {
            queue.waiting.retain(&mut keep);
        }
    }
}
