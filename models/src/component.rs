//! The list of components: what a model can be built of, and how a signal finds its handler.
//!
//! A new component is one module with a plan and a state, and one line in the list here.

use sim_core::queue::QueueLimits;
use sim_core::random::Streams;
use sim_core::time::Rate;

use crate::engine::Cx;
use crate::engine::event::Event;
use crate::engine::job::JobId;
use crate::engine::reject::NackId;
use crate::event_bus::{BusPlan, EventBus};
use crate::event_source::{EventSource, SourcePlan};
use crate::fault::Change;
use crate::sensor::{Sensor, SensorPlan};
use crate::station::{Station, StationPlan};
use crate::store::{Store, StorePlan};
use crate::trigger::{Trigger, TriggerPlan};
use crate::workflows::{Workflow, WorkflowPlan};

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

            /// Unpacks the event in each arm, where it is known what the signal may be. The handlers themselves
            /// are compiled apart: joined into one function they share its registers, which costs the storm 3 %.
            #[inline(always)]
            pub(crate) fn handle(&mut self, event: Event, cx: &mut Cx<'_, '_>) {
                match self {
                    $(Self::$kind(component) => component.handle(event.signal(), cx),)*
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
    Workflow: WorkflowPlan;
    Station: StationPlan;
    Store: StorePlan;
}

impl ComponentPlan {
    /// How the component hands back what it cannot take, if it does.
    pub(crate) fn nack(&self) -> Option<NackId> {
        match self {
            Self::EventBus(plan) => plan.on_reject.nack(),
            Self::Workflow(plan) => plan.on_reject.nack(),
            Self::Station(plan) => plan.nack(),
            Self::Store(plan) => plan.on_reject.nack(),
            Self::EventSource(_) | Self::Sensor(_) | Self::Trigger(_) => None,
        }
    }

    /// Whether the component has what `change` is about.
    pub(crate) fn understands(&self, change: &Change) -> bool {
        match change {
            Change::Stop | Change::Start | Change::Slower(_) => true,
            Change::FailureProbability(_) => {
                !matches!(self, Self::EventBus(_) | Self::Sensor(_) | Self::Store(_))
            }
            Change::Limit(_) => {
                matches!(self, Self::EventBus(_) | Self::Workflow(_) | Self::Station(_))
            }
            Change::Room(_) => {
                matches!(self, Self::EventBus(_) | Self::Store(_) | Self::Station(_))
            }
            Change::Rate(_) => self.rate().is_some(),
            Change::Permits { key, .. } => match self {
                Self::Workflow(plan) => plan.semaphores.iter().any(|limit| limit.key == *key),
                _ => false,
            },
        }
    }

    /// What may be changed about it, in words.
    pub(crate) fn changes(&self) -> String {
        let all = [
            (true, "`Down`"),
            (self.understands(&Change::Slower(1.0)), "`Slower`"),
            (self.understands(&Change::FailureProbability(None)), "`Failure`"),
            (self.understands(&Change::Limit(0)), "`Limit`"),
            (self.rate().is_some(), "`Rate`"),
            (self.understands(&Change::Room(QueueLimits::default())), "`Room`"),
            (matches!(self, Self::Workflow(_)), "`Permits` of one of its semaphores"),
        ];
        let possible: Vec<&str> =
            all.into_iter().filter(|(may, _)| *may).map(|(_, name)| name).collect();
        format!("one of {}", possible.join(", "))
    }

    /// Its limit in the sense of [`Change::Limit`].
    pub(crate) fn limit(&self) -> Option<u64> {
        match self {
            Self::EventBus(plan) => plan.stream.max_msgs,
            Self::Workflow(plan) => plan.config.parallelism.map(u64::from),
            Self::Station(plan) => Some(u64::from(plan.servers)),
            Self::EventSource(_) | Self::Sensor(_) | Self::Trigger(_) | Self::Store(_) => None,
        }
    }

    /// The room that it has for events that wait.
    pub(crate) fn room(&self) -> QueueLimits {
        match self {
            Self::EventBus(plan) => {
                QueueLimits { messages: plan.stream.max_msgs, bytes: plan.stream.max_bytes }
            }
            Self::Station(plan) => plan.room,
            Self::Store(plan) => plan.capacity,
            Self::EventSource(_) | Self::Sensor(_) | Self::Trigger(_) | Self::Workflow(_) => {
                QueueLimits::default()
            }
        }
    }

    /// Probability that its work fails; `None`: that depends on the work.
    pub(crate) fn failure_probability(&self) -> Option<f64> {
        match self {
            Self::Trigger(plan) => Some(plan.action.failure_probability),
            Self::Station(plan) => Some(plan.failure_probability),
            Self::EventSource(_) => Some(0.0),
            Self::Workflow(_) | Self::EventBus(_) | Self::Sensor(_) | Self::Store(_) => None,
        }
    }

    /// Its rate limit.
    pub(crate) fn rate(&self) -> Option<Rate> {
        match self {
            Self::EventSource(plan) => plan.rate_limit.as_ref()?.limiter.rate(),
            Self::Sensor(plan) => plan.rate_limit.as_ref()?.rate(),
            Self::Trigger(plan) => plan.rate_limit.as_ref()?.limiter.rate(),
            Self::Station(plan) => plan.rate_limit.as_ref()?.limiter.rate(),
            Self::Store(plan) => plan.rate(),
            Self::EventBus(_) | Self::Workflow(_) => None,
        }
    }
}

impl Component {
    /// Whether what the component holds counts as stored, not as in flight.
    pub(crate) fn is_store(&self) -> bool {
        matches!(self, Self::Store(_))
    }
}
