//! The workflow controller of Argo Workflows: a pure state machine at virtual time.
//!
//! Give it submissions and the timers it asked for; it answers with timers and facts. It draws nothing
//! from shared streams: every draw of a workflow follows from the workflow's key, the node and the
//! attempt, so that two controllers see the same work whatever their settings.
//!
//! # The gates, in the controller's order
//! 1. **Throttler**: `parallelism` and `namespaceParallelism`, by priority, then creation time (one-second
//!    resolution, ties as a Go heap lets them fall). Refused: Pending.
//! 2. **Workflow-level locks**, all together or none. Whoever waits here **occupies a place of gate 1**
//!    already (argo-workflows#11984). Still Pending.
//! 3. Running; for every new pod `spec.parallelism`, then the `parallelism` of its steps or DAG.
//! 4. **Template-level locks**, held through retries and their backoff.
//! 5. `resourceRateLimit` on pod creation.
//!
//! # What takes time
//! | delay | why |
//! |---|---|
//! | up to 10 s | the end of a pod is noticed at the workflow's next look, which a pod event puts 10 s ahead; an earlier one that is already set stays |
//! | 1 s | from a freed permit to the look at those who wait for it |
//! | 1 s | a worker's pause after each update (since 4.0) |
//! | API | every look at a semaphore reads its limit, every waiting semaphore claim writes a status: at 20 calls per second about 200 waiters use it all up (argo-workflows#12039) |
//!
//! [`Realism::Immediate`] has none of these and keeps the gates.
//!
//! # What may surprise
//! - A workflow has one time in the delaying queue, the earliest. The look at its deadline is asked for
//!   once and may be overwritten: pods end by a deadline of their own, a node that waits for a mutex may
//!   outlive it (derived from `operator.go` and client-go's delaying queue).
//! - A released permit is announced to the first of the heap array, before the releasing workflow leaves
//!   the line: the announcement may go to itself and be lost.
//! - Nodes of one workflow pass the head of the line when it is a node of the same workflow, and then take
//!   the head's ticket instead of their own.
//! - Two lock owners that each stand at the head of one of two lines, and want both locks, wait for ever.
//!   Within one second of creation, ties make that possible.
//! - An old controller that forgot a holder when it was restarted can wait for ever as well: the permit's
//!   new owner may need what the forgotten holder still has.
//!
//! # Not modelled
//! Exit handlers, hooks, `when`, daemons, suspension, memoization, artifacts, database locks, pod
//! garbage collection and ResourceQuota. A limit of zero makes a semaphore's first user fail in Argo;
//! here everybody waits. `retryStrategy.backoff.maxDuration` does not end a running pod.
//!
//! Source: argo-workflows 4.1.2 (`workflow/controller`, `workflow/sync`) unless a place names another.

mod cluster;
mod config;
mod control;
mod controller;
mod effects;
mod faults;
mod groups;
mod heap;
mod lock;
mod locking;
mod operate;
mod plan;
mod state;
#[cfg(test)]
mod tests;
mod throttle;

pub use config::{
    ApiLimit, ConfigError, ControllerConfig, DagTask, FailFast, InformerUpdate, LockRef,
    NamespaceLimit, NodeBody, NodeConfig, Readmission, Realism, ResourceRateLimit, RetryBackoff,
    RetryPolicy, RetryStrategy, SemaphoreLimit, TemplateConfig, Version,
};
pub use controller::{Controller, Gauges, LockGauge};
pub use effects::{
    Effects, Fact, LockId, NodeId, Outcome, PodOutcome, TemplateId, Timer, WorkflowId,
};
