//! `surgetank check`: every diagnostic of every input.

use models::diagnostic::{Diagnostics, Severity};
use models::{Model, Overrides};

use crate::args::{Arguments, CheckArguments, Format};
use crate::input::{self, Source};
use crate::output::{Failure, print, style};

pub(super) fn execute(arguments: &Arguments, check: &CheckArguments) -> Result<(), Failure> {
    let sources: Vec<Source> =
        check.inputs.iter().map(|input| input::source(input)).collect::<Result<_, _>>()?;
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

fn diagnostics(source: &Source) -> Diagnostics {
    match Model::read(&source.name, &source.text, &Overrides::default(), source.files()) {
        Ok(model) => model.warnings,
        Err(problems) => problems,
    }
}

fn text(sources: &[Source], found: &[Diagnostics], arguments: &Arguments) -> String {
    let color = style(arguments).color;
    let mut text = String::new();
    for (source, found) in sources.iter().zip(found) {
        if found.is_empty() {
            text.push_str(&format!("{}: fine\n", source.name));
        } else {
            text.push_str(&input::describe(found, source, None, color));
        }
    }
    text
}

fn number(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
