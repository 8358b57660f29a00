//! A repository full of manifests, checked: what `surgetank check k8s/ --storm spike` does.

use models::Overrides;
use models::lint::check_manifests;
use models::manifest::files::Manifests;
use models::manifest::{ImportOptions, Reading};
use models::storms::Storm;

use crate::workloads::Work;

/// Checks about so many manifests: event sources, sensors, workflow templates and ConfigMaps in equal parts.
pub(crate) fn check(manifests: u64) -> Work {
    let files: Vec<(String, String)> = (0..manifests.div_ceil(4)).flat_map(service).collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let storm = Storm::find("spike").expect("it comes with the program");
    let storm = Some((storm.name, storm.text));
    let overrides = Overrides { storm, ..Overrides::default() };
    let options = ImportOptions { storm, ..ImportOptions::new(Reading::Deployed) };
    let checked = check_manifests(Manifests::read(&files), &options, &overrides);
    let items = files.len() as u64;
    Work { items, events: items, check: checked.findings.len() as u64 }
}

/// The four manifests of one service, with what people get wrong.
fn service(number: u64) -> [(String, String); 4] {
    let head = |kind: &str, name: &str| {
        format!("apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n")
    };
    let source = head("EventSource", &format!("source{number}"))
        + "spec:\n  webhook:\n    placed: {endpoint: /placed, port: \"12000\", method: POST}\n";
    let sensor = head("Sensor", &format!("sensor{number}"))
        + &format!(
            "spec:\n  dependencies:\n    - name: order\n      eventSourceName: source{number}\n      \
             eventName: placed\n  triggers:\n    - template:\n        name: submit\n        k8s:\n          \
             operation: create\n          source:\n            resource:\n              apiVersion: \
             argoproj.io/v1alpha1\n              kind: Workflow\n              metadata:\n                \
             generateName: job-\n              spec:\n                workflowTemplateRef:\n                  \
             name: job{number}\n      rateLimit:\n        unit: minute\n        requestsPerUnit: 10\n      \
             retryStrategy:\n        steps: 3\n"
        );
    let template = head("WorkflowTemplate", &format!("job{number}"))
        + &format!(
            "spec:\n  entrypoint: main\n  synchronization:\n    semaphores:\n      - configMapKeyRef: {{name: \
             limits{number}, key: jobs}}\n  templates:\n    - name: main\n      steps:\n        - - {{name: \
             first, template: pod}}\n        - - {{name: second, template: pod}}\n    - name: pod\n      \
             container: {{image: job}}\n      retryStrategy: {{limit: 3}}\n"
        );
    let limits = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: limits{number}\ndata:\n  jobs: \"5\"\n"
    );
    [("source", source), ("sensor", sensor), ("template", template), ("limits", limits)]
        .map(|(kind, text)| (format!("{kind}{number}.yaml"), text))
}
