//! Templates that nothing runs.

use super::controller::controllers;
use super::workflows::{Origin, Spec, Target, is_dynamic, specs};
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST068",
    name: "unreferenced-template",
    level: Level::Note,
    title: "a template that nothing runs",
    since: "every version of argo-workflows",
    story: "\
A template runs if `entrypoint`, `onExit`, a hook, or a step or task names it. One that none of them names is \
valid, and never runs: often what is left of a change, sometimes the step that was meant to be there.

Templates of a WorkflowTemplate may be named by `templateRef` from anywhere; it is looked at only if it has an \
`entrypoint` and nothing among the files names one of its templates.",
    links: &["argo-workflows docs/fields.md#workflowspec"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    for spec in &specs {
        let is_library = spec.origin == Origin::Template && is_referred_to(spec, &specs);
        let is_open = spec.origin == Origin::Defaults || spec.node.get("entrypoint").is_none();
        if is_library || is_open || spec.is_written() {
            continue;
        }
        let names = names(spec, &specs);
        if names.iter().any(|(name, _)| is_dynamic(name)) {
            continue;
        }
        for template in spec.named() {
            let Some(name) = template.text("name").filter(|it| !is_dynamic(it)) else { continue };
            let is_run = names.iter().any(|(it, from)| *it == name && *from != Some(name));
            let Some(node) = template.get("name").filter(|_| !is_run) else { continue };
            cx.at_value(spec.manifest, node, format!("nothing runs template `{name}`"))
                .help("name it in a step or task, or take it out");
        }
    }
}

/// The names that run something of the spec, with the template in which they stand.
fn names<'n>(spec: &Spec<'n>, specs: &[Spec<'n>]) -> Vec<(&'n str, Option<&'n str>)> {
    let own = spec.references().into_iter();
    let mut names: Vec<_> = own
        .filter_map(|it| match it.target {
            Target::Own(name) => Some((name, it.from)),
            Target::Other(_) => None,
        })
        .collect();
    // What is made from a template may enter it elsewhere.
    for other in specs {
        let Some(reference) = other.template_ref() else { continue };
        if other.other(reference, specs).is_some_and(|it| std::ptr::eq(it.node, spec.node)) {
            let entered = other.references().into_iter().filter_map(|it| match it.target {
                Target::Own(name) => Some((name, None)),
                Target::Other(_) => None,
            });
            names.extend(entered);
        }
    }
    names
}

/// Whether a `templateRef` anywhere names one of its templates.
fn is_referred_to(spec: &Spec<'_>, specs: &[Spec<'_>]) -> bool {
    let references =
        specs.iter().flat_map(|it| it.references().into_iter().map(move |to| (it, to)));
    references.into_iter().any(|(from, to)| match to.target {
        Target::Own(_) => false,
        Target::Other(node) => match node.text("name") {
            Some(name) if !is_dynamic(name) => {
                name == spec.manifest.name && from.may_name(*spec, node)
            }
            _ => true,
        },
    })
}
