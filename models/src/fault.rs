//! Changes on a timeline: faults, and operators who turn knobs during a run.

use sim_core::queue::QueueLimits;
use sim_core::time::{Rate, SimTime};

use crate::engine::event::ComponentId;

/// What changes in a component.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    /// Everything the component does takes this many times as long; 1 is normal.
    Slower(f64),
    /// It does nothing until it is started again; a process loses its memory.
    Stop,
    /// It works again.
    Start,
    /// Probability that its work fails; `None`: each kind of work as often as the plan says.
    FailureProbability(Option<f64>),
    /// Servers, permits or parallelism.
    Limit(u64),
    /// Its rate limit.
    Rate(Rate),
    /// Room in its queue.
    Room(QueueLimits),
    /// The permits of one of its semaphores, by `ConfigMap/key`.
    Permits { key: String, limit: u32 },
}

impl Change {
    /// Whether both are about the same thing, so that the later one takes the place of the earlier one.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Permits { key, .. }, Self::Permits { key: other, .. }) => key == other,
            _ => self.subject() == other.subject(),
        }
    }

    fn subject(&self) -> u8 {
        match self {
            Self::Slower(_) => 0,
            Self::Stop | Self::Start => 1,
            Self::FailureProbability(_) => 2,
            Self::Limit(_) => 3,
            Self::Rate(_) => 4,
            Self::Room(_) => 5,
            Self::Permits { .. } => 6,
        }
    }
}

/// A change with its time and place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) at: SimTime,
    pub(crate) component: ComponentId,
    pub(crate) change: Change,
}
