//! Schedules and timezones that are refused, or never due.

use sim_core::arrival::split_zone;

use super::cron::{is_never, parse, schedules};
use super::workflows::is_dynamic;
use crate::lint::{Cx, Edit, Fix, Level, Rule};
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;
use crate::spec::cron::is_zone;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST076",
    name: "cron-schedule-invalid",
    level: Level::Error,
    title: "a CronWorkflow's schedule or timezone is refused, or it is never due",
    since: "every version of argo-workflows",
    story: "\
argo-workflows reads schedules with the standard parser of robfig/cron v3: five fields (minute, hour, day of the \
month, month, day of the week), `*`, `?`, ranges, steps and lists, names of months and days, and `@hourly`, \
`@daily`, `@weekly`, `@monthly`, `@yearly` or `@every 1h30m`. There are no seconds, no `@reboot`, no `L`, `W` or \
`#`. Sunday is 0: 7 is refused. A range must not go over its end: `22-2` is `22,23,0-2`.

`kubectl apply` takes any text. The controller says \"cron schedule is malformed\" in the status, and the \
CronWorkflow never runs.

A schedule may begin with a timezone, `CRON_TZ=Asia/Tokyo 0 4 * * *`. With the field `timezone` the controller \
puts that in front by itself, and a schedule with two of them has too many fields. The timezone is a name of the \
IANA database, such as `Europe/Berlin`, with its capitals: abbreviations such as `PST` and offsets are none.",
    links: &[
        "argo-workflows workflow/validate/validate.go:CronWorkflow",
        "argo-workflows pkg/apis/workflow/v1alpha1/cron_workflow_types.go",
        "robfig/cron v3 parser.go:ParseStandard",
    ],
    check,
};

fn check(cx: &mut Cx<'_, '_>) {
    for object in cx.of("CronWorkflow") {
        let timezone = object.root.at(&["spec", "timezone"]);
        for node in schedules(object) {
            check_schedule(cx, object, node, timezone.is_some());
        }
        let Some(timezone) = timezone else { continue };
        let text = timezone.scalar().unwrap_or_default();
        if !is_zone(text) && !is_dynamic(text) {
            refuse_timezone(cx, object, timezone, text);
        }
    }
}

fn check_schedule<'m>(
    cx: &mut Cx<'m, '_>,
    object: Manifest<'m>,
    node: &'m Node,
    has_timezone: bool,
) {
    let Some(text) = node.scalar().filter(|it| !is_dynamic(it)) else { return };
    let (own, _) = split_zone(text);
    if let Some(own) = own.filter(|it| !is_zone(it)) {
        return refuse_timezone(cx, object, node, own);
    }
    match parse(text) {
        Err(why) => {
            let (help, fix) = advice(cx, object, node, text);
            cx.at_value(object, node, format!("the schedule is refused: {why}"))
                .help(help)
                .fix(fix);
        }
        Ok(_) if own.is_some() && has_timezone => {
            cx.at_value(
                object,
                node,
                "the schedule is refused: it has a timezone of its own beside `timezone`",
            )
            .help("keep one of them");
        }
        Ok(schedule) if is_never(schedule) => {
            cx.at_value(object, node, "there is no such day: it never runs")
                .level(Level::Warning)
                .help(
                    "look at the day and the month; `L`, the last day of the month, does not exist",
                );
        }
        Ok(_) => {}
    }
}

fn advice<'m>(
    cx: &Cx<'m, '_>,
    object: Manifest<'m>,
    node: &Node,
    text: &str,
) -> (&'static str, Option<Fix>) {
    let fields: Vec<&str> = text.split_whitespace().collect();
    match fields[..] {
        [.., "7"] if fields.len() >= 5 => {
            let sunday = format!("{}0", &text.trim_end()[..text.trim_end().len() - 1]);
            let edit = Edit::value(cx.file(object), node, &format!("\"{sunday}\""));
            let fix = parse(&sunday).ok().and_then(|_| Fix::new("write Sunday as 0", [edit]));
            ("Sunday is 0", fix)
        }
        [_, _, _, _, _, _] => ("there is no field for seconds: it begins with the minute", None),
        ["@reboot"] => ("there is nothing that runs at the start of the controller", None),
        _ => {
            ("minute, hour, day of the month, month, day of the week, such as `0 4 * * 1-5`", None)
        }
    }
}

fn refuse_timezone(cx: &mut Cx<'_, '_>, object: Manifest<'_>, node: &Node, name: &str) {
    cx.at_value(
        object,
        node,
        format!("there is no timezone `{name}`: the CronWorkflow never runs"),
    )
    .help("a name of the IANA database, such as `Europe/Berlin`, `America/New_York` or `UTC`");
}
