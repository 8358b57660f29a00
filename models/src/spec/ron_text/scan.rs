//! The scanner: finds the values of a RON text and what is no RON at all.
//!
//! It mends what it can at the same length, so that offsets keep their meaning and the rest of the
//! text is still checked: a missing comma before white space, `=` for `:`, a quoted field name, and
//! a bare `30s` or `150/s` that wants quotes. A bracket that is missing ends the scan.

mod lexeme;

use std::collections::BTreeSet;

use lexeme::{is_delimiter, is_name_part, is_name_start, is_raw_name_part};

use super::tree::{Node, NodeId, Shape, Span, Tree};

/// Deeper nesting than this is no model; it also keeps every recursion here and in `ron` small.
pub(super) const DEPTH_MAX: usize = 64;
/// Problems reported for one text; the rest will be seen when these are mended.
pub(super) const PROBLEMS_MAX: usize = 64;

/// Something that is no RON.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// What the scanner found.
pub(super) struct Scan {
    pub(super) tree: Tree,
    pub(super) problems: Vec<Problem>,
    /// The text with what could be mended mended, of the same length; `None` if the scan ended at
    /// the last of the problems.
    pub(super) mended: Option<String>,
}

/// Scans `text`, whose size the caller has limited.
pub(super) fn scan(text: &str) -> Scan {
    let mut scanner =
        Scanner { text, at: 0, tree: Tree::default(), problems: Vec::new(), patches: Vec::new() };
    let finished = scanner.document().is_ok();
    let Scanner { tree, problems, mut patches, .. } = scanner;
    patches.sort_by_key(|patch| patch.span.start);
    let mended = finished.then(|| patched(text, &patches));
    Scan { tree, problems, mended }
}

/// A replacement of bytes: the first by `first`, the others by spaces.
struct Patch {
    span: Span,
    first: char,
}

fn patched(text: &str, patches: &[Patch]) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut copied = 0;
    for Patch { span, first } in patches {
        let range = span.range();
        mended.push_str(&text[copied..range.start]);
        mended.push(*first);
        mended.extend(std::iter::repeat_n(' ', range.len() - 1));
        copied = range.end;
    }
    mended.push_str(&text[copied..]);
    mended
}

/// The scan cannot go on; the reason is the last problem.
struct Stop;

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    tree: Tree,
    problems: Vec<Problem>,
    patches: Vec<Patch>,
}

/// The value before the one being scanned, and the name before the colon.
struct Place {
    parent: Option<NodeId>,
    previous: Option<NodeId>,
    index: u32,
    key: Option<Span>,
}

impl<'t> Scanner<'t> {
    fn document(&mut self) -> Result<(), Stop> {
        self.attributes()?;
        let start = self.at;
        if ["---", "apiVersion:", "kind:"].iter().any(|yaml| self.rest().starts_with(yaml)) {
            let hint = "manifests are read from files that end in `.yaml` or `.yml`, from directories of \
                        them, and from standard input";
            let hint = hint.to_owned();
            return self.stop(self.one_character(), "this is YAML, not RON", Some(hint));
        }
        let root = Place { parent: None, previous: None, index: 0, key: None };
        self.value(root, 0)?;
        let end = self.at;
        self.space()?;
        match self.peek() {
            None => Ok(()),
            Some(':' | '=') if self.tree.node(Tree::ROOT).shape == Shape::Name => self.stop(
                Span::new(start, end),
                "a model is one value in parentheses",
                Some("write `(` before the first field and `)` after the last".to_owned()),
            ),
            Some(found) => {
                let message = format!("unexpected `{}` after the end", shown(found));
                self.stop(self.one_character(), message, None)
            }
        }
    }

    /// `#![enable(...)]` lines; `ron` reads their content.
    fn attributes(&mut self) -> Result<(), Stop> {
        self.space()?;
        while self.rest().starts_with('#') {
            let Some(length) = self.rest().find(']') else {
                return self.stop(self.one_character(), "unclosed attribute", None);
            };
            self.at += length + 1;
            self.space()?;
        }
        Ok(())
    }

    fn value(&mut self, place: Place, depth: usize) -> Result<NodeId, Stop> {
        let start = self.at;
        if depth > DEPTH_MAX {
            let message = format!("nested more than {DEPTH_MAX} deep");
            return self.stop(self.one_character(), message, None);
        }
        let Some(first) = self.peek() else {
            return self.stop(self.one_character(), "expected a value, found the end", None);
        };
        let id = self.begin(place, start);
        let shape = match first {
            '(' => self.group(id, ')', depth)?,
            '[' => self.group(id, ']', depth)?,
            '{' => self.group(id, '}', depth)?,
            '"' => self.string()?,
            '\'' => self.character()?,
            'b' if self.rest().starts_with("b'") => {
                self.at += 1;
                self.character()?
            }
            _ if self.is_prefixed_string() => self.string()?,
            first if is_name_start(first) => self.name(id, depth)?,
            first if first.is_ascii_digit() || "+-.".contains(first) => self.number(),
            first if is_delimiter(first) => {
                let message = format!("expected a value, found `{first}`");
                return self.stop(self.one_character(), message, None);
            }
            _ => self.invalid(start),
        };
        let node = &mut self.tree.nodes[id.0 as usize];
        node.shape = shape;
        node.span = Span::new(start, self.at);
        Ok(id)
    }

    fn begin(&mut self, place: Place, start: usize) -> NodeId {
        let id = NodeId(Span::new(self.tree.nodes.len(), 0).start);
        let span = Span::new(start, start);
        self.tree.nodes.push(Node {
            shape: Shape::Invalid,
            span,
            key: place.key,
            name_end: span.start,
            parent: place.parent,
            first_child: None,
            next_sibling: None,
            index: place.index,
        });
        if let Some(previous) = place.previous {
            self.tree.nodes[previous.0 as usize].next_sibling = Some(id);
        } else if let Some(parent) = place.parent {
            self.tree.nodes[parent.0 as usize].first_child = Some(id);
        }
        id
    }

    /// A bracket's content up to its end.
    fn group(&mut self, id: NodeId, close: char, depth: usize) -> Result<Shape, Stop> {
        let open = self.at;
        self.at += 1;
        let mut place = Place { parent: Some(id), previous: None, index: 0, key: None };
        let mut map_keys = BTreeSet::new();
        loop {
            self.space()?;
            if self.closes(open, close)? {
                break;
            }
            place.key = match close {
                ')' => self.field_name()?,
                '}' => Some(self.map_key(depth, &mut map_keys)?),
                _ => None,
            };
            self.space()?;
            let previous = Some(self.value(Place { ..place }, depth + 1)?);
            place = Place { previous, index: place.index + 1, ..place };
            self.comma(previous)?;
        }
        Ok(match close {
            ')' => Shape::Parens,
            ']' => Shape::List,
            _ => Shape::Map,
        })
    }

    /// Whether the bracket ends here; another closing bracket or the end of the text is a problem.
    fn closes(&mut self, open: usize, close: char) -> Result<bool, Stop> {
        let opened = Span::new(open, open + 1);
        let bracket = &self.text[opened.range()];
        match self.peek() {
            Some(found) if found == close => {
                self.at += 1;
                Ok(true)
            }
            None => {
                let message = format!("`{bracket}` is never closed");
                self.stop(opened, message, Some(format!("add the missing `{close}`")))
            }
            Some(found @ (')' | ']' | '}')) => {
                let line = self.text[..open].matches('\n').count() + 1;
                let message = format!("expected `{close}`, found `{found}`");
                let hint = format!("the `{bracket}` in line {line} is still open");
                self.stop(self.one_character(), message, Some(hint))
            }
            Some(_) => Ok(false),
        }
    }

    /// What separates values: a comma, unless a bracket ends; whether it is the right one is seen
    /// next.
    fn comma(&mut self, previous: Option<NodeId>) -> Result<(), Stop> {
        let end = self.at;
        self.space()?;
        let found = self.peek();
        match found {
            Some(',') => {
                self.at += 1;
                Ok(())
            }
            None | Some(')' | ']' | '}') => Ok(()),
            Some(';') => {
                let span = self.one_character();
                self.report(span, "expected `,`, found `;`", None)?;
                self.patches.push(Patch { span, first: ',' });
                self.at += 1;
                Ok(())
            }
            Some(found) => {
                self.missing_colon(previous, found)?;
                self.missing_comma(end, found)
            }
        }
    }

    /// A bare name in parentheses with a value behind it.
    fn missing_colon(&mut self, previous: Option<NodeId>, found: char) -> Result<(), Stop> {
        let Some(previous) = previous.map(|previous| self.tree.node(previous)) else {
            return Ok(());
        };
        let parent = previous.parent.map(|parent| self.text.as_bytes()[self.opening(parent)]);
        if previous.shape != Shape::Name || previous.key.is_some() || parent != Some(b'(') {
            return Ok(());
        }
        let name = &self.text[previous.span.range()];
        let message = format!("expected `:` after `{name}`, found `{}`", shown(found));
        let hint = "fields are written `name: value`".to_owned();
        self.stop(self.one_character(), message, Some(hint))
    }

    /// Where the bracket of a group stands; its name comes before it.
    fn opening(&self, group: NodeId) -> usize {
        let node = self.tree.node(group);
        let from = node.name_end.max(node.span.start) as usize;
        self.text[from..].find(['(', '[', '{']).map_or(from, |offset| from + offset)
    }

    fn missing_comma(&mut self, end: usize, found: char) -> Result<(), Stop> {
        let message = format!("expected `,` before `{}`", shown(found));
        let can_mend = end < self.at && self.text.as_bytes()[end].is_ascii_whitespace();
        let last = self.text[..end].chars().next_back().map_or(0, char::len_utf8);
        let span = Span::new(end - last, end);
        if !can_mend {
            return self.stop(self.one_character(), message, None);
        }
        self.report(span, message, Some("entries are separated by commas".to_owned()))?;
        self.patches.push(Patch { span: Span::new(end, end + 1), first: ',' });
        Ok(())
    }

    /// `name:` before a value in parentheses, if there is one.
    fn field_name(&mut self) -> Result<Option<Span>, Stop> {
        let start = self.at;
        let quoted = self.peek() == Some('"');
        if quoted {
            self.string()?;
        } else if self.rest().starts_with("r#") && !self.is_prefixed_string() {
            self.at += 2;
            self.take_while(is_raw_name_part);
        } else if self.peek().is_some_and(is_name_start) && !self.is_prefixed_string() {
            self.take_while(is_name_part);
        }
        let name = Span::new(start, self.at);
        self.space()?;
        let separator = self.peek();
        if self.at == start || !matches!(separator, Some(':' | '=')) {
            self.at = start;
            return Ok(None);
        }
        if quoted && !self.unquote(name)? {
            self.at = start;
            return Ok(None);
        }
        self.colon()?;
        Ok(Some(name))
    }

    /// Mends a field name in quotes.
    fn unquote(&mut self, name: Span) -> Result<bool, Stop> {
        let quoted = &self.text[name.range()];
        let inner = &quoted[1..quoted.len() - 1];
        let is_name = inner.starts_with(is_name_start) && inner.chars().all(is_name_part);
        if is_name {
            let hint = format!("write `{inner}: ...`");
            self.report(name, "field names are written without quotes", Some(hint))?;
            self.blank(name.start as usize);
            self.blank(name.end as usize - 1);
        }
        Ok(is_name)
    }

    /// A map's key and its colon. Keys have no node of their own: only their text matters.
    fn map_key(&mut self, depth: usize, keys: &mut BTreeSet<&'t str>) -> Result<Span, Stop> {
        let start = self.at;
        let nodes = self.tree.nodes.len();
        let nowhere = Place { parent: None, previous: None, index: 0, key: None };
        self.value(nowhere, depth + 1)?;
        self.tree.nodes.truncate(nodes);
        let key = Span::new(start, self.at);
        let name = &self.text[key.range()];
        if !keys.insert(name) {
            let message = format!("duplicate key `{}`", shown_text(name));
            self.report(key, message, Some("remove one of the two".to_owned()))?;
        }
        self.space()?;
        self.colon()?;
        Ok(key)
    }

    fn colon(&mut self) -> Result<(), Stop> {
        let span = self.one_character();
        match self.peek() {
            Some(':') => {}
            Some('=') => {
                let hint = "fields are written `name: value`".to_owned();
                self.report(span, "expected `:`, found `=`", Some(hint))?;
                self.patches.push(Patch { span, first: ':' });
            }
            found => {
                let found = found.map_or("the end".to_owned(), |c| format!("`{}`", shown(c)));
                return self.stop(span, format!("expected `:`, found {found}"), None);
            }
        }
        self.at += 1;
        Ok(())
    }

    /// A bare name, or `Name(...)`.
    fn name(&mut self, id: NodeId, depth: usize) -> Result<Shape, Stop> {
        let start = self.at;
        if self.rest().starts_with("r#") {
            self.at += 2;
            self.take_while(is_raw_name_part);
        } else {
            self.take_while(is_name_part);
        }
        let end = self.at;
        if self.peek().is_some_and(|next| !self.ends_atom(next)) {
            return Ok(self.invalid(start));
        }
        self.space()?;
        match self.peek() {
            Some('(') => {
                self.tree.nodes[id.0 as usize].name_end = Span::new(end, end).start;
                let shape = self.group(id, ')', depth)?;
                self.tree.nodes[id.0 as usize].shape = shape;
                self.unwrap(id);
                Ok(shape)
            }
            Some(found @ ('{' | '[')) => {
                let name = &self.text[start..end];
                let hint = format!("write `{name}(...)`");
                let message = format!("expected `(` after `{name}`, found `{found}`");
                self.stop(self.one_character(), message, Some(hint))
            }
            _ => {
                self.at = end;
                Ok(Shape::Name)
            }
        }
    }

    /// `Name((field: value))` means `Name(field: value)`, also for `Some`. `ron` accepts one of the
    /// two at a time; here the inner parentheses are taken away from the text and the tree.
    fn unwrap(&mut self, id: NodeId) {
        let Some(inner) = self.tree.content(id) else { return };
        let Node { shape, span, name_end, first_child, .. } = *self.tree.node(inner);
        let has_fields = first_child.is_some_and(|child| self.tree.node(child).key.is_some());
        if shape != Shape::Parens || name_end != span.start || !has_fields {
            return;
        }
        for child in self.tree.children(inner).collect::<Vec<_>>() {
            self.tree.nodes[child.0 as usize].parent = Some(id);
        }
        self.tree.nodes[id.0 as usize].first_child = first_child;
        let range = span.range();
        self.blank(range.start);
        self.blank(range.end - 1);
        let after = &self.text[range.end..self.at];
        if after.trim_start().starts_with(',') {
            self.blank(range.end + after.len() - after.trim_start().len());
        }
    }

    fn blank(&mut self, at: usize) {
        self.patches.push(Patch { span: Span::new(at, at + 1), first: ' ' });
    }

    fn report(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Result<(), Stop> {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { span, message: message.into(), hint });
        }
        if self.problems.len() < PROBLEMS_MAX { Ok(()) } else { Err(Stop) }
    }

    fn stop<T>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Result<T, Stop> {
        // Whether this was the last one allowed makes no difference here.
        let _ = self.report(span, message, hint);
        Err(Stop)
    }
}

fn shown(c: char) -> String {
    if c.is_control() { c.escape_default().to_string() } else { c.to_string() }
}

/// A short piece of text for a message.
pub(super) fn shown_text(text: &str) -> String {
    const SHOWN_MAX: usize = 40;
    let short: String = text.chars().take(SHOWN_MAX).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{}{dots}", short.replace(['\n', '\r'], " "))
}
