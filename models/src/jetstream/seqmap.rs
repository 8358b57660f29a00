//! A map from ascending sequence numbers, with memory in proportion to what it holds.
//!
//! New keys come in ascending order and old ones mostly leave in that order: a ring indexed by
//! sequence. Where a few old entries stay behind (a poison message in a work queue), the ring would
//! grow with every sequence number since; then those few move to a tree and the ring starts anew.

use std::collections::{BTreeMap, VecDeque};

/// A ring shorter than this is never thinned out.
const THINNING_LEN_MIN: usize = 4096;
/// The ring is thinned out when fewer than one in this many places is in use.
const THINNING_RATIO: usize = 16;

/// See the module documentation. Sequences in `stragglers` are all below those of `ring`.
#[derive(Clone, Debug)]
pub(super) struct SeqMap<T> {
    stragglers: BTreeMap<u64, T>,
    /// Its first place is in use, unless it is empty.
    ring: VecDeque<Option<T>>,
    /// The sequence of the ring's first place.
    base: u64,
    /// Places in use, in both parts.
    len: usize,
}

impl<T> SeqMap<T> {
    pub(super) const fn new() -> Self {
        Self { stragglers: BTreeMap::new(), ring: VecDeque::new(), base: 0, len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds the entry with the highest sequence so far.
    #[inline]
    pub(super) fn push(&mut self, seq: u64, value: T) {
        if self.is_gap_too_wide(seq) {
            self.set_aside();
        }
        if self.ring.is_empty() {
            self.base = seq;
        }
        let place = (seq - self.base) as usize;
        assert!(place >= self.ring.len(), "sequences of a map must ascend");
        while self.ring.len() < place {
            self.ring.push_back(None);
        }
        self.ring.push_back(Some(value));
        self.len += 1;
        if self.ring.len() == self.ring.capacity() && self.is_thin() {
            self.set_aside();
        }
    }

    /// Whether the places skipped before `seq` would outnumber those there are.
    fn is_gap_too_wide(&self, seq: u64) -> bool {
        let end = self.base + self.ring.len() as u64;
        let gap = seq.saturating_sub(end) as usize;
        gap > self.ring.len().max(THINNING_LEN_MIN)
    }

    /// Whether the ring, about to double, holds little.
    fn is_thin(&self) -> bool {
        let in_ring = self.len - self.stragglers.len();
        self.ring.len() >= THINNING_LEN_MIN && in_ring * THINNING_RATIO <= self.ring.len()
    }

    /// Moves what the ring holds to the tree.
    fn set_aside(&mut self) {
        let base = self.base;
        let places = self.ring.drain(..).enumerate();
        let kept = places.filter_map(|(place, value)| Some((base + place as u64, value?)));
        self.stragglers.extend(kept);
    }

    #[inline]
    pub(super) fn get(&self, seq: u64) -> Option<&T> {
        match seq.checked_sub(self.base) {
            Some(place) if !self.ring.is_empty() => self.ring.get(place as usize)?.as_ref(),
            _ => self.stragglers.get(&seq),
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, seq: u64) -> Option<&mut T> {
        match seq.checked_sub(self.base) {
            Some(place) if !self.ring.is_empty() => self.ring.get_mut(place as usize)?.as_mut(),
            _ => self.stragglers.get_mut(&seq),
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, seq: u64) -> Option<T> {
        let value = match seq.checked_sub(self.base) {
            Some(place) if !self.ring.is_empty() => self.ring.get_mut(place as usize)?.take()?,
            _ => self.stragglers.remove(&seq)?,
        };
        self.len -= 1;
        while let Some(None) = self.ring.front() {
            self.ring.pop_front();
            self.base += 1;
        }
        Some(value)
    }

    /// The lowest sequence in use.
    #[inline]
    pub(super) fn first(&self) -> Option<u64> {
        match self.stragglers.first_key_value() {
            Some((&seq, _)) => Some(seq),
            None => (!self.ring.is_empty()).then_some(self.base),
        }
    }

    /// The entry with the lowest sequence not below `seq`.
    #[inline]
    pub(super) fn at_or_after(&self, seq: u64) -> Option<(u64, &T)> {
        if !self.stragglers.is_empty()
            && let Some((&seq, value)) = self.stragglers.range(seq..).next()
        {
            return Some((seq, value));
        }
        let start = seq.saturating_sub(self.base) as usize;
        let places = self.ring.range(start.min(self.ring.len())..).enumerate();
        let mut used = places.filter_map(|(place, value)| Some((place, value.as_ref()?)));
        used.next().map(|(place, value)| (self.base + (start + place) as u64, value))
    }

    /// Everything, by sequence, to change.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut T)> {
        let base = self.base;
        let ring = self.ring.iter_mut().enumerate();
        let ring =
            ring.filter_map(move |(place, value)| Some((base + place as u64, value.as_mut()?)));
        self.stragglers.iter_mut().map(|(&seq, value)| (seq, value)).chain(ring)
    }

    /// Everything, by sequence.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        let base = self.base;
        let ring = self.ring.iter().enumerate();
        let ring =
            ring.filter_map(move |(place, value)| Some((base + place as u64, value.as_ref()?)));
        self.stragglers.iter().map(|(&seq, value)| (seq, value)).chain(ring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slow obvious map is the oracle: gaps, removals anywhere, and entries that stay behind.
    #[test]
    fn agrees_with_a_tree() {
        let (mut map, mut oracle) = (SeqMap::new(), BTreeMap::new());
        let mut seq = 0;
        for step in 0..60_000_u64 {
            // Now and then a gap, and rarely one that no ring should span.
            seq += 1 + u64::from(step % 97 == 0) * 5 + u64::from(step % 9973 == 0) * 10_000_000;
            map.push(seq, step);
            oracle.insert(seq, step);
            if step % 1000 != 0 {
                assert_eq!(map.remove(seq - step % 7), oracle.remove(&(seq - step % 7)));
            }
            if step % 512 == 0 {
                assert_eq!(map.first(), oracle.keys().next().copied());
                let probe = seq / 2;
                let expected = oracle.range(probe..).next().map(|(&seq, value)| (seq, value));
                assert_eq!(map.at_or_after(probe), expected);
                assert_eq!(map.get(probe), oracle.get(&probe));
            }
        }
        assert_eq!(map.len(), oracle.len());
        assert!(map.iter().eq(oracle.iter().map(|(&seq, value)| (seq, value))));
    }

    #[test]
    fn a_straggler_does_not_hold_the_memory_of_all_that_followed() {
        let mut map = SeqMap::new();
        map.push(1, ());
        for seq in 2..1_000_000 {
            map.push(seq, ());
            map.remove(seq);
        }
        assert_eq!(map.len(), 1);
        assert_eq!(map.first(), Some(1));
        assert!(map.ring.capacity() <= 2 * THINNING_LEN_MIN, "{}", map.ring.capacity());
    }
}
