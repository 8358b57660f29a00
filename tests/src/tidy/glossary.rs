//! Every word that a result uses is in the glossary.

use std::collections::BTreeSet;

use models::{FactKind, Reason};

use super::tree::{file, files};

/// The terms: the first cell of each row of a table.
fn terms() -> BTreeSet<String> {
    let rows = file("docs/glossary.md").text.lines().filter_map(|line| line.strip_prefix("| "));
    let cells = rows.filter_map(|row| row.split(" |").next());
    cells.flat_map(|cell| cell.split(", ")).map(|term| term.trim_matches('`').to_owned()).collect()
}

#[track_caller]
fn expect(kind: &str, names: impl IntoIterator<Item = String>) {
    let terms = terms();
    let missing: Vec<String> = names.into_iter().filter(|name| !terms.contains(name)).collect();
    assert!(missing.is_empty(), "{kind} without an entry in docs/glossary.md: {missing:?}");
}

#[test]
fn facts_are_explained() {
    expect("facts", FactKind::ALL.iter().map(|kind| kind.name().to_owned()));
}

#[test]
fn reasons_are_explained() {
    let name = |reason: &Reason| serde_json::to_value(reason).unwrap().as_str().unwrap().to_owned();
    expect("reasons", Reason::ALL.iter().map(name));
}

/// The stages keep the names of their gauges and samples in a module `metric` each.
#[test]
fn gauges_and_samples_are_explained() {
    let mut names = BTreeSet::new();
    for file in files().iter().filter(|file| file.path.starts_with("models/src/")) {
        let module = file.text.split("pub(crate) mod metric {").nth(1);
        let body = module.and_then(|rest| rest.split('}').next()).unwrap_or_default();
        names.extend(body.lines().filter_map(|line| line.split('"').nth(1)).map(str::to_owned));
    }
    assert!(names.len() >= 15, "the modules `metric` have moved: only {names:?}");
    expect("gauges or samples", names);
}
