//! A trigger of a sensor: the fields beside its template. What it does is in [`super::action`].
//!
//! argo-events v1.9.11 `pkg/sensors/listener.go`: `rateLimit`, `retryStrategy`, `atLeastOnce`, `policy` and
//! `dlqTrigger` belong to a trigger, beside its `template`; a unit other than `Second`, `Minute` or `Hour`
//! counts as `Second`; retries and dead letters need `atLeastOnce`.

use crate::sensor::spec::{
    ActionSpec, DeadLetterSpec, DeliverySpec, OnTimeoutSpec, PolicySpec, ResetSpec, TriggerSpec,
};
use crate::spec::policy::{Algorithm, OverSpec, RateLimitSpec, RetrySpec, STEPS_MAX, Unit};
use crate::spec::quantity::DurationText;
use crate::workflow::Version;

use super::action::TEMPLATES;
use super::assumable::Probability;
use super::assume::{Otherwise, lines_of};
use super::event_types::is_true;
use super::periodic::period;
use super::sensor::Submitted;
use super::yaml::Node;
use super::{Importer, Manifest, PASSED_OVER};
use crate::spec::cron::zone;

/// Since these releases argo-events reads `atLeastOnce`, retries only what is delivered so, and reads
/// `dlqTrigger`.
const READS_AT_LEAST_ONCE: Version = Version::new(1, 8, 0);
const RETRIES_ONLY_AT_LEAST_ONCE: Version = Version::new(1, 9, 0);
const READS_DEAD_LETTERS: Version = Version::new(1, 9, 3);

/// A trigger on its way into the model.
#[derive(Clone, Copy)]
pub(super) struct At<'a, 'n> {
    pub(super) manifest: Manifest<'n>,
    pub(super) node: &'a Node,
    /// Its name in the cluster.
    pub(super) name: &'a str,
    /// Its path in the model.
    pub(super) path: &'a str,
}

impl Importer {
    pub(super) fn trigger(
        &mut self,
        manifest: Manifest<'_>,
        trigger: &Node,
        path: &str,
        submitted: &mut Submitted<'_, '_>,
    ) -> TriggerSpec {
        let template = trigger.get("template");
        let name = template.and_then(|it| it.text("name")).unwrap_or("unnamed");
        let at = At { manifest, node: trigger, name, path };
        let at_least_once = self.beside(trigger, template, "atLeastOnce");
        let delivery = self.delivery(path, at_least_once);
        let limit = self.beside(trigger, template, "rateLimit");
        let rate_limit =
            limit.and_then(|limit| self.rate_limit(manifest, limit, &format!("{path}.rate_limit")));
        let retry = self
            .beside(trigger, template, "retryStrategy")
            .filter(|retry| self.has_effect(retry, delivery, "retryStrategy"))
            .map(|retry| self.retry(manifest, retry, &format!("{path}.retry")));
        let written = self.beside(trigger, template, "policy");
        let waits = written.and_then(|policy| policy.get("k8s")).is_some();
        let action = self.action(at, template, waits, submitted);
        let policy = written.and_then(|policy| self.policy(at, policy, &action));
        let timeout = self.timeout(at, template, &action);
        let dead = self.beside(trigger, template, "dlqTrigger");
        let except: Vec<_> = dead.iter().map(|dead| lines_of(dead)).collect();
        let dead_letter = dead
            .filter(|dead| self.has_effect(dead, delivery, "dlqTrigger"))
            .map(|dead| self.dead_letter(at, dead, submitted));
        let latency = self.heard_beside(manifest, trigger, "latency", &except);
        let failure = self.heard_beside(manifest, trigger, "failure", &except);
        TriggerSpec {
            conditions: self.conditions(template, path),
            reset: template.and_then(|template| self.reset(template, path)),
            delivery,
            rate_limit,
            timeout,
            latency: self.settle(latency, "latency", format!("{path}.latency"), under_way(&action)),
            failure: self.odds(failure, format!("{path}.failure")),
            policy,
            retry,
            dead_letter,
            name: name.to_owned(),
            action,
        }
    }

    /// The probability that an attempt fails.
    fn odds(&mut self, said: Option<super::assume::Said>, parameter: String) -> f64 {
        let because = "manifests do not say how often an attempt fails";
        let otherwise = Otherwise { value: "0", because };
        let Probability(failure) = self.settle(said, "failure", parameter, otherwise);
        failure
    }

    fn dead_letter(
        &mut self,
        at: At<'_, '_>,
        dead: &Node,
        submitted: &mut Submitted<'_, '_>,
    ) -> DeadLetterSpec {
        let path = format!("{}.dead_letter", at.path);
        let name = format!("{}-dead-letter", at.name);
        let here = At { node: dead, name: &name, path: &path, ..at };
        for (field, why) in [
            ("rateLimit", "the limiter of a dead-letter trigger is never made"),
            ("atLeastOnce", "a dead-letter trigger is part of its trigger"),
            ("policy", "a dead-letter trigger is taken for done as soon as it was sent"),
            ("dlqTrigger", "a dead letter has none of its own"),
        ] {
            if let Some(node) = dead.get(field) {
                self.not_modeled(node, why);
            }
        }
        let retry = dead.get("retryStrategy");
        let retry = retry.map(|retry| self.retry(at.manifest, retry, &format!("{path}.retry")));
        let template = dead.get("template");
        if let Some(template) = template {
            template.get("name");
        }
        let action = self.action(here, template, false, submitted);
        let latency = self.heard(at.manifest, dead, "latency");
        let failure = self.heard(at.manifest, dead, "failure");
        DeadLetterSpec {
            retry,
            latency: self.settle(latency, "latency", format!("{path}.latency"), under_way(&action)),
            failure: self.odds(failure, format!("{path}.failure")),
            action,
        }
    }

    /// A field of the trigger, or the same within its template, where the controller does not look.
    fn beside<'n>(
        &mut self,
        trigger: &'n Node,
        template: Option<&'n Node>,
        field: &str,
    ) -> Option<&'n Node> {
        let right = trigger.get(field);
        let Some(misplaced) = template.and_then(|template| template.get(field)) else {
            return right;
        };
        if right.is_none() && self.intends() {
            return Some(misplaced);
        }
        self.not_modeled(misplaced, PASSED_OVER);
        right
    }

    fn conditions(&mut self, template: Option<&Node>, path: &str) -> Option<String> {
        let conditions = template?.get("conditions")?;
        let text = conditions.scalar().filter(|text| !text.trim().is_empty())?;
        self.take(conditions, format!("{path}.conditions"), text);
        Some(text.to_owned())
    }

    /// When a condition that holds in part is cleared.
    fn reset(&mut self, template: &Node, path: &str) -> Option<ResetSpec> {
        let mut found: Option<ResetSpec> = None;
        for reset in template.list("conditionsReset") {
            let Some(by_time) = reset.get("byTime") else { continue };
            let named = by_time.get("timezone");
            let Some(cron) = by_time.get("cron") else { continue };
            let name = named.and_then(Node::scalar).unwrap_or_default();
            let period = match zone(name) {
                Some(zone) => period(cron.scalar().unwrap_or_default(), zone),
                None => Err("its time zone is none"),
            };
            if let Some(named) = named {
                self.take(named, format!("{path}.reset.first"), name);
            }
            match period {
                Err(why) => self.not_modeled(cron, why),
                Ok(_) if found.is_some() => {
                    self.not_modeled(
                        cron,
                        "a trigger of the model has one reset: the first counts",
                    );
                }
                Ok(period) => {
                    let (every, first) = (period.every.into(), DurationText::from(period.first));
                    let shown = format!("every {every}, first after {first}");
                    self.take(cron, format!("{path}.reset"), shown);
                    found = Some(ResetSpec { every, first: Some(first) });
                }
            }
        }
        found
    }

    fn delivery(&mut self, path: &str, stated: Option<&Node>) -> DeliverySpec {
        let parameter = format!("{path}.delivery");
        let too_old = !self.intends() && self.versions.argo_events < READS_AT_LEAST_ONCE;
        if let Some(stated) = stated {
            if too_old {
                self.not_modeled(stated, "read since v1.8.0");
                return DeliverySpec::FireAndForget;
            }
            let delivery = if is_true(Some(stated)) {
                DeliverySpec::AtLeastOnce
            } else {
                DeliverySpec::FireAndForget
            };
            self.take(stated, parameter, format!("{delivery:?}"));
            return delivery;
        }
        if self.intends() {
            self.assume(
                parameter,
                "at least once: events wait in the bus",
                "nothing is stated, and nobody means to lose events",
            );
            return DeliverySpec::AtLeastOnce;
        }
        self.assume(
            parameter,
            "fire and forget: events wait in the sensor's memory",
            "`atLeastOnce` is false unless stated",
        );
        DeliverySpec::FireAndForget
    }

    /// Whether retries or dead letters count.
    fn has_effect(&mut self, node: &Node, delivery: DeliverySpec, field: &str) -> bool {
        if self.intends() {
            return true;
        }
        let version = self.versions.argo_events;
        if field == "dlqTrigger" && version < READS_DEAD_LETTERS {
            self.not_modeled(node, "read since v1.9.3");
            return false;
        }
        let needs = field == "dlqTrigger" || version >= RETRIES_ONLY_AT_LEAST_ONCE;
        if needs && delivery != DeliverySpec::AtLeastOnce {
            self.not_modeled(node, "without `atLeastOnce: true` it has no effect (since v1.9.0)");
            return false;
        }
        true
    }

    pub(super) fn rate_limit(
        &mut self,
        manifest: Manifest<'_>,
        limit: &Node,
        path: &str,
    ) -> Option<RateLimitSpec> {
        let count = limit.get("requestsPerUnit");
        let written = limit.get("unit");
        let per_unit = count.and_then(Node::scalar).and_then(|text| text.parse::<u64>().ok());
        let Some(per_unit) = per_unit.filter(|&per_unit| per_unit > 0) else {
            let why = "`requestsPerUnit` of zero, or none: the sensor divides by it and crashes; modeled \
                       without a limit";
            if let Some(text) = count.and_then(Node::scalar).filter(|it| it.parse::<i64>().is_err())
            {
                let message = format!("`{text}` is no whole number: modeled without a limit");
                self.warn(manifest, limit, "bad-value", message);
            }
            self.not_modeled(limit, why);
            return None;
        };
        let unit = self.unit(written.and_then(Node::scalar));
        if let Some(count) = count {
            self.take(count, format!("{path}.requests_per_unit"), per_unit.to_string());
        }
        if let Some(written) = written {
            self.take(written, format!("{path}.unit"), format!("{unit:?}"));
        }
        Some(RateLimitSpec {
            rate: None,
            requests_per_unit: Some(per_unit),
            unit: Some(unit),
            algorithm: self.intends().then_some(Algorithm::LeakyBucket { slack: 0 }),
            over: OverSpec::Wait,
        })
    }

    /// The controller knows three spellings; whatever else there is counts as `Second`.
    fn unit(&self, written: Option<&str>) -> Unit {
        let written = written.unwrap_or("Second");
        let lower = written.to_ascii_lowercase();
        match if self.intends() { lower.trim_end_matches('s') } else { written } {
            "Minute" | "minute" if self.intends() => Unit::Minute,
            "Hour" | "hour" if self.intends() => Unit::Hour,
            "Minute" => Unit::Minute,
            "Hour" => Unit::Hour,
            _ => Unit::Second,
        }
    }

    /// A backoff: of retries, or of looks at a workflow.
    pub(super) fn retry(&mut self, manifest: Manifest<'_>, retry: &Node, path: &str) -> RetrySpec {
        let steps = self.number(manifest, retry, "steps", 5.0);
        let steps = if steps < 1.0 { 5 } else { steps.min(f64::from(STEPS_MAX)) as u16 };
        let factor = self.number(manifest, retry, "factor", 1.0);
        let jitter = self.number(manifest, retry, "jitter", 1.0);
        let duration = self.backoff_duration(manifest, retry);
        for (field, value) in [
            ("steps", steps.to_string()),
            ("factor", factor.to_string()),
            ("jitter", jitter.to_string()),
            ("duration", duration.to_string()),
        ] {
            if let Some(node) = retry.get(field) {
                self.take(node, format!("{path}.{field}"), value);
            }
        }
        RetrySpec { steps, duration, factor, jitter, cap: None }
    }

    fn number(&mut self, manifest: Manifest<'_>, of: &Node, field: &str, default: f64) -> f64 {
        let Some(node) = of.get(field) else { return default };
        let number = node.scalar().and_then(|text| text.parse::<f64>().ok());
        number.filter(|it| it.is_finite() && *it >= 0.0).unwrap_or_else(|| {
            let text = node.scalar().unwrap_or_default();
            let message = format!("`{text}` is no number for `{field}`: taken for {default}");
            self.warn(manifest, node, "bad-value", message);
            default
        })
    }

    /// A whole number is nanoseconds to the controller.
    fn backoff_duration(&mut self, manifest: Manifest<'_>, backoff: &Node) -> DurationText {
        let Some(node) = backoff.get("duration") else { return "1s".into() };
        let text = node.scalar().unwrap_or_default();
        if text.parse::<u64>().is_ok() {
            let unit = if self.intends() { "s" } else { "ns" };
            return DurationText::from(format!("{text}{unit}").as_str());
        }
        let duration = DurationText::from(text);
        if duration.parse().is_ok() {
            return duration;
        }
        let message = format!("`{text}` is not a duration: taken for 1s");
        self.warn(manifest, node, "bad-value", message);
        "1s".into()
    }

    /// How a trigger waits for what it created: as long as it takes, where that is what was meant.
    fn policy(&mut self, at: At<'_, '_>, policy: &Node, action: &ActionSpec) -> Option<PolicySpec> {
        if let Some(status) = policy.get("status") {
            let why = "which answers count as success is part of the odds that an attempt fails";
            self.not_modeled(status, why);
        }
        let policy = policy.get("k8s")?;
        if !matches!(action, ActionSpec::WorkflowAndWait(_)) {
            self.not_modeled(policy, "there is no workflow to wait for: the trigger does not wait");
            return None;
        }
        let backoff = policy.get("backoff");
        let timeout = policy.get("errorOnBackoffTimeout");
        if self.intends() {
            for node in backoff.into_iter().chain(timeout) {
                self.not_modeled(node, "meant: the trigger waits until the workflow is done");
            }
            return None;
        }
        let path = format!("{}.policy", at.path);
        let on_timeout =
            if is_true(timeout) { OnTimeoutSpec::Failure } else { OnTimeoutSpec::Success };
        if let Some(timeout) = timeout {
            self.take(timeout, format!("{path}.on_timeout"), format!("{on_timeout:?}"));
        }
        let RetrySpec { steps, duration, factor, jitter, .. } = match backoff {
            Some(backoff) => self.retry(at.manifest, backoff, &path),
            None => {
                RetrySpec { steps: 5, duration: "1s".into(), factor: 1.0, jitter: 1.0, cap: None }
            }
        };
        Some(PolicySpec { steps, duration, factor, jitter, on_timeout })
    }

    /// How long an http trigger waits, if it says so: in seconds.
    fn timeout(
        &mut self,
        at: At<'_, '_>,
        template: Option<&Node>,
        action: &ActionSpec,
    ) -> Option<DurationText> {
        let timeout = template?.at(&["http", "timeout"])?;
        let text = timeout.scalar().unwrap_or_default();
        match text.parse::<i64>() {
            Ok(seconds) if seconds > 0 && matches!(action, ActionSpec::Http(_)) => {
                let value = format!("{seconds}s");
                self.take(timeout, format!("{}.timeout", at.path), value.clone());
                Some(value.as_str().into())
            }
            Ok(_) => {
                self.not_modeled(timeout, "the default holds: 60s");
                None
            }
            Err(_) => {
                let message = format!("`{text}` is no number of seconds: taken for 60");
                self.warn(at.manifest, timeout, "bad-value", message);
                None
            }
        }
    }
}

/// A call's time is that of its other side; a Kubernetes object takes about 30 ms to create.
fn under_way(action: &ActionSpec) -> Otherwise<'static> {
    let is_short = matches!(action, ActionSpec::Http(_) | ActionSpec::Log);
    let because = "manifests do not say how long a request is under way";
    Otherwise { value: if is_short { "1ms" } else { "30ms" }, because }
}

/// The template of a trigger that has one of these, for messages.
pub(super) fn kinds_of_templates() -> String {
    format!("one of `{}`", TEMPLATES.join("`, `"))
}
