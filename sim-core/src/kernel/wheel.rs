//! The later events: an exact hierarchical timing wheel (Varghese and Lauck, "Hashed and
//! Hierarchical Timing Wheels", SOSP 1987) with 64 slots a level and a bitmap per level.
//!
//! A time is eleven digits of six bits. An entry lies at the level of the highest digit in which its
//! time differs from `base`, in the slot of that digit: all entries of a lower level are earlier
//! than all of a higher one, and within a level the slots are in order of time. Nothing is rounded:
//! the entries of a slot are sorted by their exact key when their turn comes.
//!
//! Invariant: `base` is at most the time of every entry held.

use super::entry::Entry;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// Entries a chunk; also what counts as few, see [`Place::is_small`].
pub(super) const CHUNK: usize = 16;
const NO_CHUNK: u32 = u32::MAX;

/// A chain of chunks; all but the last are full.
#[derive(Clone, Copy)]
struct Slot {
    first: u32,
    last: u32,
    count: u32,
}

const EMPTY: Slot = Slot { first: NO_CHUNK, last: NO_CHUNK, count: 0 };

/// A slot that holds something.
#[derive(Clone, Copy)]
pub(super) struct Place {
    level: usize,
    index: usize,
    /// The earliest time that belongs to the slot.
    pub(super) start: u64,
    /// How many entries it holds.
    pub(super) count: usize,
}

impl Place {
    /// Whether the slot should be sorted as it is: it holds few, or a single instant.
    #[inline]
    pub(super) fn is_small(&self) -> bool {
        self.count <= CHUNK || self.level == 0
    }

    /// The latest time that belongs to the slot.
    #[inline]
    pub(super) fn end(&self) -> u64 {
        self.start | ((1 << (DIGIT_BITS * self.level as u32)) - 1)
    }
}

pub(super) struct Wheel<E> {
    base: u64,
    len: usize,
    /// Which levels hold something, bit by bit.
    levels: u64,
    /// Which slots of a level hold something.
    slots_used: [u64; LEVELS],
    slots: Vec<Slot>,
    /// Chunk `c` is the `CHUNK` entries from `c * CHUNK`: neighbors in time are neighbors in memory.
    entries: Vec<Entry<E>>,
    /// The chunk after each chunk, in a slot's chain or among the free ones.
    next: Vec<u32>,
    free: u32,
}

impl<E: Copy> Wheel<E> {
    pub(super) fn new() -> Self {
        Self {
            base: 0,
            len: 0,
            levels: 0,
            slots_used: [0; LEVELS],
            slots: vec![EMPTY; LEVELS * SLOTS],
            entries: Vec::new(),
            next: Vec::new(),
            free: NO_CHUNK,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Moves the base of an empty wheel: no entry may be inserted before `base` from now on.
    pub(super) fn rebase(&mut self, base: u64) {
        assert_eq!(self.len, 0, "only an empty wheel can be moved");
        self.base = base;
    }

    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<E>) {
        debug_assert!(entry.time >= self.base);
        self.len += 1;
        self.place(entry);
    }

    /// Puts `entry` where it belongs relative to `base`, without counting it.
    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        let highest_bit = ((entry.time ^ self.base) | 1).ilog2();
        let level = highest_bit / DIGIT_BITS;
        let digit = (entry.time >> (level * DIGIT_BITS)) as usize % SLOTS;
        let index = level as usize * SLOTS + digit;
        let offset = self.slots[index].count as usize % CHUNK;
        if offset == 0 {
            self.levels |= 1 << level;
            self.slots_used[level as usize] |= 1 << digit;
            self.append_chunk(index, entry);
        }
        let slot = &mut self.slots[index];
        slot.count += 1;
        self.entries[slot.last as usize * CHUNK + offset] = entry;
    }

    /// Gives the slot one more chunk. `filler` stands in new memory until it is written.
    #[inline]
    fn append_chunk(&mut self, index: usize, filler: Entry<E>) {
        if self.free == NO_CHUNK {
            self.add_chunk(filler);
        }
        let chunk = self.free;
        self.free = self.next[chunk as usize];
        self.next[chunk as usize] = NO_CHUNK;
        let slot = &mut self.slots[index];
        if slot.count == 0 {
            slot.first = chunk;
        } else {
            self.next[slot.last as usize] = chunk;
        }
        slot.last = chunk;
    }

    #[cold]
    #[inline(never)]
    fn add_chunk(&mut self, filler: Entry<E>) {
        let chunk = u32::try_from(self.next.len()).expect("fewer than 2^32 chunks");
        self.entries.resize(self.entries.len() + CHUNK, filler);
        self.next.push(NO_CHUNK);
        self.free = chunk;
    }

    /// The slot with the earliest entries.
    #[inline]
    pub(super) fn lowest(&self) -> Option<Place> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        let digit = self.slots_used[level].trailing_zeros() as usize;
        let shift = DIGIT_BITS * level as u32;
        let higher_digits = self.base & (u64::MAX << shift << (DIGIT_BITS - 1) << 1);
        let index = level * SLOTS + digit;
        let start = higher_digits | (digit as u64) << shift;
        Some(Place { level, index, start, count: self.slots[index].count as usize })
    }

    /// The entries of a slot, chunk by chunk.
    pub(super) fn chunks(&self, place: Place) -> impl Iterator<Item = &[Entry<E>]> {
        let mut chunk = self.slots[place.index].first;
        let mut left = place.count;
        std::iter::from_fn(move || {
            let held = left.min(CHUNK);
            let begin = chunk as usize * CHUNK;
            (held > 0).then(|| {
                left -= held;
                chunk = self.next[chunk as usize];
                &self.entries[begin..begin + held]
            })
        })
    }

    /// Makes the lowest slot the base; nothing may be inserted before its start from now on.
    #[inline]
    pub(super) fn advance_to(&mut self, lowest: Place) {
        debug_assert!(lowest.start >= self.base);
        self.base = lowest.start;
    }

    /// Moves all entries of a slot to `out`.
    #[inline]
    pub(super) fn drain(&mut self, place: Place, out: &mut Vec<Entry<E>>) {
        let slot = self.detach(place);
        self.len -= place.count;
        let mut chunk = slot.first;
        let mut left = place.count;
        while left > 0 {
            let held = left.min(CHUNK);
            let begin = chunk as usize * CHUNK;
            out.extend_from_slice(&self.entries[begin..begin + held]);
            left -= held;
            chunk = self.next[chunk as usize];
        }
        self.next[slot.last as usize] = self.free;
        self.free = slot.first;
    }

    /// Spreads the lowest slot, which has just become the base, over the levels below.
    #[inline(never)]
    pub(super) fn cascade(&mut self, place: Place) {
        debug_assert!(place.level > 0 && place.start == self.base);
        let mut chunk = self.detach(place).first;
        let mut left = place.count;
        while left > 0 {
            let held = left.min(CHUNK);
            let begin = chunk as usize * CHUNK;
            for at in begin..begin + held {
                let entry = self.entries[at];
                self.place(entry);
            }
            left -= held;
            // Freed only now that it has been read: the entries placed next may reuse it.
            let after = self.next[chunk as usize];
            self.next[chunk as usize] = self.free;
            self.free = chunk;
            chunk = after;
        }
    }

    /// Takes the chain out of its slot, which is empty then.
    #[inline]
    fn detach(&mut self, place: Place) -> Slot {
        let used = &mut self.slots_used[place.level];
        *used &= !(1 << (place.index % SLOTS));
        if *used == 0 {
            self.levels &= !(1 << place.level);
        }
        std::mem::replace(&mut self.slots[place.index], EMPTY)
    }

    /// Keeps the entries of which `keep` says so, in a time proportional to what is held.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        let mut all = Vec::with_capacity(self.len);
        while let Some(place) = self.lowest() {
            self.drain(place, &mut all);
        }
        for entry in all {
            if keep(&entry) {
                self.insert(entry);
            }
        }
    }
}
