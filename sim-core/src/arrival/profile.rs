//! Rate profiles: a rate that follows steps and ramps.
//!
//! Arrivals are found by inverting the cumulative rate: the next one comes when the area under the
//! profile has grown by one (regular) or by a standard exponential (Poisson). Over a straight line
//! that is a quadratic equation, so it is exact, and costs one draw per arrival whatever the shape;
//! nothing is thinned. Reference: E. Çinlar, "Introduction to stochastic processes" (1975), 4.7.

use super::clock::SECOND;
use super::{Arrival, ArrivalError, Process, RATE_MAX};
use crate::dist::error::Checks;
use crate::dist::standard_exponential;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// An area this much beyond the end of a segment still counts as its end: so that the 500th of 50
/// per second for 10 s comes at 10 s, and not after the pause behind it.
const AREA_TOLERANCE: f64 = 1e-9;

/// How the rate comes to a point of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// It jumps to the point's rate at the point's instant.
    Step,
    /// It moves in a straight line from the point before (from zero at the beginning of the run, if
    /// there is none) and arrives there.
    Ramp,
}

/// A point of a rate profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfilePoint {
    /// When, from the beginning of the run or of the period.
    pub at: SimTime,
    /// The rate from there on, in events per second.
    pub rate_per_s: f64,
    /// How the rate comes there.
    pub shape: Shape,
}

/// How arrivals are spread over the time that the rate gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// At random: a Poisson process with that rate.
    Poisson,
    /// Evenly: the n-th arrival when the area under the rate reaches n; without a draw.
    Regular,
}

#[derive(Clone, Debug)]
pub(super) struct Profile {
    segments: Vec<Segment>,
    pattern: Pattern,
    repeat: Option<Repeat>,
    /// The rate above which it is a storm; halfway up where none is given.
    storm_above: Option<f64>,
    current: usize,
    /// When the current period began.
    period_ns: u64,
    /// The area under the current segment that has been used.
    used: f64,
    last_at: SimTime,
}

#[derive(Clone, Copy, Debug)]
struct Repeat {
    period_ns: u64,
    area: f64,
}

/// A straight piece of the rate.
#[derive(Clone, Copy, Debug)]
struct Segment {
    start_ns: u64,
    /// `u64::MAX` is for ever.
    end_ns: u64,
    rate_per_s: f64,
    /// In events per second, per second.
    slope: f64,
    area: f64,
}

impl Segment {
    fn new(start_ns: u64, end_ns: u64, from_per_s: f64, to_per_s: f64) -> Self {
        let seconds = (end_ns - start_ns) as f64 / SECOND;
        let area = if end_ns < u64::MAX {
            0.5 * (from_per_s + to_per_s) * seconds
        } else if from_per_s > 0.0 {
            f64::INFINITY
        } else {
            0.0
        };
        let slope = (to_per_s - from_per_s) / seconds;
        Self { start_ns, end_ns, rate_per_s: from_per_s, slope, area }
    }

    /// When the area from the segment's start reaches `area`: the quadratic formula in the form that
    /// does not cancel, and holds for no slope too.
    fn when_ns(&self, area: f64) -> u64 {
        let root = (self.rate_per_s * self.rate_per_s + 2.0 * self.slope * area).max(0.0).sqrt();
        let seconds = 2.0 * area / (self.rate_per_s + root);
        let offset_ns = (seconds * SECOND).round() as u64;
        self.start_ns.saturating_add(offset_ns).min(self.end_ns)
    }

    fn rate_at(&self, nanos: u64) -> f64 {
        self.rate_per_s + self.slope * (nanos - self.start_ns) as f64 / SECOND
    }

    /// The area from the start to `nanos`, or to the end if that is earlier.
    fn area_until(&self, nanos: u64) -> f64 {
        let end = nanos.clamp(self.start_ns, self.end_ns);
        0.5 * (self.rate_per_s + self.rate_at(end)) * (end - self.start_ns) as f64 / SECOND
    }

    /// Where the segment, cut off at `end_ns`, is above `rate`.
    fn above(&self, rate: f64, end_ns: u64) -> Option<(u64, u64)> {
        let end = self.end_ns.min(end_ns);
        if self.start_ns >= end {
            return None;
        }
        let (from, to) = (self.rate_per_s, self.rate_at(end));
        let crossing = || {
            let offset = (rate - from) / self.slope * SECOND;
            (self.start_ns + offset.round() as u64).min(end)
        };
        match (from > rate, to > rate) {
            (true, true) => Some((self.start_ns, end)),
            (false, true) => Some((crossing(), end)),
            (true, false) => Some((self.start_ns, crossing())),
            (false, false) => None,
        }
    }
}

impl Profile {
    pub(super) fn new(
        points: Vec<ProfilePoint>,
        pattern: Pattern,
        repeat: Option<SimDuration>,
    ) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("profile");
        check(&mut checks, &points, repeat);
        checks.give(|| Self::of(&points, pattern, repeat))
    }

    fn of(points: &[ProfilePoint], pattern: Pattern, repeat: Option<SimDuration>) -> Self {
        let end_ns = repeat.map_or(u64::MAX, SimDuration::as_nanos);
        let segments = segments(points, end_ns);
        let area = segments.iter().map(|segment| segment.area).sum();
        Self {
            segments,
            pattern,
            repeat: repeat.map(|period| Repeat { period_ns: period.as_nanos(), area }),
            storm_above: None,
            current: 0,
            period_ns: 0,
            used: 0.0,
            last_at: SimTime::ZERO,
        }
    }

    /// With all that is above `rate_per_s` as its storm.
    pub(super) fn with_storm_above(self, rate_per_s: f64) -> Self {
        Self { storm_above: Some(rate_per_s), ..self }
    }

    /// The segment in which the area, counted from the current segment's start, reaches `area`;
    /// leaves the rest in `self.used`. None if it never does.
    fn seek(&mut self, mut area: f64) -> Option<Segment> {
        loop {
            let segment = self.segments[self.current];
            if segment.area > 0.0 && area <= segment.area + AREA_TOLERANCE {
                self.used = area;
                return Some(segment);
            }
            area -= segment.area;
            self.current += 1;
            if self.current == self.segments.len() {
                area = self.begin_anew(area)?;
            }
        }
    }

    /// Goes to the next period, and past those that are wholly used up by `area`; the rest of it.
    fn begin_anew(&mut self, area: f64) -> Option<f64> {
        let repeat = self.repeat?;
        if repeat.area <= 0.0 {
            return None;
        }
        let whole = ((area - AREA_TOLERANCE) / repeat.area).max(0.0) as u64;
        let periods = whole.saturating_add(1);
        self.period_ns = self.period_ns.saturating_add(repeat.period_ns.saturating_mul(periods));
        self.current = 0;
        (self.period_ns < u64::MAX).then_some((area - whole as f64 * repeat.area).max(0.0))
    }

    /// The segments that begin before `end_ns`, in the first period.
    fn begun(&self, end_ns: u64) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(move |segment| segment.start_ns < end_ns)
    }
}

fn check(checks: &mut Checks, points: &[ProfilePoint], repeat: Option<SimDuration>) {
    let Some(last) = points.last() else {
        return checks.refuse("points", "[]", "at least one");
    };
    for (index, point) in points.iter().enumerate() {
        checks.within(&format!("points[{index}].rate_per_s"), point.rate_per_s, 0.0, RATE_MAX);
    }
    for (index, pair) in points.windows(2).enumerate() {
        let [before, point] = pair else { continue };
        let name = format!("points[{}].at", index + 1);
        if point.at < before.at {
            checks.refuse(
                &name,
                point.at,
                &format!("at or after `{}`, the point before", before.at),
            );
        } else if point.at == before.at && point.shape == Shape::Ramp {
            checks.refuse(&name, point.at, "after the point before, for a ramp takes time");
        }
    }
    match repeat {
        Some(SimDuration::ZERO) => checks.refuse("repeat", "0s", "longer than zero"),
        Some(period) if last.at.as_nanos() > period.as_nanos() => {
            checks.refuse("repeat", period, &format!("at least `{}`, the last point", last.at));
        }
        _ => {}
    }
}

/// The pieces between the points, and after the last one until `end_ns`.
fn segments(points: &[ProfilePoint], end_ns: u64) -> Vec<Segment> {
    let mut segments = Vec::with_capacity(points.len() + 1);
    let (mut now, mut rate) = (0, 0.0);
    for point in points {
        let at = point.at.as_nanos();
        if at > now {
            let reaches = if point.shape == Shape::Ramp { point.rate_per_s } else { rate };
            segments.push(Segment::new(now, at, rate, reaches));
        }
        (now, rate) = (at, point.rate_per_s);
    }
    if now < end_ns {
        segments.push(Segment::new(now, end_ns, rate, rate));
    }
    segments
}

impl Process for Profile {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        let step = match self.pattern {
            Pattern::Poisson => standard_exponential(rng),
            Pattern::Regular => 1.0,
        };
        let segment = self.seek(self.used + step)?;
        let nanos = self.period_ns.saturating_add(segment.when_ns(self.used));
        if nanos == u64::MAX {
            return None;
        }
        self.last_at = self.last_at.max(SimTime::from_nanos(nanos));
        Some(Arrival::one(self.last_at))
    }

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        if horizon.is_zero() {
            return 0.0;
        }
        let nanos = horizon.as_nanos();
        let (periods, rest) = match self.repeat {
            Some(repeat) => {
                ((nanos / repeat.period_ns) as f64 * repeat.area, nanos % repeat.period_ns)
            }
            None => (0.0, nanos),
        };
        let area: f64 = self.begun(rest).map(|segment| segment.area_until(rest)).sum();
        (periods + area) / horizon.as_secs_f64()
    }

    fn peak_rate_per_s(&self) -> f64 {
        let ends = |segment: &Segment| segment.rate_per_s.max(segment.rate_at(segment.end_ns));
        self.segments.iter().map(ends).fold(0.0, f64::max)
    }

    fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        let end_ns = horizon.as_nanos();
        let ends = |s: &Segment| s.rate_per_s.max(s.rate_at(s.end_ns.min(end_ns)));
        self.begun(end_ns).map(ends).fold(0.0, f64::max)
    }

    fn peak_window(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
        let end_ns = horizon.as_nanos();
        let ends = |s: &Segment| [s.rate_per_s, s.rate_at(s.end_ns.min(end_ns))];
        let rates = || self.begun(end_ns).flat_map(ends);
        let (lowest, highest) =
            (rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max));
        if highest < 2.0 * lowest || highest < 0.5 * self.peak_rate_per_s() {
            return None;
        }
        let threshold = self.storm_above.unwrap_or(0.5 * (lowest + highest));
        let mut best: Option<(f64, u64, u64)> = None;
        let mut open: Option<(f64, u64, u64)> = None;
        for segment in self.begun(end_ns) {
            let Some((from, to)) = segment.above(threshold, end_ns) else { continue };
            let peak = segment.rate_at(from).max(segment.rate_at(to));
            open = match open {
                Some((before, start, end)) if end == from => Some((before.max(peak), start, to)),
                _ => Some((peak, from, to)),
            };
            // The first of equally high ones wins, while it may still grow.
            if let Some(window) = open
                && best.is_none_or(|best| window.0 > best.0 || window.1 == best.1)
            {
                best = Some(window);
            }
        }
        best.map(|(_, from, to)| (SimTime::from_nanos(from), SimTime::from_nanos(to)))
    }
}
