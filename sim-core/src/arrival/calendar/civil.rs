//! Days of the Gregorian calendar as whole numbers, day 0 being 1970-01-01, as far back and ahead as anyone
//! looks.
//!
//! Reference: Richards, "Calendars", in *Explanatory Supplement to the Astronomical Almanac* (3rd edition, 2013);
//! the cycle of 400 years has 146,097 days.

/// Seconds in a day.
pub(super) const DAY_S: i64 = 86_400;

/// Days in 400 years.
const CYCLE_DAYS: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: i64 = 719_468;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: u8,
    /// From 1.
    pub(super) day: u8,
}

impl Date {
    /// The date of day number `day`.
    pub(super) fn of_day(day: i64) -> Self {
        // Years begin in March, so that the leap day is their last.
        let since = day + EPOCH_DAYS;
        let (cycle, of_cycle) = (since.div_euclid(CYCLE_DAYS), since.rem_euclid(CYCLE_DAYS));
        let leap_days = of_cycle / 1_460 - of_cycle / 36_524 + of_cycle / 146_096;
        let year_of_cycle = (of_cycle - leap_days) / 365;
        let of_year = of_cycle - days_before(year_of_cycle);
        let month_of_year = (5 * of_year + 2) / 153;
        let day = of_year - days_before_month(month_of_year) + 1;
        let (month, next_year) =
            if month_of_year < 10 { (month_of_year + 3, 0) } else { (month_of_year - 9, 1) };
        Self { year: cycle * 400 + year_of_cycle + next_year, month: month as u8, day: day as u8 }
    }

    /// The number of the day.
    pub(super) fn day_number(self) -> i64 {
        let (month, year) = match self.month {
            1 | 2 => (i64::from(self.month) + 9, self.year - 1),
            month => (i64::from(month) - 3, self.year),
        };
        let (cycle, year_of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = days_before_month(month) + i64::from(self.day) - 1;
        cycle * CYCLE_DAYS + days_before(year_of_cycle) + of_year - EPOCH_DAYS
    }

    /// The first day of the month after this one.
    pub(super) fn next_month(self) -> Self {
        match self.month {
            12 => Self { year: self.year + 1, month: 1, day: 1 },
            month => Self { month: month + 1, day: 1, ..self },
        }
    }

    /// How many days its month has.
    pub(super) fn month_length(self) -> u8 {
        let first = Self { day: 1, ..self };
        (self.next_month().day_number() - first.day_number()) as u8
    }
}

/// Days in the `years` of a cycle before one, years beginning in March.
fn days_before(years: i64) -> i64 {
    365 * years + years / 4 - years / 100
}

/// Days in the months before one, 0 being March: 31 and 30 by turns, but for two of 31 after each fifth.
fn days_before_month(month: i64) -> i64 {
    (153 * month + 2) / 5
}

/// The weekday of day number `day`, 0 being Sunday.
pub(super) fn weekday(day: i64) -> u8 {
    // 1970-01-01 was a Thursday.
    (day + 4).rem_euclid(7) as u8
}
