//! Who waits for which limit of a source, for the report.

use super::{Route, SourcePlan};
use crate::engine::Cx;
use crate::engine::reach::LineId;

/// The names of a source's limits.
pub(crate) mod limit {
    pub(crate) const RATE: &str = "rate_limit";
    pub(crate) const ROUTE: &str = "one_at_a_time";
}

/// The lines behind a source's limits.
#[derive(Debug)]
pub(super) struct Lines {
    /// Those who wait for the event before them on their route.
    route: Option<LineId>,
    /// Those who wait for a token.
    token: Option<LineId>,
}

impl Lines {
    pub(super) fn new(plan: &SourcePlan, cx: &mut Cx<'_, '_>) -> Self {
        let (me, recorder) = (cx.me, &mut cx.world.recorder);
        let mut line = |is_there: bool, name| is_there.then(|| recorder.new_line(me, name));
        Self {
            route: line(plan.route == Route::Serial, limit::ROUTE),
            token: line(plan.rate_limit.is_some(), limit::RATE),
        }
    }

    pub(super) fn gauge(&self, on_routes: u64, at_the_gate: u64, cx: &mut Cx<'_, '_>) {
        if let Some(line) = self.route {
            // Who stands behind one that waits for a token waits for it too.
            let limit = if at_the_gate > 0 { limit::RATE } else { limit::ROUTE };
            cx.aim(line, cx.me, limit);
            cx.line(line, on_routes);
        }
        if let Some(line) = self.token {
            cx.line(line, at_the_gate);
        }
    }
}
