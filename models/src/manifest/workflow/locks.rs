//! `synchronization`: semaphores and mutexes.
//!
//! argo-workflows: lists since v3.6, single ones until v4.0; a lock's `namespace` is that of the workflow unless
//! it is stated (`workflow/sync/lock_name.go`); locks in a database since v3.7.

use crate::manifest::Importer;
use crate::manifest::assumable::Count;
use crate::manifest::assume::Otherwise;
use crate::manifest::yaml::Node;
use crate::workflow::Version;
use crate::workflows::spec::SemaphoreSpec;

use super::layers::Layer;

/// Since then `semaphores` and `mutexes` are read.
const LISTS_SINCE: Version = Version::new(3, 6, 0);
/// Since then `semaphore` and `mutex` are not.
const SINGLE_UNTIL: Version = Version::new(4, 0, 0);

/// Locks of one owner.
#[derive(Default, Debug)]
pub(super) struct Locks {
    pub(super) semaphores: Vec<SemaphoreSpec>,
    pub(super) mutexes: Vec<String>,
}

impl Importer {
    /// Whether the controller reads locks that are written so.
    fn reads_locks(&self, field: &str) -> bool {
        let version = self.versions.argo_workflows;
        let is_list = field.ends_with('s');
        self.intends() || if is_list { version >= LISTS_SINCE } else { version < SINGLE_UNTIL }
    }

    /// The locks in `synchronization` of what stands at `path` in the model, in a workflow of `namespace`.
    pub(super) fn locks(
        &mut self,
        synchronization: Option<Layer<'_>>,
        namespace: &str,
        path: &str,
    ) -> Locks {
        let mut locks = Locks::default();
        let Some((manifest, all)) = synchronization else { return locks };
        for field in ["semaphore", "semaphores", "mutex", "mutexes"] {
            let Some(node) = all.get(field) else { continue };
            if !self.reads_locks(field) {
                let Version { major, minor, patch } = self.versions.argo_workflows;
                let why = format!(
                    "argo-workflows {major}.{minor}.{patch} does not read it: nobody waits"
                );
                self.pass_over(node, &why);
                continue;
            }
            let single = std::slice::from_ref(node);
            let items = if field.ends_with('s') { node.items() } else { single };
            for item in items {
                match field {
                    "semaphore" | "semaphores" => {
                        let parameter = format!("{path}.semaphores[{}]", locks.semaphores.len());
                        let found = self.semaphore((manifest, item), namespace, parameter);
                        locks.semaphores.extend(found);
                    }
                    _ => {
                        let parameter = format!("{path}.mutexes[{}]", locks.mutexes.len());
                        locks.mutexes.extend(self.mutex((manifest, item), namespace, parameter));
                    }
                }
            }
        }
        locks
    }

    fn mutex(&mut self, layer: Layer<'_>, own: &str, parameter: String) -> Option<String> {
        let (manifest, mutex) = layer;
        if let Some(database) = mutex.find("database").filter(|it| it.scalar() == Some("true")) {
            database.set_fate(crate::manifest::yaml::Fate::Read);
            self.in_database(layer);
            return None;
        }
        let Some(name) = mutex.text("name") else {
            self.warn(
                manifest,
                mutex,
                "nameless-lock",
                "the mutex has no name: nobody waits for it",
            );
            return None;
        };
        let space = mutex.text("namespace").unwrap_or(own);
        let named = match space != own || name.contains('/') {
            true => format!("{space}/{name}"),
            false => name.to_owned(),
        };
        self.take_first(mutex, parameter, named.clone());
        Some(named)
    }

    fn in_database(&mut self, (_, lock): Layer<'_>) {
        self.pass_over(lock, "locks in a database are not modeled: nobody waits for it");
    }

    fn semaphore(
        &mut self,
        layer: Layer<'_>,
        own: &str,
        parameter: String,
    ) -> Option<SemaphoreSpec> {
        let (manifest, semaphore) = layer;
        let Some(reference) = semaphore.get("configMapKeyRef") else {
            if semaphore.find("database").is_some() {
                self.in_database(layer);
            } else {
                let message = "the semaphore names no ConfigMap: nobody waits for it";
                self.warn(manifest, semaphore, "nameless-lock", message);
            }
            return None;
        };
        let space = semaphore.text("namespace").unwrap_or(own);
        let (map, key) = (reference.text("name")?.to_owned(), reference.text("key")?.to_owned());
        let config_map = if space == own { map.clone() } else { format!("{space}/{map}") };
        self.limit_of(manifest, reference, space, own, (&map, &key));
        self.take_first(semaphore, parameter, format!("{config_map}/{key}"));
        Some(SemaphoreSpec { config_map, key })
    }

    /// Sees to it that the model has the limit in the ConfigMap `map` of the namespace `space`, for a
    /// workflow of the namespace `own`.
    fn limit_of(
        &mut self,
        manifest: crate::manifest::Manifest<'_>,
        reference: &Node,
        space: &str,
        own: &str,
        (map, key): (&str, &str),
    ) {
        let is_plain = space == own && ["", "default"].contains(&space);
        let name = if is_plain { map.to_owned() } else { format!("{space}/{map}") };
        let parameter = format!("config_maps.{name}.{key}");
        let known = self.config_maps.get(&name).is_some_and(|keys| keys.contains_key(key));
        if known {
            return;
        }
        let at = (if space.is_empty() { "default" } else { space }.to_owned(), map.to_owned());
        let text = self.workflows.maps.get(&at).and_then(|keys| keys.get(key)).cloned();
        let written = text.as_deref().map(str::trim).filter(|it| it.parse::<u32>().is_ok());
        let limit = match written {
            Some(limit) => {
                self.workflows.limits.insert((at.0, at.1, key.to_owned()), parameter);
                limit.to_owned()
            }
            None => {
                let because = match text {
                    Some(_) => "what stands in its ConfigMap is no limit",
                    None => "its ConfigMap or key was not given",
                };
                let otherwise = Otherwise { value: "1", because };
                let places = [(manifest, reference)];
                let Count(limit) = self.value(&places, "permits", &parameter, otherwise);
                limit.to_string()
            }
        };
        self.config_maps.entry(name).or_default().insert(key.to_owned(), limit);
    }
}
