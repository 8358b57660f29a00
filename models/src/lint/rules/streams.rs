//! The stream of a JetStream bus, as argo-events and nats-server understand what is written about it.

use crate::lint::Cx;
use crate::lint::fix::Edit;
use crate::manifest::Versions;
use crate::manifest::files::{Manifest, ManifestFile};
use crate::manifest::quantities::{self, HOUR};
use crate::manifest::yaml::{self, Node, Style};

pub(super) use crate::manifest::event_bus::{
    HAS_EXOTIC as EXOTIC_SINCE, READS_RETENTION as POLICIES_SINCE, STREAM_KEYS as KEYS,
};

/// The window for duplicates of a stream that names none, on the server.
const SERVER_DUPLICATES: i64 = HOUR / 30;

/// Who runs the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The controller: its own `streamConfig` is the default.
    Controller,
    /// Somebody else (`jetstreamExotic`): what is not written is 0.
    Exotic,
}

/// The stream of a bus.
#[derive(Debug)]
pub(super) struct Stream<'m> {
    pub(super) bus: Manifest<'m>,
    pub(super) host: Host,
    /// `jetstream` or `jetstreamExotic`.
    pub(super) spec: &'m Node,
    /// `streamConfig`.
    pub(super) config: Option<&'m Node>,
    file: &'m ManifestFile,
    versions: Versions,
    parsed: Option<Node>,
}

/// The streams of all JetStream buses, but of those whose `streamConfig` is not YAML in a text.
pub(super) fn streams<'m>(cx: &Cx<'m, '_>) -> Vec<Stream<'m>> {
    let has_exotic = cx.versions.argo_events >= EXOTIC_SINCE;
    let mut all = Vec::new();
    for bus in cx.of("EventBus") {
        let hosted = |field, host| bus.root.at(&["spec", field]).map(|spec| (spec, host));
        let exotic = hosted("jetstreamExotic", Host::Exotic).filter(|_| has_exotic);
        let Some((spec, host)) = hosted("jetstream", Host::Controller).or(exotic) else { continue };
        let (file, versions) = (cx.file(bus), cx.versions);
        let config = spec.get("streamConfig");
        let parsed = match config {
            None => None,
            Some(config) if config.scalar().is_none() => continue,
            Some(config) => match yaml::embedded(bus.file, config) {
                Ok(parsed) => Some(parsed),
                // Nothing in it but comments is nothing; anything else is somebody else's finding.
                Err(_) if is_bare(config) => None,
                Err(_) => continue,
            },
        };
        all.push(Stream { bus, host, spec, config, file, versions, parsed });
    }
    all
}

fn is_bare(config: &Node) -> bool {
    let text = config.scalar().unwrap_or_default();
    text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
}

impl<'m> Stream<'m> {
    /// All that is written in `streamConfig`.
    pub(super) fn written(&self) -> &[(String, Node)] {
        self.parsed.as_ref().map_or(&[], Node::fields)
    }

    /// What is written under that key, in any case.
    pub(super) fn field(&self, key: &str) -> Option<&Node> {
        let (_, node) = self.written().iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        (!node.is_null()).then_some(node)
    }

    /// The number of that key that the server gets.
    pub(super) fn number(&self, key: &str) -> i64 {
        let is_policy = ["retention", "discard"].contains(&key);
        if is_policy && self.versions.argo_events < POLICIES_SINCE {
            return 0;
        }
        let Some(node) = self.field(key) else { return self.default_number(key) };
        let number = quantities::integer(node).unwrap_or(0);
        // The server makes one copy of a stream that asks for none.
        if key == "replicas" { number.max(1) } else { number }
    }

    fn default_number(&self, key: &str) -> i64 {
        match (self.host, key) {
            (Host::Controller, "maxMsgs") => 50_000,
            (Host::Controller, "maxBytes") => -1,
            (Host::Controller, "replicas") => 3,
            (Host::Exotic, "replicas") => 1,
            _ => 0,
        }
    }

    /// How long a message stays, in nanoseconds; 0 is for ever.
    pub(super) fn age(&self) -> i64 {
        match (self.field("maxAge"), self.host) {
            (Some(node), _) => quantities::nanoseconds(node).unwrap_or(0),
            (None, Host::Controller) => 168 * HOUR,
            (None, Host::Exotic) => 0,
        }
    }

    /// The window for duplicates, in nanoseconds.
    pub(super) fn duplicates(&self) -> i64 {
        let asked = match (self.field("duplicates"), self.host) {
            (Some(node), _) => quantities::nanoseconds(node).unwrap_or(0),
            (None, Host::Controller) => HOUR / 12,
            (None, Host::Exotic) => 0,
        };
        match (asked, self.age()) {
            (0, age) if age > 0 => age.min(SERVER_DUPLICATES),
            (0, _) => SERVER_DUPLICATES,
            _ => asked,
        }
    }

    /// The limits of the stream, for people: `maxMsgs` 50000, `maxAge` 168h.
    pub(super) fn limits_text(&self) -> String {
        let numbers = ["maxMsgs", "maxBytes"].map(|key| (key, self.number(key)));
        let mut limits: Vec<String> = numbers
            .into_iter()
            .filter(|&(_, limit)| limit > 0)
            .map(|(key, limit)| format!("`{key}` {limit}"))
            .collect();
        if self.age() > 0 {
            limits.push(format!("`maxAge` {}", quantities::go_text(self.age())));
        }
        limits.join(", ")
    }

    /// Sets a key of `streamConfig`, in the place of what it has or as a new line.
    pub(super) fn set(&self, key: &str, value: &str) -> Option<Edit> {
        match (self.field(key), self.config) {
            (Some(node), Some(config)) if config.style() == Style::Block => {
                Edit::value(self.file, node, value)
            }
            (None, _) => self.add(&[format!("{key}: {value}")]),
            _ => None,
        }
    }

    /// New lines of `streamConfig`, which is made if there is none.
    pub(super) fn add(&self, lines: &[String]) -> Option<Edit> {
        match self.config {
            Some(config) if config.style() == Style::Block => {
                let column = self.written().first().map(|(_, node)| node.key().column)?;
                let indent = " ".repeat(column as usize - 1);
                let lines = lines.iter().map(|line| format!("{indent}{line}")).collect();
                Some(Edit::insert(self.file, config.last_line() + 1, lines))
            }
            Some(_) => None,
            None => {
                let (_, first) = self.spec.fields().first()?;
                let last = self.file.line(self.spec.last_line());
                let is_block = first.key().line > self.spec.key().line
                    && last.matches(['{', '[']).count() == last.matches(['}', ']']).count();
                let indent = " ".repeat(first.key().column as usize - 1);
                let begin = std::iter::once(format!("{indent}streamConfig: |"));
                let lines = begin.chain(lines.iter().map(|line| format!("{indent}  {line}")));
                is_block
                    .then(|| Edit::insert(self.file, self.spec.last_line() + 1, lines.collect()))
            }
        }
    }

    /// Whether the stream works with that value of a key: `ST007` and `ST008` tell of those that lock it up.
    pub(super) fn is_safe(&self, key: &str, value: &str) -> bool {
        match key {
            "retention" => value != "2",
            "discard" => value == "0" || self.number("retention") == 1,
            _ => true,
        }
    }

    /// Whether the fields of `streamConfig` stand where their places say: in a block of their own lines.
    pub(super) fn has_places(&self) -> bool {
        self.config.is_some_and(|config| config.style() == Style::Block)
    }

    /// The file it is in.
    pub(super) fn file(&self) -> &'m ManifestFile {
        self.file
    }
}

/// Whether argo-events can read the value of a key.
pub(super) fn is_readable(key: &str, node: &Node) -> bool {
    match key {
        "maxAge" | "duplicates" => quantities::nanoseconds(node).is_some(),
        _ => quantities::integer(node).is_some(),
    }
}

/// What somebody means who writes that under a key, as argo-events reads it; none if nobody can tell.
pub(super) fn meant(key: &str, text: &str) -> Option<String> {
    let text = text.trim_matches(['"', '\'']).trim();
    let words = |words: &[&str]| {
        let plain = text.to_lowercase().replace(['_', '-', ' '], "");
        words.iter().position(|word| *word == plain).map(|at| at.to_string())
    };
    match key {
        "maxMsgs" | "replicas" => quantities::meant_count(text).map(|count| count.to_string()),
        "maxBytes" => quantities::nats_bytes(text).map(|bytes| bytes.to_string()),
        "maxAge" | "duplicates" => quantities::meant_nanoseconds(text).map(quantities::go_text),
        "retention" => words(&["limits", "interest", "workqueue"]),
        "discard" => words(&["old", "new"]).or_else(|| words(&["discardold", "discardnew"])),
        _ => None,
    }
}
