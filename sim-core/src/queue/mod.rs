//! A waiting line with limits on messages and bytes, and a rule for who goes when it is full.
//!
//! First in first out is a plain ring (a push and a pop are a few nanoseconds); last in first out
//! serves the same ring from its other end; by priority is a sorted map, O(log n).
//!
//! Two things the queue keeps, asserted by property tests: [`Queue::len`] and [`Queue::bytes`] are
//! the sum of what is inside, and everything offered was popped, removed, evicted, refused or is
//! still inside. Time is only noted ([`Queued::since`]), never read back: deadlines and ages are the
//! caller's.
//!
//! Not here: what happens to the refused and the evicted, see [`crate::policy`].

mod sorted;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use crate::time::SimTime;
use sorted::Sorted;

/// Who goes when there is no room (JetStream's `discard`, nats-server 2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discard {
    /// The oldest inside are evicted until the new one fits.
    Old,
    /// The new one is refused.
    New,
}

/// Who is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// First in, first out.
    Fifo,
    /// Last in, first out.
    Lifo,
    /// The highest priority first, by arrival within one priority.
    Priority,
}

/// How much may be inside; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct QueueLimits {
    /// Messages inside at most.
    pub messages: Option<u64>,
    /// Bytes inside at most.
    pub bytes: Option<u64>,
}

/// Why an item was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The limit on messages is reached.
    Messages,
    /// The item does not fit into the bytes that are free.
    Bytes,
    /// The item alone is larger than the limit on bytes: it would never fit.
    TooLarge,
}

/// An item and what the queue knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued<T> {
    /// What waits.
    pub item: T,
    /// Its size.
    pub bytes: u64,
    /// Its priority; only [`Order::Priority`] looks at it.
    pub priority: i32,
    /// Since when it waits.
    pub since: SimTime,
}

#[derive(Clone, Debug)]
enum Store<T> {
    /// Oldest at the front.
    Ring(VecDeque<Queued<T>>),
    Sorted(Sorted<T>),
}

/// A bounded waiting line; see the [module](self).
#[derive(Clone, Debug)]
pub struct Queue<T: Copy> {
    store: Store<T>,
    order: Order,
    discard: Discard,
    messages_max: u64,
    bytes_max: u64,
    bytes: u64,
}

impl<T: Copy> Queue<T> {
    /// An empty queue.
    #[must_use]
    pub fn new(limits: QueueLimits, discard: Discard, order: Order) -> Self {
        let store = match order {
            Order::Fifo | Order::Lifo => Store::Ring(VecDeque::new()),
            Order::Priority => Store::Sorted(Sorted::new()),
        };
        Self {
            store,
            order,
            discard,
            messages_max: limits.messages.unwrap_or(u64::MAX),
            bytes_max: limits.bytes.unwrap_or(u64::MAX),
            bytes: 0,
        }
    }

    /// Lets `item` in at the end of the line, or says why not. Under [`Discard::Old`] what had to go
    /// for it is appended to `evicted`, oldest first; the oldest goes whatever its priority.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] under either rule; the other two under [`Discard::New`], or when the
    /// limit on messages is zero. When both limits are reached, messages are named. A refusal
    /// evicts nothing.
    #[inline]
    pub fn push(
        &mut self,
        now: SimTime,
        item: T,
        bytes: u64,
        priority: i32,
        evicted: &mut Vec<T>,
    ) -> Result<(), Refusal> {
        if self.lack_of_room(bytes).is_some() {
            self.make_room(bytes, evicted)?;
        }
        self.bytes += bytes;
        match &mut self.store {
            // Put together in each arm, so that here the parts go straight into the ring.
            Store::Ring(ring) => ring.push_back(Queued { item, bytes, priority, since: now }),
            Store::Sorted(sorted) => sorted.push(Queued { item, bytes, priority, since: now }),
        }
        Ok(())
    }

    /// Puts `item` back as the one served next (of its priority), waiting since `since`: a redelivery.
    /// It is taken whether there is room or not, and evicts nothing: what comes back was in before.
    pub fn push_front(&mut self, since: SimTime, item: T, bytes: u64, priority: i32) {
        self.bytes += bytes;
        let queued = Queued { item, bytes, priority, since };
        match &mut self.store {
            Store::Ring(ring) if self.order == Order::Lifo => ring.push_back(queued),
            Store::Ring(ring) => ring.push_front(queued),
            Store::Sorted(sorted) => sorted.push_front(queued),
        }
    }

    /// Takes out the one whose turn it is.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<Queued<T>> {
        let next = match &mut self.store {
            Store::Ring(ring) if self.order == Order::Fifo => ring.pop_front(),
            Store::Ring(ring) => ring.pop_back(),
            Store::Sorted(sorted) => sorted.pop(),
        };
        self.take_off(next)
    }

    /// Takes out the one that came first, whatever the order.
    pub fn pop_oldest(&mut self) -> Option<Queued<T>> {
        let next = match &mut self.store {
            Store::Ring(ring) => ring.pop_front(),
            Store::Sorted(sorted) => sorted.pop_oldest(),
        };
        self.take_off(next)
    }

    /// Takes out the one that came last, whatever the order; for
    /// [`AdaptiveLifo`](crate::policy::adaptive_lifo::AdaptiveLifo).
    pub fn pop_newest(&mut self) -> Option<Queued<T>> {
        let next = match &mut self.store {
            Store::Ring(ring) => ring.pop_back(),
            Store::Sorted(sorted) => sorted.pop_newest(),
        };
        self.take_off(next)
    }

    /// The one whose turn it is.
    #[must_use]
    pub fn peek(&self) -> Option<&Queued<T>> {
        match &self.store {
            Store::Ring(ring) if self.order == Order::Lifo => ring.back(),
            Store::Ring(ring) => ring.front(),
            Store::Sorted(sorted) => sorted.peek(),
        }
    }

    /// Takes out the oldest item equal to `item`, wherever it is: O(n).
    pub fn remove(&mut self, item: T) -> Option<Queued<T>>
    where
        T: Eq,
    {
        let found = match &mut self.store {
            Store::Ring(ring) => {
                ring.iter().position(|queued| queued.item == item).and_then(|at| ring.remove(at))
            }
            Store::Sorted(sorted) => sorted.remove(item),
        };
        self.take_off(found)
    }

    /// Changes the limits. Under [`Discard::Old`] what no longer fits is evicted at once, oldest
    /// first; under [`Discard::New`] it stays and drains, and nothing is let in until it has.
    pub fn set_limits(&mut self, limits: QueueLimits, evicted: &mut Vec<T>) {
        self.messages_max = limits.messages.unwrap_or(u64::MAX);
        self.bytes_max = limits.bytes.unwrap_or(u64::MAX);
        if self.discard == Discard::Old {
            while self.len() > self.messages_max || self.bytes > self.bytes_max {
                self.evict_oldest(evicted);
            }
        }
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> QueueLimits {
        let some = |limit: u64| (limit != u64::MAX).then_some(limit);
        QueueLimits { messages: some(self.messages_max), bytes: some(self.bytes_max) }
    }

    /// Messages inside.
    #[must_use]
    #[inline]
    pub fn len(&self) -> u64 {
        match &self.store {
            Store::Ring(ring) => ring.len() as u64,
            Store::Sorted(sorted) => sorted.len(),
        }
    }

    /// Bytes inside.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether nothing is inside.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Since when the one that came first waits. (Under [`Order::Lifo`], what was put back with
    /// [`Queue::push_front`] counts as having come last.)
    #[must_use]
    pub fn oldest_since(&self) -> Option<SimTime> {
        match &self.store {
            Store::Ring(ring) => ring.front().map(|queued| queued.since),
            Store::Sorted(sorted) => sorted.oldest().map(|queued| queued.since),
        }
    }

    /// Everything inside: in order of arrival in a ring, in order of service by priority.
    pub fn iter(&self) -> Box<dyn Iterator<Item = &Queued<T>> + '_> {
        match &self.store {
            Store::Ring(ring) => Box::new(ring.iter()),
            Store::Sorted(sorted) => Box::new(sorted.iter()),
        }
    }

    #[inline]
    fn lack_of_room(&self, bytes: u64) -> Option<Refusal> {
        let fits = self.bytes.checked_add(bytes).is_some_and(|sum| sum <= self.bytes_max);
        if fits && self.len() < self.messages_max {
            None
        } else if bytes > self.bytes_max {
            Some(Refusal::TooLarge)
        } else if fits || self.len() >= self.messages_max {
            Some(Refusal::Messages)
        } else {
            Some(Refusal::Bytes)
        }
    }

    #[cold]
    fn make_room(&mut self, bytes: u64, evicted: &mut Vec<T>) -> Result<(), Refusal> {
        while let Some(refusal) = self.lack_of_room(bytes) {
            let hopeless = refusal == Refusal::TooLarge || self.messages_max == 0;
            if hopeless || self.discard == Discard::New {
                return Err(refusal);
            }
            self.evict_oldest(evicted);
        }
        Ok(())
    }

    fn evict_oldest(&mut self, evicted: &mut Vec<T>) {
        let oldest = self.pop_oldest().expect("an empty queue is within every limit but zero");
        evicted.push(oldest.item);
    }

    #[inline]
    fn take_off(&mut self, out: Option<Queued<T>>) -> Option<Queued<T>> {
        if let Some(queued) = &out {
            self.bytes -= queued.bytes;
        }
        out
    }
}
