//! The controller in a world of its own: a list of events, and everything that came of them.

mod argo;
mod faults;
mod immediate;
mod nodes;
mod property;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use sim_core::dist::Distribution;
use sim_core::random::Streams;
use sim_core::time::{SimDuration, SimTime};

use super::*;

pub(super) const SEED: u64 = 7;

pub(super) fn at(secs: f64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs_f64(secs)
}

pub(super) fn seconds(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

pub(super) fn constant(secs: f64) -> Distribution {
    Distribution::constant(secs).unwrap()
}

/// A workflow of one pod that runs `secs`.
pub(super) fn single(name: &str, secs: f64) -> TemplateConfig {
    template(name, NodeConfig::pod("main", constant(secs)))
}

pub(super) fn template(name: &str, entry: NodeConfig) -> TemplateConfig {
    TemplateConfig {
        name: name.to_owned(),
        namespace: "argo".to_owned(),
        entry,
        locks: Vec::new(),
        parallelism: None,
        active_deadline: None,
    }
}

pub(super) fn semaphore(key: &str) -> LockRef {
    LockRef::Semaphore { namespace: None, key: key.to_owned() }
}

pub(super) fn mutex(name: &str) -> LockRef {
    LockRef::Mutex { namespace: None, name: name.to_owned() }
}

pub(super) fn limit(key: &str, limit: u32) -> SemaphoreLimit {
    SemaphoreLimit { namespace: "argo".to_owned(), key: key.to_owned(), limit }
}

pub(super) fn argo() -> ControllerConfig {
    ControllerConfig::argo(Version::LATEST)
}

pub(super) struct World {
    pub(super) controller: Controller,
    pub(super) now: SimTime,
    pub(super) facts: Vec<(SimTime, Fact)>,
    events: BinaryHeap<Reverse<(SimTime, u64, Event)>>,
    sequence: u64,
    submitted: u32,
    fx: Effects,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Timer(Timer),
    Submit { template: u32, priority: i32 },
}

// The order of events is their time and sequence; what they are does not matter.
impl PartialEq for Event {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl World {
    pub(super) fn new(
        config: ControllerConfig,
        templates: &[TemplateConfig],
        limits: &[SemaphoreLimit],
    ) -> Self {
        let streams = Streams::new(SEED, 0);
        let controller = Controller::new(config, templates, limits, &streams, "workflow").unwrap();
        Self {
            controller,
            now: SimTime::ZERO,
            facts: Vec::new(),
            events: BinaryHeap::new(),
            sequence: 0,
            submitted: 0,
            fx: Effects::default(),
        }
    }

    fn post(&mut self, at: SimTime, event: Event) {
        self.events.push(Reverse((at, self.sequence, event)));
        self.sequence += 1;
    }

    pub(super) fn submit(&mut self, at: SimTime, template: u32) {
        self.submit_with(at, template, 0);
    }

    pub(super) fn submit_with(&mut self, at: SimTime, template: u32, priority: i32) {
        self.post(at, Event::Submit { template, priority });
    }

    pub(super) fn submit_many(&mut self, count: u32, at: SimTime, template: u32) {
        for _ in 0..count {
            self.submit(at, template);
        }
    }

    /// Does something to the controller now.
    pub(super) fn act(&mut self, action: impl FnOnce(&mut Controller, SimTime, &mut Effects)) {
        action(&mut self.controller, self.now, &mut self.fx);
        self.collect();
    }

    fn collect(&mut self) {
        let mut fx = std::mem::take(&mut self.fx);
        for (at, timer) in fx.timers.drain(..) {
            assert!(at >= self.now, "a timer in the past");
            self.post(at, Event::Timer(timer));
        }
        self.facts.extend(fx.facts.drain(..).map(|fact| (self.now, fact)));
        self.fx = fx;
    }

    /// One event at `until` or before, if there is one.
    pub(super) fn step(&mut self, until: SimTime) -> bool {
        match self.events.peek() {
            Some(Reverse((at, _, _))) if *at <= until => {}
            _ => return false,
        }
        let Reverse((at, _, event)) = self.events.pop().unwrap();
        self.now = at;
        match event {
            Event::Timer(timer) => {
                self.act(|controller, now, fx| controller.on_timer(now, timer, fx))
            }
            Event::Submit { template, priority } => {
                let id = self.submitted;
                self.submitted += 1;
                self.act(|controller, now, fx| {
                    let key = u64::from(id);
                    controller.submit(now, WorkflowId(id), TemplateId(template), key, priority, fx);
                });
            }
        }
        true
    }

    pub(super) fn run_until(&mut self, until: SimTime) {
        while self.step(until) {}
        self.now = until;
    }

    /// Runs to the last event.
    pub(super) fn run(&mut self) {
        while self.step(SimTime::MAX) {}
        self.controller.assert_consistent();
    }

    pub(super) fn finished(&self) -> BTreeMap<u32, (Outcome, SimTime)> {
        let finished = |(_, fact): &(SimTime, Fact)| match *fact {
            Fact::Finished { workflow, outcome, finished, .. } => {
                Some((workflow.0, (outcome, finished)))
            }
            _ => None,
        };
        self.facts.iter().filter_map(finished).collect()
    }

    /// Seconds at which workflows finished, in order of submission.
    pub(super) fn finish_times(&self) -> Vec<f64> {
        self.finished().values().map(|(_, at)| at.as_secs_f64()).collect()
    }

    /// Seconds of all facts that `choose` wants.
    pub(super) fn times(&self, choose: impl Fn(&Fact) -> bool) -> Vec<f64> {
        let chosen = self.facts.iter().filter(|(_, fact)| choose(fact));
        chosen.map(|(at, _)| at.as_secs_f64()).collect()
    }

    pub(super) fn pod_starts(&self) -> Vec<f64> {
        self.times(|fact| matches!(fact, Fact::PodStarted { .. }))
    }

    /// Most pods running at once.
    pub(super) fn pods_max(&self) -> i64 {
        let change = |(_, fact): &(SimTime, Fact)| match fact {
            Fact::PodStarted { .. } => 1,
            Fact::PodFinished { .. } => -1,
            _ => 0,
        };
        let level = self.facts.iter().map(change).scan(0, |level, change| {
            *level += change;
            Some(*level)
        });
        level.max().unwrap_or(0)
    }
}
