//! `surgetank run`: read, run, report.

use std::num::NonZeroUsize;
use std::path::Path;

use experiments::{replicate, run_once};
use models::Model;
use models::manifest::Reading;
use models::outcome::Outcome;
use models::report::text::render;
use models::report::{Provenance, Report};
use models::run::{RunError, RunKey};

use crate::args::{Arguments, Format, ModelArguments, Reading as ReadingArgument, RunArguments};
use crate::input::{self, Source, Wishes, is_manifest};
use crate::output::directory::{Directory, Existing};
use crate::output::journeys::Journeys;
use crate::output::{Failure, color_of_messages, print, say, series, style};
use crate::progress::Bar;

pub(super) fn execute(arguments: &Arguments, run: &RunArguments) -> Result<(), Failure> {
    let readings = readings(&run.model)?;
    if readings.len() > 1 && (run.out.is_some() || run.format == Format::Json) {
        return Err(Failure::bad_input(
            "`--reading both` prints two reports: for `--out` or JSON run one reading after the other",
        ));
    }
    readings.into_iter().try_for_each(|reading| run_reading(arguments, run, reading))
}

/// Runs one reading of the input, or the RON model that it is.
fn run_reading(
    arguments: &Arguments,
    run: &RunArguments,
    reading: Option<Reading>,
) -> Result<(), Failure> {
    let color = color_of_messages(arguments);
    let (input, source) = source(&run.model, reading)?;
    let both = run.model.reading == Some(ReadingArgument::Both);
    if let Some(reading) = reading.filter(|_| both) {
        say(&format!("the manifests {}:\n", as_read(reading)));
    }
    say(&source.said);
    let wishes = wishes(&run.model);
    let (model, said) = input::model(&source, &wishes, color)?;
    say(&said);
    let seed = run.seed.unwrap_or(model.seed);
    let replications = u64::from(run.reps);
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
    let mut provenance = provenance(&input, &model, &wishes, seed, replications);
    if let Some(reading) = reading {
        provenance.command = provenance.command.replacen(
            &quoted(&input),
            &manifest_words(&run.model.inputs, reading),
            1,
        );
        provenance.reading = Some(as_read(reading).to_owned());
    }
    let report = Report::new(&model.plan, &outcomes, provenance);
    if let Some(directory) = directory {
        keep(directory, &report, &outcomes)?;
    }
    match run.format {
        Format::Text => print(&render(&report, style(arguments))),
        Format::Json => print(&json(&report)),
    }
}

/// `as intended`, `as deployed`.
fn as_read(reading: Reading) -> &'static str {
    match reading {
        Reading::Intended => "as intended",
        Reading::Deployed => "as deployed",
    }
}

/// The readings of the input that were asked for; a RON model has one only.
fn readings(arguments: &ModelArguments) -> Result<Vec<Option<Reading>>, Failure> {
    let are_manifests =
        arguments.inputs.iter().all(|input| input != "-" && is_manifest(Path::new(input)));
    // With a reading, standard input must be manifests; it can be read only once.
    let is_input = arguments.inputs == ["-"];
    match (is_input, arguments.reading) {
        (true, Some(ReadingArgument::Both)) => {
            return Err(Failure::bad_input(
                "`--reading both` reads its input twice, which standard input does not allow: give a file",
            ));
        }
        (true, Some(ReadingArgument::Deployed)) => return Ok(vec![Some(Reading::Deployed)]),
        (true, Some(ReadingArgument::Intended)) => return Ok(vec![Some(Reading::Intended)]),
        _ => {}
    }
    match (are_manifests, arguments.reading) {
        (true, None | Some(ReadingArgument::Deployed)) => Ok(vec![Some(Reading::Deployed)]),
        (true, Some(ReadingArgument::Intended)) => Ok(vec![Some(Reading::Intended)]),
        (true, Some(ReadingArgument::Both)) => {
            Ok(vec![Some(Reading::Intended), Some(Reading::Deployed)])
        }
        (false, None) => Ok(vec![None]),
        (false, Some(_)) => Err(Failure::bad_input(format!(
            "`--reading` is about manifests, but `{}` is a RON model, which says what runs: leave it out",
            arguments.inputs.join(" ")
        ))),
    }
}

/// The model that is named, or that the manifests make.
fn source(
    arguments: &ModelArguments,
    reading: Option<Reading>,
) -> Result<(String, Source), Failure> {
    if let Some(reading) = reading {
        let source = input::manifests(&arguments.inputs, reading)?;
        return Ok((arguments.inputs.join(" "), source));
    }
    let [input] = arguments.inputs.as_slice() else {
        return Err(Failure::bad_input(format!(
            "{} inputs: a run is of one RON model, or of any number of manifests",
            arguments.inputs.len()
        )));
    };
    Ok((input.clone(), input::source(input)?))
}

fn wishes(arguments: &ModelArguments) -> Wishes<'_> {
    Wishes { storm: arguments.storm.as_deref(), sets: &arguments.sets, horizon: arguments.horizon }
}

/// As many threads as asked for, or as the machine has.
pub(super) fn jobs(wanted: Option<u16>) -> NonZeroUsize {
    let machine = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    wanted.and_then(|jobs| NonZeroUsize::new(usize::from(jobs))).unwrap_or_else(machine)
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
        RunError::TooManyInFlight { .. }
        | RunError::TooManyPending { .. }
        | RunError::ZeroDelayLoop { .. } => Failure::bad_input(message),
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

/// The inputs and the reading, as words of a command.
fn manifest_words(inputs: &[String], reading: Reading) -> String {
    let inputs: Vec<String> = inputs.iter().map(|input| quoted(input)).collect();
    let reading = match reading {
        Reading::Intended => "intended",
        Reading::Deployed => "deployed",
    };
    format!("{} --reading {reading}", inputs.join(" "))
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
