//! Runs the script of a trace against the model at virtual time.

use std::collections::BTreeMap;

use models::jetstream::{
    AdvisoryKind, ApiError, ConsumerId, Delivery, Effect, PubAck, Publish, PullRequest, PullStatus,
    Purge, Reply, Reservations, ServerVersion, Stream, header_bytes, subject_matches,
};
use serde_json::{Value, json};
use sim_core::time::{SimDuration, SimTime};

use super::compare::{Comparison, Times, expectation};
use super::config;

/// How long the recording client waited for a server that says nothing.
const CLIENT_PATIENCE: SimDuration = SimDuration::from_millis(400);

/// Everything the model does differently from the recorded release.
pub(crate) fn differences(trace: &Value, recorded: &str, version: ServerVersion) -> Vec<String> {
    let mut differences = Vec::new();
    let mut replay = Replay::new(version, trace["server_max_mem"].as_str());
    let lag_ms = trace["max_script_lag_ms"].as_f64().unwrap_or(0.0);
    let is_timed = trace["covers"].as_array().expect("tags").iter().any(|tag| tag == "timing");
    let mut check = |path: &str, times, step: &Value, found: &Value| {
        let expected = expectation(step, recorded);
        Comparison { lag_ms, times, differences: &mut differences }.check(path, &expected, found);
    };
    let setup = replay.set_up(&trace["stream"], &trace["consumers"]);
    check("setup", Times::OrderOnly, &trace["setup"], &setup);
    for step in trace["steps"].as_array().expect("steps") {
        let action = &step["do"];
        let op = action["op"].as_str().expect("an operation");
        let found = replay.step(op, action);
        let times = match op {
            _ if is_timed => Times::Meaningful,
            "collect" | "advisories" => Times::Meaningful,
            _ => Times::OrderOnly,
        };
        check(&format!("step {} {op}", step["i"]), times, step, &found);
    }
    differences
}

/// A message of the script: its number stands for it in the model.
type Message = u32;

/// What arrives at one inbox: of a pull, or of a subscription.
#[derive(Default)]
struct Inbox {
    messages: Vec<Value>,
    statuses: Vec<Value>,
    is_complete: bool,
}

struct Subscription {
    name: String,
    subject: String,
    is_active: bool,
}

struct Replay {
    version: ServerVersion,
    now: SimTime,
    stream: Option<Stream<Message>>,
    stream_subjects: Vec<String>,
    reservations: Option<Reservations>,
    consumers: BTreeMap<String, ConsumerId>,
    deliver_subjects: BTreeMap<ConsumerId, String>,
    messages: Vec<String>,
    message_ids: BTreeMap<String, u64>,
    inboxes: Vec<Inbox>,
    inbox_names: BTreeMap<String, usize>,
    subscriptions: Vec<Subscription>,
    /// Every delivery a client has seen, by consumer and message.
    replies: BTreeMap<(ConsumerId, Message), Vec<Reply>>,
    /// Deliveries in inboxes nobody has looked into yet.
    unseen: Vec<(usize, Message, Reply)>,
    advisories: Vec<Value>,
    buffer: Vec<Effect<Message>>,
}

impl Replay {
    fn new(version: ServerVersion, server_max_mem: Option<&str>) -> Self {
        let limit = server_max_mem.map(|text| {
            let kilobytes: u64 = text.trim_end_matches("KB").parse().expect("as in `64KB`");
            Reservations::new(kilobytes * 1024)
        });
        Self {
            version,
            now: SimTime::ZERO,
            stream: None,
            stream_subjects: Vec::new(),
            reservations: limit,
            consumers: BTreeMap::new(),
            deliver_subjects: BTreeMap::new(),
            messages: Vec::new(),
            message_ids: BTreeMap::new(),
            inboxes: Vec::new(),
            inbox_names: BTreeMap::new(),
            subscriptions: Vec::new(),
            replies: BTreeMap::new(),
            unseen: Vec::new(),
            advisories: Vec::new(),
            buffer: Vec::new(),
        }
    }

    fn set_up(&mut self, stream: &Value, consumers: &Value) -> Value {
        let stream = match stream {
            Value::Null => Value::Null,
            config => self.create_stream(config),
        };
        let consumers = consumers.as_array().into_iter().flatten().map(|consumer| {
            self.create_consumer(consumer["name"].as_str().expect("a name"), &consumer["config"])
        });
        json!({ "stream": stream, "consumers": consumers.collect::<Vec<_>>() })
    }

    fn step(&mut self, op: &str, action: &Value) -> Value {
        self.advance(SimTime::ZERO + config::millis(&action["at_ms"]).expect("a time"));
        let found = self.perform(op, action);
        self.sort_out();
        found
    }

    fn perform(&mut self, op: &str, action: &Value) -> Value {
        let text = |key: &str| action[key].as_str();
        match op {
            "pub" => self.publish(action),
            "fetch" => self.fetch(action),
            "pull" => self.start_pull(action),
            "subscribe" => self.subscribe(text("name").expect("a name"), text("subject")),
            "unsubscribe" => self.unsubscribe(text("name").expect("a name")),
            "collect" => self.collect(text("from").expect("a name")),
            "ack" | "nak" | "term" | "wpi" => self.acknowledge(op, action),
            "info" => self.info(),
            "purge" => self.purge(action),
            "msg_delete" => {
                let seq = action["seq"].as_u64().expect("a sequence");
                let now = self.now;
                outcome(self.stream().delete_message(now, seq))
            }
            "stream_create" => self.create_stream(&action["config"]),
            "stream_update" => {
                let (now, config) = (self.now, config::stream(&action["config"], self.version));
                outcome(self.stream().update(now, config))
            }
            "consumer_create" => {
                self.create_consumer(text("name").expect("a name"), &action["config"])
            }
            "consumer_delete" => {
                let id = self.consumers.remove(text("name").expect("a name"));
                outcome(id.map_or(Err(ApiError::CONSUMER_NOT_FOUND), |id| {
                    self.stream().delete_consumer(id)
                }))
            }
            "advisories" => self.take_advisories(),
            "restart" => {
                self.stream().restart();
                json!({})
            }
            _ => json!({ "unknown operation": op }),
        }
    }

    fn stream(&mut self) -> &mut Stream<Message> {
        self.stream.as_mut().expect("the script has made a stream")
    }

    // ---- time ----

    fn advance(&mut self, to: SimTime) {
        while let Some(at) = self.next_deadline().filter(|&at| at <= to) {
            self.fire(at);
        }
        self.now = self.now.max(to);
    }

    fn next_deadline(&self) -> Option<SimTime> {
        self.stream.as_ref()?.next_deadline()
    }

    fn fire(&mut self, at: SimTime) {
        self.now = self.now.max(at);
        self.stream().on_deadline(at);
        self.sort_out();
    }

    fn now_ms(&self) -> f64 {
        self.now.as_secs_f64() * 1e3
    }

    // ---- effects ----

    /// Puts what has happened into the inboxes.
    fn sort_out(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        let mut buffer = std::mem::take(&mut self.buffer);
        stream.swap_effects(&mut buffer);
        for effect in buffer.drain(..) {
            match effect {
                Effect::Delivered(delivery) => self.deliver(&delivery),
                Effect::PullClosed { request, status, left, .. } => {
                    self.close(request as usize, status, left);
                }
                Effect::Advisory { seq, kind, deliveries, .. } => {
                    self.advise(seq, kind, deliveries);
                }
                Effect::Heartbeat { consumer } => {
                    let status = json!({ "status": "100 Idle Heartbeat", "t_ms": self.now_ms() });
                    for inbox in self.listeners(consumer) {
                        self.inboxes[inbox].statuses.push(status.clone());
                    }
                }
                Effect::Lost { .. } | Effect::Removed(_) => {}
            }
        }
        self.buffer = buffer;
    }

    fn deliver(&mut self, delivery: &Delivery<Message>) {
        let message = json!({
            "id": self.messages[delivery.data as usize],
            "seq": delivery.seq,
            "deliveries": delivery.deliveries,
            "cseq": delivery.cseq,
            "num_pending": delivery.num_pending,
            "t_ms": self.now_ms(),
        });
        let inboxes = match delivery.request {
            Some(request) => vec![request as usize],
            None => self.listeners(delivery.consumer),
        };
        for inbox in inboxes {
            self.unseen.push((inbox, delivery.data, delivery.reply()));
            self.inboxes[inbox].messages.push(message.clone());
            self.inboxes[inbox].is_complete = delivery.request_left == 0;
        }
    }

    fn close(&mut self, inbox: usize, status: PullStatus, left: u32) {
        let t_ms = self.now_ms();
        let inbox = &mut self.inboxes[inbox];
        inbox.is_complete = true;
        inbox.statuses.push(match says_pending(status) {
            true => json!({ "status": status_line(status), "pending_msgs": left, "t_ms": t_ms }),
            false => json!({ "status": status_line(status), "t_ms": t_ms }),
        });
    }

    fn advise(&mut self, seq: u64, kind: AdvisoryKind, deliveries: u32) {
        let kind = match kind {
            AdvisoryKind::Nak => "nak",
            AdvisoryKind::Terminated => "terminated",
            AdvisoryKind::MaxDeliver => "max_deliver",
            AdvisoryKind::Acked => "consumer_ack",
        };
        let id = self.message_ids.iter().find(|(_, known)| **known == seq).map(|(id, _)| id);
        let advisory =
            json!({ "type": kind, "id": id, "deliveries": deliveries, "t_ms": self.now_ms() });
        self.advisories.push(advisory);
    }

    fn take_advisories(&mut self) -> Value {
        let mut advisories = std::mem::take(&mut self.advisories);
        advisories.sort_by_key(|advisory| {
            let text = |key: &str| advisory[key].as_str().unwrap_or_default().to_owned();
            (text("type"), text("id"), advisory["deliveries"].as_u64())
        });
        json!({ "advisories": advisories })
    }

    // ---- the script's requests ----

    fn create_stream(&mut self, definition: &Value) -> Value {
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

    fn create_consumer(&mut self, name: &str, definition: &Value) -> Value {
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

    fn publish(&mut self, action: &Value) -> Value {
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

    fn publish_one(&mut self, id: &str, action: &Value) -> Result<PubAck, ApiError> {
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

    // ---- pulls and subscriptions ----

    fn pull(&mut self, action: &Value) -> (ConsumerId, usize) {
        let consumer = self.consumers[action["consumer"].as_str().expect("a consumer")];
        let tag = self.inboxes.len();
        self.inboxes.push(Inbox::default());
        let request = PullRequest {
            batch: action["batch"].as_u64().expect("a batch") as u32,
            expires: config::millis(&action["expires_ms"]),
            no_wait: action["no_wait"] == true,
            max_bytes: action["max_bytes"].as_u64(),
            tag: tag as u32,
        };
        let now = self.now;
        self.stream().pull(now, consumer, request);
        self.sort_out();
        (consumer, tag)
    }

    fn start_pull(&mut self, action: &Value) -> Value {
        let (_, inbox) = self.pull(action);
        self.inbox_names.insert(action["name"].as_str().expect("a name").to_owned(), inbox);
        json!({})
    }

    fn fetch(&mut self, action: &Value) -> Value {
        let (consumer, inbox) = self.pull(action);
        let expires = config::millis(&action["expires_ms"]).unwrap_or(SimDuration::ZERO);
        let patience = self.now + expires + CLIENT_PATIENCE;
        while !self.inboxes[inbox].is_complete {
            match self.next_deadline().filter(|&at| at <= patience) {
                Some(at) => self.fire(at),
                None => {
                    self.now = patience;
                    self.stream().cancel_pull(consumer, inbox as u32);
                    self.inboxes[inbox].is_complete = true;
                    let status = json!({ "status": "client timeout" });
                    self.inboxes[inbox].statuses.push(status);
                }
            }
        }
        self.look_into(inbox);
        let done_t_ms = self.now_ms();
        let Inbox { messages, statuses, .. } = &self.inboxes[inbox];
        let last = statuses.last().unwrap_or(&Value::Null);
        let (status, pending) = (&last["status"], &last["pending_msgs"]);
        json!({
            "msgs": messages, "count": messages.len(),
            "first": messages.first(), "last": messages.last(),
            "status": status, "status_pending_msgs": pending, "done_t_ms": done_t_ms,
        })
    }

    fn collect(&mut self, name: &str) -> Value {
        let inbox = self.inbox_names[name];
        self.look_into(inbox);
        let messages = std::mem::take(&mut self.inboxes[inbox].messages);
        let statuses = std::mem::take(&mut self.inboxes[inbox].statuses);
        json!({
            "msgs": messages, "statuses": statuses, "count": messages.len(),
            "first": messages.first(), "last": messages.last(),
        })
    }

    /// The client sees what has arrived, and can acknowledge it from now on.
    fn look_into(&mut self, inbox: usize) {
        let replies = &mut self.replies;
        self.unseen.retain(|&(at, message, reply)| {
            if at == inbox {
                replies.entry((reply.consumer, message)).or_default().push(reply);
            }
            at != inbox
        });
    }

    fn subscribe(&mut self, name: &str, subject: Option<&str>) -> Value {
        self.inbox_names.insert(name.to_owned(), self.inboxes.len());
        self.inboxes.push(Inbox::default());
        let subject = subject.expect("a subject").to_owned();
        self.subscriptions.push(Subscription { name: name.to_owned(), subject, is_active: true });
        self.update_all_interest();
        json!({})
    }

    fn unsubscribe(&mut self, name: &str) -> Value {
        for subscription in self.subscriptions.iter_mut().filter(|known| known.name == name) {
            subscription.is_active = false;
        }
        self.update_all_interest();
        json!({})
    }

    fn update_all_interest(&mut self) {
        let ids: Vec<ConsumerId> = self.deliver_subjects.keys().copied().collect();
        ids.into_iter().for_each(|id| self.update_interest(id));
    }

    fn update_interest(&mut self, id: ConsumerId) {
        let (now, listens) = (self.now, !self.listeners(id).is_empty());
        match listens {
            true => self.stream().subscribe(now, id),
            false => self.stream().unsubscribe(id),
        }
    }

    /// The inboxes that get what a push consumer sends.
    fn listeners(&self, id: ConsumerId) -> Vec<usize> {
        let subject = &self.deliver_subjects[&id];
        let mut listeners = self.subscriptions.iter().filter(|known| known.is_active);
        let mut inboxes = Vec::new();
        while let Some(listener) = listeners.find(|known| known.subject == *subject) {
            inboxes.push(self.inbox_names[&listener.name]);
        }
        inboxes
    }

    // ---- acknowledgments ----

    fn acknowledge(&mut self, op: &str, action: &Value) -> Value {
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

    fn reply(&self, consumer: ConsumerId, id: &str, action: &Value) -> Option<Reply> {
        let message = self.messages.iter().position(|known| known == id)? as Message;
        let replies = self.replies.get(&(consumer, message))?;
        match action["delivery"].as_u64() {
            Some(delivery) => replies.get(delivery as usize - 1).copied(),
            None => replies.last().copied(),
        }
    }

    fn acknowledge_one(&mut self, op: &str, reply: Reply, delay: Option<SimDuration>) {
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

    // ---- the rest ----

    fn purge(&mut self, action: &Value) -> Value {
        let purge = match (action["keep"].as_u64(), action["filter"].as_str()) {
            (Some(keep), _) => Purge::Keep(keep),
            (None, Some(filter)) => Purge::Filter(filter),
            (None, None) => Purge::All,
        };
        let now = self.now;
        json!({ "ok": true, "purged": self.stream().purge(now, purge) })
    }

    fn info(&mut self) -> Value {
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

fn outcome(result: Result<(), ApiError>) -> Value {
    match result {
        Ok(()) => json!({ "ok": true }),
        Err(error) => {
            let err_code = (error.err_code != 0).then_some(error.err_code);
            let ApiError { code, description, .. } = error;
            json!({ "ok": false, "code": code, "err_code": err_code, "description": description })
        }
    }
}

fn status_line(status: PullStatus) -> String {
    match status {
        PullStatus::NoMessages => "404 No Messages".to_owned(),
        PullStatus::RequestTimeout => "408 Request Timeout".to_owned(),
        PullStatus::MessageSizeExceedsMaxBytes => "409 Message Size Exceeds MaxBytes".to_owned(),
        PullStatus::ExceededMaxWaiting => "409 Exceeded MaxWaiting".to_owned(),
        PullStatus::ExceededMaxRequestBatch(limit) => {
            format!("409 Exceeded MaxRequestBatch of {limit}")
        }
        PullStatus::ExceededMaxRequestExpires(limit) => {
            format!("409 Exceeded MaxRequestExpires of {}ms", limit.as_nanos() / 1_000_000)
        }
        PullStatus::ConsumerDeleted => "409 Consumer Deleted".to_owned(),
    }
}

/// Whether the server says how much of the batch was left.
const fn says_pending(status: PullStatus) -> bool {
    matches!(status, PullStatus::RequestTimeout | PullStatus::MessageSizeExceedsMaxBytes)
}

/// A number for a message id (FNV-1a).
fn number_of(id: &str) -> u64 {
    id.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
