//! The table of stages.
//!
//! A row counts in the unit that stands in it. Columns in which nothing happened are left out; those for
//! which there is no room are named below the table, never dropped in silence.

use super::number;
use super::paint::{Paint, Tone, columns, cut, left, plain, right, wrap};
use crate::report::stages::Stage;
use crate::report::{Figure, Report};

/// The longest name of a stage that is printed whole.
const NAME_WIDTH: usize = 26;
/// And on a narrow screen.
const NAME_WIDTH_NARROW: usize = 16;
/// A screen with fewer columns is narrow.
const NARROW: usize = 80;
/// Triggers with longer names stand below a row of their sensor.
const TRIGGER_WIDTH: usize = 16;
/// Servers that are busy for a larger share of the time are a bottleneck.
const BUSY: f64 = 0.95;

/// A column: its title, what it says of a stage, and when it is there.
struct Column {
    title: &'static str,
    cell: fn(&Stage) -> Cell,
    /// How readily it is given up on a narrow screen; 0: never.
    dispensable: u8,
    /// Whether it is left out when there is nothing in it.
    when_empty: Empty,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Shown,
    Hidden,
}

/// What stands in a cell: a value, what it counts, and half of its interval's length.
struct Cell {
    text: String,
    unit: &'static str,
    spread: String,
    tone: Tone,
}

impl Cell {
    fn none() -> Self {
        Self { text: "-".to_owned(), unit: "", spread: String::new(), tone: Tone::Dim }
    }

    fn figure(figure: &Figure, words: impl Fn(f64) -> String) -> Self {
        let half = figure.half_width().filter(|&half| half > 0.0);
        // One that rounds to nothing is not worth a line.
        let half = half.map(&words).filter(|half| *half != words(0.0));
        let spread = half.map(|half| format!("±{half}")).unwrap_or_default();
        Self { text: words(figure.value), unit: "", spread, tone: Tone::Plain }
    }

    fn count(figure: &Figure) -> Self {
        Self::figure(figure, number::count)
    }

    fn time(figure: &Figure) -> Self {
        Self::figure(figure, number::short_duration)
    }

    fn of_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    fn bad_if_any(figure: &Figure) -> Self {
        let tone = if figure.value > 0.0 { Tone::Bad } else { Tone::Plain };
        Self::count(figure).toned(tone)
    }

    fn of<T>(value: Option<T>, cell: impl Fn(T) -> Self) -> Self {
        value.map_or_else(Self::none, cell)
    }

    fn says_nothing(&self) -> bool {
        matches!(self.text.as_str(), "-" | "0" | "0s")
    }

    fn width(&self) -> usize {
        columns(&self.text).max(columns(&self.spread))
    }
}

const fn column(title: &'static str, cell: fn(&Stage) -> Cell, dispensable: u8) -> Column {
    Column { title, cell, dispensable, when_empty: Empty::Hidden }
}

const COLUMNS: &[Column] = &[
    Column {
        title: "offered",
        cell: |s| Cell::count(&s.offered).of_unit(unit(s)),
        dispensable: 0,
        when_empty: Empty::Shown,
    },
    column("refused", |s| Cell::count(&s.refused), 2),
    column("turned out", |s| Cell::of(s.turned_out.as_ref(), Cell::count), 2),
    column("failed", |s| Cell::count(&s.failed), 2),
    column("again", |s| Cell::count(&s.retried), 2),
    Column {
        title: "done",
        cell: |s| Cell::of(s.completed.as_ref(), |it| Cell::count(it).of_unit(done(s))),
        dispensable: 3,
        when_empty: Empty::Shown,
    },
    Column {
        title: "lost",
        cell: |s| Cell::bad_if_any(&s.lost),
        dispensable: 0,
        when_empty: Empty::Shown,
    },
    column("mean", |s| Cell::of(s.level.as_ref(), |level| Cell::count(&level.mean)), 7),
    Column { title: "max", cell: depth_max, dispensable: 0, when_empty: Empty::Shown },
    column(
        "limit",
        |s| {
            let limit = s.level.as_ref().and_then(|level| level.limit);
            Cell::of(limit, |limit| Cell::count(&Figure::exactly(limit)))
        },
        4,
    ),
    column("p50", |s| Cell::of(s.wait.as_ref(), |wait| Cell::time(&wait.p50_s)), 6),
    Column {
        title: "p99",
        cell: |s| Cell::of(s.wait.as_ref(), |wait| Cell::time(&wait.p99_s)),
        dispensable: 0,
        when_empty: Empty::Shown,
    },
    column("busy", busy, 5),
];

/// The unit of the row, if it is one that a report of this version has.
fn unit(stage: &Stage) -> &'static str {
    const UNITS: [&str; 5] = ["events", "messages", "actions", "calls", "workflows"];
    UNITS.into_iter().find(|unit| *unit == stage.unit).unwrap_or("")
}

/// What was done, in a word.
fn done(stage: &Stage) -> &'static str {
    match stage.kind.as_str() {
        "EventBus" => "sent",
        "Trigger" => "fired",
        "Store" => "back",
        _ => "done",
    }
}

fn depth_max(stage: &Stage) -> Cell {
    Cell::of(stage.level.as_ref(), |level| {
        let full = level.limit.is_some_and(|limit| level.max.value >= limit);
        Cell::count(&level.max).toned(if full { Tone::Bad } else { Tone::Plain })
    })
}

fn busy(stage: &Stage) -> Cell {
    Cell::of(stage.utilization.as_ref(), |busy| {
        let tone = if busy.value >= BUSY { Tone::Warn } else { Tone::Plain };
        Cell::figure(busy, |share| number::share(share).replace(' ', "")).toned(tone)
    })
}

/// A row: its name, and the stage unless it is only the heading of those below.
struct Row<'a> {
    name: String,
    stage: Option<&'a Stage>,
}

/// A sensor without limits of its own has nothing to show: its triggers have, and it is their heading
/// where their names are long.
fn rows(report: &Report, longest: usize) -> Vec<Row<'_>> {
    let is_idle = |stage: &Stage| stage.kind == "Sensor" && stage.offered.value == 0.0;
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut heading: Option<&str> = None;
    for (at, stage) in report.stages.iter().enumerate() {
        let prefix = |name: &str| format!("{name}/");
        let mut name = plain(&stage.name);
        if stage.kind == "Sensor" {
            let triggers = report.stages[at + 1..].iter();
            let mut triggers = triggers.take_while(|it| it.name.starts_with(&prefix(&stage.name)));
            let is_heading = triggers.any(|trigger| columns(&trigger.name) > TRIGGER_WIDTH);
            heading = Some(stage.name.as_str()).filter(|_| is_heading);
            if is_heading || !is_idle(stage) {
                let stage = Some(stage).filter(|stage| !is_idle(stage));
                rows.push(Row { name: cut(&name, longest), stage });
            }
            continue;
        }
        let own = heading.and_then(|sensor| stage.name.strip_prefix(&prefix(sensor)));
        if let Some(own) = own {
            name = format!("  /{}", plain(own));
        }
        rows.push(Row { name: cut(&name, longest), stage: Some(stage) });
    }
    rows
}

/// A column with its cells: `None` in rows that are headings.
struct Filled {
    column: &'static Column,
    cells: Vec<Option<Cell>>,
    width: usize,
    unit_width: usize,
}

impl Filled {
    fn new(column: &'static Column, rows: &[Row<'_>]) -> Self {
        let cells: Vec<Option<Cell>> =
            rows.iter().map(|row| row.stage.map(|stage| (column.cell)(stage))).collect();
        let there = || cells.iter().flatten();
        let widest = there().map(Cell::width).max().unwrap_or(0);
        let unit_width = there().map(|cell| columns(cell.unit)).max().unwrap_or(0);
        Self { column, width: widest.max(columns(column.title)), unit_width, cells }
    }

    fn says_nothing(&self) -> bool {
        self.cells.iter().flatten().all(Cell::says_nothing)
    }

    /// With the two spaces before it and the unit after it, of which the next column takes one as its own.
    fn whole_width(&self) -> usize {
        2 + self.width + self.unit_width
    }

    fn piece(&self, value: &str, unit: &str, tone: Tone, paint: &Paint) -> String {
        let value = paint.tone(tone, &right(value, self.width));
        if self.unit_width == 0 {
            return value;
        }
        format!("{value} {}", paint.tone(Tone::Dim, &left(unit, self.unit_width)))
    }
}

/// One piece for each column, with two spaces before it; after a unit one is enough.
fn joined(filled: &[Filled], piece: impl Fn(&Filled) -> String) -> String {
    let mut space = "  ";
    let mut joined = String::new();
    for column in filled {
        joined.push_str(space);
        joined.push_str(&piece(column));
        space = if column.unit_width == 0 { "  " } else { " " };
    }
    joined
}

pub(super) fn stages(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    let longest = if paint.width() < NARROW { NAME_WIDTH_NARROW } else { NAME_WIDTH };
    let rows = rows(report, longest);
    let name_width = rows.iter().map(|row| columns(&row.name)).max().unwrap_or(0).max(5);
    let all = COLUMNS.iter().map(|column| Filled::new(column, &rows));
    let mut filled: Vec<Filled> =
        all.filter(|it| it.column.when_empty == Empty::Shown || !it.says_nothing()).collect();
    let needed = width(name_width, &filled);
    let hidden = make_room(name_width, paint.width(), &mut filled);
    lines.push(String::new());
    let titles = joined(&filled, |it| it.piece(it.column.title, "", Tone::Dim, paint));
    let fill = " ".repeat(name_width - 4);
    lines.push(format!("{}{fill}{}", paint.heading("Stages"), titles.trim_end()));
    for (at, row) in rows.iter().enumerate() {
        let name = left(&row.name, name_width);
        match row.stage {
            Some(_) => line(&name, at, &filled, paint, lines),
            None => lines.push(format!("  {}", row.name)),
        }
    }
    legend(report, &filled, &hidden, needed, paint, lines);
}

fn line(name: &str, at: usize, filled: &[Filled], paint: &Paint, lines: &mut Vec<String>) {
    let cells = joined(filled, |column| {
        let cell = &column.cells[at];
        cell.as_ref().map_or_else(String::new, |it| column.piece(&it.text, it.unit, it.tone, paint))
    });
    lines.push(format!("  {name}{}", cells.trim_end()));
    let spread = |column: &Filled| column.cells[at].as_ref().map_or("", |it| &it.spread).to_owned();
    if filled.iter().any(|column| !spread(column).is_empty()) {
        let spreads = joined(filled, |column| column.piece(&spread(column), "", Tone::Dim, paint));
        lines.push(format!("  {}{}", " ".repeat(columns(name)), spreads.trim_end()));
    }
}

fn width(name_width: usize, filled: &[Filled]) -> usize {
    2 + name_width + filled.iter().map(Filled::whole_width).sum::<usize>()
}

/// Takes out columns until the rest fits; gives their titles, in their order.
fn make_room(name_width: usize, room: usize, filled: &mut Vec<Filled>) -> Vec<&'static str> {
    let mut hidden: Vec<&'static str> = Vec::new();
    while width(name_width, filled) > room {
        let Some(at) = (0..filled.len())
            .filter(|&at| filled[at].column.dispensable > 0)
            .max_by_key(|&at| filled[at].column.dispensable)
        else {
            break;
        };
        hidden.push(filled.remove(at).column.title);
    }
    hidden.sort_by_key(|title| COLUMNS.iter().position(|column| column.title == *title));
    hidden
}

/// What the columns count, and which of them there was no room for.
fn legend(
    report: &Report,
    filled: &[Filled],
    hidden: &[&str],
    needed: usize,
    paint: &Paint,
    lines: &mut Vec<String>,
) {
    let shown = |titles: &[&str]| {
        let titles = titles.iter().filter(|&it| filled.iter().any(|f| f.column.title == *it));
        titles.copied().collect::<Vec<_>>().join(", ")
    };
    let mut words = format!(
        "Each attempt counts; lost counts events; {}: waiting at once; {}: for how long.",
        shown(&["mean", "max", "limit"]),
        shown(&["p50", "p99"]),
    );
    if report.provenance.replications > 1 {
        words.push_str(" ±: half of the 95 % interval, where it does not round to nothing.");
    }
    if !hidden.is_empty() {
        words.push_str(&format!(" No room for {} (`--width {needed}`).", hidden.join(", ")));
    }
    for line in wrap(&words, paint.width() - 2) {
        lines.push(format!("  {}", paint.tone(Tone::Dim, &line)));
    }
}
