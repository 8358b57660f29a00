//! Schedules of five fields that come at equal distances: every minute, every few minutes or hours, every
//! hour, day or week. Others have no period, and are not taken where a period is wanted.
//!
//! The run of a model has no date of its own: it begins on a Monday at midnight, by the clocks of the
//! schedule.

use sim_core::time::SimDuration;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;
const WEEK_S: u64 = 7 * DAY_S;

/// When a schedule comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) every: SimDuration,
    /// From the beginning of the run, which itself does not count.
    pub(super) first: SimDuration,
}

/// A field of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Any,
    /// Every so many.
    Step(u64),
    At(u64),
}

/// The period of a schedule, or why it has none.
pub(super) fn period(cron: &str) -> Result<Period, &'static str> {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let &[minute, hour, day, month, weekday] = fields.as_slice() else {
        return Err("it has not five fields");
    };
    let minute = field(minute, 0, 59, &[])?;
    let hour = field(hour, 0, 23, &[])?;
    let weekday = field(weekday, 0, 7, &WEEKDAYS)?;
    if field(day, 1, 31, &[])? != Field::Any || field(month, 1, 12, &MONTHS)? != Field::Any {
        return Err("days of months are no equal distances apart");
    }
    let (every_s, at_s) = match (minute, hour, weekday) {
        (Field::Any, Field::Any, Field::Any) => (MINUTE_S, 0),
        (Field::Step(step), Field::Any, Field::Any) if 60 % step == 0 => (step * MINUTE_S, 0),
        (Field::At(minute), Field::Any, Field::Any) => (HOUR_S, minute * MINUTE_S),
        (Field::At(minute), Field::Step(step), Field::Any) if 24 % step == 0 => {
            (step * HOUR_S, minute * MINUTE_S)
        }
        (Field::At(minute), Field::At(hour), Field::Any) => {
            (DAY_S, hour * HOUR_S + minute * MINUTE_S)
        }
        (Field::At(minute), Field::At(hour), Field::At(weekday)) => {
            // The week of the run begins on Monday, that of cron on Sunday.
            let day = (weekday + 6) % 7;
            (WEEK_S, day * DAY_S + hour * HOUR_S + minute * MINUTE_S)
        }
        _ => return Err("its instants are no equal distances apart"),
    };
    let first_s = if at_s == 0 { every_s } else { at_s };
    Ok(Period { every: SimDuration::from_secs(every_s), first: SimDuration::from_secs(first_s) })
}

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn field(text: &str, least: u64, most: u64, names: &[&str]) -> Result<Field, &'static str> {
    const UNREADABLE: &str = "it is no schedule";
    if text == "*" || text == "?" {
        return Ok(Field::Any);
    }
    if let Some(step) = text.strip_prefix("*/") {
        let step = step.parse().ok().filter(|step| (1..=most).contains(step)).ok_or(UNREADABLE)?;
        return Ok(if step == 1 { Field::Any } else { Field::Step(step) });
    }
    if text.contains([',', '-', '/']) {
        return Err("its instants are no equal distances apart");
    }
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as u64);
    let number = named.or_else(|| text.parse().ok()).filter(|it| (least..=most).contains(it));
    number.map(Field::At).ok_or(UNREADABLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_with_a_period() {
        let cases = [
            ("* * * * *", "1m", "1m"),
            ("*/5 * * * *", "5m", "5m"),
            ("0 * * * *", "1h", "1h"),
            ("20 * * * *", "1h", "20m"),
            ("0 */6 * * *", "6h", "6h"),
            ("30 2 * * *", "1d", "2h30m"),
            ("0 0 * * *", "1d", "1d"),
            ("0 6 * * MON", "7d", "6h"),
            ("0 0 * * 1", "7d", "7d"),
            ("0 6 * * 0", "7d", "6d6h"),
            ("0 6 * * 7", "7d", "6d6h"),
        ];
        for (cron, every, first) in cases {
            let [every, first] = [every, first].map(|text| text.parse().unwrap());
            assert_eq!(period(cron), Ok(Period { every, first }), "{cron}");
        }
    }

    #[test]
    fn schedules_without_one() {
        for cron in [
            "",
            "@daily",
            "0 0 1 * *",
            "*/7 * * * *",
            "0 9-17 * * *",
            "0,30 * * * *",
            "61 * * * *",
            "x * * * *",
            "0 0 * jan *",
            "*/5 2 * * *",
            "0 0 * * 1-5",
            "*/0 * * * *",
        ] {
            assert!(period(cron).is_err(), "{cron}");
        }
    }
}
