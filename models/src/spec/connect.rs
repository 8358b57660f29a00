//! What components know of their neighbors.

use crate::component::ComponentPlan;
use crate::engine::event::ComponentId;
use crate::engine::reject::NackId;
use crate::trigger::Target;

/// Tells each component what only its neighbors know: who calls it, and how what it passes on is handed
/// back.
pub(super) fn connect(components: &mut [ComponentPlan]) {
    let count = components.len();
    let mut callers = vec![vec![false; count]; count];
    for (from, plan) in components.iter().enumerate() {
        let ComponentPlan::Trigger(trigger) = plan else { continue };
        for action in trigger.actions() {
            match action.target {
                Target::Call(to) | Target::Workflow { controller: to, waits: true, .. } => {
                    callers[to as usize][from] = true;
                }
                Target::Workflow { .. } | Target::Store(_) | Target::Log => {}
            }
        }
    }
    let nacks: Vec<Option<NackId>> = components.iter().map(ComponentPlan::nack).collect();
    let nack_of = |to: ComponentId| nacks[to as usize];
    for (plan, callers) in components.iter_mut().zip(callers) {
        match plan {
            ComponentPlan::EventSource(source) => source.target_nack = nack_of(source.target.stage),
            ComponentPlan::Station(station) => {
                let has_orbit = station.ways_out().any(|to| nack_of(to).is_some());
                station.has_orbit = has_orbit;
                station.callers = callers;
            }
            ComponentPlan::Workflow(workflow) => workflow.callers = callers,
            _ => {}
        }
    }
}
