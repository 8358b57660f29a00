//! Arrows point down: which crate may know which.

use std::collections::BTreeSet;

use super::tree::{file, files};

/// Each member of the workspace with the members that it may depend on, in its tests too.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sim-core", &[]),
    ("models", &["sim-core"]),
    ("experiments", &["sim-core", "models"]),
    ("sim-cli", &["sim-core", "models", "experiments"]),
    ("sim-web", &["sim-core", "models", "experiments"]),
    ("tests", &["sim-core", "models", "experiments", "sim-cli"]),
    ("xtask", &["sim-core", "models"]),
    ("fuzz", &["models"]),
];

/// What `sim-core` may use: nothing that reads a clock, entropy, a file or another machine.
const CORE_LIBRARIES: &[&str] = &["libm", "rand", "rand_chacha", "serde"];

/// The names in the sections of a manifest whose heading `is_wanted`.
fn names(manifest: &str, is_wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(heading) = line.strip_prefix('[') {
            inside = is_wanted(heading.trim_end_matches(']'));
        } else if inside && let Some((name, _)) = line.split_once(['.', '=', ' ']) {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn arrows_point_down() {
    for (member, allowed) in ALLOWED {
        let manifest = &file(&format!("{member}/Cargo.toml")).text;
        for name in names(manifest, |heading| heading.ends_with("dependencies")) {
            let is_member = ALLOWED.iter().any(|(other, _)| *other == name);
            let may = allowed.contains(&name.as_str());
            assert!(
                !is_member || may,
                "`{member}` must not depend on `{name}`: it is above or beside it"
            );
        }
    }
}

#[test]
fn every_member_is_listed() {
    let manifests = files().iter().filter_map(|file| file.path.strip_suffix("/Cargo.toml"));
    let listed: BTreeSet<&str> = ALLOWED.iter().map(|(member, _)| *member).collect();
    assert_eq!(manifests.collect::<BTreeSet<_>>(), listed);
}

#[test]
fn the_core_uses_few_libraries() {
    let manifest = &file("sim-core/Cargo.toml").text;
    let used = names(manifest, |heading| heading == "dependencies");
    let listed = CORE_LIBRARIES.iter().map(ToString::to_string).collect();
    assert_eq!(used, listed, "a new library in `sim-core` is a decision: list it with the others");
}

#[test]
fn a_manifest_is_understood() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\nb = \"1\"\n[dev-dependencies]\nc = { path = \"c\" }\n[lints]\nd = 1\n";
    let all = names(manifest, |heading| heading.ends_with("dependencies"));
    assert_eq!(all.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
}
