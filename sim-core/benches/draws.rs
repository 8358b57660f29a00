//! What a random number costs. Each figure is the time of [`DRAWS`] draws; `cargo bench -p sim-core
//! --bench draws` prints items per second besides. Compare ratios within one run only.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use sim_core::arrival::{ArrivalProcess, Pattern, ProfilePoint, Shape};
use sim_core::dist::{Distribution, standard_exponential, standard_normal};
use sim_core::random::{MessageStream, Random, Stream, Streams};
use sim_core::time::{SimDuration, SimTime};

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

#[divan::bench(args = ["periodic", "poisson", "on_off", "mmpp", "profile", "superposition"])]
fn arrival(bencher: Bencher, name: &str) {
    let poisson = || ArrivalProcess::poisson(100.0);
    let second = SimDuration::from_secs(1);
    let process = match name {
        "periodic" => ArrivalProcess::periodic(second, second),
        "poisson" => poisson(),
        "on_off" => {
            let [on, off] = [10.0, 30.0].map(|mean| Distribution::constant(mean).expect("valid"));
            ArrivalProcess::on_off(300.0, on, 40.0, off)
        }
        "mmpp" => ArrivalProcess::mmpp(&[300.0, 40.0], &[second * 10, second * 30]),
        "profile" => {
            let point = |secs, rate_per_s| ProfilePoint {
                at: SimTime::ZERO + SimDuration::from_secs(secs),
                rate_per_s,
                shape: Shape::Ramp,
            };
            let points = vec![point(0, 40.0), point(10, 300.0), point(40, 40.0)];
            ArrivalProcess::profile(points, Pattern::Poisson, Some(second * 40))
        }
        _ => poisson().and_then(|one| ArrivalProcess::superposition(vec![one; 8])),
    };
    let mut process = process.expect("valid parameters");
    bench_bits(bencher, |rng| {
        let arrival = process.next(SimTime::ZERO, rng).expect("endless");
        arrival.at.as_nanos()
    });
}
