use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Model {
    name: String,
    #[serde(default)]
    seed: Option<u64>,
    #[serde(default)]
    stages: Vec<Stage>,
    #[serde(default)]
    weight: f64,
    #[serde(default)]
    labels: std::collections::BTreeMap<String, u8>,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Stage {
    Bus(Bus),
    Pause,
    Delay(String),
    Split { left: u32, right: u32 },
    Pair(u8, String),
    Chain(Vec<Stage>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Bus {
    max_msgs: u32,
    max_bytes: u64,
    #[serde(default)]
    discard: Discard,
    #[serde(default)]
    next: Option<Box<Bus>>,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
enum Discard {
    #[default]
    Old,
    New,
}

/// What is wrong with a text, a line each.
fn wrong(text: &str) -> String {
    parse::<Model>("m.ron", text).expect_err("the text has problems").to_string()
}

#[test]
fn everything_at_once() {
    let text = r#"( // a model
    nam: "x",
    sed: 5,
    seed: "7",
    stages: [
        Bus(max_msgs: 1.5, max_bites: 5, discard: Newest),
        Buss(max_msgs: 1),
        Pause(3),
        Split(left: -1),
        Pair(300, "x", 3),
        Delay(30s),
        Bus((max_msgs: 1, max_bytes: 2)),
        Bus(max_msgs: 1, max_bytes: 2, next: (max_msgs: 1, max_bytes: 2, next: Some((max_msgs: 1, max_byte: 2))), discard: "Old")
        Chain([Pause, Chain([Delay(5), Delay(name)])]),
        Bus,
    ],
    weight: [1],
    seed: 8,
    "labels" = {"a": 1, "b": "c"},
)"#;
    insta::assert_snapshot!(wrong(text), @r#""#);
}

#[test]
fn forms_that_are_accepted() {
    let long = r##"#![enable(implicit_some)]
    /* outer /* inner */ still outer */
    Model(
        name: r#"a "raw" name"#, // with a comment
        seed: Some(7),
        stages: [
            Bus((max_msgs: 1_000, max_bytes: 0xff,),),
            Bus(max_msgs: 1, max_bytes: 2, next: Some((max_msgs: 3, max_bytes: 4))),
            Split(left: 1, right: 2), Pause, Delay("1s"), Pair(1, "x"), Chain([Pause]),
        ],
        labels: { "a": 1, "b": 2 },
    )"##;
    let (model, index) = parse::<Model>("m.ron", long).unwrap();
    assert_eq!(model.name, "a \"raw\" name");
    assert_eq!((model.seed, model.stages.len(), model.labels["b"]), (Some(7), 7, 2));
    let cases = [
        ("name", (4, 15)),
        ("stages[0].max_bytes", (7, 46)),
        ("stages[1].next.max_bytes", (8, 80)),
        ("stages[3]", (9, 39)),
        ("stages[5][1]", (9, 68)),
        ("stages[6][0]", (9, 81)),
        ("labels.b", (11, 31)),
    ];
    for (path, expected) in cases {
        let location = index.value(path).expect(path);
        assert_eq!((location.line, location.column), expected, "{path}");
    }
    assert_eq!(index.key("stages[1].next").map(|key| (key.column, key.length)), Some((44, 4)));
    assert_eq!(index.value("stages[0].discard"), None);
    assert_eq!(index.nearest("stages[0].discard").map(|place| place.line), Some(7));
}
