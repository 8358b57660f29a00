//! The later events: an exact hierarchical timing wheel (Varghese and Lauck, "Hashed and
//! Hierarchical Timing Wheels", SOSP 1987) with 64 slots a level and a bitmap per level.
//!
//! A time is eleven digits of six bits. An entry lies at the level of the highest digit in which its
//! time differs from `base`, in the slot of that digit: all entries of a lower level are earlier
//! than all of a higher one, and within a level the slots are in order of time. Nothing is rounded:
//! the entries of a slot are sorted by their exact key when their turn comes.
//!
//! Invariant: `base` is at most the time of every entry held.

use super::entry::{Entry, Tag};

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// Entries a chunk. Every chunk of a long chain begins with a wait for memory, so few long ones are faster than
/// many short ones; longer than this gains little and doubles what an idle wheel holds.
const CHUNK: usize = 32;
/// How many entries are few: sorting them costs less than spreading them over the level below.
const SMALL: usize = 40;
const NO_CHUNK: u32 = u32::MAX;

/// A chain of chunks. All but the last are full, and the last has room. The first is the slot's own:
/// chunk `i` belongs to slot `i` for ever (720 KB in all), so that a slot that holds little needs no
/// bookkeeping, and placing an entry no branch that a processor cannot foresee.
#[derive(Clone, Copy)]
struct Slot {
    /// Where the next entry goes.
    tail: u32,
    count: u32,
}

impl Slot {
    fn empty(index: usize) -> Self {
        Self { tail: (index * CHUNK) as u32, count: 0 }
    }

    /// The last chunk of the chain.
    #[inline]
    fn last_chunk(self) -> usize {
        self.tail as usize / CHUNK
    }
}

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
        self.count <= SMALL || self.level == 0
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
    /// The first chunks are the slots' own.
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
            slots: (0..LEVELS * SLOTS).map(Slot::empty).collect(),
            entries: Vec::new(),
            next: Vec::new(),
            free: NO_CHUNK,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Entries there is memory for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.entries.len()
    }

    /// Moves the base of an empty wheel: no entry may be inserted before `base` from now on. To be
    /// called once before the first insertion. `filler` stands in memory until it is written.
    pub(super) fn rebase(&mut self, base: u64, filler: Entry<E>) {
        assert_eq!(self.len, 0, "only an empty wheel can be moved");
        self.base = base;
        if self.entries.is_empty() {
            self.entries.resize(self.slots.len() * CHUNK, filler);
            self.next.resize(self.slots.len(), NO_CHUNK);
        }
    }

    /// Inserts an entry, given in its parts; they are written one by one, as in the front.
    #[inline(always)]
    pub(super) fn insert(&mut self, time: u64, rank: u64, tag: Tag, event: E) {
        debug_assert!(time >= self.base);
        self.len += 1;
        self.place(time, rank, tag, event);
    }

    /// Inserts an entry.
    pub(super) fn insert_entry(&mut self, Entry { time, rank, tag, event }: Entry<E>) {
        self.insert(time, rank, tag, event);
    }

    /// Puts an entry where it belongs relative to `base`, without counting it.
    #[inline(always)]
    fn place(&mut self, time: u64, rank: u64, tag: Tag, event: E) {
        let highest_bit = ((time ^ self.base) | 1).ilog2();
        let level = highest_bit / DIGIT_BITS;
        let digit = (time >> (level * DIGIT_BITS)) as usize % SLOTS;
        let index = level as usize * SLOTS + digit;
        self.levels |= 1 << level;
        self.slots_used[level as usize] |= 1 << digit;
        let slot = &mut self.slots[index];
        self.entries[slot.tail as usize].set(time, rank, tag, event);
        slot.tail += 1;
        slot.count += 1;
        if (slot.tail as usize).is_multiple_of(CHUNK) {
            self.append_chunk(index, Entry { time, rank, tag, event });
        }
    }

    /// Gives a slot whose last chunk is full one more.
    #[cold]
    #[inline(never)]
    fn append_chunk(&mut self, index: usize, filler: Entry<E>) {
        if self.free == NO_CHUNK {
            self.free = u32::try_from(self.next.len()).expect("fewer than 2^32 chunks");
            self.next.push(NO_CHUNK);
            self.entries.resize(self.entries.len() + CHUNK, filler);
        }
        let chunk = self.free;
        self.free = std::mem::replace(&mut self.next[chunk as usize], NO_CHUNK);
        let slot = &mut self.slots[index];
        // The tail is just past the full chunk.
        self.next[slot.last_chunk() - 1] = chunk;
        slot.tail = chunk * CHUNK as u32;
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
        let mut chunk = place.index;
        let mut left = place.count;
        std::iter::from_fn(move || {
            let held = left.min(CHUNK);
            let begin = chunk * CHUNK;
            (held > 0).then(|| {
                left -= held;
                chunk = self.next[chunk] as usize;
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

    /// Takes all entries out of a slot and hands them over, chunk by chunk.
    #[inline]
    pub(super) fn drain(&mut self, place: Place, mut take: impl FnMut(&[Entry<E>])) {
        self.len -= place.count;
        let mut chunk = place.index;
        let mut left = place.count;
        while left >= CHUNK {
            take(&self.entries[chunk * CHUNK..(chunk + 1) * CHUNK]);
            left -= CHUNK;
            chunk = self.next[chunk] as usize;
        }
        take(&self.entries[chunk * CHUNK..chunk * CHUNK + left]);
        let slot = self.detach(place);
        if place.count >= CHUNK {
            self.next[slot.last_chunk()] = self.free;
            self.free = self.next[place.index];
        }
    }

    /// Spreads the lowest slot, which has just become the base, over the levels below.
    #[inline(never)]
    pub(super) fn cascade(&mut self, place: Place) {
        debug_assert!(place.level > 0 && place.start == self.base);
        self.detach(place);
        let mut chunk = place.index;
        let mut left = place.count;
        loop {
            let held = left.min(CHUNK);
            for at in chunk * CHUNK..chunk * CHUNK + held {
                let Entry { time, rank, tag, event } = self.entries[at];
                self.place(time, rank, tag, event);
            }
            let after = self.next[chunk];
            if chunk != place.index {
                // Freed only now that it has been read: the entries placed next may reuse it.
                self.next[chunk] = self.free;
                self.free = chunk as u32;
            }
            if left < CHUNK {
                return;
            }
            left -= CHUNK;
            chunk = after as usize;
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
        std::mem::replace(&mut self.slots[place.index], Slot::empty(place.index))
    }

    /// Keeps the entries of which `keep` says so, in a time proportional to what is held.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        let mut all = Vec::with_capacity(self.len);
        while let Some(place) = self.lowest() {
            self.drain(place, |chunk| all.extend_from_slice(chunk));
        }
        for entry in all {
            if keep(&entry) {
                self.insert_entry(entry);
            }
        }
    }
}
