//! A single file that is there whole, or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Failure;
use super::directory::Existing;

/// Writes a file beside its place, through to the disk, and puts it there when it is whole. One that it
/// replaces keeps its permissions; behind a link is the file that is meant.
pub(crate) fn write_whole(path: &Path, text: &str, existing: Existing) -> Result<(), Failure> {
    if existing == Existing::Refuse && path.exists() {
        return Err(Failure::bad_input(format!(
            "`{}` is there already: `--force` replaces it",
            path.display()
        )));
    }
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let draft = place.with_file_name(format!(".{name}.{}.partial", std::process::id()));
    put(&draft, &place, text).map_err(|error| {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&draft);
        Failure::failed(format!("cannot write `{}`: {error}", path.display()))
    })
}

fn put(draft: &PathBuf, place: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::create(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Ok(there) = fs::metadata(place) {
        fs::set_permissions(draft, there.permissions())?;
    }
    fs::rename(draft, place)
}
