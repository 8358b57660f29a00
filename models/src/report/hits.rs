//! Which limits were reached, and when first: to the nanosecond.

use super::limits::{Limit, Sign};
use crate::engine::fate::Reason;
use crate::outcome::{ComponentOutcome, Outcome, ReachOutcome};

/// When the limit was first reached in a run, nanoseconds.
pub(crate) fn first_hit_ns(limit: &Limit, outcome: &Outcome) -> Option<u64> {
    let component = outcome.component(&limit.component)?;
    match limit.sign {
        Sign::Unseen => None,
        Sign::FromStart => Some(0),
        Sign::Seen { refuses, evicts } => {
            let marked = record(limit, component).and_then(|reach| reach.first_ns);
            let refused = refusals(component, refuses).map(|(first, _)| first).min();
            let evicted = refusals(component, evicts).map(|(first, _)| first).min();
            // Of two limits that push out the oldest, the one that was full did it.
            let evicted = evicted.filter(|&at| !another_was_full(limit, component, at));
            [marked, refused, evicted].into_iter().flatten().min()
        }
    }
}

/// How many jobs the limit refused or pushed out.
pub(crate) fn refused(limit: &Limit, outcome: &Outcome) -> u64 {
    let Some(component) = outcome.component(&limit.component) else { return 0 };
    let Sign::Seen { refuses, evicts } = limit.sign else { return 0 };
    let evicted = refusals(component, evicts);
    let evicted: u64 =
        evicted.filter(|&(at, _)| !another_was_full(limit, component, at)).map(|(_, n)| n).sum();
    refusals(component, refuses).map(|(_, count)| count).sum::<u64>() + evicted
}

/// What the run says of the limit's line.
pub(crate) fn record<'a>(
    limit: &Limit,
    component: &'a ComponentOutcome,
) -> Option<&'a ReachOutcome> {
    component.reached.iter().find(|reach| reach.limit == limit.name)
}

fn refusals<'a>(
    component: &'a ComponentOutcome,
    reasons: &'a [Reason],
) -> impl Iterator<Item = (u64, u64)> + 'a {
    let all = component.refusals.iter().filter(|refusal| reasons.contains(&refusal.reason));
    all.map(|refusal| (refusal.first_ns, refusal.count))
}

/// Whether the component's message count was at its limit by then: then that pushed messages out, not
/// this limit.
fn another_was_full(limit: &Limit, component: &ComponentOutcome, at_ns: u64) -> bool {
    let full = component.reached.iter().filter(|reach| reach.limit != limit.name);
    full.filter(|reach| matches!(reach.limit.as_str(), "max_msgs" | "capacity"))
        .any(|reach| reach.first_ns.is_some_and(|first| first <= at_ns))
}
