//! What pods do in the cluster, whether or not the controller looks, and what becomes of them at the end.

use sim_core::time::SimTime;

use super::control::{Context, Core};
use super::effects::{Fact, NodeId, PodOutcome, Timer, TimerKind};
use super::state::{NodeState, PodPhase};

impl Core {
    pub(super) fn pod_started(&mut self, cx: &mut Context<'_>, timer: Timer) {
        let node = &self.workflows[timer.slot as usize].nodes[timer.node as usize];
        if node.pods == timer.epoch && node.pod == PodPhase::Pending {
            self.counts.pods_pending -= 1;
            self.run_pod(cx, timer.slot, timer.node);
            // Nothing to do about it: the ideal controller does not look.
            if !self.is_ideal() {
                self.requeue_limited(cx, timer.slot, cx.now);
            }
        }
    }

    /// The main container begins now.
    pub(super) fn run_pod(&mut self, cx: &mut Context<'_>, slot: u32, index: u32) {
        let workflow = &mut self.workflows[slot as usize];
        let node = &mut workflow.nodes[index as usize];
        node.pod = PodPhase::Running;
        self.counts.pods_running += 1;
        let attempt = node.pods - 1;
        let (workflow, end) = (workflow.id, node.pod_end);
        cx.fx.facts.push(Fact::PodStarted { workflow, node: NodeId(index), attempt });
        self.pod_timer(cx, end, TimerKind::PodFinished, slot, index);
    }

    pub(super) fn pod_timer(
        &self,
        cx: &mut Context<'_>,
        at: SimTime,
        kind: TimerKind,
        slot: u32,
        node: u32,
    ) {
        let workflow = &self.workflows[slot as usize];
        let epoch = workflow.nodes[node as usize].pods;
        cx.fx.timers.push((at, Timer { kind, slot, generation: workflow.generation, epoch, node }));
    }

    pub(super) fn pod_finished(&mut self, cx: &mut Context<'_>, timer: Timer) {
        let workflow = &mut self.workflows[timer.slot as usize];
        let node = &mut workflow.nodes[timer.node as usize];
        if node.pods != timer.epoch || node.pod != PodPhase::Running {
            return;
        }
        node.pod = PodPhase::Finished(node.pod_outcome);
        node.last_finished = cx.now;
        self.counts.pods_running -= 1;
        let (workflow, outcome) = (workflow.id, node.pod_outcome);
        cx.fx.facts.push(Fact::PodFinished { workflow, node: NodeId(timer.node), outcome });
        self.requeue_limited(cx, timer.slot, cx.now);
    }

    pub(super) fn kill_pods(&mut self, cx: &mut Context<'_>, slot: u32) {
        let pods = std::mem::take(&mut self.workflows[slot as usize].pods);
        for &index in &pods {
            let workflow = &mut self.workflows[slot as usize];
            let node = &mut workflow.nodes[index as usize];
            match node.pod {
                PodPhase::Pending => self.counts.pods_pending -= 1,
                PodPhase::Running => self.counts.pods_running -= 1,
                PodPhase::None | PodPhase::Finished(_) => continue,
            }
            node.pod = PodPhase::Finished(PodOutcome::Killed);
            let (workflow, outcome) = (workflow.id, PodOutcome::Killed);
            cx.fx.facts.push(Fact::PodFinished { workflow, node: NodeId(index), outcome });
        }
        self.workflows[slot as usize].pods = pods;
        self.workflows[slot as usize].pods.clear();
    }

    /// Nodes in line for a lock end with their workflow.
    pub(super) fn fail_waiting_nodes(&mut self, cx: &Context<'_>, slot: u32) {
        let workflow = &mut self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        for index in 0..workflow.nodes.len() {
            if workflow.nodes[index].state == NodeState::WaitingLock {
                workflow.set_state(
                    plan,
                    index as u32,
                    NodeState::Failed,
                    &mut self.counts.nodes_waiting,
                );
            }
        }
    }
}
