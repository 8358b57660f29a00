use super::*;
use crate::event_bus::spec::{DeliverSpec, RetentionSpec};

fn bus_of(spec: &str) -> String {
    format!("kind: EventBus\nmetadata: {{name: b}}\nspec:\n{spec}\n")
}

fn stream(config: &str) -> String {
    let lines: String = config.lines().map(|line| format!("      {line}\n")).collect();
    bus_of(&format!("  jetstream:\n    streamConfig: |\n{lines}"))
}

/// Messages, bytes, age, duplicates.
fn limits_of(import: &Import) -> String {
    let bus = bus(&import.spec);
    let or_none = |limit: Option<String>| limit.unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {} {} {}",
        or_none(bus.max_msgs.map(|it| it.to_string())),
        or_none(bus.max_bytes.as_ref().map(|it| it.to_string())),
        or_none(bus.max_age.as_ref().map(|it| it.to_string())),
        bus.duplicates
    )
}

/// facts/argo.md 1.2: seven keys in any case; what cannot be read is zero, and that is no limit.
#[test]
fn keys_of_the_stream_under_both_readings() {
    let cases = [
        ("maxMsgs: 7", "7 - 168h 300s", "7 - 168h 300s"),
        ("MAXMSGS: \"7\"", "7 - 168h 300s", "7 - 168h 300s"),
        ("maxMsgs: -1", "- - 168h 300s", "- - 168h 300s"),
        ("max_msgs: 7", "7 - 168h 300s", "50000 - 168h 300s"),
        ("maxBytes: 1GB", "50000 1073741824 168h 300s", "50000 - 168h 300s"),
        ("maxBytes: 4096", "50000 4096 168h 300s", "50000 4096 168h 300s"),
        ("maxAge: 1d", "50000 - 1d 300s", "50000 - - 300s"),
        ("maxAge: 72h", "50000 - 72h 300s", "50000 - 72h 300s"),
        ("maxAge: 72", "50000 - 168h 300s", "50000 - 168h 300s"),
        ("maxAge: 0", "50000 - - 300s", "50000 - - 300s"),
        ("duplicates: 5m", "50000 - 168h 5m", "50000 - 168h 5m"),
        ("duplicates: never", "50000 - 168h 2m", "50000 - 168h 2m"),
        ("maxAge: 1m", "50000 - 1m 1m", "50000 - 1m 1m"),
        ("maxAge: 1ms", "50000 - 100ms 100ms", "50000 - 100ms 100ms"),
    ];
    for (config, intended, deployed) in cases {
        let text = stream(config);
        assert_eq!(limits_of(&of(&text, Reading::Intended)), intended, "{config}");
        assert_eq!(limits_of(&of(&text, Reading::Deployed)), deployed, "{config}");
    }
    let refused = of(&stream("maxAge: 1m"), Reading::Deployed);
    assert_eq!(codes(&refused), ["no-source", "refused-stream"]);
}

/// facts/argo.md 1.2: retention and discard since v1.9.3.
#[test]
fn retention_and_discard_are_read_since_1_9_3() {
    let text = stream("retention: 1\ndiscard: 1");
    let found = |import: &Import| {
        let bus = bus(&import.spec);
        (bus.retention, bus.discard)
    };
    let new = with(&text, &ImportOptions::new(Reading::Deployed));
    assert_eq!(found(&new), (RetentionSpec::Interest, DiscardSpec::New));
    let old = with(&text, &deployed_by(Version::new(1, 9, 2)));
    assert_eq!(found(&old), (RetentionSpec::Limits, DiscardSpec::Old));
    let queue = of(&stream("retention: 2"), Reading::Intended);
    assert_eq!(bus(&queue.spec).consumers.deliver, DeliverSpec::All);
    // As deployed no sensor can subscribe (argo-events#3377).
    let queue = of(&stream("retention: 2"), Reading::Deployed);
    assert_eq!(bus(&queue.spec).retention, RetentionSpec::WorkQueue);
    assert_eq!(bus(&queue.spec).consumers.deliver, DeliverSpec::New);
}

/// facts/argo.md 1.1: an exotic stream has the server's defaults, and is there since v1.9.0.
#[test]
fn an_exotic_stream_is_not_merged_with_the_defaults() {
    let text =
        bus_of("  jetstreamExotic:\n    url: nats://x\n    streamConfig: |\n      maxMsgs: 9\n");
    assert_eq!(limits_of(&of(&text, Reading::Deployed)), "9 - - 2m");
    let old = with(&text, &deployed_by(Version::new(1, 8, 1)));
    assert_eq!(limits_of(&old), "50000 - 168h 300s");
}

/// facts/argo.md 1.4: STAN's own limits.
#[test]
fn a_stan_bus_has_the_limits_of_stan() {
    let import = of(&bus_of("  nats: {native: {replicas: 3}}"), Reading::Deployed);
    assert_eq!(limits_of(&import), "1000000 1GiB 72h 300s");
    assert_eq!(bus(&import.spec).consumers.ack_wait.as_str(), "1s");
    let stated =
        "  nats: {native: {maxMsgs: 5, maxAge: 1h, maxBytes: 2MB, maxPayload: 0, auth: token}}";
    let import = of(&bus_of(stated), Reading::Deployed);
    assert_eq!(limits_of(&import), "5 2MiB 1h 300s");
    assert_eq!(bus(&import.spec).max_msg_size, None);
    assert_eq!(codes(&import), ["no-source", "not-modeled"]);
}

#[test]
fn fields_of_an_event_bus_are_accounted_for() {
    let text = "kind: EventBus
metadata: {name: b}
spec:
  jetstream:
    version: 2.9.1
    replicas: 3
    startArgs: [\"-D\"]
    persistence: {storageClassName: fast}
    containerTemplate: {resources: {}}
    maxPayload: 2MB
    maxpayload: 2MB
    settings: |
      max_file_store: 1GB  # known
        max_msgs: 100000
      max_widgets = 3
    streamConfig: |
      maxMsgs: 100
      maxbytes: 1GB
      max_age: 1h
      replicas: 3
";
    for reading in Reading::ALL {
        let import = of(text, reading);
        insta::assert_snapshot!(format!("bus-{}", reading.name()), account(&import));
    }
}

#[test]
fn a_stream_config_that_is_no_yaml_is_told_and_passed_over() {
    let import = of(&stream("maxMsgs: ["), Reading::Deployed);
    assert_eq!(limits_of(&import), "50000 - 168h 300s");
    insta::assert_snapshot!(import.findings);
}

#[test]
fn every_kind_of_bus_is_known() {
    let kinds = [
        "  nats: {exotic: {url: u, clusterID: c, auth: token, accessSecret: {name: a, key: b}}}",
        "  kafka: {url: u, topic: t, version: 2.5.0, tls: {}, sasl: {}, consumerGroup: {groupName: g}, \
         partitioner: random, consumerBatchMaxWait: 0}",
        "  jetstreamExotic: {url: u, accessSecret: {name: a, key: b}, tls: {}, auth: basic}",
    ];
    for kind in kinds {
        let import = of(&bus_of(kind), Reading::Deployed);
        assert_eq!(unknown(&import), [""; 0], "{kind}");
    }
}
