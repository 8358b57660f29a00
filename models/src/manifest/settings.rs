//! The lines of a bus's `settings`, which become nats-server's `jetstream { }` block.

use crate::manifest::files::ManifestFile;
use crate::manifest::yaml::{Node, Place, Style};

/// A key of the block with its value.
#[derive(Debug)]
pub(super) struct Setting<'s> {
    pub(super) key: &'s str,
    pub(super) value: &'s str,
    /// Where the key stands; where all of the settings do if they have no lines of their own.
    pub(super) place: Place,
}

/// The settings of the block itself, without those in blocks within it.
pub(super) fn settings<'s>(file: &ManifestFile, node: &'s Node) -> Vec<Setting<'s>> {
    let text = node.scalar().unwrap_or_default();
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (number, line) in (node.place().line..).zip(text.lines()) {
        let said = line.split('#').next().unwrap_or_default();
        let said = said.split("//").next().unwrap_or_default().trim();
        let outer = depth;
        depth = (depth + said.matches('{').count()).saturating_sub(said.matches('}').count());
        let key = said.split([':', '=', ' ', '{', '}']).next().unwrap_or_default();
        if outer > 0 || key.is_empty() {
            continue;
        }
        let rest = &said[key.len()..];
        let value = rest.trim_start_matches([':', '=', ' ']).trim();
        let place = if stands(file, node, number, line) {
            let indent = file.line(number).chars().take_while(|c| *c == ' ').count();
            let small = |count: usize| u32::try_from(count).unwrap_or(u32::MAX - 1);
            let length = small(key.chars().count());
            Place { line: number, column: small(indent) + 1, length }
        } else {
            node.place()
        };
        found.push(Setting { key, value, place });
    }
    found
}

/// Whether that line of a text is that line of the file.
fn stands(file: &ManifestFile, node: &Node, number: u32, line: &str) -> bool {
    node.style() == Style::Block && file.line(number).trim() == line.trim()
}
