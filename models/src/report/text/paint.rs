//! Colors, signs and line breaks.

use super::{Glyphs, Style};
use crate::diagnostic::Color;

/// What a piece of text means, from which follows how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Warn,
    Bad,
}

/// Applies a [`Style`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    style: Style,
}

/// Narrower screens get lines that are too long rather than nothing.
const WIDTH_MIN: usize = 60;

impl Paint {
    pub(super) fn new(style: Style) -> Self {
        Self { style }
    }

    pub(super) fn width(&self) -> usize {
        self.style.width.max(WIDTH_MIN)
    }

    pub(super) fn glyphs(&self) -> Glyphs {
        self.style.glyphs
    }

    /// The text in the colors of its tone.
    pub(super) fn tone(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Warn => "33",
            Tone::Bad => "1;31",
        };
        match self.style.color {
            Color::Never => text.to_owned(),
            Color::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    /// The title of a section.
    pub(super) fn heading(&self, text: &str) -> String {
        self.tone(Tone::Strong, text)
    }

    pub(super) fn sign(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.style.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }
}

/// Breaks text between words; a word longer than a line stays whole, and a unit with its number.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let mut word = word.to_owned();
        if word.ends_with(|last: char| last.is_ascii_digit()) {
            while let Some(unit) = words.next_if(|next| is_unit(next)) {
                word.push(' ');
                word.push_str(unit);
            }
        }
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(&word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

fn is_unit(word: &str) -> bool {
    const UNITS: [&str; 12] =
        ["d", "h", "min", "s", "ms", "µs", "ns", "%", "B", "KiB", "MiB", "GiB"];
    UNITS.contains(&word.trim_end_matches(|last: char| last.is_ascii_punctuation() && last != '%'))
}

/// The text, or as much of it as fits, with a sign that something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable x", 4), ["unbreakable", "x"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("at 3.7 s; or 12 %", 8), ["at", "3.7 s;", "or 12 %"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
