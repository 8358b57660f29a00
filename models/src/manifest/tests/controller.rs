//! The controller's configuration.

use super::workflow::{became, controller, runs, template, unknown, workflow_of};
use super::*;
use crate::workflow::Version;

const BLOCK: &str = "kind: ConfigMap
metadata: {name: workflow-controller-configmap, namespace: argo}
data:
  config: |
    parallelism: 10
    namespaceParallelism: 4
    resourceRateLimit:
      limit: 0.5
      burst: 3
    semaphoreLimitCacheSeconds: 30
    instanceID: x
    persistence:
      archive: true
    wombat: 1
    workflowDefaults:
      metadata: {labels: {a: b}}
      spec:
        parallelism: 2
        activeDeadlineSeconds: 60
        ttlStrategy: {secondsAfterCompletion: 1}
        templateDefaults:
          retryStrategy: {limit: 6}
";

const FLAT: &str = "kind: ConfigMap
metadata: {name: release-workflow-controller-configmap, namespace: argo}
data:
  parallelism: \"10\"
  namespaceParallelism: \"4\"
  resourceRateLimit: |
    limit: 0.5
    burst: 3
  semaphoreLimitCacheSeconds: \"30\"
  instanceID: x
  persistence: |
    archive: true
  wombat: \"1\"
  workflowDefaults: |
    metadata: {labels: {a: b}}
    spec:
      parallelism: 2
      activeDeadlineSeconds: 60
      ttlStrategy: {secondsAfterCompletion: 1}
      templateDefaults:
        retryStrategy: {limit: 6}
";

const WORKFLOW: &str =
    "  activeDeadlineSeconds: 5\n  templates:\n  - name: main\n    container: {image: a}";

/// `config/controller.go`: one key with all of it, or one key for each setting.
#[test]
fn both_forms_of_the_configuration_are_read() {
    for (form, at) in [(BLOCK, "data.config"), (FLAT, "data")] {
        let text = format!("{form}---\n{}", workflow_of(WORKFLOW));
        let import = imported(&[("w.yaml", &text)], Reading::Deployed);
        let found = controller(&import);
        assert_eq!((found.parallelism, found.namespace_parallelism), (Some(10), Some(4)));
        assert_eq!(found.semaphore_limit_cache, Some("30s".into()));
        let limit = found.resource_rate_limit.clone().unwrap();
        assert_eq!((limit.rate.as_str(), limit.burst), ("0.5/s", 3));
        // The workflow's own goes before the default; defaults of templates hold.
        let w = template(&import, "w");
        assert_eq!((w.parallelism, &w.active_deadline), (Some(2), &Some("5s".into())));
        assert_eq!(w.retry.as_ref().unwrap().limit, Some(6));
        let cases = [
            ("parallelism", "workflows.parallelism = 10"),
            ("resourceRateLimit.limit", "workflows.resource_rate_limit.rate = 0.5/s"),
            ("workflowDefaults.spec.parallelism", "workflows.templates[0].parallelism = 2"),
            ("workflowDefaults.spec.ttlStrategy", "not modeled: what is kept when it is over"),
            ("persistence", "not modeled: what is kept when it is over"),
        ];
        for (field, expected) in cases {
            assert_eq!(became(&import, &format!("{at}.{field}")), expected);
        }
        assert_eq!(unknown(&import), [format!("{at}.wombat")]);
        assert_eq!(codes(&import), [""; 0]);
        runs(&text);
    }
}

#[test]
fn what_is_no_setting_is_told() {
    let cases = [
        ("parallelism: many", "not-a-number"),
        ("resourceRateLimit: {limit: x}", "no-rate"),
        ("semaphoreLimitCacheSeconds: soon", "not-a-duration"),
        ("parallelism: 0", ""),
        ("workflowDefaults: {}", ""),
        ("resourceRateLimit: {limit: 10}", ""),
    ];
    for (line, code) in cases {
        let text = format!(
            "kind: ConfigMap\nmetadata: {{name: workflow-controller-configmap}}\ndata:\n  config: |\n    {line}\n---\n{}",
            workflow_of(WORKFLOW)
        );
        let import = imported(&[("w.yaml", &text)], Reading::Deployed);
        assert_eq!(codes(&import).join(" "), code, "{line}");
        runs(&text);
    }
    let broken = format!(
        "kind: ConfigMap\nmetadata: {{name: workflow-controller-configmap}}\ndata:\n  config: \"a: [\"\n---\n{}",
        workflow_of(WORKFLOW)
    );
    assert_eq!(codes(&imported(&[("w.yaml", &broken)], Reading::Deployed)), ["bad-yaml"]);
}

/// The cache is read since v3.7.
#[test]
fn settings_are_those_of_the_release() {
    let text = format!("{BLOCK}---\n{}", workflow_of(WORKFLOW));
    for (reading, minor, is_read) in
        [(Reading::Deployed, 6, false), (Reading::Deployed, 7, true), (Reading::Intended, 6, true)]
    {
        let versions =
            Versions { argo_workflows: Version::new(3, minor, 0), ..Versions::default() };
        let import = import_from(
            &Manifests::read(&[("w.yaml", &text)]),
            &ImportOptions { versions, ..ImportOptions::new(reading) },
        );
        assert_eq!(
            controller(&import).semaphore_limit_cache.is_some(),
            is_read,
            "{reading:?} {minor}"
        );
    }
}

/// `multi_throttler.go`: a label of the namespace goes before `namespaceParallelism`.
#[test]
fn a_namespace_may_have_a_limit_of_its_own() {
    let text = format!(
        "kind: Namespace\nmetadata: {{name: team, labels: {{workflows.argoproj.io/parallelism-limit: \
         \"3\"}}}}\nspec: {{finalizers: [kubernetes]}}\n---\n{}",
        workflow_of(WORKFLOW)
    );
    let import = imported(&[("w.yaml", &text)], Reading::Deployed);
    assert_eq!(controller(&import).namespace_limits.get("team"), Some(&3));
    assert_eq!(
        became(&import, "metadata.labels.workflows.argoproj.io/parallelism-limit"),
        "workflows.namespace_limits.team = 3"
    );
    assert_eq!((unknown(&import), codes(&import)), (vec![], vec![]));
    Model::from_manifests(&[("w.yaml", &text)], Reading::Deployed, &Overrides::default())
        .unwrap_or_else(|found| panic!("{found}"));
}
