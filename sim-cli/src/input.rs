//! From arguments to texts: files, presets and standard input, with limits on what is read.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use models::diagnostic::{Color, Diagnostics, nearest};
use models::presets::{PRESETS, Preset};
use models::storms::{STORMS, Storm};
use models::spec::arrival::Files;
use models::{Model, Overrides};
use sim_core::time::SimDuration;

use crate::output::Failure;

/// A model or storm larger than this is none.
const TEXT_MAX: u64 = 16 << 20;
/// A trace larger than this is refused before it fills the memory.
const TRACE_MAX: u64 = 1 << 30;

/// A text with its name in messages.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As the user wrote it; `<stdin>` for standard input.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where the files are that it names.
    base: Base,
}

#[derive(Clone, Debug)]
enum Base {
    Folder(PathBuf),
    Preset,
}

impl Source {
    /// The files that it may name.
    pub(crate) fn files(&self) -> &dyn Files {
        &self.base
    }
}

/// What the user wants otherwise than the model says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes<'a> {
    pub(crate) storm: Option<&'a str>,
    pub(crate) sets: &'a [(String, String)],
    pub(crate) horizon: Option<SimDuration>,
}

/// Reads what `argument` names: standard input, a file, or a preset.
pub(crate) fn source(argument: &str) -> Result<Source, Failure> {
    if argument == "-" {
        let text = text("<stdin>", io::stdin().lock(), "a model")?;
        return Ok(Source { name: "<stdin>".to_owned(), text, base: Base::Folder(PathBuf::new()) });
    }
    let path = Path::new(argument);
    if !path.exists()
        && let Some(preset) = Preset::find(argument)
    {
        let (name, text) = (preset.name.to_owned(), preset.text.to_owned());
        return Ok(Source { name, text, base: Base::Preset });
    }
    if is_manifest(path) {
        return manifests(argument);
    }
    let file = open(argument, PRESETS.iter().map(|preset| preset.name), "preset")?;
    let text = text(argument, file, "a model")?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok(Source { name: argument.to_owned(), text, base: Base::Folder(folder) })
}

/// Kubernetes manifests: YAML files, and directories of them.
fn is_manifest(path: &Path) -> bool {
    let yaml = |extension: &std::ffi::OsStr| extension == "yaml" || extension == "yml";
    path.is_dir() || path.extension().is_some_and(yaml)
}

/// Turns manifests into a model: not yet possible.
fn manifests(argument: &str) -> Result<Source, Failure> {
    let what = if Path::new(argument).is_dir() { "is a directory" } else { "is YAML" };
    Err(Failure::bad_input(format!(
        "`{argument}` {what}: manifests cannot be read yet; give a RON model, or a preset such as \
         `reference`"
    )))
}

/// Reads the storm that `argument` names: a file or a preset.
fn storm(argument: &str) -> Result<(String, String), Failure> {
    if !Path::new(argument).exists()
        && let Some(storm) = Storm::find(argument)
    {
        return Ok((storm.name.to_owned(), storm.text.to_owned()));
    }
    let file = open(argument, STORMS.iter().map(|storm| storm.name), "storm")?;
    Ok((argument.to_owned(), text(argument, file, "a storm")?))
}

/// Reads and checks the model in `source` with everything that is wished otherwise.
pub(crate) fn model(source: &Source, wishes: &Wishes<'_>, color: Color) -> Result<Model, Failure> {
    let storm = wishes.storm.map(storm).transpose()?;
    let overrides = Overrides {
        sets: wishes.sets,
        horizon: wishes.horizon,
        storm: storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
    };
    Model::read(&source.name, &source.text, &overrides, source.files()).map_err(|problems| {
        let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        Failure::described(described(&problems, source, storm, color))
    })
}

/// Diagnostics for people, each with the line it is about.
fn described(
    problems: &Diagnostics,
    source: &Source,
    storm: Option<(&str, &str)>,
    color: Color,
) -> String {
    let of_storm = |name: &str| storm.is_some_and(|(storm, _)| storm == name);
    let (about_storm, about_model): (Vec<_>, Vec<_>) = problems
        .iter()
        .cloned()
        .partition(|problem| problem.location.as_ref().is_some_and(|at| of_storm(&at.file)));
    let model: Diagnostics = about_model.into_iter().collect();
    let storm_problems: Diagnostics = about_storm.into_iter().collect();
    let mut text = model.render(&source.text, color);
    if let Some((_, storm)) = storm {
        text.push_str(&storm_problems.render(storm, color));
    }
    let errors = problems.iter().filter(|p| p.severity == models::diagnostic::Severity::Error).count();
    let problems = if errors == 1 { "problem" } else { "problems" };
    text.push_str(&format!("error: `{}` cannot be run: {errors} {problems}\n", source.name));
    text
}

fn open(
    argument: &str,
    known: impl Iterator<Item = &'static str>,
    kind: &str,
) -> Result<File, Failure> {
    let path = Path::new(argument);
    if path.is_dir() {
        return Err(Failure::bad_input(format!("`{argument}` is a directory: name a file in it")));
    }
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Failure::bad_input(not_found(argument, known, kind)),
        _ => Failure::bad_input(format!("cannot read `{argument}`: {error}")),
    })
}

fn not_found(
    argument: &str,
    known: impl Iterator<Item = &'static str>,
    kind: &str,
) -> String {
    let names: Vec<&str> = known.collect();
    let stem = argument.strip_suffix(".ron").unwrap_or(argument);
    let meant = match nearest(stem, &names) {
        Some(name) => format!("; did you mean the {kind} `{name}`?"),
        None => format!("; `surgetank list {kind}s` lists what there is"),
    };
    format!("cannot read `{argument}`: there is no such file, and no {kind} of that name{meant}")
}

/// The text of a model or storm.
fn text(name: &str, reader: impl Read, what: &str) -> Result<String, Failure> {
    let bytes = limited(reader, TEXT_MAX)
        .map_err(|error| Failure::bad_input(format!("cannot read `{name}`: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        Failure::bad_input(format!(
            "`{name}` is not text: line {line} is not UTF-8; {what} is a text file in RON"
        ))
    })?;
    // Editors on Windows put it there.
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
    if text.trim().is_empty() {
        return Err(Failure::bad_input(format!(
            "`{name}` is empty: {what} is expected; `surgetank list` shows what there is"
        )));
    }
    Ok(text)
}

/// All bytes of the reader, if they are not more than `most`.
fn limited(reader: impl Read, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    reader.take(most + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err(format!("it is larger than {} MiB", most >> 20));
    }
    Ok(bytes)
}

impl Files for Base {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self {
            Self::Preset => Err("a preset has no files beside it".to_owned()),
            Self::Folder(folder) => {
                let path = folder.join(path);
                if path.is_dir() {
                    return Err("it is a directory".to_owned());
                }
                let file = File::open(&path).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                })?;
                limited(file, TRACE_MAX)
            }
        }
    }
}

/// The text of a result.
pub(crate) fn result(argument: &str) -> Result<String, Failure> {
    if argument == "-" {
        return text("<stdin>", io::stdin().lock(), "a report");
    }
    let path = Path::new(argument);
    if path.is_dir() {
        let report = path.join("report.json");
        return result_file(&report.to_string_lossy());
    }
    result_file(argument)
}

fn result_file(name: &str) -> Result<String, Failure> {
    let file = File::open(name)
        .map_err(|error| Failure::bad_input(format!("cannot read `{name}`: {error}")))?;
    text(name, file, "a report")
}
