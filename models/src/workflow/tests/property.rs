//! Random templates under random limits: nothing is lost, no permit leaks, the same twice.

use sim_core::random::{MessageStream, Random, message_key};

use super::*;

/// Draws a case; every draw is made, whatever comes of it.
struct Draw(MessageStream);

impl Draw {
    fn new(seed: u64) -> Self {
        Self(MessageStream::new(
            message_key(seed),
            Streams::new(SEED, 0).key("test", "property"),
            0,
        ))
    }

    fn below(&mut self, n: u64) -> u32 {
        self.0.below(n) as u32
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.0.below(n) == 0
    }

    fn some<T>(&mut self, of: u64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let is = self.one_in(of);
        let value = value(self);
        is.then_some(value)
    }

    fn config(&mut self) -> ControllerConfig {
        let version =
            [Version::new(3, 6, 0), Version::new(4, 0, 1), Version::LATEST][self.below(3) as usize];
        let ideal = self.one_in(2);
        let base =
            if ideal { ControllerConfig::immediate() } else { ControllerConfig::argo(version) };
        let duplicate = self.one_in(3);
        ControllerConfig {
            parallelism: self.some(2, |draw| 1 + draw.below(5)),
            namespace_parallelism: self.some(3, |draw| 1 + draw.below(5)),
            pod_start: self.some(2, |_| Distribution::exponential(2.0).unwrap()),
            workers: 1 + self.below(4),
            readmission: if duplicate { Readmission::Duplicate } else { Readmission::Ignore },
            semaphore_limit_cache: seconds(u64::from(self.below(2)) * 5),
            ..base
        }
    }

    /// At most one lock, or several: with several, ties between equal creation times can block two real
    /// workflows for ever, each at the head of the other's line.
    fn locks(&mut self, names: &[&str], most: u64) -> Vec<LockRef> {
        let count = self.0.below(most + 1);
        (0..count)
            .map(|_| {
                let name = names[self.below(names.len() as u64) as usize];
                if name.starts_with('m') { mutex(name) } else { semaphore(name) }
            })
            .collect()
    }

    fn retry(&mut self) -> Option<RetryStrategy> {
        self.some(3, |draw| RetryStrategy {
            limit: Some(draw.below(4)),
            policy: RetryPolicy::OnFailure,
            backoff: draw.some(2, |draw| RetryBackoff {
                duration: seconds(1 + u64::from(draw.below(9))),
                factor: draw.below(3),
                cap: None,
                max_duration: draw.some(3, |_| seconds(20)),
            }),
        })
    }

    fn node(&mut self, depth: u32, most_locks: u64) -> NodeConfig {
        let body = match self.below(if depth == 0 { 1 } else { 3 }) {
            0 => NodeBody::Pod {
                service: Distribution::exponential(4.0).unwrap(),
                failure_probability: f64::from(self.below(3)) * 0.2,
                active_deadline: self.some(4, |draw| seconds(2 + u64::from(draw.below(8)))),
                pod_start: None,
            },
            1 => {
                let groups = 1 + self.below(3);
                let group = |draw: &mut Self| {
                    (0..1 + draw.below(3)).map(|_| draw.node(depth - 1, most_locks)).collect()
                };
                NodeBody::Steps((0..groups).map(|_| group(self)).collect())
            }
            _ => {
                let task = |draw: &mut Self, index: usize| DagTask {
                    node: draw.node(depth - 1, most_locks),
                    depends: (0..index).filter(|_| draw.one_in(2)).collect(),
                };
                let tasks =
                    (0..1 + self.below(5) as usize).map(|index| task(self, index)).collect();
                let fail_fast = if self.one_in(2) { FailFast::Stop } else { FailFast::Continue };
                NodeBody::Dag { tasks, fail_fast }
            }
        };
        let pod = matches!(body, NodeBody::Pod { .. });
        let mut node = NodeConfig::of(&format!("n{}", self.below(1_000)), body);
        // Only pods hold locks: a group that held what its own pods want would wait for ever.
        let locks = self.locks(&["t1", "t2", "m3"], most_locks);
        if pod {
            node.locks = locks;
        }
        node.retry = self.retry();
        node.parallelism = self.some(3, |draw| 1 + draw.below(3));
        node.items = self.some(4, |draw| draw.below(4)).unwrap_or(1);
        node
    }

    fn template(&mut self, index: u32, most_locks: u64) -> TemplateConfig {
        let depth = self.below(3);
        TemplateConfig {
            name: format!("template-{index}"),
            namespace: "argo".to_owned(),
            entry: self.node(depth, most_locks),
            locks: self.locks(&["w1", "w2", "mw"], most_locks),
            parallelism: self.some(3, |draw| 1 + draw.below(3)),
            active_deadline: self.some(4, |draw| seconds(5 + u64::from(draw.below(100)))),
        }
    }

    fn world(&mut self) -> (World, bool) {
        let config = self.config();
        let most_locks = u64::from(1 + self.below(3));
        let ideal = config.realism == Realism::Immediate;
        // A holder forgotten by a restarted controller may wait for a permit whose new holder waits for
        // the forgotten one's template lock.
        let lively = ideal || (most_locks == 1 && !config.version.forgets_a_holder_on_restart());
        let templates: Vec<_> = (0..3).map(|index| self.template(index, most_locks)).collect();
        let keys = ["t1", "t2", "w1", "w2"];
        let limits: Vec<_> = keys.iter().map(|key| limit(key, 1 + self.below(3))).collect();
        let mut world = World::new(config, &templates, &limits);
        for _ in 0..1 + self.below(25) {
            let at = at(self.0.unit() * 60.0);
            world.submit_with(at, self.below(3), self.below(3) as i32);
        }
        (world, lively)
    }
}

fn play(seed: u64) -> Vec<(SimTime, Fact)> {
    let mut draw = Draw::new(seed);
    let (mut world, lively) = draw.world();
    world.run_until(at(40.0));
    world.controller.assert_consistent();
    match draw.below(4) {
        0 => world.act(|controller, now, fx| controller.restart(now, fx)),
        1 => {
            let lock = world.controller.semaphore("argo", "t1").unwrap();
            let limit = 1 + draw.below(4);
            world.act(|controller, now, fx| controller.set_semaphore_limit(now, lock, limit, fx));
        }
        2 => {
            let parallelism = draw.below(6);
            world.act(|controller, now, fx| controller.set_parallelism(now, parallelism, fx));
        }
        _ => {}
    }
    let mut steps = 0;
    while world.step(at(200_000.0)) {
        steps += 1;
        if steps % 16 == 0 {
            world.controller.assert_consistent();
        }
    }
    world.controller.assert_consistent();
    check_end(&world, lively);
    world.facts
}

fn check_end(world: &World, lively: bool) {
    let finished = world.finished().len() as u64;
    let gauges = world.controller.gauges();
    assert_eq!(
        finished + gauges.live,
        u64::from(world.submitted),
        "every workflow is finished or somewhere"
    );
    let count = |choose: fn(&Fact) -> bool| world.times(choose).len() as u64;
    assert_eq!(
        count(|fact| matches!(fact, Fact::Finished { .. })),
        finished,
        "nothing finishes twice"
    );
    let started = count(|fact| matches!(fact, Fact::PodStarted { .. }));
    let ended = count(|fact| matches!(fact, Fact::PodFinished { .. }));
    assert!(ended >= started, "every pod that ran ended");
    if lively {
        assert_eq!(gauges.live, 0, "all are through");
    }
    if gauges.live == 0 {
        for (lock, name) in world.controller.lock_names() {
            let gauge = world.controller.lock(lock);
            assert_eq!((gauge.held, gauge.waiting), (0, 0), "`{name}` is free");
        }
        assert_eq!((gauges.pods_pending, gauges.pods_running, gauges.nodes_waiting), (0, 0, 0));
    }
}

#[test]
fn nothing_is_lost_and_no_permit_leaks() {
    for seed in 0..2_000 {
        let played = std::panic::catch_unwind(|| play(seed));
        let facts = played.unwrap_or_else(|_| panic!("the case of seed {seed}"));
        if seed % 8 == 0 {
            assert_eq!(facts, play(seed), "seed {seed} twice");
        }
    }
}
