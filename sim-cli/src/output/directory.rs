//! A directory of results that is there whole or not at all: it is written beside its place under another
//! name, and renamed when all is done.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Failure;

/// What to do with a directory that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Refuse it, unless it is empty.
    Refuse,
    /// Replace it, if it holds a result.
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
    let is_result = place.join("report.json").is_file();
    if is_empty || (existing == Existing::Replace && is_result) {
        return Ok(());
    }
    if existing == Existing::Replace {
        return Err(Failure::bad_input(format!(
            "the directory `{}` is no result (there is no `report.json` in it), and `--force` replaces \
             nothing else: choose another",
            place.display()
        )));
    }
    Err(Failure::bad_input(format!(
        "the directory `{}` is not empty: choose another, or replace it with `--force`",
        place.display()
    )))
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
