//! Sources, stations, stores and workflows.

use models::{FactKind, Reason};

use super::{play, sensor, source};

/// A refused event comes back after each pause; after the last retry it is lost, or stored.
#[test]
fn a_nacked_event_is_tried_again_until_its_retries_are_used_up() {
    for (then, ledger) in [("", [1, 1, 0, 0]), (", then_store: \"store\"", [1, 0, 1, 0])] {
        let seen = play(&format!(
            "stages: [{}, Station(name: \"station\", service: \"50s\", queue: (max_msgs: 0), \
             on_reject: Nack(after: \"1s\", factor: 2, retries: 3{then})), Store(name: \"store\")]",
            source("source", "(at: \"1s\", count: 2)", "to: \"station\""),
        ));
        // Pauses of 1, 2 and 4 s.
        let refused = [1_000, 2_000, 4_000, 8_000];
        assert_eq!(seen.times_ms("station", FactKind::Refused), refused);
        assert_eq!(seen.ledger(), ledger);
    }
}

/// A store keeps what it has room for.
#[test]
fn a_store_loses_what_is_beyond_its_capacity() {
    let seen = play(&format!(
        "stages: [{}, Store(name: \"store\", max_msgs: 3)]",
        source("source", "(at: \"1s\", count: 5)", "to: \"store\""),
    ));
    assert_eq!(seen.ledger(), [0, 2, 3, 0]);
    assert_eq!(seen.losses(), [("store", Reason::StoreFull, 2)]);
}

/// A store that drains when nothing else is under way waits for the end of the work in progress; what
/// finds no room comes back.
#[test]
fn a_store_that_waits_for_idleness_gives_back_when_the_work_is_done() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"2s\", queue: (max_msgs: 0), \
         on_reject: Store(\"store\")), Store(name: \"store\", to: \"station\", drain: \
         WhenIdle(check: \"1s\", batch: 10))]",
        source("source", "(at: \"1s\", count: 3)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Completed), [3_000, 5_000, 7_000]);
    assert_eq!(seen.times_ms("store", FactKind::Drained), [3_000, 3_000, 5_000]);
    assert_eq!(seen.ledger(), [3, 0, 0, 0]);
}

/// More permits during the run: those who wait get them at once (nothing has a delay here).
#[test]
fn a_semaphore_that_gets_more_permits_lets_its_waiters_in() {
    let seen = play(&format!(
        "stages: [{}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"work\", service: \
         \"10s\", semaphores: [(config_map: \"locks\", key: \"permits\")])])], \
         config_maps: {{\"locks\": {{\"permits\": \"1\"}}}}, \
         faults: [(at: \"15s\", stage: \"workflows\", change: Permits(config_map: \"locks\", key: \
         \"permits\", limit: 4))]",
        source("source", "(at: \"1s\", count: 5)", "to: \"work\""),
    ));
    let started = [1_000, 11_000, 15_000, 15_000, 15_000];
    assert_eq!(seen.times_ms("workflows", FactKind::Started), started);
    assert_eq!(seen.gauge("workflows", "permits"), (4, 0));
    let ended = [11_000, 21_000, 25_000, 25_000, 25_000];
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), ended);
}

/// The ConfigMap is one for all namespaces: each of them has its own semaphore of that key.
#[test]
fn permits_change_in_every_namespace() {
    let template = |name: &str| {
        format!(
            "(name: \"{name}\", namespace: \"{name}\", service: \"10s\", semaphores: [(config_map: \
             \"locks\", key: \"permits\")])"
        )
    };
    let seen = play(&format!(
        "stages: [{}, {}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [{}, {}])], \
         config_maps: {{\"locks\": {{\"permits\": \"1\"}}}}, \
         faults: [(at: \"5s\", stage: \"workflows\", change: Permits(config_map: \"locks\", key: \
         \"permits\", limit: 2))]",
        source("one", "(at: \"1s\", count: 2)", "to: \"a\""),
        source("other", "(at: \"1s\", count: 2)", "to: \"b\""),
        template("a"),
        template("b"),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [1_000, 1_000, 5_000, 5_000]);
}

/// The urgent one overtakes who waits, not who is served.
#[test]
fn a_queue_by_priority_serves_the_urgent_first() {
    let seen = play(&format!(
        "stages: [{}, {}, Station(name: \"station\", service: \"1s\", queue: (order: Priority))]",
        source("usual", "(at: \"1s\", count: 2)", "to: \"station\""),
        source("urgent", "(at: \"1500ms\")", "to: \"station\", priority: 3"),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Completed), [2_000, 3_000, 4_000]);
    assert_eq!(seen.ended(Reason::None), [0, 2, 1]);
}

/// One publish at a time, each as long as it takes, whatever kind of stage takes it.
#[test]
fn a_serial_route_sends_one_after_the_other() {
    for target in ["station", "store"] {
        let seen = play(&format!(
            "stages: [{}, Station(name: \"station\", service: \"0s\"), Store(name: \"store\")]",
            source(
                "source",
                "(at: \"1s\", count: 3)",
                &format!("to: \"{target}\", route: Serial, latency: \"1s\""),
            ),
        ));
        assert_eq!(seen.times_ms(target, FactKind::Offered), [2_000, 3_000, 4_000]);
    }
}

/// A source that stops gives up what it had in hand, sent or waiting: the callers hear so at once, and come
/// again 2 s later, when it is back; one publish at a time, each of 4 s.
#[test]
fn a_source_that_stops_gives_up_what_it_had_in_hand() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")], \
         faults: [(at: \"2s\", for: \"1s\", stage: \"source\", change: Down)]",
        source(
            "source",
            "(at: \"1s\", count: 3)",
            "to: \"station\", route: Serial, latency: \"4s\", on_failure: Nack(after: \"2s\")"
        ),
    ));
    assert_eq!(seen.times_ms("source", FactKind::Refused), [2_000, 2_000, 2_000]);
    assert_eq!(seen.times_ms("station", FactKind::Offered), [8_000, 12_000, 16_000]);
    assert_eq!(seen.ledger(), [3, 0, 0, 0]);
}

/// Each event name has a route of its own: two publishes at once, though each route is serial.
#[test]
fn a_serial_route_is_one_of_an_event_name() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")]",
        source(
            "source",
            "(at: \"1s\", count: 20)",
            "to: \"station\", route: Serial, latency: \"1s\", events: [(name: \"a\"), (name: \"b\")]",
        ),
    ));
    let offered = seen.times_ms("station", FactKind::Offered);
    assert_eq!(offered[..4], [2_000, 2_000, 3_000, 3_000]);
    assert!(offered.windows(3).all(|three| three[0] < three[2]), "{offered:?}");
}

/// Who is blocked is let in when the servers come back, in order, though nobody may wait inside.
#[test]
fn blocked_producers_are_let_in_when_servers_come_back() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"1s\", queue: (max_msgs: 0), on_reject: \
         Block)], faults: [(at: \"0s\", for: \"5s\", stage: \"station\", change: Limit(0))]",
        source("source", "(at: \"1s\", count: 2)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Completed), [6_000, 7_000]);
}

/// And when a token is there.
#[test]
fn blocked_producers_are_let_in_when_a_token_is_there() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", servers: 2, service: \"1s\", queue: (max_msgs: 0), \
         on_reject: Block, rate_limit: (rate: \"1/min\", algorithm: TokenBucket(burst: 1)))]",
        source("source", "(at: \"1s\", count: 2)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("station", FactKind::Started), [1_000, 61_000]);
}

/// A client waits for the end of its event once, though the event was sent twice: 90 s, of which each
/// round takes 3 s, in which two events are born.
#[test]
fn a_closed_loop_keeps_its_size_when_events_are_sent_twice() {
    let seen = play(
        "stages: [EventSource(name: \"source\", closed_loop: (clients: 1, think: \"2s\"), to: \
         \"station\", resend: (probability: 1, after: \"500ms\")), \
         Station(name: \"station\", service: \"1s\")]",
    );
    let offered = seen.outcome.ledger.offered;
    assert!((40..=90).contains(&offered), "{offered} events");
}

/// What a station hands back to a store finds its place there again, however full it is meanwhile.
#[test]
fn a_store_keeps_the_place_of_what_may_come_back() {
    let seen = play(&format!(
        "stages: [{}, {}, Station(name: \"station\", service: \"80s\", queue: (max_msgs: 0), on_reject: \
         Nack(after: \"1s\", retries: 0)), Store(name: \"store\", max_msgs: 2, to: \"station\", \
         drain: Every(every: \"5s\", batch: 2))]",
        source("busy", "(at: \"0s\")", "to: \"station\""),
        source("source", "(at: \"1s\", count: 2), (at: \"10s\", count: 2)", "to: \"store\""),
    ));
    assert_eq!(seen.gauge("store", "depth").0, 2);
    assert_eq!(seen.losses(), [("store", Reason::StoreFull, 2)]);
}

/// An event of two branches that are both stored counts once: what else is under way is still seen.
#[test]
fn a_store_that_waits_for_idleness_is_not_deceived_by_branches() {
    let keep = |name: &str| format!("(name: \"{name}\", action: Store(\"store\"))");
    let seen = play(&format!(
        "stages: [{}, {}, EventBus(), Sensor(name: \"sensor\", client: Unlimited, processing: \"0s\", \
         dependencies: [(name: \"event\", source: \"source\")], triggers: [{}, {}]), \
         Station(name: \"station\", service: \"30s\"), Station(name: \"later\", service: \"1s\"), \
         Store(name: \"store\", to: \"later\", drain: WhenIdle(check: \"1s\", batch: 10))]",
        source("source", "(at: \"1s\")", ""),
        source("busy", "(at: \"1s\")", "to: \"station\""),
        keep("one"),
        keep("two"),
    ));
    assert_eq!(seen.times_ms("store", FactKind::Drained), [31_000, 31_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// A trigger whose dead letter waits for a workflow of the same controller hears of each submission once.
#[test]
fn a_trigger_that_does_not_wait_is_told_once() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \
         \"work\", service: \"10s\")])]",
        source("source", "(at: \"1s\", count: 3)", ""),
        sensor(
            "delivery: AtLeastOnce, action: Workflow(\"work\"), latency: \"1s\", \
             dead_letter: (action: WorkflowAndWait(\"work\"))",
        ),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [12_000, 13_000, 14_000]);
    assert_eq!(seen.gauge("sensor/trigger", "executing"), (1, 0));
    assert_eq!(seen.count("sensor/trigger", FactKind::Started), 3);
    assert_eq!(seen.ledger(), [3, 0, 0, 0]);
}

/// Whoever sends to a full store is told, and does what it does with any failure.
#[test]
fn a_full_store_tells_whoever_sends_to_it() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, Store(name: \"store\", max_msgs: 1)]",
        source("source", "(at: \"1s\", count: 2)", ""),
        sensor(
            "delivery: AtLeastOnce, action: Store(\"store\"), retry: (steps: 2, duration: \"1s\", jitter: \
             0), dead_letter: (action: Log)"
        ),
    ));
    assert_eq!(seen.times_ms("store", FactKind::Refused), [1_000, 2_000]);
    assert_eq!(seen.outcome.ledger.dead_lettered, 1);
    assert_eq!(seen.ledger(), [0, 0, 1, 0]);
}

/// And so it is with a store that is down. What another stage's policy puts there is lost.
#[test]
fn a_store_that_is_down_stores_nothing() {
    let seen = play(&format!(
        "stages: [{}, {}, Station(name: \"station\", service: \"50s\", queue: (max_msgs: 0), on_reject: \
         Store(\"store\")), Store(name: \"store\", on_reject: Nack(after: \"2s\"))], \
         faults: [(at: \"0s\", for: \"5s\", stage: \"store\", change: Down)]",
        source("sender", "(at: \"1s\")", "to: \"store\""),
        source("source", "(at: \"2s\", count: 2)", "to: \"station\""),
    ));
    assert_eq!(seen.times_ms("store", FactKind::Refused), [1_000, 2_000, 3_000]);
    assert_eq!(seen.times_ms("store", FactKind::Stored), [5_000]);
    assert_eq!(seen.losses(), [("store", Reason::Unavailable, 1)]);
    assert_eq!(seen.ledger(), [1, 1, 1, 0]);
}

/// An event that waits for another that may never come keeps nobody busy.
#[test]
fn a_store_that_waits_for_idleness_does_not_wait_for_half_a_condition() {
    let seen = play(&format!(
        "stages: [{}, {}, {}, EventBus(), Sensor(name: \"sensor\", client: Unlimited, processing: \"0s\", \
         dependencies: [(name: \"a\", source: \"a\"), (name: \"b\", source: \"b\")], triggers: [(name: \
         \"trigger\", action: Log)]), Station(name: \"station\", service: \"1s\"), \
         Store(name: \"store\", to: \"station\", drain: WhenIdle(check: \"2s\", batch: 10))]",
        source("a", "(at: \"1s\"), (at: \"3s\")", ""),
        source("b", "(at: \"80s\")", ""),
        source("source", "(at: \"1s\"), (at: \"81s\")", "to: \"store\""),
    ));
    assert_eq!(seen.times_ms("store", FactKind::Drained), [2_000, 82_000]);
    assert_eq!(seen.ledger(), [4, 1, 0, 0]);
}
