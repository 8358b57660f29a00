//! What a random number costs. Each figure is the time of [`DRAWS`] draws; `cargo bench -p sim-core
//! --bench draws` prints items per second besides. Compare ratios within one run only.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use sim_core::dist::{Distribution, standard_exponential, standard_normal};
use sim_core::random::{MessageStream, Random, Stream, Streams};

const DRAWS: u64 = 10_000;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher, mut draw: impl FnMut(&mut Stream) -> f64) {
    let mut rng = Streams::new(1, 0).stream("bench", "draws");
    bencher
        .counter(ItemsCount::new(DRAWS))
        .bench_local(|| (0..DRAWS).map(|_| draw(black_box(&mut rng))).sum::<f64>());
}

/// The loop around the other benchmarks, with nothing to draw.
#[divan::bench]
fn calibration(bencher: Bencher) {
    bench(bencher, |rng| {
        black_box(rng);
        1.0
    });
}

/// Bits are added up with exclusive or: making them a float costs as much as drawing them.
fn bench_bits(bencher: Bencher, mut draw: impl FnMut(&mut Stream) -> u64) {
    let mut rng = Streams::new(1, 0).stream("bench", "draws");
    bencher
        .counter(ItemsCount::new(DRAWS))
        .bench_local(|| (0..DRAWS).fold(0, |bits, _| bits ^ draw(black_box(&mut rng))));
}

#[divan::bench]
fn stream_u64(bencher: Bencher) {
    bench_bits(bencher, Stream::next_u64);
}

/// A new stream for each message, and one draw from it.
#[divan::bench]
fn message_stream_u64(bencher: Bencher) {
    let at = Streams::new(1, 0).key("bench", "message");
    let mut message = 0;
    bench_bits(bencher, |_| {
        message += 1;
        MessageStream::new(black_box(message), at, 0).next_u64()
    });
}

#[divan::bench]
fn exponential(bencher: Bencher) {
    bench(bencher, standard_exponential);
}

#[divan::bench]
fn normal(bencher: Bencher) {
    bench(bencher, standard_normal);
}

#[divan::bench(args = [
    "constant", "uniform", "exponential", "erlang", "gamma", "hyperexponential", "lognormal",
    "weibull", "bounded_pareto",
])]
fn distribution(bencher: Bencher, name: &str) {
    let distribution = match name {
        "constant" => Distribution::constant(1.0),
        "uniform" => Distribution::uniform(0.0, 2.0),
        "exponential" => Distribution::exponential(1.0),
        "erlang" => Distribution::erlang(3, 1.0),
        "gamma" => Distribution::gamma(1.0, 2.0),
        "hyperexponential" => Distribution::hyperexponential_balanced(1.0, 2.0),
        "lognormal" => Distribution::lognormal(1.0, 1.5),
        "weibull" => Distribution::weibull(1.5, 1.0),
        _ => Distribution::bounded_pareto(1.5, 1.0, 1000.0),
    }
    .expect("valid parameters");
    let distribution = black_box(distribution);
    bench(bencher, |rng| distribution.sample(rng));
}
