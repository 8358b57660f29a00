//! Adaptive LIFO ("Fail at Scale", Maurer, ACM Queue 2015): first come first served, except while
//! the queue builds up.

/// Whom to serve next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// The one that came first: [`Queue::pop_oldest`](crate::queue::Queue::pop_oldest).
    Oldest,
    /// The one that came last: [`Queue::pop_newest`](crate::queue::Queue::pop_newest).
    Newest,
}

/// Under overload the oldest have often been given up by whoever sent them; the newest can still be
/// answered in time. So above `build_up` waiting the newest are served first, until no more than
/// `relaxed` wait: two thresholds, so that it does not flap.
///
/// The mean wait is that of FIFO; it is spread differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdaptiveLifo {
    build_up: u64,
    relaxed: u64,
    turn: Turn,
}

impl AdaptiveLifo {
    /// Newest first above `build_up` waiting, until `relaxed` wait (at most `build_up`).
    #[must_use]
    pub fn new(build_up: u64, relaxed: u64) -> Self {
        Self { build_up, relaxed: relaxed.min(build_up), turn: Turn::Oldest }
    }

    /// Whom to serve next when `waiting` are in the queue.
    pub fn next(&mut self, waiting: u64) -> Turn {
        if waiting > self.build_up {
            self.turn = Turn::Newest;
        } else if waiting <= self.relaxed {
            self.turn = Turn::Oldest;
        }
        self.turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_first_only_while_building_up() {
        use Turn::{Newest, Oldest};
        let mut policy = AdaptiveLifo::new(10, 3);
        let table = [
            (10, Oldest),
            (11, Newest),
            (10, Newest),
            (4, Newest),
            (3, Oldest),
            (10, Oldest),
            (11, Newest),
            (0, Oldest),
        ];
        for (waiting, expected) in table {
            assert_eq!(policy.next(waiting), expected, "{waiting}");
        }
    }

    /// Cases `lifo-*`: M/M/1 with FIFO and LIFO have the same mean wait and second moments in the
    /// ratio 1 - load (Kingman 1962). Here the thresholds choose the one or the other.
    #[test]
    fn thresholds_of_the_ends_are_fifo_and_lifo() {
        let (mut fifo, mut lifo) = (AdaptiveLifo::new(u64::MAX, 0), AdaptiveLifo::new(1, 0));
        for waiting in [1, 2, 50, 2, 1_000] {
            assert_eq!(fifo.next(waiting), Turn::Oldest);
        }
        for waiting in [2, 50, 1, 1_000] {
            assert_eq!(lifo.next(waiting), Turn::Newest);
        }
    }
}
