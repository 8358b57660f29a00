//! The ideal controller against theory: schedules known to the nanosecond.

use sim_core::random::Random;

use super::*;

/// The reference pipeline's `api-calls: "5"`: twelve workflows of 30 s are done five at a time.
#[test]
fn five_permits_serve_in_batches_of_five() {
    let mut consumer = single("api-consumer", 30.0);
    consumer.locks = vec![semaphore("workflow-semaphores/api-calls")];
    let mut world = World::new(
        ControllerConfig::immediate(),
        &[consumer],
        &[limit("workflow-semaphores/api-calls", 5)],
    );
    world.submit_many(12, at(1.0), 0);
    world.run_until(at(1.0));
    let gauges = world.controller.gauges();
    assert_eq!((gauges.running, gauges.pending_locks, gauges.pods_running), (5, 7, 5));
    world.run();
    let expected: Vec<f64> = (0..12).map(|k| 31.0 + 30.0 * f64::from(k / 5)).collect();
    assert_eq!(world.finish_times(), expected);
    assert_eq!(world.pods_max(), 5);
}

/// Kiefer and Wolfowitz (1955): with c servers in order of arrival, a customer begins when it is there
/// and the first server is free.
fn kiefer_wolfowitz(
    arrivals: &[SimTime],
    services: &[SimDuration],
    servers: usize,
) -> Vec<SimTime> {
    let mut free = vec![SimTime::ZERO; servers];
    let pairs = arrivals.iter().zip(services);
    pairs
        .map(|(&arrival, &service)| {
            let server = free.iter_mut().min().unwrap();
            *server = arrival.max(*server) + service;
            *server
        })
        .collect()
}

/// Semaphore, parallelism, namespace parallelism and mutex are all the same queue to theory.
#[test]
fn limits_are_queues_in_order_of_arrival() {
    let free = ControllerConfig::immediate();
    let global = ControllerConfig { parallelism: Some(4), ..free.clone() };
    let namespace = ControllerConfig { namespace_parallelism: Some(4), ..free.clone() };
    let cases = [
        ("semaphore", free.clone(), vec![semaphore("s")], 4),
        ("parallelism", global, vec![], 4),
        ("namespaceParallelism", namespace, vec![], 4),
        ("mutex", free, vec![mutex("m")], 1),
    ];
    for (name, config, locks, servers) in cases {
        let mut work =
            template("work", NodeConfig::pod("main", Distribution::exponential(3.6).unwrap()));
        work.locks = locks;
        let mut world = World::new(config, &[work], &[limit("s", 4)]);
        let mut rng = Streams::new(SEED, 0).stream("test", "arrivals");
        let mut arrivals = Vec::new();
        let mut now = SimTime::ZERO;
        for _ in 0..500 {
            let gap = Distribution::exponential(1.0).unwrap().sample_duration(&mut rng);
            now += gap;
            arrivals.push(now);
            world.submit(now, 0);
        }
        world.run();
        let mut services = vec![SimDuration::ZERO; arrivals.len()];
        let mut starts = services.clone().into_iter().map(|_| SimTime::ZERO).collect::<Vec<_>>();
        for &(now, fact) in &world.facts {
            match fact {
                Fact::PodStarted { workflow, .. } => starts[workflow.0 as usize] = now,
                Fact::PodFinished { workflow, .. } => {
                    services[workflow.0 as usize] = now.since(starts[workflow.0 as usize]);
                }
                _ => {}
            }
        }
        let departures: Vec<SimTime> = world.finished().values().map(|&(_, at)| at).collect();
        assert_eq!(departures, kiefer_wolfowitz(&arrivals, &services, servers), "{name}");
        let _ = rng.next_u64();
    }
}

/// Higher priority first among those who wait; nobody is thrown out.
#[test]
fn priority_orders_those_who_wait() {
    let mut work = single("work", 10.0);
    work.locks = vec![semaphore("s")];
    for (config, locks) in [
        (ControllerConfig::immediate(), vec![semaphore("s")]),
        (ControllerConfig { parallelism: Some(1), ..ControllerConfig::immediate() }, vec![]),
    ] {
        work.locks = locks;
        let mut world = World::new(config, &[work.clone()], &[limit("s", 1)]);
        for priority in [0, 1, 5, 1, -3] {
            world.submit_with(at(0.0), 0, priority);
        }
        world.run();
        assert_eq!(world.finish_times(), [10.0, 30.0, 20.0, 40.0, 50.0]);
    }
}

/// One mutex for everybody, but the workflows without it pass by.
#[test]
fn namespaces_and_locks_do_not_mix() {
    let mut here = single("here", 10.0);
    here.locks = vec![mutex("m")];
    let there = TemplateConfig { name: "there".into(), namespace: "other".into(), ..here.clone() };
    let mut world = World::new(ControllerConfig::immediate(), &[here, there], &[]);
    for template in [0, 0, 1, 1] {
        world.submit(at(0.0), template);
    }
    world.run();
    assert_eq!(
        world.finish_times(),
        [10.0, 20.0, 10.0, 20.0],
        "the same name in two namespaces is two locks"
    );
}

/// All locks together or none: who waits for one does not hold the other.
#[test]
fn locks_are_taken_together() {
    let mut both = single("both", 10.0);
    both.locks = vec![mutex("a"), mutex("b")];
    let mut first = single("first", 10.0);
    first.locks = vec![mutex("a")];
    let mut second = single("second", 1.0);
    second.locks = vec![mutex("b")];
    let mut world = World::new(ControllerConfig::immediate(), &[both, first, second], &[]);
    world.submit(at(0.0), 1);
    world.submit(at(1.0), 0);
    world.run_until(at(1.0));
    let held: Vec<u32> =
        world.controller.lock_names().map(|(lock, _)| world.controller.lock(lock).held).collect();
    assert_eq!(held, [1, 0]);
    // ... but it stands at the head of b's line, so that nobody else gets b (argo-workflows#8109).
    world.submit(at(2.0), 2);
    world.run();
    assert_eq!(world.finish_times(), [10.0, 20.0, 21.0]);
}

/// The wait for a pod's start, and the ledger of facts of one life.
#[test]
fn a_life_in_facts() {
    let config =
        ControllerConfig { pod_start: Some(constant(2.0)), ..ControllerConfig::immediate() };
    let mut world = World::new(config, &[single("work", 3.0)], &[]);
    world.submit(at(1.0), 0);
    world.run_until(at(1.5));
    assert_eq!(world.controller.gauges().pods_pending, 1);
    world.run();
    let (workflow, node) = (WorkflowId(0), NodeId(0));
    let expected = [
        (at(1.0), Fact::Submitted { workflow }),
        (at(1.0), Fact::Admitted { workflow }),
        (at(1.0), Fact::Started { workflow }),
        (at(3.0), Fact::PodStarted { workflow, node, attempt: 0 }),
        (at(6.0), Fact::PodFinished { workflow, node, outcome: PodOutcome::Succeeded }),
        (
            at(6.0),
            Fact::Finished {
                workflow,
                outcome: Outcome::Succeeded,
                started: at(1.0),
                finished: at(6.0),
            },
        ),
    ];
    assert_eq!(world.facts, expected);
}
