//! A sensor and its triggers as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::backoff::{Backoff, Jitter};
use sim_core::dist::Distribution;
use sim_core::limiter::Limiter;
use sim_core::time::SimDuration;

use crate::engine::event::ComponentId;
use crate::engine::reject::Reject;
use crate::spec::check::Checker;
use crate::spec::distribution::DurationSpread;
use crate::spec::policy::{Algorithm, RateLimitSpec, RetrySpec, five, one, one_second, optional};
use crate::spec::quantity::DurationText;
use crate::spec::resolve::{Kind, Names};
use crate::trigger::{
    ActionPlan, CONDITION_DEPTH_MAX, Condition, ConditionError, DeliveryMode, Dependency,
    OnTimeout, PolicyPlan, RetryPlan, Target, TriggerPlan,
};
use crate::workflow::Version;
use crate::workflows::spec::version;

/// How long an http trigger of Argo waits.
const ARGO_TIMEOUT: SimDuration = SimDuration::from_secs(60);

/// Most dependencies of a sensor: a condition keeps them as bits.
pub(crate) const DEPENDENCIES_MAX: usize = 64;

/// Most unknown names that are told of one condition.
const UNKNOWN_MAX: usize = 16;

/// Argo's limiter of triggers has this slack.
const ARGO_SLACK: u32 = 10;

/// From here on Argo Events retries only what is delivered at least once.
const RETRIES_ONLY_AT_LEAST_ONCE: Version = Version::new(1, 9, 0);

/// A sensor: which events it waits for, and what it does then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorSpec {
    /// Its name.
    pub name: String,
    /// The bus it listens to.
    #[serde(default = "default_bus")]
    pub bus: String,
    /// A rate limit over all its triggers, as documented; the real controller ignores it. All wait.
    /// Default algorithm: `LeakyBucket(slack: 0)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSpec>,
    /// The events that its triggers' conditions speak of.
    pub dependencies: Vec<DependencySpec>,
    /// What it does.
    pub triggers: Vec<TriggerSpec>,
    /// The Kubernetes client of the process, shared by all its triggers that submit workflows or write
    /// into stores.
    #[serde(default)]
    pub client: ClientSpec,
    /// The release of Argo Events whose behavior is modeled.
    #[serde(default = "latest")]
    pub version: String,
    /// From a message's delivery to knowing what it fires.
    #[serde(default = "one_ms")]
    pub processing: DurationSpread,
}

/// An event that a sensor waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DependencySpec {
    /// Its name, for conditions.
    pub name: String,
    /// The event source.
    pub source: String,
    /// The event name of the source; none: its first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Share of events that the dependency's filters let pass.
    #[serde(default = "one")]
    pub filter: f64,
}

/// What a sensor does when a condition holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TriggerSpec {
    /// Its name.
    pub name: String,
    /// The condition over dependencies, such as `"(a && b) || c"`; none: all of them, as in Argo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<String>,
    /// Clears a condition that holds in part, every so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<ResetSpec>,
    /// When a message is acked.
    #[serde(default)]
    pub delivery: DeliverySpec,
    /// A limit on its attempts per time. Default algorithm: Argo's, `LeakyBucket(slack: 10)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSpec>,
    /// What it does.
    pub action: ActionSpec,
    /// How long an `Http` action waits for its answer; none: 60 s, as in Argo. The station does the work all
    /// the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationText>,
    /// Until the request reaches the target.
    #[serde(default = "no_time")]
    pub latency: DurationSpread,
    /// Probability that an attempt fails before it reaches the target.
    #[serde(default)]
    pub failure: f64,
    /// How `WorkflowAndWait` waits; none: the trigger hears of the workflow's end at once, however long it
    /// takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicySpec>,
    /// Attempts, each of which costs a token of the rate limit. From v1.9 on Argo Events passes them over
    /// unless the delivery is `AtLeastOnce`; before, it honored them in both modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySpec>,
    /// What happens to an event whose last attempt failed; none: it is lost. Argo Events passes it over
    /// unless the delivery is `AtLeastOnce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetterSpec>,
}

/// A trigger's `policy`: it looks at its workflow, pauses, and looks again, until the workflow has succeeded
/// or it has looked often enough. What is not found in time counts as success, as in Argo Events: a workflow
/// that takes longer, or fails, no longer holds the trigger up. With its defaults that is after four to
/// eight seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Looks, the first of them at once.
    #[serde(default = "five")]
    pub steps: u16,
    /// The first pause.
    #[serde(default = "one_second")]
    pub duration: DurationText,
    /// What each further pause is multiplied by.
    #[serde(default = "one")]
    pub factor: f64,
    /// Each pause is made longer by up to this share of it.
    #[serde(default = "one")]
    pub jitter: f64,
    /// What it is if the last look was in vain.
    #[serde(default)]
    pub on_timeout: OnTimeoutSpec,
}

/// What a policy makes of a workflow that it did not find done in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OnTimeoutSpec {
    /// The attempt succeeded, and the workflow is left to itself (Argo's default).
    #[default]
    Success,
    /// The attempt failed (`errorOnBackoffTimeout`), though the workflow may go on.
    Failure,
}

/// When a condition is cleared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetSpec {
    /// The time from one reset to the next.
    pub every: DurationText,
    /// The first reset; none: after the first interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<DurationText>,
}

/// When a trigger acks a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeliverySpec {
    /// As soon as it is read (Argo's default): the action runs detached, the backlog is in the sensor's
    /// memory, and is lost with it.
    #[default]
    FireAndForget,
    /// After the action and all its retries: one event at a time, the backlog is in the bus.
    AtLeastOnce,
}

/// What a trigger does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum ActionSpec {
    /// Submits a workflow from the template of that name.
    Workflow(String),
    /// Submits a workflow and waits for its end: how, the trigger's `policy` says.
    WorkflowAndWait(String),
    /// Calls the station of that name and waits for its answer.
    Http(String),
    /// Puts the event into the store of that name (a `k8s` trigger that creates an object).
    Store(String),
    /// Writes a line.
    Log,
}

/// A dead-letter trigger. Argo never gives it a rate limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterSpec {
    /// What it does.
    pub action: ActionSpec,
    /// Its own attempts; none: a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySpec>,
    /// Until the request reaches the target.
    #[serde(default = "no_time")]
    pub latency: DurationSpread,
    /// Probability that an attempt fails.
    #[serde(default)]
    pub failure: f64,
}

/// The rate limit of a Kubernetes client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum ClientSpec {
    /// client-go's token bucket; its defaults are 5 per second and 10 at once, and Argo leaves them.
    Limited {
        /// Calls per second in the long run.
        qps: f64,
        /// Calls at once after a pause.
        burst: u32,
    },
    /// No limit.
    Unlimited,
}

impl Default for ClientSpec {
    fn default() -> Self {
        Self::Limited { qps: 5.0, burst: 10 }
    }
}

pub(crate) fn latest() -> String {
    "1.9.11".to_owned()
}

fn default_bus() -> String {
    "default".to_owned()
}

fn one_ms() -> DurationSpread {
    "1ms".into()
}

fn no_time() -> DurationSpread {
    "0s".into()
}

/// What a trigger needs to know of its surroundings.
pub(crate) struct Surroundings<'n> {
    pub(crate) names: &'n Names,
    pub(crate) sensor: ComponentId,
    /// `None`, here and below: it has a problem, which has been told.
    pub(crate) bus: Option<ComponentId>,
    pub(crate) version: Option<Version>,
    pub(crate) processing: Option<&'n Distribution>,
    /// The distinct subjects of the sensor's dependencies: per dependency the index of its subject.
    pub(crate) subject_of: &'n [usize],
}

/// The consumers that a trigger needs: the subjects (indices as in [`Surroundings::subject_of`]) of the
/// dependencies that its condition names.
#[derive(Default)]
pub(crate) struct Needs {
    pub(crate) subjects: Vec<usize>,
    /// The bus's numbers for them.
    pub(crate) consumers: Vec<u32>,
}

impl SensorSpec {
    pub(crate) fn client_limiter(&self, cx: &mut Checker<'_>) -> Option<Option<Limiter>> {
        match self.client {
            ClientSpec::Unlimited => Some(None),
            ClientSpec::Limited { qps, burst } => cx.field("client", |cx| {
                let qps = cx.positive("qps", qps);
                let burst = cx.at_least("burst", burst, 1);
                Some(Some(Limiter::client_go(qps?, burst?)))
            }),
        }
    }

    pub(crate) fn limiter(&self, cx: &mut Checker<'_>) -> Option<Option<Limiter>> {
        optional(&self.rate_limit, |limit| {
            cx.field("rate_limit", |cx| limit.waiting(Algorithm::LeakyBucket { slack: 0 }, cx))
        })
    }

    pub(crate) fn release(&self, cx: &mut Checker<'_>) -> Option<Version> {
        cx.field("version", |cx| version(&self.version, cx))
    }

    /// The dependencies as a trigger sees them whose condition names the bits of `named`, and whose
    /// consumers get `subjects`.
    fn matches(&self, named: u64, subjects: &[usize], subject_of: &[usize]) -> Vec<Dependency> {
        let dependencies = self.dependencies.iter().enumerate();
        dependencies
            .map(|(number, dependency)| {
                let consumer = subjects.iter().position(|&needed| needed == subject_of[number]);
                let is_named = named >> number & 1 == 1;
                Dependency {
                    // Dependencies that the condition does not name match nothing.
                    consumer: consumer.filter(|_| is_named).map_or(u16::MAX, |c| c as u16),
                    pass_probability: dependency.filter,
                }
            })
            .collect()
    }

    fn dependency_names(&self) -> Vec<String> {
        self.dependencies.iter().map(|dependency| dependency.name.clone()).collect()
    }
}

impl TriggerSpec {
    /// The trigger's condition. All its unknown names are reported.
    pub(crate) fn condition(&self, sensor: &SensorSpec, cx: &mut Checker<'_>) -> Option<Condition> {
        let names = sensor.dependency_names();
        if names.len() > DEPENDENCIES_MAX {
            return None;
        }
        let Some(text) = &self.conditions else {
            return Some(Condition::all_of(names.len() as u8));
        };
        cx.field("conditions", |cx| {
            let mut known = names.clone();
            loop {
                match Condition::parse(text, &known) {
                    Ok(condition) => return (known.len() == names.len()).then_some(condition),
                    Err(ConditionError::Unknown { name, .. })
                        if known.len() < names.len() + UNKNOWN_MAX =>
                    {
                        unknown_dependency(&name, &names, cx);
                        known.push(name);
                    }
                    Err(error) => {
                        unreadable_condition(&error, cx);
                        return None;
                    }
                }
            }
        })
    }

    /// Which subjects it consumes.
    pub(crate) fn needs(condition: Option<&Condition>, subject_of: &[usize]) -> Needs {
        let named = condition.map_or(0, Condition::dependencies);
        let mut subjects: Vec<usize> = (0..subject_of.len())
            .filter(|dependency| named >> dependency & 1 == 1)
            .map(|dependency| subject_of[dependency])
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        Needs { subjects, consumers: Vec::new() }
    }

    /// The plan. Without a condition everything else is checked all the same.
    pub(crate) fn compile(
        &self,
        sensor: &SensorSpec,
        around: &Surroundings<'_>,
        condition: Option<Condition>,
        needs: Needs,
        cx: &mut Checker<'_>,
    ) -> Option<TriggerPlan> {
        let named = condition.as_ref().map_or(0, Condition::dependencies);
        let reset = optional(&self.reset, |reset| cx.field("reset", |cx| reset.compile(cx)));
        let slack = Algorithm::LeakyBucket { slack: ARGO_SLACK };
        let rate_limit = optional(&self.rate_limit, |limit| {
            cx.field("rate_limit", |cx| limit.compile(slack, around.names, cx))
        });
        let limited = !matches!(sensor.client, ClientSpec::Unlimited);
        let action = Sending {
            action: &self.action,
            timeout: &self.timeout,
            latency: &self.latency,
            failure: self.failure,
        };
        let action = action.compile(around.names, limited, cx);
        let policy = optional(&self.policy, |policy| {
            cx.field("policy", |cx| policy.compile(&self.action, cx))
        });
        let retry = retry(&self.retry, cx);
        let dead_letter = optional(&self.dead_letter, |dead| {
            cx.field("dead_letter", |cx| dead.compile(around.names, limited, cx))
        });
        let (honors_retry, honors_dead_letter) = self.honors(around.version, cx);
        let (rate_limit, over) = rate_limit?.unzip();
        let condition = condition?;
        if matches!(over, Some(Reject::Nack(_))) && condition.joins() {
            cx.field("rate_limit", |cx| {
                cx.error("a condition with `&&` has acked its earlier events: they cannot be handed back")
                    .expected("`over: Wait`, `Drop` or `Store`");
            });
            return None;
        }
        Some(TriggerPlan {
            name: format!("{}/{}", sensor.name, self.name),
            sensor: around.sensor,
            bus: around.bus?,
            delivery: match self.delivery {
                DeliverySpec::FireAndForget => DeliveryMode::FireAndForget,
                DeliverySpec::AtLeastOnce => DeliveryMode::AtLeastOnce,
            },
            dependencies: sensor.matches(named, &needs.subjects, around.subject_of),
            consumers: needs.consumers,
            condition,
            reset: reset?,
            processing: around.processing?.clone(),
            sensor_limited: sensor.rate_limit.is_some(),
            rate_limit,
            on_reject: over.unwrap_or(Reject::Drop),
            action: ActionPlan { policy: policy?, ..action? },
            retry: retry?.filter(|_| honors_retry).unwrap_or_else(RetryPlan::once),
            dead_letter: dead_letter?.filter(|_| honors_dead_letter),
        })
    }
}

impl TriggerSpec {
    /// Whether retries and the dead letter count; says so where they do not.
    fn honors(&self, version: Option<Version>, cx: &mut Checker<'_>) -> (bool, bool) {
        if self.delivery == DeliverySpec::AtLeastOnce {
            return (true, true);
        }
        let honors_retry = version.is_none_or(|version| version < RETRIES_ONLY_AT_LEAST_ONCE);
        let mut warn = |field: &str, since: &str| {
            cx.field(field, |cx| {
                cx.warning(format!("`{field}` has no effect on a fire-and-forget trigger{since}"))
                    .code("needs-at-least-once")
                    .hint("`delivery: AtLeastOnce` makes it count");
            });
        };
        if self.retry.is_some() && !honors_retry {
            warn("retry", " (since v1.9.0)");
        }
        if self.dead_letter.is_some() {
            warn("dead_letter", "");
        }
        (honors_retry, false)
    }
}

impl PolicySpec {
    fn compile(&self, action: &ActionSpec, cx: &mut Checker<'_>) -> Option<PolicyPlan> {
        if !matches!(action, ActionSpec::WorkflowAndWait(_)) {
            cx.error("a policy waits for a workflow, and this action has none to wait for")
                .expected("`action: WorkflowAndWait(…)`");
            return None;
        }
        let steps = cx.at_least("steps", self.steps, 1);
        let initial = cx.duration("duration", &self.duration);
        let factor = cx.at_least("factor", self.factor, 0.0);
        let jitter = cx.at_least("jitter", self.jitter, 0.0);
        Some(PolicyPlan {
            steps: steps?,
            backoff: Backoff {
                initial: initial?,
                factor: factor?,
                cap: None,
                jitter: Jitter::Proportional(jitter?),
                retries_max: None,
            },
            on_timeout: match self.on_timeout {
                OnTimeoutSpec::Success => OnTimeout::Success,
                OnTimeoutSpec::Failure => OnTimeout::Failure,
            },
        })
    }
}

impl ResetSpec {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<(SimDuration, SimDuration)> {
        let every = cx.positive_duration("every", &self.every);
        let first = optional(&self.first, |first| cx.duration("first", first));
        let every = every?;
        Some((first?.unwrap_or(every), every))
    }
}

impl DeadLetterSpec {
    fn compile(
        &self,
        names: &Names,
        limited: bool,
        cx: &mut Checker<'_>,
    ) -> Option<(ActionPlan, RetryPlan)> {
        let sending = Sending {
            action: &self.action,
            timeout: &None,
            latency: &self.latency,
            failure: self.failure,
        };
        let action = sending.compile(names, limited, cx);
        action.zip(retry(&self.retry, cx).map(|retry| retry.unwrap_or_else(RetryPlan::once)))
    }
}

/// An action with the way to its target.
struct Sending<'s> {
    action: &'s ActionSpec,
    timeout: &'s Option<DurationText>,
    latency: &'s DurationSpread,
    failure: f64,
}

impl Sending<'_> {
    fn compile(&self, names: &Names, limited: bool, cx: &mut Checker<'_>) -> Option<ActionPlan> {
        let target = self.action.target(names, cx);
        let timeout = optional(self.timeout, |text| {
            if !matches!(self.action, ActionSpec::Http(_)) {
                cx.field("timeout", |cx| {
                    cx.error("only an `Http` action has a timeout");
                });
                return None;
            }
            cx.positive_duration("timeout", text)
        });
        let latency = cx.field("latency", |cx| self.latency.compile(cx));
        let failure = cx.probability("failure", self.failure);
        let uses_client = matches!(
            self.action,
            ActionSpec::Workflow(_) | ActionSpec::WorkflowAndWait(_) | ActionSpec::Store(_)
        );
        Some(ActionPlan {
            target: target?,
            client_calls: u16::from(limited && uses_client),
            latency: latency?,
            failure_probability: failure?,
            timeout: timeout?.unwrap_or(ARGO_TIMEOUT),
            policy: None,
        })
    }
}

impl ActionSpec {
    fn target(&self, names: &Names, cx: &mut Checker<'_>) -> Option<Target> {
        let find = |cx: &mut Checker<'_>, name: &str, kind| {
            names.find(cx, "action", name, &[kind]).map(|named| (named.component, named.number))
        };
        Some(match self {
            Self::Log => Target::Log,
            Self::Http(station) => Target::Call(find(cx, station, Kind::Station)?.0),
            Self::Store(store) => Target::Store(find(cx, store, Kind::Store)?.0),
            Self::Workflow(template) | Self::WorkflowAndWait(template) => {
                let (controller, template) = find(cx, template, Kind::Template)?;
                Target::Workflow {
                    controller,
                    template,
                    waits: matches!(self, Self::WorkflowAndWait(_)),
                }
            }
        })
    }
}

fn unknown_dependency(name: &str, names: &[String], cx: &mut Checker<'_>) {
    if !cx.may_be_named(name) {
        cx.error(format!("there is no dependency `{name}`"))
            .code("unknown-name")
            .nearest(name, names);
    }
}

fn unreadable_condition(error: &ConditionError, cx: &mut Checker<'_>) {
    match error {
        ConditionError::TooDeep { offset } => {
            cx.error(format!("the condition is nested too deep: at character {}", offset + 1))
                .expected(format!("at most {CONDITION_DEPTH_MAX} parentheses within each other"));
        }
        ConditionError::Unexpected { offset, found } => {
            cx.error(format!("the condition goes wrong at character {}: {found}", offset + 1))
                .expected("dependencies joined by `&&` and `||`, with parentheses");
        }
        ConditionError::Unknown { name, .. } => unknown_dependency(name, &[], cx),
    }
}

fn retry(retry: &Option<RetrySpec>, cx: &mut Checker<'_>) -> Option<Option<RetryPlan>> {
    optional(retry, |retry| cx.field("retry", |cx| retry.compile(cx)))
}
