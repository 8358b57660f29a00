//! More calls than the target of a trigger can answer.

use crate::lint::{Cx, Level, Rule};

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST105",
    name: "load-over-target",
    level: Level::Warning,
    title: "more calls are made than their target can answer",
    since: "every version",
    story: "\
The target of an http trigger answers so many calls at once, each in its time: calls at once divided by the time \
is the most that it answers per second. Manifests do not say either; what is assumed stands in the report, and a \
comment beside the trigger gives it: `# surgetank: servers 64; service 5ms`.",
    links: &["Little's law; argo-events pkg/sensors/triggers/http/http.go"],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    let Some(load) = cx.load else { return };
    for strain in load.strains("Station", "service_rate") {
        let Some(overload) = strain.overload(load.storm()) else { continue };
        let name = load.component(strain.component).name();
        let path = load.path(strain.component, "servers");
        cx.at_parameter(&path, format!("`{name}`: {overload}"));
    }
}
