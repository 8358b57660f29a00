//! Replicas of event sources that wait for their turn.

use super::event_types::{Typed, types};
use crate::lint::{Cx, Level, Rule};
use crate::manifest::quantities::integer;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST028",
    name: "source-replicas",
    level: Level::Note,
    title: "more replicas of this type of event source do not publish more",
    since: "every version of argo-events",
    story: "\
Replicas of webhooks and of SQS, Azure Queue Storage, MNS and Gerrit sources all work. All other types elect \
a leader, which does everything, while the others stand by: they make a failure shorter (the lease is \
seconds), and nothing faster. For Kafka too, consumer group or not.

An EventSource with types of both kinds is not defined: at its start each pod looks at one of the types, \
whichever Go's map gives first, and either joins the election or runs everything. Two pods that do not elect \
both run the calendar, and every tick comes twice. Make an EventSource for each.

To publish more, divide the work: several EventSources with a subscription, a queue or topics each.",
    links: &[
        "argo-events pkg/apis/events/v1alpha1/const.go:RecreateStrategyEventSources",
        "argo-events pkg/eventsources/eventing.go:Start",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for source in cx.of("EventSource") {
        let Some(node) = source.root.at(&["spec", "replicas"]) else { continue };
        let Some(replicas) = integer(node).filter(|&it| it > 1) else { continue };
        let types = types(source);
        let (elected, active): (Vec<&Typed<'_>>, Vec<&Typed<'_>>) =
            types.iter().partition(|it| !it.kind.is_active_active);
        let Some(first) = elected.first() else { continue };
        let names = |types: &[&Typed<'_>]| {
            types.iter().map(|it| format!("`{}`", it.kind.name)).collect::<Vec<_>>().join(", ")
        };
        if active.is_empty() {
            let message = format!(
                "of {replicas} replicas of a {} source one is elected and works, the others wait: more replicas publish no more",
                names(&elected)
            );
            cx.at_value(source, node, message)
                .help("to publish more, divide the work among several EventSources");
        } else {
            let message = format!(
                "replicas of {} all work and those of {} elect one; in one EventSource chance decides at each start, and events \
                 of `{}` may come {replicas} times",
                names(&active),
                names(&elected),
                first.kind.name
            );
            cx.at_value(source, node, message)
                .help("make an EventSource for each")
                .level(Level::Warning);
        }
    }
}
