use proptest::prelude::*;

use super::civil::{DAY_S, Date, weekday};
use super::zone::Span;
use super::*;
use crate::arrival::ArrivalProcess;
use crate::random::Streams;

const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";
const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
const NUUK: &str = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
const DUBLIN: &str = "GMT0IST,M3.5.0/1,M10.5.0";
const SANTIAGO: &str = "<-04>4<-03>,M9.1.6/24,M4.1.6/24";

fn at(text: &str) -> i64 {
    WallTime::parse(text).unwrap_or_else(|| panic!("{text}")).0
}

/// The first instant after `after`.
fn next(text: &str, after: i64, zone: Zone) -> Option<i64> {
    Schedule::parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).first(after + 1, zone)
}

#[test]
fn days_have_their_dates() {
    let cases = [
        (0, (1970, 1, 1), 4),
        (-1, (1969, 12, 31), 3),
        (11_016, (2000, 2, 29), 2),
        (20_784, (2026, 11, 27), 5),
        (47_540, (2100, 2, 28), 0),
        (47_541, (2100, 3, 1), 1),
        (-719_468, (0, 3, 1), 3),
    ];
    for (day, (year, month, of_month), of_week) in cases {
        let date = Date { year, month, day: of_month };
        assert_eq!((Date::of_day(day), date.day_number(), weekday(day)), (date, day, of_week));
    }
    // Four centuries, day after day.
    let mut before = Date::of_day(-1);
    for day in 0..146_097 {
        let date = Date::of_day(day);
        assert!(date > before && date.day_number() == day, "{day}: {date:?} after {before:?}");
        let is_next =
            date.day == before.day + 1 || (date.day, before.day) == (1, before.month_length());
        assert!(is_next, "{date:?} after {before:?}");
        before = date;
    }
}

#[test]
fn instants_are_read() {
    let cases = [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("2026-11-27T00:00:00Z", Some(20_784 * DAY_S)),
        ("2026-11-27T09:30+09:00", Some(20_784 * DAY_S + 1_800)),
        ("2026-11-26 19:00:07-0500", Some(20_784 * DAY_S + 7)),
        ("2026-11-27T00:00:00", None),
        ("2026-02-29T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-11-27T24:00:00Z", None),
        ("27.11.2026", None),
        ("\u{e4}T\u{e4}Z", None),
    ];
    for (text, expected) in cases {
        assert_eq!(WallTime::parse(text).map(|it| it.0), expected, "{text}");
    }
}

/// robfig/cron v3 `spec_test.go`, `TestNext`, those of five fields and their like. Times of day are UTC.
#[test]
fn next_times_are_those_of_robfig_cron() {
    let cases = [
        ("2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
        ("2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
        ("2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"),
        ("2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"),
        ("2012-07-09T23:45:00Z", "20-35/15 * * * *", "2012-07-10T00:20:00Z"),
        ("2012-07-09T23:35:51Z", "20-35/15 1/2 * * *", "2012-07-10T01:20:00Z"),
        ("2012-07-09T23:35:51Z", "20-35/15 10-12 * * *", "2012-07-10T10:20:00Z"),
        ("2012-07-09T23:35:51Z", "20-35/15 1/2 */2 * *", "2012-07-11T01:20:00Z"),
        ("2012-07-09T23:35:51Z", "20-35/15 * 9-20 * *", "2012-07-10T00:20:00Z"),
        ("2012-07-09T23:35:51Z", "20-35/15 * 9-20 Jul *", "2012-07-10T00:20:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 */5 Apr,Aug,Oct Mon", "2012-08-01T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 */5 Oct Mon", "2012-10-01T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 * Feb Mon", "2013-02-04T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 * Feb Mon/2", "2013-02-01T00:00:00Z"),
        ("2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z"),
        ("2012-07-09T23:35:00Z", "0 0 29 Feb ?", "2016-02-29T00:00:00Z"),
        ("2012-07-09T14:45:00Z", "@hourly", "2012-07-09T15:00:00Z"),
        ("2012-07-09T14:45:00Z", "@daily", "2012-07-10T00:00:00Z"),
        ("2012-07-09T14:45:00Z", "@weekly", "2012-07-15T00:00:00Z"),
        ("2012-07-09T14:45:00Z", "@monthly", "2012-08-01T00:00:00Z"),
        ("2012-07-09T14:45:00Z", "@annually", "2013-01-01T00:00:00Z"),
    ];
    for (after, schedule, expected) in cases {
        let found = next(schedule, at(after), Zone::UTC);
        assert_eq!(found, Some(at(expected)), "`{schedule}` after {after}");
    }
    for never in ["0 0 30 Feb ?", "0 0 31 Apr ?", "0 0 , * *"] {
        assert_eq!(next(never, at("2012-07-09T23:35:00Z"), Zone::UTC), None, "{never}");
    }
}

/// The same source, in New York, whose clocks were changed on 2012-03-11 and 2012-11-04.
#[test]
fn clocks_that_are_changed_leave_out_an_hour_or_have_it_twice() {
    let zone = Zone::posix(NEW_YORK).unwrap();
    let cases = [
        ("2012-03-11T00:00:00-0500", "30 2 11 Mar ?", "2013-03-11T02:30:00-0400"),
        ("2012-03-11T00:00:00-0500", "0 * * * ?", "2012-03-11T01:00:00-0500"),
        ("2012-03-11T01:00:00-0500", "0 * * * ?", "2012-03-11T03:00:00-0400"),
        ("2012-03-11T03:00:00-0400", "0 * * * ?", "2012-03-11T04:00:00-0400"),
        ("2012-03-11T01:00:00-0500", "0 1 * * ?", "2012-03-12T01:00:00-0400"),
        ("2012-03-11T00:00:00-0500", "0 2 * * ?", "2012-03-12T02:00:00-0400"),
        ("2012-11-04T00:00:00-0400", "30 2 04 Nov ?", "2012-11-04T02:30:00-0500"),
        ("2012-11-04T01:45:00-0400", "30 1 04 Nov ?", "2012-11-04T01:30:00-0500"),
        ("2012-11-04T01:00:00-0400", "0 * * * ?", "2012-11-04T01:00:00-0500"),
        ("2012-11-04T01:00:00-0500", "0 * * * ?", "2012-11-04T02:00:00-0500"),
        ("2012-11-04T00:00:00-0400", "0 1 * * ?", "2012-11-04T01:00:00-0400"),
        ("2012-11-04T01:00:00-0400", "0 1 * * ?", "2012-11-04T01:00:00-0500"),
        ("2012-11-04T01:00:00-0500", "0 1 * * ?", "2012-11-05T01:00:00-0500"),
        ("2012-11-04T00:00:00-0400", "0 2 * * ?", "2012-11-04T02:00:00-0500"),
        ("2012-11-04T03:00:00-0500", "0 3 * * ?", "2012-11-05T03:00:00-0500"),
    ];
    for (after, schedule, expected) in cases {
        assert_eq!(
            next(schedule, at(after), zone),
            Some(at(expected)),
            "`{schedule}` after {after}"
        );
    }
}

/// robfig/cron v3 `spec_test.go`, `TestActivation`.
#[test]
fn days_match_by_month_or_week_but_a_star_leaves_it_to_the_other() {
    let cases = [
        ("2012-07-15T00:00:00Z", "* * 1,15 * Sun", true),
        ("2012-06-15T00:00:00Z", "* * 1,15 * Sun", true),
        ("2012-08-01T00:00:00Z", "* * 1,15 * Sun", true),
        ("2012-07-15T00:00:00Z", "* * */10 * Sun", true),
        ("2012-07-15T00:00:00Z", "* * * * Mon", false),
        ("2012-07-09T00:00:00Z", "* * 1,15 * *", false),
        ("2012-07-15T00:00:00Z", "* * 1,15 * *", true),
        ("2012-07-15T00:00:00Z", "* * */2 * Sun", true),
        ("2012-07-15T08:30:00Z", "30 08 ? Jul Sun", true),
        ("2012-07-15T08:30:00Z", "30 08 15 Jul ?", true),
        ("2012-07-16T08:30:00Z", "30 08 ? Jul Sun", false),
        ("2012-07-16T08:30:00Z", "30 08 15 Jul ?", false),
    ];
    for (when, schedule, expected) in cases {
        let is_named = next(schedule, at(when) - 1, Zone::UTC) == Some(at(when));
        assert_eq!(is_named, expected, "`{schedule}` at {when}");
    }
}

#[test]
fn what_is_no_schedule_is_refused() {
    let cases = [
        ("", "the schedule is empty"),
        ("* * * *", "`* * * *` has 4 fields"),
        ("0 5 * * * *", "`0 5 * * * *` has 6 fields"),
        ("60 * * * *", "`60` is no minute: the greatest is 59"),
        ("* * 0 * *", "`0` is no day of the month: the least is 1"),
        ("* * * * 7", "`7` is no day of the week: the greatest is 6"),
        ("* * * foo *", "`foo` is no month: `foo` is no number"),
        ("-1 * * * *", "`-1` is no minute: `` is no number"),
        ("1-2-3 * * * *", "`1-2-3` is no minute: there are two hyphens"),
        ("5-1 * * * *", "`5-1` is no minute: it ends before it begins"),
        ("*/0 * * * *", "`*/0` is no minute: the step is zero"),
        ("*/a * * * *", "`*/a` is no minute: the step is no number"),
        ("1/2/3 * * * *", "`1/2/3` is no minute: there are two steps"),
        ("99999999999 * * * *", "`99999999999` is no minute: the greatest is 59"),
        ("@nightly", "there is no schedule called `@nightly`"),
        ("@every", "there is no schedule called `@every`"),
        ("@every 1d", "`1d` is no duration"),
        ("\u{e4} * * * *", "`\u{e4}` is no minute: `\u{e4}` is no number"),
    ];
    for (text, problem) in cases {
        assert_eq!(Schedule::parse(text).unwrap_err().problem, problem, "{text}");
    }
    for fine in ["?,5 * * * *", "1,,2 0-23/99 ? JAN-dec sUn", "+5 * * * *", "5-59/1 * * * *"] {
        assert!(Schedule::parse(fine).is_ok(), "{fine}");
    }
    assert_eq!(split_zone("CRON_TZ=Asia/Tokyo 0 9 * * *"), (Some("Asia/Tokyo"), "0 9 * * *"));
    assert_eq!(split_zone("TZ=UTC  @midnight"), (Some("UTC"), "@midnight"));
    assert_eq!(split_zone("@midnight"), (None, "@midnight"));
}

/// Offsets before and after each change of 2026, as the tz database has them (`zdump -v`).
#[test]
fn zones_follow_their_rule() {
    /// An instant, and the offsets before and after it.
    type Shift = (&'static str, i64, i64);
    let cases: [(&str, [Shift; 2]); 5] = [
        (
            NEW_YORK,
            [
                ("2026-03-08T07:00:00Z", -18_000, -14_400),
                ("2026-11-01T06:00:00Z", -14_400, -18_000),
            ],
        ),
        (
            LORD_HOWE,
            [("2026-04-04T15:00:00Z", 39_600, 37_800), ("2026-10-03T15:30:00Z", 37_800, 39_600)],
        ),
        (
            NUUK,
            [("2026-03-29T01:00:00Z", -7_200, -3_600), ("2026-10-25T01:00:00Z", -3_600, -7_200)],
        ),
        (DUBLIN, [("2026-03-29T01:00:00Z", 0, 3_600), ("2026-10-25T01:00:00Z", 3_600, 0)]),
        (
            SANTIAGO,
            [
                ("2026-04-05T03:00:00Z", -10_800, -14_400),
                ("2026-09-06T04:00:00Z", -14_400, -10_800),
            ],
        ),
    ];
    for (text, changes) in cases {
        let zone = Zone::posix(text).unwrap_or_else(|| panic!("{text}"));
        for (when, before, after) in changes {
            let when = at(when);
            assert_eq!(zone.span(when - 1), Span { offset_s: before, until: when }, "{text}");
            assert_eq!(zone.span(when).offset_s, after, "{text}");
        }
    }
    assert_eq!(Zone::posix("JST-9"), Zone::fixed(9 * 3_600));
    assert_eq!(Zone::posix("<+0545>-5:45"), Zone::fixed(20_700));
    for wrong in [
        "",
        "UTC",
        "E5",
        "<a",
        "EST5EDT",
        "EST5EDT,M3.2.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST99",
        "EST5EDT,J60,J300",
    ] {
        assert_eq!(Zone::posix(wrong), None, "{wrong}");
    }
    let offsets = [
        ("+09:00", Some(32_400)),
        ("-0330", Some(-12_600)),
        ("+9", Some(32_400)),
        ("9", None),
        ("+25", None),
    ];
    for (text, expected) in offsets {
        assert_eq!(offset_s(text), expected, "{text}");
    }
}

fn arrivals(schedules: &[&str], zone: Zone, start: &str, count: usize) -> Vec<u64> {
    let schedules = schedules.iter().map(|text| (Schedule::parse(text).unwrap(), zone)).collect();
    let mut process = ArrivalProcess::calendar(schedules, WallTime::parse(start).unwrap()).unwrap();
    let mut rng = Streams::new(1, 0).stream("source", "arrivals");
    let all = std::iter::from_fn(|| process.next(SimTime::ZERO, &mut rng));
    all.take(count).map(|it| it.at.as_nanos() / SECOND_NS).collect()
}

#[test]
fn a_process_begins_at_its_start_and_counts_an_instant_once() {
    let start = "2026-11-27T00:00:00Z";
    assert_eq!(arrivals(&["*/5 * * * *"], Zone::UTC, start, 3), [0, 300, 600]);
    assert_eq!(arrivals(&["@every 90s"], Zone::UTC, start, 3), [90, 180, 270]);
    // Friday: both every six minutes.
    let both = ["*/3 * * * 1-5", "*/2 * * * *"];
    assert_eq!(arrivals(&both, Zone::UTC, start, 6), [0, 120, 180, 240, 360, 480]);
    let tokyo = Zone::fixed(9 * 3_600).unwrap();
    assert_eq!(arrivals(&["0 4 * * *"], tokyo, start, 2), [19 * 3_600, 43 * 3_600]);
    assert_eq!(arrivals(&["0 0 30 2 *"], Zone::UTC, start, 2), [0_u64; 0]);
}

#[test]
fn rates_are_those_of_the_instants() {
    let process = |texts: &[&str]| {
        let schedules = texts.iter().map(|text| (Schedule::parse(text).unwrap(), Zone::UTC));
        let start = WallTime::parse("2026-11-27T00:00:00Z").unwrap();
        ArrivalProcess::calendar(schedules.collect(), start).unwrap()
    };
    let hours = |hours: u64| SimDuration::from_secs(hours * 3_600);
    let daily = process(&["0 4 * * *"]);
    let rates = |horizon| (daily.mean_rate_per_s(horizon), daily.peak_rate_within(horizon));
    assert_eq!(rates(hours(4)), (0.0, 0.0));
    assert_eq!(rates(hours(24)), (1.0 / 86_400.0, 1.0 / 60.0));
    assert_eq!(daily.mean_rate_per_s(SimDuration::ZERO), 0.0);
    let both = process(&["*/3 * * * *", "*/2 * * * *"]);
    assert_eq!(both.mean_rate_per_s(hours(1)), 40.0 / 3_600.0);
    assert_eq!(both.peak_rate_per_s(), 2.0 / 60.0);
    // More than anybody counts.
    let fast = process(&["@every 1s"]);
    let mean = fast.mean_rate_per_s(hours(1_000));
    assert!((mean - 1.0).abs() < 1e-4, "{mean}");
    assert_eq!(fast.peak_rate_per_s(), 1.0);
    assert!(
        ArrivalProcess::calendar(Vec::new(), WallTime::parse("2026-11-27T00:00Z").unwrap())
            .is_err()
    );
}

/// One range of a field: from, to, step, and whether it is written as `*`.
type Range = (u8, u8, u8, bool);

fn ranges(min: u8, max: u8) -> impl Strategy<Value = Vec<Range>> {
    let range = (min..=max, min..=max, 1_u8..12, prop::bool::weighted(0.5));
    let ordered = range.prop_map(|(a, b, step, star)| (a.min(b), a.max(b), step, star));
    prop::collection::vec(ordered, 1..3)
}

fn written(ranges: &[Range]) -> String {
    let written = ranges.iter().map(|&(begin, end, step, star)| match (star, step) {
        (true, 1) => "*".to_owned(),
        (true, step) => format!("*/{step}"),
        (false, 1) => format!("{begin}-{end}"),
        (false, step) => format!("{begin}-{end}/{step}"),
    });
    written.collect::<Vec<_>>().join(",")
}

fn has(ranges: &[Range], min: u8, value: u8) -> bool {
    ranges.iter().any(|&(begin, end, step, star)| {
        let (begin, end) = if star { (min, u8::MAX) } else { (begin, end) };
        (begin..=end).contains(&value) && (value - begin).is_multiple_of(step)
    })
}

fn is_star(ranges: &[Range]) -> bool {
    ranges.iter().any(|&(_, _, step, star)| star && step == 1)
}

/// Whether the clocks of `zone` show a time that the fields name, at the minute `at`.
fn is_named(fields: &[Vec<Range>; 5], at: i64, zone: Zone) -> bool {
    let local = at + zone.span(at).offset_s;
    let day = local.div_euclid(DAY_S);
    let date = Date::of_day(day);
    let minute = local.rem_euclid(DAY_S) / 60;
    let [minutes, hours, days, months, weekdays] = fields;
    let of_month = has(days, 1, date.day);
    let of_week = has(weekdays, 0, weekday(day));
    let is_day =
        if is_star(days) || is_star(weekdays) { of_month && of_week } else { of_month || of_week };
    is_day
        && has(minutes, 0, (minute % 60) as u8)
        && has(hours, 0, (minute / 60) as u8)
        && has(months, 1, date.month)
}

proptest! {
    /// Against the obvious way: minute after minute, for eight days around a change of clocks.
    #[test]
    fn instants_are_those_of_a_look_at_every_minute(
        minutes in ranges(0, 59),
        hours in ranges(0, 23),
        days in ranges(1, 31),
        months in prop_oneof![Just(vec![(1, 12, 1, true)]), ranges(1, 12)],
        weekdays in ranges(0, 6),
        zone in prop::sample::select(vec!["UTC0", NEW_YORK, LORD_HOWE, NUUK, DUBLIN, SANTIAGO, "<+0545>-5:45"]),
        begin in prop::sample::select(vec!["2026-03-05T00:00:00Z", "2026-03-25T00:00:00Z", "2026-04-01T00:00:00Z",
            "2026-10-22T00:00:00Z", "2026-10-29T00:00:00Z", "2026-12-28T00:00:00Z", "2028-02-25T00:00:00Z"]),
        shift in 0..86_400_i64,
    ) {
        let zone = Zone::posix(zone).unwrap();
        let fields = [minutes, hours, days, months, weekdays];
        let text = fields.each_ref().map(|field| written(field)).join(" ");
        let schedule = Schedule::parse(&text).unwrap();
        let begin = at(begin) + shift;
        let end = begin + 8 * DAY_S;
        let first_minute = begin + (-begin).rem_euclid(60);
        let slow: Vec<i64> =
            (first_minute..end).step_by(60).filter(|&at| is_named(&fields, at, zone)).collect();
        let all = std::iter::successors(schedule.first(begin, zone), |&at| schedule.after(at, zone));
        let fast: Vec<i64> = all.take_while(|&at| at < end).collect();
        prop_assert_eq!(fast, slow, "{}", text);
    }
}
