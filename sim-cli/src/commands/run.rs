//! `surgetank run`: read, run, report.

use std::num::NonZeroUsize;

use experiments::{replicate, run_once};
use models::Model;
use models::outcome::Outcome;
use models::report::text::render;
use models::report::{Provenance, Report};
use models::run::{RunError, RunKey};

use crate::args::{Arguments, Format, ModelArguments, RunArguments};
use crate::input::{self, Source, Wishes};
use crate::output::directory::{Directory, Existing};
use crate::output::journeys::Journeys;
use crate::output::{Failure, color_of_messages, print, say, series, style};
use crate::progress::Bar;

pub(super) fn execute(arguments: &Arguments, run: &RunArguments) -> Result<(), Failure> {
    let color = color_of_messages(arguments);
    let (input, source) = only_source(&run.model)?;
    let wishes = wishes(&run.model);
    let model = input::model(&source, &wishes, color)?;
    say(&model.warnings.render(&source.text, color));
    let seed = run.seed.unwrap_or(model.seed);
    let replications = u64::from(run.reps.get());
    // Before the run: who waits for an hour does not want to hear of it then.
    let directory = run.out.as_deref().map(|place| {
        let existing = if run.force { Existing::Replace } else { Existing::Refuse };
        Directory::create(place, existing)
    });
    let directory = directory.transpose()?;
    let bar = Bar::new(replications);
    let outcomes = match &directory {
        Some(directory) if replications == 1 => observed(&model, seed, directory, &bar),
        _ => replicate(&model.plan, seed, replications, jobs(run.jobs), &bar)
            .map_err(|error| run_failure(&error, &source)),
    };
    bar.finish();
    let outcomes = outcomes?;
    let provenance = provenance(&input, &model, &wishes, seed, replications);
    let report = Report::new(&model.plan, &outcomes, provenance);
    if let Some(directory) = directory {
        keep(directory, &report, &outcomes)?;
    }
    match run.format {
        Format::Text => print(&render(&report, style(arguments))),
        Format::Json => print(&json(&report)),
    }
}

/// The one model that is named.
fn only_source(arguments: &ModelArguments) -> Result<(String, Source), Failure> {
    let [input] = arguments.inputs.as_slice() else {
        return Err(Failure::bad_input(format!(
            "{} inputs: a run is of one RON model; several are for manifests, which cannot be read yet",
            arguments.inputs.len()
        )));
    };
    let source = input::source(input)?;
    if arguments.reading.is_some() {
        return Err(Failure::bad_input(format!(
            "`--reading` is about manifests, but `{input}` is a RON model, which says what runs: leave \
             it out"
        )));
    }
    Ok((input.clone(), source))
}

fn wishes(arguments: &ModelArguments) -> Wishes<'_> {
    Wishes {
        storm: arguments.storm.as_deref(),
        sets: &arguments.sets,
        horizon: arguments.horizon,
    }
}

/// As many threads as asked for, or as the machine has.
pub(super) fn jobs(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    let machine = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    wanted.unwrap_or_else(machine)
}

/// One replication whose facts are written down.
fn observed(
    model: &Model,
    seed: u64,
    directory: &Directory,
    bar: &Bar,
) -> Result<Vec<Outcome>, Failure> {
    let mut journeys =
        Journeys::new(directory.file("journeys.csv")?, &model.plan.component_names());
    let key = RunKey { seed, replication: 0 };
    let outcome = run_once(&model.plan, key, Some(&mut journeys), bar)
        .map_err(|error| failure_of(&error, &model.name))?;
    journeys.finish()?;
    Ok(vec![outcome])
}

fn run_failure(error: &RunError, source: &Source) -> Failure {
    failure_of(error, &source.name)
}

/// A model that cannot be run to its end is bad input; a ledger that does not balance is our fault.
pub(super) fn failure_of(error: &RunError, name: &str) -> Failure {
    let message = format!("`{name}` cannot be run to its end: {error}");
    match error {
        RunError::Unbalanced(_) => Failure::failed(message),
        RunError::TooManyInFlight { .. } | RunError::ZeroDelayLoop { .. } => {
            Failure::bad_input(message)
        }
    }
}

/// What the report says about how it came about.
fn provenance(
    input: &str,
    model: &Model,
    wishes: &Wishes<'_>,
    seed: u64,
    replications: u64,
) -> Provenance {
    let sets: Vec<String> =
        wishes.sets.iter().map(|(path, value)| format!("{path}={value}")).collect();
    let horizon = wishes.horizon.map(|horizon| horizon.to_string());
    let mut words = vec!["surgetank".to_owned(), "run".to_owned(), quoted(input)];
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    wishes.storm.iter().for_each(|storm| option("--storm", storm));
    sets.iter().for_each(|set| option("--set", set));
    horizon.iter().for_each(|horizon| option("--horizon", horizon));
    option("--seed", &seed.to_string());
    if replications > 1 {
        option("--reps", &replications.to_string());
    }
    Provenance {
        model: model.name.clone(),
        about: model.about.clone(),
        model_hash: model.hash.clone(),
        input: input.to_owned(),
        storm: wishes.storm.map(str::to_owned),
        sets,
        horizon,
        command: words.join(" "),
        ..Provenance::default()
    }
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+%@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The report as JSON, with a newline at its end.
pub(super) fn json(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report).expect("a report has only string keys");
    text + "\n"
}

fn keep(directory: Directory, report: &Report, outcomes: &[Outcome]) -> Result<(), Failure> {
    use std::io::Write;

    let mut file = directory.file("report.json")?;
    if let Err(error) = file.write_all(json(report).as_bytes()) {
        return Err(file.failure(&error));
    }
    file.finish()?;
    let mut file = directory.file("series.csv")?;
    if let Err(error) = series::write(&mut file, outcomes) {
        return Err(file.failure(&error));
    }
    file.finish()?;
    directory.finish()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_for_a_shell() {
        for (word, expected) in [
            ("model.ron", "model.ron"),
            ("stages[0].x=1", "'stages[0].x=1'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
