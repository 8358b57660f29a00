//! YAML as it is written: a tree with comments, in block style.
//!
//! Strict about quotes: whatever some YAML of some age takes for anything but a string is quoted where a string
//! is wanted (`"10"`, `"y"`, `"1e3"`, `"012"`), so that what is written is what is read.

use std::fmt::Write as _;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Yaml {
    /// A string.
    Text(String),
    /// A number, a boolean: as it stands.
    Plain(String),
    /// Lines of text after `|`; not empty, and none begins with a blank.
    Block(Vec<String>),
    /// A list.
    List(Vec<Item>),
    /// A map.
    Map(Map),
}

/// A value with the comments before it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) comments: Vec<String>,
    pub(super) value: Yaml,
}

/// A map in the order in which it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Map {
    fields: Vec<(String, Item)>,
    /// Comments before the next field.
    pending: Vec<String>,
}

impl Map {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub(super) fn put(&mut self, name: &str, value: impl Into<Yaml>) -> &mut Self {
        let item = Item { comments: std::mem::take(&mut self.pending), value: value.into() };
        self.fields.push((name.to_owned(), item));
        self
    }

    /// Adds a field if there is something to put there.
    pub(super) fn put_some<V: Into<Yaml>>(&mut self, name: &str, value: Option<V>) -> &mut Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    /// Adds a comment before the next field.
    pub(super) fn comment(&mut self, text: impl Into<String>) -> &mut Self {
        self.pending.push(text.into());
        self
    }

    /// Adds comments before its first field.
    pub(super) fn comment_first(&mut self, say: impl FnOnce(&mut Self)) {
        let mut said = Self::new();
        say(&mut said);
        if let Some((_, first)) = self.fields.first_mut() {
            first.comments.append(&mut said.pending);
        }
    }

    /// The field of that name.
    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Item> {
        self.fields.iter_mut().find(|(field, _)| field == name).map(|(_, item)| item)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The map as a document, without the line that begins it.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, indent: usize) {
        for (index, (name, item)) in self.fields.iter().enumerate() {
            // The first field of an item stands behind its dash, with its comments before that.
            let stands = index == 0 && !out.is_empty() && !out.ends_with('\n');
            if !stands {
                write_comments(out, &item.comments, indent);
                pad(out, indent);
            }
            let _ = write!(out, "{}:", text(name));
            item.value.write_behind(out, indent);
        }
    }

    /// The comments before its first field.
    fn first_comments(&self) -> &[String] {
        self.fields.first().map_or(&[], |(_, item)| &item.comments)
    }
}

impl Item {
    pub(super) fn new(value: impl Into<Yaml>) -> Self {
        Self { comments: Vec::new(), value: value.into() }
    }
}

impl Yaml {
    /// A list of these.
    pub(super) fn list<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Item::new).collect())
    }

    /// Writes it behind the name of a field, of a map that is indented so far, or behind a dash.
    fn write_behind(&self, out: &mut String, indent: usize) {
        match self {
            Self::Text(value) => {
                let _ = writeln!(out, " {}", text(value));
            }
            Self::Plain(value) => {
                let _ = writeln!(out, " {value}");
            }
            Self::Block(lines) => {
                out.push_str(" |\n");
                for line in lines {
                    pad(out, indent + 2);
                    let _ = writeln!(out, "{line}");
                }
            }
            Self::Map(map) if map.is_empty() => out.push_str(" {}\n"),
            Self::Map(map) => {
                out.push('\n');
                map.write(out, indent + 2);
            }
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::List(items) => {
                out.push('\n');
                for item in items {
                    item.write(out, indent + 2);
                }
            }
        }
    }
}

impl Item {
    fn write(&self, out: &mut String, indent: usize) {
        write_comments(out, &self.comments, indent);
        if let Yaml::Map(map) = &self.value {
            write_comments(out, map.first_comments(), indent);
        }
        pad(out, indent);
        out.push('-');
        match &self.value {
            Yaml::Map(map) if !map.is_empty() => {
                out.push(' ');
                map.write(out, indent + 2);
            }
            // A list within a list begins behind the dash as well.
            Yaml::List(items) if !items.is_empty() => {
                let mut within = String::new();
                items.iter().for_each(|item| item.write(&mut within, indent + 2));
                let is_bare = within.trim_start().starts_with('-');
                if is_bare {
                    out.push(' ');
                    out.push_str(within.trim_start());
                } else {
                    out.push('\n');
                    out.push_str(&within);
                }
            }
            other => other.write_behind(out, indent),
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_comments(out: &mut String, comments: &[String], indent: usize) {
    for line in comments.iter().flat_map(|comment| comment.lines()) {
        pad(out, indent);
        let _ = writeln!(out, "# {line}");
    }
}

/// Words that some YAML takes for a boolean or for nothing.
const WORDS: [&str; 13] =
    ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "nil", "none", "nan", "inf"];

/// A string, in quotes unless nobody takes it for anything else.
pub(super) fn text(value: &str) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            ' '..='~' => quoted.push(c),
            // What everybody can print; the marks of lines and bytes among it cannot be seen.
            c if c.is_alphanumeric() => quoted.push(c),
            c if u32::from(c) <= 0xFFFF => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

fn is_plain(value: &str) -> bool {
    let Some(first) = value.chars().next() else { return false };
    if is_time(value) {
        return true;
    }
    let starts = first.is_ascii_alphabetic() || first == '/' || first == '_';
    let within = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c));
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(value));
    starts && within && !is_word && !value.ends_with(':')
}

/// `30s`, `1h30m`: a number to nobody.
fn is_time(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit())
        && value.ends_with(['s', 'm', 'h'])
        && value.chars().all(|c| c.is_ascii_digit() || "hmsnu".contains(c))
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl From<$type> for Yaml {
            fn from(value: $type) -> Self {
                Self::Plain(value.to_string())
            }
        })*
    };
}

plain!(bool, u16, u32, u64, i32, f64);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(document: &str) -> serde_json::Value {
        serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error}\n{document}"))
    }

    /// The tree as it must be read.
    fn meant(yaml: &Yaml) -> serde_json::Value {
        match yaml {
            Yaml::Text(text) => text.clone().into(),
            Yaml::Plain(text) => serde_json::from_str(text).unwrap(),
            Yaml::Block(lines) => (lines.join("\n") + "\n").into(),
            Yaml::List(items) => items.iter().map(|item| meant(&item.value)).collect(),
            Yaml::Map(map) => {
                let fields =
                    map.fields.iter().map(|(name, item)| (name.clone(), meant(&item.value)));
                serde_json::Value::Object(fields.collect())
            }
        }
    }

    fn tree() -> impl Strategy<Value = Yaml> {
        let odd = prop::sample::select(vec![
            "",
            "10",
            "y",
            "Yes",
            "true",
            "null",
            "~",
            "1e3",
            "012",
            "0x1F",
            "1_000",
            "12:30",
            ".5",
            "-",
            "- a",
            "a: b",
            "a #b",
            "#",
            "{",
            "[x]",
            "*a",
            "&a",
            "!t",
            "%",
            "@",
            "`",
            "'",
            "a:",
            "|",
            ">",
            "2026-11-24",
            " a",
            "a ",
            "NaN",
            ".inf",
            "\u{feff}",
            "\u{2028}x",
            "a\tb",
            "=",
            "<<",
            "?",
            "? a",
            "30s",
            "1h30m",
            "...",
            "---",
            "no",
            "Off",
            "1.10",
        ]);
        let text = prop_oneof![any::<String>(), "[ -~]{0,12}", odd.prop_map(str::to_owned),];
        let leaf = prop_oneof![
            text.clone().prop_map(Yaml::Text),
            any::<u32>().prop_map(Yaml::from),
            any::<bool>().prop_map(Yaml::from),
            prop::collection::vec("[a-z][ -~]{0,9}[a-z]", 1..3).prop_map(Yaml::Block),
        ];
        leaf.prop_recursive(4, 40, 4, move |inner| {
            let item = (prop::collection::vec("[ -~]{0,8}", 0..2), inner)
                .prop_map(|(comments, value)| Item { comments, value });
            let map =
                prop::collection::btree_map(text.clone(), item.clone(), 0..4).prop_map(|fields| {
                    let pending = Vec::new();
                    Yaml::Map(Map { fields: fields.into_iter().collect(), pending })
                });
            prop_oneof![prop::collection::vec(item, 0..4).prop_map(Yaml::List), map]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in tree()) {
            let mut root = Map::new();
            root.put("root", value.clone());
            let document = root.document();
            prop_assert_eq!(&read(&document)["root"], &meant(&value), "{}", document);
        }
    }

    #[test]
    fn what_looks_like_something_else_is_quoted() {
        let cases = [
            ("orders", "orders"),
            ("http://api/x", "http://api/x"),
            ("30s", "30s"),
            ("10", "\"10\""),
            ("Y", "\"Y\""),
            ("null", "\"null\""),
            ("1e3", "\"1e3\""),
            ("012", "\"012\""),
            ("a: b", "\"a: b\""),
            ("\"\\", "\"\\\"\\\\\""),
            ("", "\"\""),
        ];
        for (value, written) in cases {
            assert_eq!(text(value), written);
        }
    }
}
