//! The verdict: what a platform engineer wants to know first, in plain sentences.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::figure::{Figure, Times};
use super::recovery::Recovery;
use super::text::number;
use super::{LimitReport, Report};

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
    /// In order: the first limit reached, losses, age, recovery, limits at the peak.
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
        age(report.age.as_ref()),
        recovery(report),
        at_peak(report),
    ];
    Verdict { sentences: sentences.into_iter().flatten().collect() }
}

/// A figure in words, with its interval where it has one.
fn figure(figure: &Figure, words: impl Fn(f64) -> String) -> String {
    let value = words(figure.value);
    match (figure.low, figure.high) {
        (Some(low), Some(high)) if low < high => {
            format!("{value} [{} to {}]", words(low.max(0.0)), words(high))
        }
        _ => value,
    }
}

/// ` in 18 of 20 replications`, unless it is all of them.
fn in_share(share: f64, report: &Report) -> String {
    let all = report.provenance.replications;
    let some = (share * all as f64).round();
    if share >= 1.0 { String::new() } else { format!(" in {some} of {all} replications") }
}

/// The limits that were reached: in most replications first, then the earliest.
fn reached(report: &Report) -> Vec<(&LimitReport, Figure)> {
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
        return Mood::Good.says("No limit was reached.".to_owned());
    };
    let lost = report.ledger.dropped.value > 0.0;
    let mood = if lost { Mood::Bad } else { Mood::Warn };
    let mut then: Vec<String> = others
        .iter()
        .take(OTHERS_NAMED)
        .map(|(limit, at)| format!("{} at {}", named(limit), number::duration(at.value)))
        .collect();
    if others.len() > OTHERS_NAMED {
        then.push(format!("{} more", others.len() - OTHERS_NAMED));
    }
    let then = if then.is_empty() { String::new() } else { format!("; then {}", and(&then)) };
    mood.says(format!(
        "The first limit reached was {}, at {}{}{then}.",
        named(limit),
        figure(at, number::duration),
        in_share(share(limit), report),
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
    let stored = match ledger.stored.value {
        0.0 => String::new(),
        stored => format!(" {} are still stored for later.", number::count(stored)),
    };
    let Some(first) = &report.first_loss else {
        let mood = if stored.is_empty() { Mood::Good } else { Mood::Warn };
        return mood.says(format!("Nothing was lost.{stored}"));
    };
    let named = ledger.losses.iter().take(LOSSES_NAMED);
    let mut places: Vec<String> = named
        .map(|loss| {
            let events = number::count(loss.events.value);
            format!("{events} at `{}` ({})", loss.stage, loss.reason.words())
        })
        .collect();
    if ledger.losses.len() > LOSSES_NAMED {
        places.push(format!("{} more in the ledger", ledger.losses.len() - LOSSES_NAMED));
    }
    let share = ledger.dropped.value / ledger.offered.value.max(1.0);
    Mood::Bad.says(format!(
        "{} of {} events were lost ({}), the first at {}{}: {}.{stored}",
        figure(&ledger.dropped, number::count),
        number::count(ledger.offered.value),
        number::share(share),
        figure(&first.at_s, number::duration),
        in_share(first.share, report),
        places.join(", "),
    ))
}

fn age(age: Option<&Times>) -> Option<Sentence> {
    let Some(age) = age else {
        return Some(Mood::Bad.says("No event was completed.".to_owned()));
    };
    let mood = match age {
        age if age.p50_s.value >= OLD_S => Mood::Bad,
        age if age.p99_s.value >= OLD_S => Mood::Warn,
        _ => Mood::Good,
    };
    Some(mood.says(format!(
        "When their work was done, events were {} old at the median, {} at p99, {} at most.",
        figure(&age.p50_s, number::duration),
        figure(&age.p99_s, number::duration),
        number::duration(age.max_s.value),
    )))
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
            number::count(recovery.backlog_before.value),
        )),
        Some(time) => recovered(report, recovery, &time, &end),
    })
}

fn recovered(report: &Report, recovery: &Recovery, time: &Figure, end: &str) -> Sentence {
    let storm = recovery.storm_end_s - recovery.storm_start_s;
    let slow = time.value > storm || recovery.recovered_share < 1.0;
    let mood = if slow { Mood::Warn } else { Mood::Good };
    mood.says(format!(
        "It recovered {} after the storm had ended (at {end}){}, from a backlog of {} at most.",
        figure(time, number::duration),
        in_share(recovery.recovered_share, report),
        figure(&recovery.backlog_max, number::count),
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
    if broken.is_empty() && reached(report).is_empty() {
        let text = "Every rate limit and capacity holds at the peak, not only on average.";
        return Some(Mood::Good.says(text.to_owned()));
    }
    if broken.is_empty() {
        let text = "On paper every rate limit and capacity holds even at the peak; retries, overheads and \
                    waits, which paper leaves out, make the difference.";
        return Some(Mood::Warn.says(text.to_owned()));
    }
    broken.sort_by(|a, b| overrun(b).total_cmp(&overrun(a)));
    let mut named: Vec<String> = broken.iter().take(LIMITS_NAMED).map(|l| offered(l)).collect();
    if broken.len() > LIMITS_NAMED {
        named.push(format!("and {} more", broken.len() - LIMITS_NAMED));
    }
    let verb = if broken.len() == 1 { "is" } else { "are" };
    let averages = broken.iter().filter(|limit| limit.holds_on_average == Some(true)).count();
    let averages = match averages {
        0 => String::new(),
        1 => " On average one of them seems to hold.".to_owned(),
        some => format!(" On average {some} of them seem to hold."),
    };
    let mood = if report.first_loss.is_some() { Mood::Bad } else { Mood::Warn };
    Some(mood.says(format!(
        "{} of {all} rate limits and capacities {verb} too small for the peak: {}.{averages}",
        broken.len(),
        named.join(", "),
    )))
}

/// By what factor the peak exceeds the limit.
fn overrun(limit: &LimitReport) -> f64 {
    limit.offered_peak_per_s.unwrap_or(0.0) / limit.value
}

fn offered(limit: &LimitReport) -> String {
    format!(
        "`{}` of `{}` ({} for {})",
        limit.limit,
        limit.stage,
        number::rate(limit.value),
        number::rate(limit.offered_peak_per_s.unwrap_or(0.0)),
    )
}
