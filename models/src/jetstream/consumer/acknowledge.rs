//! What acknowledgments and purges do to a consumer.

use sim_core::time::{SimDuration, SimTime};

use super::super::config::AckPolicy;
use super::super::redelivery::Progress;
use super::super::requests::Purge;
use super::super::store::Store;
use super::super::subject::{SubjectTable, subject_matches};
use super::Consumer;

impl Consumer {
    /// Whether the consumer has looked past the message, so that acknowledging it means something.
    pub(in crate::jetstream) fn has_passed(&self, seq: u64) -> bool {
        seq < self.next_seq
    }

    /// Acknowledges the message, or under [`AckPolicy::All`] everything up to it. The sequences that
    /// were finished by this go to `finished`.
    pub(in crate::jetstream) fn ack(&mut self, seq: u64, cseq: u64, finished: &mut Vec<u64>) {
        match self.config.ack_policy {
            AckPolicy::None => {}
            AckPolicy::Explicit => {
                let entry = self.redelivery.remove(seq);
                let held = entry.filter(|entry| entry.progress != Progress::Exhausted);
                self.move_floor(seq, held.map_or(cseq, |entry| entry.cseq));
                finished.push(seq);
            }
            AckPolicy::All => self.ack_up_to(seq, cseq, finished),
        }
    }

    fn ack_up_to(&mut self, seq: u64, cseq: u64, finished: &mut Vec<u64>) {
        if cseq <= self.floor_cseq || seq <= self.floor_seq {
            return;
        }
        (self.floor_seq, self.floor_cseq) = (seq, cseq);
        while let Some(first) = self.redelivery.first().filter(|&first| first <= seq) {
            self.redelivery.remove(first);
            finished.push(first);
        }
    }

    /// Moves the ack floor after the message of that first consumer sequence was finished.
    pub(super) fn move_floor(&mut self, seq: u64, cseq: u64) {
        if self.redelivery.pending() == 0 {
            (self.floor_seq, self.floor_cseq) = (self.next_seq - 1, self.next_cseq - 1);
        } else if cseq == self.floor_cseq + 1 {
            (self.floor_seq, self.floor_cseq) = (seq, cseq);
            if let Some((next, entry)) = self.redelivery.pending_at_or_after(seq + 1) {
                (self.floor_seq, self.floor_cseq) = (next - 1, entry.cseq - 1);
            }
        }
    }

    /// Deliveries of the message so far.
    pub(in crate::jetstream) fn deliveries(&self, seq: u64) -> u32 {
        self.redelivery.get(seq).map_or(1, |entry| entry.redeliveries + 1)
    }

    /// Whether the message is delivered and not finished.
    pub(in crate::jetstream) fn is_pending(&self, seq: u64) -> bool {
        self.redelivery.get(seq).is_some_and(|entry| entry.progress != Progress::Exhausted)
    }

    pub(in crate::jetstream) fn nak(&mut self, seq: u64) {
        self.redelivery.nak(seq);
    }

    /// A refusal for `delay`: the server sets the clock of the message so that its first wait ends
    /// then; with backoff the current wait differs from the first, and the delay with it.
    pub(in crate::jetstream) fn nak_later(&mut self, now: SimTime, seq: u64, delay: SimDuration) {
        let Some(entry) = self.redelivery.get(seq) else { return };
        let wait = self.config.wait_after(entry.redeliveries);
        let deadline = (now + delay + wait).since(SimTime::ZERO) - self.config.effective_ack_wait();
        self.redelivery.postpone(seq, SimTime::ZERO + deadline, Progress::Delayed);
        self.redelivery.check_soon(now);
    }

    /// A sign of life: the full wait again.
    pub(in crate::jetstream) fn in_progress(&mut self, now: SimTime, seq: u64) {
        let Some(entry) = self.redelivery.get(seq) else { return };
        let wait = self.config.wait_after(entry.redeliveries);
        self.redelivery.postpone(seq, now + wait, Progress::InFlight);
    }

    // ---- purge ----

    /// Follows a purge, after the removed messages are forgotten.
    pub(in crate::jetstream) fn on_purged<M: Copy>(
        &mut self,
        now: SimTime,
        purge: Purge<'_>,
        store: &Store<M>,
        subjects: &SubjectTable,
    ) {
        let Some(start) = self.start_after(purge, store, subjects) else { return };
        self.next_seq = self.next_seq.max(start);
        self.num_pending = self.count_ahead(store);
        let forgets = self.version.purge_forgets_survivors();
        if self.floor_seq < start {
            self.floor_seq = start - 1;
            self.floor_cseq = if forgets { self.next_cseq - 1 } else { self.floor_cseq };
        }
        if forgets {
            self.redelivery.exhaust_all();
        } else if self.redelivery.pending() == 0 {
            self.redelivery.reset();
            (self.floor_seq, self.floor_cseq) = (self.next_seq - 1, self.next_cseq - 1);
        }
        self.redelivery.empty_queue(now);
    }

    /// Where the consumer may go on after a purge; `None`: the purge does not concern it.
    fn start_after<M: Copy>(
        &self,
        purge: Purge<'_>,
        store: &Store<M>,
        subjects: &SubjectTable,
    ) -> Option<u64> {
        let first = store.first_seq().max(1);
        let Purge::Filter(purged) = purge else { return Some(first) };
        let mut wanted = self.filter.patterns().iter();
        let is_narrower =
            !self.filter.is_everything() && wanted.all(|wanted| subject_matches(purged, wanted));
        if is_narrower || self.version.purge_forgets_survivors() {
            let mut left = store
                .iter()
                .filter(|(_, stored)| subject_matches(purged, subjects.name(stored.subject)));
            return Some(left.next().map_or(store.last_seq() + 1, |(seq, _)| seq));
        }
        let mut wanted = self.filter.patterns().iter();
        let is_wider =
            self.filter.is_everything() || wanted.any(|wanted| subject_matches(wanted, purged));
        is_wider.then_some(first)
    }
}
