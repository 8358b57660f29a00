//! `EventBus`: where its limits are written decides whether anybody reads them.
//!
//! argo-events v1.9.11 `pkg/eventbus/jetstream/base/jetstream.go` reads seven keys of `streamConfig` by
//! viper, in any case, and turns what it cannot read into zero, which means unlimited. `settings` goes
//! into nats-server's `jetstream {}` block as it is; the server refuses to start on a key it does not
//! know (`server/opts.go`).

use sim_core::time::SimDuration;

use crate::event_bus::spec::{EventBusSpec, RetentionSpec, ServerSpec, StorageSpec};
use crate::spec::policy::DiscardSpec;
use crate::spec::quantity::{BytesText, DurationText};

use super::yaml::{self, Node};
use super::{Importer, Manifest};

/// The stream that the argo-events controller makes by default.
pub(crate) fn default_bus(name: String) -> EventBusSpec {
    EventBusSpec {
        name,
        max_msgs: Some(50_000),
        max_bytes: None,
        max_msg_size: Some("1MiB".into()),
        max_consumers: None,
        max_age: Some("168h".into()),
        duplicates: "300s".into(),
        discard: DiscardSpec::Old,
        retention: RetentionSpec::Limits,
        storage: StorageSpec::File,
        server: ServerSpec::V2_10,
        on_reject: None,
        consumers: Default::default(),
    }
}

/// Keys that nats-server knows in its `jetstream` block and that limit nothing in the model.
const SERVER_KEYS: [&str; 4] =
    ["max_memory_store", "max_file_store", "max_outstanding_catchup", "store_dir"];

impl Importer {
    pub(crate) fn event_bus(&mut self, manifest: Manifest<'_>) -> EventBusSpec {
        let name = self.names.of("bus", manifest.name);
        let mut bus = default_bus(name);
        let Some(spec) = manifest.root.get("spec") else { return bus };
        for kind in ["nats", "kafka"] {
            if let Some(other) = spec.get(kind) {
                other.read_whole();
                self.warn(
                    manifest,
                    other,
                    "not-modeled",
                    format!(
                        "a `{kind}` bus is not modeled: JetStream's default stream stands for it"
                    ),
                );
            }
        }
        let exotic = spec.get("jetstreamExotic");
        let Some(jetstream) = spec.get("jetstream").or(exotic) else { return bus };
        for field in ["version", "replicas", "url"] {
            jetstream.get(field);
        }
        if exotic.is_some() {
            // `exotic_jetstream.go` does not merge the controller's defaults: the server's hold.
            (bus.max_msgs, bus.max_age, bus.duplicates) = (None, None, "2m".into());
        }
        if let Some(config) = jetstream.get("streamConfig") {
            self.stream_config(manifest, config, &mut bus);
        }
        if let Some(settings) = jetstream.get("settings") {
            self.settings(manifest, settings, &mut bus);
        }
        if let Some(payload) = jetstream.get("maxPayload") {
            let text = payload.scalar().unwrap_or_default();
            // nats-server counts `MB` in powers of two.
            let size = BytesText::from(text.replace("MB", "MiB").replace("KB", "KiB").as_str());
            match size.parse() {
                Ok(_) => bus.max_msg_size = Some(size),
                Err(_) => drop(self.warn(
                    manifest,
                    payload,
                    "bad-value",
                    format!("`{text}` is not a size"),
                )),
            }
        }
        bus
    }

    fn settings(&mut self, manifest: Manifest<'_>, settings: &Node, bus: &mut EventBusSpec) {
        let text = settings.scalar().unwrap_or_default().to_owned();
        let mut refused = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let mut parts = line.splitn(2, [':', '=', ' ']);
            let key = parts.next().unwrap_or_default().trim();
            let value = parts.next().unwrap_or_default().trim();
            if key.is_empty() || SERVER_KEYS.contains(&key) {
                continue;
            }
            refused.push(key.to_owned());
            if self.intends() && !meant(bus, key, value) {
                self.warn(
                    manifest,
                    settings,
                    "bad-value",
                    format!("`{key}: {value}` in `settings` has no meaning"),
                );
            }
        }
        if refused.is_empty() {
            return;
        }
        self.warn(
            manifest,
            settings,
            "settings-refused",
            format!("nats-server does not know `{}` in its `jetstream` block: its pods do not start, and a running bus keeps its old limits until the next restart", refused.join("`, `")),
        )
        .hint("limits of the stream go into `streamConfig`, as `maxMsgs`, `maxBytes`, `maxAge`");
        let subject = format!("{}, beyond its limits", bus.name);
        if self.intends() {
            (bus.discard, bus.retention) = (DiscardSpec::New, RetentionSpec::Interest);
            self.assume(
                subject,
                "new messages are refused; acked ones make room",
                "that is what limits in `settings` are meant to do",
            );
        } else {
            self.assume(
                subject,
                "the bus runs with the controller's default limits",
                "a bus that runs keeps its configuration until its pods restart",
            );
        }
    }

    fn stream_config(&mut self, manifest: Manifest<'_>, config: &Node, bus: &mut EventBusSpec) {
        let text = config.scalar().unwrap_or_default();
        let parsed = match yaml::document(manifest.file, text, 0) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.warn(
                    manifest,
                    config,
                    "bad-value",
                    format!("`streamConfig` is {}", error.message),
                );
                return;
            }
        };
        for (key, value) in parsed.fields() {
            let value = value.scalar().unwrap_or_default();
            match key.to_ascii_lowercase().as_str() {
                "maxmsgs" => bus.max_msgs = self.count(manifest, config, key, value),
                "maxbytes" => {
                    bus.max_bytes = self
                        .count(manifest, config, key, value)
                        .map(|n| n.to_string().as_str().into())
                }
                "maxage" => bus.max_age = self.duration(manifest, config, key, value),
                "duplicates" => {
                    if let Some(window) = self.duration(manifest, config, key, value) {
                        bus.duplicates = window;
                    }
                }
                "retention" => {
                    bus.retention = match value {
                        "1" => RetentionSpec::Interest,
                        "2" => RetentionSpec::WorkQueue,
                        _ => RetentionSpec::Limits,
                    }
                }
                "discard" => {
                    bus.discard = if value == "1" { DiscardSpec::New } else { DiscardSpec::Old }
                }
                "replicas" => {}
                _ => self.unknown_stream_key(manifest, config, key, value, bus),
            }
        }
    }

    fn unknown_stream_key(
        &mut self,
        manifest: Manifest<'_>,
        config: &Node,
        key: &str,
        value: &str,
        bus: &mut EventBusSpec,
    ) {
        let honored = self.intends() && meant(bus, key, value);
        let taken = if honored { "taken as meant" } else { "passed over" };
        self.warn(manifest, config, "stream-config-key", format!("the controller does not read `{key}` in `streamConfig`: {taken}"))
            .expected("one of `maxMsgs`, `maxAge`, `maxBytes`, `replicas`, `duplicates`, `retention`, `discard`");
    }

    /// A limit by number. What is no number becomes zero in the controller: unlimited.
    fn count(
        &mut self,
        manifest: Manifest<'_>,
        config: &Node,
        key: &str,
        value: &str,
    ) -> Option<u64> {
        match value.parse::<i64>() {
            Ok(number) => u64::try_from(number).ok().filter(|&number| number > 0),
            Err(_) => {
                let meant = BytesText::from(value).parse().ok().map(|bytes| bytes.as_u64());
                self.unlimited(manifest, config, key, value);
                meant.filter(|_| self.intends())
            }
        }
    }

    /// A limit by time. What Go does not read as a duration becomes zero: unlimited.
    fn duration(
        &mut self,
        manifest: Manifest<'_>,
        config: &Node,
        key: &str,
        value: &str,
    ) -> Option<DurationText> {
        let text = DurationText::from(value);
        let parsed = text.parse().ok();
        if parsed.is_some() && !value.contains('d') {
            return Some(text).filter(|_| parsed > Some(SimDuration::ZERO));
        }
        self.unlimited(manifest, config, key, value);
        parsed.map(|_| text).filter(|_| self.intends())
    }

    fn unlimited(&mut self, manifest: Manifest<'_>, config: &Node, key: &str, value: &str) {
        self.warn(
            manifest,
            config,
            "stream-config-value",
            format!("the controller cannot read `{key}: {value}` and takes it for unlimited"),
        );
    }
}

/// Sets what a snake_case limit means; false if it means nothing.
fn meant(bus: &mut EventBusSpec, key: &str, value: &str) -> bool {
    let bytes = BytesText::from(value).parse().is_ok().then(|| BytesText::from(value));
    match key {
        "max_msgs" => value.parse().map(|limit| bus.max_msgs = Some(limit)).is_ok(),
        "max_bytes" => bytes.map(|limit| bus.max_bytes = Some(limit)).is_some(),
        "max_msg_size" => bytes.map(|limit| bus.max_msg_size = Some(limit)).is_some(),
        "max_consumers" => value.parse().map(|limit| bus.max_consumers = Some(limit)).is_ok(),
        "max_age" => {
            let age = DurationText::from(value);
            age.parse().map(|_| bus.max_age = Some(age.clone())).is_ok()
        }
        _ => false,
    }
}
