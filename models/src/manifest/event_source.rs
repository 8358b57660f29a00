//! `EventSource`: its type says what a failed publish means.
//!
//! argo-events v1.9.11 `pkg/eventsources/sources/*/start.go`: webhooks answer 500 and the caller decides;
//! queues redeliver; everything else loses the event.

use crate::event_source::spec::{EventNameSpec, EventSourceSpec, RouteSpec};
use crate::spec::arrival::Arrivals;
use crate::spec::distribution::{DurationSpread, SizeSpread};
use crate::spec::policy::{JitterSpec, NackSpec, OnReject};
use crate::spec::quantity::DurationText;

use super::yaml::Node;
use super::{Importer, Manifest};

/// What becomes of an event whose publish failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guarantee {
    /// The caller gets an error; one event at a time per endpoint.
    Answered,
    /// It is delivered again after this time.
    Redelivered(&'static str),
    /// It is lost.
    Lost,
}

/// The types of event sources.
const TYPES: &[(&str, Guarantee)] = &[
    ("amqp", Guarantee::Lost),
    ("azureEventsHub", Guarantee::Lost),
    ("azureQueueStorage", Guarantee::Redelivered("120s")),
    ("azureServiceBus", Guarantee::Lost),
    ("bitbucket", Guarantee::Answered),
    ("bitbucketserver", Guarantee::Answered),
    ("calendar", Guarantee::Lost),
    ("emitter", Guarantee::Lost),
    ("file", Guarantee::Lost),
    ("generic", Guarantee::Lost),
    ("gerrit", Guarantee::Lost),
    ("github", Guarantee::Answered),
    ("gitlab", Guarantee::Answered),
    ("hdfs", Guarantee::Lost),
    ("kafka", Guarantee::Lost),
    ("minio", Guarantee::Lost),
    ("mqtt", Guarantee::Lost),
    ("nats", Guarantee::Lost),
    ("nsq", Guarantee::Redelivered("90s")),
    ("pubsub", Guarantee::Redelivered("1s")),
    ("pulsar", Guarantee::Lost),
    ("redis", Guarantee::Lost),
    ("redisStream", Guarantee::Lost),
    ("resource", Guarantee::Lost),
    ("sftp", Guarantee::Lost),
    ("slack", Guarantee::Answered),
    ("sns", Guarantee::Answered),
    ("sqs", Guarantee::Redelivered("120s")),
    ("storageGrid", Guarantee::Answered),
    ("stripe", Guarantee::Answered),
    ("webhook", Guarantee::Answered),
];

/// A source that nothing is known of but its name.
pub(crate) fn unknown_source(name: &str, bus: &str) -> EventSourceSpec {
    EventSourceSpec {
        name: name.to_owned(),
        arrivals: Some(Arrivals::Poisson { rate: "1/s".into() }),
        closed_loop: None,
        payload: SizeSpread::from("1KiB"),
        events: Vec::new(),
        filter: 1.0,
        priority: 0,
        to: bus.to_owned(),
        route: RouteSpec::Parallel,
        latency: DurationSpread::from("8500us"),
        rate_limit: None,
        max_payload: None,
        publish: None,
        on_failure: None,
        resend: None,
    }
}

pub(crate) fn event_name(name: &str) -> EventNameSpec {
    EventNameSpec { name: name.to_owned(), share: 1.0 }
}

impl Importer {
    pub(crate) fn event_source(&mut self, manifest: Manifest<'_>) -> EventSourceSpec {
        let spec = manifest.root.get("spec");
        let bus = spec.and_then(|spec| spec.text("eventBusName")).unwrap_or("default");
        let bus = self.names.of("bus", bus);
        let name = self.names.of("source", manifest.name);
        let mut source = unknown_source(&name, &bus);
        self.assume(
            format!("{name}, arrivals"),
            "1/s, Poisson",
            "manifests do not say how many events come; `--storm` does",
        );
        self.assume(
            format!("{name}, payload"),
            "1KiB",
            "manifests do not say how large events are",
        );
        self.assume(
            format!("{name}, latency"),
            "8.5ms",
            "measured on a bus of three nodes (argo-events#1798)",
        );
        let Some(spec) = spec else { return source };
        for (kind, guarantee) in TYPES {
            let Some(events) = spec.get(kind) else { continue };
            for (event, config) in events.fields() {
                events.get(event);
                source.events.push(event_name(event));
                self.guarantee(manifest, kind, *guarantee, config, &mut source);
            }
        }
        if source.events.is_empty() {
            self.warn(manifest, spec, "no-event", "the event source has no event of a known type");
        }
        source
    }

    fn guarantee(
        &mut self,
        manifest: Manifest<'_>,
        kind: &str,
        guarantee: Guarantee,
        config: &Node,
        source: &mut EventSourceSpec,
    ) {
        let group = config.get("consumerGroup");
        let guarantee = match (kind, group) {
            ("kafka", Some(_)) => Guarantee::Redelivered("1s"),
            _ => guarantee,
        };
        let subject = format!("{}, after a failed publish", source.name);
        let route = match guarantee {
            Guarantee::Answered => RouteSpec::Serial,
            Guarantee::Redelivered(_) | Guarantee::Lost => RouteSpec::Parallel,
        };
        let on_failure = match guarantee {
            Guarantee::Lost => OnReject::Drop,
            Guarantee::Answered => {
                self.assume(
                    subject,
                    "the caller gives up",
                    "its retries are its own business (webhooks answer 500)",
                );
                OnReject::Drop
            }
            Guarantee::Redelivered(after) => {
                let after = self.ack_wait(manifest, config).unwrap_or_else(|| {
                    self.assume(
                        subject,
                        format!("delivered again after {after}"),
                        format!("{kind} redelivers what was not acked"),
                    );
                    after.into()
                });
                OnReject::Nack(nack(after))
            }
        };
        // The model has one answer a source; that of its first event stands for all.
        match &source.on_failure {
            None => (source.on_failure, source.route) = (Some(on_failure), route),
            Some(first) if *first == on_failure && route == source.route => {}
            Some(_) => {
                self.warn(
                    manifest,
                    config,
                    "mixed-event-source",
                    format!("an event of `{kind}` that cannot be published fares otherwise than the first event of this source: modeled alike"),
                )
                .hint("an event source per type is modeled exactly");
            }
        }
        if let Some(limit) = config.get("limitEventsPerSecond") {
            self.warn(
                manifest,
                limit,
                "not-modeled",
                "a rate limit per Kafka partition is not modeled yet",
            );
        }
        for field in
            ["endpoint", "port", "method", "url", "topic", "projectID", "schedule", "interval"]
        {
            if let Some(field) = config.get(field) {
                field.read_whole();
            }
        }
    }

    /// `ackWaitTime` of the document: no event source has such a field.
    fn ack_wait(&mut self, manifest: Manifest<'_>, config: &Node) -> Option<DurationText> {
        let wait = config.get("ackWaitTime")?;
        let text = DurationText::from(wait.scalar().unwrap_or_default());
        let readable = text.parse().is_ok();
        let taken = if readable && self.intends() { "taken as meant" } else { "passed over" };
        self.warn(
            manifest,
            wait,
            "ack-wait-time",
            format!("no event source reads `ackWaitTime`: {taken}"),
        );
        (readable && self.intends()).then_some(text)
    }
}

fn nack(after: DurationText) -> NackSpec {
    NackSpec {
        after: DurationSpread::Constant(after),
        factor: 1.0,
        cap: None,
        jitter: JitterSpec::None,
        retries: None,
        persistence: 1.0,
        then_store: None,
    }
}
