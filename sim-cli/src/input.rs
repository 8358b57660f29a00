//! From arguments to texts: files, presets and standard input, with limits on what is read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use models::diagnostic::{Color, Diagnostic, Diagnostics, Severity, nearest};
use models::manifest::files::Manifests;
use models::manifest::{Import, ImportOptions, Reading, Versions, import_from};
use models::model::COMMAND_LINE;
use models::presets::{PRESETS, Preset};
use models::spec::arrival::Files;
use models::storms::{STORMS, Storm};
use models::{Made, Model, Overrides};
use sim_core::time::SimDuration;

use crate::args::ManifestArguments;
use crate::output::directory::{KEPT_FILES, MODEL, REPORT, is_result};
use crate::output::{Failure, say};

/// A model or storm larger than this is none.
const TEXT_MAX: u64 = 16 << 20;
/// A trace larger than this is refused before it fills the memory.
const TRACE_MAX: u64 = 1 << 30;

/// A text with its name in messages.
#[derive(Debug)]
pub(crate) struct Source {
    /// As the user wrote it; `<stdin>` for standard input.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Where the files are that it names.
    base: Base,
    /// What was approximated in the manifests that it was made of, and what was assumed, in words.
    pub(crate) said: String,
    /// Whether somebody wrote it.
    made: Made,
    /// The manifests that it was made of, if it was, and how.
    pub(crate) import: Option<Box<(Manifests, Import)>>,
}

/// Where files are, and which have been read.
#[derive(Clone, Debug)]
struct Base {
    place: Place,
    read: RefCell<BTreeSet<String>>,
}

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    Preset,
    /// The directory of a result, which has copies of them.
    Result(PathBuf),
}

impl Source {
    fn new(name: &str, text: String, place: Place) -> Self {
        // What a result has kept may be made of manifests, and its storm may say what these leave open.
        let made = match place {
            Place::Result(_) => Made::OfManifests,
            Place::Folder(_) | Place::Preset => Made::ByHand,
        };
        let base = Base { place, read: RefCell::default() };
        Self { name: name.to_owned(), text, base, said: String::new(), made, import: None }
    }

    /// The files that it may name.
    pub(crate) fn files(&self) -> &dyn Files {
        &self.base
    }

    /// The names of the files that were read on its behalf.
    pub(crate) fn files_read(&self) -> Vec<String> {
        self.base.read.borrow().iter().cloned().collect()
    }

    /// The model that the directory of a result has kept, if it has.
    pub(crate) fn kept(folder: &Path) -> Option<Result<Self, Failure>> {
        let path = folder.join(MODEL);
        let name = path.to_string_lossy().into_owned();
        let file = File::open(&path).ok()?;
        let text = text(&name, file, "a model in RON");
        Some(text.map(|text| Self::new(&name, text, Place::Result(folder.to_owned()))))
    }
}

/// How manifests are to be read.
#[derive(Clone, Debug)]
pub(crate) struct Taking {
    pub(crate) reading: Reading,
    versions: Versions,
    assume: Option<(String, String)>,
    storm: Option<(String, String)>,
}

impl Taking {
    /// As the arguments say; what the storm assumes counts, too.
    pub(crate) fn new(
        reading: Reading,
        arguments: &ManifestArguments,
        storm_argument: Option<&str>,
    ) -> Result<Self, Failure> {
        let assume = arguments.assume.as_deref().map(assume).transpose()?;
        let storm = storm_argument.map(storm).transpose()?;
        Ok(Self { reading, versions: arguments.versions(), assume, storm })
    }

    /// The latest releases, and nothing assumed.
    pub(crate) fn plain(reading: Reading) -> Self {
        Self { reading, versions: Versions::default(), assume: None, storm: None }
    }

    pub(crate) fn options(&self) -> ImportOptions<'_> {
        ImportOptions {
            reading: self.reading,
            versions: self.versions,
            assume: self.assume.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
            storm: self.storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
        }
    }
}

/// Reads the assume block that `argument` names.
fn assume(argument: &str) -> Result<(String, String), Failure> {
    let file = open(argument, std::iter::empty(), "file")?;
    Ok((argument.to_owned(), text(argument, file, "an assume block in RON")?))
}

/// What the user wants otherwise than the model says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wishes<'a> {
    pub(crate) storm: Option<&'a str>,
    pub(crate) sets: &'a [(String, String)],
    pub(crate) horizon: Option<SimDuration>,
}

/// A model in RON, or the text of manifests on standard input.
pub(crate) enum Raw {
    Model(Box<Source>),
    Manifests(String),
}

/// Reads what `argument` names: standard input, a file, or a preset.
pub(crate) fn raw(argument: &str) -> Result<Raw, Failure> {
    let model = |source| Ok(Raw::Model(Box::new(source)));
    if argument == "-" {
        let text = text(STDIN, io::stdin().lock(), "a model in RON, or manifests")?;
        if is_yaml(&text) {
            return Ok(Raw::Manifests(text));
        }
        return model(Source::new(STDIN, text, Place::Folder(PathBuf::new())));
    }
    let path = Path::new(argument);
    if let Some(preset) = preset(argument) {
        return model(Source::new(preset.name, preset.text.to_owned(), Place::Preset));
    }
    let file = open(argument, PRESETS.iter().map(|preset| preset.name), "preset")?;
    let text = text(argument, file, "a model in RON")?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    model(Source::new(argument, text, Place::Folder(folder)))
}

/// The same as a model; manifests as they are deployed.
pub(crate) fn source(argument: &str) -> Result<Source, Failure> {
    if is_manifest(Path::new(argument)) {
        return manifests(&[argument.to_owned()], &Taking::plain(Reading::Deployed));
    }
    match raw(argument)? {
        Raw::Model(source) => Ok(*source),
        Raw::Manifests(text) => {
            imported(&[(STDIN.to_owned(), text)], STDIN, &Taking::plain(Reading::Deployed))
        }
    }
}

/// The name of standard input in messages.
pub(crate) const STDIN: &str = "<stdin>";

/// The preset that the argument names, unless it names a file. A directory of results does not count:
/// `run spike --out spike` must not keep `run spike` from working.
fn preset(argument: &str) -> Option<&'static Preset> {
    let path = Path::new(argument);
    let is_taken = path.exists() && !is_result(path);
    Preset::find(argument).filter(|_| !is_taken)
}

/// Whether the text looks like Kubernetes manifests: before anything else comes a document's beginning or
/// a field at the beginning of a line.
fn is_yaml(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        let name: String =
            line.chars().take_while(|&c| c.is_ascii_alphanumeric() || c == '_').collect();
        let is_field = !name.is_empty() && line[name.len()..].starts_with(':');
        line.starts_with("---") || line.starts_with("%YAML") || is_field
    })
}

/// Kubernetes manifests: YAML files, and directories of them.
pub(crate) fn is_manifest(path: &Path) -> bool {
    if path.to_str().is_some_and(|argument| preset(argument).is_some()) {
        return false;
    }
    let yaml = |extension: &std::ffi::OsStr| extension == "yaml" || extension == "yml";
    let is_pattern = path.to_str().is_some_and(is_glob);
    path.is_dir() || is_pattern || path.extension().is_some_and(yaml)
}

/// Turns manifests (files, every YAML file of directories, or standard input) into a model, as that reading
/// has it.
pub(crate) fn manifests(arguments: &[String], taking: &Taking) -> Result<Source, Failure> {
    let name = if arguments == ["-"] { STDIN.to_owned() } else { arguments.join(" ") };
    imported(&manifest_files(arguments)?, &name, taking)
}

/// The names and texts of manifests: files, every YAML file of directories, what globs match, or standard
/// input.
pub(crate) fn manifest_files(arguments: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let mut paths = Vec::new();
    let mut files = Vec::new();
    for argument in arguments {
        if argument == "-" {
            let text = text(STDIN, io::stdin().lock(), "a manifest in YAML")?;
            files.push((STDIN.to_owned(), text));
            continue;
        }
        for path in expanded(argument)? {
            yaml_files(&path, &mut paths)?;
        }
    }
    if paths.is_empty() && files.is_empty() {
        return Err(Failure::bad_input(format!(
            "there is no YAML file in `{}`: give manifests, a RON model, or a preset such as `reference`",
            arguments.join("`, `")
        )));
    }
    // The same file may be in two of the directories.
    let mut seen = BTreeSet::new();
    for path in paths.iter().filter(|path| seen.insert(path.as_path())) {
        let name = path.display().to_string();
        let content = text(&name, open(&name, std::iter::empty(), "file")?, "a manifest in YAML")?;
        files.push((name, content));
    }
    Ok(files)
}

/// What a glob matches, in order; anything else is a path as it is.
fn expanded(argument: &str) -> Result<Vec<PathBuf>, Failure> {
    if !is_glob(argument) {
        return Ok(vec![PathBuf::from(argument)]);
    }
    let failure =
        |error: &dyn std::fmt::Display| Failure::bad_input(format!("`{argument}`: {error}"));
    let matches = glob::glob(argument).map_err(|error| failure(&error))?;
    let mut paths =
        matches.collect::<Result<Vec<PathBuf>, _>>().map_err(|error| failure(&error))?;
    paths.retain(|path| is_manifest(path));
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::bad_input(format!("no manifest matches `{argument}`")));
    }
    Ok(paths)
}

/// Whether it is a pattern of names, and no path that there is.
fn is_glob(argument: &str) -> bool {
    argument.contains(['*', '?', '[']) && !Path::new(argument).exists()
}

/// The model that manifests (name and text) make.
fn imported(files: &[(String, String)], name: &str, taking: &Taking) -> Result<Source, Failure> {
    let (manifests, import) = read_manifests(files, taking)?;
    let said = import.findings.render_in(&manifests, Color::Never);
    if import.spec.stages.is_empty() {
        say(&said);
        return Err(Failure::bad_input(format!(
            "there is nothing to run in `{name}`: no EventSource, EventBus, Sensor or workflow among its \
             documents"
        )));
    }
    let made = format!("<model made of {name}>");
    let source = Source::new(&made, import.ron_text(), Place::Folder(PathBuf::new()));
    Ok(Source {
        said,
        made: Made::OfManifests,
        import: Some(Box::new((manifests, import))),
        ..source
    })
}

/// Manifests and what became of them, if all of it can be read.
pub(crate) fn read_manifests(
    files: &[(String, String)],
    taking: &Taking,
) -> Result<(Manifests, Import), Failure> {
    let texts: Vec<(&str, &str)> =
        files.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    let mut manifests = Manifests::read(&texts);
    let mut import = import_from(&manifests, &taking.options());
    import.findings.extend(manifests.problems().clone());
    for (name, text) in taking.assume.iter().chain(&taking.storm) {
        manifests = manifests.with_text(name, text);
    }
    if import.findings.has_errors() {
        let said = import.findings.render_in(&manifests, Color::Never);
        return Err(Failure::described(said));
    }
    Ok((manifests, import))
}

/// The file itself, or all YAML files below the directory, in order of their names.
fn yaml_files(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let failure = |error| Failure::bad_input(format!("cannot read `{}`: {error}", path.display()));
    let entries = std::fs::read_dir(path).map_err(failure)?;
    let mut inside: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failure)?;
    inside.sort();
    // `.git`, `.github` and the like are about other things.
    let hidden = |path: &&PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    for path in inside.iter().filter(|path| is_manifest(path) && !hidden(path)) {
        yaml_files(path, found)?;
    }
    Ok(())
}

/// Reads the storm that `argument` names: a file or a preset.
pub(crate) fn storm(argument: &str) -> Result<(String, String), Failure> {
    if !Path::new(argument).exists()
        && let Some(storm) = Storm::find(argument)
    {
        return Ok((storm.name.to_owned(), storm.text.to_owned()));
    }
    let file = open(argument, STORMS.iter().map(|storm| storm.name), "storm")?;
    Ok((argument.to_owned(), text(argument, file, "a storm")?))
}

/// Reads and checks the model in `source` with everything that is wished otherwise. The second is
/// what is odd about it, for people.
pub(crate) fn model(
    source: &Source,
    wishes: &Wishes<'_>,
    color: Color,
) -> Result<(Model, String), Failure> {
    let storm = wishes.storm.map(storm).transpose()?;
    let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let made = source.made;
    let overrides = Overrides { sets: wishes.sets, horizon: wishes.horizon, storm, made };
    let problems = match Model::read(&source.name, &source.text, &overrides, source.files()) {
        Ok(model) => {
            let said = describe(&model.warnings, source, &overrides, color);
            return Ok((model, said));
        }
        Err(problems) => problems,
    };
    let mut text = describe(&problems, source, &overrides, color);
    let count = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let problems = if count == 1 { "problem" } else { "problems" };
    text.push_str(&format!("error: `{}` cannot be run: {count} {problems}\n", source.name));
    Err(Failure::described(text))
}

/// Diagnostics for people, each with the line of the file that it is about.
pub(crate) fn describe(
    problems: &Diagnostics,
    source: &Source,
    overrides: &Overrides<'_>,
    color: Color,
) -> String {
    let mut by_file: Vec<(Option<&str>, Vec<Diagnostic>)> = Vec::new();
    for problem in problems {
        let file = problem.location.as_ref().map(|location| location.file.as_str());
        match by_file.last_mut() {
            Some((last, problems)) if *last == file => problems.push(problem.clone()),
            _ => by_file.push((file, vec![problem.clone()])),
        }
    }
    let rendered = by_file.into_iter().map(|(file, problems)| {
        let problems: Diagnostics = problems.into_iter().collect();
        let text = match (file, overrides.storm) {
            (Some(file), _) if file == source.name => source.text.clone(),
            (Some(COMMAND_LINE), _) => overrides.command_line(),
            (Some(file), Some((name, text))) if file == name => text.to_owned(),
            (Some(file), _) => beside(source, file),
            (None, _) => String::new(),
        };
        problems.render(&text, color)
    });
    rendered.collect::<Vec<String>>().join("\n")
}

/// A file that the model names, to show a line of it; empty if that is not possible.
fn beside(source: &Source, file: &str) -> String {
    let bytes = source.files().read(file).unwrap_or_default();
    if bytes.len() as u64 > TEXT_MAX {
        return String::new();
    }
    // Columns are counted without the mark that editors on Windows put there.
    String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned()
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

fn not_found(argument: &str, known: impl Iterator<Item = &'static str>, kind: &str) -> String {
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
            "`{name}` is not text: line {line} is not UTF-8; {what} is expected"
        ))
    })?;
    // Editors on Windows put it there.
    let text = text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned);
    if text.trim().is_empty() {
        return Err(Failure::bad_input(format!(
            "`{name}` is empty: {what} is expected{}",
            if what.contains("model") { "; `surgetank list presets` shows some" } else { "" },
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
        let there = match &self.place {
            Place::Preset => return Err("a preset has no files beside it".to_owned()),
            Place::Folder(folder) => folder.join(path),
            Place::Result(folder) => folder.join(KEPT_FILES).join(kept_name(path)),
        };
        if there.is_dir() {
            return Err("it is a directory".to_owned());
        }
        let file = File::open(&there).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        })?;
        self.read.borrow_mut().insert(path.to_owned());
        limited(file, TRACE_MAX)
    }
}

/// The name under which a result keeps the file at `path`: one that is no path, another for each.
pub(crate) fn kept_name(path: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    path.bytes().fold(String::new(), |mut name, byte| {
        if plain(&byte) {
            name.push(char::from(byte))
        } else {
            name.push_str(&format!("%{byte:02x}"))
        }
        name
    })
}

/// The text of a result.
pub(crate) fn result(argument: &str) -> Result<String, Failure> {
    if argument == "-" {
        return text(STDIN, io::stdin().lock(), "a report");
    }
    let path = Path::new(argument);
    let path = if path.is_dir() { path.join(REPORT) } else { path.to_owned() };
    let name = path.to_string_lossy();
    let file = File::open(&path)
        .map_err(|error| Failure::bad_input(format!("cannot read `{name}`: {error}")))?;
    text(&name, file, "a report")
}

#[cfg(test)]
mod tests {
    use super::kept_name;

    #[test]
    fn kept_files_have_names_that_are_no_paths() {
        for (path, name) in [
            ("trace.csv", "trace.csv"),
            ("../a b/c.csv", "..%2fa%20b%2fc.csv"),
            ("a%2fb", "a%252fb"),
        ] {
            assert_eq!(kept_name(path), name);
        }
    }
}
