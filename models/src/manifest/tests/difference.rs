use super::*;
use crate::manifest::difference::{Difference, differences};

fn between(files: &[(&str, &str)]) -> Vec<Difference> {
    let [intended, deployed] = Reading::ALL.map(|reading| imported(files, reading));
    differences(&intended, &deployed)
}

#[test]
fn the_reference_is_told_in_plain_words() {
    let told: Vec<_> = between(REFERENCE)
        .iter()
        .map(|it| {
            let place = it.location.as_ref().map_or_else(String::new, |at| format!(" ({at})"));
            format!("{}: {}{place}", it.parameter, it.sentence())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_unit_in_lower_case_makes_sixty_times_as_many() {
    let text = "kind: Sensor\nmetadata: {name: s}\nspec:\n  dependencies: [{name: a, eventSourceName: e, eventName: \
                x}]\n  triggers:\n  - template: {name: t, log: {}}\n    atLeastOnce: true\n    rateLimit: \
                {requestsPerUnit: 10, unit: minute}\n";
    let found = between(&[("f.yaml", text)]);
    let limit = found.iter().find(|it| it.parameter == "s.triggers[0].rate_limit").unwrap();
    assert_eq!(limit.sentence(), "you believe 10/min; it does 10/s");
    assert_eq!(limit.location.as_ref().unwrap().line, 8);
    assert_eq!(limit.object.as_deref(), Some("Sensor/s"));
}

/// What the author believes of a trigger, and what it does: retries, dead letters, misplaced fields, waiting.
#[test]
fn triggers_differ_in_what_nobody_reads() {
    let text = "kind: Sensor
metadata: {name: s}
spec:
  dependencies: [{name: a, eventSourceName: e, eventName: x}]
  triggers:
  - template:
      name: t
      k8s: {source: {resource: {kind: Workflow, metadata: {generateName: w-}, spec: {workflowTemplateRef: {name: w}}}}}
      rateLimit: {requestsPerUnit: 5}
    policy: {k8s: {backoff: {steps: 3, duration: 2s, factor: 2}}}
    retryStrategy: {steps: 3, duration: 10}
    dlqTrigger: {template: {name: d, http: {url: u}}}
  - template: {name: u, log: {}}
    atLeastOnce: true
    rateLimit: {requestsPerUnit: 5}
---
kind: EventBus
metadata: {name: default}
spec: {jetstream: {streamConfig: \"maxBytes: 1GB\"}}
---
kind: WorkflowTemplate
metadata: {name: w}
spec:
  entrypoint: m
  synchronization: {semaphore: {configMapKeyRef: {name: c, key: k}}, mutex: {name: m}}
  templates: [{name: m, container: {image: i}}]
";
    let told: Vec<_> = between(&[("f.yaml", text)])
        .iter()
        .map(|it| {
            let place = it.location.as_ref().map_or(0, |at| at.line);
            format!("{}: {} ({place})", it.parameter, it.sentence())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn one_reading_does_not_differ_from_itself() {
    let import = imported(REFERENCE, Reading::Deployed);
    assert_eq!(differences(&import, &import), []);
}
