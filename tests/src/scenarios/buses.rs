//! What an EventBus keeps, pushes out, refuses and delivers again.

use models::{FactKind, Reason};

use super::{play, sensor, source};

/// `discard: Old` says nothing to anybody: what was never delivered is lost, what a consumer holds is
/// worked on all the same.
#[test]
fn discard_old_pushes_out_what_waits_without_a_word() {
    let seen = play(&format!(
        "stages: [{}, EventBus(max_msgs: 5), {}]",
        source("source", "(at: \"1s\", count: 10), (at: \"2s\", count: 5)", ""),
        sensor("delivery: AtLeastOnce, rate_limit: (rate: \"1/min\"), action: Log"),
    ));
    // The first is worked on at once, at 1 s; of the other nine only five fit. Of these the trigger
    // holds two when the next five come, and gets its next token at 61 s.
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [1_000, 61_000]);
    assert_eq!(seen.losses(), [("default", Reason::Evicted, 7)]);
    assert_eq!(seen.ended(Reason::Evicted), [1, 2, 3, 4, 7, 8, 9]);
    assert_eq!(seen.ended(Reason::None), [0, 5]);
    assert_eq!(seen.count("source", FactKind::Retried), 0);
}

/// Under `Limits` retention an ack removes nothing: a full stream that refuses stays full although
/// nobody waits for anything.
#[test]
fn a_stream_of_limits_retention_that_refuses_locks_up_though_all_is_acked() {
    let seen = play(&format!(
        "stages: [{}, EventBus(max_msgs: 5, discard: New), {}]",
        source(
            "source",
            "(at: \"1s\", count: 5), (at: \"2s\", count: 3)",
            "publish: (attempts: 1)"
        ),
        sensor("action: Log"),
    ));
    assert_eq!(seen.ledger(), [5, 3, 0, 0]);
    assert_eq!(seen.losses(), [("default", Reason::MessagesFull, 3)]);
    assert_eq!(seen.gauge("default", "depth"), (5, 5));
    assert_eq!(seen.gauge("default", "backlog").1, 0);
}

/// `Interest` retention with `discard: New` is backpressure: there is room as soon as something is acked.
#[test]
fn interest_retention_makes_refusal_a_limit_on_the_backlog() {
    let rows = "(at: \"1s\"), (at: \"2s\"), (at: \"3s\"), (at: \"4s\"), (at: \"12s\")";
    let seen = play(&format!(
        "stages: [{}, EventBus(max_msgs: 2, discard: New, retention: Interest), {}]",
        source("source", rows, "publish: (attempts: 1)"),
        sensor("delivery: AtLeastOnce, action: Log, latency: \"10s\""),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [11_000, 21_000, 31_000]);
    assert_eq!(seen.ended(Reason::MessagesFull), [2, 3]);
    assert_eq!(seen.gauge("default", "depth"), (2, 0));
}

/// A message that was prefetched and waits in the sensor comes once more when its ack wait ends; the
/// trigger knows it, and fires once.
#[test]
fn the_redelivery_of_a_prefetched_message_does_not_fire_twice() {
    let seen = play(&format!(
        "stages: [{}, EventBus(consumers: (ack_wait: \"4s\")), {}]",
        source("source", "(at: \"1s\", count: 2)", ""),
        sensor("delivery: AtLeastOnce, action: Log, latency: \"10s\""),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [11_000, 21_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// A client publishes five times, a second apart, then its caller gets an error.
#[test]
fn a_publish_is_tried_five_times_before_its_caller_gets_an_error() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], faults: [(at: \"0s\", stage: \"default\", change: Down)]",
        source("source", "(at: \"1s\")", "publish: (jitter: 0)"),
        sensor("action: Log"),
    ));
    let attempts = [1_000, 2_000, 3_000, 4_000, 5_000];
    assert_eq!(seen.times_ms("default", FactKind::Offered), attempts);
    assert_eq!(seen.times_ms("default", FactKind::Refused), attempts);
    assert_eq!(seen.count("source", FactKind::Retried), 4);
    assert_eq!(seen.losses(), [("default", Reason::Unavailable, 1)]);
}

/// A work queue gives each message to one consumer: a second one for the same subject is refused, which
/// the model says before it runs.
#[test]
fn a_second_consumer_of_a_work_queue_is_refused() {
    let second = sensor("action: Log").replace("name: \"sensor\"", "name: \"second\"");
    let seen = play(&format!(
        "stages: [{}, EventBus(retention: WorkQueue, consumers: (deliver: All)), {}, {second}]",
        source("source", "(at: \"1s\", count: 3)", ""),
        sensor("action: Log"),
    ));
    assert!(seen.warnings.contains("the server refuses a consumer"), "{}", seen.warnings);
    assert_eq!(seen.count("sensor/trigger", FactKind::Triggered), 3);
    assert_eq!(seen.count("second/trigger", FactKind::Triggered), 0);
    assert_eq!(seen.ledger(), [3, 0, 0, 0]);
}

/// A station has no retries of its own: what a bus refuses is lost where it was refused.
#[test]
fn what_a_bus_refuses_to_a_station_is_lost_there() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\", to: \"default\"), \
         EventBus(max_msgs: 1, discard: New), {}]",
        source("source", "(at: \"1s\", count: 3)", "to: \"station\""),
        sensor("action: Log"),
    ));
    assert_eq!(seen.ledger(), [1, 2, 0, 0]);
    assert_eq!(seen.losses(), [("default", Reason::MessagesFull, 2)]);
}

/// A stream in memory does not survive its server: what the trigger had read (one event in service, one
/// prefetched) is all that is left.
#[test]
fn a_bus_in_memory_loses_its_messages_with_its_server() {
    for (storage, ledger) in [("Memory", [2, 1, 0, 0]), ("File", [3, 0, 0, 0])] {
        let seen = play(&format!(
            "stages: [{}, EventBus(storage: {storage}), {}, Station(name: \"api\", service: \"10s\")], \
             faults: [(at: \"3s\", for: \"2s\", stage: \"default\", change: Down)]",
            source("source", "(at: \"1s\", count: 3)", ""),
            sensor("delivery: AtLeastOnce, action: Http(\"api\")"),
        ));
        assert_eq!(seen.ledger(), ledger, "{storage}");
        if storage == "Memory" {
            assert_eq!(seen.losses(), [("default", Reason::MemoryLost, 1)]);
        }
    }
}

/// What a store gives back is published anew: not a duplicate, though its source's messages bear ids.
#[test]
fn a_drained_event_is_no_duplicate() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Store(name: \"store\", to: \"default\", drain: Every(every: \"5s\", \
         batch: 1))]",
        source("source", "(at: \"1s\", count: 2)", "resend: (probability: 0, after: \"1s\")"),
        sensor(
            "action: Log, rate_limit: (rate: \"1/s\", algorithm: TokenBucket(burst: 1), over: \
             Store(\"store\"))"
        ),
    ));
    assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), [1_000, 5_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// A publish that takes longer than its sender waits is stored all the same; what the sender sends again under
/// the same id is a duplicate, and what its caller sends again after that is the event once more.
#[test]
fn a_publish_that_times_out_is_stored_all_the_same() {
    let again = ", on_failure: Nack(after: \"1s\", retries: 1)";
    for (on_failure, triggered) in [("", &[7_000][..]), (again, &[7_000, 25_000])] {
        for route in ["Parallel", "Serial"] {
            let seen = play(&format!(
                "stages: [{}, EventBus(), {}]",
                source(
                    "source",
                    "(at: \"1s\")",
                    &format!(
                        "route: {route}, latency: \"6s\", publish: (attempts: 3, wait: \"1s\", jitter: \
                         0){on_failure}"
                    ),
                ),
                sensor("action: Log"),
            ));
            // Sent at 1, 7 and 13 s, given up at 18 s; then at 19, 25 and 31 s.
            assert_eq!(seen.times_ms("sensor/trigger", FactKind::Triggered), triggered);
            assert_eq!(seen.times_ms("default", FactKind::Offered)[..3], [7_000, 13_000, 19_000]);
            assert_eq!(seen.ledger(), [1, 0, 0, 0]);
        }
    }
}
