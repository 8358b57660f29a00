//! Filters of event sources that drop what they cannot compute.

use super::event_types::events;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST029",
    name: "filter-error-drops",
    level: Level::Note,
    title: "an event on which the filter's expression fails is dropped",
    since: "every version of argo-events",
    story: "\
The `filter.expression` of an event is computed on its data. If it is false the event is dropped, as it \
should be. If it cannot be computed (a field that this event has not, a body that is not JSON, a type that \
does not compare) it is dropped as well: there is a line in the log, and no metric; \
`argo_events_events_processing_failed_total` does not count it. For the source the event was handled: a \
webhook answers 200, a queue's message is acked or deleted.

So a producer that renames a field empties the pipeline without an error. Write expressions that can be \
computed on events of another shape too, and filter loosely where losing is worse than starting one too \
many.",
    links: &["argo-events pkg/eventsources/eventing.go:filterEvent"],
    check,
};

/// Types whose `filter` is another thing, or nothing.
const OTHERS: [&str; 4] = ["minio", "resource", "storageGrid", "stripe"];

fn check(cx: &mut Cx<'_, '_>) {
    for event in events(cx) {
        let expression = event.config.at(&["filter", "expression"]);
        let Some(node) = expression.filter(|_| !OTHERS.contains(&event.kind.name)) else {
            continue;
        };
        let message = format!(
            "an event of `{}` on which this expression fails, for want of a field say, is dropped like one that it refuses, and \
             the source takes it for handled",
            event.name
        );
        cx.at_key(event.source, node, message)
            .help("the log says `Failed to filter event`; look there when events are missing");
    }
}
