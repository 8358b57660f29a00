//! Settings of the workflow controller that it does not take, or takes otherwise.

use super::controller::{Controller, Setting, controllers};
use crate::diagnostic::nearest;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::{Place, Style};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST073",
    name: "controller-config",
    level: Level::Error,
    title: "the workflow controller refuses its configuration, or takes a limit otherwise",
    since: "every version of argo-workflows; unknown keys are refused since 3.4",
    story: "\
The workflow controller reads one ConfigMap, in one of two forms: a key `config` with everything in one YAML text, \
and then no other key, or a key for each setting, with texts as values. Since 3.4 it does not start with a key \
that it does not know; before, it ignored it. A number that is no number is an error as well. Without a \
controller no workflow starts or goes on: Sensors submit, and everything stays Pending.

`parallelism` and `namespaceParallelism` count incomplete workflows. 0 is not \"none\" but \"no limit\"; a negative \
number admits nothing at all. `resourceRateLimit` is a bucket for new pods, `limit` a second with a `burst`: what \
is left out is 0, and a bucket without `burst` never lets a pod through.",
    links: &[
        "argo-workflows config/controller.go:parseConfigMap",
        "argo-workflows config/config.go",
        "argo-workflows workflow/sync/multi_throttler.go",
        "argo-workflows docs/upgrading.md, fail on invalid config",
    ],
    check,
};

/// Settings whose names matter here, and others that could be meant.
const KNOWN: [&str; 30] = [
    "artifactDrivers",
    "artifactRepository",
    "columns",
    "executor",
    "failedPodRestart",
    "images",
    "initialDelay",
    "instanceID",
    "kubeConfig",
    "links",
    "mainContainer",
    "metricsConfig",
    "namespace",
    "namespaceParallelism",
    "navColor",
    "nodeEvents",
    "parallelism",
    "persistence",
    "podGCDeleteDelayDuration",
    "podGCGracePeriodSeconds",
    "podSpecLogStrategy",
    "resourceRateLimit",
    "retentionPolicy",
    "sso",
    "synchronization",
    "telemetryConfig",
    "tracing",
    "workflowDefaults",
    "workflowEvents",
    "workflowRestrictions",
];

fn check(cx: &mut Cx<'_, '_>) {
    for controller in controllers(cx) {
        check_form(cx, &controller);
        for setting in controller.settings() {
            let name = KNOWN.iter().find(|it| it.eq_ignore_ascii_case(setting.name));
            match name.copied() {
                None => check_name(cx, &controller, setting),
                Some("parallelism" | "namespaceParallelism") => {
                    check_parallelism(cx, controller.manifest, setting);
                }
                Some("resourceRateLimit") => check_rate(cx, controller.manifest, setting),
                Some(_) => {}
            }
        }
    }
}

fn check_form(cx: &mut Cx<'_, '_>, controller: &Controller<'_>) {
    for (name, problem) in &controller.problems {
        let Some(at) = &problem.location else { continue };
        let place = Place { line: at.line, column: at.column, length: at.length };
        // The parser counts lines within the text.
        let said = problem.message.split(" at line ").next().unwrap_or_default();
        let message = format!("`{name}` is {said}: the controller does not start");
        cx.find(controller.manifest, place, message).help("the value is YAML within a text");
    }
    for field in controller.beside_config() {
        cx.at_key(
            controller.manifest,
            field,
            "a key beside `config`: the controller does not start",
        )
        .help("put it into the text under `config`, or give each setting a key of its own");
    }
}

fn check_name(cx: &mut Cx<'_, '_>, controller: &Controller<'_>, setting: Setting<'_>) {
    let manifest = controller.manifest;
    let Some(near) = nearest(setting.name, &KNOWN) else { return };
    let is_refused = cx.versions.argo_workflows >= Version::new(3, 4, 0);
    let effect = if is_refused { "the controller does not start" } else { "it has no effect" };
    let file = cx.manifests.file(manifest.file).filter(|_| controller.get(near).is_none());
    let edit = file.map(|it| Edit::key(it, setting.field, near));
    let message = format!("there is no setting `{}`: {effect}", setting.name);
    cx.at_key(manifest, setting.field, message)
        .help(format!("there is `{near}`"))
        .fix(Fix::new(&format!("write `{near}`"), [edit]));
}

fn check_parallelism(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, setting: Setting<'_>) {
    let Setting { name, value, .. } = setting;
    let text = value.scalar().unwrap_or_default();
    let whose = if name.eq_ignore_ascii_case("parallelism") { "" } else { " of a namespace" };
    let file = cx.manifests.file(manifest.file);
    if setting.is_whole && value.style() == Style::Quoted && text.parse::<i64>().is_ok() {
        let edit = file.and_then(|it| Edit::value(it, value, text));
        cx.at_value(
            manifest,
            value,
            format!(
                "`{name}` is a text and not a number within `config`: the controller does not start"
            ),
        )
        .help("take the quotes away")
        .fix(Fix::new("take the quotes away", [edit]));
        return;
    }
    match text.parse::<i64>() {
        Ok(0) => {
            cx.at_value(
                manifest,
                value,
                format!("`{name}` of 0 is no limit: any number of workflows{whose} run at once"),
            )
            .level(Level::Warning)
            .help("take it out, or say how many");
        }
        Ok(limit) if limit < 0 => {
            cx.at_value(manifest, value, format!("`{name}` of {limit} admits no workflow at all"))
                .help("say how many; 0 is no limit");
        }
        Ok(_) => {}
        Err(_) => {
            cx.at_value(
                manifest,
                value,
                format!("`{name}` is no whole number: the controller does not start"),
            )
            .help("say how many: `10`");
        }
    }
}

fn check_rate(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, setting: Setting<'_>) {
    let rate = setting.value;
    if rate.fields().is_empty() {
        cx.at_key(
            manifest,
            setting.field,
            "`resourceRateLimit` is no map: the controller does not start",
        )
        .help("it has `limit` and `burst`");
        return;
    }
    for (name, without) in [
        ("burst", "no pod is ever made"),
        ("limit", "no pod is made once the first burst is used up"),
    ] {
        let Some(node) = rate.get(name) else {
            cx.at_key(
                manifest,
                setting.field,
                format!("`resourceRateLimit` without `{name}`: it is 0, and {without}"),
            )
            .help("`limit` is pods a second, `burst` how many at once");
            continue;
        };
        let text = node.scalar().unwrap_or_default();
        let is_quoted = node.style() == Style::Quoted;
        let value = if name == "burst" {
            text.parse::<i64>().map(|it| it as f64).ok()
        } else {
            text.parse::<f64>().ok()
        };
        match value.filter(|it| it.is_finite() && !is_quoted) {
            Some(value) if value > 0.0 => {}
            Some(_) => {
                cx.at_value(manifest, node, format!("with `{name}` of {text} {without}"))
                    .help("`limit` is pods a second, `burst` how many at once");
            }
            None => {
                cx.at_value(
                    manifest,
                    node,
                    format!("`{name}` is no number: the controller does not start"),
                )
                .help("`limit` is pods a second, `burst` a whole number of them");
            }
        }
    }
}
