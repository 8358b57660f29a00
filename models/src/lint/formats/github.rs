//! Annotations of GitHub Actions: a workflow command a line.

use super::{Checked, advice, level_of};
use crate::diagnostic::Location;
use crate::lint::Level;

/// The findings as annotations on the lines of a pull request.
///
/// Source of the form: "Workflow commands for GitHub Actions", docs.github.com.
#[must_use]
pub fn github(checked: &[Checked]) -> String {
    let mut text = String::new();
    for one in checked {
        for diagnostic in one.diagnostics.iter() {
            let message = diagnostic.message.as_str();
            let title = diagnostic.code.unwrap_or("surgetank");
            text.push_str(&command(
                level_of(diagnostic),
                diagnostic.location.as_ref(),
                title,
                message,
            ));
        }
        for finding in &one.findings {
            let title = format!("{} {}", finding.code, finding.rule().name);
            let message = format!("{} ({})", advice(finding), finding.object);
            text.push_str(&command(finding.level, finding.location.as_ref(), &title, &message));
        }
    }
    text
}

fn command(level: Level, at: Option<&Location>, title: &str, message: &str) -> String {
    let name = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = at.map_or_else(String::new, |at| {
        let end = at.column + at.length;
        let file = property(&at.file);
        format!("file={file},line={},col={},endColumn={end},", at.line, at.column)
    });
    format!("::{name} {place}title={}::{}\n", property(title), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
