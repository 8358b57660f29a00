//! Which timers are armed: a slab with generations, so that a handle never means a later timer.

use super::entry::{Owner, Tag};

/// A handle to an event scheduled with [`Kernel::schedule_timer`](super::Kernel::schedule_timer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timer {
    pub(super) slot: u32,
    pub(super) generation: u32,
}

impl Timer {
    /// A timer that never was.
    pub(super) const NEVER: Self = Self { slot: u32::MAX, generation: 0 };
}

struct Slot {
    generation: u32,
    lane: Option<u32>,
    cancelled: bool,
}

pub(super) struct Timers {
    slots: Vec<Slot>,
    free: Vec<u32>,
    tombstones: usize,
}

impl Timers {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), tombstones: 0 }
    }

    /// Cancelled timers whose entries are still held somewhere.
    #[inline]
    pub(super) fn tombstones(&self) -> usize {
        self.tombstones
    }

    /// A new timer, whose entry is the head of a lane if `lane` says so.
    #[inline]
    pub(super) fn arm(&mut self, lane: Option<u32>) -> Timer {
        if let Some(slot) = self.free.pop() {
            let entry = &mut self.slots[slot as usize];
            entry.lane = lane;
            return Timer { slot, generation: entry.generation };
        }
        let slot = u32::try_from(self.slots.len()).expect("fewer than 2^31 timers");
        self.slots.push(Slot { generation: 0, lane, cancelled: false });
        Timer { slot, generation: 0 }
    }

    /// Whether the timer was armed; it is not from now on, but its entry is still held.
    #[inline]
    pub(super) fn cancel(&mut self, timer: Timer) -> bool {
        match self.slots.get_mut(timer.slot as usize) {
            Some(slot) if slot.generation == timer.generation && !slot.cancelled => {
                slot.cancelled = true;
                self.tombstones += 1;
                true
            }
            _ => false,
        }
    }

    /// Whether the entry with this tag is that of a cancelled timer.
    #[inline]
    pub(super) fn is_tombstone(&self, tag: Tag) -> bool {
        matches!(tag.owner(), Owner::Timer(slot) if self.slots[slot as usize].cancelled)
    }

    /// Whether the entry with this tag, which is held no more, was that of a cancelled timer; tells
    /// `note` the lane that the timer belonged to.
    #[inline]
    pub(super) fn release_tombstone(&mut self, tag: Tag, note: &mut impl FnMut(u32)) -> bool {
        match tag.owner() {
            Owner::Timer(slot) if self.slots[slot as usize].cancelled => {
                if let Some(lane) = self.release(slot) {
                    note(lane);
                }
                true
            }
            _ => false,
        }
    }

    /// The entry of the timer is no head of a lane.
    pub(super) fn leave_lane(&mut self, slot: u32) {
        self.slots[slot as usize].lane = None;
    }

    /// The entry of the timer is held no more: its slot can be used again. Returns its lane.
    #[inline]
    pub(super) fn release(&mut self, slot: u32) -> Option<u32> {
        let entry = &mut self.slots[slot as usize];
        self.tombstones -= usize::from(entry.cancelled);
        entry.cancelled = false;
        // A slot whose generations are used up is left alone, or a stale handle could mean it.
        entry.generation += 1;
        if entry.generation < u32::MAX {
            self.free.push(slot);
        }
        entry.lane
    }
}
