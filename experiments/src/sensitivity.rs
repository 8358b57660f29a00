//! One at a time: how far the key figures of a report move with another value of each assumption, everything
//! else, random numbers included, being equal.

use std::num::NonZeroUsize;

use models::plan::Plan;
use models::report::assumed::{Assumed, Sensitivity, Tried};
use models::report::{Provenance, Report};
use rayon::prelude::*;

use crate::{Progress, replicate};

/// The model with another value of an assumption.
#[derive(Clone, Debug)]
pub struct Variant {
    /// The number of the assumption.
    pub assumption: usize,
    /// The value.
    pub value: String,
    /// The model with it; none if there is no such model.
    pub plan: Option<Plan>,
}

/// A figure of a report, and how the distance of two values of it is measured.
struct Key {
    name: &'static str,
    value: fn(&Report) -> Option<f64>,
    is_share_of_offered: bool,
}

const KEYS: &[Key] = &[
    Key {
        name: "events lost",
        value: |report| Some(report.ledger.dropped.value),
        is_share_of_offered: true,
    },
    Key {
        name: "events under way at the end",
        value: |report| Some(report.ledger.in_flight.value),
        is_share_of_offered: true,
    },
    Key {
        name: "event age p99 in s",
        value: |report| Some(report.age.as_ref()?.p99_s.value),
        is_share_of_offered: false,
    },
    Key { name: "workflows completed", value: workflows, is_share_of_offered: false },
];

fn workflows(report: &Report) -> Option<f64> {
    let controllers = report.stages.iter().filter(|stage| stage.kind == "Workflow");
    controllers.filter_map(|stage| Some(stage.completed?.value)).reduce(|sum, one| sum + one)
}

/// Runs every variant and says of each assumption how much it matters; those that matter most come first.
pub fn sensitivity(
    mut assumptions: Vec<Assumed>,
    base: &Report,
    variants: &[Variant],
    seed: u64,
    replications: u64,
    jobs: NonZeroUsize,
    progress: &dyn Progress,
) -> Vec<Assumed> {
    let one = |variant: &Variant| {
        let plan = variant.plan.as_ref()?;
        let outcomes = replicate(plan, seed, replications, NonZeroUsize::MIN, progress).ok()?;
        Some(Report::new(plan, &outcomes, Provenance::default()))
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.get()).build();
    let reports: Vec<Option<Report>> = match pool {
        Ok(pool) => pool.install(|| variants.par_iter().map(one).collect()),
        Err(_) => variants.iter().map(one).collect(),
    };
    for (number, assumed) in assumptions.iter_mut().enumerate() {
        let mine = variants.iter().zip(&reports).filter(|(it, _)| it.assumption == number);
        let tried: Vec<(&str, Option<&Report>)> =
            mine.map(|(variant, report)| (variant.value.as_str(), report.as_ref())).collect();
        assumed.sensitivity = strongest(base, &tried);
    }
    let change = |it: &Assumed| it.sensitivity.as_ref().map_or(-1.0, |found| found.change);
    // Stable: what matters as much stays in its order.
    assumptions.sort_by(|a, b| change(b).total_cmp(&change(a)));
    assumptions
}

/// The key figure that moves most.
fn strongest(base: &Report, tried: &[(&str, Option<&Report>)]) -> Option<Sensitivity> {
    if tried.is_empty() {
        return None;
    }
    let mut best: Option<Sensitivity> = None;
    for key in KEYS {
        let Some(as_assumed) = (key.value)(base) else { continue };
        let figures: Vec<Tried> = tried
            .iter()
            .map(|(value, report)| Tried {
                value: (*value).to_owned(),
                figure: report.and_then(key.value),
            })
            .collect();
        let changes = tried.iter().map(|(_, report)| change(key, base, as_assumed, *report));
        let change = changes.fold(0.0, f64::max);
        if best.as_ref().is_none_or(|best| change > best.change) {
            let figure = key.name.to_owned();
            best = Some(Sensitivity { figure, change, as_assumed, tried: figures });
        }
    }
    best
}

/// From 0 to 1; a model that cannot be run to its end is as far away as can be.
fn change(key: &Key, base: &Report, as_assumed: f64, other: Option<&Report>) -> f64 {
    let Some(other) = other else { return 1.0 };
    let Some(there) = (key.value)(other) else { return 0.0 };
    let share = |report: &Report, value: f64| value / report.ledger.offered.value.max(1.0);
    if key.is_share_of_offered {
        return (share(base, as_assumed) - share(other, there)).abs().min(1.0);
    }
    let larger = as_assumed.abs().max(there.abs());
    if larger > 0.0 { (as_assumed - there).abs() / larger } else { 0.0 }
}
