//! What the event list holds: when an event is due, its rank at that instant, and the event.

use super::Phase;

/// How many bits of a rank hold the sequence; the two above them hold the phase.
const SEQUENCE_BITS: u32 = 62;

/// The rank of an event among all events of its instant: phase first, then the order of scheduling.
#[inline]
pub(super) fn rank(phase: Phase, sequence: u64) -> u64 {
    (phase as u64) << SEQUENCE_BITS | sequence
}

/// The total order of the kernel, (time, phase, sequence), as one number.
#[inline]
pub(super) fn key(time: u64, rank: u64) -> u128 {
    u128::from(time) << 64 | u128::from(rank)
}

/// A scheduled event. With an event of one word an entry is half a cache line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<E> {
    /// When it is due, in nanoseconds.
    pub(super) time: u64,
    /// See [`rank`].
    pub(super) rank: u64,
    /// Who has to hear that it left the list.
    pub(super) tag: Tag,
    /// What the model gets back.
    pub(super) event: E,
}

impl<E: Copy> Entry<E> {
    /// See [`key`].
    #[inline]
    pub(super) fn key(&self) -> u128 {
        key(self.time, self.rank)
    }

    /// Overwrites the entry, part by part.
    #[inline]
    pub(super) fn set(&mut self, time: u64, rank: u64, tag: Tag, event: E) {
        self.time = time;
        self.rank = rank;
        self.tag = tag;
        self.event = event;
    }
}

/// Who has to hear that an entry left the list: nobody, a lane or a timer, in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag(u32);

/// The meaning of a [`Tag`].
pub(super) enum Owner {
    /// Nobody: the event is all there is.
    None,
    /// The entry is the head of this lane.
    Lane(u32),
    /// The entry belongs to this timer (which may itself be the head of a lane).
    Timer(u32),
}

impl Tag {
    /// Nobody has to hear of it.
    pub(super) const NONE: Self = Self(0);
    const LANE_BIT: u32 = 1 << 31;

    #[inline]
    pub(super) fn lane(lane: u32) -> Self {
        Self(lane | Self::LANE_BIT)
    }

    #[inline]
    pub(super) fn timer(slot: u32) -> Self {
        debug_assert!(slot + 1 < Self::LANE_BIT);
        Self(slot + 1)
    }

    #[inline]
    pub(super) fn owner(self) -> Owner {
        match self.0 {
            0 => Owner::None,
            lane if lane & Self::LANE_BIT != 0 => Owner::Lane(lane & !Self::LANE_BIT),
            timer => Owner::Timer(timer - 1),
        }
    }
}
