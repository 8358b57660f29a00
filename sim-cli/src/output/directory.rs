//! A directory of results that is there whole or not at all: it is written beside its place under another
//! name, and renamed when all is done.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use models::manifest::Reading;

use super::Failure;

/// The files that make a directory a result.
const RECORDS: [&str; 2] = [REPORT, READINGS];
/// The report of a run.
pub(crate) const REPORT: &str = "report.json";
/// Both readings of manifests, compared.
pub(crate) const READINGS: &str = "readings.json";
/// Its time series.
pub(crate) const SERIES: &str = "series.csv";
/// The schema of a report is among so many of its first bytes.
const RECORD_BEGINS: u64 = 64;
/// The other files of a result ...
const FILES: [&str; 4] = [SERIES, JOURNEYS, MODEL, STORM];
/// What became of each event.
pub(crate) const JOURNEYS: &str = "journeys.csv";
/// The model that was run.
pub(crate) const MODEL: &str = "model.ron";
/// The storm that took the place of its arrivals.
pub(crate) const STORM: &str = "storm.ron";
/// The folder of the files that they name.
pub(crate) const KEPT_FILES: &str = "files";

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// What to do with a directory that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Refuse it, unless it is empty.
    Refuse,
    /// Replace it, if it holds a result and nothing else.
    Replace,
}

/// A directory under construction. Dropped unfinished, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Directory {
    place: PathBuf,
    draft: PathBuf,
}

impl Directory {
    /// Begins one that will be at `place`.
    pub(crate) fn create(place: &Path, existing: Existing) -> Result<Self, Failure> {
        check(place, existing)?;
        let place = std::path::absolute(place)
            .map_err(|error| Failure::bad_input(format!("`{}`: {error}", place.display())))?;
        let (Some(parent), Some(name)) = (place.parent(), place.file_name()) else {
            return Err(Failure::bad_input(format!(
                "`{}` cannot be made: give `--out` the name of a new directory",
                place.display()
            )));
        };
        fs::create_dir_all(parent).map_err(|error| cannot("create", parent, &error))?;
        sweep(parent, &name.to_string_lossy());
        let name = format!(".{}.{}.partial", name.to_string_lossy(), std::process::id());
        let draft = parent.join(name);
        remove_when_interrupted(&draft);
        fs::create_dir(&draft).map_err(|error| cannot("create", &draft, &error))?;
        Ok(Self { place, draft })
    }

    /// A new file in it, or in a folder of it.
    pub(crate) fn file(&self, name: &str) -> Result<OutFile, Failure> {
        let path = self.draft.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| cannot("create", folder, &error))?;
        }
        let file = File::create(&path).map_err(|error| cannot("create", &path, &error))?;
        Ok(OutFile { path, to: BufWriter::new(file) })
    }

    /// Puts it in its place.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let old = self.draft.with_extension("replaced");
        let replaces = self.place.exists();
        if replaces {
            fs::rename(&self.place, &old)
                .map_err(|error| cannot("replace", &self.place, &error))?;
        }
        if let Err(error) = fs::rename(&self.draft, &self.place) {
            if replaces {
                let _ = fs::rename(&old, &self.place);
            }
            return Err(cannot("create", &self.place, &error));
        }
        if replaces {
            fs::remove_dir_all(&old).map_err(|error| cannot("remove", &old, &error))?;
        }
        Ok(())
    }
}

/// Ctrl-C, or a signal to terminate, ends the program with status 130 and leaves nothing behind.
fn remove_when_interrupted(draft: &Path) {
    let draft = draft.to_owned();
    // Where signals cannot be caught, the next run sweeps.
    let _ = ctrlc::set_handler(move || {
        // The other thread may be making a file just now: then the directory is not empty at first.
        let gone = || fs::remove_dir_all(&draft).is_ok() || !draft.exists();
        let _ = (0..100).any(|_| gone());
        std::process::exit(INTERRUPTED);
    });
}

/// Removes what processes that were killed have left of drafts with that name.
fn sweep(parent: &Path, name: &str) {
    // Where it cannot be seen who lives, nothing is touched.
    if !Path::new("/proc/self").exists() {
        return;
    }
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let process = file
            .strip_prefix(&format!(".{name}."))
            .and_then(|rest| rest.strip_suffix(".partial"))
            .and_then(|process| process.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // After `finish` there is none any more.
        let _ = fs::remove_dir_all(&self.draft);
    }
}

fn check(place: &Path, existing: Existing) -> Result<(), Failure> {
    if !place.exists() {
        return Ok(());
    }
    if !place.is_dir() {
        return Err(Failure::bad_input(format!(
            "`{}` is a file: give `--out` the name of a new directory",
            place.display()
        )));
    }
    let is_empty = fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty {
        return Ok(());
    }
    if existing == Existing::Refuse {
        return Err(Failure::bad_input(format!(
            "the directory `{}` is not empty: choose another, or replace it with `--force`",
            place.display()
        )));
    }
    if !is_result(place) {
        return Err(Failure::bad_input(format!(
            "the directory `{}` is no result of surgetank (there is no report of it in it), and `--force` \
             replaces nothing else{}: choose another",
            place.display(),
            lost(place)
        )));
    }
    match foreign(place) {
        None => Ok(()),
        Some(_) => Err(Failure::bad_input(format!(
            "the directory `{}` holds more than a result{}: choose another, or move that away",
            place.display(),
            lost(place)
        ))),
    }
}

/// What would be lost, in words.
fn lost(place: &Path) -> String {
    foreign(place).map_or_else(String::new, |file| format!("; `{}` would be lost", file.display()))
}

/// Whether the directory has the record of a run: a report, or two of them.
pub(crate) fn is_result(place: &Path) -> bool {
    RECORDS.iter().any(|name| {
        let mut beginning = Vec::new();
        let read = File::open(place.join(name))
            .and_then(|file| file.take(RECORD_BEGINS).read_to_end(&mut beginning));
        read.is_ok() && String::from_utf8_lossy(&beginning).contains("\"surgetank-re")
    })
}

/// The first entry, by name, that no run has put into the directory.
fn foreign(place: &Path) -> Option<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().find_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        match path.is_dir() {
            true if name == KEPT_FILES => None,
            // Each reading has a folder of its own.
            true if Reading::ALL.iter().any(|reading| reading.name() == name) => foreign(&path),
            false if RECORDS.contains(&name.as_str()) || FILES.contains(&name.as_str()) => None,
            _ => Some(path),
        }
    })
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot {what} `{}`: {error}", path.display()))
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct OutFile {
    path: PathBuf,
    to: BufWriter<File>,
}

impl OutFile {
    /// The error of a write to it.
    pub(crate) fn failure(&self, error: &io::Error) -> Failure {
        cannot("write", &self.path, error)
    }

    /// Writes what is left, through to the disk.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.to.flush().and_then(|()| self.to.get_ref().sync_all());
        flushed.map_err(|error| self.failure(&error))
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
