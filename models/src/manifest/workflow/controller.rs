//! The controller and its configuration.
//!
//! argo-workflows `config/controller.go`: either one key `config` with all of it, or one key for each setting;
//! what has several lines is YAML within YAML.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::manifest::assume::Otherwise;
use crate::manifest::yaml::{self, Node};
use crate::manifest::{Importer, Manifest};
use crate::spec::policy::OnReject;
use crate::spec::quantity::DurationText;
use crate::workflow::Version;
use crate::workflows::spec::{RealismSpec, ResourceRateLimitSpec, TemplateSpec, WorkflowSpec};

use super::layers::Layer;

/// Since then the limits of semaphores may be remembered.
const CACHE_SINCE: Version = Version::new(3, 7, 0);

/// What the manifests say of the controller.
#[derive(Debug, Default)]
pub(super) struct Settings {
    parallelism: Option<u32>,
    namespace_parallelism: Option<u32>,
    namespace_limits: BTreeMap<String, u32>,
    resource_rate_limit: Option<ResourceRateLimitSpec>,
    semaphore_limit_cache: Option<DurationText>,
    pub(super) defaults: Option<Defaults>,
    /// YAML within the ConfigMap, with the path to it; by file and line of the object.
    embedded: Vec<(String, u32, String, Rc<Node>)>,
}

/// `workflowDefaults`: what holds for every workflow that does not say otherwise.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    file: String,
    namespace: String,
    name: String,
    root: Rc<Node>,
    /// They are a part of it.
    is_within: bool,
}

impl Defaults {
    /// The spec.
    pub(super) fn layer(&self) -> Option<Layer<'_>> {
        let Self { file, namespace, name, root, is_within } = self;
        let workflow = if *is_within { root.get("workflowDefaults")? } else { root };
        let manifest = Manifest { file, kind: "ConfigMap", namespace, name, root };
        Some((manifest, workflow.get("spec")?))
    }
}

impl Importer {
    /// The controller of all templates.
    pub(crate) fn workflow_controller(&mut self, templates: Vec<TemplateSpec>) -> WorkflowSpec {
        let name = self.controller_name();
        let because = "an image that is on the node already";
        let parameter = format!("{name}.pod_start");
        let otherwise = Otherwise { value: "2s", because };
        let pod_start = self.settle(None, "pod_start", parameter, otherwise);
        let settings = std::mem::take(&mut self.workflows.settings);
        let Version { major, minor, patch } = self.versions.argo_workflows;
        let realism = if self.intends() { RealismSpec::Ideal } else { RealismSpec::Argo };
        let spec = WorkflowSpec {
            name,
            templates,
            realism,
            version: format!("{major}.{minor}.{patch}"),
            parallelism: settings.parallelism,
            namespace_parallelism: settings.namespace_parallelism,
            namespace_limits: settings.namespace_limits.clone(),
            requeue: None,
            semaphore_notify: None,
            semaphore_limit_cache: settings.semaphore_limit_cache.clone(),
            workers: 32,
            api_limit: None,
            resource_rate_limit: settings.resource_rate_limit.clone(),
            pod_start,
            max_pending: None,
            on_reject: OnReject::Drop,
        };
        self.workflows.settings = settings;
        spec
    }

    /// A namespace may have a limit of its own.
    pub(super) fn namespace(&mut self, manifest: Manifest<'_>) {
        let labels = manifest.root.find("metadata").and_then(|it| it.find("labels"));
        let label = labels.and_then(|it| it.find("workflows.argoproj.io/parallelism-limit"));
        let Some(label) = label else { return };
        let Some(limit) = self.whole(manifest, label, 1) else { return };
        let parameter = format!("{}.namespace_limits.{}", self.controller_name(), manifest.name);
        self.take(label, parameter, limit.to_string());
        self.workflows.settings.namespace_limits.insert(manifest.name.to_owned(), limit);
    }

    /// The controller's ConfigMap.
    pub(super) fn controller_settings(&mut self, manifest: Manifest<'_>, data: &Node) {
        if let Some(config) = data.get("config") {
            let Some(root) = self.embed(manifest, config, "data.config") else { return };
            for (field, value) in root.fields() {
                self.setting(manifest, field, value, Some((&root, true)));
            }
            return;
        }
        for (field, value) in data.fields() {
            // A map, or what would be one: `{limit: 10, burst: 1}`.
            let is_yaml = ["resourceRateLimit", "workflowDefaults"].contains(&field.as_str());
            if !is_yaml {
                self.setting(manifest, field, value, None);
            } else if let Some(root) = data
                .get(field)
                .and_then(|value| self.embed(manifest, value, &format!("data.{field}")))
            {
                self.setting(manifest, field, &root, Some((&root, false)));
            }
        }
    }

    /// The YAML within a scalar. It is accounted for with its object.
    fn embed(&mut self, manifest: Manifest<'_>, scalar: &Node, path: &str) -> Option<Rc<Node>> {
        match yaml::embedded(manifest.file, scalar) {
            Ok(root) => {
                let root = Rc::new(root);
                root.set_fate(yaml::Fate::Read);
                let line = manifest.root.place().line;
                let at = (manifest.file.to_owned(), line, path.to_owned(), root.clone());
                self.workflows.settings.embedded.push(at);
                Some(root)
            }
            Err(error) => {
                let message = format!("{}: the controller would not start with it", error.message);
                self.warn(manifest, scalar, "bad-yaml", message);
                None
            }
        }
    }

    fn setting(
        &mut self,
        manifest: Manifest<'_>,
        field: &str,
        value: &Node,
        within: Option<(&Rc<Node>, bool)>,
    ) {
        let controller = self.controller_name();
        match field {
            "parallelism" | "namespaceParallelism" => {
                let Some(most) = self.whole(manifest, value, 1) else { return };
                let (parameter, setting) = match field {
                    "parallelism" => ("parallelism", &mut self.workflows.settings.parallelism),
                    _ => (
                        "namespace_parallelism",
                        &mut self.workflows.settings.namespace_parallelism,
                    ),
                };
                *setting = Some(most);
                self.take(value, format!("{controller}.{parameter}"), most.to_string());
            }
            "resourceRateLimit" => self.resource_rate_limit(manifest, value, &controller),
            "semaphoreLimitCacheSeconds" => {
                if !self.intends() && self.versions.argo_workflows < CACHE_SINCE {
                    return self.not_modeled(value, "read since argo-workflows v3.7");
                }
                let seconds = self.seconds(manifest, value);
                let shown = seconds.as_ref().map_or("none".to_owned(), ToString::to_string);
                self.take(value, format!("{controller}.semaphore_limit_cache"), shown);
                self.workflows.settings.semaphore_limit_cache = seconds;
            }
            "workflowDefaults" => {
                let Some((root, is_within)) = within else { return };
                if value.fate() == yaml::Fate::Unread {
                    value.set_fate(yaml::Fate::Read);
                }
                if let Some(metadata) = value.get("metadata") {
                    metadata.read_whole();
                }
                self.workflows.settings.defaults = Some(Defaults {
                    file: manifest.file.to_owned(),
                    namespace: manifest.namespace.to_owned(),
                    name: manifest.name.to_owned(),
                    root: root.clone(),
                    is_within,
                });
            }
            _ => {}
        }
    }

    fn resource_rate_limit(&mut self, manifest: Manifest<'_>, value: &Node, controller: &str) {
        if value.fate() == yaml::Fate::Unread {
            value.set_fate(yaml::Fate::Read);
        }
        let (limit, burst) = (value.get("limit"), value.get("burst"));
        let per_s: Option<f64> = limit.and_then(|it| it.scalar()?.trim().parse().ok());
        let Some(per_s) = per_s.filter(|it| (1e-6..=1e6).contains(it)) else {
            let message = "the limit on pods is no rate: passed over";
            self.warn(manifest, value, "no-rate", message)
                .expected("`limit`, pods per second, and `burst`");
            return;
        };
        // Without a burst no pod is ever let through (x/time/rate); a bucket of the model has one token.
        let burst_of = burst.and_then(|it| self.whole(manifest, it, 1)).unwrap_or(1);
        let rate = format!("{per_s}/s");
        if let Some(limit) = limit {
            self.take(limit, format!("{controller}.resource_rate_limit.rate"), rate.clone());
        }
        if let Some(burst) = burst {
            let parameter = format!("{controller}.resource_rate_limit.burst");
            self.take(burst, parameter, burst_of.to_string());
        }
        self.workflows.settings.resource_rate_limit =
            Some(ResourceRateLimitSpec { rate: rate.as_str().into(), burst: burst_of });
    }

    /// Lists what became of the YAML within the controller's ConfigMap.
    pub(super) fn account_for_settings(&mut self, manifest: Manifest<'_>) {
        let line = manifest.root.place().line;
        let embedded = std::mem::take(&mut self.workflows.settings.embedded);
        for (file, at, path, root) in &embedded {
            if (file.as_str(), *at) == (manifest.file, line) {
                self.account_embedded(manifest, root, path);
            }
        }
        self.workflows.settings.embedded = embedded;
    }
}
