//! The list of components: what a model can be built of, and how a signal finds its handler.
//!
//! A new component is one module with a plan and a state, and one line in each match here.

use sim_core::random::Streams;

use crate::engine::Cx;
use crate::engine::event::Signal;
use crate::engine::job::JobId;
use crate::event_source::{EventSource, SourcePlan};
use crate::fault::Change;
use crate::station::{Station, StationPlan};

/// What a component is made of: the same for every replication.
#[derive(Clone, Debug)]
pub(crate) enum ComponentPlan {
    EventSource(Box<SourcePlan>),
    Station(Box<StationPlan>),
}

impl ComponentPlan {
    /// The component's name in the model.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::EventSource(plan) => &plan.name,
            Self::Station(plan) => &plan.name,
        }
    }

    /// The kind of stage, as written in RON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::EventSource(_) => "EventSource",
            Self::Station(_) => "Station",
        }
    }
}

/// A component at work.
pub(crate) enum Component {
    EventSource(Box<EventSource>),
    Station(Box<Station>),
}

impl Component {
    pub(crate) fn new(plan: &ComponentPlan, streams: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        match plan {
            ComponentPlan::EventSource(plan) => {
                Self::EventSource(Box::new(EventSource::new((**plan).clone(), streams, cx)))
            }
            ComponentPlan::Station(plan) => {
                Self::Station(Box::new(Station::new((**plan).clone(), streams, cx)))
            }
        }
    }

    /// Does what is to be done at time zero.
    pub(crate) fn start(&mut self, cx: &mut Cx<'_, '_>) {
        match self {
            Self::EventSource(source) => source.start(cx),
            Self::Station(_) => {}
        }
    }

    #[inline]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match self {
            Self::EventSource(source) => source.handle(signal, cx),
            Self::Station(station) => station.handle(signal, cx),
        }
    }

    /// Applies an entry of the fault timeline.
    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match self {
            Self::EventSource(source) => source.change(change, cx),
            Self::Station(station) => station.change(change, cx),
        }
    }

    /// Visits every job that the component holds.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        match self {
            Self::EventSource(source) => source.held(visit),
            Self::Station(station) => station.held(visit),
        }
    }

    /// Whether what the component holds counts as stored, not as in flight.
    pub(crate) fn is_store(&self) -> bool {
        match self {
            Self::EventSource(_) | Self::Station(_) => false,
        }
    }
}
