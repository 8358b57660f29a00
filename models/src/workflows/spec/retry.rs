//! `retryStrategy` as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one_item;
use crate::spec::check::Checker;
use crate::spec::policy::optional;
use crate::spec::quantity::DurationText;
use crate::workflow::{RetryBackoff, RetryPolicy, RetryStrategy};

/// `retryStrategy` of a workflow or node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryStrategySpec {
    /// Retries after the first attempt; none: without end, and without backoff, as in Argo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The first pause; none: no pauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<DurationText>,
    /// What each further pause is multiplied by.
    #[serde(default = "one_item")]
    pub factor: u32,
    /// The longest pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<DurationText>,
    /// No retry later than this after the first attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<DurationText>,
}

pub(super) fn retry(
    retry: &Option<RetryStrategySpec>,
    cx: &mut Checker<'_>,
) -> Option<Option<RetryStrategy>> {
    optional(retry, |retry| {
        cx.field("retry", |cx| {
            let duration = optional(&retry.duration, |text| cx.duration("duration", text));
            let cap = optional(&retry.cap, |text| cx.positive_duration("cap", text));
            let longest =
                optional(&retry.max_duration, |text| cx.positive_duration("max_duration", text));
            let (duration, cap, max_duration) = (duration?, cap?, longest?);
            Some(RetryStrategy {
                limit: retry.limit,
                policy: RetryPolicy::OnFailure,
                backoff: duration.map(|duration| RetryBackoff {
                    duration,
                    factor: retry.factor,
                    cap,
                    max_duration,
                }),
            })
        })
    })
}
