//! The Sensor: the process in which its triggers run. What they share is here: a rate limit over all of
//! them (documented, though the real controller has none) and the Kubernetes client's QPS limit.
//!
//! A trigger offers a job to a gate and gets it back (`Finished`) when its turn has come.

pub(crate) mod spec;

use sim_core::limiter::Limiter;
use sim_core::random::Streams;
use sim_core::time::SimDuration;

use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::gate::Gate as Queue;
use crate::engine::job::JobId;
use crate::engine::reach::LineId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::fault::Change;

/// The head of a gate's queue may pass.
const TURN: u16 = 0;
/// From a trigger that stops: what waits for it is to be given back.
pub(crate) const TAKE_BACK: u16 = 1;
/// To a trigger: the process is gone, with its memory.
pub(crate) const STOP: u16 = 14;
/// To a trigger: the process is back.
pub(crate) const START: u16 = 15;

/// The gates of a sensor; a job says in its `tag` at which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Gate {
    /// The sensor-level rate limit.
    Rate,
    /// The Kubernetes client.
    Client,
}

/// What a trigger asks a gate for, as written in the job's `tag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) gate: Gate,
    pub(crate) tokens: u16,
}

impl Ask {
    /// As it is written in a job's `tag`.
    pub(crate) fn tag(self) -> u32 {
        u32::from(self.tokens) << 8 | self.gate as u32
    }

    /// Reads a job's `tag`.
    pub(crate) fn of(tag: u32) -> Self {
        let gate = if tag & 1 == Gate::Rate as u32 { Gate::Rate } else { Gate::Client };
        Self { gate, tokens: (tag >> 8) as u16 }
    }
}

/// What a sensor is made of.
#[derive(Clone, Debug)]
pub(crate) struct SensorPlan {
    pub(crate) name: String,
    pub(crate) triggers: Vec<ComponentId>,
    pub(crate) rate_limit: Option<Limiter>,
    pub(crate) client: Option<Limiter>,
}

/// The names of a sensor's gauges and samples.
pub(crate) mod metric {
    pub(crate) const WAITING: &str = "waiting";
    pub(crate) const WAIT: &str = "wait";
}

/// The names of a sensor's limits.
pub(crate) mod limit {
    pub(crate) const RATE: &str = "rate_limit";
    pub(crate) const CLIENT: &str = "client_qps";
    /// By [`Gate`](super::Gate).
    pub(crate) const NAMES: [&str; 2] = [RATE, CLIENT];
}

/// A sensor at work.
#[derive(Debug)]
pub(crate) struct Sensor {
    plan: SensorPlan,
    /// By [`Gate`]; they live and die with the process.
    gates: [Option<Queue<Asker>>; 2],
    stopped: bool,
    /// By [`Gate`]: those who wait there.
    lines: [LineId; 2],
    waiting: GaugeId,
    wait: SampleId,
}

/// Who waits at a gate, and for whom.
#[derive(Clone, Copy, Debug)]
struct Asker {
    from: ComponentId,
    job: JobId,
}

impl Sensor {
    pub(crate) fn new(plan: SensorPlan, _: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let recorder = &mut cx.world.recorder;
        let queue = |limiter: &Option<Limiter>, gate: Gate| {
            let turn = Signal::Wake { what: TURN, arg: gate as u32 };
            limiter.clone().map(|limiter| Queue::new(limiter, turn))
        };
        Self {
            gates: [queue(&plan.rate_limit, Gate::Rate), queue(&plan.client, Gate::Client)],
            stopped: false,
            lines: limit::NAMES.map(|name| recorder.new_line(cx.me, name)),
            waiting: recorder.new_gauge(cx.me, metric::WAITING),
            wait: recorder.new_samples(cx.me, metric::WAIT),
            plan,
        }
    }

    /// Nothing happens before somebody comes.
    pub(crate) fn start(&mut self, _: &mut Cx<'_, '_>) {}

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.offered(from, job, cx),
            Signal::Wake { what: TURN, arg } => self.pass(arg as usize, cx),
            Signal::Wake { what: TAKE_BACK, arg } => self.turn_out(Some(arg as ComponentId), cx),
            other => unreachable!("a sensor does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match change {
            Change::Stop => self.stop(cx),
            Change::Start => self.start_again(cx),
            Change::Rate(rate) => {
                let now = cx.now();
                if let Some(gate) = &mut self.gates[Gate::Rate as usize] {
                    gate.set_rate(*rate, cx);
                }
                // The process starts anew with the rate of then.
                if let Some(limiter) = &mut self.plan.rate_limit {
                    limiter.set_rate(now, *rate);
                }
            }
            Change::Slower(_)
            | Change::FailureProbability(_)
            | Change::Limit(_)
            | Change::Room(_)
            | Change::Permits { .. } => {}
        }
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.gates.iter().flatten().flat_map(Queue::iter).for_each(|asker| visit(asker.job));
    }

    fn offered(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let Ask { gate, tokens } = Ask::of(cx.job(job).tag);
        if self.is_first(gate) {
            cx.fact(FactKind::Offered, job);
        }
        if self.stopped {
            let by = cx.me;
            return cx.send(from, Signal::Failed { by, job });
        }
        let queue = self.gates[gate as usize].as_mut().expect("a gate that is asked has a limiter");
        if queue.ask(Asker { from, job }, tokens, cx) {
            // The greatest depth counts who came and went.
            cx.gauge(self.waiting, self.depth() + 1);
            self.admit(gate, Asker { from, job }, SimDuration::ZERO, cx);
        } else {
            self.gauge_waiting(cx);
        }
    }

    fn pass(&mut self, gate: usize, cx: &mut Cx<'_, '_>) {
        while let Some(passed) = self.gates[gate].as_mut().and_then(|gate| gate.next(cx)) {
            let gate = if gate == Gate::Rate as usize { Gate::Rate } else { Gate::Client };
            self.admit(gate, passed.item, passed.waited, cx);
        }
    }

    fn admit(&mut self, gate: Gate, asker: Asker, waited: SimDuration, cx: &mut Cx<'_, '_>) {
        self.gauge_waiting(cx);
        // Whoever has to pass both gates is counted once.
        if self.is_first(gate) {
            cx.sample(self.wait, waited);
            cx.fact(FactKind::Admitted, asker.job);
        }
        let by = cx.me;
        cx.send(asker.from, Signal::Finished { by, job: asker.job });
    }

    /// Whether it is the first gate that an event meets here.
    fn is_first(&self, gate: Gate) -> bool {
        gate == Gate::Rate || self.gates[Gate::Rate as usize].is_none()
    }

    fn gauge_waiting(&self, cx: &mut Cx<'_, '_>) {
        cx.gauge(self.waiting, self.depth());
        for (gate, &line) in self.gates.iter().zip(&self.lines) {
            cx.line(line, gate.as_ref().map_or(0, Queue::len));
        }
    }

    fn depth(&self) -> u64 {
        self.gates.iter().flatten().map(Queue::len).sum()
    }

    /// The process ends: what waits at the gates is lost with the memory, except what its trigger has
    /// not acked; the triggers see to both.
    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = true;
        // They hear of it first: whatever comes back to them then is a dead process's.
        for &trigger in &self.plan.triggers {
            cx.send(trigger, Signal::Wake { what: STOP, arg: 0 });
        }
        self.turn_out(None, cx);
    }

    /// Gives back what waits for this trigger, or for all.
    fn turn_out(&mut self, trigger: Option<ComponentId>, cx: &mut Cx<'_, '_>) {
        let by = cx.me;
        for gate in self.gates.iter_mut().flatten() {
            for asker in gate.take_out(|asker| trigger.is_none_or(|it| it == asker.from)) {
                cx.send(asker.from, Signal::Failed { by, job: asker.job });
            }
        }
        self.gauge_waiting(cx);
    }

    fn start_again(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = false;
        // A limiter lives in the process: it starts anew with it.
        let limiters = [&self.plan.rate_limit, &self.plan.client];
        for (gate, limiter) in self.gates.iter_mut().zip(limiters) {
            if let (Some(gate), Some(limiter)) = (gate, limiter) {
                let waited = gate.restart(limiter.clone()).count();
                debug_assert_eq!(waited, 0, "a process that is down has nobody waiting");
            }
        }
        for &trigger in &self.plan.triggers {
            cx.send(trigger, Signal::Wake { what: START, arg: 0 });
        }
    }
}
