//! Schedules of CronWorkflows. Not a rule.

use sim_core::arrival::{Schedule, WallTime, Zone, split_zone};

use crate::manifest::RUN_START;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

/// So many runs are looked at for the shortest time between two of them: more than a day of minutes.
const RUNS: usize = 1_500;

/// The schedules of a CronWorkflow, in either form.
pub(super) fn schedules<'n>(manifest: Manifest<'n>) -> Vec<&'n Node> {
    let Some(spec) = manifest.root.get("spec") else { return Vec::new() };
    let all = spec.get("schedule").into_iter().chain(spec.list("schedules"));
    all.filter(|it| it.scalar().is_some()).collect()
}

/// A schedule, or why it is refused; it may begin with a time zone.
pub(super) fn parse(text: &str) -> Result<Schedule, String> {
    let (_, schedule) = split_zone(text);
    Schedule::parse(schedule).map_err(|error| error.problem)
}

/// The times of its runs since some day, by UTC.
fn runs(schedule: Schedule) -> impl Iterator<Item = f64> {
    let start = WallTime::parse(RUN_START).expect("a date with its time");
    schedule.instants(start, Zone::UTC).take(RUNS).map(|at| at.as_secs_f64())
}

/// The shortest time between two runs, in seconds; none if there are never two.
pub(super) fn shortest_gap_s(schedule: Schedule) -> Option<f64> {
    let runs: Vec<f64> = runs(schedule).collect();
    runs.windows(2).map(|pair| pair[1] - pair[0]).reduce(f64::min)
}

/// Whether there is no day on which it is due: the 30th of February.
pub(super) fn is_never(schedule: Schedule) -> bool {
    runs(schedule).next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_those_of_robfig_cron() {
        let good = [
            "* * * * *",
            "*/5 0-3,22 1 jan-MAR sun",
            "CRON_TZ=Asia/Tokyo 0 4 * * ?",
            "TZ=UTC @daily",
            "@every 1h30m",
            "5/15 * * * *",
        ];
        for text in good {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
        let bad = [
            ("", "the schedule is empty"),
            ("0 0 4 * * *", "`0 0 4 * * *` has 6 fields"),
            ("* * * * 7", "`7` is no day of the week: the greatest is 6"),
            ("60 * * * *", "`60` is no minute: the greatest is 59"),
            ("0 0 L * *", "`L` is no day of the month: `L` is no number"),
            ("0 22-2 * * *", "`22-2` is no hour: it ends before it begins"),
            ("*/0 * * * *", "`*/0` is no minute: the step is zero"),
            ("@reboot", "there is no schedule called `@reboot`"),
            ("@every day", "`day` is no duration"),
            ("TZ=UTC", "`TZ=UTC` has one field"),
        ];
        for (text, why) in bad {
            assert_eq!(parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn gaps_are_the_shortest_within_a_day_and_over_night() {
        let gap = |text: &str| shortest_gap_s(parse(text).unwrap());
        let minutes = |it: f64| Some(it * 60.0);
        assert_eq!(gap("*/7 * * * *"), minutes(4.0));
        assert_eq!(gap("0 4 * * *"), minutes(1_440.0));
        assert_eq!(gap("55 23 * * *"), minutes(1_440.0));
        assert_eq!(gap("0,30 0,23 * * *"), minutes(30.0));
        assert_eq!(gap("@every 90s"), Some(90.0));
        assert_eq!(gap(", * * * *"), None);
        let never = |text: &str| is_never(parse(text).unwrap());
        assert!(never("0 0 30 2 *") && never("0 0 31 4,6 *"));
        assert!(!never("0 0 29 2 *") && !never("0 0 30 2 mon") && !never("@hourly"));
    }
}
