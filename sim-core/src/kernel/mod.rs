//! The kernel: a clock and the events that will move it, in one total order.
//!
//! A model owns a [`Kernel`] of its own small event type, schedules events, and pops the earliest
//! until none is left. The kernel knows nothing of what an event means, and calls nothing back:
//! the loop is the model's.
//!
//! ```
//! use sim_core::kernel::{Kernel, Phase};
//! use sim_core::time::{SimDuration, SimTime};
//!
//! #[derive(Clone, Copy, Debug, PartialEq)]
//! enum Event {
//!     Arrival(u32),
//!     Departure(u32),
//! }
//!
//! let mut kernel = Kernel::new();
//! kernel.schedule(SimTime::ZERO, Phase::Arrive, Event::Arrival(1));
//! let mut log = Vec::new();
//! while let Some(event) = kernel.pop() {
//!     if let Event::Arrival(customer) = event {
//!         let service = SimDuration::from_millis(30);
//!         kernel.schedule_after(service, Phase::Release, Event::Departure(customer));
//!     }
//!     log.push((kernel.now().as_nanos(), event));
//! }
//! assert_eq!(log, [(0, Event::Arrival(1)), (30_000_000, Event::Departure(1))]);
//! assert!(kernel.stuck().is_none());
//! ```
//!
//! # The order
//!
//! Events are popped in the order of (time, [`Phase`], sequence), where the sequence counts the
//! events scheduled so far. The order is total, so a run depends on nothing but what the model
//! scheduled: not on the structure of the event list, not on addresses, not on luck. It is the same
//! whichever way an event was scheduled: by [`schedule`](Kernel::schedule), as a
//! [timer](Kernel::schedule_timer), through a [lane](Kernel::lane) or for the present instant
//! ([`post`](Kernel::post)).
//!
//! An event can schedule another of an earlier phase at its own instant. That one is popped next,
//! before what is pending in later phases; time never goes back, phases may.
//!
//! # Why phases
//!
//! At one instant a permit is freed, a message arrives and a fault begins. Which comes first decides
//! whether the message waits, and the sequence alone would let the accident of who scheduled first
//! decide it. The phases say what we mean: limits and faults change first, then capacity is freed,
//! then arrivals see the capacity there is, then everything that looks at the outcome.
//!
//! # What it costs
//!
//! With `n` events pending in the event list:
//!
//! | operation | cost | how |
//! |---|---|---|
//! | `schedule`, `schedule_after` | constant | insertion into a sorted front of about 32, or into the slot of a 64-way wheel |
//! | `pop` | constant, amortized | the head of the front; each event moves at most once a level of the wheel (11), in practice once or twice |
//! | `post`, or scheduling for the present instant | constant | a ring for each phase |
//! | `schedule_lane` | constant | a ring for each lane, whose head alone is in the event list |
//! | `cancel` | constant, amortized | marks the timer; marked entries are swept out when they outnumber the others |
//! | `k` events at one instant | `k log k` together | sorted once, when their turn comes |
//! | `next_at` | constant; a scan of one slot of the wheel if the front is empty | nothing moves |
//!
//! Delays that are always the same (an ack wait, a requeue, a constant service time) are worth a
//! lane: however many are pending, the event list sees one.
//!
//! # Limits
//!
//! A model whose events schedule each other without delay would never end, and one that schedules
//! more than it pops would take all memory. Both end with a diagnosis: [`Kernel::pop`] returns `None`
//! and [`Kernel::stuck`] says why. [`Limits`] sets them.
//!
//! # Troubleshooting
//!
//! - *`pop` returns `None` though events are pending*: look at [`Kernel::stuck`].
//! - *Panic `cannot schedule ... in the past`*: a model computed an instant instead of a delay, or
//!   kept one for too long. [`Kernel::now`] does not move between two pops.
//! - *Stuck at one instant*: two components hand an event back and forth without delay. The last
//!   events popped name them; a retry or poll needs a delay above zero.
//! - *Too many pending*: an arrival process schedules all its arrivals at the start (schedule the
//!   next from the last), or a backlog is kept as events rather than in a queue.
//! - *Two runs differ*: the kernel is deterministic; look for a hash map, a clock, or a random stream
//!   shared by components.
//! - *The simulation is slow*: [`Kernel::pending`] in the millions is a hint at queues kept as
//!   events; many equal delays want a [lane](Kernel::lane).
//!
//! # How it is tested
//!
//! The obvious implementation, a sorted map, is kept beside the fast one (`oracle.rs`); random
//! scripts of all operations have to give the same events from both.

mod dispatch;
mod entry;
mod event_list;
mod front;
mod immediate;
mod lanes;
mod limits;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;
mod timers;
mod wheel;

use entry::{Entry, Owner, Tag, rank};
use event_list::EventList;
use immediate::Immediate;
use lanes::Lanes;
use timers::Timers;

use crate::time::{SimDuration, SimTime};

pub use lanes::Lane;
pub use limits::{Limits, Stuck};
pub use timers::Timer;

/// What comes first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Faults begin and end, limits and rates change.
    Change,
    /// Capacity is freed: a service ends, a permit or a token comes back.
    Release,
    /// Messages arrive, and see the capacity there is.
    Arrive,
    /// What looks at the outcome of the instant: deadlines, samples, reports.
    Late,
}

/// How many phases there are.
const PHASES: usize = 4;

/// Cancelled entries that are always tolerated, so that a small list is not swept all the time.
const TOMBSTONES_MIN: usize = 256;

/// The clock and the pending events of one run; see the [module](self).
///
/// `E` is best one word: it stays in a register then, and an entry is half a cache line. Keep the bulk of
/// a message in the model, and its index in the event.
pub struct Kernel<E: Copy> {
    now: u64,
    /// Events scheduled so far, which is the sequence of the next.
    scheduled: u64,
    /// Neither popped nor cancelled.
    pending: u64,
    cancelled: u64,
    /// Popped at the present instant.
    dispatched_now: u64,
    limits: Limits,
    stuck: Option<Stuck>,
    list: EventList<E>,
    /// The one event posted at this instant while nothing else was due: first without a comparison.
    next: Option<Posted<E>>,
    /// The event list is not the first to ask: something was posted at this instant, or the kernel is
    /// stuck.
    is_special: bool,
    immediate: Immediate<E>,
    lanes: Lanes<E>,
    timers: Timers,
}

/// An event posted at the present instant.
struct Posted<E> {
    phase: Phase,
    sequence: u64,
    event: E,
}

impl<E: Copy> Default for Kernel<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> Kernel<E> {
    /// A kernel at time zero without events, with the default [`Limits`].
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Limits::DEFAULT)
    }

    /// A kernel at time zero without events, with these limits.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            now: 0,
            scheduled: 0,
            pending: 0,
            cancelled: 0,
            dispatched_now: 0,
            limits,
            stuck: None,
            list: EventList::new(),
            next: None,
            is_special: false,
            immediate: Immediate::new(),
            lanes: Lanes::new(),
            timers: Timers::new(),
        }
    }

    /// The present instant: when the event popped last was due.
    #[must_use]
    #[inline]
    pub fn now(&self) -> SimTime {
        SimTime::from_nanos(self.now)
    }

    /// Events scheduled and neither popped nor cancelled.
    #[must_use]
    #[inline]
    pub fn pending(&self) -> usize {
        self.pending as usize
    }

    /// Events popped so far.
    #[must_use]
    #[inline]
    pub fn dispatched(&self) -> u64 {
        self.scheduled - self.cancelled - self.pending
    }

    /// Which limit ended the run, if one did. From then on `pop` returns `None`, and the results of
    /// the run mean nothing but this.
    #[must_use]
    pub fn stuck(&self) -> Option<Stuck> {
        self.stuck
    }

    /// Schedules an event at the present instant, after everything already due in that phase.
    #[inline]
    pub fn post(&mut self, phase: Phase, event: E) {
        if let Some(sequence) = self.admit() {
            if !self.is_special && self.nothing_else_is_due_now() {
                self.next = Some(Posted { phase, sequence, event });
                self.is_special = true;
            } else {
                self.push_immediate(phase, sequence, Tag::NONE, event);
            }
        }
    }

    /// Whether the event list holds nothing of this instant. The wheel does not: the front would hold it.
    #[inline]
    fn nothing_else_is_due_now(&self) -> bool {
        self.list.first_in_front().is_none_or(|first| first.time > self.now)
    }

    #[inline(never)]
    fn push_immediate(&mut self, phase: Phase, sequence: u64, tag: Tag, event: E) {
        if let Some(next) = self.next.take() {
            self.immediate.push(next.phase, next.sequence, Tag::NONE, next.event);
        }
        self.immediate.push(phase, sequence, tag, event);
        self.is_special = true;
    }

    /// Schedules an event.
    ///
    /// # Panics
    /// If `at` is in the past.
    #[inline]
    pub fn schedule(&mut self, at: SimTime, phase: Phase, event: E) {
        if let Some(sequence) = self.admit() {
            self.insert(at, phase, sequence, Tag::NONE, event);
        }
    }

    /// Schedules an event after a delay; see [`Kernel::lane`] for delays that are always the same.
    /// Past the end of time the event is due at [`SimTime::MAX`].
    #[inline]
    pub fn schedule_after(&mut self, delay: SimDuration, phase: Phase, event: E) {
        self.schedule(self.now() + delay, phase, event);
    }

    /// Schedules an event that can be [cancelled](Kernel::cancel).
    ///
    /// # Panics
    /// If `at` is in the past.
    #[inline]
    pub fn schedule_timer(&mut self, at: SimTime, phase: Phase, event: E) -> Timer {
        let Some(sequence) = self.admit() else { return Timer::NEVER };
        let timer = self.timers.arm(None);
        self.insert(at, phase, sequence, Tag::timer(timer.slot), event);
        timer
    }

    /// Cancels a timer: its event will not be popped. `false` if it was popped or cancelled before.
    #[inline]
    pub fn cancel(&mut self, timer: Timer) -> bool {
        let was_armed = self.timers.cancel(timer);
        if was_armed {
            self.cancelled += 1;
            self.pending -= 1;
            if self.timers.tombstones() > self.pending() + TOMBSTONES_MIN {
                self.sweep();
            }
        }
        was_armed
    }

    /// The lane of all events that are due a constant `delay` after they are scheduled, in `phase`.
    /// Asking again for the same delay and phase gives the same lane.
    pub fn lane(&mut self, delay: SimDuration, phase: Phase) -> Lane {
        self.lanes.open(delay.as_nanos(), phase)
    }

    /// Schedules an event after the delay of its lane: the same as [`Kernel::schedule_after`] with
    /// the delay and phase of the lane, but cheaper when many are pending.
    ///
    /// # Panics
    /// If the lane is of another kernel and unknown here.
    #[inline]
    pub fn schedule_lane(&mut self, lane: Lane, event: E) {
        if let Some(sequence) = self.admit() {
            self.append(lane, sequence, Tag::lane(lane.0), event);
        }
    }

    /// Schedules an event after the delay of its lane that can be [cancelled](Kernel::cancel).
    ///
    /// # Panics
    /// If the lane is of another kernel and unknown here.
    #[inline]
    pub fn schedule_lane_timer(&mut self, lane: Lane, event: E) -> Timer {
        let Some(sequence) = self.admit() else { return Timer::NEVER };
        let timer = self.timers.arm(Some(lane.0));
        self.append(lane, sequence, Tag::timer(timer.slot), event);
        timer
    }

    /// Takes the earliest event and moves the clock to it. `None` if no event is pending, or if a
    /// limit ended the run ([`Kernel::stuck`]).
    #[inline]
    pub fn pop(&mut self) -> Option<E> {
        self.take(u64::MAX)
    }

    /// Takes the earliest event due at or before `limit`. If there is none the clock moves on to
    /// `limit` (it never moves back), unless the kernel is [stuck](Kernel::stuck).
    #[inline]
    pub fn pop_until(&mut self, limit: SimTime) -> Option<E> {
        let event = self.take(limit.as_nanos());
        if event.is_none() {
            self.move_clock(limit.as_nanos());
        }
        event
    }

    /// When the earliest pending event is due.
    pub fn next_at(&mut self) -> Option<SimTime> {
        if self.timers.tombstones() > 0 && !self.immediate.is_empty() {
            self.sweep();
        }
        if self.next.is_some() || !self.immediate.is_empty() {
            return Some(self.now());
        }
        loop {
            let timers = &self.timers;
            match self.list.first_time(|entry| timers.is_tombstone(entry.tag)) {
                Ok(time) => return time.map(SimTime::from_nanos),
                Err(dead) => dead.iter().for_each(|entry| self.settle(entry)),
            }
        }
    }

    /// The sequence of the next event, if there is room for one.
    #[inline]
    fn admit(&mut self) -> Option<u64> {
        if self.pending >= self.limits.pending_max as u64 {
            return self.refuse();
        }
        let sequence = self.scheduled;
        self.scheduled += 1;
        self.pending += 1;
        Some(sequence)
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self) -> Option<u64> {
        let stuck = Stuck::Pending { at: self.now(), pending: self.pending() };
        self.stuck.get_or_insert(stuck);
        self.is_special = true;
        None
    }

    #[inline]
    fn insert(&mut self, at: SimTime, phase: Phase, sequence: u64, tag: Tag, event: E) {
        let time = at.as_nanos();
        if time > self.now {
            let entry = Entry { time, rank: rank(phase, sequence), tag, event };
            self.list.insert(entry, self.now);
        } else {
            self.insert_now(at, phase, sequence, tag, event);
        }
    }

    /// Apart, so that its callers need not save what it uses.
    #[cold]
    #[inline(never)]
    fn insert_now(&mut self, at: SimTime, phase: Phase, sequence: u64, tag: Tag, event: E) {
        if at < self.now() {
            panic_in_the_past(at, self.now());
        }
        self.push_immediate(phase, sequence, tag, event);
    }

    #[inline]
    fn append(&mut self, lane: Lane, sequence: u64, tag: Tag, event: E) {
        let queue = &mut self.lanes.queues[lane.0 as usize];
        let time = self.now.saturating_add(queue.delay);
        if time == self.now {
            let phase = queue.phase;
            return self.append_without_delay(phase, sequence, tag, event);
        }
        let entry = Entry { time, rank: rank(queue.phase, sequence), tag, event };
        if queue.head_is_listed {
            queue.waiting.push_back(entry);
        } else {
            queue.head_is_listed = true;
            self.list.insert(entry, self.now);
        }
    }

    /// A lane without delay, or the end of time: nothing that the lane would have to hear of.
    #[cold]
    fn append_without_delay(&mut self, phase: Phase, sequence: u64, tag: Tag, event: E) {
        let tag = match tag.owner() {
            Owner::Timer(slot) => {
                self.timers.leave_lane(slot);
                tag
            }
            Owner::Lane(_) | Owner::None => Tag::NONE,
        };
        self.push_immediate(phase, sequence, tag, event);
    }

    /// Moves the clock to an instant before the next event.
    #[inline]
    fn move_clock(&mut self, to: u64) {
        if self.stuck.is_none() && to > self.now {
            self.now = to;
            self.dispatched_now = 0;
        }
    }

    /// Removes the entries of cancelled timers, wherever they are.
    #[cold]
    #[inline(never)]
    fn sweep(&mut self) {
        let timers = &mut self.timers;
        self.lanes.retain(|entry| !timers.release_tombstone(entry.tag, &mut |_| {}));
        self.immediate.retain(|tag| !timers.release_tombstone(tag, &mut |_| {}));
        let mut headless = Vec::new();
        let mut note = |lane| headless.push(lane);
        self.list.retain(|entry| !timers.release_tombstone(entry.tag, &mut note));
        headless.into_iter().for_each(|lane| self.list_head(lane));
        assert_eq!(self.timers.tombstones(), 0, "a cancelled timer is held nowhere");
    }

    /// Entries held anywhere, cancelled ones included.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.list.len() + self.immediate.len() + self.lanes.len() + usize::from(self.next.is_some())
    }
}

#[cold]
#[inline(never)]
fn panic_in_the_past(at: SimTime, now: SimTime) -> ! {
    panic!(
        "cannot schedule an event in the past: at {} ns, while the clock stands at {} ns",
        at.as_nanos(),
        now.as_nanos()
    );
}
