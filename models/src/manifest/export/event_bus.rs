//! `EventBus`: where argo-events reads the limits of a stream.
//!
//! argo-events v1.9.11: `streamConfig` in the keys that viper reads; `retention` and `discard` by number; the
//! largest message is `maxPayload` of the servers, which count in powers of two.

use super::yaml::{Map, Yaml};
use super::{Object, object};
use crate::event_bus::spec::{EventBusSpec, RetentionSpec, ServerSpec};
use crate::manifest::event_bus::default_bus;
use crate::spec::policy::DiscardSpec;
use crate::spec::quantity::{BytesText, DurationText};

pub(super) fn event_bus(bus: &EventBusSpec) -> Object {
    let mut jetstream = Map::new();
    jetstream.put("version", version(bus.server));
    let default = default_bus(String::new());
    if bus.max_msg_size != default.max_msg_size {
        let size = bus.max_msg_size.as_ref().map_or_else(|| "0".to_owned(), nats_size);
        jetstream.put("maxPayload", size);
    }
    let lines = stream_config(bus, &default);
    if !lines.is_empty() {
        jetstream.put("streamConfig", Yaml::Block(lines));
    }
    let mut spec = Map::new();
    spec.put("jetstream", jetstream);
    object("EventBus", &bus.name, spec)
}

/// The lines of `streamConfig` that say otherwise than the controller.
fn stream_config(bus: &EventBusSpec, default: &EventBusSpec) -> Vec<String> {
    let keys: [(&str, &str); 6] = [
        ("max_msgs", "maxMsgs"),
        ("max_bytes", "maxBytes"),
        ("max_age", "maxAge"),
        ("duplicates", "duplicates"),
        ("retention", "retention"),
        ("discard", "discard"),
    ];
    let differs = |(field, key): &(&str, &str)| {
        let value = stream_value(bus, field)?;
        (Some(&value) != stream_value(default, field).as_ref()).then(|| format!("{key}: {value}"))
    };
    keys.iter().filter_map(differs).collect()
}

/// What `streamConfig` says of a field of the bus; none if it cannot.
pub(super) fn stream_value(bus: &EventBusSpec, field: &str) -> Option<String> {
    Some(match field {
        "max_msgs" => bus.max_msgs.map_or_else(|| "-1".to_owned(), |limit| limit.to_string()),
        "max_bytes" => match &bus.max_bytes {
            None => "-1".to_owned(),
            Some(limit) => limit.parse().ok()?.as_u64().to_string(),
        },
        "max_age" => bus.max_age.as_ref().map_or_else(|| Some("0s".to_owned()), go_duration)?,
        "duplicates" => go_duration(&bus.duplicates)?,
        "retention" => match bus.retention {
            RetentionSpec::Limits => "0",
            RetentionSpec::Interest => "1",
            RetentionSpec::WorkQueue => "2",
        }
        .to_owned(),
        "discard" => match bus.discard {
            DiscardSpec::Old => "0",
            DiscardSpec::New => "1",
        }
        .to_owned(),
        _ => return None,
    })
}

/// A release of nats-server that argo-events v1.9.11 brings.
pub(super) fn version(server: ServerSpec) -> &'static str {
    match server {
        ServerSpec::V2_9 => "2.9.16",
        ServerSpec::V2_10 | ServerSpec::V2_15 => "latest",
    }
}

/// A size as nats-server reads it.
pub(super) fn nats_size(size: &BytesText) -> String {
    let units = [("KiB", "KB"), ("MiB", "MB"), ("GiB", "GB"), ("TiB", "TB")];
    for (unit, of_nats) in units {
        if let Some(number) = size.as_str().strip_suffix(unit)
            && number.parse::<u64>().is_ok()
        {
            return format!("{number}{of_nats}");
        }
    }
    size.parse().map_or_else(|_| size.to_string(), |bytes| bytes.as_u64().to_string())
}

/// A duration as Go reads it, which has no days; none if it is none.
pub(super) fn go_duration(text: &DurationText) -> Option<String> {
    if text.parse().is_err() {
        return None;
    }
    if !text.as_str().contains('d') {
        return Some(text.to_string());
    }
    let nanos = text.parse().ok()?.as_nanos();
    let hour = 3_600_000_000_000;
    Some(if nanos % hour == 0 { format!("{}h", nanos / hour) } else { format!("{nanos}ns") })
}
