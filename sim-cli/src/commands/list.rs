//! `surgetank list`: what models can be made of.

use models::catalog::{Family, families};
use models::diagnostic::{Color, nearest};

use crate::args::{Arguments, Format, ListArguments};
use crate::output::{Failure, print, style};

pub(super) fn execute(arguments: &Arguments, list: &ListArguments) -> Result<(), Failure> {
    let families = chosen(families(), list.family.as_deref())?;
    match list.format {
        Format::Text => print(&text(&families, style(arguments).color)),
        Format::Json => {
            let json = serde_json::to_string_pretty(&families).expect("only string keys");
            print(&(json + "\n"))
        }
    }
}

fn chosen(all: Vec<Family>, name: Option<&str>) -> Result<Vec<Family>, Failure> {
    let Some(name) = name else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|family| family.name).collect();
    if !names.contains(&name) {
        let meant = nearest(name, &names).map(|near| format!("; did you mean `{near}`?"));
        return Err(Failure::bad_input(format!(
            "there is no family `{name}`: expected one of {}{}",
            names.join(", "),
            meant.unwrap_or_default()
        )));
    }
    Ok(all.into_iter().filter(|family| family.name == name).collect())
}

fn text(families: &[Family], color: Color) -> String {
    let strong = |text: &str| match color {
        Color::Always => format!("\u{1b}[1m{text}\u{1b}[0m"),
        Color::Never => text.to_owned(),
    };
    let entries = families.iter().flat_map(|family| &family.entries);
    let width = entries.map(|entry| entry.name.chars().count()).max().unwrap_or(0);
    let mut sections = Vec::new();
    for family in families {
        let mut section = format!("{}: {}\n", strong(family.name), family.about);
        for entry in &family.entries {
            section.push_str(&format!("  {:width$}  {}\n", entry.name, entry.about));
        }
        sections.push(section);
    }
    sections.join("\n")
}
