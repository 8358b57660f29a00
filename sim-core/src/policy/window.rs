//! Counts over the last while, for the policies that look at one.

use crate::time::{SimDuration, SimTime};

/// The window moves on in this many steps: what is counted is between 9/10 and all of its length.
const BINS: u64 = 10;

/// `N` counts over the last `length`, in ten bins that leave one at a time.
#[derive(Clone, Debug)]
pub(super) struct Window<const N: usize> {
    bin_ns: u64,
    bins: [[u64; N]; BINS as usize],
    sums: [u64; N],
    /// The number of the bin that is being filled, since the start of the run.
    current: u64,
}

impl<const N: usize> Window<N> {
    pub(super) fn new(length: SimDuration) -> Self {
        let bin_ns = (length.as_nanos() / BINS).max(1);
        Self { bin_ns, bins: [[0; N]; BINS as usize], sums: [0; N], current: 0 }
    }

    pub(super) fn count(&mut self, now: SimTime, which: usize) {
        self.advance(now);
        self.bins[(self.current % BINS) as usize][which] += 1;
        self.sums[which] += 1;
    }

    pub(super) fn sums(&mut self, now: SimTime) -> [u64; N] {
        self.advance(now);
        self.sums
    }

    pub(super) fn clear(&mut self) {
        self.bins = [[0; N]; BINS as usize];
        self.sums = [0; N];
    }

    fn advance(&mut self, now: SimTime) {
        let bin = now.as_nanos() / self.bin_ns;
        let steps = bin.saturating_sub(self.current);
        for step in 1..=steps.min(BINS) {
            let leaving = &mut self.bins[((self.current + step) % BINS) as usize];
            for (sum, count) in self.sums.iter_mut().zip(leaving) {
                *sum -= std::mem::take(count);
            }
        }
        self.current += steps;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_bins_leave() {
        let mut window = Window::<2>::new(SimDuration::from_secs(10));
        let at = |second: u64| SimTime::from_nanos(second * 1_000_000_000);
        for second in 0..10 {
            window.count(at(second), 0);
        }
        window.count(at(9), 1);
        // (second, counts)
        let table = [(9, [10, 1]), (10, [9, 1]), (14, [5, 1]), (18, [1, 1]), (19, [0, 0])];
        for (second, expected) in table {
            assert_eq!(window.sums(at(second)), expected, "{second}");
        }
        window.count(at(1_000), 1);
        assert_eq!(window.sums(at(1_000)), [0, 1]);
        window.clear();
        assert_eq!(window.sums(at(1_000)), [0, 0]);
    }
}
