//! Instructions instead of time: the same whatever else the machine is doing.
//!
//! Each workload runs twice in a process of its own, once with three times the items; the difference is what
//! the items cost, without start-up and without filling the event list.

use std::process::Command;

use crate::memory;
use crate::workloads::{WORKLOADS, Workload};

/// Items of the smaller run, if a round has so many: a counted run is some fifty times slower than a free one.
const ITEMS: u64 = 20_000;

/// Runs one workload, for a counter around this process; prints items, events and the most KiB held.
pub(crate) fn probe(name: &str, items: &str) {
    let workload = WORKLOADS.iter().find(|it| it.name == name).expect("a workload's name");
    let work = (workload.run)(items.parse().expect("a number of items"));
    println!("{} {} {}", work.items, work.events, memory::high_water_kib().unwrap_or(0));
}

/// A program that counts instructions.
pub(crate) enum Counter {
    Callgrind,
    Perf,
}

/// What was counted.
pub(crate) struct Counted {
    pub(crate) per_item: f64,
    pub(crate) per_event: f64,
}

struct Total {
    instructions: f64,
    items: f64,
    events: f64,
}

impl Counter {
    /// The one that works here, callgrind first: it counts the same twice.
    pub(crate) fn find() -> Option<Self> {
        let works = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            output.is_ok_and(|it| {
                it.status.success()
                    && !String::from_utf8_lossy(&it.stderr).contains("not supported")
            })
        };
        if works("valgrind", &["--version"]) {
            Some(Self::Callgrind)
        } else if works("perf", &["stat", "-e", "instructions:u", "true"]) {
            Some(Self::Perf)
        } else {
            None
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Callgrind => "valgrind --tool=callgrind",
            Self::Perf => "perf stat -e instructions:u",
        }
    }

    /// Counts `workload`; nothing if the counter fails.
    pub(crate) fn count(&self, workload: &Workload) -> Option<Counted> {
        let items = ITEMS.min(workload.items);
        let small = self.total(workload.name, items)?;
        let large = self.total(workload.name, 3 * items)?;
        let instructions = large.instructions - small.instructions;
        Some(Counted {
            per_item: instructions / (large.items - small.items),
            per_event: instructions / (large.events - small.events),
        })
    }

    fn total(&self, name: &str, items: u64) -> Option<Total> {
        let before: &[&str] = match self {
            Self::Callgrind => &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"],
            Self::Perf => &["perf", "stat", "-x,", "-e", "instructions:u"],
        };
        let output = Command::new(before[0])
            .args(&before[1..])
            .arg(std::env::current_exe().ok()?)
            .args(["--probe", name, &items.to_string()])
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let instructions = match self {
            // ==12== Collected : 123456
            Self::Callgrind => said.lines().find_map(|line| line.split_once("Collected : "))?.1,
            // 123456,,instructions:u,...
            Self::Perf => {
                said.lines().find(|line| line.contains("instructions"))?.split(',').next()?
            }
        };
        let printed = String::from_utf8_lossy(&output.stdout);
        let mut done = printed.split_whitespace().map(str::parse);
        let mut next = || done.next()?.ok();
        Some(Total {
            instructions: instructions.trim().parse().ok()?,
            items: next()?,
            events: next()?,
        })
    }
}
