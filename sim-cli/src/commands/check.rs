//! `surgetank check`: everything that can be said of manifests and models without running them.

use std::path::Path;

use models::Overrides;
use models::diagnostic::Severity;
use models::lint::{Checked, Level, check_manifests, check_model, formats};
use models::manifest::Reading;
use models::manifest::files::Manifests;

use crate::args::{Arguments, CheckArguments, CheckFormat};
use crate::input::{self, Taking};
use crate::output::{Failure, print, style};

pub(super) fn execute(arguments: &Arguments, check: &CheckArguments) -> Result<(), Failure> {
    let checked = checked(check)?;
    print(&match check.format {
        CheckFormat::Text => formats::text(&checked, style(arguments).color),
        CheckFormat::Json => formats::json(&checked),
        CheckFormat::Sarif => formats::sarif(&checked),
        CheckFormat::Github => formats::github(&checked),
        CheckFormat::Patch => formats::patch(&checked),
    })?;
    let problems = checked.iter().flat_map(|one| one.diagnostics.iter());
    let problems = problems.filter(|problem| problem.severity == Severity::Error).count();
    if problems > 0 {
        return Err(Failure::bad_input(format!("found {}", number(problems, "problem"))));
    }
    let counts = formats::counts(&checked);
    let count = |level| counts.get(&level).copied().unwrap_or(0);
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    if errors > 0 {
        return Err(Failure::failed(format!("found {}", number(errors, "error"))));
    }
    if warnings > 0 && check.deny_warnings {
        let found = number(warnings, "warning");
        return Err(Failure::failed(format!("found {found}, which `--deny-warnings` denies")));
    }
    Ok(())
}

/// Each RON model on its own, and all manifests together, as they make one model.
fn checked(check: &CheckArguments) -> Result<Vec<Checked>, Failure> {
    let storm = check.storm.as_deref().map(input::storm).transpose()?;
    let storm = storm.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    let overrides = Overrides { sets: &check.sets, storm, ..Overrides::default() };
    let taking = Taking::new(Reading::Deployed, &check.manifests, None)?;
    let mut manifests = Vec::new();
    let mut checked = Vec::new();
    for argument in &check.inputs {
        if input::is_manifest(Path::new(argument)) {
            manifests.push(argument.clone());
            continue;
        }
        match input::raw(argument)? {
            input::Raw::Manifests(text) => {
                let read = Manifests::read(&[(input::STDIN, &text)]);
                checked.push(check_manifests(read, &taking.options(), &overrides));
            }
            input::Raw::Model(model) => {
                checked.push(check_model(&model.name, &model.text, &overrides, model.files()));
            }
        }
    }
    if !manifests.is_empty() {
        let files = input::manifest_files(&manifests)?;
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let read = Manifests::read(&files);
        checked.push(check_manifests(read, &taking.options(), &overrides));
    }
    Ok(checked)
}

fn number(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
