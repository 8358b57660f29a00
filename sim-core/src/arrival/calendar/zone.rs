//! Time zones: a standard offset, and the rule by which clocks are moved in summer.
//!
//! A rule is what the tz database gives for the years to come, as a `TZ` variable of POSIX spells it:
//! `EST5EDT,M3.2.0,M11.1.0`. It holds for all years here: what was the law in another year is not known.

use super::civil::{DAY_S, Date, weekday};

/// The largest offset, seconds: that of no place on earth, but what POSIX allows.
const OFFSET_MAX_S: i64 = 25 * 3_600;

/// From UTC to what the clocks on the wall show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    standard_s: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Summer {
    offset_s: i64,
    begin: Change,
    end: Change,
}

/// Once a year: the `week`th (the fifth is the last) `weekday` of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    month: u8,
    week: u8,
    weekday: u8,
    /// After midnight by the clock that is changed; may be of another day.
    at_s: i64,
}

/// A span in which clocks are not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Add it to UTC to have local time.
    pub(super) offset_s: i64,
    /// The first second (since 1970, UTC) that does not belong to it.
    pub(super) until: i64,
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self { standard_s: 0, summer: None };

    /// Always `offset_s` seconds ahead of UTC; none if that is more than 25 hours either way.
    #[must_use]
    pub fn fixed(offset_s: i64) -> Option<Self> {
        (offset_s.abs() <= OFFSET_MAX_S).then_some(Self { standard_s: offset_s, summer: None })
    }

    /// A zone as a `TZ` variable of POSIX spells it, with changes of the form `M3.2.0/2`; none for anything
    /// else.
    #[must_use]
    pub fn posix(text: &str) -> Option<Self> {
        let mut rest = name(text)?;
        let standard_s = -clock(&mut rest, OFFSET_MAX_S)?;
        if rest.is_empty() {
            return Self::fixed(standard_s);
        }
        rest = name(rest)?;
        let offset_s = match rest.starts_with(',') {
            true => standard_s + 3_600,
            false => -clock(&mut rest, OFFSET_MAX_S)?,
        };
        let (begin, end) = rest.strip_prefix(',')?.split_once(',')?;
        let summer = Summer { offset_s, begin: change(begin)?, end: change(end)? };
        Some(Self { standard_s, summer: Some(summer) })
    }

    /// The span around the second `at` (since 1970, UTC).
    pub(super) fn span(self, at: i64) -> Span {
        let Some(summer) = self.summer else {
            return Span { offset_s: self.standard_s, until: i64::MAX };
        };
        let year = Date::of_day(at.div_euclid(DAY_S)).year;
        let mut changes = [(0, 0); 6];
        for (pair, year) in changes.chunks_exact_mut(2).zip(year - 1..) {
            pair[0] = (summer.begin.in_year(year) - self.standard_s, summer.offset_s);
            pair[1] = (summer.end.in_year(year) - summer.offset_s, self.standard_s);
        }
        changes.sort_unstable();
        let next = changes.iter().position(|&(when, _)| when > at);
        let next = next.unwrap_or(changes.len() - 1).max(1);
        Span { offset_s: changes[next - 1].1, until: changes[next].0 }
    }
}

impl Change {
    /// When in that year, by the clock that is changed: seconds since 1970.
    fn in_year(self, year: i64) -> i64 {
        let first = Date { year, month: self.month, day: 1 };
        let to_weekday = (7 + self.weekday - weekday(first.day_number())) % 7;
        let mut day = 1 + to_weekday + 7 * (self.week - 1);
        if day > first.month_length() {
            day -= 7;
        }
        Date { day, ..first }.day_number() * DAY_S + self.at_s
    }
}

/// What follows the abbreviation of a zone: letters, or anything in angle brackets.
fn name(text: &str) -> Option<&str> {
    let end = match text.strip_prefix('<') {
        Some(quoted) => quoted.find('>')? + 2,
        None => text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()),
    };
    (end >= 3).then(|| &text[end..])
}

/// Reads `[+-]h[:mm[:ss]]` from the beginning of `text`, as seconds, at most `max` either way.
fn clock(text: &mut &str, max: i64) -> Option<i64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-:".contains(c))).unwrap_or(text.len());
    let (own, rest) = text.split_at(end);
    *text = rest;
    let (sign, own) = match own.strip_prefix('-') {
        Some(own) => (-1, own),
        None => (1, own.strip_prefix('+').unwrap_or(own)),
    };
    let mut parts = own.split(':').map(|part| part.parse::<u16>().ok().map(i64::from));
    let mut seconds = parts.next()?? * 3_600;
    for unit in [60, 1] {
        if let Some(part) = parts.next() {
            seconds += part? * unit;
        }
    }
    (parts.next().is_none() && seconds <= max).then_some(sign * seconds)
}

/// Reads `M3.2.0` or `M3.2.0/2`.
fn change(text: &str) -> Option<Change> {
    /// A week either way.
    const AT_MAX_S: i64 = 167 * 3_600 + 3_599;
    let (date, mut at) = text.split_once('/').unwrap_or((text, "2"));
    let at_s = clock(&mut at, AT_MAX_S)?;
    let mut parts = date.strip_prefix('M')?.split('.').map(|part| part.parse::<u8>().ok());
    let (month, week, weekday) = (parts.next()??, parts.next()??, parts.next()??);
    let fits = (1..=12).contains(&month) && (1..=5).contains(&week) && weekday <= 6;
    (fits && at.is_empty() && parts.next().is_none()).then_some(Change {
        month,
        week,
        weekday,
        at_s,
    })
}
