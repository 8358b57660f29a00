//! `EventBus`: where its limits are written decides whether anybody reads them.
//!
//! argo-events v1.9.11 `pkg/eventbus/jetstream/base/jetstream.go` reads seven keys of `streamConfig` by
//! viper, in any case, and turns what it cannot read into zero, which means unlimited. `settings` goes
//! into nats-server's `jetstream {}` block as it is; the server refuses to start on a key it does not
//! know (`server/opts.go`). A STAN bus (`nats`) and a Kafka bus stand for a stream with their limits.

use crate::event_bus::spec::{DeliverSpec, EventBusSpec, RetentionSpec, ServerSpec, StorageSpec};
use crate::spec::policy::DiscardSpec;
use crate::spec::quantity::{BytesText, DurationText};
use crate::workflow::Version;

use super::account::Became;
use super::quantities::{
    duration_text, go_duration, integer, meant_nanoseconds, nanoseconds, nats_bytes,
};
use super::settings::{Setting, settings};
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

/// Since this release `retention` and `discard` are read.
pub(crate) const READS_RETENTION: Version = Version::new(1, 9, 3);

/// Since this release there is `jetstreamExotic`.
pub(crate) const HAS_EXOTIC: Version = Version::new(1, 9, 0);

/// The duplicates window that nats-server takes if none is stated.
const SERVER_DUPLICATES: &str = "2m";

/// What the controller reads of `streamConfig`, in any case.
pub(crate) const STREAM_KEYS: [&str; 7] =
    ["maxMsgs", "maxAge", "maxBytes", "replicas", "duplicates", "retention", "discard"];

fn taken(parameter: String, value: impl std::fmt::Display) -> Became {
    Became::Taken { parameter, value: value.to_string() }
}

fn not_modeled(why: &str) -> Became {
    Became::NotModeled { why: why.to_owned() }
}

fn unlimited<T: std::fmt::Display>(limit: Option<&T>) -> String {
    limit.map_or_else(|| "no limit".to_owned(), ToString::to_string)
}

impl Importer {
    pub(crate) fn event_bus(&mut self, manifest: Manifest<'_>) -> EventBusSpec {
        let name = self.names.object("bus", manifest.namespace, manifest.name);
        let mut bus = default_bus(name);
        let Some(spec) = manifest.root.get("spec") else { return bus };
        if let Some(nats) = spec.get("nats") {
            self.stan(manifest, nats, &mut bus);
        }
        if let Some(kafka) = spec.get("kafka") {
            self.kafka_bus(manifest, kafka, &mut bus);
        }
        if let Some(exotic) = spec.get("jetstreamExotic") {
            if !self.intends() && self.versions.argo_events < HAS_EXOTIC {
                self.not_modeled(exotic, "read since v1.9.0");
            } else {
                // `exotic_jetstream.go` does not merge the controller's defaults: the server's hold.
                (bus.max_msgs, bus.max_age) = (None, None);
                bus.duplicates = SERVER_DUPLICATES.into();
                self.stream_config(manifest, exotic, "spec.jetstreamExotic.streamConfig", &mut bus);
            }
        }
        if let Some(jetstream) = spec.get("jetstream") {
            self.jetstream(manifest, jetstream, &mut bus);
        }
        self.acceptable(manifest, spec, &mut bus);
        bus
    }

    fn jetstream(&mut self, manifest: Manifest<'_>, jetstream: &Node, bus: &mut EventBusSpec) {
        if let Some(version) = jetstream.get("version") {
            bus.server = server(version.scalar().unwrap_or_default());
            self.take(version, format!("{}.server", bus.name), format!("{:?}", bus.server));
        }
        self.stream_config(manifest, jetstream, "spec.jetstream.streamConfig", bus);
        if let Some(settings) = jetstream.get("settings") {
            self.settings(manifest, settings, bus);
        }
        if let Some(payload) = jetstream.get("maxPayload") {
            self.max_msg_size(manifest, payload, bus);
        }
    }

    /// `maxPayload`; nats-server counts `MB` in powers of two, and 0 is no limit.
    fn max_msg_size(&mut self, manifest: Manifest<'_>, payload: &Node, bus: &mut EventBusSpec) {
        let text = payload.scalar().unwrap_or_default();
        match of_nats(text) {
            Some(size) => {
                let size = Some(size).filter(|size| size.parse().is_ok_and(|it| it.as_u64() > 0));
                let shown = unlimited(size.as_ref());
                bus.max_msg_size = size;
                self.take(payload, format!("{}.max_msg_size", bus.name), shown);
            }
            None => drop(self.warn(
                manifest,
                payload,
                "bad-value",
                format!("`{text}` is not a size: taken for 1MiB"),
            )),
        }
    }

    fn settings(&mut self, manifest: Manifest<'_>, written: &Node, bus: &mut EventBusSpec) {
        let mut refused = 0;
        for setting in settings(written) {
            let Setting { key, value, place } = setting;
            let became = if setting.is_known() {
                not_modeled("what the server's disk or memory holds")
            } else {
                refused += 1;
                match self.meant(bus, key, value) {
                    Some((field, value)) => taken(format!("{}.{field}", bus.name), value),
                    None if self.intends() => not_modeled("it has no meaning for a stream"),
                    None => not_modeled("nats-server does not start with it: passed over"),
                }
            };
            let field = format!("spec.jetstream.settings.{key}");
            self.account_apart(manifest, place, field, value, became);
        }
        if refused == 0 {
            return;
        }
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

    fn stream_config(
        &mut self,
        manifest: Manifest<'_>,
        around: &Node,
        field: &str,
        bus: &mut EventBusSpec,
    ) {
        let Some(config) = around.get("streamConfig") else { return };
        let parsed = match yaml::embedded(manifest.file, config) {
            Ok(parsed) => parsed,
            Err(mut error) => {
                error.message = format!("`streamConfig` cannot be read: {}", error.message);
                error.severity = crate::diagnostic::Severity::Warning;
                error.code("bad-value").hint("the defaults are taken");
                self.findings.push(*error);
                self.not_modeled(config, "it cannot be read");
                return;
            }
        };
        for (key, value) in parsed.fields() {
            let became = self.stream_setting(key, value, bus);
            let (field, text) = (format!("{field}.{key}"), value.scalar().unwrap_or_default());
            self.account_apart(manifest, value.place(), field, text, became);
        }
    }

    /// What one key of `streamConfig` means for the bus.
    fn stream_setting(&mut self, key: &str, node: &Node, bus: &mut EventBusSpec) -> Became {
        let value = node.scalar().unwrap_or_default();
        let parameter = |field: &str| format!("{}.{field}", bus.name);
        let too_old = !self.intends() && self.versions.argo_events < READS_RETENTION;
        match key.to_ascii_lowercase().as_str() {
            "maxmsgs" => {
                let limit = self.count(node);
                let became = taken(parameter("max_msgs"), unlimited(limit.as_ref()));
                bus.max_msgs = limit;
                became
            }
            "maxbytes" => {
                let limit = self.count(node).map(|it| BytesText::from(it.to_string().as_str()));
                let became = taken(parameter("max_bytes"), unlimited(limit.as_ref()));
                bus.max_bytes = limit;
                became
            }
            "maxage" if value.parse::<f64>().is_ok_and(|it| it > 0.0) => {
                not_modeled("a number without a unit is nanoseconds, which nats-server refuses")
            }
            "maxage" => {
                let age = self.duration(node);
                let became = taken(parameter("max_age"), unlimited(age.as_ref()));
                bus.max_age = age;
                became
            }
            "duplicates" => {
                let window = self.duration(node).unwrap_or_else(|| SERVER_DUPLICATES.into());
                let became = taken(parameter("duplicates"), &window);
                bus.duplicates = window;
                became
            }
            "retention" | "discard" if too_old => not_modeled("read since v1.9.3"),
            "retention" => {
                bus.retention = match (value, self.intends()) {
                    ("1", _) | ("interest" | "Interest", true) => RetentionSpec::Interest,
                    ("2", _) | ("workqueue" | "workQueue" | "WorkQueue", true) => {
                        RetentionSpec::WorkQueue
                    }
                    _ => RetentionSpec::Limits,
                };
                if bus.retention == RetentionSpec::WorkQueue && self.intends() {
                    // A work queue takes no consumer that begins with the next message.
                    bus.consumers.deliver = DeliverSpec::All;
                }
                taken(parameter("retention"), format!("{:?}", bus.retention))
            }
            "discard" => {
                let is_new = value == "1" || self.intends() && value.eq_ignore_ascii_case("new");
                bus.discard = if is_new { DiscardSpec::New } else { DiscardSpec::Old };
                taken(parameter("discard"), format!("{:?}", bus.discard))
            }
            "replicas" => not_modeled("what more servers cost is in the `latency` of sources"),
            _ => match self.meant(bus, key, value) {
                Some((field, value)) => taken(format!("{}.{field}", bus.name), value),
                None => {
                    let nearest = crate::diagnostic::nearest(key, &STREAM_KEYS);
                    Became::Unknown { nearest: nearest.map(str::to_owned) }
                }
            },
        }
    }

    /// What a limit means that the real system does not read, in the intended reading.
    fn meant(
        &self,
        bus: &mut EventBusSpec,
        key: &str,
        value: &str,
    ) -> Option<(&'static str, String)> {
        if self.intends() { meant(bus, key, value) } else { None }
    }

    /// A limit by number; zero and less is none. What is no number becomes zero in the controller.
    fn count(&self, node: &Node) -> Option<u64> {
        let read = integer(node).and_then(|number| u64::try_from(number).ok());
        let meant = || nats_bytes(node.scalar()?).filter(|_| self.intends());
        let limit = if integer(node).is_some() { read } else { meant() };
        limit.filter(|&limit| limit > 0)
    }

    /// A limit by time; zero is none. What Go does not read as a duration becomes zero.
    fn duration(&self, node: &Node) -> Option<DurationText> {
        let text = node.scalar()?.trim();
        let meant = || meant_nanoseconds(text).filter(|_| self.intends());
        duration_text(text, nanoseconds(node).or_else(meant)?)
    }

    /// A STAN bus: one channel with its own limits, and an ack wait of a second.
    fn stan(&mut self, manifest: Manifest<'_>, nats: &Node, bus: &mut EventBusSpec) {
        bus.max_msgs = Some(1_000_000);
        bus.max_bytes = Some("1GiB".into());
        bus.max_age = Some("72h".into());
        bus.consumers.ack_wait = "1s".into();
        self.warn(
            manifest,
            nats,
            "not-modeled",
            "a STAN bus is modeled as a JetStream stream with STAN's limits and its ack wait of 1s",
        );
        nats.get("exotic");
        let Some(native) = nats.get("native") else { return };
        let name = bus.name.clone();
        if let Some(limit) = native.get("maxMsgs") {
            bus.max_msgs = self.count(limit);
            self.take(limit, format!("{name}.max_msgs"), unlimited(bus.max_msgs.as_ref()));
        }
        if let Some(age) = native.get("maxAge") {
            bus.max_age = self.duration(age);
            self.take(age, format!("{name}.max_age"), unlimited(bus.max_age.as_ref()));
        }
        if let Some(limit) = native.get("maxBytes") {
            let text = limit.scalar().unwrap_or_default();
            match of_nats(text) {
                Some(size) => {
                    let is_limit = size.parse().is_ok_and(|it| it.as_u64() > 0);
                    bus.max_bytes = Some(size).filter(|_| is_limit);
                    let shown = unlimited(bus.max_bytes.as_ref());
                    self.take(limit, format!("{name}.max_bytes"), shown);
                }
                None => drop(self.warn(
                    manifest,
                    limit,
                    "bad-value",
                    format!("`{text}` is not a size: taken for 1GiB"),
                )),
            }
        }
        if let Some(payload) = native.get("maxPayload") {
            self.max_msg_size(manifest, payload, bus);
        }
    }

    /// A Kafka bus: nothing but time removes messages.
    fn kafka_bus(&mut self, manifest: Manifest<'_>, kafka: &Node, bus: &mut EventBusSpec) {
        (bus.max_msgs, bus.max_bytes) = (None, None);
        self.warn(
            manifest,
            kafka,
            "not-modeled",
            "a Kafka bus is modeled as a JetStream stream that keeps everything for 168h",
        );
    }

    /// Mends what nats-server would refuse, so that there is a stream at all.
    fn acceptable(&mut self, manifest: Manifest<'_>, spec: &Node, bus: &mut EventBusSpec) {
        let Some(age) = bus.max_age.clone() else { return };
        let (Ok(age_max), Ok(window)) = (age.parse(), bus.duplicates.parse()) else { return };
        let least = sim_core::time::SimDuration::from_millis(100);
        if age_max < least {
            self.warn(
                manifest,
                spec,
                "refused-stream",
                format!(
                    "nats-server refuses a stream with a `maxAge` of {age}: modeled with 100ms"
                ),
            );
            bus.max_age = Some("100ms".into());
        }
        if window > age_max {
            self.warn(
                manifest,
                spec,
                "refused-stream",
                format!("nats-server refuses a stream with a `maxAge` of {age} below its `duplicates` of {}: modeled with {age} for both", bus.duplicates),
            );
            bus.duplicates = bus.max_age.clone().unwrap_or(age);
        }
    }
}

/// Which server behaves like that version.
fn server(version: &str) -> ServerSpec {
    let mut parts = version.trim_start_matches('v').split('.');
    let major: Option<u32> = parts.next().and_then(|it| it.parse().ok());
    let minor: Option<u32> = parts.next().and_then(|it| it.parse().ok());
    match (major, minor) {
        (Some(2), Some(0..=9)) => ServerSpec::V2_9,
        (Some(2), Some(15..)) => ServerSpec::V2_15,
        _ => ServerSpec::V2_10,
    }
}

/// A size as nats-server reads it: `1MB` is 2^20 bytes, `1M` a million.
fn of_nats(text: &str) -> Option<BytesText> {
    nats_bytes(text).map(binary)
}

/// In the largest binary unit without a fraction.
fn binary(bytes: u64) -> BytesText {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit));
    let (unit, name) = unit.unwrap_or((1, "B"));
    BytesText::from(format!("{}{name}", bytes / unit).as_str())
}

/// Sets what a snake_case limit means: the field and its value.
fn meant(bus: &mut EventBusSpec, key: &str, value: &str) -> Option<(&'static str, String)> {
    let bytes = || of_nats(value);
    let field = match key {
        "max_msgs" => {
            bus.max_msgs = Some(value.parse().ok().filter(|&limit: &u64| limit > 0)?);
            "max_msgs"
        }
        "max_bytes" => {
            bus.max_bytes = Some(bytes()?);
            "max_bytes"
        }
        "max_msg_size" => {
            bus.max_msg_size = Some(bytes()?);
            "max_msg_size"
        }
        "max_consumers" => {
            bus.max_consumers = Some(value.parse().ok().filter(|&limit: &u32| limit > 0)?);
            "max_consumers"
        }
        "max_age" => {
            let nanos = go_duration(value).or_else(|| meant_nanoseconds(value))?;
            bus.max_age = Some(duration_text(value, nanos)?);
            "max_age"
        }
        _ => return None,
    };
    Some((field, value.to_owned()))
}
