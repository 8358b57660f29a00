//! Runs every preset twice: the same bytes both times, and those of the table.

use std::fmt::Write as _;
use std::path::Path;

use models::outcome::Outcome;
use models::presets::{PRESETS, Preset};
use models::run::{RunKey, run};
use models::spec::arrival::NoFiles;
use models::{Model, Overrides};

const TABLE: &str = include_str!("presets.txt");

const HEAD: &str = "\
# What every preset does: its seed, replication 0. Bless with
#   SURGETANK_BLESS=1 cargo test -p surgetank-tests golden
# A changed line is a value-breaking change, unless the preset itself was changed.
# preset                          fingerprint                       offered  completed  dropped
";

/// A bound on what one preset may cost, so that the promise of two seconds a run does not erode: steps
/// are counted, as time is not the same everywhere. The largest takes about six million.
const STEPS_MAX: u64 = 10_000_000;

/// What the preset does, which is the same when it is run again.
fn outcome(preset: &Preset) -> Outcome {
    let (first, second) = (run_once(preset), run_once(preset));
    let bytes = |outcome: &Outcome| serde_json::to_vec(outcome).expect("an outcome is plain data");
    let are_same = bytes(&first) == bytes(&second);
    assert!(are_same, "{} gave different bytes the second time", preset.name);
    first
}

fn run_once(preset: &Preset) -> Outcome {
    let model = Model::read(preset.name, preset.text, &Overrides::default(), &NoFiles)
        .unwrap_or_else(|found| panic!("{}: {found}", preset.name));
    let key = RunKey { seed: model.seed, replication: 0 };
    run(&model.plan, key, None).unwrap_or_else(|error| panic!("{}: {error}", preset.name))
}

fn line(preset: &Preset, outcome: &Outcome) -> String {
    let ledger = &outcome.ledger;
    let (name, print) = (preset.name, &outcome.fingerprint);
    let mut line = String::new();
    write!(line, "{name:<32}  {print}  {:>7}", ledger.offered).expect("a string takes all");
    writeln!(line, "  {:>9}  {:>7}", ledger.completed, ledger.dropped).expect("a string takes all");
    line
}

#[test]
fn presets_do_what_the_table_says_each_time() {
    let mut table = HEAD.to_owned();
    for preset in PRESETS {
        let outcome = outcome(preset);
        assert!(outcome.steps < STEPS_MAX, "{} took {} steps", preset.name, outcome.steps);
        table.push_str(&line(preset, &outcome));
    }
    if std::env::var_os("SURGETANK_BLESS").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/golden/presets.txt");
        std::fs::write(path, &table).expect("the table can be written");
        return;
    }
    let changed: Vec<&str> =
        table.lines().filter(|line| !TABLE.lines().any(|known| known == *line)).collect();
    assert!(
        changed.is_empty() && table == TABLE,
        "value-breaking: these presets do otherwise than `tests/src/golden/presets.txt` says; if that is \
         meant, bless it with SURGETANK_BLESS=1 and say so in the changelog\n{}",
        changed.join("\n")
    );
}
