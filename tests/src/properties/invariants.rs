//! What holds in every run of every model.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use models::outcome::{ComponentOutcome, Outcome};
use models::run::{RunError, RunKey, run};
use models::spec::arrival::NoFiles;
use models::{Fact, FactKind, FactSink, Model, Overrides};

use super::pipeline::Pipeline;

/// What a checked run ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Finished,
    /// It ran into the model's own small `in_flight_max`.
    Flooded,
}

/// Reads the model in `text`.
pub(crate) fn read(text: &str) -> Result<Model, String> {
    Model::read("random.ron", text, &Overrides::default(), &NoFiles)
        .map_err(|found| format!("the model is refused: {found}"))
}

/// Runs the pipeline, with an observer and without, and checks everything.
pub(crate) fn check(pipeline: &Pipeline) -> Result<End, String> {
    let model = read(&pipeline.text())?;
    let checked = catch_unwind(AssertUnwindSafe(|| check_model(pipeline, &model)));
    checked.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(format!("panic: {}", text.unwrap_or_default()))
    })
}

fn check_model(pipeline: &Pipeline, model: &Model) -> Result<End, String> {
    let key = RunKey { seed: model.seed, replication: 0 };
    let mut journeys = Journeys::default();
    let observed = run(&model.plan, key, Some(&mut journeys));
    let alone = run(&model.plan, key, None);
    match (observed, alone) {
        (Ok(observed), Ok(alone)) => {
            require(observed.fingerprint == alone.fingerprint, || {
                "an observer changes the fingerprint".to_owned()
            })?;
            journeys.check(&observed)?;
            check_outcome(&observed, model.plan.horizon().as_nanos())?;
            check_bounds(pipeline, &observed)?;
            check_empty(pipeline, &observed)?;
            Ok(End::Finished)
        }
        // Only a model that asks for so small a number of events may run into it.
        (Err(RunError::TooManyInFlight { .. }), Err(RunError::TooManyInFlight { .. }))
            if pipeline.in_flight_max.is_some() =>
        {
            Ok(End::Flooded)
        }
        (Err(error), _) => Err(error.to_string()),
        (Ok(_), Err(error)) => Err(format!("an observer prevents: {error}")),
    }
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(message()) }
}

fn check_outcome(outcome: &Outcome, horizon_ns: u64) -> Result<(), String> {
    require(outcome.ledger.balances(), || format!("unbalanced: {:?}", outcome.ledger))?;
    let lost: u64 = outcome.ledger.losses.iter().map(|loss| loss.events).sum();
    require(lost == outcome.ledger.dropped, || {
        format!("{} events are lost, {lost} of them somewhere", outcome.ledger.dropped)
    })?;
    require((outcome.ledger.dropped > 0) == outcome.first_loss.is_some(), || {
        format!("{} lost, but the first is {:?}", outcome.ledger.dropped, outcome.first_loss)
    })?;
    require(outcome.age.count == outcome.ledger.completed, || {
        format!("{} ages of {} completed events", outcome.age.count, outcome.ledger.completed)
    })?;
    for component in &outcome.components {
        check_counts(component)?;
        check_measures(component, horizon_ns)?;
    }
    Ok(())
}

fn check_counts(component: &ComponentOutcome) -> Result<(), String> {
    use FactKind::{Admitted, Completed, Delivered, Drained, Failed, Offered, Started, Stored};
    let count = |fact| component.count(fact);
    let name = &component.name;
    let pairs = [
        ("admitted", count(Admitted), "offered", count(Offered)),
        ("drained", count(Drained), "stored", count(Stored)),
        ("completed and failed", count(Completed) + count(Failed), "started", count(Started)),
    ];
    // A bus hands each of its messages to several consumers, a source only retries.
    let judged = !matches!(component.kind.as_str(), "EventBus" | "EventSource");
    for (less, few, more, many) in pairs {
        require(few <= many || !judged, || format!("`{name}`: {few} {less}, but {many} {more}"))?;
    }
    require(count(Delivered) == 0 || count(Admitted) > 0, || {
        format!("`{name}` delivered what it never had")
    })?;
    for counted in &component.counts {
        let sum: u64 = counted.windows.iter().sum();
        require(sum <= counted.count, || {
            format!("`{name}`: {:?} {} times, {sum} in windows", counted.fact, counted.count)
        })?;
    }
    Ok(())
}

/// No wait is negative (it would be a huge number) or longer than the run.
fn check_measures(component: &ComponentOutcome, horizon_ns: u64) -> Result<(), String> {
    let name = &component.name;
    for sample in &component.samples {
        require(sample.histogram.max() <= horizon_ns && sample.zeros <= sample.count, || {
            format!(
                "`{name}` {}: at most {} ns, {} of {} zero",
                sample.name,
                sample.histogram.max(),
                sample.zeros,
                sample.count
            )
        })?;
    }
    for gauge in &component.gauges {
        let holds = gauge.last <= gauge.max && gauge.mean <= gauge.max as f64 + 1e-9;
        require(holds && (gauge.max < 1_000_000 || gauge.name == "bytes"), || {
            let (mean, max, last) = (gauge.mean, gauge.max, gauge.last);
            format!("`{name}` {}: mean {mean}, at most {max}, last {last}", gauge.name)
        })?;
    }
    Ok(())
}

fn check_bounds(pipeline: &Pipeline, outcome: &Outcome) -> Result<(), String> {
    for bound in &pipeline.bounds {
        let Some(component) = outcome.component(&bound.stage) else { continue };
        let gauge = component.gauge(bound.gauge).expect("a gauge that every stage of the kind has");
        require(gauge.max <= bound.most, || {
            format!("`{}`: {} is {}, limit {}", bound.stage, bound.gauge, gauge.max, bound.most)
        })?;
    }
    Ok(())
}

/// Where nothing is, the gauges say so.
fn check_empty(pipeline: &Pipeline, outcome: &Outcome) -> Result<(), String> {
    if !outcome.ledger.whereabouts.is_empty() {
        return Ok(());
    }
    // A bus that is down has not heard of the last acks.
    let is_down = |name: &str| {
        let stage = format!("stage: \"{name}\", change: Down");
        name.starts_with("bus") && pipeline.faults.iter().any(|fault| fault.contains(&stage))
    };
    let awake = outcome.components.iter().filter(|it| !is_down(&it.name));
    for component in awake.filter(|it| it.kind != "Store") {
        // A stream keeps messages that are done with; pods end after their workflow.
        let counted = component.gauges.iter().filter(|gauge| {
            let kept = component.kind == "EventBus" && gauge.name != "backlog";
            !kept && gauge.name != "pods"
        });
        for gauge in counted {
            require(gauge.last == 0, || {
                format!("`{}` is empty, but {} is {}", component.name, gauge.name, gauge.last)
            })?;
        }
    }
    Ok(())
}

/// Follows every event from its birth to its end.
#[derive(Default)]
struct Journeys {
    last_at: u64,
    /// Per event how often it was born, and ended.
    events: BTreeMap<u64, (u32, u32)>,
    wrong: Option<String>,
}

impl FactSink for Journeys {
    fn fact(&mut self, fact: &Fact) {
        let at = fact.at.as_nanos();
        let (born, ended) = self.events.entry(fact.event).or_default();
        match fact.kind {
            FactKind::Born => *born += 1,
            FactKind::Ended => *ended += 1,
            _ => {}
        }
        if *born != 1 || *ended > 1 || at < self.last_at {
            let wrong = format!("{fact:?} after birth {born}, end {ended}, {} ns", self.last_at);
            self.wrong.get_or_insert(wrong);
        }
        self.last_at = at;
    }
}

impl Journeys {
    fn check(&self, outcome: &Outcome) -> Result<(), String> {
        if let Some(wrong) = &self.wrong {
            return Err(format!("a journey goes wrong: {wrong}"));
        }
        let ledger = &outcome.ledger;
        let ended = self.events.values().filter(|(_, ended)| *ended == 1).count() as u64;
        let expected = ledger.offered - ledger.stored - ledger.in_flight;
        require(self.events.len() as u64 == ledger.offered && ended == expected, || {
            format!("{} events, {ended} ended: {ledger:?}", self.events.len())
        })
    }
}
