//! The closed alphabet in which components talk: small, copyable, one target each.

use super::job::JobId;

/// Index of a component of the model.
pub(crate) type ComponentId = u16;

/// "No component": an offer that came from nobody who waits for an answer.
pub(crate) const NOBODY: ComponentId = ComponentId::MAX;

/// One event: a signal for one component. At most 12 bytes, because the event list moves it often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) to: ComponentId,
    pub(crate) signal: Signal,
}

/// What can be said to a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A timer of the component's own; `what` and `arg` mean something to it only. Carries no job.
    Wake { what: u16, arg: u32 },
    /// A timer of the component's own about a job that the event list holds for it meanwhile (a job
    /// in orbit, in service, on its way).
    Carry { what: u16, job: JobId },
    /// A timer of the component's own about a job that the component itself still holds.
    Remind { what: u16, job: JobId },
    /// `from` hands over a job. Whoever is offered a job owns it until it answers, passes it on or
    /// settles it.
    Offer { from: ComponentId, job: JobId },
    /// The offer was taken; said only to those who asked (`Job::wants_answer`). The job is no longer theirs.
    Accepted { by: ComponentId, job: JobId },
    /// The offer was refused and the job is handed back: the producer's own again (policy `Nack`).
    Refused { by: ComponentId, job: JobId },
    /// The work that was asked for is done (a call returned, a workflow ended); the job is handed back.
    Finished { by: ComponentId, job: JobId },
    /// The same, but it failed.
    Failed { by: ComponentId, job: JobId },
    /// A consumer asks its bus for one more message.
    Pull { from: ComponentId, consumer: u32 },
    /// A consumer that stops takes its request back.
    CancelPull { from: ComponentId, consumer: u32 },
    /// A consumer works on a message and keeps saying so: its ack wait does not run out meanwhile.
    Working { consumer: u16, delivery: u32 },
    /// A consumer lost a message that it had not acked: the bus has it again, to redeliver after the
    /// ack wait.
    Abandoned { by: ComponentId, job: JobId },
    /// The bus hands a message to a consumer.
    Deliver { consumer: u16, job: JobId },
    /// The consumer is done with a message: never redeliver it. Carries no job.
    Ack { consumer: u16, delivery: u32 },
    /// Who waited for the end of this job's work waits no longer: it is the worker's own to bring to its end.
    LetGo { job: JobId },
    /// An event of a closed-loop source has come to its end: its client may think again.
    Settled,
    /// An entry of the fault timeline is due.
    Fault { index: u32 },
}

impl Signal {
    /// The job that exists only inside this signal while it waits in the event list.
    pub(crate) fn carried(self) -> Option<JobId> {
        match self {
            Self::Carry { job, .. }
            | Self::Offer { job, .. }
            | Self::Refused { job, .. }
            | Self::Finished { job, .. }
            | Self::Failed { job, .. }
            | Self::Abandoned { job, .. }
            | Self::Deliver { job, .. } => Some(job),
            Self::Wake { .. }
            | Self::Remind { .. }
            | Self::Accepted { .. }
            | Self::Pull { .. }
            | Self::CancelPull { .. }
            | Self::Working { .. }
            | Self::Ack { .. }
            | Self::LetGo { .. }
            | Self::Settled
            | Self::Fault { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Event;

    #[test]
    fn an_event_stays_small() {
        assert!(size_of::<Event>() <= 12, "{}", size_of::<Event>());
    }
}
