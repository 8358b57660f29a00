//! The models that come with the program: each tells one story about backpressure.
//!
//! A preset is a file in `models/presets` and a line in [`PRESETS`]. Its header says what it shows and
//! what to look at; that the story happens has been seen by running it, and the golden fingerprints of
//! the `tests` crate keep it so.

use crate::header;

/// A model that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its name, and that of its file without `.ron`.
    pub name: &'static str,
    /// Its title, without a full stop.
    pub title: &'static str,
    /// What it shows, a sentence.
    pub shows: &'static str,
    /// What to look at in its report, a sentence or two.
    pub look_at: &'static str,
    /// The model, as RON.
    pub text: &'static str,
}

impl Preset {
    const fn of(name: &'static str, text: &'static str) -> Self {
        Self {
            name,
            title: header::title(text),
            shows: header::labeled(text, "// Shows: "),
            look_at: header::labeled(text, "// Look at: "),
            text,
        }
    }

    /// The preset of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }
}

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        &[$(Preset::of($name, include_str!(concat!("../presets/", $name, ".ron")))),*]
    };
}

/// All presets, the reference pipeline first, then in the order in which to read them.
pub const PRESETS: &[Preset] = presets![
    "reference",
    "steady-day",
    "spike",
    "discard-old",
    "discard-new",
    "drop",
    "nack",
    "store",
    "store-and-drain",
    "noisy-neighbor",
    "semaphore-bottleneck",
    "retry-storm",
    "slack-burst",
    "overwritten",
    "sensor-restart-fire-and-forget",
    "sensor-restart-at-least-once",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::arrival::NoFiles;
    use crate::{Model, Overrides};

    #[test]
    fn every_file_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/presets");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of presets")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .filter_map(|name| name.strip_suffix(".ron").map(str::to_owned))
            .collect();
        files.sort();
        let mut names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        names.sort_unstable();
        assert_eq!(files, names);
    }

    #[test]
    fn every_preset_is_read_without_a_warning_under_its_own_name() {
        for preset in PRESETS {
            let model = Model::read(preset.name, preset.text, &Overrides::default(), &NoFiles)
                .unwrap_or_else(|found| panic!("{found}"));
            assert_eq!(model.name, preset.name);
            assert!(model.warnings.is_empty(), "{}: {}", preset.name, model.warnings);
        }
    }

    #[test]
    fn headers_are_sentences() {
        for preset in PRESETS {
            assert!(!preset.title.ends_with('.'), "{}", preset.title);
            for text in [preset.shows, preset.look_at] {
                assert!(text.ends_with('.'), "{}: {text}", preset.name);
            }
        }
    }
}
