//! A whole model as written, and the way from there to a [`Plan`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::time::SimTime;

use super::arrival::Files;
use super::check::Checker;
use super::connect::connect;
use super::faults::{self, FaultSpec};
use super::policy::optional;
use super::quantity::DurationText;
use super::resolve::{Kind, Named, Names};
use super::ron_text;
use crate::component::ComponentPlan;
use crate::diagnostic::Diagnostics;
use crate::engine::event::{COMPONENTS_MAX, ComponentId, SMALL_MAX};
use crate::event_bus::spec::EventBusSpec;
use crate::event_bus::{BusPlan, ConsumerPlan, SubjectPlan};
use crate::event_source::spec::EventSourceSpec;
use crate::model::{Model, Overrides};
use crate::plan::Plan;
use crate::sensor::SensorPlan;
use crate::sensor::spec::{SensorSpec, Surroundings, TriggerSpec};
use crate::station::spec::StationSpec;
use crate::store::spec::StoreSpec;
use crate::workflows::spec::{ConfigMaps, WorkflowSpec};

/// The seed of a model that states none: constant, so that a run can always be had again.
pub const DEFAULT_SEED: u64 = 1;

/// Bytes of the headers of a message that Argo Events publishes: one header, `Nats-Msg-Id`, with a UUID.
const ARGO_HEADER_BYTES: u32 = 12 + 11 + 36 + 4;

/// A model: the stages of a pipeline, how long it is watched, and what goes wrong meanwhile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Model", deny_unknown_fields)]
pub struct ModelSpec {
    /// Its name.
    pub name: String,
    /// What it shows and what to look at.
    #[serde(default)]
    pub about: String,
    /// How much time is simulated.
    pub horizon: DurationText,
    /// The seed of all random numbers.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// The beginning that means and quantiles leave out; counts and the ledger leave out nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<DurationText>,
    /// Events in the model at once before the run is ended with a diagnosis: a bound on memory.
    #[serde(default = "five_million")]
    pub in_flight_max: u32,
    /// The stages, in any order; they find each other by name.
    pub stages: Vec<Stage>,
    /// ConfigMaps: the limits of semaphores.
    #[serde(default, skip_serializing_if = "ConfigMaps::is_empty")]
    pub config_maps: ConfigMaps,
    /// What goes wrong, or is changed, and when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultSpec>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Where events enter.
    EventSource(EventSourceSpec),
    /// A JetStream stream.
    EventBus(EventBusSpec),
    /// A sensor with its triggers.
    Sensor(SensorSpec),
    /// A workflow controller with its templates.
    Workflow(WorkflowSpec),
    /// A queue in front of servers.
    Station(StationSpec),
    /// A backlog.
    Store(StoreSpec),
}

fn default_seed() -> u64 {
    DEFAULT_SEED
}

fn five_million() -> u32 {
    5_000_000
}

impl Stage {
    /// The stage's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::EventSource(stage) => &stage.name,
            Self::EventBus(stage) => &stage.name,
            Self::Sensor(stage) => &stage.name,
            Self::Workflow(stage) => &stage.name,
            Self::Station(stage) => &stage.name,
            Self::Store(stage) => &stage.name,
        }
    }

    /// The components that the stage becomes.
    fn components(&self) -> usize {
        match self {
            Self::Sensor(sensor) => 1 + sensor.triggers.len(),
            _ => 1,
        }
    }
}

/// Reads a model; see [`Model::read`].
pub(crate) fn read(
    file: &str,
    text: &str,
    overrides: &Overrides<'_>,
    files: &dyn Files,
) -> Result<Model, Diagnostics> {
    let text = super::set::apply(file, text, overrides.sets)?;
    let (mut spec, spans) = ron_text::parse::<ModelSpec>(file, &text)?;
    if let Some(horizon) = overrides.horizon {
        spec.horizon = horizon.into();
    }
    if let Some((storm_file, storm_text)) = overrides.storm {
        super::storm::apply(&mut spec, storm_file, storm_text)?;
    }
    let hash = hash(&spec);
    let mut cx = Checker::new(file, Some(&spans));
    let plan = spec.compile(files, &mut cx);
    let found = cx.finish();
    match plan {
        Some(plan) if !found.has_errors() => Ok(Model {
            name: spec.name,
            about: spec.about,
            seed: spec.seed,
            hash,
            plan,
            warnings: found,
        }),
        _ => Err(found),
    }
}

/// blake3 of the model in canonical form: comments, order of fields and defaults do not matter.
fn hash(spec: &ModelSpec) -> String {
    let canonical = serde_json::to_vec(spec).expect("a spec is plain data");
    blake3::hash(&canonical).to_hex().to_string()
}

impl ModelSpec {
    /// Checks the meaning of everything and resolves all names.
    pub(crate) fn compile(&self, files: &dyn Files, cx: &mut Checker<'_>) -> Option<Plan> {
        let horizon = cx.positive_duration("horizon", &self.horizon);
        let warm_up = optional(&self.warm_up, |text| cx.duration("warm_up", text));
        cx.at_least("in_flight_max", self.in_flight_max, 1);
        if !cx.field("stages", |cx| self.fits(cx)) {
            return None;
        }
        let ids = self.ids();
        let names = self.names(&ids);
        cx.field("stages", |cx| self.check_names(cx));
        let builder = Builder { spec: self, names: &names, ids: &ids, files };
        let components = cx.field("stages", |cx| builder.components(cx));
        let (horizon, warm_up) = (horizon?, warm_up?.unwrap_or_default());
        if warm_up >= horizon {
            cx.field("warm_up", |cx| {
                cx.error(format!("the warm-up of `{warm_up}` leaves nothing of the horizon"))
                    .expected(format!("less than the horizon, `{horizon}`"));
            });
        }
        let known = components.as_deref();
        let faults = cx.field("faults", |cx| {
            let around = faults::Surroundings {
                names: &names,
                components: known,
                config_maps: &self.config_maps,
            };
            faults::compile(&self.faults, &around, cx)
        });
        super::lint::lint(self, known, horizon, cx);
        let components = components?;
        Some(Plan {
            name: self.name.clone(),
            horizon,
            warm_up,
            components,
            faults: faults?,
            in_flight_max: self.in_flight_max,
            nacks: names.into_nacks(),
        })
    }

    /// Whether its parts can be numbered: an event names its component and a consumer in few bits.
    fn fits(&self, cx: &mut Checker<'_>) -> bool {
        let components: usize = self.stages.iter().map(Stage::components).sum();
        let consumers = |stage: &Stage| match stage {
            Stage::Sensor(sensor) => sensor.triggers.len() * sensor.dependencies.len(),
            _ => 0,
        };
        let consumers: usize = self.stages.iter().map(consumers).sum();
        let mut limit = |count: usize, max: usize, what: &str| {
            if count > max {
                cx.error(format!("the model has {count} {what}"))
                    .expected(format!("at most {max}"));
            }
            count <= max
        };
        let few = limit(components, COMPONENTS_MAX, "stages and triggers");
        limit(consumers, SMALL_MAX, "pairs of a trigger and a dependency") && few
    }

    /// The first component of each stage; a sensor's triggers follow it.
    fn ids(&self) -> Vec<ComponentId> {
        let mut next = 0;
        let numbers = self.stages.iter().map(|stage| {
            let id = next;
            next += stage.components() as ComponentId;
            id
        });
        numbers.collect()
    }

    fn names(&self, ids: &[ComponentId]) -> Names {
        let mut all = Vec::new();
        for (stage, &component) in self.stages.iter().zip(ids) {
            let mut add = |name: &str, kind, component, number, answers| {
                all.push(Named { name: name.to_owned(), kind, component, number, answers });
            };
            match stage {
                Stage::EventSource(source) => {
                    add(&source.name, Kind::EventSource, component, 0, false);
                }
                Stage::EventBus(bus) => add(&bus.name, Kind::EventBus, component, 0, true),
                Stage::Sensor(sensor) => {
                    add(&sensor.name, Kind::Sensor, component, 0, false);
                    for (trigger, id) in sensor.triggers.iter().zip(component + 1..) {
                        let name = format!("{}/{}", sensor.name, trigger.name);
                        add(&name, Kind::Trigger, id, 0, false);
                    }
                }
                Stage::Workflow(workflow) => {
                    add(&workflow.name, Kind::Workflow, component, 0, true);
                    for (template, number) in workflow.templates.iter().zip(0..) {
                        add(&template.name, Kind::Template, component, number, true);
                    }
                }
                Stage::Station(station) => {
                    let answers = station.answers();
                    add(&station.name, Kind::Station, component, 0, answers);
                }
                Stage::Store(store) => {
                    add(&store.name, Kind::Store, component, 0, store.answers());
                }
            }
        }
        Names::new(all)
    }

    /// Templates of all controllers are found by name alone, and beside other stages that take events.
    fn check_templates(&self, cx: &mut Checker<'_>) {
        let takes = |stage: &&Stage| {
            matches!(stage, Stage::EventBus(_) | Stage::Station(_) | Stage::Store(_))
        };
        let mut taken: Vec<&str> = self.stages.iter().filter(takes).map(Stage::name).collect();
        for (index, stage) in self.stages.iter().enumerate() {
            let Stage::Workflow(workflow) = stage else { continue };
            cx.index(index, |cx| {
                cx.field("templates", |cx| {
                    for (number, template) in workflow.templates.iter().enumerate() {
                        let name = template.name.as_str();
                        if taken.contains(&name) {
                            cx.index(number, |cx| cx.field("name", |cx| name_is_taken(name, cx)));
                        }
                        taken.push(name);
                    }
                });
            });
        }
    }

    fn check_names(&self, cx: &mut Checker<'_>) {
        if self.stages.is_empty() {
            cx.error("the model has no stages")
                .expected("at least an `EventSource(…)` and the stage that it sends to");
        }
        let names: Vec<&str> = self.stages.iter().map(Stage::name).collect();
        cx.unique("stage", "name", &names);
        self.check_templates(cx);
        for (index, stage) in self.stages.iter().enumerate() {
            if let Stage::Sensor(sensor) = stage {
                cx.index(index, |cx| {
                    let names: Vec<&str> =
                        sensor.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
                    cx.field("triggers", |cx| cx.unique("trigger", "name", &names));
                    let names: Vec<&str> =
                        sensor.dependencies.iter().map(|it| it.name.as_str()).collect();
                    cx.field("dependencies", |cx| {
                        cx.unique("dependency", "name", &names);
                        if names.is_empty() || names.len() > 64 {
                            cx.error(format!("there are {} dependencies", names.len()))
                                .expected("from 1 to 64");
                        }
                    });
                });
            }
        }
    }
}

fn name_is_taken(name: &str, cx: &mut Checker<'_>) {
    cx.error(format!("the name `{name}` is taken"))
        .code("duplicate-name")
        .expected("a name that no other template, bus, station or store has");
}

/// Turns stages into components.
struct Builder<'m> {
    spec: &'m ModelSpec,
    names: &'m Names,
    ids: &'m [ComponentId],
    files: &'m dyn Files,
}

/// A consumer that some trigger needs, and its place in the bus.
struct Wanted {
    bus: ComponentId,
    owner: ComponentId,
    number: u16,
    subject: String,
}

impl Builder<'_> {
    fn components(&self, cx: &mut Checker<'_>) -> Option<Vec<ComponentPlan>> {
        let mut wanted = Vec::new();
        let mut plans: Vec<Option<Vec<ComponentPlan>>> = Vec::new();
        // Sensors first: buses must know their consumers.
        let sensors = self.stages(cx, |cx, stage, id| match stage {
            Stage::Sensor(sensor) => Some(self.sensor(sensor, id, &mut wanted, cx)),
            _ => None,
        });
        let others = self.stages(cx, |cx, stage, id| match stage {
            Stage::Sensor(_) => None,
            other => Some(self.other(other, id, &wanted, cx).map(|plan| vec![plan])),
        });
        for (sensor, other) in sensors.into_iter().zip(others) {
            plans.push(sensor.or(other).flatten());
        }
        let plans: Option<Vec<Vec<ComponentPlan>>> = plans.into_iter().collect();
        let mut components: Vec<ComponentPlan> = plans?.into_iter().flatten().collect();
        connect(&mut components);
        Some(components)
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

    fn sensor(
        &self,
        spec: &SensorSpec,
        id: ComponentId,
        wanted: &mut Vec<Wanted>,
        cx: &mut Checker<'_>,
    ) -> Option<Vec<ComponentPlan>> {
        let bus = self.names.find(cx, "bus", &spec.bus, &[Kind::EventBus]);
        let rate_limit = spec.limiter(cx);
        let client = spec.client_limiter(cx);
        let processing = cx.field("processing", |cx| spec.processing.compile(cx));
        let version = spec.release(cx);
        let subjects = cx.each("dependencies", &spec.dependencies, |cx, dependency| {
            let source = self.names.find(cx, "source", &dependency.source, &[Kind::EventSource]);
            cx.probability("filter", dependency.filter);
            let source = self.source(source?.component)?;
            if source.to != spec.bus {
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
            Some(subject(&spec.bus, &source.name, event))
        });
        let (Some(bus), Some(subjects)) = (bus, subjects) else {
            // What can be said of the triggers all the same is said now.
            let nowhere = vec![0; spec.dependencies.len()];
            let bus = bus.map_or(0, |bus| bus.component);
            let (names, version) = (self.names, version?);
            let around = Surroundings { names, sensor: id, bus, version, subject_of: &nowhere };
            cx.each("triggers", &spec.triggers, |cx, trigger| {
                let condition = trigger.condition(spec, cx)?;
                let needs = TriggerSpec::needs(&condition, &nowhere);
                trigger.compile(spec, &around, condition, &needs, vec![0], cx)
            });
            return None;
        };
        let bus = bus.component;
        processing?;
        let mut distinct = subjects.clone();
        distinct.sort();
        distinct.dedup();
        let subject_of: Vec<usize> = subjects
            .iter()
            .map(|subject| distinct.binary_search(subject).expect("it is one of them"))
            .collect();
        let around = Surroundings {
            names: self.names,
            sensor: id,
            bus,
            version: version?,
            subject_of: &subject_of,
        };
        let mut number = 0;
        let triggers = cx.each("triggers", &spec.triggers, |cx, trigger| {
            number += 1;
            let condition = trigger.condition(spec, cx)?;
            let needs = TriggerSpec::needs(&condition, &subject_of);
            let mut consumers = Vec::new();
            for (of_trigger, &subject) in (0..).zip(&needs.subjects) {
                consumers.push(wanted.iter().filter(|wanted| wanted.bus == bus).count() as u32);
                wanted.push(Wanted {
                    bus,
                    owner: id + number,
                    number: of_trigger,
                    subject: distinct[subject].clone(),
                });
            }
            trigger.compile(spec, &around, condition, &needs, consumers, cx)
        })?;
        let sensor = SensorPlan {
            name: spec.name.clone(),
            triggers: (id + 1..).take(triggers.len()).collect(),
            rate_limit: rate_limit?,
            client: client?,
        };
        let mut plans = vec![ComponentPlan::Sensor(Box::new(sensor))];
        plans.extend(triggers.into_iter().map(|plan| ComponentPlan::Trigger(Box::new(plan))));
        Some(plans)
    }

    fn source(&self, id: ComponentId) -> Option<&EventSourceSpec> {
        let at = self.ids.iter().position(|&known| known == id)?;
        match &self.spec.stages[at] {
            Stage::EventSource(source) => Some(source),
            _ => None,
        }
    }
}

/// The subject of an event, as Argo Events spells it.
fn subject(bus: &str, source: &str, event: &str) -> String {
    format!("{bus}.{source}.{event}")
}
