//! Calendars that forget when they last fired.

use super::event_types::events_of;
use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST025",
    name: "calendar-without-persistence",
    level: Level::Note,
    title: "a calendar without `persistence.configMap` drops what it misses",
    since: "every version of argo-events",
    story: "\
A calendar computes its next time from now, at every start. What was due while the pod did not run is not \
made up for, and a tick that the bus does not take in five attempts is dropped.

With `persistence.configMap` it writes the last tick into a ConfigMap: a tick that cannot be published is \
tried again every 100 ms until it is, and `persistence.catchup.enabled` makes up for what was due in \
between, back to `maxDuration`, all at once. `persistence` without a `configMap` persists nothing.

A ConfigMap needs a service account that may write it.",
    links: &["argo-events pkg/eventsources/sources/calendar/start.go"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for event in events_of(cx, "calendar") {
        let persistence = event.config.get("persistence");
        if persistence.is_some_and(|it| it.get("configMap").is_some()) {
            continue;
        }
        let without = match persistence {
            Some(_) => "`persistence` without a `configMap` persists nothing: what is due",
            None => "what is due",
        };
        let message = format!(
            "{without} while `{}` does not run, or cannot be published in 5 attempts, is dropped",
            event.name
        );
        cx.at_key(event.source, persistence.unwrap_or(event.config), message).help(
            "add `persistence` with a `configMap`, and `catchup: {enabled: true}` to make up for it",
        );
    }
}
