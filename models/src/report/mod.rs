//! The report of a run: what broke first, what was lost, how old events got, when it recovered.
//!
//! [`Report::new`] computes it from a plan and what its replications observed, [`text::render`] prints
//! it on one screen, `serde_json` writes it whole. The JSON has a version in `schema`: fields are added
//! within a version, never changed. Everything in a report follows from model, seed and version, so that
//! the same run has the same bytes.

pub mod assumed;
pub mod figure;
pub(crate) mod flow;
mod hits;
pub mod limits;
pub mod readings;
pub mod recovery;
pub mod signals;
mod stages;
mod standstill;
#[cfg(test)]
mod tests;
pub mod text;
mod verdict;
#[cfg(test)]
mod verdict_tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::observe::Fingerprint;

use self::assumed::Assumed;
use crate::component::ComponentPlan;
use crate::engine::fate::Reason;
use crate::engine::recorder::FactKind;
use crate::outcome::{Ledger, Outcome, ReachOutcome};
use crate::plan::Plan;
use crate::run::WINDOWS;
pub use figure::{CONFIDENCE, Figure, Times};
pub use limits::Limit;
pub use recovery::Recovery;
pub use signals::{Signal, SignalKind};
pub use stages::{Level, Stage};
pub use verdict::{Mood, Sentence, Verdict};

/// What comes at once is no burden if it is through in so many seconds.
const CLEARED_S: f64 = 1.0;

/// The version of the report's form.
pub const SCHEMA: &str = "surgetank-report/1";

/// Everything a run has to say for itself, short of the raw series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `surgetank-report/1`.
    pub schema: String,
    /// The verdict in plain sentences.
    pub verdict: Verdict,
    /// The first event lost; absent if none was, in any replication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_loss: Option<FirstLoss>,
    /// How the pipeline got over the storm; absent if the sources have no peak that ends within the
    /// horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// How old events were when their work was done, from entering the model; absent if none was
    /// completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<Times>,
    /// The events still under way at the end, by age; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<UnfinishedReport>,
    /// Triggers that get nothing, because the bus refused their consumers (`max_consumers`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unserved: Vec<String>,
    /// Stages that stand still at the end, though work waits there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standstills: Vec<Standstill>,
    /// The four signals that operators watch.
    pub signals: Vec<Signal>,
    /// Every limit of the model: whether it was reached, and whether it holds at the peak.
    pub limits: Vec<LimitReport>,
    /// A row per stage, in the order of the model.
    pub stages: Vec<Stage>,
    /// Where every event went.
    pub ledger: LedgerReport,
    /// Attempts per event: 1 without retries and redeliveries.
    pub amplification: Figure,
    /// How to get this report again.
    pub provenance: Provenance,
}

/// The first event lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstLoss {
    /// When, over the replications that lost something.
    pub at_s: Figure,
    /// The stage, in the first replication that lost something.
    pub stage: String,
    /// Why, in that replication.
    #[schemars(with = "String")]
    pub reason: Reason,
    /// The share of replications that lost something.
    pub share: f64,
}

/// Events still under way when the run ended, over the replications that have some.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnfinishedReport {
    /// Half of them had entered the model at least so long before.
    pub p50_s: Figure,
    /// The age of the oldest.
    pub oldest_s: Figure,
}

/// A workflow controller in which everybody waits for locks, and nobody holds one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standstill {
    /// The stage.
    pub stage: String,
    /// Since when, to the window.
    pub since_s: Figure,
    /// How many wait there.
    pub waiting: Figure,
    /// The share of replications in which it stands still.
    pub share: f64,
}

/// A limit of the model and how it fared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitReport {
    /// The stage that has it.
    pub stage: String,
    /// Its name: `max_msgs`, `rate_limit`.
    pub limit: String,
    /// How much, in `unit`.
    pub value: f64,
    /// `messages`, `bytes`, `servers`, ... or `per_s`.
    pub unit: String,
    /// The highest level of what it bounds, in `unit`; absent for rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level_max: Option<Figure>,
    /// Events per second that would reach it on average if nothing upstream held them back; only for
    /// rates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_mean_per_s: Option<f64>,
    /// The same at the peak of the sources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_peak_per_s: Option<f64>,
    /// How many come at one instant: absent where they come one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_at_once: Option<f64>,
    /// Whether a rate is at least what is offered on average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_on_average: Option<bool>,
    /// Whether a rate is at least what is offered at the peak, and what comes at once is through within a
    /// second: the one that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_at_peak: Option<bool>,
    /// The share of replications in which it was reached; absent where a run does not show that (a rate
    /// of servers is reached when `servers` is).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached_share: Option<f64>,
    /// When it was first reached, over those replications: the instant at which it first refused somebody
    /// or was full, or at which the first long line behind it began. A line is long if it lasts a minute
    /// without a break, or a second with a hundred in it, or a tenth of the run with ten in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reached_s: Option<Figure>,
    /// How many jobs it refused or pushed out; absent if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Figure>,
    /// The most that waited for it at once; absent if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_max: Option<Figure>,
    /// The longest time without a break in which somebody waited for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_longest_s: Option<Figure>,
}

/// The account of all events: offered = completed + filtered + dead-lettered + dropped + stored + in
/// flight, exactly in every replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerReport {
    /// Events that entered the model.
    pub offered: Figure,
    /// Events whose work was done.
    pub completed: Figure,
    /// Events that a filter put aside, as intended.
    pub filtered: Figure,
    /// Events that a dead-letter trigger took.
    pub dead_lettered: Figure,
    /// Events lost.
    pub dropped: Figure,
    /// The share of the events offered that was lost.
    pub lost_share: Figure,
    /// Events in a store at the end.
    pub stored: Figure,
    /// Events still under way at the end.
    pub in_flight: Figure,
    /// Whether it balances in every replication; a run in which it does not is an error.
    pub balances: bool,
    /// Where and why events were lost, most first.
    pub losses: Vec<LossReport>,
    /// Where those in flight were at the end, most first; an event with several branches counts where
    /// each of them is.
    pub whereabouts: Vec<WhereaboutsReport>,
}

/// Events lost at one stage for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossReport {
    /// The stage.
    pub stage: String,
    /// Why.
    #[schemars(with = "String")]
    pub reason: Reason,
    /// How many.
    pub events: Figure,
    /// Of all events offered.
    pub share: Figure,
}

/// What was under way at one stage when the run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhereaboutsReport {
    /// The stage.
    pub stage: String,
    /// How many events, or branches of them.
    pub jobs: Figure,
}

/// Everything that is needed to get the same report again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of surgetank.
    pub version: String,
    /// The model's name.
    pub model: String,
    /// What it shows; may be empty.
    pub about: String,
    /// blake3 of the model's text, overrides and storm applied.
    pub model_hash: String,
    /// The file or preset that was read; `-` for standard input.
    pub input: String,
    /// How manifests were read: `as intended` or `as deployed`; absent for a RON model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<String>,
    /// What manifests do not say and was assumed, what matters most first where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumptions: Vec<Assumed>,
    /// The storm that took the place of the model's own arrivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storm: Option<String>,
    /// What was overridden: `path=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// The horizon, where it was overridden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
    /// How much time was simulated.
    pub horizon_s: f64,
    /// The width of a window of a signal's course.
    pub window_s: f64,
    /// The seed.
    pub seed: u64,
    /// How often it was run, each time with random numbers of its own.
    pub replications: u64,
    /// The fingerprint of the run, or over those of all replications: 32 hexadecimal digits.
    pub fingerprint: String,
    /// Steps that the kernel took, over all replications.
    pub steps: u64,
    /// The command that gives this report.
    pub command: String,
}

impl Report {
    /// The report on the replications of `plan`. In `provenance` the caller says what it knows; what
    /// the outcomes know (seed, fingerprint, ...) is filled in here.
    ///
    /// # Panics
    /// If there is no outcome.
    #[must_use]
    pub fn new(plan: &Plan, outcomes: &[Outcome], provenance: Provenance) -> Self {
        assert!(!outcomes.is_empty(), "a report is about at least one replication");
        let limits = plan.limits();
        let mut report = Self {
            schema: SCHEMA.to_owned(),
            verdict: Verdict::default(),
            first_loss: first_loss(outcomes),
            recovery: recovery::recovery(plan, outcomes),
            age: Times::over(outcomes, |outcome| Some(&outcome.age)),
            unfinished: unfinished(outcomes),
            unserved: unserved(plan),
            standstills: standstill::standstills(outcomes),
            signals: signals::signals(outcomes, &limits),
            limits: limit_reports(plan, outcomes, &limits),
            stages: stages::stages(plan, outcomes, &limits),
            ledger: ledger(outcomes),
            amplification: Figure::over(outcomes, amplification),
            provenance: fill_in(provenance, plan, outcomes),
        };
        report.verdict = verdict::verdict(&report);
        report
    }
}

fn fill_in(provenance: Provenance, plan: &Plan, outcomes: &[Outcome]) -> Provenance {
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        horizon_s: seconds(plan.horizon().as_nanos()),
        window_s: seconds(plan.horizon().as_nanos().div_ceil(WINDOWS).max(1)),
        seed: outcomes[0].seed,
        replications: outcomes.len() as u64,
        fingerprint: fingerprint(outcomes),
        steps: outcomes.iter().map(|outcome| outcome.steps).sum(),
        ..provenance
    }
}

/// One run's own; several runs' in the order of their numbers.
fn fingerprint(outcomes: &[Outcome]) -> String {
    if let [outcome] = outcomes {
        return outcome.fingerprint.clone();
    }
    let mut all = Fingerprint::new();
    outcomes.iter().for_each(|outcome| all.absorb_bytes(outcome.fingerprint.as_bytes()));
    all.digest().to_string()
}

fn first_loss(outcomes: &[Outcome]) -> Option<FirstLoss> {
    let losses = || outcomes.iter().filter_map(|outcome| outcome.first_loss.as_ref());
    let first = losses().next()?;
    Some(FirstLoss {
        at_s: Figure::mean(losses().map(|loss| loss.at_ns as f64 / 1e9))?,
        stage: first.component.clone(),
        reason: first.reason,
        share: losses().count() as f64 / outcomes.len() as f64,
    })
}

/// The bus takes consumers in their order, until it has as many as it may.
fn unserved(plan: &Plan) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for component in &plan.components {
        let ComponentPlan::EventBus(bus) = component else { continue };
        let most = bus.stream.max_consumers.unwrap_or(usize::MAX);
        for consumer in bus.consumers.iter().skip(most) {
            let name = plan.components[consumer.owner as usize].name();
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

fn unfinished(outcomes: &[Outcome]) -> Option<UnfinishedReport> {
    let some = || outcomes.iter().map(|outcome| outcome.unfinished).filter(|some| some.count > 0);
    Some(UnfinishedReport {
        p50_s: Figure::mean(some().map(|some| some.p50_ns as f64 / 1e9))?,
        oldest_s: Figure::mean(some().map(|some| some.oldest_ns as f64 / 1e9))?,
    })
}

fn amplification(outcome: &Outcome) -> f64 {
    let count =
        |fact| outcome.components.iter().map(|component| component.count(fact)).sum::<u64>();
    let again = count(FactKind::Retried) + count(FactKind::Redelivered);
    let offered = outcome.ledger.offered;
    if offered == 0 { 1.0 } else { (offered + again) as f64 / offered as f64 }
}

fn limit_reports(plan: &Plan, outcomes: &[Outcome], limits: &[Limit]) -> Vec<LimitReport> {
    let inflows = flow::inflows(plan);
    let report = |limit: &Limit| {
        let number = plan.components.iter().position(|c| c.name() == limit.component);
        let inflow = number.map(|number| &inflows[number]);
        let flow = inflow.map_or_else(flow::Flow::default, |inflow| inflow.through(limit));
        let offered = limit.is_rate().then_some(flow).filter(|flow| flow.peak_per_s > 0.0);
        let offered = offered.map(|flow| flow::Flow {
            mean_per_s: figure::tidy(flow.mean_per_s, limit.value),
            peak_per_s: figure::tidy(flow.peak_per_s, limit.value),
            ..flow
        });
        let hits: Vec<f64> = outcomes
            .iter()
            .filter_map(|outcome| hits::first_hit_ns(limit, outcome))
            .map(|at_ns| at_ns as f64 / 1e9)
            .collect();
        let refused = Figure::over(outcomes, |outcome| hits::refused(limit, outcome) as f64);
        LimitReport {
            stage: limit.component.clone(),
            limit: limit.name.clone(),
            value: limit.value,
            unit: limit.unit.to_owned(),
            level_max: level_max(outcomes, limit),
            offered_mean_per_s: offered.map(|flow| flow.mean_per_s),
            offered_peak_per_s: offered.map(|flow| flow.peak_per_s),
            offered_at_once: offered.map(|flow| flow.at_once).filter(|&many| many > 1.0),
            holds_on_average: offered.map(|flow| flow.mean_per_s <= limit.value),
            holds_at_peak: offered
                .map(|flow| flow.peak_per_s <= limit.value && flow.clearing_s(limit) <= CLEARED_S),
            reached_share: (limit.sign != limits::Sign::Unseen)
                .then(|| hits.len() as f64 / outcomes.len() as f64),
            first_reached_s: Figure::mean(hits),
            refused: Some(refused).filter(|refused| refused.value > 0.0),
            line_max: line(outcomes, limit, |line| line.line_max as f64),
            line_longest_s: line(outcomes, limit, |line| line.line_longest_ns as f64 / 1e9),
        }
    };
    limits.iter().map(report).collect()
}

/// What the runs say of the line behind the limit; `None`: nobody ever waited for it.
fn line(outcomes: &[Outcome], limit: &Limit, of: impl Fn(&ReachOutcome) -> f64) -> Option<Figure> {
    let line = |outcome: &Outcome| {
        let record = hits::record(limit, outcome.component(&limit.component)?)?;
        Some(of(record))
    };
    let figure = Figure::mean(outcomes.iter().filter_map(line))?;
    (figure.value > 0.0).then_some(figure)
}

fn level_max(outcomes: &[Outcome], limit: &Limit) -> Option<Figure> {
    let gauge = limit.gauge?;
    let max =
        |outcome: &Outcome| Some(outcome.component(&limit.component)?.gauge(gauge)?.max as f64);
    Figure::mean(outcomes.iter().filter_map(max))
}

fn ledger(outcomes: &[Outcome]) -> LedgerReport {
    let over =
        |of: fn(&Ledger) -> u64| Figure::over(outcomes, |outcome| of(&outcome.ledger) as f64);
    LedgerReport {
        offered: over(|ledger| ledger.offered),
        completed: over(|ledger| ledger.completed),
        filtered: over(|ledger| ledger.filtered),
        dead_lettered: over(|ledger| ledger.dead_lettered),
        dropped: over(|ledger| ledger.dropped),
        lost_share: Figure::over(outcomes, |outcome| share(outcome.ledger.dropped, outcome)),
        stored: over(|ledger| ledger.stored),
        in_flight: over(|ledger| ledger.in_flight),
        balances: outcomes.iter().all(|outcome| outcome.ledger.balances()),
        losses: losses(outcomes),
        whereabouts: whereabouts(outcomes),
    }
}

/// Of the events offered in that run.
fn share(events: u64, outcome: &Outcome) -> f64 {
    events as f64 / outcome.ledger.offered.max(1) as f64
}

fn losses(outcomes: &[Outcome]) -> Vec<LossReport> {
    let all = outcomes.iter().flat_map(|outcome| &outcome.ledger.losses);
    let mut places: Vec<(&str, Reason)> = all.map(|l| (l.component.as_str(), l.reason)).collect();
    places.sort_unstable();
    places.dedup();
    let mut losses: Vec<LossReport> = places
        .into_iter()
        .map(|(stage, reason)| {
            let lost = |outcome: &Outcome| {
                let here = outcome.ledger.losses.iter();
                let here = here.filter(|loss| loss.component == stage && loss.reason == reason);
                here.map(|loss| loss.events).sum::<u64>()
            };
            LossReport {
                stage: stage.to_owned(),
                reason,
                events: Figure::over(outcomes, |outcome| lost(outcome) as f64),
                share: Figure::over(outcomes, |outcome| share(lost(outcome), outcome)),
            }
        })
        .collect();
    losses.sort_by(|a, b| b.events.value.total_cmp(&a.events.value));
    losses
}

fn whereabouts(outcomes: &[Outcome]) -> Vec<WhereaboutsReport> {
    let all = outcomes.iter().flat_map(|outcome| &outcome.ledger.whereabouts);
    let mut stages: Vec<&str> = all.map(|place| place.component.as_str()).collect();
    stages.sort_unstable();
    stages.dedup();
    let mut whereabouts: Vec<WhereaboutsReport> = stages
        .into_iter()
        .map(|stage| {
            let jobs = Figure::over(outcomes, |outcome| {
                let here = outcome.ledger.whereabouts.iter().filter(|p| p.component == stage);
                here.map(|place| place.jobs).sum::<u64>() as f64
            });
            WhereaboutsReport { stage: stage.to_owned(), jobs }
        })
        .collect();
    whereabouts.sort_by(|a, b| b.jobs.value.total_cmp(&a.jobs.value));
    whereabouts
}
