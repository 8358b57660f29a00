//! From facts to metrics: counters, the ledger, gauges, samples, their windows over time, and the
//! fingerprint. A recorder only listens: it can never change a run.

use serde::{Deserialize, Serialize};
use sim_core::observe::{Fingerprint, Histogram, TimeWeighted};
use sim_core::time::{SimDuration, SimTime};

use super::event::ComponentId;
use super::fate::{Fate, FateKind, Reason};
use super::reach::{LineId, Reaches};

/// What a component can say of a job: a closed list. The order is part of the fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum FactKind {
    /// An event entered the model (at its source).
    Born,
    /// A job came to a component.
    Offered,
    /// The component took it in.
    Admitted,
    /// A limit or a policy refused it.
    Refused,
    /// Service began (a call, a workflow, a publish).
    Started,
    /// Service ended well.
    Completed,
    /// Service ended badly.
    Failed,
    /// Its producer will try again.
    Retried,
    /// The bus handed it to a consumer for the first time.
    Delivered,
    /// The bus handed it to the same consumer again.
    Redelivered,
    /// A store took it in.
    Stored,
    /// A store gave it back to the pipeline.
    Drained,
    /// A trigger fired its action.
    Triggered,
    /// The same work was done twice.
    Duplicated,
    /// The event came to its end here.
    Ended,
}

impl FactKind {
    /// How many kinds there are.
    pub const COUNT: usize = 15;

    /// All kinds, for tables and journeys.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Born,
        Self::Offered,
        Self::Admitted,
        Self::Refused,
        Self::Started,
        Self::Completed,
        Self::Failed,
        Self::Retried,
        Self::Delivered,
        Self::Redelivered,
        Self::Stored,
        Self::Drained,
        Self::Triggered,
        Self::Duplicated,
        Self::Ended,
    ];

    /// The name used in journeys and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Born => "born",
            Self::Offered => "offered",
            Self::Admitted => "admitted",
            Self::Refused => "refused",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Retried => "retried",
            Self::Delivered => "delivered",
            Self::Redelivered => "redelivered",
            Self::Stored => "stored",
            Self::Drained => "drained",
            Self::Triggered => "triggered",
            Self::Duplicated => "duplicated",
            Self::Ended => "ended",
        }
    }
}

/// One fact, as journeys get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When.
    pub at: SimTime,
    /// What.
    pub kind: FactKind,
    /// Where: index of the component in [`crate::outcome::Outcome::components`].
    pub component: u16,
    /// Which event, by order of birth.
    pub event: u64,
    /// Why, for refusals and ends.
    pub reason: Reason,
}

/// Takes the facts of a run as they happen, e.g. to write journeys.
pub trait FactSink {
    /// One more fact, in order of time.
    fn fact(&mut self, fact: &Fact);
}

/// Handle of a gauge: a number that changes at instants (a depth, permits in use).
#[derive(Clone, Copy, Debug)]
pub(crate) struct GaugeId(u32);

/// Handle of a sample series: a number measured per job (a wait, an age).
#[derive(Clone, Copy, Debug)]
pub(crate) struct SampleId(u32);

/// How often one thing ended an event at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndCount {
    pub(crate) fate: Fate,
    pub(crate) events: u64,
}

/// A gauge with its name and its windows.
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    pub(crate) component: ComponentId,
    pub(crate) name: &'static str,
    pub(crate) value: TimeWeighted,
    /// At this value the limit on it is reached; `u64::MAX`: there is none, or it has been.
    brim: u64,
    limit: &'static str,
    /// One entry a window.
    pub(crate) windows: Vec<GaugeWindow>,
}

/// What a gauge did in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GaugeWindow {
    /// Time-weighted mean.
    pub mean: f64,
    /// Least value.
    pub min: u64,
    /// Greatest value.
    pub max: u64,
    /// Value at the window's end.
    pub last: u64,
}

/// Samples (nanoseconds) with their sums and their windows.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    pub(crate) component: ComponentId,
    pub(crate) name: &'static str,
    pub(crate) histogram: Histogram,
    /// Exact, so that order does not matter, unlike with floating point.
    pub(crate) sum_of_squares: u128,
    window: Histogram,
    pub(crate) windows: Vec<SampleWindow>,
}

/// What was sampled in one window, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleWindow {
    /// How many.
    pub count: u64,
    /// Mean, rounded down.
    pub mean_ns: u64,
    /// Median.
    pub p50_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// Greatest.
    pub max_ns: u64,
}

/// Counts of one component's facts in one window, by [`FactKind`].
pub(crate) type FactCounts = [u64; FactKind::COUNT];

/// Everything observed in a run.
pub(crate) struct Recorder<'s> {
    fingerprint: Fingerprint,
    counts: Vec<FactCounts>,
    counts_before: Vec<FactCounts>,
    pub(crate) count_windows: Vec<Vec<FactCounts>>,
    pub(crate) gauges: Vec<Gauge>,
    pub(crate) samples: Vec<Samples>,
    pub(crate) ends: Vec<EndCount>,
    pub(crate) reaches: Reaches,
    pub(crate) first_loss: Option<(SimTime, Fate)>,
    pub(crate) losses_in_window: Vec<u64>,
    losses: u64,
    losses_before: u64,
    sink: Option<&'s mut dyn FactSink>,
    window: SimDuration,
    window_end: SimTime,
}

impl<'s> Recorder<'s> {
    /// `window`: the width of one bin of every time series.
    pub(crate) fn new(
        components: usize,
        horizon: SimDuration,
        window: SimDuration,
        sink: Option<&'s mut dyn FactSink>,
    ) -> Self {
        assert!(!window.is_zero(), "a window of the time series has a length");
        Self {
            fingerprint: Fingerprint::new(),
            counts: vec![[0; FactKind::COUNT]; components],
            counts_before: vec![[0; FactKind::COUNT]; components],
            count_windows: vec![Vec::new(); components],
            gauges: Vec::new(),
            samples: Vec::new(),
            ends: Vec::new(),
            reaches: Reaches::new(horizon),
            first_loss: None,
            losses_in_window: Vec::new(),
            losses: 0,
            losses_before: 0,
            sink,
            window,
            window_end: SimTime::ZERO + window,
        }
    }

    pub(crate) fn new_gauge(&mut self, component: ComponentId, name: &'static str) -> GaugeId {
        self.gauges.push(Gauge {
            component,
            name,
            value: TimeWeighted::new(SimTime::ZERO),
            brim: u64::MAX,
            limit: "",
            windows: Vec::new(),
        });
        GaugeId((self.gauges.len() - 1) as u32)
    }

    pub(crate) fn new_samples(&mut self, component: ComponentId, name: &'static str) -> SampleId {
        self.samples.push(Samples {
            component,
            name,
            histogram: Histogram::new(),
            sum_of_squares: 0,
            window: Histogram::new(),
            windows: Vec::new(),
        });
        SampleId((self.samples.len() - 1) as u32)
    }

    #[inline(always)]
    pub(crate) fn fact(
        &mut self,
        at: SimTime,
        kind: FactKind,
        component: ComponentId,
        serial: u64,
        reason: Reason,
    ) {
        self.counts[component as usize][kind as usize] += 1;
        if kind == FactKind::Refused {
            self.reaches.refused(component, reason, at);
        }
        let what = (kind as u64) << 56 | (reason as u64) << 48 | u64::from(component);
        self.fingerprint.absorb(at.as_nanos(), what ^ serial.rotate_left(16));
        if self.sink.is_some() {
            self.tell_sink(&Fact { at, kind, component, event: serial, reason });
        }
    }

    #[cold]
    fn tell_sink(&mut self, fact: &Fact) {
        if let Some(sink) = &mut self.sink {
            sink.fact(fact);
        }
    }

    #[inline]
    pub(crate) fn set_gauge(&mut self, gauge: GaugeId, now: SimTime, value: u64) {
        let full = {
            let gauge = &mut self.gauges[gauge.0 as usize];
            gauge.value.set(now, value);
            value >= gauge.brim
        };
        if full {
            self.brimful(gauge, now);
        }
    }

    /// The gauge `name` of the component is full at `brim`: then `limit` is reached.
    pub(crate) fn watch(
        &mut self,
        component: ComponentId,
        name: &str,
        brim: u64,
        limit: &'static str,
    ) {
        let is = |gauge: &&mut Gauge| gauge.component == component && gauge.name == name;
        if let Some(gauge) = self.gauges.iter_mut().find(is) {
            (gauge.brim, gauge.limit) = (brim, limit);
        }
    }

    #[cold]
    fn brimful(&mut self, gauge: GaugeId, now: SimTime) {
        let gauge = &mut self.gauges[gauge.0 as usize];
        gauge.brim = u64::MAX;
        let (component, limit) = (gauge.component, gauge.limit);
        self.reaches.reached(component, limit, now);
    }

    /// A line of those who wait for the component's `limit`.
    pub(crate) fn new_line(&mut self, component: ComponentId, limit: &str) -> LineId {
        self.reaches.new_line(component, limit)
    }

    /// So many wait in the line from now on.
    #[inline]
    pub(crate) fn set_line(&mut self, line: LineId, now: SimTime, waiting: u64) {
        self.reaches.line(line, now, waiting);
    }

    /// What holds the line up is `limit` of `component` from now on.
    pub(crate) fn aim(&mut self, line: LineId, now: SimTime, at: ComponentId, limit: &str) {
        self.reaches.aim(line, now, at, limit);
    }

    #[inline(always)]
    pub(crate) fn sample(&mut self, samples: SampleId, value: SimDuration) {
        let samples = &mut self.samples[samples.0 as usize];
        let nanos = value.as_nanos();
        samples.window.record(nanos);
        samples.sum_of_squares += u128::from(nanos) * u128::from(nanos);
    }

    /// Writes an event's end into the ledger.
    #[inline(always)]
    pub(crate) fn end(&mut self, at: SimTime, fate: Fate) {
        if fate.kind == FateKind::Dropped {
            self.losses += 1;
            if self.first_loss.is_none() {
                self.first_loss = Some((at, fate));
            }
        }
        match self.ends.iter_mut().find(|end| end.fate == fate) {
            Some(end) => end.events += 1,
            None => self.ends.push(EndCount { fate, events: 1 }),
        }
    }

    /// The width of a window.
    pub(crate) fn window(&self) -> SimDuration {
        self.window
    }

    /// The end of the present window: the engine closes it before it dispatches anything at or after.
    pub(crate) fn window_end(&self) -> SimTime {
        self.window_end
    }

    /// Closes the present window and opens the next.
    pub(crate) fn close_window(&mut self) {
        let end = self.window_end;
        for gauge in &mut self.gauges {
            let window = gauge.value.take_window(end);
            gauge.windows.push(GaugeWindow {
                mean: window.mean,
                min: window.min,
                max: window.max,
                last: window.last,
            });
        }
        self.samples.iter_mut().for_each(Samples::close_window);
        let totals = self.counts.iter().zip(&mut self.counts_before);
        for ((counts, before), windows) in totals.zip(&mut self.count_windows) {
            windows.push(std::array::from_fn(|kind| counts[kind] - before[kind]));
            *before = *counts;
        }
        self.losses_in_window.push(self.losses - self.losses_before);
        self.losses_before = self.losses;
        self.window_end = end + self.window;
    }

    /// Forgets gauges' and samples' past (not counts, not the ledger): the warm-up is over.
    pub(crate) fn forget_warm_up(&mut self, now: SimTime) {
        for gauge in &mut self.gauges {
            gauge.value.reset(now);
        }
        for samples in &mut self.samples {
            samples.histogram = Histogram::new();
            samples.window = Histogram::new();
            samples.sum_of_squares = 0;
        }
    }

    /// Counts of a component's facts over the whole run.
    pub(crate) fn counts(&self, component: ComponentId) -> &FactCounts {
        &self.counts[component as usize]
    }

    pub(crate) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(crate) fn absorb(&mut self, first: u64, second: u64) {
        self.fingerprint.absorb(first, second);
    }

    /// Moves the open window's samples into the whole, and looks at the lines that are still there.
    pub(crate) fn finish(&mut self, now: SimTime) {
        self.reaches.finish(now);
        for samples in &mut self.samples {
            samples.histogram.merge(&samples.window);
            samples.window = Histogram::new();
        }
    }
}

impl Samples {
    fn close_window(&mut self) {
        let count = self.window.count();
        let [p50_ns, p99_ns] = self.window.quantiles([0.50, 0.99]);
        self.windows.push(SampleWindow {
            count,
            // The mean as everywhere, from the exact sum.
            mean_ns: if count == 0 { 0 } else { (self.window.sum() as f64 / count as f64) as u64 },
            p50_ns,
            p99_ns,
            max_ns: self.window.max(),
        });
        if count > 0 {
            self.histogram.merge(&self.window);
            self.window.clear();
        }
    }
}
