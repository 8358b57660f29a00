//! How long a pipeline takes to get over a storm: from the storm's end until the backlog is back to its
//! level before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use crate::outcome::{ComponentOutcome, Outcome};
use crate::plan::Plan;

const NS_PER_S: f64 = 1e9;

/// The storm of a model and how the pipeline got over it. "Backlog" is every event in the model that
/// is not in a store, at the end of each window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// When the storm began: the earliest peak of a source.
    pub storm_start_s: f64,
    /// When it ended: the latest end of a peak.
    pub storm_end_s: f64,
    /// The highest backlog before the storm, to which it must come back.
    pub backlog_before: Figure,
    /// The highest backlog from the storm on.
    pub backlog_max: Figure,
    /// The backlog when the run ended.
    pub backlog_at_end: Figure,
    /// The share of replications that recovered within the horizon.
    pub recovered_share: f64,
    /// From the storm's end until recovery, over the replications that recovered; absent if none did.
    /// To the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_s: Option<Figure>,
    /// What the stores held meanwhile; absent if they held no more than before the storm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stores: Option<StoredRecovery>,
}

/// What all stores together held from the storm on, at the end of each window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredRecovery {
    /// The most they held before the storm.
    pub before: Figure,
    /// The most they held from the storm on.
    pub max: Figure,
    /// What they held when the run ended.
    pub at_end: Figure,
    /// From the storm's end until they were back to their level before; absent if that was not so in
    /// every replication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emptied_s: Option<Figure>,
}

/// One run's recovery.
struct Run {
    before: f64,
    max: f64,
    at_end: f64,
    recovery_s: Option<f64>,
}

/// `None`: the sources have no peak within the horizon, or it lasts as long as that.
pub(crate) fn recovery(plan: &Plan, outcomes: &[Outcome]) -> Option<Recovery> {
    let (start, end) = plan.storm()?;
    let (start, end) = (start.as_nanos(), end.as_nanos());
    if end >= plan.horizon().as_nanos() {
        return None;
    }
    let runs: Vec<Run> = outcomes
        .iter()
        .map(|outcome| {
            run(outcome.window_ns, outcome.backlog.iter().copied().map(f64::from), start, end)
        })
        .collect();
    let recovered: Vec<f64> = runs.iter().filter_map(|run| run.recovery_s).collect();
    let over = |of: fn(&Run) -> f64| Figure::mean(runs.iter().map(of)).unwrap_or_default();
    Some(Recovery {
        storm_start_s: start as f64 / NS_PER_S,
        storm_end_s: end as f64 / NS_PER_S,
        backlog_before: over(|run| run.before),
        backlog_max: over(|run| run.max),
        backlog_at_end: over(|run| run.at_end),
        recovered_share: recovered.len() as f64 / runs.len().max(1) as f64,
        recovery_s: Figure::mean(recovered),
        stores: stores(outcomes, start, end),
    })
}

fn stores(outcomes: &[Outcome], start: u64, end: u64) -> Option<StoredRecovery> {
    let runs: Vec<Run> = outcomes
        .iter()
        .map(|outcome| run(outcome.window_ns, stored(outcome).into_iter(), start, end))
        .collect();
    let over = |of: fn(&Run) -> f64| Figure::mean(runs.iter().map(of)).unwrap_or_default();
    let (before, max) = (over(|run| run.before), over(|run| run.max));
    let emptied: Option<Vec<f64>> = runs.iter().map(|run| run.recovery_s).collect();
    (max.value > before.value).then(|| StoredRecovery {
        before,
        max,
        at_end: over(|run| run.at_end),
        emptied_s: emptied.and_then(Figure::mean),
    })
}

/// What all stores hold at the end of each window.
fn stored(outcome: &Outcome) -> Vec<f64> {
    let is_store = |component: &&ComponentOutcome| component.kind == "Store";
    let depths =
        outcome.components.iter().filter(is_store).filter_map(|store| store.gauge("depth"));
    depths.fold(Vec::new(), |mut sum, depth| {
        sum.resize(depth.windows.len(), 0.0);
        sum.iter_mut().zip(&depth.windows).for_each(|(sum, window)| *sum += window.last as f64);
        sum
    })
}

fn run(window_ns: u64, levels: impl Iterator<Item = f64>, storm_start: u64, storm_end: u64) -> Run {
    let ends = (1..).map(|number: u64| number * window_ns);
    let windows: Vec<(u64, f64)> = ends.zip(levels).collect();
    let highest = |windows: &[(u64, f64)]| windows.iter().map(|w| w.1).fold(0.0, f64::max);
    let storm = windows.partition_point(|&(end, _)| end <= storm_start);
    let calm = windows.partition_point(|&(end, _)| end <= storm_end);
    let before = highest(&windows[..storm]);
    let back = windows[calm..].iter().find(|&&(_, backlog)| backlog <= before);
    Run {
        before,
        max: highest(&windows[storm..]),
        at_end: windows.last().map_or(0.0, |w| w.1),
        recovery_s: back.map(|&(end, _)| (end - storm_end) as f64 / NS_PER_S),
    }
}
