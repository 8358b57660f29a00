//! One look at a workflow that has been admitted: what `operate` does in `operator.go`.

use sim_core::random::{MessageStream, Random};
use sim_core::time::{SimDuration, SimTime};

use super::config::{RetryPolicy, RetryStrategy, deadline_of};
use super::control::{Context, Core, Look, Waiting};
use super::effects::{Fact, NodeId, Outcome, PodOutcome, TimerKind};
use super::plan::{PlanKind, PlanPod, ROOT};
use super::state::{Node, NodeState, Noticed, Phase, PodPhase, TaskState};

/// What the retry strategy says about a failed node.
enum Verdict {
    Again,
    Wait,
    GiveUp,
}

impl Core {
    pub(super) fn check(&mut self, cx: &mut Context<'_>, slot: u32) {
        let mut look = Look::new(cx.now);
        self.operate(cx, slot, &mut look);
        self.end_look(cx, slot, &look);
    }

    fn operate(&mut self, cx: &mut Context<'_>, slot: u32, look: &mut Look) {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        if self.workflows[slot as usize].flags.terminated {
            self.set_waiting(slot, Waiting::No);
            self.finish(cx, slot, Outcome::Terminated, look);
            return;
        }
        if plan.own_claims > 0 && !self.try_acquire(cx, slot, 0..plan.own_claims, look) {
            self.wait_for_locks(cx, slot);
            return;
        }
        self.set_waiting(slot, Waiting::No);
        if self.workflows[slot as usize].phase == Phase::Pending {
            self.begin_running(cx, slot, plan.active_deadline, look);
        } else if cx.now >= self.workflows[slot as usize].deadline {
            self.finish(cx, slot, Outcome::DeadlineExceeded, look);
            return;
        } else {
            self.observe_pods(cx, slot, look);
            self.keep_deadline(cx, slot);
        }
        self.execute(cx, slot, ROOT, look);
        match self.workflows[slot as usize].nodes[ROOT as usize].state {
            NodeState::Succeeded => self.finish(cx, slot, Outcome::Succeeded, look),
            NodeState::Failed | NodeState::Omitted => self.finish(cx, slot, Outcome::Failed, look),
            _ => {}
        }
    }

    fn wait_for_locks(&mut self, cx: &mut Context<'_>, slot: u32) {
        let workflow = &self.workflows[slot as usize];
        if !workflow.flags.waiting {
            cx.fx.facts.push(Fact::LockWaiting { workflow: workflow.id, node: None });
            self.set_waiting(slot, Waiting::Yes);
        }
    }

    fn begin_running(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        active_deadline: Option<SimDuration>,
        look: &mut Look,
    ) {
        let deadline = deadline_of(self.config.realism, cx.now, active_deadline);
        let workflow = &mut self.workflows[slot as usize];
        workflow.phase = Phase::Running;
        workflow.started = cx.now;
        workflow.deadline = deadline;
        self.counts.running += 1;
        look.updated = true;
        cx.fx.facts.push(Fact::Started { workflow: workflow.id });
        if deadline < SimTime::MAX {
            self.requeue_at(cx, slot, deadline);
        }
    }

    /// The delaying queue knows one time per workflow, so that an earlier one overwrites the deadline,
    /// which the real controller asks for only once (the pods have a deadline of their own). The ideal
    /// one does not forget.
    fn keep_deadline(&mut self, cx: &mut Context<'_>, slot: u32) {
        let deadline = self.workflows[slot as usize].deadline;
        if self.is_ideal() && deadline < SimTime::MAX {
            self.requeue_at(cx, slot, deadline);
        }
    }

    /// `podReconciliation`: what the pods have done since the last look.
    fn observe_pods(&mut self, cx: &mut Context<'_>, slot: u32, look: &mut Look) {
        let mut pods = std::mem::take(&mut self.workflows[slot as usize].pods);
        pods.retain(|&index| {
            let node = &mut self.workflows[slot as usize].nodes[index as usize];
            match node.pod {
                PodPhase::Finished(outcome) => {
                    look.updated = true;
                    self.label_pod(cx, slot);
                    match outcome {
                        PodOutcome::Succeeded => {
                            self.set_node(cx, slot, index, NodeState::Succeeded)
                        }
                        _ => self.fail_node(cx, slot, index),
                    }
                    false
                }
                PodPhase::Running => {
                    look.updated |= node.noticed_running == Noticed::No;
                    node.noticed_running = Noticed::Yes;
                    true
                }
                PodPhase::Pending | PodPhase::None => true,
            }
        });
        self.workflows[slot as usize].pods = pods;
    }

    /// A finished pod gets a label, which takes it out of the watch: another event for its workflow.
    fn label_pod(&mut self, cx: &mut Context<'_>, slot: u32) {
        if !self.is_ideal() {
            let labelled = self.call_kube(cx.now, 1);
            self.requeue_limited(cx, slot, labelled);
        }
    }

    pub(super) fn set_node(&mut self, cx: &Context<'_>, slot: u32, index: u32, state: NodeState) {
        let workflow = &mut self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        workflow.set_state(plan, index, state, &mut self.counts.nodes_waiting);
    }

    /// An attempt failed: the end of the node without a retry strategy.
    pub(super) fn fail_node(&mut self, cx: &Context<'_>, slot: u32, index: u32) {
        let workflow = &mut self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        let retries = plan.nodes[index as usize].retry.is_some();
        workflow.nodes[index as usize].attempts += 1;
        self.set_node(
            cx,
            slot,
            index,
            if retries { NodeState::AttemptFailed } else { NodeState::Failed },
        );
    }

    /// `executeTemplate`: brings one node as far as it goes now.
    pub(super) fn execute(&mut self, cx: &mut Context<'_>, slot: u32, index: u32, look: &mut Look) {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        let spec = &plan.nodes[index as usize];
        let state = self.workflows[slot as usize].nodes[index as usize].state;
        if state.is_fulfilled() {
            self.release(cx, slot, spec.claims.clone(), look);
            return;
        }
        if plan.parallelism.is_some_and(|limit| self.workflows[slot as usize].active_pods >= limit)
        {
            return;
        }
        if state == NodeState::Absent && self.parent_is_full(cx, slot, index) {
            look.skipped = true;
            return;
        }
        if !spec.claims.is_empty() && !self.try_acquire(cx, slot, spec.claims.clone(), look) {
            self.node_waits(cx, slot, index, look);
            return;
        }
        if state == NodeState::AttemptFailed && !self.settle_attempt(cx, slot, index, look) {
            return;
        }
        match &spec.kind {
            PlanKind::Pod(pod) => self.execute_pod(cx, slot, index, pod, look),
            PlanKind::Group { .. } => self.execute_group(cx, slot, index, look),
        }
        if self.workflows[slot as usize].nodes[index as usize].state.is_fulfilled() {
            self.release(cx, slot, spec.claims.clone(), look);
        }
    }

    fn parent_is_full(&self, cx: &Context<'_>, slot: u32, index: u32) -> bool {
        let workflow = &self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        let Some(parent) = plan.nodes[index as usize].parent else { return false };
        match plan.nodes[parent as usize].kind {
            PlanKind::Group { parallelism: Some(limit), .. } => {
                workflow.nodes[parent as usize].busy_children >= limit
            }
            _ => false,
        }
    }

    fn node_waits(&mut self, cx: &mut Context<'_>, slot: u32, index: u32, look: &mut Look) {
        let state = self.workflows[slot as usize].nodes[index as usize].state;
        if state == NodeState::Absent {
            let workflow = self.workflows[slot as usize].id;
            cx.fx.facts.push(Fact::LockWaiting { workflow, node: Some(NodeId(index)) });
            self.set_node(cx, slot, index, NodeState::WaitingLock);
            look.updated = true;
        }
    }

    // ---- retries ------------------------------------------------------------------------------

    /// After a failed attempt: tells whether a new one begins at once.
    pub(super) fn settle_attempt(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        look: &mut Look,
    ) -> bool {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        let spec = &plan.nodes[index as usize];
        let strategy = spec.retry.as_ref().expect("only nodes with a strategy have attempts");
        match self.verdict(cx, slot, index, strategy) {
            Verdict::Wait => false,
            Verdict::GiveUp => {
                self.set_node(cx, slot, index, NodeState::Failed);
                self.release(cx, slot, spec.claims.clone(), look);
                look.updated = true;
                false
            }
            Verdict::Again => {
                self.begin_again(cx, slot, index);
                look.updated = true;
                true
            }
        }
    }

    /// `processNodeRetries`, in its order.
    fn verdict(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        strategy: &RetryStrategy,
    ) -> Verdict {
        let node = self.workflows[slot as usize].nodes[index as usize];
        if let Some(backoff) = strategy.backoff {
            let wait = backoff.wait(node.attempts);
            let due = node.last_finished + wait;
            let latest =
                backoff.max_duration.map_or(SimTime::MAX, |longest| node.first_started + longest);
            if cx.now > latest || due > latest {
                return Verdict::GiveUp;
            }
            // Without a limit the controller does not back off.
            if cx.now < due && strategy.limit.is_some_and(|limit| node.attempts <= limit) {
                // The real controller asks for the whole wait again, counted from now.
                let at = if self.is_ideal() { due } else { cx.now + wait };
                self.requeue_at(cx, slot, at);
                return Verdict::Wait;
            }
        }
        let policy = matches!(strategy.policy, RetryPolicy::Always | RetryPolicy::OnFailure);
        let left = strategy.limit.is_none_or(|limit| node.attempts <= limit);
        if policy && left { Verdict::Again } else { Verdict::GiveUp }
    }

    /// Makes room for another attempt: the nodes below become absent again.
    fn begin_again(&mut self, cx: &mut Context<'_>, slot: u32, index: u32) {
        let workflow = &mut self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        let spec = &plan.nodes[index as usize];
        for node in &mut workflow.nodes[index as usize + 1..spec.end as usize] {
            // Draws go on where they were: a repeated pod is another attempt.
            *node = Node { pods: node.pods, ..Node::ABSENT };
        }
        if let PlanKind::Group { all_tasks, .. } = &spec.kind {
            workflow.tasks[all_tasks.start as usize..all_tasks.end as usize].fill(TaskState::Open);
        }
        workflow.nodes[index as usize].pod = PodPhase::None;
        workflow.nodes[index as usize].noticed_running = Noticed::No;
        cx.fx.facts.push(Fact::NodeRetried { workflow: workflow.id, node: NodeId(index) });
    }

    // ---- pods ---------------------------------------------------------------------------------

    fn execute_pod(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        pod: &PlanPod,
        look: &mut Look,
    ) {
        let state = self.workflows[slot as usize].nodes[index as usize].state;
        if state == NodeState::Active {
            return;
        }
        if let Err(next) = self.resource.try_take(cx.now) {
            if state != NodeState::WaitingToken {
                self.set_node(cx, slot, index, NodeState::WaitingToken);
                look.updated = true;
            }
            // Without a requeue delay it is looked at again and again, until the token is there.
            let goes_on = self.is_ideal() || self.config.requeue.is_zero();
            let at = if goes_on { next } else { cx.now + self.config.requeue };
            self.counts.pods_until = self.counts.pods_until.max(at);
            self.requeue_at(cx, slot, at);
            return;
        }
        self.set_node(cx, slot, index, NodeState::Active);
        look.updated = true;
        let created = self.call_kube(cx.now, 1);
        look.done_at = look.done_at.max(created);
        self.create_pod(cx, slot, index, pod, created);
    }

    fn create_pod(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        pod: &PlanPod,
        created: SimTime,
    ) {
        let workflow = &mut self.workflows[slot as usize];
        let node = &mut workflow.nodes[index as usize];
        let mut draws = MessageStream::new(workflow.key, pod.stream, node.pods);
        let service = SimDuration::from_secs_f64(pod.service.sample(&mut draws) * self.slowdown);
        let failure_probability = self.failure_probability.unwrap_or(pod.failure_probability);
        let fails = draws.unit() < failure_probability;
        let starting = pod.pod_start.as_ref().or(self.config.pod_start.as_ref());
        let starting =
            starting.map_or(SimDuration::ZERO, |delay| delay.sample_duration(&mut draws));
        let started = created + starting;
        node.pods += 1;
        node.pod = PodPhase::Pending;
        node.noticed_running = Noticed::No;
        if node.first_started == SimTime::MAX {
            node.first_started = created;
        }
        node.pod_end = started + service;
        node.pod_outcome = if fails { PodOutcome::Failed } else { PodOutcome::Succeeded };
        // The pod carries its template's deadline, and what is left of the workflow's.
        let latest = pod.active_deadline.map_or(SimTime::MAX, |deadline| started + deadline);
        let latest = latest.min(workflow.deadline.max(started));
        if latest < node.pod_end {
            node.pod_end = latest;
            node.pod_outcome = PodOutcome::DeadlineExceeded;
        }
        workflow.pods.push(index);
        if started > cx.now {
            self.counts.pods_pending += 1;
            self.pod_timer(cx, started, TimerKind::PodStarted, slot, index);
        } else {
            self.run_pod(cx, slot, index);
        }
        if !self.is_ideal() {
            // The watch reports the new pod.
            self.requeue_limited(cx, slot, created);
        }
    }
}
