//! Jobs: the events on their way, and the branches into which a bus or a condition splits them.
//!
//! An event is born as a *root* job. Where it goes several ways (two triggers consume it) each way is
//! a *branch*: a job of its own with the root as its parent. The root's fate is decided when the last
//! branch is settled. Several jobs that fire one action together (an `&&` condition) are *joined*:
//! a chain behind its head, settled together.
//!
//! Invariant: a live job is held by exactly one place (a component or a signal in the event list); a
//! root with open branches is held by nobody.

use sim_core::time::{SimDuration, SimTime};

use super::event::{ComponentId, NOBODY};
use super::fate::{Fate, FateKind, Reason};
use super::reject::NackId;

/// Index of a job.
pub(crate) type JobId = u32;

/// "No job."
pub(crate) const NO_JOB: JobId = JobId::MAX;

/// One event, or one branch of it.
///
/// Where many are in flight each visit to a job waits for memory, so it lies in two cache lines and no more:
/// first what every stage looks at.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct Job {
    /// When the event entered the model.
    pub(crate) born: SimTime,
    /// When the job entered the point where it is now.
    pub(crate) since: SimTime,
    /// The event's random key: all that is drawn for it later derives from this.
    pub(crate) key: u64,
    /// The event's number, in order of birth.
    pub(crate) serial: u64,
    /// Payload size.
    pub(crate) size_bytes: u32,
    /// Open for the component that holds the job.
    pub(crate) tag: u32,
    parent: JobId,
    /// The next of the jobs joined behind this one; the free list while the job is not live.
    joined: JobId,
    /// Branches not yet settled (of a root).
    branches: u32,
    /// Services begun, wherever: numbers the draws, so that each visit has its own.
    pub(crate) visits: u16,
    /// The life of the process that holds it, for that process to tell.
    pub(crate) epoch: u16,
    /// Attempts at the present point that failed.
    pub(crate) attempts: u16,
    /// The source it came from.
    pub(crate) source: ComponentId,
    /// Whether whoever holds it wants to hear `Accepted`.
    pub(crate) wants_answer: bool,
    /// A call whose caller is gone, or a publish that nobody waits for, or its repetition: the event itself
    /// goes on in another branch.
    pub(crate) is_ghost: bool,
    pub(crate) priority: i8,
    live: bool,
    /// The delay before the last attempt.
    pub(crate) last_delay: SimDuration,
    /// Attempts, submissions and deliveries that have failed or were handed back, wherever. It never goes
    /// back: what is drawn for the next attempt is numbered by it, and so never drawn twice.
    pub(crate) tries: u32,
    /// Refusals that said how to try again, wherever: numbers the draws for what follows, apart from `tries`,
    /// so that the next stage draws the same however often this one refused.
    pub(crate) refusals: u32,
    /// Which delivery of its bus it is; the bus's own number.
    pub(crate) delivery: u32,
    /// Jobs of the event that are kept in stores (of a root).
    kept: u16,
    /// Which of the source's event names it bears.
    pub(crate) subject: u16,
    /// Which attempt of its source this is, from 1, since the source got it.
    pub(crate) attempt_of_sender: u16,
    /// Attempts of its source over its whole life: numbers their draws.
    pub(crate) sendings: u16,
    /// Retries in a row after refusals that named `nack`.
    pub(crate) nacks: u16,
    /// The way to try again by which `nacks` counts.
    pub(crate) nack: NackId,
    /// The way to try again that the last refusal named.
    pub(crate) refused_with: NackId,
    /// Why it was refused last.
    pub(crate) refused_for: Reason,
    fate: Fate,
    /// A trigger has sampled its age.
    pub(crate) is_sampled: bool,
    /// A trigger has fired for it: what is joined to it is complete.
    pub(crate) is_fired: bool,
    /// A store gave it back: whoever publishes it then does so under a new message id.
    pub(crate) is_drained: bool,
}

const _: () = assert!(size_of::<Job>() == 128, "a job is two cache lines");

impl Job {
    /// What it was made of.
    pub(crate) fn as_born(&self) -> Birth {
        let &Self { born: at, key, size_bytes, source, subject, priority, .. } = self;
        Birth { at, key, size_bytes, source, subject, priority }
    }
}

/// What a new event is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) at: SimTime,
    pub(crate) key: u64,
    pub(crate) size_bytes: u32,
    pub(crate) source: ComponentId,
    pub(crate) subject: u16,
    pub(crate) priority: i8,
}

/// An event that has come to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) serial: u64,
    pub(crate) born: SimTime,
    pub(crate) source: ComponentId,
    pub(crate) fate: Fate,
}

/// All live jobs. Slots are reused, last freed first.
#[derive(Debug)]
pub(crate) struct Jobs {
    slots: Vec<Job>,
    /// The head of the list of free slots, or [`NO_JOB`].
    free: JobId,
    live_roots: u32,
    /// Live jobs that somebody holds: all but the roots that are split.
    held: u32,
    /// Those of them that are kept in stores.
    kept: u32,
    /// Jobs that wait for others to complete a condition.
    parked: u32,
    /// Events of which a job is kept in a store.
    kept_roots: u32,
    born: u64,
}

impl Jobs {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: NO_JOB,
            live_roots: 0,
            held: 0,
            kept: 0,
            parked: 0,
            kept_roots: 0,
            born: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn birth(&mut self, birth: Birth) -> JobId {
        let serial = self.born;
        self.born += 1;
        self.live_roots += 1;
        self.held += 1;
        self.insert(Job {
            born: birth.at,
            since: birth.at,
            key: birth.key,
            serial,
            size_bytes: birth.size_bytes,
            parent: NO_JOB,
            joined: NO_JOB,
            branches: 0,
            kept: 0,
            tag: 0,
            delivery: u32::MAX,
            source: birth.source,
            subject: birth.subject,
            attempts: 0,
            attempt_of_sender: 1,
            sendings: 0,
            nacks: 0,
            nack: NackId::NONE,
            refused_with: NackId::NONE,
            epoch: 0,
            last_delay: SimDuration::ZERO,
            visits: 0,
            tries: 0,
            refusals: 0,
            refused_for: Reason::None,
            fate: Fate { kind: FateKind::Completed, reason: Reason::None, at: NOBODY },
            priority: birth.priority,
            wants_answer: false,
            is_ghost: false,
            is_sampled: false,
            is_fired: false,
            is_drained: false,
            live: true,
        })
    }

    /// Opens one more branch of the event that `job` is, or belongs to; it starts as a copy of `job`.
    /// A root that is split so is nobody's to hold any longer.
    pub(crate) fn branch(&mut self, job: JobId) -> JobId {
        let origin = self.slots[job as usize];
        debug_assert!(origin.live);
        let parent = self.root(job);
        let root = &mut self.slots[parent as usize];
        // The first branch is held in place of its root.
        self.held += u32::from(root.branches > 0);
        root.branches += 1;
        self.insert(Job {
            parent,
            joined: NO_JOB,
            branches: 0,
            kept: 0,
            attempts: 0,
            wants_answer: false,
            is_fired: false,
            is_ghost: false,
            ..origin
        })
    }

    /// The root of the event that `job` belongs to.
    pub(crate) fn root(&self, job: JobId) -> JobId {
        let parent = self.slots[job as usize].parent;
        if parent == NO_JOB { job } else { parent }
    }

    /// Joins `other` (and whatever is joined to it) behind `head`.
    pub(crate) fn join(&mut self, head: JobId, other: JobId) {
        let mut last = other;
        while self.slots[last as usize].joined != NO_JOB {
            last = self.slots[last as usize].joined;
        }
        self.slots[last as usize].joined = self.slots[head as usize].joined;
        self.slots[head as usize].joined = other;
    }

    /// Moves whatever is joined behind `from` behind `to`.
    pub(crate) fn move_joined(&mut self, from: JobId, to: JobId) {
        let joined = std::mem::replace(&mut self.slots[from as usize].joined, NO_JOB);
        if joined != NO_JOB {
            self.join(to, joined);
        }
    }

    /// Takes the job joined next behind `job` out of the chain.
    pub(crate) fn unjoin(&mut self, job: JobId) -> Option<JobId> {
        let next = self.next_joined(job)?;
        self.slots[job as usize].joined = self.slots[next as usize].joined;
        self.slots[next as usize].joined = NO_JOB;
        Some(next)
    }

    /// The job joined behind `job`.
    pub(crate) fn next_joined(&self, job: JobId) -> Option<JobId> {
        let next = self.slots[job as usize].joined;
        (next != NO_JOB).then_some(next)
    }

    /// Ends one job (not those joined to it). Answers how the event ended, if it has come to its end with
    /// this job.
    #[inline(always)]
    pub(crate) fn end(&mut self, job: JobId, fate: Fate) -> Option<Ended> {
        let &Job { serial, born, source, parent, live, branches, .. } = &self.slots[job as usize];
        assert!(live && branches == 0, "a job is settled once, after its branches");
        self.remove(job);
        self.held -= 1;
        if parent == NO_JOB {
            self.live_roots -= 1;
            return Some(Ended { serial, born, source, fate });
        }
        self.end_branch(parent, fate)
    }

    fn end_branch(&mut self, parent: JobId, fate: Fate) -> Option<Ended> {
        let root = &mut self.slots[parent as usize];
        root.fate = root.fate.worse(fate);
        root.branches -= 1;
        if root.branches > 0 {
            return None;
        }
        let fate = if root.fate.at == NOBODY { fate } else { root.fate };
        let &mut Job { serial, born, source, .. } = root;
        self.remove(parent);
        self.live_roots -= 1;
        Some(Ended { serial, born, source, fate })
    }

    /// A branch whose event goes on in other branches of the same root: forgotten without a fate of its
    /// own. A root needs nothing: split, it is held by nobody.
    pub(crate) fn merge_into_siblings(&mut self, job: JobId) {
        let parent = self.slots[job as usize].parent;
        if parent != NO_JOB {
            self.slots[parent as usize].branches -= 1;
            debug_assert!(self.slots[parent as usize].branches > 0, "it has siblings");
            self.remove(job);
            self.held -= 1;
        }
    }

    /// Whether the job is a branch beside others of its event that have not ended.
    pub(crate) fn has_siblings(&self, job: JobId) -> bool {
        let parent = self.slots[job as usize].parent;
        parent != NO_JOB && self.slots[parent as usize].branches > 1
    }

    /// A store keeps the job and what is joined to it.
    pub(crate) fn keep(&mut self, job: JobId) {
        let mut next = Some(job);
        while let Some(job) = next {
            next = self.next_joined(job);
            self.kept += 1;
            let root = self.root(job);
            let root = &mut self.slots[root as usize];
            self.kept_roots += u32::from(root.kept == 0);
            root.kept += 1;
        }
    }

    /// A store keeps it no longer.
    pub(crate) fn give_back(&mut self, job: JobId) {
        let mut next = Some(job);
        while let Some(job) = next {
            next = self.next_joined(job);
            self.kept -= 1;
            let root = self.root(job);
            let root = &mut self.slots[root as usize];
            root.kept -= 1;
            self.kept_roots -= u32::from(root.kept == 0);
        }
    }

    /// A condition holds the job until others complete it.
    pub(crate) fn park(&mut self) {
        self.parked += 1;
    }

    /// So many no longer.
    pub(crate) fn unpark(&mut self, jobs: u32) {
        self.parked -= jobs;
    }

    /// Whether nothing is under way: everything is in stores, or waits for what may never come.
    pub(crate) fn are_idle(&self) -> bool {
        self.held == self.kept + self.parked
    }

    /// Events that have not come to their end and are in no store.
    pub(crate) fn live_roots_beyond_stores(&self) -> u32 {
        self.live_roots - self.kept_roots
    }

    /// Events that have not come to their end.
    pub(crate) fn live_roots(&self) -> u32 {
        self.live_roots
    }

    /// Events born so far.
    pub(crate) fn born(&self) -> u64 {
        self.born
    }

    /// Whether the job is a root that waits for its branches, so that nobody holds it.
    pub(crate) fn is_split(&self, job: JobId) -> bool {
        self.slots[job as usize].branches > 0
    }

    /// Ids of all live jobs, for the check at the end.
    pub(crate) fn iter_live(&self) -> impl Iterator<Item = JobId> {
        (0u32..).zip(&self.slots).filter(|(_, job)| job.live).map(|(id, _)| id)
    }

    #[inline]
    fn insert(&mut self, job: Job) -> JobId {
        let id = self.free;
        if let Some(slot) = self.slots.get_mut(id as usize) {
            self.free = slot.joined;
            *slot = job;
            id
        } else {
            self.slots.push(job);
            (self.slots.len() - 1) as JobId
        }
    }

    #[inline]
    fn remove(&mut self, id: JobId) {
        let slot = &mut self.slots[id as usize];
        slot.live = false;
        slot.joined = self.free;
        self.free = id;
    }
}

impl std::ops::Index<JobId> for Jobs {
    type Output = Job;
    #[inline]
    fn index(&self, id: JobId) -> &Job {
        let job = &self.slots[id as usize];
        debug_assert!(job.live, "job {id} is not live");
        job
    }
}

impl std::ops::IndexMut<JobId> for Jobs {
    #[inline]
    fn index_mut(&mut self, id: JobId) -> &mut Job {
        let job = &mut self.slots[id as usize];
        debug_assert!(job.live, "job {id} is not live");
        job
    }
}
