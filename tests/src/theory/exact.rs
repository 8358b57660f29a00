//! Cases without chance, to the nanosecond.

use models::run::{RunKey, run};
use models::{Fact, FactKind, FactSink};

use super::case::plan;
use super::text;

/// A case whose numbers have no spread.
pub(super) struct Exact {
    /// Its name in the file of reference cases.
    pub(super) id: &'static str,
    /// Key and value, as in the file, and the largest difference: the rounding of sums, or what
    /// separates single events from a fluid.
    pub(super) expected: &'static [(&'static str, f64, f64)],
    measure: fn() -> Vec<f64>,
}

/// One nanosecond.
const NANOSECOND: f64 = 1e-9;

pub(super) const CASES: &[Exact] = &[
    // 100 events at once wait for their tokens: the k-th for (k - burst) / rate.
    Exact {
        id: "tb-burst",
        expected: &[
            ("immediate", 10.0, NANOSECOND),
            ("last_delay", 18.0, NANOSECOND),
            ("mean_delay", 8.19, NANOSECOND),
        ],
        measure: token_bucket,
    },
    // uber-go/ratelimit with its slack of 10, after a second of idling.
    Exact {
        id: "uber-ratelimit",
        expected: &[("immediate", 11.0, NANOSECOND), ("last_delay", 0.39, NANOSECOND)],
        measure: leaky_bucket,
    },
    // Three a minute through bus, sensor and trigger: what argo-events issue 2851 reports.
    Exact {
        id: "argo-2851-burst",
        expected: &[
            ("fired_at_once", 11.0, NANOSECOND),
            ("fired_in_first_minute", 13.0, NANOSECOND),
            ("t_of_12th_s", 20.0, NANOSECOND),
            ("t_of_30th_s", 380.0, NANOSECOND),
        ],
        measure: argo_trigger,
    },
    Exact {
        id: "backoff-exp",
        expected: &[
            ("delays[0]", 0.1, NANOSECOND),
            ("delays[1]", 0.2, NANOSECOND),
            ("delays[2]", 0.4, NANOSECOND),
            ("delays[3]", 0.8, NANOSECOND),
            ("delays[4]", 1.6, NANOSECOND),
            ("delays[5]", 3.2, NANOSECOND),
            ("delays[6]", 6.4, NANOSECOND),
            ("delays[7]", 10.0, NANOSECOND),
            ("delays[8]", 10.0, NANOSECOND),
            ("delays[9]", 10.0, NANOSECOND),
            ("total", 42.7, NANOSECOND),
        ],
        measure: backoff,
    },
    // A fluid has no single events: the numbers are right to one event, one arrival or one service.
    Exact {
        id: "dd1-spike",
        expected: &[
            ("backlog_peak", 3000.0, 1.0),
            ("drain_s", 60.0, 0.02 + NANOSECOND),
            ("max_delay_s", 30.0, 0.01),
        ],
        measure: spike,
    },
];

/// All facts of one run.
#[derive(Default)]
struct Journal(Vec<Fact>);

impl FactSink for Journal {
    fn fact(&mut self, fact: &Fact) {
        self.0.push(*fact);
    }
}

impl Journal {
    fn of(model: &str) -> Self {
        let mut journal = Self::default();
        let key = RunKey { seed: 1, replication: 0 };
        run(&plan("exact", model), key, Some(&mut journal)).expect("the run ends");
        journal
    }

    /// When `kind` was said of events from number `first` on, seconds, in order of time.
    fn times_s(&self, kind: FactKind, first: u64) -> Vec<f64> {
        let facts = self.0.iter().filter(|fact| fact.kind == kind && fact.event >= first);
        facts.map(|fact| fact.at.as_secs_f64()).collect()
    }
}

const AT: &str = "station";

/// Waits of `count` events that all come at `at_s`, one event having come at the start if that is
/// later, behind a rate limit.
fn waits_s(limit: &str, count: u32, at_s: f64) -> Vec<f64> {
    let early = if at_s > 0.0 { r#"(at: "0s"), "# } else { "" };
    let trace = format!(r#"Trace(rows: [{early}(at: "{at_s}s", count: {count})])"#);
    let station = text::station(AT, 1, r#""0s""#, &format!("rate_limit: {limit},"));
    let journal = Journal::of(&text::from_start("1h", &[text::source(&trace, AT), station]));
    let times = journal.times_s(FactKind::Started, u64::from(at_s > 0.0));
    assert_eq!(times.len(), count as usize);
    times.iter().map(|time| time - at_s).collect()
}

fn immediate(waits_s: &[f64]) -> f64 {
    waits_s.iter().filter(|&&wait| wait < NANOSECOND).count() as f64
}

fn token_bucket() -> Vec<f64> {
    let waits = waits_s(r#"(rate: "5/s", algorithm: TokenBucket(burst: 10))"#, 100, 0.0);
    let mean = waits.iter().sum::<f64>() / waits.len() as f64;
    vec![immediate(&waits), waits[99], mean]
}

fn leaky_bucket() -> Vec<f64> {
    let waits = waits_s(r#"(rate: "100/s", algorithm: LeakyBucket(slack: 10))"#, 50, 1.0);
    vec![immediate(&waits), waits[49]]
}

fn argo_trigger() -> Vec<f64> {
    let trace = r#"Trace(rows: [(at: "0s"), (at: "1h", count: 30)])"#;
    let stages = [
        text::source(trace, "default"),
        r#"EventBus(name: "default")"#.to_owned(),
        r#"Sensor(name: "sensor", processing: "0s",
            dependencies: [(name: "event", source: "source")],
            triggers: [(name: "submit", action: Log,
                rate_limit: (requests_per_unit: 3, unit: Minute))])"#
            .to_owned(),
    ];
    let journal = Journal::of(&text::from_start("2h", &stages));
    let fired = journal.times_s(FactKind::Triggered, 1);
    let times: Vec<f64> = fired.iter().map(|time| time - 3600.0).collect();
    let within = |seconds: f64| times.iter().filter(|&&time| time < seconds).count() as f64;
    assert_eq!(times.len(), 30);
    vec![within(NANOSECOND), within(60.0), times[11], times[29]]
}

/// The second event finds the only server taken for good, eleven times.
fn backoff() -> Vec<f64> {
    let more = r#"queue: (max_msgs: 0), on_reject: Nack((after: "100ms", factor: 2, cap: "10s", retries: 10)),"#;
    let stages = [
        text::source(r#"Trace(rows: [(at: "0s"), (at: "1s")])"#, AT),
        text::station(AT, 1, r#""1h""#, more),
    ];
    let journal = Journal::of(&text::from_start("10m", &stages));
    let times = journal.times_s(FactKind::Offered, 1);
    let mut delays: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(delays.len(), 10, "ten retries");
    delays.push(times[10] - times[0]);
    delays
}

/// 50 a second, 150 for a minute, 50 again, into a server of 100 a second.
fn spike() -> Vec<f64> {
    let arrivals = r#"Profile(points: [(at: "0s", rate: "50/s"), (at: "60s", rate: "150/s"),
        (at: "120s", rate: "50/s")], pattern: Regular)"#;
    let stages = [text::source(arrivals, AT), text::station(AT, 1, r#""10ms""#, "")];
    let journal = Journal::of(&text::from_start("240s", &stages));
    let came = journal.times_s(FactKind::Offered, 0);
    let began = journal.times_s(FactKind::Started, 0);
    // Lindley's recursion knows when each service begins.
    let mut free = 0.0_f64;
    for (came, began) in came.iter().zip(&began) {
        assert!((began - came.max(free)).abs() < NANOSECOND * 1.5, "{came}: {began}");
        free = began + 0.01;
    }
    let delays = || came.iter().zip(&began).map(|(came, began)| began - came);
    let delay_max = delays().fold(0.0, f64::max);
    let done_by = |time: f64| began.iter().filter(|&&began| began + 0.01 <= time).count();
    let present = |time: f64| came.iter().filter(|&&came| came <= time).count() - done_by(time);
    let waited = delays().rposition(|delay| delay > NANOSECOND);
    let drained = came[waited.expect("somebody waits")];
    vec![present(120.0) as f64, drained - 120.0, delay_max]
}

#[test]
fn exact_cases() {
    for case in CASES {
        let found = (case.measure)();
        println!("{}: {found:?}", case.id);
        assert_eq!(found.len(), case.expected.len(), "{}", case.id);
        for (found, (key, expected, tolerance)) in found.iter().zip(case.expected) {
            let difference = (found - expected).abs();
            assert!(difference <= *tolerance, "{} {key}: {found}, not {expected}", case.id);
        }
    }
}
