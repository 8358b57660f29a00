//! The Sensor: the process in which its triggers run. What they share is here: a rate limit over all of
//! them (documented, though the real controller has none) and the Kubernetes client's QPS limit.
//!
//! A trigger offers a job to a gate and gets it back (`Finished`) when its turn has come.

pub(crate) mod spec;

use std::collections::VecDeque;

use sim_core::kernel::Phase;
use sim_core::limiter::Limiter;
use sim_core::random::Streams;
use sim_core::time::SimTime;

use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::job::JobId;
use crate::engine::reach::LineId;
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::fault::Change;

/// The head of a gate's queue may pass.
const TURN: u16 = 0;
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
    limiters: [Option<Limiter>; 2],
    queues: [VecDeque<Waiting>; 2],
    stopped: bool,
    /// By [`Gate`]: those who wait there.
    lines: [LineId; 2],
    waiting: GaugeId,
    wait: SampleId,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    from: ComponentId,
    job: JobId,
    came: SimTime,
    turn: SimTime,
}

impl Sensor {
    pub(crate) fn new(plan: SensorPlan, _: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let recorder = &mut cx.world.recorder;
        Self {
            limiters: [plan.rate_limit.clone(), plan.client.clone()],
            queues: [VecDeque::new(), VecDeque::new()],
            stopped: false,
            lines: limit::NAMES.map(|name| recorder.new_line(cx.me, name)),
            waiting: recorder.new_gauge(cx.me, metric::WAITING),
            wait: recorder.new_samples(cx.me, metric::WAIT),
            plan,
        }
    }

    /// Nothing happens before somebody comes.
    pub(crate) fn start(&mut self, _: &mut Cx<'_, '_>) {}

    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.offered(from, job, cx),
            Signal::Wake { what: TURN, arg } => self.pass(arg as usize, cx),
            other => unreachable!("a sensor does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        match change {
            Change::Stop => self.stop(cx),
            Change::Start => self.start_again(cx),
            Change::Rate(rate) => {
                let now = cx.now();
                if let Some(limiter) = &mut self.limiters[Gate::Rate as usize] {
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
        self.queues.iter().flatten().for_each(|waiting| visit(waiting.job));
    }

    fn offered(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let Ask { gate, tokens } = Ask::of(cx.job(job).tag);
        cx.fact(FactKind::Offered, job);
        if self.stopped {
            let by = cx.me;
            return cx.send(from, Signal::Failed { by, job });
        }
        let gate = gate as usize;
        let limiter = self.limiters[gate].as_mut().expect("a gate that is asked has a limiter");
        let turn = (0..tokens).map(|_| limiter.take(now)).last().unwrap_or(now);
        self.queues[gate].push_back(Waiting { from, job, came: now, turn });
        cx.gauge(self.waiting, self.depth());
        self.gauge_line(gate, cx);
        if self.queues[gate].len() == 1 {
            self.wake(gate, cx);
        }
    }

    fn wake(&self, gate: usize, cx: &mut Cx<'_, '_>) {
        if let Some(head) = self.queues[gate].front() {
            cx.at(head.turn, Phase::Release, Signal::Wake { what: TURN, arg: gate as u32 });
        }
    }

    fn pass(&mut self, gate: usize, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        // A wake from before a restart finds another queue, or none.
        if self.queues[gate].front().is_none_or(|head| head.turn > now) {
            return;
        }
        while let Some(head) = self.queues[gate].pop_front_if(|head| head.turn <= now) {
            cx.gauge(self.waiting, self.depth());
            self.gauge_line(gate, cx);
            cx.sample(self.wait, now.since(head.came));
            cx.fact(FactKind::Admitted, head.job);
            let by = cx.me;
            cx.send(head.from, Signal::Finished { by, job: head.job });
        }
        self.wake(gate, cx);
    }

    /// Whoever has his turn at this instant does not wait.
    fn gauge_line(&self, gate: usize, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let queue = &self.queues[gate];
        let waiting = queue.len() - queue.partition_point(|waiting| waiting.turn <= now);
        cx.line(self.lines[gate], waiting as u64);
    }

    fn depth(&self) -> u64 {
        self.queues.iter().map(VecDeque::len).sum::<usize>() as u64
    }

    /// The process ends: what waits at the gates is lost with the memory, except what its trigger has
    /// not acked; the triggers see to both.
    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = true;
        // They hear of it first: whatever comes back to them then is a dead process's.
        for &trigger in &self.plan.triggers {
            cx.send(trigger, Signal::Wake { what: STOP, arg: 0 });
        }
        for waiting in self.queues.iter_mut().flat_map(std::mem::take) {
            let by = cx.me;
            cx.send(waiting.from, Signal::Failed { by, job: waiting.job });
        }
        cx.gauge(self.waiting, 0);
        self.lines.iter().for_each(|&line| cx.line(line, 0));
    }

    fn start_again(&mut self, cx: &mut Cx<'_, '_>) {
        self.stopped = false;
        // A limiter lives in the process: it starts anew with it.
        self.limiters = [self.plan.rate_limit.clone(), self.plan.client.clone()];
        for &trigger in &self.plan.triggers {
            cx.send(trigger, Signal::Wake { what: START, arg: 0 });
        }
    }
}
