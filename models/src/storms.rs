//! Storms by name: what `--storm NAME` puts in the place of the sources' own arrivals.
//!
//! A storm is a file in `models/storms` and a line in [`STORMS`]; its rates are those of each source.

use crate::header;

/// A storm that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// Its name, and that of its file without `.ron`.
    pub name: &'static str,
    /// Its title, without a full stop.
    pub title: &'static str,
    /// What it does, a sentence.
    pub shows: &'static str,
    /// The storm, as RON.
    pub text: &'static str,
}

impl Storm {
    const fn of(name: &'static str, text: &'static str) -> Self {
        let title = header::title(text);
        Self { name, title, shows: header::labeled(text, "// Shows: "), text }
    }

    /// The storm of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        STORMS.iter().find(|storm| storm.name == name)
    }
}

macro_rules! storms {
    ($($name:literal),* $(,)?) => {
        &[$(Storm::of($name, include_str!(concat!("../storms/", $name, ".ron")))),*]
    };
}

/// All storms, the mildest first.
pub const STORMS: &[Storm] =
    storms!["steady", "diurnal", "bursts", "weather", "spike", "retry", "black-friday"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::Preset;
    use crate::spec::arrival::NoFiles;
    use crate::{Model, Overrides};

    #[test]
    fn every_file_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/storms");
        let files = std::fs::read_dir(folder).expect("the folder of storms").count();
        assert_eq!(files, STORMS.len());
    }

    #[test]
    fn every_storm_fits_a_model() {
        let preset = Preset::find("spike").expect("a preset");
        for storm in STORMS {
            let overrides =
                Overrides { storm: Some((storm.name, storm.text)), ..Overrides::default() };
            Model::read(preset.name, preset.text, &overrides, &NoFiles)
                .unwrap_or_else(|found| panic!("{found}"));
        }
    }
}
