//! The state of one workflow: what its object in the cluster and its pods look like.

use sim_core::time::SimTime;

use super::effects::{PodOutcome, WorkflowId};
use super::heap::{Rank, Ticket};
use super::plan::{Plan, PlanKind};
use super::throttle::Seat;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Created, or waiting for parallelism or for its own locks: `startedAt` is not set.
    Pending,
    Running,
    /// Over; the slot is kept until the worker lets go of it.
    Done,
}

/// Where a node stands, as the controller knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NodeState {
    Absent,
    /// Created, waits for its locks.
    WaitingLock,
    /// Created, but `resourceRateLimit` gave no token for its pod.
    WaitingToken,
    Active,
    /// The last attempt failed; the retry strategy has not decided yet, or backs off.
    AttemptFailed,
    Succeeded,
    Failed,
    Omitted,
}

impl NodeState {
    pub(super) fn is_fulfilled(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Omitted)
    }

    /// Whether it counts against its parent's parallelism.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Self::WaitingLock | Self::WaitingToken | Self::Active)
    }

    /// Whether a pod in this state counts against the workflow's parallelism.
    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::WaitingToken | Self::Active)
    }
}

/// What the pod really does, whether or not the controller has seen it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodPhase {
    None,
    Pending,
    Running,
    Finished(PodOutcome),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) state: NodeState,
    pub(super) pod: PodPhase,
    pub(super) noticed_running: Noticed,
    /// Failed attempts since the node was created (again).
    pub(super) attempts: u32,
    /// Pods ever created for this node, over all repetitions of the groups above it.
    pub(super) pods: u32,
    pub(super) busy_children: u32,
    pub(super) first_started: SimTime,
    pub(super) last_finished: SimTime,
    pub(super) pod_end: SimTime,
    pub(super) pod_outcome: PodOutcome,
}

/// Whether the controller has seen a pod run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noticed {
    Yes,
    No,
}

impl Node {
    pub(super) const ABSENT: Self = Self {
        state: NodeState::Absent,
        pod: PodPhase::None,
        noticed_running: Noticed::No,
        attempts: 0,
        pods: 0,
        busy_children: 0,
        first_started: SimTime::MAX,
        last_finished: SimTime::ZERO,
        pod_end: SimTime::MAX,
        pod_outcome: PodOutcome::Succeeded,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskState {
    Open,
    Succeeded,
    Failed,
    Omitted,
}

/// A wish for a lock, or the lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) ticket: Ticket,
    pub(super) held: super::lock::Holding,
    /// The lock's serial when a waiting mutex claim last wrote its status.
    pub(super) seen: Option<u32>,
}

impl Claim {
    pub(super) const NONE: Self =
        Self { ticket: Ticket::NONE, held: super::lock::Holding::No, seen: None };
}

#[derive(Clone, Debug)]
pub(super) struct Workflow {
    pub(super) id: WorkflowId,
    pub(super) template: u32,
    pub(super) key: u64,
    pub(super) generation: u32,
    pub(super) sequence: u64,
    pub(super) phase: Phase,
    pub(super) started: SimTime,
    pub(super) deadline: SimTime,
    pub(super) seat: Seat,
    /// Earliest time in the delaying queue; `MAX`: not there.
    pub(super) ready_at: SimTime,
    pub(super) last_look: SimTime,
    pub(super) flags: Flags,
    /// Limit reads paid for before the decision.
    pub(super) reads_paid: u32,
    pub(super) active_pods: u32,
    pub(super) nodes: Vec<Node>,
    pub(super) tasks: Vec<TaskState>,
    pub(super) claims: Vec<Claim>,
    /// Nodes whose pod exists and has not been seen to end.
    pub(super) pods: Vec<u32>,
}

/// Membership in the controller's sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// The slot holds a live workflow.
    pub(super) live: bool,
    /// In the work queue's dirty set.
    pub(super) dirty: bool,
    /// In the work queue's processing set.
    pub(super) processing: bool,
    /// A resync timer is under way.
    pub(super) resync: bool,
    /// Waits for its own locks.
    pub(super) waiting: bool,
    /// Its postponement has been written to its status.
    pub(super) postponed: bool,
    /// It is to end at its next look (`spec.shutdown: Terminate`).
    pub(super) terminated: bool,
}

impl Workflow {
    pub(super) fn vacant() -> Self {
        let seat = Seat {
            namespace: 0,
            rank: Rank { priority: 0, created: 0 },
            ticket: Ticket::NONE,
            admitted: false,
        };
        Self {
            id: WorkflowId(0),
            template: 0,
            key: 0,
            generation: 0,
            sequence: 0,
            phase: Phase::Pending,
            started: SimTime::MAX,
            deadline: SimTime::MAX,
            seat,
            ready_at: SimTime::MAX,
            last_look: SimTime::ZERO,
            flags: Flags::default(),
            reads_paid: 0,
            active_pods: 0,
            nodes: Vec::new(),
            tasks: Vec::new(),
            claims: Vec::new(),
            pods: Vec::new(),
        }
    }

    /// Makes the vacant slot a new workflow; keeps the buffers.
    pub(super) fn occupy(&mut self, plan: &Plan) {
        self.phase = Phase::Pending;
        self.started = SimTime::MAX;
        self.deadline = SimTime::MAX;
        self.ready_at = SimTime::MAX;
        self.flags = Flags { live: true, ..Flags::default() };
        self.reads_paid = 0;
        self.active_pods = 0;
        refill(&mut self.nodes, plan.nodes.len(), Node::ABSENT);
        refill(&mut self.tasks, plan.tasks.len(), TaskState::Open);
        refill(&mut self.claims, plan.claims.len(), Claim::NONE);
        self.pods.clear();
    }

    /// What is lost with the controller: places in queues and lines. The status in the cluster stays.
    pub(super) fn forget(&mut self) {
        self.flags.dirty = false;
        self.flags.processing = false;
        self.flags.resync = false;
        self.ready_at = SimTime::MAX;
        self.reads_paid = 0;
        self.seat.admitted = false;
        self.seat.ticket = Ticket::NONE;
        for claim in &mut self.claims {
            claim.ticket = Ticket::NONE;
        }
    }

    /// Moves a node to `state` and keeps the counters that depend on it.
    pub(super) fn set_state(
        &mut self,
        plan: &Plan,
        node: u32,
        state: NodeState,
        waiting_nodes: &mut u64,
    ) {
        let spec = &plan.nodes[node as usize];
        let before = std::mem::replace(&mut self.nodes[node as usize].state, state);
        if let Some(parent) = spec.parent {
            let busy = &mut self.nodes[parent as usize].busy_children;
            *busy = *busy + u32::from(state.is_busy()) - u32::from(before.is_busy());
        }
        if let PlanKind::Pod(_) = spec.kind {
            self.active_pods =
                self.active_pods + u32::from(state.is_active()) - u32::from(before.is_active());
        }
        let waits = |state| u64::from(state == NodeState::WaitingLock);
        *waiting_nodes = *waiting_nodes + waits(state) - waits(before);
    }
}

fn refill<T: Clone>(buffer: &mut Vec<T>, length: usize, value: T) {
    buffer.clear();
    buffer.resize(length, value);
}
