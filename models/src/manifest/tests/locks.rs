//! Semaphores, mutexes and the ConfigMaps of their limits.

use super::workflow::{became, controller, runs, template, unknown};
use super::*;
use crate::workflow::Version;

fn version(text: &str) -> Versions {
    let parts: Vec<u32> = text.split('.').map(|it| it.parse().unwrap()).collect();
    Versions { argo_workflows: Version::new(parts[0], parts[1], parts[2]), ..Versions::default() }
}

fn imported_by(text: &str, reading: Reading, versions: Versions) -> Import {
    import_from(
        &Manifests::read(&[("w.yaml", text)]),
        &ImportOptions { versions, ..ImportOptions::new(reading) },
    )
}

const LIMITS: &str = "---\nkind: ConfigMap\nmetadata: {name: limits}\ndata: {one: \"3\", two: \" 4 \", other: \"5\", text: many}\n";

/// argo-workflows: lists since v3.6, single ones until v4.0, at both levels.
#[test]
fn locks_are_read_in_the_form_of_the_release() {
    let single = "{semaphore: {configMapKeyRef: {name: limits, key: one}}, mutex: {name: m}}";
    let lists = "{semaphores: [{configMapKeyRef: {name: limits, key: one}}], mutexes: [{name: m}]}";
    let cases = [
        ("3.5.10", single, true),
        ("3.5.10", lists, false),
        ("3.6.0", single, true),
        ("3.6.0", lists, true),
        ("3.7.9", single, true),
        ("4.0.0", single, false),
        ("4.1.2", lists, true),
    ];
    for (release, form, is_read) in cases {
        let text = format!(
            "kind: Workflow\nmetadata: {{name: w}}\nspec:\n  synchronization: {form}\n  templates:\n  - name: \
             main\n    synchronization: {form}\n    container: {{image: a}}\n{LIMITS}"
        );
        for reading in Reading::ALL {
            let import = imported_by(&text, reading, version(release));
            let w = template(&import, "w");
            let node = w.steps.first().map(|group| &group[0]);
            let counts = [
                w.semaphores.len(),
                w.mutexes.len(),
                node.map_or(0, |it| it.semaphores.len()),
                node.map_or(0, |it| it.mutexes.len()),
            ];
            let expected = usize::from(is_read || reading == Reading::Intended);
            assert_eq!(counts, [expected; 4], "{release} {form} {reading:?}");
            assert_eq!(unknown(&import), [""; 0]);
            assert_eq!(controller(&import).version, release);
            // Of the odd form the linter tells.
            assert_eq!(codes(&import), [""; 0]);
        }
        runs(&text);
    }
    let text = format!(
        "kind: Workflow\nmetadata: {{name: w}}\nspec:\n  synchronization: {single}\n  templates: []\n"
    );
    let import = imported_by(&text, Reading::Deployed, version("4.0.0"));
    assert_eq!(
        became(&import, "spec.synchronization.semaphore"),
        "not modeled: argo-workflows 4.0.0 does not read it: nobody waits"
    );
}

/// Only what a semaphore asks for is a limit.
#[test]
fn limits_stand_in_config_maps() {
    let text = format!(
        "kind: Workflow\nmetadata: {{name: w}}\nspec:\n  synchronization:\n    semaphores:\n    - configMapKeyRef: \
         {{name: limits, key: two}}\n    - configMapKeyRef: {{name: limits, key: text}} # surgetank: permits \
         7\n    - configMapKeyRef: {{name: nobody, key: one}}\n    - database: {{key: x}}\n    - {{}}\n  \
         templates:\n  - name: main\n    container: {{image: a}}\n{LIMITS}"
    );
    let import = imported(&[("w.yaml", &text)], Reading::Deployed);
    let maps: Vec<String> = import
        .spec
        .config_maps
        .iter()
        .flat_map(|(map, keys)| keys.iter().map(move |(key, limit)| format!("{map}/{key}={limit}")))
        .collect();
    assert_eq!(maps, ["limits/text=7", "limits/two=4", "nobody/one=1"]);
    assert_eq!(became(&import, "data.two"), "config_maps.limits.two = 4");
    assert_eq!(
        became(&import, "data.other"),
        "not modeled: no semaphore that anything here waits for"
    );
    let semaphores = "spec.synchronization.semaphores";
    assert_eq!(
        became(&import, &format!("{semaphores}[0]")),
        "workflows.templates[0].semaphores[0] = limits/two"
    );
    assert!(became(&import, &format!("{semaphores}[3]")).contains("locks in a database"));
    let assumed: Vec<&str> = import
        .assumptions
        .iter()
        .map(|it| it.subject.as_str())
        .filter(|it| it.starts_with("config_maps"))
        .collect();
    assert_eq!(assumed, ["config_maps.limits.text", "config_maps.nobody.one"]);
    assert_eq!(codes(&import), ["nameless-lock"]);
    runs(&text);
}

/// `workflow/sync/lock_name.go`: a lock belongs to the namespace of the workflow, or to the one it names.
#[test]
fn limits_and_locks_belong_to_namespaces() {
    let workflow = |namespace: &str, lock: &str| {
        format!(
            "---\nkind: Workflow\nmetadata: {{name: w, namespace: {namespace}}}\nspec:\n  synchronization:\n    \
             semaphores: [{{configMapKeyRef: {{name: limits, key: one}}{lock}}}]\n    mutexes: [{{name: \
             m{lock}}}]\n  templates:\n  - name: main\n    container: {{image: a}}\n"
        )
    };
    let limits = |namespace: &str, limit: &str| {
        format!(
            "---\nkind: ConfigMap\nmetadata: {{name: limits, namespace: {namespace}}}\ndata: {{one: \
             \"{limit}\"}}\n"
        )
    };
    let text = [
        workflow("a", ""),
        workflow("b", ""),
        workflow("c", ", namespace: a"),
        workflow("d", ", namespace: default"),
        workflow("default", ""),
        limits("a", "2"),
        limits("b", "3"),
        limits("default", "4"),
    ]
    .concat();
    let import = imported(&[("w.yaml", &text)], Reading::Deployed);
    let maps: Vec<(&str, &str)> = import
        .spec
        .config_maps
        .iter()
        .map(|(map, keys)| (map.as_str(), keys["one"].as_str()))
        .collect();
    assert_eq!(maps, [("a/limits", "2"), ("b/limits", "3"), ("default/limits", "4")]);
    let named: Vec<_> = controller(&import)
        .templates
        .iter()
        .map(|it| {
            let semaphore = &it.semaphores[0].config_map;
            (it.namespace.as_str(), semaphore.as_str(), it.mutexes[0].as_str())
        })
        .collect();
    assert_eq!(
        named,
        [
            ("a", "limits", "m"),
            ("b", "limits", "m"),
            ("c", "a/limits", "a/m"),
            ("d", "default/limits", "default/m"),
            ("default", "limits", "m"),
        ]
    );
    Model::from_manifests(&[("w.yaml", &text)], Reading::Deployed, &Overrides::default())
        .unwrap_or_else(|found| panic!("{found}"));
}

/// Template-level locks are those of the whole node, so that they are held through its retries and their
/// pauses (`operator.go`, `executeTemplate`: the lock is released when the Retry node is fulfilled).
#[test]
fn a_lock_of_a_template_is_held_through_its_retries() {
    let text = format!(
        "kind: Workflow\nmetadata: {{name: w}}\nspec:\n  templates:\n  - name: main\n    synchronization: \
         {{mutexes: [{{name: m}}]}}\n    retryStrategy: {{limit: 1, backoff: {{duration: 20}}}}\n    container: \
         {{image: a}} # surgetank: service 10s; failure 1; pod_start 0s\n---\n# surgetank: arrivals \
         Trace(rows: [(at: \"1s\")])\n{}",
        "kind: Workflow\nmetadata: {name: v}\nspec:\n  synchronization: {mutexes: [{name: m}]}\n  templates:\n  - \
         name: main\n    container: {image: a} # surgetank: service 1s; pod_start 0s\n"
    );
    let files = [("w.yaml", text.as_str())];
    let (model, _) =
        Model::from_manifests(&files, Reading::Intended, &Overrides::default()).unwrap();
    let key = crate::run::RunKey { seed: 1, replication: 0 };
    let outcome = crate::run::run(&model.plan, key, None).expect("it runs");
    // 10 s, a pause of 20 s, 10 s: the other waits from 1 s to 40 s, and runs for one second.
    let turnaround = outcome.component("workflows").unwrap().sample("turnaround").unwrap();
    assert_eq!((turnaround.count, turnaround.mean_ns), (2, 40e9));
}
