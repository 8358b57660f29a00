//! Presets explain themselves.

use super::tree::has_ending;
use super::{Offence, check};

/// The two things a preset's header says, as the beginnings of its paragraphs.
const SAYS: [&str; 2] = ["Shows:", "Look at:"];

#[test]
fn every_preset_says_what_it_shows() {
    check("a preset begins with a comment that says `Shows: ...` and `Look at: ...`", |file| {
        if !file.path.starts_with("models/presets/") || !has_ending(&file.path, "ron") {
            return Vec::new();
        }
        let header: Vec<&str> =
            file.text.lines().map_while(|line| line.strip_prefix("//")).map(str::trim).collect();
        let is_said = |what: &&&str| header.iter().any(|line| line.starts_with(**what));
        let missing = SAYS.iter().filter(|what| !is_said(what));
        missing.map(|what| Offence::of_file(format!("its header lacks `{what}`"))).collect()
    });
}
