//! The `surgetank` command: arguments, files, threads and terminal around the simulator.

mod args;
mod commands;
mod input;
mod output;
mod progress;

use std::process::ExitCode;

use output::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let arguments = args::parse()?;
    commands::execute(&arguments)
}
