//! Reports on outcomes made by hand, so that they change only with the report.

use sim_core::observe::Histogram;

use super::readings::{KeyName, Readings};
use super::text::{Glyphs, Style, render, render_readings};
use super::*;
use crate::diagnostic::Color;
use crate::engine::recorder::{GaugeWindow, SampleWindow};
use crate::model::{Model, Overrides};
use crate::outcome::{
    ComponentOutcome, FactCount, GaugeOutcome, Loss, ReachOutcome, SampleOutcome, Unfinished,
    Whereabouts,
};
use crate::spec::arrival::NoFiles;

const MODEL: &str = r#"(
    name: "shop",
    horizon: "10m",
    stages: [
        EventSource(
            name: "orders",
            arrivals: Spike(base: "1/s", peak: "20/s", at: "3m", for: "2m"),
        ),
        EventBus(name: "default", max_msgs: 1000, discard: New, on_reject: Drop),
        Sensor(
            name: "sensor",
            dependencies: [(name: "order", source: "orders")],
            triggers: [(name: "bill", rate_limit: (rate: "5/s"), action: Http("billing"))],
        ),
        Station(name: "billing", servers: 4, service: "500ms"),
    ],
)"#;

const WINDOW_NS: u64 = 1_000_000_000;
const WINDOWS: usize = 600;

fn plan() -> Plan {
    match Model::read("shop.ron", MODEL, &Overrides::default(), &NoFiles) {
        Ok(model) => model.plan,
        Err(problems) => panic!("{problems}"),
    }
}

/// Low, from window 180 up to `top` in window 300, down again until `calm`.
fn hill(top: u64, calm: usize) -> Vec<u64> {
    let at = |window: usize| match window {
        180..300 => top * (window as u64 - 179) / 120,
        300.. if window < calm => top * (calm - window) as u64 / (calm - 300) as u64,
        _ => top / 100,
    };
    (0..WINDOWS).map(at).collect()
}

fn gauge(name: &str, course: &[u64]) -> GaugeOutcome {
    let max = course.iter().copied().max().unwrap();
    let max_at = course.iter().position(|&value| value == max).unwrap() as u64;
    let window =
        |&value: &u64| GaugeWindow { mean: value as f64, min: value, max: value, last: value };
    GaugeOutcome {
        name: name.to_owned(),
        mean: course.iter().sum::<u64>() as f64 / course.len() as f64,
        max,
        max_at_ns: max_at * WINDOW_NS + WINDOW_NS / 2,
        last: *course.last().unwrap(),
        windows: course.iter().map(window).collect(),
    }
}

/// Ten samples in every window, all alike.
fn sample(name: &str, course_ms: &[u64]) -> SampleOutcome {
    let mut histogram = Histogram::new();
    let nanos: Vec<u64> = course_ms.iter().map(|millis| millis * 1_000_000).collect();
    nanos.iter().for_each(|&nanos| histogram.record_n(nanos, 10));
    let window = |&nanos: &u64| SampleWindow {
        count: 10,
        mean_ns: nanos,
        p50_ns: nanos,
        p99_ns: nanos,
        max_ns: nanos,
    };
    SampleOutcome {
        name: name.to_owned(),
        count: histogram.count(),
        zeros: 0,
        mean_ns: histogram.mean(),
        mean_square_ns2: 0.0,
        windows: nanos.iter().map(window).collect(),
        histogram,
    }
}

fn component(
    name: &str,
    kind: &str,
    counts: &[(FactKind, u64)],
    gauges: Vec<GaugeOutcome>,
    samples: Vec<SampleOutcome>,
) -> ComponentOutcome {
    let count = |&(fact, count): &(FactKind, u64)| FactCount { fact, count, windows: vec![] };
    ComponentOutcome {
        name: name.to_owned(),
        kind: kind.to_owned(),
        counts: counts.iter().map(count).collect(),
        gauges,
        samples,
        reached: Vec::new(),
        refusals: Vec::new(),
    }
}

/// The limit was first reached in the middle of that window.
fn reached(limit: &str, window: u64) -> ReachOutcome {
    ReachOutcome {
        limit: limit.to_owned(),
        first_ns: Some(window * WINDOW_NS + WINDOW_NS / 2),
        line_max: 0,
        line_longest_ns: 0,
    }
}

/// A storm that the bus cannot hold. `more`: so many more events come, and are lost.
fn storm(replication: u64, more: u64) -> Outcome {
    use FactKind::{Admitted, Born, Completed, Delivered, Offered, Refused, Triggered};

    let (offered, lost) = (3_000 + more, 250 + more);
    let depth = hill(1_000, 480 + more as usize);
    let latency: Vec<u64> = depth.iter().map(|depth| 20 + depth * 200).collect();
    let flat = |value: u64| vec![value; WINDOWS];
    let mut outcome = Outcome {
        seed: 7,
        replication,
        fingerprint: format!("{:032x}", 0xfeed + replication),
        steps: 12_345,
        window_ns: WINDOW_NS,
        unfinished: Unfinished { count: 50, p50_ns: 2 * WINDOW_NS, oldest_ns: 9 * WINDOW_NS },
        ledger: Ledger {
            offered,
            completed: 2_700,
            dropped: lost,
            in_flight: 50,
            losses: vec![Loss {
                component: "default".to_owned(),
                reason: Reason::MessagesFull,
                events: lost,
            }],
            whereabouts: vec![
                Whereabouts { component: "default".to_owned(), jobs: 46 },
                Whereabouts { component: "billing".to_owned(), jobs: 4 },
            ],
            ..Ledger::default()
        },
        first_loss: Some(crate::outcome::FirstLoss {
            at_ns: (299 + more) * WINDOW_NS,
            component: "default".to_owned(),
            reason: Reason::MessagesFull,
        }),
        age: sample("age", &latency),
        backlog: depth.iter().map(|&depth| depth as u32 + 4).collect(),
        lost: flat(0),
        components: vec![
            component(
                "orders",
                "EventSource",
                &[(Born, offered)],
                vec![gauge("waiting", &flat(0))],
                vec![],
            ),
            component(
                "default",
                "EventBus",
                &[(Offered, offered), (Admitted, 2_750), (Refused, lost), (Delivered, 2_704)],
                vec![gauge("depth", &depth), gauge("bytes", &flat(0))],
                vec![sample("residence", &latency)],
            ),
            component("sensor", "Sensor", &[], vec![gauge("waiting", &flat(0))], vec![]),
            component(
                "sensor/bill",
                "Trigger",
                &[(Offered, 2_704), (Admitted, 2_704), (Triggered, 2_704)],
                vec![gauge("in_memory", &flat(1))],
                vec![sample("latency", &latency), sample("event_age", &latency)],
            ),
            component(
                "billing",
                "Station",
                &[(Offered, 2_704), (Admitted, 2_704), (Completed, 2_700)],
                vec![gauge("depth", &flat(0)), gauge("busy", &flat(2))],
                vec![sample("wait", &flat(0))],
            ),
        ],
    };
    outcome.components[1].reached.push(reached("max_msgs", 299));
    outcome
}

/// Nothing happens that anybody would mind.
fn calm() -> Outcome {
    let mut outcome = storm(0, 0);
    let lost = outcome.ledger.dropped;
    outcome.ledger.dropped = 0;
    outcome.ledger.completed += lost;
    outcome.ledger.losses.clear();
    outcome.first_loss = None;
    outcome.backlog = vec![3; WINDOWS];
    outcome.age = sample("age", &[20; WINDOWS]);
    outcome.components[1].reached.clear();
    outcome.unfinished.oldest_ns = 4 * WINDOW_NS;
    outcome.components[1].gauges[0] = gauge("depth", &[3; WINDOWS]);
    outcome.components[1].samples[0] = sample("residence", &[20; WINDOWS]);
    outcome.components[3].samples =
        vec![sample("latency", &[20; WINDOWS]), sample("event_age", &[25; WINDOWS])];
    outcome
}

fn report(outcomes: &[Outcome]) -> Report {
    let provenance = Provenance {
        model: "shop".to_owned(),
        about: "A shop on the night of the sale.".to_owned(),
        model_hash: "0123456789abcdef".repeat(4),
        input: "shop.ron".to_owned(),
        command: "surgetank run shop.ron --seed 7".to_owned(),
        ..Provenance::default()
    };
    let mut report = Report::new(&plan(), outcomes, provenance);
    // Snapshots outlive versions.
    report.provenance.version = "0.0.0".to_owned();
    report
}

fn text(report: &Report, glyphs: Glyphs) -> String {
    render(report, Style { width: 100, color: Color::Never, glyphs })
}

#[test]
fn a_storm_on_one_screen() {
    let text = text(&report(&[storm(0, 0)]), Glyphs::Unicode);
    assert!(text.lines().count() <= 40, "it fits on a screen");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_storm_with_intervals_in_ascii() {
    let outcomes: Vec<Outcome> = (0..).zip([0, 20, 40]).map(|(n, more)| storm(n, more)).collect();
    let text = text(&report(&outcomes), Glyphs::Ascii);
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_calm_day() {
    insta::assert_snapshot!(text(&report(&[calm()]), Glyphs::Unicode));
}

#[test]
fn colors_change_nothing_but_colors() {
    let report = report(&[storm(0, 0)]);
    let plain = text(&report, Glyphs::Unicode);
    let colored =
        render(&report, Style { width: 100, color: Color::Always, glyphs: Glyphs::Unicode });
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        stripped.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    stripped.push_str(rest);
    assert_ne!(colored, plain);
    assert_eq!(stripped, plain);
}

#[test]
fn narrow_screens_lose_columns_not_sense() {
    let report = report(&[storm(0, 0)]);
    for width in [60, 80, 100, 120] {
        let style = Style { width, color: Color::Never, glyphs: Glyphs::Unicode };
        let text = render(&report, style);
        for title in ["offered", "lost", "max", "limit", "p99"] {
            assert!(text.contains(title), "{width}: {text}");
        }
    }
}

#[test]
fn two_readings_side_by_side() {
    let readings = Readings::new(report(&[storm(0, 0)]), report(&[calm()]), Vec::new());
    let style = Style { width: 100, color: Color::Never, glyphs: Glyphs::Unicode };
    insta::assert_snapshot!(render_readings(&readings, style));
    // Both have 50 events in flight.
    let differ: Vec<KeyName> = readings.differences.iter().map(|figure| figure.name).collect();
    use KeyName::{AgeP50, AgeP99, FirstLimit, FirstLimitAt, FirstLossAt, Lost, Recovery};
    let expected = [FirstLimit, FirstLimitAt, Lost, FirstLossAt, AgeP50, AgeP99, Recovery];
    assert_eq!(differ, expected);
    let json = serde_json::to_string(&readings).unwrap();
    assert_eq!(serde_json::from_str::<Readings>(&json).unwrap(), readings);
    let same = Readings::new(report(&[calm()]), report(&[calm()]), Vec::new());
    assert!(same.differences.is_empty());
    assert!(render_readings(&same, style).contains("come to the same"));
}

/// With replications every figure has its interval, unless it rounds to nothing or is said to be the
/// largest of all.
#[test]
fn intervals_of_everything() {
    let outcomes: Vec<Outcome> = (0..).zip([0, 20, 40]).map(|(n, more)| storm(n, more)).collect();
    let text = text(&report(&outcomes), Glyphs::Unicode).replace("\n    ", " ");
    // 250, 270 and 290 of 3,000, 3,020 and 3,040: t(0.975, 2) = 4.303 times 20 / sqrt(3) is 49.7; the
    // shares 8.33 %, 8.94 % and 9.54 % have a standard deviation of 0.60 %, which gives 1.5 %.
    for part in [
        "270 [220 to 320] of 3,020 [2,970 to 3,070] events were lost (8.9 % [7.4 % to 10.4 %])",
        "3 min 20 s at most (the largest of 3 replications)",
        "lost:      270 ±49.7 (8.9 % ±1.5 %) at `default`",
        "the mean course of 3 replications",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // In flight are 50 each time, and the places add up to that.
    assert!(text.contains("46 at `default`, 4 at `billing`"), "{text}");
    let same: Vec<Outcome> = (0..3).map(|n| storm(n, 0)).collect();
    let same = super::text::render(
        &report(&same),
        Style { width: 100, color: Color::Never, glyphs: Glyphs::Unicode },
    );
    assert!(!same.contains(" to 250]") && same.contains("250 of 3,000 events"), "{same}");
}

/// What a row of the table says of a stage, its spaces made one.
fn row(text: &str, name: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.starts_with("Stages"));
    let line = lines.find(|line| line.split_whitespace().next() == Some(name)).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A bus with two consumers delivers each message twice, and a trigger may fire more often than it reads:
/// that must not look as if more came out than went in.
#[test]
fn a_row_says_what_it_counts() {
    let mut outcome = storm(0, 0);
    let again = [(FactKind::Delivered, 5_408), (FactKind::Triggered, 2_731)];
    for component in &mut outcome.components {
        for count in &mut component.counts {
            let found = again.iter().find(|(fact, _)| *fact == count.fact);
            count.count = found.map_or(count.count, |(_, count)| *count);
        }
    }
    outcome.ledger.whereabouts[0].jobs = 92;
    let report = report(&[outcome]);
    let text = text(&report, Glyphs::Unicode);
    for (name, expected) in [
        ("orders", "orders 3,000 events - 0"),
        ("default", "default 3,000 messages 5,408 sent 250"),
        ("sensor/bill", "sensor/bill 2,704 messages 2,731 fired 0"),
        ("billing", "billing 2,704 calls 2,700 done 0"),
    ] {
        let row = row(&text, name);
        assert!(row.starts_with(expected), "{row}");
    }
    // 50 events in flight, two branches of each of the 46 in the bus.
    assert!(text.contains("in flight: 92 branches at `default`, 4 at `billing`"), "{text}");
    let units = |at: usize| (report.stages[at].unit.as_str(), &report.stages[at].completed_unit);
    assert_eq!(units(1), ("messages", &Some("deliveries".to_owned())));
    assert_eq!(units(2), ("actions", &None));
}

/// What happened has a column, or is named as what there is no room for; what did not happen has none.
#[test]
fn no_column_goes_in_silence() {
    let mut outcome = storm(0, 0);
    let fact = |fact, count| FactCount { fact, count, windows: vec![] };
    let trigger = &mut outcome.components[3].counts;
    trigger.extend([fact(FactKind::Failed, 310), fact(FactKind::Retried, 290)]);
    let report = report(&[outcome]);
    for width in [60, 80, 100, 120] {
        let style = Style { width, color: Color::Never, glyphs: Glyphs::Unicode };
        let text = render(&report, style);
        let table: String =
            text.lines().skip_while(|it| !it.starts_with("Stages")).collect::<Vec<_>>().join("\n");
        for title in ["failed", "again", "done", "mean", "limit", "p50", "busy"] {
            assert!(table.contains(title), "{title} at {width}: {text}");
        }
        assert!(width < 120 || !table.contains("room"), "{width}: {text}");
        assert!(width < 80 || table.contains("310"), "{width}: {text}");
    }
    assert!(!text(&report, Glyphs::Unicode).contains("turned out"));
}

/// Chinese takes two columns a sign; a newline in a name does not break a line.
#[test]
fn names_of_all_kinds_are_aligned() {
    let mut report = report(&[storm(0, 0)]);
    report.stages[0].name = "注文".to_owned();
    report.provenance.model = "shop\n\u{1b}[2J".to_owned();
    let text = text(&report, Glyphs::Unicode);
    assert!(text.starts_with("shop\\n\\u{1b}[2J  "), "{text}");
    let column = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("  {name}"))).unwrap();
        unicode_width::UnicodeWidthStr::width(&line[..line.find("3,000").unwrap()])
    };
    assert_eq!(column("注文"), column("default"), "{text}");
}

#[test]
fn json_comes_back_the_same() {
    let report = report(&[storm(0, 0), storm(1, 20)]);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

#[test]
fn every_field_of_the_report_is_documented() {
    fn check(value: &serde_json::Value, at: &str, undocumented: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(|all| all.as_object()) {
            for (name, field) in properties {
                if field.get("description").is_none() {
                    undocumented.push(format!("{at}.{name}"));
                }
            }
        }
        if let Some(definitions) = value.get("$defs").and_then(|all| all.as_object()) {
            definitions.iter().for_each(|(name, value)| check(value, name, undocumented));
        }
    }
    let mut undocumented = Vec::new();
    check(schemars::schema_for!(Readings).as_value(), "Readings", &mut undocumented);
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[test]
fn figures_of_the_storm() {
    let report = report(&[storm(0, 0)]);
    let limit = |name: &str| report.limits.iter().find(|limit| limit.limit == name).unwrap();
    assert_eq!(limit("max_msgs").first_reached_s, Some(Figure::exactly(299.5)));
    assert_eq!(limit("rate_limit").offered_peak_per_s, Some(20.0));
    assert_eq!(limit("rate_limit").holds_at_peak, Some(false));
    assert_eq!(limit("rate_limit").holds_on_average, Some(true));
    assert_eq!(limit("service_rate").value, 8.0);
    let recovery = report.recovery.as_ref().unwrap();
    assert_eq!((recovery.storm_start_s, recovery.storm_end_s), (180.0, 300.0));
    assert_eq!(recovery.backlog_before.value, 14.0);
    // 1,000 * (480 - window) / 180 is at most 10 from window 479 on, which ends at 480 s.
    assert_eq!(recovery.recovery_s, Some(Figure::exactly(180.0)));
    assert_eq!(report.amplification.value, 1.0);
    assert_eq!(report.stages[4].utilization, Some(Figure::exactly(0.5)));
    assert!(report.ledger.balances);
}
