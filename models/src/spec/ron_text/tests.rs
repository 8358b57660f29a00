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
    insta::assert_snapshot!(wrong(text), @r#"
    m.ron:2:5: error: unknown field `nam` in `Model` (in `nam`); expected one of `name`, `seed`, `stages`, `weight`, `labels`; did you mean `name`?
    m.ron:3:5: error: unknown field `sed` in `Model` (in `sed`); expected one of `name`, `seed`, `stages`, `weight`, `labels`; did you mean `seed`?
    m.ron:4:11: error: expected a whole number, not negative, found the string `"7"` (in `seed`); write `7` without quotes
    m.ron:6:23: error: expected a whole number from 0 to 4294967295, found the number `1.5` (in `stages[0].max_msgs`)
    m.ron:6:28: error: unknown field `max_bites` in `Bus` (in `stages[0].max_bites`); expected one of `max_msgs`, `max_bytes`, `discard`, `next`; did you mean `max_bytes`?
    m.ron:6:51: error: unknown variant `Newest` in `Discard` (in `stages[0].discard`); expected one of `Old`, `New`
    m.ron:7:9: error: unknown variant `Buss` in `Stage` (in `stages[1]`); expected one of `Bus`, `Pause`, `Delay`, `Split`, `Pair`, `Chain`; did you mean `Bus`?
    m.ron:8:9: error: expected `Pause` without parentheses, found `Pause(...)` (in `stages[2]`)
    m.ron:9:9: error: missing field `right` in `Split` (in `stages[3]`); add `right: ...`
    m.ron:9:21: error: expected a whole number from 0 to 4294967295, found the number `-1` (in `stages[3].left`)
    m.ron:10:9: error: expected 2 values in parentheses: `(value, ...)`, found `Pair(...)` (in `stages[4]`)
    m.ron:10:14: error: expected a whole number from 0 to 255, found the number `300` (in `stages[4][0]`)
    m.ron:11:15: error: `30s` is not a RON value; text and quantities with units are written in quotes: `"30s"`
    m.ron:13:99: error: unknown field `max_byte` in `Bus` (in `stages[7].next.next.max_byte`); expected one of `max_msgs`, `max_bytes`, `discard`, `next`; did you mean `max_bytes`?
    m.ron:13:124: error: expected one of `Old`, `New`, found the string `"Old"` (in `stages[7].discard`); write `Old` without quotes
    m.ron:13:129: error: expected `,` before `C`; entries are separated by commas
    m.ron:14:36: error: expected a string, found the number `5` (in `stages[8][1][0]`); write `"5"`
    m.ron:14:46: error: expected a string, found the name `name` (in `stages[8][1][1]`); write `"name"`
    m.ron:15:9: error: expected `Bus(...)`: it has content, found the name `Bus` (in `stages[9]`)
    m.ron:17:13: error: expected a number, found a list `[...]` (in `weight`)
    m.ron:18:5: error: duplicate field `seed` in `Model` (in `seed`); remove one of the two
    m.ron:19:5: error: field names are written without quotes; write `labels: ...`
    m.ron:19:14: error: expected `:`, found `=`; fields are written `name: value`
    m.ron:19:30: error: expected a whole number from 0 to 255, found the string `"c"` (in `labels.b`)
    "#);
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
        ("stages[5][1]", (9, 67)),
        ("stages[6][0]", (9, 80)),
        ("labels.b", (11, 32)),
    ];
    for (path, expected) in cases {
        let location = index.value(path).expect(path);
        assert_eq!((location.line, location.column), expected, "{path}");
    }
    assert_eq!(index.key("stages[1].next").map(|key| (key.column, key.length)), Some((44, 4)));
    assert_eq!(index.value("stages[0].discard"), None);
    assert_eq!(index.nearest("stages[0].discard").map(|place| place.line), Some(7));
}

#[test]
fn one_thing_wrong() {
    let cases = [
        "",
        " // nothing but a comment\n",
        "name: \"x\", stages: []",
        "(name: \"x\"",
        "(name: \"x\", stages: [Pause)",
        "(name: \"x)",
        "(name: \"x\") (",
        "(name: \"a\\qb\")",
        "(name: \"x\", stages: [Pause /* never closed)",
        "(name: 'x', weight: high-ish)",
        "(name: \"x\"; weight: 1)",
        "(name \"x\")",
        "[1, 2]",
        "{\"name\": \"x\"}",
        "Modell(name: \"x\")",
        "Bus { max_msgs: 1 }",
        "---\nname: x\nstages:\n  - pause\n",
        "{\n  \"name\": \"x\",\n  \"stages\": []\n}",
        "#![enable(no_such_thing)](name: \"x\")",
        "(name: \"x\", stages: [Bus(max_msgs: 5, max_bytes: 1, next: 5)])",
        "(name: \"x\", seed: 99999999999999999999)",
        "(name: \"x\", seed: None, labels: {\"a\": 1, \"a\": 2})",
        "(name: \"x\", stages: (Pause))",
        "(name: \"x\", stages: Pause)",
    ];
    let said: Vec<String> = cases.iter().map(|text| wrong(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    m.ron:1:1: error: the file is empty; expected a model in parentheses: `(name: value, ...)`; start from one of the models in `models/presets/`
    m.ron:1:1: error: the file is empty; expected a model in parentheses: `(name: value, ...)`; start from one of the models in `models/presets/`
    m.ron:1:1: error: a model is one value in parentheses; write `(` before the first field and `)` after the last
    m.ron:1:1: error: `(` is never closed; add the missing `)`
    m.ron:1:27: error: expected `]`, found `)`; the `[` in line 1 is still open
    m.ron:1:8: error: the string is never closed
    m.ron:1:13: error: unexpected `(` after the end
    m.ron:1:8: error: unknown escape character (in `name`)
    m.ron:1:28: error: the comment is never closed
    m.ron:1:8: error: expected a string, found `'x'` (in `name`)
    m.ron:1:21: error: `high-ish` is not a RON value; text and quantities with units are written in quotes: `"high-ish"`
    m.ron:1:11: error: expected `,`, found `;`
    m.ron:1:7: error: expected `:` after `name`, found `"`; fields are written `name: value`
    m.ron:1:1: error: expected fields by name: `(name: ..., seed: ..., stages: ..., ...)`, found a list `[...]`; brackets are for lists of any length
    m.ron:1:1: error: expected fields by name: `(name: ..., seed: ..., stages: ..., ...)`, found a map `{...}`; fields are written in parentheses, names without quotes
    m.ron:1:1: error: expected `Model`, found `Modell`; expected `Model`; did you mean `Model`? write `Model(...)` or just `(...)`
    m.ron:1:5: error: expected `(` after `Bus`, found `{`; write `Bus(...)`
    m.ron:1:1: error: this is YAML, not RON; manifests are read from files that end in `.yaml` or `.yml`, from directories of them, and from standard input
    m.ron:1:1: error: expected fields by name: `(name: ..., seed: ..., stages: ..., ...)`, found a map `{...}`; fields are written in parentheses, names without quotes
    m.ron:1:24: error: no RON extension named `no_such_thing`
    m.ron:1:59: error: expected fields by name: `(max_msgs: ..., max_bytes: ..., discard: ..., ...)`, found the number `5` (in `stages[0].next`)
    m.ron:1:19: error: expected a whole number, not negative, found the number `99999999999999999999` (in `seed`)
    m.ron:1:42: error: duplicate key `"a"`; remove one of the two
    m.ron:1:21: error: expected a list `[...]`, found `(...)` (in `stages`); lists are written in brackets
    m.ron:1:21: error: expected a list `[...]`, found the name `Pause` (in `stages`); a list of one is written `[Pause]`
    "#);
}

#[test]
fn several_missing_fields_of_one_struct() {
    insta::assert_snapshot!(wrong("(stages: [Bus(), Split(), Bus(max_msgs: 1)])"), @r"
    m.ron:1:1: error: missing field `name` in `Model`; add `name: ...`
    m.ron:1:11: error: missing field `max_bytes` in `Bus` (in `stages[0]`); add `max_bytes: ...`
    m.ron:1:11: error: missing field `max_msgs` in `Bus` (in `stages[0]`); add `max_msgs: ...`
    m.ron:1:18: error: missing field `left` in `Split` (in `stages[1]`); add `left: ...`
    m.ron:1:18: error: missing field `right` in `Split` (in `stages[1]`); add `right: ...`
    m.ron:1:27: error: missing field `max_bytes` in `Bus` (in `stages[2]`); add `max_bytes: ...`
    ");
}

#[test]
fn depth_and_size_are_limited() {
    let cases = [
        ("[".repeat(1_000_000), "nested more than 64 deep"),
        (format!("(name: {}", "Some(".repeat(100_000)), "nested more than 64 deep"),
        (format!("(name: \"x\", stages: {}", "[Chain(".repeat(40)), "nested more than 64 deep"),
        ("/*".repeat(1_000_000), "the comment is never closed"),
        (format!("(name: {})", "@,".repeat(1_000_000)), "`@` is not a RON value"),
        (format!("(name: \"x\", stages: [{}])", "9,".repeat(900_000)), "found the number `9`"),
        (format!("[{}]", "'',".repeat(900_000)), "single quotes hold one character"),
        (" ".repeat(TEXT_BYTES_MAX + 1), "more than the 4194304 that are read"),
    ];
    for (text, expected) in cases {
        let said = wrong(&text);
        assert!(said.contains(expected), "{said}");
        assert!(said.lines().count() <= PROBLEMS_MAX, "{}", said.lines().count());
    }
}

#[test]
fn bytes_that_are_no_text() {
    let rubbish = vec![0xff; 100 << 20];
    let said = decode("m.ron", &rubbish).unwrap_err().to_string();
    assert!(said.contains("more than the 4194304 that are read"), "{said}");
    let said = decode("m.ron", b"(\n  na\xffme: 1)").unwrap_err().to_string();
    insta::assert_snapshot!(said, @r"m.ron:2:5: error: the file is not UTF-8 text; byte 6 is `0xff`");
    assert_eq!(decode("m.ron", b"\xef\xbb\xbf()").unwrap(), "()");
}

#[test]
fn values_at_the_deepest_level_are_read() {
    let chains = DEPTH_OF_CHAINS;
    let text =
        format!("(name: \"x\", stages: {}[]{})", "[Chain(".repeat(chains), ")]".repeat(chains));
    assert!(parse::<Model>("m.ron", &text).is_ok());
}

/// Every link has two brackets; the model and the innermost list have one each.
const DEPTH_OF_CHAINS: usize = (scan::DEPTH_MAX - 1) / 2;

const VALID: &str = r#"( // a model
    name: "x", seed: Some(7), weight: -1.5e3, labels: {"a": 1},
    stages: [
        Bus((max_msgs: 1_000, max_bytes: 0xff, next: Some((max_msgs: 1, max_bytes: 2)))),
        Split(left: 1, right: 2), Pause, Delay(r"1s"), Pair(1, "x"), Chain([Pause]),
    ], /* end */
)"#;

mod never_panics {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) {
        if let Ok(text) = decode("m.ron", bytes)
            && let Err(found) = parse::<Model>("m.ron", text)
        {
            assert!(found.has_errors() && found.len() <= PROBLEMS_MAX);
            let shown = found.render(text, crate::diagnostic::Color::Always);
            assert!(!shown.is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes);
        }

        #[test]
        fn pieces_of_ron(pieces in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "[", "]", "{", "}", ",", ":", "=", ";", "\"", "'", "r#\"", "\"#", "r#", "b'",
            "\\", "//", "/*", "*/", "\n", " ", "name", "stages", "Bus", "Some", "Chain", "5", "1.5",
            "-", "ä", "\u{200e}", "max_msgs", "#![enable(", "é'", "None", "..", "1..2",
        ]), 0..40)) {
            read(pieces.concat().as_bytes());
        }

        #[test]
        fn mutated_models(edits in prop::collection::vec(
            (any::<prop::sample::Index>(), 0..6_usize, any::<u8>()), 1..6)) {
            let mut bytes = VALID.as_bytes().to_vec();
            for (at, cut, byte) in edits {
                let at = at.index(bytes.len() + 1);
                let end = (at + cut).min(bytes.len());
                bytes.splice(at..end, (byte < 128).then_some(byte));
            }
            read(&bytes);
        }
    }

    #[test]
    fn every_prefix_of_a_model() {
        assert!(parse::<Model>("m.ron", VALID).is_ok());
        for end in 0..VALID.len() {
            read(&VALID.as_bytes()[..end]);
        }
    }
}
