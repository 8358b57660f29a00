//! What a consumer delivers, in which order, and to whom.

use sim_core::time::SimTime;

use super::super::config::{AckPolicy, DeliveryMode};
use super::super::effect::{AdvisoryKind, Delivery, Effect, PullStatus};
use super::super::pull::{Closed, PullRequest, REPLY_SUBJECT_BYTES, Turn, WaitQueue};
use super::super::store::Store;
use super::{Consumer, Interest};

/// What there is to deliver.
enum Next {
    /// A message for the first time.
    New(u64),
    /// A message again, for the nth time.
    Again(u64, u32),
    /// Too many unacknowledged.
    Stalled,
    /// Nothing.
    Nothing,
}

impl Consumer {
    /// Whether there is anybody to deliver to.
    #[inline]
    pub(in crate::jetstream) fn has_taker(&self) -> bool {
        match self.config.mode {
            DeliveryMode::Pull { .. } => !self.waiting.is_empty(),
            DeliveryMode::Push { .. } => self.interest == Interest::Subscribed,
        }
    }

    /// Delivers all that can be delivered now. Messages that are done by being delivered go to
    /// `released`.
    #[inline]
    pub(in crate::jetstream) fn pump<M: Copy>(
        &mut self,
        now: SimTime,
        store: &Store<M>,
        effects: &mut Vec<Effect<M>>,
        released: &mut Vec<u64>,
    ) {
        while self.has_taker() {
            let (seq, deliveries) = match self.next(store, effects) {
                Next::New(seq) => (seq, 1),
                Next::Again(seq, deliveries) => (seq, deliveries),
                // A full consumer does not end one-shot requests; an empty one does.
                Next::Stalled => return,
                Next::Nothing => return self.close_one_shots(effects),
            };
            let stored = store.get(seq).expect("what is to be delivered is stored");
            let bytes = u64::from(stored.wire_bytes.saturating_add(REPLY_SUBJECT_BYTES));
            match self.take_turn(now, bytes, effects) {
                Some((request, request_left)) => {
                    let cseq = self.note_delivery(now, seq, deliveries, released);
                    effects.push(Effect::Delivered(Delivery {
                        consumer: self.id,
                        request,
                        request_left,
                        seq,
                        cseq,
                        deliveries,
                        num_pending: self.num_pending,
                        subject: stored.subject,
                        stored_at: stored.at,
                        data: stored.data,
                    }));
                }
                None if deliveries > 1 => self.redelivery.put_back(seq),
                None => {}
            }
        }
    }

    fn next<M: Copy>(&mut self, store: &Store<M>, effects: &mut Vec<Effect<M>>) -> Next {
        while let Some((seq, entry)) = self.redelivery.take_queued() {
            let deliveries = entry.redeliveries + 1;
            if self.config.max_deliver.is_none_or(|limit| deliveries <= limit) {
                return Next::Again(seq, deliveries);
            }
            self.redelivery.exhaust(seq);
            self.advise(seq, AdvisoryKind::MaxDeliver, entry.redeliveries, effects);
        }
        if self.is_full() {
            return Next::Stalled;
        }
        self.next_new(store)
    }

    fn is_full(&self) -> bool {
        self.config.max_ack_pending.is_some_and(|limit| self.redelivery.pending() >= limit)
    }

    fn next_new<M: Copy>(&mut self, store: &Store<M>) -> Next {
        if self.num_pending == 0 {
            if self.version.looks_to_the_end() {
                self.next_seq = self.next_seq.max(store.last_seq() + 1);
            }
            return Next::Nothing;
        }
        if let Some(&seq) = self.starters.front() {
            return Next::New(seq);
        }
        while let Some((seq, stored)) = store.at_or_after(self.next_seq) {
            self.next_seq = seq;
            if self.filter.wants(stored.subject) {
                return Next::New(seq);
            }
            self.next_seq += 1;
        }
        unreachable!("a pending message is stored at or after the next sequence");
    }

    /// Finds a taker; ends the requests that cannot take the message.
    #[inline]
    fn take_turn<M>(
        &mut self,
        now: SimTime,
        bytes: u64,
        effects: &mut Vec<Effect<M>>,
    ) -> Option<(Option<u32>, u32)> {
        if let DeliveryMode::Push { .. } = self.config.mode {
            self.rearm_heartbeat(now);
            return Some((None, 0));
        }
        loop {
            match self.waiting.take_turn(now, bytes) {
                Turn::Granted(request) => return Some((Some(request.tag), request.left)),
                Turn::Closed(closed) => effects.push(self.closed_effect(closed)),
                Turn::Nobody => return None,
            }
        }
    }

    /// The books of one delivery; returns its consumer sequence.
    #[inline]
    fn note_delivery(
        &mut self,
        now: SimTime,
        seq: u64,
        deliveries: u32,
        released: &mut Vec<u64>,
    ) -> u64 {
        let cseq = self.next_cseq;
        self.next_cseq += 1;
        if deliveries == 1 {
            self.num_pending -= 1;
            if self.starters.front() == Some(&seq) {
                self.starters.pop_front();
            } else {
                self.next_seq = seq + 1;
            }
        }
        if self.config.ack_policy == AckPolicy::None {
            (self.floor_seq, self.floor_cseq) = (seq, cseq);
            released.push(seq);
            return cseq;
        }
        let deadline = now + self.config.wait_after(deliveries - 1);
        if deliveries == 1 {
            self.redelivery.track(seq, cseq, deadline);
        } else {
            self.redelivery.track_again(seq, deadline);
        }
        self.redelivery.arm(now, self.config.effective_ack_wait(), deadline, self.version);
        cseq
    }

    pub(super) fn advise<M>(
        &self,
        seq: u64,
        kind: AdvisoryKind,
        deliveries: u32,
        effects: &mut Vec<Effect<M>>,
    ) {
        effects.push(Effect::Advisory { consumer: self.id, seq, kind, deliveries });
    }

    // ---- requests ----

    /// Admits a pull request; the caller pumps afterwards.
    pub(in crate::jetstream) fn pull<M>(
        &mut self,
        now: SimTime,
        request: &PullRequest,
        effects: &mut Vec<Effect<M>>,
    ) {
        let nothing = self.num_pending + self.redelivery.queued() == 0;
        let refusal = match self.waiting.refusal(request, self.config.mode) {
            None if request.no_wait && request.expires.is_none() && nothing => {
                Some(PullStatus::NoMessages)
            }
            refusal => refusal,
        };
        match refusal {
            Some(status) => {
                let closed = Closed { tag: request.tag, status, left: request.batch.max(1) };
                effects.push(self.closed_effect(closed));
            }
            None => self.waiting.push(now, request),
        }
    }

    pub(in crate::jetstream) fn cancel_pull(&mut self, tag: u32) {
        self.waiting.cancel(tag);
    }

    const fn closed_effect<M>(&self, closed: Closed) -> Effect<M> {
        let Closed { tag, status, left } = closed;
        Effect::PullClosed { consumer: self.id, request: tag, status, left }
    }

    fn close_one_shots<M>(&mut self, effects: &mut Vec<Effect<M>>) {
        let status = self.version.partial_no_wait_status();
        self.waiting.close_one_shots(status, &mut self.closed);
        self.report_closed(effects);
    }

    pub(in crate::jetstream) fn close_all<M>(
        &mut self,
        status: PullStatus,
        effects: &mut Vec<Effect<M>>,
    ) {
        self.waiting.close_all(status, &mut self.closed);
        self.report_closed(effects);
    }

    pub(super) fn report_closed<M>(&mut self, effects: &mut Vec<Effect<M>>) {
        let mut closed = std::mem::take(&mut self.closed);
        effects.extend(closed.drain(..).map(|closed| self.closed_effect(closed)));
        self.closed = closed;
    }

    pub(in crate::jetstream) fn subscribe(&mut self, now: SimTime) {
        self.interest = Interest::Subscribed;
        self.rearm_heartbeat(now);
    }

    pub(in crate::jetstream) fn unsubscribe(&mut self) {
        self.interest = Interest::Nobody;
        self.heartbeat_at = None;
    }

    /// Forgets everybody who asked for messages: their connections are gone.
    pub(in crate::jetstream) fn forget_takers(&mut self) {
        self.waiting = WaitQueue::default();
        self.unsubscribe();
    }

    pub(super) fn rearm_heartbeat(&mut self, now: SimTime) {
        if let DeliveryMode::Push { idle_heartbeat: Some(period) } = self.config.mode {
            self.heartbeat_at = Some(now + period);
        }
    }
}
