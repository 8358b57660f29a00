//! The smallest pieces: numbers, strings, characters, names, white space and comments.

use super::super::tree::{Shape, Span};
use super::{Patch, Scanner, Stop, shown_text};

impl Scanner<'_> {
    pub(super) fn number(&mut self) -> Shape {
        let start = self.at;
        self.take_while(|c| c.is_ascii_alphanumeric() || "_.+-".contains(c));
        let ends = self.peek().is_none_or(|next| self.ends_atom(next));
        let number = &self.text[start..self.at];
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit());
        if ends && (is_plain || ron::from_str::<ron::Value>(number).is_ok()) {
            return Shape::Number;
        }
        self.invalid(start)
    }

    /// Something up to the next delimiter that is no value; reported, and zero stands in for it.
    pub(super) fn invalid(&mut self, start: usize) -> Shape {
        while self.peek().is_some_and(|next| !self.ends_atom(next)) {
            self.at += self.peek().map_or(0, char::len_utf8);
        }
        let span = Span::new(start, self.at);
        let found = shown_text(&self.text[span.range()]);
        let message = format!("`{found}` is not a RON value");
        let hint = format!("text and quantities with units are written in quotes: `\"{found}\"`");
        // Too many problems stop the scan at the next bracket.
        let _ = self.report(span, message, Some(hint));
        self.patches.push(Patch { span, first: '0' });
        Shape::Invalid
    }

    pub(super) fn is_prefixed_string(&self) -> bool {
        let rest = self.rest();
        let unprefixed = rest.strip_prefix('b').unwrap_or(rest);
        let raw = unprefixed.strip_prefix('r').map(|raw| raw.trim_start_matches('#'));
        raw.unwrap_or(unprefixed).starts_with('"')
    }

    pub(super) fn string(&mut self) -> Result<Shape, Stop> {
        let start = self.at;
        let prefix = self.take_while(|c| matches!(c, 'b' | 'r'));
        let is_raw = self.text[start..start + prefix].contains('r');
        let hashes = if is_raw { self.take_while(|c| c == '#') } else { 0 };
        self.at += 1;
        let end = if is_raw {
            let terminator = format!("\"{}", "#".repeat(hashes));
            self.rest().find(&terminator).map(|end| end + terminator.len())
        } else {
            end_of_quoted(self.rest(), b'"')
        };
        match end {
            Some(end) => self.at += end,
            None => {
                let open = Span::new(start, start + prefix + hashes + 1);
                return self.stop(open, "the string is never closed", None);
            }
        }
        Ok(Shape::String)
    }

    pub(super) fn character(&mut self) -> Result<Shape, Stop> {
        let start = self.at;
        self.at += 1;
        match end_of_quoted(self.rest(), b'\'') {
            Some(end) => self.at += end,
            None => {
                let hint = Some("text is written in double quotes".to_owned());
                return self.stop(Span::new(start, start + 1), "`'` is never closed", hint);
            }
        }
        if ron::from_str::<ron::Value>(&self.text[start..self.at]).is_err() {
            let span = Span::new(start, self.at);
            let inner = shown_text(&self.text[start + 1..self.at - 1]);
            let hint = format!("text is written in double quotes: `\"{inner}\"`");
            self.report(span, "single quotes hold one character", Some(hint))?;
            self.patches.push(Patch { span, first: '0' });
            return Ok(Shape::Invalid);
        }
        Ok(Shape::Char)
    }

    /// White space and comments.
    pub(super) fn space(&mut self) -> Result<(), Stop> {
        loop {
            self.take_while(is_white_space);
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Block comments nest.
    pub(super) fn block_comment(&mut self) -> Result<(), Stop> {
        let open = Span::new(self.at, self.at + 2);
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        while self.at + 1 < bytes.len() {
            match &bytes[self.at..self.at + 2] {
                b"/*" => depth += 1,
                b"*/" => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return Ok(());
            }
        }
        self.stop(open, "the comment is never closed", None)
    }

    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        length
    }

    /// Whether a name or number may end before `next`, the character at hand.
    pub(super) fn ends_atom(&self, next: char) -> bool {
        let is_comment = || self.rest().starts_with("//") || self.rest().starts_with("/*");
        is_delimiter(next) || is_white_space(next) || is_comment()
    }

    pub(super) fn one_character(&self) -> Span {
        Span::new(self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }
}

/// Where a quoted text ends, behind the quote. Single quotes end on their line.
pub(super) fn end_of_quoted(text: &str, quote: u8) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        if byte == b'\n' && quote == b'\'' {
            return None;
        }
        if byte == quote && !escaped {
            return Some(index + 1);
        }
        escaped = byte == b'\\' && !escaped;
    }
    None
}

pub(super) fn is_delimiter(c: char) -> bool {
    ",:;=()[]{}\"".contains(c)
}

/// `ron`'s white space (ron 0.12, `is_whitespace_char`).
pub(super) fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r' | '\u{85}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

pub(super) fn is_name_part(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

pub(super) fn is_raw_name_part(c: char) -> bool {
    is_name_part(c) || ".+-".contains(c)
}
