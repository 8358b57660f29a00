//! A quantity that holds a value over time: depth of a queue, bytes held, busy servers.
//!
//! The mean of such a quantity weighs each value by how long it lasted. The integral is exact
//! (`u128`: 2^64 ns of a value of 2^64 fit), so a mean does not depend on how often it was asked for.
//!
//! A value that lasted no time at all still counts for [`TimeWeighted::max`]: a message that arrives
//! at an empty queue and leaves at the same instant was there, and a limit of zero would have refused
//! it. It does not move the mean.

use crate::time::{SimDuration, SimTime};

/// A gauge of a `u64` with its maximum and its exact integral over time.
///
/// One window is open at any time; a sampler closes it with [`TimeWeighted::take_window`] every so
/// many seconds and gets mean, minimum and maximum since the last time, at no further cost per event.
///
/// # Panics
///
/// Every method that takes an instant panics if it lies before an earlier one: time does not go back.
///
/// ```
/// use sim_core::observe::TimeWeighted;
/// use sim_core::time::SimTime;
/// let at = |seconds: u64| SimTime::from_nanos(seconds * 1_000_000_000);
/// let mut depth = TimeWeighted::new(at(0));
/// depth.add(at(1), 4);
/// depth.sub(at(3), 4);
/// assert_eq!(depth.mean(at(4)), 2.0);
/// assert_eq!((depth.max(), depth.max_at()), (4, at(1)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeWeighted {
    value: u64,
    /// Since when `value` holds.
    since: SimTime,
    /// Value times nanoseconds from `start` until `since`.
    integral: u128,
    start: SimTime,
    max: u64,
    max_at: SimTime,
    window_start: SimTime,
    /// The integral at `window_start`.
    window_base: u128,
    window_min: u64,
    window_max: u64,
}

/// What a gauge did between two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// When the window began: the sample before.
    pub from: SimTime,
    /// How long it lasted.
    pub width: SimDuration,
    /// The mean over time; the last value if the window lasted no time.
    pub mean: f64,
    /// The smallest value held, the one at the beginning included.
    pub min: u64,
    /// The largest value held, the one at the beginning included.
    pub max: u64,
    /// The value at the end.
    pub last: u64,
}

impl TimeWeighted {
    /// A gauge at zero, observed from `start` on.
    #[must_use]
    pub const fn new(start: SimTime) -> Self {
        Self {
            value: 0,
            since: start,
            integral: 0,
            start,
            max: 0,
            max_at: start,
            window_start: start,
            window_base: 0,
            window_min: 0,
            window_max: 0,
        }
    }

    /// The value is `value` from `now` on.
    #[inline]
    pub fn set(&mut self, now: SimTime, value: u64) {
        self.integral = self.integral_until(now);
        self.since = now;
        self.value = value;
        if value > self.max {
            self.max = value;
            self.max_at = now;
        }
        if value > self.window_max {
            self.window_max = value;
        }
        if value < self.window_min {
            self.window_min = value;
        }
    }

    /// The value rises by `amount` at `now`.
    ///
    /// # Panics
    /// If the sum does not fit a `u64`.
    #[inline]
    pub fn add(&mut self, now: SimTime, amount: u64) {
        self.set(now, self.value.checked_add(amount).expect("a gauge past 2^64"));
    }

    /// The value falls by `amount` at `now`.
    ///
    /// # Panics
    /// If more is taken away than there is: a bookkeeping error of the caller.
    #[inline]
    pub fn sub(&mut self, now: SimTime, amount: u64) {
        self.set(now, self.value.checked_sub(amount).expect("a gauge below zero"));
    }

    /// The value now.
    #[must_use]
    #[inline]
    pub const fn value(&self) -> u64 {
        self.value
    }

    /// The largest value since the beginning or the last [`TimeWeighted::reset`].
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// When [`TimeWeighted::max`] was first reached.
    #[must_use]
    pub const fn max_at(&self) -> SimTime {
        self.max_at
    }

    /// Value times nanoseconds from the beginning (or the last reset) until `now`.
    #[must_use]
    #[inline]
    pub fn integral_until(&self, now: SimTime) -> u128 {
        assert!(now >= self.since, "a gauge's time went back");
        self.integral + u128::from(self.value) * u128::from(now.since(self.since).as_nanos())
    }

    /// The mean over time from the beginning (or the last reset) until `now`; the value itself while
    /// no time has passed.
    #[must_use]
    pub fn mean(&self, now: SimTime) -> f64 {
        self.mean_over(self.integral_until(now), now.since(self.start))
    }

    /// Forgets mean and maximum and starts again from the value held at `now`: the end of a warm-up.
    /// The open window is closed unread.
    pub fn reset(&mut self, now: SimTime) {
        assert!(now >= self.since, "a gauge's time went back");
        *self = Self { value: self.value, max: self.value, ..Self::new(now) };
        (self.window_min, self.window_max) = (self.value, self.value);
    }

    /// The mean over time of the open window so far.
    #[must_use]
    pub fn window_mean(&self, now: SimTime) -> f64 {
        self.mean_over(self.integral_until(now) - self.window_base, now.since(self.window_start))
    }

    /// Closes the open window at `now` and opens the next.
    pub fn take_window(&mut self, now: SimTime) -> Window {
        self.integral = self.integral_until(now);
        self.since = now;
        let window = Window {
            from: self.window_start,
            width: now.since(self.window_start),
            mean: self.window_mean(now),
            min: self.window_min,
            max: self.window_max,
            last: self.value,
        };
        self.window_start = now;
        self.window_base = self.integral;
        (self.window_min, self.window_max) = (self.value, self.value);
        window
    }

    fn mean_over(&self, integral: u128, width: SimDuration) -> f64 {
        if width.is_zero() { self.value as f64 } else { integral as f64 / width.as_nanos() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    #[test]
    fn integral_is_the_area_under_the_steps() {
        let mut gauge = TimeWeighted::new(at(10));
        gauge.set(at(20), 3);
        gauge.add(at(30), 2);
        gauge.sub(at(30), 4);
        // 10 ns at 0, 10 ns at 3, no time at 5, 20 ns at 1.
        assert_eq!(gauge.integral_until(at(50)), 50);
        assert_eq!(gauge.mean(at(50)), 1.25);
        assert_eq!((gauge.value(), gauge.max(), gauge.max_at()), (1, 5, at(30)));
    }

    #[test]
    fn no_time_means_the_value_itself() {
        let mut gauge = TimeWeighted::new(at(7));
        gauge.set(at(7), 9);
        assert_eq!(gauge.mean(at(7)), 9.0);
        assert_eq!(gauge.window_mean(at(7)), 9.0);
        assert_eq!(gauge.take_window(at(7)).mean, 9.0);
    }

    #[test]
    fn the_largest_integral_fits() {
        let mut gauge = TimeWeighted::new(SimTime::ZERO);
        gauge.set(SimTime::ZERO, u64::MAX);
        assert_eq!(gauge.integral_until(SimTime::MAX), u128::from(u64::MAX) * u128::from(u64::MAX));
        assert_eq!(gauge.mean(SimTime::MAX), u64::MAX as f64);
    }

    #[test]
    fn reset_keeps_the_value_and_forgets_the_past() {
        let mut gauge = TimeWeighted::new(at(0));
        gauge.set(at(0), 100);
        gauge.set(at(10), 2);
        gauge.reset(at(20));
        assert_eq!((gauge.value(), gauge.max(), gauge.max_at()), (2, 2, at(20)));
        assert_eq!(gauge.mean(at(30)), 2.0);
        let window = gauge.take_window(at(30));
        assert_eq!((window.from, window.min, window.max), (at(20), 2, 2));
    }

    #[test]
    fn windows_report_the_value_they_start_with() {
        let mut gauge = TimeWeighted::new(at(0));
        gauge.set(at(5), 4);
        let first = gauge.take_window(at(10));
        let width = SimDuration::from_nanos(10);
        assert_eq!(first, Window { from: at(0), width, mean: 2.0, min: 0, max: 4, last: 4 });
        let second = gauge.take_window(at(20));
        assert_eq!(second, Window { from: at(10), width, mean: 4.0, min: 4, max: 4, last: 4 });
    }

    #[test]
    #[should_panic(expected = "a gauge below zero")]
    fn taking_too_much_is_a_bug() {
        TimeWeighted::new(at(0)).sub(at(1), 1);
    }

    #[test]
    #[should_panic(expected = "time went back")]
    fn time_does_not_go_back() {
        let mut gauge = TimeWeighted::new(at(5));
        gauge.set(at(4), 1);
    }

    proptest! {
        /// Against the naive one: a value for every nanosecond.
        #[test]
        fn agrees_with_counting_every_nanosecond(
            steps in prop::collection::vec((0_u64..20, 0_u64..50), 1..40),
            sample_every in 1_usize..10,
        ) {
            let mut gauge = TimeWeighted::new(at(0));
            let mut held = Vec::new();
            let (mut window, mut seen) = (0, vec![0]);
            for (number, &(wait, value)) in steps.iter().enumerate() {
                held.extend(std::iter::repeat_n(gauge.value(), wait as usize));
                let now = at(held.len() as u64);
                gauge.set(now, value);
                seen.push(value);
                if number % sample_every == 0 {
                    let part: u64 = held[window..].iter().sum();
                    let taken = gauge.take_window(now);
                    prop_assert_eq!(taken.width.as_nanos(), (held.len() - window) as u64);
                    if held.len() > window {
                        prop_assert_eq!(taken.mean, part as f64 / (held.len() - window) as f64);
                    }
                    prop_assert_eq!(Some(&taken.max), seen.iter().max());
                    prop_assert_eq!(Some(&taken.min), seen.iter().min());
                    (window, seen) = (held.len(), vec![value]);
                }
            }
            let area: u64 = held.iter().sum();
            prop_assert_eq!(gauge.integral_until(at(held.len() as u64)), u128::from(area));
            prop_assert_eq!(gauge.max(), steps.iter().map(|step| step.1).max().unwrap());
        }
    }
}
