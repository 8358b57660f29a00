//! Colors, signs and line breaks.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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
        } else if columns(line) + 1 + columns(&word) <= width {
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

/// The columns that the text takes on a screen: two for each sign of Chinese, none for an accent.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// The text, filled up with spaces to so many columns.
pub(super) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The same with the spaces before it.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text, or as much of it as fits, with a sign that something is missing.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut room = width.saturating_sub(1);
    for sign in text.chars() {
        let Some(rest) = room.checked_sub(sign.width().unwrap_or(0)) else { break };
        room = rest;
        kept.push(sign);
    }
    kept.push('…');
    kept
}

/// Control characters as a programmer writes them (`\n`, `\u{1b}`): a terminal would obey them.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    for sign in text.chars() {
        if sign.is_control() {
            plain.extend(sign.escape_default());
        } else {
            plain.push(sign);
        }
    }
    plain
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

    /// An ideograph takes two columns, a combining accent none.
    #[test]
    fn columns_are_those_of_a_screen() {
        for (text, width) in [("abc", 3), ("注文", 4), ("e\u{301}", 1), ("", 0)] {
            assert_eq!(columns(text), width, "{text}");
            assert_eq!(columns(&left(text, 6)), 6, "{text}");
            assert_eq!(columns(&right(text, 6)), 6, "{text}");
        }
        assert_eq!(cut("注文注文", 6), "注文…");
        assert_eq!(cut("注文注文", 5), "注文…");
        assert_eq!(wrap("注文 注文", 8), ["注文", "注文"]);
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(plain("a\u{1b}[2J\nb é"), "a\\u{1b}[2J\\nb é");
    }
}
