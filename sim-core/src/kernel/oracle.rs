//! The obvious kernel: a map sorted by (time, phase, sequence). The oracle of the fast one.

use std::collections::BTreeMap;

use super::Phase;

pub(super) type Key = (u64, Phase, u64);

#[derive(Default)]
pub(super) struct Oracle {
    pub(super) now: u64,
    sequence: u64,
    pending: BTreeMap<Key, u32>,
}

impl Oracle {
    pub(super) fn schedule(&mut self, time: u64, phase: Phase, event: u32) -> Key {
        let key = (time, phase, self.sequence);
        self.sequence += 1;
        self.pending.insert(key, event);
        key
    }

    pub(super) fn cancel(&mut self, key: Key) -> bool {
        self.pending.remove(&key).is_some()
    }

    pub(super) fn pop_until(&mut self, limit: u64) -> Option<u32> {
        let first = *self.pending.first_key_value()?.0;
        if first.0 > limit {
            return None;
        }
        self.now = first.0;
        self.pending.remove(&first)
    }

    pub(super) fn next_at(&self) -> Option<u64> {
        self.pending.first_key_value().map(|(key, _)| key.0)
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }
}
