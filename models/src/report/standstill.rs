//! Workflow controllers that stand still: everybody waits for locks, and nobody holds one. That is no
//! limit and no lack of capacity; two lines with different heads wait for each other (see
//! [`crate::workflow`]), and only a look at the permits shows it.

use super::Standstill;
use super::figure::Figure;
use crate::outcome::{ComponentOutcome, Outcome};
use crate::workflows::metric;

/// For so many windows at the end: less may be the delay of a requeue.
const WINDOWS: usize = 5;

pub(super) fn standstills(outcomes: &[Outcome]) -> Vec<Standstill> {
    let components = outcomes.first().map_or(&[][..], |outcome| &outcome.components);
    components.iter().filter_map(|component| of(&component.name, outcomes)).collect()
}

fn of(stage: &str, outcomes: &[Outcome]) -> Option<Standstill> {
    let found: Vec<(f64, f64)> = outcomes
        .iter()
        .filter_map(|outcome| {
            let (windows, waiting) = trailing(outcome.component(stage)?)?;
            let all = outcome.component(stage)?.gauge(metric::PERMITS)?.windows.len();
            let since_ns = (all - windows) as u64 * outcome.window_ns;
            Some((since_ns as f64 / 1e9, waiting as f64))
        })
        .collect();
    Some(Standstill {
        stage: stage.to_owned(),
        since_s: Figure::mean(found.iter().map(|found| found.0))?,
        waiting: Figure::mean(found.iter().map(|found| found.1))?,
        share: found.len() as f64 / outcomes.len() as f64,
    })
}

/// In how many windows before the end nobody held a permit and somebody waited all the time.
fn trailing(component: &ComponentOutcome) -> Option<(usize, u64)> {
    let permits = component.gauge(metric::PERMITS)?;
    let waiting = component.gauge(metric::WAITING_FOR_LOCKS)?;
    let still = permits.windows.iter().zip(&waiting.windows).rev();
    let windows = still.take_while(|(held, waits)| held.max == 0 && waits.min > 0).count();
    (windows >= WINDOWS).then_some((windows, waiting.last))
}
