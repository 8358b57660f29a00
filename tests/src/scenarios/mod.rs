//! Small pipelines with constant times, worked out by hand: documentation that runs.
//!
//! Each scenario states the model, and what happens when, to the nanosecond. The times follow from the
//! rules that the stages' own pages state; where they are those of the real system the scenario says so.

mod buses;
mod faults;
mod refusals;
mod sensors;
mod stages;
mod triggers;
mod workflows;

use models::outcome::Outcome;
use models::run::{RunKey, run};
use models::spec::arrival::NoFiles;
use models::{Fact, FactKind, FactSink, Model, Overrides, Reason};

/// A scenario that was run.
struct Seen {
    outcome: Outcome,
    facts: Vec<Fact>,
    warnings: String,
}

struct Facts(Vec<Fact>);

impl FactSink for Facts {
    fn fact(&mut self, fact: &Fact) {
        self.0.push(*fact);
    }
}

/// Runs a model with these stages (and what else `body` states) for a minute and a half.
fn play(body: &str) -> Seen {
    let text = format!("Model(name: \"scenario\", horizon: \"90s\", {body})");
    let model = Model::read("scenario.ron", &text, &Overrides::default(), &NoFiles);
    let model = model.unwrap_or_else(|found| panic!("{found}"));
    let mut facts = Facts(Vec::new());
    let key = RunKey { seed: 1, replication: 0 };
    let outcome = run(&model.plan, key, Some(&mut facts)).expect("it runs");
    Seen { outcome, facts: facts.0, warnings: model.warnings.to_string() }
}

/// What is wrong with such a model.
fn problems(body: &str) -> String {
    let text = format!("Model(name: \"scenario\", horizon: \"90s\", {body})");
    let model = Model::read("scenario.ron", &text, &Overrides::default(), &NoFiles);
    model.map(|_| String::new()).unwrap_or_else(|found| found.to_string())
}

impl Seen {
    /// When `kind` was said at the stage, milliseconds.
    #[track_caller]
    fn times_ms(&self, stage: &str, kind: FactKind) -> Vec<u64> {
        self.times_ns(stage, kind).into_iter().map(whole_ms).collect()
    }

    /// The same in nanoseconds.
    fn times_ns(&self, stage: &str, kind: FactKind) -> Vec<u64> {
        let names = &self.outcome.components;
        let at = names.iter().position(|it| it.name == stage).expect("a stage of the scenario");
        let facts =
            self.facts.iter().filter(|it| it.kind == kind && usize::from(it.component) == at);
        facts.map(|it| it.at.as_nanos()).collect()
    }

    /// The events that ended well or badly for `reason`, by number.
    fn ended(&self, reason: Reason) -> Vec<u64> {
        let ends = self.facts.iter().filter(|it| it.kind == FactKind::Ended);
        ends.filter(|it| it.reason == reason).map(|it| it.event).collect()
    }

    fn count(&self, stage: &str, kind: FactKind) -> u64 {
        self.outcome.component(stage).expect("a stage of the scenario").count(kind)
    }

    /// The greatest and the last value of a gauge.
    fn gauge(&self, stage: &str, name: &str) -> (u64, u64) {
        let gauge = self.outcome.component(stage).and_then(|it| it.gauge(name)).expect("a gauge");
        (gauge.max, gauge.last)
    }

    /// Completed, dropped, stored and in flight.
    fn ledger(&self) -> [u64; 4] {
        let ledger = &self.outcome.ledger;
        [ledger.completed, ledger.dropped, ledger.stored, ledger.in_flight]
    }

    /// Where and why events were lost, and how many.
    fn losses(&self) -> Vec<(&str, Reason, u64)> {
        let losses = &self.outcome.ledger.losses;
        losses.iter().map(|loss| (loss.component.as_str(), loss.reason, loss.events)).collect()
    }
}

#[track_caller]
fn whole_ms(nanos: u64) -> u64 {
    assert_eq!(nanos % 1_000_000, 0, "{nanos} ns is not a whole number of milliseconds");
    nanos / 1_000_000
}

/// An event source with events at these times.
fn source(name: &str, rows: &str, rest: &str) -> String {
    format!(
        "EventSource(name: \"{name}\", arrivals: Trace(rows: [{rows}]), payload: \"1KiB\", {rest})"
    )
}

/// A sensor without delays of its own, with one dependency on `source` and one trigger.
fn sensor(trigger: &str) -> String {
    format!(
        "Sensor(name: \"sensor\", client: Unlimited, processing: \"0s\", \
         dependencies: [(name: \"event\", source: \"source\")], \
         triggers: [(name: \"trigger\", {trigger})])"
    )
}
