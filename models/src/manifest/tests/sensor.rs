use super::*;
use crate::sensor::spec::OnTimeoutSpec;
use crate::spec::policy::Algorithm;

/// A sensor with one trigger that has `extra` beside its template and `inner` within it.
fn one_sensor(extra: &str, inner: &str) -> String {
    format!(
        "kind: Sensor\nmetadata: {{name: s}}\nspec:\n  dependencies:\n  - {{name: a, eventSourceName: e, \
         eventName: x}}\n  triggers:\n  - template: {{name: t, log: {{}}{inner}}}\n{extra}"
    )
}

/// As [`one_sensor`], with that action.
fn doing(action: &str, extra: &str) -> String {
    one_sensor(extra, "").replace("log: {}", action)
}

/// Beside the template, within it; the unit as intended, as deployed.
type Case<'c> = (&'c str, &'c str, Option<Unit>, Option<Unit>);

/// facts/argo.md 3.3, argo-events v1.9.11 `pkg/sensors/context.go` and `listener.go`: what each field does
/// where it stands. The linter tells of it; here the account does.
#[test]
fn fields_of_triggers_under_both_readings() {
    let minute = "    rateLimit: {requestsPerUnit: 10, unit: minute}\n";
    let capital = "    rateLimit: {requestsPerUnit: 10, unit: Minute}\n";
    let within = ", rateLimit: {requestsPerUnit: 10, unit: Minute}";
    let zero = "    rateLimit: {unit: Minute}\n";
    let cases: [Case<'_>; 4] = [
        (minute, "", Some(Unit::Minute), Some(Unit::Second)),
        (capital, "", Some(Unit::Minute), Some(Unit::Minute)),
        ("", within, Some(Unit::Minute), None),
        (zero, "", None, None),
    ];
    for (extra, inner, intended, deployed) in cases {
        let text = one_sensor(extra, inner);
        for (reading, unit) in [(Reading::Intended, intended), (Reading::Deployed, deployed)] {
            let import = of(&text, reading);
            let found = &sensor(&import.spec, "s").triggers[0].rate_limit;
            assert_eq!(limit(found).map(|(_, unit)| unit), unit, "{reading:?} of\n{text}");
            assert_eq!(codes(&import), [""; 0], "{reading:?} of\n{text}");
            let slack = found.as_ref().and_then(|limit| limit.algorithm);
            let meant = reading == Reading::Intended && unit.is_some();
            assert_eq!(slack, meant.then_some(Algorithm::LeakyBucket { slack: 0 }));
        }
    }
    let import = of(&one_sensor("", within), Reading::Deployed);
    assert!(account(&import).contains("rateLimit -> (nobody reads it here: passed over)"));
}

#[test]
fn a_rate_limit_of_the_sensor_is_meant_and_not_read() {
    let text = one_sensor("", "").replace("spec:\n", "spec:\n  rateLimit: {requestsPerUnit: 3}\n");
    let import = of(&text, Reading::Intended);
    assert_eq!(limit(&sensor(&import.spec, "s").rate_limit), Some((3, Unit::Second)));
    assert!(account(&import).contains("s.rate_limit.requests_per_unit = 3"));
    let import = of(&text, Reading::Deployed);
    assert_eq!(sensor(&import.spec, "s").rate_limit, None);
    assert!(account(&import).contains("spec.rateLimit -> (nobody reads it here: passed over)"));
}

/// facts/argo.md 3.3: retries need `atLeastOnce` since v1.9.0, dead letters are there since v1.9.3,
/// `atLeastOnce` since v1.8.0; a whole number is nanoseconds.
#[test]
fn retries_and_dead_letters_by_version() {
    let retry = "    retryStrategy: {steps: 3, duration: 10}\n    dlqTrigger: {template: {name: d, log: {}}}\n";
    let sure = format!("    atLeastOnce: true\n{retry}");
    let found = |text: &str, version: Version| {
        let import = with(text, &deployed_by(version));
        let trigger = sensor(&import.spec, "s").triggers[0].clone();
        let retry = trigger.retry.map(|it| (it.steps, it.duration.as_str().to_owned()));
        (trigger.delivery, retry, trigger.dead_letter.is_some())
    };
    let three = Some((3, "10ns".to_owned()));
    let [loose, sure] = [retry, sure.as_str()].map(|extra| one_sensor(extra, ""));
    let [once, least] = [DeliverySpec::FireAndForget, DeliverySpec::AtLeastOnce];
    assert_eq!(found(&loose, Version::new(1, 9, 11)), (once, None, false));
    assert_eq!(found(&sure, Version::new(1, 9, 11)), (least, three.clone(), true));
    assert_eq!(found(&sure, Version::new(1, 9, 2)), (least, three.clone(), false));
    assert_eq!(found(&loose, Version::new(1, 8, 1)), (once, three.clone(), false));
    assert_eq!(found(&sure, Version::new(1, 7, 6)), (once, three, false));
    let import = of(&loose, Reading::Intended);
    let trigger = &sensor(&import.spec, "s").triggers[0];
    assert_eq!(trigger.retry.as_ref().unwrap().duration.as_str(), "10s");
    assert!(trigger.dead_letter.is_some());
}

/// facts/argo.md 3.3, argo-events v1.9.11 `pkg/sensors/policy/resource-labels.go`: polling ends with its
/// backoff, and a timeout is a success unless `errorOnBackoffTimeout`.
#[test]
fn a_policy_waits_as_long_as_its_backoff_lasts_when_deployed() {
    let workflow = "k8s: {operation: create, source: {resource: {kind: Workflow, metadata: {generateName: \
                    w-}, spec: {workflowTemplateRef: {name: w}}}}}";
    let limited = "    policy: {k8s: {labels: {phase: Succeeded}, backoff: {steps: 4, duration: 2s}, \
                   errorOnBackoffTimeout: true}}\n";
    let text = doing(workflow, limited);
    let import = of(&text, Reading::Deployed);
    let policy = sensor(&import.spec, "s").triggers[0].policy.clone().unwrap();
    assert_eq!((policy.steps, policy.duration.as_str()), (4, "2s"));
    assert_eq!(policy.on_timeout, OnTimeoutSpec::Failure);
    // As intended the trigger waits until the workflow is done.
    let import = of(&text, Reading::Intended);
    let trigger = &sensor(&import.spec, "s").triggers[0];
    assert!(matches!(trigger.action, ActionSpec::WorkflowAndWait(_)));
    assert_eq!(trigger.policy, None);
    // Without a backoff: Argo's defaults.
    let text = doing(workflow, "    policy: {k8s: {labels: {phase: Succeeded}}}\n");
    let import = of(&text, Reading::Deployed);
    let policy = sensor(&import.spec, "s").triggers[0].policy.clone().unwrap();
    assert_eq!((policy.steps, policy.duration.as_str(), policy.jitter), (5, "1s", 1.0));
    assert_eq!(policy.on_timeout, OnTimeoutSpec::Success);
    // Nothing is passed over in silence where there is no workflow to wait for.
    for policy in ["    policy: {status: {allow: [200]}}\n", limited] {
        let import = of(&one_sensor(policy, ""), Reading::Deployed);
        assert_eq!(sensor(&import.spec, "s").triggers[0].policy, None);
        assert!(account(&import).contains("policy."), "{}", account(&import));
    }
}

#[test]
fn every_kind_of_template_is_known() {
    let secret = "{name: a, key: b}";
    let parameters = "parameters: [{src: {dependencyName: a, dataKey: b}, dest: c}]";
    let payload = "payload: [{src: {dependencyName: a}, dest: c}]";
    let cases = [
        (format!("http: {{url: u, method: POST, {payload}, {parameters}, timeout: 7, headers: {{}}, secureHeaders: [], dynamicHeaders: [], basicAuth: {{}}, tls: {{}}, host: h}}"), "Http"),
        (format!("awsLambda: {{functionName: f, region: r, accessKey: {secret}, secretKey: {secret}, {payload}, {parameters}, invocationType: Event, roleARN: r}}"), "Http"),
        (format!("custom: {{serverURL: u, secure: true, certSecret: {secret}, serverNameOverride: n, spec: {{a: b}}, {payload}, {parameters}}}"), "Http"),
        (format!("kafka: {{url: u, topic: t, partition: 1, requiredAcks: 1, compress: true, flushFrequency: 1, tls: {{}}, {payload}, {parameters}, partitioningKey: k, version: v, sasl: {{}}, schemaRegistry: {{}}, headers: {{}}, secureHeaders: []}}"), "Http"),
        (format!("nats: {{url: u, subject: s, {payload}, {parameters}, tls: {{}}, auth: {{}}}}"), "Http"),
        (format!("pulsar: {{url: u, topic: t, {payload}, {parameters}, authTokenSecret: {secret}, connectionBackoff: {{}}, tls: {{}}}}"), "Http"),
        (format!("openWhisk: {{host: h, version: v, namespace: n, authToken: {secret}, actionName: a, {payload}, {parameters}}}"), "Http"),
        (format!("slack: {{slackToken: {secret}, channel: c, message: m, attachments: a, blocks: b, thread: {{}}, sender: {{}}, {parameters}}}"), "Http"),
        (format!("email: {{username: u, smtpPassword: {secret}, host: h, port: 1, to: [a], from: b, subject: s, body: b, {parameters}}}"), "Http"),
        (format!("azureEventHubs: {{fqdn: f, hubName: h, sharedAccessKeyName: {secret}, sharedAccessKey: {secret}, {payload}, {parameters}}}"), "Http"),
        (format!("azureServiceBus: {{connectionString: {secret}, queueName: q, topicName: t, subscriptionName: s, tls: {{}}, {payload}, {parameters}}}"), "Http"),
        ("log: {intervalSeconds: 3}".to_owned(), "Log"),
        (format!("k8s: {{operation: create, source: {{resource: {{apiVersion: v1, kind: ConfigMap, metadata: {{generateName: a-}}, data: {{x: y}}}}}}, {parameters}}}"), "Store"),
        (format!("k8s: {{operation: patch, patchStrategy: p, liveObject: true, source: {{resource: {{apiVersion: v1, kind: Deployment, metadata: {{name: d}}}}}}, {parameters}}}"), "Store"),
        ("k8s: {source: {s3: {bucket: {name: b}}}}".to_owned(), "Log"),
        ("k8s: {source: {inline: \"{kind: Workflow, metadata: {generateName: w-}, spec: {entrypoint: m, templates: [{name: m, container: {image: i}}]}}\"}}".to_owned(), "Workflow"),
        (format!("argoWorkflow: {{operation: submit, args: [a], source: {{resource: {{kind: Workflow, metadata: {{generateName: w-}}, spec: {{entrypoint: m, templates: [{{name: m, container: {{image: i}}}}]}}}}}}, {parameters}}}"), "Workflow"),
        ("argoWorkflow: {operation: suspend, source: {resource: {kind: Workflow, metadata: {name: w}}}}".to_owned(), "Log"),
    ];
    for (action, expected) in cases {
        for reading in Reading::ALL {
            let import = of(&doing(&action, "    parameters: [{dest: a}]\n"), reading);
            assert_eq!(unknown(&import), [""; 0], "{action}");
            let found = format!("{:?}", sensor(&import.spec, "s").triggers[0].action);
            assert!(found.starts_with(expected), "{action}: {found}");
        }
    }
}

#[test]
fn an_http_trigger_waits_as_long_as_it_says() {
    let timeout = |action: &str| {
        let import = of(&doing(action, ""), Reading::Deployed);
        sensor(&import.spec, "s").triggers[0].timeout.as_ref().map(|it| it.as_str().to_owned())
    };
    assert_eq!(timeout("http: {url: u, timeout: 7}"), Some("7s".to_owned()));
    assert_eq!(timeout("http: {url: u, timeout: 0}"), None);
    assert_eq!(timeout("http: {url: u, timeout: soon}"), None);
    assert_eq!(timeout("slack: {timeout: 7}"), None);
}

/// Whoever calls the same address calls the same thing; triggers of one name in two sensors do not.
#[test]
fn targets_are_shared_by_address() {
    let texts = ["a", "b", "c"].map(|name| {
        let url = if name == "c" { "http://other" } else { "http://same" };
        doing(&format!("http: {{url: {url}}}"), "")
            .replace("{name: s}", &format!("{{name: {name}}}"))
    });
    let import = of(&texts.join("---\n"), Reading::Deployed);
    let targets: Vec<_> = ["a", "b", "c"]
        .map(|name| match &sensor(&import.spec, name).triggers[0].action {
            ActionSpec::Http(target) => target.clone(),
            other => panic!("{other:?}"),
        })
        .into();
    assert_eq!(targets, ["t-target", "t-target", "c-t-target"]);
}

/// facts/argo.md 3.2: `conditionsReset.byTime`.
#[test]
fn resets_of_conditions_come_with_the_clock() {
    let reset = |cron: &str| {
        let inner =
            format!(", conditionsReset: [{{byTime: {{cron: \"{cron}\", timezone: Asia/Tokyo}}}}]");
        let import = of(&one_sensor("", &inner), Reading::Deployed);
        assert_eq!(unknown(&import), [""; 0], "{cron}");
        let reset = sensor(&import.spec, "s").triggers[0].reset.clone();
        let told = account(&import);
        let line = told.lines().find(|line| line.contains("cron")).unwrap().to_owned();
        (reset.map(|it| (it.every.to_string(), it.first.unwrap().to_string())), line)
    };
    let (found, line) = reset("30 6 * * *");
    assert_eq!(found, Some(("1d".to_owned(), "21h30m".to_owned())));
    assert!(line.ends_with("s.triggers[0].reset = every 1d, first after 21h30m"), "{line}");
    let (found, line) = reset("0 0 1 * *");
    assert_eq!(found, None);
    assert!(line.ends_with("(its instants are no equal distances apart)"), "{line}");
}

#[test]
fn filters_let_pass_what_comments_say() {
    let text = "kind: Sensor
metadata: {name: s}
spec:
  dependencies:
  - name: a
    eventSourceName: e
    eventName: x
    filters: # surgetank: pass 0.3
      data: [{path: p, type: string, value: [v]}]
  - {name: b, eventSourceName: e, eventName: y, filters: {time: {start: a, stop: b}}}
  - {name: c, eventSourceName: e, eventName: z, filtersLogicalOperator: or, transform: {jq: .}}
  triggers:
  - template: {name: t, log: {}}
";
    let import = of(text, Reading::Deployed);
    let passes: Vec<f64> =
        sensor(&import.spec, "s").dependencies.iter().map(|it| it.filter).collect();
    assert_eq!(passes, [0.3, 1.0, 1.0]);
    assert_eq!(assumed(&import, "s.dependencies[0].filter").source, Source::Comment);
    assert_eq!(assumed(&import, "s.dependencies[1].filter").source, Source::Default);
    assert!(!import.assumptions.iter().any(|it| it.subject == "s.dependencies[2].filter"));
    assert_eq!(unknown(&import), [""; 0]);
}

#[test]
fn fields_of_a_sensor_are_accounted_for() {
    let text = "kind: Sensor
metadata: {name: s}
spec:
  eventBusName: main
  replicas: 2
  errorOnFailedRound: true
  revisionHistoryLimit: 1
  loggingFields: {a: b}
  template: {serviceAccountName: x}
  rateLimit: {requestsPerUnit: 10, unit: minute}
  dependencies:
  - name: a
    eventSourceName: e
    eventName: x
    filter: {}
  triggers:
  - template:
      name: t
      conditions: a
      atLeastOnce: true
      http: {url: http://x, methd: GET, payload: []}
    ratelimit: {requestsPerUnit: 1}
    rateLimit: {requestsPerUnit: 1, unit: hour, burst: 3}
    retryStrategy: {steps: 2, duration: 1s, factor: 2, jitter: 0.5, max: 3}
    policy: {status: {allow: [200]}}
    dlqTrigger:
      template: {name: d, http: {url: http://y}}
      retryStrategy: {steps: 2}
      rateLimit: {requestsPerUnit: 1}
";
    for reading in Reading::ALL {
        insta::assert_snapshot!(format!("sensor-{}", reading.name()), account(&of(text, reading)));
    }
}

#[test]
fn bad_values_are_told_and_have_a_default() {
    let text = doing(
        "http: {url: u, timeout: x}",
        "    rateLimit: {requestsPerUnit: many}\n    atLeastOnce: true\n    retryStrategy: {steps: x, \
         duration: 1 hour, factor: -1, jitter: x}\n",
    );
    let import = of(&text, Reading::Deployed);
    insta::assert_snapshot!(import.findings);
    let trigger = &sensor(&import.spec, "s").triggers[0];
    let retry = trigger.retry.clone().unwrap();
    assert_eq!((retry.steps, retry.duration.as_str(), retry.factor), (5, "1s", 1.0));
    assert_eq!(trigger.rate_limit, None);
}

/// facts/argo.md 3.2: `submit-from` starts what is in the cluster already.
#[test]
fn a_workflow_is_submitted_from_a_template() {
    let action = "argoWorkflow: {operation: submit-from, source: {resource: {kind: WorkflowTemplate, metadata: \
                  {name: w}}}}";
    let template = "---\nkind: WorkflowTemplate\nmetadata: {name: w}\nspec: {entrypoint: m, templates: [{name: \
                    m, container: {image: i}}]}\n";
    let import = of(&(doing(action, "") + template), Reading::Deployed);
    assert_eq!(sensor(&import.spec, "s").triggers[0].action, ActionSpec::Workflow("w".to_owned()));
    let import = of(&doing(action, ""), Reading::Deployed);
    assert_eq!(sensor(&import.spec, "s").triggers[0].action, ActionSpec::Log);
    assert_eq!(codes(&import), ["not-modeled"]);
}
