//! Rules about source files.

use super::tree::{File, file, files, has_ending, paths};
use super::{Offence, check, in_lines};

/// Lines a file may have without a reason in [`LONG`].
const LINES_MAX: usize = 600;

/// Files that are longer, each with its reason.
const LONG: &[(&str, &str)] = &[];

#[test]
fn files_are_short_or_say_why_not() {
    check("files of more than 600 lines need a reason in `LONG`", |file| {
        let lines = file.text.lines().count();
        let excused = LONG.iter().any(|(path, _)| *path == file.path);
        if file.is_rust() && lines > LINES_MAX && !excused {
            vec![Offence::of_file(format!("{lines} lines"))]
        } else {
            Vec::new()
        }
    });
}

#[test]
fn every_excuse_is_needed() {
    for (path, reason) in LONG {
        let lines = file(path).text.lines().count();
        assert!(lines > LINES_MAX, "`{path}` is short now: drop its excuse ({reason})");
    }
}

#[test]
fn every_crate_says_what_it_is() {
    let roots = |file: &&File| {
        let path = file.path.as_str();
        path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs")
    };
    let roots: Vec<&File> = files().iter().filter(roots).collect();
    assert!(roots.len() >= 7, "only {} crates", roots.len());
    for root in roots {
        assert!(root.text.starts_with("//! "), "`{}` has no crate documentation", root.path);
    }
}

/// Put together here, so that this file does not offend itself.
fn words(pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(first, second)| format!("{first}{second}")).collect()
}

#[test]
fn nothing_is_left_for_later() {
    let words = words(&[
        ("todo", "!("),
        ("unimplemented", "!("),
        ("dbg", "!("),
        ("FIX", "ME"),
        ("TO", "DO"),
        ("XX", "X"),
    ]);
    check("file an issue, or do it", |file| {
        if !file.is_rust() {
            return Vec::new();
        }
        in_lines(&file.text, |line| {
            let found = words.iter().find(|word| line.contains(word.as_str()));
            found.map(|word| format!("`{word}`"))
        })
    });
}

#[test]
fn no_file_names_a_registry_or_a_machine() {
    let hosts = words(&[
        ("index.crates", ".io"),
        ("static.crates", ".io"),
        ("pypi", ".org"),
        ("pythonhosted", ".org"),
        ("registry.npmjs", ".org"),
        ("deb.debian", ".org"),
        ("proxy.golang", ".org"),
    ]);
    let folders = words(&[("/wo", "rk/"), ("/ro", "ot/"), ("/tmp/bash", "_jobs")]);
    let begins = |line: &str, at: usize| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-*/".contains(before))
    };
    check("paths and hosts of one machine mean nothing on another", |file| {
        in_lines(&file.text, |line| {
            let host = hosts.iter().find(|host| line.contains(host.as_str()));
            let folder = folders
                .iter()
                .find(|folder| line.match_indices(folder.as_str()).any(|(at, _)| begins(line, at)));
            host.or(folder).map(|found| format!("`{found}`"))
        })
    });
}

#[test]
fn no_leftovers_are_tracked() {
    let endings = ["pending-snap", "new", "orig", "rej", "old", "bak", "swp", "profraw"];
    let left: Vec<&String> =
        paths().iter().filter(|path| endings.iter().any(|it| has_ending(path, it))).collect();
    assert!(left.is_empty(), "left over: {left:?}");
}

/// What a simulation must not know, beyond what `clippy.toml` bans.
const STRANGERS: &[(&str, &str)] = &[
    ("HashMap", "iteration order differs between runs: use BTreeMap, or an indexed Vec"),
    ("HashSet", "iteration order differs between runs: use BTreeSet, or an indexed Vec"),
    ("RandomState", "reads entropy"),
    ("Instant::", "a run never reads the wall clock"),
    ("SystemTime", "a run never reads the wall clock"),
    ("std::fs", "no input or output: the caller has the files"),
    ("std::net", "no input or output"),
    ("std::env", "a run depends on nothing but its model, seed and version"),
    ("std::thread", "no threads: replications run side by side in `experiments`"),
    ("std::process", "a library never ends the process"),
    ("println!", "no input or output"),
    ("rand::rng(", "reads entropy"),
    ("static mut", "no global state"),
    ("thread_local!", "no global state"),
];

#[test]
fn a_simulation_knows_no_machine() {
    check("what makes runs differ stays out of `sim-core` and `models`", |file| {
        let is_inside = ["sim-core/src/", "models/src/"].iter().any(|it| file.path.starts_with(it));
        if !is_inside || !file.is_rust() {
            return Vec::new();
        }
        let mut offences = Vec::new();
        for (index, line) in file.code().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let strangers = STRANGERS.iter().filter(|(name, _)| code.contains(name));
            offences.extend(
                strangers.map(|(name, why)| Offence::of_line(index, format!("`{name}`: {why}"))),
            );
        }
        offences
    });
}

#[test]
fn every_exception_has_its_reason() {
    let ban = ["disallowed_", "methods"].concat();
    let ban_types = ["disallowed_", "types"].concat();
    check("`#[allow]` of a ban says why: `reason = \"...\"`", |file| {
        if !file.is_rust() {
            return Vec::new();
        }
        in_lines(&file.text, |line| {
            let allows =
                line.contains("allow(") && (line.contains(&ban) || line.contains(&ban_types));
            (allows && !line.contains("reason")).then(|| line.trim().to_owned())
        })
    });
}

/// American spelling, in code and papers alike.
const BRITISH: &[(&str, &str)] = &[
    ("behavi", "our"),
    ("col", "our"),
    ("fav", "our"),
    ("neighb", "our"),
    ("serial", "ise"),
    ("normal", "ise"),
    ("optim", "ise"),
    ("initial", "ise"),
    ("randomi", "sed"),
    ("analy", "se "),
    ("licen", "ce"),
];

#[test]
fn spelling_is_american() {
    let words = words(BRITISH);
    check("American spelling", |file| {
        if !file.is_rust() && !file.is_markdown() {
            return Vec::new();
        }
        // Not the tests: they may misspell on purpose.
        let text = if file.is_rust() { file.code() } else { &file.text };
        in_lines(text, |line| {
            let line = line.to_lowercase();
            words.iter().find(|word| line.contains(word.as_str())).map(|word| format!("`{word}`"))
        })
    });
}
