//! The limiter of uber-go/ratelimit v0.3.1 (its default, the atomic int64 one), to the nanosecond.

use super::{instant, scale_down};
use crate::time::{Rate, SimDuration, SimTime};

/// Grants evenly, one per interval, but lets a limiter that was idle catch up on `slack` intervals.
///
/// Facts, from uber-go/ratelimit v0.3.1:
/// - the interval is `per / count` in whole nanoseconds, rounded down (so 3 per second is a little
///   more than 3 per second);
/// - **cold**: the first grant ever is at once and starts the schedule: 0, p, 2p ... however long the
///   limiter had existed;
/// - **idle** for more than `slack + 1` intervals: `slack + 1` at once, then one per interval.
///   Argo Events keeps the default slack of 10, hence 11 at once (argo-events issue 2851);
/// - in any time `t` no more than `slack + 1 + t / p` are granted.
///
/// Go divides by zero for a count of zero; here such a limiter grants nothing until its rate changes.
#[derive(Clone, Debug)]
pub struct LeakyBucket {
    /// The slot given last, in nanoseconds; before the run when it began with slack. `None`: cold.
    last_slot: Option<i128>,
    /// Nanoseconds between slots, as long as it is not stopped.
    interval: u64,
    slack: u32,
    /// Since when the rate is zero.
    stopped_at: Option<SimTime>,
}

impl LeakyBucket {
    /// A cold limiter.
    #[must_use]
    pub fn new(rate: Rate, slack: u32) -> Self {
        Self {
            last_slot: None,
            interval: if rate.count == 0 { 0 } else { rate.interval().as_nanos() },
            slack,
            stopped_at: (rate.count == 0).then_some(SimTime::ZERO),
        }
    }

    pub(super) fn rate(&self) -> Rate {
        Rate { count: 1, per: SimDuration::from_nanos(self.interval) }
    }

    /// See [`Limiter::take`](super::Limiter::take).
    #[inline]
    pub fn take(&mut self, now: SimTime) -> SimTime {
        let Some(slot) = self.next_slot(now) else { return SimTime::MAX };
        self.last_slot = Some(slot);
        now.max(instant(slot))
    }

    /// See [`Limiter::try_take`](super::Limiter::try_take); not in uber-go.
    ///
    /// # Errors
    /// When to try again.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> Result<(), SimTime> {
        let slot = self.next_slot(now).ok_or(SimTime::MAX)?;
        if slot > i128::from(now.as_nanos()) {
            return Err(instant(slot));
        }
        self.last_slot = Some(slot);
        Ok(())
    }

    /// See [`Limiter::set_rate`](super::Limiter::set_rate); not in uber-go. Earned slack is kept in
    /// slots; the next slot is one new interval after the last one reserved.
    pub fn set_rate(&mut self, now: SimTime, rate: Rate) {
        self.resume(now);
        if rate.count == 0 {
            self.stopped_at = Some(now);
            return;
        }
        let interval = rate.interval().as_nanos();
        let now = i128::from(now.as_nanos());
        if let Some(last) = self.last_slot.filter(|&last| last < now) {
            // No more than a limiter that idles may catch up on.
            let idle_max = i128::from(self.interval) * i128::from(self.slack);
            let idle_max = idle_max + i128::from(self.interval);
            let idle = (now - last).min(idle_max);
            let idle = match self.interval {
                0 => 0,
                before => scale_down(idle, interval, before),
            };
            self.last_slot = Some(now - idle);
        }
        self.interval = interval;
    }

    /// The slot that the next to ask would get, maybe in the past; `None` while the rate is zero.
    #[inline]
    fn next_slot(&self, now: SimTime) -> Option<i128> {
        if self.stopped_at.is_some() {
            return None;
        }
        let now = i128::from(now.as_nanos());
        let interval = i128::from(self.interval);
        let slack = interval * i128::from(self.slack);
        Some(match self.last_slot {
            None => now,
            Some(last) if now - last > slack + interval => now - slack,
            Some(last) => last + interval,
        })
    }

    /// The time without a rate earned nothing: the schedule moves over it.
    fn resume(&mut self, now: SimTime) {
        if let Some(stopped_at) = self.stopped_at.take() {
            let stopped = i128::from(now.since(stopped_at).as_nanos());
            let stopped_at = i128::from(stopped_at.as_nanos());
            self.last_slot =
                self.last_slot.map(|last| if last <= stopped_at { last + stopped } else { last });
        }
    }
}
