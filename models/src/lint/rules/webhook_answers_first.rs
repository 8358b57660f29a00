//! Webhooks that say yes before they know.

use super::event_types::all_types;
use crate::lint::{Cx, Level, Rule};
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST027",
    name: "webhook-answers-first",
    level: Level::Warning,
    title: "webhooks answer 200 before the event is published",
    since: "argo-events up to v1.9.5; v1.9.6 answers 500 if the publish failed (#3448)",
    story: "\
Up to v1.9.5 an endpoint hands the event to the goroutine that publishes and answers 200. If the publish \
then fails, after five attempts, the event is gone and the caller believes that it was taken: it does not \
try again. While the bus is away every request is such a one.

Since v1.9.6 the endpoint waits for the publish, and answers 500 if it failed. That makes the loss visible \
to the caller, who has to try again; not every caller does.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/3448",
        "https://github.com/argoproj/argo-events/pull/3449",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    if cx.versions.argo_events >= Version::new(1, 9, 6) {
        return;
    }
    for typed in all_types(cx) {
        if !typed.kind.is_webhook() {
            continue;
        }
        let message = format!(
            "up to argo-events v1.9.5 a request for {} is answered 200 before the event is published: what the bus does not take \
             is lost, and the caller does not know",
            typed.names()
        );
        cx.at_key(typed.source, typed.node, message)
            .help("upgrade to v1.9.6 or later, which answers 500 instead (#3448)");
    }
}
