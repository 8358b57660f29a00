//! Mutexes and semaphores, and the ConfigMaps that limit them. Not a rule.
//!
//! argo-workflows v4.1.2 `workflow/sync/{syncitems,lock_name,semaphore}.go`. The singular forms count as
//! well, whatever the version: that they lock nothing is said by their own rule.

use super::workflows::{Spec, is_dynamic, may_be_in};
use crate::lint::Cx;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

/// What a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mutex,
    Semaphore,
}

/// A lock that a workflow or template takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock<'n> {
    pub(super) kind: Kind,
    /// The lock: an item of the list, or the value of the singular field.
    pub(super) node: &'n Node,
}

/// The key of a ConfigMap that holds the limit of a semaphore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'n> {
    /// If it is known.
    pub(super) namespace: Option<&'n str>,
    pub(super) map: &'n str,
    pub(super) key: &'n str,
}

/// The locks that a workflow spec or template takes.
pub(super) fn locks(holder: &Node) -> Vec<Lock<'_>> {
    let Some(all) = holder.get("synchronization") else { return Vec::new() };
    let mut found = Vec::new();
    for (kind, one, many) in
        [(Kind::Semaphore, "semaphore", "semaphores"), (Kind::Mutex, "mutex", "mutexes")]
    {
        // One lock where a list of them belongs is meant as one, too.
        let nodes = all.get(one).into_iter().chain(all.get(many)).chain(all.list(many));
        found.extend(nodes.filter(|it| !it.fields().is_empty()).map(|node| Lock { kind, node }));
    }
    found
}

/// All locks of a spec: its own, then those of its templates.
pub(super) fn locks_within<'n>(spec: &Spec<'n>) -> Vec<Lock<'n>> {
    let mut all = locks(spec.node);
    spec.templates().iter().for_each(|it| all.extend(locks(it.node)));
    all
}

impl<'n> Lock<'n> {
    /// What it is called in messages.
    pub(super) fn title(&self) -> String {
        let name = |path: &[&str]| self.node.at(path).and_then(Node::scalar);
        match (self.kind, name(&["configMapKeyRef", "name"]), name(&["configMapKeyRef", "key"])) {
            (Kind::Mutex, _, _) => format!("mutex `{}`", name(&["name"]).unwrap_or("")),
            (Kind::Semaphore, Some(map), Some(key)) => format!("semaphore `{map}/{key}`"),
            (Kind::Semaphore, _, _) => {
                format!("semaphore `{}`", name(&["database", "key"]).unwrap_or("unnamed"))
            }
        }
    }

    /// Where it is named, for messages.
    pub(super) fn named(&self) -> &'n Node {
        let paths: [&[&str]; 4] = [
            &["name"],
            &["configMapKeyRef", "key"],
            &["configMapKeyRef", "name"],
            &["database", "key"],
        ];
        let scalar = |path: &&[&str]| self.node.at(path).filter(|it| it.scalar().is_some());
        paths.iter().find_map(scalar).unwrap_or(self.node)
    }

    /// Where the limit of a semaphore stands; none if that is known only at run time.
    pub(super) fn key(&self, spec: &Spec<'n>) -> Option<Key<'n>> {
        let reference =
            self.node.get("configMapKeyRef").filter(|_| self.kind == Kind::Semaphore)?;
        let (map, key) = (reference.text("name")?, reference.text("key")?);
        let namespace = self.node.text("namespace").or(spec.namespace);
        let texts = [Some(map), Some(key), namespace];
        let is_known = !texts.iter().flatten().any(|it| is_dynamic(it));
        is_known.then_some(Key { namespace, map, key })
    }

    /// How many may hold it, if the files say so.
    pub(super) fn limit(&self, cx: &Cx<'_, '_>, spec: &Spec<'n>) -> Option<i64> {
        match self.kind {
            Kind::Mutex => Some(1),
            Kind::Semaphore => {
                let (_, value) = self.key(spec)?.find(cx)?;
                value.scalar()?.trim().parse().ok()
            }
        }
    }
}

impl Key<'_> {
    /// The ConfigMap.
    pub(super) fn map<'m>(&self, cx: &Cx<'m, '_>) -> Option<Manifest<'m>> {
        cx.of("ConfigMap").find(|it| it.name == self.map && may_be_in(*it, self.namespace))
    }

    /// The ConfigMap and the value.
    pub(super) fn find<'m>(&self, cx: &Cx<'m, '_>) -> Option<(Manifest<'m>, &'m Node)> {
        let map = self.map(cx)?;
        Some((map, map.root.get("data")?.find(self.key)?))
    }
}
