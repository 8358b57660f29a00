//! Message ids seen lately: the deduplication table of a stream.
//!
//! An entry lives from the original publish until the first firing of the table's timer at or after
//! the window, whatever happens to the message; duplicates do not refresh it.

use std::collections::VecDeque;

use sim_core::time::{SimDuration, SimTime};

use super::version::DEDUP_TIMER_MIN;

/// A place in the open-addressed table; sequence 0 marks a free one.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    id: u64,
    seq: u64,
}

#[derive(Clone, Debug)]
pub(super) struct DedupTable {
    window: SimDuration,
    /// Power-of-two table with linear probing, at most half full.
    places: Vec<Place>,
    /// Ids by time of publish.
    by_age: VecDeque<(SimTime, u64)>,
    timer: Option<SimTime>,
}

impl DedupTable {
    pub(super) const fn new(window: SimDuration) -> Self {
        Self { window, places: Vec::new(), by_age: VecDeque::new(), timer: None }
    }

    pub(super) const fn set_window(&mut self, window: SimDuration) {
        self.window = window;
    }

    /// Spreads ids over the table (Fibonacci hashing); deterministic on purpose.
    fn home(&self, id: u64) -> usize {
        let mixed = (id ^ (id >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> (64 - self.places.len().trailing_zeros())) as usize
    }

    /// Where `id` is, or the free place where it would go.
    fn place(&self, id: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut place = self.home(id);
        while self.places[place].seq != 0 && self.places[place].id != id {
            place = (place + 1) & mask;
        }
        place
    }

    /// The sequence of the message that used `id` within the window.
    pub(super) fn find(&self, id: u64) -> Option<u64> {
        if self.by_age.is_empty() {
            return None;
        }
        let seq = self.places[self.place(id)].seq;
        (seq != 0).then_some(seq)
    }

    /// Remembers an id that [`DedupTable::find`] does not know.
    pub(super) fn insert(&mut self, now: SimTime, id: u64, seq: u64) {
        if 2 * (self.by_age.len() + 1) > self.places.len() {
            self.grow();
        }
        let place = self.place(id);
        self.places[place] = Place { id, seq };
        self.by_age.push_back((now, id));
        self.timer.get_or_insert(now + self.window);
    }

    fn grow(&mut self) {
        let len = (2 * self.places.len()).max(64);
        let old = std::mem::replace(&mut self.places, vec![Place::default(); len]);
        for entry in old.into_iter().filter(|entry| entry.seq != 0) {
            let place = self.place(entry.id);
            self.places[place] = entry;
        }
    }

    /// Frees a place and moves back those that probed past it.
    fn remove(&mut self, id: u64) {
        let mask = self.places.len() - 1;
        let mut hole = self.place(id);
        let mut next = (hole + 1) & mask;
        while self.places[next].seq != 0 {
            let home = self.home(self.places[next].id);
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(hole) & mask) {
                self.places[hole] = self.places[next];
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.places[hole].seq = 0;
    }

    pub(super) const fn timer(&self) -> Option<SimTime> {
        self.timer
    }

    /// The timer's work: forgets what is older than the window and arms the timer again.
    pub(super) fn on_timer(&mut self, now: SimTime) {
        while let Some(&(at, id)) = self.by_age.front() {
            if at + self.window > now {
                break;
            }
            self.remove(id);
            self.by_age.pop_front();
        }
        self.timer = self.by_age.front().map(|&(at, _)| {
            let remaining = (at + self.window).since(now);
            now + remaining.max(DEDUP_TIMER_MIN)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_lives_for_the_window_and_the_timer_fires_at_most_every_50_ms() {
        let at = |millis| SimTime::ZERO + SimDuration::from_millis(millis);
        let mut table = DedupTable::new(SimDuration::from_millis(200));
        table.insert(at(0), 7, 1);
        table.insert(at(10), 8, 2);
        assert_eq!(table.timer(), Some(at(200)));
        table.on_timer(at(200));
        assert_eq!((table.find(7), table.find(8)), (None, Some(2)));
        assert_eq!(table.timer(), Some(at(250)));
        table.on_timer(at(250));
        assert_eq!((table.find(8), table.timer()), (None, None));
    }

    #[test]
    fn a_full_table_forgets_in_order() {
        let mut table = DedupTable::new(SimDuration::from_nanos(5_000));
        for step in 0..50_000_u64 {
            let id = step.wrapping_mul(0x5851_F42D_4C95_7F2D);
            assert_eq!(table.find(id), None);
            table.insert(SimTime::from_nanos(step), id, step + 1);
            assert_eq!(table.find(id), Some(step + 1));
            table.on_timer(SimTime::from_nanos(step));
        }
        let remembered = table.places.iter().filter(|place| place.seq != 0).count();
        assert_eq!((remembered, table.by_age.len()), (5_000, 5_000));
    }
}
