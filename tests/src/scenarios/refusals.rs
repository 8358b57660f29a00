//! Who is refused, and by what, and what the producer does then.

use models::{FactKind, Reason};

use super::{play, problems, sensor, source};

/// A station that drops what it has no room for and stores what is over its rate: only the queue is full
/// here, so that three are dropped.
#[test]
fn each_gate_of_a_station_gives_its_own_answer() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"100s\", queue: (max_msgs: 1), on_reject: Drop, \
         rate_limit: (rate: \"1/s\", algorithm: TokenBucket(burst: 10), over: Store(\"store\"))), \
         Store(name: \"store\")]",
        source("source", "(at: \"1s\", count: 5)", "to: \"station\""),
    ));
    assert_eq!(seen.losses(), [("station", Reason::MessagesFull, 3)]);
    assert_eq!(seen.ledger(), [0, 3, 0, 2]);
}

/// Over the rate one tries again each second, as often as needed; that the queue allows no retry is
/// another matter.
#[test]
fn a_refusal_is_tried_again_by_the_rules_of_the_gate_that_refused() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\", on_reject: Nack(after: \"30s\", retries: \
         0), rate_limit: (rate: \"1/s\", over: Nack(after: \"1s\", retries: 100)))]",
        source("source", "(at: \"1s\", count: 4)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Started), [1_000, 2_000, 3_000, 4_000]);
    assert_eq!(seen.ledger(), [4, 0, 0, 0]);
}

/// All go to `slow`, whose refusals are tried again after 5 s; `strict`, the other way out, allows none.
#[test]
fn a_refusal_is_tried_again_by_the_rules_of_the_branch_that_refused() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", servers: 2, service: \"0s\", split: [(probability: 0, to: \
         \"strict\"), (probability: 1, to: \"slow\")]), \
         Station(name: \"strict\", service: \"0s\", on_reject: Nack(after: \"1s\", retries: 0)), \
         Station(name: \"slow\", service: \"10s\", queue: (max_msgs: 0), on_reject: Nack(after: \"5s\"))]",
        source("source", "(at: \"1s\", count: 2)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("slow", FactKind::Started), [1_000, 11_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

const API: &str = "Station(name: \"api\", service: \"10s\", queue: (max_msgs: 0), on_reject: \
                   Nack(after: \"30s\", retries: 1, then_store: \"store\")), Store(name: \"store\")";

/// Three calls at once of which one is taken: the two others wait 30 s in the sensor's memory; then one of
/// them is refused for the second time, and that was its only retry.
#[test]
fn a_trigger_that_acks_at_once_tries_again_as_its_target_says() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, {API}]",
        source("source", "(at: \"1s\", count: 3)", ""),
        sensor("action: Http(\"api\")"),
    ));
    assert_eq!(seen.times_ms("api", FactKind::Started), [1_000, 31_000]);
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Retried), [1_000, 1_000]);
    assert_eq!(seen.times_ms("store", FactKind::Stored), [31_000]);
    assert_eq!(seen.ledger(), [2, 0, 1, 0]);
}

/// At least once the refused event goes back to the bus for 30 s (nats-server's timer is a millisecond late),
/// and the next one has its turn.
#[test]
fn a_trigger_that_acks_afterwards_hands_back_what_its_target_refuses() {
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), {}, {API}]",
        source("busy", "(at: \"0s\")", "to: \"api\""),
        source("source", "(at: \"1s\", count: 3)", ""),
        sensor("delivery: AtLeastOnce, action: Http(\"api\")"),
    ));
    assert_eq!(seen.times_ms("api", FactKind::Refused), [1_000, 1_000, 1_000]);
    assert_eq!(seen.times_ms("default", FactKind::Redelivered), [31_001, 31_001, 41_001]);
    assert_eq!(seen.times_ms("api", FactKind::Started), [0, 31_001, 41_001, 51_001]);
    assert_eq!(seen.ledger(), [4, 0, 0, 0]);
}

/// A workflow controller's refusals too; the last one goes to the dead letter.
#[test]
fn a_controller_that_takes_no_more_is_tried_again() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Workflow(realism: Ideal, pod_start: \"0s\", parallelism: 1, \
         max_pending: 1, on_reject: Nack(after: \"5s\", retries: 2), templates: [(name: \"work\", service: \
         \"8s\")])]",
        source("source", "(at: \"1s\", count: 3)", ""),
        sensor("action: Workflow(\"work\"), dead_letter: (action: Log)"),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Refused), [1_000, 6_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [9_000, 17_000, 25_000]);
    assert_eq!(seen.ledger(), [3, 0, 0, 0]);
}

/// What the next stage handed back is offered to it again, not served again.
#[test]
fn a_station_tries_the_hand_over_again_and_not_the_service() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"first\", servers: 2, service: \"10s\", to: \"second\"), \
         Station(name: \"second\", service: \"20s\", queue: (max_msgs: 0), on_reject: Nack(after: \"1s\"))]",
        source("source", "(at: \"1s\", count: 2)", "to: \"first\""),
    ));
    assert_eq!(seen.times_ms("first", FactKind::Started), [1_000, 1_000]);
    assert_eq!(seen.times_ms("second", FactKind::Started), [11_000, 31_000]);
    assert_eq!(seen.count("second", FactKind::Refused), 20);
    assert_eq!(seen.gauge("first", "busy"), (2, 0));
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// Unless the station is told to: then the second is served from 12 to 22 s and from 23 to 33 s.
#[test]
fn a_station_may_repeat_the_service() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"first\", servers: 2, service: \"10s\", to: \"second\", returns: \
         Service), Station(name: \"second\", service: \"20s\", queue: (max_msgs: 0), on_reject: Nack(after: \
         \"1s\"))]",
        source("source", "(at: \"1s\", count: 2)", "to: \"first\""),
    ));
    assert_eq!(seen.times_ms("first", FactKind::Started), [1_000, 1_000, 12_000, 23_000]);
    assert_eq!(seen.times_ms("second", FactKind::Started), [11_000, 33_000]);
}

/// The caller has its answer when the station it called is done; the event goes on from there.
#[test]
fn a_station_that_is_called_passes_on_what_is_done() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Station(name: \"api\", service: \"1s\", to: \"database\"), \
         Station(name: \"database\", service: \"5s\")]",
        source("source", "(at: \"1s\", count: 2)", ""),
        sensor("delivery: AtLeastOnce, action: Http(\"api\")"),
    ));
    assert_eq!(seen.times_ms("api", FactKind::Completed), [2_000, 3_000]);
    assert_eq!(seen.times_ms("database", FactKind::Completed), [7_000, 12_000]);
    assert_eq!(seen.gauge("sensor/trigger", "executing"), (1, 0));
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// A source's own limit need not let wait.
#[test]
fn a_source_does_with_what_is_over_its_rate_what_it_is_told() {
    for (over, offered, ledger) in [
        ("Wait", &[1_000, 2_000, 3_000][..], [3, 0, 0, 0]),
        ("Drop", &[1_000], [1, 2, 0, 0]),
        ("Store(\"store\")", &[1_000], [1, 0, 2, 0]),
        ("Nack(after: \"1500ms\")", &[1_000, 2_500, 4_000], [3, 0, 0, 0]),
        ("Nack(after: \"1500ms\", retries: 1)", &[1_000, 2_500], [2, 1, 0, 0]),
    ] {
        for route in ["Serial", "Parallel"] {
            let seen = play(&format!(
                "stages: [{}, Station(name: \"station\", service: \"0s\"), Store(name: \"store\")]",
                source(
                    "source",
                    "(at: \"1s\", count: 3)",
                    &format!(
                        "to: \"station\", route: {route}, rate_limit: (rate: \"1/s\", algorithm: \
                         TokenBucket(burst: 1), over: {over})"
                    ),
                ),
            ));
            assert_eq!(seen.times_ms("station", FactKind::Offered), offered, "{route} {over}");
            assert_eq!(seen.ledger(), ledger, "{route} {over}");
        }
    }
}

/// Each sending has its own latency: one in e takes longer than the timeout of 5 s, and of 21 sendings one
/// is in time (the chance that none is, for any of 50 events: 4e-8).
#[test]
fn the_retries_of_a_caller_draw_anew() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")]",
        source(
            "source",
            "(at: \"0s\", count: 50)",
            "to: \"station\", latency: Exponential(mean: \"1s\"), publish: (attempts: 1, timeout: \
             \"1s\"), on_failure: Nack(after: \"1s\", retries: 20)"
        ),
    ));
    assert!(seen.count("source", FactKind::Retried) > 10);
    assert_eq!(seen.ledger(), [50, 0, 0, 0]);
}

/// And each call its own patience.
#[test]
fn a_call_that_comes_again_has_a_patience_of_its_own() {
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), {}, Station(name: \"api\", service: \"200s\", patience: \
         Exponential(mean: \"2s\"))]",
        source("busy", "(at: \"0s\")", "to: \"api\""),
        source("source", "(at: \"1s\")", ""),
        sensor(
            "delivery: AtLeastOnce, action: Http(\"api\"), retry: (steps: 6, duration: \"1s\", jitter: 0)"
        ),
    ));
    let at = |kind| seen.times_ns("api", kind);
    let calls = at(FactKind::Offered).split_off(1);
    let waits: Vec<u64> =
        at(FactKind::Refused).iter().zip(&calls).map(|(end, at)| end - at).collect();
    assert_eq!(waits.len(), 6);
    assert!((1..6).all(|n| !waits[..n].contains(&waits[n])), "{waits:?}");
}

/// Only a station can hold its producers up; elsewhere `Block` has no meaning, and is refused.
#[test]
fn block_is_refused_where_nobody_can_be_held_up() {
    for stages in [
        "EventSource(name: \"source\", arrivals: Periodic(every: \"1s\"), on_failure: Block), EventBus()",
        "EventSource(name: \"source\", arrivals: Periodic(every: \"1s\")), EventBus(on_reject: Block)",
        "Workflow(on_reject: Block, templates: [(name: \"work\", service: \"1s\")])",
    ] {
        let found = problems(&format!("stages: [{stages}]"));
        assert!(found.contains("only a station can hold its producers up"), "{found}");
    }
}

/// Of the sensor's own limit nobody is turned away: a policy that says so is refused, not passed over.
#[test]
fn what_is_over_a_sensors_limit_can_only_wait() {
    for over in ["Drop", "Store(\"store\")", "Nack(after: \"1s\")"] {
        let found = problems(&format!(
            "stages: [{}, EventBus(), Store(name: \"store\"), Sensor(name: \"sensor\", rate_limit: (rate: \
             \"1/s\", over: {over}), dependencies: [(name: \"event\", source: \"source\")], triggers: \
             [(name: \"trigger\", action: Log)])]",
            source("source", "(at: \"1s\")", ""),
        ));
        assert!(found.contains("here all wait for their token"), "{found}");
    }
}

/// Two events share one place in `second`, and whoever does not have it tries again at random pauses of up to
/// 4 s. Each of them comes back after it was served (10 s) and rested (5 s), and is refused again: the pauses of
/// an event's second series at the same place are drawn anew. Numbered from zero in each series, they were
/// those of its first series over again.
#[test]
fn a_later_series_of_retries_has_pauses_of_its_own() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"first\", service: \"0s\", to: \"second\"), \
         Station(name: \"second\", service: \"10s\", queue: (max_msgs: 0), to: \"rest\", \
         on_reject: Nack(after: \"4s\", jitter: Full)), \
         Station(name: \"rest\", servers: 2, service: \"5s\", to: \"first\")]",
        source("source", "(at: \"1s\", count: 2)", "to: \"first\""),
    ));
    let at_second = |fact: &&models::Fact| {
        seen.outcome.components[usize::from(fact.component)].name == "second"
    };
    let mut series = 0;
    for event in [0, 1].map(|number| seen.facts[0].event + number) {
        let offers = seen.facts.iter().filter(at_second).filter(|fact| {
            fact.event == event && matches!(fact.kind, FactKind::Refused | FactKind::Started)
        });
        let offers: Vec<&models::Fact> = offers.collect();
        // The first pause of each series: after a refusal that is the first since the event was served.
        let mut first_pauses = Vec::new();
        for (at, pair) in offers.windows(2).enumerate() {
            let begins = at == 0 || offers[at - 1].kind == FactKind::Started;
            if pair[0].kind == FactKind::Refused && begins {
                first_pauses.push(pair[1].at.since(pair[0].at));
            }
        }
        series += first_pauses.len();
        let mut distinct = first_pauses.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), first_pauses.len(), "{first_pauses:?}");
    }
    assert!(series >= 4, "{series}");
}
