//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use clap_complete::Shell;
use models::manifest::Versions;
use models::workflow::Version;
use sim_core::time::SimDuration;

use crate::output::{Failure, print};

/// Rehearse an event storm before production does: a deterministic simulator of backpressure in Argo
/// Events pipelines.
#[derive(Debug, Parser)]
#[command(name = "surgetank", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Start with:\n  surgetank run reference\n  surgetank list")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colors: where standard output is a terminal, always, or never. `NO_COLOR` is honored
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
    /// Draw with ASCII signs only
    #[arg(long, global = true)]
    pub(crate) ascii: bool,
    /// Columns of a report; those of the terminal if not given, or 100
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = value_parser!(u16).range(60..=1000))]
    pub(crate) width: Option<u16>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a model and say what broke first
    #[command(after_help = RUN_HELP)]
    Run(RunArguments),
    /// Say everything that is wrong or odd about manifests and models, without running them
    #[command(after_help = CHECK_HELP)]
    Check(CheckArguments),
    /// Tell the long story of a finding
    Explain(ExplainArguments),
    /// Turn manifests into a model in RON, with everything that is assumed marked
    #[command(after_help = IMPORT_HELP)]
    Import(ImportArguments),
    /// Write limits back as manifests that the real system accepts, whole or as a patch
    #[command(after_help = EXPORT_HELP)]
    Export(ExportArguments),
    /// Run a result again and compare it to the bit
    Verify(VerifyArguments),
    /// List what models can be made of, and the presets
    List(ListArguments),
    /// Print the JSON schema of a model, a storm or a report
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
}

const RUN_HELP: &str = "Examples:
  surgetank run reference
  surgetank run model.ron --storm black-friday --reps 20
  surgetank run model.ron --set default.max_msgs=50000 --horizon 4h
  surgetank run model.ron --format json --out results/today

Exit status: 0 when the run was finished, whatever it found; 2 for bad input, or a model that floods
its limits; 1 when something else failed, such as writing the results; 130 when it was interrupted.";

const CHECK_HELP: &str = "Examples:
  surgetank check k8s/
  surgetank check k8s/ --storm friday.ron
  surgetank check k8s/ --format patch | git apply
  helm template shop charts/shop | surgetank check -

A comment beside a line, or above it, allows a finding: `# surgetank: allow ST001`.

Exit status: 0 when nothing worse than warnings was found; 1 when there are errors, or warnings with
`--deny-warnings`; 2 when an input cannot be read.";

/// `surgetank run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// The seed of all random numbers; the model's own if not given
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Run it so many times, each with random numbers of its own, and give intervals
    #[arg(long, default_value = "1", value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) reps: u32,
    /// Threads for replications; results are the same for any number
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Also write report.json, series.csv, (with one replication) journeys.csv and the model into this new
    /// directory; with `--reading both` into a folder for each reading
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Run it again with other values for each assumption about manifests, one at a time, and list what
    /// matters most first
    #[arg(long)]
    pub(crate) sensitivity: bool,
    /// Let `--out` replace a directory that holds a result and nothing else
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

/// Which model, and what is to be otherwise than it says.
#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// A RON model, the name of a preset, `-` for standard input, or manifests (files and directories)
    #[arg(required = true, value_name = "MODEL")]
    pub(crate) inputs: Vec<String>,
    /// A storm in place of the model's own arrivals: a name or a RON file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) storm: Option<String>,
    /// Which reading of manifests to run; `deployed` if not given
    #[arg(long, value_enum)]
    pub(crate) reading: Option<Reading>,
    #[command(flatten)]
    pub(crate) manifests: ManifestArguments,
    /// Simulate so long instead, such as `2h`
    #[arg(long, value_name = "TIME", value_parser = horizon)]
    pub(crate) horizon: Option<SimDuration>,
    /// Change a value of the model, such as `default.max_msgs=50000`; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    pub(crate) sets: Vec<(String, String)>,
}

/// `surgetank check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// RON models, names of presets, `-` for standard input, or manifests (files, directories and globs),
    /// which are checked together
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// The storm that limits are held against: a name or a RON file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) storm: Option<String>,
    /// Change a value of the model, such as `orders.arrivals=Poisson(rate:"20/s")`; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    pub(crate) sets: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) manifests: ManifestArguments,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Exit with status 1 when there are warnings
    #[arg(long)]
    pub(crate) deny_warnings: bool,
}

/// How manifests are taken.
#[derive(Debug, Args)]
pub(crate) struct ManifestArguments {
    /// What manifests do not say: a RON file, `Assume(values: {"orders.payload": "2KiB"}, defaults: …)`
    #[arg(long, value_name = "FILE")]
    pub(crate) assume: Option<String>,
    /// The release of argo-events that is deployed; 1.9.11 if not given
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) argo_events: Option<Version>,
    /// The release of argo-workflows that is deployed; 4.1.2 if not given
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(crate) argo_workflows: Option<Version>,
}

impl ManifestArguments {
    pub(crate) fn versions(&self) -> Versions {
        let default = Versions::default();
        Versions {
            argo_events: self.argo_events.unwrap_or(default.argo_events),
            argo_workflows: self.argo_workflows.unwrap_or(default.argo_workflows),
        }
    }
}

/// How to print findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// All fixes as one patch, for `git apply`.
    Patch,
}

const IMPORT_HELP: &str = "Examples:
  surgetank import k8s/ -o model.ron
  surgetank import k8s/ --reading intended
  surgetank import k8s/ --table";

/// `surgetank import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Manifests: files, directories, globs, or `-` for standard input
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Which reading to import; `deployed` if not given
    #[arg(long, value_enum)]
    pub(crate) reading: Option<OneReading>,
    #[command(flatten)]
    pub(crate) manifests: ManifestArguments,
    /// Write the model into this new file
    #[arg(short, long, value_name = "FILE", conflicts_with = "table")]
    pub(crate) output: Option<PathBuf>,
    /// Let `--output` replace a file that is there
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
    /// Print what became of every field instead: taken into which parameter, not modeled and why, unknown
    #[arg(long)]
    pub(crate) table: bool,
    /// How to print the table
    #[arg(long, value_enum, default_value_t = Format::Text, requires = "table")]
    pub(crate) format: Format,
}

/// One reading of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OneReading {
    /// What its author meant.
    Intended,
    /// What the real controllers and servers do with it (the default).
    Deployed,
}

impl From<OneReading> for models::manifest::Reading {
    fn from(reading: OneReading) -> Self {
        match reading {
            OneReading::Intended => Self::Intended,
            OneReading::Deployed => Self::Deployed,
        }
    }
}

/// `surgetank explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The code of a rule, such as `ST001`, or its name
    #[arg(value_name = "CODE")]
    pub(crate) code: String,
}

/// `surgetank verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// A directory from `--out`, which has all it needs in it, or a report as JSON from `--format json`
    #[arg(value_name = "RESULT")]
    pub(crate) result: String,
    /// Threads for replications
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
}

/// `surgetank list`.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Only this family, such as `arrivals`
    #[arg(value_name = "FAMILY")]
    pub(crate) family: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// `surgetank schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// Of what
    #[arg(value_enum, default_value_t = Schema::Model)]
    pub(crate) of: Schema,
}

/// `surgetank completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArguments {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// When to use colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The two readings of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reading {
    /// What its author meant.
    Intended,
    /// What the real controllers and servers do with it (the default).
    Deployed,
    /// One after the other, and their key figures side by side.
    Both,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// A model in RON.
    Model,
    /// A storm in RON.
    Storm,
    /// A report in JSON.
    Report,
    /// The reports on both readings of manifests, compared, in JSON.
    Readings,
}

/// The arguments of this process; help and version are printed here.
pub(crate) fn parse() -> Result<Arguments, Failure> {
    Arguments::try_parse().or_else(|error| {
        if error.use_stderr() {
            return Err(Failure::usage(error.render().to_string()));
        }
        print(&error.render().to_string())?;
        Err(Failure::done())
    })
}

fn horizon(text: &str) -> Result<SimDuration, String> {
    let horizon: SimDuration = text.parse().map_err(|error| format!("{error}"))?;
    if horizon.is_zero() {
        return Err(
            "there is nothing to simulate; expected more than `0s`, such as `2h`".to_owned()
        );
    }
    Ok(horizon)
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error| format!("{error}"))
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((path, value)) if !path.trim().is_empty() && !value.trim().is_empty() => {
            Ok((path.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("expected `PATH=VALUE`, such as `default.max_msgs=50000`".to_owned()),
    }
}

const EXPORT_HELP: &str = "Examples:
  surgetank export model.ron --out k8s
  surgetank export k8s/ | git apply -p0
  surgetank export k8s/ --set default.max_msgs=200000 --in-place
  surgetank export model.ron --onto k8s/ | patch -p0

Manifests are read as their author meant them: the patch makes the real system do so. What it cannot do
is told on standard error.

Exit status: 0 when it was written; 2 for bad input; 1 when something could not be written.";

/// `surgetank export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// A RON model, the name of a preset, `-` for standard input, or manifests (files, directories and globs)
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<String>,
    /// Put the limits into these manifests: a patch in place of whole manifests
    #[arg(long, value_name = "MANIFESTS", conflicts_with_all = ["whole", "out"])]
    pub(crate) onto: Option<String>,
    /// Write whole manifests also where manifests were given
    #[arg(long, conflicts_with = "in_place")]
    pub(crate) whole: bool,
    /// Write whole manifests into this directory, a file for each object
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) out: Option<PathBuf>,
    /// Let `--out` replace files that are there
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Change the manifests in place of printing a patch
    #[arg(long)]
    pub(crate) in_place: bool,
    /// A storm in place of the model's own arrivals: a name or a RON file
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) storm: Option<String>,
    /// Change a value of the model, such as `default.max_msgs=200000`; may be given several times
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = assignment)]
    pub(crate) sets: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) manifests: ManifestArguments,
}
