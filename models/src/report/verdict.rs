//! The verdict: what a platform engineer wants to know first, in plain sentences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::Figure;
use super::recovery::{Recovery, StoredRecovery};
use super::text::number;
use super::{LimitReport, Report, Standstill};

/// So many losses are named; the ledger has them all.
const LOSSES_NAMED: usize = 3;
/// So many limits that were reached later are named.
const OTHERS_NAMED: usize = 2;
/// So many limits that do not hold are named.
const LIMITS_NAMED: usize = 3;
/// An age of so many seconds is old.
const OLD_S: f64 = 60.0;

/// The verdict on a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// In order: the first limit reached, losses, age, what is still under way, recovery, limits at the
    /// peak, stages that stand still.
    pub sentences: Vec<Sentence>,
}

/// One sentence of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// Whether it is good news.
    pub mood: Mood,
    /// The sentence; names of the model are in backticks.
    pub text: String,
}

/// Whether a sentence is good news.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// It held.
    Good,
    /// It held, but look at it.
    Warn,
    /// It did not hold.
    Bad,
}

impl Mood {
    fn says(self, text: String) -> Sentence {
        Sentence { mood: self, text }
    }
}

pub(crate) fn verdict(report: &Report) -> Verdict {
    let sentences = [
        Some(first_limit(report)),
        Some(losses(report)),
        age(report),
        unfinished(report),
        recovery(report),
        at_peak(report),
    ];
    let unserved = unserved(&report.unserved);
    let standstills = report.standstills.iter().map(|still| standstill(still, report));
    Verdict {
        sentences: sentences.into_iter().flatten().chain(unserved).chain(standstills).collect(),
    }
}

/// A figure in words, with its interval where it has one.
fn figure(figure: &Figure, words: impl Fn(f64) -> String) -> String {
    let value = words(figure.value);
    match (figure.low, figure.high) {
        (Some(low), Some(high)) => {
            let (low, high) = (words(low.max(0.0)), words(high));
            // One that rounds to nothing says nothing.
            if low == high { value } else { format!("{value} [{low} to {high}]") }
        }
        _ => value,
    }
}

/// Says of a maximum that it is that of all replications, where there are several: it has no interval.
fn largest(report: &Report) -> String {
    match report.provenance.replications {
        0 | 1 => String::new(),
        all => format!(" (the largest of {all} replications)"),
    }
}

/// ` in 18 of 20 replications`, unless it is all of them.
fn in_share(share: f64, report: &Report) -> String {
    let all = report.provenance.replications;
    let some = (share * all as f64).round();
    if share >= 1.0 { String::new() } else { format!(" in {some} of {all} replications") }
}

/// The limits that were reached: in most replications first, then the earliest.
pub(super) fn reached(report: &Report) -> Vec<(&LimitReport, Figure)> {
    let reached = report.limits.iter().filter_map(|limit| Some((limit, limit.first_reached_s?)));
    let mut reached: Vec<(&LimitReport, Figure)> = reached.collect();
    reached.sort_by(|(a, at), (b, bt)| {
        share(b).total_cmp(&share(a)).then(at.value.total_cmp(&bt.value))
    });
    reached
}

fn share(limit: &LimitReport) -> f64 {
    limit.reached_share.unwrap_or(0.0)
}

fn first_limit(report: &Report) -> Sentence {
    let reached = reached(report);
    let [(limit, at), others @ ..] = reached.as_slice() else {
        return no_limit(report);
    };
    let lost = report.ledger.dropped.value > 0.0;
    let mood = if lost { Mood::Bad } else { Mood::Warn };
    let mut then: Vec<String> = others
        .iter()
        .take(OTHERS_NAMED)
        .map(|(limit, at)| {
            let share = in_share(share(limit), report);
            format!("{} at {}{share}", named(limit), figure(at, number::duration))
        })
        .collect();
    if others.len() > OTHERS_NAMED {
        let more = others.len() - OTHERS_NAMED;
        then.push(format!("{more} more {}", if more == 1 { "limit" } else { "limits" }));
    }
    let then = if then.is_empty() { String::new() } else { format!("; then {}", and(&then)) };
    mood.says(format!(
        "The first limit reached was {}, at {}{}{then}.",
        named(limit),
        figure(at, number::duration),
        in_share(share(limit), report),
    ))
}

/// Not even then is it all the same whether somebody waited.
fn no_limit(report: &Report) -> Sentence {
    let mood = if report.first_loss.is_some() { Mood::Warn } else { Mood::Good };
    let longest = |limit: &&LimitReport| limit.line_longest_s.map_or(0.0, |longest| longest.value);
    let waited_for = report.limits.iter().filter(|limit| longest(limit) > 0.0);
    let Some(limit) = waited_for.max_by(|a, b| longest(a).total_cmp(&longest(b))) else {
        return mood.says("No limit was reached.".to_owned());
    };
    mood.says(format!(
        "No limit was reached: of the lines behind them the longest, at {}, was gone after {}, with {} \
         in it at most.",
        named(limit),
        figure(&limit.line_longest_s.unwrap_or_default(), number::duration),
        figure(&limit.line_max.unwrap_or_default(), number::count),
    ))
}

/// A limit with its value and stage.
fn named(limit: &LimitReport) -> String {
    let value = number::quantity(limit.value, &limit.unit);
    format!("`{}` ({value}) of `{}`", limit.limit, limit.stage)
}

/// `a, b and c`.
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [word] => word.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn losses(report: &Report) -> Sentence {
    let ledger = &report.ledger;
    let mut stored = match ledger.dead_lettered.value {
        0.0 => String::new(),
        _ => format!(
            " {} went to a dead-letter trigger.",
            figure(&ledger.dead_lettered, number::count)
        ),
    };
    match ledger.stored.value {
        0.0 => {}
        kept => {
            let verb = if kept == 1.0 { "is" } else { "are" };
            let kept = figure(&ledger.stored, number::count);
            stored.push_str(&format!(" {kept} {verb} still stored for later."));
        }
    }
    let Some(first) = &report.first_loss else {
        let mood = if stored.is_empty() { Mood::Good } else { Mood::Warn };
        return mood.says(format!("Nothing was lost.{stored}"));
    };
    let named = ledger.losses.iter().take(LOSSES_NAMED);
    let mut places: Vec<String> = named
        .map(|loss| {
            let events = figure(&loss.events, number::count);
            format!("{events} at `{}` ({})", loss.stage, loss.reason.words())
        })
        .collect();
    if ledger.losses.len() > LOSSES_NAMED {
        let more = ledger.losses.len() - LOSSES_NAMED;
        let places_more = if more == 1 { "place" } else { "places" };
        places.push(format!("and at {more} more {places_more}"));
    }
    Mood::Bad.says(format!(
        "{} of {} events {} lost ({}), the first at {}{}: {}.{stored}",
        figure(&ledger.dropped, number::count),
        figure(&ledger.offered, number::count),
        if ledger.dropped.value == 1.0 { "was" } else { "were" },
        figure(&ledger.lost_share, number::share),
        figure(&first.at_s, number::duration),
        in_share(first.share, report),
        places.join(", "),
    ))
}

fn age(report: &Report) -> Option<Sentence> {
    let Some(age) = &report.age else {
        return Some(Mood::Bad.says("No event was completed.".to_owned()));
    };
    let mood = match age {
        age if age.p50_s.value >= OLD_S => Mood::Bad,
        age if age.max_s.value >= OLD_S => Mood::Warn,
        _ => Mood::Good,
    };
    Some(mood.says(format!(
        "When their work was done, events were {} old at the median, {} at p99, {} at most{}.",
        figure(&age.p50_s, number::duration),
        figure(&age.p99_s, number::duration),
        number::duration(age.max_s.value),
        largest(report),
    )))
}

/// Whoever has not come to an end has no age in the sentence before, and may be the oldest of all.
fn unfinished(report: &Report) -> Option<Sentence> {
    let unfinished = report.unfinished.as_ref()?;
    let many = report.ledger.in_flight.value;
    let (half, oldest) = (unfinished.p50_s.value, unfinished.oldest_s.value);
    if oldest < OLD_S {
        return None;
    }
    let mood = if half >= OLD_S { Mood::Bad } else { Mood::Warn };
    let half = figure(&unfinished.p50_s, number::duration);
    let oldest = figure(&unfinished.oldest_s, number::duration);
    Some(mood.says(match many {
        1.0 => format!("1 event was still under way at the end, for {oldest}."),
        _ => format!(
            "{} events were still under way at the end: half of them for {half} or more, the oldest for \
             {oldest}.",
            figure(&report.ledger.in_flight, number::count),
        ),
    }))
}

fn unserved(triggers: &[String]) -> Option<Sentence> {
    let named: Vec<String> = triggers.iter().map(|trigger| format!("`{trigger}`")).collect();
    let verb = if named.len() == 1 { "lacks" } else { "lack" };
    (!named.is_empty()).then(|| {
        Mood::Bad.says(format!(
            "{} {verb} events: the bus has refused a consumer of theirs (`max_consumers`).",
            and(&named)
        ))
    })
}

fn standstill(still: &Standstill, report: &Report) -> Sentence {
    Mood::Bad.says(format!(
        "`{}` has stood still since {}{}: {} wait for locks and nobody holds one, because the heads of two \
         lines wait for each other.",
        still.stage,
        figure(&still.since_s, number::duration),
        in_share(still.share, report),
        figure(&still.waiting, number::count),
    ))
}

fn recovery(report: &Report) -> Option<Sentence> {
    let recovery = report.recovery.as_ref()?;
    let end = number::duration(recovery.storm_end_s);
    if recovery.backlog_max.value <= recovery.backlog_before.value {
        let mood = if report.first_loss.is_some() { Mood::Warn } else { Mood::Good };
        return Some(mood.says(format!(
            "In the storm, which ended at {end}, the backlog did not rise above its level before.",
        )));
    }
    Some(match recovery.recovery_s {
        None => Mood::Bad.says(format!(
            "It did not recover within the horizon: the storm ended at {end}, and at the end the \
             backlog was still {} ({} before the storm).",
            figure(&recovery.backlog_at_end, number::count),
            figure(&recovery.backlog_before, number::count),
        )),
        Some(time) => recovered(report, recovery, &time, &end),
    })
}

fn recovered(report: &Report, recovery: &Recovery, time: &Figure, end: &str) -> Sentence {
    let storm = recovery.storm_end_s - recovery.storm_start_s;
    let slow = time.value > storm || recovery.recovered_share < 1.0;
    let lost = report.ledger.dropped.value;
    let stores = recovery.stores.as_ref();
    let emptied = |stores: &StoredRecovery| stores.emptied_s.map_or(f64::MAX, |time| time.value);
    let keeps = stores.is_some_and(|stores| emptied(stores) > storm);
    let mood = if slow || lost > 0.0 || keeps { Mood::Warn } else { Mood::Good };
    let lost = match lost {
        0.0 => String::new(),
        1.0 => "; 1 event was lost, which is no recovery".to_owned(),
        _ => {
            let lost = figure(&report.ledger.dropped, number::count);
            format!("; {lost} events were lost, which is no recovery")
        }
    };
    let stores = stores.map(|stores| {
        let most = figure(&stores.max, number::count);
        match &stores.emptied_s {
            Some(time) => format!(
                ". The stores held {most} more, and were back to their level {} after the storm",
                figure(time, number::duration),
            ),
            None => format!(
                ". The stores held {most} more, and still held {} at the end",
                figure(&stores.at_end, number::count),
            ),
        }
    });
    mood.says(format!(
        "It recovered {} after the storm had ended (at {end}){}, from a backlog of {} at most{lost}{}.",
        figure(time, number::duration),
        in_share(recovery.recovered_share, report),
        figure(&recovery.backlog_max, number::count),
        stores.unwrap_or_default(),
    ))
}

fn at_peak(report: &Report) -> Option<Sentence> {
    let rates = || report.limits.iter().filter(|limit| limit.holds_at_peak.is_some());
    let all = rates().count();
    if all == 0 {
        return None;
    }
    let mut broken: Vec<&LimitReport> =
        rates().filter(|limit| limit.holds_at_peak == Some(false)).collect();
    if broken.is_empty() {
        let tightest = rates().max_by(|a, b| overrun(a).total_cmp(&overrun(b)))?;
        let spare = number::share((1.0 - overrun(tightest)).max(0.0));
        let tightest = offered(tightest);
        return Some(match reached(report).is_empty() {
            true => Mood::Good.says(format!(
                "Every rate limit and capacity holds at the peak, not only on average; the tightest, \
                 {tightest}, has {spare} to spare.",
            )),
            false => Mood::Warn.says(format!(
                "On paper every rate limit and capacity holds even at the peak (the tightest, {tightest}, \
                 has {spare} to spare); paper leaves out chance, retries, overheads and faults.",
            )),
        });
    }
    broken.sort_by(|a, b| overrun(b).total_cmp(&overrun(a)));
    let mut named: Vec<String> = broken.iter().take(LIMITS_NAMED).map(|l| offered(l)).collect();
    if broken.len() > LIMITS_NAMED {
        named.push(format!("and {} more", broken.len() - LIMITS_NAMED));
    }
    let which = match (broken.len(), all) {
        (1, 1) => "The only rate limit or capacity is".to_owned(),
        (1, _) => format!("1 of {all} rate limits and capacities is"),
        (some, _) => format!("{some} of {all} rate limits and capacities are"),
    };
    let averages = broken.iter().filter(|limit| limit.holds_on_average == Some(true)).count();
    let averages = match averages {
        0 => String::new(),
        1 if broken.len() == 1 => " On average it seems to hold.".to_owned(),
        1 => " On average one of them seems to hold.".to_owned(),
        some => format!(" On average {some} of them seem to hold."),
    };
    let mood = if report.first_loss.is_some() { Mood::Bad } else { Mood::Warn };
    Some(mood.says(format!("{which} too small for the peak: {}.{averages}", named.join(", "),)))
}

/// By what factor the peak exceeds the limit; what comes at once counts as spread over the second in which
/// it must be through.
fn overrun(limit: &LimitReport) -> f64 {
    let peak = limit.offered_peak_per_s.unwrap_or(0.0);
    if limit.holds_at_peak == Some(false) && peak <= limit.value {
        return peak.max(limit.offered_at_once.unwrap_or(0.0)) / limit.value;
    }
    peak / limit.value
}

fn offered(limit: &LimitReport) -> String {
    let peak = limit.offered_peak_per_s.unwrap_or(0.0);
    let peak = match limit.offered_at_once {
        Some(many) if limit.holds_at_peak == Some(false) && peak <= limit.value => {
            format!("{} at once", number::count(many))
        }
        _ => number::rate(peak),
    };
    format!("`{}` of `{}` ({} for {peak})", limit.limit, limit.stage, number::rate(limit.value))
}
