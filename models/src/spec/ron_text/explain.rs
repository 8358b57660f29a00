//! Errors of `serde` and `ron` in the words of the house.

use ron::Error;

use super::scan::shown_text;
use super::tracked::Culprit;
use super::tree::{NodeId, Shape, Span, SpanIndex, Tree};
use crate::diagnostic::{Diagnostic, list};

/// What a visitor expects, as `serde` says it, in our words.
pub(super) fn in_our_words(expected: &str) -> String {
    let bits = expected.strip_prefix(['u', 'i']).and_then(|bits| bits.parse::<u32>().ok());
    if let Some(bits @ 8..=128) = bits {
        let is_signed = expected.starts_with('i');
        return match (is_signed, bits) {
            (false, 64..) => "a whole number, not negative".to_owned(),
            (true, 64..) => "a whole number".to_owned(),
            (false, bits) => format!("a whole number from 0 to {}", u64::MAX >> (64 - bits)),
            (true, bits) => {
                let most = i64::MAX >> (64 - bits);
                format!("a whole number from {} to {most}", -most - 1)
            }
        };
    }
    match expected {
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list `[...]`".to_owned(),
        "a map" => "a map `{...}`".to_owned(),
        "a character" => "a character in single quotes".to_owned(),
        other => other.to_owned(),
    }
}

/// What an enum expects; `wanted` tells more if it has a short form.
pub(super) fn variants(wanted: &str, name: &str, variants: &[&str]) -> String {
    let names = list(variants).unwrap_or_else(|| format!("`{name}`"));
    if wanted.starts_with("enum ") { names } else { format!("{wanted} or {names}") }
}

/// What a struct expects.
pub(super) fn fields(names: &[&str]) -> String {
    const SHOWN_MAX: usize = 3;
    let mut shown: Vec<String> =
        names.iter().take(SHOWN_MAX).map(|name| format!("{name}: ...")).collect();
    if names.len() > SHOWN_MAX {
        shown.push("...".to_owned());
    }
    format!("fields by name: `({})`", shown.join(", "))
}

/// A value as messages name it.
pub(super) fn found(index: &SpanIndex, id: NodeId) -> String {
    let node = index.tree.node(id);
    let text = shown_text(&index.text[node.span.range()]);
    match node.shape {
        Shape::Parens => match index.name_text(id) {
            Some(name) => format!("`{name}(...)`"),
            None => "`(...)`".to_owned(),
        },
        Shape::List => "a list `[...]`".to_owned(),
        Shape::Map => "a map `{...}`".to_owned(),
        Shape::String => format!("the string `{text}`"),
        Shape::Number => format!("the number `{text}`"),
        Shape::Char | Shape::Invalid => format!("`{text}`"),
        Shape::Name => format!("the name `{text}`"),
    }
}

/// The diagnostic for an error at a value.
pub(super) fn diagnose(index: &SpanIndex, culprit: &Culprit, error: &Error) -> Diagnostic {
    let id = culprit.node;
    match error {
        Error::NoSuchStructField { expected, found, outer } => {
            let message = format!("unknown field `{found}`{}", of(outer));
            let mut diagnostic = at_key(index, id, message);
            diagnostic.code("unknown-field").nearest(found, expected);
            if expected.is_empty() {
                diagnostic.hint("there are no fields here");
            }
            diagnostic
        }
        Error::DuplicateStructField { field, outer } => {
            let message = format!("duplicate field `{field}`{}", of(outer));
            let mut diagnostic = at_key(index, id, message);
            diagnostic.code("duplicate-field").hint("remove one of the two");
            diagnostic
        }
        Error::MissingStructField { field, outer } => {
            let mut diagnostic = at(index, id, format!("missing field `{field}`{}", of(outer)));
            diagnostic.code("missing-field").hint(format!("add `{field}: ...`"));
            diagnostic
        }
        Error::NoSuchEnumVariant { expected, found, outer } => {
            let message = format!("unknown variant `{found}`{}", of(outer));
            let mut diagnostic = at(index, id, message);
            let node = index.tree.node(id);
            if node.shape == Shape::Parens {
                let name = Span { start: node.span.start, end: node.name_end };
                diagnostic.at(Some(index.location(name)));
            }
            diagnostic.code("unknown-variant").nearest(found, expected);
            diagnostic
        }
        Error::ExpectedDifferentStructName { expected, found } => {
            let mut diagnostic = at(index, id, format!("expected `{expected}`, found `{found}`"));
            diagnostic.code("wrong-type").nearest(found, &[expected]);
            diagnostic.hint(format!("write `{expected}(...)` or just `(...)`"));
            diagnostic
        }
        _ => wrong_type(index, culprit, error),
    }
}

fn of(outer: &Option<String>) -> String {
    outer.as_ref().map_or_else(String::new, |outer| format!(" in `{outer}`"))
}

fn at(index: &SpanIndex, id: NodeId, message: String) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(index.path(id), message);
    diagnostic.at(Some(index.location(index.head(id))));
    diagnostic
}

fn at_key(index: &SpanIndex, id: NodeId, message: String) -> Diagnostic {
    let mut diagnostic = at(index, id, message);
    if let Some(key) = index.tree.node(id).key {
        diagnostic.at(Some(index.location(key)));
    }
    diagnostic
}

fn wrong_type(index: &SpanIndex, culprit: &Culprit, error: &Error) -> Diagnostic {
    let id = culprit.node;
    let wanted = match (error, &culprit.wanted) {
        (Error::Message(message), _) if !is_ours(message) => {
            let mut diagnostic = at(index, id, message.clone());
            diagnostic.code("wrong-value");
            return diagnostic;
        }
        (
            Error::InvalidEscape(_)
            | Error::FloatUnderscore
            | Error::UnderscoreAtBeginning
            | Error::InvalidIntegerDigit { .. },
            _,
        ) => {
            let mut diagnostic = at(index, id, decapitalized(&error.to_string()));
            diagnostic.code("syntax");
            return diagnostic;
        }
        (Error::InvalidValueForType { expected, .. }, None) => in_our_words(expected),
        (_, Some(wanted)) => wanted.clone(),
        (other, None) => {
            let mut diagnostic = at(index, id, decapitalized(&other.to_string()));
            diagnostic.code("syntax");
            return diagnostic;
        }
    };
    let mut diagnostic = at(index, id, format!("expected {wanted}, found {}", found(index, id)));
    diagnostic.code("wrong-type");
    if let Some(hint) = hint(index, id, &wanted) {
        diagnostic.hint(hint);
    }
    diagnostic
}

/// Whether the message stands for "it does not fit": the tracker's own, and `ron`'s of enums.
fn is_ours(message: &str) -> bool {
    message == super::tracked::UNFIT
}

/// How the value would have to be written, where a habit from another format shows.
fn hint(index: &SpanIndex, id: NodeId, wanted: &str) -> Option<String> {
    let node = index.tree.node(id);
    let text = shown_text(&index.text[node.span.range()]);
    let unquoted = text.trim_matches('"');
    let wants = |what: &str| wanted.contains(what);
    match node.shape {
        Shape::Number if wants("in quotes") => {
            Some("write the number with its unit in quotes".to_owned())
        }
        Shape::Name | Shape::Number if wants("string") || wants("in quotes") => {
            Some(format!("write `\"{text}\"`"))
        }
        Shape::String if wants(&format!("`{unquoted}`")) => {
            Some(format!("write `{unquoted}` without quotes"))
        }
        Shape::String if wants("number") && unquoted.parse::<f64>().is_ok() => {
            Some(format!("write `{unquoted}` without quotes"))
        }
        Shape::Map if wants("fields by name") => {
            Some("fields are written in parentheses, names without quotes".to_owned())
        }
        Shape::Parens if wants("a list") => Some("lists are written in brackets".to_owned()),
        Shape::List if wants("in parentheses") || wants("fields by name") => {
            Some("brackets are for lists of any length".to_owned())
        }
        _ if wants("a list") => Some(format!("a list of one is written `[{text}]`")),
        _ => None,
    }
}

/// `ron` begins its messages with a capital.
fn decapitalized(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

/// A diagnostic for an error that belongs to no value: of `ron`, after the scan.
pub(super) fn unplaced(index: &SpanIndex, error: &ron::error::SpannedError) -> Diagnostic {
    let byte = index.byte_at(error.span.end.line, error.span.end.col);
    let end = index.text[byte..].chars().next().map_or(byte, |c| byte + c.len_utf8());
    let mut diagnostic = Diagnostic::error("", decapitalized(&error.code.to_string()));
    diagnostic.code("syntax").at(Some(index.location(Span::new(byte, end))));
    diagnostic
}

/// The second field of the struct at `id` that is called `name`.
pub(super) fn second_named(index: &SpanIndex, id: NodeId, name: &str) -> Option<NodeId> {
    let tree: &Tree = &index.tree;
    tree.children(id).filter(|&child| index.key_text(child) == Some(name)).nth(1)
}
