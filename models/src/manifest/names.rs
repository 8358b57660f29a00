//! Names of stages: objects of different kinds may share a name in a cluster, stages in a model may not.

use crate::spec::model::Stage;
use crate::spec::policy::DiscardSpec;

use super::Importer;
use super::event_bus::default_bus;
use super::event_source::unknown_source;

/// The names given so far: kind and name in the cluster, and the name in the model.
#[derive(Debug, Default)]
pub(crate) struct Names {
    given: Vec<(&'static str, String, String)>,
}

impl Names {
    /// The name in the model of the object, the same each time.
    pub(crate) fn of(&mut self, kind: &'static str, name: &str) -> String {
        if let Some((_, _, given)) =
            self.given.iter().find(|(k, n, _)| (*k, n.as_str()) == (kind, name))
        {
            return given.clone();
        }
        let mut candidate = name.to_owned();
        while self.given.iter().any(|(_, _, given)| *given == candidate) {
            candidate = format!("{candidate}-{kind}");
        }
        self.given.push((kind, name.to_owned(), candidate.clone()));
        candidate
    }
}

impl Importer {
    /// Adds the buses and sources that are named and not in the files.
    pub(crate) fn complete(&mut self, stages: &mut Vec<Stage>) {
        let mut buses = Vec::new();
        let mut sources = Vec::new();
        for stage in stages.iter() {
            match stage {
                Stage::EventSource(source) => buses.push(source.to.clone()),
                Stage::Sensor(sensor) => {
                    buses.push(sensor.bus.clone());
                    for dependency in &sensor.dependencies {
                        sources.push((
                            dependency.source.clone(),
                            sensor.bus.clone(),
                            dependency.event.clone(),
                        ));
                    }
                }
                _ => {}
            }
        }
        for (name, bus, event) in sources {
            self.complete_source(stages, &name, &bus, event);
        }
        buses.sort();
        buses.dedup();
        for name in buses {
            if stages.iter().any(|stage| stage.name() == name) {
                continue;
            }
            self.assume(
                format!("{name}, all of it"),
                "the stream that the controller makes by default",
                "no manifest of this EventBus was given",
            );
            let mut bus = default_bus(name);
            bus.discard = DiscardSpec::Old;
            stages.push(Stage::EventBus(bus));
        }
    }

    /// A source that only a sensor knows, or an event name that only a sensor knows.
    fn complete_source(
        &mut self,
        stages: &mut Vec<Stage>,
        name: &str,
        bus: &str,
        event: Option<String>,
    ) {
        let known = stages.iter_mut().find_map(|stage| match stage {
            Stage::EventSource(source) if source.name == name => Some(source),
            _ => None,
        });
        let source = match known {
            Some(source) => source,
            None => {
                self.assume(
                    format!("{name}, all of it"),
                    "a source of one event a second",
                    "a sensor depends on it, and no manifest of it was given",
                );
                stages.push(Stage::EventSource(unknown_source(name, bus)));
                let Some(Stage::EventSource(source)) = stages.last_mut() else { return };
                source
            }
        };
        let Some(event) = event else { return };
        if !source.events.iter().any(|it| it.name == event) {
            source.events.push(super::event_source::event_name(&event));
            let subject = format!("{name}, event `{event}`");
            self.assume(
                subject,
                "it exists",
                "a sensor depends on it, and the event source does not name it",
            );
        }
    }
}
