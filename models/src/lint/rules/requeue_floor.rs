//! Chains of steps, each of which costs time of the controller.

use super::controller::controllers;
use super::words;
use super::workflows::{Spec, is_composed, is_dynamic, specs, tasks};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST072",
    name: "requeue-floor",
    level: Level::Note,
    title: "a chain of steps takes up to 10 s more for each of them",
    since: "every version of argo-workflows",
    story: "\
When a pod changes, the controller does not look at its workflow at once but after `DEFAULT_REQUEUE_TIME`, 10 s. \
Several changes within that time are looked at together. So between the end of a pod and the start of the one \
that waits for it there are up to 10 s, and close to 10 s if nothing else happened in the workflow. A chain of ten \
short steps takes more than a minute and a half without doing anything.

Fewer and longer steps help, and so does `DEFAULT_REQUEUE_TIME` in the controller's environment, at the price of \
more work and more requests for the controller: at a peak it is that work which limits everything.",
    links: &[
        "https://github.com/argoproj/argo-workflows/issues/9278",
        "https://github.com/argoproj/argo-workflows/issues/12381",
        "argo-workflows workflow/controller/rate_limiters.go",
    ],
    check,
};

/// Shorter chains are not told.
const CHAIN_MIN: u32 = 3;
/// `DEFAULT_REQUEUE_TIME`.
const REQUEUE_S: f64 = 10.0;
/// Longer ones are not followed.
const DEPTH_MAX: usize = 64;

/// The longest chains found so far, and the templates on the way to this one.
struct Search<'s, 'n> {
    specs: &'s [Spec<'n>],
    known: Vec<(*const Node, u32)>,
    path: Vec<*const Node>,
    /// Whether a template runs itself, or more is nested than is followed.
    is_endless: bool,
}

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    let specs = specs(cx, &controllers);
    for spec in specs.iter().filter(|it| it.template_ref().is_none()) {
        let Some(node) = spec.node.get("entrypoint") else { continue };
        let entry = node.scalar().unwrap_or_default();
        let Some(template) = spec.template(entry) else { continue };
        let mut search =
            Search { specs: &specs, known: Vec::new(), path: Vec::new(), is_endless: false };
        let chain = search.template(spec, template);
        if chain < CHAIN_MIN || search.is_endless {
            continue;
        }
        let least = words::time(f64::from(chain) * REQUEUE_S);
        let message = format!(
            "`{entry}` runs {chain} pods one after the other: the controller takes up to 10 s to see each of them end, up to {least} in all"
        );
        cx.at_value(spec.manifest, node, message).help(
            "fewer and longer steps, or a shorter `DEFAULT_REQUEUE_TIME` in the controller's environment",
        );
    }
}

impl<'n> Search<'_, 'n> {
    /// How many pods run one after the other at least, if nothing is left out.
    fn template(&mut self, spec: &Spec<'n>, template: &'n Node) -> u32 {
        let this = std::ptr::from_ref(template);
        if let Some((_, chain)) = self.known.iter().find(|(it, _)| *it == this) {
            return *chain;
        }
        if self.path.contains(&this) || self.path.len() == DEPTH_MAX {
            self.is_endless = true;
            return 0;
        }
        self.path.push(this);
        let chain = if is_composed(template) {
            let steps = template.list("steps").iter();
            let groups =
                steps.fold(0_u32, |sum, group| sum.saturating_add(self.group(spec, group)));
            groups.saturating_add(self.dag(spec, tasks(template)))
        } else {
            u32::from(template.get("suspend").is_none())
        };
        self.path.pop();
        self.known.push((this, chain));
        chain
    }

    fn group(&mut self, spec: &Spec<'n>, group: &'n Node) -> u32 {
        match group.items() {
            [] => self.step(spec, group),
            steps => steps.iter().map(|it| self.step(spec, it)).max().unwrap_or(0),
        }
    }

    fn dag(&mut self, spec: &Spec<'n>, tasks: &'n [Node]) -> u32 {
        let own: Vec<u32> = tasks.iter().map(|it| self.step(spec, it)).collect();
        let before: Vec<Vec<usize>> = tasks.iter().map(|it| before(it, tasks)).collect();
        let mut chains = own.clone();
        // As often as there are tasks, or until nothing changes: a circle comes to an end.
        for _ in tasks {
            let longer = |it: usize| {
                let longest = before[it].iter().map(|&other| chains[other]).max().unwrap_or(0);
                own[it].saturating_add(longest)
            };
            let next: Vec<u32> = (0..tasks.len()).map(longer).collect();
            if next == chains {
                return chains.into_iter().max().unwrap_or(0);
            }
            chains = next;
        }
        self.is_endless |= !tasks.is_empty();
        0
    }

    fn step(&mut self, spec: &Spec<'n>, step: &'n Node) -> u32 {
        if let Some(inline) = step.get("inline") {
            return self.template(spec, inline);
        }
        if let Some(name) = step.text("template").filter(|it| !is_dynamic(it)) {
            return spec.template(name).map_or(1, |it| self.template(spec, it));
        }
        let Some(reference) = step.get("templateRef") else { return 1 };
        let other = spec.other(reference, self.specs);
        let found = other.and_then(|it| Some((it, it.template(reference.text("template")?)?)));
        found.map_or(1, |(other, template)| self.template(&other, template))
    }
}

/// The tasks that a task waits for.
fn before(task: &Node, tasks: &[Node]) -> Vec<usize> {
    let listed = task.list("dependencies").iter().filter_map(Node::scalar);
    let text = task.text("depends").unwrap_or_default();
    let words = text.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    let words = words.filter_map(|it| it.split('.').next()).filter(|it| !it.is_empty());
    let names = listed.chain(words);
    names.filter_map(|name| tasks.iter().position(|it| it.text("name") == Some(name))).collect()
}
