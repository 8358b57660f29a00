//! The most memory that a long run holds: it must not grow with the number of events.

use std::process::Command;

use crate::workloads::WORKLOADS;

/// Events of a long run.
const EVENTS: u64 = 100_000_000;

/// Runs `name` for a hundred million events in a process of its own: events dispatched, and the most
/// memory the process held, in MiB; nothing where the system does not tell (Linux does).
pub(crate) fn peak(name: &str) -> Option<(u64, f64)> {
    let workload = WORKLOADS.iter().find(|it| it.name == name)?;
    // How many events an item has is known after a short run.
    let short = (workload.run)(workload.items / 10);
    let items = (EVENTS as f64 * short.items as f64 / short.events as f64).ceil() as u64;
    let probe = Command::new(std::env::current_exe().ok()?)
        .args(["--probe", name, &items.to_string()])
        .output()
        .ok()?;
    let printed = String::from_utf8_lossy(&probe.stdout);
    let mut words = printed.split_whitespace().skip(1);
    let events = words.next()?.parse().ok()?;
    let kib: f64 = words.next()?.parse().ok()?;
    Some((events, kib / 1024.0))
}

/// The most memory that this process has held so far, in KiB.
pub(crate) fn high_water_kib() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}
