//! `surgetank explain`: the long story of a finding.

use models::diagnostic::{Color, nearest};
use models::lint::{Level, RULES, Rule, rule};

use crate::args::{Arguments, ExplainArguments};
use crate::output::{Failure, print, style};

pub(super) fn execute(arguments: &Arguments, explain: &ExplainArguments) -> Result<(), Failure> {
    let code = explain.code.as_str();
    let Some(rule) = rule(code) else {
        let names: Vec<&str> = RULES.iter().flat_map(|rule| [rule.code, rule.name]).collect();
        let meant = nearest(code, &names).map(|near| format!("; did you mean `{near}`?"));
        return Err(Failure::bad_input(format!(
            "there is no rule `{code}`: `surgetank list lints` lists them{}",
            meant.unwrap_or_default()
        )));
    };
    let style = style(arguments);
    print(&text(rule, style.width, style.color))
}

fn text(rule: &Rule, width: usize, color: Color) -> String {
    let strong = |text: &str| match color {
        Color::Always => format!("\u{1b}[1m{text}\u{1b}[0m"),
        Color::Never => text.to_owned(),
    };
    let level = match rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    let mut text = format!("{} {} ({level})\n", strong(rule.code), strong(rule.name));
    text.push_str(&wrapped(rule.title, width));
    text.push('\n');
    for paragraph in rule.story.split("\n\n") {
        text.push_str(&wrapped(paragraph, width));
        text.push('\n');
    }
    text.push_str(&format!("{} {}\n", strong("Since:"), rule.since));
    for link in rule.links {
        text.push_str(&format!("{} {link}\n", strong("From:")));
    }
    text.push_str(&format!("{} # surgetank: allow {}\n", strong("To allow it:"), rule.code));
    text
}

/// The paragraph in lines of at most so many columns; lines of code (indented ones) stay as they are.
fn wrapped(paragraph: &str, width: usize) -> String {
    if paragraph.starts_with("    ") {
        return format!("{paragraph}\n");
    }
    let mut text = String::new();
    let mut line = String::new();
    for word in paragraph.split_whitespace() {
        let longer = line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && longer > width {
            text.push_str(&line);
            text.push('\n');
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
    text
}
