//! Locks of the same name that are two, and namespaces that nobody reads.

use super::controller::controllers;
use super::locks::{Kind, Lock, locks_within};
use super::workflows::{Spec, is_dynamic, specs};
use crate::lint::fix::moved_beside;
use crate::lint::{Cx, Fix, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST078",
    name: "lock-namespaces",
    level: Level::Warning,
    title: "a lock in another namespace is another lock",
    since: "`namespace` of a lock since argo-workflows 3.5",
    story: "\
The name of a lock begins with the namespace of the workflow. A mutex `deploy` of workflows in `shop` and one in \
`search` do not hold each other up, and a semaphore counts each namespace by itself, with the limit from that \
namespace's ConfigMap. To share one, give the lock a `namespace` at all its places: beside `name` of a mutex, and \
beside `configMapKeyRef` of a semaphore. Within `configMapKeyRef` it is an unknown field.

Before 3.5 a lock has no such field, and locks cannot be shared between namespaces.",
    links: &[
        "https://github.com/argoproj/argo-workflows/pull/11096",
        "https://github.com/argoproj/argo-workflows/issues/6421",
        "argo-workflows workflow/sync/lock_name.go",
    ],
    check,
};

const SHARED: Version = Version::new(3, 5, 0);

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    let mut seen: Vec<(Kind, String, &str)> = Vec::new();
    for spec in &specs {
        for lock in locks_within(spec) {
            check_field(cx, spec, &lock);
            let title = lock.title();
            let (Some(namespace), None) = (spec.namespace, lock.node.get("namespace")) else {
                continue;
            };
            if is_dynamic(&title) || lock.node.text("database") == Some("true") {
                continue;
            }
            let same = |it: &&(Kind, String, &str)| (it.0, it.1.as_str()) == (lock.kind, &title);
            let others = || seen.iter().filter(same).map(|it| it.2);
            if others().any(|it| it == namespace) {
                continue;
            }
            if let Some(first) = others().next() {
                let message = format!(
                    "{title} in namespace `{namespace}` is another lock than the one in `{first}`"
                );
                cx.at_value(spec.manifest, lock.named(), message)
                    .level(Level::Note)
                    .help("if it is meant to be one, give it the same `namespace` at all places");
            }
            seen.push((lock.kind, title, namespace));
        }
    }
}

fn check_field(cx: &mut Cx<'_, '_>, spec: &Spec<'_>, lock: &Lock<'_>) {
    let reference = lock.node.get("configMapKeyRef");
    let within = reference.and_then(|it| Some((it, it.get("namespace")?)));
    if let Some((reference, field)) = within {
        let edits = moved_beside(cx.manifests, spec.manifest, field, reference);
        let is_free = lock.node.get("namespace").is_none();
        let fix = Fix::new("move it beside `configMapKeyRef`", edits).filter(|_| is_free);
        cx.at_key(
            spec.manifest,
            field,
            "`namespace` within `configMapKeyRef` is not read: the ConfigMap is looked for in the workflow's namespace",
        )
        .help("it belongs beside `configMapKeyRef`")
        .fix(fix);
    }
    if cx.versions.argo_workflows < SHARED
        && let Some(field) = lock.node.get("namespace")
    {
        let Version { major, minor, .. } = cx.versions.argo_workflows;
        let message = format!(
            "argo-workflows {major}.{minor} does not know `namespace` of a lock: each namespace has its own"
        );
        cx.at_key(spec.manifest, field, message)
            .help("locks are shared between namespaces since 3.5");
    }
}
