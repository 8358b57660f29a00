//! A consumer: where it is in the stream, whom it serves, what it waits for.

use std::collections::VecDeque;

use sim_core::time::{SimDuration, SimTime};

use super::config::{AckPolicy, ConsumerConfig, DeliverPolicy, DeliveryMode};
use super::effect::{
    AdvisoryKind, ConsumerId, Delivery, Effect, PullStatus, RemovalReason, Unfinished,
};
use super::pull::{Closed, PullRequest, REPLY_SUBJECT_BYTES, Turn, WaitQueue};
use super::redelivery::{Progress, Redelivery};
use super::requests::Purge;
use super::store::Store;
use super::subject::{Filter, Subject, SubjectTable, subject_matches};
use super::version::ServerVersion;

/// What the server tells about a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerState {
    /// Matching messages stored and never delivered.
    pub num_pending: u64,
    /// Messages delivered and not finished; with `num_pending` the depth of the consumer's queue.
    pub num_ack_pending: u64,
    /// Unfinished messages delivered more than once (not a count of redeliveries).
    pub num_redelivered: u64,
    /// Pull requests that wait.
    pub num_waiting: u64,
    /// Deliveries so far.
    pub delivered_cseq: u64,
    /// The stream sequence up to which messages have been looked at.
    pub delivered_seq: u64,
    /// The consumer sequence below which everything is acknowledged.
    pub ack_floor_cseq: u64,
    /// The stream sequence below which everything is acknowledged.
    pub ack_floor_seq: u64,
}

/// Whether the deliver subject of a push consumer has a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interest {
    Nobody,
    Subscribed,
}

#[derive(Clone, Debug)]
pub(super) struct Consumer {
    id: ConsumerId,
    version: ServerVersion,
    config: ConsumerConfig,
    filter: Filter,
    /// The next stream sequence to look at for a first delivery.
    next_seq: u64,
    /// Sequences to deliver before that: the newest of each subject.
    starters: VecDeque<u64>,
    next_cseq: u64,
    floor_seq: u64,
    floor_cseq: u64,
    num_pending: u64,
    waiting: WaitQueue,
    interest: Interest,
    heartbeat_at: Option<SimTime>,
    redelivery: Redelivery,
    closed: Vec<Closed>,
    exhausted: Vec<u64>,
}

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
    pub(super) fn new<M: Copy>(
        id: ConsumerId,
        version: ServerVersion,
        config: ConsumerConfig,
        subjects: &SubjectTable,
        store: &Store<M>,
    ) -> Self {
        let filter = Filter::new(&config.filters, subjects);
        let mut consumer = Self {
            id,
            version,
            config,
            filter,
            next_seq: 0,
            starters: VecDeque::new(),
            next_cseq: 1,
            floor_seq: 0,
            floor_cseq: 0,
            num_pending: 0,
            waiting: WaitQueue::default(),
            interest: Interest::Nobody,
            heartbeat_at: None,
            redelivery: Redelivery::new(),
            closed: Vec::new(),
            exhausted: Vec::new(),
        };
        consumer.start(store);
        consumer
    }

    /// Goes to where the deliver policy says.
    fn start<M: Copy>(&mut self, store: &Store<M>) {
        let after_last = store.last_seq() + 1;
        let matching =
            |stored: &(u64, &super::store::Stored<M>)| self.filter.wants(stored.1.subject);
        let wanted = match self.config.deliver_policy {
            DeliverPolicy::All => 0,
            DeliverPolicy::New | DeliverPolicy::LastPerSubject => after_last,
            DeliverPolicy::Last => {
                store.iter().rev().find(matching).map_or(after_last, |(seq, _)| seq)
            }
            DeliverPolicy::ByStartSequence(seq) => seq,
        };
        if self.config.deliver_policy == DeliverPolicy::LastPerSubject {
            self.starters = newest_by_subject(store, &self.filter);
        }
        self.next_seq = wanted.clamp(store.first_seq().max(1), after_last);
        self.floor_seq = self.version.initial_ack_floor(self.next_seq);
        self.num_pending = self.count_ahead(store);
    }

    /// Counts what is to be delivered for the first time.
    fn count_ahead<M: Copy>(&self, store: &Store<M>) -> u64 {
        let stored = store.iter().rev().take_while(|(seq, _)| *seq >= self.next_seq);
        let ahead = stored.filter(|(_, stored)| self.filter.wants(stored.subject)).count();
        (ahead + self.starters.len()) as u64
    }

    pub(super) const fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// Takes new limits and waits; filters and the start stay as they are.
    pub(super) fn set_config(&mut self, config: ConsumerConfig) {
        let filters = std::mem::take(&mut self.config.filters);
        self.config = ConsumerConfig { filters, ..config };
    }

    pub(super) const fn filter(&self) -> &Filter {
        &self.filter
    }

    pub(super) fn learn_subject(&mut self, name: &str) {
        self.filter.learn(name);
    }

    pub(super) fn state(&self) -> ConsumerState {
        ConsumerState {
            num_pending: self.num_pending,
            num_ack_pending: self.redelivery.pending(),
            num_redelivered: self.redelivery.redelivered(),
            num_waiting: self.waiting.len() as u64,
            delivered_cseq: self.next_cseq - 1,
            delivered_seq: self.next_seq - 1,
            ack_floor_cseq: self.floor_cseq,
            ack_floor_seq: self.floor_seq,
        }
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        let timers = [self.redelivery.timer(), self.waiting.next_expiry(), self.heartbeat_at];
        timers.into_iter().flatten().min()
    }

    /// Counts a message that has just been stored.
    #[inline]
    pub(super) fn on_stored(&mut self, subject: Subject) {
        self.num_pending += u64::from(self.filter.wants(subject));
    }

    /// Whether the message is still to be delivered for the first time.
    fn is_ahead(&self, seq: u64, subject: Subject) -> bool {
        if seq >= self.next_seq {
            return self.filter.wants(subject);
        }
        self.starters.binary_search(&seq).is_ok()
    }

    /// Whether the message must be kept for this consumer under interest retention.
    pub(super) fn needs(&self, seq: u64, subject: Subject) -> bool {
        match self.redelivery.get(seq).map(|entry| entry.progress) {
            Some(Progress::Exhausted) => self.version.exhausted_keeps_interest(),
            Some(_) => true,
            None => self.is_ahead(seq, subject),
        }
    }

    /// Takes leave of a message that is no longer stored, and tells how far it was with it.
    pub(super) fn forget(
        &mut self,
        seq: u64,
        subject: Subject,
        reason: RemovalReason,
    ) -> Option<Unfinished> {
        if self.is_ahead(seq, subject) {
            self.num_pending -= 1;
            if let Ok(place) = self.starters.binary_search(&seq) {
                self.starters.remove(place);
            }
            return Some(Unfinished::Undelivered);
        }
        let entry = self.redelivery.remove(seq)?;
        match (entry.progress, reason) {
            (Progress::Exhausted, _) => self.redelivery.remember_ghost(&entry),
            // A purge moves the floor on its own, see `on_purged`.
            (_, RemovalReason::Purged) => self.floor_cseq = self.floor_cseq.max(entry.cseq),
            _ => self.move_floor(seq, entry.cseq),
        }
        Some(match entry.progress {
            Progress::InFlight => Unfinished::InFlight,
            Progress::Delayed | Progress::Queued => Unfinished::AwaitingRedelivery,
            Progress::Exhausted => Unfinished::Exhausted,
        })
    }

    /// Deliveries so far as the server counts them for the advisory of a message that vanished.
    pub(super) fn vanished_deliveries(&self, seq: u64) -> u32 {
        self.redelivery.get(seq).map_or(1, |entry| entry.redeliveries.max(1))
    }

    // ---- delivery ----

    /// Whether there is anybody to deliver to.
    #[inline]
    fn has_taker(&self) -> bool {
        match self.config.mode {
            DeliveryMode::Pull { .. } => !self.waiting.is_empty(),
            DeliveryMode::Push { .. } => self.interest == Interest::Subscribed,
        }
    }

    /// Delivers all that can be delivered now. Messages that are done by being delivered go to
    /// `released`.
    #[inline]
    pub(super) fn pump<M: Copy>(
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
            let bytes = u64::from(stored.wire_bytes + REPLY_SUBJECT_BYTES);
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

    fn advise<M>(
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
    pub(super) fn pull<M>(
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

    pub(super) fn cancel_pull(&mut self, tag: u32) {
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

    pub(super) fn close_all<M>(&mut self, status: PullStatus, effects: &mut Vec<Effect<M>>) {
        self.waiting.close_all(status, &mut self.closed);
        self.report_closed(effects);
    }

    fn report_closed<M>(&mut self, effects: &mut Vec<Effect<M>>) {
        let mut closed = std::mem::take(&mut self.closed);
        effects.extend(closed.drain(..).map(|closed| self.closed_effect(closed)));
        self.closed = closed;
    }

    pub(super) fn subscribe(&mut self, now: SimTime) {
        self.interest = Interest::Subscribed;
        self.rearm_heartbeat(now);
    }

    pub(super) fn unsubscribe(&mut self) {
        self.interest = Interest::Nobody;
        self.heartbeat_at = None;
    }

    fn rearm_heartbeat(&mut self, now: SimTime) {
        if let DeliveryMode::Push { idle_heartbeat: Some(period) } = self.config.mode {
            self.heartbeat_at = Some(now + period);
        }
    }

    // ---- timers ----

    /// Does what is due at `now`; the caller pumps afterwards.
    pub(super) fn on_deadline<M>(&mut self, now: SimTime, effects: &mut Vec<Effect<M>>) {
        if self.redelivery.timer().is_some_and(|at| at <= now) {
            self.on_redelivery_timer(now, effects);
        }
        if self.waiting.next_expiry().is_some_and(|at| at <= now) {
            self.waiting.close_expired(now, &mut self.closed);
            self.report_closed(effects);
        }
        if self.heartbeat_at.is_some_and(|at| at <= now) {
            effects.push(Effect::Heartbeat { consumer: self.id });
            self.rearm_heartbeat(now);
        }
    }

    fn on_redelivery_timer<M>(&mut self, now: SimTime, effects: &mut Vec<Effect<M>>) {
        // The server compares its redelivery count, which starts late, with the limit: only a limit
        // of one is caught here.
        let config = &self.config;
        let limit = config.max_deliver.filter(|_| self.version.drops_single_delivery_at_tick());
        let wait_after = |redeliveries: u32| {
            let gives_up = limit.is_some_and(|limit| redeliveries.max(1) >= limit);
            (!gives_up).then(|| config.wait_after(redeliveries))
        };
        self.redelivery.on_timer(now, wait_after, &mut self.exhausted);
        let mut exhausted = std::mem::take(&mut self.exhausted);
        for seq in exhausted.drain(..) {
            let deliveries = self.vanished_deliveries(seq);
            self.advise(seq, AdvisoryKind::MaxDeliver, deliveries, effects);
            if self.version.counts_single_delivery_as_redelivered() {
                self.redelivery.mark_redelivered(seq);
            }
        }
        self.exhausted = exhausted;
    }

    // ---- acknowledgments ----

    /// Whether the consumer has looked past the message, so that acknowledging it means something.
    pub(super) fn has_passed(&self, seq: u64) -> bool {
        seq < self.next_seq
    }

    /// Acknowledges the message, or under [`AckPolicy::All`] everything up to it. The sequences that
    /// were finished by this go to `finished`.
    pub(super) fn ack(&mut self, seq: u64, cseq: u64, finished: &mut Vec<u64>) {
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
    fn move_floor(&mut self, seq: u64, cseq: u64) {
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
    pub(super) fn deliveries(&self, seq: u64) -> u32 {
        self.redelivery.get(seq).map_or(1, |entry| entry.redeliveries + 1)
    }

    /// Whether the message is delivered and not finished.
    pub(super) fn is_pending(&self, seq: u64) -> bool {
        self.redelivery.get(seq).is_some_and(|entry| entry.progress != Progress::Exhausted)
    }

    pub(super) fn nak(&mut self, seq: u64) {
        self.redelivery.nak(seq);
    }

    /// A refusal for `delay`: the server sets the clock of the message so that its first wait ends
    /// then; with backoff the current wait differs from the first, and the delay with it.
    pub(super) fn nak_later(&mut self, now: SimTime, seq: u64, delay: SimDuration) {
        let Some(entry) = self.redelivery.get(seq) else { return };
        let wait = self.config.wait_after(entry.redeliveries);
        let deadline = (now + delay + wait).since(SimTime::ZERO) - self.config.effective_ack_wait();
        self.redelivery.postpone(seq, SimTime::ZERO + deadline, Progress::Delayed);
        self.redelivery.check_soon(now);
    }

    /// A sign of life: the full wait again.
    pub(super) fn in_progress(&mut self, now: SimTime, seq: u64) {
        let Some(entry) = self.redelivery.get(seq) else { return };
        let wait = self.config.wait_after(entry.redeliveries);
        self.redelivery.postpone(seq, now + wait, Progress::InFlight);
    }

    // ---- purge ----

    /// Follows a purge, after the removed messages are forgotten.
    pub(super) fn on_purged<M: Copy>(
        &mut self,
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
        self.redelivery.empty_queue();
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

fn newest_by_subject<M: Copy>(store: &Store<M>, filter: &Filter) -> VecDeque<u64> {
    let mut newest = std::collections::BTreeMap::new();
    for (seq, stored) in store.iter().filter(|(_, stored)| filter.wants(stored.subject)) {
        newest.insert(stored.subject, seq);
    }
    let mut seqs: Vec<u64> = newest.into_values().collect();
    seqs.sort_unstable();
    seqs.into()
}
