//! Profiles with a name: a day, and a spike.

use std::f64::consts::TAU;

use super::profile::{Pattern, Profile, ProfilePoint, Shape};
use super::{ArrivalError, RATE_MAX};
use crate::dist::error::{Checks, number};
use crate::time::{SimDuration, SimTime};

/// Straight lines per period. The relative error of the largest deviation is (pi / 288)^2 / 2.
const LINES: u64 = 288;

pub(super) fn diurnal(
    mean_rate_per_s: f64,
    relative_amplitude: f64,
    period: SimDuration,
    peak_at: SimTime,
) -> Result<Profile, ArrivalError> {
    let mut checks = Checks::of("diurnal");
    checks.positive_up_to("mean_rate_per_s", mean_rate_per_s, RATE_MAX / 2.0);
    checks.within("relative_amplitude", relative_amplitude, 0.0, 1.0);
    if period < SimDuration::from_millis(1) {
        checks.refuse("period", period, "at least `1ms`");
    }
    checks.give(|| ())?;

    let nanos = period.as_nanos();
    // Within the first period, for the precision of the cosine.
    let phase = (peak_at.as_nanos() % nanos) as f64 / nanos as f64;
    let point = |line: u64| {
        let turn = line as f64 / LINES as f64 - phase;
        let at = u128::from(nanos) * u128::from(line) / u128::from(LINES);
        ProfilePoint {
            at: SimTime::from_nanos(at as u64),
            rate_per_s: (mean_rate_per_s * (1.0 + relative_amplitude * libm::cos(TAU * turn)))
                .max(0.0),
            shape: if line == 0 { Shape::Step } else { Shape::Ramp },
        }
    };
    let points = (0..=LINES).map(point).collect();
    Profile::new(points, Pattern::Poisson, Some(period))
}

pub(super) fn spike(
    base_per_s: f64,
    peak_per_s: f64,
    at: SimTime,
    duration: SimDuration,
    ramp: SimDuration,
) -> Result<Profile, ArrivalError> {
    let mut checks = Checks::of("spike");
    checks.within("base_per_s", base_per_s, 0.0, RATE_MAX);
    checks.within("peak_per_s", peak_per_s, 0.0, RATE_MAX);
    if peak_per_s <= base_per_s {
        let expected = format!("above `base_per_s`, which is {}", number(base_per_s));
        checks.refuse("peak_per_s", number(peak_per_s), &expected);
    }
    checks.give(|| ())?;

    let shape = if ramp.is_zero() { Shape::Step } else { Shape::Ramp };
    let point = |at, rate_per_s, shape| ProfilePoint { at, rate_per_s, shape };
    let up = at + ramp;
    let points = vec![
        point(SimTime::ZERO, base_per_s, Shape::Step),
        point(at, base_per_s, Shape::Step),
        point(up, peak_per_s, shape),
        point(up + duration, peak_per_s, Shape::Step),
        point(up + duration + ramp, base_per_s, shape),
    ];
    Ok(Profile::new(points, Pattern::Poisson, None)?.with_storm_above(base_per_s))
}
