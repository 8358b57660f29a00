//! What leaves the program: data on standard output, prose on standard error, and the exit status.

pub(crate) mod directory;
pub(crate) mod file;
pub(crate) mod journeys;
pub(crate) mod series;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use models::diagnostic::Color;
use models::report::text::{Glyphs, Style};

use crate::args::{Arguments, When};

/// The input is bad.
const BAD_INPUT: u8 = 2;
/// A check failed, or the machine did.
const FAILED: u8 = 1;
/// Columns where there is no terminal.
const COLUMNS_DEFAULT: u16 = 100;
/// Longer lines are hard to read.
const COLUMNS_MAX: u16 = 160;

/// Why the program ends early, and with which exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    /// What to say on standard error; ends with a newline, or is empty.
    text: String,
}

impl Failure {
    /// Bad input; `message` is lower case and says what to do.
    pub(crate) fn bad_input(message: impl std::fmt::Display) -> Self {
        Self { status: BAD_INPUT, text: format!("error: {message}\n") }
    }

    /// Bad input that has been described already, such as rendered diagnostics.
    pub(crate) fn described(text: String) -> Self {
        Self { status: BAD_INPUT, text }
    }

    /// A check failed, or something outside of the program.
    pub(crate) fn failed(message: impl std::fmt::Display) -> Self {
        Self { status: FAILED, text: format!("error: {message}\n") }
    }

    /// The same with more lines to say; `more` ends with a newline or is empty.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }

    /// Wrong arguments, as described by their parser.
    pub(crate) fn usage(text: String) -> Self {
        Self { status: BAD_INPUT, text }
    }

    /// No failure: there is nothing left to do.
    pub(crate) fn done() -> Self {
        Self { status: 0, text: String::new() }
    }

    /// Says it on standard error.
    pub(crate) fn report(self) -> ExitCode {
        say(&self.text);
        ExitCode::from(self.status)
    }
}

/// Writes data to standard output. Nobody reading it any longer ends the program quietly.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::done(),
        _ => Failure::failed(format!("cannot write to standard output: {error}")),
    })
}

/// Writes prose to standard error. If that is impossible there is nobody to tell.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// How reports are to be printed on standard output.
pub(crate) fn style(arguments: &Arguments) -> Style {
    let term = console::Term::stdout();
    // What is piped has the same bytes wherever it is made.
    let columns = term.size_checked().filter(|_| io::stdout().is_terminal());
    let width = columns.map_or(COLUMNS_DEFAULT, |(_, columns)| columns.min(COLUMNS_MAX));
    let width = arguments.width.unwrap_or(width);
    Style {
        width: usize::from(width),
        color: color(arguments.color, io::stdout().is_terminal()),
        glyphs: if arguments.ascii || !speaks_unicode() { Glyphs::Ascii } else { Glyphs::Unicode },
    }
}

/// Colors for messages on standard error.
pub(crate) fn color_of_messages(arguments: &Arguments) -> Color {
    color(arguments.color, io::stderr().is_terminal())
}

fn color(when: When, is_terminal: bool) -> Color {
    let wanted = match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            let refused =
                variable("NO_COLOR").is_some() || variable("TERM").as_deref() == Some("dumb");
            is_terminal && !refused
        }
    };
    if wanted { Color::Always } else { Color::Never }
}

/// Whether the locale allows more than ASCII: yes, unless it is stated and says otherwise.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
    let linux_console = variable("TERM").as_deref() == Some("linux");
    !linux_console
        && locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
