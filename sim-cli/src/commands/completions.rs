//! `surgetank completions`: a script for a shell.

use clap::CommandFactory;

use crate::args::{Arguments, CompletionsArguments};
use crate::output::{Failure, print};

pub(super) fn execute(completions: &CompletionsArguments) -> Result<(), Failure> {
    let mut command = Arguments::command();
    // Into memory first: the generator panics if nobody reads its output to the end.
    let mut script = Vec::new();
    clap_complete::generate(completions.shell, &mut command, "surgetank", &mut script);
    print(&String::from_utf8_lossy(&script))
}
