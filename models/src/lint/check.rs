//! Everything that can be said of an input without running it.

use super::{Finding, Load, lint};
use crate::diagnostic::Diagnostics;
use crate::manifest::files::Manifests;
use crate::manifest::{Assumption, ImportOptions, Reading, Source, Versions, import_from};
use crate::model::COMMAND_LINE;
use crate::spec::arrival::{Files, NoFiles};
use crate::{Made, Model, Overrides};

/// What was found in one model, or in manifests that belong together.
#[derive(Debug)]
pub struct Checked {
    /// The texts that it is about.
    pub manifests: Manifests,
    /// How many of these are manifests or models.
    pub inputs: usize,
    /// What the rules found.
    pub findings: Vec<Finding>,
    /// What cannot be read, is approximated or is odd about the model.
    pub diagnostics: Diagnostics,
    /// Nothing says how much comes, so that no limit was held against a load.
    pub lacks_load: bool,
}

/// Warnings about a model that the rules tell of better, at their place in the manifests.
const TOLD_BY_RULES: [&str; 3] = ["no-consumer", "needs-at-least-once", "too-small"];

/// Checks manifests as they are deployed. The storm and whatever else is in `overrides` decides how much
/// comes; a document that cannot be read does not hide what is in the others.
#[must_use]
pub fn check_manifests(
    manifests: Manifests,
    options: &ImportOptions<'_>,
    overrides: &Overrides<'_>,
) -> Checked {
    let inputs = manifests.files().len();
    let mut manifests = with_asides(manifests, overrides);
    if let Some((name, text)) = options.assume {
        manifests = manifests.with_text(name, text);
    }
    let versions = options.versions;
    let mut diagnostics = manifests.problems().clone();
    let options = ImportOptions { reading: Reading::Deployed, storm: overrides.storm, ..*options };
    let mut import = import_from(&manifests, &options);
    diagnostics.extend(import.findings.clone());
    if import.spec.stages.is_empty() {
        let findings = lint(&manifests, versions, None);
        return Checked { manifests, inputs, findings, diagnostics, lacks_load: false };
    }
    import.overridden(overrides.sets);
    // Nobody is helped by sums with a rate that nobody stated.
    let is_guessed =
        |it: &Assumption| it.source == Source::Default && it.subject.ends_with(".arrivals");
    let lacks_load = overrides.storm.is_none() && import.assumptions.iter().any(is_guessed);
    let overrides = Overrides { made: Made::OfManifests, ..*overrides };
    let model = Model::read(IMPORTED, &import.ron_text(), &overrides, &NoFiles);
    let told = match &model {
        Ok(model) => model.warnings.clone(),
        Err(problems) => problems.clone(),
    };
    diagnostics.extend(told.into_iter().filter_map(|mut problem| {
        if problem.code.is_some_and(|code| TOLD_BY_RULES.contains(&code)) {
            return None;
        }
        // A place in a text that nobody wrote is no help.
        if problem.location.as_ref().is_some_and(|at| at.file == IMPORTED) {
            problem.at(None);
        }
        Some(problem)
    }));
    let load = model.as_ref().ok().filter(|_| !lacks_load);
    let load = load.map(|model| Load::new(&model.plan, Some(&import)));
    let findings = lint(&manifests, versions, load.as_ref());
    Checked { manifests, inputs, findings, diagnostics, lacks_load }
}

/// The name of the model that manifests make.
const IMPORTED: &str = "(imported)";

/// Checks a model in RON.
#[must_use]
pub fn check_model(
    file: &str,
    text: &str,
    overrides: &Overrides<'_>,
    files: &dyn Files,
) -> Checked {
    let manifests = with_asides(Manifests::read(&[]).with_text(file, text), overrides);
    let inputs = 1;
    let model = match Model::read(file, text, overrides, files) {
        Ok(model) => model,
        Err(diagnostics) => {
            return Checked {
                manifests,
                inputs,
                findings: Vec::new(),
                diagnostics,
                lacks_load: false,
            };
        }
    };
    let load = Load::new(&model.plan, None);
    let findings = lint(&manifests, Versions::default(), Some(&load));
    Checked { manifests, inputs, findings, diagnostics: model.warnings, lacks_load: false }
}

/// With the texts that overrides come from.
fn with_asides(manifests: Manifests, overrides: &Overrides<'_>) -> Manifests {
    let manifests = manifests.with_text(COMMAND_LINE, &overrides.command_line());
    match overrides.storm {
        Some((file, text)) => manifests.with_text(file, text),
        None => manifests,
    }
}
