//! `Sensor`: dependencies and triggers, each limit where the controller reads it.

use super::asides::{say, say_unless};
use super::event_bus::go_duration;
use super::yaml::{Item, Map, Yaml};
use super::{Object, OverSpec, Unit, Written, object};
use crate::manifest::assumable::{Count, Probability};
use crate::sensor::spec::{
    ActionSpec, DeadLetterSpec, DeliverySpec, DependencySpec, OnTimeoutSpec, PolicySpec, ResetSpec,
    SensorSpec, TriggerSpec,
};
use crate::spec::distribution::DurationSpread;
use crate::spec::model::{ModelSpec, Stage};
use crate::spec::policy::{RateLimitSpec, RetrySpec};

/// What all triggers and dead letters do.
pub(super) fn actions(spec: &ModelSpec) -> impl Iterator<Item = &ActionSpec> {
    let sensors = spec.stages.iter().filter_map(|stage| match stage {
        Stage::Sensor(sensor) => Some(sensor),
        _ => None,
    });
    let triggers = sensors.flat_map(|sensor| &sensor.triggers);
    triggers.flat_map(|trigger| {
        std::iter::once(&trigger.action).chain(trigger.dead_letter.iter().map(|dead| &dead.action))
    })
}

pub(super) fn sensor(sensor: &SensorSpec, written: &Written<'_>) -> Object {
    let mut spec = Map::new();
    if sensor.bus != "default" {
        spec.put("eventBusName", sensor.bus.as_str());
    }
    let dependencies = sensor.dependencies.iter().map(|it| dependency(it, written.spec));
    spec.put("dependencies", Yaml::list(dependencies));
    let triggers = sensor.triggers.iter().map(|it| trigger(it, written));
    spec.put("triggers", Yaml::list(triggers));
    object("Sensor", &sensor.name, spec)
}

fn dependency(dependency: &DependencySpec, spec: &ModelSpec) -> Map {
    let mut map = Map::new();
    say_unless(&mut map, "pass", &Probability(dependency.filter), &Probability(1.0));
    map.put("name", dependency.name.as_str());
    map.put("eventSourceName", dependency.source.as_str());
    let first = spec.stages.iter().find_map(|stage| match stage {
        Stage::EventSource(source) if source.name == dependency.source => {
            source.events.first().map(|event| event.name.as_str())
        }
        _ => None,
    });
    let event = dependency.event.as_deref().or(first);
    map.put("eventName", event.unwrap_or(crate::event_source::spec::DEFAULT_EVENT));
    map
}

fn trigger(trigger: &TriggerSpec, written: &Written<'_>) -> Map {
    let mut map = Map::new();
    let own = Under { latency: &trigger.latency, failure: trigger.failure };
    own.say(&mut map, &trigger.action);
    // The trigger's lines are also those of its dead letter: what that says must not be taken for its own.
    let dead = trigger.dead_letter.as_ref().map(|dead| &dead.action);
    let is_explicit = matches!(dead, Some(ActionSpec::Http(_)));
    say_callee(&mut map, &trigger.action, is_explicit, written);
    let mut template = Map::new();
    template.put("name", trigger.name.as_str());
    template.put_some("conditions", trigger.conditions.as_deref());
    if let Some(cron) = trigger.reset.as_ref().and_then(cron) {
        let (mut by_time, mut reset) = (Map::new(), Map::new());
        by_time.put("cron", cron);
        reset.put("byTime", by_time);
        template.put("conditionsReset", Yaml::list([reset]));
    }
    put_action(&mut template, &trigger.name, &trigger.action, written);
    if let (Some(timeout), ActionSpec::Http(_)) = (&trigger.timeout, &trigger.action)
        && let Ok(timeout) = timeout.parse()
        && timeout.as_nanos() % 1_000_000_000 == 0
        && let Some(Item { value: Yaml::Map(http), .. }) = template.get_mut("http")
    {
        http.put("timeout", timeout.as_nanos() / 1_000_000_000);
    }
    map.put("template", template);
    if trigger.delivery == DeliverySpec::AtLeastOnce {
        map.put("atLeastOnce", true);
    }
    map.put_some("rateLimit", trigger.rate_limit.as_ref().and_then(rate_limit));
    if let ActionSpec::WorkflowAndWait(_) = &trigger.action {
        map.put("policy", policy(trigger.policy.as_ref()));
    }
    map.put_some("retryStrategy", trigger.retry.as_ref().and_then(retry));
    if let Some(dead) = &trigger.dead_letter {
        let own = Under { latency: &dead.latency, failure: dead.failure };
        own.say(&mut map, &dead.action);
        say_callee(&mut map, &dead.action, false, written);
        let letter = dead_letter(dead, &trigger.name, written);
        map.put("dlqTrigger", letter);
    }
    map
}

fn dead_letter(dead: &DeadLetterSpec, name: &str, written: &Written<'_>) -> Map {
    let mut template = Map::new();
    template.put("name", format!("{name}-dead-letter"));
    put_action(&mut template, &format!("{name}-dead-letter"), &dead.action, written);
    let mut map = Map::new();
    map.put("template", template);
    map.put_some("retryStrategy", dead.retry.as_ref().and_then(retry));
    map
}

/// How long a request is under way, and how often it fails.
struct Under<'u> {
    latency: &'u DurationSpread,
    failure: f64,
}

impl Under<'_> {
    fn say(&self, map: &mut Map, action: &ActionSpec) {
        let is_short = matches!(action, ActionSpec::Http(_) | ActionSpec::Log);
        let default = DurationSpread::from(if is_short { "1ms" } else { "30ms" });
        say_unless(map, "latency", self.latency, &default);
        say_unless(map, "failure", &Probability(self.failure), &Probability(0.0));
    }
}

/// What the other side of a call can take, unless somebody has said so before.
fn say_callee(map: &mut Map, action: &ActionSpec, is_explicit: bool, written: &Written<'_>) {
    let ActionSpec::Http(name) = action else { return };
    let station = written.spec.stages.iter().find_map(|stage| match stage {
        Stage::Station(station) if station.name == *name => Some(station),
        _ => None,
    });
    let Some(station) = station else { return };
    if !written.said.borrow_mut().insert(name.clone()) {
        return;
    }
    if is_explicit {
        say(map, "servers", &Count(station.servers));
        say(map, "service", &station.service);
    } else {
        say_unless(map, "servers", &Count(station.servers), &Count(64));
        say_unless(map, "service", &station.service, &"5ms".into());
    }
}

fn put_action(template: &mut Map, name: &str, action: &ActionSpec, written: &Written<'_>) {
    match action {
        ActionSpec::Log => {
            template.put("log", Map::new());
        }
        ActionSpec::Http(station) => {
            let mut http = Map::new();
            http.put("url", format!("http://{station}/")).put("method", "POST");
            template.put("http", http);
        }
        ActionSpec::Store(store) => {
            let (mut metadata, mut resource) = (Map::new(), Map::new());
            metadata.put("generateName", format!("{store}-"));
            resource.put("apiVersion", "v1").put("kind", "ConfigMap").put("metadata", metadata);
            let (mut source, mut k8s) = (Map::new(), Map::new());
            source.put("resource", resource);
            k8s.put("operation", "create").put("source", source);
            template.put("k8s", k8s);
        }
        ActionSpec::Workflow(of) | ActionSpec::WorkflowAndWait(of) => {
            let (mut metadata, mut resource) = (Map::new(), Map::new());
            metadata.put("generateName", format!("{name}-"));
            let namespace = super::workflow::namespace(written.spec, of);
            metadata.put_some("namespace", namespace.filter(|space| *space != "default"));
            let (mut reference, mut spec) = (Map::new(), Map::new());
            reference.put("name", of.as_str());
            spec.put("workflowTemplateRef", reference);
            resource.put("apiVersion", "argoproj.io/v1alpha1").put("kind", "Workflow");
            resource.put("metadata", metadata).put("spec", spec);
            let (mut source, mut submit) = (Map::new(), Map::new());
            source.put("resource", resource);
            submit.put("operation", "submit").put("source", source);
            template.put("argoWorkflow", submit);
        }
    }
}

/// So many per unit, if that is a whole number.
pub(super) fn per_unit(limit: &RateLimitSpec, unit: Unit) -> Option<u64> {
    let seconds = |unit: Unit| match unit {
        Unit::Second => 1_u64,
        Unit::Minute => 60,
        Unit::Hour => 3_600,
    };
    let nanos = u128::from(seconds(unit)) * 1_000_000_000;
    let (count, per) = match (&limit.rate, limit.requests_per_unit, limit.unit) {
        (Some(rate), None, _) => {
            let per_s = rate.parse().ok()?.per_s() * seconds(unit) as f64;
            let whole = per_s.round();
            let is_whole = whole >= 1.0 && (per_s - whole).abs() < 1e-9 * whole;
            return is_whole.then_some(whole as u64);
        }
        (None, Some(count), own) => (count, seconds(own?)),
        _ => return None,
    };
    let (total, per) = (u128::from(count) * nanos, u128::from(per) * 1_000_000_000);
    let fits = total.is_multiple_of(per) && total > 0;
    fits.then(|| u64::try_from(total / per).ok()).flatten()
}

/// The limit in the largest unit that it is written in, or the smallest that fits.
pub(super) fn units(limit: &RateLimitSpec) -> Option<(u64, Unit)> {
    if let (Some(count), Some(unit)) = (limit.requests_per_unit, limit.unit) {
        return (count > 0).then_some((count, unit));
    }
    [Unit::Second, Unit::Minute, Unit::Hour]
        .into_iter()
        .find_map(|unit| Some((per_unit(limit, unit)?, unit)))
}

fn rate_limit(limit: &RateLimitSpec) -> Option<Map> {
    let (count, unit) = units(limit).filter(|_| limit.over == OverSpec::Wait)?;
    let mut map = Map::new();
    map.put("requestsPerUnit", count).put("unit", format!("{unit:?}"));
    Some(map)
}

/// `retryStrategy`, a backoff.
fn retry(retry: &RetrySpec) -> Option<Map> {
    backoff(retry.steps, go_duration(&retry.duration)?, retry.factor, retry.jitter)
}

fn backoff(steps: u16, duration: String, factor: f64, jitter: f64) -> Option<Map> {
    let mut map = Map::new();
    map.put("steps", steps).put("duration", duration);
    map.put("factor", factor).put("jitter", jitter);
    Some(map)
}

/// Waits as the policy says; as long as can be where the model waits as long as it takes.
fn policy(policy: Option<&PolicySpec>) -> Map {
    let mut k8s = Map::new();
    let mut labels = Map::new();
    labels.put("workflows.argoproj.io/phase", "Succeeded");
    k8s.put("labels", labels);
    let backoff = match policy {
        Some(policy) => go_duration(&policy.duration)
            .and_then(|duration| backoff(policy.steps, duration, policy.factor, policy.jitter)),
        None => backoff(crate::spec::policy::STEPS_MAX, "1s".to_owned(), 1.0, 0.0),
    };
    k8s.put_some("backoff", backoff);
    let fails = policy.is_some_and(|policy| policy.on_timeout == OnTimeoutSpec::Failure);
    k8s.put("errorOnBackoffTimeout", fails);
    let mut map = Map::new();
    map.put("k8s", k8s);
    map
}

/// The schedule of a reset, by UTC, if it has one.
fn cron(reset: &ResetSpec) -> Option<String> {
    let every = reset.every.parse().ok()?;
    let first = match &reset.first {
        Some(first) => first.parse().ok()?,
        None => every,
    };
    let minutes = |it: sim_core::time::SimDuration| {
        let nanos = it.as_nanos();
        nanos.is_multiple_of(60_000_000_000).then_some(nanos / 60_000_000_000)
    };
    let (every_m, first_m) = (minutes(every)?, minutes(first)?);
    /// Of the run's beginning.
    const FRIDAY: u64 = 5;
    let at = if first_m == every_m { 0 } else { first_m };
    let (minute, hour, day) = (at % 60, at / 60 % 24, at / 60 / 24);
    let text = match every_m {
        1 => "* * * * *".to_owned(),
        60 => format!("{minute} * * * *"),
        1_440 => format!("{minute} {hour} * * *"),
        10_080 => format!("{minute} {hour} * * {}", (FRIDAY + day) % 7),
        every if every < 60 => format!("*/{every} * * * *"),
        every if every % 60 == 0 => format!("{minute} */{} * * *", every / 60),
        _ => return None,
    };
    // Only if it says just that.
    let said = crate::manifest::periodic::period(&text, sim_core::arrival::Zone::UTC).ok()?;
    (said.every == every && said.first == first).then_some(text)
}
