//! Traces: what arrived once arrives again.

use std::sync::Arc;

use super::{Arrival, ArrivalError, Process};
use crate::dist::error::Checks;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// The window in which the peak rate of a trace is counted.
const PEAK_WINDOW: SimDuration = SimDuration::from_secs(1);

/// A recorded arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// When, from the beginning of the run.
    pub at: SimTime,
    /// The size of each event, if it was recorded.
    pub size_bytes: Option<u32>,
    /// How many events at once; at least one.
    pub count: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// Shared, because a copy of a model should not copy a million rows.
    rows: Arc<[TraceRow]>,
    next: usize,
    peak_rate_per_s: f64,
}

impl Trace {
    pub(super) fn new(rows: Vec<TraceRow>) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("trace");
        if rows.is_empty() {
            checks.refuse("rows", "[]", "at least one");
        }
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.count == 0).take(10) {
            checks.refuse(&format!("rows[{index}].count"), row.count, "at least 1");
        }
        let unsorted = rows.windows(2).enumerate().filter(|(_, pair)| pair[1].at < pair[0].at);
        for (index, pair) in unsorted.take(10) {
            let expected = format!("at or after `{}`, the row before", pair[0].at);
            checks.refuse(&format!("rows[{}].at", index + 1), pair[1].at, &expected);
        }
        checks.give(|| Self { peak_rate_per_s: peak(&rows), rows: rows.into(), next: 0 })
    }
}

/// The most events in any window of a second (begun at an arrival, its end not included).
fn peak(rows: &[TraceRow]) -> f64 {
    let (mut first, mut events, mut most) = (0, 0u64, 0u64);
    for row in rows {
        events += u64::from(row.count);
        while row.at.since(rows[first].at) >= PEAK_WINDOW {
            events -= u64::from(rows[first].count);
            first += 1;
        }
        most = most.max(events);
    }
    most as f64 / PEAK_WINDOW.as_secs_f64()
}

impl Process for Trace {
    fn advance(&mut self, _: &mut Stream) -> Option<Arrival> {
        let &TraceRow { at, size_bytes, count } = self.rows.get(self.next)?;
        self.next += 1;
        Some(Arrival { at, count, size_bytes })
    }

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        if horizon.is_zero() {
            return 0.0;
        }
        let end = SimTime::ZERO + horizon;
        let within = self.rows.iter().take_while(|row| row.at < end);
        within.map(|row| f64::from(row.count)).sum::<f64>() / horizon.as_secs_f64()
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.peak_rate_per_s
    }

    fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        let end = SimTime::ZERO + horizon;
        peak(&self.rows[..self.rows.partition_point(|row| row.at < end)])
    }

    fn at_once(&self, horizon: SimDuration) -> f64 {
        let end = SimTime::ZERO + horizon;
        let within = self.rows.iter().take_while(|row| row.at < end);
        within.map(|row| f64::from(row.count)).fold(1.0, f64::max)
    }
}
