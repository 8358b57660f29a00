//! Who wants to come in.

use crate::engine::Cx;
use crate::engine::event::ComponentId;
use crate::engine::job::{Job, JobId};
use crate::engine::recorder::FactKind;

/// A job that wants to come in, as it was when last looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comer {
    pub(super) job: JobId,
    from: ComponentId,
    pub(super) serial: u64,
    pub(super) size_bytes: u32,
    pub(super) priority: i8,
    wants_answer: bool,
}

impl Comer {
    #[inline(always)]
    pub(super) fn new(job: JobId, from: ComponentId, record: &Job) -> Self {
        let &Job { serial, size_bytes, priority, wants_answer, .. } = record;
        Self { job, from, serial, size_bytes, priority, wants_answer }
    }

    /// The job is in.
    #[inline(always)]
    pub(super) fn admit(self, cx: &mut Cx<'_, '_>) {
        cx.fact_of(FactKind::Admitted, self.serial);
        if self.wants_answer {
            cx.answer(self.from, self.job);
        }
    }
}
