//! Arrivals that are not Poisson in time (batches, MMPP), and queues on their way to a steady state.

use models::FactKind::{Completed, Offered, Refused};

use super::case::{Case, Measure, case, figure};
use super::text;
use super::watch::Snapshots;

const AT: &str = "station";

/// Gross and Harris, 3.1: of the size of a batch only the first two moments matter.
fn batches() -> Vec<Case> {
    let row = |id, rate: f64, size: &str, customers: f64, number: f64, sojourn: f64| {
        let batches = text::poisson(rate);
        let arrivals = format!("Batch(arrivals: {batches}, size: {size})");
        let station = text::station(AT, 1, &text::exponential(1.0), "");
        let figures = vec![
            figure("L", number, Measure::Present(AT)),
            figure("W", sojourn, Measure::Sojourn(AT)),
            figure("rho", 0.8, Measure::Busy(AT)),
        ];
        case(id, text::steady(customers / 0.8, &[text::source(&arrivals, AT), station]), figures)
    };
    // Mean 5 and second moment 45, as the file's geometric sizes have.
    let sizes = "Empirical([1, 1, 1, 1, 1, 4, 8, 10, 11, 12])";
    vec![
        row("mxm1-fixed2", 0.4, "2", 40e3, 6.000000000000003, 7.500000000000003).within(0.04),
        row("mxm1-geom5", 0.16, sizes, 80e3, 20.000000000000004, 25.000000000000004).within(0.035),
    ]
}

/// Two rates by turns into one server of rate `service_rate`.
fn mmpp(
    rates: [f64; 2],
    stays_s: [f64; 2],
    service_rate: f64,
    more: &str,
    horizon_s: f64,
) -> String {
    let state = |rate: f64, stay_s: f64| {
        let (rate, stay) = (text::rate(rate), text::duration(stay_s));
        format!(r#"(rate: "{rate}", mean_sojourn: "{stay}")"#)
    };
    let (first, second) = (state(rates[0], stays_s[0]), state(rates[1], stays_s[1]));
    let arrivals = format!("Mmpp(states: [{first}, {second}])");
    let station = text::station(AT, 1, &text::exponential(1.0 / service_rate), more);
    text::steady(horizon_s, &[text::source(&arrivals, AT), station])
}

/// Matrix-geometric, and finite Markov chains where K bounds the queue.
fn modulated() -> Vec<Case> {
    let (rates, stays_s) = ([150.0, 50.0], [60.0, 540.0]);
    let unbounded = |rho: f64, number: f64, sojourn: f64| {
        vec![
            figure("L", number, Measure::Present(AT)),
            figure("W", sojourn, Measure::Sojourn(AT)),
            figure("rho", rho, Measure::Busy(AT)),
        ]
    };
    let bounded = |id, k: u32, horizon_s, [loss, number, throughput, sojourn]: [f64; 4]| {
        let figures = vec![
            figure("P_loss", loss, Measure::Ratio((AT, Refused), (AT, Offered))),
            figure("L", number, Measure::Present(AT)),
            figure("throughput", throughput, Measure::PerSecond(AT, Completed)),
            figure("W", sojourn, Measure::Sojourn(AT)),
        ];
        let queue = format!("queue: (max_msgs: {}),", k - 1);
        case(id, mmpp(rates, stays_s, 100.0, &queue, horizon_s), figures)
    };
    let thousand =
        [0.060153554889995874, 99.34353066265017, 56.390786706596735, 1.7616979025232984];
    let ten_thousand =
        [0.003865119317555021, 587.5165513779419, 59.76809284094408, 9.829936400036246];
    let mild = mmpp([1.2, 0.4], [10.0, 10.0], 1.0, "", 80e3);
    // A burst comes every ten minutes, 36,000 events apart, and the rare long ones weigh most: what is
    // affordable sees some thousand of them.
    vec![
        case("mmpp-mild", mild, unbounded(0.7999999999999999, 6.952904079461616, 8.69113009932702))
            .within(0.025),
        case(
            "mmpp-peak",
            mmpp(rates, stays_s, 100.0, "", 12e3),
            unbounded(0.6000000000000001, 676.7996505907206, 11.279994176512009),
        )
        .runs(20)
        .within(0.65),
        bounded("mmpp-peak-K1000", 1000, 6e3, thousand).within(0.17),
        bounded("mmpp-peak-K10000", 10_000, 18e3, ten_thousand).runs(20).within(0.65),
    ]
}

/// Mean numbers at 1, 5, 10 and 50 time units after an empty start, by matrix exponentials. Arrivals
/// stop after 50 units for long enough that the next period begins empty, so that one run has many starts.
fn transients() -> Vec<Case> {
    let rows = [
        (
            "transient-mm1-0.8-0",
            0.8,
            200,
            [0.551551858273487, 1.4694608277855405, 2.0302815635789817, 3.4050389779983044],
        ),
        (
            "transient-mm1-1.5-0",
            1.5,
            250,
            [1.094687424253251, 3.8225216243244047, 6.6354615783526185, 26.986641863271835],
        ),
    ];
    let each = rows.map(|(id, rate, period_s, [one, five, ten, fifty])| {
        let figures = vec![
            figure("EN_t50", fifty, Measure::Watched(3)),
            figure("EN_t1", one, Measure::Watched(0)),
            figure("EN_t5", five, Measure::Watched(1)),
            figure("EN_t10", ten, Measure::Watched(2)),
        ];
        let rate = text::rate(rate);
        let arrivals = format!(
            r#"Profile(points: [(at: "0s", rate: "{rate}"), (at: "50s", rate: "0/s")], repeat: "{period_s}s")"#
        );
        let station = text::station(AT, 1, &text::exponential(1.0), "");
        let horizon = format!("{}s", 1_200 * period_s);
        let model = text::from_start(&horizon, &[text::source(&arrivals, AT), station]);
        case(id, model, figures)
            .within(0.025)
            .watched(move || Box::new(Snapshots::new(period_s, &[1, 5, 10, 50])))
    });
    each.into()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = batches();
    cases.extend(modulated());
    cases.extend(transients());
    cases
}
