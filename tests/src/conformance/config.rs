//! The definitions in a trace, in the words of the model.

use models::jetstream::{
    AckPolicy, ConsumerConfig, DeliverPolicy, DeliveryMode, Discard, Retention, ServerVersion,
    Storage, StreamConfig,
};
use serde_json::Value;
use sim_core::time::SimDuration;

/// A limit: absent and -1 mean none.
fn limit(config: &Value, key: &str) -> Option<u64> {
    config[key].as_i64().and_then(|value| u64::try_from(value).ok())
}

pub(crate) fn millis(value: &Value) -> Option<SimDuration> {
    value.as_u64().map(SimDuration::from_millis)
}

/// A word of the trace, or the server's default where it is absent.
fn word<'a>(config: &'a Value, key: &str, default: &'a str) -> &'a str {
    config[key].as_str().unwrap_or(default)
}

pub(crate) fn stream(config: &Value, version: ServerVersion) -> StreamConfig {
    StreamConfig {
        max_msgs: limit(config, "max_msgs"),
        max_bytes: limit(config, "max_bytes"),
        max_msg_size: limit(config, "max_msg_size"),
        max_age: millis(&config["max_age_ms"]),
        max_msgs_per_subject: limit(config, "max_msgs_per_subject"),
        max_consumers: limit(config, "max_consumers").map(|limit| limit as usize),
        discard: match word(config, "discard", "old") {
            "new" => Discard::New,
            _ => Discard::Old,
        },
        discard_new_per_subject: config["discard_new_per_subject"] == true,
        retention: match word(config, "retention", "limits") {
            "interest" => Retention::Interest,
            "workqueue" => Retention::WorkQueue,
            _ => Retention::Limits,
        },
        duplicate_window: millis(&config["duplicate_window_ms"]),
        storage: match word(config, "storage", "file") {
            "memory" => Storage::Memory,
            _ => Storage::File,
        },
        ..StreamConfig::unlimited(version)
    }
}

pub(crate) fn consumer(config: &Value) -> ConsumerConfig {
    let filters = config["filter_subject"].as_str().map(str::to_owned).into_iter();
    let more = config["filter_subjects"].as_array().into_iter().flatten();
    let backoff = config["backoff_ms"].as_array().into_iter().flatten();
    let deliver_policy = match word(config, "deliver_policy", "all") {
        "new" => DeliverPolicy::New,
        "last" => DeliverPolicy::Last,
        "last_per_subject" => DeliverPolicy::LastPerSubject,
        "by_start_sequence" => {
            DeliverPolicy::ByStartSequence(config["opt_start_seq"].as_u64().expect("a sequence"))
        }
        _ => DeliverPolicy::All,
    };
    let defaults = ConsumerConfig::pull(deliver_policy);
    ConsumerConfig {
        filters: filters.chain(more.filter_map(Value::as_str).map(str::to_owned)).collect(),
        ack_policy: match word(config, "ack_policy", "explicit") {
            "none" => AckPolicy::None,
            "all" => AckPolicy::All,
            _ => AckPolicy::Explicit,
        },
        ack_wait: millis(&config["ack_wait_ms"]).unwrap_or(defaults.ack_wait),
        max_ack_pending: match config["max_ack_pending"].as_i64() {
            Some(limit) => u64::try_from(limit).ok(),
            None => defaults.max_ack_pending,
        },
        max_deliver: limit(config, "max_deliver").map(|limit| limit as u32),
        backoff: backoff.filter_map(millis).collect(),
        mode: mode(config),
        samples_acks: config["sample_freq"].is_string(),
        deliver_policy,
    }
}

fn mode(config: &Value) -> DeliveryMode {
    if config["deliver_subject"].is_string() {
        return DeliveryMode::Push { idle_heartbeat: millis(&config["idle_heartbeat_ms"]) };
    }
    DeliveryMode::Pull {
        max_waiting: limit(config, "max_waiting").map_or(512, |limit| limit as usize),
        max_batch: limit(config, "max_batch").map(|limit| limit as u32),
        max_expires: millis(&config["max_expires_ms"]),
    }
}
