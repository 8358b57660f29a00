//! The files of the working tree.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// A text file of the tree.
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    pub(super) fn is_rust(&self) -> bool {
        has_ending(&self.path, "rs")
    }

    pub(super) fn is_markdown(&self) -> bool {
        has_ending(&self.path, "md")
    }

    /// The file's code without its tests: a file of tests has none.
    pub(super) fn code(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        if name == "tests.rs" || name.ends_with("_tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        self.text.split("#[cfg(test)]\nmod").next().unwrap_or_default()
    }
}

pub(super) fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == ending)
}

/// The folder of the workspace.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All paths, from the root: what git tracks or would add; without git, what is there.
pub(super) fn paths() -> &'static [String] {
    static PATHS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut paths = listed().unwrap_or_else(|| walked(&root(), ""));
        paths.retain(|path| root().join(path).is_file());
        paths.sort();
        assert!(
            paths.iter().any(|path| path == "Cargo.toml"),
            "the tree is not where it should be"
        );
        paths
    });
    &PATHS
}

/// All text files.
pub(super) fn files() -> &'static [File] {
    static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
        let read = |path: &String| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some(File { path: path.clone(), text })
        };
        paths().iter().filter_map(read).collect()
    });
    &FILES
}

/// The file at `path`.
pub(super) fn file(path: &str) -> &'static File {
    let found = files().iter().find(|file| file.path == path);
    found.unwrap_or_else(|| panic!("`{path}` is missing"))
}

fn listed() -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"])
        .current_dir(root())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> = text.lines().map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

fn walked(folder: &Path, prefix: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if !entry.path().is_dir() {
            paths.push(path);
        } else if !["target", ".git", "node_modules", "out", "dist"].contains(&name.as_str()) {
            paths.extend(walked(&entry.path(), &format!("{path}/")));
        }
    }
    paths
}
