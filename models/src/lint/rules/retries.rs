//! Retry strategies as the workflow controller carries them out. Not a rule.
//!
//! argo-workflows v4.1.2 `workflow/controller/operator.go:processNodeRetries`.

use super::durations;
use super::workflows::{Place, Spec, Template};
use crate::manifest::yaml::Node;

/// More retries than these are not added up.
const RETRIES_MAX: u32 = 10_000;

/// The retry strategy that a template has: its own, that of `templateDefaults`, or that of the workflow.
pub(super) fn strategy<'n>(spec: &Spec<'n>, template: &Template<'n>) -> Option<&'n Node> {
    let defaults = spec.node.get("templateDefaults").filter(|_| template.place != Place::Defaults);
    let holders = [Some(template.node), defaults, Some(spec.node)];
    holders.into_iter().flatten().find_map(|it| it.get("retryStrategy"))
}

/// All retry strategies of a spec, each with what it is for.
pub(super) fn strategies<'n>(spec: &Spec<'n>) -> Vec<(String, &'n Node)> {
    let all = "every template".to_owned();
    let own = spec.node.get("retryStrategy").map(|it| (all.clone(), it));
    let title = |it: &Template<'_>| match it.place {
        Place::Defaults => all.clone(),
        Place::Named | Place::Inline => it.title(),
    };
    let templates = spec.templates().into_iter();
    let of_templates = templates.filter_map(|it| Some((title(&it), it.node.get("retryStrategy")?)));
    let of_templates: Vec<_> = of_templates.collect();
    own.into_iter().chain(of_templates).collect()
}

/// How often it retries at most, if it says a number.
pub(super) fn limit(strategy: &Node) -> Option<u32> {
    strategy.text("limit")?.parse().ok()
}

/// How long all its waits last, if that can be said.
pub(super) fn waits_s(strategy: &Node) -> Option<f64> {
    let limit = limit(strategy)?.min(RETRIES_MAX);
    let Some(backoff) = strategy.get("backoff") else { return Some(0.0) };
    let mut wait_s = durations::of(backoff, "duration")?.max(0.0);
    let factor = backoff.text("factor").and_then(|it| it.parse::<i32>().ok());
    let factor = f64::from(factor.filter(|&it| it > 0).unwrap_or(1));
    let cap_s = durations::of(backoff, "cap").unwrap_or(f64::INFINITY);
    let mut total_s = 0.0;
    for _ in 0..limit {
        total_s += wait_s.min(cap_s);
        wait_s *= factor;
    }
    Some(total_s.min(durations::of(backoff, "maxDuration").unwrap_or(f64::INFINITY)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::document;

    #[test]
    fn waits_grow_up_to_the_cap_and_the_longest_time() {
        let waits = |text: &str| waits_s(&document("f", text, 0).unwrap());
        assert_eq!(waits("{limit: 3, backoff: {duration: 10s, factor: 2}}"), Some(70.0));
        assert_eq!(
            waits("{limit: '5', backoff: {duration: '1m', factor: '2', cap: 2m}}"),
            Some(540.0)
        );
        assert_eq!(
            waits("{limit: 5, backoff: {duration: 1m, factor: 2, maxDuration: 5m}}"),
            Some(300.0)
        );
        assert_eq!(waits("{limit: 2}"), Some(0.0));
        assert_eq!(waits("{backoff: {duration: 1m}}"), None);
        assert_eq!(waits("{limit: '{{x}}'}"), None);
        assert_eq!(waits("{limit: 2, backoff: {duration: {a: 1}}}"), None);
    }
}
