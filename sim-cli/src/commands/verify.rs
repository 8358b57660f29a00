//! `surgetank verify`: run a result again and compare it to the bit.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use models::manifest::Reading;
use models::report::{Provenance, Report, SCHEMA};
use serde_json::{Map, Value};
use sim_core::time::SimDuration;

use super::run;
use crate::args::{Arguments, VerifyArguments};
use crate::input::{self, Source, Wishes};
use crate::output::directory::{MODEL, READINGS, REPORT, SERIES, STORM};
use crate::output::{Failure, color_of_messages, print};
use crate::progress::Bar;

/// So many figures that differ are named.
const NAMED: usize = 3;

pub(super) fn execute(arguments: &Arguments, verify: &VerifyArguments) -> Result<(), Failure> {
    let place = Path::new(&verify.result);
    if place.join(READINGS).is_file() && !place.join(REPORT).exists() {
        return Reading::ALL.iter().try_for_each(|reading| {
            verify_one(arguments, verify, &place.join(reading.name()).to_string_lossy())
        });
    }
    verify_one(arguments, verify, &verify.result)
}

fn verify_one(
    arguments: &Arguments,
    verify: &VerifyArguments,
    result: &str,
) -> Result<(), Failure> {
    let then = report(result)?;
    let provenance = &then.provenance;
    let broken = |what: &str| Failure::bad_input(format!("`{result}`: {what}"));
    let sets = provenance.sets.iter().map(|set| {
        let (path, value) = set.split_once('=').ok_or_else(|| broken("a `set` has no `=`"))?;
        Ok((path.to_owned(), value.to_owned()))
    });
    let sets: Vec<(String, String)> = sets.collect::<Result<_, Failure>>()?;
    let horizon: Option<SimDuration> = provenance
        .horizon
        .as_deref()
        .map(|horizon| horizon.parse().map_err(|error| broken(&format!("its horizon: {error}"))))
        .transpose()?;
    let kept = kept(result);
    let storm = provenance.storm.as_ref().map(|storm| match &kept {
        Some(folder) => folder.join(STORM).to_string_lossy().into_owned(),
        None => storm.clone(),
    });
    let wishes = Wishes { storm: storm.as_deref(), sets: &sets, horizon };
    let replications = u32::try_from(provenance.replications).ok().and_then(NonZeroU32::new);
    let replications = replications.ok_or_else(|| broken("its number of replications"))?;
    let source = match kept.as_deref().and_then(Source::kept) {
        Some(source) => source?,
        None => source(result, provenance)?,
    };
    let (model, _) = input::model(&source, &wishes, color_of_messages(arguments))?;
    if model.hash != provenance.model_hash {
        return Err(differs(&then, "the model is another", &provenance.model_hash, &model.hash));
    }
    let (seed, replications) = (provenance.seed, u64::from(replications.get()));
    let bar = Bar::new(replications);
    let outcomes =
        experiments::replicate(&model.plan, seed, replications, run::jobs(verify.jobs), &bar);
    bar.finish();
    let outcomes = outcomes.map_err(|error| run::failure_of(&error, &source.name))?;
    let now = Report::new(&model.plan, &outcomes, provenance.clone());
    compare(&then, &now)?;
    print(&format!("{}: the same to the bit; fingerprint {}\n", result, now.provenance.fingerprint))
}

/// The directory of the result, if it has the model in it.
fn kept(result: &str) -> Option<PathBuf> {
    let path = Path::new(result);
    let folder = if path.is_dir() { path } else { path.parent()? };
    let is_whole = [MODEL, REPORT, SERIES].iter().all(|it| folder.join(it).is_file());
    (is_whole && (path.is_dir() || path.ends_with(REPORT))).then(|| folder.to_owned())
}

/// The input that the report names.
fn source(result: &str, provenance: &Provenance) -> Result<Source, Failure> {
    if provenance.input == "-" {
        return Err(Failure::bad_input(format!(
            "the model of `{result}` came from standard input and is gone: verify the directory of a run with \
             `--out`, which keeps it"
        )));
    }
    let Some(words) = &provenance.reading else { return input::source(&provenance.input) };
    let reading = Reading::ALL.into_iter().find(|reading| run::as_read(*reading) == *words);
    let reading = reading.unwrap_or(Reading::Deployed);
    let inputs: Vec<String> = provenance.input.split(' ').map(str::to_owned).collect();
    input::manifests(&inputs, &input::Taking::plain(reading))
}

fn report(result: &str) -> Result<Report, Failure> {
    let json = input::result(result)?;
    let report: Report = serde_json::from_str(&json).map_err(|error| {
        Failure::bad_input(format!("`{result}` is no report of surgetank: {error}"))
    })?;
    if report.schema != SCHEMA {
        let found = &report.schema;
        return Err(Failure::bad_input(format!(
            "`{result}` has the schema `{found}`, this version of surgetank reads `{SCHEMA}`"
        )));
    }
    Ok(report)
}

fn compare(then: &Report, now: &Report) -> Result<(), Failure> {
    let (before, after) = (&then.provenance.fingerprint, &now.provenance.fingerprint);
    let differences = differences(then, now);
    if before != after {
        let error = differs(then, "the fingerprint is another", before, after);
        return Err(error.and(&named(&differences)));
    }
    if !differences.is_empty() {
        let what = "the run is the same, but its figures are not";
        return Err(Failure::failed(format!("{what}{}", versions(then))).and(&named(&differences)));
    }
    Ok(())
}

/// `what` is another than it was.
fn differs(then: &Report, what: &str, before: &str, after: &str) -> Failure {
    Failure::failed(format!("{what}: {before} then, {after} now{}", versions(then)))
}

fn versions(then: &Report) -> String {
    let (version, here) = (&then.provenance.version, env!("CARGO_PKG_VERSION"));
    match version == here {
        true => String::new(),
        false => format!(" (it was made by version {version}, this is {here})"),
    }
}

/// A figure that is another now: its place in the report, and both values.
struct Difference {
    place: String,
    then: Value,
    now: Value,
}

/// What differs, in the order of places; sentences last, because they only repeat figures. The version
/// may differ, and the fingerprint is compared apart.
fn differences(then: &Report, now: &Report) -> Vec<Difference> {
    let value = |report: &Report| serde_json::to_value(report).expect("a report is plain data");
    let mut found = Vec::new();
    descend(String::new(), &value(then), &value(now), &mut found);
    let is_named_apart = |it: &Difference| {
        ["provenance.version", "provenance.fingerprint"].contains(&it.place.as_str())
    };
    found.retain(|difference| !is_named_apart(difference));
    found.sort_by_key(|difference| difference.place.starts_with("verdict"));
    found
}

fn descend(place: String, then: &Value, now: &Value, found: &mut Vec<Difference>) {
    let below = |name: &str| match place.as_str() {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let of = |map: &Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                descend(below(name), &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                let of = |list: &[Value]| list.get(at).cloned().unwrap_or(Value::Null);
                let name = of(a)
                    .get("name")
                    .or(of(b).get("name"))
                    .and_then(Value::as_str)
                    .map_or_else(|| format!("{place}[{at}]"), |name| format!("{place}[{name}]"));
                descend(name, &of(a), &of(b), found);
            }
        }
        _ if then == now => {}
        _ => found.push(Difference { place, then: then.clone(), now: now.clone() }),
    }
}

/// The first of them, a line for each.
fn named(differences: &[Difference]) -> String {
    let lines = differences.iter().take(NAMED);
    let mut text: String =
        lines.map(|it| format!("  `{}`: {} then, {} now\n", it.place, it.then, it.now)).collect();
    if differences.len() > NAMED {
        text.push_str(&format!("  and {} more\n", differences.len() - NAMED));
    }
    text
}
