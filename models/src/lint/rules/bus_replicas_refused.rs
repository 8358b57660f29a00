//! Numbers of servers that the controller refuses.

use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::quantities::integer;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST014",
    name: "bus-replicas-refused",
    level: Level::Error,
    title: "a JetStream bus with 2 or no servers is refused",
    since: "every version of argo-events with JetStream; those before #2822 (2023) refuse 1 as well",
    story: "\
The controller installs a JetStream bus with one server or with three and more. Two cannot agree on anything \
when one of them is away, and with none there is no bus: the controller marks the EventBus as not \
configured, and everything that names it waits.

To pause a bus, stop the EventSources; scaling it to 0 is not possible this way.",
    links: &[
        "argo-events pkg/reconciler/eventbus/validate.go:ValidateEventBus",
        "https://github.com/argoproj/argo-events/pull/2822",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        let Some(node) = bus.root.at(&["spec", "jetstream", "replicas"]) else { continue };
        let Some(servers) = integer(node).filter(|&it| it == 2 || it <= 0) else { continue };
        let message = format!(
            "a JetStream bus has 1 server, or 3 and more: the controller refuses {servers}"
        );
        let edit = Edit::value(cx.file(bus), node, "3");
        let fix = Fix::new("run three servers", [edit]).filter(|_| servers == 2);
        cx.at_value(bus, node, message).help("3 servers survive the loss of one").fix(fix);
    }
}
