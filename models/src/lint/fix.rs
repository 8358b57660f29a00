//! A fix as edits of whole lines, and the patch that they make.

use std::fmt::Write as _;

use serde::Serialize;

use crate::manifest::files::{Manifest, ManifestFile, Manifests};
use crate::manifest::yaml::{Node, Place, Style};

/// Lines shown before and after an edit.
const CONTEXT: u32 = 3;

/// What to change so that a finding is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does, in a few words: `write it as \`streamConfig\``.
    pub title: String,
    /// The edits, in no order; they do not overlap.
    pub edits: Vec<Edit>,
}

/// Lines that take the place of others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edit {
    /// The file, as given.
    pub file: String,
    /// The first line that goes, from 1. With nothing to go, the line before which the new ones come.
    pub line: u32,
    /// How many lines go.
    pub removed: u32,
    /// The lines that come, without their ends.
    pub lines: Vec<String>,
}

impl Edit {
    /// Another value in the place of a scalar that is written on one line.
    pub(crate) fn value(file: &ManifestFile, node: &Node, value: &str) -> Option<Self> {
        (node.place().line == node.last_line()).then(|| within(file, node.place(), value))
    }

    /// Another word in the place of one within a scalar, which begins there, in characters.
    pub(crate) fn word(
        file: &ManifestFile,
        node: &Node,
        begin: usize,
        word: &str,
        text: &str,
    ) -> Option<Self> {
        Some(within(file, word_place(file, node, begin, word)?, text))
    }

    /// Another value for a field, whose value is written on the lines below its name.
    pub(crate) fn whole(file: &ManifestFile, node: &Node, value: &str) -> Option<Self> {
        let (first, last) = own_lines(file, node)?;
        let name: String = {
            let key = node.key();
            file.line(first).chars().take((key.column + key.length) as usize - 1).collect()
        };
        let lines = vec![format!("{name}: {value}")];
        Some(Self { file: file.name().to_owned(), line: first, removed: last + 1 - first, lines })
    }

    /// Another name for a field.
    pub(crate) fn key(file: &ManifestFile, node: &Node, name: &str) -> Self {
        within(file, node.key(), name)
    }

    /// Another name and another value for a field that is written on one line.
    pub(crate) fn field(file: &ManifestFile, node: &Node, name: &str, value: &str) -> Option<Self> {
        let (key, place) = (node.key(), node.place());
        let is_line = key.line == place.line && place.line == node.last_line();
        let end = place.column.checked_add(place.length)?;
        let length = end.checked_sub(key.column).filter(|_| is_line)?;
        Some(within(file, Place { length, ..key }, &format!("{name}: {value}")))
    }

    /// A field before all others of a map; none if they do not have lines of their own.
    pub(crate) fn first_field(file: &ManifestFile, map: &Node, line: &str) -> Option<Self> {
        let (_, first) = map.fields().first()?;
        let (number, column) = (first.key().line, first.key().column);
        let indent = " ".repeat(column as usize - 1);
        let is_block = number > map.key().line && self::column(file, number) == column;
        is_block.then(|| Self::insert(file, number, vec![format!("{indent}{line}")]))
    }

    /// Takes a line away.
    pub(crate) fn delete_line(file: &ManifestFile, line: u32) -> Self {
        Self { file: file.name().to_owned(), line, removed: 1, lines: Vec::new() }
    }

    /// A field under another name, with its value as the only item of a list.
    pub(crate) fn listed(file: &ManifestFile, node: &Node, name: &str) -> Option<Self> {
        let (key, place) = (node.key(), node.place());
        if place.line == key.line {
            return listed_in_line(file, node, name);
        }
        let (first, last) = own_lines(file, node).filter(|_| node.scalar().is_none())?;
        let indent = column(file, place.line) as usize - 1;
        let line = |number: u32| {
            let line = file.line(number);
            match number {
                _ if number < place.line => line.to_owned(),
                _ if number == place.line => format!("{}- {}", &line[..indent], &line[indent..]),
                _ if line.is_empty() => String::new(),
                _ => format!("  {line}"),
            }
        };
        let mut lines: Vec<String> = (first..=last).map(line).collect();
        lines[0] = within(file, key, name).lines.concat();
        let removed = last + 1 - first;
        Some(Self { file: file.name().to_owned(), line: first, removed, lines })
    }

    /// New lines before a line.
    pub(crate) fn insert(file: &ManifestFile, line: u32, lines: Vec<String>) -> Self {
        Self { file: file.name().to_owned(), line, removed: 0, lines }
    }

    /// Takes a field away, with all that is below it; not if it shares its lines with something else.
    pub(crate) fn delete(file: &ManifestFile, node: &Node) -> Option<Self> {
        let (first, last) = own_lines(file, node)?;
        let name = file.name().to_owned();
        Some(Self { file: name, line: first, removed: last + 1 - first, lines: Vec::new() })
    }

    fn end(&self) -> u32 {
        self.line + self.removed
    }
}

/// Where a word stands that begins there within a scalar, if it is written on one line as it is.
pub(crate) fn word_place(
    file: &ManifestFile,
    node: &Node,
    begin: usize,
    word: &str,
) -> Option<Place> {
    let quote = match node.style() {
        Style::Plain => 0,
        Style::Quoted => 1,
        Style::Block | Style::Alias => return None,
    };
    let place = node.place();
    let begin = u32::try_from(begin + quote).ok()?;
    let length = u32::try_from(word.chars().count()).ok().filter(|&it| it > 0)?;
    let column = place.column.checked_add(begin)?;
    let line = file.line(place.line).chars().skip(column as usize - 1);
    let stands = line.take(length as usize).eq(word.chars());
    stands.then_some(Place { line: place.line, column, length })
}

/// The lines of a field that has them for itself.
pub(crate) fn own_lines(file: &ManifestFile, node: &Node) -> Option<(u32, u32)> {
    let first = node.key().line;
    let is_alone = column(file, first) == node.key().column;
    // In braces another field may follow on the same line.
    let last = file.line(node.last_line());
    let begins = if node.last_line() == first { node.key().column } else { 1 };
    let rest: String = last.chars().skip(begins as usize - 1).collect();
    let closed = ['}', ']'].map(|c| rest.matches(c).count());
    let opened = ['{', '['].map(|c| rest.matches(c).count());
    (is_alone && (node.last_line() > first || closed == opened))
        .then_some((first, node.last_line()))
}

/// Whether a field is written on lines of which the last is its own, so that another may follow.
pub(crate) fn is_block(file: &ManifestFile, node: &Node) -> bool {
    let last = file.line(node.last_line());
    let count = |c: char| last.matches(c).count();
    node.key().line < node.last_line() && count('{') == count('}') && count('[') == count(']')
}

/// The lines of a field, moved so that its name begins at a column.
pub(crate) fn lines_at(file: &ManifestFile, node: &Node, to: u32) -> Option<Vec<String>> {
    let (first, last) = own_lines(file, node)?;
    let from = node.key().column as usize - 1;
    let moved = |line: &str| {
        let rest = line.get(from.min(line.len() - line.trim_start().len())..).unwrap_or(line);
        format!("{}{rest}", " ".repeat(to as usize - 1)).trim_end().to_owned()
    };
    Some((first..=last).map(|number| moved(file.line(number))).collect())
}

/// The column of the first character on the line.
fn column(file: &ManifestFile, line: u32) -> u32 {
    let line = file.line(line);
    u32::try_from(line.chars().take_while(|c| *c == ' ').count()).unwrap_or(u32::MAX - 1) + 1
}

/// The field and its value are on one line.
fn listed_in_line(file: &ManifestFile, node: &Node, name: &str) -> Option<Edit> {
    let (key, place) = (node.key(), node.place());
    if node.last_line() != key.line {
        return None;
    }
    let text: String = file.line(place.line).chars().skip(place.column as usize - 1).collect();
    let length =
        if text.starts_with(['{', '[']) { flow_length(&text)? } else { place.length as usize };
    let place = Place { length: u32::try_from(length).ok()?, ..place };
    let value: String = text.chars().take(length).collect();
    // In brackets a comma ends a scalar without quotes.
    let is_plain = node.scalar().is_some() && node.style() == Style::Plain;
    let item = if is_plain { format!("\"{value}\"") } else { value };
    let mut edit = within(file, place, &format!("[{item}]"));
    let line: Vec<char> = edit.lines.concat().chars().collect();
    let (begin, end) = (key.column as usize - 1, (key.column + key.length) as usize - 1);
    let before = line.get(..begin)?.iter();
    edit.lines =
        vec![before.copied().chain(name.chars()).chain(line.get(end..)?.iter().copied()).collect()];
    Some(edit)
}

/// How long the map or list in brackets is with which the text begins, in characters.
fn flow_length(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (index, c) in text.chars().enumerate() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, _) => {}
        }
        if depth == 0 {
            return Some(index + 1);
        }
    }
    None
}

fn within(file: &ManifestFile, place: Place, text: &str) -> Edit {
    let characters: Vec<char> = file.line(place.line).chars().collect();
    let begin = (place.column as usize - 1).min(characters.len());
    let end = (begin + place.length as usize).min(characters.len());
    let line: String = characters[..begin]
        .iter()
        .copied()
        .chain(text.chars())
        .chain(characters[end..].iter().copied())
        .collect();
    Edit { file: file.name().to_owned(), line: place.line, removed: 1, lines: vec![line] }
}

impl Fix {
    /// A fix of these edits; none if one of them could not be made.
    pub(crate) fn new<const N: usize>(title: &str, edits: [Option<Edit>; N]) -> Option<Self> {
        let edits = edits.into_iter().collect::<Option<Vec<Edit>>>()?;
        Some(Self { title: title.to_owned(), edits })
    }

    /// The fix as a patch that `git apply` and `patch -p0` take.
    #[must_use]
    pub fn patch(&self, manifests: &Manifests) -> String {
        patch(&self.edits, manifests)
    }
}

/// Moves a field to stand beside each of the others, as the next one after it.
pub(crate) fn moved_beside_each(
    file: &ManifestFile,
    node: &Node,
    siblings: &[&Node],
) -> Option<Vec<Edit>> {
    let insert = |sibling: &&Node| {
        let lines = lines_at(file, node, sibling.key().column).filter(|_| is_block(file, sibling));
        Some(Edit::insert(file, sibling.last_line() + 1, lines?))
    };
    let mut edits = siblings.iter().map(insert).collect::<Option<Vec<Edit>>>()?;
    edits.push(Edit::delete(file, node)?);
    Some(edits)
}

/// Moves a field to stand beside another, as the next one after it.
pub(crate) fn moved_beside(
    manifests: &Manifests,
    manifest: Manifest<'_>,
    node: &Node,
    sibling: &Node,
) -> [Option<Edit>; 2] {
    let Some(file) = manifests.file(manifest.file) else { return [None, None] };
    let lines = lines_at(file, node, sibling.key().column).filter(|_| is_block(file, sibling));
    let insert = lines.map(|lines| Edit::insert(file, sibling.last_line() + 1, lines));
    [Edit::delete(file, node), insert]
}

/// The edits as one unified diff. Edits that overlap an earlier one are left out.
#[must_use]
pub fn patch(edits: &[Edit], manifests: &Manifests) -> String {
    let mut text = String::new();
    for file in manifests.files() {
        let edits = in_order(edits, file.name());
        if edits.is_empty() {
            continue;
        }
        let name = file.name();
        let _ = writeln!(text, "--- {name}\n+++ {name}");
        let mut shift = 0_i64;
        let mut rest = edits.as_slice();
        while let Some(first) = rest.first() {
            let mut count = 1;
            while rest
                .get(count)
                .is_some_and(|next| next.line <= rest[count - 1].end() + 2 * CONTEXT)
            {
                count += 1;
            }
            let (hunk, later) = rest.split_at(count);
            shift +=
                write_hunk(&mut text, file, hunk, first.line.saturating_sub(CONTEXT).max(1), shift);
            rest = later;
        }
    }
    text
}

/// A file's text with the edits made. Edits that overlap an earlier one are left out.
#[must_use]
pub fn apply(edits: &[Edit], file: &ManifestFile) -> String {
    let mut text = String::new();
    let mut next = 1;
    let mut push = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    for edit in in_order(edits, file.name()) {
        (next..edit.line).for_each(|number| push(file.line(number)));
        edit.lines.iter().for_each(|line| push(line));
        next = edit.end();
    }
    (next..=file.line_count()).for_each(|number| push(file.line(number)));
    text
}

/// The edits of that file in the order of its lines.
fn in_order<'e>(edits: &'e [Edit], file: &str) -> Vec<&'e Edit> {
    let mut mine: Vec<&Edit> = edits.iter().filter(|edit| edit.file == file).collect();
    mine.sort();
    mine.dedup();
    let mut kept: Vec<&Edit> = Vec::new();
    for edit in mine {
        if kept.last().is_none_or(|last| last.end() <= edit.line) {
            kept.push(edit);
        }
    }
    kept
}

/// Writes one hunk and says by how many lines it makes the file longer.
fn write_hunk(
    text: &mut String,
    file: &ManifestFile,
    edits: &[&Edit],
    begin: u32,
    shift: i64,
) -> i64 {
    let end = edits.last().map_or(begin, |last| (last.end() + CONTEXT - 1).min(file.line_count()));
    let removed: u32 = edits.iter().map(|edit| edit.removed).sum();
    let added: usize = edits.iter().map(|edit| edit.lines.len()).sum();
    let old = end + 1 - begin;
    let new = i64::from(old) - i64::from(removed) + added as i64;
    let _ = writeln!(text, "@@ -{begin},{old} +{},{new} @@", i64::from(begin) + shift);
    let mut line = begin;
    for edit in edits {
        for number in line..edit.line {
            let _ = writeln!(text, " {}", file.line(number));
        }
        for number in edit.line..edit.end() {
            let _ = writeln!(text, "-{}", file.line(number));
        }
        for added in &edit.lines {
            let _ = writeln!(text, "+{added}");
        }
        line = edit.end();
    }
    for number in line..=end {
        let _ = writeln!(text, " {}", file.line(number));
    }
    added as i64 - i64::from(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\nb:\n  c: 2\n  d:\n    e: 3\nf: {g: 4, h: 5}\n";

    fn edited(edits: impl Fn(&ManifestFile, &Node) -> Vec<Option<Edit>>) -> (String, String) {
        let manifests = Manifests::read(&[("f.yaml", TEXT)]);
        let (_, root) = manifests.documents().next().unwrap();
        let edits: Vec<Edit> =
            edits(&manifests.files()[0], root).into_iter().map(Option::unwrap).collect();
        (apply(&edits, &manifests.files()[0]), patch(&edits, &manifests))
    }

    #[test]
    fn values_and_names_are_replaced_in_their_lines() {
        let (text, patch) = edited(|file, root| {
            vec![
                Edit::value(file, root.get("a").unwrap(), "\"10\""),
                Some(Edit::key(file, root.at(&["f", "h"]).unwrap(), "maxAge")),
            ]
        });
        assert_eq!(text, "a: \"10\"\nb:\n  c: 2\n  d:\n    e: 3\nf: {g: 4, maxAge: 5}\n");
        insta::assert_snapshot!(patch, @r#"
        --- f.yaml
        +++ f.yaml
        @@ -1,6 +1,6 @@
        -a: 1
        +a: "10"
         b:
           c: 2
           d:
             e: 3
        -f: {g: 4, h: 5}
        +f: {g: 4, maxAge: 5}
        "#);
    }

    #[test]
    fn a_field_is_moved_with_everything_below() {
        let manifests = Manifests::read(&[("f.yaml", TEXT)]);
        let manifest = manifests.objects()[0];
        let inner = manifest.root.at(&["b", "d"]).unwrap();
        let edits = moved_beside(&manifests, manifest, inner, manifest.root.get("b").unwrap());
        let edits = edits.map(Option::unwrap);
        let text = apply(&edits, &manifests.files()[0]);
        assert_eq!(text, "a: 1\nb:\n  c: 2\nd:\n  e: 3\nf: {g: 4, h: 5}\n");
    }

    #[test]
    fn a_word_within_a_scalar_is_replaced() {
        let text = "a: \"x || y-z\"\nb: ä && y\nc: >-\n  x\nd: \"\\u0078 y\"\n";
        let manifests = Manifests::read(&[("f.yaml", text)]);
        let (_, root) = manifests.documents().next().unwrap();
        let file = &manifests.files()[0];
        let word = |field: &str, begin, word| {
            Edit::word(file, root.get(field).unwrap(), begin, word, "new")
                .map(|edit| edit.lines.concat())
        };
        assert_eq!(word("a", 5, "y-z").as_deref(), Some("a: \"x || new\""));
        assert_eq!(word("b", 5, "y").as_deref(), Some("b: ä && new"));
        assert_eq!(word("c", 0, "x"), None);
        assert_eq!(word("d", 2, "y"), None);
    }

    #[test]
    fn a_field_is_moved_beside_each_of_the_others() {
        let text = "s:\n  l: {n: 1}\n  t:\n  - x:\n      y: 1\n  - z: 2\n    x:\n      y: 3\n";
        let manifests = Manifests::read(&[("f.yaml", text)]);
        let (_, root) = manifests.documents().next().unwrap();
        let file = &manifests.files()[0];
        let items = root.at(&["s", "t"]).unwrap().items();
        let [first, second] = [0, 1].map(|it: usize| items[it].get("x").unwrap());
        let limit = root.at(&["s", "l"]).unwrap();
        let edits = moved_beside_each(file, limit, &[first, second]).unwrap();
        let moved = "s:\n  t:\n  - x:\n      y: 1\n    l: {n: 1}\n  - z: 2\n    x:\n      y: 3\n    l: {n: 1}\n";
        assert_eq!(apply(&edits, file), moved);
    }

    #[test]
    fn fields_are_rewritten_added_and_taken_away() {
        let (text, _) = edited(|file, root| {
            vec![
                Edit::field(file, root.get("a").unwrap(), "z", "9"),
                Edit::first_field(file, root.get("b").unwrap(), "x: 0"),
                Some(Edit::delete_line(file, 5)),
            ]
        });
        assert_eq!(text, "z: 9\nb:\n  x: 0\n  c: 2\n  d:\nf: {g: 4, h: 5}\n");
        let manifests = Manifests::read(&[("f.yaml", TEXT)]);
        let (_, root) = manifests.documents().next().unwrap();
        let file = &manifests.files()[0];
        assert_eq!(Edit::field(file, root.get("b").unwrap(), "z", "9"), None);
        assert_eq!(Edit::first_field(file, root.get("f").unwrap(), "x: 0"), None);
    }

    #[test]
    fn a_field_becomes_a_list_of_one() {
        let text = "a: b # c\nd: {e: \"}\"}  # f\ng:\n  # h\n  i: 1\n\n  j:\n    k: 2\nl: {m: \"x\", n: 0,30 *}\no: |\n  p\n";
        let manifests = Manifests::read(&[("f.yaml", text)]);
        let (_, root) = manifests.documents().next().unwrap();
        let file = &manifests.files()[0];
        let listed = |path: &[&str]| {
            let edit = Edit::listed(file, root.at(path).unwrap(), "new")?;
            Some(edit.lines.join("\n"))
        };
        assert_eq!(listed(&["a"]).as_deref(), Some("new: [\"b\"] # c"));
        assert_eq!(listed(&["d"]).as_deref(), Some("new: [{e: \"}\"}]  # f"));
        let block = "new:\n  # h\n  - i: 1\n\n    j:\n      k: 2";
        assert_eq!(listed(&["g"]).as_deref(), Some(block));
        assert_eq!(listed(&["l", "m"]).as_deref(), Some("l: {new: [\"x\"], n: 0,30 *}"));
        assert_eq!(listed(&["o"]), None);
        let whole = Edit::whole(file, root.get("o").unwrap(), "\"p\"").unwrap();
        assert_eq!((whole.lines.concat().as_str(), whole.removed), ("o: \"p\"", 2));
    }

    #[test]
    fn a_field_that_shares_its_line_is_left_alone() {
        let manifests = Manifests::read(&[("f.yaml", TEXT)]);
        let (_, root) = manifests.documents().next().unwrap();
        assert_eq!(Edit::delete(&manifests.files()[0], root.at(&["f", "h"]).unwrap()), None);
    }
}
