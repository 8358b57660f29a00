//! The future event list: a small sorted front for the nearest events, a wheel for the rest.
//!
//! Invariants: every entry of the front is due at or before `front_until`, every entry of the wheel
//! after it; the front is sorted; the wheel holds nothing due now (the kernel keeps events of the
//! present instant elsewhere, except those that were in the front already).

use super::entry::{Entry, Tag};
use super::front::Front;
use super::wheel::Wheel;

/// At this length the later half of the front goes to the wheel: a sorted array is the fastest list
/// while shifting its entries costs less than a wheel's bookkeeping.
const FRONT_MAX: usize = 32;

/// The front is refilled with as many slots as together hold at most this many entries.
const REFILL_MAX: usize = 16;

pub(super) struct EventList<E> {
    front: Front<E>,
    /// The latest time that belongs to the front.
    front_until: u64,
    wheel: Wheel<E>,
}

impl<E: Copy> EventList<E> {
    pub(super) fn new() -> Self {
        Self { front: Front::new(), front_until: u64::MAX, wheel: Wheel::new() }
    }

    /// Entries held.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.front.len() + self.wheel.len()
    }

    /// Entries there is memory for.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.front.room() + self.wheel.room()
    }

    /// Inserts an entry due after `now`, or at `now` if one due at `now` was the last taken.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<E>, now: u64) {
        let Entry { time, rank, tag, event } = entry;
        self.insert_parts(time, rank, tag, event, now);
    }

    /// [`EventList::insert`] of an entry that stays in registers, see [`Front::insert`].
    #[inline(never)]
    fn insert_parts(&mut self, time: u64, rank: u64, tag: Tag, event: E, now: u64) {
        if time > self.front_until {
            self.wheel.insert(time, rank, tag, event);
        } else if self.front.len() < FRONT_MAX {
            self.front.insert(time, rank, tag, event);
        } else {
            self.insert_crowded(Entry { time, rank, tag, event }, now);
        }
    }

    #[cold]
    #[inline(never)]
    fn insert_crowded(&mut self, entry: Entry<E>, now: u64) {
        self.spill(now);
        if entry.time > self.front_until {
            self.wheel.insert_entry(entry);
        } else {
            self.front.insert_crowded(entry);
        }
    }

    /// Moves the later half of the front to the wheel.
    fn spill(&mut self, now: u64) {
        let held = self.front.as_slice();
        let mut until = held[FRONT_MAX / 2].time;
        if held[held.len() - 1].time == until {
            // The later half is one instant, which must not be split. If it is the present one, it
            // was sorted once and is being consumed: there is nothing to gain.
            if until == now {
                return;
            }
            until -= 1;
        }
        if self.wheel.len() == 0 {
            self.wheel.rebase(now, held[0]);
        }
        let keep = held.partition_point(|entry| entry.time <= until);
        for &entry in &held[keep..] {
            self.wheel.insert_entry(entry);
        }
        self.front.truncate(keep);
        self.front_until = until;
    }

    /// The first entry, if the front has one: all there can be at the present instant.
    #[inline]
    pub(super) fn first_in_front(&self) -> Option<&Entry<E>> {
        self.front.first()
    }

    /// The first entry if it is due at or before `limit`. The caller must then move the clock to the
    /// entry's time and [advance](Self::advance), or, if there was none, move the clock at least to
    /// `limit` or leave the list empty.
    #[inline]
    pub(super) fn first(&mut self, limit: u64) -> Option<&Entry<E>> {
        if self.front.len() == 0 && !self.refill(limit) {
            return None;
        }
        self.front.first().filter(|first| first.time <= limit)
    }

    /// Takes the first entry out of the front.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.front.advance();
    }

    /// Fills the empty front from the wheel, unless everything there is due after `limit`.
    #[inline(never)]
    fn refill(&mut self, limit: u64) -> bool {
        let mut place = loop {
            match self.wheel.lowest() {
                Some(place) if place.start <= limit => {
                    self.wheel.advance_to(place);
                    if place.is_small() {
                        break place;
                    }
                    self.wheel.cascade(place);
                }
                _ => return false,
            }
        };
        let start = place.start;
        loop {
            self.wheel.drain(place, |chunk| self.front.bring(chunk));
            self.front_until = place.end();
            // Sparse slots are taken several at once. The base stays: the clock may yet stop before
            // them.
            match self.wheel.lowest() {
                Some(next) if self.front.brought() + next.count <= REFILL_MAX => place = next,
                next => {
                    self.front.take_in(start, self.front_until);
                    if next.is_none() {
                        self.front_until = u64::MAX;
                    }
                    return true;
                }
            }
        }
    }

    /// When the first entry is due, leaving everything where it is. `is_dead` entries count for
    /// nothing; `Err` hands over those that stood in the way, and the caller asks again.
    pub(super) fn first_time(
        &mut self,
        is_dead: impl Fn(&Entry<E>) -> bool,
    ) -> Result<Option<u64>, Vec<Entry<E>>> {
        if let Some(&first) = self.front.first() {
            if !is_dead(&first) {
                return Ok(Some(first.time));
            }
            self.front.advance();
            return Err(vec![first]);
        }
        let Some(place) = self.wheel.lowest() else { return Ok(None) };
        if !self.wheel.chunks(place).flatten().any(&is_dead) {
            return Ok(self.wheel.chunks(place).flatten().map(|entry| entry.time).min());
        }
        let mut all = Vec::with_capacity(place.count);
        self.wheel.drain(place, |chunk| all.extend_from_slice(chunk));
        let (dead, live): (Vec<_>, Vec<_>) = all.into_iter().partition(is_dead);
        for entry in live {
            self.wheel.insert_entry(entry);
        }
        Err(dead)
    }

    /// Keeps the entries of which `keep` says so.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Entry<E>) -> bool) {
        self.front.retain(&mut keep);
        self.wheel.retain(&mut keep);
        if self.wheel.len() == 0 {
            self.front_until = u64::MAX;
        }
    }
}
