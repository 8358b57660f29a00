//! The reference pages in `docs/reference` are written from the code: here, when `SURGETANK_WRITE_DOCS` is
//! set (`cargo xtask docs`); else they are compared.

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
    vec![("docs/reference/model.md", end(format!("{intro}{model}")))]
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
