//! Versions of NATS that the controller does not know.

use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST015",
    name: "bus-version",
    level: Level::Error,
    title: "`version` of a JetStream bus is missing, or not among those of the controller",
    since: "every version of argo-events with JetStream; the list is that of v1.9.11",
    story: "\
`spec.jetstream.version` is not a tag of an image: it is looked up in the list `eventBus.jetstream.versions` \
of the ConfigMap `argo-events-controller-config`, and a version that is not there is not installed: no pods, \
and no error but in the status of the EventBus. Without a `version` the EventBus is refused.

The list changes between releases (2.10.10 became 2.10.29, 2.14.4 came after v1.9.11), and Helm charts bring \
lists of their own, so a bus that has worked may not be installable after an upgrade. Look with `kubectl get \
configmap argo-events-controller-config -o yaml`, and add what you need.",
    links: &[
        "argo-events manifests/base/controller-manager/controller-config.yaml",
        "argo-events pkg/reconciler/eventbus/validate.go:ValidateEventBus",
        "https://github.com/argoproj/argo-events/issues/2692",
        "https://github.com/argoproj/argo-helm/pull/4045",
    ],
    check,
};

const KNOWN: [&str; 8] =
    ["latest", "2.8.1", "2.8.1-alpine", "2.8.2", "2.8.2-alpine", "2.9.1", "2.9.12", "2.9.16"];
/// The release whose list is known.
const LISTED: Version = Version::new(1, 9, 11);

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        let Some(spec) = bus.root.at(&["spec", "jetstream"]) else { continue };
        match spec.get("version") {
            None => {
                cx.at_key(bus, spec, "a JetStream bus without a `version` is refused by the controller")
                    .help("name one that the ConfigMap `argo-events-controller-config` lists, such as `2.10.29`");
            }
            Some(node) => listed(cx, bus, node),
        }
    }
}

fn listed(cx: &mut Cx<'_, '_>, bus: Manifest<'_>, node: &Node) {
    let Some(version) = node.scalar() else { return };
    let release = cx.versions.argo_events;
    let is_known = KNOWN.contains(&version)
        || version == "2.10.29"
        || (version == "2.10.10" && release < LISTED)
        || (version == "2.14.4" && release > LISTED);
    if is_known {
        return;
    }
    let message = format!(
        "`{version}` is not among the versions that argo-events v1.9.11 brings: unless your controller's configuration lists \
         it, the bus gets no pods"
    );
    let help = "the list is in the ConfigMap `argo-events-controller-config`; v1.9.11 has up to `2.10.29`, Helm charts may \
                have `2.10.10` instead";
    cx.at_value(bus, node, message).help(help).level(Level::Note);
}
