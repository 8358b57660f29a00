//! The closed alphabet in which components talk: small, copyable, one target each.

use super::job::JobId;

/// Index of a component of the model.
pub(crate) type ComponentId = u16;

/// "No component": an offer that came from nobody who waits for an answer.
pub(crate) const NOBODY: ComponentId = COMPONENTS_MAX as ComponentId;

/// How many components a model may have, so that an event names one in 13 bits.
pub(crate) const COMPONENTS_MAX: usize = (1 << TO_BITS) - 1;

/// The largest small number of a signal, of a consumer for example.
pub(crate) const SMALL_MAX: usize = (1 << SMALL_BITS) - 1;

const SMALL_SHIFT: u32 = 32;
/// How many bits a small number has.
pub(crate) const SMALL_BITS: u32 = 14;
const TO_SHIFT: u32 = SMALL_SHIFT + SMALL_BITS;
const TO_BITS: u32 = 13;
const KIND_SHIFT: u32 = TO_SHIFT + TO_BITS;
/// The kind of [`Signal::Fault`].
const FAULT: u64 = 15;

/// One event: a signal for one component, packed into one word.
///
/// The event list moves events often, and what is written in parts and read as a whole has to wait for its
/// parts: as an enum beside an index this cost a tenth of a run. From the lowest bit: 32 for the signal's
/// job or argument, 14 for its small number, 13 for the component, 5 for the kind of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event(u64);

impl Event {
    /// `signal` for `to`.
    #[inline]
    pub(crate) fn new(to: ComponentId, signal: Signal) -> Self {
        let (kind, small, large) = signal.parts();
        debug_assert!(to <= NOBODY && usize::from(small) <= SMALL_MAX);
        Self(
            u64::from(large)
                | u64::from(small) << SMALL_SHIFT
                | u64::from(to) << TO_SHIFT
                | kind << KIND_SHIFT,
        )
    }

    /// The component that it is for.
    #[inline]
    pub(crate) fn to(self) -> ComponentId {
        (self.0 >> TO_SHIFT) as ComponentId & NOBODY
    }

    /// Which entry of the fault timeline it is, if it is one.
    #[inline]
    pub(crate) fn fault(self) -> Option<u32> {
        (self.0 >> KIND_SHIFT == FAULT).then_some(self.0 as u32)
    }

    /// What is said to it.
    #[inline(always)]
    pub(crate) fn signal(self) -> Signal {
        let small = (self.0 >> SMALL_SHIFT) as u16 & SMALL_MAX as u16;
        Signal::from_parts(self.0 >> KIND_SHIFT, small, self.0 as u32)
    }
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
    /// Its kind, its small number and its large one: the inverse of [`Signal::from_parts`].
    #[inline]
    fn parts(self) -> (u64, u16, u32) {
        match self {
            Self::Wake { what, arg } => (0, what, arg),
            Self::Carry { what, job } => (1, what, job),
            Self::Remind { what, job } => (2, what, job),
            Self::Offer { from, job } => (3, from, job),
            Self::Accepted { by, job } => (4, by, job),
            Self::Refused { by, job } => (5, by, job),
            Self::Finished { by, job } => (6, by, job),
            Self::Failed { by, job } => (7, by, job),
            Self::Pull { from, consumer } => (8, from, consumer),
            Self::CancelPull { from, consumer } => (9, from, consumer),
            Self::Working { consumer, delivery } => (10, consumer, delivery),
            Self::Abandoned { by, job } => (11, by, job),
            Self::Deliver { consumer, job } => (12, consumer, job),
            Self::Ack { consumer, delivery } => (13, consumer, delivery),
            Self::Settled => (14, 0, 0),
            Self::Fault { index } => (FAULT, 0, index),
            Self::LetGo { job } => (16, 0, job),
        }
    }

    #[inline(always)]
    fn from_parts(kind: u64, small: u16, large: u32) -> Self {
        match kind {
            0 => Self::Wake { what: small, arg: large },
            1 => Self::Carry { what: small, job: large },
            2 => Self::Remind { what: small, job: large },
            3 => Self::Offer { from: small, job: large },
            4 => Self::Accepted { by: small, job: large },
            5 => Self::Refused { by: small, job: large },
            6 => Self::Finished { by: small, job: large },
            7 => Self::Failed { by: small, job: large },
            8 => Self::Pull { from: small, consumer: large },
            9 => Self::CancelPull { from: small, consumer: large },
            10 => Self::Working { consumer: small, delivery: large },
            11 => Self::Abandoned { by: small, job: large },
            12 => Self::Deliver { consumer: small, job: large },
            13 => Self::Ack { consumer: small, delivery: large },
            14 => Self::Settled,
            FAULT => Self::Fault { index: large },
            16 => Self::LetGo { job: large },
            _ => unreachable!("no signal is of kind {kind}"),
        }
    }

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
    use super::*;

    /// Every kind of signal, with its fields at their largest.
    #[test]
    fn an_event_gives_back_what_was_put_in() {
        let small = SMALL_MAX as u16;
        for kind in 0..17 {
            let signal = Signal::from_parts(kind, small, u32::MAX);
            assert_eq!(signal.parts().0, kind);
            for to in [0, 1, NOBODY] {
                let event = Event::new(to, signal);
                assert_eq!((event.to(), event.signal()), (to, signal));
            }
        }
    }
}
