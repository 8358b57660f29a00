//! Every problem of a model is told in one go, whatever the others are: mistakes of shape beside mistakes
//! of meaning, and nothing that only follows from them.

use super::arrival::NoFiles;
use crate::diagnostic::{Diagnostics, Severity};
use crate::{Model, Overrides};

const GOOD: &str = r#"Model(
    name: "shop",
    horizon: "2h",
    seed: 7,
    stages: [
        EventSource(name: "orders", arrivals: Poisson(rate: "2/s"), latency: "3ms", to: "bus"),
        EventSource(name: "calls", arrivals: Periodic(every: "3s"), to: "billing", rate_limit: (rate: "1/s")),
        EventSource(name: "notes", closed_loop: (clients: 3, think: "4s"), to: "audit"),
        EventBus(name: "bus", max_msgs: 1000, discard: New, consumers: (ack_wait: "31s")),
        Sensor(
            name: "shop",
            bus: "bus",
            dependencies: [(name: "a", source: "orders"), (name: "b", source: "orders", filter: 0.5)],
            triggers: [
                (name: "run", conditions: "a && b", action: Workflow("run"), rate_limit: (rate: "10/min")),
                (name: "call", conditions: "a || b", action: Http("audit"), timeout: "9s"),
            ],
            processing: "2ms",
        ),
        Workflow(
            name: "flows",
            templates: [
                (name: "run", service: "30s", semaphores: [(config_map: "limits", key: "run")]),
                (name: "other", service: "40s", semaphores: [(config_map: "limits", key: "other")]),
                (name: "tree", dag: [(node: (name: "x", service: "5s")), (node: (name: "y", service: "6s"), depends: ["x"])]),
            ],
            workers: 32,
        ),
        Station(name: "billing", servers: 2, service: LogNormal(mean: "80ms", cv: 1.5), to: "late"),
        Station(name: "audit", service: "100ms"),
        Station(name: "plain", service: "110ms"),
        Store(name: "late", drain: Rate("5/s"), to: "plain"),
    ],
    config_maps: {"limits": {"run": "5", "other": "6"}},
    faults: [
        (at: "1m", stage: "billing", change: Slower(2)),
        (at: "2m", stage: "plain", change: Limit(3)),
        (at: "3m", for: "8m", stage: "audit", change: Down),
        (at: "4m", stage: "late", change: Down),
    ],
)"#;

/// What is right, what is written in its place, and what is said about that.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("\"2h\"", "\"0s\"", "`0s` is out of range"),
    ("seed: 7", "seed: 7, seed: 8", "duplicate field `seed` in `Model`"),
    ("2/s", "2/fortnight", "`2/fortnight` is not a rate: the unit `fortnight` is unknown"),
    ("latency", "latncy", "unknown field `latncy` in `EventSource`"),
    ("every: \"3s\"", "", "missing field `every` in `Periodic`"),
    ("\"1/s\"", "\"1\"", "`1` is not a rate: there is no `/`"),
    ("clients: 3", "clients: 0", "`0` is out of range"),
    ("max_msgs: 1000", "max_msgs: 0", "`0` is out of range"),
    ("New", "Newest", "unknown variant `Newest` in `DiscardSpec`"),
    ("31s", "31", "`31` is not a duration: it needs a unit"),
    ("source: \"orders\")", "source: \"ordrs\")", "there is no event source `ordrs`"),
    ("filter: 0.5", "filter: 5", "`5` is out of range"),
    ("a && b", "a && c", "there is no dependency `c`"),
    ("Workflow(\"run\")", "Workflow(\"rnu\")", "there is no workflow template `rnu`"),
    ("10/min", "0/min", "`0/min` is not a rate: it is zero, but must be greater"),
    ("a || b", "a || (b", "the condition goes wrong at character 8: the end"),
    ("timeout: \"9s\"", "timeout: 9", "expected a duration in quotes"),
    ("2ms", "2", "`2` is not a duration: it needs a unit"),
    ("\"30s\"", "30s", "`30s` is not a RON value"),
    ("key: \"run\"", "key: \"rnu\"", "there is no key `rnu`"),
    ("\"6\"", "\"six\"", "`six` under that key is not a limit"),
    ("depends: [\"x\"]", "depends: [\"z\"]", "dag[1].depends[0]: there is no task `z`"),
    ("workers: 32", "workers: 0", "`0` is out of range"),
    ("servers: 2", "servers: \"two\"", "expected a whole number"),
    ("cv: 1.5", "cv: -1", "`-1` is out of range"),
    // It stands for the three that name it: they are not told that it is not there.
    ("Station(name: \"audit\"", "Staton(name: \"audit\"", "unknown variant `Staton` in `Stage`"),
    ("Rate(\"5/s\")", "Rates(\"5/s\")", "unknown variant `Rates` in `DrainSpec`"),
    ("to: \"plain\"", "to: \"plian\"", "workflow template `plian`"),
    ("Slower(2)", "Slower(-2)", "`-2` is out of range"),
    ("Limit(3)", "Permits(config_map: \"limits\", key: \"run\", limit: 3)", "nothing of the kind"),
    ("\"8m\"", "\"8\"", "`8` is not a duration: it needs a unit"),
    (", stage: \"late\"", "", "missing field `stage` in `FaultSpec`"),
];

fn errors(text: &str) -> Vec<String> {
    let found = match Model::read("shop.ron", text, &Overrides::default(), &NoFiles) {
        Ok(model) => model.warnings,
        Err(found) => found,
    };
    let is_error = |found: &Diagnostics| -> Vec<String> {
        let errors = found.iter().filter(|it| it.severity == Severity::Error);
        errors.map(|it| format!("{}: {}", it.path, it.message)).collect()
    };
    is_error(&found)
}

fn with(text: &str, right: &str, wrong: &str) -> String {
    assert_eq!(text.matches(right).count(), 1, "`{right}` must be unique");
    text.replace(right, wrong)
}

#[test]
fn each_by_itself() {
    assert_eq!(errors(GOOD), Vec::<String>::new());
    for (right, wrong, said) in MISTAKES {
        let found = errors(&with(GOOD, right, wrong));
        assert!(found.len() == 1 && found[0].contains(said), "`{wrong}` says {found:#?}");
    }
}

#[test]
fn all_at_once() {
    let mut text = GOOD.to_owned();
    let mut expected = Vec::new();
    for (right, wrong, _) in MISTAKES {
        expected.extend(errors(&with(GOOD, right, wrong)));
        text = with(&text, right, wrong);
    }
    let mut found = errors(&text);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

/// A mistake of shape hides none of the others, in whatever stage: all pairs with it.
#[test]
fn one_of_shape_beside_any_other() {
    for shape in
        MISTAKES.iter().filter(|(_, _, said)| said.contains("field") || said.contains("variant"))
    {
        let with_one = with(GOOD, shape.0, shape.1);
        for other in MISTAKES.iter().filter(|other| other.1 != shape.1) {
            let both = errors(&with(&with_one, other.0, other.1));
            assert_eq!(both.len(), 2, "`{}` and `{}` say {both:#?}", shape.1, other.1);
        }
    }
}
