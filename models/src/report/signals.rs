//! The four signals that an operator of an event pipeline watches, each with its warning:
//!
//! | signal | warning |
//! |---|---|
//! | depth of a bus | consistently near `max_msgs` |
//! | processing latency of a sensor | increasing over time |
//! | pending workflows | growing |
//! | event age | minutes in the queue |
//!
//! Where a model has several buses (sensors ...), the one that is worst off speaks for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::Limit;
use super::text::number;
use crate::outcome::{ComponentOutcome, Outcome};

/// At least this share of the limit is "near" it ...
const NEAR_SHARE: f64 = 0.9;
/// ... and in at least this share of the time is "consistently".
const NEAR_TIME: f64 = 0.1;
/// The last third must exceed the first by this factor to count as growing.
const GROWTH: f64 = 1.5;
/// A peak exceeds the means of the first and the last third by this factor.
const PEAK: f64 = 2.0;
/// A latency that grew by less than this, in seconds, did not grow.
const LATENCY_GROWTH_S: f64 = 0.1;
/// A backlog that grew by less than this did not grow.
const PENDING_GROWTH: f64 = 2.0;
/// An age of so many seconds is "minutes in the queue".
const OLD_S: f64 = 60.0;
const NS_PER_S: f64 = 1e9;

/// Which of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// Messages in the bus.
    BusDepth,
    /// From a message's delivery to a sensor until its trigger has fired.
    SensorLatency,
    /// Workflows that wait to run, or workflows and nodes that wait for locks if they are more; where a model
    /// has none, jobs that wait at its busiest station.
    Pending,
    /// From an event's birth until its work was done.
    EventAge,
}

/// One of the four signals over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Which.
    pub signal: SignalKind,
    /// The component that it was read at; empty for the whole model.
    pub component: String,
    /// `events` or `s`.
    pub unit: String,
    /// The limit on it, in its unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// The lowest value.
    pub min: f64,
    /// The highest value.
    pub max: f64,
    /// Mean over the first third of the run.
    pub first_third: f64,
    /// Mean over the last third of the run.
    pub last_third: f64,
    /// What is alarming about it, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The value in each window of the run (`provenance.window_s` wide): a depth's mean, a latency's
    /// or an age's 99th percentile, averaged over replications. `null`: nothing was measured.
    pub course: Vec<Option<f64>>,
}

/// The signals that the model has, in the order of [`SignalKind`].
pub(crate) fn signals(outcomes: &[Outcome], limits: &[Limit]) -> Vec<Signal> {
    [
        bus_depth(outcomes, limits),
        sensor_latency(outcomes),
        pending(outcomes, limits),
        event_age(outcomes),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn bus_depth(outcomes: &[Outcome], limits: &[Limit]) -> Option<Signal> {
    let limit_of = |component: &str| {
        let limit = |limit: &&Limit| limit.component == component && limit.name == "max_msgs";
        limits.iter().find(limit).map(|limit| limit.value)
    };
    let buses = gauges(outcomes, SignalKind::BusDepth, "EventBus", "depth");
    let mut signal = buses
        .map(|signal| Signal { limit: limit_of(&signal.component), ..signal })
        .max_by(|a, b| fullness(a).total_cmp(&fullness(b)))?;
    let near = signal.limit.map(|limit| share_at_least(&signal.course, limit * NEAR_SHARE));
    signal.warning = near.filter(|&share| share > 0.0).map(|share| {
        let how = if share >= NEAR_TIME { "consistently near" } else { "for a while near" };
        format!("{how} max_msgs: at least 90 % of it for {} of the time", number::share(share))
    });
    Some(signal)
}

/// How full, first by the limit, without one by depth.
fn fullness(signal: &Signal) -> f64 {
    signal.max / signal.limit.unwrap_or(f64::MAX)
}

fn sensor_latency(outcomes: &[Outcome]) -> Option<Signal> {
    let mut signal = samples(outcomes, SignalKind::SensorLatency, "Trigger", "latency")
        .max_by(|a, b| a.max.total_cmp(&b.max))?;
    signal.warning = trend(&signal, LATENCY_GROWTH_S).map(|trend| match trend {
        Trend::Up => "increasing over time".to_owned(),
        Trend::UpAndDown => format!("rose to {}, then fell", number::duration(signal.max)),
    });
    Some(signal)
}

fn pending(outcomes: &[Outcome], limits: &[Limit]) -> Option<Signal> {
    let worst = |kind, gauge| {
        gauges(outcomes, SignalKind::Pending, kind, gauge).max_by(|a, b| a.max.total_cmp(&b.max))
    };
    // Who waits for a lock of a node is Running for the controller, and waits all the same.
    let gauges = ["waiting_for_locks", "pending"];
    let workflows = gauges
        .into_iter()
        .filter_map(|gauge| Some((worst("Workflow", gauge)?, gauge)))
        .reduce(|a, b| if b.0.max >= a.0.max { b } else { a });
    let (mut signal, gauge) =
        workflows.or_else(|| worst("Station", "depth").map(|signal| (signal, "depth")))?;
    signal.limit = limits
        .iter()
        .find(|limit| limit.component == signal.component && limit.gauge == Some(gauge))
        .map(|limit| limit.value);
    signal.warning = trend(&signal, PENDING_GROWTH).map(|trend| match trend {
        Trend::Up => "growing".to_owned(),
        Trend::UpAndDown => format!("grew to {}, then shrank", number::count(signal.max)),
    });
    Some(signal)
}

fn event_age(outcomes: &[Outcome]) -> Option<Signal> {
    let course = averaged(outcomes, |outcome| Some(ages(&outcome.age.windows)));
    let mut signal = Signal::new(SignalKind::EventAge, "", "s", course);
    let old = share_at_least(&signal.course, OLD_S);
    if old > 0.0 {
        signal.warning = Some("minutes in the queue".to_owned());
    }
    Some(signal)
}

impl Signal {
    fn new(signal: SignalKind, component: &str, unit: &str, course: Vec<Option<f64>>) -> Self {
        let third = course.len().div_ceil(3);
        let (first, last) = (&course[..third], &course[course.len() - third..]);
        let values = || course.iter().copied().flatten();
        Self {
            signal,
            component: component.to_owned(),
            unit: unit.to_owned(),
            limit: None,
            min: values().reduce(f64::min).unwrap_or(0.0),
            max: values().reduce(f64::max).unwrap_or(0.0),
            first_third: mean(first),
            last_third: mean(last),
            warning: None,
            course,
        }
    }
}

fn mean(values: &[Option<f64>]) -> f64 {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    if known.is_empty() { 0.0 } else { known.iter().sum::<f64>() / known.len() as f64 }
}

fn share_at_least(course: &[Option<f64>], level: f64) -> f64 {
    let reached = course.iter().flatten().filter(|&&value| value >= level).count();
    reached as f64 / course.len().max(1) as f64
}

/// How a signal moved, if that is worth a warning.
enum Trend {
    /// It is higher in the end than in the beginning.
    Up,
    /// It was much higher in between.
    UpAndDown,
}

/// `least`: a growth below this, in the signal's unit, is none; between beginning and end ten times as
/// much, because a maximum is always above the means.
fn trend(signal: &Signal, least: f64) -> Option<Trend> {
    let (first, last) = (signal.first_third, signal.last_third);
    // What comes back to where it was has not grown.
    let third = signal.course.len().div_ceil(3);
    let tail = signal.course[signal.course.len() - third..].iter().copied().flatten();
    let stays_up = tail.fold(f64::INFINITY, f64::min) > first;
    if stays_up && last - first > least && last > first * GROWTH {
        return Some(Trend::Up);
    }
    let base = first.max(last);
    let course = signal.course.iter().copied().flatten().fold(0.0, f64::max);
    (course - base > least * 10.0 && course > base * PEAK).then_some(Trend::UpAndDown)
}

/// The names of the components of a kind.
fn of_kind<'a>(outcomes: &'a [Outcome], kind: &'a str) -> impl Iterator<Item = &'a str> {
    let components = outcomes.first().map(|outcome| outcome.components.as_slice());
    let of_kind = move |component: &&ComponentOutcome| component.kind == kind;
    components.unwrap_or_default().iter().filter(of_kind).map(|component| component.name.as_str())
}

fn gauges<'a>(
    outcomes: &'a [Outcome],
    signal: SignalKind,
    kind: &'a str,
    gauge: &'a str,
) -> impl Iterator<Item = Signal> + 'a {
    of_kind(outcomes, kind).map(move |name| {
        let course = averaged(outcomes, |outcome| {
            let gauge = outcome.component(name)?.gauge(gauge)?;
            Some(gauge.windows.iter().map(|window| Some(window.mean)).collect())
        });
        let mut signal = Signal::new(signal, name, "events", course);
        // The extremes are not those of windows' means: a short peak counts.
        let windows = |outcome: &'a Outcome| {
            outcome.component(name).and_then(|component| component.gauge(gauge))
        };
        let extremes = outcomes.iter().filter_map(windows).flat_map(|gauge| &gauge.windows);
        let (least, most) = extremes.fold((u64::MAX, 0), |(least, most), window| {
            (least.min(window.min), most.max(window.max))
        });
        signal.min = least.min(most) as f64;
        signal.max = most as f64;
        signal
    })
}

fn samples<'a>(
    outcomes: &'a [Outcome],
    signal: SignalKind,
    kind: &'a str,
    sample: &'a str,
) -> impl Iterator<Item = Signal> + 'a {
    of_kind(outcomes, kind).map(move |name| {
        let course = averaged(outcomes, |outcome| {
            Some(ages(&outcome.component(name)?.sample(sample)?.windows))
        });
        Signal::new(signal, name, "s", course)
    })
}

fn ages(windows: &[crate::SampleWindow]) -> Vec<Option<f64>> {
    let age = |window: &crate::SampleWindow| {
        (window.count > 0).then_some(window.p99_ns as f64 / NS_PER_S)
    };
    windows.iter().map(age).collect()
}

/// The mean of the outcomes' courses, window by window, over those that know a value.
fn averaged(
    outcomes: &[Outcome],
    course: impl Fn(&Outcome) -> Option<Vec<Option<f64>>>,
) -> Vec<Option<f64>> {
    let courses: Vec<Vec<Option<f64>>> = outcomes.iter().filter_map(course).collect();
    let windows = courses.iter().map(Vec::len).max().unwrap_or(0);
    let at = |window: usize| {
        let known = || courses.iter().filter_map(|course| course.get(window).copied().flatten());
        let count = known().count();
        (count > 0).then(|| known().sum::<f64>() / count as f64)
    };
    (0..windows).map(at).collect()
}
