//! Text for people, in rustc's style.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use super::{Checked, advice, counts};
use crate::diagnostic::Color;
use crate::lint::{Finding, Level};
use crate::manifest::files::Manifests;

/// What was found, for people: problems of the input, then errors and warnings with the line underlined,
/// what to do and the patch, then notes, a line each, then how many there are.
#[must_use]
pub fn text(checked: &[Checked], color: Color) -> String {
    let mut parts: Vec<String> = Vec::new();
    for one in checked {
        parts.push(one.diagnostics.render_in(&one.manifests, color));
        let full = one.findings.iter().filter(|finding| finding.level != Level::Note);
        parts.extend(full.map(|finding| in_full(finding, &one.manifests, color)));
        let notes = one.findings.iter().filter(|finding| finding.level == Level::Note);
        parts.push(notes.map(note).collect());
    }
    parts.retain(|part| !part.is_empty());
    parts.push(summary(checked));
    parts.join("\n")
}

fn summary(checked: &[Checked]) -> String {
    let counts = counts(checked);
    let word = |level: Level, word: &str| {
        let count = counts.get(&level).copied().unwrap_or(0);
        format!("{count} {word}{}", if count == 1 { "" } else { "s" })
    };
    let inputs: usize = checked.iter().map(|one| one.inputs).sum();
    let files = if inputs == 1 { "file" } else { "files" };
    let found = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")]
        .map(|(level, name)| word(level, name))
        .join(", ");
    let code = checked.iter().flat_map(|one| &one.findings).map(|finding| finding.code).next();
    let more = code.map(|code| format!("; `surgetank explain {code}` tells the whole story"));
    let lacks_load = checked.iter().any(|one| one.lacks_load);
    let load = if lacks_load {
        "no limit was held against a load: give `--storm`, or comments such as `# surgetank: rate 20/s`\n"
    } else {
        ""
    };
    format!("{inputs} {files}: {found}{}\n{load}", more.unwrap_or_default())
}

fn note(finding: &Finding) -> String {
    let place = finding.location.as_ref().map_or_else(String::new, |at| format!("{at}: "));
    format!("note[{}]: {place}{} ({})\n", finding.code, advice(finding), finding.object)
}

/// A finding with its line underlined, what to do and the patch; ends with a newline.
pub(crate) fn in_full(finding: &Finding, manifests: &Manifests, color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut text = renderer.render(&[group(finding, manifests)]);
    text.push('\n');
    if let Some(fix) = &finding.fix {
        text.push_str(&format!("   = fix: {}\n", fix.title));
        for line in fix.patch(manifests).lines() {
            text.push_str(&format!("     {line}\n"));
        }
    }
    text
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
