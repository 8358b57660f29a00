//! A circuit breaker: calls nobody while most calls fail (Nygard, "Release It!", 2007).

use super::Outcome;
use super::window::Window;
use crate::time::{SimDuration, SimTime};

const SUCCESSES: usize = 0;
const FAILURES: usize = 1;

/// The settings of a [`Breaker`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// Over how long outcomes are counted; it moves on in ten steps.
    pub window: SimDuration,
    /// Fewer outcomes than this in the window never open it.
    pub calls_min: u64,
    /// It opens when at least this part of them failed, between 0 and 1.
    pub failure_ratio: f64,
    /// How long it stays open before it tries again.
    pub open_for: SimDuration,
    /// Half open, it lets this many calls through, and closes when all of them succeeded.
    pub probes: u32,
}

/// What a [`Breaker`] does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// All go.
    Closed,
    /// None goes.
    Open,
    /// A few go, to see whether it is over.
    HalfOpen,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: SimTime },
    HalfOpen { admitted: u32, succeeded: u32 },
}

/// Closed, it counts outcomes over a window and opens when too many fail. Open, it admits nothing
/// for a while and does not listen to late outcomes. Then, half open, it admits `probes` calls: when
/// all succeed it closes with an empty window, at the first failure it opens again.
///
/// A late outcome of a call made before it opened is taken for a probe's when it comes half open: the
/// machine does not know calls apart.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    window: Window<2>,
    state: State,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, window: Window::new(settings.window), state: State::Closed }
    }

    /// Whether a call may go now; a probe is counted as gone.
    pub fn admits(&mut self, now: SimTime) -> bool {
        self.half_open_when_due(now);
        match &mut self.state {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen { admitted, .. } => {
                let admits = *admitted < self.settings.probes;
                *admitted += u32::from(admits);
                admits
            }
        }
    }

    /// Learns how a call ended.
    pub fn on_outcome(&mut self, now: SimTime, outcome: Outcome) {
        self.half_open_when_due(now);
        let success = outcome == Outcome::Success;
        match &mut self.state {
            State::Closed => {
                self.window.count(now, if success { SUCCESSES } else { FAILURES });
                if self.too_many_failed(now) {
                    self.open(now);
                }
            }
            State::Open { .. } => {}
            State::HalfOpen { .. } if !success => self.open(now),
            State::HalfOpen { succeeded, .. } => {
                *succeeded += 1;
                if *succeeded >= self.settings.probes {
                    self.window.clear();
                    self.state = State::Closed;
                }
            }
        }
    }

    /// What it does with calls at `now`.
    #[must_use]
    pub fn state(&self, now: SimTime) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// When an open breaker tries again.
    #[must_use]
    pub fn open_until(&self) -> Option<SimTime> {
        match self.state {
            State::Open { until } => Some(until),
            State::Closed | State::HalfOpen { .. } => None,
        }
    }

    fn half_open_when_due(&mut self, now: SimTime) {
        if self.open_until().is_some_and(|until| now >= until) {
            self.state = State::HalfOpen { admitted: 0, succeeded: 0 };
        }
    }

    fn too_many_failed(&mut self, now: SimTime) -> bool {
        let [successes, failures] = self.window.sums(now);
        let calls = successes + failures;
        calls >= self.settings.calls_min.max(1)
            && failures as f64 >= self.settings.failure_ratio * calls as f64
    }

    fn open(&mut self, now: SimTime) {
        self.state = State::Open { until: now + self.settings.open_for };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings {
        window: SimDuration::from_secs(10),
        calls_min: 4,
        failure_ratio: 0.5,
        open_for: SimDuration::from_secs(5),
        probes: 2,
    };

    fn at(second: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(second)
    }

    #[test]
    fn opens_probes_and_closes() {
        use BreakerState::{Closed, HalfOpen, Open};
        use Outcome::{Dropped, Success, Timeout};
        let mut breaker = Breaker::new(SETTINGS);
        // (second, outcome, state after it)
        let table = [
            (0, Dropped, Closed),
            (0, Timeout, Closed),
            (1, Success, Closed),
            (1, Success, Open),
            // Late, not listened to.
            (3, Success, Open),
            // Half open: one failure opens it again.
            (6, Success, HalfOpen),
            (6, Dropped, Open),
            (11, Success, HalfOpen),
            (11, Success, Closed),
            // The failures before are forgotten.
            (11, Dropped, Closed),
        ];
        for (row, (second, outcome, expected)) in table.into_iter().enumerate() {
            breaker.on_outcome(at(second), outcome);
            assert_eq!(breaker.state(at(second)), expected, "row {row}");
        }
    }

    #[test]
    fn admits_all_none_or_the_probes() {
        let mut breaker = Breaker::new(SETTINGS);
        let admitted =
            |breaker: &mut Breaker, second| (0..10).filter(|_| breaker.admits(at(second))).count();
        assert_eq!(admitted(&mut breaker, 0), 10);
        (0..4).for_each(|_| breaker.on_outcome(at(0), Outcome::Dropped));
        assert_eq!(breaker.open_until(), Some(at(5)));
        assert_eq!((admitted(&mut breaker, 0), admitted(&mut breaker, 4)), (0, 0));
        assert_eq!((admitted(&mut breaker, 5), admitted(&mut breaker, 6)), (2, 0));
    }

    #[test]
    fn failures_long_ago_do_not_open_it() {
        let mut breaker = Breaker::new(SETTINGS);
        (0..3).for_each(|_| breaker.on_outcome(at(0), Outcome::Dropped));
        breaker.on_outcome(at(10), Outcome::Dropped);
        assert_eq!(breaker.state(at(10)), BreakerState::Closed);
    }
}
