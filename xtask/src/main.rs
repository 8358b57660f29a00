//! `cargo xtask`: the project's own commands, so that nobody has to remember flags.
//!
//! The crate is small on purpose: `cargo xtask test` builds it before anything else. What needs the
//! simulator lives elsewhere: the measurements of `cargo xtask bench` in `benches/measure`, the writer of
//! the reference pages among the tests.
//!
//! A new command is one module with a `run` function and one line in [`COMMANDS`].

mod bench;
mod docs;
mod fuzz;
mod shell;
mod test;
mod wasm;

use std::process::ExitCode;

/// One command: its name, its arguments, what it does, and the function that does it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> anyhow::Result<()>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        arguments: "[--only PART,..] [--skip PART,..]",
        about: "check everything: format, lints, docs, tests, wasm",
        run: test::run,
    },
    Command {
        name: "wasm",
        arguments: "",
        about: "build the browser's module and print its size",
        run: wasm::run,
    },
    Command {
        name: "bench",
        arguments: "[--quick] [--instructions] [--divan]",
        about: "measure events per second against the figures to beat",
        run: bench::run,
    },
    Command {
        name: "fuzz",
        arguments: "[SECONDS]",
        about: "throw random manifests at importer and linter",
        run: fuzz::run,
    },
    Command {
        name: "docs",
        arguments: "[--check]",
        about: "write the reference pages from the code, or say which are stale",
        run: docs::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(name) = arguments.first() else {
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        print!("{}", usage());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("error: no command `{name}`\n");
        eprint!("{}", usage());
        return ExitCode::from(2);
    };
    match (command.run)(&arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("Surgetank's own commands.\n\nUsage:\n");
    for Command { name, arguments, about, .. } in COMMANDS {
        let call = format!("{name} {arguments}");
        text += &format!("  cargo xtask {call:<42} {about}\n");
    }
    text + &format!("\nParts of `test`: {}\n", test::parts())
}
