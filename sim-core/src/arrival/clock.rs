//! Time that carries its fractions.

use crate::time::SimTime;

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;

/// The end of time for clocks, in nanoseconds: 292 years.
const END: u64 = i64::MAX as u64;

/// 2^32: parts of a nanosecond that a clock counts.
const PARTS: f64 = 4_294_967_296.0;

/// An instant as whole nanoseconds and 32 bits of a fraction, so that sums of many short gaps do
/// not drift. Arrivals fall on the whole nanosecond at or before it.
///
/// The sum is kept in integers: unlike a carried float, that is no chain of slow conversions from
/// one arrival to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    nanos: u64,
    parts: u64,
}

impl Clock {
    /// Moves on by `gap` nanoseconds, which may be infinite but not negative.
    #[inline]
    pub(super) fn advance(&mut self, gap: f64) {
        // Signed conversions, for they are one instruction each; `as` saturates.
        let whole = gap as i64;
        let parts = ((gap - whole as f64) * PARTS) as i64;
        // An infinite gap leaves an infinite rest, which must not count twice.
        self.parts += parts as u64 & 0xFFFF_FFFF;
        self.nanos = self.nanos.saturating_add(whole as u64 + (self.parts >> 32));
        self.parts &= 0xFFFF_FFFF;
    }

    /// The instant; none at the end of time.
    #[inline]
    pub(super) fn at(&self) -> Option<SimTime> {
        (self.nanos < END).then_some(SimTime::from_nanos(self.nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_are_carried() {
        let mut clock = Clock::default();
        for _ in 0..3_000_000 {
            clock.advance(1.0 / 3.0);
        }
        let nanos = clock.at().unwrap().as_nanos();
        assert!((999_999..=1_000_000).contains(&nanos), "{nanos}");
    }

    /// However long the gap: its whole nanoseconds, and the parts by exact arithmetic.
    #[test]
    fn short_and_long_gaps_are_cut_alike() {
        const LONG: f64 = 2_147_483_648.0;
        for gap in [0.25, 1.0 + 1.0 / PARTS, LONG - 0.75, LONG, LONG + 0.75, 1e15 + 0.5] {
            let mut clock = Clock::default();
            clock.advance(gap);
            let exact = clock.nanos as f64 + clock.parts as f64 / PARTS;
            assert_eq!((clock.nanos, exact), (gap.floor() as u64, gap), "{gap}");
        }
    }

    #[test]
    fn end_of_time_is_the_end() {
        let mut clock = Clock::default();
        clock.advance(f64::INFINITY);
        clock.advance(1.0);
        assert_eq!(clock.at(), None);
    }
}
