//! ConfigMaps: limits of semaphores, and the controller's own.

use crate::manifest::{Importer, Manifest};

/// How the name of the controller's ConfigMap ends; charts put the name of the release before it.
const OF_CONTROLLER: &str = "workflow-controller-configmap";

impl Importer {
    /// Remembers what is in a ConfigMap: semaphores say which of it are limits.
    pub(super) fn config_map(&mut self, manifest: Manifest<'_>) {
        let Some(data) = manifest.root.get("data") else { return };
        if manifest.name.ends_with(OF_CONTROLLER) {
            return self.controller_settings(manifest, data);
        }
        let texts = data
            .fields()
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.scalar()?.to_owned())));
        let at = (manifest.namespace.to_owned(), manifest.name.to_owned());
        self.workflows.maps.insert(at, texts.collect());
    }

    /// Says which of it became limits.
    pub(super) fn account_for_config_map(&mut self, manifest: Manifest<'_>) {
        if manifest.name.ends_with(OF_CONTROLLER) {
            return self.account_for_settings(manifest);
        }
        let data = manifest.root.find("data").map_or(&[][..], |data| data.fields());
        for (key, value) in data {
            let at = (manifest.namespace.to_owned(), manifest.name.to_owned(), key.clone());
            match self.workflows.limits.get(&at).cloned() {
                Some(parameter) => {
                    let limit = value.scalar().unwrap_or_default().trim().to_owned();
                    self.take(value, parameter, limit);
                }
                None => self.not_modeled(value, "no semaphore that anything here waits for"),
            }
        }
    }
}
