//! A model file from text to plan.

use sim_core::time::SimDuration;

use crate::diagnostic::Diagnostics;
use crate::plan::Plan;
use crate::spec::arrival::Files;

/// A model that can be run.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// What it shows, in a sentence or two; may be empty.
    pub about: String,
    /// The seed it asks for.
    pub seed: u64,
    /// blake3 of the text that was read, overrides and storm applied: 64 hexadecimal digits.
    pub hash: String,
    /// What runs.
    pub plan: Plan,
    /// What is odd about it, though it runs.
    pub warnings: Diagnostics,
}

/// What the caller wants otherwise than the file says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides<'a> {
    /// `path=value`: a path within the model, or beginning with a stage's name, and a RON value.
    pub sets: &'a [(String, String)],
    /// Simulate so long instead.
    pub horizon: Option<SimDuration>,
    /// A storm (file name and RON text) in place of the sources' own arrivals.
    pub storm: Option<(&'a str, &'a str)>,
    /// Where the model is from.
    pub made: Made,
}

/// Where a model is from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Made {
    /// Somebody wrote it.
    #[default]
    ByHand,
    /// It was made of manifests, so that a storm may say what these leave open.
    OfManifests,
}

/// The name of the command line in places: a line for each option that makes the model another.
pub const COMMAND_LINE: &str = "<command line>";

impl Overrides<'_> {
    /// The text that places in [`COMMAND_LINE`] are about.
    #[must_use]
    pub fn command_line(&self) -> String {
        let sets = self.sets.iter().map(|(path, value)| format!("--set {path}={value}\n"));
        let horizon = self.horizon.map(|horizon| format!("--horizon {horizon}\n"));
        sets.chain(horizon).collect()
    }
}

impl Model {
    /// Reads and checks the model in `text`; `file` is its name in messages.
    ///
    /// # Errors
    /// Every problem of the file, the overrides and the storm at once.
    pub fn read(
        file: &str,
        text: &str,
        overrides: &Overrides<'_>,
        files: &dyn Files,
    ) -> Result<Self, Diagnostics> {
        crate::spec::model::read(file, text, overrides, files)
    }

    /// The model in `text` as written, with the overrides and the storm in it.
    ///
    /// # Errors
    /// Every problem of its form; whether it can be run [`Model::read`] says.
    pub fn spec(
        file: &str,
        text: &str,
        overrides: &Overrides<'_>,
    ) -> Result<crate::spec::model::ModelSpec, Diagnostics> {
        crate::spec::model::as_written(file, text, overrides)
    }
}
