//! Fingerprints of random pipelines, pinned: a build of another profile or platform that computes
//! anything else shows here. `SURGETANK_BLESS=1` writes the table anew; a change is value-breaking.

use std::fmt::Write as _;

use super::{PIPELINES, outcome};
use crate::properties::Pipeline;

const TABLE: &str = "src/determinism/fingerprints.txt";

#[test]
fn random_pipelines_have_the_pinned_fingerprints() {
    let mut found = String::new();
    for seed in PIPELINES {
        let end = match outcome(&Pipeline::of_seed(seed).text()) {
            Ok(outcome) => format!("{} after {} steps", outcome.fingerprint, outcome.steps),
            Err(error) => error.to_string(),
        };
        writeln!(found, "{seed}: {end}").expect("a string takes everything");
    }
    if std::env::var_os("SURGETANK_BLESS").is_some() {
        std::fs::write(TABLE, &found).expect("the table can be written");
    }
    let pinned = std::fs::read_to_string(TABLE).expect("the table is in the repository");
    assert_eq!(pinned.replace('\r', ""), found, "if that is meant, run with SURGETANK_BLESS=1");
}
