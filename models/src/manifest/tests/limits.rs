use super::*;

#[test]
fn a_field_that_is_written_twice_is_told_with_both_places() {
    let text = "kind: Sensor\nspec:\n  template: {}\n  triggers: []\n  template: {}\n---\nkind: Sensor\na: \
                {b: 1, c: 2, b: 3}\n";
    let found = Manifests::read(&[("f.yaml", text)]).problems().clone();
    insta::assert_snapshot!(found);
    // Within a stream's configuration as well.
    let text = "kind: EventBus\nspec:\n  jetstream:\n    streamConfig: |\n      maxMsgs: 1\n      maxMsgs: 2\n";
    insta::assert_snapshot!(of(text, Reading::Deployed).findings);
    // The keys that a merge brings are no repetition.
    let text = "a: &a {x: 1}\nb: {<<: *a, x: 2}\n";
    assert!(Manifests::read(&[("f.yaml", text)]).problems().is_empty());
}

/// Whatever takes time by the square of the size does not come to an end here.
#[test]
fn huge_files_are_answered_soon() {
    let huge = "a: b\n".repeat(10 << 20);
    let manifests = Manifests::read(&[("huge.yaml", &huge)]);
    assert_eq!(manifests.problems().len(), 1, "{}", manifests.problems());
    let notes = "# surgetank: rate 1/s\n".repeat(150_000);
    let many = "---\nkind: Sensor\n".repeat(20_000);
    let names: String =
        (0..20_000).map(|n| format!("---\nkind: Sensor\nmetadata: {{name: s{n}}}\n")).collect();
    for text in [notes, many, names] {
        let manifests = Manifests::read(&[("f.yaml", &text)]);
        drop(import_from(&manifests, &ImportOptions::new(Reading::Deployed)));
    }
}
