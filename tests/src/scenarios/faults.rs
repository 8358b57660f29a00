//! Changes on a timeline: what they do at once, and what is left of them afterwards.

use models::{FactKind, Reason};

use super::{play, problems, sensor, source};

/// A limit of one a second until 4.5 s, then one in 20 s until 20 s, then one a second again. What has been
/// earned is kept in tokens: half a token at 4.5 s, of which the rest takes 10 s; 0.275 of the next one
/// at 20 s, of which the rest takes 0.725 s.
#[test]
fn a_rate_that_comes_back_acts_at_once_on_those_who_wait_at_a_source() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")], \
         faults: [(at: \"4500ms\", for: \"15500ms\", stage: \"source\", change: Rate(\"1/20s\"))]",
        source("source", "(at: \"1s\", count: 9)", "to: \"station\", rate_limit: (rate: \"1/s\")"),
    ));
    let offered = [1_000, 2_000, 3_000, 4_000, 14_500, 20_725, 21_725, 22_725, 23_725];
    assert_eq!(seen.times_ms("station", FactKind::Offered), offered);
    assert_eq!(seen.gauge("source", "waiting"), (8, 0));
}

/// What is in service when a station goes down is lost; what waits in front of it is served afterwards.
#[test]
fn a_station_that_goes_down_loses_what_is_in_service() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"10s\")], \
         faults: [(at: \"3s\", for: \"20s\", stage: \"station\", change: Down)]",
        source("source", "(at: \"1s\", count: 2), (at: \"5s\")", "to: \"station\""),
    ));
    assert_eq!(seen.losses(), [("station", Reason::MemoryLost, 1)]);
    assert_eq!(seen.times_ms("station", FactKind::Failed), [3_000]);
    assert_eq!(seen.times_ms("station", FactKind::Started), [1_000, 23_000, 33_000]);
    assert_eq!(seen.gauge("station", "busy"), (1, 0));
    assert_eq!(seen.ledger(), [2, 1, 0, 0]);
}

/// Its callers hear of it at once: who is served, and who calls again while it is down.
#[test]
fn a_station_that_is_down_fails_its_callers() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Station(name: \"api\", service: \"10s\")], \
         faults: [(at: \"3s\", for: \"20s\", stage: \"api\", change: Down)]",
        source("source", "(at: \"1s\", count: 2), (at: \"30s\")", ""),
        sensor(
            "delivery: AtLeastOnce, action: Http(\"api\"), retry: (steps: 2, duration: \"5s\", jitter: \
             0), dead_letter: (action: Log)"
        ),
    ));
    // The first fails in service at 3 s and again at 8 s, the second at 8 s and 13 s.
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Failed), [3_000, 8_000, 8_000, 13_000]);
    assert_eq!(seen.times_ms("api", FactKind::Completed), [40_000]);
    assert_eq!(seen.outcome.ledger.dead_lettered, 2);
}

/// The probability of each kind of workflow comes back, not zero: the second and the fourth fail.
#[test]
fn failures_of_workflows_are_afterwards_as_before() {
    let seen = play(&format!(
        "stages: [{}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"work\", service: \
         \"1s\", failure: 1)])], \
         faults: [(at: \"10s\", for: \"5s\", stage: \"workflows\", change: Failure(0))]",
        source("source", "(at: \"1s\"), (at: \"11s\"), (at: \"21s\")", "to: \"work\""),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Failed), [2_000, 22_000]);
    assert_eq!(seen.ledger(), [1, 2, 0, 0]);
}

/// Publishes fail for 10 s; the caller tries again each 5 s.
#[test]
fn publishes_of_a_source_can_fail() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")], \
         faults: [(at: \"0s\", for: \"10s\", stage: \"source\", change: Failure(1))]",
        source("source", "(at: \"1s\")", "to: \"station\", on_failure: Nack(after: \"5s\")"),
    ));
    assert_eq!(seen.times_ms("source", FactKind::Retried), [1_000, 6_000]);
    assert_eq!(seen.times_ms("station", FactKind::Offered), [11_000]);
}

/// Changes lie on top of each other: five times as slow for a minute, nine times for 10 s of it.
#[test]
fn the_end_of_a_change_brings_back_the_one_below_it() {
    let slow = |at: &str, lasts: &str, factor: u32| {
        format!("(at: \"{at}\", for: \"{lasts}\", stage: \"station\", change: Slower({factor}))")
    };
    let stages = format!(
        "stages: [{}, Station(name: \"station\", service: \"1s\")]",
        source(
            "source",
            "(at: \"1s\"), (at: \"12s\"), (at: \"30s\"), (at: \"70s\")",
            "to: \"station\""
        ),
    );
    let (outer, inner) = (slow("0s", "60s", 5), slow("10s", "10s", 9));
    for faults in [format!("{outer}, {inner}"), format!("{inner}, {outer}")] {
        let seen = play(&format!("{stages}, faults: [{faults}]"));
        assert_eq!(seen.times_ms("station", FactKind::Completed), [6_000, 21_000, 35_000, 71_000]);
    }
}

/// A stage is up again when nothing holds it down any longer.
#[test]
fn a_stage_is_down_until_the_last_of_its_faults_ends() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"1s\")], faults: [\
         (at: \"0s\", for: \"40s\", stage: \"station\", change: Down), \
         (at: \"10s\", for: \"10s\", stage: \"station\", change: Down)]",
        source("source", "(at: \"25s\")", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Completed), [41_000]);
}

/// Two servers from 5 s on, to the end; three from 10 s to 20 s.
#[test]
fn a_change_to_the_end_outlives_a_later_one() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"10s\")], faults: [\
         (at: \"5s\", stage: \"station\", change: Limit(2)), \
         (at: \"10s\", for: \"10s\", stage: \"station\", change: Limit(3))]",
        source("source", "(at: \"30s\", count: 3)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Started), [30_000, 30_000, 40_000]);
}

/// A sensor is slower where its triggers are; a trigger that is slower by itself too is so by both.
#[test]
fn a_slower_sensor_has_slower_triggers() {
    let slower = |stage: &str, factor: u32| {
        format!("(at: \"0s\", for: \"50s\", stage: \"{stage}\", change: Slower({factor}))")
    };
    let (both, own) = (slower("sensor", 3), slower("sensor/trigger", 2));
    for (faults, triggered) in [
        (both.clone(), [4_000, 61_000]),
        (own.clone(), [3_000, 61_000]),
        (format!("{own}, {both}"), [7_000, 61_000]),
    ] {
        let seen = play(&format!(
            "stages: [{}, EventBus(), {}], faults: [{faults}]",
            source("source", "(at: \"1s\"), (at: \"60s\")", ""),
            sensor("action: Log, latency: \"1s\""),
        ));
        assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), triggered, "{faults}");
    }
}

/// A bus is slower where it is published to; a store where it drains.
#[test]
fn a_bus_and_a_store_can_be_slower() {
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), {}, Store(name: \"store\", to: \"station\", drain: Rate(\"1/s\")), \
         Station(name: \"station\", service: \"0s\")], faults: [\
         (at: \"0s\", for: \"4s\", stage: \"default\", change: Slower(3)), \
         (at: \"0s\", for: \"4s\", stage: \"store\", change: Slower(2))]",
        source("source", "(at: \"1s\"), (at: \"10s\")", "latency: \"1s\""),
        source("sender", "(at: \"1s\", count: 4)", "to: \"store\""),
        sensor("action: Log"),
    ));
    assert_eq!(seen.times_ms("default", FactKind::Offered), [4_000, 11_000]);
    // Half a token at 4 s, of which the rest takes half a second at the full pace.
    assert_eq!(seen.times_ms("store", FactKind::Drained), [1_000, 3_000, 4_500, 5_500]);
}

/// A limit of zero would be no limit to a workflow controller, and to nats-server.
#[test]
fn a_limit_of_zero_is_refused_where_it_would_mean_none() {
    let stages = "EventBus(), Workflow(templates: [(name: \"work\", service: \"1s\")])";
    for stage in ["default", "workflows"] {
        let fault = format!("(at: \"1s\", stage: \"{stage}\", change: Limit(0))");
        let found = problems(&format!("stages: [{stages}], faults: [{fault}]"));
        assert!(found.contains("cannot be zero"), "{found}");
    }
}
