//! The real controller: each test the complaint of a user, with the issue it comes from.

use super::*;

fn with_locks(mut template: TemplateConfig, locks: &[LockRef]) -> TemplateConfig {
    template.locks = locks.to_vec();
    template
}

/// argo-workflows#9278, #12381: each step costs the requeue time, however short its work.
#[test]
fn every_short_step_takes_ten_seconds() {
    let step = |name: &str| vec![NodeConfig::pod(name, constant(1.0))];
    let steps = NodeConfig::of("main", NodeBody::Steps(vec![step("a"), step("b"), step("c")]));
    let mut world = World::new(argo(), &[template("t", steps.clone())], &[]);
    world.submit(at(0.0), 0);
    world.run();
    assert_eq!(world.pod_starts(), [0.0, 10.0, 20.0]);
    assert_eq!(world.finish_times(), [30.0]);
    let mut world = World::new(ControllerConfig::immediate(), &[template("t", steps)], &[]);
    world.submit(at(0.0), 0);
    world.run();
    assert_eq!(world.finish_times(), [3.0]);
}

/// The delaying queue keeps the earliest time, so the end of a pod is noticed after (0, 10] s: at once
/// when a look was due anyway, after 10 s when the workflow was quiet.
#[test]
fn the_end_of_a_pod_is_noticed_within_ten_seconds() {
    // (pod's run time, finish): looks at 10 (the pod's creation), 20 (its running was written at 10),
    // then only 10 s after the end.
    let cases =
        [(0.5, 10.0), (9.0, 10.0), (10.5, 20.0), (19.0, 20.0), (21.0, 31.0), (100.0, 110.0)];
    for (service, finish) in cases {
        let mut world = World::new(argo(), &[single("t", service)], &[]);
        world.submit(at(0.0), 0);
        world.run();
        assert_eq!(world.finish_times(), [finish], "a pod of {service} s");
    }
}

/// argo-workflows#11984: parallelism 30, but 17 run, since waiters for a mutex occupy places.
#[test]
fn mutex_waiters_occupy_parallelism() {
    let serial = with_locks(single("serial", 600.0), &[mutex("m")]);
    let config = ControllerConfig { parallelism: Some(30), ..argo() };
    let mut world = World::new(config, &[serial, single("free", 600.0)], &[]);
    world.submit_many(14, at(0.0), 0);
    world.submit_many(26, at(1.0), 1);
    world.run_until(at(100.0));
    let gauges = world.controller.gauges();
    assert_eq!((gauges.running, gauges.pending_locks, gauges.pending_parallelism), (17, 13, 10));
    world.run();
    assert_eq!(world.finished().len(), 40);
}

/// argo-workflows#4377: a limit of six, and about one at a time works, when the work is short against the
/// turnaround of ten seconds to notice and one to hand over.
#[test]
fn short_work_under_a_semaphore_runs_about_one_at_a_time() {
    for version in [Version::new(3, 6, 0), Version::LATEST] {
        let work = with_locks(single("short", 2.0), &[semaphore("six")]);
        let mut world = World::new(ControllerConfig::argo(version), &[work], &[limit("six", 6)]);
        world.submit_many(60, at(0.0), 0);
        world.run();
        let last = world.finish_times().into_iter().fold(0.0, f64::max);
        let working = 60.0 * 2.0 / last;
        assert!(
            (0.9..1.2).contains(&working),
            "{version:?}: {working} at work on average, {last} s"
        );
        assert_eq!(world.pods_max(), 6);
    }
}

/// argo-workflows#12039, #14205: every waiter reads the limit and writes its status every ten seconds; at
/// 20 calls per second the API is used up by about 200 waiters, permits lie idle.
#[test]
fn two_hundred_waiters_use_up_the_api() {
    let throughput = |waiters: u32, api_limit| {
        let work = with_locks(single("work", 30.0), &[semaphore("s")]);
        // Enough workers: each pauses a second after a write, 32 of them do no more than 32 a second.
        let config = ControllerConfig { api_limit, workers: 10_000, ..argo() };
        let mut world = World::new(config, &[work], &[limit("s", 100)]);
        world.submit_many(100 + waiters, at(0.0), 0);
        world.run_until(at(600.0));
        let gauges = world.controller.gauges();
        let done = world.finished().values().filter(|(_, at)| at.as_secs_f64() > 100.0).count();
        (done as f64, gauges.workflow_calls as f64 / 600.0)
    };
    let api = argo().api_limit;
    let (free, calls) = throughput(4_000, None);
    assert!(calls > 100.0, "without a limit the waiters would write {calls} times per second");
    let (limited, calls) = throughput(4_000, api);
    assert!(calls < 20.1, "{calls} writes per second");
    assert!(limited < free * 0.7, "{limited} against {free} workflows");
}

/// Ten looks per second at a hundred waiters: N/10 reads and N/10 writes per second.
#[test]
fn a_waiter_costs_a_read_and_a_write_every_ten_seconds() {
    let work = with_locks(single("work", 100_000.0), &[semaphore("s")]);
    let mut world = World::new(argo(), &[work], &[limit("s", 1)]);
    world.submit_many(101, at(0.0), 0);
    world.run_until(at(100.0));
    let before = world.controller.gauges();
    world.run_until(at(1_100.0));
    let after = world.controller.gauges();
    let per_s = |calls: u64| calls as f64 / 1_000.0;
    let reads = per_s(after.kube_calls - before.kube_calls);
    let writes = per_s(after.workflow_calls - before.workflow_calls);
    assert!((9.0..11.0).contains(&reads), "{reads} reads per second");
    assert!((9.0..11.0).contains(&writes), "{writes} writes per second");
}

/// Up to 3.7 the controller's own writes requeue nothing: waiters cost nothing and hear of a permit by
/// the notification only.
#[test]
fn write_back_leaves_waiters_alone() {
    let work = with_locks(single("work", 1_000.0), &[semaphore("s")]);
    let mut world =
        World::new(ControllerConfig::argo(Version::new(3, 6, 0)), &[work], &[limit("s", 1)]);
    world.submit_many(51, at(0.0), 0);
    world.run_until(at(100.0));
    let before = world.controller.gauges();
    world.run_until(at(1_000.0));
    assert_eq!(world.controller.gauges().workflow_calls, before.workflow_calls);
    world.run();
    assert_eq!(world.finished().len(), 51);
}

/// argo-workflows#8109: a template lock goes to the head of the line only; the head waits for a second
/// lock, so a free permit helps nobody.
#[test]
fn the_head_of_the_line_blocks_a_free_permit() {
    let locked = |name: &str, secs: f64, locks: &[LockRef]| {
        let mut node = NodeConfig::pod("main", constant(secs));
        node.locks = locks.to_vec();
        template(name, node)
    };
    let templates = [
        locked("holder", 300.0, &[mutex("b")]),
        locked("both", 5.0, &[semaphore("a"), mutex("b")]),
        locked("single", 5.0, &[semaphore("a")]),
    ];
    for config in [argo(), ControllerConfig::immediate()] {
        let mut world = World::new(config, &templates, &[limit("a", 2)]);
        world.submit(at(0.0), 0);
        world.submit(at(2.0), 1);
        world.submit(at(4.0), 2);
        world.run_until(at(290.0));
        let a = world.controller.semaphore("argo", "a").unwrap();
        assert_eq!(world.controller.lock(a), LockGauge { held: 0, limit: 2, waiting: 2 });
        let gauges = world.controller.gauges();
        assert_eq!(
            (gauges.running, gauges.nodes_waiting),
            (3, 2),
            "they are Running all the while"
        );
        world.run();
        assert_eq!(world.finished().len(), 3);
    }
}

/// After the release the waiters are looked at one second later (`SEMAPHORE_NOTIFY_DELAY`).
#[test]
fn a_permit_is_handed_over_after_a_second() {
    let work = with_locks(single("work", 100.0), &[semaphore("s")]);
    let config = ControllerConfig { requeue: seconds(1_000), resync: seconds(100_000), ..argo() };
    let mut world = World::new(config, &[work], &[limit("s", 1)]);
    world.submit(at(0.0), 0);
    world.submit(at(5.0), 0);
    world.run();
    let starts = world.times(|fact| matches!(fact, Fact::Started { .. }));
    // The pod's creation brings the look at 1000 s that finds it over.
    assert_eq!(starts, [0.0, 1001.0]);
}

/// Creation times have a resolution of one second, ties fall as Go's heap lets them: of three that wait,
/// the last is served second.
#[test]
fn ties_within_a_second_are_not_in_order() {
    let config = ControllerConfig { parallelism: Some(1), ..argo() };
    let mut world = World::new(config, &[single("work", 1.0)], &[]);
    for tenth in 0..4 {
        world.submit(at(f64::from(tenth) / 10.0), 0);
    }
    world.run();
    let finished = world.finished();
    let mut order: Vec<u32> = finished.keys().copied().collect();
    order.sort_by_key(|id| finished[id].1);
    assert_eq!(order, [0, 1, 3, 2], "when 1 leaves the heap, 3 takes its place at the top");
}

/// `resourceRateLimit`: without a token the node stays Pending for ten seconds, then asks again.
#[test]
fn pods_wait_for_tokens() {
    let rate = sim_core::time::Rate { count: 1, per: seconds(1) };
    let resource_rate_limit = Some(ResourceRateLimit { rate, burst: 2 });
    let mut world =
        World::new(ControllerConfig { resource_rate_limit, ..argo() }, &[single("work", 1.0)], &[]);
    world.submit_many(5, at(0.0), 0);
    world.run();
    assert_eq!(world.pod_starts(), [0.0, 0.0, 10.0, 10.0, 20.0]);
    let ideal = ControllerConfig { resource_rate_limit, ..ControllerConfig::immediate() };
    let mut world = World::new(ideal, &[single("work", 1.0)], &[]);
    world.submit_many(5, at(0.0), 0);
    world.run();
    assert_eq!(world.pod_starts(), [0.0, 0.0, 1.0, 2.0, 3.0]);
}

/// argo-workflows#10654, #4634: 20 pods and 20 updates a second are what the API lets through; a burst of
/// submissions is worked off at that rate.
#[test]
fn pod_creation_is_bound_by_the_api() {
    let mut world = World::new(argo(), &[single("work", 1.0)], &[]);
    world.submit_many(600, at(0.0), 0);
    world.run_until(at(20.0));
    let started = world.pod_starts().len();
    // The burst of 30 first, then 20 a second, of which labels of finished pods take a part.
    assert!((200..=430).contains(&started), "{started} pods in 20 s");
    world.run();
    assert_eq!(world.finished().len(), 600);
}

/// An update of a running workflow puts it into the throttler's heap again, and the place of a workflow
/// that ends may go to one that has one: it stays empty until the next event (`controller.go`, 3.x).
#[test]
fn readmission_leaves_places_empty() {
    let fewest_running = |readmission| {
        let config = ControllerConfig { parallelism: Some(20), readmission, ..argo() };
        let main = NodeConfig::pod("main", Distribution::exponential(100.0).unwrap());
        let mut world = World::new(config, &[template("work", main)], &[]);
        for k in 0..400 {
            world.submit(at(f64::from(k) / 4.0), 0);
        }
        let running = (1..30).map(|look| {
            world.run_until(at(50.0 * f64::from(look)));
            world.controller.gauges().running
        });
        running.min().unwrap()
    };
    assert_eq!(fewest_running(Readmission::Ignore), 20);
    assert!((15..20).contains(&fewest_running(Readmission::Duplicate)));
}

/// The same calls give the same facts and timers.
#[test]
fn the_same_twice() {
    let run = || {
        let work = with_locks(single("work", 7.0), &[semaphore("s"), mutex("m")]);
        let mut world = World::new(argo(), &[work, single("free", 3.0)], &[limit("s", 2)]);
        for k in 0..40 {
            world.submit(at(f64::from(k) * 0.7), k % 2);
        }
        world.run();
        world.facts
    };
    assert_eq!(run(), run());
}
