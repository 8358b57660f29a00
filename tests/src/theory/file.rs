//! The tables of this folder against the file of reference cases, where it is there: the same numbers,
//! and every case of the file either here or named below with the reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::CASES;
use super::exact;

/// Seen from the workspace; a work tree lies one folder deeper.
const PATHS: [&str; 2] =
    ["../shared/cases/reference_cases.json", "../../shared/cases/reference_cases.json"];

/// Cases that no model of this folder is about.
const ELSEWHERE: [(&str, &str); 18] = [
    ("prio-hl-pr-s1", "stations do not interrupt a service that has begun"),
    ("asymm-octave", "the servers of a station are alike (and the value is an approximation)"),
    ("codel-schedule", "tested with the policy, sim-core/src/policy/codel.rs"),
    ("vegas-increase", "tested with the policy, sim-core/src/policy/vegas.rs"),
    ("vegas-nochange", "tested with the policy, sim-core/src/policy/vegas.rs"),
    ("vegas-smooth05", "tested with the policy, sim-core/src/policy/vegas.rs"),
    ("aimd-increase", "tested with the policy, sim-core/src/policy/aimd.rs"),
    ("adaptive-throttle-K2.0", "a policy of sim-core that no stage uses yet"),
    (
        "collapse-law-theta1",
        "an approximate law, not a gate for simulators; no stage has a timeout",
    ),
    (
        "collapse-law-theta5",
        "an approximate law, not a gate for simulators; no stage has a timeout",
    ),
    (
        "collapse-law-theta20",
        "an approximate law, not a gate for simulators; no stage has a timeout",
    ),
    ("msf-escape-6.0", "retries beside a call that still waits: no stage does that"),
    ("msf-escape-8.0", "retries beside a call that still waits: no stage does that"),
    ("msf-prototype-batch100k", "a measurement of a real system, not a theory"),
    ("msf-prototype-batch3k", "a measurement of a real system, not a theory"),
    ("osdi22-retry-metastable", "a measurement of a real system, not a theory"),
    ("osdi22-retry-lessload", "a measurement of a real system, not a theory"),
    ("usl-cisco", "no station's service depends on how many it serves"),
];

/// What the file expects of cases that are here and is not measured: the beginning of their names, the
/// key, the reason.
const UNMEASURED: [(&str, &str, &str); 21] = [
    ("mm1-e", "W_p99", "waits this long come in a few excursions a run: measured at other loads"),
    ("mm1-e", "Wq_p99", "waits this long come in a few excursions a run: measured at other loads"),
    ("mm1-jain-gateway", "P_N_ge_13", "15 in 10^9: too rare to be seen"),
    ("mm1-jain-gateway", "buffers_needed", "follows from the distribution of the number"),
    ("mmck-over", "p0", "4 in 10^16: too rare to be seen"),
    ("mmck-over", "util", "1 but for 4 in 10^16: no interval has a width"),
    ("mmck-busc", "p0", "75 in 10^6: too rare to be seen"),
    ("mmck-crit", "p0", "4 in 10^6: too rare to be seen"),
    ("erlb-", "offered_erlang", "a parameter"),
    ("engset-", "time_congestion", "its arrivals do not see it, and gauges have means only"),
    ("md1-0.5", "Wq_p50", "zero: every second customer does not wait"),
    ("mmpp-", "mean_rate", "a parameter"),
    ("mmpp-", "L_mm1_same_rho", "another model, for comparison"),
    ("mmpp-", "inflation", "a quotient with that other model"),
    ("drophead-", "ratio", "a quotient of two figures that are here"),
    ("kingman-", "Wq_vut_approx", "an approximation"),
    ("retrial-mm1-", "L_system", "the orbit and the utilization, both of which are here"),
    ("brooker-", "load_none", "1 by definition"),
    ("brooker-", "load_tb_fluid", "no stage has a retry budget"),
    ("brooker-", "success_tb_fluid", "no stage has a retry budget"),
    ("brooker-retries-0.01", "success_3", "fails once in 10^8: too rare to be seen"),
];

fn reference_cases() -> Option<BTreeMap<String, Value>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = PATHS.iter().find_map(|path| fs::read_to_string(workspace.join(path)).ok())?;
    let file: Value = serde_json::from_str(&text).expect("the file is JSON");
    let cases = file["cases"].as_array().expect("there are cases").iter();
    Some(
        cases.map(|case| (case["id"].as_str().expect("a name").to_owned(), case.clone())).collect(),
    )
}

/// Case, key and value of everything that is compared in this folder.
fn ours() -> Vec<(&'static str, &'static str, f64)> {
    let cases = CASES.iter().flat_map(|cases| cases());
    let figures = cases.flat_map(|case| {
        let id = case.id;
        case.figures.into_iter().map(move |figure| (id, figure.key, figure.known))
    });
    let exact = exact::CASES
        .iter()
        .flat_map(|case| case.expected.iter().map(|&(key, expected, _)| (case.id, key, expected)));
    figures.chain(exact).collect()
}

/// `delays[3]` is the fourth of `delays`.
fn look_up<'v>(expected: &'v Value, key: &str) -> &'v Value {
    match key.split_once('[') {
        None => &expected[key],
        Some((name, index)) => {
            let index: usize = index.trim_end_matches(']').parse().expect("an index");
            &expected[name][index]
        }
    }
}

#[test]
fn numbers_are_the_files() {
    let Some(file) = reference_cases() else {
        println!("skipped: {} is not here", PATHS[0]);
        return;
    };
    let ours = ours();
    for &(id, key, value) in &ours {
        let case = file.get(id).unwrap_or_else(|| panic!("the file has no case `{id}`"));
        let theirs = look_up(&case["expected"], key).as_f64();
        let theirs = theirs.unwrap_or_else(|| panic!("`{id}` has no `{key}`"));
        let difference = (value - theirs).abs() / theirs.abs();
        assert!(difference < 1e-12, "`{id}`, {key}: {value}, in the file {theirs}");
    }
    let is_here = |id: &str| ours.iter().any(|(ours, ..)| *ours == id);
    let mut here = 0;
    for (id, case) in &file {
        let elsewhere = ELSEWHERE.iter().find(|(other, _)| other == id);
        match (is_here(id), elsewhere) {
            (true, None) => here += 1,
            (false, Some((_, why))) => println!("{id}: {why}"),
            (true, Some(_)) => panic!("`{id}` is here, and listed as elsewhere"),
            (false, None) => panic!("`{id}` is neither here nor listed with a reason"),
        }
        if is_here(id) {
            check_keys(id, &case["expected"], &ours);
        }
    }
    println!("{here} of {} cases, {} figures", file.len(), ours.len());
    assert!(here >= 40);
}

/// Everything that the file expects of the case is measured, or listed with a reason.
fn check_keys(id: &str, expected: &Value, ours: &[(&str, &str, f64)]) {
    for key in expected.as_object().expect("keys and values").keys() {
        let is_measured = ours
            .iter()
            .any(|(case, ours, _)| *case == id && ours.split('[').next() == Some(key.as_str()));
        let is_listed =
            UNMEASURED.iter().any(|(cases, listed, _)| id.starts_with(cases) && listed == key);
        assert!(
            is_measured != is_listed,
            "`{id}` expects {key}: measured {is_measured}, listed {is_listed}"
        );
    }
}
