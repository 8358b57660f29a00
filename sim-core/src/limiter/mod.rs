//! Rate limiters: when may the next one go?
//!
//! | limiter | burst | as in |
//! |---|---|---|
//! | [`TokenBucket`] | `burst` tokens, refilled continuously | golang.org/x/time/rate |
//! | [`Gcra`] | the same schedule from one number | ITU-T I.371, virtual scheduling |
//! | [`LeakyBucket`] | `slack` + 1 after idling, none on a cold start | uber-go/ratelimit v0.3.1, atomic int64 |
//! | [`ClientGo`] | `burst`, default 5 per second and 10 | client-go's flowcontrol |
//!
//! All arithmetic is on integers, so a schedule is exact and never drifts: where a token is complete
//! within a nanosecond, the grant is at the end of that nanosecond (Go's float arithmetic truncates
//! and may be one nanosecond earlier). In any time `t` no more than `burst + t * rate` are granted;
//! for slots reserved ahead, whose true times are rounded up, one nanosecond is added to `t`.
//!
//! Two ways to ask: [`Limiter::take`] reserves the next slot and says when it is (the caller waits
//! until then; slots are in order of asking), [`Limiter::try_take`] takes a slot only if it is now.
//! The limiter has no clock: every call says what time it is, and times must not go backward.

mod client_go;
mod gcra;
mod leaky_bucket;
#[cfg(test)]
mod tests;
mod token_bucket;

pub use client_go::ClientGo;
pub use gcra::Gcra;
pub use leaky_bucket::LeakyBucket;
pub use token_bucket::{Start, TokenBucket};

use crate::time::{Rate, SimTime};

/// One of the limiters; see the [module](self).
///
/// A rate of zero grants nothing more (a token bucket first spends what it holds), a rate per no
/// time at all grants everything.
#[derive(Clone, Debug)]
pub enum Limiter {
    /// Grants everything at once.
    Unlimited,
    /// See [`TokenBucket`].
    TokenBucket(TokenBucket),
    /// See [`Gcra`].
    Gcra(Gcra),
    /// See [`LeakyBucket`].
    LeakyBucket(LeakyBucket),
    /// See [`ClientGo`].
    ClientGo(ClientGo),
}

impl Limiter {
    /// `burst` tokens at most, refilled at `rate`; see [`TokenBucket::new`].
    #[must_use]
    pub fn token_bucket(rate: Rate, burst: u64, start: Start) -> Self {
        Self::TokenBucket(TokenBucket::new(rate, burst, start))
    }

    /// The same schedule as a token bucket that starts full; see [`Gcra::new`].
    #[must_use]
    pub fn gcra(rate: Rate, burst: u64) -> Self {
        Self::Gcra(Gcra::new(rate, burst))
    }

    /// The limiter of Argo Events' triggers, there with a slack of 10; see [`LeakyBucket::new`].
    #[must_use]
    pub fn leaky_bucket(rate: Rate, slack: u32) -> Self {
        Self::LeakyBucket(LeakyBucket::new(rate, slack))
    }

    /// The limiter of a Kubernetes client, with its defaults for zero; a negative `qps` is
    /// [`Limiter::Unlimited`]. See [`ClientGo::new`].
    #[must_use]
    pub fn client_go(qps: f64, burst: u32) -> Self {
        ClientGo::new(qps, burst).map_or(Self::Unlimited, Self::ClientGo)
    }

    /// Reserves the next slot and says when it is: `now` or later, and (while the rate does not
    /// change) never before an earlier reservation. [`SimTime::MAX`] is never, and reserves nothing.
    #[inline]
    pub fn take(&mut self, now: SimTime) -> SimTime {
        match self {
            Self::Unlimited => now,
            Self::TokenBucket(limiter) => limiter.take(now),
            Self::Gcra(limiter) => limiter.take(now),
            Self::LeakyBucket(limiter) => limiter.take(now),
            Self::ClientGo(limiter) => limiter.take(now),
        }
    }

    /// Takes a slot if there is one now.
    ///
    /// # Errors
    /// The first instant at which trying again would succeed, if nobody else asks before and the
    /// rate stays: strictly after `now`. [`SimTime::MAX`] is never. Failing costs nothing.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> Result<(), SimTime> {
        match self {
            Self::Unlimited => Ok(()),
            Self::TokenBucket(limiter) => limiter.try_take(now),
            Self::Gcra(limiter) => limiter.try_take(now),
            Self::LeakyBucket(limiter) => limiter.try_take(now),
            Self::ClientGo(limiter) => limiter.try_take(now),
        }
    }

    /// The rate in the long run; `None` for [`Limiter::Unlimited`]. A leaky bucket's is one per its
    /// interval, which is a whole number of nanoseconds.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        match self {
            Self::Unlimited => None,
            Self::TokenBucket(limiter) => Some(limiter.rate()),
            Self::Gcra(limiter) => Some(limiter.rate()),
            Self::LeakyBucket(limiter) => Some(limiter.rate()),
            Self::ClientGo(limiter) => Some(limiter.rate()),
        }
    }

    /// Changes the rate from `now` on. Earned tokens and debts are kept in tokens (as x/time/rate's
    /// `SetLimit` does), rounded down to whole units of less than a nanosecond's refill; slots
    /// already reserved keep their times. Without effect on [`Limiter::Unlimited`].
    pub fn set_rate(&mut self, now: SimTime, rate: Rate) {
        match self {
            Self::Unlimited => {}
            Self::TokenBucket(limiter) => limiter.set_rate(now, rate),
            Self::Gcra(limiter) => limiter.set_rate(now, rate),
            Self::LeakyBucket(limiter) => limiter.set_rate(now, rate),
            Self::ClientGo(limiter) => limiter.set_rate(now, rate),
        }
    }
}

/// `value * numerator / denominator`, rounded toward minus infinity, at the ends of `i128` instead
/// of past them.
fn scale_down(value: i128, numerator: u64, denominator: u64) -> i128 {
    value.saturating_mul(i128::from(numerator)).div_euclid(i128::from(denominator))
}

/// The instant `nanos` after the start of the run, within what a [`SimTime`] can say.
fn instant(nanos: i128) -> SimTime {
    SimTime::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}
