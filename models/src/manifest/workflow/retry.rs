//! `retryStrategy`.
//!
//! argo-workflows `workflow/controller/operator.go`, `processNodeRetries`: pods that fail are retried unless
//! the policy is about errors of the system only; plain numbers are seconds; factors are whole numbers.

use crate::manifest::Importer;
use crate::workflows::spec::RetryStrategySpec;

use super::layers::Layer;

impl Importer {
    /// The retries of what stands at `path` in the model.
    pub(super) fn retry_strategy(
        &mut self,
        layer: Layer<'_>,
        path: &str,
    ) -> Option<RetryStrategySpec> {
        let (manifest, retry) = layer;
        if let Some(policy) = retry.get("retryPolicy") {
            let text = policy.scalar().unwrap_or_default();
            if ["OnError", "OnTransientError"].contains(&text) {
                let why = "pods of the model fail; errors of the system, which it would retry, they have none";
                self.pass_over(retry, why);
                return None;
            }
            self.take_first(policy, format!("{path}.retry"), "after failures");
        }
        let mut strategy = RetryStrategySpec {
            limit: None,
            duration: None,
            factor: 1,
            cap: None,
            max_duration: None,
        };
        if let Some(limit) = retry.get("limit") {
            strategy.limit = match limit.scalar() {
                Some("0") => Some(0),
                _ => self.whole(manifest, limit, 0),
            };
            let shown = strategy.limit.map_or("without end".to_owned(), |limit| limit.to_string());
            self.take_first(limit, format!("{path}.retry.limit"), shown);
        }
        let Some(backoff) = retry.get("backoff") else { return Some(strategy) };
        let fields = [("duration", "duration"), ("cap", "cap"), ("maxDuration", "max_duration")];
        for (field, parameter) in fields {
            let Some(node) = backoff.get(field) else { continue };
            let value = self.seconds(manifest, node);
            let shown = value.as_ref().map_or("none".to_owned(), ToString::to_string);
            self.take_first(node, format!("{path}.retry.{parameter}"), shown);
            match field {
                "duration" => strategy.duration = value,
                "cap" => strategy.cap = value,
                _ => strategy.max_duration = value,
            }
        }
        if let Some(factor) = backoff.get("factor") {
            strategy.factor = self.whole(manifest, factor, 1).unwrap_or(1);
            self.take_first(factor, format!("{path}.retry.factor"), strategy.factor.to_string());
        }
        Some(strategy)
    }
}
