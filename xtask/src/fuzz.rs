//! `cargo xtask fuzz`: random manifests against importer and linter, for as long as one likes.
//!
//! libFuzzer with the instrumentation that stable rustc can give: no nightly, no cargo-fuzz. What is found
//! is kept in `fuzz/artifacts`; the corpus grows in the target directory.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{Call, root, target};

/// Coverage as libFuzzer wants it.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=4",
    "--cfg fuzzing",
];
/// With `--target` the flags are not those of build scripts, which have no counters to link to.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Folders with manifests to begin with.
const SEEDS: &[&str] =
    &["models/src/lint/cases", "models/presets/reference", "../shared/manifests"];

/// `cargo xtask fuzz [SECONDS]`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let seconds: u32 = match arguments {
        [] => 600,
        [seconds] => seconds.parse().context("expected a number of seconds")?,
        _ => bail!("expected at most one argument, a number of seconds"),
    };
    let folder = target().join("fuzz");
    let corpus = folder.join("corpus");
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(root().join("fuzz/artifacts"))?;
    let seeds: usize =
        SEEDS.iter().map(|seed| copy_seeds(&root().join(seed), &corpus)).sum::<Result<usize>>()?;
    println!("{seeds} manifests to begin with, {seconds} s");
    let folder = folder.to_string_lossy().into_owned();
    Call::cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", TARGET])
        .with("RUSTFLAGS", FLAGS.join(" "))
        .with("CARGO_TARGET_DIR", folder.as_str())
        .run()?;
    let time = format!("-max_total_time={seconds}");
    let corpus = corpus.to_string_lossy().into_owned();
    let program = format!("{folder}/{TARGET}/release/manifests");
    let dictionary = "-dict=fuzz/manifests.dict";
    let limits = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"];
    let mut arguments =
        vec![corpus.as_str(), "-artifact_prefix=fuzz/artifacts/", dictionary, &time];
    arguments.extend(limits);
    Call::new(&program, &arguments).run()
}

/// Copies all YAML files below `from`, and says how many.
fn copy_seeds(from: &Path, to: &Path) -> Result<usize> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(0) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut count = 0;
    for path in paths {
        if path.is_dir() {
            count += copy_seeds(&path, to)?;
        } else if path.extension().is_some_and(|it| it == "yaml" || it == "yml") {
            let name =
                path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().replace('/', "_");
            fs::copy(&path, to.join(name.trim_start_matches(['.', '_'])))?;
            count += 1;
        }
    }
    Ok(count)
}
