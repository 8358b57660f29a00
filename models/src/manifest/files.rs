//! Manifests as they were given: the files with their lines and comments, and the objects in them.

use std::ops::Range;

use super::templated;
use super::yaml::{self, Node};
use crate::diagnostic::{Diagnostic, Diagnostics};

/// Files of manifests, read but not yet understood.
#[derive(Debug)]
pub struct Manifests {
    files: Vec<ManifestFile>,
    documents: Vec<(usize, Node)>,
    problems: Diagnostics,
}

/// One file.
#[derive(Debug)]
pub struct ManifestFile {
    name: String,
    text: String,
    lines: Vec<Range<usize>>,
    notes: Vec<Note>,
}

/// A comment to Surgetank: `# surgetank: allow ST001`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The line on which it stands.
    pub(crate) line: u32,
    /// The line that it is about: its own, or the next if it has a line for itself.
    pub(crate) about: u32,
    /// Column of the text, from 1.
    pub(crate) column: u32,
    /// What it says, without `# surgetank:`.
    pub(crate) text: String,
}

/// One object of the cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manifest<'n> {
    pub(crate) file: &'n str,
    pub(crate) kind: &'n str,
    /// `default` where none is stated; empty for what has none, such as a ClusterWorkflowTemplate.
    pub(crate) namespace: &'n str,
    pub(crate) name: &'n str,
    pub(crate) root: &'n Node,
}

/// Kinds that belong to no namespace.
const CLUSTER_WIDE: [&str; 1] = ["ClusterWorkflowTemplate"];

impl Manifests {
    /// Reads files, given by name and text. What is not readable is in [`Manifests::problems`].
    #[must_use]
    pub fn read(files: &[(&str, &str)]) -> Self {
        let mut all = Self {
            files: Vec::with_capacity(files.len()),
            documents: Vec::new(),
            problems: Diagnostics::new(),
        };
        for (index, (name, text)) in files.iter().enumerate() {
            all.read_file(index, name, text);
            // The lines of a file that is too large are not looked at either.
            let text = if text.len() > yaml::FILE_BYTES_MAX { "" } else { text };
            all.files.push(ManifestFile::new(name, text));
        }
        all
    }

    fn read_file(&mut self, index: usize, name: &str, text: &str) {
        if text.len() <= yaml::FILE_BYTES_MAX
            && let Some(problem) = templated::helm(name, text)
        {
            return self.problems.push(problem);
        }
        let documents = yaml::documents(name, text);
        let is_yaml = documents.iter().all(Result::is_ok);
        if !is_yaml && let Some(problem) = templated::helm_perhaps(name, text) {
            return self.problems.push(problem);
        }
        for document in documents {
            match document {
                Ok(root) if templated::is_kustomization(name, &root) => {
                    self.problems.push(templated::kustomization(name, &root));
                }
                Ok(root) => self.documents.push((index, root)),
                Err(error) => self.problems.push(*error),
            }
        }
    }

    /// Adds a text that is no manifest, so that its lines can be shown.
    #[must_use]
    pub fn with_text(mut self, name: &str, text: &str) -> Self {
        self.files.push(ManifestFile::new(name, text));
        self
    }

    /// Every document that is not YAML or has to be rendered first; and, as warnings, what only tells how
    /// others are put together.
    #[must_use]
    pub fn problems(&self) -> &Diagnostics {
        &self.problems
    }

    /// The files, in the order in which they were given.
    #[must_use]
    pub fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// The file of that name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The documents with the names of their files.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.documents.iter().map(|(file, root)| (self.files[*file].name.as_str(), root))
    }

    /// All objects, those of lists too, whatever their kind.
    pub(crate) fn objects(&self) -> Vec<Manifest<'_>> {
        let mut all = Vec::new();
        for (file, root) in self.documents() {
            gather(file, root, &mut all);
        }
        all
    }
}

impl Manifest<'_> {
    /// `Sensor/orders`, with its namespace if that is not `default`.
    pub(crate) fn title(&self) -> String {
        match self.namespace {
            "" | "default" => format!("{}/{}", self.kind, self.name),
            namespace => format!("{}/{namespace}/{}", self.kind, self.name),
        }
    }
}

/// The objects of a document; lists are opened.
fn gather<'n>(file: &'n str, root: &'n Node, all: &mut Vec<Manifest<'n>>) {
    let kind = root.text("kind").unwrap_or_default();
    if kind == "List" || (kind.ends_with("List") && root.get("items").is_some()) {
        return root.list("items").iter().for_each(|item| gather(file, item, all));
    }
    let metadata = root.get("metadata");
    let text = |field: &str| metadata.and_then(|it| it.text(field));
    let name = text("name").or_else(|| text("generateName")).unwrap_or("unnamed");
    let namespace = match text("namespace") {
        _ if CLUSTER_WIDE.contains(&kind) => "",
        Some(namespace) => namespace,
        None => "default",
    };
    all.push(Manifest { file, kind, namespace, name, root });
}

impl ManifestFile {
    fn new(name: &str, text: &str) -> Self {
        let mut at = 0;
        let lines: Vec<Range<usize>> = text
            .split_inclusive('\n')
            .map(|line| {
                let begin = at;
                at += line.len();
                begin..begin + line.trim_end_matches(['\n', '\r']).len()
            })
            .collect();
        let (name, text) = (name.to_owned(), text.to_owned());
        let mut file = Self { name, text, lines, notes: Vec::new() };
        file.notes = file.find_notes();
        file
    }

    /// Its name, as given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of that number, from 1, without its end; empty beyond the last.
    #[must_use]
    pub fn line(&self, number: u32) -> &str {
        let range = (number as usize).checked_sub(1).and_then(|index| self.lines.get(index));
        range.map_or("", |range| &self.text[range.clone()])
    }

    /// How many lines it has.
    #[must_use]
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.lines.len()).unwrap_or(u32::MAX)
    }

    /// The comments to Surgetank, in order.
    pub(crate) fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn find_notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        // Backwards, so that the next line with content is known at each.
        let mut content = None;
        for number in (1..=self.line_count()).rev() {
            let line = self.line(number);
            let next = content;
            if is_content(line) {
                content = Some(number);
            }
            let Some((before, text)) = split_note(line) else { continue };
            let alone = before.trim().is_empty();
            let about = if alone { next.unwrap_or(number) } else { number };
            let column = line.len() - text.len();
            let column = u32::try_from(line[..column].chars().count()).unwrap_or(u32::MAX - 1) + 1;
            notes.push(Note { line: number, about, column, text: text.trim_end().to_owned() });
        }
        notes.reverse();
        notes
    }
}

/// Whether a line is neither empty, nor a comment, nor the line between two documents.
fn is_content(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with('#') && text != "---"
}

/// What stands before a comment to Surgetank, and what it says.
fn split_note(line: &str) -> Option<(&str, &str)> {
    let (at, _) = line.match_indices('#').find(|&(at, _)| {
        let is_comment = at == 0 || line[..at].ends_with([' ', '\t']);
        is_comment && line[at + 1..].trim_start().starts_with("surgetank:")
    })?;
    let said = line[at + 1..].trim_start().strip_prefix("surgetank:")?;
    Some((&line[..at], said.trim_start()))
}

impl Diagnostics {
    /// The diagnostics for people, each with the line of its file.
    #[must_use]
    pub fn render_in(&self, manifests: &Manifests, color: crate::diagnostic::Color) -> String {
        let mut said = String::new();
        let mut push = |some: Vec<Diagnostic>, text: &str| {
            let some: Self = some.into_iter().collect();
            said.push_str(&some.render(text, color));
        };
        for file in manifests.files() {
            let of_file = |it: &&Diagnostic| {
                it.location.as_ref().is_some_and(|location| location.file == file.name)
            };
            push(self.iter().filter(of_file).cloned().collect(), file.text());
        }
        push(self.iter().filter(|it| it.location.is_none()).cloned().collect(), "");
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_about_their_line_or_the_next_with_content() {
        let text =
            "a: 1 # surgetank: allow ST001\n# surgetank: rate 5/s\n\n# other\nb: x#surgetank: no\n";
        let manifests = Manifests::read(&[("f.yaml", text)]);
        let notes = manifests.files()[0].notes();
        let said: Vec<_> =
            notes.iter().map(|it| (it.line, it.about, it.column, it.text.as_str())).collect();
        assert_eq!(said, [(1, 1, 19, "allow ST001"), (2, 5, 14, "rate 5/s")]);
    }

    #[test]
    fn objects_have_namespaces_and_lists_are_opened() {
        let text = "kind: List\nitems:\n- kind: Sensor\n  metadata: {name: a}\n- {kind: ClusterWorkflowTemplate, \
                    metadata: {name: b, namespace: c}}\n---\nkind: Sensor\nmetadata: {generateName: d-, namespace: e}\n";
        let manifests = Manifests::read(&[("f.yaml", text)]);
        let found: Vec<_> =
            manifests.objects().iter().map(|it| (it.kind, it.namespace, it.name)).collect();
        let expected = [
            ("Sensor", "default", "a"),
            ("ClusterWorkflowTemplate", "", "b"),
            ("Sensor", "e", "d-"),
        ];
        assert_eq!(found, expected);
    }
}
