//! Schedules as cron writes them, and the instants that they name.
//!
//! Reference: robfig/cron v3 `parser.go` and `spec.go`, the standard parser: minute, hour, day of month, month,
//! day of week; `*` and `?`, lists, ranges, steps, names; descriptors such as `@daily`; `@every`. Days match if
//! the day of the month **or** the weekday does, but if one of the two is `*` (or `?`, without a step) both must.

use std::error::Error;
use std::fmt;

use super::WallTime;
use super::civil::{DAY_S, Date, weekday};
use super::zone::Zone;
use crate::time::SimDuration;

/// A schedule that names nothing within so many years after the one it is asked from names nothing at all.
const YEARS_MAX: i64 = 5;

/// When something happens again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Fields(Fields),
    /// Seconds from one to the next, from when it was set up.
    Every(i64),
}

/// One bit for each value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

/// The bit of a field that says nothing: `*` or `?`.
const STAR: u64 = 1 << 63;

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError {
    /// What is wrong.
    pub problem: String,
    /// What should stand there.
    pub expected: &'static str,
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}; expected {}", self.problem, self.expected)
    }
}

impl Error for ScheduleError {}

/// What a field may hold.
struct Bounds {
    what: &'static str,
    min: u8,
    max: u8,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { what: "minute", min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { what: "hour", min: 0, max: 23, names: &[] };
const DAYS: Bounds = Bounds { what: "day of the month", min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    what: "month",
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAYS: Bounds = Bounds {
    what: "day of the week",
    min: 0,
    max: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

const FIVE_FIELDS: &str = "five fields (minute, hour, day of month, month, weekday) such as `*/5 * * * *`, a name such as \
     `@daily`, or `@every 90s`";

/// The time zone that a schedule begins with (`CRON_TZ=Asia/Tokyo `, `TZ=`), if it does, and the schedule.
#[must_use]
pub fn split_zone(text: &str) -> (Option<&str>, &str) {
    let named = text.strip_prefix("CRON_TZ=").or_else(|| text.strip_prefix("TZ="));
    match named.and_then(|rest| rest.split_once(' ')) {
        Some((zone, rest)) => (Some(zone), rest.trim()),
        None => (None, text),
    }
}

impl Schedule {
    /// Reads a schedule; see [`split_zone`] for its time zone.
    ///
    /// # Errors
    /// The first thing that robfig/cron would not take.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if text.starts_with('@') {
            return descriptor(text);
        }
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            let problem = match fields.len() {
                0 => "the schedule is empty".to_owned(),
                1 => format!("`{text}` has one field"),
                count => format!("`{text}` has {count} fields"),
            };
            return Err(ScheduleError { problem, expected: FIVE_FIELDS });
        };
        Ok(Self(Kind::Fields(Fields {
            minutes: field(minutes, &MINUTES)?,
            hours: field(hours, &HOURS)?,
            days: field(days, &DAYS)?,
            months: field(months, &MONTHS)?,
            weekdays: field(weekdays, &WEEKDAYS)?,
        })))
    }

    /// The instants from `start` on, as times since then. In whole seconds; without end, unless it names none.
    pub fn instants(self, start: WallTime, zone: Zone) -> impl Iterator<Item = SimDuration> {
        let WallTime(start) = start;
        let all = std::iter::successors(self.first(start, zone), move |&at| self.after(at, zone));
        all.map_while(move |at| u64::try_from(at - start).ok().map(SimDuration::from_secs))
    }

    /// The largest rate, per second: one a minute, or what `@every` says.
    pub(super) fn peak_rate_per_s(self) -> f64 {
        match self.0 {
            Kind::Fields(_) => 1.0 / 60.0,
            Kind::Every(seconds) => 1.0 / seconds as f64,
        }
    }

    /// The first instant in a run that begins at `start`: seconds since 1970, UTC.
    pub(super) fn first(self, start: i64, zone: Zone) -> Option<i64> {
        match self.0 {
            Kind::Fields(fields) => fields.from(start, zone),
            Kind::Every(seconds) => start.checked_add(seconds),
        }
    }

    /// The first instant after `at`, one of its instants.
    pub(super) fn after(self, at: i64, zone: Zone) -> Option<i64> {
        match self.0 {
            Kind::Fields(fields) => fields.from(at + 1, zone),
            Kind::Every(seconds) => at.checked_add(seconds),
        }
    }
}

impl Fields {
    /// The first instant at or after `at`.
    ///
    /// Whatever the clocks on the wall show counts: an hour that is left out in spring has no instants, one
    /// that comes twice in autumn has them twice.
    fn from(self, mut at: i64, zone: Zone) -> Option<i64> {
        let last_year = Date::of_day(at.div_euclid(DAY_S)).year + YEARS_MAX;
        loop {
            let span = zone.span(at);
            let (local, end) = (at + span.offset_s, span.until.saturating_add(span.offset_s));
            match self.local(local, end, last_year) {
                Search::Found(local) => return Some(local - span.offset_s),
                Search::Beyond => return None,
                Search::NotYet => at = span.until,
            }
        }
    }

    /// The first local time from `from` on and before `end`, both seconds.
    fn local(self, from: i64, end: i64, last_year: i64) -> Search {
        let minute = -(-from).div_euclid(60);
        let (mut day, mut of_day) = (minute.div_euclid(1_440), minute.rem_euclid(1_440));
        loop {
            if day * DAY_S >= end {
                return Search::NotYet;
            }
            let date = Date::of_day(day);
            if date.year > last_year {
                return Search::Beyond;
            }
            if self.months >> date.month & 1 == 0 {
                (day, of_day) = (date.next_month().day_number(), 0);
                continue;
            }
            if self.is_day(date, day)
                && let Some(minute) = self.minute_of_day(of_day)
            {
                let found = day * DAY_S + minute * 60;
                return if found < end { Search::Found(found) } else { Search::NotYet };
            }
            (day, of_day) = (day + 1, 0);
        }
    }

    fn is_day(self, date: Date, day: i64) -> bool {
        let of_month = self.days >> date.day & 1 != 0;
        let of_week = self.weekdays >> weekday(day) & 1 != 0;
        if (self.days | self.weekdays) & STAR != 0 {
            of_month && of_week
        } else {
            of_month || of_week
        }
    }

    /// The first minute of a day from `from` on.
    fn minute_of_day(self, from: i64) -> Option<i64> {
        let (hour, minute) = (from / 60, from % 60);
        if self.hours >> hour & 1 != 0
            && let Some(minute) = first_bit(self.minutes, minute)
        {
            return Some(hour * 60 + minute);
        }
        let hour = first_bit(self.hours, hour + 1)?;
        Some(hour * 60 + first_bit(self.minutes, 0)?)
    }
}

enum Search {
    Found(i64),
    /// Not before the end.
    NotYet,
    /// Not within the years that are looked at.
    Beyond,
}

/// The first bit from `from` on.
fn first_bit(bits: u64, from: i64) -> Option<i64> {
    let rest = (bits & !STAR).checked_shr(from as u32).unwrap_or(0);
    (rest != 0).then(|| from + i64::from(rest.trailing_zeros()))
}

/// `5,10-20/2,*/15` as bits.
fn field(text: &str, bounds: &Bounds) -> Result<u64, ScheduleError> {
    let ranges = text.split(',').filter(|range| !range.is_empty());
    let mut bits = 0;
    for text in ranges {
        bits |= range(text, bounds)?;
    }
    Ok(bits)
}

/// `5`, `mon-fri`, `*`, `10-20/2`, `5/15` (from 5 to the end) as bits.
fn range(text: &str, bounds: &Bounds) -> Result<u64, ScheduleError> {
    let refuse = |problem: String| {
        let problem = format!("`{text}` is no {}: {problem}", bounds.what);
        let expected =
            "a number, `*`, a range such as `1-5`, with a step such as `*/15`, or a list of these";
        Err(ScheduleError { problem, expected })
    };
    let (span, step) = match text.split_once('/') {
        Some((_, step)) if step.contains('/') => return refuse("there are two steps".to_owned()),
        Some((span, step)) => (span, Some(step)),
        None => (text, None),
    };
    let is_single = !span.contains('-');
    let (first, last) = span.split_once('-').unwrap_or((span, span));
    let (min, max) = (i64::from(bounds.min), i64::from(bounds.max));
    let mut star = 0;
    let (begin, mut end) = if first == "*" || first == "?" {
        star = STAR;
        (min, max)
    } else if last.contains('-') {
        return refuse("there are two hyphens".to_owned());
    } else {
        let (begin, end) = match (number(first, bounds), number(last, bounds)) {
            (Some(begin), Some(end)) => (begin, end),
            (None, _) => return refuse(format!("`{first}` is no number")),
            (_, None) => return refuse(format!("`{last}` is no number")),
        };
        (begin, end)
    };
    let step = match step.map(|step| number(step, &MINUTES)) {
        None => 1,
        Some(None) => return refuse("the step is no number".to_owned()),
        Some(Some(0)) => return refuse("the step is zero".to_owned()),
        Some(Some(step)) => {
            if is_single {
                end = max;
            }
            if step > 1 {
                star = 0;
            }
            step
        }
    };
    if begin < min {
        return refuse(format!("the least is {min}"));
    }
    if end > max {
        return refuse(format!("the greatest is {max}"));
    }
    if begin > end {
        return refuse("it ends before it begins".to_owned());
    }
    let values = (begin..=end).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    Ok(values.fold(star, |bits, value| bits | 1 << value))
}

/// A number, or a name that stands for one.
fn number(text: &str, bounds: &Bounds) -> Option<i64> {
    let name = text.to_ascii_lowercase();
    if let Some(at) = bounds.names.iter().position(|known| *known == name) {
        return Some(at as i64 + i64::from(bounds.min));
    }
    // Beyond four digits no bound is kept anyway; a sign is taken as Go's `Atoi` takes it.
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse::<u32>().map_or(i64::from(u32::MAX), i64::from))
}

/// `@daily` and its like.
fn descriptor(text: &str) -> Result<Schedule, ScheduleError> {
    if let Some(every) = text.strip_prefix("@every ") {
        let expected = "a duration such as `90s` or `1h30m`";
        // Go knows neither days nor `min`.
        let parsed = every.parse::<SimDuration>().ok().filter(|_| !every.contains(['d', 'i']));
        let Some(every) = parsed else {
            let problem = format!("`{every}` is no duration");
            return Err(ScheduleError { problem, expected });
        };
        // Whole seconds, and one at least.
        let seconds = (every.as_nanos() / 1_000_000_000).max(1);
        return Ok(Schedule(Kind::Every(i64::try_from(seconds).unwrap_or(i64::MAX))));
    }
    let fields = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let problem = format!("there is no schedule called `{text}`");
            return Err(ScheduleError { problem, expected: FIVE_FIELDS });
        }
    };
    Schedule::parse(fields)
}
