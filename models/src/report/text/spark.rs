//! Sparklines: a course over time in one line.

use super::Glyphs;

/// Eight levels each.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', '-', ':', '=', '+', '*', '#'];

/// The course in `columns` characters from 0 to `top`; each shows the highest of its values, and is
/// blank where there is none.
pub(super) fn sparkline(
    course: &[Option<f64>],
    columns: usize,
    top: f64,
    glyphs: Glyphs,
) -> String {
    let levels = match glyphs {
        Glyphs::Unicode => BLOCKS,
        Glyphs::Ascii => ASCII,
    };
    let column = |column: usize| {
        let values = &course[slice(course.len(), columns, column)];
        let highest = values.iter().copied().flatten().reduce(f64::max);
        highest.map_or(' ', |value| levels[level(value, top)])
    };
    (0..columns).map(column).collect()
}

fn level(value: f64, top: f64) -> usize {
    if value <= 0.0 || top <= 0.0 {
        return 0;
    }
    let eighths = (value / top * 7.0).round();
    (eighths as usize).min(7)
}

/// The windows that a column shows: at least one, if there is one.
fn slice(windows: usize, columns: usize, column: usize) -> std::ops::Range<usize> {
    if windows == 0 {
        return 0..0;
    }
    let from = (column * windows / columns).min(windows - 1);
    from..((column + 1) * windows / columns).clamp(from + 1, windows)
}

/// A time line of `columns` characters on which the span from `start` to `end` (shares of the whole)
/// is heavy.
pub(super) fn axis(columns: usize, span: Option<(f64, f64)>, glyphs: Glyphs) -> String {
    let (thin, heavy) = match glyphs {
        Glyphs::Unicode => ('╌', '━'),
        Glyphs::Ascii => ('.', '='),
    };
    let column = |column: usize| {
        let from = column as f64 / columns as f64;
        let until = (column + 1) as f64 / columns as f64;
        match span {
            Some((start, end)) if from < end && start < until => heavy,
            _ => thin,
        }
    };
    (0..columns).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_from_zero_to_the_top() {
        let course: Vec<Option<f64>> = (0..8).map(|value| Some(f64::from(value))).collect();
        assert_eq!(sparkline(&course, 8, 7.0, Glyphs::Unicode), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&course, 8, 7.0, Glyphs::Ascii), "_.-:=+*#");
        assert_eq!(sparkline(&course, 4, 7.0, Glyphs::Unicode), "▂▄▆█");
    }

    #[test]
    fn gaps_short_courses_and_flat_ones() {
        let course = [Some(1.0), None, Some(0.0)];
        assert_eq!(sparkline(&course, 3, 1.0, Glyphs::Unicode), "█ ▁");
        assert_eq!(sparkline(&course, 6, 1.0, Glyphs::Unicode), "██  ▁▁");
        assert_eq!(sparkline(&[], 3, 1.0, Glyphs::Unicode), "   ");
        assert_eq!(sparkline(&[Some(0.0)], 2, 0.0, Glyphs::Unicode), "▁▁");
    }

    #[test]
    fn the_storm_on_the_time_line() {
        assert_eq!(axis(8, Some((0.25, 0.5)), Glyphs::Unicode), "╌╌━━╌╌╌╌");
        assert_eq!(axis(4, Some((0.26, 0.27)), Glyphs::Ascii), ".=..");
        assert_eq!(axis(3, None, Glyphs::Ascii), "...");
    }
}
