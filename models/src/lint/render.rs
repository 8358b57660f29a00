//! Findings for people and for programs.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use super::{Finding, Level};
use crate::diagnostic::Color;
use crate::manifest::files::Manifests;

/// The findings for people: the line of the file with the place underlined, what to do, and the patch.
/// Ends with a newline unless there is none.
#[must_use]
pub fn render(findings: &[Finding], manifests: &Manifests, color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let each = findings.iter().map(|finding| {
        let mut text = renderer.render(&[group(finding, manifests)]);
        text.push('\n');
        if let Some(fix) = &finding.fix {
            text.push_str(&format!("   = fix: {}\n", fix.title));
            for line in fix.patch(manifests).lines() {
                text.push_str(&format!("     {line}\n"));
            }
        }
        text
    });
    each.collect::<Vec<String>>().join("\n")
}

fn group<'a>(finding: &'a Finding, manifests: &'a Manifests) -> Group<'a> {
    let level = match finding.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Note => Shown::NOTE,
    };
    let mut group =
        Group::with_title(level.primary_title(finding.message.as_str()).id(finding.code));
    group = match &finding.location {
        None => group.element(Shown::NOTE.message(format!("in `{}`", finding.object))),
        Some(at) => {
            let line = manifests.file(&at.file).map_or("", |file| file.line(at.line));
            let byte_of = |column: u32| {
                line.char_indices().nth(column as usize).map_or(line.len(), |(byte, _)| byte)
            };
            let span = byte_of(at.column - 1)..byte_of(at.column - 1 + at.length);
            group.element(
                Snippet::source(line)
                    .path(at.file.as_str())
                    .line_start(at.line as usize)
                    .annotation(AnnotationKind::Primary.span(span).label(finding.object.as_str())),
            )
        }
    };
    if let Some(help) = &finding.help {
        group = group.element(Shown::HELP.message(help.as_str()));
    }
    group
}
