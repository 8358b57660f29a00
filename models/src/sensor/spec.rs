//! A sensor and its triggers as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::limiter::Limiter;
use sim_core::time::SimDuration;

use crate::engine::event::ComponentId;
use crate::engine::reject::Reject;
use crate::spec::check::Checker;
use crate::spec::distribution::DurationSpread;
use crate::spec::policy::{Algorithm, RateLimitSpec, RetrySpec, one, optional};
use crate::spec::quantity::DurationText;
use crate::spec::resolve::{Kind, Names};
use crate::trigger::{
    ActionPlan, CONDITION_DEPTH_MAX, Condition, ConditionError, DeliveryMode, Dependency,
    RetryPlan, Target, TriggerPlan,
};

/// Argo's limiter of triggers has this slack.
const ARGO_SLACK: u32 = 10;

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
    /// Until the request reaches the target.
    #[serde(default = "no_time")]
    pub latency: DurationSpread,
    /// Probability that an attempt fails before it reaches the target.
    #[serde(default)]
    pub failure: f64,
    /// Further attempts; each costs a token of the rate limit. (Argo before v1.8 and from v1.9 on honors
    /// them only at least once.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetrySpec>,
    /// What happens to an event whose last attempt failed; none: it is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetterSpec>,
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
    /// Submits a workflow and waits for its end (Argo's `policy`).
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
    pub(crate) bus: ComponentId,
    /// The distinct subjects of the sensor's dependencies: per dependency the index of its subject.
    pub(crate) subject_of: &'n [usize],
}

/// The consumers that a trigger needs: the subjects (indices as in [`Surroundings::subject_of`]) of the
/// dependencies that its condition names.
pub(crate) struct Needs {
    pub(crate) subjects: Vec<usize>,
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
            cx.field("rate_limit", |cx| limit.limiter(Algorithm::LeakyBucket { slack: 0 }, cx))
        })
    }

    fn dependency_names(&self) -> Vec<String> {
        self.dependencies.iter().map(|dependency| dependency.name.clone()).collect()
    }
}

impl TriggerSpec {
    /// The trigger's condition.
    pub(crate) fn condition(&self, sensor: &SensorSpec, cx: &mut Checker<'_>) -> Option<Condition> {
        let names = sensor.dependency_names();
        let Some(text) = &self.conditions else {
            return Some(Condition::all_of(names.len() as u8));
        };
        cx.field("conditions", |cx| match Condition::parse(text, &names) {
            Ok(condition) => Some(condition),
            Err(ConditionError::Unknown { name, .. }) => {
                cx.error(format!("there is no dependency `{name}`"))
                    .code("unknown-name")
                    .nearest(&name, &names);
                None
            }
            Err(ConditionError::TooDeep { offset }) => {
                cx.error(format!("the condition is nested too deep: at character {}", offset + 1))
                    .expected(format!(
                        "at most {CONDITION_DEPTH_MAX} parentheses within each other"
                    ));
                None
            }
            Err(ConditionError::Unexpected { offset, found }) => {
                cx.error(format!("the condition goes wrong at character {}: {found}", offset + 1))
                    .expected("dependencies joined by `&&` and `||`, with parentheses");
                None
            }
        })
    }

    /// Which subjects it consumes.
    pub(crate) fn needs(condition: &Condition, subject_of: &[usize]) -> Needs {
        let named = condition.dependencies();
        let mut subjects: Vec<usize> = (0..subject_of.len())
            .filter(|dependency| named >> dependency & 1 == 1)
            .map(|dependency| subject_of[dependency])
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        Needs { subjects }
    }

    /// The plan; `consumers` are the bus's numbers for [`Needs::subjects`].
    pub(crate) fn compile(
        &self,
        sensor: &SensorSpec,
        around: &Surroundings<'_>,
        condition: Condition,
        needs: &Needs,
        consumers: Vec<u32>,
        cx: &mut Checker<'_>,
    ) -> Option<TriggerPlan> {
        let named = condition.dependencies();
        let dependencies = (0..)
            .zip(&sensor.dependencies)
            .map(|(number, dependency)| {
                let subject = around.subject_of[number];
                let consumer = needs.subjects.iter().position(|&needed| needed == subject);
                let is_named = named >> number & 1 == 1;
                Dependency {
                    // Dependencies that the condition does not name match nothing.
                    consumer: consumer.filter(|_| is_named).map_or(u16::MAX, |c| c as u16),
                    pass_probability: dependency.filter,
                }
            })
            .collect();
        let reset = optional(&self.reset, |reset| cx.field("reset", |cx| reset.compile(cx)));
        let processing = sensor.processing.compile(cx);
        let slack = Algorithm::LeakyBucket { slack: ARGO_SLACK };
        let rate_limit = optional(&self.rate_limit, |limit| {
            cx.field("rate_limit", |cx| limit.compile(slack, around.names, cx))
        });
        let limited = !matches!(sensor.client, ClientSpec::Unlimited);
        let action =
            Sending { action: &self.action, latency: &self.latency, failure: self.failure };
        let action = action.compile(around.names, limited, cx);
        let retry = retry(&self.retry, cx);
        let dead_letter = optional(&self.dead_letter, |dead| {
            cx.field("dead_letter", |cx| dead.compile(around.names, limited, cx))
        });
        let (rate_limit, over) = rate_limit?.unzip();
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
            bus: around.bus,
            delivery: match self.delivery {
                DeliverySpec::FireAndForget => DeliveryMode::FireAndForget,
                DeliverySpec::AtLeastOnce => DeliveryMode::AtLeastOnce,
            },
            consumers,
            dependencies,
            condition,
            reset: reset?,
            processing: processing?,
            sensor_limited: sensor.rate_limit.is_some(),
            rate_limit,
            on_reject: over.unwrap_or(Reject::Drop),
            action: action?,
            retry: retry?,
            dead_letter: dead_letter?,
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
        let sending =
            Sending { action: &self.action, latency: &self.latency, failure: self.failure };
        let action = sending.compile(names, limited, cx);
        action.zip(retry(&self.retry, cx))
    }
}

/// An action with the way to its target.
struct Sending<'s> {
    action: &'s ActionSpec,
    latency: &'s DurationSpread,
    failure: f64,
}

impl Sending<'_> {
    fn compile(&self, names: &Names, limited: bool, cx: &mut Checker<'_>) -> Option<ActionPlan> {
        let target = self.action.target(names, cx);
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

fn retry(retry: &Option<RetrySpec>, cx: &mut Checker<'_>) -> Option<RetryPlan> {
    match retry {
        Some(retry) => cx.field("retry", |cx| retry.compile(cx)),
        None => Some(RetryPlan {
            steps: 1,
            backoff: sim_core::backoff::Backoff::constant(SimDuration::ZERO),
        }),
    }
}
