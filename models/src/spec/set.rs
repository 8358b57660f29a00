//! Overrides from outside: `--set stages[1].max_msgs=1000`, or by a stage's name, `default.max_msgs=1000`.
//!
//! They are edits of the text, so that everything that is checked of a file is checked of them too.

use super::model::{ModelSpec, Stage};
use super::ron_text;
use crate::diagnostic::{Diagnostic, Diagnostics};

/// The text with every `path=value` in it.
pub(crate) fn apply(
    file: &str,
    text: &str,
    sets: &[(String, String)],
) -> Result<String, Diagnostics> {
    let mut text = text.to_owned();
    for (path, value) in sets {
        let (spec, spans) = ron_text::parse::<ModelSpec>(file, &text)?;
        let full = full_path(path, &spec);
        text = spans.with_value(&full, value).ok_or_else(|| unknown(path, &spec))?;
    }
    Ok(text)
}

/// A path that begins with a stage's name, as one that begins with its place.
fn full_path(path: &str, spec: &ModelSpec) -> String {
    let stages = spec.stages.iter().enumerate();
    let named = stages.filter_map(|(index, stage)| {
        let rest = path.strip_prefix(stage.name())?;
        (rest.starts_with('.') || rest.starts_with('[')).then(|| (stage.name().len(), index, rest))
    });
    // The longest name wins: `a.b` before `a`.
    match named.max_by_key(|&(length, ..)| length) {
        Some((_, index, rest)) => format!("stages[{index}]{rest}"),
        None => path.to_owned(),
    }
}

fn unknown(path: &str, spec: &ModelSpec) -> Diagnostics {
    let mut diagnostic =
        Diagnostic::error(path, format!("`--set`: there is no `{path}` in the model"));
    diagnostic
        .expected("a path such as `stages[1].max_msgs`, or `STAGE.max_msgs` by the stage's name");
    let stage = path.split(['.', '[']).next().unwrap_or(path);
    let names: Vec<&str> = spec.stages.iter().map(Stage::name).collect();
    if !names.contains(&stage) && stage != "stages" {
        diagnostic.nearest(stage, &names);
    }
    [diagnostic].into_iter().collect()
}
