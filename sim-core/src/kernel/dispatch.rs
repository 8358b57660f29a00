//! Which event is next: the order of the [module above](super), made of the event list and of what was
//! posted at the present instant.

use super::Kernel;
use super::entry::{Entry, Owner, Tag};
use super::limits::Stuck;

impl<E: Copy> Kernel<E> {
    /// Takes the first event due at or before `limit`: what is most often the case, kept short.
    #[inline(always)]
    pub(super) fn take(&mut self, limit: u64) -> Option<E> {
        if self.is_special {
            if self.next.is_some() {
                return self.take_next(limit);
            }
            return self.take_special(limit);
        }
        let first = self.list.first(limit)?;
        let (time, tag, event) = (first.time, first.tag, first.event);
        if tag == Tag::NONE && time > self.now {
            self.list.advance();
            self.now = time;
            self.dispatched_now = 1;
            self.pending -= 1;
            return Some(event);
        }
        self.take_special(limit)
    }

    /// Takes the one event that was posted at this instant when nothing else was due.
    #[inline]
    fn take_next(&mut self, limit: u64) -> Option<E> {
        if limit < self.now || self.stuck.is_some() || self.stops_at_this_instant() {
            return None;
        }
        // Whatever is due besides would have sent this one to the rings.
        self.is_special = false;
        self.dispatched_now += 1;
        self.pending -= 1;
        self.next.take().map(|next| next.event)
    }

    /// The definition of the order, for all cases but that.
    #[inline(never)]
    fn take_special(&mut self, limit: u64) -> Option<E> {
        if self.stuck.is_some() {
            return None;
        }
        loop {
            let entry = if self.immediate.is_empty() {
                self.is_special = false;
                let first = *self.list.first(limit)?;
                self.list.advance();
                first
            } else {
                self.take_at_this_instant(limit)?
            };
            if self.timers.is_tombstone(entry.tag) {
                self.settle(&entry);
                continue;
            }
            if entry.time > self.now {
                self.now = entry.time;
                self.dispatched_now = 0;
            } else if self.stops_at_this_instant() {
                return None;
            }
            self.settle(&entry);
            self.dispatched_now += 1;
            self.pending -= 1;
            return Some(entry.event);
        }
    }

    /// The first event of this instant, where events were posted: of the rings, or of those
    /// scheduled earlier for this instant.
    #[inline]
    fn take_at_this_instant(&mut self, limit: u64) -> Option<Entry<E>> {
        if limit < self.now {
            return None;
        }
        match self.list.first_in_front() {
            Some(&first) if first.time == self.now && first.rank < self.immediate.first_rank() => {
                self.list.advance();
                Some(first)
            }
            _ => self.immediate.take_first(self.now),
        }
    }

    /// Whether the present instant has had its share of events; then the run ends here.
    #[inline]
    fn stops_at_this_instant(&mut self) -> bool {
        let is_too_many = self.dispatched_now >= self.limits.instant_dispatches_max;
        if is_too_many {
            self.stop_at_this_instant();
        }
        is_too_many
    }

    #[cold]
    #[inline(never)]
    fn stop_at_this_instant(&mut self) {
        let dispatched = self.dispatched_now;
        self.stuck = Some(Stuck::Instant { at: self.now(), dispatched });
        self.is_special = true;
    }

    /// An entry has left the event list or a ring: its timer is free, its lane has a new head.
    #[inline]
    pub(super) fn settle(&mut self, entry: &Entry<E>) {
        match entry.tag.owner() {
            Owner::None => {}
            Owner::Lane(lane) => self.list_head(lane),
            Owner::Timer(slot) => {
                if let Some(lane) = self.timers.release(slot) {
                    self.list_head(lane);
                }
            }
        }
    }

    /// Puts the next entry of a lane into the event list.
    #[inline]
    pub(super) fn list_head(&mut self, lane: u32) {
        let queue = &mut self.lanes.queues[lane as usize];
        while let Some(entry) = queue.waiting.pop_front() {
            if !self.timers.release_tombstone(entry.tag, &mut |_| {}) {
                return self.list.insert(entry, self.now);
            }
        }
        queue.head_is_listed = false;
    }
}
