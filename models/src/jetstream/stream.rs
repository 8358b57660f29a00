//! The stream: publishing, limits, and the clock.

use sim_core::time::SimTime;

use super::age::AgeTimer;
use super::config::{Discard, Retention, StreamConfig};
use super::consumer::Consumer;
use super::dedup::DedupTable;
use super::effect::{AdvisoryKind, ConsumerId, Effect, Removal, RemovalReason, Unfinished};
use super::error::ApiError;
use super::store::{Store, Stored};
use super::subject::{Subject, SubjectTable};
use super::version::BytesCheck;

/// A message to publish.
#[derive(Clone, Copy, Debug)]
pub struct Publish<M> {
    /// Its subject, from [`Stream::subject`].
    pub subject: Subject,
    /// Size of the payload in bytes.
    pub payload_bytes: u32,
    /// Size of the encoded headers in bytes, 0 for none; see [`super::header_bytes`]. A message id
    /// is a header and counts.
    pub header_bytes: u32,
    /// The `Nats-Msg-Id` it carries, for deduplication over the whole stream.
    pub msg_id: Option<u64>,
    /// The caller's payload.
    pub data: M,
}

/// What the server answers to an accepted publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PubAck {
    /// Its sequence; of a duplicate that of the original.
    pub seq: u64,
    /// Whether the message id was known: nothing was stored.
    pub duplicate: bool,
    /// Whether the message was stored; false for a duplicate, and for a message of an interest
    /// stream in which nobody is interested.
    pub stored: bool,
}

/// What the server tells about a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// Messages kept.
    pub messages: u64,
    /// Their cost, see [`StreamConfig::cost`].
    pub bytes: u64,
    /// The oldest sequence kept; of an empty stream the one after `last_seq`, of a fresh one 0.
    pub first_seq: u64,
    /// The newest sequence given out.
    pub last_seq: u64,
    /// Sequences between the two that are not kept.
    pub num_deleted: u64,
}

/// A stream and its consumers at virtual time: a pure state machine.
///
/// The caller gives the time with every call, never going back; asks [`Stream::next_deadline`] after
/// each and calls [`Stream::on_deadline`] then. What happened is drained with
/// [`Stream::swap_effects`].
///
/// `M` is the caller's payload, small and copied.
#[derive(Clone, Debug)]
pub struct Stream<M: Copy> {
    pub(super) config: StreamConfig,
    pub(super) subjects: SubjectTable,
    pub(super) store: Store<M>,
    pub(super) dedup: DedupTable,
    pub(super) age: AgeTimer,
    /// By [`ConsumerId`]; deleted ones leave a hole.
    pub(super) consumers: Vec<Option<Consumer>>,
    pub(super) effects: Vec<Effect<M>>,
    pub(super) scratch: Vec<u64>,
}

impl<M: Copy> Stream<M> {
    /// Makes a stream.
    ///
    /// # Errors
    /// [`ApiError::DUPLICATE_WINDOW`] when `duplicate_window` exceeds `max_age`.
    pub fn new(now: SimTime, config: StreamConfig) -> Result<Self, ApiError> {
        check_config(&config)?;
        let mut store = Store::new();
        store.track_subjects(config.max_msgs_per_subject);
        Ok(Self {
            subjects: SubjectTable::default(),
            store,
            dedup: DedupTable::new(config.effective_duplicate_window()),
            age: AgeTimer::new(now, config.max_age, config.storage),
            consumers: Vec::new(),
            effects: Vec::new(),
            scratch: Vec::new(),
            config,
        })
    }

    /// The definition in force.
    #[must_use]
    pub const fn config(&self) -> &StreamConfig {
        &self.config
    }

    /// Changes limits; what no longer fits goes at once. Version, retention and storage stay.
    ///
    /// # Errors
    /// As [`Stream::new`].
    pub fn update(&mut self, now: SimTime, config: StreamConfig) -> Result<(), ApiError> {
        check_config(&config)?;
        let kept = (self.config.version, self.config.retention, self.config.storage);
        let max_age_changes = config.max_age != self.config.max_age;
        self.config = config;
        (self.config.version, self.config.retention, self.config.storage) = kept;
        self.dedup.set_window(self.config.effective_duplicate_window());
        self.store.track_subjects(self.config.max_msgs_per_subject);
        if max_age_changes {
            self.age.set_max_age(now, self.config.max_age);
        }
        self.enforce_limits();
        self.pump_all(now);
        Ok(())
    }

    /// The number of a subject, for use with this stream.
    pub fn subject(&mut self, name: &str) -> Subject {
        let (subject, is_new) = self.subjects.intern(name);
        if is_new {
            self.consumers.iter_mut().flatten().for_each(|consumer| consumer.learn_subject(name));
        }
        subject
    }

    /// The name of a subject.
    #[must_use]
    pub fn subject_name(&self, subject: Subject) -> &str {
        self.subjects.name(subject)
    }

    /// The stream's counters.
    #[must_use]
    pub fn state(&self) -> StreamState {
        let (messages, last_seq) = (self.store.len(), self.store.last_seq());
        let first_seq = self.store.first_seq();
        let num_deleted = if messages == 0 { 0 } else { last_seq + 1 - first_seq - messages };
        StreamState { messages, bytes: self.store.bytes(), first_seq, last_seq, num_deleted }
    }

    /// When [`Stream::on_deadline`] has something to do next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SimTime> {
        let own = [self.age.at(), self.dedup.timer()].into_iter().flatten();
        own.chain(self.consumers.iter().flatten().filter_map(Consumer::next_deadline)).min()
    }

    /// Does what is due at `now`: expiry, deduplication, redelivery, ends of pull requests.
    pub fn on_deadline(&mut self, now: SimTime) {
        if self.age.at().is_some_and(|at| at <= now) {
            self.expire(now);
        }
        if self.dedup.timer().is_some_and(|at| at <= now) {
            self.dedup.on_timer(now);
        }
        for consumer in self.consumers.iter_mut().flatten() {
            if consumer.next_deadline().is_some_and(|at| at <= now) {
                consumer.on_deadline(now, &mut self.effects);
            }
        }
        self.pump_all(now);
    }

    /// Hands over what has happened since the last call, in order, and keeps the room of `buffer`
    /// (which is cleared) for what comes.
    pub fn swap_effects(&mut self, buffer: &mut Vec<Effect<M>>) {
        buffer.clear();
        std::mem::swap(&mut self.effects, buffer);
    }

    /// Publishes a message, by the server's decisions in the server's order.
    ///
    /// # Errors
    /// The refusal of the server; a refused message uses up no sequence and leaves no message id.
    pub fn publish(&mut self, now: SimTime, message: Publish<M>) -> Result<PubAck, ApiError> {
        let version = self.config.version;
        if version.checks_size_before_duplicates() {
            self.check_size(&message)?;
        }
        if let Some(seq) = message.msg_id.and_then(|id| self.dedup.find(id)) {
            return Ok(PubAck { seq, duplicate: true, stored: false });
        }
        self.check_size(&message)?;
        if self.config.server_max_bytes.is_some_and(|limit| self.store.bytes() > limit) {
            return Err(ApiError::INSUFFICIENT_RESOURCES);
        }
        let wanted = self.config.retention != Retention::Interest || self.wants(message.subject);
        let seq = if wanted { self.store_message(now, &message)? } else { self.store.skip() };
        if let Some(id) = message.msg_id {
            self.dedup.insert(now, id, seq);
        }
        if wanted {
            self.pump_all(now);
        }
        Ok(PubAck { seq, duplicate: false, stored: wanted })
    }

    fn check_size(&self, message: &Publish<M>) -> Result<(), ApiError> {
        let size = u64::from(message.header_bytes) + u64::from(message.payload_bytes);
        match self.config.max_msg_size {
            Some(limit) if size > limit => Err(ApiError::MESSAGE_TOO_LARGE),
            _ => Ok(()),
        }
    }

    /// Whether some consumer wants messages of this subject.
    fn wants(&self, subject: Subject) -> bool {
        self.consumers.iter().flatten().any(|consumer| consumer.filter().wants(subject))
    }

    fn store_message(&mut self, now: SimTime, message: &Publish<M>) -> Result<u64, ApiError> {
        let subject_bytes = self.subjects.len_bytes(message.subject);
        let (header_bytes, payload_bytes) = (message.header_bytes, message.payload_bytes);
        let cost = self.config.cost(subject_bytes, header_bytes, payload_bytes);
        let oldest_of_full_subject = self.oldest_of_full_subject(message.subject);
        if self.config.discard == Discard::New {
            self.check_room(message, cost, oldest_of_full_subject)?;
        }
        let seq = self.store.push(Stored {
            data: message.data,
            at: now,
            subject: message.subject,
            cost: u32::try_from(cost).unwrap_or(u32::MAX),
            wire_bytes: subject_bytes.saturating_add(header_bytes).saturating_add(payload_bytes),
        });
        self.age.on_store(now);
        for consumer in self.consumers.iter_mut().flatten() {
            consumer.on_stored(message.subject);
        }
        if let Some(oldest) = oldest_of_full_subject {
            self.remove(oldest, RemovalReason::Evicted);
        }
        self.enforce_limits();
        Ok(seq)
    }

    /// The message that has to go when one more of this subject comes.
    fn oldest_of_full_subject(&self, subject: Subject) -> Option<u64> {
        let limit = self.config.max_msgs_per_subject?;
        let seqs = self.store.of_subject(subject)?;
        (seqs.len() as u64 >= limit).then(|| seqs.front().copied())?
    }

    /// Whether `discard: new` lets the message in.
    fn check_room(
        &self,
        message: &Publish<M>,
        cost: u64,
        oldest_of_full_subject: Option<u64>,
    ) -> Result<(), ApiError> {
        if oldest_of_full_subject.is_some() && self.config.discard_new_per_subject {
            return Err(ApiError::MAXIMUM_PER_SUBJECT);
        }
        let replaced = oldest_of_full_subject.and_then(|seq| self.store.get(seq));
        if self.config.max_msgs.is_some_and(|limit| self.store.len() >= limit) && replaced.is_none()
        {
            return Err(ApiError::MAXIMUM_MESSAGES);
        }
        let Some(limit) = self.config.max_bytes else { return Ok(()) };
        let content = u64::from(message.header_bytes) + u64::from(message.payload_bytes);
        let freed = replaced.map_or(0, |stored| u64::from(stored.cost));
        let stored = self.store.bytes() - freed;
        let check = BytesCheck { stored, content, cost, limit };
        if self.config.version.refuses_bytes(check) {
            return Err(ApiError::MAXIMUM_BYTES);
        }
        Ok(())
    }

    /// Drops the oldest messages until the limits hold; a message larger than `max_bytes` wipes the
    /// stream and goes itself.
    fn enforce_limits(&mut self) {
        let max_msgs = self.config.max_msgs.unwrap_or(u64::MAX);
        let max_bytes = self.config.max_bytes.unwrap_or(u64::MAX);
        while self.store.len() > max_msgs || self.store.bytes() > max_bytes {
            let Some((seq, _)) = self.store.oldest() else { return };
            self.remove(seq, RemovalReason::Evicted);
        }
    }

    fn expire(&mut self, now: SimTime) {
        while let Some((seq, stored)) = self.store.oldest()
            && self.age.is_expired(now, stored.at)
        {
            self.remove(seq, RemovalReason::Expired);
        }
        let oldest = self.store.oldest().map(|(_, stored)| stored.at);
        self.age.rearm(now, oldest, self.config.version, self.config.storage);
    }

    /// Takes a message out of the stream and out of the books of every consumer.
    pub(super) fn remove(&mut self, seq: u64, reason: RemovalReason) -> bool {
        let Some(stored) = self.store.remove(seq) else { return false };
        let mut removal = Removal {
            seq,
            subject: stored.subject,
            stored_at: stored.at,
            reason,
            undelivered_to: 0,
            awaiting_redelivery_to: 0,
            in_flight_to: 0,
            exhausted_at: 0,
            data: stored.data,
        };
        for (id, consumer) in self.consumers.iter_mut().enumerate() {
            let Some(consumer) = consumer else { continue };
            let Some((unfinished, deliveries)) = consumer.forget(seq, stored.subject, reason)
            else {
                continue;
            };
            let consumer = ConsumerId(id as u32);
            self.effects.push(Effect::Lost { consumer, seq, unfinished, data: stored.data });
            *removal.count_of(unfinished) += 1;
            let was_pending =
                matches!(unfinished, Unfinished::InFlight | Unfinished::AwaitingRedelivery);
            // A purge does not go through the messages one by one and tells nobody.
            if was_pending && reason != RemovalReason::Purged {
                let kind = AdvisoryKind::Terminated;
                self.effects.push(Effect::Advisory { consumer, seq, kind, deliveries });
            }
        }
        self.effects.push(Effect::Removed(removal));
        true
    }

    #[inline]
    pub(super) fn pump_all(&mut self, now: SimTime) {
        for index in 0..self.consumers.len() {
            self.pump(now, index);
        }
    }

    /// Lets one consumer deliver; what nobody needs any more after that goes.
    #[inline]
    pub(super) fn pump(&mut self, now: SimTime, index: usize) {
        let consumer = self.consumers.get_mut(index).and_then(Option::as_mut);
        let Some(consumer) = consumer.filter(|consumer| consumer.has_taker()) else { return };
        let mut released = std::mem::take(&mut self.scratch);
        consumer.pump(now, &self.store, &mut self.effects, &mut released);
        self.release(&released);
        released.clear();
        self.scratch = released;
    }

    /// Removes those of the finished messages that retention keeps no longer.
    pub(super) fn release(&mut self, finished: &[u64]) {
        for &seq in finished {
            if self.is_done(seq) {
                self.remove(seq, RemovalReason::Acked);
            }
        }
    }

    fn is_done(&self, seq: u64) -> bool {
        match self.config.retention {
            Retention::Limits => false,
            Retention::WorkQueue => true,
            Retention::Interest => self.store.get(seq).is_some_and(|stored| {
                let mut consumers = self.consumers.iter().flatten();
                !consumers.any(|consumer| consumer.needs(seq, stored.subject))
            }),
        }
    }
}

fn check_config(config: &StreamConfig) -> Result<(), ApiError> {
    match (config.duplicate_window, config.max_age) {
        (Some(window), Some(age)) if window > age => Err(ApiError::DUPLICATE_WINDOW),
        _ => Ok(()),
    }
}

impl<M> Removal<M> {
    const fn count_of(&mut self, unfinished: Unfinished) -> &mut u32 {
        match unfinished {
            Unfinished::Undelivered => &mut self.undelivered_to,
            Unfinished::AwaitingRedelivery => &mut self.awaiting_redelivery_to,
            Unfinished::InFlight => &mut self.in_flight_to,
            Unfinished::Exhausted => &mut self.exhausted_at,
        }
    }
}
