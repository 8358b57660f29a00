//! Several processes at once.

use super::{Arrival, ArrivalProcess, Process};
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

#[derive(Clone, Debug)]
pub(super) struct Superposition {
    members: Vec<Member>,
}

#[derive(Clone, Debug)]
struct Member {
    process: ArrivalProcess,
    /// Its own stream; none before the first arrival was asked for.
    rng: Option<Box<Stream>>,
    head: Option<Arrival>,
}

impl Member {
    fn advance(&mut self) {
        self.head = match &mut self.rng {
            Some(rng) => self.process.0.advance(rng),
            None => None,
        };
    }
}

impl Superposition {
    pub(super) fn new(processes: Vec<ArrivalProcess>) -> Self {
        let member = |process| Member { process, rng: None, head: None };
        Self { members: processes.into_iter().map(member).collect() }
    }
}

impl Process for Superposition {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        for (child, member) in (0..).zip(&mut self.members) {
            if member.rng.is_none() {
                member.rng = Some(Box::new(rng.split(child)));
                member.advance();
            }
        }
        // `min_by_key` takes the first of equals: the order of the list.
        let pending = self.members.iter_mut().filter_map(|member| Some((member.head?, member)));
        let (arrival, member) = pending.min_by_key(|(arrival, _)| arrival.at)?;
        member.advance();
        Some(arrival)
    }

    fn mean_rate_per_s(&self, horizon: SimDuration) -> f64 {
        self.members.iter().map(|member| member.process.mean_rate_per_s(horizon)).sum()
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.members.iter().map(|member| member.process.peak_rate_per_s()).sum()
    }

    fn peak_rate_within(&self, horizon: SimDuration) -> f64 {
        self.members.iter().map(|member| member.process.peak_rate_within(horizon)).sum()
    }

    fn at_once(&self, horizon: SimDuration) -> f64 {
        self.members.iter().map(|member| member.process.at_once(horizon)).fold(1.0, f64::max)
    }

    /// The window of the member whose peak stands out most above its own mean.
    fn peak_window(&self, horizon: SimDuration) -> Option<(SimTime, SimTime)> {
        let excess = |process: &ArrivalProcess| {
            process.peak_rate_within(horizon) - process.mean_rate_per_s(horizon)
        };
        let windows = self.members.iter().filter_map(|member| {
            Some((excess(&member.process), member.process.peak_window(horizon)?))
        });
        windows.reduce(|a, b| if b.0 > a.0 { b } else { a }).map(|(_, window)| window)
    }
}
