//! Runs the script of a trace against the model at virtual time.

use std::collections::BTreeMap;

use models::jetstream::{
    AdvisoryKind, ApiError, ConsumerId, Delivery, Effect, PullStatus, Reply, Reservations,
    ServerVersion, Stream,
};
use serde_json::{Value, json};
use sim_core::time::{SimDuration, SimTime};

use super::compare::{Comparison, Times, expectation};
use super::config;

mod inboxes;
mod requests;

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
