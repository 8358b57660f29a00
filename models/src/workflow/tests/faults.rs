//! Limits that change, a controller that dies, work that slows down.

use super::*;

fn locked(secs: f64, lock: LockRef) -> TemplateConfig {
    TemplateConfig { locks: vec![lock], ..single("work", secs) }
}

/// A raised limit is seen at the next look, a lowered one takes nothing away from holders.
#[test]
fn a_semaphore_limit_changes_during_the_run() {
    for config in [ControllerConfig::immediate(), argo()] {
        let mut world = World::new(config, &[locked(1_000.0, semaphore("s"))], &[limit("s", 2)]);
        let s = world.controller.semaphore("argo", "s").unwrap();
        world.submit_many(8, at(0.0), 0);
        world.run_until(at(50.0));
        assert_eq!(world.controller.lock(s), LockGauge { held: 2, limit: 2, waiting: 6 });
        world.act(|controller, now, fx| controller.set_semaphore_limit(now, s, 5, fx));
        world.run_until(at(100.0));
        assert_eq!(world.controller.lock(s), LockGauge { held: 5, limit: 5, waiting: 3 });
        world.act(|controller, now, fx| controller.set_semaphore_limit(now, s, 1, fx));
        world.run_until(at(1_020.0));
        assert_eq!(world.controller.lock(s), LockGauge { held: 3, limit: 1, waiting: 3 });
        world.run_until(at(1_100.0));
        assert_eq!(world.controller.lock(s).held, 1);
        world.run();
        assert_eq!(world.finished().len(), 8);
        assert_eq!(world.controller.lock(s), LockGauge { held: 0, limit: 1, waiting: 0 });
    }
}

/// `UpdateParallelism` admits one; the others need events of their own (`multi_throttler.go`). The ideal
/// controller fills all places.
#[test]
fn raised_parallelism_is_used_up_one_by_one() {
    for (config, expected) in [(argo(), 3), (ControllerConfig::immediate(), 10)] {
        let config = ControllerConfig { parallelism: Some(2), ..config };
        let mut world = World::new(config, &[single("work", 5_000.0)], &[]);
        world.submit_many(20, at(0.0), 0);
        world.run_until(at(100.0));
        world.act(|controller, now, fx| controller.set_parallelism(now, 10, fx));
        world.run_until(at(101.0));
        assert_eq!(world.controller.gauges().running, expected);
        world.run();
        assert_eq!(world.finished().len(), 20);
    }
}

#[test]
fn a_namespace_has_its_own_limit() {
    let namespace_limits = vec![NamespaceLimit { namespace: "other".into(), parallelism: 3 }];
    let config = ControllerConfig {
        namespace_parallelism: Some(1),
        namespace_limits,
        parallelism: Some(3),
        ..ControllerConfig::immediate()
    };
    let here = single("here", 10.0);
    let there = TemplateConfig { namespace: "other".into(), ..single("there", 10.0) };
    let mut world = World::new(config, &[here, there], &[]);
    world.submit_many(4, at(0.0), 0);
    world.submit_many(4, at(0.5), 1);
    world.run_until(at(0.5));
    assert_eq!(world.controller.gauges().running, 3, "one here, two there: three in all");
    world.act(|controller, now, fx| controller.set_namespace_parallelism(now, "argo", 0, fx));
    world.act(|controller, now, fx| controller.set_parallelism(now, 0, fx));
    assert_eq!(world.controller.gauges().running, 7, "four here, three there");
    world.run();
    assert_eq!(world.finished().len(), 8);
}

/// argo-workflows#10286: up to 3.7.10 a restarted controller forgets one holder of the semaphore, and lets
/// one more in if a waiter comes before the forgotten one in the list; fixed in 3.7.11 and 4.0.2.
#[test]
fn an_old_controller_admits_one_too_many_after_a_restart() {
    let pods_after_restart = |version, earlier: u32| {
        let config = ControllerConfig::argo(version);
        let templates = [locked(1_000.0, semaphore("s")), single("other", 1.0)];
        let mut world = World::new(config, &templates, &[limit("s", 5)]);
        // Other workflows before, for other names.
        world.submit_many(earlier, at(0.0), 1);
        world.submit_many(12, at(50.0), 0);
        world.run_until(at(100.0));
        assert_eq!(world.controller.gauges().pods_running, 5);
        world.act(|controller, now, fx| controller.restart(now, fx));
        world.run_until(at(200.0));
        let pods = world.controller.gauges().pods_running;
        world.run();
        assert_eq!(world.finished().len() as u32, 12 + earlier);
        pods
    };
    for (version, expected) in [
        (Version::new(3, 7, 10), vec![5, 6]),
        (Version::new(3, 7, 11), vec![5]),
        (Version::new(4, 0, 1), vec![5, 6]),
        (Version::new(4, 0, 2), vec![5]),
    ] {
        let mut pods: Vec<u64> =
            (0..10).map(|earlier| pods_after_restart(version, earlier)).collect();
        pods.sort_unstable();
        pods.dedup();
        assert_eq!(pods, expected, "{version:?}");
    }
}

/// After a restart only Running workflows count against `parallelism`, waiters for locks line up anew.
#[test]
fn a_restarted_controller_counts_the_running_only() {
    let config = ControllerConfig { parallelism: Some(4), ..argo() };
    let mut world =
        World::new(config, &[locked(1_000.0, mutex("m")), single("free", 1_000.0)], &[]);
    world.submit_many(4, at(0.0), 0);
    world.submit_many(4, at(1.0), 1);
    world.run_until(at(100.0));
    assert_eq!(world.controller.gauges().running, 1, "three places taken by waiters");
    world.act(|controller, now, fx| controller.restart(now, fx));
    world.run();
    assert_eq!(world.finished().len(), 8);
}

/// While the controller is away pods go on and submissions are kept; it catches up.
#[test]
fn work_survives_an_absent_controller() {
    for config in [argo(), ControllerConfig::immediate()] {
        let mut world = World::new(config, &[locked(20.0, semaphore("s"))], &[limit("s", 2)]);
        world.submit_many(4, at(0.0), 0);
        world.run_until(at(5.0));
        world.controller.stop();
        world.submit_many(2, at(50.0), 0);
        world.run_until(at(100.0));
        assert!(world.finished().is_empty());
        assert_eq!(world.controller.gauges().live, 6);
        world.act(|controller, now, fx| controller.start(now, fx));
        world.run_until(at(100.0));
        assert_eq!(world.finished().len(), 2, "seen at once");
        world.run();
        assert_eq!(world.finished().len(), 6);
    }
}

/// Slower pods and failing pods, from now on, on top of the same draws.
#[test]
fn pods_slow_down_and_fail() {
    let mut world = World::new(ControllerConfig::immediate(), &[single("work", 10.0)], &[]);
    world.controller.set_slowdown(3.0);
    world.submit(at(0.0), 0);
    world.run_until(at(1.0));
    world.controller.set_slowdown(1.0);
    world.controller.set_failure_probability(Some(1.0));
    world.submit(at(2.0), 0);
    world.run_until(at(3.0));
    world.controller.set_failure_probability(None);
    world.submit(at(4.0), 0);
    world.run();
    let expected = [
        (0, (Outcome::Succeeded, at(30.0))),
        (1, (Outcome::Failed, at(12.0))),
        (2, (Outcome::Succeeded, at(14.0))),
    ];
    assert_eq!(world.finished(), BTreeMap::from(expected));
}

/// The draws of a workflow follow from its key, the node and the attempt: not from the limits.
#[test]
fn limits_do_not_change_the_draws() {
    let services = |permits| {
        let exponential = Distribution::exponential(5.0).unwrap();
        let mut work = template("work", NodeConfig::pod("main", exponential));
        work.locks = vec![semaphore("s")];
        let mut world = World::new(ControllerConfig::immediate(), &[work], &[limit("s", permits)]);
        world.submit_many(50, at(0.0), 0);
        world.run();
        let mut services = BTreeMap::new();
        for &(now, fact) in &world.facts {
            match fact {
                Fact::PodStarted { workflow, .. } => {
                    services.insert(workflow, now.as_nanos());
                }
                Fact::PodFinished { workflow, .. } => {
                    services.entry(workflow).and_modify(|start| *start = now.as_nanos() - *start);
                }
                _ => {}
            }
        }
        services
    };
    assert_eq!(services(1), services(7));
}
