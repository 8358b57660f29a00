//! `surgetank export`: limits written back as manifests that the real system accepts.

use std::fs;
use std::path::Path;

use models::Overrides;
use models::manifest::Reading;
use models::manifest::export::{Document, Export, LeftOut, Onto, Patched, export, onto};
use models::manifest::files::Manifests;
use models::spec::model::ModelSpec;
use models::{Made, Model};

use crate::args::{Arguments, ExportArguments};
use crate::input::{self, Raw, STDIN, Taking};
use crate::output::directory::Existing;
use crate::output::file::write_whole as write_whole_file;
use crate::output::{Failure, color_of_messages, print, say};

pub(super) fn execute(arguments: &Arguments, wanted: &ExportArguments) -> Result<(), Failure> {
    let versions = wanted.manifests.versions();
    let Read { spec, files } = read(arguments, wanted)?;
    let onto_files = match &wanted.onto {
        Some(there) => Some(input::manifest_files(std::slice::from_ref(there))?),
        None => files.filter(|_| !wanted.whole && wanted.out.is_none()),
    };
    let Some(files) = onto_files else {
        if wanted.in_place {
            return Err(Failure::bad_input(
                "`--in-place` changes manifests that there are: give them, or `--onto` with a model",
            ));
        }
        let whole = export(&spec, versions);
        tell(&whole.left_out);
        return match &wanted.out {
            Some(folder) => write_whole(folder, &whole, wanted.force),
            None => print(&whole.yaml()),
        };
    };
    let manifests = manifests_of(&files)?;
    let patched = onto(&manifests, &spec, versions);
    tell(&patched.left_out);
    if wanted.in_place { write_in_place(&patched) } else { print(&patched.patch()) }
}

/// A model to write, and the manifests that it was read from.
struct Read {
    spec: ModelSpec,
    files: Option<Vec<(String, String)>>,
}

fn read(arguments: &Arguments, wanted: &ExportArguments) -> Result<Read, Failure> {
    let are_manifests =
        wanted.inputs.iter().all(|it| it != "-" && input::is_manifest(Path::new(it)));
    if are_manifests {
        return intended(input::manifest_files(&wanted.inputs)?, wanted);
    }
    let [argument] = wanted.inputs.as_slice() else {
        return Err(Failure::bad_input(format!(
            "{} inputs: an export is of one RON model, or of any number of manifests",
            wanted.inputs.len()
        )));
    };
    let source = match input::raw(argument)? {
        Raw::Manifests(text) => return intended(vec![(STDIN.to_owned(), text)], wanted),
        Raw::Model(source) => source,
    };
    let wishes =
        input::Wishes { storm: wanted.storm.as_deref(), sets: &wanted.sets, horizon: None };
    // Everything that is wrong with it is told as a run would.
    let (_, said) = input::model(&source, &wishes, color_of_messages(arguments))?;
    say(&said);
    let storm = wanted.storm.as_deref().map(input::storm).transpose()?;
    let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let overrides = Overrides { sets: &wanted.sets, storm, ..Overrides::default() };
    let spec = Model::spec(&source.name, &source.text, &overrides)
        .map_err(|problems| Failure::described(problems.to_string()))?;
    Ok(Read { spec, files: None })
}

/// What manifests mean.
fn intended(files: Vec<(String, String)>, wanted: &ExportArguments) -> Result<Read, Failure> {
    let taking = Taking::new(Reading::Intended, &wanted.manifests, wanted.storm.as_deref())?;
    let (_, import) = input::read_manifests(&files, &taking)?;
    let storm = wanted.storm.as_deref().map(input::storm).transpose()?;
    let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    if import.spec.stages.is_empty() {
        return Err(Failure::bad_input(
            "there is nothing to export: no EventSource, EventBus, Sensor or workflow among the documents",
        ));
    }
    let overrides =
        Overrides { sets: &wanted.sets, storm, made: Made::OfManifests, ..Overrides::default() };
    let spec = Model::spec("(imported)", &import.ron_text(), &overrides)
        .map_err(|problems| Failure::described(problems.to_string()))?;
    Ok(Read { spec, files: Some(files) })
}

/// The manifests, if all of them can be read.
fn manifests_of(files: &[(String, String)]) -> Result<Manifests, Failure> {
    let texts: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let manifests = Manifests::read(&texts);
    if manifests.problems().has_errors() {
        let color = models::diagnostic::Color::Never;
        return Err(Failure::described(manifests.problems().render_in(&manifests, color)));
    }
    Ok(manifests)
}

/// Says what the manifests do not.
fn tell(left_out: &[LeftOut]) {
    let lines: String =
        left_out.iter().map(|it| format!("left out: {}: {}\n", it.parameter, it.why)).collect();
    say(&lines);
}

/// A file for each object, none of them over one that is there.
fn write_whole(folder: &Path, whole: &Export, force: bool) -> Result<(), Failure> {
    let existing = if force { Existing::Replace } else { Existing::Refuse };
    let place = |document: &Document| folder.join(&document.file);
    // None of them, if one cannot be.
    if let Some(there) = whole.documents.iter().map(place).find(|path| path.exists() && !force) {
        return Err(Failure::bad_input(format!(
            "`{}` is there already: `--force` replaces it",
            there.display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| {
        Failure::failed(format!("cannot create `{}`: {error}", folder.display()))
    })?;
    let mut documents = whole.documents.iter();
    documents.try_for_each(|document| write_whole_file(&place(document), &document.text, existing))
}

fn write_in_place(patched: &Onto) -> Result<(), Failure> {
    if let Some(Patched { name, .. }) = patched.files.iter().find(|file| file.name == STDIN) {
        return Err(Failure::bad_input(format!(
            "`{name}` cannot be written in its place: give files"
        )));
    }
    for file in &patched.files {
        write_whole_file(Path::new(&file.name), &file.new, Existing::Replace)?;
        say(&format!("changed `{}`\n", file.name));
    }
    Ok(())
}
