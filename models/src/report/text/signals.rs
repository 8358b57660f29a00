//! The four signals over time.

use super::paint::{Paint, Tone, columns, cut, plain, wrap};
use super::spark::{axis, sparkline};
use super::{Report, number};
use crate::report::signals::{Signal, SignalKind};

/// Columns of a sparkline where there is room.
const COLUMNS: usize = 48;
/// Below so many nothing can be seen.
const COLUMNS_MIN: usize = 16;
/// The longest name of a stage that is printed whole.
const NAME_WIDTH: usize = 22;

pub(super) fn signals(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    if report.signals.is_empty() {
        return;
    }
    lines.push(String::new());
    let means = match report.provenance.replications {
        0 | 1 => String::new(),
        all => format!(
            "  the mean course of {all} replications; depths: from the least to the most in any"
        ),
    };
    lines.push(format!("{}{}", paint.heading("Signals"), paint.tone(Tone::Dim, &means)));
    let ranges: Vec<String> = report.signals.iter().map(range).collect();
    let longest = ranges.iter().map(|range| columns(range)).max().unwrap_or(0);
    let labels = report.signals.iter().map(|signal| label(signal, report).len());
    let label_width = labels.max().unwrap_or(0).max("time".len());
    let room = paint.width().saturating_sub(label_width + longest + 6);
    let width = room.clamp(COLUMNS_MIN, COLUMNS);
    for (signal, range) in report.signals.iter().zip(&ranges) {
        let tone = if signal.warning.is_some() { Tone::Warn } else { Tone::Good };
        let spark = paint.tone(tone, &sparkline(&signal.course, width, signal.max, paint.glyphs()));
        lines.push(format!("  {:label_width$}  {spark}  {range}", label(signal, report)));
        let indent = label_width + 4;
        let warnings = signal.warning.iter();
        for line in
            warnings.flat_map(|warning| wrap(&format!("! {warning}"), paint.width() - indent))
        {
            lines.push(format!("{}{}", " ".repeat(indent), paint.tone(Tone::Warn, &line)));
        }
    }
    lines.push(time_line(report, paint, label_width, width));
}

fn label(signal: &Signal, report: &Report) -> &'static str {
    let stage = report.stages.iter().find(|stage| stage.name == signal.component);
    let is_workflow = stage.is_some_and(|stage| stage.kind == "Workflow");
    match signal.signal {
        SignalKind::Pending if !is_workflow => "waiting",
        SignalKind::BusDepth => "bus depth",
        SignalKind::SensorLatency => "sensor latency",
        SignalKind::Pending => "pending",
        SignalKind::EventAge => "event age",
    }
}

fn range(signal: &Signal) -> String {
    let value = |value: f64| match signal.unit.as_str() {
        "s" => number::duration(value),
        _ => number::count(value),
    };
    let limit = signal.limit.map(|limit| format!(" of {}", value(limit))).unwrap_or_default();
    let stage = match signal.component.as_str() {
        "" => String::new(),
        stage => format!(", {}", cut(&plain(stage), NAME_WIDTH)),
    };
    let quantile = if signal.unit == "s" { "p99 " } else { "" };
    format!("{quantile}{} to {}{limit}{stage}", value(signal.min), value(signal.max))
}

fn time_line(report: &Report, paint: &Paint, label_width: usize, columns: usize) -> String {
    let horizon = report.provenance.horizon_s;
    let storm = report.recovery.as_ref().map(|r| (r.storm_start_s, r.storm_end_s));
    let span = storm.map(|(start, end)| (start / horizon, end / horizon));
    let words = match storm {
        Some((start, end)) => {
            format!("storm {} to {}", number::duration(start), number::duration(end))
        }
        None => format!("0 to {}", number::duration(horizon)),
    };
    let line = format!(
        "  time{}  {}  {words}",
        " ".repeat(label_width.saturating_sub(4)),
        axis(columns, span, paint.glyphs()),
    );
    paint.tone(Tone::Dim, &line)
}
