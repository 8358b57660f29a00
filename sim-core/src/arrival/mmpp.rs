//! Markov-modulated Poisson: the rate jumps between states that last for exponential times.
//!
//! In a state, arrival and change of state are competing exponentials: one draw says when the first
//! of them comes, another which it is. Reference: W. Fischer and K. Meier-Hellstern, "The
//! Markov-modulated Poisson process cookbook" (1993).

use super::clock::{Clock, SECOND};
use super::{Arrival, ArrivalError, CHANGES_MAX, Process, RATE_MAX};
use crate::dist::error::Checks;
use crate::dist::standard_exponential;
use crate::random::{Random, Stream};
use crate::time::SimDuration;

const STATES_MAX: usize = 64;

/// How far a row of probabilities may be from adding up to one.
const SUM_TOLERANCE: f64 = 1e-9;

#[derive(Clone, Debug)]
pub(super) struct Mmpp {
    states: Vec<State>,
    current: usize,
    clock: Clock,
    mean_rate_per_s: f64,
}

#[derive(Clone, Debug)]
struct State {
    rate_per_s: f64,
    /// Until an arrival or a change, whichever is first.
    mean_gap_ns: f64,
    /// That the arrival is first.
    arrival: f64,
    /// The probability that the next state is this one or one before.
    cumulative: Vec<f64>,
}

impl Mmpp {
    pub(super) fn cyclic(rates: &[f64], sojourns: &[SimDuration]) -> Result<Self, ArrivalError> {
        let states = rates.len().min(STATES_MAX);
        let row =
            |i: usize| (0..states).map(move |j| if j == (i + 1) % states { 1.0 } else { 0.0 });
        let transitions: Vec<Vec<f64>> = (0..states).map(|i| row(i).collect()).collect();
        Self::new(rates, sojourns, &transitions)
    }

    pub(super) fn new(
        rates: &[f64],
        sojourns: &[SimDuration],
        transitions: &[Vec<f64>],
    ) -> Result<Self, ArrivalError> {
        let mut checks = Checks::of("mmpp");
        check_states(&mut checks, rates, sojourns);
        check_transitions(&mut checks, rates.len(), transitions);
        checks.give(|| ())?;

        let time = stationary(sojourns, transitions);
        let mean_rate_per_s: f64 = time.iter().zip(rates).map(|(share, rate)| share * rate).sum();
        let change = |(share, sojourn): (&f64, &SimDuration)| share / sojourn.as_secs_f64();
        let changes_per_s: f64 = time.iter().zip(sojourns).map(change).sum();
        let mut checks = Checks::of("mmpp");
        if mean_rate_per_s > 0.0 && changes_per_s > CHANGES_MAX * mean_rate_per_s {
            let changes = changes_per_s / mean_rate_per_s;
            checks.refuse("changes of state between two arrivals", changes, "at most 1e6");
        }
        let states = rates.iter().zip(sojourns).zip(transitions);
        let states = states.map(|((&rate, &sojourn), row)| State::new(rate, sojourn, row));
        checks.give(|| Self {
            states: states.collect(),
            current: 0,
            clock: Clock::default(),
            mean_rate_per_s,
        })
    }
}

impl State {
    fn new(rate_per_s: f64, sojourn: SimDuration, row: &[f64]) -> Self {
        let events_per_s = rate_per_s + 1.0 / sojourn.as_secs_f64();
        let mut sum = 0.0;
        let add = |probability: &f64| {
            sum += probability;
            sum
        };
        Self {
            rate_per_s,
            mean_gap_ns: SECOND / events_per_s,
            arrival: rate_per_s / events_per_s,
            cumulative: row.iter().map(add).collect(),
        }
    }

    /// The state after this one. Never one with probability zero, also when rounding would.
    fn next(&self, rng: &mut Stream) -> usize {
        let total = self.cumulative[self.cumulative.len() - 1];
        let u = (rng.unit() * total).min(total.next_down());
        self.cumulative.partition_point(|&cumulative| cumulative <= u)
    }
}

fn check_states(checks: &mut Checks, rates: &[f64], sojourns: &[SimDuration]) {
    checks.entries("states", rates.len(), STATES_MAX);
    if rates.len() != sojourns.len() {
        let expected = format!("as many as rates, which are {}", rates.len());
        checks.refuse("mean_sojourn", sojourns.len(), &expected);
    }
    for (index, &rate) in rates.iter().enumerate().take(STATES_MAX) {
        checks.within(&format!("rates_per_s[{index}]"), rate, 0.0, RATE_MAX);
    }
    for (index, sojourn) in sojourns.iter().enumerate().take(STATES_MAX) {
        if sojourn.is_zero() {
            checks.refuse(&format!("mean_sojourn[{index}]"), sojourn, "longer than zero");
        }
    }
}

fn check_transitions(checks: &mut Checks, states: usize, transitions: &[Vec<f64>]) {
    if states > STATES_MAX {
        return;
    }
    if transitions.len() != states || transitions.iter().any(|row| row.len() != states) {
        let expected = format!("{states} rows of {states} probabilities");
        return checks.refuse("transitions", "another shape", &expected);
    }
    for (i, row) in transitions.iter().enumerate() {
        for (j, &probability) in row.iter().enumerate() {
            checks.within(&format!("transitions[{i}][{j}]"), probability, 0.0, 1.0);
        }
        let sum: f64 = row.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            checks.refuse(&format!("sum of transitions[{i}]"), sum, "1");
        }
    }
    let forward = reached(states, |from, to| transitions[from][to] > 0.0);
    let backward = reached(states, |from, to| transitions[to][from] > 0.0);
    for state in 0..states {
        if !forward[state] || !backward[state] {
            let expected = "reachable from every state, and every state from it";
            checks.refuse("states", format!("state {state}"), expected);
        }
    }
}

/// Which states can be reached from the first one.
fn reached(states: usize, leads: impl Fn(usize, usize) -> bool) -> Vec<bool> {
    let mut reached = vec![false; states];
    let mut open = vec![0];
    while let Some(from) = open.pop() {
        if states == 0 || std::mem::replace(&mut reached[from], true) {
            continue;
        }
        open.extend((0..states).filter(|&to| leads(from, to)));
    }
    reached
}

/// The long-run share of time in each state: the stationary law of the jumps by the elimination of
/// Grassmann, Taksar and Heyman (1985), which subtracts nothing, weighted by the sojourns.
fn stationary(sojourns: &[SimDuration], transitions: &[Vec<f64>]) -> Vec<f64> {
    let mut p = transitions.to_vec();
    for last in (1..p.len()).rev() {
        let out: f64 = p[last][..last].iter().sum();
        for i in 0..last {
            p[i][last] /= out;
            for j in 0..last {
                p[i][j] += p[i][last] * p[last][j];
            }
        }
    }
    let mut jumps = vec![1.0];
    while jumps.len() < p.len() {
        let into = jumps.iter().zip(&p).map(|(share, row)| share * row[jumps.len()]);
        jumps.push(into.sum());
    }
    let time = jumps.iter().zip(sojourns).map(|(share, sojourn)| share * sojourn.as_secs_f64());
    let time: Vec<f64> = time.collect();
    let total: f64 = time.iter().sum();
    time.into_iter().map(|share| share / total).collect()
}

impl Process for Mmpp {
    fn advance(&mut self, rng: &mut Stream) -> Option<Arrival> {
        if self.mean_rate_per_s <= 0.0 {
            return None;
        }
        loop {
            let state = &self.states[self.current];
            self.clock.advance(standard_exponential(rng) * state.mean_gap_ns);
            let at = self.clock.at()?;
            if rng.chance(state.arrival) {
                return Some(Arrival::one(at));
            }
            self.current = state.next(rng);
        }
    }

    fn mean_rate_per_s(&self, _: SimDuration) -> f64 {
        self.mean_rate_per_s
    }

    fn peak_rate_per_s(&self) -> f64 {
        self.states.iter().map(|state| state.rate_per_s).fold(0.0, f64::max)
    }
}
