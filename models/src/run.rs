//! One run of a plan: build the components, let the kernel drive them to the horizon, check that
//! nothing was lost, and hand over what was observed.

use sim_core::kernel::{Kernel, Phase, Stuck};
use sim_core::random::Streams;
use sim_core::time::{SimDuration, SimTime};
use thiserror::Error;

use crate::component::Component;
use crate::engine::event::{ComponentId, Event, Signal};
use crate::engine::job::Jobs;
use crate::engine::recorder::{FactSink, Recorder};
use crate::engine::reject::Nacks;
use crate::engine::{Cx, World};
use crate::outcome::{self, Outcome};
use crate::plan::Plan;

/// Bins of every time series of a run.
pub const WINDOWS: u64 = 600;

/// Which run of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunKey {
    /// The seed: the same seed sees the same storm.
    pub seed: u64,
    /// The number of the replication; each has its own random numbers.
    pub replication: u64,
}

/// Why a run could not be finished. Each is a diagnosis, not a crash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// More events at once than the model allows.
    #[error(
        "at {at} there were {in_flight} events in the model at once, which is its limit \
         (`in_flight_max`): most of them at `{busiest}` ({held} events); events come faster than \
         they leave and nothing bounds the queue: bound it, or raise the limit"
    )]
    TooManyInFlight {
        /// When, as text.
        at: String,
        /// How many.
        in_flight: u32,
        /// The component that held most of them.
        busiest: String,
        /// How many it held.
        held: u64,
    },
    /// More events on the event list than it takes.
    #[error(
        "at {at} {pending} things were about to happen at once, which is the limit of the event list; the \
         last of them at `{component}`: make fewer of them (clients, retries, events in the model)"
    )]
    TooManyPending {
        /// When, as text.
        at: String,
        /// How many.
        pending: u64,
        /// The component that asked for the last of them.
        component: String,
    },
    /// Time stood still: components kept each other busy without any of it passing.
    #[error(
        "at {at} more than {dispatched} steps were taken without time passing, the last at \
         `{component}`: a loop without delay (an immediate nack into a full stage, a service of no \
         length in a cycle); give it a delay"
    )]
    ZeroDelayLoop {
        /// When, as text.
        at: String,
        /// Steps taken at that instant.
        dispatched: u64,
        /// The component that took the last of them.
        component: String,
    },
    /// The ledger does not balance: an error of this program, never of the model.
    #[error(
        "the ledger does not balance: {0}; this is a bug in surgetank, please report it with the model"
    )]
    Unbalanced(String),
}

/// Runs `plan` once; `sink` gets every fact as it happens.
///
/// # Errors
/// A model that floods its limits or stands still ends with a [`RunError`].
pub fn run(plan: &Plan, key: RunKey, sink: Option<&mut dyn FactSink>) -> Result<Outcome, RunError> {
    let mut simulation = Simulation::new(plan, key, sink);
    simulation.advance(SimTime::ZERO + plan.horizon)?;
    simulation.finish()
}

/// A run under way.
pub struct Simulation<'p, 's> {
    plan: &'p Plan,
    key: RunKey,
    world: World<'s>,
    components: Vec<Component>,
    /// The component that handled the last event.
    last: ComponentId,
    /// The warm-up is over and forgotten.
    is_warm: bool,
    /// Everything before has happened.
    now: SimTime,
}

impl<'p, 's> Simulation<'p, 's> {
    /// Builds the components and puts the first events on the list.
    #[must_use]
    pub fn new(plan: &'p Plan, key: RunKey, sink: Option<&'s mut dyn FactSink>) -> Self {
        let count = plan.components.len();
        let window = SimDuration::from_nanos(plan.horizon.as_nanos().div_ceil(WINDOWS).max(1));
        let mut recorder = Recorder::new(count, plan.horizon, window, sink);
        let age = recorder.new_samples(0, outcome::AGE);
        let mut kernel = Kernel::new();
        let nacks = Nacks::new(&plan.nacks, &mut kernel);
        let mut world = World {
            kernel,
            nacks,
            jobs: Jobs::new(),
            recorder,
            may_stop: (0..).take(count).map(|me| plan.stops(me)).collect(),
            wants_settled: vec![false; count],
            age,
            backlog: Vec::new(),
        };
        let streams = Streams::new(key.seed, key.replication);
        let components = (0..)
            .zip(&plan.components)
            .map(|(me, plan)| Component::new(plan, &streams, &mut Cx { world: &mut world, me }))
            .collect();
        for (component, gauge, brim, limit) in plan.brims() {
            world.recorder.watch(component, gauge, brim, limit);
        }
        let is_warm = plan.warm_up.is_zero();
        let now = SimTime::ZERO;
        let mut simulation = Self { plan, key, world, components, last: 0, is_warm, now };
        simulation.start();
        simulation
    }

    fn start(&mut self) {
        for (index, fault) in (0..).zip(&self.plan.faults) {
            let event = Event::new(fault.component, Signal::Fault { index });
            self.world.kernel.schedule(fault.at, Phase::Change, event);
        }
        for (me, component) in (0..).zip(&mut self.components) {
            component.start(&mut Cx { world: &mut self.world, me });
        }
    }

    /// Lets everything before `until` happen: what is due at that very instant belongs to what follows.
    ///
    /// # Errors
    /// See [`RunError`].
    pub fn advance(&mut self, until: SimTime) -> Result<(), RunError> {
        // From mark to mark, so that no event has to be compared with any but the next.
        loop {
            let mark = self.next_mark().min(until);
            self.run_before(mark)?;
            self.pass(mark);
            if mark == until {
                return Ok(());
            }
        }
    }

    /// The next instant at which something happens beside the events: a window or the warm-up ends.
    fn next_mark(&self) -> SimTime {
        let window_end = self.world.recorder.window_end();
        if self.is_warm { window_end } else { window_end.min(SimTime::ZERO + self.plan.warm_up) }
    }

    fn run_before(&mut self, mark: SimTime) -> Result<(), RunError> {
        let in_flight_max = self.plan.in_flight_max;
        let Some(last) = mark.as_nanos().checked_sub(1) else { return Ok(()) };
        let last = SimTime::from_nanos(last);
        while let Some(event) = self.world.kernel.pop_until(last) {
            self.dispatch(event);
            if self.world.jobs.live_roots() > in_flight_max {
                return Err(self.too_many());
            }
        }
        match self.world.kernel.stuck() {
            Some(stuck) => Err(self.stuck(stuck)),
            None => Ok(()),
        }
    }

    /// Does what is to be done at `mark`, before the events of that instant.
    fn pass(&mut self, mark: SimTime) {
        self.now = mark;
        if !self.is_warm && mark >= SimTime::ZERO + self.plan.warm_up {
            self.is_warm = true;
            self.world.close_windows(mark);
            self.world.recorder.forget_warm_up(mark);
        }
        self.world.close_windows(mark);
    }

    #[inline]
    fn dispatch(&mut self, event: Event) {
        self.last = event.to();
        let component = &mut self.components[event.to() as usize];
        let mut cx = Cx { world: &mut self.world, me: event.to() };
        match event.fault() {
            None => component.handle(event, &mut cx),
            Some(index) => component.change(&self.plan.faults[index as usize].change, &mut cx),
        }
    }

    /// Ends the run: checks the ledger and hands over what was observed.
    ///
    /// # Errors
    /// [`RunError::Unbalanced`] if an event is unaccounted for.
    pub fn finish(mut self) -> Result<Outcome, RunError> {
        let now = self.now;
        let steps = self.world.kernel.dispatched();
        let places = self.places()?;
        self.world.recorder.finish(now);
        outcome::collect(self.plan, self.key, &mut self.world, outcome::End { now, steps, places })
    }

    /// For every live job the component that holds it, or an error if that is not exactly one.
    fn places(&mut self) -> Result<Vec<outcome::Place>, RunError> {
        let mut heads = Vec::new();
        for (component, plan_index) in self.components.iter().zip(0..) {
            let stored = component.is_store();
            component.held(&mut |job| {
                heads.push(outcome::Place { component: plan_index, stored, job });
            });
        }
        while let Some(event) = self.world.kernel.pop() {
            if let Some(job) = event.signal().carried() {
                heads.push(outcome::Place { component: event.to(), stored: false, job });
            }
        }
        let mut held = Vec::new();
        for head in heads {
            let mut next = Some(head.job);
            while let Some(job) = next {
                next = self.world.jobs.next_joined(job);
                held.push(outcome::Place { job, ..head });
            }
        }
        held.sort_unstable_by_key(|place| (place.job, place.component));
        self.check(&held)?;
        Ok(held)
    }

    fn check(&self, held: &[outcome::Place]) -> Result<(), RunError> {
        let jobs = &self.world.jobs;
        let mut expected = jobs.iter_live().filter(|&job| !jobs.is_split(job));
        for place in held {
            let job = place.job;
            let name = self.plan.components[place.component as usize].name();
            match expected.next() {
                Some(live) if live == job => {}
                Some(live) if live < job => {
                    return Err(RunError::Unbalanced(format!("nobody holds job {live}")));
                }
                _ => {
                    return Err(RunError::Unbalanced(format!(
                        "`{name}` holds job {job}, which ended or is held elsewhere too"
                    )));
                }
            }
        }
        match expected.next() {
            Some(live) => Err(RunError::Unbalanced(format!("nobody holds job {live}"))),
            None => Ok(()),
        }
    }

    #[cold]
    fn too_many(&mut self) -> RunError {
        let mut held = vec![0u64; self.components.len()];
        for (component, held) in self.components.iter().zip(&mut held) {
            component.held(&mut |_| *held += 1);
        }
        let at = at_text(self.world.kernel.now());
        while let Some(event) = self.world.kernel.pop() {
            held[event.to() as usize] += u64::from(event.signal().carried().is_some());
        }
        let busiest = (0..held.len()).max_by_key(|&at| (held[at], std::cmp::Reverse(at)));
        let busiest = busiest.unwrap_or(0);
        RunError::TooManyInFlight {
            at,
            in_flight: self.world.jobs.live_roots(),
            busiest: self.plan.components[busiest].name().to_owned(),
            held: held[busiest],
        }
    }

    #[cold]
    fn stuck(&self, stuck: Stuck) -> RunError {
        let component = self.plan.components[self.last as usize].name().to_owned();
        match stuck {
            Stuck::Instant { at, dispatched } => {
                RunError::ZeroDelayLoop { at: at_text(at), dispatched, component }
            }
            Stuck::Pending { at, pending } => {
                RunError::TooManyPending { at: at_text(at), pending: pending as u64, component }
            }
        }
    }
}

fn at_text(at: SimTime) -> String {
    at.since(SimTime::ZERO).to_string()
}
