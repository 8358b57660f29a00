//! Times of reset that the controller refuses.

use sim_core::arrival::{Schedule, split_zone};

use super::sensors::triggers;
use crate::lint::{Cx, Level, Rule};
use crate::manifest::yaml::Node;
use crate::spec::cron::is_zone;

pub(in crate::lint) const RULE: Rule = Rule {
    code: "ST056",
    name: "conditions-reset",
    level: Level::Error,
    title: "a `conditionsReset` whose `cron` or `timezone` the controller refuses",
    since: "every version of argo-events with `conditionsReset`",
    story: "\
`conditionsReset[].byTime.cron` has exactly five fields: minute, hour, day of month, month and day of week. \
There are no seconds and no `@daily`, and Sunday is 0, not 7. `timezone` is a name of the IANA database, such as \
`Europe/Berlin`; UTC unless stated.

A Sensor with any other is refused as a whole: the controller deploys nothing, and a Sensor that runs keeps \
running as it was before.

A reset also happens when the sensor starts, if one was due in the meantime: what had come before it is \
forgotten.",
    links: &[
        "argo-events pkg/reconciler/sensor/validate.go:validateTriggerTemplate",
        "https://github.com/robfig/cron/blob/v3.0.1/parser.go",
    ],
    check,
};

const REFUSED: &str = "the controller refuses the Sensor and deploys nothing";

fn check(cx: &mut Cx<'_, '_>) {
    for sensor in cx.of("Sensor") {
        for trigger in triggers(sensor) {
            let resets = trigger.template.map_or(&[][..], |it| it.list("conditionsReset"));
            for reset in resets {
                let Some(by_time) = reset.get("byTime") else {
                    let message = format!("a reset without `byTime`: {REFUSED}");
                    cx.at_value(sensor, reset, message)
                        .help("`byTime` with a `cron`, or no reset at all");
                    continue;
                };
                let cron = by_time.get("cron");
                let text = cron.map_or(Some(""), Node::scalar);
                if let Some(why) = text.and_then(cron_problem) {
                    let node = cron.unwrap_or(by_time);
                    let help = "minute, hour, day of month, month, day of week (0 to 6)";
                    cx.at_value(sensor, node, format!("{why}: {REFUSED}")).help(help);
                }
                let zone = by_time.get("timezone");
                if let Some((zone, text)) = zone.and_then(|it| Some((it, it.scalar()?)))
                    && !is_zone(text)
                {
                    let message = format!("`{text}` is no name of a time zone: {REFUSED}");
                    cx.at_value(sensor, zone, message)
                        .help("a name of the IANA database, such as `Europe/Berlin` or `UTC`");
                }
            }
        }
    }
}

/// What the controller does not accept: robfig/cron with five fields, and no `@daily` and the like.
fn cron_problem(text: &str) -> Option<String> {
    let (_, fields) = split_zone(text);
    if fields.starts_with('@') {
        return Some(format!("`{fields}` is no schedule of five fields"));
    }
    Schedule::parse(fields).err().map(|error| error.problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cron_texts_are_those_of_robfig() {
        for text in [
            "0 0 * * *",
            "*/15 8-17 1,15 jan-mar MON",
            "0 0 ? * 0-6/2",
            "TZ=UTC 0 0 * * 0",
            "5/10 * * * *",
        ] {
            assert_eq!(cron_problem(text), None, "{text}");
        }
        for text in [
            "",
            "@daily",
            "0 0 0 * * *",
            "60 * * * *",
            "0 0 * * 7",
            "0 0 5-1 * *",
            "*/0 * * * *",
            "0 0 * * sunday",
            "a * * * *",
            "0 0 1-2-3 * *",
        ] {
            assert!(cron_problem(text).is_some(), "{text}");
        }
    }

    #[test]
    fn zones_have_names() {
        for zone in [
            "",
            "UTC",
            "Local",
            "Europe/Berlin",
            "Etc/GMT+2",
            "GMT+0",
            "EST5EDT",
            "America/Port-au-Prince",
        ] {
            assert!(is_zone(zone), "{zone}");
        }
        for zone in ["europe/berlin", "+02:00", "UTC+2", "CEST", "Europe/New York", "../etc"] {
            assert!(!is_zone(zone), "{zone}");
        }
    }
}
