//! What has a meaning, but hardly the intended one: warnings that need the whole model.

use sim_core::time::SimDuration;

use super::check::Checker;
use super::model::{ModelSpec, Stage};
use crate::component::ComponentPlan;
use crate::event_bus::BusPlan;
use crate::event_source::{SourcePlan, Supply};
use crate::store::{Drain, StorePlan};
use crate::workflows::spec::{NodeSpec, TemplateSpec};

/// A peak that is higher than what comes within the horizon by this factor is missed.
const MISSED: f64 = 1.5;

/// Warns of what is accepted and does nothing. Without components only of what the text shows.
pub(crate) fn lint(
    spec: &ModelSpec,
    components: Option<&[ComponentPlan]>,
    horizon: SimDuration,
    cx: &mut Checker<'_>,
) {
    late_faults(spec, horizon, cx);
    cx.field("stages", |cx| {
        for (index, stage) in spec.stages.iter().enumerate() {
            cx.index(index, |cx| {
                if let Stage::Workflow(workflow) = stage {
                    cx.field("templates", |cx| templates(&workflow.templates, cx));
                }
                let plan =
                    components.and_then(|all| all.iter().find(|it| it.name() == stage.name()));
                match plan {
                    Some(ComponentPlan::EventSource(source)) => {
                        of_source(source, components.unwrap_or_default(), horizon, cx);
                    }
                    Some(ComponentPlan::Store(store)) => of_store(store, horizon, cx),
                    Some(ComponentPlan::EventBus(bus)) => {
                        of_bus(bus, components.unwrap_or_default(), cx);
                    }
                    _ => {}
                }
            });
        }
    });
}

fn late_faults(spec: &ModelSpec, horizon: SimDuration, cx: &mut Checker<'_>) {
    for (index, fault) in spec.faults.iter().enumerate() {
        let Ok(at) = fault.at.parse() else { continue };
        if at >= horizon {
            cx.field("faults", |cx| {
                cx.index(index, |cx| {
                    cx.field("at", |cx| {
                        cx.warning(format!("the fault comes at `{at}`, when the run is over"))
                            .code("beyond-horizon")
                            .expected(format!("less than the horizon, `{horizon}`"));
                    });
                });
            });
        }
    }
}

fn of_source(
    source: &SourcePlan,
    components: &[ComponentPlan],
    horizon: SimDuration,
    cx: &mut Checker<'_>,
) {
    if let Supply::Open(process) = &source.supply {
        cx.field("arrivals", |cx| {
            let within = process.peak_rate_within(horizon);
            if process.mean_rate_per_s(horizon) <= 0.0 {
                cx.warning(format!("`{}` sends nothing within the horizon", source.name))
                    .code("no-events");
            } else if process.peak_rate_per_s() > within * MISSED {
                cx.warning(format!("the peak of `{}` comes when the run is over", source.name))
                    .code("beyond-horizon")
                    .hint(format!("the horizon is `{horizon}`"));
            }
        });
    }
    let Some(ComponentPlan::EventBus(bus)) = components.get(source.target.stage as usize) else {
        return;
    };
    for subject in &bus.subjects {
        let is_mine = components
            .get(subject.source as usize)
            .is_some_and(|component| component.name() == source.name);
        if is_mine && subject.consumers.is_empty() {
            cx.warning(format!("nobody consumes `{}`: all of it is lost", subject.name))
                .code("no-consumer")
                .hint("a dependency of a sensor on the same bus names it");
        }
    }
}

/// A store that looks more often than this in a run would do nothing else.
const LOOKS_MAX: u64 = 100_000_000;

fn of_store(store: &StorePlan, horizon: SimDuration, cx: &mut Checker<'_>) {
    let every = match store.drain {
        Drain::Every { every, .. } => every,
        Drain::WhenIdle { check, .. } => check,
        _ => return,
    };
    let least = horizon / LOOKS_MAX;
    if every < least {
        cx.field("drain", |cx| {
            cx.error(format!(
                "the store would look every `{every}`, too often for a run of `{horizon}`"
            ))
            .code("out-of-range")
            .expected(format!("at least `{least}`"));
        });
    }
}

fn of_bus(bus: &BusPlan, components: &[ComponentPlan], cx: &mut Checker<'_>) {
    let mut told = [false; 2];
    for subject in &bus.subjects {
        let Some(ComponentPlan::EventSource(source)) = components.get(subject.source as usize)
        else {
            continue;
        };
        // A bus knows the subjects of all sources.
        if !bus_of(source, components).is_some_and(|theirs| std::ptr::eq(theirs, bus)) {
            continue;
        }
        let payload = source.payload.mean() as u32;
        let cost = bus.stream.cost(subject.name.len() as u32, bus.header_bytes, payload);
        let message = u64::from(bus.header_bytes) + u64::from(payload);
        let limits = [
            ("max_bytes", bus.stream.max_bytes, cost),
            ("max_msg_size", bus.stream.max_msg_size, message),
        ];
        for ((name, most, needed), told) in limits.into_iter().zip(&mut told) {
            let Some(most) = most.filter(|&most| most < needed && !*told) else { continue };
            *told = true;
            cx.field(name, |cx| {
                cx.warning(format!(
                    "a message of `{}` has {needed} bytes on average, and `{name}` is {most}",
                    source.name
                ))
                .code("too-small");
            });
        }
    }
}

fn bus_of<'a>(source: &SourcePlan, components: &'a [ComponentPlan]) -> Option<&'a BusPlan> {
    match components.get(source.target.stage as usize) {
        Some(ComponentPlan::EventBus(bus)) => Some(bus),
        _ => None,
    }
}

fn templates(templates: &[TemplateSpec], cx: &mut Checker<'_>) {
    for (index, template) in templates.iter().enumerate() {
        cx.index(index, |cx| {
            let has_pod = template.steps.is_empty() && template.dag.is_empty();
            if !has_pod && template.failure > 0.0 {
                ignored("failure", "give it to the nodes that fail", cx);
            }
            if !has_pod && template.retry.is_some() {
                ignored("retry", "give it to the nodes that are retried", cx);
            }
            nodes(&template.steps, &template.dag, cx);
        });
    }
}

fn nodes(steps: &[Vec<NodeSpec>], dag: &[crate::workflows::spec::TaskSpec], cx: &mut Checker<'_>) {
    cx.field("steps", |cx| {
        for (index, group) in steps.iter().enumerate() {
            cx.index(index, |cx| {
                for (index, step) in group.iter().enumerate() {
                    cx.index(index, |cx| node(step, cx));
                }
            });
        }
    });
    cx.field("dag", |cx| {
        for (index, task) in dag.iter().enumerate() {
            cx.index(index, |cx| cx.field("node", |cx| node(&task.node, cx)));
        }
    });
}

/// A retry of a node with steps retries the node as a whole; a failure of its own it does not have.
fn node(spec: &NodeSpec, cx: &mut Checker<'_>) {
    if spec.failure > 0.0 && !(spec.steps.is_empty() && spec.dag.is_empty()) {
        ignored("failure", "give it to the nodes that fail", cx);
    }
    nodes(&spec.steps, &spec.dag, cx);
}

fn ignored(field: &str, hint: &str, cx: &mut Checker<'_>) {
    cx.field(field, |cx| {
        cx.warning(format!("`{field}` is about a single pod, and here are several: it is ignored"))
            .code("ignored")
            .hint(hint);
    });
}
