//! Fields of templates that only another kind of template may have.

use super::controller::controllers;
use super::workflows::{Place, is_composed, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST077",
    name: "template-field-refused",
    level: Level::Error,
    title: "a template has a field that its kind must not have",
    since: "every version of argo-workflows",
    story: "\
`parallelism` of a template limits how many children of *one* node run at the same time, so only templates with \
`steps` or a `dag` may have it. On a template that is a pod the workflow is refused: it ends with an error before \
its first pod. It does not limit how many pods of that template run: for that, give `parallelism` to the template \
that runs it many times, or take a semaphore, which also counts other workflows. `parallelism` of the spec counts \
the pods of one workflow, Pending ones too.

The other way round, `activeDeadlineSeconds` and `timeout` of a template belong to pods: `steps` and `dag` are \
refused with them. The deadline of everything together is `activeDeadlineSeconds` of the spec.",
    links: &[
        "argo-workflows workflow/validate/validate.go:validateLeaf",
        "argo-workflows workflow/validate/validate.go:validateNonLeaf",
        "argo-workflows docs/synchronization.md",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        for template in spec.templates().iter().filter(|it| it.place != Place::Defaults) {
            let is_composed = is_composed(template.node);
            let is_pod = [
                "container",
                "script",
                "resource",
                "containerSet",
                "data",
                "http",
                "plugin",
                "suspend",
            ]
            .iter()
            .any(|it| template.node.find(it).is_some());
            let (fields, why, help): (&[&str], _, _) = match (is_composed, is_pod) {
                (true, _) => (
                    &["activeDeadlineSeconds", "timeout"],
                    "runs other templates, and only one that is a pod may have",
                    "put it on the templates that it runs, or `activeDeadlineSeconds` on the spec",
                ),
                (false, true) => (
                    &["parallelism"],
                    "is a pod, and only `steps` and `dag` may have",
                    "put it on the template that runs this one, or take a semaphore",
                ),
                (false, false) => continue,
            };
            for name in fields {
                let Some(field) = template.node.get(name) else { continue };
                let message =
                    format!("{} {why} `{name}`: the workflow ends with an error", template.title());
                cx.at_key(spec.manifest, field, message).help(help);
            }
        }
    }
}
