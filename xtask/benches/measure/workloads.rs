//! Everything that `cargo xtask bench` measures, in one place: a line in [`WORKLOADS`] each.
//!
//! The targets are the project's own; the fastest hand-written peers took 63 ns for a customer of M/M/1 and
//! 446 ns for an arrival of the storm on the machine for which the targets were set, without a ledger, a
//! fingerprint, time series or a model language (`docs/benchmarks.md`).

use std::collections::VecDeque;

use models::run::{RunKey, run};
use models::spec::arrival::NoFiles;
use models::{Model, Overrides};
use sim_core::dist::standard_exponential;
use sim_core::kernel::{Kernel, Phase};
use sim_core::random::Streams;
use sim_core::time::SimDuration;

use crate::calibration;

/// What was done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// How many of what is counted: customers, arrivals, holds.
    pub(crate) items: u64,
    /// Events that the kernel dispatched for them.
    pub(crate) events: u64,
    /// The same in every run: shows that the work was done.
    pub(crate) check: u64,
}

/// Something to measure.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// What is counted.
    pub(crate) item: &'static str,
    /// Nanoseconds an item may take on the machine of [`Calibration::reference_ns`]; none for the
    /// calibrations themselves.
    pub(crate) target_ns: Option<f64>,
    pub(crate) calibration: Calibration,
    /// Items in a round: long enough to be measured, short enough to be repeated.
    pub(crate) items: u64,
    /// Does about so many items.
    pub(crate) run: fn(u64) -> Work,
}

/// Which loop a workload is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calibration {
    Mm1,
    Hold,
}

impl Calibration {
    /// The workload that it is.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mm1 => "calibration: M/M/1",
            Self::Hold => "calibration: hold 1,000",
        }
    }

    /// Nanoseconds an item of the loop took on the machine for which the targets were set (two cores,
    /// November 2026): turns a target into a ratio.
    pub(crate) fn reference_ns(self) -> f64 {
        match self {
            Self::Mm1 => 68.0,
            Self::Hold => 56.0,
        }
    }
}

pub(crate) const WORKLOADS: &[Workload] = &[
    Workload {
        name: "calibration: M/M/1",
        item: "customer",
        target_ns: None,
        calibration: Calibration::Mm1,
        items: 1_000_000,
        run: calibration::mm1,
    },
    Workload {
        name: "calibration: hold 1,000",
        item: "hold",
        target_ns: None,
        calibration: Calibration::Hold,
        items: 1_000_000,
        run: |holds| calibration::hold(holds, 1_000),
    },
    Workload {
        name: "kernel: hold 10",
        item: "hold",
        target_ns: Some(45.0),
        calibration: Calibration::Hold,
        items: 2_000_000,
        run: |holds| hold(holds, 10),
    },
    Workload {
        name: "kernel: hold 1,000",
        item: "hold",
        target_ns: Some(45.0),
        calibration: Calibration::Hold,
        items: 2_000_000,
        run: |holds| hold(holds, 1_000),
    },
    Workload {
        name: "kernel: hold 100,000",
        item: "hold",
        target_ns: Some(45.0),
        calibration: Calibration::Hold,
        items: 2_000_000,
        run: |holds| hold(holds, 100_000),
    },
    Workload {
        name: "kernel: M/M/1",
        item: "customer",
        target_ns: Some(50.0),
        calibration: Calibration::Mm1,
        items: 1_000_000,
        run: mm1,
    },
    Workload {
        name: "models: M/M/1",
        item: "customer",
        target_ns: Some(120.0),
        calibration: Calibration::Mm1,
        items: 1_000_000,
        run: |customers| {
            model(include_str!("../../../models/benches/models/mm1.ron"), customers, 0.9)
        },
    },
    Workload {
        name: "models: storm",
        item: "arrival",
        target_ns: Some(400.0),
        calibration: Calibration::Mm1,
        items: 500_000,
        // On for 10 s at 300/s, off for 30 s at 40/s.
        run: |arrivals| {
            model(include_str!("../../../models/benches/models/storm.ron"), arrivals, 105.0)
        },
    },
    // A thousand in two seconds.
    Workload {
        name: "manifests: check",
        item: "manifest",
        target_ns: Some(2_000_000.0),
        calibration: Calibration::Mm1,
        items: 1_000,
        run: crate::manifests::check,
    },
];

/// Pop the earliest of `pending`, schedule it again later (Vaucher and Duval, "A comparison of simulation
/// event list algorithms", CACM 18, 1975).
fn hold(holds: u64, pending: u64) -> Work {
    let mut rng = Streams::new(1, 0).stream("hold", "delay");
    let mut delay = || SimDuration::from_secs_f64(standard_exponential(&mut rng));
    let mut kernel: Kernel<u32> = Kernel::new();
    for number in 0..pending as u32 {
        kernel.schedule_after(delay(), Phase::Arrive, number);
    }
    for _ in 0..holds {
        let event = kernel.pop().expect("as many as before");
        kernel.schedule_after(delay(), Phase::Arrive, event);
    }
    Work { items: holds, events: kernel.dispatched(), check: kernel.now().as_nanos() }
}

/// M/M/1 at load 0.9 on the bare kernel.
fn mm1(customers: u64) -> Work {
    #[derive(Clone, Copy)]
    enum Event {
        Arrival,
        Departure,
    }
    let streams = Streams::new(1, 0);
    let mut interarrival = streams.stream("source", "arrivals");
    let mut service = streams.stream("server", "service");
    let mut kernel = Kernel::new();
    let mut queue = VecDeque::new();
    let (mut arrived, mut sojourn_ns) = (0, 0);
    kernel.post(Phase::Arrive, Event::Arrival);
    while let Some(event) = kernel.pop() {
        let begins = match event {
            Event::Arrival => {
                arrived += 1;
                if arrived < customers {
                    let gap = SimDuration::from_secs_f64(standard_exponential(&mut interarrival));
                    kernel.schedule_after(gap, Phase::Arrive, event);
                }
                queue.push_back(kernel.now());
                queue.len() == 1
            }
            Event::Departure => {
                let since = queue.pop_front().expect("a customer in service");
                sojourn_ns += kernel.now().since(since).as_nanos();
                !queue.is_empty()
            }
        };
        if begins {
            let work = SimDuration::from_secs_f64(0.9 * standard_exponential(&mut service));
            kernel.schedule_after(work, Phase::Release, Event::Departure);
        }
    }
    Work { items: customers, events: kernel.dispatched(), check: sojourn_ns }
}

/// A RON model through the whole stack, for as long as it takes until about `arrivals` have come.
fn model(text: &str, arrivals: u64, rate_per_s: f64) -> Work {
    let horizon = SimDuration::from_secs_f64(arrivals as f64 / rate_per_s);
    let overrides = Overrides { horizon: Some(horizon), ..Overrides::default() };
    let model = Model::read("bench.ron", text, &overrides, &NoFiles).unwrap_or_else(|problems| {
        panic!("{}", problems.render(text, models::diagnostic::Color::Never))
    });
    let key = RunKey { seed: model.seed, replication: 0 };
    let outcome = run(&model.plan, key, None).unwrap_or_else(|error| panic!("{error}"));
    let check =
        u64::from_str_radix(&outcome.fingerprint[..16], 16).expect("a fingerprint is hexadecimal");
    Work { items: outcome.ledger.offered, events: outcome.steps, check }
}
