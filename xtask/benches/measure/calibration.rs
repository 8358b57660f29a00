//! What a loop written for one purpose costs on this machine, now: the measure of all others.
//!
//! Machines differ and are noisy, ratios within one run much less so. These loops use nothing of the
//! simulator, so that they stay as they are while it becomes faster: the standard library's heap, ChaCha8,
//! exponential draws by inversion.
//!
//! Changing them makes old ratios meaningless: do not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::workloads::Work;

/// An entry of the event list: the time in the upper half, then the number of the event, and its kind in
/// the last bit.
type Entry = Reverse<u128>;

fn entry(time_ns: u64, number: u64, kind: u64) -> Entry {
    Reverse(u128::from(time_ns) << 64 | u128::from(number << 1 | kind))
}

struct Draws(ChaCha8Rng);

impl Draws {
    fn new() -> Self {
        Self(ChaCha8Rng::seed_from_u64(1))
    }

    #[inline]
    fn exponential(&mut self, mean_ns: f64) -> u64 {
        let unit = (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        (-libm::log(1.0 - unit) * mean_ns) as u64
    }
}

/// M/M/1 at load 0.9, two events a customer.
pub(crate) fn mm1(customers: u64) -> Work {
    const ARRIVAL: u64 = 0;
    let mut draws = Draws::new();
    let mut heap = BinaryHeap::new();
    let mut queue = VecDeque::new();
    let (mut number, mut arrived, mut sojourn_ns) = (1, 0, 0_u128);
    heap.push(entry(0, 0, ARRIVAL));
    while let Some(Reverse(next)) = heap.pop() {
        let (now, kind) = ((next >> 64) as u64, next as u64 & 1);
        if kind == ARRIVAL {
            arrived += 1;
            if arrived < customers {
                heap.push(entry(now + draws.exponential(1e9), number, ARRIVAL));
                number += 1;
            }
            queue.push_back(now);
        } else {
            sojourn_ns += u128::from(now - queue.pop_front().expect("a customer in service"));
        }
        let begins = if kind == ARRIVAL { queue.len() == 1 } else { !queue.is_empty() };
        if begins {
            heap.push(entry(now + draws.exponential(0.9e9), number, 1));
            number += 1;
        }
    }
    assert!(queue.is_empty());
    Work { items: customers, events: 2 * customers, check: sojourn_ns as u64 }
}

/// The event list alone: pop the earliest of `pending`, schedule it again later.
pub(crate) fn hold(holds: u64, pending: u64) -> Work {
    let mut draws = Draws::new();
    let mut heap: BinaryHeap<Entry> =
        (0..pending).map(|number| entry(draws.exponential(1e9), number, 0)).collect();
    let mut check = 0;
    for number in pending..pending + holds {
        let Reverse(next) = heap.pop().expect("as many as before");
        let now = (next >> 64) as u64;
        check ^= now;
        heap.push(entry(now + draws.exponential(1e9), number, 0));
    }
    Work { items: holds, events: holds, check }
}
