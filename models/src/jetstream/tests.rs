//! The rules of nats-server as tables, observed on real servers (2.10.27 where not said otherwise),
//! and the invariants of the model under random use.

use sim_core::time::{SimDuration, SimTime};

use super::*;

mod delivery;
mod invariants;
mod limits;

/// A stream, its clock, and what it has told.
struct Bench {
    now: SimTime,
    stream: Stream<u32>,
    published: u32,
    effects: Vec<Effect<u32>>,
    buffer: Vec<Effect<u32>>,
    next_tag: u32,
}

impl Bench {
    fn new(config: StreamConfig) -> Self {
        Self {
            now: SimTime::ZERO,
            stream: Stream::new(SimTime::ZERO, config).expect("a valid stream"),
            published: 0,
            effects: Vec::new(),
            buffer: Vec::new(),
            next_tag: 0,
        }
    }

    /// Advances to `millis` after the start, doing what is due on the way.
    fn at(&mut self, millis: u64) -> &mut Self {
        let to = SimTime::ZERO + SimDuration::from_millis(millis);
        while let Some(at) = self.stream.next_deadline().filter(|&at| at <= to) {
            assert!(at >= self.now, "a deadline is never in the past");
            self.now = at;
            self.stream.on_deadline(at);
            self.gather();
        }
        self.now = self.now.max(to);
        self
    }

    fn gather(&mut self) {
        self.stream.swap_effects(&mut self.buffer);
        self.effects.append(&mut self.buffer);
    }

    fn publish(&mut self, subject: &str, payload_bytes: u32) -> Result<PubAck, ApiError> {
        self.publish_with(subject, payload_bytes, None)
    }

    fn publish_with(
        &mut self,
        subject: &str,
        payload_bytes: u32,
        msg_id: Option<u64>,
    ) -> Result<PubAck, ApiError> {
        self.published += 1;
        let subject = self.stream.subject(subject);
        let data = self.published;
        let message = Publish { subject, payload_bytes, header_bytes: 0, msg_id, data };
        let result = self.stream.publish(self.now, message);
        self.gather();
        result
    }

    fn consumer(&mut self, config: ConsumerConfig) -> ConsumerId {
        self.stream.add_consumer(self.now, config).expect("a valid consumer")
    }

    fn pull(&mut self, consumer: ConsumerId, batch: u32, expires_ms: Option<u64>) -> u32 {
        self.next_tag += 1;
        let request = PullRequest {
            batch,
            expires: expires_ms.map(SimDuration::from_millis),
            no_wait: expires_ms.is_none(),
            max_bytes: None,
            tag: self.next_tag,
        };
        self.stream.pull(self.now, consumer, request);
        self.gather();
        self.next_tag
    }

    /// Pulls without waiting and returns sequence and deliveries of what comes at once.
    fn fetch(&mut self, consumer: ConsumerId, batch: u32) -> Vec<(u64, u32)> {
        self.effects.clear();
        self.pull(consumer, batch, None);
        self.delivered()
    }

    /// Sequence and deliveries of everything delivered since the effects were last cleared.
    fn delivered(&self) -> Vec<(u64, u32)> {
        let deliveries = self.effects.iter().filter_map(|effect| match effect {
            Effect::Delivered(delivery) => Some((delivery.seq, delivery.deliveries)),
            _ => None,
        });
        deliveries.collect()
    }

    fn closed(&self) -> Vec<(PullStatus, u32)> {
        let closed = self.effects.iter().filter_map(|effect| match effect {
            Effect::PullClosed { status, left, .. } => Some((*status, *left)),
            _ => None,
        });
        closed.collect()
    }

    fn removals(&self) -> Vec<(u64, RemovalReason)> {
        let removals = self.effects.iter().filter_map(|effect| match effect {
            Effect::Removed(removal) => Some((removal.seq, removal.reason)),
            _ => None,
        });
        removals.collect()
    }

    fn reply(&self, consumer: ConsumerId, seq: u64) -> Reply {
        Reply { consumer, seq, cseq: seq }
    }

    fn ack(&mut self, consumer: ConsumerId, seq: u64) {
        self.stream.ack(self.now, self.reply(consumer, seq));
        self.gather();
    }

    fn nak(&mut self, consumer: ConsumerId, seq: u64) {
        self.stream.nak(self.now, self.reply(consumer, seq));
        self.gather();
    }

    /// Messages, bytes, first and last sequence.
    fn state(&self) -> (u64, u64, u64, u64) {
        let state = self.stream.state();
        (state.messages, state.bytes, state.first_seq, state.last_seq)
    }

    /// Pending, ack-pending, redelivered.
    fn counts(&self, consumer: ConsumerId) -> (u64, u64, u64) {
        let state = self.stream.consumer_state(consumer).expect("a consumer");
        (state.num_pending, state.num_ack_pending, state.num_redelivered)
    }
}

/// A memory stream of the default version; 80 bytes on `ev.a` cost 100.
fn memory() -> StreamConfig {
    StreamConfig { storage: Storage::Memory, ..StreamConfig::unlimited(ServerVersion::default()) }
}

fn pull_consumer(ack_wait_ms: u64) -> ConsumerConfig {
    ConsumerConfig {
        ack_wait: SimDuration::from_millis(ack_wait_ms),
        ..ConsumerConfig::pull(DeliverPolicy::All)
    }
}
