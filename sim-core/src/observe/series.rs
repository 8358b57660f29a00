//! How a figure went over time, in a bounded number of bins of equal width.
//!
//! Two kinds. [`Series::over`] divides a known horizon: what lies at or past its end belongs to the
//! last bin. [`Series::doubling`] begins with a width and, when the bins run out, joins them in pairs
//! and doubles it: for runs whose end nobody knows. Both keep at most `bins_max` bins whatever happens.
//!
//! A bin is one of
//! - [`GaugeBin`]: mean, minimum and maximum of a gauge, from the [`Window`]s of a sampler;
//! - [`CountBin`]: how many events;
//! - [`SampleBin`]: count, mean, minimum and maximum of values, such as the ages of completed events.
//!
//! Bins are made when they are first needed: one that nothing fell into but that has later ones is
//! empty, and after the last there are none.

use serde::{Deserialize, Serialize};

use super::Window;
use crate::time::{SimDuration, SimTime};

/// Enough bins for any chart, few enough to keep dozens of series.
pub const BINS_DEFAULT: u32 = 600;

/// What a series keeps per bin. The empty bin is the `Default`.
pub trait Bin: Clone + Default {
    /// Makes this bin tell of what `other` tells too.
    fn merge(&mut self, other: &Self);
}

/// The number of events in a bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CountBin(pub u64);

impl Bin for CountBin {
    fn merge(&mut self, other: &Self) {
        self.0 += other.0;
    }
}

/// Values that fell into a bin, in their unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleBin {
    /// How many.
    pub count: u64,
    /// Their sum; exact below 2^53.
    pub sum: f64,
    /// The smallest; zero when there are none.
    pub min: u64,
    /// The largest; zero when there are none.
    pub max: u64,
}

impl SampleBin {
    /// The mean of the values; `None` when there are none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Bin for SampleBin {
    fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.count += other.count;
    }
}

/// A gauge during a bin, in its unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GaugeBin {
    /// The mean over the time observed.
    pub mean: f64,
    /// The smallest value; zero when nothing was observed.
    pub min: u64,
    /// The largest value; zero when nothing was observed.
    pub max: u64,
    /// Nanoseconds observed: less than the bin's width where a run ended within it, more where runs
    /// were merged.
    pub observed_ns: u64,
}

impl Bin for GaugeBin {
    fn merge(&mut self, other: &Self) {
        if other.observed_ns == 0 {
            return;
        }
        self.min = if self.observed_ns == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.observed_ns += other.observed_ns;
        // In this form equal means stay what they are, to the bit.
        let weight = other.observed_ns as f64 / self.observed_ns as f64;
        self.mean += (other.mean - self.mean) * weight;
    }
}

/// What happens when an instant lies past the last bin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PastEnd {
    /// It belongs to the last.
    Last,
    /// Bins are joined in pairs.
    Double,
}

/// At most `bins_max` bins of equal width from the beginning of the run. See the [module](self).
///
/// ```
/// use sim_core::observe::{CountBin, Series};
/// use sim_core::time::{SimDuration, SimTime};
/// let hour = SimDuration::from_secs(3_600);
/// let mut dropped = Series::<CountBin>::over(hour, 600);
/// assert_eq!(dropped.width(), SimDuration::from_secs(10));
/// dropped.add(SimTime::ZERO + SimDuration::from_secs(25), 3);
/// assert_eq!(dropped.bins(), [CountBin(0), CountBin(0), CountBin(3)]);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored<B>", bound(deserialize = "B: Deserialize<'de>"))]
pub struct Series<B> {
    width_ns: u64,
    bins_max: u32,
    past_end: PastEnd,
    bins: Vec<B>,
    /// The bin that was used last; events come in the order of time, so it is nearly always the next.
    #[serde(skip)]
    cursor: Cursor,
}

/// A series as a file has it, before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<B> {
    width_ns: u64,
    bins_max: u32,
    past_end: PastEnd,
    bins: Vec<B>,
}

impl<B> TryFrom<Stored<B>> for Series<B> {
    type Error = &'static str;

    fn try_from(stored: Stored<B>) -> Result<Self, Self::Error> {
        let Stored { width_ns, bins_max, past_end, bins } = stored;
        let least = if past_end == PastEnd::Double { 2 } else { 1 };
        if width_ns == 0 {
            Err("the bins of a series have a width of at least 1 ns")
        } else if bins_max < least || bins.len() > bins_max as usize {
            Err("a series has at least one bin (two if it doubles) and at most `bins_max`")
        } else {
            Ok(Self { width_ns, bins_max, past_end, bins, cursor: Cursor::default() })
        }
    }
}

/// A bin's place, so that finding it again needs no division. The empty range fits no instant.
#[derive(Clone, Copy, Debug, Default)]
struct Cursor {
    from_ns: u64,
    width_ns: u64,
    index: usize,
}

impl<B: PartialEq> PartialEq for Series<B> {
    fn eq(&self, other: &Self) -> bool {
        (self.width_ns, self.bins_max, self.past_end, &self.bins)
            == (other.width_ns, other.bins_max, other.past_end, &other.bins)
    }
}

impl<B: Bin> Series<B> {
    /// A series over a known `horizon` in at most `bins_max` bins of a width that is easy to read;
    /// see [`readable_width`].
    #[must_use]
    pub fn over(horizon: SimDuration, bins_max: u32) -> Self {
        let width = readable_width(horizon, bins_max);
        let needed = horizon.as_nanos().div_ceil(width.as_nanos()).max(1);
        // At most `bins_max`, a u32, by the choice of the width.
        Self::new(width, needed as u32, PastEnd::Last)
    }

    /// A series that begins with bins of `width` and doubles it whenever more than `bins_max` are
    /// needed.
    ///
    /// # Panics
    /// If `width` is zero or `bins_max` below 2.
    #[must_use]
    pub fn doubling(width: SimDuration, bins_max: u32) -> Self {
        assert!(!width.is_zero() && bins_max >= 2, "a doubling series needs a width and two bins");
        Self::new(width, bins_max, PastEnd::Double)
    }

    const fn new(width: SimDuration, bins_max: u32, past_end: PastEnd) -> Self {
        let cursor = Cursor { from_ns: 0, width_ns: 0, index: 0 };
        Self { width_ns: width.as_nanos(), bins_max, past_end, bins: Vec::new(), cursor }
    }

    /// The width of every bin; the sampler of a gauge takes a window this often.
    #[must_use]
    pub const fn width(&self) -> SimDuration {
        SimDuration::from_nanos(self.width_ns)
    }

    /// The bins so far; the first begins with the run.
    #[must_use]
    pub fn bins(&self) -> &[B] {
        &self.bins
    }

    /// The bins so far, each with the instant at which it begins.
    pub fn iter(&self) -> impl Iterator<Item = (SimTime, &B)> {
        (0_u64..)
            .map(|number| SimTime::from_nanos(number.saturating_mul(self.width_ns)))
            .zip(&self.bins)
    }

    /// The bin of the instant `at`, made if need be.
    #[inline]
    pub fn bin_mut(&mut self, at: SimTime) -> &mut B {
        if at.as_nanos().wrapping_sub(self.cursor.from_ns) >= self.cursor.width_ns {
            self.move_cursor(at.as_nanos());
        }
        &mut self.bins[self.cursor.index]
    }

    fn move_cursor(&mut self, at_ns: u64) {
        let last = u64::from(self.bins_max) - 1;
        if self.past_end == PastEnd::Double {
            while at_ns / self.width_ns > last {
                self.double();
            }
        }
        // Both are below `bins_max`, a u32.
        let index = (at_ns / self.width_ns).min(last) as usize;
        if index >= self.bins.len() {
            self.bins.resize(index + 1, B::default());
        }
        let from_ns = index as u64 * self.width_ns;
        self.cursor = Cursor { from_ns, width_ns: self.width_ns, index };
    }

    /// Joins the bins in pairs.
    fn double(&mut self) {
        for index in 0..self.bins.len().div_ceil(2) {
            let mut joined = self.bins[2 * index].clone();
            if let Some(second) = self.bins.get(2 * index + 1) {
                joined.merge(second);
            }
            self.bins[index] = joined;
        }
        self.bins.truncate(self.bins.len().div_ceil(2));
        self.width_ns = self.width_ns.saturating_mul(2);
        self.cursor = Cursor::default();
    }

    /// Takes in another run's series of the same shape, bin by bin: counts add up, samples are
    /// pooled, gauges are averaged by the time observed.
    ///
    /// # Panics
    /// If the two were not made with the same arguments.
    pub fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        if self.past_end == PastEnd::Double && other.past_end == PastEnd::Double {
            while self.width_ns < other.width_ns {
                self.double();
            }
            while other.width_ns < self.width_ns {
                other.double();
            }
        }
        let shape = |series: &Self| (series.width_ns, series.bins_max, series.past_end);
        assert_eq!(shape(self), shape(&other), "series of different shapes cannot be merged");
        if self.bins.len() < other.bins.len() {
            self.bins.resize(other.bins.len(), B::default());
        }
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            mine.merge(theirs);
        }
    }
}

impl Series<CountBin> {
    /// Counts `events` events at `at`.
    #[inline]
    pub fn add(&mut self, at: SimTime, events: u64) {
        self.bin_mut(at).0 += events;
    }
}

impl Series<SampleBin> {
    /// Takes in one value at `at`.
    #[inline]
    pub fn record(&mut self, at: SimTime, value: u64) {
        let sample = SampleBin { count: 1, sum: value as f64, min: value, max: value };
        self.bin_mut(at).merge(&sample);
    }
}

impl Series<GaugeBin> {
    /// Takes in a sampler's window, in the bin in which it begins. A sampler that takes one every
    /// [`Series::width`] fills every bin with exactly one; a window of no time is left out.
    pub fn push(&mut self, window: &Window) {
        let Window { from, width, mean, min, max, last: _ } = *window;
        if !width.is_zero() {
            let bin = GaugeBin { mean, min, max, observed_ns: width.as_nanos() };
            self.bin_mut(from).merge(&bin);
        }
    }
}

/// The smallest width of bins that people like to read on an axis and that divides `horizon` into at
/// most `bins_max`: 1, 2 or 5 times a power of ten nanoseconds below a second; 1, 2, 5, 10, 15 or 30
/// seconds or minutes; 1, 2, 3, 6 or 12 hours; whole days beyond. One nanosecond for a horizon of
/// zero.
///
/// # Panics
/// If `bins_max` is zero.
#[must_use]
pub fn readable_width(horizon: SimDuration, bins_max: u32) -> SimDuration {
    const SECOND: u64 = 1_000_000_000;
    const DAY: u64 = 86_400 * SECOND;
    assert!(bins_max > 0, "a series needs a bin");
    let least = horizon.as_nanos().div_ceil(u64::from(bins_max)).max(1);
    let parts = (0..9).flat_map(|power| [1, 2, 5].map(|step| step * 10_u64.pow(power)));
    let seconds = [1, 2, 5, 10, 15, 30];
    let minutes = seconds.map(|count| 60 * count);
    let hours = [1, 2, 3, 6, 12].map(|count| 3_600 * count);
    let longer = seconds.into_iter().chain(minutes).chain(hours).map(|count| count * SECOND);
    let width = parts.chain(longer).find(|&width| width >= least);
    // The longest horizon is 213,504 days: no overflow.
    SimDuration::from_nanos(width.unwrap_or_else(|| least.div_ceil(DAY) * DAY))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::observe::TimeWeighted;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    const fn ns(nanos: u64) -> SimDuration {
        SimDuration::from_nanos(nanos)
    }

    #[test]
    fn widths_are_easy_to_read() {
        let second = 1_000_000_000;
        for (horizon, bins_max, width) in [
            (0, 600, 1),
            (600, 600, 1),
            (601, 600, 2),
            (second, 600, 2_000_000),
            (3_600 * second, 600, 10 * second),
            (7_200 * second, 600, 15 * second),
            (86_400 * second, 600, 300 * second),
            (30 * 86_400 * second, 600, 2 * 3_600 * second),
            (86_400 * second, 1, 86_400 * second),
            (u64::MAX, 600, 356 * 86_400 * second),
        ] {
            assert_eq!(readable_width(ns(horizon), bins_max), ns(width), "{horizon} / {bins_max}");
        }
    }

    #[test]
    fn what_is_past_the_horizon_is_in_the_last_bin() {
        let mut series = Series::<CountBin>::over(ns(10), 10);
        for instant in [0, 9, 10, 11, u64::MAX] {
            series.add(at(instant), 1);
        }
        assert_eq!(
            (series.bins().len(), series.bins()[0], series.bins()[9]),
            (10, CountBin(1), CountBin(4))
        );
    }

    #[test]
    fn bins_double_for_as_long_as_it_takes() {
        let mut series = Series::<SampleBin>::doubling(ns(1), 4);
        for instant in 0..9 {
            series.record(at(instant), 10 + instant);
        }
        assert_eq!(series.width(), ns(4));
        let means: Vec<_> =
            series.bins().iter().map(|bin| (bin.count, bin.min, bin.max, bin.mean())).collect();
        assert_eq!(
            means,
            [(4, 10, 13, Some(11.5)), (4, 14, 17, Some(15.5)), (1, 18, 18, Some(18.0))]
        );
        series.record(SimTime::MAX, 1);
        assert!(series.bins().len() <= 4);
        assert_eq!(series.bins().iter().map(|bin| bin.count).sum::<u64>(), 10);
    }

    #[test]
    fn a_sampled_gauge_keeps_its_mean() {
        let mut gauge = TimeWeighted::new(at(0));
        let mut series = Series::<GaugeBin>::over(ns(40), 4);
        for (until, value) in [(10, 8), (20, 2), (30, 2), (35, 0)] {
            gauge.set(at(until - 3), value);
            series.push(&gauge.take_window(at(until)));
        }
        series.push(&gauge.take_window(at(35)));
        let bins: Vec<_> = series
            .iter()
            .map(|(from, bin)| (from.as_nanos(), bin.mean, bin.min, bin.max))
            .collect();
        assert_eq!(bins, [(0, 2.4, 0, 8), (10, 6.2, 2, 8), (20, 2.0, 2, 2), (30, 0.8, 0, 2)]);
        assert_eq!(series.bins()[3].observed_ns, 5);
    }

    #[test]
    fn merging_pools_runs() {
        let run = |mean, min, max| {
            let mut series = Series::<GaugeBin>::over(ns(10), 1);
            series.push(&Window { from: at(0), width: ns(10), mean, min, max, last: 0 });
            series
        };
        let mut merged = run(1.0, 1, 1);
        merged.merge(&run(4.0, 0, 9));
        assert_eq!(merged.bins(), [GaugeBin { mean: 2.5, min: 0, max: 9, observed_ns: 20 }]);
    }

    #[test]
    fn bad_files_are_refused() {
        for (json, expected) in [
            (r#"{"width_ns":0,"bins_max":3,"past_end":"Last","bins":[]}"#, "the bins of a series"),
            (r#"{"width_ns":1,"bins_max":1,"past_end":"Last","bins":[1,2]}"#, "a series has"),
            (r#"{"width_ns":1,"bins_max":1,"past_end":"Double","bins":[]}"#, "a series has"),
            (r#"{"width_ns":1,"bins_max":1,"past_end":"Last","bins":[],"x":0}"#, "unknown field"),
        ] {
            let error = serde_json::from_str::<Series<CountBin>>(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }

    #[test]
    #[should_panic(expected = "different shapes")]
    fn different_widths_do_not_merge() {
        Series::<CountBin>::over(ns(10), 10).merge(&Series::over(ns(20), 10));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(
            instants in prop::collection::vec(0_u64..100_000, 0..200),
            others in prop::collection::vec(0_u64..1_000, 0..50),
            bins_max in 2_u32..50,
        ) {
            let count = |instants: &[u64], mut series: Series<CountBin>| {
                instants.iter().for_each(|&instant| series.add(at(instant), 1));
                series
            };
            for empty in [Series::over(ns(100_000), bins_max), Series::doubling(ns(3), bins_max)] {
                let mut series = count(&instants, empty.clone());
                series.merge(&count(&others, empty.clone()));
                let together: Vec<_> = instants.iter().chain(&others).copied().collect();
                prop_assert_eq!(&series, &count(&together, empty));
                prop_assert!(series.bins().len() <= bins_max as usize);
                for (from, bin) in series.iter() {
                    let inside = from.as_nanos()..from.as_nanos() + series.width().as_nanos();
                    let expected = together.iter().filter(|instant| inside.contains(instant)).count();
                    prop_assert_eq!(bin.0, expected as u64);
                }
                let json = serde_json::to_string(&series).unwrap();
                prop_assert_eq!(serde_json::from_str::<Series<CountBin>>(&json).unwrap(), series);
            }
        }
    }
}
