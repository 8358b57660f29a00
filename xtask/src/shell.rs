//! Running other programs: where, how, and what to say when one fails.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A command line with the environment it needs, printable so that a person can repeat it.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Call {
    /// A call of `cargo`.
    pub(crate) fn cargo(arguments: &[&str]) -> Self {
        Self::new("cargo", arguments)
    }

    /// A call of any program.
    pub(crate) fn new(program: &str, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self { program: program.into(), arguments, environment: Vec::new() }
    }

    /// The same with one more variable set.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// As it would be typed.
    pub(crate) fn line(&self) -> String {
        let set = self.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let rest = self.arguments.iter().map(|argument| quoted(argument));
        set.chain([self.program.clone()]).chain(rest).collect::<Vec<_>>().join(" ")
    }

    fn command(&self) -> Command {
        // `cargo` by name goes through rustup's proxy, which picks the toolchain anew; the one that runs
        // us is named by CARGO.
        let program = match self.program.as_str() {
            "cargo" => std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()),
            other => other.into(),
        };
        let mut command = Command::new(program);
        command.args(&self.arguments).current_dir(root());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it with its output on our own.
    ///
    /// # Errors
    /// If it cannot be started or fails; says how to repeat it.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self
            .command()
            .stdin(Stdio::null())
            .status()
            .with_context(|| format!("cannot start `{}`", self.program))?;
        if !status.success() {
            bail!("failed ({status}); to repeat it:\n  {}", self.line());
        }
        Ok(())
    }

    /// Runs it silently; its standard output, or nothing if it cannot be started or fails.
    pub(crate) fn output(&self) -> Option<String> {
        let output = self.command().stdin(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// Whether it runs and succeeds, silently.
    pub(crate) fn succeeds(&self) -> bool {
        self.output().is_some()
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The folder of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |set| root().join(set))
}

/// Whether this is the continuous integration's run.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Whether we may install packages.
pub(crate) fn is_root() -> bool {
    Call::new("id", &["-u"]).output().is_some_and(|id| id == "0")
}

/// How long `work` took, and its result.
#[allow(clippy::disallowed_methods, reason = "times builds and tests, never a simulation")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::Call;

    #[test]
    fn a_line_can_be_pasted_into_a_shell() {
        let call = Call::cargo(&["test", "a b", "it's"]).with("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(call.line(), r"RUSTDOCFLAGS='-D warnings' cargo test 'a b' 'it'\''s'");
    }
}
