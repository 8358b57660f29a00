//! What queues, limiters and semaphores cost per operation.

use std::collections::VecDeque;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sim_core::limiter::{Limiter, Start};
use sim_core::queue::{Discard, Order, Queue, QueueLimits};
use sim_core::semaphore::Semaphore;
use sim_core::time::{Rate, SimDuration, SimTime};

const OPERATIONS: u64 = 10_000;

fn main() {
    divan::main();
}

fn at(step: u64) -> SimTime {
    SimTime::from_nanos(step * 100)
}

/// A push and a pop with a hundred inside.
#[divan::bench(args = [Order::Fifo, Order::Lifo, Order::Priority])]
fn queue_push_and_pop(bencher: Bencher<'_, '_>, order: Order) {
    let limits = QueueLimits { messages: Some(1_000), bytes: Some(1 << 30) };
    let mut queue = Queue::new(limits, Discard::Old, order);
    let mut evicted = Vec::new();
    for item in 0..100u32 {
        queue.push(at(0), item, 100, 0, &mut evicted).expect("there is room");
    }
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for step in 0..OPERATIONS {
            let pushed = queue.push(at(step), black_box(step as u32), 100, 0, &mut evicted);
            black_box((pushed.is_ok(), queue.pop()));
        }
    });
}

fn takes(bencher: Bencher<'_, '_>, limiter: Limiter) {
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        let mut limiter = limiter.clone();
        for step in 0..OPERATIONS {
            black_box(limiter.take(at(step)));
        }
    });
}

const RATE: Rate = Rate { count: 5_000_000, per: SimDuration::from_secs(1) };

#[divan::bench]
fn token_bucket_take(bencher: Bencher<'_, '_>) {
    takes(bencher, Limiter::token_bucket(RATE, 10, Start::Full));
}

#[divan::bench]
fn gcra_take(bencher: Bencher<'_, '_>) {
    takes(bencher, Limiter::gcra(RATE, 10));
}

#[divan::bench]
fn leaky_bucket_take(bencher: Bencher<'_, '_>) {
    takes(bencher, Limiter::leaky_bucket(RATE, 10));
}

/// A waiter joins, a permit is given back and goes to the front, with so many in the line.
#[divan::bench(args = [0, 100, 100_000])]
fn semaphore_handover(bencher: Bencher<'_, '_>, waiting: u32) {
    let mut semaphore = Semaphore::new(1);
    for waiter in 0..=waiting {
        semaphore.acquire(waiter, 0);
    }
    let mut next = waiting;
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for _ in 0..OPERATIONS {
            next = next.wrapping_add(1);
            semaphore.acquire(black_box(next), 0);
            semaphore.release();
            black_box(semaphore.next_granted());
        }
    });
}

/// The ring alone, with as much to move: what a FIFO queue is measured against.
#[divan::bench]
fn bare_ring_push_and_pop(bencher: Bencher<'_, '_>) {
    let mut queue = VecDeque::new();
    for item in 0..100u32 {
        queue.push_back((item, 100u64, 0i32, at(0)));
    }
    bencher.counter(ItemsCount::new(OPERATIONS)).bench_local(|| {
        for step in 0..OPERATIONS {
            queue.push_back((black_box(step as u32), 100, 0, at(step)));
            black_box(queue.pop_front());
        }
    });
}
