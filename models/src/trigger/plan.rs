//! What a trigger is made of.

use sim_core::backoff::Backoff;
use sim_core::dist::Distribution;
use sim_core::time::SimDuration;

use super::Condition;
use crate::engine::event::ComponentId;
use crate::engine::reject::Reject;
use crate::station::RateLimitPlan;

/// What a trigger is made of.
#[derive(Clone, Debug)]
pub(crate) struct TriggerPlan {
    /// `sensor/trigger`.
    pub(crate) name: String,
    pub(crate) sensor: ComponentId,
    pub(crate) bus: ComponentId,
    pub(crate) delivery: DeliveryMode,
    /// One per distinct subject: the bus's number of the consumer.
    pub(crate) consumers: Vec<u32>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) condition: Condition,
    /// The condition is cleared at this offset and then every so often.
    pub(crate) reset: Option<(SimDuration, SimDuration)>,
    /// Seconds to read and match one message.
    pub(crate) processing: Distribution,
    /// The trigger also needs a token of its sensor's rate limit.
    pub(crate) sensor_limited: bool,
    pub(crate) rate_limit: Option<RateLimitPlan>,
    /// What happens over a rate limit that does not wait.
    pub(crate) on_reject: Reject,
    pub(crate) action: ActionPlan,
    pub(crate) retry: RetryPlan,
    pub(crate) dead_letter: Option<(ActionPlan, RetryPlan)>,
}

impl TriggerPlan {
    /// All that it does.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &ActionPlan> {
        [&self.action].into_iter().chain(self.dead_letter.iter().map(|(action, _)| action))
    }
}

/// When a message is acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryMode {
    /// After the action.
    AtLeastOnce,
    /// At once.
    FireAndForget,
}

/// An event that a trigger waits for.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// Index into the trigger's consumers.
    pub(crate) consumer: u16,
    /// Probability that its filter lets an event pass.
    pub(crate) pass_probability: f64,
}

/// What a trigger does.
#[derive(Clone, Debug)]
pub(crate) struct ActionPlan {
    pub(crate) target: Target,
    /// Calls of the Kubernetes client, each of which costs one of its tokens; 0: none, or no limit.
    pub(crate) client_calls: u16,
    /// Seconds until the request reaches the target.
    pub(crate) latency: Distribution,
    pub(crate) failure_probability: f64,
    /// How long a call waits for its answer.
    pub(crate) timeout: SimDuration,
    /// How the end of a workflow is waited for; none: it is heard of at once.
    pub(crate) policy: Option<PolicyPlan>,
}

/// How often, and after which pauses, a trigger looks whether its workflow is done.
#[derive(Clone, Debug)]
pub(crate) struct PolicyPlan {
    /// Looks, the first one at once.
    pub(crate) steps: u16,
    pub(crate) backoff: Backoff,
    pub(crate) on_timeout: OnTimeout,
}

/// What it is that the last look was in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnTimeout {
    Success,
    Failure,
}

impl RetryPlan {
    /// A single attempt.
    pub(crate) fn once() -> Self {
        Self { steps: 1, backoff: Backoff::constant(SimDuration::ZERO) }
    }
}

/// Where an action goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Submits a workflow from a template of that controller; may wait for its end.
    Workflow { controller: ComponentId, template: u32, waits: bool },
    /// Calls a station and waits for its answer.
    Call(ComponentId),
    /// Puts the event into a store.
    Store(ComponentId),
    /// Writes a line; done at once.
    Log,
}

/// How often, and after which pauses, an action is tried.
#[derive(Clone, Debug)]
pub(crate) struct RetryPlan {
    /// Attempts, the first included.
    pub(crate) steps: u16,
    pub(crate) backoff: Backoff,
}
