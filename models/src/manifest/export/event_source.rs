//! `EventSource`: of the types of event sources that whose events fare as those of the stage, with a comment
//! for what is otherwise.

use super::asides::{say, say_unless};
use super::event_bus::go_duration;
use super::yaml::{Map, Yaml};
use super::{Object, Written, object};
use crate::event_source::spec::{DEFAULT_EVENT, EventNameSpec};
use crate::event_source::spec::{EventSourceSpec, RouteSpec};
use crate::manifest::RUN_START;
use crate::manifest::assumable::{Count, Probability, Share};
use crate::manifest::event_source::{event_name, unknown_source};
use crate::spec::arrival::Arrivals;
use crate::spec::policy::{Algorithm, OnReject, OverSpec, RateLimitSpec};

/// A type of event source as it is written.
struct Kind {
    name: &'static str,
    /// What it does with what it could not publish.
    on_failure: OnReject,
    /// The messages a second of a pod, and the partitions that it reads.
    limit: Option<(u64, u32)>,
    /// When it fires by itself.
    timetable: Option<Timetable>,
}

/// The instants of a calendar.
enum Timetable {
    Interval(String),
    Schedule { schedule: String, timezone: String, start: String },
}

pub(super) fn event_source(source: &EventSourceSpec, written: &Written<'_>) -> Object {
    let kind = Kind::of(source);
    let mut events = Map::new();
    let default = [event_name(DEFAULT_EVENT)];
    let named = if source.events.is_empty() { &default } else { source.events.as_slice() };
    for (index, event) in named.iter().enumerate() {
        say_unless(&mut events, "share", &Share(event.share), &Share(1.0));
        events.put(&event.name, kind.config(source, event, index));
    }
    let mut spec = Map::new();
    if source.to != "default" {
        spec.put("eventBusName", source.to.as_str());
    }
    spec.comment("Where the events come from does not follow from a model: fill it in.");
    let unknown = unknown_source("", "");
    match &source.arrivals {
        Some(arrivals) if kind.timetable.is_none() => {
            let rate = if kind.name == "calendar" { "1/min" } else { "1/s" };
            let default = Arrivals::Poisson { rate: rate.into() };
            say_unless(&mut spec, "arrivals", arrivals, &default);
        }
        _ => {}
    }
    say_unless(&mut spec, "payload", &source.payload, &unknown.payload);
    say_unless(&mut spec, "latency", &source.latency, &unknown.latency);
    say_unless(&mut spec, "pass", &Probability(source.filter), &Probability(1.0));
    if let Some(answer) = &source.on_failure
        && *answer != kind.on_failure
        && written.has_stores_of(answer)
    {
        say(&mut spec, "on_failure", answer);
    }
    if let Some((_, partitions)) = kind.limit.filter(|&(_, partitions)| partitions > 1) {
        say(&mut spec, "partitions", &Count(partitions));
    }
    spec.put(kind.name, events);
    object("EventSource", &source.name, spec)
}

fn again(after: &str, retries: Option<u32>) -> OnReject {
    let retries = retries.map_or_else(String::new, |most| format!(", retries: {most}"));
    let text = format!("Nack(after: \"{after}\"{retries})");
    crate::manifest::assumable::Assumable::read(&text).expect("it was written just now")
}

impl Kind {
    fn of(source: &EventSourceSpec) -> Self {
        let lost = OnReject::Drop;
        let answer = source.on_failure.clone().unwrap_or(OnReject::Drop);
        let of = |name, on_failure| Self { name, on_failure, limit: None, timetable: None };
        if let Some(limit) = source.rate_limit.as_ref().and_then(|limit| kafka(limit, source.route))
        {
            return Self { limit: Some(limit), ..of("kafka", again("1s", None)) };
        }
        let is_serial = source.route == RouteSpec::Serial;
        if source.max_payload.is_some() && is_serial {
            return of("webhook", lost);
        }
        let kinds = |names: &[(&'static str, OnReject)]| {
            names.iter().find(|(_, own)| *own == answer).map(|(name, own)| of(name, own.clone()))
        };
        let is_nack = matches!(answer, OnReject::Nack(_));
        if !is_serial {
            let known = [
                ("mqtt", lost.clone()),
                ("pubSub", again("1s", None)),
                ("nsq", again("90s", Some(4))),
            ];
            let other = if is_nack { of("pubSub", again("1s", None)) } else { of("mqtt", lost) };
            return kinds(&known).unwrap_or(other);
        }
        let timetable = source.arrivals.as_ref().and_then(timetable);
        if let Some(timetable) = timetable {
            let persistent = again("100ms", None);
            let on_failure = if answer == persistent { persistent } else { lost.clone() };
            if answer == on_failure || !is_nack {
                return Self { timetable: Some(timetable), ..of("calendar", on_failure) };
            }
        }
        let known = [
            ("amqp", lost.clone()),
            ("sqs", again("120s", None)),
            ("kafka", again("1s", None)),
            ("azureServiceBus", again("1m", None)),
        ];
        let other = if is_nack { of("sqs", again("120s", None)) } else { of("amqp", lost) };
        kinds(&known).unwrap_or(other)
    }

    /// The settings of one event. What only the real system knows is a stand-in.
    fn config(&self, source: &EventSourceSpec, event: &EventNameSpec, index: usize) -> Map {
        let mut map = Map::new();
        let (name, event) = (source.name.as_str(), event.name.as_str());
        match self.name {
            "webhook" => {
                map.put("endpoint", format!("/{event}")).put("port", "12000").put("method", "POST");
                if let Some(most) = &source.max_payload
                    && let Ok(bytes) = most.parse()
                    && bytes.as_u64() != 1 << 20
                {
                    map.put("maxPayloadSize", bytes.as_u64());
                }
            }
            "mqtt" => {
                map.put("url", "tcp://mqtt:1883").put("topic", format!("{name}/{event}"));
                map.put("clientId", format!("{name}-{index}"));
            }
            "amqp" => {
                map.put("url", "amqp://amqp:5672").put("exchangeName", name);
                map.put("exchangeType", "topic").put("routingKey", event);
            }
            "sqs" => {
                map.put("region", "us-east-1").put("queue", format!("{name}-{event}"));
                map.put("waitTimeSeconds", 20_u32);
            }
            "pubSub" => {
                map.put("projectID", "project").put("topic", name);
                map.put("subscriptionID", format!("{name}-{event}"));
            }
            "nsq" => {
                map.put("hostAddress", "nsqlookupd:4161").put("topic", name).put("channel", event);
            }
            "azureServiceBus" => {
                map.put("queueName", format!("{name}-{event}")).put("deferDelete", true);
            }
            "kafka" => {
                let mut group = Map::new();
                group.put("groupName", format!("{name}-{event}"));
                map.put("url", "kafka:9092").put("topic", name).put("consumerGroup", group);
                map.put_some("limitEventsPerSecond", self.limit.map(|(limit, _)| limit));
            }
            _ => {
                match &self.timetable {
                    Some(Timetable::Interval(interval)) => {
                        map.put("interval", interval.as_str());
                    }
                    Some(Timetable::Schedule { schedule, timezone, start }) => {
                        say_unless(&mut map, "start", start, &RUN_START.to_owned());
                        map.put("schedule", schedule.as_str());
                        if timezone != "UTC" {
                            map.put("timezone", timezone.as_str());
                        }
                    }
                    None => {}
                }
                if self.on_failure != OnReject::Drop {
                    let (mut keeper, mut persistence) = (Map::new(), Map::new());
                    keeper.put("name", format!("{name}-{event}")).put("createIfNotExist", true);
                    persistence.put("configMap", keeper);
                    map.put("persistence", Yaml::from(persistence));
                }
            }
        }
        map
    }
}

/// The limit of a pod for each partition, and the partitions, if the kafka type limits so.
fn kafka(limit: &RateLimitSpec, route: RouteSpec) -> Option<(u64, u32)> {
    let is_of_type = matches!(limit.algorithm, None | Some(Algorithm::LeakyBucket { slack: 0 }))
        && limit.over == OverSpec::Wait;
    let per_s = super::sensor::per_unit(limit, super::Unit::Second)?;
    if !is_of_type {
        return None;
    }
    if route == RouteSpec::Serial {
        return Some((per_s, 1));
    }
    let partitions = (2..=64).find(|&number| per_s.is_multiple_of(number));
    let partitions = partitions.or_else(|| (per_s > 1).then_some(per_s))?;
    Some((per_s / partitions, u32::try_from(partitions).ok()?))
}

/// The settings of a calendar that fires so.
fn timetable(arrivals: &Arrivals) -> Option<Timetable> {
    if let Arrivals::Cron { schedules, timezone, start } = arrivals
        && let [schedule] = schedules.as_slice()
    {
        let [schedule, timezone, start] = [schedule, timezone, start].map(String::clone);
        return Some(Timetable::Schedule { schedule, timezone, start });
    }
    let Arrivals::Periodic { every, offset } = arrivals else { return None };
    let same =
        matches!((every.parse(), offset.parse()), (Ok(every), Ok(offset)) if every == offset);
    if same { go_duration(every).map(Timetable::Interval) } else { None }
}
