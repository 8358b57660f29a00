//! Surgetank's experiments: the same plan many times over, each time with random numbers of its own.
//!
//! This crate owns the threads: a run itself has none. Results come in the order of their numbers,
//! whatever the number of threads and whichever was finished first, so that everything computed from
//! them has the same bytes.

pub mod sensitivity;

use std::num::NonZeroUsize;

use models::FactSink;
use models::outcome::Outcome;
use models::plan::Plan;
use models::run::{RunError, RunKey, Simulation};
use rayon::prelude::*;
use sim_core::time::{SimDuration, SimTime};

/// Steps in which the progress of one replication is told.
pub const STEPS: u64 = 200;

/// Hears how far an experiment is; may be called from several threads at once.
pub trait Progress: Sync {
    /// One more of [`STEPS`] parts of one replication is done.
    fn step(&self);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn step(&self) {}
}

/// Runs replications 0 to `replications - 1` of `plan` on `jobs` threads.
///
/// The outcomes stand in the order of their replications and are the same to the bit for any number
/// of `jobs`.
///
/// # Errors
/// If replications fail, the error of the first of them by number.
pub fn replicate(
    plan: &Plan,
    seed: u64,
    replications: u64,
    jobs: NonZeroUsize,
    progress: &dyn Progress,
) -> Result<Vec<Outcome>, RunError> {
    let one = |replication| run_once(plan, RunKey { seed, replication }, None, progress);
    let threads = jobs.get().min(usize::try_from(replications).unwrap_or(usize::MAX));
    // One thread is this one; where no more can be had, slowly is better than not at all.
    let pool = (threads > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(threads).build());
    let results: Vec<Result<Outcome, RunError>> = match pool {
        Some(Ok(pool)) => pool.install(|| (0..replications).into_par_iter().map(one).collect()),
        _ => (0..replications).map(one).collect(),
    };
    // Collected whole before it is searched for errors: which one is found must not depend on timing.
    results.into_iter().collect()
}

/// Runs `plan` once; `sink` gets every fact as it happens, and changes nothing.
///
/// # Errors
/// A model that floods its limits or stands still ends with a [`RunError`].
pub fn run_once(
    plan: &Plan,
    key: RunKey,
    sink: Option<&mut dyn FactSink>,
    progress: &dyn Progress,
) -> Result<Outcome, RunError> {
    let mut simulation = Simulation::new(plan, key, sink);
    let horizon = plan.horizon();
    for step in 1..=STEPS {
        simulation.advance(SimTime::ZERO + part(horizon, step))?;
        progress.step();
    }
    simulation.finish()
}

/// The first `step` of [`STEPS`] equal parts of `horizon`.
fn part(horizon: SimDuration, step: u64) -> SimDuration {
    let nanos = u128::from(horizon.as_nanos()) * u128::from(step) / u128::from(STEPS);
    SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use models::model::{Model, Overrides};
    use models::run::run;
    use models::spec::arrival::NoFiles;

    use super::*;

    fn plan() -> Plan {
        let text = r#"(
            name: "M/M/1",
            horizon: "1h",
            warm_up: "10min",
            stages: [
                EventSource(name: "source", arrivals: Poisson(rate: "1/s"), to: "station"),
                Station(name: "station", servers: 1, service: Exponential(mean: "800ms")),
            ],
        )"#;
        match Model::read("test.ron", text, &Overrides::default(), &NoFiles) {
            Ok(model) => model.plan,
            Err(problems) => panic!("{problems}"),
        }
    }

    fn jobs(jobs: usize) -> NonZeroUsize {
        NonZeroUsize::new(jobs).unwrap()
    }

    fn bytes(outcomes: &[Outcome]) -> String {
        serde_json::to_string(outcomes).unwrap()
    }

    #[test]
    fn same_bytes_on_any_number_of_threads() {
        let plan = plan();
        let alone = replicate(&plan, 7, 5, jobs(1), &Silent).unwrap();
        assert_eq!(alone.len(), 5);
        assert!((0..).zip(&alone).all(|(number, outcome)| outcome.replication == number));
        for threads in [2, 3] {
            let together = replicate(&plan, 7, 5, jobs(threads), &Silent).unwrap();
            assert_eq!(bytes(&together), bytes(&alone), "{threads} threads");
        }
        assert_ne!(alone[0].fingerprint, alone[1].fingerprint);
    }

    /// In steps or in one go, with somebody who listens or without.
    #[test]
    fn watching_changes_nothing() {
        struct Count(u64);
        impl FactSink for Count {
            fn fact(&mut self, _: &models::Fact) {
                self.0 += 1;
            }
        }
        let plan = plan();
        let key = RunKey { seed: 7, replication: 0 };
        let unwatched = run(&plan, key, None).unwrap();
        let mut count = Count(0);
        let watched = run_once(&plan, key, Some(&mut count), &Silent).unwrap();
        assert!(count.0 > 3 * watched.ledger.offered);
        assert_eq!(bytes(&[watched]), bytes(&[unwatched]));
    }
}
