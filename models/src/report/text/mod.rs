//! A report as text, on one screen: verdict first, then stages, signals, ledger, and how to get it again.

pub mod number;
mod paint;
mod readings;
mod signals;
mod spark;
mod table;

use paint::{Paint, Tone, columns, plain, wrap};

pub use readings::render_readings;

use super::assumed::{Assumed, Tried};
use super::verdict::Mood;
use super::{Figure, Report};
use crate::diagnostic::Color;

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the screen; below 60 lines are as long as they must be.
    pub width: usize,
    /// With ANSI colors or without.
    pub color: Color,
    /// Which signs may be used.
    pub glyphs: Glyphs,
}

/// Which signs a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Blocks, arrows and the like.
    Unicode,
    /// Nothing beyond ASCII, except in names of the model.
    Ascii,
}

/// So many attempts an event are worth a line.
const AMPLIFIED: f64 = 1.05;
/// What a model says of itself gets so many lines.
const ABOUT_LINES: usize = 2;
/// So many assumptions are listed.
const ASSUMED: usize = 8;
/// So many losses, and places of events in flight, are listed.
const PLACES: usize = 4;

/// The report as text; ends with a newline.
#[must_use]
pub fn render(report: &Report, style: Style) -> String {
    let paint = Paint::new(style);
    let mut lines = Vec::new();
    head(report, &paint, &mut lines);
    verdict(report, &paint, &mut lines);
    table::stages(report, &paint, &mut lines);
    signals::signals(report, &paint, &mut lines);
    ledger(report, &paint, &mut lines);
    assumed(report, &paint, &mut lines);
    again(report, &paint, &mut lines);
    finish(&lines, style)
}

/// Lines as a text, in signs that the style allows.
fn finish(lines: &[String], style: Style) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    match style.glyphs {
        Glyphs::Unicode => text,
        Glyphs::Ascii => {
            // In the table the longer sign takes one of the spaces before it.
            let text = text.replace("  ±", " +-").replace('±', "+-");
            text.replace('µ', "u").replace('…', "..").replace('·', "|")
        }
    }
}

fn head(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let provenance = &report.provenance;
    let horizon = number::duration(provenance.horizon_s);
    let replications = match provenance.replications {
        1 => String::new(),
        many => format!(", {many} replications, 95 % intervals"),
    };
    let right = format!("{horizon} simulated{replications}");
    let reading = provenance.reading.iter().map(|reading| format!(", {reading}"));
    let name = plain(&provenance.model) + &reading.collect::<String>();
    let space = paint.width().saturating_sub(columns(&name) + columns(&right));
    let name = paint.tone(Tone::Strong, &name);
    lines.push(format!("{name}{}{}", " ".repeat(space.max(2)), paint.tone(Tone::Dim, &right)));
    if !provenance.about.is_empty() {
        let about = provenance.about.split_whitespace().collect::<Vec<_>>().join(" ");
        let about = wrap(&plain(&about), paint.width());
        lines.extend(about.iter().take(ABOUT_LINES).map(|line| paint.tone(Tone::Dim, line)));
    }
}

fn verdict(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    lines.push(String::new());
    for sentence in &report.verdict.sentences {
        let (mark, tone) = match sentence.mood {
            Mood::Good => (paint.sign("✓", "+"), Tone::Good),
            Mood::Warn => (paint.sign("!", "!"), Tone::Warn),
            Mood::Bad => (paint.sign("✗", "x"), Tone::Bad),
        };
        for (at, line) in wrap(&plain(&sentence.text), paint.width() - 4).into_iter().enumerate() {
            let mark = if at == 0 { paint.tone(tone, mark) } else { " ".to_owned() };
            lines.push(format!("  {mark} {line}"));
        }
    }
}

fn ledger(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let ledger = &report.ledger;
    lines.push(String::new());
    lines.push(paint.heading("Ledger"));
    let terms = [
        (&ledger.completed, "completed", true),
        (&ledger.dropped, "lost", true),
        (&ledger.filtered, "filtered", false),
        (&ledger.dead_lettered, "dead-lettered", false),
        (&ledger.stored, "stored", false),
        (&ledger.in_flight, "in flight", true),
    ];
    let figures: Vec<f64> = terms.iter().map(|(figure, ..)| figure.value).collect();
    let whole = rounded(ledger.offered.value, &figures);
    let shown: Vec<String> = terms
        .iter()
        .zip(&whole)
        .filter(|((.., always), value)| *always || **value > 0.0)
        .map(|((figure, name, _), value)| {
            format!("{}{} {name}", number::count(*value), plus_minus(figure, number::count))
        })
        .collect();
    let offered = number::count(ledger.offered.value.round());
    let sum = format!(
        "{offered}{} offered = {}",
        plus_minus(&ledger.offered, number::count),
        shown.join(" + ")
    );
    indented("  ", &sum, paint, lines);
    let losses = ledger.losses.iter().map(|loss| {
        let events = with_spread(&loss.events, number::count);
        let share = with_spread(&loss.share, number::share);
        format!("{events} ({share}) at `{}`: {}", loss.stage, loss.reason.words())
    });
    places("  lost:      ", losses, paint, lines);
    if report.amplification.value >= AMPLIFIED {
        let times = with_spread(&report.amplification, number::count);
        indented("  attempts:  ", &format!("{times} for each event"), paint, lines);
    }
    whereabouts(report, paint, lines);
}

/// Where those in flight are. An event that went several ways is in several places; then it is said that
/// branches are counted, which do not add up to the events.
fn whereabouts(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let ledger = &report.ledger;
    let jobs: Vec<f64> = ledger.whereabouts.iter().map(|place| place.jobs.value).collect();
    let sum: f64 = jobs.iter().sum();
    let are_events = (sum - ledger.in_flight.value).abs() < 0.5;
    let whole = rounded(if are_events { ledger.in_flight.value } else { sum }, &jobs);
    let at = ledger.whereabouts.iter().zip(whole).map(|(place, jobs)| {
        format!(
            "{}{} at `{}`",
            number::count(jobs),
            plus_minus(&place.jobs, number::count),
            place.stage
        )
    });
    if are_events {
        return places("  in flight: ", at, paint, lines);
    }
    let mut at = at;
    let branches = if sum.round() == 1.0 { "branch" } else { "branches" };
    let first = at.next().map(|it| it.replacen(" at `", &format!(" {branches} at `"), 1));
    places("  in flight: ", first.into_iter().chain(at), paint, lines);
}

fn places(
    label: &str,
    places: impl Iterator<Item = String>,
    paint: &Paint,
    lines: &mut Vec<String>,
) {
    let all: Vec<String> = places.collect();
    if all.is_empty() {
        return;
    }
    let mut shown: Vec<String> = all.iter().take(PLACES).cloned().collect();
    if all.len() > PLACES {
        shown.push(format!("and {} more places", all.len() - PLACES));
    }
    indented(label, &shown.join(", "), paint, lines);
}

/// Wrapped text behind a label, under which further lines begin.
fn indented(label: &str, text: &str, paint: &Paint, lines: &mut Vec<String>) {
    let indent = columns(label);
    for (at, line) in wrap(&plain(text), paint.width() - indent).into_iter().enumerate() {
        let label = if at == 0 { paint.tone(Tone::Dim, label) } else { " ".repeat(indent) };
        lines.push(format!("{label}{line}"));
    }
}

/// `figures` in whole numbers that add up to the whole `sum` as the figures add up to it: what rounding
/// leaves over goes to the largest.
fn rounded(sum: f64, figures: &[f64]) -> Vec<f64> {
    let mut whole: Vec<f64> = figures.iter().map(|figure| figure.round()).collect();
    let over = sum.round() - whole.iter().sum::<f64>();
    let largest = (0..whole.len()).max_by(|&a, &b| whole[a].total_cmp(&whole[b]));
    if let Some(largest) = largest {
        whole[largest] += over;
    }
    whole
}

/// ` ±12`, where the figure has an interval that does not round to nothing.
fn plus_minus(figure: &Figure, words: impl Fn(f64) -> String) -> String {
    let half = figure.half_width().map(&words).filter(|half| *half != words(0.0));
    half.map(|half| format!(" ±{half}")).unwrap_or_default()
}

/// `12 ±3`.
fn with_spread(figure: &Figure, words: impl Fn(f64) -> String) -> String {
    format!("{}{}", words(figure.value), plus_minus(figure, &words))
}

/// What the result rests on that nobody stated: what matters most first, as far as there is room.
fn assumed(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let all = &report.provenance.assumptions;
    if all.is_empty() {
        return;
    }
    lines.push(String::new());
    let known = all.iter().any(|it| it.sensitivity.is_some());
    let order = if known { "what matters most first" } else { "`--sensitivity` says what matters" };
    lines.push(format!(
        "{}{}",
        paint.heading("Assumed"),
        paint.tone(Tone::Dim, &format!("  {order}"))
    ));
    let shown = &all[..all.len().min(ASSUMED)];
    let width = |text: fn(&Assumed) -> &str| {
        shown.iter().map(|it| columns(&plain(text(it)))).max().unwrap_or(0)
    };
    let (name, value) = (width(|it| &it.parameter), width(|it| &it.value));
    for it in shown {
        let [parameter, assumed, because] =
            [&it.parameter, &it.value, &it.because].map(|text| plain(text));
        let reason = match &it.sensitivity {
            Some(found) if found.change >= 0.005 => {
                let distance = |tried: &Tried| {
                    tried.figure.map_or(f64::INFINITY, |it| (it - found.as_assumed).abs())
                };
                let other = found.tried.iter().max_by(|a, b| distance(a).total_cmp(&distance(b)));
                let with = other.map_or_else(String::new, |tried| {
                    let figure = tried.figure.map_or("no end".to_owned(), number::count);
                    format!(", {figure} with {}", plain(&tried.value))
                });
                format!("{} {}{with}", found.figure, number::count(found.as_assumed))
            }
            Some(_) => format!("hardly matters; {because}"),
            None => because,
        };
        let line = format!(
            "  {}  {}  {reason}",
            paint::left(&parameter, name),
            paint::left(&assumed, value)
        );
        lines.push(paint::cut(&line, paint.width()));
    }
    let more = all.len() - shown.len();
    if more > 0 {
        lines.push(
            paint.tone(Tone::Dim, &format!("  and {more} more: `--format json` lists them all")),
        );
    }
}

fn again(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let provenance = &report.provenance;
    lines.push(String::new());
    lines.push(paint.heading("Again"));
    lines.push(format!("  {}", plain(&provenance.command)));
    let hash: String = provenance.model_hash.chars().take(12).collect();
    let facts = format!(
        "surgetank {} · model {hash} · seed {} · fingerprint {}",
        provenance.version, provenance.seed, provenance.fingerprint,
    );
    lines.push(format!("  {}", paint.tone(Tone::Dim, &facts)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_still_adds_up() {
        for (sum, figures, expected) in [
            (10.0, vec![3.4, 3.4, 3.2], vec![4.0, 3.0, 3.0]),
            (10.0, vec![10.0, 0.0], vec![10.0, 0.0]),
            (1.0, vec![0.5, 0.5], vec![1.0, 0.0]),
        ] {
            let whole = rounded(sum, &figures);
            assert_eq!(whole.iter().sum::<f64>(), sum, "{figures:?}");
            assert_eq!(
                whole.iter().copied().fold(0.0, f64::max),
                expected.iter().copied().fold(0.0, f64::max)
            );
        }
    }
}
