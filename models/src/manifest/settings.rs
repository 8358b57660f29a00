//! The lines of a bus's `settings`, which become nats-server's `jetstream { }` block.

use super::yaml::{Node, Place, Style};

/// A key of the block with its value.
#[derive(Debug)]
pub(crate) struct Setting<'s> {
    pub(crate) key: &'s str,
    pub(crate) value: &'s str,
    /// Where the key stands; where all of the settings do if they have no lines of their own.
    pub(crate) place: Place,
}

/// Keys that nats-server knows in the block.
const KNOWN: [&str; 27] = [
    "store",
    "store_dir",
    "storedir",
    "sync",
    "sync_interval",
    "max_memory_store",
    "max_mem_store",
    "max_mem",
    "max_file_store",
    "max_file",
    "domain",
    "enable",
    "enabled",
    "key",
    "ek",
    "encryption_key",
    "prev_key",
    "prev_ek",
    "prev_encryption_key",
    "cipher",
    "extension_hint",
    "limits",
    "unique_tag",
    "max_outstanding_catchup",
    "max_buffered_size",
    "max_buffered_msgs",
    "request_queue_limit",
];
/// More of them, of later versions.
const KNOWN_LATER: [&str; 4] = ["info_queue_limit", "meta_compact", "strict", "tpm"];

impl Setting<'_> {
    /// Whether nats-server knows the key; on another it does not start.
    pub(crate) fn is_known(&self) -> bool {
        let key = self.key.to_lowercase();
        KNOWN.iter().chain(&KNOWN_LATER).any(|known| *known == key)
    }
}

/// The settings of the block itself, without those in blocks within it.
pub(crate) fn settings(node: &Node) -> Vec<Setting<'_>> {
    let text = node.scalar().unwrap_or_default();
    // Folded lines are no longer those of the file.
    let lines = u32::try_from(text.trim_end().lines().count()).unwrap_or(u32::MAX);
    let outer = node.place();
    let has_lines = node.style() == Style::Block && node.last_line() + 1 == outer.line + lines;
    let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX - 1);
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in (outer.line..).zip(text.lines()) {
        let said = line.split('#').next().unwrap_or_default();
        let said = said.split("//").next().unwrap_or_default().trim();
        let before = depth;
        depth = (depth + said.matches('{').count()).saturating_sub(said.matches('}').count());
        let key = said.split([':', '=', ' ', '{', '}']).next().unwrap_or_default();
        if before > 0 || key.is_empty() {
            continue;
        }
        let rest = &said[key.len()..];
        let value = rest.trim_start_matches([':', '=', ' ']).trim();
        let indent = small(line.chars().take_while(|c| *c == ' ').count());
        let place = match has_lines {
            true => Place {
                line: number,
                column: outer.column + indent,
                length: small(key.chars().count()),
            },
            false => outer,
        };
        found.push(Setting { key, value, place });
    }
    found
}
