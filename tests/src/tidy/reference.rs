//! The reference pages in `docs/reference` are written from the code: here, when `SURGETANK_WRITE_DOCS` is
//! set (`cargo xtask docs`); else they are compared.

use models::lint::{Level, RULES, Rule};
use models::spec::model::ModelSpec;
use models::spec::reference;

use super::tree::root;

const WRITE: &str = "SURGETANK_WRITE_DOCS";

/// Every page: its path, and the text that it should have.
fn pages() -> Vec<(&'static str, String)> {
    let model = reference::markdown(&schemars::schema_for!(ModelSpec));
    let intro = "# The model language\n\n\
        <!-- Written by `cargo xtask docs` from the types in models/src/spec: change their comments. -->\n\n\
        A model is one RON value of the type `Model`; `surgetank run` reads it.\n\n";
    let end = |text: String| format!("{}\n", text.trim_end());
    vec![
        ("docs/reference/model.md", end(format!("{intro}{model}"))),
        ("docs/reference/lints.md", end(lints())),
    ]
}

/// The rules: what each finds, and its story.
fn lints() -> String {
    let mut text = "# What `surgetank check` finds\n\n\
        <!-- Written by `cargo xtask docs` from models/src/lint/rules: change their stories. -->\n\n\
        `surgetank explain CODE` prints the same. A comment beside a line, or above it, allows a finding: \
        `# surgetank: allow ST001`. A rule that needs numbers (ST101 and on) speaks when it is known how \
        much comes: with `--storm`, or with rates in comments.\n\n\
        | code | level | what it finds |\n|---|---|---|\n"
        .to_owned();
    let level = |rule: &Rule| match rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    for rule in RULES {
        let Rule { code, name, title, .. } = rule;
        let anchor = format!("{}-{name}", code.to_lowercase());
        text.push_str(&format!("| [{code}](#{anchor}) | {} | {title} |\n", level(rule)));
    }
    for rule in RULES {
        let Rule { code, name, since, story, links, .. } = rule;
        text.push_str(&format!("\n## {code} {name}\n\n{story}\n\nSince: {since}. From:\n\n"));
        for link in *links {
            let quoted =
                if link.starts_with("http") { format!("<{link}>") } else { (*link).to_owned() };
            text.push_str(&format!("- {quoted}\n"));
        }
    }
    text
}

#[test]
fn pages_are_fresh() {
    for (path, expected) in pages() {
        let path_there = root().join(path);
        if std::env::var_os(WRITE).is_some() {
            std::fs::create_dir_all(path_there.parent().unwrap()).unwrap();
            std::fs::write(&path_there, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path_there).unwrap_or_default();
        let differs =
            found.lines().zip(expected.lines()).position(|(found, wanted)| found != wanted);
        let line =
            differs.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1;
        assert!(found == expected, "{path}:{line}: stale; `cargo xtask docs` writes it anew");
    }
}
