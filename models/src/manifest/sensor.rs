//! `Sensor`: its dependencies, and what it has for all its triggers. A trigger is in [`super::trigger`].
//!
//! argo-events v1.9.11 `pkg/sensors/listener.go`: a sensor has no `rateLimit`; all its triggers share one
//! Kubernetes client.

use crate::sensor::spec::{ClientSpec, DependencySpec, SensorSpec, latest};
use crate::workflows::spec::TemplateSpec;

use super::assumable::Probability;
use super::assume::Otherwise;
use super::yaml::Node;
use super::{Importer, Manifest, PASSED_OVER};

/// What a conversion of triggers adds to.
pub(super) struct Submitted<'s, 'n> {
    pub(super) manifests: &'s [Manifest<'n>],
    pub(super) templates: &'s mut Vec<TemplateSpec>,
}

impl Importer {
    pub(crate) fn sensor(
        &mut self,
        manifest: Manifest<'_>,
        manifests: &[Manifest<'_>],
        templates: &mut Vec<TemplateSpec>,
    ) -> SensorSpec {
        let name = self.names.object("sensor", manifest.namespace, manifest.name);
        let spec = manifest.root.get("spec");
        let bus = spec.and_then(|spec| spec.text("eventBusName")).unwrap_or("default");
        let bus = self.names.object("bus", manifest.namespace, bus);
        let rate_limit = spec.and_then(|spec| spec.get("rateLimit")).and_then(|limit| {
            if !self.intends() {
                self.not_modeled(limit, PASSED_OVER);
                return None;
            }
            self.rate_limit(manifest, limit, &format!("{name}.rate_limit"))
        });
        let mut dependencies = Vec::new();
        for dependency in spec.map_or(&[][..], |spec| spec.list("dependencies")) {
            let path = format!("{name}.dependencies[{}]", dependencies.len());
            dependencies.push(self.dependency(manifest, dependency, &path));
        }
        let mut submitted = Submitted { manifests, templates };
        let mut triggers = Vec::new();
        for trigger in spec.map_or(&[][..], |spec| spec.list("triggers")) {
            let path = format!("{name}.triggers[{}]", triggers.len());
            triggers.push(self.trigger(manifest, trigger, &path, &mut submitted));
        }
        let client = if self.intends() { ClientSpec::Unlimited } else { ClientSpec::default() };
        if !self.intends() {
            self.assume(
                format!("{name}.client"),
                "5 calls a second, 10 at once",
                "the default of client-go, which argo-events leaves",
            );
        }
        let otherwise =
            Otherwise { value: "1ms", because: "looking at a message costs about that" };
        let processing = self.settle(None, "processing", format!("{name}.processing"), otherwise);
        let version = if self.intends() { latest() } else { release(self.versions.argo_events) };
        SensorSpec { name, bus, rate_limit, dependencies, triggers, client, version, processing }
    }

    fn dependency(
        &mut self,
        manifest: Manifest<'_>,
        dependency: &Node,
        path: &str,
    ) -> DependencySpec {
        let name = dependency.text("name").unwrap_or("unnamed").to_owned();
        let source = dependency.text("eventSourceName").unwrap_or("unnamed");
        let event = dependency.text("eventName");
        let filters = dependency.get("filters");
        let said = self.heard(manifest, dependency, "pass");
        let mut filter = 1.0;
        if filters.is_some() || said.is_some() {
            let because = "what share passes depends on the events";
            let otherwise = Otherwise { value: "1", because };
            let Probability(pass) = self.settle(said, "pass", format!("{path}.filter"), otherwise);
            filter = pass;
        }
        if let Some(filters) = filters {
            self.take(filters, format!("{path}.filter"), filter.to_string());
        }
        DependencySpec {
            source: match event {
                Some(event) => self.names.publisher(manifest.namespace, source, event),
                None => self.names.object("source", manifest.namespace, source),
            },
            event: event.map(str::to_owned),
            filter,
            name,
        }
    }
}

fn release(version: crate::workflow::Version) -> String {
    let crate::workflow::Version { major, minor, patch } = version;
    format!("{major}.{minor}.{patch}")
}
