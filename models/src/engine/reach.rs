//! Which limits were reached, and when first: to the nanosecond, and at no cost for those that nobody
//! waits for.
//!
//! A limit is reached in one of three ways, and the first of them counts:
//!
//! - it **refuses** somebody: the recorder sees that in the facts;
//! - what it bounds is **full**: a gauge comes to its brim ([`Recorder::watch`](super::recorder::Recorder));
//! - a **line** behind it gets long ([`Line`]): a limit that lets wait is no news as long as few wait for
//!   a moment, which happens at any load. It is reached when the line is unbroken for [`LONG`], or has
//!   [`MANY`] in it and lasts [`A_MOMENT`], or has [`SOME`] in it and lasts a tenth of the run. The instant
//!   is that at which the line began.

use sim_core::time::{SimDuration, SimTime};

use super::event::ComponentId;
use super::fate::Reason;

/// Somebody waits, without a break, for so long.
pub(crate) const LONG: SimDuration = SimDuration::from_secs(60);
/// So many wait ...
pub(crate) const MANY: u64 = 100;
/// ... in a line that lasts at least so long.
pub(crate) const A_MOMENT: SimDuration = SimDuration::from_secs(1);
/// In a short run less is long: the horizon over this ...
const SHARE: u64 = 10;
/// ... if so many wait.
pub(crate) const SOME: u64 = 10;

/// How a limit fared.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub(crate) component: ComponentId,
    pub(crate) limit: String,
    /// When it was first reached.
    pub(crate) first: Option<SimTime>,
    /// The most that waited for it at once.
    pub(crate) most: u64,
    /// The longest time without a break in which somebody waited for it.
    pub(crate) longest: SimDuration,
}

/// What was refused at one component for one reason.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal {
    pub(crate) component: ComponentId,
    pub(crate) reason: Reason,
    pub(crate) first: SimTime,
    pub(crate) count: u64,
}

/// Handle of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineId(pub(super) u32);

/// Those who wait for a limit. The line may be held up by one limit now and by another later: it is aimed
/// at the one that holds it up now.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Which of the [`Reaches`] it is aimed at.
    aim: u32,
    waiting: u64,
    since: SimTime,
    ended: SimTime,
    most: u64,
    /// From here on it is worth a look: `MANY`, until its limit is reached.
    brim: u64,
    /// As long as this is worth a look.
    long: SimDuration,
    /// The longest with the present aim.
    longest: SimDuration,
    most_ever: u64,
}

impl Line {
    /// So many wait from `now` on. Whether that is worth a look. A line that begins anew at the instant at
    /// which it ended goes on.
    #[inline]
    fn set(&mut self, now: SimTime, waiting: u64) -> bool {
        if self.waiting == 0 && now > self.ended {
            self.since = now;
            self.most = 0;
        }
        self.waiting = waiting;
        self.most = self.most.max(waiting);
        if waiting > 0 {
            return waiting >= self.brim;
        }
        self.ended = now;
        let lasted = now.since(self.since);
        self.longest = self.longest.max(lasted);
        self.most_ever = self.most_ever.max(self.most);
        lasted >= self.long || self.most >= self.brim
    }
}

/// All limits that were reached or waited for.
#[derive(Clone, Debug)]
pub(crate) struct Reaches {
    lines: Vec<Line>,
    pub(crate) reaches: Vec<Reach>,
    pub(crate) refusals: Vec<Refusal>,
    horizon: SimDuration,
}

impl Reaches {
    pub(crate) fn new(horizon: SimDuration) -> Self {
        Self { lines: Vec::new(), reaches: Vec::new(), refusals: Vec::new(), horizon }
    }

    fn entry(&mut self, component: ComponentId, limit: &str) -> usize {
        let is = |reach: &Reach| reach.component == component && reach.limit == limit;
        self.reaches.iter().position(is).unwrap_or_else(|| {
            self.reaches.push(Reach {
                component,
                limit: limit.to_owned(),
                first: None,
                most: 0,
                longest: SimDuration::ZERO,
            });
            self.reaches.len() - 1
        })
    }

    /// The limit was reached at `at`.
    #[cold]
    pub(crate) fn reached(&mut self, component: ComponentId, limit: &str, at: SimTime) {
        let entry = self.entry(component, limit);
        let first = &mut self.reaches[entry].first;
        *first = Some(first.map_or(at, |first| first.min(at)));
    }

    #[cold]
    pub(super) fn refused(&mut self, component: ComponentId, reason: Reason, at: SimTime) {
        let is = |known: &&mut Refusal| known.component == component && known.reason == reason;
        match self.refusals.iter_mut().find(is) {
            Some(refusal) => refusal.count += 1,
            None => self.refusals.push(Refusal { component, reason, first: at, count: 1 }),
        }
    }

    pub(super) fn new_line(&mut self, component: ComponentId, limit: &str) -> LineId {
        let aim = self.entry(component, limit) as u32;
        self.lines.push(Line {
            aim,
            waiting: 0,
            since: SimTime::ZERO,
            ended: SimTime::ZERO,
            most: 0,
            brim: MANY,
            long: LONG,
            longest: SimDuration::ZERO,
            most_ever: 0,
        });
        let line = LineId((self.lines.len() - 1) as u32);
        self.watch(line);
        line
    }

    /// Looks out for what makes the line's limit reached, unless it has been.
    fn watch(&mut self, line: LineId) {
        let line = &mut self.lines[line.0 as usize];
        let is_reached = self.reaches[line.aim as usize].first.is_some();
        (line.brim, line.long) = match is_reached {
            true => (u64::MAX, SimDuration::MAX),
            false => (MANY, LONG.min(self.horizon / SHARE)),
        };
    }

    #[inline]
    pub(super) fn line(&mut self, id: LineId, now: SimTime, waiting: u64) {
        if self.lines[id.0 as usize].set(now, waiting) {
            self.look(id, now);
        }
    }

    /// From now on it is that limit that holds the line up. The line counts for it: from its beginning,
    /// unless it was long already.
    pub(super) fn aim(&mut self, id: LineId, now: SimTime, component: ComponentId, limit: &str) {
        let reach = &self.reaches[self.lines[id.0 as usize].aim as usize];
        if reach.component == component && reach.limit == limit {
            return;
        }
        let was_long = reach.first.is_some();
        self.save(id);
        let aim = self.entry(component, limit) as u32;
        let line = &mut self.lines[id.0 as usize];
        line.aim = aim;
        if was_long && line.waiting > 0 {
            (line.since, line.most) = (now, line.waiting);
        }
        self.watch(id);
    }

    /// Writes what the line was like into its limit's record.
    fn save(&mut self, id: LineId) {
        let line = &mut self.lines[id.0 as usize];
        let reach = &mut self.reaches[line.aim as usize];
        reach.most = reach.most.max(std::mem::take(&mut line.most_ever));
        reach.longest = reach.longest.max(std::mem::take(&mut line.longest));
    }

    /// Is the line, as it is at `now`, long?
    #[cold]
    fn look(&mut self, id: LineId, now: SimTime) {
        let line = &self.lines[id.0 as usize];
        let lasted = now.since(line.since);
        let share = self.horizon / SHARE;
        let is_long = lasted >= LONG
            || line.most >= MANY && lasted >= A_MOMENT.min(share)
            || line.most >= SOME && lasted >= share;
        if is_long {
            let (aim, since) = (line.aim as usize, line.since);
            self.reaches[aim].first.get_or_insert(since);
            self.watch(id);
        }
    }

    /// The run is over: looks at the lines that are still there.
    pub(super) fn finish(&mut self, now: SimTime) {
        for id in (0..self.lines.len() as u32).map(LineId) {
            let line = &mut self.lines[id.0 as usize];
            if line.waiting > 0 {
                line.longest = line.longest.max(now.since(line.since));
                line.most_ever = line.most_ever.max(line.most);
                self.look(id, now);
            }
            self.save(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    /// Changes of the line's length (second, length), the run's horizon in seconds, and when its limit
    /// was first reached.
    fn check(changes: &[(u64, u64)], horizon: u64, expected: Option<u64>) {
        let mut reaches = Reaches::new(SimDuration::from_secs(horizon));
        let line = reaches.new_line(0, "limit");
        changes.iter().for_each(|&(second, length)| reaches.line(line, at(second), length));
        reaches.finish(at(horizon));
        assert_eq!(reaches.reaches[0].first, expected.map(at), "{changes:?}");
    }

    #[test]
    fn a_line_is_long_when_it_lasts_or_when_many_stand_in_it() {
        // A minute without a break; a second less; twice half of it with a break in between.
        check(&[(5, 1), (10, 2), (65, 0)], 86_400, Some(5));
        check(&[(5, 1), (10, 2), (64, 0)], 86_400, None);
        check(&[(5, 1), (35, 0), (36, 1), (66, 0)], 86_400, None);
        // Ended and begun again at one instant, it goes on.
        check(&[(5, 1), (35, 0), (35, 1), (65, 0)], 86_400, Some(5));
        // Many for a second; for no time at all.
        check(&[(5, 100), (6, 0)], 86_400, Some(5));
        check(&[(5, 100), (5, 0)], 86_400, None);
        check(&[(5, 99), (6, 0)], 86_400, None);
        // A tenth of a short run, if ten wait.
        check(&[(5, 10), (9, 0)], 40, Some(5));
        check(&[(5, 9), (9, 0)], 40, None);
        check(&[(5, 10), (8, 0)], 40, None);
        // Still there in the end.
        check(&[(5, 1)], 66, Some(5));
        check(&[(5, 1)], 64, None);
    }

    #[test]
    fn a_line_counts_for_the_limit_that_it_is_aimed_at() {
        let mut reaches = Reaches::new(SimDuration::from_secs(1_000));
        let line = reaches.new_line(3, "one");
        reaches.line(line, at(1), 7);
        reaches.line(line, at(2), 0);
        reaches.aim(line, at(2), 4, "other");
        reaches.line(line, at(3), 200);
        reaches.line(line, at(5), 0);
        reaches.finish(at(1_000));
        let [one, other] = reaches.reaches.as_slice() else { panic!("two limits") };
        assert_eq!((one.first, one.most, one.longest), (None, 7, SimDuration::from_secs(1)));
        assert_eq!((other.component, other.first, other.most), (4, Some(at(3)), 200));
    }
}
