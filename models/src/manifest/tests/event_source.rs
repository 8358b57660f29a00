use super::*;
use crate::event_source::spec::RouteSpec;
use crate::spec::arrival::Arrivals;

fn source_of(spec: &str) -> String {
    format!("kind: EventSource\nmetadata: {{name: e}}\nspec:\n{spec}\n")
}

fn event(kind: &str, config: &str) -> String {
    source_of(&format!("  {kind}: {{x: {{{config}}}}}"))
}

/// The fate of what cannot be published, in short.
fn fate(source: &EventSourceSpec) -> String {
    let fate = match source.on_failure.as_ref().expect("an answer") {
        OnReject::Drop => "lost".to_owned(),
        OnReject::Nack(nack) => {
            let after = ron::to_string(&nack.after).unwrap();
            let retries = nack.retries.map_or_else(String::new, |most| format!(" x{most}"));
            format!("again {}{retries}", after.trim_matches('"'))
        }
        other => format!("{other:?}"),
    };
    let route = if source.route == RouteSpec::Serial { "serial" } else { "parallel" };
    format!("{route}, {fate}")
}

/// facts/argo.md 2.2: what a failed publish means, by type.
#[test]
fn each_type_has_its_guarantee() {
    let cases = [
        ("webhook", "endpoint: /x", "serial, lost"),
        ("github", "webhook: {endpoint: /x}", "serial, lost"),
        ("gitlab", "webhook: {endpoint: /x}", "serial, lost"),
        ("bitbucket", "webhook: {endpoint: /x}", "serial, lost"),
        ("bitbucketserver", "webhook: {endpoint: /x}", "serial, lost"),
        ("gerrit", "webhook: {endpoint: /x}", "serial, lost"),
        ("sns", "webhook: {endpoint: /x}", "serial, lost"),
        ("slack", "webhook: {endpoint: /x}", "serial, lost"),
        ("stripe", "webhook: {endpoint: /x}", "serial, lost"),
        ("storageGrid", "webhook: {endpoint: /x}", "serial, lost"),
        ("pubSub", "topic: t", "parallel, again 1s"),
        ("kafka", "topic: t, consumerGroup: {groupName: g}", "serial, again 1s"),
        ("kafka", "topic: t, partition: \"1\"", "serial, lost"),
        ("sqs", "queue: q", "serial, again 120s"),
        ("azureQueueStorage", "queueName: q", "serial, again 120s"),
        ("azureServiceBus", "queueName: q", "serial, lost"),
        ("azureServiceBus", "queueName: q, deferDelete: true", "serial, again 1m"),
        ("azureServiceBus", "topicName: q, deferDelete: true", "serial, again 1m"),
        ("amqp", "url: u", "serial, lost"),
        ("amqp", "url: u, consume: {autoAck: false}", "serial, lost"),
        ("nsq", "topic: t", "parallel, again 90s x4"),
        ("redisStream", "streams: [s]", "parallel, lost"),
        ("pulsar", "topics: [t]", "parallel, lost"),
        ("mns", "queue: q", "parallel, lost"),
        ("mqtt", "topic: t", "parallel, lost"),
        ("nats", "subject: s", "parallel, lost"),
        ("redis", "channels: [c]", "parallel, lost"),
        ("emitter", "channelName: c", "parallel, lost"),
        ("azureEventsHub", "hubName: h", "parallel, lost"),
        ("minio", "bucket: {name: b}", "parallel, lost"),
        ("file", "eventType: CREATE", "parallel, lost"),
        ("hdfs", "type: CREATE", "parallel, lost"),
        ("sftp", "eventType: CREATE", "parallel, lost"),
        ("resource", "namespace: n", "parallel, lost"),
        ("generic", "url: u", "parallel, lost"),
        ("calendar", "interval: 10s", "serial, lost"),
        ("calendar", "interval: 10s, persistence: {configMap: {name: c}}", "serial, again 100ms"),
    ];
    for (kind, config, expected) in cases {
        let import = of(&event(kind, config), Reading::Deployed);
        let sources = sources(&import.spec);
        assert_eq!(sources.len(), 1, "{kind}");
        assert_eq!(fate(sources[0]), expected, "{kind} {config}");
        assert_eq!(unknown(&import), [""; 0], "{kind} {config}");
        let is_webhook = config.contains("endpoint");
        assert_eq!(sources[0].max_payload.is_some(), is_webhook, "{kind}");
    }
}

/// facts/argo.md 2.2, argo-events#3448: before v1.9.6 a webhook answers before it publishes.
#[test]
fn the_caller_of_an_old_webhook_hears_nothing() {
    let text = event("webhook", "endpoint: /x");
    let new = with(&text, &ImportOptions::new(Reading::Deployed));
    assert!(assumed(&new, "e.on_failure").because.contains("500"));
    let old = with(&text, &deployed_by(Version::new(1, 9, 5)));
    assert!(!old.assumptions.iter().any(|it| it.subject == "e.on_failure"));
    assert_eq!(fate(sources(&old.spec)[0]), "serial, lost");
}

#[test]
fn a_source_of_several_types_becomes_a_stage_for_each_way_of_faring() {
    let text = "kind: EventSource\nmetadata: {name: shop}\nspec:\n  webhook:\n    a: {endpoint: /a}\n    b: \
                {endpoint: /b}\n  github: {c: {webhook: {endpoint: /c}}}\n  sqs: {d: {queue: d}}\n  mqtt: {e: \
                {topic: e}}\n---\nkind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies:\n  - {name: one, \
                eventSourceName: shop, eventName: b}\n  - {name: two, eventSourceName: shop, eventName: \
                d}\n  - {name: three, eventSourceName: shop, eventName: missing}\n  triggers:\n  - template: \
                {name: t, log: {}}\n";
    let import = of(text, Reading::Deployed);
    let sources: Vec<_> = sources(&import.spec)
        .iter()
        .map(|source| {
            let events: Vec<_> = source.events.iter().map(|it| it.name.as_str()).collect();
            format!("{}: {} ({})", source.name, events.join(" "), fate(source))
        })
        .collect();
    let expected = [
        "shop: a b c missing (serial, lost)",
        "shop-sqs: d (serial, again 120s)",
        "shop-mqtt: e (parallel, lost)",
    ];
    assert_eq!(sources, expected);
    let dependencies: Vec<_> = sensor(&import.spec, "s")
        .dependencies
        .iter()
        .map(|it| (it.source.as_str(), it.event.as_deref().unwrap()))
        .collect();
    assert_eq!(dependencies, [("shop", "b"), ("shop-sqs", "d"), ("shop", "missing")]);
    assert!(assumed(&import, "shop, event `missing`").because.contains("does not name it"));
}

/// facts/argo.md 2.3: `limitEventsPerSecond` is a pause after each message of a partition, with a consumer
/// group only.
#[test]
fn the_limit_of_kafka_is_one_per_partition() {
    let rate = |import: &Import| {
        let limit = sources(&import.spec)[0].rate_limit.clone();
        limit.and_then(|limit| limit.rate).map(|rate| rate.to_string())
    };
    let group = "limitEventsPerSecond: 5, consumerGroup: {groupName: g}";
    let text = source_of(&format!("  kafka:\n    x: {{{group}}} # surgetank: partitions 3"));
    let import = of(&text, Reading::Deployed);
    assert_eq!(rate(&import), Some("15/s".to_owned()));
    assert_eq!(assumed(&import, "e.partitions").source, Source::Comment);
    assert_eq!(sources(&import.spec)[0].route, RouteSpec::Parallel);
    let import = of(&event("kafka", group), Reading::Deployed);
    assert_eq!(rate(&import), Some("5/s".to_owned()));
    let alone = event("kafka", "limitEventsPerSecond: 5, partition: \"0\"");
    let import = of(&alone, Reading::Deployed);
    assert_eq!(rate(&import), None);
    assert!(account(&import).contains("(read with a `consumerGroup` only: passed over)"));
    assert_eq!(rate(&of(&alone, Reading::Intended)), Some("5/s".to_owned()));
    for odd in ["many", "-3", "0", "1.5"] {
        let text = event("kafka", &format!("limitEventsPerSecond: {odd}, {}", &group[25..]));
        assert_eq!(rate(&of(&text, Reading::Deployed)), None, "{odd}");
    }
}

#[test]
fn calendars_say_when_they_come() {
    let arrivals = |config: &str| {
        let import = of(&event("calendar", config), Reading::Deployed);
        ron::to_string(sources(&import.spec)[0].arrivals.as_ref().unwrap()).unwrap()
    };
    let cases = [
        ("interval: 10s", "Periodic(every:\"10s\",offset:\"10s\")"),
        (
            "schedule: \"*/5 * * * *\"",
            "Cron(schedules:[\"*/5 * * * *\"],timezone:\"UTC\",start:\"2026-11-27T00:00:00Z\")",
        ),
        (
            "schedule: \"30 6 * * *\", interval: 1s, timezone: Asia/Tokyo",
            "Cron(schedules:[\"30 6 * * *\"],timezone:\"Asia/Tokyo\",start:\"2026-11-27T00:00:00Z\")",
        ),
        (
            "schedule: \"0 9-17 * * *\"",
            "Cron(schedules:[\"0 9-17 * * *\"],timezone:\"UTC\",start:\"2026-11-27T00:00:00Z\")",
        ),
        ("schedule: \"0 9-17 * * 7\"", "Poisson(rate:\"1/min\")"),
        ("interval: often", "Poisson(rate:\"1/min\")"),
        ("interval: 1d", "Poisson(rate:\"1/min\")"),
    ];
    for (config, expected) in cases {
        assert_eq!(arrivals(config), expected, "{config}");
    }
    // Instants of its own make a stage of its own.
    let two = source_of("  calendar: {a: {interval: 10s}, b: {interval: 10s}}");
    let import = of(&two, Reading::Deployed);
    let names: Vec<_> = sources(&import.spec).iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["e", "e-calendar"]);
    assert!(!import.assumptions.iter().any(|it| it.subject.ends_with(".arrivals")));
}

/// facts/argo.md 2.3: requests of up to 1 MiB unless stated.
#[test]
fn webhooks_take_no_more_than_their_largest_payload() {
    let most = |kind: &str, config: &str| {
        let import = of(&event(kind, config), Reading::Deployed);
        sources(&import.spec)[0].max_payload.as_ref().map(|it| it.to_string())
    };
    assert_eq!(most("webhook", "endpoint: /x"), Some("1MiB".to_owned()));
    assert_eq!(most("webhook", "maxPayloadSize: 2048"), Some("2048".to_owned()));
    assert_eq!(most("github", "webhook: {maxPayloadSize: 10}"), Some("10".to_owned()));
    assert_eq!(most("webhook", "maxPayloadSize: big"), Some("1MiB".to_owned()));
    assert_eq!(most("mqtt", "maxPayloadSize: 10"), None);
}

#[test]
fn fields_of_an_event_source_are_accounted_for() {
    let text = "apiVersion: argoproj.io/v1alpha1
kind: EventSource
metadata: {name: e, labels: {a: b}}
spec:
  eventBusName: main
  replicas: 2
  template: {serviceAccountName: x}
  service: {ports: [{port: 1}]}
  webhook:
    x:
      endpoint: /x
      maxPayloadSize: 3
      maxPayload: 3
      filter: {expression: a}
  kafka:
    y:
      url: u
      consumerGroup: {groupName: g, oldest: true}
      limitEventsPerSecond: 4
      ackWaitTime: 30s
      filter: {expression: a}
  pubsub: {z: {topic: t}}
  redissStream: {}
status: {conditions: []}
";
    let import = of(text, Reading::Deployed);
    insta::assert_snapshot!(account(&import));
    insta::assert_snapshot!(import.findings);
}

/// The keys of Kubernetes objects are case-sensitive: nobody reads `pubsub`.
#[test]
fn a_type_in_other_letters_is_meant_and_not_read() {
    let text = source_of("  pubsub: {z: {topic: t, ackWaitTime: 30s}}");
    let import = of(&text, Reading::Deployed);
    assert_eq!(unknown(&import), ["EventSource/e spec.pubsub"]);
    assert_eq!(codes(&import), ["no-event"]);
    let import = of(&text, Reading::Intended);
    assert_eq!(fate(sources(&import.spec)[0]), "parallel, again 30s");
    assert_eq!(unknown(&import), [""; 0]);
}

#[test]
fn comments_say_what_comes() {
    let text = "kind: EventSource
metadata: {name: e} # surgetank: rate 30/s; payload 2KiB
spec:
  webhook:
    a: {endpoint: /a} # surgetank: share 2
    b: {endpoint: /b}
  sqs: # surgetank: latency 20ms
    c: {queue: c}
  mqtt:
    # surgetank: arrivals Periodic(every: \"1m\"); pass 0.5
    d: {topic: d}
";
    let import = of(text, Reading::Deployed);
    let lines: Vec<_> = sources(&import.spec)
        .iter()
        .map(|source| {
            let shares: Vec<_> = source.events.iter().map(|it| it.share).collect();
            format!(
                "{} {} {} {} {} {shares:?}",
                source.name,
                ron::to_string(source.arrivals.as_ref().unwrap()).unwrap(),
                ron::to_string(&source.payload).unwrap(),
                ron::to_string(&source.latency).unwrap(),
                source.filter,
            )
        })
        .collect();
    let expected = [
        "e Poisson(rate:\"45/2s\") \"2KiB\" \"8.5ms\" 1 [2.0, 1.0]",
        "e-sqs Poisson(rate:\"15/2s\") \"2KiB\" \"20ms\" 1 [1.0]",
        "e-mqtt Periodic(every:\"1m\",offset:\"0s\") \"2KiB\" \"8.5ms\" 0.5 [1.0]",
    ];
    assert_eq!(lines, expected);
    assert_eq!(codes(&import), [""; 0]);
    let arrivals = assumed(&import, "e.arrivals");
    assert_eq!((arrivals.source, arrivals.location.as_ref().unwrap().line), (Source::Comment, 2));
}

#[test]
fn arrivals_of_a_whole_source_cannot_be_split() {
    let text = "kind: EventSource\nmetadata: {name: e} # surgetank: arrivals Periodic(every: \"1m\")\nspec:\n  \
                webhook: {a: {endpoint: /a}}\n  sqs: {c: {queue: c}}\n";
    let import = with(text, &ImportOptions::new(Reading::Deployed));
    insta::assert_snapshot!(import.findings);
    assert!(matches!(sources(&import.spec)[0].arrivals, Some(Arrivals::Poisson { .. })));
}

/// facts/argo.md 2.3: webhooks and some queues are read by all replicas at once.
#[test]
fn replicas_are_taken_for_one_pod() {
    let of_two = |kind: &str| {
        let text = source_of(&format!("  replicas: 2\n  {kind}: {{x: {{}}}}"));
        codes(&of(&text, Reading::Deployed))
    };
    assert_eq!(of_two("webhook"), ["one-pod"]);
    assert_eq!(of_two("sqs"), ["one-pod"]);
    assert_eq!(of_two("kafka"), [""; 0]);
}
