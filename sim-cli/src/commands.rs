//! What the program can do: a module per command.

mod check;
mod completions;
mod explain;
mod export;
mod import;
mod list;
mod run;
mod schema;
mod verify;

use crate::args::{Arguments, Command};
use crate::output::Failure;

/// Does what was asked for.
pub(crate) fn execute(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Run(run) => run::execute(arguments, run),
        Command::Check(check) => check::execute(arguments, check),
        Command::Explain(explain) => explain::execute(arguments, explain),
        Command::Import(import) => import::execute(arguments, import),
        Command::Export(wanted) => export::execute(arguments, wanted),
        Command::Verify(verify) => verify::execute(arguments, verify),
        Command::List(list) => list::execute(arguments, list),
        Command::Schema(schema) => schema::execute(schema),
        Command::Completions(completions) => completions::execute(completions),
    }
}
