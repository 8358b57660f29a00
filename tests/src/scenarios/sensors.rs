//! What sensors and their triggers do: delivery modes, conditions, limits, retries.

use models::{FactKind, Reason};

use super::{play, sensor, source};

const RESTART: &str = "faults: [(at: \"4500ms\", for: \"1s\", stage: \"sensor\", change: Down)]";

/// Fire and forget: acked as soon as it is read, so that the backlog is in the sensor's memory, where
/// nobody sees it, and is gone with it.
#[test]
fn the_backlog_of_fire_and_forget_is_in_memory_and_lost_at_a_restart() {
    let limit = "rate_limit: (rate: \"1/s\", algorithm: LeakyBucket(slack: 0))";
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], {RESTART}",
        source("source", "(at: \"1s\", count: 10)", ""),
        sensor(&format!("{limit}, action: Log")),
    ));
    let fired = [1_000, 2_000, 3_000, 4_000];
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), fired);
    assert_eq!(seen.losses(), [("sensor/trigger", Reason::MemoryLost, 6)]);
    assert_eq!(seen.gauge("sensor/trigger", "in_memory"), (9, 0));
    assert_eq!(seen.ledger(), [4, 6, 0, 0]);
}

/// At least once: acked after the action, so that the backlog is in the bus and survives. The two that
/// the process held (one at work, one prefetched) come again 30 s after they were delivered, and a
/// millisecond, by which nats-server's timer is late.
#[test]
fn the_backlog_of_at_least_once_is_in_the_bus_and_survives_a_restart() {
    let limit = "rate_limit: (rate: \"1/s\", algorithm: LeakyBucket(slack: 0))";
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], {RESTART}",
        source("source", "(at: \"1s\", count: 10)", ""),
        sensor(&format!("delivery: AtLeastOnce, {limit}, action: Log")),
    ));
    let fired = [1_000, 2_000, 3_000, 4_000, 5_500, 6_500, 7_500, 8_500, 33_001, 34_001];
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), fired);
    assert_eq!(seen.times_ms("default", FactKind::Redelivered), [33_001, 34_001]);
    assert_eq!(seen.gauge("default", "backlog"), (9, 0));
    assert_eq!(seen.gauge("sensor/trigger", "in_memory").0, 1);
    assert_eq!(seen.ledger(), [10, 0, 0, 0]);
}

/// `a && b`: of ten `a` only the last is there when `b` comes; the nine before were acked and are gone.
#[test]
fn a_newer_event_takes_the_place_of_the_one_before_in_a_condition() {
    let rows: String = (1..=10).map(|at| format!("(at: \"{at}s\"), ")).collect();
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), Sensor(name: \"sensor\", client: Unlimited, \
         processing: \"0s\", dependencies: [(name: \"a\", source: \"a\"), (name: \"b\", source: \
         \"b\")], triggers: [(name: \"trigger\", conditions: \"a && b\", action: Log)])]",
        source("a", &rows, ""),
        source("b", "(at: \"11s\")", ""),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [11_000]);
    assert_eq!(seen.losses(), [("sensor/trigger", Reason::Overwritten, 9)]);
    let mut fired = seen.ended(Reason::None);
    fired.sort_unstable();
    assert_eq!(fired, [9, 10]);
}

/// The Kubernetes client of a sensor makes ten calls at once and then five a second (client-go's
/// defaults, which Argo Events leaves).
#[test]
fn the_client_of_a_sensor_makes_ten_calls_at_once_and_then_five_a_second() {
    let limited = sensor("action: Store(\"store\")").replace("client: Unlimited, ", "");
    let seen = play(&format!(
        "stages: [{}, EventBus(), {limited}, Store(name: \"store\")]",
        source("source", "(at: \"1s\", count: 14)", ""),
    ));
    let mut calls = vec![1_000; 10];
    calls.extend([1_200, 1_400, 1_600, 1_800]);
    assert_eq!(seen.times_ms("store", FactKind::Stored), calls);
}

/// Argo's limiter has a slack of ten: after a minute of nothing eleven go at once (argo-events#2851).
#[test]
fn a_trigger_of_one_a_second_fires_eleven_times_at_once_after_a_pause() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}]",
        source("source", "(at: \"1s\"), (at: \"60s\", count: 14)", ""),
        sensor("rate_limit: (rate: \"1/s\"), action: Log"),
    ));
    let mut fired = vec![1_000];
    fired.extend([60_000; 11]);
    fired.extend([61_000, 62_000, 63_000]);
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), fired);
}

const RETRY: &str = "retry: (steps: 3, duration: \"1s\", jitter: 0)";

/// Three attempts, a second apart; then the dead-letter trigger takes the event.
#[test]
fn a_dead_letter_trigger_takes_what_fails_for_good() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}]",
        source("source", "(at: \"1s\")", ""),
        sensor(&format!(
            "delivery: AtLeastOnce, action: Log, failure: 1, {RETRY}, dead_letter: (action: Log)"
        )),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Failed), [1_000, 2_000, 3_000]);
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [3_000]);
    assert_eq!(seen.outcome.ledger.dead_lettered, 1);
    assert_eq!(seen.ledger(), [0, 0, 0, 0]);
}

/// A dead letter that fails is tried as often as its own retries say, and never turns into the action
/// that it replaced.
#[test]
fn a_dead_letter_that_fails_is_lost() {
    let dead = format!("dead_letter: (action: Http(\"broken\"), {RETRY})");
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Station(name: \"broken\", service: \"0s\", failure: 1)]",
        source("source", "(at: \"1s\")", ""),
        sensor(&format!("delivery: AtLeastOnce, action: Log, failure: 1, {dead}")),
    ));
    assert_eq!(seen.times_ms("broken", FactKind::Failed), [1_000, 2_000, 3_000]);
    assert_eq!(seen.losses(), [("sensor/trigger", Reason::RetriesExhausted, 1)]);
    assert_eq!(seen.gauge("default", "backlog").1, 0);
}

/// Over its limit, handed back to the bus, which delivers again after the pause (nats-server's timer is a
/// millisecond late); after the last retry it is lost, or stored.
#[test]
fn what_is_over_a_limit_comes_back_after_its_pause() {
    for (then, ledger) in [("", [1, 1, 0, 0]), (", then_store: \"store\"", [1, 0, 1, 0])] {
        let over = format!("Nack(after: \"2s\", retries: 2{then})");
        let limit = format!(
            "rate_limit: (rate: \"1/min\", algorithm: TokenBucket(burst: 1), over: {over})"
        );
        let seen = play(&format!(
            "stages: [{}, EventBus(), {}, Store(name: \"store\")]",
            source("source", "(at: \"1s\", count: 2)", ""),
            sensor(&format!("delivery: AtLeastOnce, {limit}, action: Log")),
        ));
        assert_eq!(seen.times_ms("sensor/trigger", FactKind::Refused), [1_000, 3_001, 5_002]);
        assert_eq!(seen.count("default", FactKind::Redelivered), 2);
        assert_eq!(seen.ledger(), ledger);
    }
}

/// A call to a station that drops it is over: the trigger goes on, and the message is acked.
#[test]
fn a_trigger_goes_on_after_a_call_that_was_dropped() {
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), {}, Station(name: \"api\", service: \"80s\", queue: (max_msgs: \
         0))]",
        source("source", "(at: \"1s\", count: 3)", ""),
        source("other", "(at: \"0s\")", "to: \"api\""),
        sensor("delivery: AtLeastOnce, action: Http(\"api\")"),
    ));
    assert_eq!(seen.losses(), [("api", Reason::MessagesFull, 3)]);
    assert_eq!(seen.gauge("default", "backlog").1, 0);
    assert_eq!(seen.gauge("sensor/trigger", "executing").1, 0);
}

/// A trigger cannot run while its sensor is down, though its own fault is over.
#[test]
fn a_trigger_waits_for_its_sensor() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], faults: [(at: \"1s\", for: \"9s\", stage: \"sensor\", change: \
         Down), (at: \"2s\", for: \"3s\", stage: \"sensor/trigger\", change: Down)]",
        source("source", "(at: \"6s\")", ""),
        sensor("delivery: AtLeastOnce, action: Log"),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [10_000]);
}

/// A call that is not answered in time has failed, for the trigger; the station does the work all the same,
/// and the event is done when it is.
#[test]
fn a_call_without_an_answer_is_given_up_after_its_timeout() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Station(name: \"api\", service: \"20s\")]",
        source("source", "(at: \"1s\")", ""),
        sensor("action: Http(\"api\"), timeout: \"5s\""),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Failed), [6_000]);
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Completed), [21_000]);
    assert_eq!(seen.gauge("sensor/trigger", "executing"), (1, 0));
    assert_eq!(seen.ledger(), [1, 0, 0, 0]);
}

/// Tried again, the work is done twice; Argo's timeout is 60 s.
#[test]
fn a_call_that_is_tried_again_after_its_timeout_is_done_twice() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Station(name: \"api\", servers: 2, service: \"70s\")]",
        source("source", "(at: \"1s\")", ""),
        sensor(
            "delivery: AtLeastOnce, action: Http(\"api\"), retry: (steps: 2, duration: \"1s\", jitter: 0)"
        ),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Failed), [61_000]);
    assert_eq!(seen.times_ms("api", FactKind::Started), [1_000, 62_000]);
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Duplicated), [71_000]);
    assert_eq!(seen.ledger(), [0, 0, 0, 1]);
}
