//! Parts of a model that do not come from its file: from the command line, or from a storm.

use std::rc::Rc;

use super::ron_text::{SpanIndex, is_within};
use crate::diagnostic::Diagnostic;

/// Where a part of a model comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The part.
    path: String,
    /// The text that it comes from.
    index: Rc<SpanIndex>,
    /// Its path there, if that text is a file with paths of its own.
    there: Option<String>,
}

impl Origin {
    /// The part at `path` is all of the text of an option.
    pub(crate) fn option(path: &str, index: Rc<SpanIndex>) -> Self {
        Self { path: path.to_owned(), index, there: None }
    }

    /// The part at `path` is what stands at `there` in another file.
    pub(crate) fn file(path: &str, index: Rc<SpanIndex>, there: &str) -> Self {
        Self { path: path.to_owned(), index, there: Some(there.to_owned()) }
    }

    /// Whether what is at `path` comes from here.
    pub(crate) fn gives(&self, path: &str) -> bool {
        is_within(path, &self.path)
    }

    /// The path that leads there in the words of the text that it comes from.
    pub(crate) fn path_of(&self, path: &str) -> String {
        match &self.there {
            Some(there) => there.clone() + self.rest(path),
            None => path.to_owned(),
        }
    }

    /// The number or text written at `path`, which comes from here.
    pub(crate) fn written(&self, path: &str) -> Option<String> {
        self.index.scalar(&self.place(path))
    }

    /// Puts the diagnostic, about something that comes from here, where it belongs.
    pub(crate) fn claim(&self, diagnostic: &mut Diagnostic) {
        diagnostic.at(self.index.nearest(&self.place(&diagnostic.path)));
        diagnostic.path = self.path_of(&diagnostic.path);
    }

    /// The path that leads there in the text that it comes from.
    fn place(&self, path: &str) -> String {
        let place = self.there.clone().unwrap_or_default() + self.rest(path);
        place.trim_start_matches('.').to_owned()
    }

    fn rest<'p>(&self, path: &'p str) -> &'p str {
        path.strip_prefix(&self.path).unwrap_or(path)
    }
}
