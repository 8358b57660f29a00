use super::*;

fn shop(namespace: &str, bus: &str) -> String {
    format!(
        "kind: EventSource\nmetadata: {{name: orders, namespace: {namespace}}}\nspec: {{eventBusName: {bus}, \
         webhook: {{created: {{endpoint: /x}}}}}}\n---\nkind: Sensor\nmetadata: {{name: orders, namespace: \
         {namespace}}}\nspec:\n  eventBusName: {bus}\n  dependencies: [{{name: a, eventSourceName: orders, \
         eventName: created}}]\n  triggers: [{{template: {{name: t, log: {{}}}}}}]\n---\n"
    )
}

/// What sends to what, and what listens to what.
fn ways(import: &Import) -> Vec<String> {
    let mut ways = Vec::new();
    for stage in &import.spec.stages {
        match stage {
            Stage::EventSource(source) => ways.push(format!("{} -> {}", source.name, source.to)),
            Stage::Sensor(sensor) => ways.push(format!(
                "{} <- {} of {}",
                sensor.name, sensor.dependencies[0].source, sensor.bus
            )),
            Stage::EventBus(bus) => ways.push(bus.name.clone()),
            _ => {}
        }
    }
    ways
}

#[test]
fn one_object_of_a_name_keeps_it_and_kinds_are_told_apart() {
    let import = of(&shop("default", "default"), Reading::Deployed);
    let expected = ["orders -> default", "orders-sensor <- orders of default", "default"];
    assert_eq!(ways(&import), expected);
    let import = of(&shop("web", "main"), Reading::Deployed);
    assert_eq!(ways(&import), ["orders -> main", "orders-sensor <- orders of main", "main"]);
}

#[test]
fn namespaces_have_their_own_in_any_order_of_files() {
    let bus = "kind: EventBus\nmetadata: {name: default, namespace: b}\nspec: {jetstream: {version: latest}}\n";
    let (first, second) = (shop("default", "default"), shop("b", "default") + bus);
    let sorted = |texts: [&str; 2]| {
        let import = of(&texts.join("---\n"), Reading::Deployed);
        assert_eq!(codes(&import), [""; 0]);
        let mut ways = ways(&import);
        ways.sort();
        ways
    };
    let expected = [
        "default",
        "default-b",
        "orders -> default",
        "orders-b -> default-b",
        "orders-b-sensor <- orders-b of default-b",
        "orders-sensor <- orders of default",
    ];
    assert_eq!(sorted([&first, &second]), expected);
    assert_eq!(sorted([&second, &first]), expected);
}

#[test]
fn twins_of_one_namespace_are_told() {
    let text = shop("a", "default").repeat(2) + &shop("b", "default");
    let import = of(&text, Reading::Deployed);
    assert_eq!(codes(&import), ["twice"]);
    assert_eq!(import.findings.len(), 2, "{}", import.findings);
    Model::from_manifests(&[("f.yaml", &text)], Reading::Deployed, &Overrides::default()).unwrap();
}

/// A sensor finds only the sources of its own namespace.
#[test]
fn names_do_not_reach_into_other_namespaces() {
    let a = shop("a", "default");
    let (source, _) = a.split_once("---\n").unwrap();
    let b = shop("b", "default");
    let (_, sensor) = b.split_once("---\n").unwrap();
    let import = of(&format!("{source}---\n{sensor}"), Reading::Deployed);
    let because = &assumed(&import, "orders-b, all of it").because;
    assert!(because.contains("no manifest of it was given"), "{because}");
}
