//! Semaphores and mutexes as written, and where the limits of semaphores stand.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::check::Checker;
use crate::workflow::{LockRef, NodeBody, NodeConfig, SemaphoreLimit, TemplateConfig};

/// The ConfigMaps of a model: name (or `namespace/name`), then key, then value.
pub(crate) type ConfigMaps = BTreeMap<String, BTreeMap<String, String>>;

/// A semaphore whose limit stands in a ConfigMap of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SemaphoreSpec {
    /// The ConfigMap, in the workflow's own namespace; one of another namespace as `namespace/name`, and with
    /// it the semaphore.
    pub config_map: String,
    /// The key within it.
    pub key: String,
}

impl SemaphoreSpec {
    /// The lock of a workflow in `namespace`: a ConfigMap of that namespace goes before one that is in all.
    fn lock(
        &self,
        namespace: &str,
        config_maps: &ConfigMaps,
        cx: &mut Checker<'_>,
    ) -> Option<LockRef> {
        let own = format!("{namespace}/{}", self.config_map);
        let name = if config_maps.contains_key(&own) { &own } else { &self.config_map };
        let maps: Vec<&String> = config_maps.keys().collect();
        let at = cx.reference("config_map", "ConfigMap", name, &maps)?;
        let map = &config_maps[maps[at]];
        let keys: Vec<&String> = map.keys().collect();
        cx.reference("key", "key", &self.key, &keys)?;
        let value = &map[&self.key];
        if value.trim().parse::<u32>().is_err() {
            cx.field("key", |cx| {
                cx.error(format!("`{value}` under that key is not a limit"))
                    .expected("a whole number in quotes, such as `\"5\"`");
            });
            return None;
        }
        let namespace = name.split_once('/').map(|(namespace, _)| namespace.to_owned());
        Some(LockRef::Semaphore { namespace, key: format!("{name}/{}", self.key) })
    }
}

/// The locks of a template or node whose workflows are in `namespace`.
pub(super) fn locks(
    namespace: &str,
    semaphores: &[SemaphoreSpec],
    mutexes: &[String],
    config_maps: &ConfigMaps,
    cx: &mut Checker<'_>,
) -> Option<Vec<LockRef>> {
    let mut locks = cx.each("semaphores", semaphores, |cx, semaphore| {
        semaphore.lock(namespace, config_maps, cx)
    })?;
    locks.extend(mutexes.iter().map(|mutex| match mutex.split_once('/') {
        Some((other, name)) => LockRef::Mutex {
            namespace: (other != namespace).then(|| other.to_owned()),
            name: name.to_owned(),
        },
        None => LockRef::Mutex { namespace: None, name: mutex.clone() },
    }));
    Some(locks)
}

/// The limits of all semaphores, in each namespace that has templates.
pub(super) fn limits(
    templates: &[TemplateConfig],
    config_maps: &ConfigMaps,
) -> Vec<SemaphoreLimit> {
    let own: BTreeSet<&str> =
        templates.iter().map(|template| template.namespace.as_str()).collect();
    let mut all = own.clone();
    for template in templates {
        template.locks.iter().for_each(|lock| add_namespace(lock, &mut all));
        add_namespaces(&template.entry, &mut all);
    }
    let mut limits = Vec::new();
    for namespace in all {
        for (map, entries) in config_maps {
            let is_there = match map.split_once('/') {
                Some((space, _)) => space == namespace,
                None => own.contains(namespace),
            };
            for (key, value) in entries.iter().filter(|_| is_there) {
                if let Ok(limit) = value.trim().parse() {
                    limits.push(SemaphoreLimit {
                        namespace: namespace.to_owned(),
                        key: format!("{map}/{key}"),
                        limit,
                    });
                }
            }
        }
    }
    limits
}

fn add_namespace<'l>(lock: &'l LockRef, all: &mut BTreeSet<&'l str>) {
    if let LockRef::Semaphore { namespace: Some(namespace), .. } = lock {
        all.insert(namespace);
    }
}

/// The namespaces of locks in the node and below.
fn add_namespaces<'n>(node: &'n NodeConfig, all: &mut BTreeSet<&'n str>) {
    node.locks.iter().for_each(|lock| add_namespace(lock, all));
    match &node.body {
        NodeBody::Pod { .. } => {}
        NodeBody::Steps(groups) => {
            groups.iter().flatten().for_each(|node| add_namespaces(node, all));
        }
        NodeBody::Dag { tasks, .. } => {
            tasks.iter().for_each(|task| add_namespaces(&task.node, all));
        }
    }
}
