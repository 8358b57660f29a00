//! `cargo xtask docs`: the pages in `docs/reference`, written from the code.
//!
//! The writer is one of the tests (`tests/src/tidy/reference.rs`): it compares in every test run, and
//! writes when it is asked to. That keeps the simulator out of this crate.

use anyhow::{Result, bail};

use crate::shell::Call;

/// The variable that makes the test write instead of compare.
const WRITE: &str = "SURGETANK_WRITE_DOCS";

/// Writes the pages; with `--check`, only says which are stale.
///
/// # Errors
/// If a page is stale, or cannot be written.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let test = Call::cargo(&["test", "--quiet", "-p", "surgetank-tests", "tidy::reference::"]);
    match arguments {
        [] => test.with(WRITE, "1").run(),
        [flag] if flag == "--check" => test.run(),
        _ => bail!("`docs` takes `--check` or nothing"),
    }
}
