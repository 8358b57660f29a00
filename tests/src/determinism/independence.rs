//! Components do not disturb each other: neither by being there nor by their place in the file.

use models::outcome::Outcome;

use super::{PIPELINES, bytes, outcome};
use crate::properties::Pipeline;

/// Asserts that every component of `one` is in `other` and did the same.
#[track_caller]
fn assert_same_components(one: &Outcome, other: &Outcome, what: &str) {
    for component in &one.components {
        let there = other.component(&component.name).expect("it is in both");
        let (here, there) = (bytes(component), bytes(there));
        let Some(at) = (0..here.len().max(there.len())).find(|&at| here.get(at) != there.get(at))
        else {
            continue;
        };
        let around = |bytes: &[u8]| {
            let (from, to) = (at.saturating_sub(300), bytes.len().min(at + 100));
            String::from_utf8_lossy(&bytes[from..to]).into_owned()
        };
        panic!("{what}: `{}`\n{}\n{}", component.name, around(&here), around(&there));
    }
}

#[test]
fn an_unconnected_part_changes_nothing_elsewhere() {
    let mut looked_at = 0;
    for seed in PIPELINES {
        let mut pipeline = Pipeline::of_seed(seed);
        // Whoever waits for the whole model to be idle is meant to notice.
        if pipeline.text().contains("WhenIdle") {
            continue;
        }
        pipeline.in_flight_max = None;
        let alone = outcome(&pipeline.text()).expect("it runs");
        pipeline.stages.push(
            "EventSource(name: \"elsewhere\", arrivals: Poisson(rate: \"30/s\"), to: \"apart\")"
                .into(),
        );
        let apart =
            "Station(name: \"apart\", service: Exponential(mean: \"20ms\"), queue: (max_msgs: 5))";
        pipeline.stages.push(apart.into());
        let beside = outcome(&pipeline.text()).expect("it runs");
        assert!(beside.ledger.offered > alone.ledger.offered);
        assert_same_components(&alone, &beside, &format!("seed {seed}"));
        looked_at += 1;
    }
    assert!(looked_at >= 5, "only {looked_at} pipelines");
}

/// Times are drawn from continuous laws, so that nothing happens at the same instant by chance.
#[test]
fn the_order_of_stages_in_the_file_changes_nothing() {
    let stages = [
        "EventSource(name: \"orders\", arrivals: Poisson(rate: \"8/s\"), payload: LogNormal(mean: \
         \"2KiB\", cv: 1), latency: LogNormal(mean: \"8ms\", cv: 0.5))",
        "EventSource(name: \"clicks\", arrivals: Poisson(rate: \"20/s\"), to: \"api\", latency: \
         Exponential(mean: \"5ms\"))",
        "EventBus(name: \"default\", max_msgs: 40, discard: New, on_reject: Nack(after: \
         Exponential(mean: \"2s\"), retries: 4))",
        "Sensor(name: \"sensor\", client: Unlimited, processing: Exponential(mean: \"3ms\"), \
         dependencies: [(name: \"order\", source: \"orders\", filter: 0.8)], triggers: [(name: \"call\", \
         delivery: AtLeastOnce, action: Http(\"api\"), latency: Exponential(mean: \"10ms\"), failure: \
         0.1), (name: \"submit\", action: Workflow(\"work\"), latency: Exponential(mean: \"9ms\"))])",
        "Station(name: \"api\", servers: 2, service: Exponential(mean: \"80ms\"), queue: (max_msgs: \
         6), on_reject: Nack(after: Exponential(mean: \"300ms\"), retries: 2))",
        "Workflow(realism: Ideal, pod_start: Exponential(mean: \"100ms\"), parallelism: 4, templates: \
         [(name: \"work\", service: Exponential(mean: \"700ms\"), failure: 0.2)])",
    ];
    let text = |order: &mut dyn Iterator<Item = &&str>| {
        let stages: Vec<&str> = order.copied().collect();
        format!("Model(name: \"order\", horizon: \"60s\", stages: [{}])", stages.join(", "))
    };
    let forward = outcome(&text(&mut stages.iter())).expect("it runs");
    let backward = outcome(&text(&mut stages.iter().rev())).expect("it runs");
    assert!(forward.ledger.dropped > 0 && forward.ledger.completed > 500);
    assert_same_components(&forward, &backward, "the other way round");
    let (mut one, mut other) = (forward.ledger, backward.ledger);
    // Equally frequent losses stand in the order of the file.
    one.losses.sort_by_key(|loss| (loss.component.clone(), loss.reason));
    other.losses.sort_by_key(|loss| (loss.component.clone(), loss.reason));
    one.whereabouts.sort_by_key(|place| place.component.clone());
    other.whereabouts.sort_by_key(|place| place.component.clone());
    assert_eq!(one, other);
}
