//! Schedules that come at equal distances: every minute, every few minutes or hours, every hour, day or week.
//! Others have no period, and are not taken where a period is wanted.

use sim_core::arrival::{Schedule, WallTime, Zone, split_zone};
use sim_core::time::SimDuration;

use super::RUN_START;

/// So many instants are looked at: more than a year of weeks, so that a change of the clocks is among them.
const INSTANTS: usize = 64;

/// When a schedule comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) every: SimDuration,
    /// From the beginning of the run, which itself does not count.
    pub(super) first: SimDuration,
}

/// The period of a schedule in a time zone, or why it has none.
pub(super) fn period(cron: &str, zone: Zone) -> Result<Period, &'static str> {
    period_since(cron, zone, RUN_START)
}

fn period_since(cron: &str, zone: Zone, start: &str) -> Result<Period, &'static str> {
    const NO_SCHEDULE: &str = "it is no schedule of five fields";
    let (_, fields) = split_zone(cron);
    let schedule = Schedule::parse(fields).ok().filter(|_| !fields.starts_with('@'));
    let schedule = schedule.ok_or(NO_SCHEDULE)?;
    let start = WallTime::parse(start).expect("a date with its time");
    let instants = schedule.instants(start, zone).skip_while(|at| at.is_zero());
    let instants: Vec<SimDuration> = instants.take(INSTANTS).collect();
    let mut gaps = instants.windows(2).map(|pair| pair[1] - pair[0]);
    let (Some(&first), Some(every)) = (instants.first(), gaps.next()) else {
        return Err("there are no such days");
    };
    if gaps.any(|gap| gap != every) {
        return Err("its instants are no equal distances apart");
    }
    Ok(Period { every, first })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: &str = "2026-11-30T00:00:00Z";

    /// The run begins on a Friday at midnight, by UTC.
    #[test]
    fn the_first_is_counted_from_the_beginning_of_the_run() {
        let tokyo = Zone::fixed(9 * 3_600).unwrap();
        let berlin = crate::spec::cron::zone("Europe/Berlin").unwrap();
        let first = |cron: &str, zone| period(cron, zone).map(|it| it.first.to_string());
        assert_eq!(first("30 6 * * *", Zone::UTC), Ok("6h30m".to_owned()));
        assert_eq!(first("30 6 * * *", tokyo), Ok("21h30m".to_owned()));
        assert_eq!(first("0 0 * * sat", Zone::UTC), Ok("1d".to_owned()));
        // The clocks are changed in between.
        assert!(first("0 6 * * mon", berlin).is_err());
    }

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
            ("0,30 * * * *", "30m", "30m"),
        ];
        for (cron, every, first) in cases {
            let [every, first] = [every, first].map(|text| text.parse().unwrap());
            assert_eq!(
                period_since(cron, Zone::UTC, MONDAY),
                Ok(Period { every, first }),
                "{cron}"
            );
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
            // robfig/cron refuses it.
            "0 6 * * 7",
            "61 * * * *",
            "x * * * *",
            "0 0 * jan *",
            "*/5 2 * * *",
            "0 0 * * 1-5",
            "*/0 * * * *",
        ] {
            assert!(period(cron, Zone::UTC).is_err(), "{cron}");
        }
    }
}
