//! The fields of workflows, their templates, schedules and settings that change nothing in the model.
//!
//! Source: argo-workflows 4.1.2 `pkg/apis/workflow/v1alpha1` and `config/config.go`, with the fields of
//! earlier releases that are gone since. What the importer may read is here as well, for where it had no use
//! for it.

/// Fields of one level, each with why it changes nothing. A name stands for itself and everything below.
type Fields = &'static [(&'static str, &'static str)];

const UNUSED: &str = "nothing here runs it, or another value goes before it";
const POD: &str = "where and how its pods run";
const DATA: &str = "what is passed in and out: no time of its own";
const CONTENT: &str = "what runs in its pod: how long, `service` says";
const RIGHTS: &str = "rights and identity of its pods";
const AFTER: &str = "what is kept when it is over";
const MEASURED: &str = "metrics of its author";
const SEEN: &str = "for people who look at it";

/// Of an object, beside its spec.
const OBJECT: Fields = &[("status", "what the controller has written")];

/// Of the spec of a workflow.
const SPEC: Fields = &[
    ("activeDeadlineSeconds", UNUSED),
    ("affinity", POD),
    ("archiveLogs", AFTER),
    ("arguments", DATA),
    ("artifactGC", AFTER),
    ("artifactRepositoryRef", DATA),
    ("automountServiceAccountToken", RIGHTS),
    ("dnsConfig", POD),
    ("dnsPolicy", POD),
    ("entrypoint", UNUSED),
    ("executor", RIGHTS),
    ("hooks", "hooks other than `exit` run beside the workflow, by what is known at run time only"),
    ("hostAliases", POD),
    ("hostNetwork", POD),
    ("imagePullSecrets", RIGHTS),
    ("metrics", MEASURED),
    ("nodeSelector", POD),
    ("onExit", UNUSED),
    ("parallelism", UNUSED),
    ("podDisruptionBudget", "evictions are not modeled"),
    ("podGC", "pods that are done hold nothing up here"),
    ("podMetadata", POD),
    ("podPriority", "the order of pods on full nodes: nodes have room here"),
    ("podPriorityClassName", "the order of pods on full nodes: nodes have room here"),
    // Since #16399 (2026-07).
    ("podResources", POD),
    ("podSpecPatch", POD),
    ("priority", UNUSED),
    ("retryStrategy", UNUSED),
    ("schedulerName", POD),
    ("securityContext", RIGHTS),
    ("serviceAccountName", RIGHTS),
    ("shutdown", UNUSED),
    ("suspend", UNUSED),
    ("synchronization", UNUSED),
    ("templateDefaults", UNUSED),
    ("templates", UNUSED),
    ("tolerations", POD),
    ("ttlSecondsAfterFinished", AFTER),
    ("ttlStrategy", AFTER),
    ("volumeClaimGC", AFTER),
    ("volumeClaimTemplates", "volumes are there at once"),
    ("volumes", POD),
    ("workflowMetadata", SEEN),
    ("workflowTemplateRef", UNUSED),
];

/// Of a template.
const TEMPLATE: Fields = &[
    ("activeDeadlineSeconds", "only pods have this deadline"),
    ("affinity", POD),
    ("annotations", SEEN),
    ("archiveLocation", DATA),
    ("arguments", DATA),
    ("automountServiceAccountToken", RIGHTS),
    ("container", CONTENT),
    ("containerSet", CONTENT),
    ("daemon", UNUSED),
    ("dag", UNUSED),
    ("data", CONTENT),
    ("executor", RIGHTS),
    ("failFast", "it ends siblings of a failed item sooner: they run to their end"),
    ("hostAliases", POD),
    ("http", CONTENT),
    ("initContainers", "they run before the pod's work: `pod_start` says how long"),
    ("inputs", DATA),
    ("memoize", "every run does its work: whether a result is there is known at run time only"),
    ("metadata", POD),
    ("metrics", MEASURED),
    ("name", UNUSED),
    ("nodeSelector", POD),
    ("outputs", DATA),
    ("parallelism", "only steps and DAGs have children"),
    ("plugin", CONTENT),
    // Since #16399 (2026-07).
    ("podResources", POD),
    ("podSpecPatch", POD),
    ("priority", "the order of pods on full nodes: nodes have room here"),
    ("priorityClassName", "the order of pods on full nodes: nodes have room here"),
    ("resource", CONTENT),
    ("resubmitPendingPods", UNUSED),
    ("retryStrategy", UNUSED),
    ("schedulerName", POD),
    ("script", CONTENT),
    ("securityContext", RIGHTS),
    ("serviceAccountName", RIGHTS),
    ("sidecars", CONTENT),
    ("steps", UNUSED),
    ("suspend", CONTENT),
    ("synchronization", UNUSED),
    ("template", UNUSED),
    ("templateRef", UNUSED),
    ("timeout", UNUSED),
    ("tolerations", POD),
    ("volumes", POD),
];

/// Of a DAG.
const DAG: Fields = &[("failFast", UNUSED), ("target", "all its tasks run"), ("tasks", UNUSED)];

/// Of a step, or of a task of a DAG.
const STEP: Fields = &[
    ("arguments", DATA),
    ("continueOn", "a step that fails for good ends its template here"),
    ("dependencies", UNUSED),
    ("depends", UNUSED),
    ("hooks", "hooks run beside the step, by what is known at run time only"),
    ("inline", UNUSED),
    ("name", UNUSED),
    ("onExit", "the exit handler of a single step"),
    ("template", UNUSED),
    ("templateRef", UNUSED),
    ("when", UNUSED),
    ("withItems", UNUSED),
    ("withParam", UNUSED),
    ("withSequence", UNUSED),
];

/// Of a retry strategy.
const RETRY: Fields = &[
    ("affinity", POD),
    ("backoff", UNUSED),
    ("expression", "taken as true: what a failure was is known at run time only"),
    ("limit", UNUSED),
    ("retryPolicy", UNUSED),
];

/// Of a reference to a semaphore or mutex.
const LOCK: Fields = &[
    ("database", "locks in a database are not modeled: nobody waits for them"),
    ("configMapKeyRef", UNUSED),
    ("name", UNUSED),
    ("namespace", UNUSED),
];

/// Of the spec of a CronWorkflow.
const CRON: Fields = &[
    ("concurrencyPolicy", UNUSED),
    ("failedJobsHistoryLimit", AFTER),
    ("schedule", UNUSED),
    ("schedules", UNUSED),
    ("startingDeadlineSeconds", "every run is started in time: none is missed and caught up with"),
    ("stopStrategy", "the schedule goes on: how often runs have failed is not counted"),
    ("successfulJobsHistoryLimit", AFTER),
    ("suspend", UNUSED),
    ("timezone", UNUSED),
    ("when", "every time counts: what it depends on is known at run time only"),
    ("workflowMetadata", SEEN),
    ("workflowSpec", UNUSED),
];

/// Of the controller's configuration.
const CONTROLLER: Fields = &[
    ("artifactDrivers", DATA),
    ("artifactRepository", DATA),
    ("columns", SEEN),
    ("executor", RIGHTS),
    ("failedPodRestart", "pods of nodes that fail are not modeled"),
    ("images", CONTENT),
    ("initialDelay", "new workflows are looked at at once"),
    ("instanceID", "which of several controllers a workflow belongs to: there is one here"),
    ("kubeConfig", RIGHTS),
    ("links", SEEN),
    ("mainContainer", CONTENT),
    ("metricsConfig", "metrics of the controller"),
    ("namespace", "which workflows the controller looks at: all of them here"),
    ("namespaceParallelism", UNUSED),
    ("navColor", SEEN),
    ("nodeEvents", SEEN),
    ("parallelism", UNUSED),
    ("persistence", AFTER),
    ("podGCDeleteDelayDuration", "pods that are done hold nothing up here"),
    ("podGCGracePeriodSeconds", "pods that are done hold nothing up here"),
    ("podSpecLogStrategy", SEEN),
    ("resourceRateLimit", UNUSED),
    ("retentionPolicy", AFTER),
    ("semaphoreLimitCacheSeconds", UNUSED),
    ("sso", "who may look at it"),
    ("synchronization", "locks in a database are not modeled"),
    ("telemetryConfig", "metrics of the controller"),
    ("tracing", "traces of the controller"),
    ("workflowDefaults", UNUSED),
    ("workflowEvents", SEEN),
    ("workflowRestrictions", "which workflows may be submitted: all of them here"),
];

const CONFIG_MAP: Fields = &[
    ("binaryData", "no limit of a semaphore"),
    ("data", "no limit of a semaphore of these manifests"),
    ("immutable", "limits are as they stand"),
];

const NAMESPACE: Fields = &[("spec", "how it is deleted")];

/// Why the field at `path` of an object of that kind changes nothing, if the real object has it.
pub(super) fn known(kind: &str, path: &str) -> Option<&'static str> {
    let (fields, rest) = level(kind, path)?;
    let name = rest.split(['.', '[']).next().unwrap_or(rest);
    fields.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

/// The names of the fields beside `path`.
pub(super) fn siblings(kind: &str, path: &str) -> Vec<&'static str> {
    level(kind, path).map_or(Vec::new(), |(fields, _)| fields.iter().map(|it| it.0).collect())
}

/// The fields that there are where `path` is, and the rest of the path from there.
fn level<'p>(kind: &str, path: &'p str) -> Option<(Fields, &'p str)> {
    match kind {
        "Workflow" | "WorkflowTemplate" | "ClusterWorkflowTemplate" => {
            Some(path.strip_prefix("spec.").map_or((OBJECT, path), of_spec))
        }
        // A workflow within a trigger.
        "Sensor" => {
            let (_, path) = path.split_once(".source.resource.")?;
            path.strip_prefix("spec.").map(of_spec)
        }
        "CronWorkflow" => Some(match path.strip_prefix("spec.workflowSpec.") {
            Some(rest) => of_spec(rest),
            None => path.strip_prefix("spec.").map_or((OBJECT, path), |rest| (CRON, rest)),
        }),
        "ConfigMap" => Some(match path.strip_prefix("data.") {
            Some(rest) => {
                let rest = rest.strip_prefix("config.").unwrap_or(rest);
                match rest.strip_prefix("workflowDefaults.spec.") {
                    Some(rest) => of_spec(rest),
                    None => (CONTROLLER, rest),
                }
            }
            None => (CONFIG_MAP, path),
        }),
        "Namespace" => Some((NAMESPACE, path)),
        _ => None,
    }
}

fn of_spec(path: &str) -> (Fields, &str) {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match first.split('[').next().unwrap_or(first) {
        _ if rest.is_empty() => (SPEC, path),
        "templates" | "templateDefaults" => of_template(rest),
        "retryStrategy" => (RETRY, rest),
        "synchronization" => of_lock(rest),
        _ => (SPEC, path),
    }
}

fn of_template(path: &str) -> (Fields, &str) {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match first.split('[').next().unwrap_or(first) {
        _ if rest.is_empty() => (TEMPLATE, path),
        "steps" => of_step(rest),
        "dag" => match rest.split_once('.') {
            Some((task, rest)) if task.starts_with("tasks") => of_step(rest),
            _ => (DAG, rest),
        },
        "retryStrategy" => (RETRY, rest),
        "synchronization" => of_lock(rest),
        _ => (TEMPLATE, path),
    }
}

fn of_step(path: &str) -> (Fields, &str) {
    path.strip_prefix("inline.").map_or((STEP, path), of_template)
}

/// `semaphores[0].database.key`, `mutex.name`.
fn of_lock(path: &str) -> (Fields, &str) {
    path.split_once('.').map_or((&[][..], path), |(_, rest)| (LOCK, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_at_every_level() {
        let cases = [
            ("Workflow", "spec.podGC", Some("pods that are done hold nothing up here")),
            ("Workflow", "spec.templates[3].container", Some(CONTENT)),
            ("Workflow", "spec.templates[3].container.image", Some(CONTENT)),
            ("Workflow", "spec.templates[3].wombat", None),
            ("Workflow", "status", Some(OBJECT[0].1)),
            ("WorkflowTemplate", "spec.templates[0].steps[0][1].arguments", Some(DATA)),
            ("WorkflowTemplate", "spec.templates[0].steps[0][1].wombat", None),
            ("WorkflowTemplate", "spec.templates[0].dag.tasks[2].inline.sidecars", Some(CONTENT)),
            ("WorkflowTemplate", "spec.templates[0].dag.target", Some("all its tasks run")),
            ("WorkflowTemplate", "spec.templateDefaults.retryStrategy.affinity", Some(POD)),
            ("CronWorkflow", "spec.workflowSpec.volumes[0]", Some(POD)),
            ("CronWorkflow", "spec.failedJobsHistoryLimit", Some(AFTER)),
            ("CronWorkflow", "spec.wombat", None),
            ("ConfigMap", "data.config.persistence", Some(AFTER)),
            ("ConfigMap", "data.sso", Some("who may look at it")),
            ("ConfigMap", "data.workflowDefaults.spec.ttlStrategy", Some(AFTER)),
            ("Sensor", "spec.triggers[0].template.k8s.source.resource.spec.volumes", Some(POD)),
            ("Sensor", "spec.triggers[0].wombat", None),
            ("Namespace", "spec", Some("how it is deleted")),
        ];
        for (kind, path, why) in cases {
            assert_eq!(known(kind, path), why, "{kind} {path}");
        }
        assert!(siblings("Workflow", "spec.templates[0].contaner").contains(&"container"));
    }
}
