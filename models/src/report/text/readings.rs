//! The comparison of two readings, a row for each key figure.

use super::paint::{Paint, Tone, columns, cut, left, plain, wrap};
use super::{Style, finish, number, with_spread};
use crate::report::readings::{KeyFigure, KeyName, Readings, Value, key_figures};

const HEADING: &str = "Readings";
const INTENDED: &str = "what you intended";
const DEPLOYED: &str = "what is deployed";
/// The spaces in a row, and the mark between the two.
const SPACES: usize = 9;

/// The key figures of both readings side by side; ends with a newline.
#[must_use]
pub fn render_readings(readings: &Readings, style: Style) -> String {
    let paint = Paint::new(style);
    let figures = key_figures(&readings.intended, &readings.deployed);
    let label_width = figures.iter().map(|figure| columns(label(figure.name))).max().unwrap_or(0);
    let room = paint.width().saturating_sub(label_width + SPACES);
    let cells = |value: fn(&KeyFigure) -> &Value, room: usize| -> Vec<String> {
        figures.iter().map(|it| cut(&plain(&words(it, value(it))), room)).collect()
    };
    let intended = cells(|figure| &figure.intended, room / 2);
    let widest = intended.iter().map(|it| columns(it)).max().unwrap_or(0).max(columns(INTENDED));
    let deployed = cells(|figure| &figure.deployed, room.saturating_sub(widest));
    let head = format!(
        "{}  {}     {DEPLOYED}",
        " ".repeat((label_width + 2).saturating_sub(HEADING.len())),
        left(INTENDED, widest),
    );
    let mut lines = vec![format!("{}{}", paint.heading(HEADING), paint.tone(Tone::Dim, &head))];
    for ((figure, intended), deployed) in figures.iter().zip(&intended).zip(&deployed) {
        let mark = match figure.intended == figure.deployed {
            true => "=".to_owned(),
            false => paint.tone(Tone::Warn, paint.sign("≠", "!")),
        };
        lines.push(format!(
            "  {}  {}  {mark}  {deployed}",
            left(label(figure.name), label_width),
            left(intended, widest),
        ));
    }
    let same = "  Both readings come to the same.";
    if readings.differences.is_empty() {
        lines.push(paint.tone(Tone::Dim, same));
    }
    if !readings.parameters.is_empty() {
        lines.push(String::new());
        lines.push(paint.heading("Why"));
        for difference in &readings.parameters {
            let findings = difference.findings.iter().map(|code| format!(" {code}"));
            let findings: String = findings.collect();
            let text = format!("{}: {}", plain(&difference.parameter), plain(&difference.sentence));
            lines.extend(wrap(&text, paint.width() - 4).into_iter().enumerate().map(
                |(at, line)| {
                    if at == 0 { format!("  {line}") } else { format!("    {line}") }
                },
            ));
            if let Some(place) = &difference.place {
                let place = format!("    {}{findings}", plain(place));
                lines.push(paint.tone(Tone::Dim, &cut(&place, paint.width())));
            }
        }
    }
    finish(&lines, style)
}

fn label(name: KeyName) -> &'static str {
    match name {
        KeyName::FirstLimit => "first limit reached",
        KeyName::FirstLimitAt => "  at",
        KeyName::Lost => "events lost",
        KeyName::FirstLossAt => "  the first at",
        KeyName::AgeP50 => "event age, median",
        KeyName::AgeP99 => "event age, p99",
        KeyName::Recovery => "recovery after the storm",
        KeyName::WorkflowsCompleted => "workflows completed",
        KeyName::InFlight => "events still under way",
    }
}

fn words(key: &KeyFigure, value: &Value) -> String {
    match (value, key.name) {
        (Value::Words(words), _) => words.clone(),
        (Value::None, KeyName::FirstLimit) => "none".to_owned(),
        (Value::None, KeyName::Recovery) => "not within the horizon".to_owned(),
        (Value::None, _) => "-".to_owned(),
        (Value::Figure(figure), _) => match key.unit.as_deref() {
            Some("s") => with_spread(figure, number::duration),
            _ => with_spread(figure, number::count),
        },
    }
}
