//! Steps and DAGs: which of them run, after which others, and how often.

use crate::manifest::assumable::Count;
use crate::manifest::assume::Otherwise;
use crate::manifest::yaml::Node;
use crate::manifest::{Importer, Manifest};
use crate::workflows::spec::{FailFastSpec, NodeSpec, TaskSpec};

use super::layers::Layer;
use super::node::{Common, Scope, Walk};
use super::{depends, exit};

impl Importer {
    /// Steps or a DAG.
    pub(super) fn fill_group<'n>(
        &mut self,
        node: &mut NodeSpec,
        found: Layer<'n>,
        path: &str,
        around: (&Common<'_, 'n>, &Scope<'n>),
        walk: &mut Walk,
    ) {
        let (manifest, template) = found;
        if let Some((manifest, parallelism)) = around.0.get(found, "parallelism") {
            node.parallelism = self.whole(manifest, parallelism, 1);
            let shown = node.parallelism.map_or("no limit".to_owned(), |it| it.to_string());
            self.take_first(parallelism, format!("{path}.parallelism"), shown);
        }
        for group in template.list("steps") {
            let mut parallel = Vec::new();
            for step in group.items() {
                let place = format!("{path}.steps[{}][{}]", node.steps.len(), parallel.len());
                parallel.extend(self.step((manifest, step), &place, around, walk));
            }
            if !parallel.is_empty() {
                node.steps.push(parallel);
            }
        }
        if let Some(dag) = template.get("dag").filter(|_| node.steps.is_empty()) {
            self.dag(node, (manifest, dag), path, around, walk);
        }
    }

    fn dag<'n>(
        &mut self,
        node: &mut NodeSpec,
        (manifest, dag): Layer<'n>,
        path: &str,
        around: (&Common<'_, 'n>, &Scope<'n>),
        walk: &mut Walk,
    ) {
        if let Some(fail_fast) = dag.get("failFast") {
            if fail_fast.scalar() == Some("false") {
                node.fail_fast = FailFastSpec::Continue;
            }
            self.take_first(
                fail_fast,
                format!("{path}.fail_fast"),
                format!("{:?}", node.fail_fast),
            );
        }
        let tasks = dag.list("tasks");
        let named: Vec<(&str, String)> =
            tasks.iter().map(|task| (task.text("name").unwrap_or("task"), wanted(task))).collect();
        let when = depends::read(&named);
        let mut after: Vec<&[String]> = Vec::new();
        for (task, (name, _)) in tasks.iter().zip(&named) {
            let when = &when[*name];
            if !when.is_exact {
                self.inexact(manifest, task, when.runs);
            }
            if !when.runs {
                self.pass_over(task, "it runs only if another task fails: left out");
                continue;
            }
            let place = format!("{path}.dag[{}].node", node.dag.len());
            if let Some(own) = self.step((manifest, task), &place, around, walk) {
                node.dag.push(TaskSpec { node: own, depends: Vec::new() });
                after.push(&when.after);
            }
        }
        let index = |name: &String| node.dag.iter().position(|task| task.node.name == *name);
        let mut places: Vec<Vec<usize>> =
            after.iter().map(|names| names.iter().filter_map(index).collect()).collect();
        if depends::break_circles(&mut places) {
            let message = "tasks wait for each other in a circle: they do not here";
            self.warn(manifest, dag, "circle", message);
        }
        let names: Vec<String> = node.dag.iter().map(|task| task.node.name.clone()).collect();
        for (task, places) in node.dag.iter_mut().zip(places) {
            task.depends = places.into_iter().map(|place| names[place].clone()).collect();
        }
    }

    fn inexact(&mut self, manifest: Manifest<'_>, task: &Node, runs: bool) {
        let Some(depends) = task.get("depends") else { return };
        let message = match runs {
            true => "of several ways to begin the task waits for all here, and for success",
            false => "the task runs only if another fails: it is left out here",
        };
        self.warn(manifest, depends, "depends", message);
    }

    /// A step or task: a name, what it runs, and how often; none if it never runs here.
    fn step<'n>(
        &mut self,
        layer: Layer<'n>,
        path: &str,
        (common, scope): (&Common<'_, 'n>, &Scope<'n>),
        walk: &mut Walk,
    ) -> Option<NodeSpec> {
        let (manifest, step) = layer;
        let name = step.text("name").unwrap_or("step");
        if let Some(when) = step.get("when") {
            let is_decided = walk.is_exit.then(|| exit::after_success(when.scalar()?)).flatten();
            match is_decided {
                Some(false) => {
                    self.pass_over(when, "the step runs after a failure only: left out");
                    self.pass_over(step, "it runs after a failure only: left out");
                    return None;
                }
                Some(true) => self.pass_over(when, "the step runs after success, as here"),
                None => {
                    self.pass_over(when, "the step always runs: what it depends on is known later");
                    self.warn(
                        manifest,
                        when,
                        "when",
                        "the step always runs here: whether `when` holds is known at run time only",
                    );
                }
            }
        }
        if walk.nodes_left == 0 {
            walk.tell(self, layer);
            return None;
        }
        walk.nodes_left -= 1;
        let items = self.items(layer, path, walk)?;
        let times = walk.times;
        walk.times *= u64::from(items);
        walk.runs_left = walk.runs_left.saturating_sub(walk.times);
        let call = [layer];
        let node = match (step.get("inline"), step.text("template")) {
            (Some(inline), _) => {
                self.fill(name, (manifest, inline), path, &call, (common, scope), walk)
            }
            (None, Some(template)) => self.node(name, template, path, &call, (common, scope), walk),
            (None, None) => self.referred(name, layer, path, common, walk),
        };
        walk.times = times;
        let mut node = node?;
        node.items = items;
        Some(node)
    }

    /// A node that runs a template of another manifest.
    fn referred<'n>(
        &mut self,
        name: &str,
        layer: Layer<'n>,
        path: &str,
        common: &Common<'_, 'n>,
        walk: &mut Walk,
    ) -> Option<NodeSpec> {
        let Some(reference) = layer.1.get("templateRef") else {
            return Some(self.unknown(name, path, &[layer], "the step does not say what it runs"));
        };
        reference.get("runtimeResolution");
        let wanted = reference.text("name").unwrap_or_default();
        let template = reference.text("template").unwrap_or_default();
        let cluster = reference.text("clusterScope");
        let Some(other) = self.find_template(common.others, common.namespace, wanted, cluster)
        else {
            let because = format!("no manifest of `{wanted}` was given");
            return Some(self.unknown(name, path, &[layer], &because));
        };
        let list = other.root.get("spec").and_then(|spec| spec.get("templates"));
        let scope = Scope::of(list.map(|list| (other, list)).into_iter());
        self.node(name, template, path, &[layer], (common, &scope), walk)
    }

    /// How often the step runs; none if never.
    fn items(&mut self, layer: Layer<'_>, path: &str, walk: &mut Walk) -> Option<u32> {
        let (manifest, step) = layer;
        let fields = ["withItems", "withParam", "withSequence"];
        let Some(node) = fields.iter().find_map(|field| step.get(field)) else { return Some(1) };
        let parameter = format!("{path}.items");
        let count = match counted(step) {
            Some(0) => {
                self.pass_over(node, "there are no items: the step never runs");
                return None;
            }
            Some(count) => {
                self.take_first(node, parameter, count.to_string());
                count
            }
            None => {
                let because = "how many items there are is known at run time only";
                let otherwise = Otherwise { value: "1", because };
                let Count(count) = self.value(&[layer], "items", &parameter, otherwise);
                self.take_first(node, parameter, count.to_string());
                u64::from(count)
            }
        };
        let most = (walk.runs_left / walk.times).max(1);
        if count > most {
            let message =
                format!("the workflow has too many nodes: {most} items of {count} are taken");
            self.warn(manifest, node, "too-deep", message);
        }
        Some(u32::try_from(count.min(most)).unwrap_or(u32::MAX))
    }
}

/// What a task waits for, as `depends` has it.
fn wanted(task: &Node) -> String {
    let listed: Vec<&str> = task.list("dependencies").iter().filter_map(Node::scalar).collect();
    match task.text("depends") {
        Some(text) => text.to_owned(),
        None => listed.join(" && "),
    }
}

/// How many items a step has, if that is written down.
fn counted(step: &Node) -> Option<u64> {
    if let Some(items) = step.get("withItems") {
        items.read_below();
        let dynamic = items.scalar().is_some();
        return (!dynamic).then_some(items.items().len() as u64);
    }
    if let Some(param) = step.get("withParam") {
        let listed = serde_json::from_str::<Vec<serde_json::Value>>(param.scalar()?);
        return listed.ok().map(|items| items.len() as u64);
    }
    let sequence = step.get("withSequence")?;
    sequence.read_below();
    let number = |field: &str| sequence.text(field)?.trim().parse::<i64>().ok();
    match (sequence.get("count"), number("count")) {
        (Some(_), count) => count.map(|count| count.max(0).unsigned_abs()),
        (None, _) => {
            let start = if sequence.get("start").is_some() { number("start")? } else { 0 };
            Some(number("end")?.abs_diff(start) + 1)
        }
    }
}
