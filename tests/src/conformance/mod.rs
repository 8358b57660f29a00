//! The JetStream model against recordings of real servers.
//!
//! Each trace is a script of requests with what nats-server 2.9.10, 2.10.27 and 2.15.1 answered.
//! The script is replayed at virtual time and every answer compared: results and error codes,
//! deliveries with order and counts, counters of stream and consumers, times within 30 ms where the
//! recording's times mean something. The recordings are not part of the repository; without them
//! the test says so and passes.

mod compare;
mod config;
mod replay;
mod scope;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use models::jetstream::ServerVersion;
use serde_json::Value;

/// Where the recordings are, seen from the workspace; a work tree lies one folder deeper.
const TRACES: [&str; 2] = ["../shared/jetstream/traces", "../../shared/jetstream/traces"];

/// The recorded releases and the modeled version that stands for each.
const VERSIONS: [(&str, ServerVersion); 3] = [
    ("2.9.10", ServerVersion::V2_9),
    ("2.10.27", ServerVersion::V2_10),
    ("2.15.1", ServerVersion::V2_15),
];

/// The traces in order of name, or nothing where they are not there.
fn traces() -> Vec<Value> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = TRACES.iter().map(|folder| workspace.join(folder));
    let Some(entries) = folders.find_map(|folder| fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let texts = paths.iter().map(|path| fs::read_to_string(path).expect("readable"));
    texts.map(|text| serde_json::from_str(&text).expect("a trace is JSON")).collect()
}

/// Passed and compared traces of one version, and what went wrong in the others.
#[derive(Default)]
struct Tally {
    passed: u32,
    total: u32,
    failures: BTreeMap<String, Vec<String>>,
}

fn tally(traces: &[Value], recorded: &str, version: ServerVersion) -> Tally {
    let mut tally = Tally::default();
    for trace in traces {
        tally.total += 1;
        let differences = replay::differences(trace, recorded, version);
        if differences.is_empty() {
            tally.passed += 1;
        } else {
            let name = trace["name"].as_str().expect("a name");
            tally.failures.insert(name.to_owned(), differences);
        }
    }
    tally
}

#[test]
fn the_model_answers_as_the_recorded_servers_did() {
    let traces = traces();
    if traces.is_empty() {
        println!("skipped: {} is not here", TRACES[0]);
        return;
    }
    let mut unexpected = Vec::new();
    println!("{:10} {:>6} / {:>5}", "version", "passed", "total");
    for (recorded, version) in VERSIONS {
        let tally = tally(&traces, recorded, version);
        println!("{recorded:10} {:>6} / {:>5}", tally.passed, tally.total);
        for (name, differences) in &tally.failures {
            let reason = scope::reason(name, recorded);
            println!("  {name}: {}", reason.unwrap_or("UNEXPECTED"));
            differences.iter().take(6).for_each(|difference| println!("    {difference}"));
            if reason.is_none() {
                unexpected.push(format!("{recorded} {name}"));
            }
        }
        for name in scope::exempt(recorded) {
            let recorded_here = traces.iter().any(|trace| trace["name"] == name);
            if recorded_here && !tally.failures.contains_key(name) {
                unexpected.push(format!("{recorded} {name} passes: take it off the list"));
            }
        }
    }
    assert!(unexpected.is_empty(), "not as listed: {unexpected:#?}");
}
