//! Overrides from outside: `--set stages[1].max_msgs=1000`, or by a stage's name, `default.max_msgs=1000`.
//!
//! They are edits of the text, so that everything that is checked of a file is checked of them too; what is
//! wrong with one is told with its place on the command line.

use std::rc::Rc;

use super::model::{ModelSpec, Stage};
use super::origin::Origin;
use super::ron_text::{self, Reading};
use crate::diagnostic::{Diagnostic, Diagnostics, Location, list};
use crate::model::{COMMAND_LINE, Overrides};

/// A model's text with the overrides in it.
pub(crate) struct Overridden {
    /// What was read. Its index is that of the file, its problems are those of both.
    pub(crate) reading: Reading<ModelSpec>,
    /// What comes from the command line.
    pub(crate) origins: Vec<Origin>,
}

/// One `path=value`.
struct Setting {
    /// The path, from the model's root.
    path: String,
    /// Where the path as written stands.
    named: Location,
    origin: Origin,
}

/// Reads `text` with every `path=value` in it.
pub(crate) fn read(file: &str, text: &str, overrides: &Overrides<'_>) -> Overridden {
    let own = ron_text::read::<ModelSpec>(file, text);
    let mut edited: Option<Reading<ModelSpec>> = None;
    let mut settings: Vec<Setting> = Vec::new();
    let mut found = Diagnostics::new();
    let mut line = 1;
    for (path, value) in overrides.sets {
        match edit(path, value, line, edited.as_ref().unwrap_or(&own)) {
            Ok((setting, text)) => {
                settings.push(setting);
                edited = Some(ron_text::read(file, &text));
            }
            Err(problems) => found.extend(problems),
        }
        line += 1 + line_ends(path) + line_ends(value);
    }
    let mut reading = match edited {
        Some(edited) => merged(own, edited, &settings),
        None => own,
    };
    reading.found.extend(found);
    let mut origins: Vec<Origin> = settings.into_iter().map(|setting| setting.origin).collect();
    if let (Some(horizon), Some(spec)) = (overrides.horizon, &mut reading.value) {
        spec.horizon = horizon.into();
        let index = ron_text::option(&place(line, "--horizon ", ""), spec.horizon.as_str());
        origins.push(Origin::option("horizon", Rc::new(index)));
    }
    Overridden { reading, origins }
}

/// The text with one more `path=value` in it.
fn edit(
    path: &str,
    value: &str,
    line: u32,
    now: &Reading<ModelSpec>,
) -> Result<(Setting, String), Diagnostics> {
    let Some(spec) = &now.value else { return Err(Diagnostics::new()) };
    let named = place(line, "--set ", path);
    let value_at = place(line + line_ends(path), &format!("--set {path}="), "");
    let index = ron_text::option(&value_at, value);
    index.syntax_problems(path)?;
    let full = full_path(path, spec);
    let text = now.index.with_value(&full, value).ok_or_else(|| unknown(path, &named, spec))?;
    let origin = Origin::option(&full, Rc::new(index));
    Ok((Setting { path: full, named, origin }, text))
}

/// A place in [`Overrides::command_line`]: behind `before`, as long as `what`.
fn place(line: u32, before: &str, what: &str) -> Location {
    let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let column = characters(before.rsplit('\n').next().unwrap_or(before)) + 1;
    Location { file: COMMAND_LINE.to_owned(), line, column, length: characters(what).max(1) }
}

fn line_ends(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// What is read with all settings, and what is wrong with it: places are those in the file as it is, or on
/// the command line.
fn merged(
    own: Reading<ModelSpec>,
    edited: Reading<ModelSpec>,
    settings: &[Setting],
) -> Reading<ModelSpec> {
    let found = edited.found.into_iter().map(|mut problem| {
        let same = |known: &&Diagnostic| {
            (&known.path, &known.message) == (&problem.path, &problem.message)
        };
        let of = settings.iter().rev().find(|setting| setting.origin.gives(&problem.path));
        match (of, own.found.iter().find(same)) {
            (Some(setting), _) => {
                setting.origin.claim(&mut problem);
                if problem.code == Some("unknown-field") && problem.path == setting.path {
                    problem.at(Some(setting.named.clone()));
                }
            }
            (None, Some(known)) => problem.location.clone_from(&known.location),
            (None, None) => {
                problem.at(own.index.nearest(&problem.path));
            }
        }
        problem
    });
    let found = found.collect();
    Reading { value: edited.value, index: own.index, found, doubts: edited.doubts }
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

fn unknown(path: &str, named: &Location, spec: &ModelSpec) -> Diagnostics {
    let mut diagnostic =
        Diagnostic::error(path, format!("`--set`: there is no `{path}` in the model"));
    diagnostic
        .at(Some(named.clone()))
        .expected("a path such as `stages[1].max_msgs`, or `STAGE.max_msgs` by the stage's name");
    let stage = path.split(['.', '[']).next().unwrap_or(path);
    let names: Vec<&str> = spec.stages.iter().map(Stage::name).collect();
    if !names.contains(&stage) && stage != "stages" {
        diagnostic.nearest(stage, &names);
        if let Some(names) = list(&names) {
            diagnostic.hint(format!("the name of a stage is {names}"));
        }
    }
    diagnostic.into()
}
