//! The time a piece of work took.

use std::time::Instant;

/// Nanoseconds that `work` had a core for itself; where that is not told, nanoseconds that passed.
#[allow(clippy::disallowed_methods, reason = "measures the program, never a simulation")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let (start, cpu) = (Instant::now(), cpu_ns());
    let result = work();
    let passed = start.elapsed().as_nanos() as u64;
    let used = cpu_ns().zip(cpu).map(|(now, before)| now - before).filter(|used| *used > 0);
    (result, used.unwrap_or(passed))
}

/// CPU time of this thread, from the scheduler's statistics of Linux. They are brought up to date when the
/// scheduler looks, which else is only at each tick of some milliseconds: yielding makes it look.
fn cpu_ns() -> Option<u64> {
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}
