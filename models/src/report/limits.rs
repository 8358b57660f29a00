//! What a plan limits, and how much: the yardsticks against which a report measures a run.

use sim_core::dist::Distribution;
use sim_core::limiter::Limiter;

use crate::component::ComponentPlan;
use crate::event_bus::{self, BusPlan};
use crate::event_source::{self, SourcePlan};
use crate::plan::Plan;
use crate::sensor::{self, SensorPlan};
use crate::station::{self, Over, RateLimitPlan, StationPlan};
use crate::store::{self, StorePlan};
use crate::trigger::{self, DeliveryMode, TriggerPlan};
use crate::workflow::{LockRef, TemplateConfig};
use crate::workflows::spec::mean_work;
use crate::workflows::{self, WorkflowPlan};

/// A limit that a component of a plan has from the start (a fault may change it later).
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The component's name.
    pub component: String,
    /// The limit's name, as written in models where it is written there: `max_msgs`.
    pub name: String,
    /// How much, in `unit`.
    pub value: f64,
    /// The unit of `value`: a plural such as `messages`, or `per_s`.
    pub unit: &'static str,
    /// The gauge that it bounds, where it bounds one.
    pub gauge: Option<&'static str>,
    /// How one sees in what a run observed that the limit was reached.
    pub(crate) sign: Sign,
}

/// How a run shows that a limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The gauge stands at the limit.
    Level,
    /// The gauge comes so near to the limit that no further message fits (bytes).
    NearLevel,
    /// The gauge stays at the limit for a while: servers that are all busy now and then are no news.
    Saturated,
    /// Nearly all the time somebody waits for it, as the gauge shows, and for a while.
    Queue(&'static str),
    /// Most of those who come wait, sample by sample, about as long as the limit makes them.
    Wait(&'static str),
    /// Somebody is refused.
    Refusals,
    /// Nothing shows it; another limit of the component does, or what it does to the next stage.
    Unseen,
}

impl Limit {
    fn level(name: &str, value: u64, unit: &'static str, gauge: &'static str) -> Self {
        let sign = if unit == "bytes" { Sign::NearLevel } else { Sign::Level };
        Self::new(name, value as f64, unit, Some(gauge), sign)
    }

    fn rate(name: &str, per_s: f64, sign: Sign) -> Self {
        Self::new(name, per_s, "per_s", None, sign)
    }

    fn new(
        name: &str,
        value: f64,
        unit: &'static str,
        gauge: Option<&'static str>,
        sign: Sign,
    ) -> Self {
        Self { component: String::new(), name: name.to_owned(), value, unit, gauge, sign }
    }

    /// Whether it bounds events per second, not how many there are.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        self.unit == "per_s"
    }
}

impl Plan {
    /// Every limit of every component, in the order of the model; what is unlimited has none.
    #[must_use]
    pub fn limits(&self) -> Vec<Limit> {
        let of = |component: &ComponentPlan| {
            let mut limits = component_limits(component);
            limits.retain(|limit| limit.value.is_finite());
            limits.iter_mut().for_each(|limit| limit.component = component.name().to_owned());
            limits
        };
        self.components.iter().flat_map(of).collect()
    }

    /// The names of the components, by the number that a [`Fact`](crate::Fact) bears.
    #[must_use]
    pub fn component_names(&self) -> Vec<String> {
        self.components.iter().map(|component| component.name().to_owned()).collect()
    }
}

fn component_limits(component: &ComponentPlan) -> Vec<Limit> {
    match component {
        ComponentPlan::EventSource(plan) => of_source(plan),
        ComponentPlan::EventBus(plan) => of_bus(plan),
        ComponentPlan::Sensor(plan) => of_sensor(plan),
        ComponentPlan::Trigger(plan) => of_trigger(plan),
        ComponentPlan::Workflow(plan) => of_workflow(plan),
        ComponentPlan::Station(plan) => of_station(plan),
        ComponentPlan::Store(plan) => of_store(plan),
    }
}

fn of_source(plan: &SourcePlan) -> Vec<Limit> {
    of_rate_limit(plan.rate_limit.as_ref(), Sign::Queue(event_source::metric::WAITING))
}

fn of_bus(plan: &BusPlan) -> Vec<Limit> {
    use event_bus::metric::{BYTES, DEPTH};
    let messages =
        plan.stream.max_msgs.map(|most| Limit::level("max_msgs", most, "messages", DEPTH));
    let bytes = plan.stream.max_bytes.map(|most| Limit::level("max_bytes", most, "bytes", BYTES));
    messages.into_iter().chain(bytes).collect()
}

fn of_sensor(plan: &SensorPlan) -> Vec<Limit> {
    let rate = plan.rate_limit.iter().map(|limiter| ("rate_limit", per_s(limiter)));
    let client = plan.client.iter().map(|limiter| ("client_qps", per_s(limiter)));
    let both: Vec<(&str, f64)> = rate.chain(client).collect();
    // The gauge counts those who wait for either, which is nearly always the lower one.
    let lowest = both.iter().map(|&(_, per_s)| per_s).fold(f64::INFINITY, f64::min);
    let sign = |per_s: f64| match per_s <= lowest {
        true => Sign::Queue(sensor::metric::WAITING),
        false => Sign::Unseen,
    };
    both.into_iter().map(|(name, per_s)| Limit::rate(name, per_s, sign(per_s))).collect()
}

fn of_trigger(plan: &TriggerPlan) -> Vec<Limit> {
    let mut limits =
        of_rate_limit(plan.rate_limit.as_ref(), Sign::Wait(trigger::metric::LIMITER_WAIT));
    if plan.delivery == DeliveryMode::AtLeastOnce {
        let seconds = plan.processing.mean() + plan.action.latency.mean();
        limits.push(Limit::rate("one_at_a_time", 1.0 / seconds, Sign::Unseen));
    }
    limits
}

fn of_workflow(plan: &WorkflowPlan) -> Vec<Limit> {
    use workflows::metric::{PENDING, PERMITS, RUNNING, WAITING_FOR_LOCKS};
    let mut limits = Vec::new();
    limits.extend(
        plan.max_pending.map(|most| Limit::level("max_pending", most, "workflows", PENDING)),
    );
    let parallelism = plan.config.parallelism.filter(|&most| most > 0).map(u64::from);
    limits.extend(parallelism.map(|most| Limit::level("parallelism", most, "workflows", RUNNING)));
    // The gauges are about all semaphores together.
    let gauge = (plan.semaphores.len() == 1).then_some(PERMITS);
    for semaphore in &plan.semaphores {
        let value = f64::from(semaphore.limit);
        let sign = Sign::Queue(WAITING_FOR_LOCKS);
        limits.push(Limit::new(&semaphore.key, value, "permits", gauge, sign));
    }
    if let ([template], [semaphore]) = (plan.templates.as_slice(), plan.semaphores.as_slice())
        && let Some(seconds) = time_under_lock(template)
    {
        let name = format!("{} throughput", semaphore.key);
        let per_s = f64::from(semaphore.limit) / seconds;
        limits.push(Limit::rate(&name, per_s, Sign::Unseen));
    }
    limits
}

/// How long a workflow of the template holds its semaphore at least, on average, seconds. `None`: it
/// holds none.
fn time_under_lock(template: &TemplateConfig) -> Option<f64> {
    let mut locks = template.locks.iter().chain(&template.entry.locks);
    let is_locked = locks.any(|lock| matches!(lock, LockRef::Semaphore { .. }));
    is_locked.then(|| mean_work(&template.entry)).filter(|&seconds| seconds > 0.0)
}

fn of_station(plan: &StationPlan) -> Vec<Limit> {
    use station::metric::{BUSY, DEPTH, WAIT};
    let mut limits = of_rate_limit(plan.rate_limit.as_ref(), Sign::Wait(WAIT));
    if let Some(room) = plan.room.messages {
        limits.push(Limit::level("capacity", room, "messages", DEPTH));
    }
    if plan.room.bytes.is_some() {
        limits.push(Limit::new("capacity_bytes", f64::INFINITY, "bytes", None, Sign::Refusals));
    }
    let servers = f64::from(plan.servers);
    limits.push(Limit::new("servers", servers, "servers", Some(BUSY), Sign::Saturated));
    limits.push(capacity(servers, &plan.service));
    limits
}

/// What so many servers can do at most. Whether it is reached `servers` says.
fn capacity(servers: f64, service: &Distribution) -> Limit {
    Limit::rate("service_rate", servers / service.mean(), Sign::Unseen)
}

fn of_store(plan: &StorePlan) -> Vec<Limit> {
    use store::metric::DEPTH;
    let room = plan.capacity.messages.map(|most| Limit::level("capacity", most, "messages", DEPTH));
    room.into_iter().collect()
}

fn of_rate_limit(plan: Option<&RateLimitPlan>, waiting: Sign) -> Vec<Limit> {
    let limit = |plan: &RateLimitPlan| {
        let sign = match plan.over {
            Over::Wait => waiting,
            Over::Reject => Sign::Refusals,
        };
        Limit::rate("rate_limit", per_s(&plan.limiter), sign)
    };
    plan.into_iter().map(limit).collect()
}

fn per_s(limiter: &Limiter) -> f64 {
    limiter.rate().map_or(f64::INFINITY, |rate| rate.per_s())
}
