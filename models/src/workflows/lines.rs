//! Who waits for which limit of the controller, for the report.

use crate::engine::Cx;
use crate::engine::reach::LineId;
use crate::workflow::{Controller, Gauges, LockId, Realism};
use crate::workflows::{WorkflowPlan, limit};

/// The lines behind the controller's limits.
#[derive(Debug)]
pub(super) struct Lines {
    /// In the order of the controller's locks.
    locks: Vec<(LockId, LineId)>,
    parallelism: Option<LineId>,
    workers: Option<LineId>,
    api: Option<LineId>,
    pods: Option<LineId>,
}

impl Lines {
    pub(super) fn new(plan: &WorkflowPlan, controller: &Controller, cx: &mut Cx<'_, '_>) -> Self {
        let (me, recorder) = (cx.me, &mut cx.world.recorder);
        let names = limit::locks(plan);
        let locks = controller.lock_names().map(|(id, _)| id).zip(names);
        let locks = locks.map(|(id, name)| (id, recorder.new_line(me, &name))).collect();
        let config = &plan.config;
        let is_real = config.realism == Realism::Argo;
        let mut line = |is_there: bool, name: &str| is_there.then(|| recorder.new_line(me, name));
        Self {
            locks,
            parallelism: line(limit::has_parallelism(config), limit::PARALLELISM),
            workers: line(is_real, limit::WORKERS),
            api: line(is_real && config.api_limit.is_some(), limit::API),
            pods: line(config.resource_rate_limit.is_some(), limit::PODS),
        }
    }

    pub(super) fn gauge(
        &self,
        plan: &WorkflowPlan,
        controller: &Controller,
        gauges: &Gauges,
        cx: &mut Cx<'_, '_>,
    ) {
        let now = cx.now();
        for &(lock, line) in &self.locks {
            cx.line(line, u64::from(controller.lock(lock).waiting));
        }
        if let Some(line) = self.parallelism {
            let most = plan.config.parallelism.map_or(0, u64::from);
            let is_whole = most > 0 && gauges.live - gauges.pending_parallelism >= most;
            cx.aim(line, cx.me, if is_whole { limit::PARALLELISM } else { limit::NAMESPACE });
            cx.line(line, gauges.pending_parallelism);
        }
        let waits_for_api = gauges.api_until > now;
        if let Some(line) = self.api {
            cx.line(line, if waits_for_api { gauges.workers_busy } else { 0 });
        }
        if let Some(line) = self.workers {
            let for_api = waits_for_api && self.api.is_some();
            cx.aim(line, cx.me, if for_api { limit::API } else { limit::WORKERS });
            cx.line(line, gauges.queue_depth);
        }
        if let Some(line) = self.pods {
            cx.line(line, u64::from(gauges.pods_until > now));
        }
    }
}
