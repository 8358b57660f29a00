//! From the stages as written to the components of a plan.

use sim_core::time::SimTime;

use super::arrival::Files;
use super::check::Checker;
use super::model::{ModelSpec, Stage};
use super::resolve::{Kind, Names};
use crate::component::ComponentPlan;
use crate::engine::event::ComponentId;
use crate::event_bus::spec::EventBusSpec;
use crate::event_bus::{BusPlan, ConsumerPlan, SubjectPlan};
use crate::event_source::spec::EventSourceSpec;
use crate::sensor::SensorPlan;
use crate::sensor::spec::{Needs, SensorSpec, Surroundings, TriggerSpec};

/// Bytes of the headers of a message that Argo Events publishes: one header, `Nats-Msg-Id`, with a UUID.
const ARGO_HEADER_BYTES: u32 = 12 + 11 + 36 + 4;

/// Turns stages into components.
pub(super) struct Builder<'m> {
    pub(super) spec: &'m ModelSpec,
    pub(super) names: &'m Names,
    pub(super) ids: &'m [ComponentId],
    pub(super) files: &'m dyn Files,
}

/// A consumer that some trigger needs, and its place in the bus.
struct Wanted {
    bus: ComponentId,
    owner: ComponentId,
    number: u16,
    subject: String,
}

impl Builder<'_> {
    /// The components in the order of their numbers, without those that have a problem. What neighbors
    /// know of each other is for [`connect`](super::connect::connect).
    pub(super) fn components(&self, cx: &mut Checker<'_>) -> Vec<Option<ComponentPlan>> {
        let mut wanted = Vec::new();
        // Sensors first: buses must know their consumers.
        let sensors = self.stages(cx, |cx, stage, id| match stage {
            Stage::Sensor(sensor) => Some(self.sensor(sensor, id, &mut wanted, cx)),
            _ => None,
        });
        let others = self.stages(cx, |cx, stage, id| match stage {
            Stage::Sensor(_) => None,
            other => Some(vec![self.other(other, id, &wanted, cx)]),
        });
        sensors
            .into_iter()
            .zip(others)
            .filter_map(|(sensor, other)| sensor.or(other))
            .flatten()
            .collect()
    }

    fn stages<R>(
        &self,
        cx: &mut Checker<'_>,
        mut each: impl FnMut(&mut Checker<'_>, &Stage, ComponentId) -> R,
    ) -> Vec<R> {
        let stages = self.spec.stages.iter().zip(self.ids).enumerate();
        stages.map(|(index, (stage, &id))| cx.index(index, |cx| each(cx, stage, id))).collect()
    }

    fn other(
        &self,
        stage: &Stage,
        id: ComponentId,
        wanted: &[Wanted],
        cx: &mut Checker<'_>,
    ) -> Option<ComponentPlan> {
        Some(match stage {
            Stage::EventSource(source) => {
                let plan = source.compile(self.names, self.files, cx)?;
                ComponentPlan::EventSource(Box::new(plan))
            }
            Stage::EventBus(bus) => {
                ComponentPlan::EventBus(Box::new(self.bus(bus, id, wanted, cx)?))
            }
            Stage::Workflow(workflow) => {
                let plan = workflow.compile(&self.spec.config_maps, self.names, cx)?;
                ComponentPlan::Workflow(Box::new(plan))
            }
            Stage::Station(station) => {
                ComponentPlan::Station(Box::new(station.compile(self.names, cx)?))
            }
            Stage::Store(store) => ComponentPlan::Store(Box::new(store.compile(self.names, cx)?)),
            Stage::Sensor(_) => unreachable!("sensors are built before"),
        })
    }

    fn bus(
        &self,
        spec: &EventBusSpec,
        id: ComponentId,
        wanted: &[Wanted],
        cx: &mut Checker<'_>,
    ) -> Option<BusPlan> {
        let stream = spec.stream(cx);
        let on_reject = spec.reject(self.names, cx);
        let mine: Vec<&Wanted> = wanted.iter().filter(|wanted| wanted.bus == id).collect();
        let consumers = cx.field("consumers", |cx| {
            // One bad setting is reported once, not once a consumer.
            spec.consumers.compile(String::new(), cx)?;
            mine.iter()
                .map(|wanted| {
                    let config = spec.consumers.compile(wanted.subject.clone(), cx)?;
                    Some(ConsumerPlan { owner: wanted.owner, number: wanted.number, config })
                })
                .collect::<Option<Vec<_>>>()
        });
        let subjects = self.subjects(&spec.name, &mine);
        let (stream, consumers) = (stream?, consumers?);
        self.try_out(&stream, &consumers, cx);
        Some(BusPlan {
            name: spec.name.clone(),
            stream,
            subjects,
            consumers,
            header_bytes: ARGO_HEADER_BYTES,
            on_reject: on_reject?,
        })
    }

    /// Makes the consumers once, to say now what the server would refuse.
    fn try_out(
        &self,
        stream: &crate::jetstream::StreamConfig,
        consumers: &[ConsumerPlan],
        cx: &mut Checker<'_>,
    ) {
        if !cx.is_certain() {
            return;
        }
        let Ok(mut stream) = crate::jetstream::Stream::<u32>::new(SimTime::ZERO, stream.clone())
        else {
            return;
        };
        for consumer in consumers {
            if let Err(error) = stream.add_consumer(SimTime::ZERO, consumer.config.clone()) {
                cx.warning(format!(
                    "the server refuses a consumer for `{}`: {error}; its trigger gets nothing",
                    consumer.config.filters.join(", ")
                ))
                .code("consumer-refused");
            }
        }
    }

    /// The subjects that sources publish to this bus, with the consumers that want them.
    fn subjects(&self, bus: &str, mine: &[&Wanted]) -> Vec<SubjectPlan> {
        let mut subjects = Vec::new();
        for (stage, &source) in self.spec.stages.iter().zip(self.ids) {
            let Stage::EventSource(spec) = stage else { continue };
            for (event, event_name) in (0..).zip(spec.event_names()) {
                let name = subject(bus, &spec.name, event_name);
                let consumers = (0..)
                    .zip(mine)
                    .filter(|(_, wanted)| wanted.subject == name)
                    .map(|(number, _)| number)
                    .collect();
                let repeats_ids = spec.resend.is_some();
                subjects.push(SubjectPlan { source, event, name, consumers, repeats_ids });
            }
        }
        subjects
    }

    /// The sensor and its triggers.
    fn sensor(
        &self,
        spec: &SensorSpec,
        id: ComponentId,
        wanted: &mut Vec<Wanted>,
        cx: &mut Checker<'_>,
    ) -> Vec<Option<ComponentPlan>> {
        let bus = self.names.find(cx, "bus", &spec.bus, &[Kind::EventBus]);
        let rate_limit = spec.limiter(cx);
        let client = spec.client_limiter(cx);
        let processing = cx.field("processing", |cx| spec.processing.compile(cx));
        let version = spec.release(cx);
        let subjects = self.subjects_of(spec, cx);
        let mut distinct = subjects.clone().unwrap_or_default();
        distinct.sort();
        distinct.dedup();
        let subject_of: Vec<usize> = match &subjects {
            Some(subjects) => subjects
                .iter()
                .map(|subject| distinct.binary_search(subject).expect("it is one of them"))
                .collect(),
            None => vec![0; spec.dependencies.len()],
        };
        let around = Surroundings {
            names: self.names,
            sensor: id,
            bus: bus.map(|bus| bus.component),
            version,
            processing: processing.as_ref(),
            subject_of: &subject_of,
        };
        let mut triggers = Vec::new();
        cx.field("triggers", |cx| {
            for (index, trigger) in spec.triggers.iter().enumerate() {
                let owner = id + 1 + index as ComponentId;
                triggers.push(cx.index(index, |cx| {
                    let condition = trigger.condition(spec, cx);
                    let mut needs = TriggerSpec::needs(condition.as_ref(), &subject_of);
                    if let (Some(bus), Some(_)) = (bus, &subjects) {
                        needs.consumers =
                            consumers(bus.component, owner, &needs, &distinct, wanted);
                    }
                    let plan = trigger.compile(spec, &around, condition, needs, cx);
                    plan.filter(|_| subjects.is_some())
                        .map(|plan| ComponentPlan::Trigger(Box::new(plan)))
                }));
            }
        });
        let sensor = rate_limit.zip(client).map(|(rate_limit, client)| {
            let triggers = (id + 1..).take(triggers.len()).collect();
            let name = spec.name.clone();
            ComponentPlan::Sensor(Box::new(SensorPlan { name, triggers, rate_limit, client }))
        });
        triggers.insert(0, sensor);
        triggers
    }

    /// The subjects of a sensor's dependencies.
    fn subjects_of(&self, spec: &SensorSpec, cx: &mut Checker<'_>) -> Option<Vec<String>> {
        cx.each("dependencies", &spec.dependencies, |cx, dependency| {
            let source = self.names.find(cx, "source", &dependency.source, &[Kind::EventSource]);
            let filter = cx.probability("filter", dependency.filter);
            let source = self.source(source?.component)?;
            if source.to != spec.bus && cx.is_certain() {
                cx.field("source", |cx| {
                    cx.warning(format!(
                        "`{}` sends to `{}`, the sensor listens to `{}`: nothing comes of it",
                        source.name, source.to, spec.bus
                    ))
                    .code("other-bus");
                });
            }
            let events = source.event_names();
            let event = match &dependency.event {
                Some(event) => events[cx.reference("event", "event", event, &events)?],
                None => events[0],
            };
            filter?;
            Some(subject(&spec.bus, &source.name, event))
        })
    }

    fn source(&self, id: ComponentId) -> Option<&EventSourceSpec> {
        let at = self.ids.iter().position(|&known| known == id)?;
        match &self.spec.stages[at] {
            Stage::EventSource(source) => Some(source),
            _ => None,
        }
    }
}

/// The numbers in the bus of the consumers that a trigger needs; they are added to `wanted`.
fn consumers(
    bus: ComponentId,
    owner: ComponentId,
    needs: &Needs,
    distinct: &[String],
    wanted: &mut Vec<Wanted>,
) -> Vec<u32> {
    let mut consumers = Vec::new();
    for (number, &subject) in (0..).zip(&needs.subjects) {
        consumers.push(wanted.iter().filter(|wanted| wanted.bus == bus).count() as u32);
        wanted.push(Wanted { bus, owner, number, subject: distinct[subject].clone() });
    }
    consumers
}

/// The subject of an event, as Argo Events spells it.
fn subject(bus: &str, source: &str, event: &str) -> String {
    format!("{bus}.{source}.{event}")
}
