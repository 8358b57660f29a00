//! The messages a stream holds, and their cost.

use std::collections::VecDeque;

use sim_core::time::SimTime;

use super::seqmap::SeqMap;
use super::subject::Subject;

/// A message kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored<M> {
    pub(super) data: M,
    pub(super) at: SimTime,
    pub(super) subject: Subject,
    /// What it adds to the stream's bytes.
    pub(super) cost: u32,
    /// Subject, headers and payload in bytes: what a pull's `max_bytes` counts.
    pub(super) wire_bytes: u32,
}

/// The contents of a stream. `bytes` is always the sum of the costs of what is kept.
#[derive(Clone, Debug)]
pub(super) struct Store<M> {
    messages: SeqMap<Stored<M>>,
    bytes: u64,
    last_seq: u64,
    /// Sequences by subject; kept only where there is a limit per subject.
    by_subject: Option<Vec<VecDeque<u64>>>,
}

impl<M: Copy> Store<M> {
    pub(super) const fn new() -> Self {
        Self { messages: SeqMap::new(), bytes: 0, last_seq: 0, by_subject: None }
    }

    pub(super) const fn len(&self) -> u64 {
        self.messages.len() as u64
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The oldest sequence kept; of an empty stream the one that comes next, of a fresh one 0.
    pub(super) fn first_seq(&self) -> u64 {
        match self.messages.first() {
            Some(seq) => seq,
            None if self.last_seq == 0 => 0,
            None => self.last_seq + 1,
        }
    }

    pub(super) fn oldest(&self) -> Option<(u64, &Stored<M>)> {
        let seq = self.messages.first()?;
        self.messages.get(seq).map(|stored| (seq, stored))
    }

    /// Uses up a sequence number for a message that is not kept.
    pub(super) const fn skip(&mut self) -> u64 {
        self.last_seq += 1;
        self.last_seq
    }

    pub(super) fn push(&mut self, stored: Stored<M>) -> u64 {
        let seq = self.skip();
        self.bytes += u64::from(stored.cost);
        if let Some(by_subject) = &mut self.by_subject {
            note_subject(by_subject, stored.subject, seq);
        }
        self.messages.push(seq, stored);
        seq
    }

    pub(super) fn remove(&mut self, seq: u64) -> Option<Stored<M>> {
        let stored = self.messages.remove(seq)?;
        self.bytes -= u64::from(stored.cost);
        if let Some(by_subject) = &mut self.by_subject {
            let seqs = &mut by_subject[stored.subject.index()];
            if let Ok(place) = seqs.binary_search(&seq) {
                seqs.remove(place);
            }
        }
        Some(stored)
    }

    #[inline]
    pub(super) fn get(&self, seq: u64) -> Option<&Stored<M>> {
        self.messages.get(seq)
    }

    #[inline]
    pub(super) fn at_or_after(&self, seq: u64) -> Option<(u64, &Stored<M>)> {
        self.messages.at_or_after(seq)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &Stored<M>)> {
        self.messages.iter()
    }

    /// Starts or stops the books by subject.
    pub(super) fn track_subjects(&mut self, limit: Option<u64>) {
        if limit.is_some() == self.by_subject.is_some() {
            return;
        }
        self.by_subject = limit.map(|_| {
            let mut by_subject = Vec::new();
            for (seq, stored) in self.messages.iter() {
                note_subject(&mut by_subject, stored.subject, seq);
            }
            by_subject
        });
    }

    /// The sequences of `subject` kept, oldest first; empty where no limit per subject is set.
    pub(super) fn of_subject(&self, subject: Subject) -> Option<&VecDeque<u64>> {
        self.by_subject.as_ref()?.get(subject.index())
    }
}

fn note_subject(by_subject: &mut Vec<VecDeque<u64>>, subject: Subject, seq: u64) {
    if by_subject.len() <= subject.index() {
        by_subject.resize_with(subject.index() + 1, VecDeque::new);
    }
    by_subject[subject.index()].push_back(seq);
}
