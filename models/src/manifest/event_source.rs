//! `EventSource`: a stage for each way in which its events fare, so that one of webhooks and queues becomes
//! two. What a type does is in [`super::event_types`].
//!
//! The first stage has the name of the source, others are called `NAME-TYPE`; sensors find theirs by the
//! name of the event.

use std::ops::RangeInclusive;

use sim_core::arrival::{Schedule, split_zone};
use sim_core::time::Rate;

use crate::event_source::spec::{EventNameSpec, EventSourceSpec, RouteSpec};
use crate::spec::arrival::Arrivals;
use crate::spec::cron::is_zone;
use crate::spec::distribution::{DurationSpread, SizeSpread};
use crate::spec::policy::{Algorithm, OnReject, OverSpec, RateLimitSpec};
use crate::spec::quantity::{BytesText, DurationText, RateText};

use super::assumable::{Assumable, Count, Date, Probability, Share, told};
use super::assume::{Otherwise, Said, lines_of};
use super::event_types::{EventType, Fare};
use super::quantities::{duration_text, go_duration};
use super::yaml::Node;
use super::{Importer, Manifest, PASSED_OVER, RUN_START};

/// Largest request that a webhook takes unless it states another: `DefaultMaxWebhookPayloadSize`.
const MAX_PAYLOAD: &str = "1MiB";

/// A source that nothing is known of but its name.
pub(crate) fn unknown_source(name: &str, bus: &str) -> EventSourceSpec {
    EventSourceSpec {
        name: name.to_owned(),
        arrivals: None,
        closed_loop: None,
        payload: SizeSpread::from("1KiB"),
        events: Vec::new(),
        filter: 1.0,
        priority: 0,
        to: bus.to_owned(),
        route: RouteSpec::Parallel,
        latency: DurationSpread::from("8.5ms"),
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

/// What comments say about events, or a source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Comments {
    arrivals: Option<Said>,
    payload: Option<Said>,
    latency: Option<Said>,
    pass: Option<Said>,
    on_failure: Option<Said>,
    partitions: Option<Said>,
}

impl Comments {
    fn texts(&self) -> [Option<&str>; 6] {
        let all = [
            &self.arrivals,
            &self.payload,
            &self.latency,
            &self.pass,
            &self.on_failure,
            &self.partitions,
        ];
        all.map(|said| said.as_ref().map(|said| said.text.as_str()))
    }

    /// The same, and `other` where this says nothing.
    fn or(self, other: Self) -> Self {
        Self {
            arrivals: self.arrivals.or(other.arrivals),
            payload: self.payload.or(other.payload),
            latency: self.latency.or(other.latency),
            pass: self.pass.or(other.pass),
            on_failure: self.on_failure.or(other.on_failure),
            partitions: self.partitions.or(other.partitions),
        }
    }
}

/// One event name of a source.
struct Event<'n> {
    kind: &'static EventType,
    name: &'n str,
    config: &'n Node,
    fare: Fare,
    /// The instants at which it comes, if the manifest says so, and where.
    timetable: Option<(Arrivals, &'n Node)>,
    max_payload: Option<BytesText>,
    limit: Option<(u64, &'n Node)>,
    share: Option<Said>,
    comments: Comments,
}

impl Event<'_> {
    /// Whether the two are one stage of the model.
    fn fares_as(&self, other: &Self) -> bool {
        // Whatever has instants of its own is a stage of its own.
        let have_none = self.timetable.is_none() && other.timetable.is_none();
        let after = |fare: &Fare| match fare {
            Fare::Again { after, retries, .. } => Some((*after, *retries)),
            Fare::Answered | Fare::Lost { .. } => None,
        };
        let limit = |event: &Self| event.limit.map(|(limit, _)| limit);
        have_none
            && self.kind.is_serial() == other.kind.is_serial()
            && after(&self.fare) == after(&other.fare)
            && self.max_payload == other.max_payload
            && limit(self) == limit(other)
            && self.comments.texts() == other.comments.texts()
    }

    /// The field that decides what becomes of an event that could not be published.
    fn deciding_field(&self) -> Option<&Node> {
        match self.kind.name {
            "kafka" => self.config.get("consumerGroup"),
            "azureServiceBus" => self.config.get("deferDelete"),
            "amqp" => self.config.get("consume")?.get("autoAck"),
            "calendar" => self.config.get("persistence"),
            _ => None,
        }
    }

    /// Its filter, if that is one on events.
    fn filter(&self) -> Option<&Node> {
        const OF_WHAT_IS_WATCHED: [&str; 4] = ["minio", "resource", "storageGrid", "stripe"];
        let is_on_events = !OF_WHAT_IS_WATCHED.contains(&self.kind.name);
        if is_on_events { self.config.get("filter") } else { None }
    }
}

impl Importer {
    /// The stages of a source, at least one.
    pub(crate) fn event_source(&mut self, manifest: Manifest<'_>) -> Vec<EventSourceSpec> {
        let Manifest { root, namespace, .. } = manifest;
        let spec = root.get("spec");
        let bus = spec.and_then(|spec| spec.text("eventBusName")).unwrap_or("default");
        let bus = self.names.object("bus", namespace, bus);
        let name = self.names.object("source", namespace, manifest.name);
        let (events, types) = match spec {
            Some(spec) => self.events(manifest, spec),
            None => (Vec::new(), Vec::new()),
        };
        let whole = self.comments(manifest, root, &types);
        if events.is_empty() {
            let at = spec.unwrap_or(root);
            self.warn(manifest, at, "no-event", "the event source has no event of a known type");
            let mut source = unknown_source(&name, &bus);
            self.settle_source(&mut source, whole);
            return vec![source];
        }
        if let Some(replicas) = spec.and_then(|spec| spec.get("replicas")) {
            self.replicas(manifest, replicas, &events);
        }
        let mut groups: Vec<Vec<Event<'_>>> = Vec::new();
        for event in events {
            match groups.iter_mut().find(|group| group[0].fares_as(&event)) {
                Some(group) => group.push(event),
                None => groups.push(vec![event]),
            }
        }
        let whole = self.for_each_group(whole, &groups);
        let mut stages = Vec::with_capacity(groups.len());
        for (index, (group, whole)) in groups.iter().zip(whole).enumerate() {
            let stage = if index == 0 { name.clone() } else { self.next_name(&name, &group[0]) };
            stages.push(self.group(manifest, &stage, &bus, group, whole));
        }
        stages
    }

    /// The events of a source in the order of the file, and the lines of its types.
    fn events<'n>(
        &mut self,
        manifest: Manifest<'_>,
        spec: &'n Node,
    ) -> (Vec<Event<'n>>, Vec<RangeInclusive<u32>>) {
        let (mut events, mut types) = (Vec::new(), Vec::new());
        for (field, of_type) in spec.fields() {
            let meant = || EventType::meant(field).filter(|_| self.intends());
            let Some(kind) = EventType::find(field).or_else(meant) else { continue };
            spec.get(field);
            types.push(lines_of(of_type));
            let lines: Vec<_> = of_type.fields().iter().map(|(_, it)| lines_of(it)).collect();
            let of_all = self.comments(manifest, of_type, &lines);
            for (name, config) in of_type.fields() {
                of_type.get(name);
                let mut event = self.event(manifest, kind, name, config);
                event.comments = event.comments.or(of_all.clone());
                events.push(event);
            }
        }
        (events, types)
    }

    fn event<'n>(
        &mut self,
        manifest: Manifest<'_>,
        kind: &'static EventType,
        name: &'n str,
        config: &'n Node,
    ) -> Event<'n> {
        let version = if self.intends() {
            super::Versions::default().argo_events
        } else {
            self.versions.argo_events
        };
        let max_payload = kind.is_webhook().then(|| self.max_payload(manifest, kind, config));
        Event {
            kind,
            name,
            config,
            fare: kind.fare(config, version),
            timetable: match kind.name {
                "calendar" => self.timetable(manifest, name, config),
                _ => None,
            },
            max_payload,
            limit: config
                .get("limitEventsPerSecond")
                .filter(|_| kind.name == "kafka")
                .and_then(|limit| self.limit(manifest, config, limit)),
            share: self.heard(manifest, config, "share"),
            comments: self.comments(manifest, config, &[]),
        }
    }

    fn comments(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        except: &[RangeInclusive<u32>],
    ) -> Comments {
        let mut heard = |name| self.heard_beside(manifest, node, name, except);
        Comments {
            arrivals: heard("arrivals").or_else(|| heard("rate")),
            payload: heard("payload"),
            latency: heard("latency"),
            pass: heard("pass"),
            on_failure: heard("on_failure"),
            partitions: heard("partitions"),
        }
    }

    /// What a comment about the whole source means for each of its stages: a rate is split by the shares of
    /// their events.
    fn for_each_group(&mut self, whole: Comments, groups: &[Vec<Event<'_>>]) -> Vec<Comments> {
        let mut all = vec![whole.clone(); groups.len()];
        let Some(said) = whole.arrivals.filter(|_| groups.len() > 1) else { return all };
        let free: Vec<f64> = groups
            .iter()
            .map(|group| {
                let is_free = group[0].timetable.is_none() && group[0].comments.arrivals.is_none();
                let share = |event: &Event<'_>| {
                    let said = event.share.as_ref().and_then(|it| Share::read(&it.text).ok());
                    said.map_or(1.0, |Share(share)| share)
                };
                if is_free { group.iter().map(share).sum() } else { 0.0 }
            })
            .collect();
        let total: f64 = free.iter().sum();
        let rate = match Arrivals::read(&said.text) {
            Ok(Arrivals::Poisson { rate }) => rate.parse().ok(),
            Ok(_) => None,
            // Told where it is settled.
            Err(_) => return all,
        };
        if rate.is_none() {
            let message = format!(
                "these arrivals cannot be split: the source has {} stages, events of which fare differently",
                groups.len()
            );
            let mut diagnostic = crate::diagnostic::Diagnostic::error("", message);
            diagnostic
                .code("bad-assumption")
                .expected("a rate, or a comment on each of the events")
                .at(Some(said.location.clone()));
            self.findings.push(diagnostic);
        }
        for (comments, share) in all.iter_mut().zip(free) {
            comments.arrivals = rate.filter(|_| share > 0.0).map(|rate| {
                let part = Rate::from_per_s(rate.per_s() * share / total).unwrap_or(rate);
                Said { text: part.to_string(), ..said.clone() }
            });
        }
        all
    }

    /// The name of a further stage.
    fn next_name(&mut self, source: &str, first: &Event<'_>) -> String {
        let (kind, event) = (first.kind.name, first.name);
        let key = format!("{source}/{kind}/{event}");
        let mut candidate = format!("{source}-{kind}");
        if self.names.is_taken(&candidate) {
            candidate = format!("{source}-{kind}-{event}");
        }
        self.names.called("source", key, candidate)
    }

    /// One stage.
    fn group(
        &mut self,
        manifest: Manifest<'_>,
        name: &str,
        bus: &str,
        events: &[Event<'_>],
        whole: Comments,
    ) -> EventSourceSpec {
        let first = &events[0];
        let comments = first.comments.clone().or(whole);
        let mut source = unknown_source(name, bus);
        // Nobody means a queue to be read one by one; webhooks are known for it.
        let is_serial = first.kind.is_webhook() || first.kind.is_serial() && !self.intends();
        source.route = if is_serial { RouteSpec::Serial } else { RouteSpec::Parallel };
        source.max_payload.clone_from(&first.max_payload);
        source.on_failure = Some(self.on_failure(name, first, comments.on_failure.clone()));
        if let Some((limit, _)) = first.limit {
            self.limited(&mut source, limit, comments.partitions.clone());
        }
        if let Some((arrivals, _)) = &first.timetable {
            source.arrivals = Some(arrivals.clone());
        }
        let filtered = events.iter().filter_map(Event::filter).count();
        if filtered > 0 || comments.pass.is_some() {
            let parameter = format!("{name}.filter");
            let otherwise =
                Otherwise { value: "1", because: "what share passes depends on the events" };
            let Probability(pass) =
                self.settle(comments.pass.clone(), "pass", parameter, otherwise);
            source.filter = pass;
        }
        let is_calendar = first.kind.name == "calendar";
        self.settle_arrivals(&mut source, comments.arrivals.clone(), is_calendar);
        self.settle_source(&mut source, comments);
        for (index, event) in events.iter().enumerate() {
            self.names.publishes(manifest, event.name, name);
            source.events.push(event_name(event.name));
            if events.len() > 1 || event.share.is_some() {
                let parameter = format!("{name}.events[{index}].share");
                let because = "manifests do not say which event comes how often";
                let otherwise = Otherwise { value: "1", because };
                let Share(share) = self.settle(event.share.clone(), "share", parameter, otherwise);
                source.events[index].share = share;
            }
            self.account_for(&source, event);
        }
        source
    }

    /// Settles what is left open of a source.
    pub(crate) fn settle_source(&mut self, source: &mut EventSourceSpec, comments: Comments) {
        let name = source.name.clone();
        self.settle_arrivals(source, comments.arrivals, false);
        let otherwise =
            Otherwise { value: "1KiB", because: "manifests do not say how large events are" };
        source.payload =
            self.settle(comments.payload, "payload", format!("{name}.payload"), otherwise);
        let because = "measured on a bus of three nodes (argo-events#1798)";
        let otherwise = Otherwise { value: "8.5ms", because };
        source.latency =
            self.settle(comments.latency, "latency", format!("{name}.latency"), otherwise);
    }

    fn settle_arrivals(
        &mut self,
        source: &mut EventSourceSpec,
        said: Option<Said>,
        is_calendar: bool,
    ) {
        if source.arrivals.is_some() {
            return;
        }
        let because = "manifests do not say how many events come; `--storm` does";
        let value = if is_calendar { "1/min" } else { "1/s" };
        let parameter = format!("{}.arrivals", source.name);
        let otherwise = Otherwise { value, because };
        source.arrivals = Some(self.settle(said, "arrivals", parameter, otherwise));
    }

    /// What becomes of an event that could not be published.
    fn on_failure(&mut self, stage: &str, event: &Event<'_>, said: Option<Said>) -> OnReject {
        let parameter = format!("{stage}.on_failure");
        match event.fare {
            Fare::Lost { because } if said.is_some() => {
                self.settle(said, "on_failure", parameter, Otherwise { value: "Drop", because })
            }
            Fare::Lost { .. } => OnReject::Drop,
            Fare::Answered => {
                let because =
                    "webhooks answer 500, and whether the caller tries again is its own business";
                let otherwise = Otherwise { value: "Drop", because };
                self.settle(said, "on_failure", parameter, otherwise)
            }
            Fare::Again { after, retries, because } => {
                let meant = self.ack_wait(event);
                let after = meant.as_ref().map_or(after, |meant| meant.as_str());
                let retries = retries.map_or_else(String::new, |most| format!(", retries: {most}"));
                let value = format!("Nack(after: \"{after}\"{retries})");
                let because = if meant.is_some() { "`ackWaitTime` says so" } else { because };
                self.settle(said, "on_failure", parameter, Otherwise { value: &value, because })
            }
        }
    }

    /// `ackWaitTime` of the document: no event source has such a field.
    fn ack_wait(&mut self, event: &Event<'_>) -> Option<DurationText> {
        let wait = event.config.find("ackWaitTime")?;
        let text = DurationText::from(wait.scalar().unwrap_or_default());
        (self.intends() && text.parse().is_ok_and(|it| !it.is_zero())).then_some(text)
    }

    /// The limit of the kafka type: a pause after each message of a partition.
    fn limit<'n>(
        &mut self,
        manifest: Manifest<'_>,
        config: &Node,
        limit: &'n Node,
    ) -> Option<(u64, &'n Node)> {
        let text = limit.scalar().unwrap_or_default();
        match text.parse::<i64>() {
            Err(_) => {
                let message = format!("`{text}` is no whole number: taken for no limit");
                self.warn(manifest, limit, "bad-value", message);
                None
            }
            Ok(number) if number <= 0 => {
                self.not_modeled(limit, "no limit");
                None
            }
            Ok(_) if !self.intends() && config.get("consumerGroup").is_none() => {
                self.not_modeled(limit, "read with a `consumerGroup` only: passed over");
                None
            }
            Ok(number) => Some((number.unsigned_abs(), limit)),
        }
    }

    fn limited(&mut self, source: &mut EventSourceSpec, limit: u64, said: Option<Said>) {
        let mut count = limit;
        if !self.intends() {
            let parameter = format!("{}.partitions", source.name);
            let because =
                "the limit is one per partition, and manifests do not say how many the pod reads";
            let otherwise = Otherwise { value: "1", because };
            let Count(partitions) = self.settle(said, "partitions", parameter, otherwise);
            count = limit.saturating_mul(u64::from(partitions));
            if partitions > 1 {
                source.route = RouteSpec::Parallel;
            }
        }
        source.rate_limit = Some(RateLimitSpec {
            rate: Some(RateText::from(format!("{count}/s").as_str())),
            requests_per_unit: None,
            unit: None,
            algorithm: Some(Algorithm::LeakyBucket { slack: 0 }),
            over: OverSpec::Wait,
        });
    }

    fn max_payload(
        &mut self,
        manifest: Manifest<'_>,
        kind: &EventType,
        config: &Node,
    ) -> BytesText {
        let size = kind.request(config).and_then(|request| request.get("maxPayloadSize"));
        let Some(size) = size else { return MAX_PAYLOAD.into() };
        let text = size.scalar().unwrap_or_default();
        match text.parse::<u64>() {
            Ok(bytes) => BytesText::from(bytes.to_string().as_str()),
            Err(_) => {
                let message = format!("`{text}` is no number of bytes: taken for {MAX_PAYLOAD}");
                self.warn(manifest, size, "bad-value", message);
                MAX_PAYLOAD.into()
            }
        }
    }

    /// The instants of a calendar; `schedule` goes before `interval`.
    fn timetable<'n>(
        &mut self,
        manifest: Manifest<'_>,
        event: &str,
        config: &'n Node,
    ) -> Option<(Arrivals, &'n Node)> {
        let (schedule, interval) = (config.get("schedule"), config.get("interval"));
        let timezone = config.get("timezone");
        if let Some(schedule) = schedule.filter(|it| it.scalar() != Some("")) {
            if let Some(interval) = interval {
                self.not_modeled(interval, "`schedule` goes before it");
            }
            let text = schedule.scalar().unwrap_or_default();
            let zone = timezone.and_then(Node::scalar).filter(|it| !it.is_empty()).unwrap_or("UTC");
            if let Err(error) = Schedule::parse(split_zone(text).1) {
                self.not_modeled(schedule, format!("{}: how much comes is assumed", error.problem));
                return None;
            }
            if !is_zone(zone) {
                let why = format!("there is no time zone `{zone}`: how much comes is assumed");
                self.not_modeled(schedule, why);
                return None;
            }
            let parameter = format!("{}/{event}, start", manifest.name);
            let because = "manifests do not say when the run begins";
            let otherwise = Otherwise { value: RUN_START, because };
            let said = self.heard(manifest, config, "start");
            let Date(start) = self.settle(said, "start", parameter, otherwise);
            let (schedules, timezone) = (vec![text.to_owned()], zone.to_owned());
            return Some((Arrivals::Cron { schedules, timezone, start }, schedule));
        }
        if let Some(timezone) = timezone {
            self.not_modeled(timezone, "an interval follows no clock");
        }
        let interval = interval?;
        let text = interval.scalar().unwrap_or_default();
        let Some(every) = go_duration(text).and_then(|nanos| duration_text(text, nanos)) else {
            self.not_modeled(interval, "it is no duration: how much comes is assumed");
            return None;
        };
        Some((Arrivals::Periodic { every: every.clone(), offset: every }, interval))
    }

    fn replicas(&mut self, manifest: Manifest<'_>, replicas: &Node, events: &[Event<'_>]) {
        let count: u32 = replicas.scalar().and_then(|text| text.parse().ok()).unwrap_or(1);
        let active = events.iter().filter(|event| event.kind.is_active_active).count();
        if count <= 1 {
            self.not_modeled(replicas, "one pod");
        } else if active == 0 {
            self.not_modeled(replicas, "one pod is active at a time");
        } else {
            self.warn(
                manifest,
                replicas,
                "one-pod",
                format!("all {count} pods take events at once: they are taken for one pod"),
            )
            .hint("`# surgetank: latency …` with a part of the time stands for more of them");
            self.not_modeled(replicas, "taken for one pod");
        }
        if active > 0 && active < events.len() {
            self.warn(
                manifest,
                replicas,
                "mixed-event-source",
                "types that several pods can read and types that one pod reads do not go together: the \
                 controller refuses them in one source, they are modeled as two",
            );
        }
    }

    /// Tells what became of the fields of an event.
    fn account_for(&mut self, source: &EventSourceSpec, event: &Event<'_>) {
        let name = &source.name;
        let on_failure = source.on_failure.as_ref().map(told).unwrap_or_default();
        if let Some(node) = event.deciding_field() {
            self.take_itself(node, format!("{name}.on_failure"), on_failure.clone());
        }
        if let Some(wait) = event.config.get("ackWaitTime") {
            let is_meant = self.ack_wait(event).is_some();
            match event.fare {
                Fare::Again { .. } if is_meant => {
                    self.take(wait, format!("{name}.on_failure"), on_failure);
                }
                _ => self.not_modeled(wait, PASSED_OVER),
            }
        }
        if let Some((arrivals, node)) = &event.timetable {
            self.take(node, format!("{name}.arrivals"), arrivals.shown());
        }
        if let Some((_, node)) = event.limit {
            let rate = source.rate_limit.as_ref().and_then(|limit| limit.rate.as_ref());
            let rate = rate.map(ToString::to_string).unwrap_or_default();
            self.take(node, format!("{name}.rate_limit"), rate);
        }
        if let Some(filter) = event.filter() {
            self.take(filter, format!("{name}.filter"), source.filter.to_string());
        }
        let size = event.kind.request(event.config).and_then(|it| it.get("maxPayloadSize"));
        if let Some((size, most)) = size.zip(source.max_payload.as_ref()) {
            self.take(size, format!("{name}.max_payload"), most.to_string());
        }
    }
}
