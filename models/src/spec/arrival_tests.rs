use sim_core::arrival::Arrival;
use sim_core::random::Streams;

use super::*;
use crate::diagnostic::Diagnostics;
use crate::spec::ron_text;

/// A file for traces.
struct OneFile(&'static str);

impl Files for OneFile {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            "storm.csv" => Ok(self.0.as_bytes().to_vec()),
            "latin.csv" => Ok(b"0,1\n1,\xe4\n".to_vec()),
            _ => Err("it does not exist".to_owned()),
        }
    }
}

const STORM: OneFile = OneFile("timestamp,size_bytes,count\n0,100,1\n0.5,200,3\n");

fn check(files: &dyn Files, text: &str) -> Result<ArrivalProcess, Diagnostics> {
    let (arrivals, spans) = ron_text::parse::<Arrivals>("m.ron", text)?;
    let mut cx = Checker::new("m.ron", Some(&spans));
    let process = arrivals.compile(files, &mut cx);
    let found = cx.finish();
    process.filter(|_| !found.has_errors()).ok_or(found)
}

/// The mean rates within 100 s follow from the parameters.
#[test]
fn every_process_is_read_and_compiled() {
    let cases = [
        (r#"Periodic(every: "100ms")"#, 10.0),
        (r#"Periodic(every: "100ms", offset: "5ms")"#, 10.0),
        (r#"Poisson(rate: "150/s")"#, 150.0),
        (r#"Renewal(interval: "20ms")"#, 50.0),
        (r#"Renewal(interval: Gamma(mean: "20ms", cv: 2))"#, 50.0),
        (r#"Batch(arrivals: Poisson(rate: "2/s"), size: 5)"#, 10.0),
        (r#"Batch(arrivals: Poisson(rate: "2/s"), size: Uniform(min: 1, max: 4))"#, 5.0),
        (
            r#"OnOff(on: (rate: "30/s", for: "1s"), off: (rate: "0/s", for: Exponential(mean: "2s")))"#,
            10.0,
        ),
        (
            r#"Mmpp(states: [
                (rate: "0/s", mean_sojourn: "3s"), (rate: "40/s", mean_sojourn: "1s")])"#,
            10.0,
        ),
        (
            r#"Mmpp(transitions: [[0, 1], [1, 0]], states: [
                (rate: "0/s", mean_sojourn: "3s"), (rate: "40/s", mean_sojourn: "1s")])"#,
            10.0,
        ),
        (
            r#"Profile(pattern: Regular, repeat: "20s", points: [
                (at: "0s", rate: "20/s"), (at: "10s", rate: "0/s")])"#,
            10.0,
        ),
        (r#"Diurnal(mean: "10/s", amplitude: 0.8, period: "100s", peak_at: "50s")"#, 10.0),
        (r#"Spike(base: "0/s", peak: "50/s", at: "10s", for: "10s", ramp: "10s")"#, 10.0),
        (r#"Trace(file: "storm.csv")"#, 0.04),
        (r#"Trace(rows: [(at: "1s"), (at: "2s", size: "1KiB", count: 3)])"#, 0.04),
        (r#"Cron(schedules: ["* * * * *"], start: "2026-11-27T00:00:00Z")"#, 0.02),
        (
            r#"Cron(schedules: ["TZ=Asia/Tokyo 1 9 27 11 *"], timezone: "+01:00", start: "2026-11-27T00:00Z")"#,
            0.01,
        ),
        (r#"Superposition([Poisson(rate: "4/s"), Periodic(every: "500ms")])"#, 6.0),
    ];
    for (text, expected) in cases {
        let process = check(&STORM, text).unwrap_or_else(|found| panic!("{text}: {found}"));
        let mean = process.mean_rate_per_s(SimDuration::from_secs(100));
        assert!((mean - expected).abs() < 1e-6 * expected, "{text}: {mean}");
    }
}

#[test]
fn a_trace_is_replayed() {
    let mut process = check(&STORM, r#"Trace(file: "storm.csv")"#).unwrap();
    let mut rng = Streams::new(1, 0).stream("source", "arrivals");
    let arrivals: Vec<Arrival> =
        std::iter::from_fn(|| process.next(SimTime::ZERO, &mut rng)).collect();
    let told: Vec<(u64, u32, Option<u32>)> =
        arrivals.iter().map(|it| (it.at.as_nanos(), it.count, it.size_bytes)).collect();
    assert_eq!(told, [(0, 1, Some(100)), (500_000_000, 3, Some(200))]);
}

#[test]
fn shape_and_meaning_are_checked() {
    let cases = [
        r#"Poisson(rate: "0/s")"#,
        r#"Poisson(rate: "-5/s")"#,
        r#"Poisson(rate: "5")"#,
        "Poisson(rate: 5)",
        r#"Poison(rate: "5/s")"#,
        r#"Periodic(every: "0s", offest: "1s")"#,
        r#"Periodic(every: "0s", offset: "-1s")"#,
        r#"Batch(arrivals: Poisson(rate: "x"), size: "5")"#,
        r#"OnOff(on: (rate: "0/s", for: "1s"), off: (rate: "1/x", for: Gamma(mean: "1s", cv: 0)))"#,
        r#"Mmpp(states: [(rate: "1/s", mean_sojourn: "0s")], transitions: [[1, 0]])"#,
        r#"Profile(points: [(at: "2s", rate: "1/s"), (at: "1s", rate: "1/s")], repeat: "1s")"#,
        r#"Diurnal(mean: "1/s", amplitude: 1.5, peak_at: "noon")"#,
        r#"Spike(base: "5/s", peak: "1/s", at: "1s", for: "1s")"#,
        "Trace()",
        r#"Trace(file: "a.csv", rows: [(at: "1s")])"#,
        r#"Trace(file: "a.csv")"#,
        r#"Trace(file: "latin.csv")"#,
        r#"Trace(file: "storm.csv")"#,
        r#"Trace(rows: [(at: "1s", size: "5GiB"), (at: "0s", count: -1)])"#,
        "Superposition([])",
        r#"Cron(schedules: ["0 4 * *", "TZ=Asia/Tokio @daily", "@nightly"], timezone: "Asia/Tokio", start: "now")"#,
        r#"Cron(schedules: [], start: "2026-11-27T00:00:00Z")"#,
        "Mmpp(states: [])",
        r#"Superposition([Poisson(rate: "1"), Poisson(rate: "2")])"#,
    ];
    let files = OneFile("0,1\n2,x\n1,1\n");
    let said: Vec<String> =
        cases.iter().map(|text| check(&files, text).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(said.join("\n\n"), @r#"
    m.ron:1:15: error: `0/s` is not a rate: it is zero, but must be greater (in `rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`

    m.ron:1:15: error: `-5/s` is not a rate: it is negative (in `rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`

    m.ron:1:15: error: `5` is not a rate: there is no `/` (in `rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`

    m.ron:1:15: error: expected a rate in quotes, such as `"150/s"`, found the number `5` (in `rate`); write the number with its unit in quotes

    m.ron:1:1: error: unknown variant `Poison` in `Arrivals`; expected one of `Periodic`, `Poisson`, `Renewal`, `Batch`, `OnOff`, `Mmpp`, `Profile`, `Diurnal`, `Spike`, `Trace`, `Cron`, `Superposition`; did you mean `Poisson`?

    m.ron:1:23: error: unknown field `offest` in `Periodic` (in `offest`); expected one of `every`, `offset`; did you mean `offset`?

    m.ron:1:17: error: `0s` is out of range (in `every`); expected more than zero
    m.ron:1:31: error: `-1s` is not a duration: it is negative (in `offset`); expected a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`

    m.ron:1:43: error: expected a number or one of `Constant`, `Uniform`, `Exponential`, `Erlang`, `Gamma`, `HyperExponential`, `HyperExponentialBalanced`, `LogNormal`, `Weibull`, `Pareto`, `Empirical`, found the string `"5"` (in `size`); write `5` without quotes

    m.ron:1:49: error: `1/x` is not a rate: the unit `x` is unknown (in `off.rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`
    m.ron:1:83: error: `0` is out of range (in `off.for.cv`); expected from 0.001 to 1000

    m.ron:1:43: error: `0s` is out of range (in `states[0].mean_sojourn`); expected longer than zero
    m.ron:1:64: error: the table has another shape (in `transitions`); expected 1 rows of 1 probabilities

    m.ron:1:48: error: `1s` is out of range (in `points[1].at`); expected at or after `2s`, the point before

    m.ron:1:33: error: `1.5` is out of range (in `amplitude`); expected from 0 to 1
    m.ron:1:47: error: `noon` is not a duration: `noon` is not a number (in `peak_at`); expected a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h` or `d`), such as `30s`, `1m30s` or `250ms`

    m.ron:1:26: error: `1/s` is out of range (in `peak`); expected above `base`, which is `5/s`

    m.ron:1:1: error: the trace has neither of `file` and `rows`; expected either a `file` or `rows`

    m.ron:1:1: error: the trace has both of `file` and `rows`; expected either a `file` or `rows`

    m.ron:1:13: error: cannot read `a.csv`: it does not exist (in `file`)

    latin.csv:2:3: error: the file is not UTF-8 text; byte 6 is `0xe4`

    storm.csv:2:3: error: wrong size_bytes: `x` (in `file`); expected a whole number from 0 to 4294967295
    storm.csv:3:1: error: wrong timestamp: `1` (in `file`); expected a time not before that of line 2

    m.ron:1:58: error: expected a whole number from 0 to 4294967295, found the number `-1` (in `rows[1].count`)

    m.ron:1:1: error: the list is empty; expected from 1 to 1024 in number

    m.ron:1:18: error: `0 4 * *` has 4 fields (in `schedules[0]`); expected five fields (minute, hour, day of month, month, weekday) such as `*/5 * * * *`, a name such as `@daily`, or `@every 90s`
    m.ron:1:29: error: there is no time zone `Asia/Tokio` (in `schedules[1]`); expected a name such as `Europe/Berlin`, or an offset such as `+09:00`; did you mean `Asia/Tokyo`?
    m.ron:1:53: error: there is no schedule called `@nightly` (in `schedules[2]`); expected five fields (minute, hour, day of month, month, weekday) such as `*/5 * * * *`, a name such as `@daily`, or `@every 90s`
    m.ron:1:76: error: there is no time zone `Asia/Tokio` (in `timezone`); expected a name such as `Europe/Berlin`, or an offset such as `+09:00`; did you mean `Asia/Tokyo`?
    m.ron:1:97: error: `now` is not a date with its time (in `start`); expected one such as `2026-11-27T00:00:00Z`

    m.ron:1:17: error: the list is empty (in `schedules`); expected from 1 to 1024 in number

    m.ron:1:14: error: the list is empty (in `states`); expected from 1 to 64 in number

    m.ron:1:30: error: `1` is not a rate: there is no `/` (in `[0].rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`
    m.ron:1:50: error: `2` is not a rate: there is no `/` (in `[1].rate`); expected events per time, such as `10/min`, `100/s`, `0.5/s` or `3/2h`
    "#);
}
