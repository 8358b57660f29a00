//! What a consumer has delivered and not finished: acknowledgment deadlines and the queue of
//! messages to deliver again.
//!
//! The server has one timer per consumer. It is armed a millisecond after the first deadline, is not
//! stopped by acknowledgments, and when it fires queues every message past its deadline, by
//! sequence. Deadlines here are kept in order of time, so a firing looks only at what is due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use sim_core::time::{SimDuration, SimTime};

use super::seqmap::SeqMap;
use super::version::{DELAYED_NAK_CHECK, REDELIVERY_TIMER_SLACK, ServerVersion};

/// How far a consumer is with a message it has delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// Delivered; the deadline runs.
    InFlight,
    /// Refused for now; the deadline is the end of the delay.
    Delayed,
    /// In the queue for another delivery.
    Queued,
    /// Given up; only its number of deliveries is remembered.
    Exhausted,
}

/// A message delivered and not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The consumer sequence of its first delivery.
    pub(super) cseq: u64,
    deadline: SimTime,
    /// Deliveries after the first.
    pub(super) redeliveries: u32,
    pub(super) progress: Progress,
}

/// See the module documentation.
///
/// Invariants: `pending` and `queued` count the entries that are not exhausted and those that are
/// queued; a deadline in `in_order` or `out_of_order` is stale unless its entry still has it.
#[derive(Clone, Debug)]
pub(super) struct Redelivery {
    entries: SeqMap<Entry>,
    queue: VecDeque<u64>,
    /// Deadlines that came in ascending order, as they do with a constant wait.
    in_order: VecDeque<(SimTime, u64)>,
    /// The others: delays and backoff.
    out_of_order: BinaryHeap<Reverse<(SimTime, u64)>>,
    timer: Option<SimTime>,
    pending: u64,
    queued: u64,
    redelivered: u64,
    /// Messages that left the stream and are still counted as redelivered.
    redelivered_ghosts: u64,
    expired: Vec<u64>,
}

impl Redelivery {
    pub(super) const fn new() -> Self {
        Self {
            entries: SeqMap::new(),
            queue: VecDeque::new(),
            in_order: VecDeque::new(),
            out_of_order: BinaryHeap::new(),
            timer: None,
            pending: 0,
            queued: 0,
            redelivered: 0,
            redelivered_ghosts: 0,
            expired: Vec::new(),
        }
    }

    /// Messages that hold a place under `max_ack_pending`.
    #[inline]
    pub(super) const fn pending(&self) -> u64 {
        self.pending
    }

    /// Messages in the queue.
    #[inline]
    pub(super) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Messages with more than one delivery that are not finished.
    pub(super) const fn redelivered(&self) -> u64 {
        self.redelivered + self.redelivered_ghosts
    }

    pub(super) const fn timer(&self) -> Option<SimTime> {
        self.timer
    }

    #[inline]
    pub(super) fn get(&self, seq: u64) -> Option<&Entry> {
        self.entries.get(seq)
    }

    /// The first message from `seq` on that holds a place.
    pub(super) fn pending_at_or_after(&self, mut seq: u64) -> Option<(u64, &Entry)> {
        loop {
            let (found, entry) = self.entries.at_or_after(seq)?;
            if entry.progress != Progress::Exhausted {
                return Some((found, entry));
            }
            seq = found + 1;
        }
    }

    /// The lowest sequence known here.
    pub(super) fn first(&self) -> Option<u64> {
        self.entries.first()
    }

    /// Notes a first delivery at `now` whose acknowledgment is due at `deadline`.
    #[inline]
    pub(super) fn track(&mut self, seq: u64, cseq: u64, deadline: SimTime) {
        let progress = Progress::InFlight;
        self.entries.push(seq, Entry { cseq, deadline, redeliveries: 0, progress });
        self.pending += 1;
        self.note_deadline(deadline, seq);
    }

    /// Notes another delivery of a message that [`Redelivery::take_queued`] handed out.
    pub(super) fn track_again(&mut self, seq: u64, deadline: SimTime) {
        if let Some(entry) = self.entries.get_mut(seq) {
            entry.deadline = deadline;
            entry.progress = Progress::InFlight;
            self.note_deadline(deadline, seq);
        }
    }

    /// Arms the timer for a delivery due at `deadline`; `ack_wait` is the wait of a first delivery.
    #[inline]
    pub(super) fn arm(
        &mut self,
        now: SimTime,
        ack_wait: SimDuration,
        deadline: SimTime,
        version: ServerVersion,
    ) {
        let due = deadline + REDELIVERY_TIMER_SLACK;
        match self.timer {
            None => self.timer = Some(now + ack_wait + REDELIVERY_TIMER_SLACK),
            Some(at) if due < at && version.redelivery_timer_moves_earlier() => {
                self.timer = Some(due);
            }
            Some(_) => {}
        }
    }

    #[inline]
    fn note_deadline(&mut self, deadline: SimTime, seq: u64) {
        match self.in_order.back() {
            Some(&(last, _)) if last > deadline => self.out_of_order.push(Reverse((deadline, seq))),
            _ => self.in_order.push_back((deadline, seq)),
        }
    }

    /// Takes the next message out of the queue and counts the delivery that is to follow.
    pub(super) fn take_queued(&mut self) -> Option<(u64, Entry)> {
        while let Some(seq) = self.queue.pop_front() {
            let Some(entry) = self.entries.get_mut(seq) else { continue };
            if entry.progress != Progress::Queued {
                continue;
            }
            entry.progress = Progress::InFlight;
            entry.redeliveries += 1;
            self.redelivered += u64::from(entry.redeliveries == 1);
            let entry = *entry;
            self.queued -= 1;
            return Some((seq, entry));
        }
        None
    }

    /// Puts back, at the tail, what [`Redelivery::take_queued`] handed out and nobody took.
    pub(super) fn put_back(&mut self, seq: u64) {
        if let Some(entry) = self.entries.get_mut(seq) {
            entry.redeliveries -= 1;
            self.redelivered -= u64::from(entry.redeliveries == 0);
            self.enqueue(seq);
        }
    }

    fn enqueue(&mut self, seq: u64) {
        if let Some(entry) = self.entries.get_mut(seq) {
            entry.progress = Progress::Queued;
            self.queue.push_back(seq);
            self.queued += 1;
        }
    }

    /// Gives a message up: it holds no place any more, but its deliveries are remembered.
    pub(super) fn exhaust(&mut self, seq: u64) {
        if let Some(entry) = self.entries.get_mut(seq) {
            self.queued -= u64::from(entry.progress == Progress::Queued);
            self.pending -= u64::from(entry.progress != Progress::Exhausted);
            entry.progress = Progress::Exhausted;
        }
    }

    /// Counts a given-up message as redelivered though it was not.
    pub(super) fn mark_redelivered(&mut self, seq: u64) {
        if let Some(entry) = self.entries.get_mut(seq)
            && entry.redeliveries == 0
        {
            entry.redeliveries = 1;
            self.redelivered += 1;
        }
    }

    /// Forgets a message: acknowledged, terminated or gone.
    #[inline]
    pub(super) fn remove(&mut self, seq: u64) -> Option<Entry> {
        let entry = self.entries.remove(seq)?;
        self.queued -= u64::from(entry.progress == Progress::Queued);
        self.pending -= u64::from(entry.progress != Progress::Exhausted);
        self.redelivered -= u64::from(entry.redeliveries > 0);
        self.drop_stale_deadlines();
        Some(entry)
    }

    /// Goes on counting a message that is gone as redelivered: the server forgets only the counts of
    /// messages that hold a place.
    pub(super) fn remember_ghost(&mut self, gone: &Entry) {
        self.redelivered_ghosts += u64::from(gone.redeliveries > 0);
    }

    /// Forgets what has been given up, when nothing else is left.
    pub(super) fn reset(&mut self) {
        while let Some(seq) = self.first() {
            self.remove(seq);
        }
        self.redelivered_ghosts = 0;
    }

    /// Gives up everything, without a word.
    pub(super) fn exhaust_all(&mut self) {
        for (_, entry) in self.entries.iter_mut() {
            entry.progress = Progress::Exhausted;
        }
        (self.pending, self.queued) = (0, 0);
        self.drop_stale_deadlines();
    }

    /// Empties the queue; what was in it is due again at its deadline, or at once.
    pub(super) fn empty_queue(&mut self, now: SimTime) {
        while let Some(seq) = self.queue.pop_front() {
            let Some(entry) = self.entries.get_mut(seq) else { continue };
            if entry.progress == Progress::Queued {
                entry.progress = Progress::InFlight;
                let deadline = entry.deadline;
                let due = deadline.max(now) + REDELIVERY_TIMER_SLACK;
                self.timer = Some(self.timer.map_or(due, |at| at.min(due)));
                self.note_deadline(deadline, seq);
            }
        }
        self.queued = 0;
    }

    /// A negative acknowledgment: to the queue, unless it is there already.
    pub(super) fn nak(&mut self, seq: u64) {
        let progress = self.get(seq).map(|entry| entry.progress);
        if matches!(progress, Some(Progress::InFlight | Progress::Delayed)) {
            self.enqueue(seq);
        }
    }

    /// Moves the deadline of a message. A queued one stays queued: the server does not take it out.
    pub(super) fn postpone(&mut self, seq: u64, deadline: SimTime, progress: Progress) {
        if let Some(entry) = self.entries.get_mut(seq)
            && matches!(entry.progress, Progress::InFlight | Progress::Delayed)
        {
            entry.deadline = deadline;
            entry.progress = progress;
            self.note_deadline(deadline, seq);
        }
    }

    /// Makes the timer fire soon, so that it sees a deadline set by a delay.
    pub(super) fn check_soon(&mut self, now: SimTime) {
        if self.timer.is_some() {
            self.timer = Some(now + DELAYED_NAK_CHECK);
        }
    }

    fn is_live(&self, (deadline, seq): (SimTime, u64)) -> bool {
        self.entries.get(seq).is_some_and(|entry| {
            entry.deadline == deadline
                && matches!(entry.progress, Progress::InFlight | Progress::Delayed)
        })
    }

    #[inline]
    fn drop_stale_deadlines(&mut self) {
        while let Some(&front) = self.in_order.front()
            && !self.is_live(front)
        {
            self.in_order.pop_front();
        }
        while let Some(&Reverse(top)) = self.out_of_order.peek()
            && !self.is_live(top)
        {
            self.out_of_order.pop();
        }
    }

    /// The earliest deadline that still counts.
    fn next_deadline(&mut self) -> Option<(SimTime, u64)> {
        self.drop_stale_deadlines();
        let ordered = self.in_order.front().copied();
        let unordered = self.out_of_order.peek().map(|&Reverse(top)| top);
        ordered.into_iter().chain(unordered).min()
    }

    /// The timer's work: queues what is past its deadline, by sequence, and arms the timer again.
    ///
    /// `wait_after` gives the wait that follows so many redeliveries, or `None` when the message is
    /// to be given up instead; those are added to `exhausted`.
    pub(super) fn on_timer(
        &mut self,
        now: SimTime,
        wait_after: impl Fn(u32) -> Option<SimDuration>,
        exhausted: &mut Vec<u64>,
    ) {
        let mut expired = std::mem::take(&mut self.expired);
        while let Some((deadline, seq)) = self.next_deadline()
            && deadline <= now
        {
            let entry = self.entries.get_mut(seq).expect("a live deadline has its entry");
            // Out of the running before its deadline is looked at again.
            if let Some(wait) = wait_after(entry.redeliveries) {
                entry.progress = Progress::Queued;
                entry.deadline = now + wait;
                expired.push(seq);
            } else {
                self.exhaust(seq);
                exhausted.push(seq);
            }
        }
        expired.sort_unstable();
        self.queued += expired.len() as u64;
        self.queue.extend(expired.drain(..));
        self.expired = expired;
        self.timer = self.next_deadline().map(|(deadline, _)| deadline + REDELIVERY_TIMER_SLACK);
    }
}

#[cfg(test)]
impl Redelivery {
    /// Recounts, and looks for a message that nothing would ever bring back.
    pub(super) fn check(&self, is_stored: impl Fn(u64) -> bool) {
        let count = |counts: fn(&Entry) -> bool| {
            self.entries.iter().filter(|(_, entry)| counts(entry)).count() as u64
        };
        assert_eq!(self.pending, count(|entry| entry.progress != Progress::Exhausted));
        assert_eq!(self.queued, count(|entry| entry.progress == Progress::Queued));
        assert_eq!(self.redelivered, count(|entry| entry.redeliveries > 0));
        for (seq, entry) in self.entries.iter() {
            assert!(is_stored(seq), "{seq} is gone");
            match entry.progress {
                Progress::InFlight | Progress::Delayed => {
                    let mut deadlines = self.in_order.iter();
                    let ordered = deadlines.any(|&known| known == (entry.deadline, seq));
                    let mut deadlines = self.out_of_order.iter();
                    let other = deadlines.any(|&Reverse(known)| known == (entry.deadline, seq));
                    assert!(ordered || other, "{seq} has no deadline");
                    assert!(self.timer.is_some(), "{seq} has no timer");
                }
                Progress::Queued => assert!(self.queue.contains(&seq), "{seq} is not queued"),
                Progress::Exhausted => {}
            }
        }
    }
}
