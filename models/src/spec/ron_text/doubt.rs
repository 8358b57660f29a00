//! What of a text could not be read as written: the checks of meaning go on around it, and keep quiet
//! about what only follows from it.

use std::collections::BTreeSet;

use super::tracked::Repairs;
use super::tree::{NodeId, Shape, SpanIndex, push_name};

/// The parts of a text that were left out or stood in for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubts {
    /// Where they are, and what they are a part of.
    parts: Vec<Part>,
    /// All names and texts within them: what refers to one of these may well be right.
    texts: BTreeSet<String>,
    /// Something has no name that could be told: whatever is looked for may be that.
    is_nameless: bool,
}

#[derive(Clone, Debug)]
struct Part {
    path: String,
    parent: String,
}

impl Doubts {
    /// Everything that `repairs` got past.
    pub(super) fn of(index: &SpanIndex, repairs: &Repairs) -> Self {
        let mut doubts = Self::default();
        for &id in repairs.replaced.iter().chain(&repairs.skipped) {
            let parent = index.tree.node(id).parent.map(|parent| index.path(parent));
            doubts.add(index.path(id), parent.unwrap_or_default());
            doubts.add_texts(index, id);
        }
        for (&id, fields) in &repairs.supplied {
            for field in fields {
                let parent = index.path(id);
                let mut path = parent.clone();
                push_name(&mut path, field);
                doubts.add(path, parent);
            }
            let has_skipped = index.tree.children(id).any(|child| repairs.skipped.contains(&child));
            doubts.is_nameless |= fields.contains(&"name") && !has_skipped;
        }
        doubts
    }

    fn add(&mut self, path: String, parent: String) {
        self.parts.push(Part { path, parent });
    }

    fn add_texts(&mut self, index: &SpanIndex, id: NodeId) {
        let node = index.tree.node(id);
        self.texts.extend(index.key_text(id).map(str::to_owned));
        if matches!(node.shape, Shape::String | Shape::Name) {
            let text = index.text[node.span.range()].trim_matches('"');
            self.texts.insert(text.to_owned());
        }
        index.tree.children(id).for_each(|child| self.add_texts(index, child));
    }

    /// Whether everything could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a problem at `path` may follow from what could not be read: it is about that, or about
    /// what it is a part of, or about a default that may not be meant.
    pub(crate) fn explain(&self, path: &str, index: Option<&SpanIndex>) -> bool {
        if self.is_empty() {
            return false;
        }
        let written = index.map_or_else(|| path.to_owned(), |index| index.written(path));
        self.parts.iter().any(|part| part.parent == written || is_within(path, &part.path))
    }

    /// Whether `name` may be the name of something that could not be read.
    pub(crate) fn may_name(&self, name: &str) -> bool {
        self.is_nameless || self.texts.contains(name)
    }
}

/// Whether `path` leads to what `around` leads to, or to a part of it.
pub(crate) fn is_within(path: &str, around: &str) -> bool {
    let rest = path.strip_prefix(around);
    rest.is_some_and(|rest| around.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
