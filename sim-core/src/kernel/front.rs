//! The nearest events, sorted: an array whose head moves on, so that taking the first moves nothing.

use super::entry::{Entry, Tag, key};

/// Room made at first; at least four times what the front usually holds, so that moving the live
/// entries back to the beginning of the array costs less than a copy per insertion.
const ROOM: usize = 128;

/// So many entries are sorted by numbers that carry their place.
const NUMBERED: usize = 64;

/// Fewer are sorted as they are: mostly of several slots, and so in order but for their neighbors.
const FEW: usize = 21;

/// Sorted by (time, phase, sequence), earliest first. Insertion searches from the latest, because
/// most events are scheduled after most of those pending.
pub(super) struct Front<E> {
    /// The live entries are those from `head` to `end`. Those beyond are leftovers, kept so that a
    /// new entry can be written part by part, see [`Front::insert`].
    entries: Vec<Entry<E>>,
    head: usize,
    end: usize,
    /// See [`Front::bring`].
    brought: Vec<Entry<E>>,
}

impl<E: Copy> Front<E> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), head: 0, end: 0, brought: Vec::new() }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.end - self.head
    }

    /// Entries there is memory for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.entries.len() + self.brought.capacity()
    }

    #[inline]
    pub(super) fn first(&self) -> Option<&Entry<E>> {
        if self.head == self.end { None } else { self.entries.get(self.head) }
    }

    /// Everything held, earliest first.
    pub(super) fn as_slice(&self) -> &[Entry<E>] {
        &self.entries[self.head..self.end]
    }

    /// Leaves the first out; the caller has looked at [`Front::first`].
    #[inline]
    pub(super) fn advance(&mut self) {
        self.head += 1;
    }

    /// Inserts an entry, given in its parts. They are written one by one: an entry put together on
    /// the stack by small stores and copied by large loads would have to wait for the stores.
    #[inline(always)]
    pub(super) fn insert(&mut self, time: u64, rank: u64, tag: Tag, event: E) {
        if self.end == self.entries.len() {
            self.make_room(1, Entry { time, rank, tag, event });
        }
        let key = key(time, rank);
        // A slice of what is live and one place more: the compiler sees that no index leaves it.
        let held = &mut self.entries[self.head..=self.end];
        let mut place = held.len() - 1;
        while place > 0 && key < held[place - 1].key() {
            held[place] = held[place - 1];
            place -= 1;
        }
        held[place].set(time, rank, tag, event);
        self.end += 1;
    }

    /// Inserts among many: events of one instant, where a lane brings its next event after each.
    ///
    /// That one belongs near the head, or is passed by all that stands before it before the lane
    /// brings another: moving the shorter side keeps the whole instant linear for each lane.
    pub(super) fn insert_crowded(&mut self, entry: Entry<E>) {
        let earlier = self.as_slice().partition_point(|held| held.key() < entry.key());
        if self.head > 0 && earlier < self.len() / 2 {
            let place = self.head + earlier;
            self.entries.copy_within(self.head..place, self.head - 1);
            self.head -= 1;
            self.entries[place - 1] = entry;
        } else {
            self.make_room(1, entry);
            let place = self.head + earlier;
            self.entries.copy_within(place..self.end, place + 1);
            self.entries[place] = entry;
            self.end += 1;
        }
    }

    /// Makes room for `count` more, at a constant cost per insertion: moves the live entries to the
    /// beginning if at least half of the array is behind the head; else the array grows.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, count: usize, filler: Entry<E>) {
        if self.head > 0 && self.head >= self.entries.len() / 2 {
            self.entries.copy_within(self.head..self.end, 0);
            (self.head, self.end) = (0, self.end - self.head);
        }
        if self.end + count > self.entries.len() {
            self.entries.resize((2 * (self.end + count)).max(ROOM), filler);
        }
    }

    /// Forgets everything after the first `keep`.
    pub(super) fn truncate(&mut self, keep: usize) {
        self.end = self.head + keep;
    }

    /// Brings entries without regard to their order; they are part of the front only after
    /// [`Front::take_in`].
    #[inline]
    pub(super) fn bring(&mut self, entries: &[Entry<E>]) {
        self.brought.extend_from_slice(entries);
    }

    /// How many were brought.
    #[inline]
    pub(super) fn brought(&self) -> usize {
        self.brought.len()
    }

    /// Sorts what was brought, all of it due from `start` to `until`, into the front, which is empty.
    #[inline]
    pub(super) fn take_in(&mut self, start: u64, until: u64) {
        debug_assert_eq!(self.len(), 0);
        let count = self.brought.len();
        (self.head, self.end) = (0, count);
        if let Some(&filler) = self.brought.first()
            && count > self.entries.len()
        {
            self.entries.resize((2 * count).max(ROOM), filler);
        }
        let is_worth_it = (FEW..=NUMBERED).contains(&count);
        if !is_worth_it || until - start >= u64::MAX / NUMBERED as u64 {
            self.entries[..count].copy_from_slice(&self.brought);
            self.sort(count);
        } else if self.sort_by_time(start) {
            self.sort(count);
        }
        self.brought.clear();
    }

    #[inline(never)]
    fn sort(&mut self, count: usize) {
        // Keys are unique, so an unstable sort has one result.
        self.entries[..count].sort_unstable_by_key(Entry::key);
    }

    /// Sorts by time what was brought: numbers that carry each its place, for those are moved faster than
    /// entries. Whether some are due at the same time, so that their order is still open.
    #[inline]
    fn sort_by_time(&mut self, start: u64) -> bool {
        let mut numbers = [0; NUMBERED];
        let numbers = &mut numbers[..self.brought.len()];
        for ((place, number), entry) in (0..).zip(&mut *numbers).zip(&self.brought) {
            *number = (entry.time - start) * NUMBERED as u64 + place;
        }
        numbers.sort_unstable();
        let mut has_ties = false;
        let mut before = None;
        for (entry, number) in self.entries.iter_mut().zip(numbers) {
            *entry = self.brought[*number as usize % NUMBERED];
            has_ties |= before == Some(entry.time);
            before = Some(entry.time);
        }
        has_ties
    }

    /// Keeps the entries of which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        let mut kept = self.head;
        for index in self.head..self.end {
            if keep(&self.entries[index]) {
                self.entries[kept] = self.entries[index];
                kept += 1;
            }
        }
        self.end = kept;
    }
}
