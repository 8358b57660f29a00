//! Time that carries its fractions.

use crate::time::SimTime;

/// Nanoseconds in a second.
pub(super) const SECOND: f64 = 1e9;

/// An instant as whole nanoseconds and the fraction of one, so that sums of many short gaps do not
/// drift. Arrivals fall on the whole nanosecond at or before it.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    nanos: u64,
    fraction: f64,
}

impl Clock {
    /// Moves on by `gap` nanoseconds, which may be infinite.
    #[inline]
    pub(super) fn advance(&mut self, gap: f64) {
        let exact = self.fraction + gap;
        let whole = exact as u64;
        self.fraction = exact - whole as f64;
        self.nanos = self.nanos.saturating_add(whole);
    }

    /// The instant; none at the end of time.
    #[inline]
    pub(super) fn at(&self) -> Option<SimTime> {
        (self.nanos < u64::MAX).then_some(SimTime::from_nanos(self.nanos))
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

    #[test]
    fn end_of_time_is_the_end() {
        let mut clock = Clock::default();
        clock.advance(f64::INFINITY);
        clock.advance(1.0);
        assert_eq!(clock.at(), None);
    }
}
