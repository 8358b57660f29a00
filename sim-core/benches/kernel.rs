//! What an event costs: `cargo bench -p sim-core --bench kernel`.
//!
//! *Hold* (Vaucher and Duval, "A comparison of simulation event list algorithms", CACM 18, 1975):
//! pop the earliest event, schedule it again after an exponential delay, with `n` pending. *M/M/1*: a
//! queue without limit at load 0.9, two events a customer. Each is measured on the kernel and on a
//! `BinaryHeap` (the calibration), so that figures of noisy machines can be read as ratios.
//!
//! A sample is 100,000 holds or customers, so 3 ms are 30 ns each. On a shared machine read the
//! column `fastest`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sim_core::kernel::{Kernel, Phase};
use sim_core::time::SimDuration;

const HOLDS: u64 = 100_000;
const CUSTOMERS: u64 = 100_000;
const PENDING: [usize; 8] = [2, 10, 32, 100, 1_000, 10_000, 100_000, 1_000_000];

fn main() {
    divan::main();
}

/// An event of the usual size: a kind, a component, a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    kind: u32,
    component: u32,
    message: u32,
}

fn event(kind: u32, message: u32) -> Event {
    Event { kind, component: 7, message }
}

/// Delays drawn beforehand, so that the list is what is measured: 64 Ki of them, half a megabyte.
struct Delays {
    table: Vec<u64>,
    next: usize,
}

impl Delays {
    /// Exponential delays (by inversion, from SplitMix64).
    fn exponential(mean_ns: f64, seed: u64) -> Self {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let unit = ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
            (-libm::log(1.0 - unit) * mean_ns) as u64
        };
        Self { table: (0..1 << 16).map(|_| draw()).collect(), next: 0 }
    }

    #[inline]
    fn draw(&mut self) -> u64 {
        self.next = (self.next + 1) % (1 << 16);
        self.table[self.next]
    }
}

/// What both lists can do.
trait List {
    fn new() -> Self;
    fn schedule(&mut self, delay: u64, phase: Phase, event: Event);
    fn pop(&mut self) -> Option<Event>;
    fn now(&self) -> u64;
}

impl List for Kernel<Event> {
    fn new() -> Self {
        Kernel::new()
    }
    #[inline]
    fn schedule(&mut self, delay: u64, phase: Phase, event: Event) {
        self.schedule_after(SimDuration::from_nanos(delay), phase, event);
    }
    #[inline]
    fn pop(&mut self) -> Option<Event> {
        Kernel::pop(self)
    }
    #[inline]
    fn now(&self) -> u64 {
        Kernel::now(self).as_nanos()
    }
}

/// The calibration: the same order from the standard library's heap.
struct Heap {
    now: u64,
    sequence: u64,
    heap: BinaryHeap<Reverse<(u64, u64, Event)>>,
}

impl List for Heap {
    fn new() -> Self {
        Self { now: 0, sequence: 0, heap: BinaryHeap::new() }
    }
    #[inline]
    fn schedule(&mut self, delay: u64, phase: Phase, event: Event) {
        let rank = (phase as u64) << 62 | self.sequence;
        self.sequence += 1;
        self.heap.push(Reverse((self.now + delay, rank, event)));
    }
    #[inline]
    fn pop(&mut self) -> Option<Event> {
        let Reverse((time, _, event)) = self.heap.pop()?;
        self.now = time;
        Some(event)
    }
    #[inline]
    fn now(&self) -> u64 {
        self.now
    }
}

#[divan::bench(types = [Kernel<Event>, Heap], args = PENDING, sample_count = 30, sample_size = 1)]
fn hold<L: List>(bencher: Bencher, pending: usize) {
    let mut delays = Delays::exponential(1e9, 1);
    let mut list = L::new();
    for message in 0..pending as u32 {
        list.schedule(delays.draw(), Phase::Arrive, event(0, message));
    }
    let mut turn = || {
        for _ in 0..HOLDS {
            let event = list.pop().expect("an event for each pending");
            list.schedule(delays.draw(), Phase::Arrive, event);
        }
    };
    // The list has to reach its steady state: every event has been held a few times.
    (0..(4 * pending as u64).div_ceil(HOLDS)).for_each(|_| turn());
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(turn);
}

/// A customer of M/M/1 arrives at a server that serves in the order of arrival.
fn mm1<L: List>(interarrival: &mut Delays, service: &mut Delays) -> u64 {
    const ARRIVAL: u32 = 0;
    let mut list = L::new();
    let mut queue = VecDeque::new();
    let mut is_busy = false;
    let mut sojourn = 0;
    let mut served = 0;
    list.schedule(0, Phase::Arrive, event(ARRIVAL, 0));
    while let Some(Event { kind, message, .. }) = list.pop() {
        let now = list.now();
        if kind == ARRIVAL {
            queue.push_back(now);
            if u64::from(message) < CUSTOMERS - 1 {
                let next = event(ARRIVAL, message + 1);
                list.schedule(interarrival.draw(), Phase::Arrive, next);
            }
            if !is_busy {
                is_busy = true;
                list.schedule(service.draw(), Phase::Release, event(1, message));
            }
        } else {
            sojourn += now - queue.pop_front().expect("a customer in service");
            served += 1;
            is_busy = !queue.is_empty();
            if is_busy {
                list.schedule(service.draw(), Phase::Release, event(1, message));
            }
        }
    }
    assert_eq!(served, CUSTOMERS);
    sojourn
}

#[divan::bench(types = [Kernel<Event>, Heap], sample_count = 30, sample_size = 1)]
fn mm1_customer<L: List>(bencher: Bencher) {
    let mut interarrival = Delays::exponential(1e9, 2);
    let mut service = Delays::exponential(0.9e9, 3);
    bencher
        .counter(ItemsCount::new(CUSTOMERS))
        .bench_local(|| black_box(mm1::<L>(&mut interarrival, &mut service)));
}

/// Constant delays: through a lane the event list holds one, however many are pending.
#[divan::bench(args = PENDING, sample_count = 30, sample_size = 1)]
fn lane(bencher: Bencher, pending: usize) {
    let mut kernel = Kernel::new();
    let lane = kernel.lane(SimDuration::from_secs(30), Phase::Arrive);
    (0..pending as u32).for_each(|message| kernel.schedule_lane(lane, event(0, message)));
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            let event = kernel.pop().expect("an event for each pending");
            kernel.schedule_lane(lane, event);
        }
    });
}

/// Events that follow at once.
#[divan::bench(sample_count = 30, sample_size = 1)]
fn post(bencher: Bencher) {
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        let mut kernel = Kernel::new();
        kernel.post(Phase::Arrive, event(0, 0));
        for _ in 0..HOLDS {
            let event = kernel.pop().expect("the one posted");
            kernel.post(Phase::Arrive, event);
        }
        kernel.dispatched()
    });
}

/// A deadline that is met: a timer armed and cancelled for each event held, with `n` pending.
#[divan::bench(args = [10, 1_000], sample_count = 30, sample_size = 1)]
fn hold_with_cancelled_timer(bencher: Bencher, pending: usize) {
    let mut delays = Delays::exponential(1e9, 4);
    let mut kernel = Kernel::new();
    let mut timers = VecDeque::new();
    for message in 0..pending as u32 {
        List::schedule(&mut kernel, delays.draw(), Phase::Arrive, event(0, message));
        let deadline = kernel.now() + SimDuration::from_secs(30);
        timers.push_back(kernel.schedule_timer(deadline, Phase::Late, event(1, message)));
    }
    bencher.counter(ItemsCount::new(HOLDS)).bench_local(|| {
        for _ in 0..HOLDS {
            let event = kernel.pop().expect("an event for each pending");
            List::schedule(&mut kernel, delays.draw(), Phase::Arrive, event);
            timers.pop_front().map(|timer| kernel.cancel(timer));
            let deadline = kernel.now() + SimDuration::from_secs(30);
            timers.push_back(kernel.schedule_timer(deadline, Phase::Late, event));
        }
    });
}
