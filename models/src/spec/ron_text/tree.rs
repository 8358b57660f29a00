//! Where every value of a RON text stands: the tree of its values with byte ranges, and the
//! [`SpanIndex`] that finds places in it by path.

use std::ops::Range;

use super::scan::shown_text;
use crate::diagnostic::Location;

/// A node's number within its [`Tree`]; the root is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(pub(super) u32);

/// What a value looks like; its type is for others to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `(...)` or `Name(...)`.
    Parens,
    /// `[...]`.
    List,
    /// `{...}`.
    Map,
    /// A string, raw or not.
    String,
    /// A number.
    Number,
    /// A character.
    Char,
    /// A bare name: a variant, `true`, `None`.
    Name,
    /// Something that is no RON value; the scanner has reported it.
    Invalid,
}

/// Byte offsets; texts are far smaller than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        let offset = |byte: usize| u32::try_from(byte).expect("the text's size is limited");
        Self { start: offset(start), end: offset(end) }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) shape: Shape,
    pub(super) span: Span,
    /// The field name or map key before the value; for the name of `Name(...)` see `name_end`.
    pub(super) key: Option<Span>,
    /// Where the name before the parenthesis ends; the span's start if there is none.
    pub(super) name_end: u32,
    pub(super) parent: Option<NodeId>,
    pub(super) first_child: Option<NodeId>,
    pub(super) next_sibling: Option<NodeId>,
    /// Position among the siblings.
    pub(super) index: u32,
}

/// The values of a text in the order they begin.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

impl Tree {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(self.node(id).first_child, |&id| self.node(id).next_sibling)
    }

    /// The single content of `Name(content)`, `Some(content)` or `(content)`.
    pub(super) fn content(&self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        let only = node.first_child?;
        let child = self.node(only);
        let is_newtype =
            node.shape == Shape::Parens && child.key.is_none() && child.next_sibling.is_none();
        is_newtype.then_some(only)
    }

    /// Whether `id` is `ancestor` or within it.
    pub(super) fn is_within(&self, id: NodeId, ancestor: NodeId) -> bool {
        std::iter::successors(Some(id), |&id| self.node(id).parent).any(|id| id == ancestor)
    }
}

/// A text, the tree of its values, and where they stand.
///
/// A path names fields and positions as the model's types do: `stages[2].triggers[0].rate_limit`;
/// map keys are fields, and names of variants and `Some(...)` do not appear. The empty path is the
/// whole text.
#[derive(Clone, Debug)]
pub struct SpanIndex {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) tree: Tree,
    line_starts: Vec<u32>,
    /// Columns before the first line and lines before that one: of a text that is a part of another.
    offset: (u32, u32),
}

impl SpanIndex {
    pub(super) fn new(file: &str, text: &str, tree: Tree) -> Self {
        let after_newline = |(byte, _)| Span::new(byte, byte + 1).end;
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(after_newline)).collect();
        Self { file: file.to_owned(), text: text.to_owned(), tree, line_starts, offset: (0, 0) }
    }

    /// The same for a text that begins at `place` of another.
    pub(super) fn placed(self, place: &Location) -> Self {
        Self { offset: (place.column - 1, place.line - 1), ..self }
    }

    /// The file, as the caller named it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the value at `path` stands.
    #[must_use]
    pub fn value(&self, path: &str) -> Option<Location> {
        self.find(path).map(|id| self.location(self.tree.node(id).span))
    }

    /// Where the field name or map key of the value at `path` stands.
    #[must_use]
    pub fn key(&self, path: &str) -> Option<Location> {
        self.tree.node(self.find(path)?).key.map(|key| self.location(key))
    }

    /// Where the value at `path`, or the nearest value around that path, stands: a field that was
    /// left to its default is blamed on the struct that lacks it.
    #[must_use]
    pub fn nearest(&self, path: &str) -> Option<Location> {
        let mut id = Tree::ROOT;
        self.tree.nodes.first()?;
        for segment in segments(path) {
            let Some(child) = self.step(id, segment) else { break };
            id = child;
        }
        Some(self.location(self.head(id)))
    }

    /// The part of `path` that is written in the text: all of it, or what is around a default.
    pub(super) fn written(&self, path: &str) -> String {
        let mut rest = path;
        while self.find(rest).is_none() {
            let Some(end) = rest.rfind(['.', '[']) else { return String::new() };
            rest = &rest[..end];
        }
        rest.to_owned()
    }

    /// The number or text at `path` as written, without quotes, or the beginning of it.
    pub(crate) fn scalar(&self, path: &str) -> Option<String> {
        let mut id = self.find(path)?;
        while let Some(content) = self.tree.content(id) {
            id = content;
        }
        let node = self.tree.node(id);
        let is_scalar = matches!(node.shape, Shape::Number | Shape::String);
        is_scalar.then(|| shown_text(self.text[node.span.range()].trim_matches('"')))
    }

    /// The text with the value at `path` replaced by `value`, or with the field added to the struct that
    /// leaves it to its default. `None` if there is no such struct.
    #[must_use]
    pub fn with_value(&self, path: &str, value: &str) -> Option<String> {
        let mut text = self.text.clone();
        if let Some(id) = self.find(path) {
            text.replace_range(self.tree.node(id).span.range(), value);
            return Some(text);
        }
        let (parent, field) = path.rsplit_once('.').unwrap_or(("", path));
        if field.is_empty() || field.contains('[') {
            return None;
        }
        let mut id = self.find(parent)?;
        while let Some(content) = self.tree.content(id) {
            id = content;
        }
        let node = self.tree.node(id);
        if node.shape != Shape::Parens {
            return None;
        }
        let opening = self.text[node.name_end as usize..].find('(')? + node.name_end as usize;
        text.insert_str(opening + 1, &format!("{field}: {value}, "));
        Some(text)
    }

    fn find(&self, path: &str) -> Option<NodeId> {
        self.tree.nodes.first()?;
        segments(path).try_fold(Tree::ROOT, |id, segment| self.step(id, segment))
    }

    fn step(&self, mut id: NodeId, segment: Segment<'_>) -> Option<NodeId> {
        loop {
            let found = self.tree.children(id).find(|&child| match segment {
                Segment::Name(name) => self.key_text(child) == Some(name),
                Segment::Index(index) => {
                    self.tree.node(child).index == index
                        && self.tree.node(child).key.is_none()
                        && self.tree.content(id) != Some(child)
                }
            });
            match found {
                Some(child) => return Some(child),
                None => id = self.tree.content(id)?,
            }
        }
    }

    /// The field name or map key before a value, without quotes.
    pub(super) fn key_text(&self, id: NodeId) -> Option<&str> {
        let key = &self.text[self.tree.node(id).key?.range()];
        let key = key.strip_prefix("r#").unwrap_or(key);
        Some(key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key))
    }

    /// The name before the parenthesis, or the bare name.
    pub(super) fn name_text(&self, id: NodeId) -> Option<&str> {
        let node = self.tree.node(id);
        let end = match node.shape {
            Shape::Name => node.span.end,
            Shape::Parens => node.name_end,
            _ => node.span.start,
        };
        let name = &self.text[Span { start: node.span.start, end }.range()];
        (!name.is_empty()).then_some(name)
    }

    /// The path that leads to a node.
    pub(super) fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            let parent = self.tree.node(id).parent;
            if parent.is_none_or(|parent| self.tree.content(parent) != Some(id)) {
                steps.push(id);
            }
            at = parent;
        }
        let mut path = String::new();
        for id in steps.into_iter().rev() {
            match self.key_text(id) {
                Some(key) => push_name(&mut path, key),
                None if self.tree.node(id).parent.is_some() => {
                    push_index(&mut path, self.tree.node(id).index as usize);
                }
                None => {}
            }
        }
        path
    }

    /// What to underline of a value: all of it on one line, else the name and bracket it begins
    /// with, or the key that it belongs to.
    pub(super) fn head(&self, id: NodeId) -> Span {
        let node = self.tree.node(id);
        if !self.text[node.span.range()].contains('\n') {
            return node.span;
        }
        match node.key {
            Some(key) => key,
            None => Span { start: node.span.start, end: node.name_end + 1 },
        }
    }

    pub(super) fn location(&self, span: Span) -> Location {
        let line = self.line_starts.partition_point(|&start| start <= span.start).max(1);
        let line_start = self.line_starts[line - 1] as usize;
        let start = span.start as usize;
        let on_line = self.text[span.range()].split(['\n', '\r']).next().unwrap_or_default();
        let characters = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let (columns, lines) = self.offset;
        Location {
            file: self.file.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX) + lines,
            column: characters(&self.text[line_start..start])
                + 1
                + if line == 1 { columns } else { 0 },
            length: characters(on_line).max(1),
        }
    }

    /// The byte at a line and a column in characters, both from 1; the end of the text at most.
    pub(super) fn byte_at(&self, line: usize, column: usize) -> usize {
        let Some(&start) = line.checked_sub(1).and_then(|line| self.line_starts.get(line)) else {
            return self.text.len();
        };
        let rest = &self.text[start as usize..];
        let within = rest.char_indices().nth(column.saturating_sub(1));
        within.map_or(self.text.len(), |(byte, _)| start as usize + byte)
    }
}

/// Adds a field or map key to a path.
pub(crate) fn push_name(path: &mut String, name: &str) {
    if name.is_empty() || name.contains(['.', '[', ']', '"']) {
        path.push_str("[\"");
        path.push_str(name);
        path.push_str("\"]");
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// Adds a position in a list to a path.
pub(crate) fn push_index(path: &mut String, index: usize) {
    path.push_str(&format!("[{index}]"));
}

#[derive(Clone, Copy)]
enum Segment<'p> {
    Name(&'p str),
    Index(u32),
}

/// The steps of a path as [`push_name`] and [`push_index`] write it.
fn segments(path: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if let Some(quoted) = rest.strip_prefix("[\"") {
            let (name, after) = quoted.split_once("\"]")?;
            rest = after;
            return Some(Segment::Name(name));
        }
        if let Some(bracketed) = rest.strip_prefix('[') {
            let (digits, after) = bracketed.split_once(']')?;
            rest = after;
            // A position that is no number is no position of this tree.
            return Some(Segment::Index(digits.parse().unwrap_or(u32::MAX)));
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        rest = after;
        (!name.is_empty()).then_some(Segment::Name(name))
    })
}
