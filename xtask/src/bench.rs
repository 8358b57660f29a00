//! `cargo xtask bench`: events per second per core, against the figures to beat.
//!
//! The workloads and the calibration are in `benches/measure`; this module calls them, and the divan
//! benches of the other crates where they are wanted.

use anyhow::Result;

use crate::shell::Call;

/// Measures; every argument but `--divan` is for the measuring program.
///
/// # Errors
/// If a bench does not build or run.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (divan, rest): (Vec<&str>, Vec<&str>) =
        arguments.iter().map(String::as_str).partition(|argument| *argument == "--divan");
    let measure = ["bench", "--quiet", "-p", "xtask", "--bench", "measure", "--"];
    Call::cargo(&[&measure[..], &rest].concat()).run()?;
    if !divan.is_empty() {
        Call::cargo(&["bench", "--quiet", "-p", "sim-core", "-p", "models", "--benches"]).run()?;
    }
    Ok(())
}
