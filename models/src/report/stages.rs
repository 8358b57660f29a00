//! A row per stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Figure, Times};
use super::limits::Limit;
use crate::component::ComponentPlan;
use crate::engine::fate::Reason;
use crate::engine::recorder::FactKind;
use crate::outcome::{ComponentOutcome, Outcome};
use crate::plan::Plan;
use crate::trigger::Target;

/// What a kind of stage has to show.
struct Shown {
    kind: &'static str,
    /// What comes to it.
    unit: &'static str,
    /// The gauge of those who wait there.
    gauge: &'static str,
    /// How long they wait.
    sample: &'static str,
    /// The fact that says that one was taken in; `None`: all are.
    admitted: Option<FactKind>,
    /// The fact that says that its work here was done, and what that counts; `None`: there is none here.
    completed: Option<(FactKind, &'static str)>,
}

const fn shown(
    kind: &'static str,
    unit: &'static str,
    gauge: &'static str,
    sample: &'static str,
    admitted: Option<FactKind>,
    completed: Option<(FactKind, &'static str)>,
) -> Shown {
    Shown { kind, unit, gauge, sample, admitted, completed }
}

const SHOWN: &[Shown] = {
    use FactKind::{Admitted, Completed, Delivered, Drained, Stored, Triggered};
    &[
        shown("EventSource", "events", "waiting", "publish", None, None),
        shown(
            "EventBus",
            "messages",
            "depth",
            "residence",
            Some(Admitted),
            Some((Delivered, "deliveries")),
        ),
        shown("Sensor", "actions", "waiting", "wait", Some(Admitted), None),
        shown(
            "Trigger",
            "messages",
            "in_memory",
            "latency",
            Some(Admitted),
            Some((Triggered, "actions")),
        ),
        shown(
            "Workflow",
            "workflows",
            "pending",
            "pending_time",
            Some(Admitted),
            Some((Completed, "workflows")),
        ),
        shown("Station", "events", "depth", "wait", Some(Admitted), Some((Completed, "events"))),
        shown("Store", "events", "depth", "kept", Some(Stored), Some((Drained, "events"))),
    ]
};

/// What a station is asked for by a trigger.
const CALLS: &str = "calls";

/// What happened at one stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name in the model.
    pub name: String,
    /// Its kind, as written in RON.
    pub kind: String,
    /// What `offered`, `admitted`, `refused`, `turned_out`, `failed` and `level` count: `events` at a source,
    /// a store or a station behind a source, `messages` in a bus and at a trigger, `actions` that pass the
    /// gates of a sensor, `calls` of a station, `workflows`. Whoever comes again counts again.
    #[serde(default)]
    pub unit: String,
    /// What came to it; at a source, events that entered the model.
    pub offered: Figure,
    /// What it took in; absent at a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admitted: Option<Figure>,
    /// What a limit or a policy of it refused.
    pub refused: Figure,
    /// What it had taken in and turned out before their work was done: pushed out by newer ones, too
    /// old, out of patience, or out of deliveries. Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_out: Option<Figure>,
    /// What was done here, in `completed_unit`. Absent where no work is done (source, gate of a sensor).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Figure>,
    /// What `completed` counts: `deliveries` of a bus, one for each consumer of a message; `actions` of a
    /// trigger that reached their target, one for each attempt; otherwise the unit of the row: served by a
    /// station or a controller, given back by a store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_unit: Option<String>,
    /// What failed here: at a trigger attempts, elsewhere in the unit of the row.
    pub failed: Figure,
    /// Attempts made again, or deliveries of a bus.
    pub retried: Figure,
    /// Events lost here.
    pub lost: Figure,
    /// Who waits here; absent if nobody can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// How long: a wait for a server or a token (station, sensor), the time in the bus until the first
    /// delivery, from delivery to firing (trigger), from sending to acknowledgement (source), in the
    /// store. Absent if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Times>,
    /// Mean share of its servers that were busy, or of its semaphore's permits that were held; absent where
    /// it has none, or several semaphores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<Figure>,
}

/// A level over time, and its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The gauge's name.
    pub gauge: String,
    /// Its time-weighted mean.
    pub mean: Figure,
    /// Its highest value.
    pub max: Figure,
    /// Its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
}

pub(crate) fn stages(plan: &Plan, outcomes: &[Outcome], limits: &[Limit]) -> Vec<Stage> {
    let components = &outcomes[0].components;
    let called = called(plan);
    let stage = |component: &ComponentOutcome| {
        let mut stage = stage(component, outcomes, limits);
        if called.contains(&component.name.as_str()) {
            CALLS.clone_into(&mut stage.unit);
            stage.completed_unit = Some(CALLS.to_owned());
        }
        stage
    };
    components.iter().map(stage).collect()
}

/// The stations that triggers call.
fn called(plan: &Plan) -> Vec<&str> {
    let triggers = plan.components.iter().filter_map(|component| match component {
        ComponentPlan::Trigger(trigger) => Some(trigger),
        _ => None,
    });
    let targets = triggers.flat_map(|trigger| trigger.actions()).filter_map(|action| {
        let Target::Call(stage) = action.target else { return None };
        Some(plan.components[stage as usize].name())
    });
    targets.collect()
}

fn stage(component: &ComponentOutcome, outcomes: &[Outcome], limits: &[Limit]) -> Stage {
    let name = component.name.as_str();
    let count = |facts: &[FactKind]| {
        Figure::over(outcomes, |outcome| {
            let component = outcome.component(name);
            let count = |&fact: &FactKind| component.map_or(0, |component| component.count(fact));
            facts.iter().map(count).sum::<u64>() as f64
        })
    };
    let shown = SHOWN.iter().find(|shown| shown.kind == component.kind);
    let completed = shown.and_then(|shown| shown.completed);
    let wait = shown.and_then(|shown| {
        Times::over(outcomes, |outcome| outcome.component(name)?.sample(shown.sample))
    });
    Stage {
        name: name.to_owned(),
        kind: component.kind.clone(),
        unit: shown.map_or("events", |shown| shown.unit).to_owned(),
        offered: count(&[FactKind::Born, FactKind::Offered]),
        admitted: shown.and_then(|shown| shown.admitted).map(|fact| count(&[fact])),
        refused: refusals(name, outcomes, Kind::Refused),
        turned_out: Some(refusals(name, outcomes, Kind::TurnedOut))
            .filter(|turned_out| turned_out.value > 0.0),
        completed: completed.map(|(fact, _)| count(&[fact])),
        completed_unit: completed.map(|(_, unit)| unit.to_owned()),
        failed: count(&[FactKind::Failed]),
        retried: count(&[FactKind::Retried, FactKind::Redelivered]),
        lost: lost(name, outcomes),
        level: shown.and_then(|shown| level(name, shown.gauge, outcomes, limits)),
        wait,
        utilization: utilization(name, outcomes, limits),
    }
}

/// Whether somebody was not let in, or had been in already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refused,
    TurnedOut,
}

fn refusals(name: &str, outcomes: &[Outcome], kind: Kind) -> Figure {
    let of = |reason: Reason| match reason {
        Reason::Evicted | Reason::Expired | Reason::Impatient | Reason::RetriesExhausted => {
            Kind::TurnedOut
        }
        _ => Kind::Refused,
    };
    Figure::over(outcomes, |outcome| {
        let here = outcome.component(name).map_or(&[][..], |component| &component.refusals);
        here.iter().filter(|refusal| of(refusal.reason) == kind).map(|it| it.count).sum::<u64>()
            as f64
    })
}

fn lost(name: &str, outcomes: &[Outcome]) -> Figure {
    Figure::over(outcomes, |outcome| {
        let here = outcome.ledger.losses.iter().filter(|loss| loss.component == name);
        here.map(|loss| loss.events).sum::<u64>() as f64
    })
}

fn level(name: &str, gauge: &str, outcomes: &[Outcome], limits: &[Limit]) -> Option<Level> {
    let gauges = || outcomes.iter().filter_map(|outcome| outcome.component(name)?.gauge(gauge));
    let limit = limits.iter().find(|l| l.component == name && l.gauge == Some(gauge));
    Some(Level {
        gauge: gauge.to_owned(),
        mean: Figure::mean(gauges().map(|gauge| gauge.mean))?,
        max: Figure::mean(gauges().map(|gauge| gauge.max as f64))?,
        limit: limit.map(|limit| limit.value),
    })
}

fn utilization(name: &str, outcomes: &[Outcome], limits: &[Limit]) -> Option<Figure> {
    let servers = limits.iter().find(|l| {
        l.component == name && matches!(l.unit, "servers" | "permits") && l.gauge.is_some()
    })?;
    let busy = |outcome: &Outcome| Some(outcome.component(name)?.gauge(servers.gauge?)?.mean);
    Figure::mean(outcomes.iter().filter_map(busy).map(|mean| mean / servers.value))
}
