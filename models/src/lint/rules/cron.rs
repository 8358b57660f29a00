//! Schedules of CronWorkflows. Not a rule.
//!
//! robfig/cron v3 `parser.go:ParseStandard`, as argo-workflows v4.1.2 uses it
//! (`workflow/validate/validate.go:CronWorkflow`, `pkg/apis/workflow/v1alpha1/cron_workflow_types.go`).

use super::durations;
use crate::manifest::files::Manifest;
use crate::manifest::yaml::Node;

/// When a schedule is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Schedule {
    /// Every so many seconds.
    Every(f64),
    /// At these minutes, hours, days of the month, months and days of the week, a bit each.
    At([Field; 5]),
}

/// What one field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    is_any: bool,
}

/// What a field may hold.
struct Bounds {
    name: &'static str,
    min: u32,
    max: u32,
    names: &'static [&'static str],
}

const BOUNDS: [Bounds; 5] = [
    Bounds { name: "minute", min: 0, max: 59, names: &[] },
    Bounds { name: "hour", min: 0, max: 23, names: &[] },
    Bounds { name: "day of the month", min: 1, max: 31, names: &[] },
    Bounds {
        name: "month",
        min: 1,
        max: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Bounds {
        name: "day of the week",
        min: 0,
        max: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

/// The schedules of a CronWorkflow, in either form.
pub(super) fn schedules<'n>(manifest: Manifest<'n>) -> Vec<&'n Node> {
    let Some(spec) = manifest.root.get("spec") else { return Vec::new() };
    let all = spec.get("schedule").into_iter().chain(spec.list("schedules"));
    all.filter(|it| it.scalar().is_some()).collect()
}

/// The part of a schedule after a timezone of its own, and that timezone.
pub(super) fn split_timezone(text: &str) -> (Option<&str>, &str) {
    let after = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ="));
    match after.map(|it| it.split_once(' ').unwrap_or((it, ""))) {
        Some((timezone, rest)) => (Some(timezone), rest.trim()),
        None => (None, text),
    }
}

/// A schedule, or why it is refused.
pub(super) fn parse(text: &str) -> Result<Schedule, String> {
    let (_, text) = split_timezone(text);
    if text.starts_with('@') {
        return descriptor(text);
    }
    parse_fields(text).map(Schedule::At)
}

/// The five fields of a schedule, or why they are refused.
pub(super) fn parse_fields(text: &str) -> Result<[Field; 5], String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != 5 {
        return Err(format!("it has {} fields instead of 5", fields.len()));
    }
    let mut parsed = [Field { bits: 0, is_any: false }; 5];
    for ((field, bounds), parsed) in fields.iter().zip(&BOUNDS).zip(&mut parsed) {
        for part in field.split(',').filter(|it| !it.is_empty()) {
            let range = range(part, bounds)?;
            parsed.bits |= range.bits;
            parsed.is_any |= range.is_any;
        }
    }
    Ok(parsed)
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    if let Some(duration) = text.strip_prefix("@every ") {
        let every_s = durations::go(duration);
        return match every_s {
            Some(every_s) => Ok(Schedule::Every(every_s.floor().max(1.0))),
            None => Err(format!("`{duration}` is no duration such as `1h30m`")),
        };
    }
    let same = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return Err(format!("there is no `{text}`")),
    };
    parse(same)
}

/// `number`, `number-number`, `*` or `?`, each with `/step` or without.
fn range(text: &str, bounds: &Bounds) -> Result<Field, String> {
    let (span, step) = match text.split('/').collect::<Vec<&str>>()[..] {
        [span] => (span, None),
        [span, step] => (span, Some(step)),
        _ => return Err(format!("`{text}` has more than one `/`")),
    };
    let ends: Vec<&str> = span.split('-').collect();
    let is_any = matches!(ends.first(), Some(&("*" | "?")));
    let (begin, end) = match ends[..] {
        _ if is_any => (bounds.min, bounds.max),
        [one] if step.is_some() => (value(one, bounds)?, bounds.max),
        [one] => (value(one, bounds)?, value(one, bounds)?),
        [begin, end] => (value(begin, bounds)?, value(end, bounds)?),
        _ => return Err(format!("`{text}` has more than one `-`")),
    };
    let step = match step {
        None => 1,
        Some(step) => step.parse().ok().filter(|&it| it > 0_u32).ok_or_else(|| {
            format!("`{step}` in `{text}` is no step: it takes a whole number above 0")
        })?,
    };
    let Bounds { name, min, max, .. } = *bounds;
    if begin < min || end > max {
        return Err(format!("`{text}` is not within {min} to {max}, the {name}"));
    }
    if begin > end {
        return Err(format!("`{text}` ends before it begins"));
    }
    let bits = (begin..=end).step_by(step as usize).fold(0, |bits, bit| bits | 1 << bit);
    Ok(Field { bits, is_any: is_any && step == 1 })
}

fn value(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let lower = text.to_ascii_lowercase();
    let named = bounds.names.iter().position(|it| *it == lower);
    let named = named.and_then(|it| u32::try_from(it).ok()).map(|it| it + bounds.min);
    let number = named.or_else(|| text.parse().ok());
    number.ok_or_else(|| format!("`{text}` is no {}", bounds.name))
}

impl Schedule {
    /// The shortest time between two runs, in seconds; none if there is never any.
    pub(super) fn shortest_gap_s(&self) -> Option<f64> {
        const DAY_MINUTES: u32 = 24 * 60;
        let fields = match self {
            Self::Every(every_s) => return Some(*every_s),
            Self::At(fields) => fields,
        };
        let is_due = |minute: &u32| {
            fields[0].bits >> (minute % 60) & 1 == 1 && fields[1].bits >> (minute / 60) & 1 == 1
        };
        let due: Vec<u32> = (0..DAY_MINUTES).filter(is_due).collect();
        let overnight = due.first()? + DAY_MINUTES - due.last()?;
        let gaps = due.windows(2).map(|pair| pair[1] - pair[0]);
        Some(f64::from(gaps.fold(overnight, u32::min)) * 60.0)
    }

    /// Whether there is no day on which it is due: the 30th of February.
    pub(super) fn is_never(&self) -> bool {
        const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let Self::At([minutes, hours, days, months, weekdays]) = self else { return false };
        let some_day = (1..=12).zip(DAYS).any(|(month, length)| {
            months.bits >> month & 1 == 1 && (1..=length).any(|day| days.bits >> day & 1 == 1)
        });
        // With both given, one of them is enough.
        let some_weekday =
            !weekdays.is_any && !days.is_any && weekdays.bits != 0 && months.bits != 0;
        minutes.bits == 0 || hours.bits == 0 || !(some_day || some_weekday)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_those_of_robfig_cron() {
        let good = [
            "* * * * *",
            "*/5 0-3,22 1 jan-MAR sun",
            "CRON_TZ=Asia/Tokyo 0 4 * * ?",
            "TZ=UTC @daily",
            "@every 1h30m",
            "5/15 * * * *",
        ];
        for text in good {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
        let bad = [
            ("", "it has 0 fields instead of 5"),
            ("0 0 4 * * *", "it has 6 fields instead of 5"),
            ("* * * * 7", "`7` is not within 0 to 6, the day of the week"),
            ("60 * * * *", "`60` is not within 0 to 59, the minute"),
            ("0 0 L * *", "`L` is no day of the month"),
            ("0 22-2 * * *", "`22-2` ends before it begins"),
            ("*/0 * * * *", "`0` in `*/0` is no step: it takes a whole number above 0"),
            ("@reboot", "there is no `@reboot`"),
            ("@every day", "`day` is no duration such as `1h30m`"),
            ("TZ=UTC", "it has 0 fields instead of 5"),
        ];
        for (text, why) in bad {
            assert_eq!(parse(text).unwrap_err(), why, "{text}");
        }
    }

    #[test]
    fn gaps_are_the_shortest_within_a_day_and_over_night() {
        let gap = |text: &str| parse(text).unwrap().shortest_gap_s();
        let minutes = |it: f64| Some(it * 60.0);
        assert_eq!(gap("*/7 * * * *"), minutes(4.0));
        assert_eq!(gap("0 4 * * *"), minutes(1_440.0));
        assert_eq!(gap("55 23 * * *"), minutes(1_440.0));
        assert_eq!(gap("0,30 0,23 * * *"), minutes(30.0));
        assert_eq!(gap("@every 90s"), Some(90.0));
        assert_eq!(gap(", * * * *"), None);
        let never = |text: &str| parse(text).unwrap().is_never();
        assert!(never("0 0 30 2 *") && never("0 0 31 4,6 *"));
        assert!(!never("0 0 29 2 *") && !never("0 0 30 2 mon") && !never("@hourly"));
    }
}
