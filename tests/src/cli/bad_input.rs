//! Whatever the input, the program says what is wrong, where, and what to do; all at once, with exit
//! status 2, without a word on standard output, and without a panic.

use std::fmt::Write;

use super::Folder;

/// A name, the arguments, and the files that are there with their content.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a [u8])]);

/// A pipeline in which everything is right but what a case replaces.
fn model(from: &str, to: &str) -> String {
    let good = r#"(
    name: "good",
    horizon: "10m",
    stages: [
        EventSource(name: "orders", arrivals: Poisson(rate: "2/s"), to: "billing"),
        Station(name: "billing", servers: 2, service: "100ms"),
    ],
)
"#;
    assert!(from.is_empty() || good.contains(from), "{from}");
    good.replacen(from, to, usize::from(!from.is_empty()))
}

/// Runs `arguments` with the files and adds what was said to the page.
fn refused(page: &mut String, name: &str, arguments: &str, files: &[(&str, &[u8])], stdin: &[u8]) {
    let folder = Folder::new(&name.replace([' ', '/'], "-"));
    for (file, content) in files {
        folder.write(file, content);
    }
    let before = folder.names();
    let ran = folder.run_with(arguments, stdin);
    assert_eq!(ran.status, Some(2), "{name}: {ran:?}");
    assert_eq!(ran.out, "", "{name}: nothing on standard output");
    assert!(!ran.err.contains("panicked"), "{name}: {}", ran.err);
    assert_eq!(folder.names(), before, "{name}: nothing is left behind");
    let _ = write!(page, "## {name}\n$ surgetank {arguments}\n{}\n", ran.err);
}

fn page_of(cases: &[(&str, String)]) -> String {
    let mut page = String::new();
    for (name, text) in cases {
        refused(&mut page, name, "run model.ron", &[("model.ron", text.as_bytes())], b"");
    }
    page
}

#[test]
fn values_and_names() {
    let crowd: String = (0..8_190)
        .map(|number| format!("Station(name: \"extra-{number}\", service: \"1s\"),\n"))
        .collect();
    let page = page_of(&[
        ("wrong unit", model("\"100ms\"", "\"100 parsecs\"")),
        ("number without a unit", model("\"10m\"", "\"10\"")),
        ("unknown field", model("servers", "servrs")),
        ("unknown stage", model("Station", "Staton")),
        ("unknown reference", model("to: \"billing\"", "to: \"biling\"")),
        ("negative rate", model("\"2/s\"", "\"-2/s\"")),
        ("rate of zero", model("\"2/s\"", "\"0/s\"")),
        ("impossible limit", model("servers: 2", "servers: 0")),
        ("horizon of zero", model("\"10m\"", "\"0s\"")),
        ("more stages than fit", model("stages: [", &format!("stages: [{crowd}"))),
        (
            "several at once",
            model("\"2/s\"), to: \"billing\"", "\"-2/s\"), to: \"nowhere\"")
                .replace("servers: 2", "servers: 0"),
        ),
    ]);
    insta::assert_snapshot!(page);
}

/// Twenty mistakes of all kinds: one round shows all of them, and nothing else is wrong.
#[test]
fn everything_at_once() {
    let mistakes = [
        ("\"10m\"", "\"0s\""),
        ("\"2/s\"", "\"-2/s\""),
        ("to: \"bus\"", "to: \"bsu\""),
        ("\"5kB\"", "\"5 kilos\""),
        ("latency", "latncy"),
        ("every: \"1s\"", ""),
        ("max_msgs: 100", "max_msgs: 0"),
        ("discard", "discrad"),
        ("source: \"orders\"", "source: \"ordrs\""),
        ("\"d\", action", "\"d && e\", action"),
        ("Workflow(\"build\")", "Workflow(\"biuld\")"),
        ("\"6/min\"", "\"0/min\""),
        ("\"4s\"", "4s"),
        ("key: \"b\"", "key: \"c\""),
        ("\"5\"", "\"five\""),
        ("mean: \"80ms\"", "mean: \"-80ms\""),
        ("cv: 1", "cv: -1"),
        ("Store(name", "Stroe(name"),
        ("\"billing\", change", "\"biling\", change"),
        ("Slower(2)", "Slower(-2)"),
    ];
    let good = r#"Model(
    name: "many",
    horizon: "10m",
    stages: [
        EventSource(name: "orders", arrivals: Poisson(rate: "2/s"), payload: "5kB", to: "bus"),
        EventSource(name: "calls", arrivals: Periodic(every: "1s"), latency: "3ms", to: "billing"),
        EventBus(name: "bus", max_msgs: 100, discard: New),
        Sensor(
            name: "shop",
            bus: "bus",
            dependencies: [(name: "d", source: "orders")],
            triggers: [
                (name: "build", conditions: "d", action: Workflow("build"), rate_limit: (rate: "6/min")),
                (name: "keep", action: Store("late")),
            ],
        ),
        Workflow(templates: [
            (name: "build", service: "4s", semaphores: [(config_map: "a", key: "b")]),
            (name: "other", service: "3s", semaphores: [(config_map: "a", key: "d")]),
        ]),
        Station(name: "billing", service: LogNormal(mean: "80ms", cv: 1)),
        Store(name: "late"),
    ],
    config_maps: {"a": {"b": "4", "d": "5"}},
    faults: [(at: "5m", stage: "billing", change: Slower(2))],
)
"#;
    let bad = mistakes.iter().fold(good.to_owned(), |text, (right, wrong)| {
        assert_eq!(text.matches(right).count(), 1, "{right}");
        text.replace(right, wrong)
    });
    let page = page_of(&[("everything at once", bad)]);
    assert!(page.contains(&format!("{} problems", mistakes.len())), "{page}");
    insta::assert_snapshot!(page);
    let folder = Folder::new("nothing-wrong");
    folder.write("model.ron", good);
    let ran = folder.run("check model.ron");
    assert_eq!(ran.status, Some(0), "{ran:?}");
}

/// What is wrong with an option or a storm is shown there, and not in the model.
#[test]
fn options_and_storms() {
    let mut page = String::new();
    let model = model("\"100ms\"", "\"100ms\", to: \"late\"")
        .replace("    ],", "        Store(name: \"late\"),\n    ],");
    let bad_rates = "(\n    sources: {\"orders\": Poisson(rate: \"-1/s\")},\n)\n";
    let bad_spike = "(\n    every_source: Spike(\n        base: \"1/s\", peak: \"0/s\", at: \"3m\", for: \"1\",\n    ),\n)\n";
    let cases: &[(&str, &str, &str)] = &[
        ("limit of zero", "--set billing.servers=0", ""),
        ("unknown field", "--set billing.servrs=3", ""),
        ("field that was not stated", "--set orders.payload=5parsecs", ""),
        ("stage nearly named", "--set biling.servers=2", ""),
        ("unknown stage", "--set x.servers=2", ""),
        ("no value at all", "--set billing.queue=(max_msgs:", ""),
        (
            "several",
            "--set billing.servers=3 --set orders.to=\"nowhere\" --set billing.queue=(max_msgs:-1,order:First)",
            "",
        ),
        ("horizon of zero", "--horizon 0s", ""),
        ("warm-up longer than the horizon", "--set warm_up=\"10m\" --horizon 5m", ""),
        ("storm of a bad rate", "--storm storm.ron", bad_rates),
        ("storm of several mistakes", "--storm storm.ron", bad_spike),
        (
            "storm of an unknown source",
            "--storm storm.ron",
            "(sources: {\"ordrs\": Poisson(rate: \"1/s\")})",
        ),
        (
            "storm of a wrong shape",
            "--storm storm.ron --set billing.servers=0",
            "(every_source: Poison(rate: \"1/s\"))",
        ),
    ];
    for (name, arguments, storm) in cases {
        let mut files = vec![("model.ron", model.as_bytes())];
        files.extend((!storm.is_empty()).then_some(("storm.ron", storm.as_bytes())));
        refused(&mut page, name, &format!("run model.ron {arguments}"), &files, b"");
    }
    insta::assert_snapshot!(page);
}

#[test]
fn files_and_texts() {
    let mut page = String::new();
    let deep = "[".repeat(100_000);
    let rubbish: Vec<u8> =
        (0_u32..17 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let good = model("", "");
    let cases: &[Case<'_>] = &[
        ("missing file", "run model.ron", &[]),
        ("name like a preset", "run refrence", &[]),
        ("empty file", "run model.ron", &[("model.ron", b" \n")]),
        ("not text", "run model.ron", &[("model.ron", b"(\nname: \"\xff\")")]),
        ("rubbish", "run model.ron", &[("model.ron", &rubbish)]),
        ("deeply nested", "run model.ron", &[("model.ron", deep.as_bytes())]),
        ("directory", "run .", &[]),
        ("manifest", "run model.yaml", &[("model.yaml", b"kind: [EventBus")]),
        ("two models", "run model.ron other.ron", &[]),
        ("reading of a model", "run model.ron --reading both", &[("model.ron", good.as_bytes())]),
        ("missing storm", "run model.ron --storm wether", &[("model.ron", good.as_bytes())]),
        ("unknown path", "run model.ron --set billing.servrs=3", &[("model.ron", good.as_bytes())]),
        (
            "wrong value",
            "run model.ron --set billing.servers=many",
            &[("model.ron", good.as_bytes())],
        ),
        ("no value", "run model.ron --set billing.servers", &[("model.ron", good.as_bytes())]),
        ("horizon without a unit", "run model.ron --horizon 2", &[("model.ron", good.as_bytes())]),
        ("no replications", "run model.ron --reps 0", &[("model.ron", good.as_bytes())]),
        ("results over a file", "run model.ron --out model.ron", &[("model.ron", good.as_bytes())]),
        ("not a result", "verify model.ron", &[("model.ron", good.as_bytes())]),
        ("unknown family", "list arivals", &[]),
    ];
    for (name, arguments, files) in cases {
        refused(&mut page, name, arguments, files, b"");
    }
    refused(&mut page, "empty standard input", "run -", &[], b"");
    refused(&mut page, "rubbish on standard input", "run -", &[], &rubbish);
    insta::assert_snapshot!(page);
}

#[test]
fn traces() {
    let with_trace = model("Poisson(rate: \"2/s\")", "Trace(file: \"trace.csv\")");
    let mut page = String::new();
    for (name, trace) in [
        ("unsorted trace", "timestamp,size_bytes\n1,10\n3,10\n2,10\n"),
        ("broken rows", "timestamp,size_bytes\n1,10\nyesterday,10\n2,many\n3,10,1,1\n"),
        ("far to the right", "0.5,10,1\n1.5, 10, none\n , 10\n"),
        ("empty trace", ""),
        ("nothing but a header", "timestamp,size_bytes\n"),
    ] {
        let files = [("model.ron", with_trace.as_bytes()), ("trace.csv", trace.as_bytes())];
        refused(&mut page, name, "run model.ron", &files, b"");
    }
    let files = [("model.ron", with_trace.as_bytes())];
    refused(&mut page, "missing trace", "run model.ron", &files, b"");
    insta::assert_snapshot!(page);
}

#[test]
fn models_that_cannot_be_run_to_their_end() {
    let overload = model("\"2/s\"", "\"1000000/s\"")
        .replace("name: \"good\",", "name: \"flood\", in_flight_max: 10000,");
    let loop_without_delay = r#"(
    name: "loop",
    horizon: "10m",
    stages: [
        EventSource(name: "orders", arrivals: Poisson(rate: "2/s"), to: "there"),
        Station(name: "there", servers: 1, service: "0s", to: "back"),
        Station(name: "back", servers: 1, service: "0s", to: "there"),
    ],
)
"#;
    let page =
        page_of(&[("flood", overload), ("loop without delay", loop_without_delay.to_owned())]);
    insta::assert_snapshot!(page);
}
