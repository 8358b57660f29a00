//! Surgetank in the browser: the same models and the same numbers, compiled to wasm32.
//!
//! A thin skin: everything it shows is computed by [`models`]. It has no clock, no threads and no files.

use models::spec::arrival::NoFiles;
use models::{Model, Overrides};
use wasm_bindgen::prelude::wasm_bindgen;

/// Runs a model (RON text) once and gives its fingerprint.
///
/// # Errors
/// The diagnostics as text if the model is not valid, or why the run could not be finished.
#[wasm_bindgen]
pub fn fingerprint(model: &str) -> Result<String, String> {
    let read = Model::read("model.ron", model, &Overrides::default(), &NoFiles)
        .map_err(|problems| problems.render(model, models::diagnostic::Color::Never))?;
    let key = models::run::RunKey { seed: read.seed, replication: 0 };
    let outcome = models::run::run(&read.plan, key, None).map_err(|error| error.to_string())?;
    Ok(outcome.fingerprint)
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn a_model_runs_or_says_why_not() {
        let model = include_str!("../../models/presets/reference.ron");
        let first = fingerprint(model).unwrap();
        assert_eq!(first.len(), 32);
        assert_eq!(fingerprint(model).unwrap(), first);
        assert!(fingerprint("Model(").unwrap_err().contains("model.ron:1"));
    }
}
