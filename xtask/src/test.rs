//! `cargo xtask test`: everything that has to hold before a change lands, cheapest first.
//!
//! The first part that fails ends the run with the command that repeats it.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell::{Call, is_ci, target, timed};
use crate::wasm;

/// One part of the whole.
struct Part {
    name: &'static str,
    about: &'static str,
    when: When,
    run: fn() -> Result<()>,
}

/// When a part runs without being asked for by name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Part of another one already.
    Asked,
    /// In CI, and where no installation is needed first.
    Ready,
}

/// In the order in which they run. The tests come after the doc tests, so that the last summary printed
/// is theirs.
const PARTS: &[Part] = &[
    Part { name: "format", about: "the code is formatted", when: When::Always, run: format },
    Part { name: "lint", about: "clippy has nothing to say", when: When::Always, run: lint },
    Part {
        name: "docs",
        about: "the documentation builds, its links resolve",
        when: When::Always,
        run: docs,
    },
    Part {
        name: "doctest",
        about: "the examples in the documentation run",
        when: When::Always,
        run: doctest,
    },
    Part { name: "tidy", about: "the house rules hold", when: When::Asked, run: tidy },
    Part { name: "test", about: "all tests, tidy among them", when: When::Always, run: tests },
    Part {
        name: "wasm",
        about: "the browser's module builds",
        when: When::Ready,
        run: wasm::build,
    },
];

/// The names of the parts, for the help.
pub(crate) fn parts() -> String {
    PARTS.iter().map(|part| part.name).collect::<Vec<_>>().join(", ")
}

/// Runs the parts asked for, or all.
///
/// # Errors
/// With the first part that fails, or for an argument that is not understood.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let chosen = choose(arguments)?;
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for part in chosen {
        eprintln!("\n── {}: {}", part.name, part.about);
        let (result, took) = timed(part.run);
        result.with_context(|| format!("part `{}`", part.name))?;
        times.push((part.name, took));
    }
    eprintln!();
    for (name, took) in &times {
        eprintln!("{name:>9} {:7.1} s", took.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, took)| *took).sum();
    eprintln!("{:>9} {:7.1} s, everything passed", "", total.as_secs_f64());
    Ok(())
}

fn choose(arguments: &[String]) -> Result<Vec<&'static Part>> {
    let mut only: Option<Vec<&Part>> = None;
    let mut skip: Vec<&str> = Vec::new();
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        let value = rest.next().with_context(|| format!("`{flag}` needs a part: {}", parts()));
        let named = value?.split(',').map(find).collect::<Result<Vec<_>>>()?;
        match flag.as_str() {
            "--only" => only.get_or_insert_default().extend(named),
            "--skip" => skip.extend(named.iter().map(|part| part.name)),
            _ => bail!("`{flag}` is not understood: only `--only` and `--skip` are"),
        }
    }
    let chosen = only.unwrap_or_else(|| PARTS.iter().filter(|part| is_due(part)).collect());
    Ok(chosen.into_iter().filter(|part| !skip.contains(&part.name)).collect())
}

fn find(name: &str) -> Result<&'static Part> {
    let part = PARTS.iter().find(|part| part.name == name);
    part.with_context(|| format!("no part `{name}`: there are {}", parts()))
}

fn is_due(part: &Part) -> bool {
    match part.when {
        When::Always => true,
        When::Asked => false,
        When::Ready if is_ci() || wasm::is_ready() => true,
        When::Ready => {
            eprintln!("skipped {}: {}", part.name, wasm::HOW_TO_INSTALL);
            false
        }
    }
}

fn format() -> Result<()> {
    Call::cargo(&["fmt", "--all", "--check"]).run()
}

fn lint() -> Result<()> {
    Call::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()
}

fn docs() -> Result<()> {
    Call::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"])
        .with("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links")
        .run()
}

fn doctest() -> Result<()> {
    Call::cargo(&["test", "--workspace", "--doc", "--quiet"]).run()
}

fn tidy() -> Result<()> {
    Call::cargo(&["test", "--quiet", "-p", "surgetank-tests", "tidy::"]).run()
}

/// With nextest where it is installed: it runs the tests of all crates side by side.
///
/// The command line's tests are told where the program is, which the build of the tests makes too (see
/// `sim-cli/tests/version.rs`); else they would have it built with fewer features, and all libraries with it.
fn tests() -> Result<()> {
    let program = target().join("debug").join(format!("surgetank{}", std::env::consts::EXE_SUFFIX));
    let run = if Call::cargo(&["nextest", "--version"]).succeeds() {
        Call::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"])
    } else {
        Call::cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    run.with("SURGETANK", program.display().to_string()).run()
}

#[cfg(test)]
mod tests {
    use super::choose;

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>, String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        match choose(&arguments) {
            Ok(parts) => Ok(parts.iter().map(|part| part.name).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn parts_are_chosen_by_name() {
        assert_eq!(names(&["--only", "tidy"]), Ok(vec!["tidy"]));
        assert_eq!(names(&["--only", "format,lint", "--skip", "lint"]), Ok(vec!["format"]));
        let all = names(&["--skip", "wasm"]).unwrap();
        assert_eq!(all, ["format", "lint", "docs", "doctest", "test"]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(names(&["--only", "tests"]).unwrap_err().starts_with("no part `tests`"));
        assert!(names(&["--only"]).unwrap_err().starts_with("`--only` needs a part"));
        assert!(names(&["--fast", "lint"]).unwrap_err().starts_with("`--fast` is not"));
    }
}
