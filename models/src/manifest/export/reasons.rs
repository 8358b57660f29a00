//! Why manifests do not say something.

use super::LeftOut;
use super::compare::Difference;
use crate::spec::model::{ModelSpec, Stage};

pub(super) fn left_out(spec: &ModelSpec, difference: &Difference) -> LeftOut {
    let parameter = difference.parameter.clone();
    let why = why(spec, difference);
    LeftOut { parameter, why }
}

fn why(spec: &ModelSpec, difference: &Difference) -> String {
    let Difference { parameter, wanted, found } = difference;
    if OF_THE_RUN
        .iter()
        .any(|field| parameter == field || parameter.starts_with(&format!("{field}[")))
    {
        return "it is about the run, and not about what is deployed".to_owned();
    }
    let stage = spec.stages.iter().find(|stage| {
        parameter
            .strip_prefix(stage.name())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    });
    if wanted.is_null() && stage.is_none() && !parameter.contains(['.', '[']) {
        return "the manifests imply such a stage, and the model has none".to_owned();
    }
    let rest = stage.map_or(parameter.as_str(), |stage| &parameter[stage.name().len()..]);
    let field = rest.rsplit('.').next().unwrap_or(rest);
    let field = field.split('[').next().unwrap_or(field);
    if let Some(stage) = stage
        && let Some(why) = of_stage(stage, rest, field)
    {
        return why.to_owned();
    }
    if parameter.starts_with("config_maps") {
        return "no semaphore waits for it, so nobody reads it".to_owned();
    }
    let shown = if found.is_null() { "nothing".to_owned() } else { found.to_string() };
    format!("no field and no comment of manifests gives it: they give {shown}")
}

const OF_THE_RUN: [&str; 5] = ["horizon", "seed", "warm_up", "in_flight_max", "faults"];

fn of_stage(stage: &Stage, rest: &str, field: &str) -> Option<&'static str> {
    Some(match (stage, field) {
        (Stage::Station(_), "") => {
            "no trigger calls it: manifests know the other sides of triggers only"
        }
        (Stage::Station(_), _) => {
            "the other side of a call is no part of the manifests: comments give its `servers` and `service` only"
        }
        (Stage::Store(_), "") => {
            "no trigger writes into it: a store in manifests is what triggers create"
        }
        (Stage::Store(_), "drain" | "to") => {
            "who works the objects off does not follow from manifests"
        }
        (Stage::Store(_), _) => "objects of Kubernetes have no such limit",
        (Stage::EventBus(_), "max_consumers") => {
            "argo-events does not set it: `streamConfig` has no such key, and `settings` refuses it"
        }
        (Stage::EventBus(_), "storage") => "argo-events makes its stream in files, always",
        (Stage::EventBus(_), "on_reject") => {
            "a bus only answers with an error: what becomes of the event is up to its source"
        }
        (Stage::EventBus(_), "server") => {
            "argo-events v1.9.11 brings no release of nats-server that behaves so"
        }
        (Stage::EventBus(_), _) if rest.starts_with(".consumers") => {
            "argo-events makes its consumers with the server's defaults, and has no setting for them"
        }
        (Stage::EventBus(_), "retention" | "discard") => "argo-events reads it since v1.9.3",
        (Stage::EventSource(_), "") => "there is no object that publishes so",
        (Stage::EventSource(_), "closed_loop") => {
            "how many clients there are is no part of manifests"
        }
        (Stage::EventSource(_), "publish") => "argo-events tries so often, and so fast, as it does",
        (Stage::EventSource(_), "priority") => "events of argo-events have no priority",
        (Stage::EventSource(_), "resend") => {
            "whether senders repeat themselves is no part of manifests"
        }
        (Stage::EventSource(_), "to") => "an event source publishes into a bus",
        (Stage::EventSource(_), "rate_limit" | "over") => {
            "of all event sources only kafka has a limit: so many a second for each partition, and the others wait"
        }
        (Stage::EventSource(_), "max_payload") => "only webhooks have such a limit",
        (Stage::EventSource(_), "route") => "no type of event source does both so",
        (Stage::EventSource(_), "on_failure") => {
            "it is up to who delivers the events (an ack deadline, a visibility timeout, the caller of a webhook): a \
             comment `on_failure` says it, if it names no store that is not there"
        }
        (Stage::EventSource(_), "arrivals") => {
            "a comment cannot say it, such as arrivals from a file"
        }
        (Stage::Sensor(_), "client") => {
            "the client of a sensor makes 5 calls a second, 10 at once: client-go's default, which argo-events leaves"
        }
        (Stage::Sensor(_) | Stage::Workflow(_), "version") => {
            "which release is installed does not stand in manifests: `--argo-events`, `--argo-workflows`"
        }
        (Stage::Sensor(_), "processing") => "only an assume block or `--set` gives it",
        (Stage::Sensor(_), "algorithm") => {
            "every limiter of a trigger lets up to 11 calls through at once after a pause (its slack is 10)"
        }
        (Stage::Sensor(_), "rate_limit") => {
            "`requestsPerUnit` is a whole number per second, minute or hour"
        }
        (Stage::Sensor(_), "over") => "a trigger's limit only lets wait",
        (Stage::Sensor(_), "cap") => "`retryStrategy` of a trigger has no `cap`",
        (Stage::Sensor(_), "retry" | "dead_letter") => {
            "without `atLeastOnce: true` the controller passes it over"
        }
        (Stage::Sensor(_), "policy") => {
            "a trigger looks at its workflow so many times and no longer: it cannot wait as long as it takes"
        }
        (Stage::Sensor(_), "reset" | "every" | "first") => "no schedule comes at these times",
        (Stage::Sensor(_), "timeout") => "`timeout` of an http trigger is in whole seconds",
        (Stage::Sensor(_), "action") if rest.contains("triggers") => {
            "a trigger that does so would need a policy to wait with, or what it names is not there"
        }
        (Stage::Workflow(_), "realism") => {
            "the real controller has its delays and its limits on API calls"
        }
        (Stage::Workflow(_), "workers" | "api_limit" | "qps" | "burst")
            if !rest.contains("resource") =>
        {
            "it is an argument of the controller's Deployment: `--workflow-workers`, `--qps`, `--burst`"
        }
        (Stage::Workflow(_), "requeue" | "semaphore_notify") => {
            "it is a variable of the controller's Deployment: `DEFAULT_REQUEUE_TIME`, `SEMAPHORE_NOTIFY_DELAY`"
        }
        (Stage::Workflow(_), "max_pending" | "on_reject") => {
            "the controller takes any number of workflows"
        }
        (Stage::Workflow(_), "pod_start") => {
            "only an assume block or `--set` gives it for all pods"
        }
        (Stage::Workflow(_), "concurrency") => "only what a CronWorkflow starts has it",
        _ => return None,
    })
}
