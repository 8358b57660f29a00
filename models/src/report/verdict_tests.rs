//! Verdicts on small models, each with one known limiting thing. Arrivals are regular, so that the first
//! instant at which a limit is reached can be worked out by hand; it stands in the comment of each row.

use super::*;
use crate::model::{Model, Overrides};
use crate::run::{RunKey, run};
use crate::spec::arrival::NoFiles;

fn report(stages: &str) -> Report {
    let text = format!("(name: \"verdict\", horizon: \"1d\", {stages})");
    let model = match Model::read("verdict.ron", &text, &Overrides::default(), &NoFiles) {
        Ok(model) => model,
        Err(problems) => panic!("{problems}"),
    };
    let outcome = run(&model.plan, RunKey { seed: 1, replication: 0 }, None).unwrap();
    Report::new(&model.plan, &[outcome], Provenance { replications: 1, ..Provenance::default() })
}

/// The first sentence of the verdict on a model of these stages, and the end of its last one.
fn check(what: &str, stages: &str, first: &str, last: &str) {
    let report = report(stages);
    let sentences: Vec<&str> =
        report.verdict.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    assert_eq!(sentences[0], first, "{what}: {sentences:#?}");
    assert!(sentences.last().unwrap().contains(last), "{what}: {sentences:#?}");
}

const TOO_SMALL: &str = "too small for the peak";
const HOLDS: &str = "holds at the peak, not only on average";
const ON_PAPER: &str = "On paper every rate limit and capacity holds";

/// One event a second, the first at 0 s, into a bus whose only sensor is down all the time.
fn bus(bus: &str, payload: &str) -> String {
    format!(
        "stages: [
            EventSource(name: \"s\", arrivals: Periodic(every: \"1s\"), latency: \"0s\", payload: \"{payload}\", publish: (attempts: 1)),
            EventBus(retention: Interest, discard: New, on_reject: Drop, {bus}),
            Sensor(name: \"sn\", dependencies: [(name: \"d\", source: \"s\")], triggers: [(name: \"t\", action: Log)]),
        ], faults: [(at: \"0s\", stage: \"sn\", change: Down)]"
    )
}

#[test]
fn limits_of_a_bus() {
    // The fifth message comes at 4 s: full.
    check(
        "max_msgs",
        &bus("max_msgs: 5", "1KiB"),
        "The first limit reached was `max_msgs` (5 messages) of `default`, at 4 s.",
        ON_PAPER,
    );
    // 300 KiB and a little: three fit into a mebibyte, the fourth, at 3 s, does not.
    check(
        "max_bytes",
        &bus("max_bytes: \"1MiB\"", "300KiB"),
        "The first limit reached was `max_bytes` (1 MiB) of `default`, at 3 s.",
        ON_PAPER,
    );
    // The first of all is too large.
    check(
        "max_msg_size",
        &bus("max_msg_size: \"1KiB\"", "2KiB"),
        "The first limit reached was `max_msg_size` (1 KiB) of `default`, at 0 s.",
        ON_PAPER,
    );
    // The message of 0 s is ten seconds old at 10 s.
    check(
        "max_age",
        &bus("max_age: \"10s\", duplicates: \"10s\"", "1KiB"),
        "The first limit reached was `max_age` (10 s) of `default`, at 10 s.",
        ON_PAPER,
    );
    // Two triggers, one consumer.
    check(
        "max_consumers",
        "stages: [
            EventSource(name: \"s\", arrivals: Periodic(every: \"1s\"), latency: \"0s\"),
            EventBus(retention: Interest, max_consumers: 1),
            Sensor(name: \"a\", dependencies: [(name: \"d\", source: \"s\")], triggers: [(name: \"t\", action: Log)]),
            Sensor(name: \"b\", dependencies: [(name: \"d\", source: \"s\")], triggers: [(name: \"t\", action: Log)]),
        ]",
        "The first limit reached was `max_consumers` (1 consumer) of `default`, at 0 s.",
        "`b/t` lacks events",
    );
}

/// 200 events at once, at 1 h and every 6 h from then, through a sensor.
fn sensor(sensor: &str, trigger: &str, rest: &str) -> String {
    format!(
        "stages: [
            EventSource(name: \"s\", arrivals: Batch(arrivals: Periodic(every: \"6h\", offset: \"1h\"), size: 200), latency: \"0s\"),
            EventBus(retention: Interest),
            Sensor(name: \"sn\", dependencies: [(name: \"d\", source: \"s\")], {sensor} triggers: [(name: \"t\", {trigger})]),
            {rest}
        ], config_maps: {{\"c\": {{\"k\": \"5\"}}}}"
    )
}

#[test]
fn limits_of_a_sensor_and_its_triggers() {
    let no_client = "client: Unlimited, processing: \"0s\",";
    let slow = "rate_limit: (rate: \"10/s\")";
    // All 200 are there at 1 h; nearly 200 of them wait, the last for nearly 20 s: many for more than a
    // moment, whichever limit it is.
    check(
        "sensor limiter",
        &sensor(&format!("{no_client} {slow},"), "action: Log", ""),
        "The first limit reached was `rate_limit` (10/s) of `sn`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "sensor limiter, at least once",
        &sensor(&format!("{no_client} {slow},"), "delivery: AtLeastOnce, action: Log", ""),
        "The first limit reached was `rate_limit` (10/s) of `sn`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "trigger limiter, fire and forget",
        &sensor(no_client, &format!("{slow}, action: Log"), ""),
        "The first limit reached was `rate_limit` (10/s) of `sn/t`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "trigger limiter, at least once",
        &sensor(no_client, &format!("{slow}, delivery: AtLeastOnce, action: Log"), ""),
        "The first limit reached was `rate_limit` (10/s) of `sn/t`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "trigger limiter, at least once, with work that takes nearly as long",
        &sensor(
            "client: Unlimited, processing: \"90ms\",",
            &format!("{slow}, delivery: AtLeastOnce, action: Log"),
            "",
        ),
        // After a rest the slack lets the first ten through, which the work holds up for 900 ms.
        "The first limit reached was `rate_limit` (10/s) of `sn/t`, at 1 h; then `one_at_a_time` (11.1/s) \
         of `sn/t` at 7 h.",
        TOO_SMALL,
    );
    check(
        "one at a time",
        &sensor(
            "client: Unlimited, processing: \"100ms\",",
            "delivery: AtLeastOnce, action: Log",
            "",
        ),
        "The first limit reached was `one_at_a_time` (10/s) of `sn/t`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "one at a time, for the target takes long to answer",
        &sensor(
            no_client,
            "latency: \"0s\", delivery: AtLeastOnce, action: Http(\"api\")",
            "Station(name: \"api\", servers: 50, service: \"100ms\"),",
        ),
        "The first limit reached was `one_at_a_time` (10/s) of `sn/t`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "client",
        &sensor(
            "client: Limited(qps: 10, burst: 1), processing: \"0s\",",
            "action: Workflow(\"w\")",
            "Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"w\", service: \"1s\")]),",
        ),
        "The first limit reached was `client_qps` (10/s) of `sn`, at 1 h.",
        TOO_SMALL,
    );
}

#[test]
fn limits_of_workflows() {
    let workflow = |limits: &str, template: &str| {
        sensor(
            "client: Unlimited, processing: \"0s\",",
            "latency: \"0s\", action: Workflow(\"w\")",
            &format!(
                "Workflow(realism: Ideal, pod_start: \"0s\", {limits} templates: [(name: \"w\", service: \"1s\", {template})]),"
            ),
        )
    };
    // 200 of one second each on five places: 195 wait, the last for 39 s.
    check(
        "semaphore",
        &workflow("", "semaphores: [(config_map: \"c\", key: \"k\")]"),
        "The first limit reached was `c/k` (5 permits) of `workflows`, at 1 h.",
        "`c/k throughput` of `workflows` (5/s for 200 at once)",
    );
    check(
        "parallelism",
        &workflow("parallelism: 5,", ""),
        "The first limit reached was `parallelism` (5 workflows) of `workflows`, at 1 h.",
        "`parallelism throughput` of `workflows` (5/s for 200 at once)",
    );
    // A hundred run, fifty are pending, and the others are refused. A hundred in excess are through in a
    // second.
    check(
        "max_pending",
        &workflow("parallelism: 100, max_pending: 50, on_reject: Drop,", ""),
        "The first limit reached was `max_pending` (50 workflows) of `workflows`, at 1 h.",
        ON_PAPER,
    );
}

/// What the source sends to a station.
fn station(source: &str, station: &str) -> String {
    format!(
        "stages: [
            EventSource(name: \"s\", to: \"w\", {source}),
            Station(name: \"w\", {station}),
        ]"
    )
}

#[test]
fn limits_of_sources_stations_and_stores() {
    let many = "arrivals: Batch(arrivals: Periodic(every: \"6h\", offset: \"1h\"), size: 200)";
    let each = "arrivals: Periodic(every: \"1s\")";
    let wide = "servers: 1000, service: \"10ms\"";
    check(
        "source limiter",
        &station(&format!("{many}, latency: \"0s\", rate_limit: (rate: \"10/s\")"), wide),
        "The first limit reached was `rate_limit` (10/s) of `s`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "one route",
        &station(&format!("{many}, latency: \"100ms\", route: Serial"), wide),
        "The first limit reached was `one_at_a_time` (10/s) of `s`, at 1 h.",
        TOO_SMALL,
    );
    check(
        "max_payload",
        &station(
            &format!("{each}, latency: \"0s\", payload: \"2KiB\", max_payload: \"1KiB\""),
            wide,
        ),
        "The first limit reached was `max_payload` (1 KiB) of `s`, at 0 s.",
        ON_PAPER,
    );
    check(
        "servers",
        &station(&format!("{many}, latency: \"0s\""), "servers: 10, service: \"1s\""),
        "The first limit reached was `servers` (10 servers) of `w`, at 1 h.",
        "(10/s for 200 at once)",
    );
    // One at a time for 10 s each, two may wait: the one of 0 s is served, those of 1 s and 2 s wait.
    check(
        "capacity",
        &station(
            &format!("{each}, latency: \"0s\", on_failure: Drop, publish: (attempts: 1)"),
            "servers: 1, service: \"10s\", queue: (max_msgs: 2), on_reject: Drop",
        ),
        "The first limit reached was `servers` (1 server) of `w`, at 1 s; then `capacity` (2 messages) of \
         `w` at 2 s.",
        TOO_SMALL,
    );
    // Nobody may wait: the one of 1 s finds the only server busy.
    check(
        "servers without a queue",
        &station(
            &format!("{each}, latency: \"0s\", publish: (attempts: 1)"),
            "servers: 1, service: \"10s\", queue: (max_msgs: 0), on_reject: Drop",
        ),
        "The first limit reached was `servers` (1 server) of `w`, at 1 s.",
        TOO_SMALL,
    );
    check(
        "station limiter that waits",
        &station(
            &format!("{many}, latency: \"0s\""),
            "servers: 1000, service: \"10ms\", rate_limit: (rate: \"10/s\")",
        ),
        "The first limit reached was `rate_limit` (10/s) of `w`, at 1 h.",
        TOO_SMALL,
    );
    // The fifth comes at 4 s.
    check(
        "store",
        "stages: [
            EventSource(name: \"s\", arrivals: Periodic(every: \"1s\"), latency: \"0s\", to: \"kept\"),
            Store(name: \"kept\", max_msgs: 5),
        ]",
        "The first limit reached was `capacity` (5 messages) of `kept`, at 4 s.",
        "No event was completed",
    );
}

#[test]
fn batches_and_short_saturation() {
    // 14 builds at once against three a minute: those over the slack wait for more than a minute.
    check(
        "a few at once",
        "stages: [
            EventSource(name: \"s\", arrivals: Batch(arrivals: Periodic(every: \"1h\", offset: \"1m\"), size: 14), latency: \"0s\"),
            EventBus(retention: Interest),
            Sensor(name: \"sn\", client: Unlimited, processing: \"0s\", dependencies: [(name: \"d\", source: \"s\")], triggers: [(name: \"t\", rate_limit: (rate: \"3/min\"), action: Log)]),
        ]",
        "The first limit reached was `rate_limit` (3/min) of `sn/t`, at 1 min.",
        "`rate_limit` of `sn/t` (3/min for 14 at once)",
    );
    // Four servers for 200 jobs of a second, once a day: 50 s of a day.
    check(
        "50 seconds of a day",
        &station(
            "arrivals: Batch(arrivals: Periodic(every: \"1d\", offset: \"12h\"), size: 200), latency: \"0s\"",
            "servers: 4, service: \"1s\"",
        ),
        "The first limit reached was `servers` (4 servers) of `w`, at 12 h.",
        TOO_SMALL,
    );
}

#[test]
fn no_limit_at_all() {
    check(
        "none",
        &station(
            "arrivals: Periodic(every: \"1s\"), latency: \"0s\"",
            "servers: 2, service: \"500ms\"",
        ),
        "No limit was reached.",
        "Every rate limit and capacity holds at the peak, not only on average; the tightest, `service_rate` \
         of `w` (4/s for 1/s), has 75 % to spare.",
    );
    // Three at once for one server that takes 100 ms: one is served, two wait, the last for 200 ms.
    check(
        "a line of a moment",
        &station(
            "arrivals: Batch(arrivals: Periodic(every: \"10s\"), size: 3), latency: \"0s\"",
            "servers: 1, service: \"100ms\"",
        ),
        "No limit was reached: of the lines behind them the longest, at `servers` (1 server) of `w`, was \
         gone after 200 ms, with 2 in it at most.",
        HOLDS,
    );
}

#[test]
fn two_lines_that_wait_for_each_other() {
    // Two locks taken together by two templates in other orders of coming: argo's controller lets the heads
    // of the two lines wait for each other; an ideal one too, as neither may pass the head of its line.
    let report = report(
        "stages: [
            EventSource(name: \"s\", arrivals: Batch(arrivals: Periodic(every: \"1h\"), size: 20), latency: \"0s\", to: \"x\"),
            Workflow(name: \"w\", templates: [
                (name: \"x\", semaphores: [(config_map: \"c\", key: \"k\"), (config_map: \"c\", key: \"j\")], service: \"1m\"),
            ]),
        ], config_maps: {\"c\": {\"k\": \"1\", \"j\": \"1\"}}",
    );
    let stands = report.standstills.first().map(|still| still.stage.as_str());
    let completed = report.ledger.completed.value;
    // Whether it stands still follows from the heap; that it is told does not.
    assert_eq!(stands.is_some(), completed < 400.0, "{completed} {:#?}", report.verdict);
}
