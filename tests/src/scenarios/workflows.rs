//! Workflows: what becomes of a new one when an earlier one is still going, and where locks are.

use models::{FactKind, Reason};

use super::{play, problems, source};

/// A controller without delays, with one template and this many locks under `limits/one`.
fn ideal(template: &str) -> String {
    format!(
        "Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"work\", {template})]), ], \
         config_maps: {{\"limits\": {{\"one\": \"1\"}}}}"
    )
}

fn three(template: &str) -> super::Seen {
    let rows = "(at: \"0s\"), (at: \"4s\"), (at: \"12s\")";
    play(&format!("stages: [{}, {}", source("cron", rows, "to: \"work\""), ideal(template)))
}

/// Work of 10 s, at 0, 4 and 12 s. `Allow`: each runs. `Forbid`: the one at 4 s is skipped, the one at 12 s
/// comes when the first is over. `Replace`: the one at 4 s ends the first, and runs from 4 s to 14 s but for
/// the one at 12 s, which ends it.
#[test]
fn a_new_run_waits_for_nobody_is_skipped_or_takes_the_place_of_the_earlier() {
    let seen = three("service: \"10s\"");
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [10_000, 14_000, 22_000]);

    let seen = three("service: \"10s\", concurrency: Forbid");
    assert_eq!(seen.times_ms("workflows", FactKind::Refused), [4_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [10_000, 22_000]);
    assert_eq!(seen.losses(), [("workflows", Reason::Skipped, 1)]);
    assert_eq!(seen.ledger(), [2, 1, 0, 0]);

    let seen = three("service: \"10s\", concurrency: Replace");
    assert_eq!(seen.times_ms("workflows", FactKind::Failed), [4_000, 12_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [0, 4_000, 12_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [22_000]);
    assert_eq!(seen.losses(), [("workflows", Reason::Replaced, 2)]);
    assert_eq!(seen.ledger(), [1, 2, 0, 0]);
    // Its pod is gone with it.
    assert_eq!(seen.gauge("workflows", "pods"), (1, 0));
}

/// The permit of who is replaced is there for who comes.
#[test]
fn a_replaced_run_gives_its_permits_back() {
    for lock in ["semaphores: [(config_map: \"limits\", key: \"one\")]", "mutexes: [\"m\"]"] {
        let seen = three(&format!("service: \"10s\", concurrency: Replace, {lock}"));
        assert_eq!(seen.times_ms("workflows", FactKind::Started), [0, 4_000, 12_000], "{lock}");
        assert_eq!(seen.gauge("workflows", "permits"), (1, 0), "{lock}");
    }
}

/// One that waits for a permit that somebody else holds is replaced where it stands: at 4 s by the one of
/// then, at 12 s that one. The other's work ends at 20 s.
#[test]
fn a_run_that_waits_is_replaced_without_having_started() {
    let locked = "semaphores: [(config_map: \"limits\", key: \"one\")]";
    let seen = play(&format!(
        "stages: [{}, {}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"other\", service: \
         \"20s\", {locked}), (name: \"work\", service: \"10s\", concurrency: Replace, {locked})])], \
         config_maps: {{\"limits\": {{\"one\": \"1\"}}}}",
        source("first", "(at: \"0s\")", "to: \"other\""),
        source("cron", "(at: \"1s\"), (at: \"4s\"), (at: \"12s\")", "to: \"work\""),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Failed), [4_000, 12_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Started), [0, 20_000]);
    assert_eq!(seen.gauge("workflows", "waiting_for_locks"), (1, 0));
    assert_eq!(seen.ledger(), [2, 2, 0, 0]);
}

/// `parallelism` holds back who comes, not who is to end: the one at 4 s waits for the other until it is
/// replaced at 12 s.
#[test]
fn a_run_that_was_not_admitted_is_replaced_as_well() {
    let seen = play(&format!(
        "stages: [{}, {}, Workflow(realism: Ideal, pod_start: \"0s\", parallelism: 1, templates: [(name: \
         \"other\", service: \"20s\"), (name: \"work\", service: \"10s\", concurrency: Replace)])]",
        source("first", "(at: \"0s\")", "to: \"other\""),
        source("cron", "(at: \"4s\"), (at: \"12s\")", "to: \"work\""),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Failed), [12_000]);
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [20_000, 30_000]);
    assert_eq!(seen.gauge("workflows", "pending"), (1, 0));
}

/// The real controller looks at a workflow ten seconds after its object was changed: the first run ends at
/// 14 s, and until then both are there. The worker's pauses and the API change nothing here.
#[test]
fn the_real_controller_ends_a_replaced_run_at_its_next_look() {
    let seen = play(&format!(
        "stages: [{}, Workflow(version: \"4.1.2\", pod_start: \"0s\", templates: [(name: \"work\", service: \
         \"60s\", concurrency: Replace)])]",
        source("cron", "(at: \"0s\"), (at: \"30s\")", "to: \"work\""),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Failed), [40_000]);
    assert_eq!(seen.gauge("workflows", "pods").0, 2);
    assert_eq!(seen.losses(), [("workflows", Reason::Replaced, 1)]);
}

/// Two namespaces with a ConfigMap of one name each, and a third that takes a lock of the first: 10 s each, two
/// at once in `a`, where three come; one in `b`.
#[test]
fn config_maps_of_one_name_in_two_namespaces_are_two() {
    let template = |name: &str, namespace: &str, map: &str| {
        format!(
            "(name: \"{name}\", namespace: \"{namespace}\", service: \"10s\", semaphores: [(config_map: \
             \"{map}\", key: \"one\")])"
        )
    };
    let seen = play(&format!(
        "stages: [{}, {}, {}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [{}, {}, {}])], \
         config_maps: {{\"a/limits\": {{\"one\": \"2\"}}, \"b/limits\": {{\"one\": \"1\"}}}}, \
         faults: [(at: \"25s\", stage: \"workflows\", change: Permits(config_map: \"b/limits\", key: \
         \"one\", limit: 3))]",
        source("as", "(at: \"1s\", count: 2)", "to: \"in-a\""),
        source("bs", "(at: \"2s\", count: 4)", "to: \"in-b\""),
        source("cs", "(at: \"3s\", count: 1)", "to: \"in-c\""),
        template("in-a", "a", "limits"),
        template("in-b", "b", "limits"),
        template("in-c", "c", "a/limits"),
    ));
    let started = [1_000, 1_000, 2_000, 11_000, 12_000, 22_000, 25_000];
    assert_eq!(seen.times_ms("workflows", FactKind::Started), started);
}

/// A mutex belongs to the namespace of its workflow unless it names another.
#[test]
fn a_mutex_of_another_namespace_is_one_lock() {
    for (mutex, started) in [("m", [1_000, 2_000]), ("a/m", [1_000, 11_000])] {
        let seen = play(&format!(
            "stages: [{}, {}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"in-a\", \
             namespace: \"a\", service: \"10s\", mutexes: [\"m\"]), (name: \"in-b\", namespace: \"b\", \
             service: \"10s\", mutexes: [\"{mutex}\"])])]",
            source("as", "(at: \"1s\")", "to: \"in-a\""),
            source("bs", "(at: \"2s\")", "to: \"in-b\""),
        ));
        assert_eq!(seen.times_ms("workflows", FactKind::Started), started, "{mutex}");
    }
}

/// A template's own pod start goes before the controller's; a namespace's own parallelism before that of all.
#[test]
fn what_a_template_or_namespace_states_goes_before_what_holds_for_all() {
    let seen = play(&format!(
        "stages: [{}, Workflow(realism: Ideal, pod_start: \"5s\", namespace_parallelism: 1, \
         namespace_limits: {{\"a\": 2}}, templates: [(name: \"work\", namespace: \"a\", steps: [[(name: \
         \"quick\", service: \"1s\", pod_start: \"2s\"), (name: \"slow\", service: \"1s\")]])])]",
        source("source", "(at: \"0s\", count: 3)", "to: \"work\""),
    ));
    assert_eq!(seen.times_ms("workflows", FactKind::Completed), [6_000, 6_000, 12_000]);
}

/// Two tasks fail at 1 s, a third needs neither: it runs after 2 s where the DAG goes on.
#[test]
fn a_dag_that_goes_on_runs_what_does_not_need_the_failed_task() {
    for (fail_fast, pods) in [("", 2), (", fail_fast: Continue", 3)] {
        let seen = play(&format!(
            "stages: [{}, Workflow(realism: Ideal, pod_start: \"0s\", templates: [(name: \"work\", dag: [\
             (node: (name: \"bad\", service: \"1s\", failure: 1)), (node: (name: \"good\", service: \"2s\")), \
             (node: (name: \"next\", service: \"3s\"), depends: [\"good\"])]{fail_fast})])]",
            source("source", "(at: \"0s\")", "to: \"work\""),
        ));
        let end = if pods == 2 { 2_000 } else { 5_000 };
        assert_eq!(seen.times_ms("workflows", FactKind::Failed), [end]);
    }
}

#[test]
fn a_config_map_of_another_namespace_is_looked_for_there() {
    let said = problems(
        "stages: [Workflow(templates: [(name: \"w\", namespace: \"a\", service: \"1s\", semaphores: \
         [(config_map: \"limits\", key: \"one\")])])], config_maps: {\"b/limits\": {\"one\": \"1\"}}",
    );
    assert!(said.contains("`limits`") && said.contains("`b/limits`"), "{said}");
}
