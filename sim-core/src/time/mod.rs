//! Simulated time: whole nanoseconds, so that sums and comparisons are exact on every platform.
//!
//! Time is also what users write, so the quantities with units live here: durations (`"1m30s"`),
//! [`Rate`] (`"10/min"`) and [`Bytes`] (`"256KiB"`). Text is read with integers only: what it says
//! is what a run gets, to the last nanosecond, and printing a value and reading it again gives the
//! same value.

mod bytes;
mod duration;
pub(crate) mod quantity;
mod rate;

pub use bytes::Bytes;
pub use quantity::{Problem, Quantity, QuantityError};
pub use rate::Rate;

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

/// An instant: nanoseconds since the run began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

impl SimTime {
    /// The beginning of the run.
    pub const ZERO: Self = Self(0);
    /// The latest instant there is (584 years); stands for "never".
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the beginning.
    #[must_use]
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the beginning, for reports; never fed back into a run.
    #[must_use]
    #[inline]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    #[inline]
    pub const fn since(self, earlier: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(earlier.0))
    }
}

/// A length of time in whole nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimDuration(u64);

impl SimDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest duration; stands for "for ever".
    pub const MAX: Self = Self(u64::MAX);

    /// A duration of `nanos` nanoseconds.
    #[must_use]
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A duration of `micros` microseconds, at most [`SimDuration::MAX`].
    #[must_use]
    #[inline]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// A duration of `millis` milliseconds, at most [`SimDuration::MAX`].
    #[must_use]
    #[inline]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// A duration of `secs` seconds, at most [`SimDuration::MAX`].
    #[must_use]
    #[inline]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// The duration nearest to `secs` seconds: the only conversion from floating point to time.
    /// Negative values and NaN give zero, values past the end the maximum.
    #[must_use]
    #[inline]
    pub fn from_secs_f64(secs: f64) -> Self {
        // `as` saturates and maps NaN to zero. Adding a half rounds to nearest: exact below 2^52 ns
        // (52 days), beyond which a double has no half nanoseconds anyway.
        let nanos = secs * 1e9 + 0.5;
        // A signed conversion is one instruction, an unsigned one is many.
        Self(if nanos < 9.2e18 { nanos.max(0.0) as i64 as u64 } else { nanos as u64 })
    }

    /// Whole nanoseconds.
    #[must_use]
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, for reports.
    #[must_use]
    #[inline]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Whether this is no time at all.
    #[must_use]
    #[inline]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self` times `factor`, at most [`SimDuration::MAX`].
    #[must_use]
    #[inline]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// `self` times `factor`, rounded to the nearest nanosecond; see [`SimDuration::from_secs_f64`]
    /// for the edges.
    #[must_use]
    #[inline]
    pub fn mul_f64(self, factor: f64) -> Self {
        Self((self.0 as f64 * factor + 0.5) as u64)
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    #[inline]
    fn add(self, rhs: SimDuration) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    #[inline]
    fn add_assign(&mut self, rhs: SimDuration) {
        *self = *self + rhs;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    #[inline]
    fn sub(self, rhs: Self) -> SimDuration {
        self.since(rhs)
    }
}

impl Add for SimDuration {
    type Output = Self;
    #[inline]
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign for SimDuration {
    #[inline]
    fn add_assign(&mut self, rhs: Self) {
        *self = *self + rhs;
    }
}

impl Sub for SimDuration {
    type Output = Self;
    #[inline]
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl Mul<u64> for SimDuration {
    type Output = Self;
    #[inline]
    fn mul(self, rhs: u64) -> Self {
        self.saturating_mul(rhs)
    }
}

impl Div<u64> for SimDuration {
    type Output = Self;
    #[inline]
    fn div(self, rhs: u64) -> Self {
        Self(self.0 / rhs)
    }
}

impl Sum for SimDuration {
    fn sum<I: Iterator<Item = Self>>(durations: I) -> Self {
        durations.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_the_nearest_nanosecond() {
        let cases = [
            (0.0, 0),
            (1.5, 1_500_000_000),
            (1e-9, 1),
            (0.4e-9, 0),
            (0.6e-9, 1),
            (0.1 + 0.2, 300_000_000),
            (-1.0, 0),
            (f64::NAN, 0),
            (f64::NEG_INFINITY, 0),
            (f64::INFINITY, u64::MAX),
            (1e300, u64::MAX),
        ];
        for (secs, nanos) in cases {
            assert_eq!(SimDuration::from_secs_f64(secs).as_nanos(), nanos, "{secs} s");
        }
        let two_seconds = SimDuration::from_secs(2);
        assert_eq!(two_seconds.mul_f64(1.5), SimDuration::from_secs(3));
        assert_eq!(two_seconds.mul_f64(f64::NAN), SimDuration::ZERO);
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let second = SimDuration::from_secs(1);
        assert_eq!(SimTime::MAX + second, SimTime::MAX);
        assert_eq!(SimTime::ZERO - SimTime::from_nanos(5), SimDuration::ZERO);
        assert_eq!(SimDuration::ZERO - second, SimDuration::ZERO);
        assert_eq!(SimDuration::MAX + second, SimDuration::MAX);
        assert_eq!(SimDuration::MAX * 2, SimDuration::MAX);
        assert_eq!(SimDuration::from_secs(u64::MAX), SimDuration::MAX);
        assert_eq!([second, second].into_iter().sum::<SimDuration>(), SimDuration::from_secs(2));
        assert_eq!(second / 3, SimDuration::from_nanos(333_333_333));
    }
}
