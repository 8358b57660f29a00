//! A bus without a volume.

use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::quantities::integer;
use crate::manifest::yaml::Node;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST011",
    name: "no-persistence",
    level: Level::Warning,
    title: "a bus without `persistence` keeps its events in the pods",
    since: "every version of argo-events",
    story: "\
Without `persistence` the NATS pods store the stream in an `emptyDir`, which goes with the pod. With three \
copies the loss of one pod heals from the other two. What takes two or all of them at once takes the events \
with it, the backlog and the states of the consumers included: a drained node pool, spot nodes, an upgrade \
of the cluster, a memory limit that all three reach in the same peak. With one replica every new pod is \
that.

`persistence: {}` asks for 20Gi of the default storage class (10Gi for NATS Streaming). A StatefulSet's \
volumes cannot be added later: make a new bus with it and move EventSources and Sensors there.",
    links: &["argo-events pkg/reconciler/eventbus/installer/jetstream.go:buildStatefulSetSpec"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for bus in cx.of("EventBus") {
        for path in [&["spec", "jetstream"][..], &["spec", "nats", "native"][..]] {
            let Some(spec) = bus.root.at(path) else { continue };
            if spec.get("persistence").is_none() {
                without(cx, bus, spec, path);
            }
        }
    }
}

fn without(cx: &mut Cx<'_, '_>, bus: Manifest<'_>, spec: &Node, path: &[&str]) {
    let asked = spec.get("replicas").and_then(integer);
    // The controller makes three of fewer servers of NATS Streaming.
    let servers = if path.len() == 2 { asked.unwrap_or(3) } else { asked.unwrap_or(3).max(3) };
    let (kept, lost) = match servers {
        1 => ("the pod keeps".to_owned(), "when it is replaced"),
        _ => {
            (format!("each of the {servers} pods keeps"), "when most of them are replaced at once")
        }
    };
    let message = format!(
        "without `persistence` {kept} the events in an `emptyDir`: {lost}, all events are gone, and where the sensors were"
    );
    cx.at_key(bus, spec, message).help(
        "add `persistence` to a new bus and move to it: a StatefulSet takes no volumes later",
    );
}
