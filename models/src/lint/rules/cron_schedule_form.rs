//! Schedules of CronWorkflows in a form that the version does not know.

use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::workflow::Version;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST065",
    name: "cron-schedule-form",
    level: Level::Error,
    title: "a CronWorkflow's schedule is in a form that this version does not know",
    since: "`schedules` since argo-workflows 3.6; `schedule` until 3.7",
    story: "\
argo-workflows 3.6 brought `schedules`, a list, beside `schedule`, and 4.0 removed `schedule`. A CronWorkflow that \
has only what its controller does not know has no schedule: it is refused (\"cron workflow must have at least one \
schedule\", or by the CRD), or it stays there and never runs.

3.6 and 3.7 take either form and refuse both together. 4.0 does not read `schedule` beside `schedules`.",
    links: &[
        "argo-workflows docs/upgrading.md, upgrading to v4.0",
        "argo-workflows docs/deprecations.md",
        "argo-workflows workflow/validate/validate.go:CronWorkflow",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for object in cx.of("CronWorkflow") {
        let Some(spec) = object.root.get("spec") else { continue };
        check_forms(cx, object, spec.get("schedule"), spec.get("schedules"));
    }
}

fn check_forms<'m>(
    cx: &mut Cx<'m, '_>,
    object: Manifest<'m>,
    one: Option<&'m Node>,
    many: Option<&'m Node>,
) {
    let version = cx.versions.argo_workflows;
    let is_old = version < Version::new(3, 6, 0);
    let is_new = version >= Version::new(4, 0, 0);
    let file = cx.file(object);
    match (one, many) {
        (Some(one), None) if is_new => {
            let message =
                "`schedule` is gone since argo-workflows 4.0: this CronWorkflow never runs";
            let edit = Edit::listed(file, one, "schedules");
            cx.at_key(object, one, message)
                .help("write `schedules`, a list")
                .fix(Fix::new("write `schedules`, a list", [edit]));
        }
        (Some(one), Some(many)) if is_new => {
            let is_there = many.items().iter().any(|it| it.scalar() == one.scalar());
            let message =
                "`schedule` is gone since argo-workflows 4.0: it is not read beside `schedules`";
            let edit = Edit::delete(file, one).filter(|_| is_there);
            cx.at_key(object, one, message)
                .level(Level::Warning)
                .help("keep `schedules` only, with all of them")
                .fix(Fix::new("take it out: `schedules` has it", [edit]));
        }
        (Some(one), Some(_)) if !is_old => {
            cx.at_key(object, one, "`schedule` and `schedules` together are refused")
                .help("keep `schedules` only, with all of them");
        }
        (None, Some(many)) if is_old => {
            let Version { major, minor, .. } = version;
            let message = format!(
                "argo-workflows {major}.{minor} does not know `schedules`: this CronWorkflow never runs"
            );
            cx.at_key(object, many, message)
                .help("write `schedule`, one text, and a CronWorkflow for each");
        }
        _ => {}
    }
}
