//! How many events per second reach each component if nothing upstream holds them back: the yardstick
//! for "does the limit hold at the peak?", which measured rates cannot answer, because a limit upstream
//! hides the peak from a limit downstream.
//!
//! From the plan alone: rates of the sources, shares of their filters and event names, conditions
//! (`&&` fires as often as its rarest part, `||` as often as all together), splits. Retries and what
//! stores give back are left out.

use super::limits::Limit;
use crate::component::ComponentPlan;
use crate::engine::Destination;
use crate::engine::event::ComponentId;
use crate::event_source::{SourcePlan, Supply};
use crate::plan::Plan;
use crate::sensor;
use crate::station::Next;
use crate::trigger::{Condition, Target, TriggerPlan};

/// A rate on average over the horizon and at the sources' peak, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Flow {
    pub(crate) mean_per_s: f64,
    pub(crate) peak_per_s: f64,
    /// The most that come at one instant: a rate does not show a batch.
    pub(crate) at_once: f64,
}

impl Flow {
    pub(crate) fn times(self, share: f64) -> Self {
        Self {
            mean_per_s: self.mean_per_s * share,
            peak_per_s: self.peak_per_s * share,
            at_once: self.at_once * share,
        }
    }

    /// How long the limit takes for what comes at once, seconds.
    pub(crate) fn clearing_s(self, limit: &Limit) -> f64 {
        (self.at_once - limit.at_once).max(0.0) / limit.value
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            mean_per_s: self.mean_per_s + other.mean_per_s,
            peak_per_s: self.peak_per_s + other.peak_per_s,
            at_once: self.at_once.max(other.at_once),
        }
    }

    fn least(self, other: Self) -> Self {
        Self {
            mean_per_s: self.mean_per_s.min(other.mean_per_s),
            peak_per_s: self.peak_per_s.min(other.peak_per_s),
            at_once: self.at_once.min(other.at_once),
        }
    }
}

/// What reaches a component, what its second limiter (a sensor's client) is asked for, and what of it
/// goes to each of its workflow templates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Inflow {
    pub(crate) events: Flow,
    pub(crate) client_calls: Flow,
    pub(crate) templates: Vec<Flow>,
}

impl Inflow {
    /// What of it the limit sees.
    pub(crate) fn through(&self, limit: &Limit) -> Flow {
        if limit.name == sensor::limit::CLIENT {
            return self.client_calls;
        }
        let of = |&template: &u32| self.templates.get(template as usize).copied();
        match limit.templates.as_slice() {
            [] => self.events,
            templates => templates.iter().filter_map(of).fold(Flow::default(), Flow::plus),
        }
    }

    fn add(&mut self, flow: Flow, template: Option<u32>) {
        self.events = self.events.plus(flow);
        if let Some(template) = template.map(|template| template as usize) {
            if self.templates.len() <= template {
                self.templates.resize(template + 1, Flow::default());
            }
            self.templates[template] = self.templates[template].plus(flow);
        }
    }
}

/// What reaches each component, by number. Sources: what enters there. Closed loops count as nothing:
/// they offer what the pipeline can take.
pub(crate) fn inflows(plan: &Plan) -> Vec<Inflow> {
    let mut inflows = vec![Inflow::default(); plan.components.len()];
    // After so many passes every path without a cycle has been followed to its end.
    for _ in 0..plan.components.len() {
        let next = pass(plan, &inflows);
        if next == inflows {
            break;
        }
        inflows = next;
    }
    inflows
}

fn pass(plan: &Plan, before: &[Inflow]) -> Vec<Inflow> {
    let mut next = vec![Inflow::default(); before.len()];
    let add = |next: &mut [Inflow], to: ComponentId, flow: Flow| next[to as usize].add(flow, None);
    let add_to = |next: &mut [Inflow], to: Destination, flow: Flow| {
        next[to.stage as usize].add(flow, to.template);
    };
    for (component, here) in (0..).zip(&plan.components) {
        let inflow = before[component as usize].events;
        match here {
            ComponentPlan::EventSource(source) => {
                let offered = offered(source, plan);
                add(&mut next, component, offered);
                add_to(&mut next, source.target, offered.times(source.pass_probability));
            }
            ComponentPlan::Trigger(trigger) => {
                let fired = fired(trigger, plan, before);
                add(&mut next, component, fired);
                if trigger.sensor_limited {
                    add(&mut next, trigger.sensor, fired);
                }
                let calls = fired.times(f64::from(trigger.action.client_calls));
                let asked = &mut next[trigger.sensor as usize].client_calls;
                *asked = asked.plus(calls);
                match trigger.action.target {
                    Target::Workflow { controller, template, .. } => {
                        next[controller as usize].add(fired, Some(template));
                    }
                    Target::Call(stage) | Target::Store(stage) => add(&mut next, stage, fired),
                    Target::Log => {}
                }
            }
            ComponentPlan::Station(station) => match &station.next {
                Next::Done => {}
                Next::To(to) => add_to(&mut next, *to, inflow),
                Next::Split(branches) => {
                    for branch in branches {
                        add_to(&mut next, branch.to, inflow.times(branch.probability));
                    }
                }
            },
            _ => {}
        }
    }
    next
}

fn offered(source: &SourcePlan, plan: &Plan) -> Flow {
    match &source.supply {
        Supply::Open(process) => Flow {
            mean_per_s: process.mean_rate_per_s(plan.horizon),
            peak_per_s: process.peak_rate_within(plan.horizon),
            at_once: process.at_once(plan.horizon),
        },
        Supply::Closed { .. } => Flow::default(),
    }
}

/// How often a trigger fires.
fn fired(trigger: &TriggerPlan, plan: &Plan, before: &[Inflow]) -> Flow {
    let Some(ComponentPlan::EventBus(bus)) = plan.components.get(trigger.bus as usize) else {
        return Flow::default();
    };
    let of_dependency = |dependency: u8| {
        let dependency = &trigger.dependencies[dependency as usize];
        let consumer = trigger.consumers[dependency.consumer as usize];
        let wanted = bus.subjects.iter().filter(|subject| subject.consumers.contains(&consumer));
        let flow = |subject: &crate::event_bus::SubjectPlan| {
            let ComponentPlan::EventSource(source) = &plan.components[subject.source as usize]
            else {
                return Flow::default();
            };
            let share = source.event_shares.get(subject.event as usize).copied().unwrap_or(0.0);
            before[subject.source as usize].events.times(source.pass_probability * share)
        };
        let sum = wanted.map(flow).fold(Flow::default(), Flow::plus);
        sum.times(dependency.pass_probability)
    };
    of_condition(&trigger.condition, &of_dependency)
}

fn of_condition(condition: &Condition, of: &dyn Fn(u8) -> Flow) -> Flow {
    match condition {
        Condition::Seen(dependency) => of(*dependency),
        Condition::All(parts) => {
            parts.iter().map(|part| of_condition(part, of)).reduce(Flow::least).unwrap_or_default()
        }
        Condition::Any(parts) => {
            parts.iter().map(|part| of_condition(part, of)).fold(Flow::default(), Flow::plus)
        }
    }
}
