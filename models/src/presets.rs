//! Models and storms that come with surgetank, by name. A preset is a file in `presets/` and a line here.

/// A text that comes with surgetank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name: the file's without `.ron`.
    pub name: &'static str,
    /// The RON text; its first lines say what it shows.
    pub text: &'static str,
}

macro_rules! presets {
    ($folder:literal: $($name:literal)*) => {
        &[$(Preset { name: $name, text: include_str!(concat!("../presets/", $folder, $name, ".ron")) }),*]
    };
}

/// The models.
pub const PRESETS: &[Preset] = presets! { "":
    "reference"
};

/// The storms: arrivals that take the place of a model's own.
pub const STORMS: &[Preset] = presets! { "storms/":
    "black-friday"
    "spike"
};

impl Preset {
    /// The model of that name.
    #[must_use]
    pub fn model(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The storm of that name.
    #[must_use]
    pub fn storm(name: &str) -> Option<&'static Self> {
        STORMS.iter().find(|preset| preset.name == name)
    }

    /// What it shows: the first sentence of its header.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('/').trim().trim_end_matches('.')
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::{Model, Overrides};
    use crate::spec::arrival::NoFiles;

    #[test]
    fn the_lists_are_the_folders() {
        for (folder, list) in [("presets", PRESETS), ("presets/storms", STORMS)] {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let files: BTreeSet<String> = std::fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "ron"))
                .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            let listed: BTreeSet<String> = list.iter().map(|preset| preset.name.to_owned()).collect();
            assert_eq!(listed, files, "list every file of {folder} in presets.rs");
            assert!(list.is_sorted_by_key(|preset| preset.name), "{folder}: by name");
        }
    }

    #[test]
    fn every_one_can_be_run_and_says_what_it_shows() {
        let all = PRESETS.iter().map(|preset| (preset, None));
        let stormy = STORMS.iter().map(|storm| (&PRESETS[0], Some((storm.name, storm.text))));
        for (preset, storm) in all.chain(stormy) {
            let overrides = Overrides { storm, ..Overrides::default() };
            if let Err(problems) = Model::read(preset.name, preset.text, &overrides, &NoFiles) {
                panic!("{} {storm:?}: {problems}", preset.name);
            }
            assert!(preset.text.starts_with("// "), "{}", preset.name);
        }
    }
}
