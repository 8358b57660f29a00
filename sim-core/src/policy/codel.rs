//! CoDel (RFC 8289): drops at the head of a queue in which even the luckiest waited too long.

use crate::time::{SimDuration, SimTime};

/// What to do with the item at the head of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Serve it.
    Deliver,
    /// Drop it, and ask about the next one.
    Drop,
}

/// The control law's times are kept in parts of a nanosecond: they are sums of many roots.
const PARTS_PER_NS: u64 = 1 << 16;

/// A good queue drains within `interval`; one whose waiting times stay above `target` for that long
/// is a standing queue, and CoDel drops from it, the n-th time `interval / sqrt(n)` after the one
/// before, until a waiting time falls below the target.
///
/// The queue asks at every dequeue. The RFC's "less than one packet left" is "nothing left" here:
/// the last item is always delivered.
#[derive(Clone, Debug)]
pub struct Codel {
    target: SimDuration,
    interval: SimDuration,
    /// When the waiting times will have been too long for an interval; `None`: they are not.
    above_until: Option<SimTime>,
    dropping: bool,
    /// In parts of a nanosecond. While dropping: when the next drop is due.
    drop_next: u128,
    /// A drop at `drop_next` was made; the next one is not scheduled yet.
    drop_made: bool,
    /// Drops in this spell of dropping, and where the last spell began.
    count: u64,
    last_count: u64,
}

impl Codel {
    /// The RFC recommends 5 ms and 100 ms for the internet's paths; the interval should be about the
    /// slowest usual round trip, the target 5 to 10 % of it.
    #[must_use]
    pub fn new(target: SimDuration, interval: SimDuration) -> Self {
        Self {
            target,
            interval,
            above_until: None,
            dropping: false,
            drop_next: 0,
            drop_made: false,
            count: 0,
            last_count: 0,
        }
    }

    /// Decides about the item just taken from the queue, which waited for `sojourn` and left
    /// `remaining` others behind. After [`Verdict::Drop`], ask about the next one at the same `now`.
    pub fn on_dequeue(&mut self, now: SimTime, sojourn: SimDuration, remaining: u64) -> Verdict {
        let too_long = self.too_long(now, sojourn, remaining);
        if self.dropping {
            return self.while_dropping(now, too_long);
        }
        if too_long {
            self.begin_dropping(now);
            return Verdict::Drop;
        }
        Verdict::Deliver
    }

    /// Whether it is in a spell of dropping.
    #[must_use]
    pub fn is_dropping(&self) -> bool {
        self.dropping
    }

    /// Whether waiting times have been above the target for an interval.
    fn too_long(&mut self, now: SimTime, sojourn: SimDuration, remaining: u64) -> bool {
        if sojourn < self.target || remaining == 0 {
            self.above_until = None;
            return false;
        }
        match self.above_until {
            Some(above_until) => now >= above_until,
            None => {
                self.above_until = Some(now + self.interval);
                false
            }
        }
    }

    fn while_dropping(&mut self, now: SimTime, too_long: bool) -> Verdict {
        if !too_long {
            self.dropping = false;
            self.drop_made = false;
            return Verdict::Deliver;
        }
        if self.drop_made {
            self.drop_next = self.after(self.drop_next);
            self.drop_made = false;
        }
        if parts(now) < self.drop_next {
            return Verdict::Deliver;
        }
        self.count += 1;
        self.drop_made = true;
        Verdict::Drop
    }

    fn begin_dropping(&mut self, now: SimTime) {
        self.dropping = true;
        // Soon after the last spell: begin with the rate that controlled the queue then.
        let dropped_before = self.count.saturating_sub(self.last_count);
        let recent = u128::from(self.interval.as_nanos()) * 16 * u128::from(PARTS_PER_NS);
        let is_recent = parts(now).saturating_sub(self.drop_next) < recent;
        self.count = if dropped_before > 1 && is_recent { dropped_before } else { 1 };
        self.last_count = self.count;
        self.drop_next = self.after(parts(now));
    }

    /// The control law.
    fn after(&self, at: u128) -> u128 {
        let wait = self.interval.as_nanos() as f64 / (self.count as f64).sqrt();
        at + (wait * PARTS_PER_NS as f64) as u128
    }
}

fn parts(at: SimTime) -> u128 {
    u128::from(at.as_nanos()) * u128::from(PARTS_PER_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: SimDuration = SimDuration::from_millis(5);
    const INTERVAL: SimDuration = SimDuration::from_millis(100);
    const LONG: SimDuration = SimDuration::from_millis(6);

    fn ms(millis: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_millis(millis)
    }

    /// Asks until something is delivered; how many were dropped.
    fn dequeue(codel: &mut Codel, now: SimTime, sojourn: SimDuration) -> usize {
        let verdicts = std::iter::repeat_with(|| codel.on_dequeue(now, sojourn, 99));
        verdicts.take_while(|&verdict| verdict == Verdict::Drop).count()
    }

    /// Case `codel-schedule` (RFC 8289, section 5): above the target from 0 on, target 5 ms, interval
    /// 100 ms, asked at every nanosecond around each time: one drop, at most a nanosecond off.
    #[test]
    fn drops_by_the_square_root_law() {
        let expected_ns: [u64; 10] = [
            100_000_000,
            200_000_000,
            270_710_678,
            328_445_705,
            378_445_705,
            423_167_065,
            463_991_894,
            501_788_341,
            537_143_680,
            570_477_013,
        ];
        let mut codel = Codel::new(TARGET, INTERVAL);
        assert_eq!(dequeue(&mut codel, ms(0), LONG), 0);
        for at in expected_ns {
            let drops: Vec<usize> = (at - 2..=at + 1)
                .map(|nanos| dequeue(&mut codel, SimTime::from_nanos(nanos), LONG))
                .collect();
            assert_eq!((drops[0], drops.iter().sum()), (0, 1), "{at}: {drops:?}");
        }
    }

    #[test]
    fn a_short_wait_ends_it() {
        let mut codel = Codel::new(TARGET, INTERVAL);
        dequeue(&mut codel, ms(0), LONG);
        assert_eq!(dequeue(&mut codel, ms(100), LONG), 1);
        assert!(codel.is_dropping());
        assert_eq!(dequeue(&mut codel, ms(150), SimDuration::from_millis(4)), 0);
        assert!(!codel.is_dropping());
        // A new interval above the target is needed.
        assert_eq!(dequeue(&mut codel, ms(200), LONG), 0);
        assert_eq!(dequeue(&mut codel, ms(299), LONG), 0);
        assert_eq!(dequeue(&mut codel, ms(300), LONG), 1);
    }

    #[test]
    fn a_good_queue_loses_nothing() {
        let mut codel = Codel::new(TARGET, INTERVAL);
        for millis in 0..1_000 {
            // Bursts, but once in 99 ms the wait is short.
            let sojourn = SimDuration::from_millis(if millis % 99 == 0 { 4 } else { 50 });
            assert_eq!(dequeue(&mut codel, ms(millis), sojourn), 0);
        }
    }

    #[test]
    fn the_last_item_is_delivered() {
        let mut codel = Codel::new(TARGET, INTERVAL);
        for millis in [0, 100, 200] {
            assert_eq!(codel.on_dequeue(ms(millis), LONG, 0), Verdict::Deliver);
        }
    }

    #[test]
    fn a_recent_spell_is_taken_up_where_it_was() {
        // Twenty-one drops, a short wait, and above the target again soon or late. Soon: the first
        // wait after the first drop is that of the 20 drops since the last spell's first.
        for (pause_ms, next_wait_ns) in [(0, 22_360_680), (2_000, 100_000_000)] {
            let mut codel = Codel::new(TARGET, INTERVAL);
            dequeue(&mut codel, ms(0), LONG);
            let mut dropped = 0;
            let mut now = ms(0);
            while dropped < 21 {
                now += SimDuration::from_micros(100);
                dropped += dequeue(&mut codel, now, LONG);
            }
            dequeue(&mut codel, now, SimDuration::ZERO);
            let again = now + SimDuration::from_millis(pause_ms);
            dequeue(&mut codel, again, LONG);
            let first = again + INTERVAL;
            assert_eq!(dequeue(&mut codel, first, LONG), 1);
            let next = first + SimDuration::from_nanos(next_wait_ns);
            let just_before = SimTime::from_nanos(next.as_nanos() - 1);
            assert_eq!(dequeue(&mut codel, just_before, LONG), 0, "{pause_ms}");
            assert_eq!(dequeue(&mut codel, next, LONG), 1, "{pause_ms}");
        }
    }
}
