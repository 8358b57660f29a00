//! A whole model as written, and the way from there to a [`Plan`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrival::Files;
use super::build::Builder;
use super::check::Checker;
use super::connect::connect;
use super::faults::{self, FaultSpec};
use super::policy::optional;
use super::quantity::DurationText;
use super::resolve::{Kind, Named, Names};
use super::ron_text::Reading;
use super::set::Overridden;
use crate::diagnostic::Diagnostics;
use crate::engine::event::{COMPONENTS_MAX, ComponentId, SMALL_MAX};
use crate::event_bus::spec::EventBusSpec;
use crate::event_source::spec::EventSourceSpec;
use crate::model::{Model, Overrides};
use crate::plan::Plan;
use crate::sensor::spec::{DEPENDENCIES_MAX, SensorSpec};
use crate::station::spec::StationSpec;
use crate::store::spec::StoreSpec;
use crate::workflows::spec::{ConfigMaps, WorkflowSpec};

/// The seed of a model that states none: constant, so that a run can always be had again.
pub const DEFAULT_SEED: u64 = 1;

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
    pub(super) fn components(&self) -> usize {
        match self {
            Self::Sensor(sensor) => 1 + sensor.triggers.len(),
            _ => 1,
        }
    }
}

/// A model as written; see [`Model::spec`].
pub(crate) fn as_written(
    file: &str,
    text: &str,
    overrides: &Overrides<'_>,
) -> Result<ModelSpec, Diagnostics> {
    let Reading { value, mut found, .. } = super::set::read(file, text, overrides).reading;
    let Some(mut spec) = value else { return Err(found) };
    if let Some((storm_file, storm_text)) = overrides.storm
        && let Err(problems) =
            super::storm::apply(&mut spec, storm_file, storm_text, overrides.made)
    {
        found.extend(problems);
    }
    if found.has_errors() { Err(found) } else { Ok(spec) }
}

/// Reads a model; see [`Model::read`].
pub(crate) fn read(
    file: &str,
    text: &str,
    overrides: &Overrides<'_>,
    files: &dyn Files,
) -> Result<Model, Diagnostics> {
    let Overridden { reading, mut origins } = super::set::read(file, text, overrides);
    let Reading { value, index, mut found, doubts } = reading;
    let Some(mut spec) = value else { return Err(found) };
    if let Some((storm_file, storm_text)) = overrides.storm {
        match super::storm::apply(&mut spec, storm_file, storm_text, overrides.made) {
            Ok(arrivals) => origins.extend(arrivals),
            Err(problems) => found.extend(problems),
        }
    }
    let hash = hash(&spec);
    let mut cx = Checker::new(file, Some(&index)).doubting(doubts).overridden(origins);
    let plan = spec.compile(files, &mut cx);
    found.extend(cx.finish());
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
        let too_long =
            warm_up.flatten().zip(horizon).filter(|(warm_up, horizon)| warm_up >= horizon);
        if let Some((warm_up, horizon)) = too_long {
            cx.field("warm_up", |cx| {
                cx.error(format!("the warm-up of `{warm_up}` leaves nothing of the horizon"))
                    .expected(format!("less than the horizon, `{horizon}`"));
            });
        }
        let faults = cx.field("faults", |cx| {
            let around = faults::Surroundings {
                names: &names,
                components: &components,
                config_maps: &self.config_maps,
            };
            faults::compile(&self.faults, &around, cx)
        });
        let mut components = components.into_iter().collect::<Option<Vec<_>>>();
        if let Some(components) = &mut components {
            connect(components);
        }
        // What could not be read may make sense of what now seems odd.
        let known = components.as_deref().filter(|_| cx.is_certain());
        if let Some(horizon) = horizon {
            super::lint::lint(self, known, horizon, cx);
        }
        Some(Plan {
            name: self.name.clone(),
            horizon: horizon?,
            warm_up: warm_up?.unwrap_or_default(),
            components: components?,
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
                        if names.is_empty() || names.len() > DEPENDENCIES_MAX {
                            cx.error(format!("there are {} dependencies", names.len()))
                                .expected(format!("from 1 to {DEPENDENCIES_MAX}"));
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
