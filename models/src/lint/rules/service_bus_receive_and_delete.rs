//! Service Bus messages that are deleted before they are published.

use super::event_types::events_of;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::ManifestFile;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST026",
    name: "service-bus-receive-and-delete",
    level: Level::Warning,
    title: "Azure Service Bus deletes messages as they are received, without `deferDelete`",
    since: "every version of argo-events; `deferDelete` came in November 2025 (#3820)",
    story: "\
By default the source receives in the mode ReceiveAndDelete: Service Bus deletes a message when it hands it \
out. One that cannot be published, or is in the pod when it dies, is lost.

`deferDelete: true` receives in the mode PeekLock: the message is locked, and completed after the publish. \
If that fails the lock runs out, and it is delivered again. So it is when the publish takes longer than the \
lock: then the event comes twice, with a new id each time, and the bus does not notice.",
    links: &[
        "argo-events pkg/eventsources/sources/azureservicebus/start.go",
        "https://github.com/argoproj/argo-events/pull/3820",
    ],
    check,
};

/// A release that is known to have the field.
const HAS_DEFER: Version = Version::new(1, 9, 11);

fn check(cx: &mut Cx<'_, '_>) {
    for event in events_of(cx, "azureServiceBus") {
        let defer = event.config.get("deferDelete");
        if defer.and_then(Node::scalar) == Some("true") {
            continue;
        }
        let message = format!(
            "Service Bus deletes a message when `{}` receives it: one that cannot be published is lost",
            event.name
        );
        let fix = match cx.manifests.file(event.source.file) {
            Some(file) if cx.versions.argo_events >= HAS_DEFER => {
                deferred(file, event.config, defer)
            }
            _ => None,
        };
        cx.at_key(event.source, defer.unwrap_or(event.config), message)
            .help("`deferDelete: true` deletes after the publish (#3820); then a message may come twice")
            .fix(fix);
    }
}

fn deferred(file: &ManifestFile, config: &Node, defer: Option<&Node>) -> Option<Fix> {
    let edit = match defer {
        Some(node) => Edit::value(file, node, "true"),
        None => Edit::first_field(file, config, "deferDelete: true"),
    };
    Fix::new("delete after the publish", [edit])
}
