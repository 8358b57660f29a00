//! Traces as text: `timestamp,size_bytes[,count]`.

use std::error::Error;
use std::fmt;

use super::trace::TraceRow;
use crate::time::SimTime;
use crate::time::quantity::{Decimal, shortened};

/// The most errors of one trace that are listed; the others are counted.
pub const TRACE_ERRORS_MAX: usize = 20;

const COLUMNS: [&str; 3] = ["timestamp", "size_bytes", "count"];

const SECOND: u64 = 1_000_000_000;

/// From here on a number of seconds is Unix time: no run lasts 31 years.
const UNIX_FROM_NS: i128 = 1_000_000_000 * SECOND as i128;

/// One thing that is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// The line, from 1.
    pub line: u64,
    /// Where in the line it begins, in characters from 1.
    pub at: u64,
    /// How many characters it has.
    pub length: u64,
    /// The column, or `row`.
    pub column: &'static str,
    /// What was found, shortened.
    pub found: String,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for TraceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, found, expected, .. } = self;
        write!(out, "line {line}, {column}: expected {expected}, found `{found}`")
    }
}

impl Error for TraceError {}

/// Everything that is wrong with a trace; one line of text each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceErrors {
    /// The first [`TRACE_ERRORS_MAX`] errors, in order of their lines; never empty.
    pub listed: Vec<TraceError>,
    /// How many more there are.
    pub omitted: u64,
}

impl fmt::Display for TraceErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.listed.iter().enumerate() {
            write!(out, "{}{error}", if index == 0 { "" } else { "\n" })?;
        }
        if self.omitted > 0 {
            write!(out, "\nand {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl Error for TraceErrors {}

/// Reads a trace: a row `timestamp,size_bytes,count` per line, of which only the timestamp is
/// needed, with or without a header of those names.
///
/// Timestamps are all RFC 3339 (`2026-11-27T09:00:00.5Z`), all seconds from the beginning of the
/// run (`12.5`), or all Unix time in seconds (1e9 and more). With RFC 3339 and Unix time the run
/// begins at the first row. They are rounded to the nanosecond, and must not decrease. Without
/// a count a row is one event; empty lines are skipped.
///
/// # Errors
/// Everything that is wrong, with its line, in one go.
pub fn parse_trace(text: &str) -> Result<Vec<TraceRow>, TraceErrors> {
    let mut reader = Reader::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, row) in (1..).zip(text.lines()) {
        let row = Cell { line, at: 1, text: row }.trimmed();
        if row.text.is_empty() {
            continue;
        }
        if !reader.begun && row.text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            reader.header(row);
        } else {
            reader.row(row);
        }
        reader.begun = true;
        reader.lines = line;
    }
    reader.finish()
}

/// A piece of a line.
#[derive(Clone, Copy)]
struct Cell<'t> {
    line: u64,
    /// Where it begins, in characters from 1.
    at: u64,
    text: &'t str,
}

impl<'t> Cell<'t> {
    fn trimmed(self) -> Self {
        let text = self.text.trim_start();
        let before = &self.text[..self.text.len() - text.len()];
        Self { at: self.at + characters(before), text: text.trim_end(), ..self }
    }

    /// The pieces between commas.
    fn cells(self) -> impl Iterator<Item = Self> + Clone {
        let mut at = self.at;
        self.text.split(',').map(move |text| {
            let cell = Self { at, text, ..self };
            at += characters(text) + 1;
            cell.trimmed()
        })
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

#[derive(Default)]
struct Reader {
    /// Whether a line was read.
    begun: bool,
    /// The last line that has something in it.
    lines: u64,
    rows: Vec<TraceRow>,
    /// The first timestamp.
    first: Option<Stamp>,
    /// The last timestamp and its line.
    last: Option<(Stamp, u64)>,
    errors: Vec<TraceError>,
    omitted: u64,
}

/// A timestamp: its nanoseconds since some origin, and which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    notation: Notation,
    nanos: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Notation {
    Seconds,
    Rfc3339,
}

impl Reader {
    fn error(&mut self, cell: Cell<'_>, column: &'static str, expected: &str) {
        if self.errors.len() == TRACE_ERRORS_MAX {
            self.omitted += 1;
            return;
        }
        let Cell { line, at, text } = cell;
        let (found, expected) = (shortened(text), expected.to_owned());
        let length = characters(text).max(1);
        self.errors.push(TraceError { line, at, length, column, found, expected });
    }

    fn header(&mut self, row: Cell<'_>) {
        let names = row.cells();
        let fits = names.clone().count() <= COLUMNS.len()
            && names
                .zip(COLUMNS)
                .all(|(found, expected)| found.text.eq_ignore_ascii_case(expected));
        if !fits {
            self.error(row, "header", "`timestamp,size_bytes,count` or a row of numbers");
        }
    }

    fn row(&mut self, row: Cell<'_>) {
        let mut cells = row.cells();
        let timestamp = cells.next().unwrap_or(row);
        let (size, count) = (cells.next(), cells.next());
        if cells.next().is_some() {
            self.error(row, "row", "at most three columns, `timestamp,size_bytes,count`");
            return;
        }
        let at = self.timestamp(timestamp);
        let size_bytes = self.whole("size_bytes", size, 0);
        let count = self.whole("count", count, 1);
        // A row that is kept beside an error is never seen: the whole trace is refused.
        let at = at.unwrap_or(SimTime::ZERO);
        if self.errors.is_empty() {
            self.rows.push(TraceRow { at, size_bytes, count: count.unwrap_or(1) });
        }
    }

    fn whole(&mut self, column: &'static str, cell: Option<Cell<'_>>, min: u32) -> Option<u32> {
        let cell = cell.filter(|cell| !cell.text.is_empty())?;
        let value = cell.text.parse().ok().filter(|&value: &u32| value >= min);
        if value.is_none() {
            let expected = format!("a whole number from {min} to 4294967295");
            self.error(cell, column, &expected);
        }
        value
    }

    fn timestamp(&mut self, cell: Cell<'_>) -> Option<SimTime> {
        const EXPECTED: &str = "seconds such as `12.5`, or RFC 3339 such as `2026-11-27T09:00:00Z`";
        let Some(stamp) = seconds(cell.text).or_else(|| rfc3339(cell.text)) else {
            self.error(cell, "timestamp", EXPECTED);
            return None;
        };
        let first = *self.first.get_or_insert(stamp);
        if stamp.notation != first.notation {
            self.error(cell, "timestamp", "the same notation as in the first row");
            return None;
        }
        if let Some((_, before)) = self.last.filter(|(last, _)| stamp < *last) {
            let expected = format!("a time not before that of line {before}");
            self.error(cell, "timestamp", &expected);
            return None;
        }
        self.last = Some((stamp, cell.line));
        let relative = first.notation == Notation::Rfc3339 || first.nanos >= UNIX_FROM_NS;
        let nanos = stamp.nanos - if relative { first.nanos } else { 0 };
        match u64::try_from(nanos) {
            Ok(nanos) if nanos < u64::MAX => Some(SimTime::from_nanos(nanos)),
            _ => {
                self.error(cell, "timestamp", "less than 584 years from the beginning");
                None
            }
        }
    }

    fn finish(mut self) -> Result<Vec<TraceRow>, TraceErrors> {
        if self.rows.is_empty() && self.errors.is_empty() {
            let end = Cell { line: self.lines.max(1), at: 1, text: "" };
            self.error(end, "row", "at least one row `timestamp,size_bytes,count`");
        }
        if self.errors.is_empty() {
            return Ok(self.rows);
        }
        Err(TraceErrors { listed: self.errors, omitted: self.omitted })
    }
}

/// A decimal number of seconds, to the nearest nanosecond.
fn seconds(text: &str) -> Option<Stamp> {
    let (Decimal { digits, places }, "") = Decimal::take(text).ok()? else { return None };
    let scale = 10u128.checked_pow(places)?.checked_mul(2)?;
    let nanos = digits.checked_mul(2 * u128::from(SECOND))?.checked_add(scale / 2)? / scale;
    Some(Stamp { notation: Notation::Seconds, nanos: i128::try_from(nanos).ok()? })
}

/// An instant as RFC 3339 writes it, to the nearest nanosecond; a leap second is the second after.
fn rfc3339(text: &str) -> Option<Stamp> {
    let digits = |range: std::ops::Range<usize>, max: i64| -> Option<i64> {
        let part = text.get(range)?;
        let value = part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())??;
        (value <= max).then_some(value)
    };
    let separators = [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")];
    for (at, allowed) in separators {
        let found = char::from(*text.as_bytes().get(at)?);
        allowed.contains(found).then_some(())?;
    }
    let (year, month, day) = (digits(0..4, 9999)?, digits(5..7, 12)?, digits(8..10, 31)?);
    if month == 0 || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let (hour, minute, second) = (digits(11..13, 23)?, digits(14..16, 59)?, digits(17..19, 60)?);
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);
    let fraction = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() => seconds(fraction)?.nanos,
        Some(_) => return None,
        None => fraction.is_empty().then_some(0)?,
    };
    let whole = days_from_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let nanos = i128::from(whole - zone_seconds(zone)?) * i128::from(SECOND) + fraction;
    Some(Stamp { notation: Notation::Rfc3339, nanos })
}

/// `Z`, or `+hh:mm` east of it.
fn zone_seconds(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let part = |text: &str, max: i64| -> Option<i64> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
        text.parse().ok().filter(|&value| value <= max)
    };
    let seconds = part(hours, 23)? * 3_600 + part(minutes, 59)? * 60;
    Some(if zone.starts_with('-') { -seconds } else { seconds })
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let years = before * 365 + before / 4 - before / 100 + before / 400;
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    years + months + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(nanos: u64, size_bytes: Option<u32>, count: u32) -> TraceRow {
        TraceRow { at: SimTime::from_nanos(nanos), size_bytes, count }
    }

    #[test]
    fn every_notation_is_read() {
        let cases = [
            (
                "timestamp,size_bytes,count\n0.5,100,2\n1,,\n",
                vec![row(SECOND / 2, Some(100), 2), row(SECOND, None, 1)],
            ),
            ("0\r\n\r\n 0.25 , 7 \r\n", vec![row(0, None, 1), row(SECOND / 4, Some(7), 1)]),
            ("\u{feff}Timestamp\n3\n3", vec![row(3 * SECOND, None, 1), row(3 * SECOND, None, 1)]),
            // As Python prints 0.1 + 0.2.
            ("0.30000000000000004", vec![row(300_000_000, None, 1)]),
            ("0.0000000005", vec![row(1, None, 1)]),
            ("1764234000.125\n1764234001.5", vec![row(0, None, 1), row(1_375_000_000, None, 1)]),
            (
                "2026-02-28T23:59:59.5Z\n2026-03-01t00:00:00z,5\n2026-03-01 01:00:01+01:00\n2026-02-28T19:00:02-05:00",
                vec![
                    row(0, None, 1),
                    row(SECOND / 2, Some(5), 1),
                    row(3 * SECOND / 2, None, 1),
                    row(5 * SECOND / 2, None, 1),
                ],
            ),
            (
                "2024-02-29T00:00:00Z\n2024-03-01T00:00:00Z",
                vec![row(0, None, 1), row(86_400 * SECOND, None, 1)],
            ),
        ];
        for (text, rows) in cases {
            assert_eq!(parse_trace(text), Ok(rows), "{text}");
        }
    }

    /// Against the calendar: the days of well-known instants of Unix time.
    #[test]
    fn days_are_counted_from_1970() {
        for (date, days) in [
            ((1970, 1, 1), 0),
            ((2000, 3, 1), 11_017),
            ((2026, 11, 27), 20_784),
            ((1969, 12, 31), -1),
        ] {
            assert_eq!(days_from_epoch(date.0, date.1, date.2), days, "{date:?}");
        }
    }

    #[test]
    fn errors_come_all_at_once() {
        let text = "timestamp,bytes\nsoon,5\n1,-5,0\n2,1,1,1\n0.5\n2026-11-27T09:00:00Z\n-1";
        let time = "seconds such as `12.5`, or RFC 3339 such as `2026-11-27T09:00:00Z`";
        let expected = [
            "line 1, header: expected `timestamp,size_bytes,count` or a row of numbers, found `timestamp,bytes`".to_owned(),
            format!("line 2, timestamp: expected {time}, found `soon`"),
            "line 3, size_bytes: expected a whole number from 0 to 4294967295, found `-5`".to_owned(),
            "line 3, count: expected a whole number from 1 to 4294967295, found `0`".to_owned(),
            "line 4, row: expected at most three columns, `timestamp,size_bytes,count`, found `2,1,1,1`".to_owned(),
            "line 5, timestamp: expected a time not before that of line 3, found `0.5`".to_owned(),
            "line 6, timestamp: expected the same notation as in the first row, found `2026-11-27T09:00:00Z`".to_owned(),
            format!("line 7, timestamp: expected {time}, found `-1`"),
        ];
        assert_eq!(parse_trace(text).unwrap_err().to_string(), expected.join("\n"));
    }

    #[test]
    fn errors_say_where_in_the_line() {
        let text = " ?? , 5\n1,\u{e9}\u{e9},0\n 2,1,1,1\n0.5";
        let errors = parse_trace(text).unwrap_err().listed;
        let places: Vec<(u64, u64, u64)> =
            errors.iter().map(|error| (error.line, error.at, error.length)).collect();
        assert_eq!(places, [(1, 2, 2), (2, 3, 2), (2, 6, 1), (3, 2, 7), (4, 1, 3)]);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01",
            "1e-5",
            "\u{1F300}\u{1F300}\u{1F300}\u{1F300}\u{1F300}\u{1F300}",
        ] {
            assert!(parse_trace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn empty_and_rubbish_are_short_errors() {
        for text in ["", "\n\n", "timestamp,size_bytes\n"] {
            let message = parse_trace(text).unwrap_err().to_string();
            assert_eq!(
                message,
                "line 1, row: expected at least one row `timestamp,size_bytes,count`, found ``"
            );
        }
        let errors = parse_trace("\ntimestamp,size_bytes\n\n").unwrap_err();
        assert_eq!(errors.listed[0].line, 2, "where the rows would begin is behind the header");
        let errors = parse_trace(&vec!["x".repeat(1000); 1000].join("\n")).unwrap_err();
        assert_eq!((errors.listed.len(), errors.omitted), (TRACE_ERRORS_MAX, 980));
        assert!(errors.to_string().ends_with("and 980 more") && errors.to_string().len() < 5_000);
    }
}
