//! Definitions, publishing, acknowledgments, purges and information.

use std::collections::BTreeMap;

use models::jetstream::{
    ApiError, ConsumerId, PubAck, Publish, Purge, Reply, Stream, header_bytes, subject_matches,
};
use serde_json::{Value, json};
use sim_core::time::SimDuration;

use super::super::config;
use super::{Message, Replay, outcome};

impl Replay {
    pub(super) fn create_stream(&mut self, definition: &Value) -> Value {
        let config = config::stream(definition, self.version);
        if let Some(reservations) = &mut self.reservations
            && let Err(error) = reservations.reserve(config.max_bytes)
        {
            return outcome(Err(error));
        }
        match Stream::new(self.now, config) {
            Ok(stream) => {
                // Scripts with several streams only create them.
                self.stream.get_or_insert(stream);
                let subjects = definition["subjects"].as_array().expect("subjects").iter();
                self.stream_subjects =
                    subjects.filter_map(Value::as_str).map(str::to_owned).collect();
                outcome(Ok(()))
            }
            Err(error) => outcome(Err(error)),
        }
    }

    pub(super) fn create_consumer(&mut self, name: &str, definition: &Value) -> Value {
        let (now, config) = (self.now, config::consumer(definition));
        if let Some(&id) = self.consumers.get(name) {
            return outcome(self.stream().update_consumer(now, id, config));
        }
        let id = match self.stream().add_consumer(now, config) {
            Ok(id) => id,
            Err(error) => return outcome(Err(error)),
        };
        self.consumers.insert(name.to_owned(), id);
        if let Some(subject) = definition["deliver_subject"].as_str() {
            self.deliver_subjects.insert(id, subject.to_owned());
            self.update_interest(id);
        }
        outcome(Ok(()))
    }

    pub(super) fn publish(&mut self, action: &Value) -> Value {
        let id = action["id"].as_str().expect("an id");
        let Some(count) = action["count"].as_u64() else {
            return match self.publish_one(id, action) {
                _ if action["no_reply"] == true => json!({ "ok": null }),
                Ok(ack) if ack.duplicate => {
                    json!({ "ok": true, "seq": ack.seq, "duplicate": true })
                }
                Ok(ack) => json!({ "ok": true, "seq": ack.seq, "duplicate": null }),
                Err(error) => outcome(Err(error)),
            };
        };
        let mut seqs = Vec::new();
        let mut errors = BTreeMap::<&str, u64>::new();
        for index in 1..=count {
            match self.publish_one(&format!("{id}{index}"), action) {
                Ok(ack) => seqs.push(ack.seq),
                Err(error) => *errors.entry(error.description).or_default() += 1,
            }
        }
        json!({ "ok_count": seqs.len(), "first_seq": seqs.first(), "last_seq": seqs.last(), "errors": errors })
    }

    pub(super) fn publish_one(&mut self, id: &str, action: &Value) -> Result<PubAck, ApiError> {
        let name = action["subject"].as_str().expect("a subject");
        if !self.stream_subjects.iter().any(|pattern| subject_matches(pattern, name)) {
            return Err(ApiError::NO_RESPONDERS);
        }
        let headers = action["headers"].as_object().into_iter().flatten();
        let mut lengths: Vec<(usize, usize)> =
            headers.map(|(key, value)| (key.len(), value.as_str().expect("text").len())).collect();
        let msg_id = action["msg_id"].as_str();
        lengths.extend(msg_id.map(|id| ("Nats-Msg-Id".len(), id.len())));
        let now = self.now;
        self.messages.push(id.to_owned());
        let data = self.messages.len() as Message - 1;
        let stream = self.stream();
        let subject = stream.subject(name);
        let ack = stream.publish(
            now,
            Publish {
                subject,
                payload_bytes: action["size"].as_u64().expect("a size") as u32,
                header_bytes: header_bytes(&lengths),
                msg_id: msg_id.map(number_of),
                data,
            },
        )?;
        if !ack.duplicate {
            self.message_ids.insert(id.to_owned(), ack.seq);
        }
        Ok(ack)
    }

    pub(super) fn acknowledge(&mut self, op: &str, action: &Value) -> Value {
        let consumer = self.consumers[action["consumer"].as_str().expect("a consumer")];
        let mut confirmed = Vec::new();
        for id in action["ids"].as_array().expect("ids") {
            confirmed.push(match self.reply(consumer, id.as_str().expect("an id"), action) {
                Some(reply) => {
                    self.acknowledge_one(op, reply, config::millis(&action["delay_ms"]));
                    json!(true)
                }
                None => json!("never delivered"),
            });
        }
        match confirmed.iter().all(|confirmed| confirmed == true) {
            true => json!({ "confirmed": true }),
            false => json!({ "confirmed": confirmed }),
        }
    }

    pub(super) fn reply(&self, consumer: ConsumerId, id: &str, action: &Value) -> Option<Reply> {
        let message = self.messages.iter().position(|known| known == id)? as Message;
        let replies = self.replies.get(&(consumer, message))?;
        match action["delivery"].as_u64() {
            Some(delivery) => replies.get(delivery as usize - 1).copied(),
            None => replies.last().copied(),
        }
    }

    pub(super) fn acknowledge_one(&mut self, op: &str, reply: Reply, delay: Option<SimDuration>) {
        let now = self.now;
        let stream = self.stream();
        match (op, delay) {
            ("ack", _) => stream.ack(now, reply),
            ("term", _) => stream.term(now, reply),
            ("wpi", _) => stream.in_progress(now, reply),
            (_, Some(delay)) if !delay.is_zero() => stream.nak_later(now, reply, delay),
            _ => stream.nak(now, reply),
        }
    }

    pub(super) fn purge(&mut self, action: &Value) -> Value {
        let purge = match (action["keep"].as_u64(), action["filter"].as_str()) {
            (Some(keep), _) => Purge::Keep(keep),
            (None, Some(filter)) => Purge::Filter(filter),
            (None, None) => Purge::All,
        };
        let now = self.now;
        json!({ "ok": true, "purged": self.stream().purge(now, purge) })
    }

    pub(super) fn info(&mut self) -> Value {
        let consumers = self.consumers.clone();
        let stream = self.stream();
        let state = stream.state();
        let states = consumers
            .into_iter()
            .filter_map(|(name, id)| stream.consumer_state(id).map(|state| (name, state)));
        let (mut counters, mut floors) = (serde_json::Map::new(), serde_json::Map::new());
        for (name, state) in states {
            let of_consumer = json!({
                "num_pending": state.num_pending, "num_ack_pending": state.num_ack_pending,
                "num_redelivered": state.num_redelivered, "num_waiting": state.num_waiting,
            });
            counters.insert(name.clone(), of_consumer);
            let floor = json!({
                "delivered_cseq": state.delivered_cseq, "delivered_seq": state.delivered_seq,
                "ack_floor_cseq": state.ack_floor_cseq, "ack_floor_seq": state.ack_floor_seq,
            });
            floors.insert(name, floor);
        }
        json!({
            "stream": {
                "messages": state.messages, "bytes": state.bytes, "first_seq": state.first_seq,
                "last_seq": state.last_seq, "num_deleted": state.num_deleted,
            },
            "consumers": counters,
            "floors": floors,
        })
    }
}

/// A number for a message id (FNV-1a).
fn number_of(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
