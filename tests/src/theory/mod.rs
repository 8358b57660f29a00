//! The simulator against queueing theory.
//!
//! A [`case`] is a model as a user would write it, and the numbers that theory has for it, with their
//! source. It is run in independent replications with fixed seeds; the 99.9 % t interval of every
//! figure must cover theory's value, and must be as narrow as the case says. All distances from theory
//! are then tested together: they must look like draws from one normal distribution, which finds a bias
//! that is too small to be seen in any one figure, and intervals that are too wide.
//!
//! The numbers are those of the reference cases that the project was given ([`file`] compares them
//! where that file is there, and lists the cases that are not here, with the reasons).

mod bursts;
mod case;
mod exact;
mod file;
mod joint;
mod limits;
mod losses;
mod networks;
mod returns;
mod servers;
mod services;
mod text;
mod watch;

use std::fmt::Write;

use case::{Case, Finding};
use rayon::prelude::*;

/// All cases, by what they are about.
const CASES: [fn() -> Vec<Case>; 7] = [
    servers::cases,
    services::cases,
    losses::cases,
    limits::cases,
    networks::cases,
    returns::cases,
    bursts::cases,
];

/// One test, so that every case runs once also where each test has a process of its own.
#[test]
fn figures_are_those_of_theory() {
    let cases: Vec<Case> = CASES.iter().flat_map(|cases| cases()).collect();
    let findings: Vec<Finding> = cases.par_iter().flat_map_iter(Case::findings).collect();
    let mut faults = 0;
    let mut table = String::new();
    for finding in &findings {
        faults += usize::from(finding.fault.is_some());
        writeln!(table, "{finding}").expect("a string takes everything");
    }
    println!("{table}");
    joint::check(&findings);
    assert_eq!(faults, 0, "figures that are not theory's:\n{table}");
}
