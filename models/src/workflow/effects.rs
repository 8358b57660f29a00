//! What the controller asks of its surroundings and what it tells them.

use sim_core::time::SimTime;

/// A workflow, by the number its submitter chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkflowId(pub u32);

/// A template, by its position in the list given to the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId(pub u32);

/// A lock, as [`super::Controller::semaphore`] and [`super::Controller::lock_names`] number them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(pub u32);

/// A node of a template: 0 is the entry point, the others follow depth first, items included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// A wake-up call for the controller. Opaque to everybody else; give it back at its time. Calls that no
/// longer matter are recognized and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    pub(super) kind: TimerKind,
    pub(super) slot: u32,
    /// The generation of the slot, for stale calls.
    pub(super) generation: u32,
    /// The life of the controller (restarts) for its own calls, the attempt for a pod's.
    pub(super) epoch: u32,
    pub(super) node: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerKind {
    /// The delaying queue lets a workflow through.
    Ready,
    /// Nobody has asked about a workflow for long.
    Resync,
    /// The API answered the reads before the lock decision.
    Check,
    /// The workflow's update has reached the API server.
    Persisted,
    /// The worker is done with the workflow.
    WorkerDone,
    /// The main container of a pod runs.
    PodStarted,
    /// The main container of a pod ended.
    PodFinished,
}

/// How a workflow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Every node succeeded.
    Succeeded,
    /// A node failed for good.
    Failed,
    /// `activeDeadlineSeconds` ended it.
    DeadlineExceeded,
    /// It was told to end.
    Terminated,
}

/// How a pod ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodOutcome {
    /// It ran to its end.
    Succeeded,
    /// It failed.
    Failed,
    /// Its own deadline ended it.
    DeadlineExceeded,
    /// It was deleted with its workflow.
    Killed,
}

/// Something that happened, at the instant of the call that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A workflow object was created.
    Submitted {
        /// Which.
        workflow: WorkflowId,
    },
    /// The throttler gave it a place among the `parallelism`.
    Admitted {
        /// Which.
        workflow: WorkflowId,
    },
    /// It began to wait for locks: its own (`node` is `None`) or a node's.
    LockWaiting {
        /// Which workflow.
        workflow: WorkflowId,
        /// Which node.
        node: Option<NodeId>,
    },
    /// Its phase became Running: `startedAt`.
    Started {
        /// Which.
        workflow: WorkflowId,
    },
    /// A pod's main container began.
    PodStarted {
        /// Which workflow.
        workflow: WorkflowId,
        /// Which node.
        node: NodeId,
        /// Its attempt, from 0, counted over all repetitions of the node.
        attempt: u32,
    },
    /// A pod ended; the controller notices at its next look.
    PodFinished {
        /// Which workflow.
        workflow: WorkflowId,
        /// Which node.
        node: NodeId,
        /// How.
        outcome: PodOutcome,
    },
    /// A failed node is tried once more.
    NodeRetried {
        /// Which workflow.
        workflow: WorkflowId,
        /// Which node.
        node: NodeId,
    },
    /// The workflow is over.
    Finished {
        /// Which.
        workflow: WorkflowId,
        /// How.
        outcome: Outcome,
        /// When its phase became Running.
        started: SimTime,
        /// `finishedAt`.
        finished: SimTime,
    },
}

/// Buffers for what a call brings about; the caller empties and reuses them.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Calls to make later: [`super::Controller::on_timer`] at the instant given, in this order among
    /// calls of one instant.
    pub timers: Vec<(SimTime, Timer)>,
    /// What happened, in order.
    pub facts: Vec<Fact>,
}

impl Effects {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.timers.clear();
        self.facts.clear();
    }
}
