//! Which branch of which message is where: a small table, one row a stored message, one slot a consumer.

use std::collections::BTreeMap;

use crate::engine::job::JobId;

/// A row's number.
pub(super) type Message = u32;

/// What a consumer's branch of a message is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It waits here.
    Waiting(JobId),
    /// The consumer has it, under this delivery number.
    Held(u32),
    /// It is over, or never was.
    Done,
}

/// The table. Rows are reused, last freed first.
#[derive(Debug)]
pub(super) struct Branches {
    width: usize,
    slots: Vec<Slot>,
    subjects: Vec<u32>,
    free: Vec<Message>,
    outstanding: u64,
    by_sequence: Option<BTreeMap<u64, Message>>,
}

impl Branches {
    /// `width`: the most consumers of one message; `finds_by_sequence`: keeps an index for
    /// [`Branches::find`].
    pub(super) fn new(width: usize, finds_by_sequence: bool) -> Self {
        Self {
            width,
            slots: Vec::new(),
            subjects: Vec::new(),
            free: Vec::new(),
            outstanding: 0,
            by_sequence: finds_by_sequence.then(BTreeMap::new),
        }
    }

    /// A row for a message of that subject, all its slots over.
    pub(super) fn reserve(&mut self, subject: u32) -> Message {
        if let Some(row) = self.free.pop() {
            self.subjects[row as usize] = subject;
            return row;
        }
        self.slots.resize(self.slots.len() + self.width, Slot::Done);
        self.subjects.push(subject);
        (self.subjects.len() - 1) as Message
    }

    /// Notes the sequence under which the message was stored.
    pub(super) fn stored_as(&mut self, message: Message, sequence: u64) {
        if let Some(index) = &mut self.by_sequence {
            index.insert(sequence, message);
        }
    }

    /// The message of that sequence, if the index is kept.
    pub(super) fn find(&self, sequence: u64) -> Option<Message> {
        self.by_sequence.as_ref()?.get(&sequence).copied()
    }

    /// Gives the row back.
    pub(super) fn free(&mut self, message: Message, sequence: Option<u64>) {
        for slot in 0..self.width as u32 {
            self.set(message, slot, Slot::Done);
        }
        if let (Some(index), Some(sequence)) = (&mut self.by_sequence, sequence) {
            index.remove(&sequence);
        }
        self.free.push(message);
    }

    pub(super) fn subject(&self, message: Message) -> u32 {
        self.subjects[message as usize]
    }

    pub(super) fn get(&self, message: Message, slot: u32) -> Slot {
        self.slots[self.place(message, slot)]
    }

    pub(super) fn set(&mut self, message: Message, slot: u32, value: Slot) {
        let place = self.place(message, slot);
        let before = std::mem::replace(&mut self.slots[place], value);
        self.outstanding += u64::from(value != Slot::Done);
        self.outstanding -= u64::from(before != Slot::Done);
    }

    /// Branches that are not over.
    pub(super) fn outstanding(&self) -> u64 {
        self.outstanding
    }

    /// The branches that wait here.
    pub(super) fn waiting(&self) -> impl Iterator<Item = JobId> + '_ {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Waiting(job) => Some(*job),
            Slot::Held(_) | Slot::Done => None,
        })
    }

    /// The slots of a row that are not over.
    pub(super) fn open(&self, message: Message) -> impl Iterator<Item = (u32, Slot)> + '_ {
        let row = &self.slots[self.place(message, 0)..][..self.width];
        (0..).zip(row.iter().copied()).filter(|&(_, slot)| slot != Slot::Done)
    }

    fn place(&self, message: Message, slot: u32) -> usize {
        message as usize * self.width + slot as usize
    }
}
