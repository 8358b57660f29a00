//! From facts to figures: what a run records about itself while it runs.
//!
//! An observer is told facts and computes figures; it never draws, never schedules and never answers
//! a component, so a run is the same with and without it. Everything here is of bounded size whatever
//! the horizon, mergeable over replications where that has a meaning, and the same on every platform.
//!
//! # What to use when
//!
//! | question | use | cost |
//! |---|---|---|
//! | how long, how big: p50, p99, max of many values | [`Histogram`] of `u64` (nanoseconds, bytes) | 2 ns |
//! | how many at a time: depth, bytes held, busy servers | [`TimeWeighted`] | 2 ns |
//! | how did it go over time | [`Series`] of [`Window`]s, counts or samples | nothing per event, or 2 ns |
//! | mean and spread of figures, one per replication | [`Moments`] | 7 ns |
//! | was it the same run, to the bit | [`Fingerprint`] | 2 ns |
//!
//! A mean *over events* ("the mean age of a completed event") is a [`Histogram`]'s or a [`Moments`]';
//! a mean *over time* ("the mean depth of the bus") is a [`TimeWeighted`]'s. Mixing them up is the
//! commonest error in queueing studies: the mean depth seen by arrivals is the mean over time only
//! when the arrivals are Poisson (Wolff, "Poisson arrivals see time averages", Operations Research
//! 30, 1982).
//!
//! # Units
//!
//! Times and durations are whole nanoseconds; an integral over time is `value × nanoseconds` in a
//! `u128`. Whoever records bytes or messages reads bytes or messages back. Intervals and tests on
//! these figures are in [`crate::stats`].

pub mod fingerprint;
pub mod gauge;
pub mod histogram;
pub mod moments;
pub mod series;

pub use fingerprint::{Digest, DigestError, Fingerprint};
pub use gauge::{TimeWeighted, Window};
pub(crate) use histogram::nearest_rank;
pub use histogram::{Bucket, Histogram, HistogramError};
pub use moments::Moments;
pub use series::{BINS_DEFAULT, Bin, CountBin, GaugeBin, SampleBin, Series, readable_width};
