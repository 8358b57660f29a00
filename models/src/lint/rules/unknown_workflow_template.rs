//! Workflows that are made from a template that is not there.

use super::sensors::{may_share_namespace, triggers};
use crate::diagnostic::nearest;
use crate::lint::fix::is_block;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST047",
    name: "unknown-workflow-template",
    level: Level::Note,
    title: "a workflow is made from a template that is not among the files",
    since: "every version of argo-workflows with `workflowTemplateRef`",
    story: "\
`workflowTemplateRef` names a WorkflowTemplate in the namespace of the workflow, or, with `clusterScope: true`, a \
ClusterWorkflowTemplate. Nothing checks the name before the workflow is there: the Sensor is deployed, and each \
event makes a workflow that cannot run.

A template that is not among the files may live elsewhere; so this is a note, and only where the files have \
templates of that kind in that namespace at all. It is a warning if there is one of the other scope.",
    links: &["argo-workflows docs/workflow-templates.md", "argo-workflows docs/cluster-workflow-templates.md"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for object in cx.objects().iter().copied() {
        match object.kind {
            "Workflow" => check_ref(cx, object, object.root.get("spec"), None),
            "CronWorkflow" => {
                check_ref(cx, object, object.root.at(&["spec", "workflowSpec"]), None);
            }
            "Sensor" => {
                for trigger in triggers(object) {
                    let Some(action) = trigger.object() else { continue };
                    let is_set = action.list("parameters").iter().any(|it| {
                        it.text("dest").is_some_and(|it| it.starts_with("spec.workflowTemplateRef"))
                    });
                    let resource = action.at(&["source", "resource"]).filter(|_| !is_set);
                    let Some(resource) = resource else { continue };
                    let namespace = resource.at(&["metadata", "namespace"]).and_then(Node::scalar);
                    if resource.text("kind") == Some("Workflow") {
                        check_ref(cx, object, resource.get("spec"), namespace);
                    }
                }
            }
            _ => {}
        }
    }
}

/// `namespace` is that of the workflow, if it is another than that of the object.
fn check_ref<'m>(
    cx: &mut Cx<'m, '_>,
    object: Manifest<'m>,
    spec: Option<&'m Node>,
    namespace: Option<&str>,
) {
    let Some(reference) = spec.and_then(|it| it.get("workflowTemplateRef")) else { return };
    let Some(node) = reference.get("name") else { return };
    let Some(name) = node.scalar().filter(|it| !it.contains("{{")) else { return };
    let is_cluster = reference.text("clusterScope") == Some("true");
    let in_namespace: Vec<&str> = cx
        .of("WorkflowTemplate")
        .filter(|it| namespace.map_or(may_share_namespace(*it, object), |ns| it.namespace == ns))
        .map(|it| it.name)
        .collect();
    let cluster_wide: Vec<&str> = cx.of("ClusterWorkflowTemplate").map(|it| it.name).collect();
    let (kind, these, other_kind, others) = if is_cluster {
        ("ClusterWorkflowTemplate", cluster_wide, "WorkflowTemplate", in_namespace)
    } else {
        ("WorkflowTemplate", in_namespace, "ClusterWorkflowTemplate", cluster_wide)
    };
    if these.contains(&name) {
        return;
    }
    if others.contains(&name) {
        let message = format!(
            "`{name}` is a {other_kind}, and is looked for among the {kind}s: the workflow cannot run"
        );
        let fix = scope_fix(cx, object, reference, is_cluster);
        let help =
            if is_cluster { "without `clusterScope: true`" } else { "with `clusterScope: true`" };
        cx.at_value(object, node, message).level(Level::Warning).help(help).fix(fix);
    } else if !these.is_empty() {
        let help = match nearest(name, &these) {
            Some(near) => format!("there is a {kind} `{near}`"),
            None => {
                "it may be deployed from elsewhere; without it the workflow cannot run".to_owned()
            }
        };
        cx.at_value(object, node, format!("there is no {kind} `{name}` among these files"))
            .help(help);
    }
}

fn scope_fix<'m>(
    cx: &Cx<'m, '_>,
    object: Manifest<'m>,
    reference: &Node,
    is_cluster: bool,
) -> Option<Fix> {
    let file = cx.file(object);
    if is_cluster {
        let edit = Edit::value(file, reference.get("clusterScope")?, "false");
        return Fix::new("say `clusterScope: false`", [edit]);
    }
    let edit = match reference.get("clusterScope") {
        Some(scope) => Edit::value(file, scope, "true"),
        None => is_block(file, reference).then(|| {
            let indent = reference.fields().first().map_or(1, |(_, it)| it.key().column);
            let line = format!("{}clusterScope: true", " ".repeat(indent as usize - 1));
            Edit::insert(file, reference.last_line() + 1, vec![line])
        }),
    };
    Fix::new("say `clusterScope: true`", [edit])
}
