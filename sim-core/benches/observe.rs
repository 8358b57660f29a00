//! What observation costs per event: nanoseconds for 1,000 updates divided by 1,000.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sim_core::observe::{Fingerprint, Histogram, Moments, TimeWeighted};
use sim_core::time::SimTime;

const UPDATES: u64 = 1_000;

fn main() {
    divan::main();
}

/// Latencies between a microsecond and a second, spread over the octaves.
fn latencies() -> Vec<u64> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    (0..UPDATES).map(|_| 1_000 + ((next() << 1) >> (next() % 20))).collect()
}

#[divan::bench]
fn histogram_record(bencher: Bencher<'_, '_>) {
    let latencies = latencies();
    let mut histogram = Histogram::new();
    bencher.counter(ItemsCount::new(UPDATES)).bench_local(|| {
        latencies.iter().for_each(|&latency| histogram.record(latency));
        black_box(&mut histogram);
    });
}

/// As in a model, where successive values go to different histograms: the additions to one sum do not
/// wait for each other.
#[divan::bench]
fn histogram_record_in_turn(bencher: Bencher<'_, '_>) {
    let latencies = latencies();
    let mut histograms = [const { Histogram::new() }; 4];
    bencher.counter(ItemsCount::new(UPDATES)).bench_local(|| {
        for four in latencies.chunks_exact(4) {
            histograms.iter_mut().zip(four).for_each(|(one, &latency)| one.record(latency));
        }
        black_box(&mut histograms);
    });
}

#[divan::bench]
fn gauge_set(bencher: Bencher<'_, '_>) {
    let latencies = latencies();
    let mut gauge = TimeWeighted::new(SimTime::ZERO);
    let mut now = 0;
    bencher.counter(ItemsCount::new(UPDATES)).bench_local(|| {
        for &latency in &latencies {
            now += latency & 0xffff;
            gauge.set(SimTime::from_nanos(now), latency);
        }
        black_box(&mut gauge);
    });
}

#[divan::bench]
fn fingerprint_absorb(bencher: Bencher<'_, '_>) {
    let latencies = latencies();
    let mut fingerprint = Fingerprint::new();
    bencher.counter(ItemsCount::new(UPDATES)).bench_local(|| {
        latencies.iter().for_each(|&latency| fingerprint.absorb(latency, 7));
        black_box(&mut fingerprint);
    });
}

#[divan::bench]
fn moments_push(bencher: Bencher<'_, '_>) {
    let latencies = latencies();
    let mut moments = Moments::new();
    bencher.counter(ItemsCount::new(UPDATES)).bench_local(|| {
        latencies.iter().for_each(|&latency| moments.push(latency as f64));
        black_box(&mut moments);
    });
}
