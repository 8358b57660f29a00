use super::*;

const TEXT: &str = "kind: EventSource
metadata: {name: orders}
spec:
  webhook: {created: {endpoint: /x}}
---
kind: Sensor
metadata: {name: s}
spec:
  dependencies: [{name: a, eventSourceName: orders, eventName: created}]
  triggers:
  # surgetank: failure 0.01
  - template: {name: call, http: {url: u}} # surgetank: servers 3
";

fn assuming(block: &str) -> Import {
    let options =
        ImportOptions { assume: Some(("a.ron", block)), ..ImportOptions::new(Reading::Deployed) };
    with(TEXT, &options)
}

#[test]
fn comments_go_before_blocks_and_these_before_defaults() {
    let block = r#"Assume(
    values: {
        "orders.arrivals": Poisson(rate: "20/s"),
        "s.triggers[0].failure": 0.5,
        "s.triggers[0].latency": "7ms",
        "call-target.service": LogNormal(mean: "40ms", cv: 1.5),
    },
    defaults: {"payload": "2KiB", "latency": "3ms", "service": "1s"},
)"#;
    let import = assuming(block);
    assert_eq!(codes(&import), [""; 0], "{}", import.findings);
    let told: Vec<_> = import
        .assumptions
        .iter()
        .map(|it| format!("{}: {} ({:?}) {}", it.subject, it.assumed, it.source, it.because))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    let (_, mut import) = {
        let files = [("f.yaml", TEXT)];
        Model::from_manifests(&files, Reading::Deployed, &Overrides::default()).unwrap()
    };
    import.overridden(&[("orders.payload".to_owned(), "\"3KiB\"".to_owned())]);
    assert_eq!(assumed(&import, "orders.payload").source, Source::Set);
}

#[test]
fn what_does_not_fit_a_block_is_told_at_its_place() {
    let block = r#"(
    values: {
        "orders.arrival": "1/s",
        "orders.arrivals": "20",
        "s.triggers[0].latency": 3,
        "nothing.of.it": 1,
    },
    defaults: {"pay_load": "2KiB", "service": "1s", "items": 3},
    other: {},
)"#;
    insta::assert_snapshot!(assuming(block).findings);
}

#[test]
fn what_does_not_fit_a_comment_is_told_at_its_place() {
    let text = "kind: EventSource
metadata: {name: e} # surgetank: rate 20; payload; latency = soon
spec:
  # surgetank: pass 2; shair 3
  webhook: {x: {endpoint: /x, filter: {expression: a}}} # surgetank: arrivals Poisson(rat: \"1/s\")
";
    let import = with(text, &ImportOptions::new(Reading::Deployed));
    insta::assert_snapshot!(import.findings);
    assert!(import.findings.has_errors());
    let found = super::import(&[("f.yaml", text)], Reading::Deployed).unwrap_err();
    assert!(found.has_errors());
}

#[test]
fn a_storm_may_assume_for_manifests_only() {
    let storm = r#"Storm(every_source: Some(Poisson(rate: "5/s")), assume: (defaults: {"payload": "9KiB"}))"#;
    let overrides = Overrides { storm: Some(("storm.ron", storm)), ..Overrides::default() };
    let (_, import) =
        Model::from_manifests(&[("f.yaml", TEXT)], Reading::Deployed, &overrides).unwrap();
    assert_eq!(assumed(&import, "orders.payload").assumed, "9KiB");
    let preset = Preset::find("reference").unwrap();
    let found = Model::read("m.ron", preset.text, &overrides, &NoFiles).unwrap_err();
    insta::assert_snapshot!(found);
    // On its own it is enough.
    let alone =
        Overrides { storm: Some(("s.ron", "(assume: (defaults: {}))")), ..Overrides::default() };
    Model::from_manifests(&[("f.yaml", TEXT)], Reading::Deployed, &alone).unwrap();
}

/// Every assumption about a parameter can be given in a block, under the path by which it is listed.
#[test]
fn every_settled_parameter_is_one_of_the_model() {
    for reading in Reading::ALL {
        let import = imported(REFERENCE, reading);
        for assumption in import.assumptions.iter().filter(|it| !it.subject.contains([' ', ','])) {
            if assumption.subject.ends_with(".client")
                || assumption.subject.ends_with(".partitions")
            {
                continue;
            }
            let sets = [(assumption.subject.clone(), "@".to_owned())];
            let overrides =
                Overrides { sets: &sets, made: Made::OfManifests, ..Overrides::default() };
            let found = Model::read("m", &import.ron_text(), &overrides, &NoFiles).unwrap_err();
            let is_there = found.iter().any(|it| it.message.contains("there is no `"));
            assert!(!is_there, "{found}");
        }
    }
}
