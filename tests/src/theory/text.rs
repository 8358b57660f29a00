//! The RON of the models: how queueing theory's systems are written for the simulator. One unit of
//! the theory's time is one second.

/// Rates, for theory's numbers that have no short decimal form: events per this many seconds.
const PER_SECONDS: f64 = 1e9;

/// A steady state is observed from this part of the horizon on: a tenth, which is the end of a window
/// of the time series, so that counts and means speak of the same time.
pub(super) const WARM_UP_PARTS: u64 = 10;

/// A model whose first tenth is left out. The horizon is made a multiple of 600 seconds, so that a
/// window of the time series is a whole number of seconds.
pub(super) fn steady(horizon_s: f64, stages: &[String]) -> String {
    let horizon_s = (horizon_s / 600.0).ceil().max(1.0) as u64 * 600;
    let warm_up_s = horizon_s / WARM_UP_PARTS;
    let stages = stages.join(", ");
    format!(
        r#"Model(name: "theory", horizon: "{horizon_s}s", warm_up: "{warm_up_s}s", stages: [{stages}])"#
    )
}

/// A model that is observed from its first moment on.
pub(super) fn from_start(horizon: &str, stages: &[String]) -> String {
    let stages = stages.join(", ");
    format!(r#"Model(name: "theory", horizon: "{horizon}", stages: [{stages}])"#)
}

/// A source named `source` that sends to `to`.
pub(super) fn source(arrivals: &str, to: &str) -> String {
    format!(r#"EventSource(name: "source", arrivals: {arrivals}, to: "{to}")"#)
}

/// Clients that wait for the end of their event, then think.
pub(super) fn clients(count: u32, think: &str, to: &str) -> String {
    format!(
        r#"EventSource(name: "source", closed_loop: (clients: {count}, think: {think}), to: "{to}")"#
    )
}

/// A station; `more` are further fields, each with its comma.
pub(super) fn station(name: &str, servers: u32, service: &str, more: &str) -> String {
    format!(r#"Station(name: "{name}", servers: {servers}, service: {service}, {more})"#)
}

/// Ways out of a station, as one of its fields.
pub(super) fn split(ways: &[(f64, &str)]) -> String {
    let ways: Vec<String> = ways
        .iter()
        .map(|(probability, to)| format!(r#"(probability: {probability:?}, to: "{to}")"#))
        .collect();
    format!("split: [{}],", ways.join(", "))
}

pub(super) fn poisson(rate_per_s: f64) -> String {
    format!(r#"Poisson(rate: "{}")"#, rate(rate_per_s))
}

pub(super) fn renewal(interval: &str) -> String {
    format!("Renewal(interval: {interval})")
}

/// A rate to nine decimals.
pub(super) fn rate(rate_per_s: f64) -> String {
    format!("{}/{PER_SECONDS}s", (rate_per_s * PER_SECONDS).round())
}

/// A duration to the nanosecond.
pub(super) fn duration(seconds: f64) -> String {
    format!("{}ns", (seconds * 1e9).round())
}

pub(super) fn exponential(mean_s: f64) -> String {
    format!(r#"Exponential(mean: "{}")"#, duration(mean_s))
}

pub(super) fn constant(seconds: f64) -> String {
    format!(r#""{}""#, duration(seconds))
}

pub(super) fn erlang(k: u32, mean_s: f64) -> String {
    format!(r#"Erlang(k: {k}, mean: "{}")"#, duration(mean_s))
}

pub(super) fn gamma(mean_s: f64, squared_cv: f64) -> String {
    format!(r#"Gamma(mean: "{}", cv: {:?})"#, duration(mean_s), squared_cv.sqrt())
}

pub(super) fn lognormal(mean_s: f64, squared_cv: f64) -> String {
    format!(r#"LogNormal(mean: "{}", cv: {:?})"#, duration(mean_s), squared_cv.sqrt())
}

/// Two exponentials that each carry half of the mean.
pub(super) fn balanced_hyperexponential(mean_s: f64, squared_cv: f64) -> String {
    let cv = squared_cv.sqrt();
    format!(r#"HyperExponentialBalanced(mean: "{}", cv: {cv:?})"#, duration(mean_s))
}

/// An exponential of rate `rates.0` with `probability`, else one of `rates.1`.
pub(super) fn hyperexponential(probability: f64, rates: (f64, f64)) -> String {
    let (first, second) = (duration(1.0 / rates.0), duration(1.0 / rates.1));
    let other = 1.0 - probability;
    format!(
        r#"HyperExponential(branches: [(probability: {probability:?}, mean: "{first}"), (probability: {other:?}, mean: "{second}")])"#
    )
}
