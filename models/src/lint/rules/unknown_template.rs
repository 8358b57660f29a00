//! Names of templates that are not there.

use super::controller::controllers;
use super::workflows::{Origin, Spec, Target, is_dynamic, may_be_in, specs};
use crate::diagnostic::{list, nearest};
use crate::lint::fix::own_lines;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::{Manifest, ManifestFile};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST069",
    name: "unknown-template",
    level: Level::Error,
    title: "a workflow names a template that does not exist",
    since: "every version of argo-workflows",
    story: "\
`entrypoint`, `onExit`, hooks, steps and tasks name templates of the same spec; `templateRef` names an object and \
one of its templates. `kubectl apply` checks none of that. A workflow with a name that is not there ends with an \
error before its first pod, and so does every one after it: a Sensor goes on submitting them.

A WorkflowTemplate that is not among the files may be deployed from elsewhere: that is a note, and only if there \
are others in that namespace. `templateRef` looks for a WorkflowTemplate in the namespace of the workflow, and for \
a ClusterWorkflowTemplate only with `clusterScope: true`.",
    links: &["argo-workflows workflow/validate/validate.go:validateTemplateHolder"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    for spec in &specs {
        // What is not there is said once for each workflow.
        let mut absent: Vec<&str> = Vec::new();
        for reference in spec.references() {
            match reference.target {
                Target::Own(name) if is_dynamic(name) || spec.is_written() => {}
                Target::Own(name) => check_own(cx, spec, &specs, reference.node, name),
                Target::Other(node) if spec.other(node, &specs).is_some() => {
                    check_other(cx, spec, &specs, node);
                }
                Target::Other(node) => {
                    let Some(name) = node.get("name") else { continue };
                    let text = name.scalar().unwrap_or_default();
                    if !text.is_empty() && !is_dynamic(text) && !absent.contains(&text) {
                        absent.push(text);
                        check_object(cx, spec, &specs, node, name, text);
                    }
                }
            }
        }
    }
}

fn check_own<'n>(
    cx: &mut Cx<'_, '_>,
    spec: &Spec<'n>,
    specs: &[Spec<'n>],
    node: &Node,
    name: &str,
) {
    let holder = match spec.template_ref() {
        None => *spec,
        Some(reference) => match spec.other(reference, specs) {
            Some(other) => other,
            None => return,
        },
    };
    // Without any template it is a part of something, a patch or defaults.
    if holder.named().is_empty() || holder.template(name).is_some() {
        return;
    }
    let names = holder.names();
    if names.iter().any(|it| is_dynamic(it)) {
        return;
    }
    let where_to = match spec.template_ref() {
        None => String::new(),
        Some(_) => format!(" in {}", holder.manifest.title()),
    };
    let message =
        format!("there is no template `{name}`{where_to}: the workflow ends with an error");
    report(cx, spec.manifest, node, message, nearest(name, &names), &names);
}

fn check_other<'n>(cx: &mut Cx<'_, '_>, spec: &Spec<'n>, specs: &[Spec<'n>], reference: &Node) {
    let (Some(other), Some(node)) = (spec.other(reference, specs), reference.get("template"))
    else {
        return;
    };
    let Some(template) = node.scalar().filter(|it| !is_dynamic(it)) else { return };
    // Of the same name in several namespaces, any of them may be meant.
    if spec.others(reference, specs).any(|it| it.template(template).is_some()) {
        return;
    }
    let names = other.names();
    let message = format!(
        "{} has no template `{template}`: the workflow ends with an error",
        other.manifest.title()
    );
    report(cx, spec.manifest, node, message, nearest(template, &names), &names);
}

/// The object that a `templateRef` names is not there.
fn check_object<'n>(
    cx: &mut Cx<'_, '_>,
    spec: &Spec<'n>,
    specs: &[Spec<'n>],
    reference: &Node,
    node: &Node,
    name: &str,
) {
    let is_cluster = reference.text("clusterScope") == Some("true");
    let templates = || specs.iter().filter(|it| it.origin == Origin::Template);
    let in_scope: Vec<&str> = templates()
        .filter(|it| spec.may_name(**it, reference))
        .map(|it| it.manifest.name)
        .collect();
    let [kind, other_kind] = if is_cluster {
        ["ClusterWorkflowTemplate", "WorkflowTemplate"]
    } else {
        ["WorkflowTemplate", "ClusterWorkflowTemplate"]
    };
    let is_other = |it: &Spec<'_>| {
        it.manifest.kind == other_kind
            && it.manifest.name == name
            && may_be_in(it.manifest, spec.namespace)
    };
    if templates().any(is_other) {
        let message = format!("`{name}` is a {other_kind}, and is looked for among the {kind}s");
        let help =
            if is_cluster { "take `clusterScope: true` away" } else { "add `clusterScope: true`" };
        let fix =
            cx.manifests.file(spec.manifest.file).and_then(|file| scope_fix(file, reference, node));
        cx.at_value(spec.manifest, node, message).level(Level::Warning).help(help).fix(fix);
        return;
    }
    // A template of the cluster is run in a namespace that nobody knows.
    let is_anywhere = spec.manifest.kind == "ClusterWorkflowTemplate" && !is_cluster;
    if in_scope.is_empty() || is_anywhere {
        return;
    }
    let message = format!("there is no {kind} `{name}` among these files");
    match nearest(name, &in_scope) {
        Some(near) => {
            report(cx, spec.manifest, node, message, Some(near), &in_scope).level(Level::Warning);
        }
        None => {
            cx.at_value(spec.manifest, node, message).level(Level::Note).help(
                "it may be deployed from elsewhere; without it the workflow ends with an error",
            );
        }
    }
}

fn scope_fix(file: &ManifestFile, reference: &Node, name: &Node) -> Option<Fix> {
    if let Some(scope) = reference.get("clusterScope") {
        let title = if scope.scalar() == Some("true") { "take it away" } else { "say `true`" };
        let edit = match scope.scalar() {
            Some("true") => Edit::delete(file, scope),
            _ => Edit::value(file, scope, "true"),
        };
        return Fix::new(title, [edit]);
    }
    let (_, last) = own_lines(file, name)?;
    let indent = " ".repeat(name.key().column as usize - 1);
    let edit = Edit::insert(file, last + 1, vec![format!("{indent}clusterScope: true")]);
    Fix::new("add `clusterScope: true`", [Some(edit)])
}

fn report<'c>(
    cx: &'c mut Cx<'_, '_>,
    manifest: Manifest<'_>,
    node: &Node,
    message: String,
    near: Option<&str>,
    names: &[&str],
) -> &'c mut crate::lint::Finding {
    let file = cx.manifests.file(manifest.file);
    let edit = near.and_then(|near| Edit::value(file?, node, near));
    let help = match (near, list(names)) {
        (Some(near), _) => format!("there is `{near}`"),
        (None, Some(names)) => format!("name {names}"),
        (None, None) => "it has no templates".to_owned(),
    };
    let title = format!("write `{}`", near.unwrap_or_default());
    cx.at_value(manifest, node, message).help(help).fix(Fix::new(&title, [edit]))
}
