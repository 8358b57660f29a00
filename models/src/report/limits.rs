//! What a plan limits, and how much: the yardsticks against which a report measures a run.

use sim_core::dist::Distribution;
use sim_core::limiter::Limiter;
use sim_core::time::SimTime;

use super::flow::{Inflow, inflows};
use crate::component::ComponentPlan;
use crate::engine::event::ComponentId;
use crate::engine::fate::Reason;
use crate::event_bus::{self, BusPlan};
use crate::event_source::{self, Route, SourcePlan};
use crate::plan::Plan;
use crate::sensor::{self, SensorPlan};
use crate::station::{self, Over, RateLimitPlan, StationPlan};
use crate::store::{self, StorePlan};
use crate::trigger::{self, DeliveryMode, Target, TriggerPlan};
use crate::workflow::{LockRef, NodeBody, NodeConfig, Realism, TemplateConfig};
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
    /// A rate's allowance: so many may come at one instant without waiting.
    pub at_once: f64,
    /// A rate of workflows: the templates that it is about; empty: all.
    pub(crate) templates: Vec<u32>,
    /// How one sees in what a run observed that the limit was reached.
    pub(crate) sign: Sign,
}

/// How a run shows that a limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// The run marked it ([`crate::engine::reach`]), or it refused somebody for one of these reasons, or
    /// pushed somebody out.
    Seen {
        /// Reasons that only this limit has at its component.
        refuses: &'static [Reason],
        /// Reasons that it may share with another limit.
        evicts: &'static [Reason],
    },
    /// It is too small from the start.
    FromStart,
    /// Nothing shows it; another limit of the component does, or what it does to the next stage.
    Unseen,
}

impl Sign {
    /// A line behind it, or a gauge that is full.
    const MARKED: Self = Self::Seen { refuses: &[], evicts: &[] };

    const fn refuses(refuses: &'static [Reason]) -> Self {
        Self::Seen { refuses, evicts: &[] }
    }
}

impl Limit {
    /// A limit on a gauge, which is reached when the gauge is full.
    fn level(name: &str, value: u64, unit: &'static str, gauge: &'static str, sign: Sign) -> Self {
        Self::new(name, value as f64, unit, Some(gauge), sign)
    }

    fn rate(name: &str, per_s: f64, at_once: f64, sign: Sign) -> Self {
        Self { at_once, ..Self::new(name, per_s, "per_s", None, sign) }
    }

    fn new(
        name: &str,
        value: f64,
        unit: &'static str,
        gauge: Option<&'static str>,
        sign: Sign,
    ) -> Self {
        let (component, name) = (String::new(), name.to_owned());
        Self { component, name, value, unit, gauge, at_once: 1.0, templates: Vec::new(), sign }
    }

    /// Whether it bounds events per second, not how many there are.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        self.unit == "per_s"
    }
}

/// The limits that are reached when their gauges stand at them.
const BRIMS: [&str; 3] = ["max_msgs", "capacity", "max_pending"];

impl Plan {
    /// Every limit of every component, in the order of the model; what is unlimited has none.
    #[must_use]
    pub fn limits(&self) -> Vec<Limit> {
        let inflows = inflows(self);
        let of = |(component, inflow): (&ComponentPlan, &Inflow)| {
            let mut limits = component_limits(component, inflow, self);
            limits.retain(|limit| limit.value.is_finite());
            limits.iter_mut().for_each(|limit| limit.component = component.name().to_owned());
            limits
        };
        self.components.iter().zip(&inflows).flat_map(of).collect()
    }

    /// Gauges that are full at their limit: component, gauge, limit, and the limit's name.
    pub(crate) fn brims(&self) -> Vec<(ComponentId, &'static str, u64, &'static str)> {
        let mut brims = Vec::new();
        for (number, component) in (0..).zip(&self.components) {
            for limit in component_limits(component, &Inflow::default(), self) {
                let name = BRIMS.into_iter().find(|&name| name == limit.name);
                if let (Some(name), Some(gauge)) = (name, limit.gauge) {
                    brims.push((number, gauge, limit.value as u64, name));
                }
            }
        }
        brims
    }

    /// The names of the components, by the number that a [`Fact`](crate::Fact) bears.
    #[must_use]
    pub fn component_names(&self) -> Vec<String> {
        self.components.iter().map(|component| component.name().to_owned()).collect()
    }
}

fn component_limits(component: &ComponentPlan, inflow: &Inflow, plan: &Plan) -> Vec<Limit> {
    match component {
        ComponentPlan::EventSource(source) => of_source(source),
        ComponentPlan::EventBus(bus) => of_bus(bus),
        ComponentPlan::Sensor(sensor) => of_sensor(sensor),
        ComponentPlan::Trigger(trigger) => of_trigger(trigger, plan),
        ComponentPlan::Workflow(workflow) => of_workflow(workflow, inflow),
        ComponentPlan::Station(station) => of_station(station),
        ComponentPlan::Store(store) => of_store(store),
    }
}

fn of_source(plan: &SourcePlan) -> Vec<Limit> {
    let mut limits = Vec::new();
    limits.extend(of_rate_limit(plan.rate_limit.as_ref()));
    if plan.route == Route::Serial {
        let per_s = 1.0 / plan.latency.mean();
        limits.push(Limit::rate(event_source::limit::ROUTE, per_s, 1.0, Sign::MARKED));
    }
    if let Some(most) = plan.payload_max {
        let sign = Sign::refuses(&[Reason::TooLarge]);
        limits.push(Limit::new("max_payload", f64::from(most), "bytes", None, sign));
    }
    limits
}

fn of_bus(plan: &BusPlan) -> Vec<Limit> {
    use event_bus::metric::{BYTES, DEPTH};
    let stream = &plan.stream;
    let mut limits = Vec::new();
    if let Some(most) = stream.max_msgs {
        let sign = Sign::refuses(&[Reason::MessagesFull]);
        limits.push(Limit::level("max_msgs", most, "messages", DEPTH, sign));
    }
    if let Some(most) = stream.max_bytes {
        let sign = Sign::Seen { refuses: &[Reason::BytesFull], evicts: &[Reason::Evicted] };
        limits.push(Limit::level("max_bytes", most, "bytes", BYTES, sign));
    }
    if let Some(most) = stream.max_msg_size {
        let sign = Sign::refuses(&[Reason::TooLarge]);
        limits.push(Limit::new("max_msg_size", most as f64, "bytes", None, sign));
    }
    if let Some(most) = stream.max_consumers {
        let is_short = plan.consumers.len() > most;
        let sign = if is_short { Sign::FromStart } else { Sign::MARKED };
        limits.push(Limit::new("max_consumers", most as f64, "consumers", None, sign));
    }
    if let Some(most) = stream.max_age {
        let sign = Sign::refuses(&[Reason::Expired]);
        limits.push(Limit::new("max_age", most.as_secs_f64(), "s", None, sign));
    }
    let deliveries = plan.consumers.iter().filter_map(|consumer| consumer.config.max_deliver).min();
    if let Some(most) = deliveries {
        let sign = Sign::refuses(&[Reason::RetriesExhausted]);
        limits.push(Limit::new("max_deliver", f64::from(most), "deliveries", None, sign));
    }
    limits
}

fn of_sensor(plan: &SensorPlan) -> Vec<Limit> {
    let rate = plan.rate_limit.iter().map(|limiter| (sensor::limit::RATE, limiter));
    let client = plan.client.iter().map(|limiter| (sensor::limit::CLIENT, limiter));
    rate.chain(client).map(|(name, limiter)| of_limiter(name, limiter, Sign::MARKED)).collect()
}

fn of_trigger(trigger: &TriggerPlan, plan: &Plan) -> Vec<Limit> {
    let mut limits: Vec<Limit> = of_rate_limit(trigger.rate_limit.as_ref()).into_iter().collect();
    let seconds = match trigger.delivery {
        DeliveryMode::AtLeastOnce => {
            trigger.processing.mean() + trigger.action.latency.mean() + answer_s(trigger, plan)
        }
        DeliveryMode::FireAndForget => trigger.processing.mean(),
    };
    let name = trigger::limit::ONE_AT_A_TIME;
    limits.push(Limit::rate(name, 1.0 / seconds, 1.0, Sign::MARKED));
    limits
}

/// How long the trigger's target takes to answer if nobody else is there, seconds.
fn answer_s(trigger: &TriggerPlan, plan: &Plan) -> f64 {
    match trigger.action.target {
        Target::Call(stage) => match &plan.components[stage as usize] {
            ComponentPlan::Station(station) => station.service.mean(),
            _ => 0.0,
        },
        Target::Workflow { controller, template, waits: true } => {
            match &plan.components[controller as usize] {
                ComponentPlan::Workflow(workflow) => {
                    mean_work(&workflow.templates[template as usize].entry)
                }
                _ => 0.0,
            }
        }
        Target::Workflow { .. } | Target::Store(_) | Target::Log => 0.0,
    }
}

fn of_workflow(plan: &WorkflowPlan, inflow: &Inflow) -> Vec<Limit> {
    use workflows::limit;
    use workflows::metric::{PENDING, PERMITS, RUNNING};
    let mut limits = Vec::new();
    if let Some(most) = plan.max_pending {
        let sign = Sign::refuses(&[Reason::MessagesFull]);
        limits.push(Limit::level("max_pending", most, "workflows", PENDING, sign));
    }
    let config = &plan.config;
    if let Some(most) = config.parallelism.filter(|&most| most > 0) {
        let most = f64::from(most);
        limits.push(Limit::new(limit::PARALLELISM, most, "workflows", Some(RUNNING), Sign::MARKED));
        let work = |template: &TemplateConfig| mean_work(&template.entry);
        limits.extend(throughput(limit::PARALLELISM, most, plan, inflow, &work));
    }
    if let Some(most) = config.namespace_parallelism.filter(|&most| most > 0) {
        let value = f64::from(most);
        limits.push(Limit::new(limit::NAMESPACE, value, "workflows", None, Sign::MARKED));
    }
    // The gauges are about all locks together.
    let names = limit::locks(plan);
    let gauge = (names.len() == 1).then_some(PERMITS);
    for (number, name) in names.iter().enumerate() {
        let permits = plan.semaphores.get(number).map_or(1.0, |lock| f64::from(lock.limit));
        limits.push(Limit::new(name, permits, "permits", gauge, Sign::MARKED));
        let held = |template: &TemplateConfig| time_under_lock(template, name);
        limits.extend(throughput(name, permits, plan, inflow, &held));
    }
    if config.realism == Realism::Argo {
        let workers = f64::from(config.workers);
        limits.push(Limit::new(limit::WORKERS, workers, "workers", None, Sign::MARKED));
        if let Some(api) = config.api_limit {
            let sign = Sign::MARKED;
            limits.push(Limit::new(limit::API, api.qps, "calls per second", None, sign));
        }
    }
    if let Some(pods) = config.resource_rate_limit {
        let per_s = pods.rate.per_s();
        limits.push(Limit::new(limit::PODS, per_s, "pods per second", None, Sign::MARKED));
    }
    limits
}

/// How many workflows per second so many places let through, of the templates that take one, in the mix
/// in which they come. Whether it is reached the places' own limit says.
fn throughput(
    name: &str,
    places: f64,
    plan: &WorkflowPlan,
    inflow: &Inflow,
    held_s: &dyn Fn(&TemplateConfig) -> f64,
) -> Option<Limit> {
    let held: Vec<f64> = plan.templates.iter().map(held_s).collect();
    let users: Vec<usize> = (0..held.len()).filter(|&at| held[at] > 0.0).collect();
    let flow = |at: usize| inflow.templates.get(at).map_or(0.0, |flow| flow.peak_per_s);
    let sum: f64 = users.iter().map(|&at| flow(at)).sum();
    let mean = |at: usize| match sum > 0.0 {
        true => held[at] * flow(at) / sum,
        false => held[at] / users.len() as f64,
    };
    let seconds: f64 = users.iter().map(|&at| mean(at)).sum();
    (seconds > 0.0).then(|| Limit {
        templates: users.iter().map(|&at| at as u32).collect(),
        ..Limit::rate(&format!("{name} throughput"), places / seconds, places, Sign::Unseen)
    })
}

/// How long a workflow of the template holds the lock at least, on average, over all its nodes, seconds.
fn time_under_lock(template: &TemplateConfig, name: &str) -> f64 {
    if template.locks.iter().any(|lock| is_called(lock, name)) {
        return mean_work(&template.entry);
    }
    node_under_lock(&template.entry, name)
}

fn node_under_lock(node: &NodeConfig, name: &str) -> f64 {
    let once = if node.locks.iter().any(|lock| is_called(lock, name)) {
        mean_work(node)
    } else {
        match &node.body {
            NodeBody::Pod { .. } => 0.0,
            NodeBody::Steps(groups) => {
                groups.iter().flatten().map(|node| node_under_lock(node, name)).sum()
            }
            NodeBody::Dag { tasks, .. } => {
                tasks.iter().map(|task| node_under_lock(&task.node, name)).sum()
            }
        }
    };
    once * f64::from(node.items.max(1))
}

fn is_called(lock: &LockRef, name: &str) -> bool {
    workflows::limit::name_of(lock) == name
}

fn of_station(plan: &StationPlan) -> Vec<Limit> {
    use station::metric::{BUSY, DEPTH};
    let mut limits: Vec<Limit> = of_rate_limit(plan.rate_limit.as_ref()).into_iter().collect();
    let has_no_room = plan.room.messages == Some(0);
    if let Some(room) = plan.room.messages.filter(|&room| room > 0) {
        let sign = Sign::Seen { refuses: &[Reason::MessagesFull], evicts: &[Reason::Evicted] };
        limits.push(Limit::level("capacity", room, "messages", DEPTH, sign));
    }
    if let Some(room) = plan.room.bytes {
        let sign = Sign::Seen {
            refuses: &[Reason::BytesFull, Reason::TooLarge],
            evicts: &[Reason::Evicted],
        };
        limits.push(Limit::new("capacity_bytes", room as f64, "bytes", None, sign));
    }
    let servers = f64::from(plan.servers);
    // Where nobody can wait, whoever finds no server is refused.
    let sign = if has_no_room { Sign::refuses(&[Reason::MessagesFull]) } else { Sign::MARKED };
    limits.push(Limit::new(station::limit::SERVERS, servers, "servers", Some(BUSY), sign));
    limits.push(capacity(servers, &plan.service));
    limits
}

/// What so many servers can do at most. Whether it is reached `servers` says.
fn capacity(servers: f64, service: &Distribution) -> Limit {
    Limit::rate("service_rate", servers / service.mean(), servers, Sign::Unseen)
}

fn of_store(plan: &StorePlan) -> Vec<Limit> {
    use store::metric::DEPTH;
    let refuses = Sign::refuses(&[Reason::StoreFull]);
    let room = plan
        .capacity
        .messages
        .map(|most| Limit::level("capacity", most, "messages", DEPTH, refuses));
    let bytes = plan
        .capacity
        .bytes
        .map(|most| Limit::new("capacity_bytes", most as f64, "bytes", None, refuses));
    room.into_iter().chain(bytes).collect()
}

fn of_rate_limit(plan: Option<&RateLimitPlan>) -> Option<Limit> {
    let plan = plan?;
    let sign = match plan.over {
        Over::Wait => Sign::MARKED,
        Over::Reject => Sign::refuses(&[Reason::RateLimited]),
    };
    Some(of_limiter("rate_limit", &plan.limiter, sign))
}

fn of_limiter(name: &str, limiter: &Limiter, sign: Sign) -> Limit {
    let per_s = limiter.rate().map_or(f64::INFINITY, |rate| rate.per_s());
    Limit::rate(name, per_s, at_once(limiter), sign)
}

/// How many a limiter lets through at one instant when it has rested.
fn at_once(limiter: &Limiter) -> f64 {
    const MOST: u32 = 100_000;
    let mut rested = limiter.clone();
    let now = SimTime::from_nanos(u64::MAX / 4);
    let passed = (0..MOST).take_while(|_| rested.try_take(now).is_ok()).count();
    (passed as f64).max(1.0)
}
