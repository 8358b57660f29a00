//! Steps and DAGs: which of the tasks may begin, and when the group is through.

use std::ops::Range;

use sim_core::time::SimTime;

use super::control::{Context, Core, Look};
use super::plan::{Join, PlanKind};
use super::state::{NodeState, TaskState};

impl Core {
    pub(super) fn execute_group(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        look: &mut Look,
    ) {
        loop {
            let node = &mut self.workflows[slot as usize].nodes[index as usize];
            if node.state != NodeState::Active {
                if node.first_started == SimTime::MAX {
                    node.first_started = cx.now;
                }
                self.set_node(cx, slot, index, NodeState::Active);
                look.updated = true;
            }
            let Some(end) = self.walk_tasks(cx, slot, index, look) else { return };
            look.updated = true;
            self.workflows[slot as usize].nodes[index as usize].last_finished = cx.now;
            if end == TaskState::Succeeded {
                self.set_node(cx, slot, index, NodeState::Succeeded);
                return;
            }
            self.fail_node(cx, slot, index);
            let state = self.workflows[slot as usize].nodes[index as usize].state;
            if state == NodeState::Failed || !self.settle_attempt(cx, slot, index, look) {
                return;
            }
        }
    }

    /// Goes through the tasks in order of dependency; how the group ended, if it did.
    fn walk_tasks(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        index: u32,
        look: &mut Look,
    ) -> Option<TaskState> {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        let PlanKind::Group { tasks, join, .. } = &plan.nodes[index as usize].kind else {
            return None;
        };
        // First what is known already: a failure must be known before anything new begins.
        for task in tasks.clone() {
            self.settle_task(cx, slot, task, look);
        }
        for task in tasks.clone() {
            if self.workflows[slot as usize].tasks[task as usize] == TaskState::Open {
                self.execute_task(cx, slot, task, *join, tasks.clone(), look);
            }
        }
        if *join == Join::DagFailFast && self.any_failed(slot, tasks.clone()) {
            self.omit_unbegun(cx, slot, tasks.clone(), look);
        }
        let states = &self.workflows[slot as usize].tasks[tasks.start as usize..tasks.end as usize];
        if states.contains(&TaskState::Open) {
            return None;
        }
        let failed = states.iter().any(|state| *state != TaskState::Succeeded);
        Some(if failed { TaskState::Failed } else { TaskState::Succeeded })
    }

    fn any_failed(&self, slot: u32, tasks: Range<u32>) -> bool {
        let states = &self.workflows[slot as usize].tasks[tasks.start as usize..tasks.end as usize];
        states.contains(&TaskState::Failed)
    }

    fn execute_task(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        task: u32,
        join: Join,
        siblings: Range<u32>,
        look: &mut Look,
    ) {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        let spec = &plan.tasks[task as usize];
        let states = &self.workflows[slot as usize].tasks;
        let depends = &plan.task_depends[spec.depends.start as usize..spec.depends.end as usize];
        let depends = depends.iter().map(|&task| states[task as usize]);
        if depends.clone().any(|state| matches!(state, TaskState::Failed | TaskState::Omitted)) {
            self.workflows[slot as usize].tasks[task as usize] = TaskState::Omitted;
            return;
        }
        if depends.into_iter().any(|state| state == TaskState::Open) {
            return;
        }
        let stopped = join == Join::DagFailFast && self.any_failed(slot, siblings);
        for position in spec.nodes.clone() {
            let node = plan.task_nodes[position as usize];
            let state = self.workflows[slot as usize].nodes[node as usize].state;
            if !(stopped && state == NodeState::Absent) {
                self.execute(cx, slot, node, look);
            }
        }
        self.settle_task(cx, slot, task, look);
    }

    /// Closes a task whose nodes are all through.
    fn settle_task(&mut self, cx: &mut Context<'_>, slot: u32, task: u32, look: &mut Look) {
        if self.workflows[slot as usize].tasks[task as usize] != TaskState::Open {
            return;
        }
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        let spec = &plan.tasks[task as usize];
        let nodes = &plan.task_nodes[spec.nodes.start as usize..spec.nodes.end as usize];
        let state = |node: &u32| self.workflows[slot as usize].nodes[*node as usize].state;
        // A task without items is through when its turn comes.
        let through = if nodes.is_empty() {
            self.is_due(cx, slot, task)
        } else {
            nodes.iter().all(|node| state(node).is_fulfilled())
        };
        if !through {
            return;
        }
        let succeeded = nodes.iter().all(|node| state(node) == NodeState::Succeeded);
        let end = if succeeded { TaskState::Succeeded } else { TaskState::Failed };
        self.workflows[slot as usize].tasks[task as usize] = end;
        for &node in nodes {
            self.release(cx, slot, plan.nodes[node as usize].claims.clone(), look);
        }
    }

    fn is_due(&self, cx: &Context<'_>, slot: u32, task: u32) -> bool {
        let workflow = &self.workflows[slot as usize];
        let plan = &cx.plans[workflow.template as usize];
        let depends = plan.tasks[task as usize].depends.clone();
        let mut depends = plan.task_depends[depends.start as usize..depends.end as usize].iter();
        depends.all(|&task| workflow.tasks[task as usize] == TaskState::Succeeded)
    }

    /// After a failure nothing begins any more: what has not begun never will.
    fn omit_unbegun(
        &mut self,
        cx: &mut Context<'_>,
        slot: u32,
        tasks: Range<u32>,
        look: &mut Look,
    ) {
        let plans = cx.plans;
        let plan = &plans[self.workflows[slot as usize].template as usize];
        for task in tasks {
            if self.workflows[slot as usize].tasks[task as usize] != TaskState::Open {
                continue;
            }
            let nodes = plan.tasks[task as usize].nodes.clone();
            let nodes = &plan.task_nodes[nodes.start as usize..nodes.end as usize];
            for &node in nodes {
                if self.workflows[slot as usize].nodes[node as usize].state == NodeState::Absent {
                    self.set_node(cx, slot, node, NodeState::Omitted);
                }
            }
            let state = |node: &u32| self.workflows[slot as usize].nodes[*node as usize].state;
            if nodes.iter().all(|node| state(node) == NodeState::Omitted) {
                self.workflows[slot as usize].tasks[task as usize] = TaskState::Omitted;
            } else {
                self.settle_task(cx, slot, task, look);
            }
        }
    }
}
