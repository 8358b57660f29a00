//! The table of stages.

use super::number;
use super::paint::{Paint, Tone, cut};
use crate::report::stages::Stage;
use crate::report::{Figure, Report};

/// The longest name of a stage that is printed whole.
const NAME_WIDTH: usize = 26;
/// And on a narrow screen.
const NAME_WIDTH_NARROW: usize = 16;
/// A screen with fewer columns is narrow.
const NARROW: usize = 80;
/// A column so dispensable is left out when there is nothing in it.
const EMPTY_IS_HIDDEN: u8 = 9;
/// Servers that are busy for a larger share of the time are a bottleneck.
const BUSY: f64 = 0.95;

/// A column: its title, what it says of a stage, and how readily it is given up on a narrow screen
/// (0: never).
struct Column {
    title: &'static str,
    cell: fn(&Stage) -> Cell,
    dispensable: u8,
}

/// What stands in a cell: a value, and half of its interval's length.
struct Cell {
    text: String,
    spread: String,
    tone: Tone,
}

impl Cell {
    fn none() -> Self {
        Self { text: "-".to_owned(), spread: String::new(), tone: Tone::Dim }
    }

    fn figure(figure: &Figure, words: impl Fn(f64) -> String) -> Self {
        let half = figure.half_width().filter(|&half| half > 0.0);
        // One that rounds to nothing is not worth a line.
        let half = half.map(&words).filter(|half| *half != words(0.0));
        let spread = half.map(|half| format!("±{half}")).unwrap_or_default();
        Self { text: words(figure.value), spread, tone: Tone::Plain }
    }

    fn count(figure: &Figure) -> Self {
        Self::figure(figure, number::count)
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
        self.text == "-" || self.text == "0"
    }

    fn width(&self) -> usize {
        self.text.chars().count().max(self.spread.chars().count())
    }
}

const COLUMNS: &[Column] = &[
    Column { title: "offered", cell: |s| Cell::count(&s.offered), dispensable: 0 },
    Column {
        title: "admitted",
        cell: |s| Cell::of(s.admitted.as_ref(), Cell::count),
        dispensable: 8,
    },
    Column { title: "refused", cell: |s| Cell::count(&s.refused), dispensable: 2 },
    Column { title: "out", cell: |s| Cell::of(s.turned_out.as_ref(), Cell::count), dispensable: 9 },
    Column { title: "retried", cell: |s| Cell::count(&s.retried), dispensable: 9 },
    Column { title: "done", cell: |s| Cell::of(s.completed.as_ref(), Cell::count), dispensable: 4 },
    Column { title: "lost", cell: |s| Cell::bad_if_any(&s.lost), dispensable: 0 },
    Column {
        title: "depth",
        cell: |s| Cell::of(s.level.as_ref(), |level| Cell::count(&level.mean)),
        dispensable: 6,
    },
    Column { title: "max", cell: depth_max, dispensable: 0 },
    Column {
        title: "limit",
        cell: |s| {
            let limit = s.level.as_ref().and_then(|level| level.limit);
            Cell::of(limit, |limit| Cell::count(&Figure::exactly(limit)))
        },
        dispensable: 0,
    },
    Column {
        title: "wait p50",
        cell: |s| Cell::of(s.wait.as_ref(), |w| Cell::figure(&w.p50_s, number::short_duration)),
        dispensable: 7,
    },
    Column {
        title: "p99",
        cell: |s| Cell::of(s.wait.as_ref(), |w| Cell::figure(&w.p99_s, number::short_duration)),
        dispensable: 0,
    },
    Column { title: "busy", cell: busy, dispensable: 3 },
];

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

pub(super) fn stages(report: &Report, paint: &Paint, lines: &mut Vec<String>) {
    // A sensor without limits of its own has nothing to show: its triggers have.
    let idle = |stage: &&Stage| stage.kind == "Sensor" && stage.offered.value == 0.0;
    let stages: Vec<&Stage> = report.stages.iter().filter(|stage| !idle(stage)).collect();
    let longest = if paint.width() < NARROW { NAME_WIDTH_NARROW } else { NAME_WIDTH };
    let names: Vec<String> = stages.iter().map(|s| cut(&s.name, longest)).collect();
    let name_width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    let mut columns: Vec<(&Column, Vec<Cell>, usize)> =
        COLUMNS.iter().map(|column| filled(column, &stages)).collect();
    let width = |columns: &[(&Column, Vec<Cell>, usize)]| {
        2 + name_width + columns.iter().map(|(_, _, width)| 2 + width).sum::<usize>()
    };
    columns.retain(|(column, cells, _)| {
        column.dispensable < EMPTY_IS_HIDDEN || cells.iter().any(|cell| !cell.says_nothing())
    });
    while width(&columns) > paint.width() {
        let Some(at) = (0..columns.len())
            .filter(|&at| columns[at].0.dispensable > 0)
            .max_by_key(|&at| columns[at].0.dispensable)
        else {
            break;
        };
        columns.remove(at);
    }
    lines.push(String::new());
    let titles = columns.iter().map(|(column, _, width)| format!("  {:>width$}", column.title));
    let fill = " ".repeat(name_width - 4);
    let heads = titles.collect::<String>();
    lines.push(format!("{}{fill}{}", paint.heading("Stages"), paint.tone(Tone::Dim, &heads)));
    for (row, name) in names.iter().enumerate() {
        let fill = " ".repeat(name_width - name.chars().count());
        let cells = columns.iter().map(|(_, cells, width)| {
            let cell = &cells[row];
            format!("  {}", paint.tone(cell.tone, &format!("{:>width$}", cell.text)))
        });
        lines.push(format!("  {name}{fill}{}", cells.collect::<String>()));
        if columns.iter().any(|(_, cells, _)| !cells[row].spread.is_empty()) {
            let spreads =
                columns.iter().map(|(_, cells, width)| format!("  {:>width$}", cells[row].spread));
            let line = format!("  {}{}", " ".repeat(name_width), spreads.collect::<String>());
            lines.push(paint.tone(Tone::Dim, line.trim_end()));
        }
    }
}

fn filled<'a>(column: &'a Column, stages: &[&Stage]) -> (&'a Column, Vec<Cell>, usize) {
    let cells: Vec<Cell> = stages.iter().map(|stage| (column.cell)(stage)).collect();
    let widest = cells.iter().map(Cell::width).max().unwrap_or(0);
    let width = widest.max(column.title.chars().count());
    (column, cells, width)
}
