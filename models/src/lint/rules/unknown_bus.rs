//! Sensors and event sources without a bus.

use super::sensors::{bus_name, may_share_namespace};
use crate::diagnostic::nearest;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::files::Manifest;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST050",
    name: "unknown-bus",
    level: Level::Note,
    title: "no EventBus of that name in the namespace",
    since: "every version of argo-events",
    story: "\
A Sensor and an EventSource use the EventBus that `eventBusName` names, or `default`, in their own namespace. \
An EventBus of another namespace does not count: each namespace needs one of its own. Without it the controller \
deploys nothing, and the status says `EventBusNotFound`.

An EventBus that is not among the files may live elsewhere; so this is a note, and only where the files have \
some.",
    links: &["argo-events pkg/reconciler/sensor/controller.go:reconcile"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for kind in ["EventSource", "Sensor"] {
        for object in cx.of(kind) {
            check_object(cx, object);
        }
    }
}

fn check_object<'m>(cx: &mut Cx<'m, '_>, object: Manifest<'m>) {
    let name = bus_name(object);
    let buses: Vec<Manifest<'m>> = cx.of("EventBus").collect();
    let here = |it: &&Manifest<'m>| may_share_namespace(**it, object);
    if buses.is_empty() || buses.iter().filter(here).any(|it| it.name == name) {
        return;
    }
    let names: Vec<&str> = buses.iter().filter(here).map(|it| it.name).collect();
    let elsewhere = buses.iter().find(|it| it.name == name);
    let help = match (elsewhere, nearest(name, &names), names.as_slice()) {
        (Some(bus), ..) => {
            format!("the one in `{}` does not count: each namespace needs its own", bus.namespace)
        }
        (_, Some(near), _) => format!("there is an EventBus `{near}`"),
        (_, _, [only]) => {
            format!("the files have `{only}`: say `eventBusName: {only}` if that is meant")
        }
        _ => "it may be deployed from elsewhere; without it nothing is deployed".to_owned(),
    };
    let message = format!(
        "there is no EventBus `{name}` in the namespace `{}` among these files",
        object.namespace
    );
    match object.root.at(&["spec", "eventBusName"]).filter(|it| it.scalar() == Some(name)) {
        Some(node) => cx.at_value(object, node, message),
        None => match object.root.at(&["metadata", "name"]) {
            Some(node) => cx.at_value(object, node, format!("{message}, and it names no other")),
            None => return,
        },
    }
    .help(help);
}
