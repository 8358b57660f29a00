//! A consumer: where it is in the stream, whom it serves, what it waits for.

use std::collections::VecDeque;

use sim_core::time::SimTime;

use super::config::{ConsumerConfig, DeliverPolicy};
use super::effect::{AdvisoryKind, ConsumerId, Effect, RemovalReason, Unfinished};
use super::pull::{Closed, WaitQueue};
use super::redelivery::{Progress, Redelivery};
use super::store::{Store, Stored};
use super::subject::{Filter, Subject, SubjectTable};
use super::version::ServerVersion;

mod acknowledge;
mod delivery;

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
        let matching = |stored: &(u64, &Stored<M>)| self.filter.wants(stored.1.subject);
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

    /// Takes leave of a message that is no longer stored; tells how far it was with it, and its
    /// deliveries as the server counts them for the advisory of a message that vanished.
    pub(super) fn forget(
        &mut self,
        seq: u64,
        subject: Subject,
        reason: RemovalReason,
    ) -> Option<(Unfinished, u32)> {
        if self.is_ahead(seq, subject) {
            self.num_pending -= 1;
            if let Ok(place) = self.starters.binary_search(&seq) {
                self.starters.remove(place);
            }
            return Some((Unfinished::Undelivered, 0));
        }
        let entry = self.redelivery.remove(seq)?;
        match (entry.progress, reason) {
            (Progress::Exhausted, _) => self.redelivery.remember_ghost(&entry),
            // A purge moves the floor on its own, see `on_purged`.
            (_, RemovalReason::Purged) => self.floor_cseq = self.floor_cseq.max(entry.cseq),
            _ => self.move_floor(seq, entry.cseq),
        }
        let unfinished = match entry.progress {
            Progress::InFlight => Unfinished::InFlight,
            Progress::Delayed | Progress::Queued => Unfinished::AwaitingRedelivery,
            Progress::Exhausted => Unfinished::Exhausted,
        };
        Some((unfinished, entry.redeliveries.max(1)))
    }

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
            let deliveries = self.deliveries(seq);
            self.advise(seq, AdvisoryKind::MaxDeliver, deliveries, effects);
            if self.version.counts_single_delivery_as_redelivered() {
                self.redelivery.mark_redelivered(seq);
            }
        }
        self.exhausted = exhausted;
    }
}

#[cfg(test)]
impl Consumer {
    /// Recounts what is kept incrementally.
    pub(super) fn check<M: Copy>(&self, store: &Store<M>) {
        assert_eq!(self.num_pending, self.count_ahead(store));
        assert!(self.floor_seq < self.next_seq && self.floor_cseq < self.next_cseq);
        self.redelivery.check(|seq| store.get(seq).is_some());
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
