//! The line by priority: one map in order of service, one in order of arrival.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Queued;

/// The highest priority first, then the lowest sequence number.
type Turn = (Reverse<i32>, i64);

#[derive(Clone, Debug)]
pub(super) struct Sorted<T> {
    by_turn: BTreeMap<Turn, Queued<T>>,
    /// Sequence number -> priority: finds the oldest whatever its priority.
    by_arrival: BTreeMap<i64, i32>,
    /// Grows upward from zero for arrivals, downward for what is put back.
    next_sequence: i64,
    first_sequence: i64,
}

impl<T: Copy> Sorted<T> {
    pub(super) fn new() -> Self {
        Self {
            by_turn: BTreeMap::new(),
            by_arrival: BTreeMap::new(),
            next_sequence: 0,
            first_sequence: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.by_turn.len() as u64
    }

    pub(super) fn push(&mut self, queued: Queued<T>) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        self.insert(sequence, queued);
    }

    pub(super) fn push_front(&mut self, queued: Queued<T>) {
        self.first_sequence -= 1;
        self.insert(self.first_sequence, queued);
    }

    pub(super) fn pop(&mut self) -> Option<Queued<T>> {
        let ((_, sequence), queued) = self.by_turn.pop_first()?;
        self.by_arrival.remove(&sequence);
        Some(queued)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Queued<T>> {
        let (sequence, priority) = self.by_arrival.pop_first()?;
        self.by_turn.remove(&(Reverse(priority), sequence))
    }

    pub(super) fn pop_newest(&mut self) -> Option<Queued<T>> {
        let (sequence, priority) = self.by_arrival.pop_last()?;
        self.by_turn.remove(&(Reverse(priority), sequence))
    }

    pub(super) fn peek(&self) -> Option<&Queued<T>> {
        self.by_turn.first_key_value().map(|(_, queued)| queued)
    }

    pub(super) fn oldest(&self) -> Option<&Queued<T>> {
        let (&sequence, &priority) = self.by_arrival.first_key_value()?;
        self.by_turn.get(&(Reverse(priority), sequence))
    }

    pub(super) fn remove(&mut self, item: T) -> Option<Queued<T>>
    where
        T: Eq,
    {
        let equal = self.by_turn.iter().filter(|(_, queued)| queued.item == item);
        let turn = equal.map(|(&turn, _)| turn).min_by_key(|&(_, sequence)| sequence)?;
        self.by_arrival.remove(&turn.1);
        self.by_turn.remove(&turn)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Queued<T>> {
        self.by_turn.values()
    }

    fn insert(&mut self, sequence: i64, queued: Queued<T>) {
        self.by_arrival.insert(sequence, queued.priority);
        self.by_turn.insert((Reverse(queued.priority), sequence), queued);
    }
}
