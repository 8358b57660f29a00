//! Those who come again, and those who leave: retrial queues, impatience, retries of failed calls.

use models::FactKind::{Born, Completed, Offered, Refused, Retried};

use super::case::{Case, Figure, Measure, Watch, case, figure};
use super::text;
use super::watch::{GivenUp, LivesOfTheLost, SeenByArrivals, Succeeded, seen};

const AT: &str = "station";
const SOURCE: &str = "source";

/// No queue, or one of `waiting` places; the refused come again after exponential times.
fn retrial(
    rate: f64,
    servers: u32,
    waiting: u32,
    pause_s: f64,
    more: &str,
    customers: f64,
) -> String {
    let pause = text::exponential(pause_s);
    let reject =
        format!("queue: (max_msgs: {waiting}), on_reject: Nack((after: {pause}, {more})),");
    let station = text::station(AT, servers, &text::exponential(1.0), &reject);
    text::steady(customers / rate, &[text::source(&text::poisson(rate), AT), station])
}

/// What arrivals of that rate see after the first tenth of so many of them.
fn arrivals(rate: f64, customers: f64) -> impl Fn() -> Box<dyn Watch> {
    move || Box::new(SeenByArrivals::new(1, customers / rate * 0.1))
}

/// Falin and Templeton, "Retrial Queues" (1997); several servers by truncated Markov chains.
fn retrials() -> Vec<Case> {
    let orbit = |expected| figure("L_orbit", expected, Measure::Gauge(SOURCE, "orbit"));
    let again = Measure::Ratio((SOURCE, Retried), (SOURCE, Born));
    // Of those who come for the first time, who see the mean over time; those who come again do not.
    let blocked = Measure::Watched(seen::REFUSED);
    let one = |id, rate: f64, pause_s, customers, [in_orbit, time, retries]: [f64; 3]| {
        let figures = vec![
            orbit(in_orbit),
            figure("W", time, Measure::Age),
            figure("retries_per_job", retries, again),
            figure("util", rate, Measure::Busy(AT)),
        ];
        case(id, retrial(rate, 1, 0, pause_s, "", customers), figures)
    };
    let several = |id, rate: f64, servers: u32, pause_s, customers, expected: [f64; 3]| {
        let figures = vec![
            orbit(expected[0]),
            figure("P_block", expected[1], blocked),
            figure("retries_per_job", expected[2], again),
            figure("util", 0.8, Measure::Busy(AT)).per(f64::from(servers)),
        ];
        case(id, retrial(rate, servers, 0, pause_s, "", customers), figures)
            .watched(arrivals(rate, customers))
    };
    // Each time half of the refused give up.
    let limited = vec![
        figure("throughput", 0.9427264647711401, Measure::PerSecond(AT, Completed)),
        figure("P_giveup", 0.27482579632989224, Measure::Watched(0)),
        figure("L", 3.5550893153066947, Measure::Present(AT)),
        figure("L_orbit", 0.7145470704577214, Measure::Gauge(SOURCE, "orbit")),
    ];
    let full = vec![figure("P_full", 0.3795821141833976, blocked)];
    let persistent = || retrial(1.3, 1, 4, 2.0, "persistence: 0.5", 40e3);
    let two = [9.166413183207128, 0.668905787786193, 2.8645041197522274];
    let ten = [4.3537917223414215, 0.27923958686759587, 0.5442239652926777];
    let slow = [48.60000000000001, 55.000000000000014, 10.800000000000002];
    vec![
        one("retrial-mm1-0.5-1.0", 0.5, 1.0, 40e3, [1.0, 3.0, 2.0]).within(0.015),
        one("retrial-mm1-0.4-2.0", 0.4, 0.5, 40e3, [0.4000000000000001, 2.0, 2.0]),
        one("retrial-mm1-0.9-0.2", 0.9, 5.0, 40e3, slow).within(0.03),
        several("retrial-mm2-1.6-0.5", 1.6, 2, 2.0, 40e3, two).within(0.03),
        several("retrial-mm10-8.0-1.0", 8.0, 10, 1.0, 40e3, ten).within(0.035),
        case("retrial-buf-1.3-0.5", persistent(), limited)
            .within(0.015)
            .watched(|| Box::<GivenUp>::default()),
        case("retrial-buf-1.3-0.5", persistent(), full)
            .variant("as seen by arrivals")
            .within(0.02)
            .watched(arrivals(1.3, 40e3)),
    ]
}

/// Palm 1957; Garnett, Mandelbaum, Reiman 2002 (Erlang A); Barrer 1957 (constant patience).
fn impatience() -> Vec<Case> {
    let lost = Measure::Ratio((AT, Refused), (AT, Offered));
    let impatient = |rate: f64, mean_s, servers, patience: &str, customers: f64| {
        let patience = format!("patience: {patience},");
        let station = text::station(AT, servers, &text::exponential(mean_s), &patience);
        text::steady(customers / rate, &[text::source(&text::poisson(rate), AT), station])
    };
    let erlang_a =
        |servers: f64, rate: f64, [abandon, waiting, util, wait]: [f64; 4]| -> Vec<Figure> {
            vec![
                figure("P_wait", wait, Measure::Watched(seen::WAITING)),
                figure("P_abandon", abandon, lost),
                figure("Lq", waiting, Measure::Waiting(AT)),
                // Little's law over all, those who leave as well.
                figure("Wq", waiting / rate, Measure::Waiting(AT)).per(rate),
                figure("util", util, Measure::Busy(AT)).per(servers),
            ]
        };
    let five = text::exponential(5.0);
    let many = [0.01398374412240898, 0.23306240204014966, 0.7042973256268511, 0.14526011429636151];
    let many = erlang_a(14.0, 10.0 / 3.0, many);
    let one = erlang_a(
        1.0,
        0.9,
        [0.2095458135749933, 0.9429561610874697, 0.7114087677825063, 0.7114087677825061],
    );
    let deadline = vec![
        figure("P_loss", 0.2238554218773994, lost),
        figure("P_wait_any", 0.9313734937471206, Measure::Watched(seen::WAITING)),
        figure("Wq_served", 2.6525923721149405, Measure::Wait(AT)),
        figure("throughput", 0.9313734937471206, Measure::PerSecond(AT, Completed)),
    ];
    vec![
        case("erla-14-0.2", impatient(10.0 / 3.0, 3.0, 14, &five, 60e3), many)
            .within(0.035)
            .watched(arrivals(10.0 / 3.0, 60e3)),
        case("erla-1-0.2", impatient(0.9, 1.0, 1, &five, 40e3), one).watched(arrivals(0.9, 40e3)),
        case("mmcD-1-1.2", impatient(1.2, 1.0, 1, r#""5s""#, 40e3), deadline)
            .watched(arrivals(1.2, 40e3)),
    ]
}

/// Calls that fail with probability `p`, through bus and trigger: no retries, and three (M. Brooker,
/// "Fixing retries with token buckets and circuit breakers", 2022; geometric sums).
fn calls() -> Vec<Case> {
    let model = |p: f64, steps: u32| {
        let stages = [
            text::source(&text::poisson(50.0), "default"),
            r#"EventBus(name: "default", max_msgs: 100000)"#.to_owned(),
            format!(
                r#"Sensor(name: "sensor", version: "1.8.1", processing: "0s", dependencies: [(name: "event", source: "source")], triggers: [(name: "call", action: Http("{AT}"), retry: (steps: {steps}, duration: "1ms", jitter: 0))])"#
            ),
            text::station(AT, 1000, r#""1ms""#, &format!("failure: {p:?},")),
        ];
        text::steady(600.0, &stages)
    };
    let rows = [
        ("brooker-retries-0.01", 0.01, 0.99, 0.99999999, 1.010101),
        ("brooker-retries-0.1", 0.1, 0.9, 0.9999, 1.111),
        ("brooker-retries-0.5", 0.5, 0.5, 0.9375, 1.875),
    ];
    let mut cases = Vec::new();
    for (id, p, none, three, load) in rows {
        let done = Measure::Watched(0);
        let tried = Measure::Ratio((AT, Offered), (SOURCE, Born));
        // Three retries hardly ever fail at p = 0.01: one event of 10^8, of which there is no interval.
        let mut figures = vec![figure("load_3", load, tried)];
        if three < 0.99999 {
            figures.push(figure("success_3", three, done));
        }
        let succeeded = || -> Box<dyn Watch> { Box::<Succeeded>::default() };
        let none = vec![figure("success_none", none, done)];
        cases.push(case(id, model(p, 1), none).variant("no retries").watched(succeeded));
        cases.push(case(id, model(p, 4), figures).variant("three retries").watched(succeeded));
    }
    cases
}

/// Ten retries with an exponential backoff from 100 ms to 10 s, each pause anywhere between nothing and
/// its full length: half of 42.7 s on average. The station is taken for good by the first event.
fn jitter() -> Case {
    let more = r#"queue: (max_msgs: 0), on_reject: Nack((after: "100ms", factor: 2, cap: "10s", retries: 10, jitter: Full)),"#;
    let stages = [text::source(&text::poisson(1.0), AT), text::station(AT, 1, r#""1d""#, more)];
    let total = vec![figure("full_jitter_mean_total", 21.35, Measure::Watched(0))];
    case("backoff-exp", text::from_start("1200s", &stages), total)
        .variant("full jitter")
        .watched(|| Box::<LivesOfTheLost>::default())
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = retrials();
    cases.extend(impatience());
    cases.extend(calls());
    cases.push(jitter());
    cases
}
