//! What a model is asked to bear, for the rules that need numbers: how much comes to each limit on average
//! and at the peak ([`crate::report`] asks the same), and where in the manifests the limit stands.
//!
//! Arithmetic on means, not a simulation: nothing upstream holds anything back, retries come on top.

use sim_core::time::SimDuration;

use super::{Cx, Finding};
use crate::component::ComponentPlan;
use crate::diagnostic::Location;
use crate::engine::event::ComponentId;
use crate::manifest::Import;
use crate::manifest::account::Became;
use crate::plan::Plan;
use crate::report::flow::{Flow, Inflow, inflows};
use crate::report::limits::Limit;
use crate::report::text::number;

/// A model with what comes to each of its stages.
#[derive(Debug)]
pub struct Load<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) inflows: Vec<Inflow>,
    limits: Vec<Limit>,
    places: Vec<Place>,
}

/// Where a parameter of the model was taken from.
#[derive(Debug)]
struct Place {
    parameter: String,
    object: String,
    location: Location,
}

/// A limit, and what comes to it.
#[derive(Clone, Debug)]
pub(crate) struct Strain {
    pub(crate) component: ComponentId,
    pub(crate) limit: Limit,
    pub(crate) flow: Flow,
}

impl<'p> Load<'p> {
    /// What the model has to bear; `import` tells where in manifests its parameters are from.
    #[must_use]
    pub fn new(plan: &'p Plan, import: Option<&Import>) -> Self {
        let entries = import.map_or(&[][..], |import| import.entries.as_slice());
        let places = entries.iter().filter_map(|entry| match &entry.became {
            Became::Taken { parameter, .. } => Some(Place {
                parameter: parameter.clone(),
                object: entry.object.clone(),
                location: entry.location.clone(),
            }),
            _ => None,
        });
        Self { plan, inflows: inflows(plan), limits: plan.limits(), places: places.collect() }
    }

    pub(crate) fn component(&self, id: ComponentId) -> &'p ComponentPlan {
        &self.plan.components[id as usize]
    }

    /// The limits of that name at components of that kind, with what comes to them.
    pub(crate) fn strains(&self, kind: &str, name: &str) -> Vec<Strain> {
        let mut strains = Vec::new();
        // Limits come in the order of the components that have them.
        let mut limits = self.limits.as_slice();
        for (id, component) in (0..).zip(&self.plan.components) {
            let count = limits.iter().take_while(|it| it.component == component.name()).count();
            let (mine, rest) = limits.split_at(count);
            limits = rest;
            if component.kind() != kind {
                continue;
            }
            let wanted = mine.iter().filter(|it| it.name == name || name.is_empty());
            strains.extend(wanted.map(|limit| {
                let flow = self.inflows[id as usize].through(limit);
                Strain { component: id, limit: limit.clone(), flow }
            }));
        }
        strains
    }

    /// The path of a component's field, as for `--set`.
    pub(crate) fn path(&self, id: ComponentId, field: &str) -> String {
        let component = self.component(id);
        let ComponentPlan::Trigger(trigger) = component else {
            return format!("{}.{field}", component.name());
        };
        let ComponentPlan::Sensor(sensor) = self.component(trigger.sensor) else {
            return component.name().to_owned();
        };
        let index = sensor.triggers.iter().position(|&it| it == id).unwrap_or(0);
        format!("{}.triggers[{index}].{field}", sensor.name)
    }

    /// Where a parameter stands, or else anything of the same trigger or stage.
    fn place(&self, path: &str) -> Option<&Place> {
        let mut wanted = path;
        loop {
            let is_within = |place: &&Place| {
                let rest = place.parameter.strip_prefix(wanted);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            if let Some(place) = self.places.iter().find(is_within) {
                return Some(place);
            }
            wanted = wanted.rsplit_once('.')?.0;
        }
    }

    /// How long the storm lasts.
    pub(crate) fn storm(&self) -> Option<SimDuration> {
        self.plan.storm().map(|(begin, end)| end - begin)
    }
}

impl Strain {
    /// What more comes than passes, in words, if it does.
    pub(crate) fn overload(&self, storm: Option<SimDuration>) -> Option<String> {
        overload(self.flow, self.limit.value, storm)
    }
}

/// What more than `per_s` comes, in words, if it does.
pub(crate) fn overload(flow: Flow, per_s: f64, storm: Option<SimDuration>) -> Option<String> {
    let Flow { mean_per_s, peak_per_s, .. } = flow;
    let rate = number::rate;
    if mean_per_s > per_s {
        let more = (mean_per_s - per_s) * 3600.0;
        let mut text = format!(
            "{} come on average and at most {} pass: it never catches up, {} more wait every hour",
            rate(mean_per_s),
            rate(per_s),
            number::count(more)
        );
        if peak_per_s > mean_per_s * 1.01 {
            text.push_str(&format!(" (at the peak {} come)", rate(peak_per_s)));
        }
        return Some(text);
    }
    if peak_per_s <= per_s {
        return None;
    }
    let mut text =
        format!("{} come at the peak and at most {} pass", rate(peak_per_s), rate(per_s));
    if let Some(storm) = storm {
        let waiting = (peak_per_s - per_s) * storm.as_secs_f64();
        text.push_str(&format!(
            ": by the end of its {} {} wait, the last of them for {}",
            number::duration(storm.as_secs_f64()),
            number::count(waiting),
            number::duration(waiting / per_s)
        ));
    }
    Some(text)
}

impl Cx<'_, '_> {
    /// Reports something about a parameter of the model, where the manifests state it.
    pub(crate) fn at_parameter(&mut self, path: &str, message: impl Into<String>) -> &mut Finding {
        let place = self.load.and_then(|load| load.place(path));
        let object = place.map_or_else(|| path.to_owned(), |place| place.object.clone());
        let location = place.map(|place| place.location.clone());
        self.push(object, location, message.into())
    }
}
