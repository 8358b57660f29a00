//! Replications and their intervals.
