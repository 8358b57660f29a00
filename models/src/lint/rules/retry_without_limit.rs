//! Retry strategies whose backoff or end is missing.

use super::controller::controllers;
use super::retries;
use super::workflows::{Origin, specs};
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST060",
    name: "retry-without-limit",
    level: Level::Warning,
    title: "a retry strategy without `limit` retries at once and without end",
    since: "every version of argo-workflows; the backoff is skipped since 3.3.8",
    story: "\
`limit` is not only the number of retries. The controller waits for a backoff only if there is a `limit` that has \
not been reached: with `backoff` alone every retry follows the failure before it as soon as the controller has \
seen that, which is seconds. A service that is down is then asked by every workflow at once, again and again, \
which is what the backoff was to prevent.

Without `limit` there is also no end but `backoff.maxDuration`, an `expression` that becomes false, or the \
deadline of the workflow. `limit: 5` is six attempts.

A `backoff` needs a `duration`: without one the first failure is not retried, the node ends with the error \"no \
base duration specified for retryStrategy\".",
    links: &[
        "argo-workflows workflow/controller/operator.go:processNodeRetries",
        "https://github.com/argoproj/argo-workflows/issues/9425",
        "https://github.com/argoproj/argo-workflows/pull/8090",
    ],
    check,
};

/// The first release that skips the backoff.
const SKIPS: Version = Version::new(3, 3, 8);

fn check(cx: &mut Cx<'_, '_>) {
    let controllers = controllers(cx);
    for spec in specs(cx, &controllers) {
        for (title, strategy) in retries::strategies(&spec) {
            let backoff = strategy.get("backoff");
            if let Some(backoff) = backoff.filter(|it| it.get("duration").is_none()) {
                let message = format!(
                    "`backoff` of {title} has no `duration`: its first failure is not retried, the node ends with an error"
                );
                cx.at_key(spec.manifest, backoff, message)
                    .help("say how long the first wait is: `duration: 10s`");
                continue;
            }
            if strategy.get("limit").is_some() {
                continue;
            }
            let end = match backoff.and_then(|it| it.text("maxDuration")) {
                Some(longest) => format!("until its `maxDuration` of {longest} is over"),
                None if strategy.get("expression").is_some() => {
                    "until `expression` is false".to_owned()
                }
                None => "without end".to_owned(),
            };
            let is_skipped = cx.versions.argo_workflows >= SKIPS;
            let has_end = end != "without end";
            let message = match backoff {
                Some(_) if is_skipped => format!(
                    "`backoff` is not applied without a `limit`: {title} is retried at once, {end}"
                ),
                None if !has_end => {
                    format!("{title} is retried at once and without end: there is no `limit`")
                }
                Some(_) if !has_end => {
                    format!("{title} is retried without end: there is no `limit`")
                }
                Some(_) | None => continue,
            };
            let help = match spec.origin {
                Origin::Defaults => "say how often: `limit: 5`; this holds for every workflow",
                _ => "say how often: `limit: 5`",
            };
            cx.at_key(spec.manifest, backoff.unwrap_or(strategy), message).help(help);
        }
    }
}
