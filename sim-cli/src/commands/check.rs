//! `surgetank check`: every diagnostic of every input.

use std::path::Path;

use models::diagnostic::{Diagnostics, Severity};
use models::{Model, Overrides};

use crate::args::{Arguments, CheckArguments, Format, OneReading as Reading};
use crate::input::{self, Source};
use crate::output::{Failure, print, style};

pub(super) fn execute(arguments: &Arguments, check: &CheckArguments) -> Result<(), Failure> {
    let sources = sources(check)?;
    let found: Vec<Diagnostics> = sources.iter().map(diagnostics).collect();
    match check.format {
        Format::Text => print(&text(&sources, &found, arguments))?,
        Format::Json => {
            let all: Vec<_> = found.iter().flatten().collect();
            let json =
                serde_json::to_string_pretty(&all).expect("diagnostics have only string keys");
            print(&(json + "\n"))?;
        }
    }
    let count = |severity| found.iter().flatten().filter(|d| d.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    if errors > 0 {
        return Err(Failure::bad_input(format!("found {}", number(errors, "problem"))));
    }
    if warnings > 0 && check.deny_warnings {
        let found = number(warnings, "warning");
        return Err(Failure::failed(format!("found {found}, which `--deny-warnings` denies")));
    }
    Ok(())
}

/// Each RON model on its own, and all manifests together, as they make one model.
fn sources(check: &CheckArguments) -> Result<Vec<Source>, Failure> {
    let (manifests, models): (Vec<String>, Vec<String>) =
        check.inputs.iter().cloned().partition(|input| input::is_manifest(Path::new(input)));
    let mut sources: Vec<Source> =
        models.iter().map(|input| input::source(input)).collect::<Result<_, _>>()?;
    if !manifests.is_empty() {
        let reading = check.reading.unwrap_or(Reading::Deployed);
        sources.push(input::manifests(&manifests, reading.into())?);
    }
    Ok(sources)
}

/// What is odd about the model, and about the manifests that it was made of.
fn diagnostics(source: &Source) -> Diagnostics {
    let found = match Model::read(&source.name, &source.text, &Overrides::default(), source.files())
    {
        Ok(model) => model.warnings,
        Err(problems) => problems,
    };
    source.findings.iter().chain(found.iter()).cloned().collect()
}

fn text(sources: &[Source], found: &[Diagnostics], arguments: &Arguments) -> String {
    let color = style(arguments).color;
    let mut text = String::new();
    for (source, found) in sources.iter().zip(found) {
        if found.is_empty() {
            text.push_str(&format!("{}: fine\n", source.name));
        } else {
            text.push_str(&source.said);
            let own = found.iter().filter(|it| !source.findings.iter().any(|known| known == *it));
            let own: Diagnostics = own.cloned().collect();
            text.push_str(&input::describe(&own, source, &Overrides::default(), color));
        }
    }
    text
}

fn number(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
