//! `Sensor`: dependencies, triggers, and the fields that stand where nobody reads them.
//!
//! argo-events v1.9.11 `pkg/sensors/listener.go`: `rateLimit`, `retryStrategy`, `atLeastOnce`, `policy` and
//! `dlqTrigger` belong to a trigger, beside its `template`; a sensor has no `rateLimit`; a unit other than
//! `Second`, `Minute` or `Hour` counts as `Second`; retries and dead letters need `atLeastOnce`.

use crate::sensor::spec::{
    ActionSpec, ClientSpec, DeadLetterSpec, DeliverySpec, DependencySpec, OnTimeoutSpec,
    PolicySpec, SensorSpec, TriggerSpec, latest,
};
use crate::spec::model::Stage;
use crate::spec::policy::{
    Algorithm, OnReject, OverSpec, QueueSpec, RateLimitSpec, RetrySpec, STEPS_MAX, Unit,
};
use crate::spec::quantity::DurationText;
use crate::station::spec::{ReturnsSpec, StationSpec};
use crate::store::spec::{DrainSpec, StoreSpec};
use crate::workflows::spec::TemplateSpec;

use super::yaml::Node;
use super::{Importer, Manifest};

/// Kinds of triggers that call something and wait for its answer.
const CALLS: [&str; 11] = [
    "http",
    "awsLambda",
    "openWhisk",
    "custom",
    "nats",
    "kafka",
    "pulsar",
    "slack",
    "email",
    "azureEventHubs",
    "azureServiceBus",
];

/// What a conversion of triggers adds to.
struct Submitted<'s, 'n> {
    manifests: &'s [Manifest<'n>],
    templates: &'s mut Vec<TemplateSpec>,
}

impl Importer {
    pub(crate) fn sensor(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) -> SensorSpec {
        let name = self.names.of("sensor", manifest.name);
        let spec = manifest.root.get("spec");
        let bus = spec.and_then(|spec| spec.text("eventBusName")).unwrap_or("default");
        let bus = self.names.of("bus", bus);
        let rate_limit = spec
            .and_then(|spec| spec.get("rateLimit"))
            .and_then(|limit| self.sensor_rate_limit(manifest, limit));
        let mut dependencies = Vec::new();
        for dependency in spec.map_or(&[][..], |spec| spec.list("dependencies")) {
            dependencies.push(self.dependency(&name, dependency));
        }
        let mut submitted = Submitted { manifests, templates };
        let mut triggers = Vec::new();
        for trigger in spec.map_or(&[][..], |spec| spec.list("triggers")) {
            triggers.push(self.trigger(manifest, &name, trigger, &mut submitted));
        }
        let client = if self.intends() { ClientSpec::Unlimited } else { ClientSpec::default() };
        if !self.intends() {
            let calls = "5 a second, 10 at once";
            self.assume(
                format!("{name}, Kubernetes client"),
                calls,
                "the default of client-go, which argo-events leaves",
            );
        }
        SensorSpec {
            name,
            bus,
            rate_limit,
            dependencies,
            triggers,
            client,
            version: latest(),
            processing: "1ms".into(),
        }
    }

    fn sensor_rate_limit(&mut self, manifest: Manifest<'_>, limit: &Node) -> Option<RateLimitSpec> {
        let spec = self.rate_limit(manifest, limit);
        let taken = if self.intends() { "taken as meant" } else { "passed over" };
        self.warn(
            manifest,
            limit,
            "sensor-rate-limit",
            format!("a sensor has no `rateLimit`, the controller does not read it: {taken}"),
        )
        .hint("it belongs to each trigger, beside `template`");
        spec.filter(|_| self.intends())
    }

    fn dependency(&mut self, sensor: &str, dependency: &Node) -> DependencySpec {
        let name = dependency.text("name").unwrap_or("unnamed").to_owned();
        let source = dependency.text("eventSourceName").unwrap_or("unnamed");
        if let Some(filters) = dependency.get("filters") {
            filters.read_whole();
            self.assume(
                format!("{sensor}, filters of `{name}`"),
                "all events pass",
                "what share passes depends on the events",
            );
        }
        DependencySpec {
            source: self.names.of("source", source),
            event: dependency.text("eventName").map(str::to_owned),
            filter: 1.0,
            name,
        }
    }

    fn trigger(
        &mut self,
        manifest: Manifest<'_>,
        sensor: &str,
        trigger: &Node,
        submitted: &mut Submitted<'_, '_>,
    ) -> TriggerSpec {
        let template = trigger.get("template");
        let name = template.and_then(|it| it.text("name")).unwrap_or("unnamed").to_owned();
        let place = |field: &str| trigger.get(field);
        let at_least_once =
            place("atLeastOnce").or_else(|| self.misplaced(manifest, template, "atLeastOnce"));
        let delivery = self.delivery(sensor, &name, at_least_once.and_then(Node::scalar));
        let limit = place("rateLimit").or_else(|| self.misplaced(manifest, template, "rateLimit"));
        let rate_limit = limit.and_then(|limit| self.rate_limit(manifest, limit));
        let retry =
            place("retryStrategy").or_else(|| self.misplaced(manifest, template, "retryStrategy"));
        let retry = retry.and_then(|retry| {
            self.retries(manifest, retry, delivery, "retryStrategy")
                .then(|| self.retry(manifest, retry))
        });
        let written = place("policy").or_else(|| self.misplaced(manifest, template, "policy"));
        let waits = written.and_then(|policy| policy.get("k8s")).is_some();
        let action = self.action(manifest, &name, template, waits, submitted);
        let policy = written.and_then(|policy| self.policy(manifest, policy, &action));
        let dead_letter =
            place("dlqTrigger").filter(|dead| self.retries(manifest, dead, delivery, "dlqTrigger"));
        let dead_letter = dead_letter.map(|dead| {
            let name = format!("{name}-dead-letter");
            let retry = dead.get("retryStrategy").map(|retry| self.retry(manifest, retry));
            let action = self.action(manifest, &name, dead.get("template"), false, submitted);
            DeadLetterSpec { action, retry, latency: "30ms".into(), failure: 0.0 }
        });
        // A call's time is that of its other side; a Kubernetes object takes about this long to create.
        let latency =
            if matches!(action, ActionSpec::Http(_) | ActionSpec::Log) { "1ms" } else { "30ms" };
        self.assume(
            format!("{sensor}/{name}, latency"),
            latency,
            "manifests do not say how long a request is under way",
        );
        TriggerSpec {
            conditions: template.and_then(|it| it.text("conditions")).map(str::to_owned),
            reset: None,
            delivery,
            rate_limit,
            action,
            timeout: None,
            latency: latency.into(),
            failure: 0.0,
            policy,
            retry,
            dead_letter,
            name,
        }
    }

    /// How a trigger waits for what it created: as long as it takes, where that is what was meant.
    fn policy(
        &mut self,
        manifest: Manifest<'_>,
        policy: &Node,
        action: &ActionSpec,
    ) -> Option<PolicySpec> {
        if let Some(status) = policy.get("status") {
            status.read_whole();
            self.warn(
                manifest,
                status,
                "not-modeled",
                "which answers of a call count as success is not modeled: what its target makes of it counts",
            );
        }
        let policy = policy.get("k8s")?;
        if let Some(labels) = policy.get("labels") {
            labels.read_whole();
        }
        let backoff = policy.get("backoff").map(|backoff| self.retry(manifest, backoff));
        let fails = policy.text("errorOnBackoffTimeout") == Some("true");
        if !matches!(action, ActionSpec::WorkflowAndWait(_)) {
            self.warn(
                manifest,
                policy,
                "not-modeled",
                "a policy on what is no workflow is not modeled: the trigger does not wait",
            );
            return None;
        }
        if self.intends() {
            return None;
        }
        let taken = if fails { "an error" } else { "a success" };
        self.warn(
            manifest,
            policy,
            "policy-timeout",
            format!("the trigger waits no longer than its `backoff` lasts, and then takes the workflow for {taken}"),
        )
        .hint("`backoff.steps` times `backoff.duration` has to be longer than the workflow runs");
        let backoff = backoff.unwrap_or_else(|| RetrySpec {
            steps: 5,
            duration: "1s".into(),
            factor: 1.0,
            jitter: 1.0,
            cap: None,
        });
        Some(PolicySpec {
            steps: backoff.steps,
            duration: backoff.duration,
            factor: backoff.factor,
            jitter: backoff.jitter,
            on_timeout: if fails { OnTimeoutSpec::Failure } else { OnTimeoutSpec::Success },
        })
    }

    /// A field of the trigger that stands within its template, where the controller does not look.
    fn misplaced<'n>(
        &mut self,
        manifest: Manifest<'_>,
        template: Option<&'n Node>,
        field: &str,
    ) -> Option<&'n Node> {
        let found = template?.get(field)?;
        found.read_whole();
        let taken = if self.intends() { "taken as meant" } else { "passed over" };
        self.warn(
            manifest,
            found,
            "misplaced",
            format!("`{field}` within `template` is not read by the controller: {taken}"),
        )
        .hint("it belongs beside `template`");
        self.intends().then_some(found)
    }

    fn delivery(&mut self, sensor: &str, trigger: &str, stated: Option<&str>) -> DeliverySpec {
        match stated {
            Some("true") => DeliverySpec::AtLeastOnce,
            Some(_) => DeliverySpec::FireAndForget,
            None if self.intends() => {
                self.assume(
                    format!("{sensor}/{trigger}, delivery"),
                    "at least once: events wait in the bus",
                    "nothing is stated, and nobody means to lose events",
                );
                DeliverySpec::AtLeastOnce
            }
            None => {
                self.assume(
                    format!("{sensor}/{trigger}, delivery"),
                    "fire and forget: events wait in the sensor's memory",
                    "`atLeastOnce` is false unless stated",
                );
                DeliverySpec::FireAndForget
            }
        }
    }

    /// Whether retries and dead letters count.
    fn retries(
        &mut self,
        manifest: Manifest<'_>,
        node: &Node,
        delivery: DeliverySpec,
        field: &str,
    ) -> bool {
        if self.intends() || delivery == DeliverySpec::AtLeastOnce {
            return true;
        }
        node.read_whole();
        self.warn(
            manifest,
            node,
            "needs-at-least-once",
            format!("`{field}` has no effect without `atLeastOnce: true` (since v1.9.0)"),
        );
        false
    }

    fn rate_limit(&mut self, manifest: Manifest<'_>, limit: &Node) -> Option<RateLimitSpec> {
        let written = limit.text("unit").unwrap_or("Second");
        let unit = match written {
            "Second" => Unit::Second,
            "Minute" => Unit::Minute,
            "Hour" => Unit::Hour,
            other => {
                let meant = match other.to_ascii_lowercase().as_str() {
                    "minute" => Unit::Minute,
                    "hour" => Unit::Hour,
                    _ => Unit::Second,
                };
                let taken = if self.intends() { "; here it is taken as meant" } else { "" };
                self.warn(manifest, limit, "rate-limit-unit", format!("the controller does not know the unit `{other}` and takes it for `Second`{taken}"))
                    .expected("`Second`, `Minute` or `Hour`, spelled so");
                if self.intends() { meant } else { Unit::Second }
            }
        };
        let count: u64 =
            limit.text("requestsPerUnit").and_then(|text| text.parse().ok()).unwrap_or(0);
        if count == 0 {
            self.warn(manifest, limit, "rate-limit-zero", "`requestsPerUnit` of zero, or none: the sensor divides by it and crashes; modeled without a limit");
            return None;
        }
        let algorithm = self.intends().then_some(Algorithm::LeakyBucket { slack: 0 });
        Some(RateLimitSpec {
            rate: None,
            requests_per_unit: Some(count),
            unit: Some(unit),
            algorithm,
            over: OverSpec::Wait,
        })
    }

    fn retry(&mut self, manifest: Manifest<'_>, retry: &Node) -> RetrySpec {
        let number = |field: &str, default: f64| {
            let written = retry.text(field).and_then(|text| text.parse::<f64>().ok());
            written.filter(|it| it.is_finite() && *it >= 0.0).unwrap_or(default)
        };
        let steps = number("steps", 5.0);
        let duration = match retry.text("duration") {
            None => "1s".into(),
            Some(text) if text.parse::<u64>().is_ok() => {
                let unit = if self.intends() { "s" } else { "ns" };
                self.warn(
                    manifest,
                    retry,
                    "integer-duration",
                    format!(
                        "`duration: {text}` without a unit is nanoseconds; taken as `{text}{unit}`"
                    ),
                );
                DurationText::from(format!("{text}{unit}").as_str())
            }
            Some(text) if DurationText::from(text).parse().is_ok() => text.into(),
            Some(text) => {
                self.warn(
                    manifest,
                    retry,
                    "bad-value",
                    format!("`{text}` is not a duration; taken as `1s`"),
                );
                "1s".into()
            }
        };
        RetrySpec {
            steps: if steps < 1.0 { 5 } else { steps.min(f64::from(STEPS_MAX)) as u16 },
            duration,
            factor: number("factor", 1.0),
            jitter: number("jitter", 1.0),
            cap: None,
        }
    }

    fn action(
        &mut self,
        manifest: Manifest<'_>,
        trigger: &str,
        template: Option<&Node>,
        waits: bool,
        submitted: &mut Submitted<'_, '_>,
    ) -> ActionSpec {
        let Some(template) = template else { return ActionSpec::Log };
        if let Some(log) = template.get("log") {
            log.read_whole();
            return ActionSpec::Log;
        }
        if let Some(object) = template.get("k8s").or_else(|| template.get("argoWorkflow")) {
            return self.object_action(manifest, trigger, object, waits, submitted);
        }
        for kind in CALLS {
            if let Some(call) = template.get(kind) {
                call.read_whole();
                return ActionSpec::Http(self.callee(trigger));
            }
        }
        self.warn(
            manifest,
            template,
            "unknown-trigger",
            format!(
                "the trigger `{trigger}` has no template of a known kind: taken for a log line"
            ),
        );
        ActionSpec::Log
    }

    /// The other side of a call.
    fn callee(&mut self, trigger: &str) -> String {
        let name = self.names.of("target", &format!("{trigger}-target"));
        if !self.implied.iter().any(|stage| stage.name() == name) {
            self.assume(
                format!("{name}, all of it"),
                "64 calls at once, 5ms each",
                "manifests do not say what the other side of a call can take",
            );
            self.implied.push(Stage::Station(StationSpec {
                name: name.clone(),
                servers: 64,
                service: "5ms".into(),
                queue: QueueSpec::default(),
                rate_limit: None,
                patience: None,
                failure: 0.0,
                returns: ReturnsSpec::default(),
                on_reject: None,
                on_failure: OnReject::Drop,
                to: None,
                split: Vec::new(),
            }));
        }
        name
    }

    fn object_action(
        &mut self,
        manifest: Manifest<'_>,
        trigger: &str,
        object: &Node,
        waits: bool,
        submitted: &mut Submitted<'_, '_>,
    ) -> ActionSpec {
        for field in ["operation", "group", "version", "resource", "args", "parameters"] {
            if let Some(field) = object.get(field) {
                field.read_whole();
            }
        }
        let resource = object.get("source").and_then(|source| source.get("resource"));
        let kind = resource.and_then(|it| it.text("kind"));
        match (resource, kind) {
            (Some(workflow), Some("Workflow")) => {
                let name = self.submission(
                    manifest,
                    trigger,
                    workflow,
                    submitted.manifests,
                    submitted.templates,
                );
                if waits { ActionSpec::WorkflowAndWait(name) } else { ActionSpec::Workflow(name) }
            }
            (Some(map), Some("ConfigMap")) => ActionSpec::Store(self.backlog(map)),
            _ => {
                object.read_whole();
                self.warn(
                    manifest,
                    object,
                    "not-modeled",
                    format!(
                        "what the trigger `{trigger}` creates is not modeled: taken for a log line"
                    ),
                );
                ActionSpec::Log
            }
        }
    }

    /// A `k8s` trigger that creates ConfigMaps keeps events for later.
    fn backlog(&mut self, map: &Node) -> String {
        map.read_whole();
        let metadata = map.get("metadata");
        let given = metadata.and_then(|it| it.text("generateName").or_else(|| it.text("name")));
        let name = self.names.of("store", given.unwrap_or("backlog").trim_end_matches('-'));
        if !self.implied.iter().any(|stage| stage.name() == name) {
            self.assume(
                format!("{name}, drain"),
                "never, within the run",
                "who works the ConfigMaps off does not follow from manifests",
            );
            self.implied.push(Stage::Store(StoreSpec {
                name: name.clone(),
                max_msgs: None,
                max_bytes: None,
                on_reject: None,
                drain: DrainSpec::Never,
                to: None,
            }));
        }
        name
    }
}
