//! The command line: the built program, its exit status, standard output and standard error.
//!
//! Cargo tells only a package's own tests where its program is, and these tests are not `sim-cli`'s. So
//! they ask Cargo for it: a build in the same target directory and profile, which does nothing where the
//! workspace is built already. `SURGETANK` names a program to test instead.

mod bad_input;
mod export;
mod good_input;
mod readings;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where the program is.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("SURGETANK") {
        Some(path) => PathBuf::from(path),
        None => built(),
    })
}

fn built() -> PathBuf {
    // `target/PROFILE/deps/this-test`
    let test = std::env::current_exe().expect("a test knows where it is");
    let folder = test.ancestors().nth(2).expect("it is two folders below its profile's");
    let target = folder.parent().expect("the profile is in a target directory");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "test",
        Some(other) => other,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--package", "sim-cli", "--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the program must build");
    folder.join(format!("surgetank{}", std::env::consts::EXE_SUFFIX))
}

/// What a run of the program left.
#[derive(Debug)]
struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

/// A folder of its own for a test, gone afterwards; the program runs in it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("surgetank-test-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// With the manifests of the reference pipeline in `k8s`.
    fn with_reference(name: &str) -> Self {
        let folder = Self::new(name);
        let there =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/presets/reference");
        std::fs::create_dir(folder.0.join("k8s")).unwrap();
        for entry in std::fs::read_dir(there).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.0.join("k8s").join(entry.file_name())).unwrap();
        }
        folder
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, b"")
    }

    /// `arguments` are separated by spaces.
    fn run_with(&self, arguments: &str, stdin: &[u8]) -> Ran {
        let mut child = Command::new(program())
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may refuse to read on: no failure of ours.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        let output = child.wait_with_output().unwrap();
        Ran {
            status: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
