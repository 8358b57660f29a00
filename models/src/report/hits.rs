//! Which limits were reached, and when first.

use super::limits::{Limit, Sign};
use crate::engine::recorder::{FactKind, GaugeWindow, SampleWindow};
use crate::outcome::{ComponentOutcome, Outcome};

/// Windows in a row that make "stays at the limit": one in a hundred of a run.
const STAYS: usize = 6;
/// Windows in a row in which most had to wait.
const WAITS: usize = 3;
/// A level so near to its limit counts as at it, where levels move in steps larger than one.
const NEAR: f64 = 0.99;
/// Busy servers: a shade less than all, for the moments between two services.
const ALL_BUSY: f64 = 0.98;
/// Somebody waits for this share of the time.
const MOSTLY: f64 = 0.9;
/// A wait that is this share of a rate limit's interval is a wait for that limit.
const WAIT_SHARE: f64 = 0.75;

/// When the limit was first reached in a run, nanoseconds; to the window where it is not known better.
pub(crate) fn first_hit_ns(limit: &Limit, outcome: &Outcome) -> Option<u64> {
    let component = outcome.component(&limit.component)?;
    let window_ns = outcome.window_ns;
    match limit.sign {
        Sign::Level => level(limit, component, limit.value, window_ns),
        Sign::NearLevel => level(limit, component, limit.value * NEAR, window_ns),
        Sign::Saturated => {
            let gauge = component.gauge(limit.gauge?)?;
            let busy = |window: &GaugeWindow| window.mean >= limit.value * ALL_BUSY;
            first_run(gauge.windows.iter().map(busy), STAYS).map(|at| at * window_ns)
        }
        Sign::Queue(gauge) => {
            let gauge = component.gauge(gauge)?;
            let waits = gauge.windows.iter().map(|window| window.mean >= MOSTLY);
            first_run(waits, STAYS).map(|at| at * window_ns)
        }
        Sign::Wait(samples) => {
            let sample = component.sample(samples)?;
            let interval_ns = 1e9 / limit.value;
            let waits = |window: &SampleWindow| window.p50_ns as f64 >= interval_ns * WAIT_SHARE;
            // A window without samples says neither yes nor no.
            let known = (0..).zip(&sample.windows).filter(|(_, window)| window.count > 0);
            let (at, waits): (Vec<u64>, Vec<bool>) =
                known.map(|(at, window)| (at, waits(window))).unzip();
            let first = first_run(waits.into_iter(), WAITS)?;
            Some(at[first as usize] * window_ns)
        }
        Sign::Unseen => None,
        Sign::Refusals => {
            let counts = component.counts.iter().find(|count| count.fact == FactKind::Refused)?;
            first_run(counts.windows.iter().map(|&count| count > 0), 1).map(|at| at * window_ns)
        }
    }
}

fn level(limit: &Limit, component: &ComponentOutcome, level: f64, window_ns: u64) -> Option<u64> {
    let gauge = component.gauge(limit.gauge?)?;
    let reached = |window: &GaugeWindow| window.max as f64 >= level;
    let start = first_run(gauge.windows.iter().map(reached), 1)? * window_ns;
    // The instant of the first maximum is that of the limit if that is the maximum.
    let exact = gauge.max as f64 >= level && (start..start + window_ns).contains(&gauge.max_at_ns);
    Some(if exact { gauge.max_at_ns } else { start })
}

/// Where the first `length` values in a row that are true begin.
fn first_run(values: impl Iterator<Item = bool>, length: usize) -> Option<u64> {
    let mut run = 0;
    for (at, value) in (1..).zip(values) {
        run = if value { run + 1 } else { 0 };
        if run == length {
            return Some(at - length as u64);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_true() {
        let values = [false, true, true, false, true, true, true];
        for (length, expected) in [(1, Some(1)), (2, Some(1)), (3, Some(4)), (4, None)] {
            assert_eq!(first_run(values.into_iter(), length), expected, "{length}");
        }
    }
}
