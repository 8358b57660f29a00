//! Faults as written, and the timeline that they make.
//!
//! Changes of one kind in one component lie on top of each other: the one that began last holds, and where
//! it ends what is below comes back: another change that still lasts, or what the model says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::queue::QueueLimits;
use sim_core::time::SimTime;

use super::check::Checker;
use super::policy::optional;
use super::quantity::{BytesText, DurationText, RateText};
use super::resolve::{Kind, Names};
use crate::component::ComponentPlan;
use crate::engine::event::ComponentId;
use crate::fault::{Change, Fault};
use crate::workflows::spec::ConfigMaps;

/// Something that changes in a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// When it begins.
    pub at: DurationText,
    /// How long it lasts; none: to the end. Afterwards everything is as before: as the model says, or as
    /// another change of that kind says that still lasts.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<DurationText>,
    /// The stage (a trigger is `sensor/trigger`).
    pub stage: String,
    /// What changes.
    pub change: ChangeSpec,
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum ChangeSpec {
    /// Everything it does takes this many times as long; of a sensor, what its triggers do; of a bus, the
    /// publishes to it; of a store, draining.
    Slower(f64),
    /// It is down, and a process loses its memory; with `for`, it restarts afterwards. A station loses what
    /// is in service, and fails its callers; a bus with memory storage loses its messages.
    Down,
    /// Its work fails with this probability (of a source: its attempts to publish).
    Failure(f64),
    /// Its limit: servers of a station, `max_msgs` of a bus, `parallelism` of a workflow controller (of
    /// these two at least 1).
    Limit(u64),
    /// Its rate limit.
    Rate(RateText),
    /// The room of a queue, bus or store; what is not stated is without limit.
    Room {
        /// Most events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_msgs: Option<u64>,
        /// Most bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_bytes: Option<BytesText>,
    },
    /// The permits of a semaphore (of a workflow controller).
    Permits {
        /// The ConfigMap.
        config_map: String,
        /// The key within it.
        key: String,
        /// The new limit.
        limit: u32,
    },
}

/// What a fault needs to know of the model.
pub(crate) struct Surroundings<'m> {
    pub(crate) names: &'m Names,
    /// `None`: it has problems of its own; faults of it are checked as far as possible.
    pub(crate) components: &'m [Option<ComponentPlan>],
    pub(crate) config_maps: &'m ConfigMaps,
}

/// A change from `at` to `until`, or to the end.
#[derive(Clone, Debug)]
struct Period {
    at: SimTime,
    until: Option<SimTime>,
    component: ComponentId,
    /// The stage that the model names: it makes others slower with it.
    named: ComponentId,
    change: Change,
}

/// The timeline of all faults: what to tell whom, in order.
pub(crate) fn compile(
    faults: &[FaultSpec],
    around: &Surroundings<'_>,
    cx: &mut Checker<'_>,
) -> Option<Vec<Fault>> {
    let periods = cx.elements(faults, |cx, fault| fault.compile(around, cx))?;
    let components: Option<Vec<&ComponentPlan>> =
        around.components.iter().map(Option::as_ref).collect();
    Some(timeline(&periods.concat(), &components?, around.config_maps))
}

/// One entry for each beginning and end: what holds in the component from then on. At one instant ends
/// come before beginnings.
fn timeline(
    periods: &[Period],
    components: &[&ComponentPlan],
    config_maps: &ConfigMaps,
) -> Vec<Fault> {
    let begins = (0..).zip(periods).map(|(number, period)| (period.at, true, number));
    let ends =
        (0..).zip(periods).filter_map(|(number, period)| Some((period.until?, false, number)));
    let mut moments: Vec<(SimTime, bool, usize)> = begins.chain(ends).collect();
    moments.sort_unstable();
    let mut active: Vec<usize> = Vec::new();
    let mut faults = Vec::new();
    for (at, begins, number) in moments {
        let Period { component, change, .. } = &periods[number];
        let is_alike = |&other: &usize| {
            periods[other].component == *component && change.is_like(&periods[other].change)
        };
        if begins {
            active.push(number);
        } else {
            active.retain(|&other| other != number);
        }
        let lasting: Vec<&Period> =
            active.iter().filter(|other| is_alike(other)).map(|&at| &periods[at]).collect();
        let plan = components[*component as usize];
        let change = in_force(change, &lasting, plan, config_maps);
        faults.push(Fault { at, component: *component, change });
    }
    faults
}

/// The components that a change of `named` is about: a sensor is slower where its triggers are, a bus where
/// sources publish to it.
fn slowed(
    change: &Change,
    named: ComponentId,
    components: &[Option<ComponentPlan>],
) -> Vec<ComponentId> {
    let publishes = |plan: &Option<ComponentPlan>| match plan {
        Some(ComponentPlan::EventSource(source)) => source.target.stage == named,
        _ => false,
    };
    match (change, components[named as usize].as_ref()) {
        (Change::Slower(_), Some(ComponentPlan::Sensor(sensor))) => sensor.triggers.clone(),
        (Change::Slower(_), Some(ComponentPlan::EventBus(_))) => {
            (0..).zip(components).filter(|(_, plan)| publishes(plan)).map(|(at, _)| at).collect()
        }
        _ => vec![named],
    }
}

/// What holds in a component in which `lasting` (all like `change`) are on top of each other.
fn in_force(
    change: &Change,
    lasting: &[&Period],
    plan: &ComponentPlan,
    config_maps: &ConfigMaps,
) -> Change {
    if matches!(plan, ComponentPlan::EventBus(_))
        && matches!(change, Change::Limit(_) | Change::Room(_))
    {
        // Both are about the same limits of the stream, of which one leaves a part as it is.
        let room = lasting.iter().fold(plan.room(), |room, period| match &period.change {
            Change::Limit(messages) => QueueLimits { messages: Some(*messages), ..room },
            Change::Room(room) => *room,
            _ => room,
        });
        return Change::Room(room);
    }
    if let Change::Slower(_) = change {
        return Change::Slower(slowdown(lasting));
    }
    match lasting.last() {
        Some(last) => last.change.clone(),
        None => before(change, plan, config_maps),
    }
}

/// How much slower a component is: of the changes that name one stage the last one counts; one that is slower
/// by itself and by another stage is so by both.
fn slowdown(lasting: &[&Period]) -> f64 {
    let counts = |at: usize| lasting[at + 1..].iter().all(|it| it.named != lasting[at].named);
    let factors = lasting.iter().enumerate().filter(|&(at, _)| counts(at));
    factors.fold(1.0, |all, (_, period)| match period.change {
        Change::Slower(factor) => all * factor,
        _ => all,
    })
}

/// The change that brings back what `plan` says.
fn before(change: &Change, plan: &ComponentPlan, config_maps: &ConfigMaps) -> Change {
    match change {
        Change::Slower(_) => Change::Slower(1.0),
        Change::Stop | Change::Start => Change::Start,
        Change::FailureProbability(_) => Change::FailureProbability(plan.failure_probability()),
        Change::Limit(_) => Change::Limit(plan.limit().unwrap_or(u64::MAX)),
        Change::Rate(_) => plan.rate().map_or(Change::Slower(1.0), Change::Rate),
        Change::Room(_) => Change::Room(plan.room()),
        Change::Permits { key, .. } => {
            let value = key.rsplit_once('/').and_then(|(map, key)| config_maps.get(map)?.get(key));
            let limit = value.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
            Change::Permits { key: key.clone(), limit }
        }
    }
}

impl FaultSpec {
    fn compile(&self, around: &Surroundings<'_>, cx: &mut Checker<'_>) -> Option<Vec<Period>> {
        let at = cx.duration("at", &self.at).map(|at| SimTime::ZERO + at);
        let lasts = optional(&self.lasts, |lasts| cx.positive_duration("for", lasts));
        let kinds = [
            Kind::EventSource,
            Kind::EventBus,
            Kind::Sensor,
            Kind::Trigger,
            Kind::Workflow,
            Kind::Station,
            Kind::Store,
        ];
        let stage = around.names.find(cx, "stage", &self.stage, &kinds);
        let change = cx.field("change", |cx| self.change.compile(cx));
        let (at, component) = (at?, stage?.component);
        let plan = around.components[component as usize].as_ref()?;
        let change = change?;
        if !plan.understands(&change) {
            cx.field("change", |cx| {
                let article = if plan.kind().starts_with('E') { "an" } else { "a" };
                cx.error(format!("{article} {} has nothing of the kind to change", plan.kind()))
                    .expected(plan.changes());
            });
            return None;
        }
        let zero = matches!(plan, ComponentPlan::EventBus(_) | ComponentPlan::Workflow(_))
            && change == Change::Limit(0);
        if zero {
            cx.field("change", |cx| {
                cx.error(format!("the limit of `{}` cannot be zero", self.stage))
                    .expected("at least `1`; `Down` lets nothing in");
            });
            return None;
        }
        let until = lasts?.map(|lasts| at + lasts);
        let named = component;
        let period = |component| Period { at, until, component, named, change: change.clone() };
        let targets = slowed(&change, component, around.components);
        Some(targets.into_iter().map(period).collect())
    }
}

impl ChangeSpec {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<Change> {
        Some(match self {
            Self::Slower(factor) => Change::Slower(cx.positive("", *factor)?),
            Self::Down => Change::Stop,
            Self::Failure(p) => Change::FailureProbability(Some(cx.probability("", *p)?)),
            Self::Limit(limit) => Change::Limit(*limit),
            Self::Rate(rate) => Change::Rate(cx.quantity(rate.parse())?),
            Self::Room { max_msgs, max_bytes } => {
                let bytes = optional(max_bytes, |bytes| cx.bytes("max_bytes", bytes))?;
                Change::Room(QueueLimits {
                    messages: *max_msgs,
                    bytes: bytes.map(|bytes| bytes.as_u64()),
                })
            }
            Self::Permits { config_map, key, limit } => {
                Change::Permits { key: format!("{config_map}/{key}"), limit: *limit }
            }
        })
    }
}
