//! `surgetank verify`: run a result again and compare it to the bit.

use std::num::NonZeroU32;

use models::report::{Provenance, Report, SCHEMA};
use sim_core::time::SimDuration;

use super::run;
use crate::args::{Arguments, VerifyArguments};
use crate::input::{self, Wishes};
use crate::output::{Failure, color_of_messages, print};
use crate::progress::Bar;

pub(super) fn execute(arguments: &Arguments, verify: &VerifyArguments) -> Result<(), Failure> {
    let then = report(&verify.result)?;
    let provenance = &then.provenance;
    let broken = |what: &str| Failure::bad_input(format!("`{}`: {what}", verify.result));
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
    let wishes = Wishes { storm: provenance.storm.as_deref(), sets: &sets, horizon };
    let replications = u32::try_from(provenance.replications).ok().and_then(NonZeroU32::new);
    let replications = replications.ok_or_else(|| broken("its number of replications"))?;
    let source = input::source(&provenance.input)?;
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
    print(&format!(
        "{}: the same to the bit; fingerprint {}\n",
        verify.result, now.provenance.fingerprint
    ))
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
    if before != after {
        return Err(differs(then, "the fingerprint is another", before, after));
    }
    let version = |provenance: &Provenance| provenance.version.clone();
    if (then, version(&then.provenance)) != (now, version(&now.provenance)) {
        return Err(differs(
            then,
            "the run is the same, but its figures are not",
            &run::json(then),
            &run::json(now),
        ));
    }
    Ok(())
}

/// `what` is another than it was; short values are shown.
fn differs(then: &Report, what: &str, before: &str, after: &str) -> Failure {
    let version = &then.provenance.version;
    let shown =
        if before.len() <= 64 { format!(": {before} then, {after} now") } else { String::new() };
    let here = env!("CARGO_PKG_VERSION");
    let versions = match version == here {
        true => String::new(),
        false => format!(" (it was made by version {version}, this is {here})"),
    };
    Failure::failed(format!("{what}{shown}{versions}"))
}
