//! Semaphores whose limit is nowhere.

use super::controller::controllers;
use super::locks::{Kind, Lock, locks_within};
use super::workflows::{Spec, may_be_in, specs};
use crate::diagnostic::nearest;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST063",
    name: "semaphore-not-found",
    level: Level::Error,
    title: "a semaphore's limit is in no ConfigMap",
    since: "every version of argo-workflows",
    story: "\
A semaphore gets its limit from a key of a ConfigMap, in the namespace of the workflow unless the semaphore has a \
`namespace` of its own. Nothing looks for it before a workflow needs the lock. If the ConfigMap or the key is not \
there, the workflow fails (\"Failed to acquire the synchronization lock\"), and each one after it.

A ConfigMap that is not among the files may be deployed from elsewhere: that is a note, and only if there are \
other ConfigMaps in that namespace.",
    links: &[
        "argo-workflows workflow/controller/controller.go:getSyncLimit",
        "argo-workflows workflow/controller/operator.go:operate",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        for lock in locks_within(&spec).into_iter().filter(|it| it.kind == Kind::Semaphore) {
            let Some(reference) = lock.node.get("configMapKeyRef") else { continue };
            match ["name", "key"].into_iter().find(|it| reference.get(it).is_none()) {
                Some(missing) => {
                    let message = format!(
                        "`configMapKeyRef` has no `{missing}`: workflows that need the lock fail"
                    );
                    cx.at_key(spec.manifest, reference, message)
                        .help("name the ConfigMap, as `name`, and the `key` that has the limit");
                }
                None => check_reference(cx, &spec, &lock, reference),
            }
        }
    }
}

fn check_reference(cx: &mut Cx<'_, '_>, spec: &Spec<'_>, lock: &Lock<'_>, reference: &Node) {
    let (Some(key), Some(map_node), Some(key_node)) =
        (lock.key(spec), reference.get("name"), reference.get("key"))
    else {
        return;
    };
    let file = cx.manifests.file(spec.manifest.file);
    let renamed = |node: &Node, near: Option<&str>| {
        let near = near?;
        Fix::new(&format!("write `{near}`"), [Edit::value(file?, node, near)])
    };
    let Some(map) = key.map(cx) else {
        let maps = cx.of("ConfigMap").filter(|it| may_be_in(*it, key.namespace));
        let maps: Vec<&str> = maps.map(|it| it.name).collect();
        if maps.is_empty() {
            return;
        }
        let place = key.namespace.map_or(String::new(), |it| format!(" in namespace `{it}`"));
        let near = nearest(key.map, &maps);
        let message = format!("there is no ConfigMap `{}`{place} among these files", key.map);
        let finding = cx.at_value(spec.manifest, map_node, message);
        match near {
            Some(near) => {
                finding.level(Level::Warning).help(format!("there is `{near}`"));
            }
            None => {
                finding
                    .level(Level::Note)
                    .help("it may be deployed from elsewhere; without it workflows that need the lock fail");
            }
        }
        finding.fix(renamed(map_node, near));
        return;
    };
    if map.root.get("data").is_some_and(|it| it.find(key.key).is_some()) {
        return;
    }
    let fields = map.root.get("data").map_or(&[][..], Node::fields);
    let keys: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    let near = nearest(key.key, &keys);
    let message = format!(
        "ConfigMap `{}` has no key `{}`: workflows that need the lock fail",
        key.map, key.key
    );
    let help = match near {
        Some(near) => format!("there is `{near}`"),
        None => format!("add `{}: \"1\"` to its `data`, with the limit", key.key),
    };
    cx.at_value(spec.manifest, key_node, message).help(help).fix(renamed(key_node, near));
}
