//! Sources of manifests that are none yet: templates of Helm, and the list of a Kustomization. Both are
//! recognized, and told with the command that makes manifests of them.
//!
//! Argo's own placeholders stand in braces too: `{{workflow.name}}`, `{{inputs.parameters.x}}`, `{{item}}`,
//! `{{=expr}}` in workflows, and Go templates over `.Input` in sensors. None of these is Helm's.

use std::path::{Component, Path, PathBuf};

use super::yaml::Node;
use crate::diagnostic::{Diagnostic, Location};

/// What only Helm's templates read.
const OBJECTS: [&str; 7] =
    [".Values", ".Release", ".Chart", ".Capabilities", ".Files", ".Template", ".Subcharts"];

/// What only Helm's templates call, with a name in quotes.
const CALLS: [&str; 3] = ["include", "define", "template"];

/// What begins a directive in any Go template.
const WORDS: [&str; 14] = [
    "if", "else", "end", "range", "with", "block", "toYaml", "tpl", "lookup", "required",
    "default", "printf", "and", "or",
];

/// The problem with a file that is surely a Helm template.
pub(super) fn helm(file: &str, text: &str) -> Option<Diagnostic> {
    directive(file, text, is_of_helm)
}

/// The problem with a file that is no YAML, if Go's templates are the reason.
pub(super) fn helm_perhaps(file: &str, text: &str) -> Option<Diagnostic> {
    directive(file, text, |inside| is_of_helm(inside) || is_of_go(inside))
}

/// The problem, at the first directive in braces for which that holds.
fn directive(file: &str, text: &str, holds: impl Fn(&str) -> bool) -> Option<Diagnostic> {
    // Most files have no braces at all.
    text.find("{{")?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim_start().starts_with('#'));
    lines.into_iter().find_map(|(line, number)| {
        let (at, length) = braces(line)
            .find_map(|(at, inside)| holds(inside).then(|| (at, inside.chars().count() + 4)))?;
        let column = line[..at].chars().count() + 1;
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Some(rendered_first(Location {
            file: file.to_owned(),
            line: number,
            column: small(column),
            length: small(length),
        }))
    })
}

/// What stands between braces on a line, with the byte at which each begins.
fn braces(line: &str) -> impl Iterator<Item = (usize, &str)> {
    line.match_indices("{{").map(|(at, _)| {
        let rest = &line[at + 2..];
        (at, rest.find("}}").map_or(rest, |end| &rest[..end]))
    })
}

fn is_of_helm(inside: &str) -> bool {
    let inside = inside.trim_start_matches('-').trim_start();
    // Braces within braces: how Helm writes the braces of others.
    let is_escaped = inside.starts_with("\"{{") || inside.starts_with("`{{");
    let reads = |object: &str| {
        inside.match_indices(object).any(|(at, _)| {
            let before = inside[..at].chars().next_back();
            let after = inside[at + object.len()..].chars().next();
            let is_begin = before.is_none_or(|c| !c.is_alphanumeric() && !"_)]".contains(c));
            is_begin && after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    };
    let calls = |name: &str| {
        let rest = inside.strip_prefix(name).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('"'))
    };
    is_escaped || OBJECTS.iter().any(|it| reads(it)) || CALLS.iter().any(|it| calls(it))
}

/// Whether it is a directive of a Go template, whoever runs it.
fn is_of_go(inside: &str) -> bool {
    let is_trimmed = inside.starts_with("- ");
    let inside = inside.trim_start_matches('-').trim_start();
    let word: String = inside.chars().take_while(char::is_ascii_alphabetic).collect();
    is_trimmed || inside.starts_with(['.', '$']) || inside.starts_with("/*") || {
        let rest = &inside[word.len()..];
        WORDS.contains(&word.as_str()) && (rest.is_empty() || rest.starts_with([' ', '-']))
    }
}

fn rendered_first(at: Location) -> Diagnostic {
    let mut chart = shell_word(&chart_of(Path::new(&at.file)));
    if chart.is_empty() {
        chart = "CHART".to_owned();
    }
    let mut diagnostic = Diagnostic::error("", "this is a Helm template: render it first");
    diagnostic
        .code("helm-template")
        .hint(format!("`helm template RELEASE {chart} | surgetank check -`"))
        .at(Some(at));
    diagnostic
}

/// The folder of the chart: that around `templates`.
fn chart_of(file: &Path) -> PathBuf {
    let templates = file.ancestors().skip(1).find(|folder| folder.ends_with("templates"));
    let chart = templates.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
    if templates.is_some() && chart.as_os_str().is_empty() { PathBuf::from(".") } else { chart }
}

/// Names of the file in which a Kustomization stands.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a document is the list of a Kustomization.
pub(super) fn is_kustomization(file: &str, root: &Node) -> bool {
    let kind = root.find("kind").and_then(Node::scalar);
    let is_named = Path::new(file).file_name().and_then(|name| name.to_str());
    match kind {
        Some(kind) => kind == "Kustomization" || kind == "Component" && is_named_so(is_named),
        None => is_named_so(is_named),
    }
}

fn is_named_so(name: Option<&str>) -> bool {
    name.is_some_and(|name| KUSTOMIZATIONS.contains(&name))
}

/// What is told of a Kustomization: the manifests that it changes may be among the files as they were.
pub(super) fn kustomization(file: &str, root: &Node) -> Diagnostic {
    let folder = Path::new(file).parent().map(Path::to_path_buf).unwrap_or_default();
    let is_here = !folder.components().any(|it| it != Component::CurDir);
    let folder = if is_here { ".".to_owned() } else { shell_word(&folder) };
    let message = "this is a Kustomization: what it changes in other files is not in them yet";
    let mut diagnostic = Diagnostic::warning("", message);
    diagnostic
        .code("kustomization")
        .hint(format!("`kustomize build {folder} | surgetank check -`"))
        .at(Some(root.location(file)));
    diagnostic
}

/// A path as a word of a shell.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%\\".contains(c);
    if text.chars().all(is_plain) { text.into_owned() } else { format!("'{text}'") }
}
