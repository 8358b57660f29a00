//! Permits, and a line of waiters for them: by priority, then by arrival.
//!
//! A permit is granted only at the front of the line, so nobody overtakes and, among equals, nobody
//! starves. The limit may change while permits are held (Argo Workflows reads it from a ConfigMap at
//! every check): below what is held, nothing is taken away, and nothing is granted until enough was
//! released.
//!
//! Invariants: permits held are at most the limit, unless it was lowered below them; every acquired
//! permit was released or is held; every waiter was granted, canceled or waits.
//!
//! Not here: when a waiter learns of its permit (a delay of the caller's), and semaphores that hand
//! out several permits at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The highest priority first, then the lowest sequence number.
type Turn = (Reverse<i32>, u64);

/// A counting semaphore; see the [module](self). All operations are O(log waiters).
#[derive(Clone, Debug)]
pub struct Semaphore<T: Copy + Ord> {
    limit: u32,
    held: u32,
    line: BTreeMap<Turn, T>,
    /// Finds a waiter's place in the line.
    turns: BTreeSet<(T, Turn)>,
    next_sequence: u64,
}

impl<T: Copy + Ord> Semaphore<T> {
    /// A semaphore with `limit` permits, none of them held. A limit of zero grants nothing.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit, held: 0, line: BTreeMap::new(), turns: BTreeSet::new(), next_sequence: 0 }
    }

    /// Takes a permit (true), or joins the line (false): then [`Semaphore::next_granted`] names
    /// `waiter` when its turn has come. Who comes while others wait waits too, even at a free permit
    /// that [`Semaphore::next_granted`] has not handed out yet.
    pub fn acquire(&mut self, waiter: T, priority: i32) -> bool {
        if self.try_acquire() {
            return true;
        }
        let turn = (Reverse(priority), self.next_sequence);
        self.next_sequence += 1;
        self.line.insert(turn, waiter);
        self.turns.insert((waiter, turn));
        false
    }

    /// Takes a permit if one is free and nobody waits for it.
    pub fn try_acquire(&mut self) -> bool {
        let free = self.held < self.limit && self.line.is_empty();
        self.held += u32::from(free);
        free
    }

    /// Gives a permit back. Call [`Semaphore::next_granted`] until it has no more.
    ///
    /// # Panics
    /// If none is held: a permit was released twice.
    pub fn release(&mut self) {
        assert!(self.held > 0, "a permit was released that nobody held");
        self.held -= 1;
    }

    /// Grants a free permit to the front of the line and says to whom; `None`: nobody waits or no
    /// permit is free. To be called after [`Semaphore::release`], [`Semaphore::set_limit`] and
    /// [`Semaphore::cancel`] until `None`.
    pub fn next_granted(&mut self) -> Option<T> {
        if self.held >= self.limit {
            return None;
        }
        let (turn, waiter) = self.line.pop_first()?;
        self.turns.remove(&(waiter, turn));
        self.held += 1;
        Some(waiter)
    }

    /// Takes `waiter` out of the line; false: it does not wait. Whoever waits several times loses
    /// the place with the highest priority.
    pub fn cancel(&mut self, waiter: T) -> bool {
        let first = (waiter, (Reverse(i32::MAX), 0));
        let Some(&(found, turn)) = self.turns.range(first..).next() else { return false };
        if found != waiter {
            return false;
        }
        self.turns.remove(&(waiter, turn));
        self.line.remove(&turn);
        true
    }

    /// Changes the limit. Raised: call [`Semaphore::next_granted`]. Lowered: permits held stay held.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    /// Permits there are.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Permits held; more than the limit only after it was lowered.
    #[must_use]
    pub fn held(&self) -> u32 {
        self.held
    }

    /// Waiters in the line.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.line.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grants(semaphore: &mut Semaphore<u32>) -> Vec<u32> {
        std::iter::from_fn(|| semaphore.next_granted()).collect()
    }

    #[test]
    fn grants_by_priority_then_arrival() {
        let mut semaphore = Semaphore::new(1);
        assert!(semaphore.acquire(0, 0));
        for (waiter, priority) in [(1, 0), (2, 5), (3, 0), (4, 5), (5, -5)] {
            assert!(!semaphore.acquire(waiter, priority));
        }
        let mut order = Vec::new();
        while semaphore.held() > 0 {
            semaphore.release();
            order.extend(grants(&mut semaphore));
        }
        assert_eq!(order, [2, 4, 1, 3, 5]);
    }

    #[test]
    fn nobody_overtakes_at_a_free_permit() {
        let mut semaphore = Semaphore::new(1);
        assert!(semaphore.acquire(1, 0));
        assert!(!semaphore.acquire(2, 0));
        semaphore.release();
        assert!(!semaphore.try_acquire());
        assert!(!semaphore.acquire(3, 9), "waits, although it will be first");
        assert_eq!(grants(&mut semaphore), [3]);
    }

    #[test]
    fn a_lowered_limit_grants_again_when_enough_were_released() {
        let mut semaphore = Semaphore::new(4);
        for holder in 0..4 {
            assert!(semaphore.acquire(holder, 0));
        }
        assert!(!semaphore.acquire(9, 0));
        semaphore.set_limit(2);
        for expected in [vec![], vec![], vec![9]] {
            semaphore.release();
            assert_eq!(grants(&mut semaphore), expected, "held {}", semaphore.held());
        }
        assert_eq!((semaphore.held(), semaphore.limit()), (2, 2));
    }

    #[test]
    fn a_raised_limit_grants_to_the_front() {
        let mut semaphore = Semaphore::new(0);
        for waiter in 1..=3 {
            assert!(!semaphore.acquire(waiter, 0));
        }
        semaphore.set_limit(2);
        assert_eq!(grants(&mut semaphore), [1, 2]);
        assert_eq!(semaphore.waiting(), 1);
    }

    #[test]
    fn the_canceled_are_passed_over() {
        let mut semaphore = Semaphore::new(1);
        semaphore.acquire(0, 0);
        for (waiter, priority) in [(1, i32::MAX), (2, 0), (3, i32::MIN)] {
            semaphore.acquire(waiter, priority);
        }
        assert!(semaphore.cancel(1) && semaphore.cancel(3));
        assert!(!semaphore.cancel(1), "canceled before");
        assert!(!semaphore.cancel(0), "holds, does not wait");
        semaphore.release();
        assert_eq!(grants(&mut semaphore), [2]);
        assert_eq!(semaphore.waiting(), 0);
    }

    #[test]
    #[should_panic(expected = "released that nobody held")]
    fn releasing_too_often_is_noticed() {
        Semaphore::<u32>::new(1).release();
    }

    #[derive(Clone, Debug)]
    enum Step {
        Acquire { waiter: u32, priority: i32 },
        Try,
        Release,
        Cancel { waiter: u32 },
        SetLimit(u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u32..12, -1i32..3).prop_map(|(waiter, priority)| Step::Acquire { waiter, priority }),
            1 => Just(Step::Try),
            4 => Just(Step::Release),
            1 => (0u32..12).prop_map(|waiter| Step::Cancel { waiter }),
            1 => (0u32..6).prop_map(Step::SetLimit),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_an_obvious_line(steps in prop::collection::vec(step(), 1..80)) {
            let mut semaphore = Semaphore::new(2);
            // In order of arrival: (waiter, priority).
            let mut line: Vec<(u32, i32)> = Vec::new();
            let (mut held, mut limit) = (0u32, 2u32);
            for step in steps {
                let allowed = limit.max(held);
                match step {
                    Step::Acquire { waiter, priority } => {
                        let granted = held < limit;
                        prop_assert_eq!(semaphore.acquire(waiter, priority), granted);
                        if granted { held += 1 } else { line.push((waiter, priority)) }
                    }
                    Step::Try => {
                        prop_assert_eq!(semaphore.try_acquire(), held < limit);
                        held += u32::from(held < limit);
                    }
                    Step::Release if held > 0 => {
                        semaphore.release();
                        held -= 1;
                    }
                    Step::Release => {}
                    Step::Cancel { waiter } => {
                        let places = line.iter().enumerate().filter(|(_, (who, _))| *who == waiter);
                        let place = places.rev().max_by_key(|(_, (_, priority))| *priority);
                        let place = place.map(|(place, _)| place);
                        prop_assert_eq!(semaphore.cancel(waiter), place.is_some());
                        place.map(|place| line.remove(place));
                    }
                    Step::SetLimit(new) => {
                        semaphore.set_limit(new);
                        limit = new;
                    }
                }
                for granted in grants(&mut semaphore) {
                    let highest = line.iter().map(|(_, priority)| *priority).max();
                    let front = line.iter().position(|(_, priority)| Some(*priority) == highest);
                    prop_assert_eq!(granted, line.remove(front.unwrap()).0);
                    held += 1;
                }
                prop_assert_eq!((semaphore.held(), semaphore.waiting()), (held, line.len() as u64));
                prop_assert!(held <= allowed.max(limit), "never more than were allowed");
                prop_assert!(line.is_empty() || held >= limit, "nobody waits at a free permit");
            }
        }
    }
}
