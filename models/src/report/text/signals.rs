//! The four signals over time.

use super::paint::{Paint, Tone, wrap};
use super::spark::{axis, sparkline};
use super::{Report, number};
use crate::report::signals::{Signal, SignalKind};

/// Columns of a sparkline on a screen of 100.
const COLUMNS: usize = 40;

pub(super) fn signals(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    if report.signals.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(paint.heading("Signals"));
    let labels: Vec<String> = report.signals.iter().map(label).collect();
    let ranges: Vec<String> = report.signals.iter().map(range).collect();
    let longest = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or(0);
    let (label_width, range_width) = (longest(&labels), longest(&ranges));
    let columns = COLUMNS.min(paint.width().saturating_sub(label_width + range_width + 6)).max(10);
    for ((signal, label), range) in report.signals.iter().zip(&labels).zip(&ranges) {
        let tone = if signal.warning.is_some() { Tone::Warn } else { Tone::Good };
        let spark = paint.tone(tone, &sparkline(&signal.course, columns, signal.max, paint.glyphs()));
        let fill = " ".repeat(label_width - label.chars().count());
        lines.push(format!("  {label}{fill}  {spark}  {range}"));
        let indent = label_width + 4;
        let warnings = signal.warning.iter();
        for line in warnings.flat_map(|warning| wrap(&format!("! {warning}"), paint.width() - indent)) {
            lines.push(format!("{}{}", " ".repeat(indent), paint.tone(Tone::Warn, &line)));
        }
    }
    lines.push(time_line(report, paint, label_width, columns));
}

fn label(signal: &Signal) -> String {
    let name = match signal.signal {
        SignalKind::BusDepth => "bus depth",
        SignalKind::SensorLatency => "sensor latency p99",
        SignalKind::Pending if signal.unit == "events" && signal.limit.is_some() => "waiting",
        SignalKind::Pending => "pending",
        SignalKind::EventAge => "event age p99",
    };
    if signal.component.is_empty() {
        return name.to_owned();
    }
    format!("{name}, {}", super::paint::cut(&signal.component, 20))
}

fn range(signal: &Signal) -> String {
    let value = |value: f64| match signal.unit.as_str() {
        "s" => number::duration(value),
        _ => number::count(value),
    };
    let limit = signal.limit.map(|limit| format!(", limit {}", value(limit))).unwrap_or_default();
    format!("{} to {}{limit}", value(signal.min), value(signal.max))
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
