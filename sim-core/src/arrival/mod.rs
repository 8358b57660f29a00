//! When events arrive, how many at once, and how large they are if that was recorded.
//!
//! A process tells its arrivals one after another, each at a whole nanosecond and none before the
//! last. It keeps its own position, so what it tells depends on its stream and on nothing else: two
//! policies see the same storm.
//!
//! # No drift
//!
//! An arrival falls on a whole nanosecond, but the sequence behind it does not: the random processes
//! carry the fraction that was cut off to the next arrival, and rate profiles compute every instant
//! from the beginning of its segment. So rounding errors do not add up, and a rate of 3 per second
//! is 3 per second after a year.
//!
//! # No endless loop
//!
//! A process whose rate is zero for ever says so with `None`. Rates are at most one per nanosecond,
//! and parameters that would search a million states for the next arrival are refused.
//!
//! A closed loop with think time needs completions and is therefore not here.
//!
//! To add a process: a file with a `Process`, a line in the list of `kinds`, and a constructor.

mod batch;
mod calendar;
mod clock;
mod mmpp;
mod on_off;
mod periodic;
mod poisson;
mod profile;
mod renewal;
mod shapes;
mod superposition;
#[cfg(test)]
mod tests;
mod trace;
mod trace_csv;

pub use calendar::{Schedule, ScheduleError, WallTime, Zone, offset_s, split_zone};
pub use profile::{Pattern, ProfilePoint, Shape};
pub use trace::TraceRow;
pub use trace_csv::{TRACE_ERRORS_MAX, TraceError, TraceErrors, parse_trace};

use crate::dist::error::Checks;
use crate::dist::{Distribution, ParameterError};
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// Why an arrival process cannot be built.
pub type ArrivalError = ParameterError;

/// The largest rate, in events per second: one per nanosecond.
const RATE_MAX: f64 = 1e9;

/// The most changes of state that a process may make between two arrivals, on average.
const CHANGES_MAX: f64 = 1e6;

/// Something arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub at: SimTime,
    /// How many events at once; at least one.
    pub count: u32,
    /// The size of each, in bytes, if the process knows it (only a trace does).
    pub size_bytes: Option<u32>,
}

impl Arrival {
    const fn one(at: SimTime) -> Self {
        Self { at, count: 1, size_bytes: None }
    }
}

/// A process that tells when events arrive. The constructors name every parameter that is out of
/// range.
#[derive(Clone, Debug)]
pub struct ArrivalProcess(Kind);

/// What every process can do.
trait Process {
    /// The next arrival in the sequence.
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival>;

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64;

    fn peak_rate_per_s(&self) -> f64;

    fn peak_rate_within(&self, _: SimDuration) -> f64 {
        self.peak_rate_per_s()
    }

    fn at_once(&self, _: SimDuration) -> f64 {
        1.0
    }

    fn peak_window(&self, _: SimDuration) -> Option<(SimTime, SimTime)> {
        None
    }
}

/// The list of processes: makes [`Kind`] and passes each [`Process`] method on.
macro_rules! kinds {
    ($($kind:ident($process:ty)),* $(,)?) => {
        #[derive(Clone, Debug)]
        enum Kind { $($kind($process)),* }

        impl Process for Kind {
            #[inline(never)]
            fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
                match self { $(Self::$kind(process) => process.advance(rng)),* }
            }
            fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
                match self { $(Self::$kind(process) => process.mean_rate_per_s(horizon)),* }
            }
            fn peak_rate_per_s(&self) -> f64 {
                match self { $(Self::$kind(process) => process.peak_rate_per_s()),* }
            }
            fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
                match self { $(Self::$kind(process) => process.peak_rate_within(horizon)),* }
            }
            fn at_once(&self, horizon: SimDuration) -> f64 {
                match self { $(Self::$kind(process) => process.at_once(horizon)),* }
            }
            fn peak_window(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
                match self { $(Self::$kind(process) => process.peak_window(horizon)),* }
            }
        }
    };
}

kinds! {
    Periodic(periodic::Periodic),
    Poisson(poisson::Poisson),
    Renewal(renewal::Renewal),
    Batch(batch::Batch),
    OnOff(on_off::OnOff),
    Mmpp(mmpp::Mmpp),
    Profile(profile::Profile),
    Trace(trace::Trace),
    Calendar(calendar::Calendar),
    Superposition(superposition::Superposition),
}

impl ArrivalProcess {
    /// One event at `offset` and one every `interval` after it: exact, without a draw.
    ///
    /// # Errors
    /// If `interval` is zero.
    pub fn periodic(interval: SimDuration, offset: SimDuration) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("periodic");
        if interval.is_zero() {
            checks.refuse("interval", interval, "longer than zero");
        }
        checks.give(|| Self(Kind::Periodic(periodic::Periodic::new(interval, offset))))
    }

    /// Poisson arrivals: exponential gaps with mean 1 / `rate_per_s`.
    ///
    /// # Errors
    /// If `rate_per_s` is not greater than zero and at most 1e9.
    pub fn poisson(rate_per_s: f64) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("poisson");
        checks.positive_up_to("rate_per_s", rate_per_s, RATE_MAX);
        checks.give(|| Self(Kind::Poisson(poisson::Poisson::new(rate_per_s))))
    }

    /// Independent gaps, in seconds, from one distribution; the first arrival comes after the first
    /// gap.
    ///
    /// # Errors
    /// If the mean gap is shorter than a nanosecond.
    pub fn renewal(gap: Distribution) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("renewal");
        if gap.mean() < 1e-9 {
            checks.refuse("mean gap", gap.mean(), "at least 1e-9 seconds");
        }
        checks.give(|| Self(Kind::Renewal(renewal::Renewal::new(gap))))
    }

    /// The arrivals of `inner`, each with a random number of events. A size that is not whole is
    /// rounded up with the probability of its fraction, else down, which keeps the mean; when it
    /// comes to zero, nothing arrives.
    ///
    /// # Errors
    /// If the mean batch size is below 0.001 or above 4294967295.
    pub fn batch(inner: Self, size: Distribution) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("batch");
        checks.within("mean batch size", size.mean(), 1e-3, f64::from(u32::MAX));
        checks.give(|| Self(Kind::Batch(batch::Batch::new(inner, size))))
    }

    /// Poisson arrivals at `on_rate_per_s` and `off_rate_per_s` by turns; how long each turn lasts,
    /// in seconds, is drawn from `on` and `off`. Begins with a turn of `on`.
    ///
    /// # Errors
    /// If a rate is negative or above 1e9, the two mean lengths are both zero, or there would be
    /// more than a million turns between two arrivals.
    pub fn on_off(
        on_rate_per_s: f64,
        on: Distribution,
        off_rate_per_s: f64,
        off: Distribution,
    ) -> Result<Self, ArrivalError> {
        on_off::OnOff::new([(on_rate_per_s, on), (off_rate_per_s, off)])
            .map(|process| Self(Kind::OnOff(process)))
    }

    /// A Markov-modulated Poisson process that goes through its states in order, again and again:
    /// Poisson arrivals with `rates_per_s[i]` while in state i, for an exponential time with mean
    /// `mean_sojourn[i]`. Begins in the first state.
    ///
    /// # Errors
    /// If there is no state or more than 64, the lists differ in length, a rate is negative or above
    /// 1e9, a sojourn is zero, or there would be more than a million changes of state between two
    /// arrivals.
    pub fn mmpp(rates_per_s: &[f64], mean_sojourn: &[SimDuration]) -> Result<Self, ArrivalError> {
        mmpp::Mmpp::cyclic(rates_per_s, mean_sojourn).map(|process| Self(Kind::Mmpp(process)))
    }

    /// As [`ArrivalProcess::mmpp`], but from state i the next one is j with probability
    /// `transitions[i][j]`.
    ///
    /// # Errors
    /// As for `mmpp`; also if the matrix is not square with one row per state, an entry is negative,
    /// a row does not add up to 1 within 1e-9, or some state cannot be reached from another.
    pub fn mmpp_with_transitions(
        rates_per_s: &[f64],
        mean_sojourn: &[SimDuration],
        transitions: &[Vec<f64>],
    ) -> Result<Self, ArrivalError> {
        mmpp::Mmpp::new(rates_per_s, mean_sojourn, transitions)
            .map(|process| Self(Kind::Mmpp(process)))
    }

    /// Arrivals at a rate that follows `points`, with steps and ramps; see [`ProfilePoint`]. Before
    /// the first point the rate is zero, after the last it stays. With `repeat` the profile begins
    /// anew after each such period.
    ///
    /// # Errors
    /// If there is no point, a rate is negative or above 1e9, points are out of order (two at one
    /// instant are fine if the second is a step), or a point lies beyond the period.
    pub fn profile(
        points: Vec<ProfilePoint>,
        pattern: Pattern,
        repeat: Option<SimDuration>,
    ) -> Result<Self, ArrivalError> {
        profile::Profile::new(points, pattern, repeat).map(|process| Self(Kind::Profile(process)))
    }

    /// A day and a night: Poisson arrivals at
    /// `mean_rate_per_s` (1 + `relative_amplitude` cos(2 pi (t - `peak_at`) / `period`)).
    /// The cosine is 288 straight lines (every five minutes of a day), at most 0.006 % off, with
    /// exactly the same mean.
    ///
    /// # Errors
    /// If the rate is not greater than zero and at most 5e8, the amplitude not from 0 to 1, or the
    /// period shorter than a millisecond.
    pub fn diurnal(
        mean_rate_per_s: f64,
        relative_amplitude: f64,
        period: SimDuration,
        peak_at: SimTime,
    ) -> Result<Self, ArrivalError> {
        shapes::diurnal(mean_rate_per_s, relative_amplitude, period, peak_at)
            .map(|process| Self(Kind::Profile(process)))
    }

    /// Poisson arrivals at `base_per_s`, but from `at` on the rate rises for `ramp` to `peak_per_s`,
    /// stays there for `duration`, and falls for `ramp` back to the base. Its peak window is all the
    /// time above the base.
    ///
    /// # Errors
    /// If a rate is negative or above 1e9, or the peak not above the base.
    pub fn spike(
        base_per_s: f64,
        peak_per_s: f64,
        at: SimTime,
        duration: SimDuration,
        ramp: SimDuration,
    ) -> Result<Self, ArrivalError> {
        shapes::spike(base_per_s, peak_per_s, at, duration, ramp)
            .map(|process| Self(Kind::Profile(process)))
    }

    /// Arrivals as they were recorded; see [`parse_trace`].
    ///
    /// # Errors
    /// If there is no row, a row is earlier than the one before, or a count is zero (the first ten
    /// such rows are named).
    pub fn trace(rows: Vec<TraceRow>) -> Result<Self, ArrivalError> {
        trace::Trace::new(rows).map(|process| Self(Kind::Trace(process)))
    }

    /// One event at each instant that one of `schedules` names, by the clocks of its zone; an instant that
    /// several name has one. The run begins at `start`, which counts; `@every` counts from there. Without a
    /// draw.
    ///
    /// # Errors
    /// If there is no schedule, or more than 1024.
    pub fn calendar(
        schedules: Vec<(Schedule, Zone)>,
        start: WallTime,
    ) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("calendar");
        checks.entries("schedules", schedules.len(), 1024);
        checks.give(|| Self(Kind::Calendar(calendar::Calendar::new(schedules, start))))
    }

    /// All the arrivals of `processes`; at one instant in the order of the list. Process i draws
    /// from child i of the given stream ([`Stream::split`]), so changing one moves no other.
    ///
    /// # Errors
    /// If there is no process, or more than 1024.
    pub fn superposition(processes: Vec<Self>) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("superposition");
        checks.entries("processes", processes.len(), 1024);
        checks.give(|| Self(Kind::Superposition(superposition::Superposition::new(processes))))
    }

    /// The next arrival that is not before `now`; none if there are no more. Arrivals before `now`
    /// are passed over (nobody was there), and the sequence goes on as if they had been told.
    #[inline]
    pub fn next(&mut self, now: SimTime, rng: &mut Stream) -> Option<Arrival> {
        loop {
            let arrival = match &mut self.0 {
                // The commonest, without the way through the table.
                Kind::Poisson(process) => Arrival::one(process.next_at(rng)?),
                other => other.advance(rng)?,
            };
            if arrival.at >= now {
                return Some(arrival);
            }
        }
    }

    /// The mean rate in events per second from the beginning to `horizon`; for random processes
    /// without a profile the long-run mean. Zero for a horizon of zero where that matters.
    #[must_use]
    pub fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        self.0.mean_rate_per_s(horizon)
    }

    /// The largest rate in events per second: that of the busiest state or moment. For a trace the
    /// most events in any one second; for a superposition the sum of the peaks, which need not fall
    /// together.
    #[must_use]
    pub fn peak_rate_per_s(&self) -> f64 {
        self.0.peak_rate_per_s()
    }

    /// As [`ArrivalProcess::peak_rate_per_s`], but only of what comes before `horizon`, as far as that is
    /// known beforehand.
    #[must_use]
    pub fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        self.0.peak_rate_within(horizon)
    }

    /// How many events come at one instant, before `horizon`: 1 without batches, else the mean size of a
    /// batch; for a trace the most of one row.
    #[must_use]
    pub fn at_once(&self, horizon: SimDuration) -> f64 {
        self.0.at_once(horizon)
    }

    /// The storm: from when to when the rate is above halfway between its lowest and its highest
    /// within `horizon` (for a spike: above its base), around its first peak. None where the rate
    /// does not vary in a way that is known beforehand, and where what comes before `horizon` is no
    /// storm: less than twice its lowest rate, or less than half of the highest rate after it.
    #[must_use]
    pub fn peak_window(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
        self.0.peak_window(horizon)
    }
}
