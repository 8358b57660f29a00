//! A `synchronization` that locks nothing, or is refused.

use super::controller::controllers;
use super::workflows::{Spec, specs, steps};
use crate::diagnostic::nearest;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST079",
    name: "synchronization-without-lock",
    level: Level::Error,
    title: "a `synchronization` locks nothing, or cannot be read",
    since: "every version of argo-workflows; the lists since 3.6",
    story: "\
`synchronization` stands in the spec of a workflow or in a template, and has `mutexes` and `semaphores`, lists of \
locks. Anything else in it is an unknown field: the full CRDs refuse the object, the minimal ones keep it, and \
nothing is locked. The same goes for `synchronization` of a step or task: it belongs to the template that the step \
runs.

A lock that is no map, or a list that is none, cannot be read, and the workflow ends with an error. So does one \
that names the same lock twice, or a semaphore that says neither where its limit is.",
    links: &[
        "argo-workflows pkg/apis/workflow/v1alpha1/workflow_types.go:Synchronization",
        "argo-workflows workflow/sync/syncitems.go:checkDuplicates",
    ],
    check,
};

const FORMS: [&str; 4] = ["mutexes", "semaphores", "mutex", "semaphore"];

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        check_holder(cx, &spec, spec.node);
        for template in spec.templates() {
            check_holder(cx, &spec, template.node);
            for step in steps(template.node) {
                let Some(field) = step.get("synchronization") else { continue };
                let message = "a step or task has no `synchronization`: nothing is locked";
                cx.at_key(spec.manifest, field, message)
                    .help("put it into the template that the step runs");
            }
        }
    }
}

fn check_holder(cx: &mut Cx<'_, '_>, spec: &Spec<'_>, holder: &Node) {
    let Some(all) = holder.get("synchronization") else { return };
    let manifest = spec.manifest;
    if all.fields().is_empty() {
        cx.at_key(manifest, all, "`synchronization` has no lock in it")
            .level(if all.scalar().is_some() { Level::Error } else { Level::Warning })
            .help("it has `mutexes` and `semaphores`, lists of locks");
        return;
    }
    for (name, field) in all.fields() {
        match name.as_str() {
            "mutexes" | "semaphores" => check_list(cx, manifest, name, field),
            "mutex" | "semaphore" if field.fields().is_empty() => {
                cx.at_key(manifest, field, format!("`{name}` is no map: nothing is locked"))
                    .help("it is one lock; several are a list, `mutexes` or `semaphores`");
            }
            "mutex" | "semaphore" => check_lock(cx, manifest, name, field),
            _ => check_name(cx, manifest, all, name, field),
        }
    }
}

fn check_name(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, all: &Node, name: &str, field: &Node) {
    let near = nearest(name, &FORMS);
    let file = cx.manifests.file(manifest.file);
    let edit = near.and_then(|near| Some(Edit::key(file?, field, near)));
    // Another form needs another value, which is not only another name.
    let fits = near
        .is_some_and(|it| all.find(it).is_none() && it.ends_with('s') != field.items().is_empty());
    let help = match near {
        Some(near) => format!("there is `{near}`"),
        None => "it has `mutexes` and `semaphores`, lists of locks".to_owned(),
    };
    let title = format!("write `{}`", near.unwrap_or_default());
    cx.at_key(
        manifest,
        field,
        format!("`synchronization` has no `{name}`: nothing is locked by it"),
    )
    .help(help)
    .fix(Fix::new(&title, [edit.filter(|_| fits)]));
}

fn check_list(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, name: &str, field: &Node) {
    if cx.versions.argo_workflows < Version::new(3, 6, 0) {
        return;
    }
    let items = field.items();
    if !field.fields().is_empty() || field.scalar().is_some() {
        let file = cx.manifests.file(manifest.file);
        let edit = file.and_then(|it| Edit::listed(it, field, name));
        let fix = Fix::new("make it a list", [edit.filter(|_| field.scalar().is_none())]);
        cx.at_key(manifest, field, format!("`{name}` is no list: the workflow cannot be read"))
            .help("begin each lock with `- `")
            .fix(fix);
        return;
    }
    if items.is_empty() {
        cx.at_key(manifest, field, format!("`{name}` is empty: nothing is locked"))
            .level(Level::Warning)
            .help("name a lock, or take it out");
    }
    for (index, item) in items.iter().enumerate() {
        if item.fields().is_empty() {
            cx.at_value(manifest, item, "a lock is a map: the workflow cannot be read").help(
                "write `- name: deploy`, or `- configMapKeyRef: {name: limits, key: deploy}`",
            );
            continue;
        }
        if items[..index].iter().any(|it| is_same(it, item)) {
            cx.at_value(manifest, item, "the same lock twice: the workflow ends with an error")
                .help("take one of them out");
        }
        check_lock(cx, manifest, name, item);
    }
}

fn check_lock(cx: &mut Cx<'_, '_>, manifest: Manifest<'_>, name: &str, lock: &Node) {
    let is_mutex = name.starts_with("mutex");
    let known: &[&str] = if is_mutex {
        &["name", "namespace", "database"]
    } else {
        &["configMapKeyRef", "namespace", "database"]
    };
    for (field, node) in lock.fields() {
        if known.contains(&field.as_str()) {
            continue;
        }
        let what = if is_mutex { "mutex" } else { "semaphore" };
        let near = nearest(field, known).filter(|it| lock.find(it).is_none());
        let file = cx.manifests.file(manifest.file);
        let edit = near.and_then(|near| Some(Edit::key(file?, node, near)));
        let help = match near {
            Some(near) => format!("there is `{near}`"),
            None => format!("a {what} has `{}` and `{}`", known[0], known[1]),
        };
        let title = format!("write `{}`", near.unwrap_or_default());
        cx.at_key(manifest, node, format!("a {what} has no `{field}`"))
            .level(Level::Warning)
            .help(help)
            .fix(Fix::new(&title, [edit]));
    }
    let has_limit = ["configMapKeyRef", "database"].iter().any(|it| lock.get(it).is_some());
    if !is_mutex && !has_limit {
        cx.at_value(
            manifest,
            lock,
            "a semaphore without `configMapKeyRef`: workflows that need it fail",
        )
        .help("say which ConfigMap and `key` has its limit");
    }
}

/// Whether both say the same.
fn is_same(a: &Node, b: &Node) -> bool {
    let is_same_field =
        |(name, field): &(String, Node)| b.find(name).is_some_and(|it| is_same(field, it));
    a.scalar() == b.scalar()
        && a.fields().len() == b.fields().len()
        && a.fields().iter().all(is_same_field)
        && a.items().len() == b.items().len()
        && a.items().iter().zip(b.items()).all(|(a, b)| is_same(a, b))
}
