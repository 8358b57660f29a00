//! Invariants over random pipelines: whatever the model, every event is accounted for, no limit is
//! passed, and nothing panics.

mod dice;
mod faults;
mod invariants;
mod pipeline;
mod shrink;
mod stages;

pub(crate) use invariants::read;
pub(crate) use pipeline::Pipeline;

use invariants::{End, check};

/// Pipelines in each of the four tests: together at least 2,000.
const PIPELINES: u64 = 550;

/// Runs `PIPELINES` pipelines of their own seeds; a failing one is printed in its smallest form.
fn run_share(share: u64) {
    let mut flooded = 0;
    for seed in share * PIPELINES..(share + 1) * PIPELINES {
        let pipeline = Pipeline::of_seed(seed);
        match check(&pipeline) {
            Ok(End::Finished) => {}
            Ok(End::Flooded) => flooded += 1,
            Err(found) => {
                let (least, found) = shrink::shrink(pipeline, found);
                panic!("seed {seed}: {found}\n{}", least.text());
            }
        }
    }
    // Of those with a tiny limit on events in flight: the rest must have run to the end.
    assert!(flooded < PIPELINES / 20, "{flooded} pipelines did not run to the end");
}

#[test]
fn every_invariant_holds_in_random_pipelines_1() {
    run_share(0);
}

#[test]
fn every_invariant_holds_in_random_pipelines_2() {
    run_share(1);
}

#[test]
fn every_invariant_holds_in_random_pipelines_3() {
    run_share(2);
}

#[test]
fn every_invariant_holds_in_random_pipelines_4() {
    run_share(3);
}

/// Not a test of the suite: looks for failing seeds, `SURGETANK_SEEDS=from..to`.
#[test]
#[ignore = "a hunt of its own length"]
fn hunt() {
    let Ok(range) = std::env::var("SURGETANK_SEEDS") else { return };
    let (from, to) = range.split_once("..").expect("from..to");
    let (from, to): (u64, u64) = (from.parse().expect("from"), to.parse().expect("to"));
    let mut found = std::collections::BTreeMap::<String, (u64, u64)>::new();
    std::panic::set_hook(Box::new(|_| {}));
    for seed in from..to {
        if std::env::var_os("SURGETANK_SHOW").is_some() {
            println!("{}", Pipeline::of_seed(seed).text());
        }
        if let Err(error) = check(&Pipeline::of_seed(seed)) {
            let kind = error.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
            found.entry(kind.to_owned()).or_insert((seed, 0)).1 += 1;
        }
    }
    let _ = std::panic::take_hook();
    for (seed, count) in found.into_values() {
        let whole = Pipeline::of_seed(seed);
        let first = check(&whole).expect_err("it failed before");
        println!("=== {first}");
        let (least, error) = shrink::shrink(whole, first);
        println!("=== {count} times, first seed {seed}: {error}\n{}", least.text());
    }
}
