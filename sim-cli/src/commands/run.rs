//! `surgetank run`: read, run, report.

use std::num::NonZeroUsize;
use std::path::Path;

use experiments::sensitivity::{Variant, sensitivity};
use experiments::{replicate, run_once};
use models::lint::lint;
use models::manifest::difference::differences;
use models::manifest::files::Manifests;
use models::manifest::{Import, Reading};
use models::outcome::Outcome;
use models::report::assumed::Assumed;
use models::report::readings::{ParameterDifference, Readings};
use models::report::text::{render, render_readings};
use models::report::{Provenance, Report};
use models::run::{RunError, RunKey};
use models::{Made, Model, Overrides};

use crate::args::{Arguments, Format, ModelArguments, Reading as ReadingArgument, RunArguments};
use crate::input::{self, Source, Taking, Wishes, is_manifest};
use crate::output::directory::{
    Directory, Existing, JOURNEYS, KEPT_FILES, MODEL, OutFile, READINGS, REPORT, SERIES, STORM,
};
use crate::output::journeys::Journeys;
use crate::output::{Failure, color_of_messages, print, say, series, style};
use crate::progress::Bar;

pub(super) fn execute(arguments: &Arguments, run: &RunArguments) -> Result<(), Failure> {
    let readings = readings(&run.model)?;
    if run.sensitivity && readings == [None] {
        return Err(Failure::bad_input(
            "`--sensitivity` is about what manifests leave open: a RON model says everything itself",
        ));
    }
    match readings.as_slice() {
        &[reading] => run_one(arguments, run, reading),
        readings => run_both(arguments, run, readings),
    }
}

/// Runs one reading of the input, or the RON model that it is.
fn run_one(
    arguments: &Arguments,
    run: &RunArguments,
    reading: Option<Reading>,
) -> Result<(), Failure> {
    let prepared = Prepared::new(arguments, run, reading)?;
    let directory = directory(run)?;
    let report = prepared.run(run, directory.as_ref().map(|directory| (directory, "")))?;
    directory.map_or(Ok(()), Directory::finish)?;
    match run.format {
        Format::Text => print(&render(&report, style(arguments))),
        Format::Json => print(&json(&report)),
    }
}

/// Runs one reading after the other, with the same random numbers, and compares them.
fn run_both(
    arguments: &Arguments,
    run: &RunArguments,
    readings: &[Option<Reading>],
) -> Result<(), Failure> {
    let mut place: Option<Directory> = None;
    let mut reports = Vec::new();
    let mut imports = Vec::new();
    for &reading in readings.iter() {
        say(&format!("the manifests {}:\n", reading.map(as_read).unwrap_or_default()));
        let prepared = Prepared::new(arguments, run, reading)?;
        if place.is_none() {
            place = directory(run)?;
        }
        let folder = format!("{}/", reading.map_or("", Reading::name));
        let report = prepared.run(run, place.as_ref().map(|place| (place, folder.as_str())))?;
        if run.format == Format::Text {
            print(&(render(&report, style(arguments)) + "\n"))?;
        }
        reports.push(report);
        imports.extend(prepared.source.import);
    }
    let [intended, deployed]: [Report; 2] =
        reports.try_into().expect("manifests are read in two ways");
    let readings = Readings::new(intended, deployed, parameters(run, &imports));
    if let Some(directory) = place {
        write(&directory, READINGS, json(&readings).as_bytes())?;
        directory.finish()?;
    }
    match run.format {
        Format::Text => print(&render_readings(&readings, style(arguments))),
        Format::Json => print(&json(&readings)),
    }
}

/// In which parameters the two imports differ, with the findings that tell why.
fn parameters(
    run: &RunArguments,
    imports: &[Box<(Manifests, Import)>],
) -> Vec<ParameterDifference> {
    let [intended, deployed] = imports else { return Vec::new() };
    let findings = lint(&deployed.0, run.model.manifests.versions(), None);
    let differences = differences(&intended.1, &deployed.1);
    differences.iter().map(|it| ParameterDifference::new(it, &findings)).collect()
}

fn directory(run: &RunArguments) -> Result<Option<Directory>, Failure> {
    let existing = if run.force { Existing::Replace } else { Existing::Refuse };
    run.out.as_deref().map(|place| Directory::create(place, existing)).transpose()
}

/// A model that has been read, and what else its run needs.
struct Prepared<'a> {
    reading: Option<Reading>,
    input: String,
    source: Source,
    wishes: Wishes<'a>,
    model: Model,
}

impl<'a> Prepared<'a> {
    /// Reads the model and says what is odd about it.
    fn new(
        arguments: &Arguments,
        run: &'a RunArguments,
        reading: Option<Reading>,
    ) -> Result<Self, Failure> {
        let color = color_of_messages(arguments);
        let (input, mut source) = source(&run.model, reading)?;
        say(&source.said);
        if let Some(made) = &mut source.import {
            made.1.overridden(&run.model.sets);
        }
        let wishes = wishes(&run.model);
        let (model, said) = input::model(&source, &wishes, color)?;
        say(&said);
        Ok(Self { reading, input, source, wishes, model })
    }

    /// Runs it and reports; into `place`, a folder of a directory, goes what is kept.
    fn run(
        &self,
        run: &RunArguments,
        place: Option<(&Directory, &str)>,
    ) -> Result<Report, Failure> {
        let seed = run.seed.unwrap_or(self.model.seed);
        let replications = u64::from(run.reps);
        let bar = Bar::new(replications);
        let outcomes = match place {
            Some((directory, folder)) if replications == 1 => {
                let journeys = directory.file(&format!("{folder}{JOURNEYS}"))?;
                observed(&self.model, &self.source.name, seed, journeys, &bar)
            }
            _ => replicate(&self.model.plan, seed, replications, jobs(run.jobs), &bar)
                .map_err(|error| failure_of(&error, &self.source.name)),
        };
        bar.finish();
        let outcomes = outcomes?;
        let provenance = self.provenance(run, seed, replications);
        let mut report = Report::new(&self.model.plan, &outcomes, provenance);
        if run.sensitivity {
            self.weigh(run, seed, &mut report)?;
        }
        if let Some((directory, folder)) = place {
            self.keep(directory, folder)?;
            keep(directory, folder, &report, &outcomes)?;
        }
        Ok(report)
    }

    /// Says of each assumption in the report how much it matters.
    fn weigh(&self, run: &RunArguments, seed: u64, report: &mut Report) -> Result<(), Failure> {
        let storm = self.wishes.storm.map(input::storm).transpose()?;
        let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
        let assumptions = std::mem::take(&mut report.provenance.assumptions);
        let mut variants = Vec::new();
        for (number, assumed) in assumptions.iter().enumerate() {
            // What somebody stated is no guess.
            if assumed.source != models::manifest::Source::Default {
                continue;
            }
            for value in assumed.others() {
                let mut sets = self.wishes.sets.to_vec();
                sets.push((assumed.parameter.clone(), value.clone()));
                let overrides = Overrides {
                    sets: &sets,
                    horizon: self.wishes.horizon,
                    storm,
                    made: Made::OfManifests,
                };
                let Source { name, text, .. } = &self.source;
                // A storm takes the place of a rate: another rate changes nothing then.
                let model = Model::read(name, text, &overrides, self.source.files()).ok();
                let plan = model.map(|model| model.plan);
                if plan.is_some() {
                    variants.push(Variant { assumption: number, value, plan });
                }
            }
        }
        let replications = u64::from(run.reps);
        let bar = Bar::new(variants.len() as u64 * replications);
        report.provenance.assumptions =
            sensitivity(assumptions, report, &variants, seed, replications, jobs(run.jobs), &bar);
        bar.finish();
        Ok(())
    }

    /// Keeps the model and all that it was made with, so that the result can be verified by itself.
    fn keep(&self, directory: &Directory, folder: &str) -> Result<(), Failure> {
        write(directory, &format!("{folder}{MODEL}"), self.source.text.as_bytes())?;
        if let Some(storm) = self.wishes.storm {
            let (_, text) = input::storm(storm)?;
            write(directory, &format!("{folder}{STORM}"), text.as_bytes())?;
        }
        for name in self.source.files_read() {
            let content = self.source.files().read(&name).map_err(|error| {
                Failure::failed(format!("cannot read `{name}` again, to keep it: {error}"))
            })?;
            let kept = format!("{folder}{KEPT_FILES}/{}", input::kept_name(&name));
            write(directory, &kept, &content)?;
        }
        Ok(())
    }

    fn provenance(&self, run: &RunArguments, seed: u64, replications: u64) -> Provenance {
        let mut provenance = provenance(&self.input, &self.model, &self.wishes, seed, replications);
        if let Some(reading) = self.reading {
            provenance.command = provenance.command.replacen(
                &quoted(&self.input),
                &manifest_words(&run.model, reading),
                1,
            );
            provenance.reading = Some(as_read(reading));
        }
        if let Some((_, import)) = self.source.import.as_deref() {
            let mut assumptions: Vec<Assumed> =
                import.assumptions.iter().map(Assumed::from).collect();
            // How much comes is what everything else hangs on.
            assumptions.sort_by_key(|assumed| !assumed.parameter.ends_with(".arrivals"));
            provenance.assumptions = assumptions;
        }
        provenance
    }
}

/// `as intended`, `as deployed`.
pub(super) fn as_read(reading: Reading) -> String {
    format!("as {}", reading.name())
}

/// The readings of the input that were asked for; a RON model has one only, and what standard input is
/// turns out when it is read.
fn readings(arguments: &ModelArguments) -> Result<Vec<Option<Reading>>, Failure> {
    let is_stdin = arguments.inputs == ["-"];
    let are_manifests =
        !is_stdin && arguments.inputs.iter().all(|input| is_manifest(Path::new(input)));
    let readings = match arguments.reading {
        None if are_manifests => vec![Reading::Deployed],
        None => return Ok(vec![None]),
        Some(_) if !is_stdin && !are_manifests => {
            return Err(Failure::bad_input(format!(
                "`--reading` is about manifests, but `{}` is a RON model, which says what runs: leave it out",
                arguments.inputs.join(" ")
            )));
        }
        Some(ReadingArgument::Both) if is_stdin => {
            return Err(Failure::bad_input(
                "`--reading both` reads its input twice, which standard input does not allow: give a file",
            ));
        }
        Some(ReadingArgument::Intended) => vec![Reading::Intended],
        Some(ReadingArgument::Deployed) => vec![Reading::Deployed],
        Some(ReadingArgument::Both) => Reading::ALL.to_vec(),
    };
    Ok(readings.into_iter().map(Some).collect())
}

/// The model that is named, or that the manifests make.
fn source(
    arguments: &ModelArguments,
    reading: Option<Reading>,
) -> Result<(String, Source), Failure> {
    if let Some(reading) = reading {
        let taking = Taking::new(reading, &arguments.manifests, arguments.storm.as_deref())?;
        let source = input::manifests(&arguments.inputs, &taking)?;
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
    name: &str,
    seed: u64,
    journeys: OutFile,
    bar: &Bar,
) -> Result<Vec<Outcome>, Failure> {
    let mut journeys = Journeys::new(journeys, &model.plan.component_names());
    let key = RunKey { seed, replication: 0 };
    let outcome = run_once(&model.plan, key, Some(&mut journeys), bar)
        .map_err(|error| failure_of(&error, name))?;
    journeys.finish()?;
    Ok(vec![outcome])
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

/// The inputs and how they are read, as words of a command.
fn manifest_words(model: &ModelArguments, reading: Reading) -> String {
    let mut words: Vec<String> = model.inputs.iter().map(|input| quoted(input)).collect();
    let mut option = |name: &str, value: &str| words.extend([name.to_owned(), quoted(value)]);
    option("--reading", reading.name());
    model.manifests.assume.iter().for_each(|file| option("--assume", file));
    model.manifests.argo_events.iter().for_each(|it| option("--argo-events", &it.to_string()));
    model.manifests.argo_workflows.iter().for_each(|it| {
        option("--argo-workflows", &it.to_string());
    });
    words.join(" ")
}

/// A word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+%@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A report as JSON, with a newline at its end.
pub(super) fn json(report: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(report).expect("a report has only string keys");
    text + "\n"
}

fn keep(
    directory: &Directory,
    folder: &str,
    report: &Report,
    outcomes: &[Outcome],
) -> Result<(), Failure> {
    write(directory, &format!("{folder}{REPORT}"), json(report).as_bytes())?;
    let mut file = directory.file(&format!("{folder}{SERIES}"))?;
    if let Err(error) = series::write(&mut file, outcomes) {
        return Err(file.failure(&error));
    }
    file.finish()
}

fn write(directory: &Directory, name: &str, content: &[u8]) -> Result<(), Failure> {
    use std::io::Write;

    let mut file = directory.file(name)?;
    if let Err(error) = file.write_all(content) {
        return Err(file.failure(&error));
    }
    file.finish()
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
