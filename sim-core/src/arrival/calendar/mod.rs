//! Events at the instants that the calendar names: cron.
//!
//! Instants are computed one by one, in whole seconds since 1970; nothing is drawn. The run begins at a date
//! that the model states, so that the same schedule and the same start give the same run for ever.

mod civil;
mod schedule;
#[cfg(test)]
mod tests;
mod zone;

pub use schedule::{Schedule, ScheduleError, split_zone};
pub use zone::Zone;

use super::{Arrival, Process};
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

const SECOND_NS: u64 = 1_000_000_000;

/// Instants that are counted for a mean rate; what is beyond has the same rate.
const COUNTED_MAX: u32 = 200_000;

/// A date with a time of day, UTC: when a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(i64);

impl WallTime {
    /// Reads `2026-11-27T00:00:00Z`, with `Z` or an offset such as `+09:00`; seconds may be left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', 't', ' '])?;
        let at = time.find(['Z', 'z', '+', '-'])?;
        let (clock, offset) = time.split_at(at);
        let offset_s = match offset {
            "Z" | "z" => 0,
            offset => offset_s(offset)?,
        };
        let mut parts = date.split('-').map(digits);
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        let (hour, minute, second) = hms(clock)?;
        let date = civil::Date {
            year,
            month: u8::try_from(month).ok().filter(|month| (1..=12).contains(month))?,
            day: u8::try_from(day).ok()?,
        };
        let fits = parts.next().is_none() && (1..=date.month_length()).contains(&date.day);
        let of_day = hour * 3_600 + minute * 60 + second;
        fits.then(|| Self(date.day_number() * civil::DAY_S + of_day - offset_s))
    }
}

/// Reads an offset from UTC such as `+09:00`, `-0330` or `+9`: seconds.
#[must_use]
pub fn offset_s(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match (rest.split_once(':'), rest.len()) {
        (Some((hours, minutes)), _) => (hours, minutes),
        (None, 4) if rest.is_char_boundary(2) => rest.split_at(2),
        (None, _) => (rest, "0"),
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn hms(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(':').map(digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    fits.then_some((hour, minute, second))
}

/// A number of at most four digits.
fn digits(text: &str) -> Option<i64> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[derive(Clone, Debug)]
pub(super) struct Calendar {
    start: i64,
    members: Vec<Member>,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    schedule: Schedule,
    zone: Zone,
    next: Option<i64>,
}

impl Calendar {
    pub(super) fn new(schedules: Vec<(Schedule, Zone)>, WallTime(start): WallTime) -> Self {
        let member = |(schedule, zone): (Schedule, Zone)| Member {
            schedule,
            zone,
            next: schedule.first(start, zone),
        };
        Self { start, members: schedules.into_iter().map(member).collect() }
    }

    /// The next instant: one, also where several schedules name it.
    fn next_at(&mut self) -> Option<SimTime> {
        let next = self.members.iter().filter_map(|member| member.next).min()?;
        for member in self.members.iter_mut().filter(|member| member.next == Some(next)) {
            member.next = member.schedule.after(next, member.zone);
        }
        let nanos = u64::try_from(next - self.start).ok()?.checked_mul(SECOND_NS)?;
        (nanos < SimTime::MAX.as_nanos()).then_some(SimTime::from_nanos(nanos))
    }

    /// As it was at the beginning.
    fn anew(&self) -> Self {
        let schedules = self.members.iter().map(|member| (member.schedule, member.zone));
        Self::new(schedules.collect(), WallTime(self.start))
    }
}

impl Process for Calendar {
    fn advance(&mut self, _: &mut Stream) -> Option<Arrival> {
        self.next_at().map(Arrival::one)
    }

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        if horizon.is_zero() {
            return 0.0;
        }
        let end = SimTime::ZERO + horizon;
        let (mut all, mut count) = (self.anew(), 0);
        while let Some(at) = all.next_at().filter(|at| *at < end) {
            count += 1;
            if count == COUNTED_MAX {
                return f64::from(count) / at.since(SimTime::ZERO).as_secs_f64();
            }
        }
        f64::from(count) / horizon.as_secs_f64()
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.members.iter().map(|member| member.schedule.peak_rate_per_s()).sum()
    }

    fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        let seconds = (horizon.as_nanos() / SECOND_NS).min(i64::MAX as u64) as i64;
        let end = self.start.saturating_add(seconds);
        let comes = |member: &&Member| {
            member.schedule.first(self.start, member.zone).is_some_and(|first| first < end)
        };
        self.members.iter().filter(comes).map(|member| member.schedule.peak_rate_per_s()).sum()
    }
}
