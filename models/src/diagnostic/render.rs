//! Diagnostics for people: the line of the text with the place underlined, as rustc does it.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Location, Severity};

/// Whether rendered text carries terminal colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Plain text: for files, pipes and `NO_COLOR`.
    Never,
    /// With ANSI escape codes.
    Always,
}

/// Longer lines are not shown: they are no help, and cost time.
const LINE_BYTES_MAX: usize = 4096;

impl Diagnostics {
    /// The diagnostics for people, in rustc's style. `source` is the text they are about; a
    /// location that is not in it is named without being shown. Ends with a newline unless there
    /// is nothing to say.
    #[must_use]
    pub fn render(&self, source: &str, color: Color) -> String {
        let renderer = match color {
            Color::Never => Renderer::plain(),
            Color::Always => Renderer::styled(),
        };
        let lines: Vec<&str> = source.split('\n').collect();
        let mut text = String::new();
        for (index, diagnostic) in self.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(&renderer.render(&[group(diagnostic, &lines)]));
            text.push('\n');
        }
        text
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, lines: &[&'a str]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut title = level.primary_title(diagnostic.message.as_str());
    if let Some(code) = diagnostic.code {
        title = title.id(code);
    }
    let mut group = Group::with_title(title);
    if let Some(location) = &diagnostic.location {
        group = match shown(location, lines) {
            Some((line, span)) => group.element(snippet(location, line, span)),
            None => group.element(origin(location)),
        };
    }
    if !diagnostic.path.is_empty() {
        group = group.element(Level::NOTE.message(format!("in `{}`", diagnostic.path)));
    }
    if let Some(expected) = &diagnostic.expected {
        group = group.element(Level::NOTE.message(format!("expected {expected}")));
    }
    if let Some(advice) = diagnostic.advice() {
        group = group.element(Level::HELP.message(advice));
    }
    group
}

fn snippet<'a>(
    location: &'a Location,
    line: &'a str,
    span: Range<usize>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    Snippet::source(line)
        .path(location.file.as_str())
        .line_start(location.line as usize)
        .annotation(AnnotationKind::Primary.span(span))
}

fn origin(location: &Location) -> Origin<'_> {
    Origin::path(location.file.as_str())
        .line(location.line as usize)
        .char_column(location.column as usize)
}

/// The line of the location and the bytes within it, if the text has them and the line is short.
fn shown<'a>(location: &Location, lines: &[&'a str]) -> Option<(&'a str, Range<usize>)> {
    let line = *lines.get((location.line as usize).checked_sub(1)?)?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.len() > LINE_BYTES_MAX {
        return None;
    }
    let first = (location.column as usize).checked_sub(1)?;
    let byte_of =
        |character: usize| line.char_indices().nth(character).map_or(line.len(), |(byte, _)| byte);
    Some((line, byte_of(first)..byte_of(first + location.length as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown_field() -> Diagnostics {
        let mut diagnostic = Diagnostic::error("bus.max_byte", "unknown field `max_byte` in `Bus`");
        let file = "model.ron".to_owned();
        diagnostic
            .code("unknown-field")
            .nearest("max_byte", &["max_bytes", "max_age"])
            .at(Some(Location { file, line: 2, column: 6, length: 8 }));
        Diagnostics::from(diagnostic)
    }

    #[test]
    fn line_with_the_place_underlined() {
        let text = unknown_field().render("(\n  µ: max_byte: 1,\n)", Color::Never);
        insta::assert_snapshot!(text, @r"
        error[unknown-field]: unknown field `max_byte` in `Bus`
         --> model.ron:2:6
          |
        2 |   µ: max_byte: 1,
          |      ^^^^^^^^
          |
          = note: in `bus.max_byte`
          = note: expected one of `max_bytes`, `max_age`
          = help: did you mean `max_bytes`?
        ");
    }

    #[test]
    fn colors_only_when_asked_for() {
        let styled = unknown_field().render("(\n  a: max_byte: 1,\n)", Color::Always);
        assert!(styled.contains("\u{1b}["), "{styled}");
    }

    #[test]
    fn locations_outside_the_text_are_named() {
        let long = format!("(\n{}\n)", "x".repeat(LINE_BYTES_MAX + 1));
        for source in ["", "one line", long.as_str()] {
            let text = unknown_field().render(source, Color::Never);
            assert!(text.contains("model.ron:2:6"), "{text}");
        }
    }
}
