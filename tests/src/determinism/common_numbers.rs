//! Common random numbers: two policies see the same storm, and serve the same event in the same time.

use std::collections::BTreeMap;

use models::run::{RunKey, run};
use models::{Fact, FactKind, FactSink};

use crate::properties::read;

/// When events were born, and how long their first service at the station took, by number.
#[derive(Default)]
struct Seen {
    births: Vec<u64>,
    begun: BTreeMap<u64, u64>,
    services: BTreeMap<u64, u64>,
}

/// Where the station stands in the model.
const STATION: u16 = 4;

impl FactSink for Seen {
    fn fact(&mut self, fact: &Fact) {
        let at = fact.at.as_nanos();
        match fact.kind {
            FactKind::Born => self.births.push(at),
            FactKind::Started if fact.component == STATION => {
                self.begun.entry(fact.event).or_insert(at);
            }
            FactKind::Completed if fact.component == STATION => {
                let begun = self.begun[&fact.event];
                self.services.entry(fact.event).or_insert(at - begun);
            }
            _ => {}
        }
    }
}

/// Runs the storm against a station with this policy; also the bytes that the bus has kept.
fn storm(on_reject: &str) -> (Seen, u64) {
    let text = format!(
        "Model(name: \"storm\", horizon: \"60s\", stages: [\
         EventSource(name: \"source\", arrivals: Spike(base: \"5/s\", peak: \"60/s\", at: \"10s\", for: \
         \"10s\"), payload: LogNormal(mean: \"2KiB\", cv: 1)), EventBus(), \
         Sensor(name: \"sensor\", client: Unlimited, dependencies: [(name: \"event\", source: \
         \"source\")], triggers: [(name: \"call\", action: Http(\"api\"))]), \
         Station(name: \"api\", servers: 2, service: LogNormal(mean: \"60ms\", cv: 1.5), queue: \
         (max_msgs: 10), on_reject: {on_reject}), \
         Store(name: \"store\", to: \"api\", drain: Rate(\"5/s\"))])"
    );
    let model = read(&text).expect("a model that is valid");
    let mut seen = Seen::default();
    let outcome = run(&model.plan, RunKey { seed: 3, replication: 0 }, Some(&mut seen));
    let outcome = outcome.expect("it runs");
    assert_eq!(outcome.components[usize::from(STATION)].name, "api");
    let depth = outcome.components[usize::from(STATION)].gauge("depth").expect("a queue has one");
    assert_eq!(depth.max, 10, "the policy has something to do");
    let bytes = outcome.component("default").and_then(|bus| bus.gauge("bytes"));
    (seen, bytes.expect("a bus has bytes").last)
}

#[test]
fn policies_see_the_same_storm_and_the_same_work() {
    let (dropped, bytes) = storm("Drop");
    for policy in ["Nack(after: \"2s\", retries: 3)", "Store(\"store\")", "Block"] {
        let (other, other_bytes) = storm(policy);
        assert_eq!(dropped.births, other.births, "{policy}");
        assert_eq!(bytes, other_bytes, "{policy}");
        let both = dropped.services.iter().filter_map(|(event, service)| {
            other.services.get(event).map(|same| (event, service, same))
        });
        let mut compared = 0;
        for (event, service, same) in both {
            assert_eq!(service, same, "{policy}: event {event}");
            compared += 1;
        }
        assert!(compared > 300, "{policy}: only {compared} events in common");
    }
}
