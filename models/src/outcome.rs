//! What a run observed: counters, the ledger, gauges and samples with their course over time.
//!
//! Times are whole nanoseconds (`_ns`); counts are events unless said otherwise. The same plan, key and
//! version give the same outcome to the bit, on every platform.

use serde::{Deserialize, Serialize};
use sim_core::observe::Histogram;
use sim_core::time::SimTime;

use crate::engine::World;
use crate::engine::event::ComponentId;
use crate::engine::fate::{FateKind, Reason};
use crate::engine::job::JobId;
use crate::engine::recorder::{FactKind, GaugeWindow, SampleWindow};
use crate::plan::Plan;
use crate::run::{RunError, RunKey};

/// Name of the age samples.
pub(crate) const AGE: &str = "age";

/// Where a live job was when the run ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) component: ComponentId,
    pub(crate) stored: bool,
    pub(crate) job: JobId,
}

/// Everything observed in one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The replication.
    pub replication: u64,
    /// Hash over every fact of the run, 32 hexadecimal digits: two runs with the same are the same.
    pub fingerprint: String,
    /// Steps the kernel took.
    pub steps: u64,
    /// Width of one bin of every series, nanoseconds.
    pub window_ns: u64,
    /// Where every event went.
    pub ledger: Ledger,
    /// The first event lost.
    pub first_loss: Option<FirstLoss>,
    /// How old the events were that were still under way at the end.
    #[serde(default)]
    pub unfinished: Unfinished,
    /// Age of completed events: from entering the model to the end of their work.
    pub age: SampleOutcome,
    /// Events in the model, those in stores apart, at the end of each window.
    pub backlog: Vec<u32>,
    /// Events lost in each window.
    pub lost: Vec<u64>,
    /// The components in the order of the model.
    pub components: Vec<ComponentOutcome>,
}

/// Events still under way at the end (not those in stores), by age.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// How many.
    pub count: u64,
    /// Half of them entered the model at least so long ago, nanoseconds.
    pub p50_ns: u64,
    /// The age of the oldest, nanoseconds.
    pub oldest_ns: u64,
}

/// The account of all events: offered = completed + filtered + dead-lettered + dropped + stored + in flight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Events that entered the model.
    pub offered: u64,
    /// Events whose work was done.
    pub completed: u64,
    /// Events that a filter put aside, as intended.
    pub filtered: u64,
    /// Events that a dead-letter trigger took.
    pub dead_lettered: u64,
    /// Events lost.
    pub dropped: u64,
    /// Events in a store at the end.
    pub stored: u64,
    /// Events still under way at the end.
    pub in_flight: u64,
    /// Where and why events were lost, most first.
    pub losses: Vec<Loss>,
    /// Where the events in flight were at the end, most first; an event with several branches is
    /// counted where each of them is.
    pub whereabouts: Vec<Whereabouts>,
}

/// Events lost at one place for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The component.
    pub component: String,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub events: u64,
}

/// Jobs in flight at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whereabouts {
    /// The component.
    pub component: String,
    /// How many jobs.
    pub jobs: u64,
}

/// The first event lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstLoss {
    /// When, nanoseconds.
    pub at_ns: u64,
    /// The component.
    pub component: String,
    /// Why.
    pub reason: Reason,
}

/// One component's counts and measures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComponentOutcome {
    /// Its name in the model.
    pub name: String,
    /// Its kind, as written in RON.
    pub kind: String,
    /// Facts counted over the whole run.
    pub counts: Vec<FactCount>,
    /// Its gauges.
    pub gauges: Vec<GaugeOutcome>,
    /// Its samples.
    pub samples: Vec<SampleOutcome>,
    /// Its limits that were reached or waited for.
    #[serde(default)]
    pub reached: Vec<ReachOutcome>,
    /// What it refused, by reason.
    #[serde(default)]
    pub refusals: Vec<RefusalOutcome>,
}

/// How a limit fared: whether it was full or had a long line behind it. What it refused is told by reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachOutcome {
    /// The limit's name.
    pub limit: String,
    /// When it was first full, or when the first long line behind it began, nanoseconds.
    pub first_ns: Option<u64>,
    /// The most that waited for it at once.
    pub line_max: u64,
    /// The longest time without a break in which somebody waited for it, nanoseconds.
    pub line_longest_ns: u64,
}

/// Jobs refused for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalOutcome {
    /// Why.
    pub reason: Reason,
    /// When first, nanoseconds.
    pub first_ns: u64,
    /// How often.
    pub count: u64,
}

/// How often something was said of a job at a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactCount {
    /// What.
    pub fact: FactKind,
    /// How often.
    pub count: u64,
    /// How often in each window.
    pub windows: Vec<u64>,
}

/// A number that changed at instants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GaugeOutcome {
    /// Its name, unique in the component.
    pub name: String,
    /// Time-weighted mean since the warm-up.
    pub mean: f64,
    /// Greatest value since the warm-up.
    pub max: u64,
    /// When it was first at its greatest, nanoseconds.
    pub max_at_ns: u64,
    /// Value at the end.
    pub last: u64,
    /// Its course.
    pub windows: Vec<GaugeWindow>,
}

/// A time measured per job, nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SampleOutcome {
    /// Its name, unique in the component.
    pub name: String,
    /// How many.
    pub count: u64,
    /// Samples of zero length: those who did not wait.
    pub zeros: u64,
    /// Mean.
    pub mean_ns: f64,
    /// Second moment about zero, ns².
    pub mean_square_ns2: f64,
    /// All of them, in buckets.
    pub histogram: Histogram,
    /// Their course.
    pub windows: Vec<SampleWindow>,
}

impl Ledger {
    /// Whether every event is accounted for exactly once.
    #[must_use]
    pub fn balances(&self) -> bool {
        let ended = self.completed + self.filtered + self.dead_lettered + self.dropped;
        self.offered == ended + self.stored + self.in_flight
    }
}

impl Outcome {
    /// The component of that name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<&ComponentOutcome> {
        self.components.iter().find(|component| component.name == name)
    }
}

impl ComponentOutcome {
    /// How often the fact was recorded.
    #[must_use]
    pub fn count(&self, fact: FactKind) -> u64 {
        self.counts.iter().find(|count| count.fact == fact).map_or(0, |count| count.count)
    }

    /// The gauge of that name.
    #[must_use]
    pub fn gauge(&self, name: &str) -> Option<&GaugeOutcome> {
        self.gauges.iter().find(|gauge| gauge.name == name)
    }

    /// The samples of that name.
    #[must_use]
    pub fn sample(&self, name: &str) -> Option<&SampleOutcome> {
        self.samples.iter().find(|sample| sample.name == name)
    }
}

impl SampleOutcome {
    /// The `q`-quantile, nanoseconds; zero if there are no samples.
    #[must_use]
    pub fn quantile_ns(&self, q: f64) -> u64 {
        self.histogram.quantile(q)
    }
}

/// The state of a run at its end, before the pending events were looked through.
pub(crate) struct End {
    pub(crate) now: SimTime,
    pub(crate) steps: u64,
    pub(crate) places: Vec<Place>,
}

/// Gathers the outcome of a finished world.
pub(crate) fn collect(
    plan: &Plan,
    key: RunKey,
    world: &mut World<'_>,
    end: End,
) -> Result<Outcome, RunError> {
    let ledger = ledger(plan, world, &end.places);
    if !ledger.balances() {
        return Err(RunError::Unbalanced(format!("{ledger:?}")));
    }
    let steps = end.steps;
    for count in [ledger.offered, ledger.completed, ledger.dropped, ledger.stored, ledger.in_flight]
    {
        world.recorder.absorb(count, steps);
    }
    let name = |component: ComponentId| plan.components[component as usize].name().to_owned();
    let mut samples = samples(world);
    let age = samples.remove(0).1;
    let components = (0..)
        .zip(&plan.components)
        .map(|(me, plan)| ComponentOutcome {
            name: plan.name().to_owned(),
            kind: plan.kind().to_owned(),
            counts: counts(world, me),
            gauges: gauges(world, me, end.now),
            samples: samples.iter().filter(|(of, _)| *of == me).map(|(_, s)| s.clone()).collect(),
            reached: reached(world, me),
            refusals: refusals(world, me),
        })
        .collect();
    Ok(Outcome {
        seed: key.seed,
        replication: key.replication,
        fingerprint: world.recorder.fingerprint().to_string(),
        steps,
        window_ns: world.recorder.window().as_nanos(),
        first_loss: world.recorder.first_loss.map(|(at, fate)| FirstLoss {
            at_ns: at.as_nanos(),
            component: name(fate.at),
            reason: fate.reason,
        }),
        unfinished: unfinished(world, end.now, &end.places),
        ledger,
        age,
        backlog: std::mem::take(&mut world.backlog),
        lost: std::mem::take(&mut world.recorder.losses_in_window),
        components,
    })
}

fn ledger(plan: &Plan, world: &World<'_>, places: &[Place]) -> Ledger {
    let mut ledger = Ledger { offered: world.jobs.born(), ..Ledger::default() };
    let name = |component: ComponentId| plan.components[component as usize].name().to_owned();
    for end in &world.recorder.ends {
        match end.fate.kind {
            FateKind::Completed => ledger.completed += end.events,
            FateKind::Filtered => ledger.filtered += end.events,
            FateKind::DeadLettered => ledger.dead_lettered += end.events,
            FateKind::Dropped => {
                ledger.dropped += end.events;
                ledger.losses.push(Loss {
                    component: name(end.fate.at),
                    reason: end.fate.reason,
                    events: end.events,
                });
            }
        }
    }
    ledger
        .losses
        .sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.component.cmp(&b.component)));
    let mut stored: Vec<JobId> = places
        .iter()
        .filter(|place| place.stored)
        .map(|place| world.jobs.root(place.job))
        .collect();
    stored.sort_unstable();
    stored.dedup();
    ledger.stored = stored.len() as u64;
    ledger.in_flight = u64::from(world.jobs.live_roots()) - ledger.stored;
    let mut held = vec![0; plan.components.len()];
    for place in places.iter().filter(|place| !place.stored) {
        held[place.component as usize] += 1;
    }
    ledger.whereabouts = (0..)
        .zip(held)
        .filter(|&(_, jobs)| jobs > 0)
        .map(|(component, jobs)| Whereabouts { component: name(component), jobs })
        .collect();
    ledger.whereabouts.sort_by_key(|place| std::cmp::Reverse(place.jobs));
    ledger
}

fn unfinished(world: &World<'_>, now: SimTime, places: &[Place]) -> Unfinished {
    let roots = |stored: bool| {
        let mut roots: Vec<JobId> = places
            .iter()
            .filter(|place| place.stored == stored)
            .map(|place| world.jobs.root(place.job))
            .collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    };
    let stored = roots(true);
    let under_way = roots(false).into_iter().filter(|root| stored.binary_search(root).is_err());
    let mut ages: Vec<u64> =
        under_way.map(|root| now.since(world.jobs[root].born).as_nanos()).collect();
    ages.sort_unstable();
    Unfinished {
        count: ages.len() as u64,
        p50_ns: ages.get(ages.len() / 2).copied().unwrap_or(0),
        oldest_ns: ages.last().copied().unwrap_or(0),
    }
}

fn reached(world: &World<'_>, me: ComponentId) -> Vec<ReachOutcome> {
    let all = world.recorder.reaches.reaches.iter();
    all.filter(|reach| reach.component == me)
        .map(|reach| ReachOutcome {
            limit: reach.limit.clone(),
            first_ns: reach.first.map(SimTime::as_nanos),
            line_max: reach.most,
            line_longest_ns: reach.longest.as_nanos(),
        })
        .collect()
}

fn refusals(world: &World<'_>, me: ComponentId) -> Vec<RefusalOutcome> {
    let all = world.recorder.reaches.refusals.iter();
    all.filter(|refusal| refusal.component == me)
        .map(|refusal| RefusalOutcome {
            reason: refusal.reason,
            first_ns: refusal.first.as_nanos(),
            count: refusal.count,
        })
        .collect()
}

fn counts(world: &World<'_>, me: ComponentId) -> Vec<FactCount> {
    let totals = world.recorder.counts(me);
    let windows = &world.recorder.count_windows[me as usize];
    FactKind::ALL
        .into_iter()
        .filter(|&fact| totals[fact as usize] > 0)
        .map(|fact| FactCount {
            fact,
            count: totals[fact as usize],
            windows: windows.iter().map(|window| window[fact as usize]).collect(),
        })
        .collect()
}

fn gauges(world: &World<'_>, me: ComponentId, now: SimTime) -> Vec<GaugeOutcome> {
    let mine = world.recorder.gauges.iter().filter(|gauge| gauge.component == me);
    mine.map(|gauge| GaugeOutcome {
        name: gauge.name.to_owned(),
        mean: gauge.value.mean(now),
        max: gauge.value.max(),
        max_at_ns: gauge.value.max_at().as_nanos(),
        last: gauge.value.value(),
        windows: gauge.windows.clone(),
    })
    .collect()
}

fn samples(world: &World<'_>) -> Vec<(ComponentId, SampleOutcome)> {
    let all = world.recorder.samples.iter();
    all.map(|samples| {
        let count = samples.histogram.count();
        let mean = |sum: u128| if count == 0 { 0.0 } else { sum as f64 / count as f64 };
        let outcome = SampleOutcome {
            name: samples.name.to_owned(),
            count,
            zeros: samples.histogram.count_at_most(0),
            mean_ns: mean(samples.histogram.sum()),
            mean_square_ns2: mean(samples.sum_of_squares),
            histogram: samples.histogram.clone(),
            windows: samples.windows.clone(),
        };
        (samples.component, outcome)
    })
    .collect()
}
