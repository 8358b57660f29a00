//! The token bucket of golang.org/x/time/rate, in whole numbers.

use super::{instant, scale_down};
use crate::time::{Rate, SimDuration, SimTime};

/// What a bucket holds when the run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    /// Its whole burst, as in x/time/rate.
    Full,
    /// Nothing.
    Empty,
}

/// At most `burst` tokens, refilled continuously at `rate`; each grant costs one.
///
/// A reservation may take the bucket below zero and is granted when the refill has paid for it. The
/// unit of account is 1/`per` of a token: every nanosecond earns `count` units and a grant costs
/// `per` of them, so nothing is ever rounded.
///
/// Invariant: at most `burst` tokens are held.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    /// Units held; negative: reserved beyond what is held.
    units: i128,
    /// Units per nanosecond; zero when nothing is refilled.
    earned_per_ns: u64,
    /// Units per token; zero when the rate is unlimited.
    units_per_token: u64,
    burst: u64,
    /// Units held at most.
    capacity: i128,
    /// When `units` was right.
    at: SimTime,
}

impl TokenBucket {
    /// A bucket for `burst` tokens. A burst of zero grants nothing, as in x/time/rate.
    #[must_use]
    pub fn new(rate: Rate, burst: u64, start: Start) -> Self {
        let mut bucket = Self {
            units: 0,
            earned_per_ns: rate.count,
            units_per_token: rate.per.as_nanos(),
            burst,
            capacity: 0,
            at: SimTime::ZERO,
        };
        bucket.capacity = bucket.capacity_of(rate.per.as_nanos());
        if start == Start::Full {
            bucket.units = bucket.capacity;
        }
        bucket
    }

    pub(super) fn rate(&self) -> Rate {
        Rate { count: self.earned_per_ns, per: SimDuration::from_nanos(self.units_per_token) }
    }

    /// See [`Limiter::take`](super::Limiter::take).
    #[inline]
    pub fn take(&mut self, now: SimTime) -> SimTime {
        self.refill(now);
        let granted = self.grant_at();
        if granted != SimTime::MAX {
            self.units -= self.cost();
        }
        granted
    }

    /// See [`Limiter::try_take`](super::Limiter::try_take).
    ///
    /// # Errors
    /// When to try again.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> Result<(), SimTime> {
        self.refill(now);
        let granted = self.grant_at();
        if granted > now {
            return Err(granted);
        }
        self.units -= self.cost();
        Ok(())
    }

    /// See [`Limiter::set_rate`](super::Limiter::set_rate).
    pub fn set_rate(&mut self, now: SimTime, rate: Rate) {
        self.refill(now);
        self.earned_per_ns = rate.count;
        let units_per_token = rate.per.as_nanos();
        // A bucket without a limit holds no tokens to speak of: it comes back full.
        self.units = match self.units_per_token {
            0 => self.capacity_of(units_per_token),
            before => scale_down(self.units, units_per_token, before),
        };
        self.units_per_token = units_per_token;
        self.capacity = self.capacity_of(units_per_token);
        self.units = self.units.min(self.capacity);
    }

    /// Whole tokens held at `now`; negative: reserved beyond what is held.
    #[must_use]
    pub fn tokens(&self, now: SimTime) -> i64 {
        let mut later = self.clone();
        later.refill(now);
        let tokens = later.units.checked_div_euclid(later.cost()).unwrap_or(i128::from(self.burst));
        tokens.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
    }

    fn cost(&self) -> i128 {
        i128::from(self.units_per_token)
    }

    fn capacity_of(&self, units_per_token: u64) -> i128 {
        i128::from(self.burst).saturating_mul(i128::from(units_per_token))
    }

    #[inline]
    fn refill(&mut self, now: SimTime) {
        let elapsed = now.since(self.at).as_nanos();
        self.at = self.at.max(now);
        let earned = u128::from(elapsed) * u128::from(self.earned_per_ns);
        // What is held is never above the capacity, so the difference fits.
        let room = self.capacity.wrapping_sub(self.units) as u128;
        self.units = self.units.wrapping_add(earned.min(room) as i128);
    }

    /// When one more token is there, seen from `self.at`.
    #[inline]
    fn grant_at(&self) -> SimTime {
        let lacking = self.cost().saturating_sub(self.units);
        if self.units_per_token == 0 {
            self.at
        } else if self.burst == 0 {
            SimTime::MAX
        } else if lacking <= 0 {
            self.at
        } else if self.earned_per_ns == 0 {
            SimTime::MAX
        } else {
            match u64::try_from(lacking) {
                // A division of words is ten times as fast.
                Ok(lacking) => {
                    self.at + SimDuration::from_nanos(lacking.div_ceil(self.earned_per_ns))
                }
                Err(_) => {
                    let earned_per_ns = i128::from(self.earned_per_ns);
                    let wait = (lacking + earned_per_ns - 1) / earned_per_ns;
                    instant(i128::from(self.at.as_nanos()) + wait)
                }
            }
        }
    }
}
