//! More objects than the sensor's Kubernetes client may create.

use crate::lint::{Cx, Level, Rule};
use crate::sensor;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST103",
    name: "load-over-client-qps",
    level: Level::Warning,
    title: "more Kubernetes objects are asked for than the sensor's client may create",
    since: "every version of argo-events",
    story: "\
A sensor creates workflows and other objects with a client of client-go that has its default limit: 5 calls per \
second, 10 at once after a pause. All `k8s` and `argoWorkflow` triggers of the sensor share it; an update or patch \
costs two calls. There is no setting for it. Beyond it triggers wait in line, in the sensor's memory unless \
`atLeastOnce: true`.

Several sensors have a client each.",
    links: &[
        "https://github.com/argoproj/argo-events/issues/1010",
        "https://github.com/argoproj/argo-events/issues/3156",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for strain in load.strains("Sensor", sensor::limit::CLIENT) {
        let Some(overload) = strain.overload(load.storm()) else { continue };
        let path = load.path(strain.component, "client");
        cx.at_parameter(&path, format!("calls of the Kubernetes API: {overload}"))
            .help("spread the triggers over several sensors: each has a client of its own");
    }
}
