//! The nearest events, sorted: an array whose head moves on, so that taking the first moves nothing.

use super::entry::Entry;

/// Room made at first; at least four times what the front usually holds, so that moving the live
/// entries back to the beginning of the array costs less than a copy per insertion.
const ROOM: usize = 128;

/// Sorted by (time, phase, sequence), earliest first. Insertion searches from the latest, because
/// most events are scheduled after most of those pending.
pub(super) struct Front<E> {
    entries: Vec<Entry<E>>,
    /// Everything before this index has been taken.
    head: usize,
}

impl<E: Copy> Front<E> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::with_capacity(ROOM), head: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.head
    }

    #[inline]
    pub(super) fn first(&self) -> Option<&Entry<E>> {
        self.entries.get(self.head)
    }

    /// Everything held, earliest first.
    pub(super) fn as_slice(&self) -> &[Entry<E>] {
        &self.entries[self.head..]
    }

    /// Leaves the first out; the caller has looked at [`Front::first`].
    #[inline]
    pub(super) fn advance(&mut self) {
        self.head += 1;
    }

    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<E>) {
        if self.entries.len() == self.entries.capacity() {
            self.make_room();
        }
        let key = entry.key();
        self.entries.push(entry);
        let live = &mut self.entries[self.head..];
        let mut place = live.len() - 1;
        while place > 0 && key < live[place - 1].key() {
            live[place] = live[place - 1];
            place -= 1;
        }
        live[place] = entry;
    }

    /// Inserts among many: events of one instant, where a lane brings its next event after each.
    ///
    /// That one belongs near the head, or is passed by all that stands before it before the lane
    /// brings another: moving the shorter side keeps the whole instant linear for each lane.
    pub(super) fn insert_crowded(&mut self, entry: Entry<E>) {
        let earlier = self.as_slice().partition_point(|held| held.key() < entry.key());
        let place = self.head + earlier;
        if self.head > 0 && earlier < self.len() / 2 {
            self.entries.copy_within(self.head..place, self.head - 1);
            self.head -= 1;
            self.entries[place - 1] = entry;
        } else {
            self.entries.insert(place, entry);
        }
    }

    /// Moves the live entries to the beginning if at least half of the array is behind the head;
    /// else the array grows. Either way a constant cost per insertion.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self) {
        if self.head >= self.entries.len() / 2 {
            self.entries.drain(..self.head);
            self.head = 0;
        }
    }

    /// Forgets everything after the first `keep`.
    pub(super) fn truncate(&mut self, keep: usize) {
        self.entries.truncate(self.head + keep);
    }

    /// Fills the empty front with what `fill` appends, and sorts it.
    #[inline]
    pub(super) fn refill(&mut self, fill: impl FnOnce(&mut Vec<Entry<E>>)) {
        debug_assert_eq!(self.len(), 0);
        self.entries.clear();
        self.head = 0;
        fill(&mut self.entries);
        // Keys are unique, so an unstable sort has one result.
        self.entries.sort_unstable_by_key(Entry::key);
    }

    /// Keeps the entries of which `keep` says so.
    pub(super) fn retain(&mut self, keep: impl FnMut(&Entry<E>) -> bool) {
        self.entries.drain(..self.head);
        self.head = 0;
        self.entries.retain(keep);
    }
}
