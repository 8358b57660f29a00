//! A model that has been checked: names resolved, units converted, nothing left that could be wrong.

use sim_core::time::{SimDuration, SimTime};

use crate::component::ComponentPlan;
use crate::engine::event::ComponentId;
use crate::engine::reject::NackPlan;
use crate::fault::{Change, Fault};

/// A checked model, ready to run any number of times.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) name: String,
    pub(crate) horizon: SimDuration,
    pub(crate) warm_up: SimDuration,
    pub(crate) components: Vec<ComponentPlan>,
    pub(crate) faults: Vec<Fault>,
    /// The ways in which producers try again, by number.
    pub(crate) nacks: Vec<NackPlan>,
    /// Events in the model at once before the run is ended with a diagnosis.
    pub(crate) in_flight_max: u32,
}

impl Plan {
    /// The model's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much time is simulated.
    #[must_use]
    pub fn horizon(&self) -> SimDuration {
        self.horizon
    }

    /// Whether a fault stops the component at some time.
    pub(crate) fn stops(&self, component: ComponentId) -> bool {
        self.faults.iter().any(|it| it.component == component && it.change == Change::Stop)
    }

    /// When the storm begins and ends: the span of all sources' peaks. `None`: there is no peak.
    #[must_use]
    pub fn storm(&self) -> Option<(SimTime, SimTime)> {
        self.components
            .iter()
            .filter_map(|component| match component {
                ComponentPlan::EventSource(source) => source.storm(self.horizon),
                _ => None,
            })
            .reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }
}
