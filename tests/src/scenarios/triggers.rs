//! What triggers do when things go wrong: retries, crashes, policies, changes of their limits.

use models::spec::arrival::NoFiles;
use models::{FactKind, Model, Overrides, Reason};

use super::{Seen, play, sensor, source};

const RETRY: &str = "retry: (steps: 5, duration: \"100ms\", jitter: 0)";
const CRASH: &str = "faults: [(at: \"10s\", for: \"1s\", stage: \"sensor\", change: Down)]";
const TRIGGER: &str = "sensor/trigger";

/// A workflow controller without delays of its own.
fn workflows(template: &str, rest: &str) -> String {
    format!(
        "Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"work\", {template})], {rest})"
    )
}

fn api(rest: &str) -> String {
    format!("Station(name: \"api\", servers: 4, {rest})")
}

impl Seen {
    /// How many samples there are, and their mean, milliseconds.
    fn samples_ms(&self, stage: &str, name: &str) -> (u64, f64) {
        let sample = self.outcome.component(stage).and_then(|it| it.sample(name)).expect("samples");
        (sample.count, sample.mean_ns / 1e6)
    }
}

/// Each workflow of an event fails on its own account: of 40 events that fail half the time one in 32 fails
/// five times. (With the draws of the first workflow for all five, 20 of them would.)
#[test]
fn a_workflow_that_failed_once_may_do_well_the_next_time() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, {}]",
        source("source", "(at: \"1s\", count: 40)", ""),
        sensor(&format!("delivery: AtLeastOnce, action: WorkflowAndWait(\"work\"), {RETRY}")),
        workflows("service: \"100ms\", failure: 0.5", ""),
    ));
    let [completed, dropped, ..] = seen.ledger();
    assert_eq!(completed + dropped, 40);
    // More than 6 of 40 at 1/32 happen once in ten thousand times.
    assert!(dropped <= 6, "{dropped} lost");
    // The mean is 1.94 attempts an event.
    let attempts = seen.count("workflows", FactKind::Started);
    assert!((55..=110).contains(&attempts), "{attempts} attempts");
}

/// The sensor dies at 10 s; its last sign of life for the message was that of 9.5 s (one each half second
/// from 1 s on), so the bus delivers it again 30 s later, and a millisecond. The call of the dead process
/// goes on until 41 s, and what it does is done twice.
#[test]
fn a_crash_brings_the_message_back_while_the_old_call_goes_on() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, {}], {CRASH}",
        source("source", "(at: \"1s\")", ""),
        sensor("delivery: AtLeastOnce, action: Http(\"api\")"),
        api("service: \"40s\""),
    ));
    assert_eq!(seen.times_ms("default", FactKind::Redelivered), [39_501]);
    assert_eq!(seen.times_ms("api", FactKind::Started), [1_000, 39_501]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Duplicated), [41_000]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Completed), [79_501]);
    assert_eq!(seen.ledger(), [1, 0, 0, 0]);
    assert_eq!(seen.gauge("default", "backlog").1, 0);
}

/// The pause before a retry dies with its process.
#[test]
fn a_crash_brings_the_message_back_before_its_retry_was_due() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], {CRASH}",
        source("source", "(at: \"1s\")", ""),
        sensor(
            "delivery: AtLeastOnce, action: Log, failure: 1, retry: (steps: 2, duration: \"70s\", \
             jitter: 0)",
        ),
    ));
    assert_eq!(seen.times_ms("default", FactKind::Redelivered), [39_501]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Failed), [1_000, 39_501]);
    assert_eq!(seen.ledger(), [0, 0, 0, 1]);
}

/// Fire and forget: what is on its way when the process ends is lost then.
#[test]
fn a_crash_loses_what_was_on_its_way_at_once() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], {CRASH}",
        source("source", "(at: \"1s\", count: 2)", ""),
        sensor("action: Log, latency: \"80s\""),
    ));
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Ended), [10_000, 10_000]);
    assert_eq!(seen.losses(), [(TRIGGER, Reason::MemoryLost, 2)]);
}

/// The request of 8 s reaches the workflow controller in the instant in which the sensor stops: the workflow
/// runs, and since nobody acked the message, another one runs after it. (The last sign of life is that of
/// 7.5 s.)
#[test]
fn a_workflow_that_starts_in_the_instant_of_the_crash_is_run_again() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, {}], faults: [(at: \"8s\", for: \"1s\", stage: \"sensor\", \
         change: Down)]",
        source("source", "(at: \"1s\")", ""),
        sensor("delivery: AtLeastOnce, action: Workflow(\"work\"), latency: \"7s\""),
        workflows("service: \"1s\"", ""),
    ));
    assert_eq!(seen.times_ms("default", FactKind::Redelivered), [37_501]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [9_000, 45_501]);
    assert_eq!(seen.ledger(), [1, 0, 0, 0]);
    assert_eq!(seen.gauge("default", "backlog").1, 0);
    assert_eq!(seen.gauge(TRIGGER, "executing").1, 0);
}

fn two_dependencies(condition: &str, rest: &str) -> String {
    format!(
        "Sensor(name: \"sensor\", client: Unlimited, processing: \"0s\", dependencies: [(name: \"a\", \
         source: \"source\"), (name: \"b\", source: \"source\")], triggers: [(name: \"trigger\", \
         conditions: \"{condition}\", delivery: AtLeastOnce, {rest})])"
    )
}

/// One message fires twice, and the crash comes during the first call: it is one message that goes back, and
/// both calls are made after it comes again.
#[test]
fn a_message_that_fired_twice_goes_back_to_the_bus_once() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}, {}], {CRASH}",
        source("source", "(at: \"1s\")", ""),
        two_dependencies("a || b", "action: Http(\"api\")"),
        api("service: \"20s\""),
    ));
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Duplicated), [21_000]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Completed), [59_501, 79_501]);
    assert_eq!(seen.ledger(), [1, 0, 0, 0]);
}

/// What fired before the crash fires again as it is, and leaves nothing behind in the condition.
#[test]
fn a_condition_that_held_before_a_crash_fires_once_after_it() {
    let seen = play(&format!(
        "stages: [{}, EventBus(), {}], {CRASH}",
        source("source", "(at: \"6s\"), (at: \"70s\")", ""),
        two_dependencies("a && b", "action: Log, latency: \"5s\""),
    ));
    // 9.5 s, 30 s and a millisecond, and the way of 5 s.
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Triggered), [44_501, 75_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// Fire and forget passes retries and the dead letter over, as Argo Events does since v1.9.0, and says so;
/// before, retries counted.
#[test]
fn a_fire_and_forget_trigger_tries_once() {
    let trigger = format!("action: Log, failure: 1, {RETRY}, dead_letter: (action: Log)");
    let stages = |sensor: &str| {
        format!("stages: [{}, EventBus(), {sensor}]", source("source", "(at: \"1s\")", ""))
    };
    let seen = play(&stages(&sensor(&trigger)));
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Failed), [1_000]);
    assert_eq!(seen.losses(), [(TRIGGER, Reason::RetriesExhausted, 1)]);
    let without_effect = |seen: &Seen| seen.warnings.matches("has no effect").count();
    assert_eq!(without_effect(&seen), 2, "{}", seen.warnings);
    let before = sensor(&trigger).replace("Sensor(", "Sensor(version: \"1.8.1\", ");
    let seen = play(&stages(&before));
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Failed), [1_000, 1_100, 1_200, 1_300, 1_400]);
    assert_eq!(without_effect(&seen), 1, "{}", seen.warnings);
}

/// What `check` says of settings that do nothing, and of what cannot be meant.
#[test]
fn settings_that_do_nothing_are_named() {
    let text = |sensor: &str, templates: &str| {
        format!(
            "Model(name: \"m\", horizon: \"1s\", stages: [{}, EventBus(), EventBus(name: \"other\"), \
             {sensor}, Workflow(templates: [{templates}])])",
            source("source", "(at: \"0s\")", ""),
        )
    };
    let work = "(name: \"work\", service: \"1s\")";
    let log = sensor("action: Log");
    let node = "(name: \"a\", active_deadline: \"1s\", steps: [[(name: \"b\", service: \"1s\")]])";
    let nested = format!("(name: \"work\", failure: 0.5, steps: [[{node}]])");
    let other = log.replace("Sensor(", "Sensor(bus: \"other\", ");
    let steps = sensor("delivery: AtLeastOnce, action: Log, retry: (steps: 32768)");
    let policy = sensor("action: Workflow(\"work\"), policy: ()");
    // What is written, what is said, and where.
    let table: [(String, &[&str]); 6] = [
        (text(&log, &nested), &["`failure` has no effect here", "`active_deadline` has no effect"]),
        (text(&other, work), &["`source` sends to `default`, the sensor listens to `other`"]),
        (text(&steps, work), &["`32768` is out of range", "from `1` to `32767` attempts"]),
        (text(&policy, work), &["this action has none to wait for"]),
        (text(&log, &format!("{work}, {work}")), &["the name `work` is taken"]),
        (text(&log, &work.replace("work", "other")), &["the name `other` is taken"]),
    ];
    for (text, said) in table {
        let found = match Model::read("m.ron", &text, &Overrides::default(), &NoFiles) {
            Ok(model) => model.warnings.to_string(),
            Err(found) => found.to_string(),
        };
        for words in said {
            assert!(found.contains(words), "`{words}` is not in\n{found}\nof {text}");
        }
    }
}

fn policy(service: &str, rest: &str) -> Seen {
    play(&format!(
        "stages: [{}, EventBus(), {}, {}]",
        source("source", "(at: \"1s\", count: 2)", ""),
        sensor(&format!("delivery: AtLeastOnce, action: WorkflowAndWait(\"work\"), {rest}")),
        workflows(service, ""),
    ))
}

/// Three looks, at once and after each of two pauses of 4 s. A workflow of 5 s is seen done at the second
/// pause's end; one of 30 s is left to itself then, and counts as done for the trigger.
#[test]
fn a_policy_looks_until_the_workflow_is_done_or_it_has_looked_often_enough() {
    let looks = "policy: (steps: 3, duration: \"4s\", jitter: 0)";
    let seen = policy("service: \"5s\"", looks);
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [1_000, 9_000]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Completed), [9_000, 17_000]);
    let seen = policy("service: \"30s\"", looks);
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [1_000, 9_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [31_000, 39_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
    // A workflow that failed never bears the label: the same pauses, and the event is lost.
    let seen = policy("service: \"1s\", failure: 1", looks);
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [1_000, 9_000]);
    assert_eq!(seen.losses(), [("workflows", Reason::WorkFailed, 2)]);
}

/// `errorOnBackoffTimeout`: the attempt failed, and the next one submits another workflow beside the first.
#[test]
fn a_policy_may_take_a_slow_workflow_for_a_failure() {
    let looks = "policy: (steps: 2, duration: \"4s\", jitter: 0, on_timeout: Failure), \
                 retry: (steps: 2, duration: \"1s\", jitter: 0)";
    let seen = policy("service: \"30s\"", looks);
    // Each event: an attempt of 4 s, a pause of 1 s, an attempt of 4 s.
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [1_000, 6_000, 10_000, 15_000]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Failed), [5_000, 10_000, 14_000, 19_000]);
    // The workflow of the first attempt is nobody's, that of the last one says what becomes of the event.
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Duplicated), [31_000, 40_000]);
    assert_eq!(seen.ledger(), [2, 0, 0, 0]);
}

/// The time until a trigger gets through counts for every event once, failures and dead letters included:
/// two failures of a second each, and the third attempt succeeds, or is the dead letter's.
#[test]
fn an_event_that_needed_retries_has_its_latency_sampled() {
    let retry = "retry: (steps: 3, duration: \"1s\", jitter: 0), dead_letter: (action: Log)";
    for fault in
        ["(at: \"0s\", for: \"2500ms\", stage: \"sensor/trigger\", change: Failure(1))", ""]
    {
        let failure = if fault.is_empty() { "failure: 1" } else { "failure: 0" };
        let seen = play(&format!(
            "stages: [{}, EventBus(), {}], faults: [{fault}]",
            source("source", "(at: \"1s\")", ""),
            sensor(&format!("delivery: AtLeastOnce, action: Log, {failure}, {retry}")),
        ));
        assert_eq!(seen.samples_ms(TRIGGER, "latency"), (1, 2_000.0), "{fault}");
        assert_eq!(seen.samples_ms(TRIGGER, "event_age"), (1, 2_000.0), "{fault}");
    }
}

/// A rate limit of ten a second that is six a minute from 9.5 s to 19.5 s: those who wait then go on at the
/// old rate. The event of 10 s still has the token that was at hand, those of 11 s to 19 s wait. At 19.5 s
/// 0.95 of a token is earned, so 5 ms are left to the next.
#[test]
fn a_change_of_a_rate_limit_acts_on_those_who_wait() {
    let limit = "rate_limit: (rate: \"10/s\", algorithm: LeakyBucket(slack: 0))";
    let rows: String = (0..30).map(|at| format!("(at: \"{at}s\"), ")).collect();
    let on_time = (0..=10).chain(21..30).map(|at| at * 1_000);
    let mut fired: Vec<u64> = on_time.chain((0..10).map(|late| 19_505 + late * 100)).collect();
    fired.sort_unstable();
    for (stage, sensor) in [
        (TRIGGER, sensor(&format!("{limit}, action: Log"))),
        ("sensor", sensor("action: Log").replace("triggers", &format!("{limit}, triggers"))),
    ] {
        let seen = play(&format!(
            "stages: [{}, EventBus(), {sensor}], faults: [(at: \"9500ms\", for: \"10s\", stage: \
             \"{stage}\", change: Rate(\"6/min\"))]",
            source("source", &rows, ""),
        ));
        assert_eq!(seen.times_ms(TRIGGER, FactKind::Triggered), fired, "{stage}");
    }
}

/// A changed rate is still the changed one after a restart.
#[test]
fn a_restart_keeps_a_changed_rate() {
    let limit = "rate_limit: (rate: \"10/s\", algorithm: LeakyBucket(slack: 0))";
    for (stage, sensor) in [
        (TRIGGER, sensor(&format!("{limit}, action: Log"))),
        ("sensor", sensor("action: Log").replace("triggers", &format!("{limit}, triggers"))),
    ] {
        let seen = play(&format!(
            "stages: [{}, EventBus(), {sensor}], faults: [(at: \"5s\", stage: \"{stage}\", change: \
             Rate(\"1/s\")), (at: \"10s\", for: \"1s\", stage: \"sensor\", change: Down)]",
            source("source", "(at: \"1s\"), (at: \"20s\", count: 3)", ""),
        ));
        let fired = [1_000, 20_000, 21_000, 22_000];
        assert_eq!(seen.times_ms(TRIGGER, FactKind::Triggered), fired, "{stage}");
    }
}

/// Fire and forget behind the sensor's own rate limit: the message is acked when its turn comes, so what is
/// over the trigger's limit is tried again from memory.
#[test]
fn what_is_over_a_limit_behind_a_gate_is_tried_again_from_memory() {
    let limit = "rate_limit: (rate: \"1/min\", algorithm: TokenBucket(burst: 1), over: Nack(after: \"2s\", \
                 retries: 2))";
    let gated = sensor(&format!("{limit}, action: Log"))
        .replace("triggers", "rate_limit: (rate: \"1000/s\"), triggers");
    let seen = play(&format!(
        "stages: [{}, EventBus(), {gated}]",
        source("source", "(at: \"1s\"), (at: \"2s\")", ""),
    ));
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Triggered), [1_000]);
    assert_eq!(seen.times_ms(TRIGGER, FactKind::Refused), [2_000, 4_000, 6_000]);
    assert_eq!(seen.losses(), [(TRIGGER, Reason::RateLimited, 1)]);
}

/// What a full target hands back, the trigger tries again as the target's policy says; after the last retry
/// it is lost there, or stored.
#[test]
fn a_trigger_tries_again_what_its_target_hands_back() {
    for (then, lost, stored) in [("", 1, 0), (", then_store: \"store\"", 0, 1)] {
        let nack = format!("on_reject: Nack(after: \"2s\", factor: 2, retries: 2{then})");
        let full = format!("max_pending: 1, parallelism: 1, {nack}");
        let api = format!("Station(name: \"api\", service: \"30s\", queue: (max_msgs: 1), {nack})");
        for (at, action, target) in [
            ("workflows", "Workflow(\"work\")", workflows("service: \"30s\"", &full)),
            ("api", "Http(\"api\")", api),
        ] {
            let seen = play(&format!(
                "stages: [{}, EventBus(), {}, {target}, Store(name: \"store\")]",
                source("source", "(at: \"1s\", count: 3)", ""),
                sensor(&format!("action: {action}")),
            ));
            // One at work, one waits; the third comes back after pauses of 2 and 4 s.
            assert_eq!(seen.times_ms(at, FactKind::Refused), [1_000, 3_000, 7_000], "{at}");
            assert_eq!(seen.ledger(), [2, lost, stored, 0], "{at}");
            if lost > 0 {
                assert_eq!(seen.losses(), [(at, Reason::MessagesFull, 1)]);
            }
        }
    }
}
