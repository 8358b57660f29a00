//! Changes on a timeline: what they do at once, and what is left of them afterwards.

use models::FactKind;

use super::{play, source};

/// A limit of one a second until 4.5 s, then one in 20 s until 20 s, then one a second again. What has been
/// earned is kept in tokens: half a token at 4.5 s, of which the rest takes 10 s; 0.275 of the next one
/// at 20 s, of which the rest takes 0.725 s.
#[test]
fn a_rate_that_comes_back_acts_at_once_on_those_who_wait_at_a_source() {
    let seen = play(&format!(
        "stages: [{}, Station(name: \"station\", service: \"0s\")], \
         faults: [(at: \"4500ms\", for: \"15500ms\", stage: \"source\", change: Rate(\"1/20s\"))]",
        source("source", "(at: \"1s\", count: 9)", "to: \"station\", rate_limit: (rate: \"1/s\")"),
    ));
    let offered = [1_000, 2_000, 3_000, 4_000, 14_500, 20_725, 21_725, 22_725, 23_725];
    assert_eq!(seen.times_ms("station", FactKind::Offered), offered);
    assert_eq!(seen.gauge("source", "waiting"), (8, 0));
}
