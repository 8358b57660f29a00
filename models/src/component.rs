//! The list of components: what a model can be built of, and how a signal finds its handler.
//!
//! A new component is one module with a plan and a state, and one line in the list here.

use sim_core::random::Streams;

use crate::engine::Cx;
use crate::engine::event::Signal;
use crate::engine::job::JobId;
use crate::event_bus::{BusPlan, EventBus};
use crate::event_source::{EventSource, SourcePlan};
use crate::fault::Change;
use crate::sensor::{Sensor, SensorPlan};
use crate::station::{Station, StationPlan};
use crate::store::{Store, StorePlan};
use crate::trigger::{Trigger, TriggerPlan};

macro_rules! components {
    ($($kind:ident: $plan:ty;)*) => {
        /// What a component is made of: the same for every replication.
        #[derive(Clone, Debug)]
        pub(crate) enum ComponentPlan {
            $($kind(Box<$plan>),)*
        }

        impl ComponentPlan {
            /// The component's name in the model.
            pub(crate) fn name(&self) -> &str {
                match self {
                    $(Self::$kind(plan) => &plan.name,)*
                }
            }

            /// The kind of stage, as written in RON.
            pub(crate) fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)*
                }
            }
        }

        /// A component at work.
        pub(crate) enum Component {
            $($kind(Box<$kind>),)*
        }

        impl Component {
            pub(crate) fn new(
                plan: &ComponentPlan,
                streams: &Streams,
                cx: &mut Cx<'_, '_>,
            ) -> Self {
                match plan {
                    $(ComponentPlan::$kind(plan) => {
                        Self::$kind(Box::new($kind::new((**plan).clone(), streams, cx)))
                    })*
                }
            }

            /// Does what is to be done at time zero.
            pub(crate) fn start(&mut self, cx: &mut Cx<'_, '_>) {
                match self {
                    $(Self::$kind(component) => component.start(cx),)*
                }
            }

            #[inline]
            pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
                match self {
                    $(Self::$kind(component) => component.handle(signal, cx),)*
                }
            }

            /// Applies an entry of the fault timeline.
            pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
                match self {
                    $(Self::$kind(component) => component.change(change, cx),)*
                }
            }

            /// Visits every job that the component holds.
            pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
                match self {
                    $(Self::$kind(component) => component.held(visit),)*
                }
            }
        }
    };
}

components! {
    EventSource: SourcePlan;
    EventBus: BusPlan;
    Sensor: SensorPlan;
    Trigger: TriggerPlan;
    Station: StationPlan;
    Store: StorePlan;
}

impl Component {
    /// Whether what the component holds counts as stored, not as in flight.
    pub(crate) fn is_store(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}
