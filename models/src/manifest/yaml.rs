//! YAML as a tree that knows where everything stands, and which of its fields somebody has read: what
//! nobody read is listed in the end, so that nothing is passed over in silence.
//!
//! Scalars are kept as they are written (`1.10` is not `1.1`), with what was a string said beside.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Budget, DuplicateKeyPolicy, Options, Spanned};

use crate::diagnostic::{Diagnostic, Location};

/// Larger files are refused before they are looked at: a manifest is a few kilobytes.
pub(super) const FILE_BYTES_MAX: usize = 4 << 20;
/// Nodes of one document, expanded aliases included.
const NODES_MAX: usize = 200_000;
/// Levels of one document.
const DEPTH_MAX: usize = 64;

/// A place in a file: where something begins, and its length on that line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: u32,
    /// In characters, from 1.
    pub(crate) column: u32,
    /// In characters, at least 1.
    pub(crate) length: u32,
}

/// A value, where it stands, and whether it was read.
#[derive(Debug)]
pub(crate) struct Node {
    place: Place,
    /// Where its name stands, if it is a field.
    key: Option<Place>,
    /// The line on which it ends.
    last_line: u32,
    style: Style,
    fate: Cell<Fate>,
    value: Value,
    /// Bytes of the document, until they have become places.
    span: Range<usize>,
}

/// What became of a field of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody asked for it.
    Unread,
    /// It was read, and there is nothing to tell: a name, or a map whose fields have fates of their own.
    Read,
    /// It is told in the account, under this number.
    Told(u32),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: a number, a boolean or a string.
    Plain,
    /// In quotes: a string, whatever it looks like.
    Quoted,
    /// As a block, after `|` or `>`.
    Block,
    /// By `*name`, from where `&name` stands.
    Alias,
}

#[derive(Debug)]
enum Value {
    Null,
    /// Any scalar, as text.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The field of that name, if this is a map that has it and it is not null; marks it as read.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(fields) = &self.value else { return None };
        let (_, field) = fields.iter().find(|(key, _)| key == name)?;
        if field.fate.get() == Fate::Unread {
            field.fate.set(Fate::Read);
        }
        (!matches!(field.value, Value::Null)).then_some(field)
    }

    /// The field of that name, also if it is null; does not mark it.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        self.fields().iter().find(|(key, _)| key == name).map(|(_, field)| field)
    }

    /// The value at the end of these fields.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The scalar in the field of that name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.scalar()
    }

    /// The scalar itself.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// How the scalar is written.
    pub(crate) fn style(&self) -> Style {
        self.style
    }

    /// Where the value stands.
    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Where the field's name stands; where the value stands if it is no field.
    pub(crate) fn key(&self) -> Place {
        self.key.unwrap_or(self.place)
    }

    /// The line on which the value ends.
    pub(crate) fn last_line(&self) -> u32 {
        self.last_line
    }

    /// The items, none if this is no list.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of the list in the field of that name.
    pub(crate) fn list(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// The fields of a map, none if this is none; reading them is up to the caller.
    pub(crate) fn fields(&self) -> &[(String, Self)] {
        match &self.value {
            Value::Map(fields) => fields,
            _ => &[],
        }
    }

    /// Marks it and everything below as read: it identifies, or it was told of as a whole.
    pub(crate) fn read_whole(&self) {
        if self.fate.get() == Fate::Unread {
            self.fate.set(Fate::Read);
        }
        self.read_below();
    }

    /// Marks everything below as read.
    pub(crate) fn read_below(&self) {
        self.items().iter().for_each(Self::read_whole);
        self.fields().iter().for_each(|(_, field)| field.read_whole());
    }

    /// What became of it so far.
    pub(crate) fn fate(&self) -> Fate {
        self.fate.get()
    }

    /// Says what became of it.
    pub(crate) fn set_fate(&self, fate: Fate) {
        self.fate.set(fate);
    }

    /// Whether nothing is written there.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Marks it and everything below as not read.
    pub(crate) fn unmark(&self) {
        self.fate.set(Fate::Unread);
        self.items().iter().for_each(Self::unmark);
        self.fields().iter().for_each(|(_, field)| field.unmark());
    }

    /// The first field that is written twice in one map, with both places.
    fn repeated(&self) -> Option<(&str, Place, Place)> {
        let mut seen = BTreeMap::new();
        for (name, field) in self.fields() {
            if let Some(first) = seen.insert(name.as_str(), field.key()) {
                return Some((name, first, field.key()));
            }
        }
        let below = self.fields().iter().map(|(_, field)| field).chain(self.items());
        below.into_iter().find_map(Self::repeated)
    }

    /// Where it stands.
    pub(crate) fn location(&self, file: &str) -> Location {
        self.place.location(file)
    }

    /// Moves a document that is written within a scalar to its place in the file.
    fn within(&mut self, outer: Place, is_block: bool) {
        let moved = |place: Place| {
            if is_block {
                Place { column: place.column + outer.column - 1, ..place }
            } else {
                outer
            }
        };
        self.key = self.key.map(moved);
        self.place = moved(self.place);
        if !is_block {
            self.last_line = outer.line;
        }
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.within(outer, is_block)),
            Value::Map(fields) => {
                fields.iter_mut().for_each(|(_, field)| field.within(outer, is_block));
            }
            Value::Null | Value::Scalar(_) => {}
        }
    }

    /// Gives everything below its text as written and its place in the file, of which `text` is a document
    /// that begins on the line after `lines_before`.
    fn settle(&mut self, text: &str, lines_before: u32) {
        let raw = text.get(self.span.clone()).unwrap_or_default();
        let first = raw.lines().next().unwrap_or_default().trim_end();
        self.place.length = u32::try_from(first.chars().count()).unwrap_or(u32::MAX).max(1);
        let own_lines = raw.trim_end().lines().count().saturating_sub(1);
        self.place.line = self.place.line.saturating_add(lines_before);
        self.last_line = self.place.line + u32::try_from(own_lines).unwrap_or(u32::MAX);
        match &mut self.value {
            Value::Null => {}
            Value::Scalar(value) => {
                self.style = match (raw.chars().next(), self.key) {
                    (Some('"' | '\''), _) => Style::Quoted,
                    (Some('*'), _) => Style::Alias,
                    (_, Some(key)) if key.line + lines_before < self.place.line => Style::Block,
                    _ => Style::Plain,
                };
                if self.style == Style::Plain && !raw.contains('\n') {
                    raw.clone_into(value);
                }
            }
            Value::List(items) => items.iter_mut().for_each(|item| item.settle(text, lines_before)),
            Value::Map(fields) => {
                fields.iter_mut().for_each(|(_, field)| field.settle(text, lines_before));
            }
        }
        if let Some(key) = &mut self.key {
            key.line = key.line.saturating_add(lines_before);
        }
        let below = self.items().iter().chain(self.fields().iter().map(|(_, field)| field));
        self.last_line = below.map(|it| it.last_line).fold(self.last_line, u32::max);
    }
}

impl Place {
    pub(crate) fn location(self, file: &str) -> Location {
        let Self { line, column, length } = self;
        Location { file: file.to_owned(), line, column, length }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).max(1)
}

/// The place of what the parser has found; the length is right for names only.
fn place(at: &serde_saphyr::Location) -> Place {
    let length = small(at.span().len());
    Place { line: small(at.line()), column: small(at.column()), length }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        let at = spanned.referenced;
        let begin = at.span().byte_offset().unwrap_or(0) as usize;
        let length = at.span().byte_len().unwrap_or(0) as usize;
        let place = place(&at);
        Ok(Self {
            place,
            key: None,
            last_line: place.line,
            style: Style::Plain,
            fate: Cell::new(Fate::Unread),
            value: spanned.value,
            span: begin..begin + length,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, mut field)) = access.next_entry::<Spanned<Value>, Node>()? {
            let Value::Scalar(text) = name.value else {
                return Err(Error::custom("a name is a list, a map or nothing: expected a text"));
            };
            field.key = Some(place(&name.referenced));
            fields.push((text, field));
        }
        Ok(Value::Map(fields))
    }
}

/// The documents of a file, each on its own, so that one bad document does not hide the others.
pub(crate) fn documents(file: &str, text: &str) -> Vec<Result<Node, Box<Diagnostic>>> {
    if text.len() > FILE_BYTES_MAX {
        let found = format!("`{file}` has {} bytes", text.len());
        let mut diagnostic = Diagnostic::error("", found);
        diagnostic.code("too-large").expected(format!("at most {FILE_BYTES_MAX} bytes"));
        return vec![Err(Box::new(diagnostic))];
    }
    let documents = split(text).into_iter();
    documents
        .filter(|(_, text)| {
            !text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        })
        .map(|(lines, text)| document(file, text, lines))
        .filter(|parsed| !matches!(parsed, Ok(Node { value: Value::Null, .. })))
        .collect()
}

/// The documents with the number of lines before each.
fn split(text: &str) -> Vec<(u32, &str)> {
    let mut found = Vec::new();
    let (mut begin, mut begin_line, mut at) = (0, 0, 0);
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let ends = line.trim_end() == "---" || line.starts_with("--- ");
        if ends || line.trim_end() == "..." {
            found.push((begin_line, &text[begin..at]));
            (begin, begin_line) = (at + line.len(), number);
        }
        at += line.len();
    }
    found.push((begin_line, &text[begin..]));
    found
}

/// Parses one document; also for YAML within YAML, such as `streamConfig`.
pub(crate) fn document(file: &str, text: &str, lines_before: u32) -> Result<Node, Box<Diagnostic>> {
    match serde_saphyr::from_str_with_options::<Node>(text, options()) {
        Ok(mut node) => {
            node.settle(text, lines_before);
            match node.repeated() {
                None => Ok(node),
                Some((name, first, second)) => Err(Box::new(twice(file, name, first, second))),
            }
        }
        Err(error) => {
            let error = error.without_snippet();
            let place = error.location().map(|place| {
                let line = u32::try_from(place.line()).unwrap_or(u32::MAX).max(1);
                let column = u32::try_from(place.column()).unwrap_or(1).max(1);
                let line = line.saturating_add(lines_before);
                Location { file: file.to_owned(), line, column, length: 1 }
            });
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default().trim_end_matches('.');
            let mut diagnostic = Diagnostic::error("", format!("not readable as YAML: {first}"));
            diagnostic.code("bad-yaml").at(place);
            Err(Box::new(diagnostic))
        }
    }
}

/// A field that is written twice in one map: which one counts depends on who reads it.
fn twice(file: &str, name: &str, first: Place, second: Place) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("", format!("`{name}` is written twice in one map"));
    diagnostic
        .code("duplicate-key")
        .at(Some(second.location(file)))
        .hint(format!("the first one is on line {}, column {}", first.line, first.column));
    diagnostic
}

/// The YAML within a scalar, such as `streamConfig`, with places in the file. Of what is not written as a
/// block everything stands where the scalar does.
pub(crate) fn embedded(file: &str, scalar: &Node) -> Result<Node, Box<Diagnostic>> {
    let text = scalar.scalar().unwrap_or_default();
    let outer = scalar.place;
    let is_block = scalar.style == Style::Block;
    let before = if is_block { outer.line - 1 } else { 0 };
    let parsed = document(file, text, before);
    let mut root = parsed.map_err(|mut error| {
        if let Some(location) = error.location.as_mut() {
            if is_block {
                location.column += outer.column - 1;
            } else {
                *location = outer.location(file);
            }
        }
        error
    })?;
    root.within(outer, is_block);
    Ok(root)
}

/// Strict, and with a budget that an alias bomb meets soon.
fn options() -> Options {
    let mut budget = Budget::default();
    budget.max_nodes = NODES_MAX;
    budget.max_events = 2 * NODES_MAX;
    budget.max_depth = DEPTH_MAX;
    budget.max_total_scalar_bytes = FILE_BYTES_MAX;
    let mut options = Options::default();
    options.alias_limits.max_total_replayed_events = NODES_MAX;
    options.budget = Some(budget);
    options.strict_booleans = true;
    options.underscored_numbers_as_strings = true;
    options.leading_zero_numbers_as_strings = true;
    // Repeated fields are told by both of their places, see `Node::repeated`.
    options.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    options.with_snippet = false;
    options
}
