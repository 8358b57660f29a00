//! Locks in a form that the version does not know.

use super::controller::controllers;
use super::workflows::specs;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST061",
    name: "singular-lock",
    level: Level::Error,
    title: "a lock is written in a form that this version of argo-workflows does not know",
    since: "`mutexes` and `semaphores` since 3.6; `mutex` and `semaphore` until 3.7",
    story: "\
Until argo-workflows 3.5 a workflow or template takes one lock: `synchronization.mutex` or \
`synchronization.semaphore`. 3.6 brought the lists `mutexes` and `semaphores`, and 4.0 removed the singular forms.

With 4.0 and the full CRDs, which are the default of its Helm chart, an object with `mutex` or `semaphore` is \
refused. With the minimal CRDs it is accepted, and the field is unknown: **nothing is locked**, and everything \
that the lock held back runs at once. With 3.5 and older the same happens to the lists.

With 3.5 and older, of a `mutex` and a `semaphore` at the same place only the semaphore is taken.",
    links: &[
        "argo-workflows docs/upgrading.md, upgrading to v4.0",
        "argo-workflows docs/deprecations.md",
        "https://github.com/argoproj/argo-workflows/issues/13182",
    ],
    check,
};

const PLURALS: Version = Version::new(3, 6, 0);
const NO_SINGULARS: Version = Version::new(4, 0, 0);
const FORMS: [(&str, &str); 2] = [("semaphore", "semaphores"), ("mutex", "mutexes")];

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        let templates = spec.templates();
        let holders = std::iter::once(spec.node).chain(templates.iter().map(|it| it.node));
        for locks in holders.filter_map(|it| it.get("synchronization")) {
            if cx.versions.argo_workflows >= NO_SINGULARS {
                check_singular(cx, spec.manifest, locks);
            } else if cx.versions.argo_workflows < PLURALS {
                check_plural(cx, spec.manifest, locks);
            }
        }
    }
}

fn check_singular(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, locks: &Node) {
    for (one, many) in FORMS {
        let Some(lock) = locks.get(one) else { continue };
        let edit = match (cx.manifests.file(manifest.file), locks.get(many)) {
            (Some(file), None) => Edit::listed(file, lock, many),
            _ => None,
        };
        let message = format!(
            "`{one}` is gone since argo-workflows 4.0: the object is refused, or nothing is locked"
        );
        cx.at_key(manifest, lock, message)
            .help(format!("write it as an item of `{many}`, a list"))
            .fix(Fix::new(&format!("write `{many}`, a list"), [edit]));
    }
}

fn check_plural(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, locks: &Node) {
    let version = cx.versions.argo_workflows;
    let Version { major, minor, .. } = version;
    for (one, many) in FORMS {
        let Some(lock) = locks.get(many) else { continue };
        let message =
            format!("argo-workflows {major}.{minor} does not know `{many}`: nothing is locked");
        cx.at_key(manifest, lock, message).help(format!(
            "write `{one}`, which takes one lock, or run argo-workflows 3.6 or later"
        ));
    }
    if let (Some(mutex), Some(_)) = (locks.get("mutex"), locks.get("semaphore")) {
        let message = format!(
            "argo-workflows {major}.{minor} takes the `semaphore` only: `mutex` beside it locks nothing"
        );
        cx.at_key(manifest, mutex, message)
            .help("take one of them in the workflow and the other in its entry template");
    }
}
