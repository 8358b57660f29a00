//! `surgetank import`: manifests as a model in RON, or what became of every field.

use models::manifest::account::{Became, Entry};
use models::manifest::{Import, Reading};

use crate::args::{Arguments, Format, ImportArguments};
use crate::input::{self, Taking};
use crate::output::directory::Existing;
use crate::output::file::write_whole;
use crate::output::{Failure, print, say};

pub(super) fn execute(_: &Arguments, import: &ImportArguments) -> Result<(), Failure> {
    let reading = import.reading.map_or(Reading::Deployed, Reading::from);
    let taking = Taking::new(reading, &import.manifests, None)?;
    let files = input::manifest_files(&import.inputs)?;
    let (manifests, read) = input::read_manifests(&files, &taking)?;
    if import.table {
        return match import.format {
            Format::Text => print(&table(&read.entries)),
            Format::Json => {
                let json = serde_json::to_string_pretty(&read.entries).expect("only string keys");
                print(&(json + "\n"))
            }
        };
    }
    say(&read.findings.render_in(&manifests, models::diagnostic::Color::Never));
    say(&summary(&read));
    let text = read.annotated_ron();
    match &import.output {
        Some(path) => {
            let existing = if import.force { Existing::Replace } else { Existing::Refuse };
            write_whole(path, &text, existing)
        }
        None => print(&text),
    }
}

/// How many fields fared how; those that nobody reads by name.
fn summary(import: &Import) -> String {
    let count =
        |is: fn(&Became) -> bool| import.entries.iter().filter(|entry| is(&entry.became)).count();
    let mut text = String::new();
    for entry in &import.entries {
        if let Became::Unknown { nearest } = &entry.became {
            let meant = nearest.as_ref().map(|it| format!(": did you mean `{it}`?"));
            text.push_str(&format!(
                "unknown: {}: `{}` of {} is no field of it{}\n",
                entry.location,
                entry.field,
                entry.object,
                meant.unwrap_or_default()
            ));
        }
    }
    text.push_str(&format!(
        "{} fields taken, {} not modeled, {} unknown (`--table` lists them); {} values assumed\n",
        count(|it| matches!(it, Became::Taken { .. })),
        count(|it| matches!(it, Became::NotModeled { .. })),
        count(|it| matches!(it, Became::Unknown { .. })),
        import.assumptions.len()
    ));
    text
}

/// A line for each field, by object.
fn table(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut last: Option<(&str, &str)> = None;
    for entry in entries {
        let of = (entry.location.file.as_str(), entry.object.as_str());
        if last != Some(of) {
            let gap = if last.is_some() { "\n" } else { "" };
            text.push_str(&format!("{gap}{}  {}\n", entry.object, entry.location.file));
            last = Some(of);
        }
        let became = match &entry.became {
            Became::Taken { parameter, value } => format!("-> {parameter} = {value}"),
            Became::NotModeled { why } => format!("not modeled: {why}"),
            Became::Unknown { nearest: Some(name) } => {
                format!("UNKNOWN: nobody reads it; did you mean `{name}`?")
            }
            Became::Unknown { nearest: None } => "UNKNOWN: nobody reads it".to_owned(),
        };
        let written = entry.written.lines().next().unwrap_or_default();
        let written = if written.is_empty() { String::new() } else { format!(": {written}") };
        text.push_str(&format!(
            "  {:>4}  {}{written}  {became}\n",
            entry.location.line, entry.field
        ));
    }
    text
}
