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
use std::sync::OnceLock;

use case::{Case, Finding};

/// Cases that are run together. The findings are kept: in one process every case runs once.
struct Group {
    cases: fn() -> Vec<Case>,
    findings: OnceLock<Vec<Finding>>,
}

impl Group {
    const fn new(cases: fn() -> Vec<Case>) -> Self {
        Self { cases, findings: OnceLock::new() }
    }

    fn findings(&self) -> &[Finding] {
        self.findings.get_or_init(|| {
            let cases = (self.cases)();
            cases.iter().flat_map(Case::findings).collect()
        })
    }

    fn check(&self) {
        let mut faults = 0;
        let mut table = String::new();
        for finding in self.findings() {
            faults += usize::from(finding.fault.is_some());
            writeln!(table, "{finding}").expect("a string takes everything");
        }
        println!("{table}");
        assert_eq!(faults, 0, "figures that are not theory's:\n{table}");
    }
}

static SERVERS: Group = Group::new(servers::cases);
static SERVICES: Group = Group::new(services::cases);
static LOSSES: Group = Group::new(losses::cases);
static LIMITS: Group = Group::new(limits::cases);
static NETWORKS: Group = Group::new(networks::cases);
static RETURNS: Group = Group::new(returns::cases);
static BURSTS: Group = Group::new(bursts::cases);

static GROUPS: [&Group; 7] = [&SERVERS, &SERVICES, &LOSSES, &LIMITS, &NETWORKS, &RETURNS, &BURSTS];

#[test]
fn exponential_servers() {
    SERVERS.check();
}

#[test]
fn services_and_orders() {
    SERVICES.check();
}

#[test]
fn bounded_queues() {
    LOSSES.check();
}

#[test]
fn rate_limits() {
    LIMITS.check();
}

#[test]
fn networks_of_queues() {
    NETWORKS.check();
}

#[test]
fn retrials_and_impatience() {
    RETURNS.check();
}

#[test]
fn bursts_and_transients() {
    BURSTS.check();
}
