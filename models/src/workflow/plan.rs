//! Templates made ready to run: the tree of nodes laid out in arrays, depth first, items expanded, names
//! of locks resolved. Built once; workflows share it.

use std::collections::BTreeMap;
use std::ops::Range;

use sim_core::dist::Distribution;
use sim_core::random::{StreamKey, Streams};
use sim_core::time::SimDuration;

use super::config::{
    ConfigError, DagTask, FailFast, LockRef, NodeBody, NodeConfig, RetryStrategy, TemplateConfig,
};
use super::lock::{Lock, LockKind};

/// Most nodes in one workflow; etcd's object limit ends real workflows earlier.
pub(super) const NODES_MAX: usize = 100_000;
/// The controller's own limit on nested templates.
pub(super) const DEPTH_MAX: usize = 100;

pub(super) const ROOT: u32 = 0;

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) namespace: u32,
    pub(super) nodes: Vec<PlanNode>,
    pub(super) tasks: Vec<PlanTask>,
    /// The nodes of tasks, task after task.
    pub(super) task_nodes: Vec<u32>,
    /// What tasks depend on, task after task.
    pub(super) task_depends: Vec<u32>,
    /// The lock behind every claim; the workflow's own claims come first.
    pub(super) claims: Vec<u32>,
    pub(super) own_claims: u32,
    pub(super) parallelism: Option<u32>,
    pub(super) active_deadline: Option<SimDuration>,
}

#[derive(Clone, Debug)]
pub(super) struct PlanNode {
    pub(super) kind: PlanKind,
    pub(super) claims: Range<u32>,
    pub(super) retry: Option<RetryStrategy>,
    /// The group this node is a child of.
    pub(super) parent: Option<u32>,
    /// One past the last node below this one.
    pub(super) end: u32,
}

impl PlanNode {
    pub(super) fn is_pod(&self) -> bool {
        matches!(self.kind, PlanKind::Pod(_))
    }
}

#[derive(Clone, Debug)]
pub(super) enum PlanKind {
    Pod(PlanPod),
    Group { tasks: Range<u32>, all_tasks: Range<u32>, join: Join, parallelism: Option<u32> },
}

#[derive(Clone, Debug)]
pub(super) struct PlanPod {
    pub(super) service: Distribution,
    pub(super) failure_probability: f64,
    pub(super) active_deadline: Option<SimDuration>,
    pub(super) pod_start: Option<Distribution>,
    pub(super) stream: StreamKey,
}

/// What a failure among the children does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// The group of steps goes on to its end, then the node fails.
    Steps,
    /// No further task begins.
    DagFailFast,
    /// Independent tasks go on; dependents are omitted.
    DagContinue,
}

/// A step or task: one node, or as many as it has items.
#[derive(Clone, Debug)]
pub(super) struct PlanTask {
    /// Range in `task_nodes`.
    pub(super) nodes: Range<u32>,
    /// Range in `task_depends`.
    pub(super) depends: Range<u32>,
}

/// Builds plans and collects the locks and namespaces that they name.
pub(super) struct Builder<'a> {
    pub(super) streams: &'a Streams,
    pub(super) component: &'a str,
    pub(super) locks: Vec<Lock>,
    /// (kind tag, namespace, key) -> index in `locks`.
    pub(super) lock_index: BTreeMap<(u8, String, String), u32>,
    pub(super) namespaces: Vec<String>,
}

impl Builder<'_> {
    pub(super) fn add_semaphore(&mut self, namespace: &str, key: &str, limit: u32) {
        let index = self.locks.len() as u32;
        let own =
            key.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/')).unwrap_or(key);
        self.locks.push(Lock::new(
            format!("{namespace}/ConfigMap/{own}"),
            LockKind::Semaphore,
            limit,
        ));
        self.lock_index.insert((0, namespace.to_owned(), key.to_owned()), index);
    }

    pub(super) fn namespace(&mut self, name: &str) -> u32 {
        let known = self.namespaces.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.namespaces.push(name.to_owned());
            self.namespaces.len() - 1
        }) as u32
    }

    pub(super) fn plan(&mut self, template: &TemplateConfig) -> Result<Plan, ConfigError> {
        let mut plan = Plan {
            namespace: self.namespace(&template.namespace),
            nodes: Vec::new(),
            tasks: Vec::new(),
            task_nodes: Vec::new(),
            task_depends: Vec::new(),
            claims: Vec::new(),
            own_claims: 0,
            parallelism: template.parallelism.filter(|&limit| limit > 0),
            active_deadline: template.active_deadline,
        };
        plan.own_claims = self.claims(&mut plan, template, &template.locks)?.end;
        let mut path = format!("{}/{}", template.name, template.entry.name);
        self.node(&mut plan, template, &template.entry, None, &mut path, 0)?;
        Ok(plan)
    }

    fn claims(
        &mut self,
        plan: &mut Plan,
        template: &TemplateConfig,
        locks: &[LockRef],
    ) -> Result<Range<u32>, ConfigError> {
        let first = plan.claims.len();
        for lock in locks {
            let index = self.lock(template, lock)?;
            if !plan.claims[first..].contains(&index) {
                plan.claims.push(index);
            }
        }
        Ok(first as u32..plan.claims.len() as u32)
    }

    fn lock(&mut self, template: &TemplateConfig, lock: &LockRef) -> Result<u32, ConfigError> {
        let of = |named: &Option<String>| named.clone().unwrap_or(template.namespace.clone());
        match lock {
            LockRef::Semaphore { namespace, key } => {
                let namespace = of(namespace);
                let index = self.lock_index.get(&(0, namespace.clone(), key.clone())).copied();
                index.ok_or_else(|| ConfigError::UnknownSemaphore {
                    template: template.name.clone(),
                    namespace,
                    key: key.clone(),
                })
            }
            LockRef::Mutex { namespace, name } => {
                let namespace = of(namespace);
                let next = self.locks.len() as u32;
                let index =
                    *self.lock_index.entry((1, namespace.clone(), name.clone())).or_insert(next);
                if index == next {
                    self.locks.push(Lock::new(
                        format!("{namespace}/Mutex/{name}"),
                        LockKind::Mutex,
                        1,
                    ));
                }
                Ok(index)
            }
        }
    }

    fn node(
        &mut self,
        plan: &mut Plan,
        template: &TemplateConfig,
        config: &NodeConfig,
        parent: Option<u32>,
        path: &mut String,
        depth: usize,
    ) -> Result<u32, ConfigError> {
        if plan.nodes.len() >= NODES_MAX {
            return Err(ConfigError::TooManyNodes {
                template: template.name.clone(),
                limit: NODES_MAX,
            });
        }
        if depth >= DEPTH_MAX {
            return Err(ConfigError::TooDeep { template: template.name.clone(), limit: DEPTH_MAX });
        }
        let claims = self.claims(plan, template, &config.locks)?;
        let index = plan.nodes.len() as u32;
        let kind = match &config.body {
            NodeBody::Pod { service, failure_probability, active_deadline, pod_start } => {
                PlanKind::Pod(PlanPod {
                    service: service.clone(),
                    failure_probability: *failure_probability,
                    active_deadline: *active_deadline,
                    pod_start: pod_start.clone(),
                    stream: self.streams.key(self.component, path),
                })
            }
            // Filled in below, when the children are known.
            NodeBody::Steps(_) | NodeBody::Dag { .. } => PlanKind::Group {
                tasks: 0..0,
                all_tasks: 0..0,
                join: Join::Steps,
                parallelism: None,
            },
        };
        plan.nodes.push(PlanNode { kind, claims, retry: config.retry, parent, end: index + 1 });
        let members = members_of(&config.body, template, config)?;
        if let Some((members, join)) = members {
            let first = plan.tasks.len() as u32;
            plan.tasks
                .resize(plan.tasks.len() + members.len(), PlanTask { nodes: 0..0, depends: 0..0 });
            let tasks = first..plan.tasks.len() as u32;
            for (task, member) in tasks.clone().zip(&members) {
                let nodes = self.items(plan, template, member.node, index, path, depth)?;
                plan.tasks[task as usize] =
                    PlanTask { nodes, depends: depends(plan, first, &member.depends) };
            }
            let parallelism = config.parallelism.filter(|&limit| limit > 0);
            let all_tasks = first..plan.tasks.len() as u32;
            plan.nodes[index as usize].kind =
                PlanKind::Group { tasks, all_tasks, join, parallelism };
        }
        plan.nodes[index as usize].end = plan.nodes.len() as u32;
        Ok(index)
    }

    fn items(
        &mut self,
        plan: &mut Plan,
        template: &TemplateConfig,
        config: &NodeConfig,
        parent: u32,
        path: &mut String,
        depth: usize,
    ) -> Result<Range<u32>, ConfigError> {
        let length = path.len();
        if plan.nodes.len() + config.items as usize > NODES_MAX {
            return Err(ConfigError::TooManyNodes {
                template: template.name.clone(),
                limit: NODES_MAX,
            });
        }
        let mut nodes = Vec::with_capacity(config.items as usize);
        for item in 0..config.items {
            path.push('/');
            path.push_str(&config.name);
            if config.items > 1 {
                path.push_str(&format!("({item})"));
            }
            nodes.push(self.node(plan, template, config, Some(parent), path, depth + 1)?);
            path.truncate(length);
        }
        let first = plan.task_nodes.len() as u32;
        plan.task_nodes.extend(nodes);
        Ok(first..plan.task_nodes.len() as u32)
    }
}

struct Member<'a> {
    node: &'a NodeConfig,
    depends: Vec<u32>,
}

type Members<'a> = Option<(Vec<Member<'a>>, Join)>;

/// The children of steps or a DAG in an order in which every dependency comes first.
fn members_of<'a>(
    body: &'a NodeBody,
    template: &TemplateConfig,
    config: &NodeConfig,
) -> Result<Members<'a>, ConfigError> {
    match body {
        NodeBody::Pod { .. } => Ok(None),
        NodeBody::Steps(groups) => Ok(Some((steps(groups), Join::Steps))),
        NodeBody::Dag { tasks, fail_fast } => {
            let join = match fail_fast {
                FailFast::Stop => Join::DagFailFast,
                FailFast::Continue => Join::DagContinue,
            };
            Ok(Some((sorted(tasks, template, config)?, join)))
        }
    }
}

fn steps(groups: &[Vec<NodeConfig>]) -> Vec<Member<'_>> {
    let mut members = Vec::new();
    let mut before = 0..0_u32;
    for group in groups.iter().filter(|group| !group.is_empty()) {
        let first = members.len() as u32;
        members.extend(group.iter().map(|node| Member { node, depends: before.clone().collect() }));
        before = first..members.len() as u32;
    }
    members
}

/// Kahn's algorithm; among tasks that could come next, the first of the manifest.
fn sorted<'a>(
    tasks: &'a [DagTask],
    template: &TemplateConfig,
    config: &NodeConfig,
) -> Result<Vec<Member<'a>>, ConfigError> {
    let names = || (template.name.clone(), config.name.clone());
    if let Some(&index) =
        tasks.iter().flat_map(|task| &task.depends).find(|&&index| index >= tasks.len())
    {
        let (template, node) = names();
        return Err(ConfigError::UnknownTask { template, node, index });
    }
    let mut place: Vec<Option<u32>> = vec![None; tasks.len()];
    let mut members: Vec<Member<'a>> = Vec::with_capacity(tasks.len());
    while members.len() < tasks.len() {
        let before = members.len();
        for (index, task) in tasks.iter().enumerate() {
            let depends: Option<Vec<u32>> =
                task.depends.iter().map(|&index| place[index]).collect();
            if let (None, Some(depends)) = (place[index], depends) {
                place[index] = Some(members.len() as u32);
                members.push(Member { node: &task.node, depends });
            }
        }
        if members.len() == before {
            let (template, node) = names();
            return Err(ConfigError::Circle { template, node });
        }
    }
    Ok(members)
}

fn depends(plan: &mut Plan, first_task: u32, depends: &[u32]) -> Range<u32> {
    let first = plan.task_depends.len() as u32;
    plan.task_depends.extend(depends.iter().map(|task| first_task + task));
    first..plan.task_depends.len() as u32
}
