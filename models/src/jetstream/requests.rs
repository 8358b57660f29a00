//! What clients ask of a stream beside publishing: consumers, pulls, acknowledgments, purges.

use sim_core::time::{SimDuration, SimTime};

use super::config::{AckPolicy, ConsumerConfig, DeliverPolicy, DeliveryMode, Retention};
use super::consumer::{Consumer, ConsumerState};
use super::effect::{AdvisoryKind, ConsumerId, Effect, PullStatus, RemovalReason, Reply};
use super::error::ApiError;
use super::pull::PullRequest;
use super::stream::Stream;
use super::subject::{subject_matches, subjects_overlap};

/// Which messages a purge takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purge<'a> {
    /// All of them.
    All,
    /// All but that many of the newest.
    Keep(u64),
    /// Those of the subjects that match.
    Filter(&'a str),
}

impl<M: Copy> Stream<M> {
    // ---- consumers ----

    /// Makes a consumer.
    ///
    /// # Errors
    /// The server's refusal: too many consumers, or one that a work queue cannot have.
    pub fn add_consumer(
        &mut self,
        now: SimTime,
        config: ConsumerConfig,
    ) -> Result<ConsumerId, ApiError> {
        self.check_consumer(&config)?;
        let existing = self.consumers.iter().flatten().count();
        if self.config.max_consumers.is_some_and(|limit| existing >= limit) {
            return Err(ApiError::MAXIMUM_CONSUMERS);
        }
        if self.config.retention == Retention::WorkQueue {
            self.check_work_queue_consumer(&config)?;
        }
        let id = ConsumerId(self.consumers.len() as u32);
        let version = self.config.version;
        let consumer = Consumer::new(id, version, config, &self.subjects, &self.store);
        self.consumers.push(Some(consumer));
        self.pump_all(now);
        Ok(id)
    }

    /// Changes the waits and limits of a consumer; raised limits take effect at once. Filters and
    /// the starting point stay.
    ///
    /// # Errors
    /// [`ApiError::CONSUMER_NOT_FOUND`], or as [`Stream::add_consumer`].
    pub fn update_consumer(
        &mut self,
        now: SimTime,
        id: ConsumerId,
        config: ConsumerConfig,
    ) -> Result<(), ApiError> {
        self.check_consumer(&config)?;
        self.consumer_mut(id).ok_or(ApiError::CONSUMER_NOT_FOUND)?.set_config(config);
        self.pump_all(now);
        Ok(())
    }

    /// Deletes a consumer: its pulls end, and an interest stream lets go of what only it needed.
    ///
    /// # Errors
    /// [`ApiError::CONSUMER_NOT_FOUND`].
    pub fn delete_consumer(&mut self, id: ConsumerId) -> Result<(), ApiError> {
        let slot = self.consumers.get_mut(id.0 as usize);
        let consumer = slot.and_then(Option::take);
        let mut consumer = consumer.ok_or(ApiError::CONSUMER_NOT_FOUND)?;
        consumer.close_all(PullStatus::ConsumerDeleted, &mut self.effects);
        if self.config.retention == Retention::Interest {
            let needed = |(seq, subject)| consumer.needs(seq, subject);
            let stored = self.store.iter().map(|(seq, stored)| (seq, stored.subject));
            let orphans: Vec<_> = stored.filter(|&orphan| needed(orphan)).collect();
            for (seq, subject) in orphans {
                let mut others = self.consumers.iter().flatten();
                if !others.any(|other| other.needs(seq, subject)) {
                    self.remove(seq, RemovalReason::NoInterest);
                }
            }
        }
        Ok(())
    }

    /// A consumer's counters.
    #[must_use]
    pub fn consumer_state(&self, id: ConsumerId) -> Option<ConsumerState> {
        Some(self.consumers.get(id.0 as usize)?.as_ref()?.state())
    }

    /// A consumer's definition.
    #[must_use]
    pub fn consumer_config(&self, id: ConsumerId) -> Option<&ConsumerConfig> {
        Some(self.consumers.get(id.0 as usize)?.as_ref()?.config())
    }

    fn consumer_mut(&mut self, id: ConsumerId) -> Option<&mut Consumer> {
        self.consumers.get_mut(id.0 as usize)?.as_mut()
    }

    fn check_consumer(&self, config: &ConsumerConfig) -> Result<(), ApiError> {
        let steps = config.backoff.len();
        let enough = config.max_deliver.is_some_and(|limit| limit as usize > steps);
        if steps > 0 && !enough && self.config.version.backoff_needs_max_deliver() {
            return Err(ApiError::BACKOFF_MAX_DELIVER);
        }
        let pulls = matches!(config.mode, DeliveryMode::Pull { .. });
        if self.config.retention == Retention::WorkQueue
            && pulls
            && config.ack_policy == AckPolicy::None
        {
            return Err(ApiError::PULL_REQUIRES_ACK);
        }
        Ok(())
    }

    fn check_work_queue_consumer(&self, config: &ConsumerConfig) -> Result<(), ApiError> {
        if config.ack_policy != AckPolicy::Explicit {
            return Err(ApiError::WORK_QUEUE_EXPLICIT_ACK);
        }
        let mut others = self.consumers.iter().flatten().map(Consumer::filter).peekable();
        if others.peek().is_some() && config.filters.is_empty() {
            return Err(ApiError::WORK_QUEUE_UNFILTERED);
        }
        let overlaps = |patterns: &[String]| {
            let mut pairs =
                patterns.iter().flat_map(|one| config.filters.iter().map(move |two| (one, two)));
            pairs.any(|(one, two)| subjects_overlap(one, two))
        };
        if others.any(|other| other.is_everything() || overlaps(other.patterns())) {
            return Err(ApiError::WORK_QUEUE_OVERLAP);
        }
        if config.deliver_policy != DeliverPolicy::All {
            return Err(ApiError::WORK_QUEUE_DELIVER_ALL);
        }
        Ok(())
    }

    // ---- delivery ----

    /// Asks for messages. Whatever comes of it is in the effects.
    pub fn pull(&mut self, now: SimTime, id: ConsumerId, request: PullRequest) {
        let Some(consumer) = self.consumers.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        consumer.pull(now, &request, &mut self.effects);
        self.pump(now, id.0 as usize);
    }

    /// Withdraws the pull requests of that tag; nothing more is heard of them.
    pub fn cancel_pull(&mut self, id: ConsumerId, tag: u32) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.cancel_pull(tag);
        }
    }

    /// Somebody listens on the deliver subject of a push consumer from now on.
    pub fn subscribe(&mut self, now: SimTime, id: ConsumerId) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.subscribe(now);
            self.pump(now, id.0 as usize);
        }
    }

    /// Nobody listens on the deliver subject of a push consumer any more.
    pub fn unsubscribe(&mut self, id: ConsumerId) {
        if let Some(consumer) = self.consumer_mut(id) {
            consumer.unsubscribe();
        }
    }

    // ---- acknowledgments; each is confirmed by the server whatever its effect ----

    /// Acknowledges a delivery. Any delivery of the message will do, however old.
    pub fn ack(&mut self, now: SimTime, reply: Reply) {
        self.finish(now, reply, AdvisoryKind::Acked);
    }

    /// Terminates a message: as acknowledged, and reported as an advisory.
    pub fn term(&mut self, now: SimTime, reply: Reply) {
        self.finish(now, reply, AdvisoryKind::Terminated);
    }

    fn finish(&mut self, now: SimTime, reply: Reply, kind: AdvisoryKind) {
        let Reply { consumer: id, seq, cseq } = reply;
        let Some(consumer) = self.consumers.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        if consumer.has_passed(seq) {
            let mut finished = std::mem::take(&mut self.scratch);
            let tells = kind == AdvisoryKind::Terminated || consumer.config().samples_acks;
            if tells && consumer.is_pending(seq) {
                let deliveries = consumer.deliveries(seq);
                self.effects.push(Effect::Advisory { consumer: id, seq, kind, deliveries });
            }
            consumer.ack(seq, cseq, &mut finished);
            self.release(&finished);
            finished.clear();
            self.scratch = finished;
        }
        self.pump(now, id.0 as usize);
    }

    /// Refuses a delivery: the message is delivered again, after those already queued.
    pub fn nak(&mut self, now: SimTime, reply: Reply) {
        self.refuse(reply, |consumer| consumer.nak(reply.seq));
        self.pump(now, reply.consumer.0 as usize);
    }

    /// Refuses a delivery for `delay` (at least 10 ms, and not exactly `delay` with backoff).
    pub fn nak_later(&mut self, now: SimTime, reply: Reply, delay: SimDuration) {
        self.refuse(reply, |consumer| consumer.nak_later(now, reply.seq, delay));
    }

    fn refuse(&mut self, reply: Reply, refuse: impl FnOnce(&mut Consumer)) {
        let Reply { consumer: id, seq, .. } = reply;
        let Some(consumer) = self.consumers.get_mut(id.0 as usize).and_then(Option::as_mut) else {
            return;
        };
        if consumer.is_pending(seq) {
            let (kind, deliveries) = (AdvisoryKind::Nak, consumer.deliveries(seq));
            refuse(consumer);
            self.effects.push(Effect::Advisory { consumer: id, seq, kind, deliveries });
        }
    }

    /// Tells that a delivery is being worked on: its wait starts anew.
    pub fn in_progress(&mut self, now: SimTime, reply: Reply) {
        if let Some(consumer) = self.consumer_mut(reply.consumer) {
            consumer.in_progress(now, reply.seq);
        }
    }

    // ---- removal ----

    /// Deletes one message.
    ///
    /// # Errors
    /// [`ApiError::MESSAGE_NOT_FOUND`].
    pub fn delete_message(&mut self, now: SimTime, seq: u64) -> Result<(), ApiError> {
        if !self.remove(seq, RemovalReason::Deleted) {
            return Err(ApiError::MESSAGE_NOT_FOUND);
        }
        self.pump_all(now);
        Ok(())
    }

    /// Purges; returns the number of messages removed. Sequences go on where they were.
    pub fn purge(&mut self, now: SimTime, purge: Purge<'_>) -> u64 {
        let all = self.store.len();
        let count = if let Purge::Keep(keep) = purge { all.saturating_sub(keep) } else { all };
        let oldest = self.store.iter().take(count as usize);
        let purged: Vec<u64> = match purge {
            Purge::All | Purge::Keep(_) => oldest.map(|(seq, _)| seq).collect(),
            Purge::Filter(pattern) => oldest
                .filter(|(_, stored)| subject_matches(pattern, self.subjects.name(stored.subject)))
                .map(|(seq, _)| seq)
                .collect(),
        };
        for &seq in &purged {
            self.remove(seq, RemovalReason::Purged);
        }
        for consumer in self.consumers.iter_mut().flatten() {
            consumer.on_purged(now, purge, &self.store, &self.subjects);
        }
        self.pump_all(now);
        purged.len() as u64
    }

    /// A graceful restart of a server with a file store: messages, unfinished deliveries and their
    /// counts survive, pull requests and subscriptions do not. (A memory stream is gone: make it
    /// anew.)
    pub fn restart(&mut self) {
        self.consumers.iter_mut().flatten().for_each(Consumer::forget_takers);
    }
}
