//! Figures that the outcome does not hold, from the facts of a run.

use std::collections::BTreeMap;

use models::{Fact, FactKind, FactSink, Reason};
use sim_core::observe::Moments;
use sim_core::time::{SimDuration, SimTime};

use super::case::Watch;

/// Mean waits by source, seconds: from the birth of an event to its service at the only station. The
/// sources are the first components of the model.
pub(super) struct WaitsOfSources {
    from: SimTime,
    waiting: BTreeMap<u64, (u16, SimTime)>,
    waits: Vec<Moments>,
}

impl WaitsOfSources {
    /// Waits that end before `warm_up_s` are not counted.
    pub(super) fn new(sources: usize, warm_up_s: u64) -> Self {
        let from = SimTime::ZERO + SimDuration::from_secs(warm_up_s);
        Self { from, waiting: BTreeMap::new(), waits: vec![Moments::new(); sources] }
    }
}

impl FactSink for WaitsOfSources {
    fn fact(&mut self, fact: &Fact) {
        match fact.kind {
            FactKind::Born => {
                self.waiting.insert(fact.event, (fact.component, fact.at));
            }
            FactKind::Started => {
                let (source, since) = self.waiting.remove(&fact.event).expect("it was born");
                if fact.at >= self.from {
                    let wait = fact.at.since(since).as_secs_f64();
                    self.waits[usize::from(source)].push(wait);
                }
            }
            _ => {}
        }
    }
}

impl Watch for WaitsOfSources {
    fn values(&self) -> Vec<f64> {
        self.waits.iter().map(Moments::mean).collect()
    }
}

/// Mean numbers of events in the model at fixed times after the beginning of every period. Arrivals
/// that pause at the end of a period make of one run many that begin empty.
pub(super) struct Snapshots {
    period: SimDuration,
    after: Vec<SimDuration>,
    /// The next snapshot: which, and when.
    next: (usize, SimTime),
    begin: SimTime,
    present: u64,
    counts: Vec<Moments>,
}

impl Snapshots {
    pub(super) fn new(period_s: u64, after_s: &[u64]) -> Self {
        let after: Vec<SimDuration> =
            after_s.iter().map(|&seconds| SimDuration::from_secs(seconds)).collect();
        let begin = SimTime::ZERO;
        Self {
            period: SimDuration::from_secs(period_s),
            next: (0, begin + after[0]),
            begin,
            present: 0,
            counts: vec![Moments::new(); after.len()],
            after,
        }
    }

    fn advance(&mut self, now: SimTime) {
        while self.next.1 < now {
            self.counts[self.next.0].push(self.present as f64);
            let mut which = self.next.0 + 1;
            if which == self.after.len() {
                which = 0;
                self.begin += self.period;
            }
            self.next = (which, self.begin + self.after[which]);
        }
    }
}

impl FactSink for Snapshots {
    fn fact(&mut self, fact: &Fact) {
        self.advance(fact.at);
        match fact.kind {
            FactKind::Born => self.present += 1,
            FactKind::Ended => self.present -= 1,
            _ => {}
        }
    }
}

impl Watch for Snapshots {
    fn values(&self) -> Vec<f64> {
        self.counts.iter().map(Moments::mean).collect()
    }
}

/// Share of ended events that were lost.
#[derive(Default)]
pub(super) struct GivenUp {
    lost: u64,
    ended: u64,
}

impl FactSink for GivenUp {
    fn fact(&mut self, fact: &Fact) {
        if fact.kind == FactKind::Ended {
            self.ended += 1;
            self.lost += u64::from(fact.reason != Reason::None);
        }
    }
}

impl Watch for GivenUp {
    fn values(&self) -> Vec<f64> {
        vec![self.lost as f64 / self.ended as f64]
    }
}

/// Share of ended events whose work was done.
#[derive(Default)]
pub(super) struct Succeeded(GivenUp);

impl FactSink for Succeeded {
    fn fact(&mut self, fact: &Fact) {
        self.0.fact(fact);
    }
}

impl Watch for Succeeded {
    fn values(&self) -> Vec<f64> {
        vec![1.0 - self.0.values()[0]]
    }
}

/// What arrivals find. Poisson arrivals see time averages (Wolff 1982): the share of them that finds a
/// state is the probability of the state.
pub(super) struct SeenByArrivals {
    from: SimTime,
    at_least: u64,
    present: u64,
    newest: Option<(u64, SimTime)>,
    arrivals: u64,
    found: [u64; 4],
}

/// Places of [`SeenByArrivals`]' values: shares of arrivals.
pub(super) mod seen {
    /// That find at least so many events in the model.
    pub(in super::super) const AT_LEAST: usize = 0;
    /// That find the model empty.
    pub(in super::super) const NOBODY: usize = 1;
    /// That are refused at once.
    pub(in super::super) const REFUSED: usize = 2;
    /// That are not served at once.
    pub(in super::super) const WAITING: usize = 3;
}

impl SeenByArrivals {
    /// Arrivals before `warm_up_s` are not counted.
    pub(super) fn new(at_least: u64, warm_up_s: f64) -> Self {
        Self {
            from: SimTime::ZERO + SimDuration::from_secs_f64(warm_up_s),
            at_least,
            present: 0,
            newest: None,
            arrivals: 0,
            found: [0; 4],
        }
    }

    fn born(&mut self, fact: &Fact) {
        self.newest = None;
        if fact.at >= self.from {
            self.newest = Some((fact.event, fact.at));
            self.arrivals += 1;
            self.found[seen::AT_LEAST] += u64::from(self.present >= self.at_least);
            self.found[seen::NOBODY] += u64::from(self.present == 0);
            // Until it is seen to begin.
            self.found[seen::WAITING] += 1;
        }
        self.present += 1;
    }
}

impl FactSink for SeenByArrivals {
    fn fact(&mut self, fact: &Fact) {
        let is_newest = self.newest == Some((fact.event, fact.at));
        match fact.kind {
            FactKind::Born => self.born(fact),
            FactKind::Ended => self.present -= 1,
            FactKind::Refused if is_newest => {
                self.newest = None;
                self.found[seen::REFUSED] += 1;
            }
            FactKind::Started if is_newest => {
                self.newest = None;
                self.found[seen::WAITING] -= 1;
            }
            _ => {}
        }
    }
}

impl Watch for SeenByArrivals {
    fn values(&self) -> Vec<f64> {
        self.found.iter().map(|&found| found as f64 / self.arrivals as f64).collect()
    }
}

/// Mean time from birth to end, seconds, of events that are lost.
#[derive(Default)]
pub(super) struct LivesOfTheLost {
    born: BTreeMap<u64, SimTime>,
    lives: Moments,
}

impl FactSink for LivesOfTheLost {
    fn fact(&mut self, fact: &Fact) {
        match fact.kind {
            FactKind::Born => {
                self.born.insert(fact.event, fact.at);
            }
            FactKind::Ended => {
                let born = self.born.remove(&fact.event).expect("it was born");
                self.lives.push(fact.at.since(born).as_secs_f64());
            }
            _ => {}
        }
    }
}

impl Watch for LivesOfTheLost {
    fn values(&self) -> Vec<f64> {
        vec![self.lives.mean()]
    }
}
