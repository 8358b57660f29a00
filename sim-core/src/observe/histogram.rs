//! A histogram of `u64` values with buckets of constant *relative* width.
//!
//! # Layout, fixed for good
//!
//! Values below 128 have a bucket each. Above, every power of two is cut into 64 buckets of equal
//! width: with `e = floor(log2(v))` and `shift = e - 6`, the bucket of `v` is
//! `64 * shift + (v >> shift)`. There are 3,776 buckets for the whole of `u64`; counts are allocated
//! up to the largest octave seen, so an empty histogram owns nothing, one of durations up to an hour
//! 18 KiB, and a full one 29.5 KiB. All histograms have the same layout: any two can be merged.
//!
//! # Error
//!
//! A quantile is answered with the middle of its bucket, held between the exact minimum and maximum:
//! it is within 1/128 (0.79 %) of the exact order statistic, and exact below 128. Minimum, maximum,
//! count, sum and mean are exact.
//!
//! The idea of linear steps inside powers of two is that of `HdrHistogram` (Gil Tene, 2012).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Linear buckets per power of two, as a power of two.
const PRECISION_BITS: u32 = 6;
/// Linear buckets per power of two.
const PER_OCTAVE: usize = 1 << PRECISION_BITS;
/// Buckets needed for every `u64`.
const BUCKETS_MAX: usize = (65 - PRECISION_BITS as usize) * PER_OCTAVE;

/// Counts of `u64` values in buckets of at most 1/64 relative width. See the [module](self) for the
/// layout and its error.
///
/// ```
/// use sim_core::observe::Histogram;
/// let mut latency_ns = Histogram::new();
/// for latency in 1..=1000 {
///     latency_ns.record(latency * 1_000);
/// }
/// assert_eq!(latency_ns.max(), 1_000_000);
/// let p99 = latency_ns.quantile(0.99);
/// assert!(p99.abs_diff(990_000) <= 990_000 / 128);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(into = "Sparse", try_from = "Sparse")]
pub struct Histogram {
    /// Zero outside of the buckets from that of `min` to that of `max`.
    counts: Vec<u64>,
    sum: u128,
    /// The largest `u64` while empty: no branch for the first value.
    min: u64,
    max: u64,
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        (self.sum, self.min, self.max) == (other.sum, other.min, other.max)
            && self.occupied() == other.occupied()
    }
}

impl Eq for Histogram {}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

/// One non-empty bucket: how many values lay in `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// The smallest value that belongs here.
    pub low: u64,
    /// The largest value that belongs here.
    pub high: u64,
    /// How many were recorded.
    pub count: u64,
}

impl Histogram {
    /// An empty histogram; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { counts: Vec::new(), sum: 0, min: u64::MAX, max: 0 }
    }

    /// Counts one `value`.
    #[inline(always)]
    pub fn record(&mut self, value: u64) {
        let index = bucket_of(value);
        match self.counts.get_mut(index) {
            Some(count) => *count += 1,
            None => self.grow(index, 1),
        }
        self.sum += u128::from(value);
        // Branches, since they are hardly ever taken: a minimum would be stored every time.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
    }

    /// Counts `value` `times` times.
    #[inline]
    pub fn record_n(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        let index = bucket_of(value);
        match self.counts.get_mut(index) {
            Some(count) => *count += times,
            None => self.grow(index, times),
        }
        self.sum += u128::from(value) * u128::from(times);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds everything `other` has counted: the same as recording its values here.
    pub fn merge(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        let end = bucket_of(other.max) + 1;
        if self.counts.len() < end {
            self.grow(end - 1, 0);
        }
        let mine = &mut self.counts[bucket_of(other.min)..end];
        for (mine, theirs) in mine.iter_mut().zip(other.occupied()) {
            *mine += theirs;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
    }

    /// Forgets everything, and keeps the memory for what comes.
    pub fn clear(&mut self) {
        if !self.is_empty() {
            self.counts[bucket_of(self.min)..=bucket_of(self.max)].fill(0);
        }
        (self.sum, self.min, self.max) = (0, u64::MAX, 0);
    }

    /// How many values were recorded. Adds up the buckets, which takes up to a microsecond.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.occupied().iter().sum()
    }

    /// Whether nothing was recorded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.min > self.max
    }

    /// The counts from the bucket of the minimum to that of the maximum.
    fn occupied(&self) -> &[u64] {
        if self.is_empty() {
            return &[];
        }
        &self.counts[bucket_of(self.min)..=bucket_of(self.max)]
    }

    /// The exact sum of all values.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The mean of all values, from the exact sum; zero when empty.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.is_empty() { 0.0 } else { self.sum as f64 / self.count() as f64 }
    }

    /// The smallest value, exactly; zero when empty.
    #[must_use]
    pub const fn min(&self) -> u64 {
        if self.is_empty() { 0 } else { self.min }
    }

    /// The largest value, exactly; zero when empty.
    #[must_use]
    pub const fn max(&self) -> u64 {
        self.max
    }

    /// The `probability`-quantile by nearest rank: the smallest value that at least that fraction of
    /// the values does not exceed, within 1/128 of itself. 0 gives the minimum and 1 the maximum,
    /// exactly; outside `0..=1` is held to the nearer end, NaN to the minimum; zero when empty.
    #[must_use]
    pub fn quantile(&self, probability: f64) -> u64 {
        self.value_at_rank(nearest_rank(self.count(), probability))
    }

    /// [`Histogram::quantile`] of several probabilities, which must rise, in one pass.
    #[must_use]
    pub fn quantiles<const N: usize>(&self, probabilities: [f64; N]) -> [u64; N] {
        let count = self.count();
        self.values_at_ranks(probabilities.map(|probability| nearest_rank(count, probability)))
    }

    /// The value of the given rank, 1 the smallest and [`Histogram::count`] the largest, within 1/128
    /// of itself; a rank outside is held to the nearer end; zero when empty. For intervals on
    /// quantiles, see [`crate::stats`].
    #[must_use]
    pub fn value_at_rank(&self, rank: u64) -> u64 {
        let [value] = self.values_at_ranks([rank]);
        value
    }

    fn values_at_ranks<const N: usize>(&self, ranks: [u64; N]) -> [u64; N] {
        debug_assert!(ranks.is_sorted(), "ranks rise");
        let mut values = [self.max; N];
        let mut found = ranks.iter().take_while(|&&rank| rank <= 1).count();
        values[..found].fill(self.min());
        let mut below = 0;
        // Octave by octave, since most of them are empty or far away.
        let first = if self.is_empty() { 0 } else { bucket_of(self.min) / PER_OCTAVE };
        for (octave, counts) in self.counts.chunks(PER_OCTAVE).enumerate().skip(first) {
            if found == N {
                break;
            }
            let all: u64 = counts.iter().sum();
            if below + all < ranks[found] {
                below += all;
                continue;
            }
            for (step, count) in counts.iter().enumerate() {
                let index = octave * PER_OCTAVE + step;
                below += count;
                while found < N && below >= ranks[found] {
                    values[found] = self.value_in(index, below == ranks[found]);
                    found += 1;
                }
            }
        }
        values
    }

    /// The value that stands for a bucket, or for the last value in it.
    fn value_in(&self, index: usize, is_last: bool) -> u64 {
        if is_last && index == bucket_of(self.max) {
            return self.max;
        }
        let (low, high) = bounds_of(index);
        (low + (high - low) / 2).clamp(self.min, self.max)
    }

    /// How many values are at most `value`; every value in the bucket of `value` counts as such, so
    /// the answer is exact for some threshold within 1/64 above `value`.
    #[must_use]
    pub fn count_at_most(&self, value: u64) -> u64 {
        let end = (bucket_of(value) + 1).min(self.counts.len());
        self.counts[..end].iter().sum()
    }

    /// The non-empty buckets, smallest first: for plots and cumulative distributions.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.counts.iter().enumerate().filter(|&(_, &count)| count > 0).map(|(index, &count)| {
            let (low, high) = bounds_of(index);
            Bucket { low, high, count }
        })
    }

    /// Allocates up to the end of the octave of `index`: at most 59 times in a histogram's life.
    #[cold]
    fn grow(&mut self, index: usize, times: u64) {
        let length = (index / PER_OCTAVE + 1) * PER_OCTAVE;
        self.counts.reserve_exact(length - self.counts.len());
        self.counts.resize(length, 0);
        self.counts[index] += times;
    }
}

/// The bucket of `value`.
#[inline]
const fn bucket_of(value: u64) -> usize {
    // Without the `| 127` small values would need a branch of their own; it changes no larger exponent.
    let exponent = 63 - (value | (2 * PER_OCTAVE as u64 - 1)).leading_zeros();
    let shift = exponent - PRECISION_BITS;
    ((shift as usize) << PRECISION_BITS) + (value >> shift) as usize
}

/// The smallest and largest value of a bucket.
const fn bounds_of(index: usize) -> (u64, u64) {
    if index < 2 * PER_OCTAVE {
        return (index as u64, index as u64);
    }
    let shift = index / PER_OCTAVE - 1;
    let mantissa = (index - shift * PER_OCTAVE) as u64;
    let low = mantissa << shift;
    (low, low + ((1 << shift) - 1))
}

/// The rank of the `probability`-quantile among `count` values: `ceil(probability * count)`, at
/// least 1.
///
/// The product is lowered by a few units in the last place first: 0.07 has no exact double, and
/// `0.07 * 100` is a hair above 7, which must not become rank 8.
pub(crate) fn nearest_rank(count: u64, probability: f64) -> u64 {
    if probability >= 1.0 {
        return count;
    }
    ((probability * count as f64) * (1.0 - 4.0 * f64::EPSILON)).ceil() as u64
}

/// What a file holds: only the non-empty buckets. The sum is a decimal string since JSON readers
/// lose integers past 2^53.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sparse {
    min: u64,
    max: u64,
    sum: String,
    /// Pairs of bucket number and count, rising.
    buckets: Vec<(u32, u64)>,
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        let buckets = (0_u32..).zip(&histogram.counts).filter(|&(_, &count)| count > 0);
        Self {
            min: histogram.min(),
            max: histogram.max,
            sum: histogram.sum.to_string(),
            buckets: buckets.map(|(index, &count)| (index, count)).collect(),
        }
    }
}

/// Why stored data is not a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistogramError {
    /// The sum is not a decimal number below 2^128.
    Sum(String),
    /// Bucket numbers must rise, stay below 3,776, and hold at least one value each.
    Bucket(u32),
    /// The minimum is not in the first bucket, or the maximum not in the last.
    Extremes,
    /// More values in all than a `u64` counts.
    Count,
}

impl fmt::Display for HistogramError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum(found) => write!(formatter, "the sum `{found}` is not a decimal number"),
            Self::Bucket(index) => write!(
                formatter,
                "bucket `{index}` is empty, out of order or not below {BUCKETS_MAX}"
            ),
            Self::Extremes => write!(formatter, "minimum and maximum do not fit the buckets"),
            Self::Count => write!(formatter, "the counts add up to more than 2^64 - 1"),
        }
    }
}

impl std::error::Error for HistogramError {}

impl TryFrom<Sparse> for Histogram {
    type Error = HistogramError;

    fn try_from(sparse: Sparse) -> Result<Self, HistogramError> {
        let mut histogram = Self::new();
        let (mut next, mut total) = (0, 0_u64);
        for &(index, times) in &sparse.buckets {
            let slot = index as usize;
            if !(next..BUCKETS_MAX).contains(&slot) || times == 0 {
                return Err(HistogramError::Bucket(index));
            }
            next = slot + 1;
            total = total.checked_add(times).ok_or(HistogramError::Count)?;
            match histogram.counts.get_mut(slot) {
                Some(count) => *count = times,
                None => histogram.grow(slot, times),
            }
        }
        histogram.sum = sparse.sum.parse().map_err(|_| HistogramError::Sum(sparse.sum))?;
        let end = |bucket: Option<&(u32, u64)>| bucket.map_or(0, |&(index, _)| index as usize);
        if end(sparse.buckets.first()) != bucket_of(sparse.min)
            || end(sparse.buckets.last()) != bucket_of(sparse.max)
            || sparse.min > sparse.max
        {
            return Err(HistogramError::Extremes);
        }
        if !sparse.buckets.is_empty() {
            (histogram.min, histogram.max) = (sparse.min, sparse.max);
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    /// Values of every magnitude, not only near 2^64.
    fn values() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec((any::<u64>(), 0_u32..64).prop_map(|(v, shift)| v >> shift), 1..200)
    }

    #[test]
    fn layout_is_fixed() {
        // (value, bucket), by the formula in the module's doc, worked by hand.
        for (value, bucket) in [
            (0, 0),
            (63, 63),
            (64, 64),
            (127, 127),
            (128, 128),
            (129, 128),
            (130, 129),
            (255, 191),
            (256, 192),
            (1_000, 317),
            (1 << 63, 3_712),
            (u64::MAX, 3_775),
        ] {
            assert_eq!(bucket_of(value), bucket, "{value}");
        }
        assert_eq!(BUCKETS_MAX, bucket_of(u64::MAX) + 1);
    }

    #[test]
    fn buckets_tile_the_numbers() {
        let mut next = 0;
        for index in 0..BUCKETS_MAX {
            let (low, high) = bounds_of(index);
            assert_eq!(low, next);
            assert_eq!((bucket_of(low), bucket_of(high)), (index, index));
            assert!((high - low) as f64 <= low as f64 / 64.0);
            next = high.wrapping_add(1);
        }
        assert_eq!(next, 0, "the last bucket ends at the largest u64");
    }

    #[test]
    fn memory_is_bounded() {
        assert_eq!(Histogram::new().counts.capacity(), 0);
        let mut full = of(&[0, 1 << 20, u64::MAX]);
        full.merge(&of(&[u64::MAX]));
        assert!(full.counts.capacity() * 8 <= 30_208);
        assert!(of(&[3_600_000_000_000]).counts.capacity() * 8 <= 18 * 1024 + 512);
    }

    #[test]
    fn quantiles_of_hand_counted_values() {
        let ten = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        for (probability, expected) in
            [(0.0, 1), (0.05, 1), (0.1, 1), (0.11, 2), (0.5, 5), (0.51, 6), (0.9, 9), (1.0, 10)]
        {
            assert_eq!(ten.quantile(probability), expected, "{probability}");
        }
        assert_eq!(ten.quantile(f64::NAN), 1);
        assert_eq!(ten.quantile(-1.0), 1);
        assert_eq!(ten.quantile(2.0), 10);
        assert_eq!(ten.mean(), 5.5);
        assert_eq!(ten.count_at_most(3), 3);
        assert_eq!(ten.count_at_most(u64::MAX), 10);
        // 0.07 * 100 is 7.000000000000001 in doubles.
        assert_eq!(of(&(1..=100).collect::<Vec<_>>()).quantile(0.07), 7);
    }

    #[test]
    fn empty_answers_zero() {
        let empty = Histogram::new();
        assert!(empty.is_empty());
        assert_eq!((empty.min(), empty.max(), empty.quantile(0.5)), (0, 0, 0));
        assert_eq!(empty.mean(), 0.0);
        assert_eq!(empty.count_at_most(7), 0);
    }

    #[test]
    fn bad_files_are_refused() {
        for (json, expected) in [
            (r#"{"min":1,"max":1,"sum":"x","buckets":[[1,1]]}"#, "the sum `x`"),
            (r#"{"min":1,"max":2,"sum":"3","buckets":[[2,1],[1,1]]}"#, "bucket `1`"),
            (r#"{"min":1,"max":1,"sum":"2","buckets":[[1,1],[1,1]]}"#, "bucket `1`"),
            (r#"{"min":1,"max":1,"sum":"3","buckets":[[3776,1]]}"#, "bucket `3776`"),
            (r#"{"min":1,"max":1,"sum":"3","buckets":[[1,0]]}"#, "bucket `1`"),
            (r#"{"min":2,"max":2,"sum":"1","buckets":[[1,1]]}"#, "minimum and maximum"),
            (
                r#"{"min":0,"max":1,"sum":"1","buckets":[[0,18446744073709551615],[1,1]]}"#,
                "the counts add up",
            ),
        ] {
            let error = serde_json::from_str::<Histogram>(json).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{json}: {error}");
        }
    }

    proptest! {
        #[test]
        fn quantiles_are_within_the_stated_error(values in values(), probability in 0.0_f64..=1.0) {
            let histogram = of(&values);
            let mut sorted = values;
            sorted.sort_unstable();
            let rank = ((probability * sorted.len() as f64).ceil() as usize).max(1);
            let exact = sorted[rank - 1];
            let found = histogram.quantile(probability);
            prop_assert!(found.abs_diff(exact) <= exact / 128, "{found} for {exact}");
            prop_assert_eq!(histogram.min(), sorted[0]);
            prop_assert_eq!(histogram.max(), sorted[sorted.len() - 1]);
            prop_assert_eq!(histogram.quantile(0.0), histogram.min());
            prop_assert_eq!(histogram.quantile(1.0), histogram.max());
            prop_assert_eq!(histogram.count(), sorted.len() as u64);
            prop_assert_eq!(histogram.sum(), sorted.iter().map(|&v| u128::from(v)).sum::<u128>());
        }

        #[test]
        fn merging_is_recording_everything(a in values(), b in values(), c in 0_u64..5) {
            let mut merged = of(&a);
            merged.merge(&of(&b));
            merged.merge(&Histogram::new());
            merged.record_n(b[0], c);
            let mut all = Histogram::new();
            all.merge(&of(&b));
            a.iter().for_each(|&value| all.record(value));
            (0..c).for_each(|_| all.record(b[0]));
            prop_assert_eq!(merged, all);
        }

        #[test]
        fn a_file_gives_the_same_histogram_back(mut values in values(), keep in any::<bool>()) {
            values.truncate(if keep { values.len() } else { 0 });
            let histogram = of(&values);
            let json = serde_json::to_string(&histogram).unwrap();
            prop_assert_eq!(serde_json::from_str::<Histogram>(&json).unwrap(), histogram);
        }
    }
}
