//! Rules about what is written for people.

use std::path::{Component, Path, PathBuf};

use super::tree::{File, file, has_ending, root};
use super::{Offence, check};

#[test]
fn the_changelog_begins_with_what_is_coming() {
    let text = &file("CHANGELOG.md").text;
    let first = text.lines().find(|line| line.starts_with("## "));
    assert_eq!(first, Some("## Unreleased"));
}

#[test]
fn the_papers_are_there() {
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE"] {
        assert!(file(path).text.lines().count() > 5, "`{path}` is empty");
    }
}

#[test]
fn links_between_files_resolve() {
    check("links that lead nowhere", |file| {
        if !file.is_markdown() {
            return Vec::new();
        }
        let links =
            prose(&file.text).flat_map(|(index, line)| targets(line).map(move |it| (index, it)));
        links
            .filter(|(_, target)| !resolves(file, target))
            .map(|(index, target)| Offence::of_line(index, format!("`{target}`")))
            .collect()
    });
}

/// Lines outside of fenced blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// The targets of Markdown links in a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

fn resolves(from: &File, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&from.path).parent().unwrap_or(Path::new(""));
    let path = if path.is_empty() { PathBuf::from(&from.path) } else { flat(&folder.join(path)) };
    let there = root().join(&path);
    if !there.exists() {
        return false;
    }
    heading.is_empty()
        || std::fs::read_to_string(there)
            .is_ok_and(|text| prose(&text).any(|(_, line)| anchor(line) == Some(heading.into())))
}

fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(flat.pop()),
            Component::Normal(name) => flat.push(name),
            _ => {}
        }
    }
    flat
}

/// The name by which a heading can be linked, as code forges make it.
fn anchor(line: &str) -> Option<String> {
    let heading = line.strip_prefix('#')?.trim_start_matches('#').trim();
    let kept = heading.to_lowercase().replace(' ', "-");
    Some(kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect())
}

/// Folders whose paths in `code` are meant as paths.
const FOLDERS: &[&str] =
    &["sim-core/", "models/", "experiments/", "sim-cli/", "sim-web/", "tests/", "xtask/", "docs/"];

#[test]
fn paths_in_papers_exist() {
    check("paths that are not there", |file| {
        if !file.is_markdown() || file.path == "CHANGELOG.md" {
            return Vec::new();
        }
        let mut offences = Vec::new();
        for (index, line) in prose(&file.text) {
            let missing = paths_in_code(line).filter(|path| !root().join(path).exists());
            offences.extend(missing.map(|path| Offence::of_line(index, format!("`{path}`"))));
        }
        offences
    });
}

fn paths_in_code(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split('`').skip(1).step_by(2).flat_map(|code| code.split(' '));
    code.filter(|word| {
        let is_pattern = word.contains(['*', '<', '{', '…']);
        !is_pattern && FOLDERS.iter().any(|folder| word.starts_with(folder))
    })
}

#[test]
fn commands_in_papers_name_presets_that_exist() {
    check("presets that are not there", |file| {
        if !file.is_markdown() {
            return Vec::new();
        }
        let mut offences = Vec::new();
        for (index, line) in file.text.lines().enumerate() {
            let words = line.split(|c: char| c.is_whitespace() || "`'\"()".contains(c));
            let presets =
                words.filter(|it| it.starts_with("models/presets/") && has_ending(it, "ron"));
            let missing = presets.filter(|path| !path.contains('*') && !root().join(path).exists());
            offences.extend(missing.map(|path| Offence::of_line(index, format!("`{path}`"))));
        }
        offences
    });
}

#[test]
fn markdown_is_understood() {
    assert_eq!(targets("see [a](b.md) and [c](d.md#e)").collect::<Vec<_>>(), ["b.md", "d.md#e"]);
    assert_eq!(anchor("## What it costs, `n` times"), Some("what-it-costs-n-times".into()));
    assert_eq!(
        paths_in_code("the `docs/x.md`, `cat models/a`, `b/c`").collect::<Vec<_>>(),
        ["docs/x.md", "models/a"]
    );
    let text = "a\n```\nb\n```\nc";
    assert_eq!(prose(text).map(|(_, line)| line).collect::<String>(), "ac");
}
