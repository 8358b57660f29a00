//! The generic cell rate algorithm (ITU-T I.371, virtual scheduling): a token bucket told by one
//! number, when the next one would be due if they came evenly.

use super::{instant, scale_down};
use crate::time::{Rate, SimDuration, SimTime};

/// Grants what is not more than `burst - 1` intervals ahead of an even schedule.
///
/// The theoretical arrival time moves on by one interval with every grant, and is never before
/// now. It is kept as its lead over the last call, in 1/`count` of a nanosecond, where an interval
/// is exactly `per`. The schedule is that of a [`TokenBucket`](super::TokenBucket) that starts full
/// (a property test): the lead is what the bucket lacks.
#[derive(Clone, Debug)]
pub struct Gcra {
    /// Theoretical arrival time minus `at`, in ticks; not negative.
    lead: i128,
    ticks_per_ns: u64,
    /// The interval in ticks.
    increment: u64,
    burst: u64,
    at: SimTime,
}

impl Gcra {
    /// A limiter that has been idle. A burst of zero grants nothing.
    #[must_use]
    pub fn new(rate: Rate, burst: u64) -> Self {
        Self {
            lead: 0,
            ticks_per_ns: rate.count,
            increment: rate.per.as_nanos(),
            burst,
            at: SimTime::ZERO,
        }
    }

    pub(super) fn rate(&self) -> Rate {
        Rate { count: self.ticks_per_ns, per: SimDuration::from_nanos(self.increment) }
    }

    /// See [`Limiter::take`](super::Limiter::take).
    #[inline]
    pub fn take(&mut self, now: SimTime) -> SimTime {
        self.advance(now);
        let granted = self.grant_at();
        if granted != SimTime::MAX {
            self.lead += i128::from(self.increment);
        }
        granted
    }

    /// See [`Limiter::try_take`](super::Limiter::try_take).
    ///
    /// # Errors
    /// When to try again.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> Result<(), SimTime> {
        self.advance(now);
        let granted = self.grant_at();
        if granted > now {
            return Err(granted);
        }
        self.lead += i128::from(self.increment);
        Ok(())
    }

    /// See [`Limiter::set_rate`](super::Limiter::set_rate).
    pub fn set_rate(&mut self, now: SimTime, rate: Rate) {
        self.advance(now);
        let increment = rate.per.as_nanos();
        // Rounding the lead up is rounding the earned tokens down.
        self.lead = match self.increment {
            0 => 0,
            before => -scale_down(-self.lead, increment, before),
        };
        self.ticks_per_ns = rate.count;
        self.increment = increment;
    }

    #[inline]
    fn advance(&mut self, now: SimTime) {
        let elapsed = i128::from(now.since(self.at).as_nanos());
        self.at = self.at.max(now);
        let passed = elapsed.saturating_mul(i128::from(self.ticks_per_ns));
        self.lead = self.lead.saturating_sub(passed).max(0);
    }

    #[inline]
    fn grant_at(&self) -> SimTime {
        if self.increment == 0 {
            return self.at;
        }
        if self.burst == 0 {
            return SimTime::MAX;
        }
        let tolerance = i128::from(self.burst - 1).saturating_mul(i128::from(self.increment));
        let early = self.lead.saturating_sub(tolerance);
        if early <= 0 {
            self.at
        } else if self.ticks_per_ns == 0 {
            SimTime::MAX
        } else {
            let ticks_per_ns = i128::from(self.ticks_per_ns);
            let wait = (early + ticks_per_ns - 1) / ticks_per_ns;
            instant(i128::from(self.at.as_nanos()) + wait)
        }
    }
}
