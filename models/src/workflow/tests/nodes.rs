//! Inside one workflow: steps, DAGs, items, retries, deadlines, template-level locks.

use super::*;

fn pod(name: &str, secs: f64) -> NodeConfig {
    NodeConfig::pod(name, constant(secs))
}

fn failing(name: &str, secs: f64, failure_probability: f64) -> NodeConfig {
    let body = NodeBody::Pod {
        service: constant(secs),
        failure_probability,
        active_deadline: None,
        pod_start: None,
    };
    NodeConfig::of(name, body)
}

fn dag(tasks: Vec<(NodeConfig, &[usize])>, fail_fast: FailFast) -> NodeConfig {
    let tasks = tasks
        .into_iter()
        .map(|(node, depends)| DagTask { node, depends: depends.to_vec() })
        .collect();
    NodeConfig::of("main", NodeBody::Dag { tasks, fail_fast })
}

fn retry(limit: Option<u32>, backoff: Option<RetryBackoff>) -> Option<RetryStrategy> {
    Some(RetryStrategy { limit, policy: RetryPolicy::OnFailure, backoff })
}

fn backoff(duration: u64, factor: u32) -> RetryBackoff {
    RetryBackoff { duration: seconds(duration), factor, cap: None, max_duration: None }
}

/// One workflow of `entry` under `config`, run to its end.
fn run(config: ControllerConfig, entry: NodeConfig) -> World {
    run_template(config, template("t", entry))
}

fn run_template(config: ControllerConfig, template: TemplateConfig) -> World {
    let mut world = World::new(config, &[template], &[limit("s", 2)]);
    world.submit(at(0.0), 0);
    world.run();
    assert_eq!(world.finished().len(), 1);
    world
}

fn outcome(world: &World) -> (Outcome, f64) {
    let (outcome, at) = world.finished()[&0];
    (outcome, at.as_secs_f64())
}

fn ideal() -> ControllerConfig {
    ControllerConfig::immediate()
}

/// A group of steps begins when all of the group before are through.
#[test]
fn steps_wait_for_the_whole_group() {
    let groups = vec![vec![pod("a", 1.0), pod("b", 5.0)], vec![], vec![pod("c", 2.0)]];
    let world = run(ideal(), NodeConfig::of("main", NodeBody::Steps(groups)));
    assert_eq!(world.pod_starts(), [0.0, 0.0, 5.0]);
    assert_eq!(outcome(&world), (Outcome::Succeeded, 7.0));
}

/// A diamond: the end after the longer of the two ways, in whatever order the tasks are written.
#[test]
fn a_diamond_takes_its_longest_way() {
    let tasks: Vec<(NodeConfig, &[usize])> = vec![
        (pod("d", 1.0), &[1, 2]),
        (pod("b", 2.0), &[3]),
        (pod("c", 4.0), &[3]),
        (pod("a", 1.0), &[]),
    ];
    let world = run(ideal(), dag(tasks, FailFast::Stop));
    assert_eq!(world.pod_starts(), [0.0, 1.0, 1.0, 5.0]);
    assert_eq!(outcome(&world), (Outcome::Succeeded, 6.0));
}

/// `failFast`: after the failure at 1 s nothing begins, but what runs is waited for; without it the
/// independent way goes on.
#[test]
fn a_failed_task_stops_the_dag_or_its_dependents() {
    let tasks = || -> Vec<(NodeConfig, &[usize])> {
        vec![
            (failing("bad", 1.0, 1.0), &[]),
            (pod("after", 1.0), &[0]),
            (pod("long", 5.0), &[]),
            (pod("more", 5.0), &[2]),
        ]
    };
    let world = run(ideal(), dag(tasks(), FailFast::Stop));
    assert_eq!(world.pod_starts(), [0.0, 0.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 5.0));
    let world = run(ideal(), dag(tasks(), FailFast::Continue));
    assert_eq!(world.pod_starts(), [0.0, 0.0, 5.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 10.0));
}

/// A failed step ends the workflow after its group.
#[test]
fn a_failed_step_fails_after_its_group() {
    let groups = vec![vec![failing("bad", 1.0, 1.0), pod("good", 3.0)], vec![pod("never", 1.0)]];
    let world = run(ideal(), NodeConfig::of("main", NodeBody::Steps(groups)));
    assert_eq!(world.pod_starts().len(), 2);
    assert_eq!(outcome(&world), (Outcome::Failed, 3.0));
}

/// `withItems` under `parallelism`, of the template or of the workflow: ten items of 4 s, three at a time.
#[test]
fn items_run_as_many_at_a_time_as_allowed() {
    let mut fan = pod("fan", 4.0);
    fan.items = 10;
    let mut steps = NodeConfig::of("main", NodeBody::Steps(vec![vec![fan]]));
    let workflow_level = TemplateConfig { parallelism: Some(3), ..template("t", steps.clone()) };
    steps.parallelism = Some(3);
    for template in [template("t", steps), workflow_level] {
        let world = run_template(ideal(), template.clone());
        assert_eq!(world.pods_max(), 3);
        assert_eq!(outcome(&world), (Outcome::Succeeded, 16.0));
        let world = run_template(argo(), template);
        assert_eq!(world.pods_max(), 3);
        assert_eq!(outcome(&world), (Outcome::Succeeded, 40.0), "four rounds of ten seconds");
    }
}

/// An empty list of items succeeds, when its turn comes.
#[test]
fn no_items_is_success() {
    let mut none = pod("none", 4.0);
    none.items = 0;
    let groups = vec![vec![pod("a", 1.0)], vec![none], vec![pod("b", 1.0)]];
    let world = run(ideal(), NodeConfig::of("main", NodeBody::Steps(groups)));
    assert_eq!(outcome(&world), (Outcome::Succeeded, 2.0));
}

/// `limit: 3` is four attempts; waits of 10, 20 and 40 s after the ends (source: `processNodeRetries`).
#[test]
fn attempts_are_the_limit_and_one() {
    let mut bad = failing("bad", 1.0, 1.0);
    bad.retry = retry(Some(3), Some(backoff(10, 2)));
    let world = run(ideal(), bad);
    assert_eq!(world.pod_starts(), [0.0, 11.0, 32.0, 73.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 74.0));
}

/// Without `limit` the backoff is not applied at all, and there is no end: the deadline ends it.
#[test]
fn without_a_limit_there_is_no_backoff() {
    let mut bad = failing("bad", 1.0, 1.0);
    bad.retry = retry(None, Some(backoff(3_600, 2)));
    let template = TemplateConfig { active_deadline: Some(seconds(5)), ..template("t", bad) };
    let world = run_template(ideal(), template.clone());
    assert_eq!(world.pod_starts(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    assert_eq!(outcome(&world), (Outcome::DeadlineExceeded, 5.0));
    let template = TemplateConfig { active_deadline: Some(seconds(45)), ..template };
    let world = run_template(argo(), template);
    assert_eq!(world.pod_starts(), [0.0, 10.0, 20.0, 30.0, 40.0]);
    assert_eq!(outcome(&world).0, Outcome::DeadlineExceeded);
}

/// `maxDuration`: no retry that would begin later than this after the first start.
#[test]
fn retries_end_with_the_longest_duration() {
    let mut bad = failing("bad", 1.0, 1.0);
    bad.retry =
        retry(Some(100), Some(RetryBackoff { max_duration: Some(seconds(30)), ..backoff(10, 1) }));
    let world = run(ideal(), bad);
    // Ends at 1, 12, 23; the next would begin at 33.
    assert_eq!(world.pod_starts(), [0.0, 11.0, 22.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 23.0));
}

/// The wait of the backoff: a table, with the cap.
#[test]
fn waits_grow_to_the_cap() {
    let capped = RetryBackoff { cap: Some(seconds(35)), ..backoff(10, 2) };
    let waits =
        |backoff: RetryBackoff| (1..6).map(|n| backoff.wait(n).as_secs_f64()).collect::<Vec<_>>();
    assert_eq!(waits(backoff(10, 2)), [10.0, 20.0, 40.0, 80.0, 160.0]);
    assert_eq!(waits(capped), [10.0, 20.0, 35.0, 35.0, 35.0]);
    assert_eq!(waits(backoff(10, 0)), [10.0; 5]);
    assert_eq!(backoff(10, 2).wait(u32::MAX), SimDuration::MAX);
}

/// `OnError` does not retry failures.
#[test]
fn the_policy_decides() {
    for (policy, pods) in [
        (RetryPolicy::Always, 3),
        (RetryPolicy::OnFailure, 3),
        (RetryPolicy::OnError, 1),
        (RetryPolicy::OnTransientError, 1),
    ] {
        let mut bad = failing("bad", 1.0, 1.0);
        bad.retry = Some(RetryStrategy { limit: Some(2), policy, backoff: None });
        assert_eq!(run(ideal(), bad).pod_starts().len(), pods, "{policy:?}");
    }
}

/// A template-level lock is the Retry node's: held from the first attempt to the last, backoff included.
#[test]
fn a_template_lock_is_held_through_retries() {
    let mut bad = failing("bad", 1.0, 1.0);
    bad.retry = retry(Some(2), Some(backoff(100, 1)));
    bad.locks = vec![mutex("m")];
    let mut other = pod("other", 1.0);
    other.locks = vec![mutex("m")];
    let templates = [template("bad", bad), template("other", other)];
    let mut world = World::new(ideal(), &templates, &[]);
    world.submit(at(0.0), 0);
    world.submit(at(1.5), 1);
    world.run();
    assert_eq!(world.finish_times(), [203.0, 204.0]);
    let waiting = world.times(|fact| matches!(fact, Fact::LockWaiting { node: Some(_), .. }));
    assert_eq!(waiting, [1.5], "Running, with its node Pending");
}

/// Items that share a semaphore of two.
#[test]
fn items_share_a_template_lock() {
    let mut fan = pod("fan", 4.0);
    fan.items = 6;
    fan.locks = vec![semaphore("s")];
    let steps = NodeConfig::of("main", NodeBody::Steps(vec![vec![fan]]));
    let world = run(ideal(), steps.clone());
    assert_eq!(world.pods_max(), 2);
    assert_eq!(outcome(&world), (Outcome::Succeeded, 12.0));
    let world = run(argo(), steps);
    assert_eq!(world.pods_max(), 2);
    assert_eq!(outcome(&world).0, Outcome::Succeeded);
}

/// A retried group begins from its first step; its pods draw anew.
#[test]
fn a_group_is_retried_as_a_whole() {
    let groups = vec![vec![pod("a", 1.0)], vec![failing("b", 1.0, 1.0)]];
    let mut steps = NodeConfig::of("main", NodeBody::Steps(groups));
    steps.retry = retry(Some(1), None);
    let world = run(ideal(), steps);
    assert_eq!(world.pod_starts(), [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 4.0));
    let attempts: Vec<u32> = world
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::PodStarted { attempt, .. } => Some(*attempt),
            _ => None,
        })
        .collect();
    assert_eq!(attempts, [0, 0, 1, 1]);
}

/// `activeDeadlineSeconds` counts from `startedAt`: an hour in line for the semaphore is not counted.
#[test]
fn waiting_does_not_use_up_the_deadline() {
    let mut long = single("long", 3_600.0);
    long.locks = vec![mutex("m")];
    let mut short = single("short", 50.0);
    short.locks = vec![mutex("m")];
    short.active_deadline = Some(seconds(60));
    let mut late = single("late", 100.0);
    late.locks = vec![mutex("m")];
    late.active_deadline = Some(seconds(60));
    let mut world = World::new(ideal(), &[long, short, late], &[]);
    for template in 0..3 {
        world.submit(at(f64::from(template)), template);
    }
    world.run();
    let finished: Vec<(Outcome, f64)> =
        world.finished().values().map(|&(outcome, at)| (outcome, at.as_secs_f64())).collect();
    let expected = [
        (Outcome::Succeeded, 3_600.0),
        (Outcome::Succeeded, 3_650.0),
        (Outcome::DeadlineExceeded, 3_710.0),
    ];
    assert_eq!(finished, expected);
}

/// The deadline ends waiting nodes too, and gives their places in line back. The real controller asks for
/// a look at the deadline once, and the delaying queue forgets it for an earlier one: a node that waits for
/// a mutex is ended when something else brings a look (derived from `operator.go` and client-go's queue).
#[test]
fn the_deadline_ends_nodes_in_line() {
    let mut holder = pod("holder", 500.0);
    holder.locks = vec![mutex("m")];
    let waiting =
        NodeConfig::of("main", NodeBody::Steps(vec![vec![pod("a", 1.0), holder.clone()]]));
    let hasty = TemplateConfig { active_deadline: Some(seconds(30)), ..template("hasty", waiting) };
    for (config, end) in [(ideal(), 31.0), (argo(), 511.0)] {
        let templates = [template("holder", holder.clone()), hasty.clone()];
        let mut world = World::new(config, &templates, &[]);
        world.submit(at(0.0), 0);
        world.submit(at(1.0), 1);
        world.run_until(at(400.0));
        let lock = world.controller.lock(LockId(0));
        let waiting = u32::from(end > 400.0);
        assert_eq!((lock.held, lock.waiting), (1, waiting));
        assert_eq!(world.controller.gauges().nodes_waiting, u64::from(waiting));
        world.run();
        assert_eq!(world.finished()[&1], (Outcome::DeadlineExceeded, at(end)));
        assert_eq!(world.controller.gauges().nodes_waiting, 0);
    }
}

/// A pod's own deadline fails the pod, and its retries go on.
#[test]
fn a_pod_that_runs_too_long_fails() {
    let body = NodeBody::Pod {
        service: constant(100.0),
        failure_probability: 0.0,
        active_deadline: Some(seconds(7)),
        pod_start: None,
    };
    let mut node = NodeConfig::of("main", body);
    node.retry = retry(Some(1), None);
    let world = run(ideal(), node);
    assert_eq!(world.pod_starts(), [0.0, 7.0]);
    assert_eq!(outcome(&world), (Outcome::Failed, 14.0));
}

/// What cannot be built is said, all of it.
#[test]
fn bad_templates_are_refused() {
    let mut unknown = single("unknown", 1.0);
    unknown.locks = vec![semaphore("nowhere")];
    let circle = dag(vec![(pod("a", 1.0), &[1]), (pod("b", 1.0), &[0])], FailFast::Stop);
    let missing = dag(vec![(pod("a", 1.0), &[7])], FailFast::Stop);
    let mut huge = pod("huge", 1.0);
    huge.items = 200_000;
    let huge = NodeConfig::of("main", NodeBody::Steps(vec![vec![huge]]));
    let templates = [unknown, template("c", circle), template("m", missing), template("h", huge)];
    let config = ControllerConfig { workers: 0, ..argo() };
    let errors = Controller::new(config, &templates, &[], &Streams::new(SEED, 0), "w").unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let expected = [
        "the number of workflow workers must be greater than zero",
        "template `unknown`: semaphore `nowhere` has no limit in namespace `argo`",
        "template `c`: the tasks of `main` depend on each other in a circle",
        "template `m`: a task of `main` depends on task number 7, which is not there",
        "template `h`: more than 100000 nodes",
    ];
    assert_eq!(errors, expected);
}
