//! The same model, seed and version give the same bytes: again, on any number of threads, in any
//! build; and what one component does moves no other's random numbers.

mod common_numbers;
mod fingerprints;
mod independence;

use std::num::NonZeroUsize;

use experiments::{Silent, replicate};
use models::outcome::Outcome;
use models::run::{RunError, RunKey, run};

use crate::properties::{Pipeline, read};

/// Random pipelines that these tests look at.
const PIPELINES: std::ops::Range<u64> = 9_000..9_020;

/// Runs the model in `text` once.
fn outcome(text: &str) -> Result<Outcome, RunError> {
    let model = read(text).expect("a model that is valid");
    run(&model.plan, RunKey { seed: model.seed, replication: 0 }, None)
}

fn bytes(outcome: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(outcome).expect("an outcome is plain data")
}

#[test]
fn a_run_gives_the_same_bytes_again() {
    for seed in PIPELINES {
        let text = Pipeline::of_seed(seed).text();
        match (outcome(&text), outcome(&text)) {
            (Ok(one), Ok(other)) => assert!(bytes(&one) == bytes(&other), "seed {seed}"),
            (one, other) => assert_eq!(one.err(), other.err(), "seed {seed}"),
        }
    }
}

#[test]
fn replications_give_the_same_bytes_on_one_and_two_threads() {
    let on = |threads, text: &str| {
        let model = read(text).expect("a model that is valid");
        let threads = NonZeroUsize::new(threads).expect("at least one");
        replicate(&model.plan, model.seed, 4, threads, &Silent)
    };
    for seed in PIPELINES.step_by(4) {
        let text = Pipeline::of_seed(seed).text();
        match (on(1, &text), on(2, &text)) {
            (Ok(one), Ok(two)) => {
                assert!(bytes(&one) == bytes(&two), "seed {seed}");
                let first = bytes(&one[0]);
                assert!(one.len() == 4 && one[1..].iter().any(|it| bytes(it) != first));
            }
            (one, two) => assert_eq!(one.err(), two.err(), "seed {seed}"),
        }
    }
}
