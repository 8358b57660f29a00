//! Queues whose service is not exponential (M/G/1, M/D/1, M/D/c), and orders of service.

use super::case::{Case, Figure, Measure, case, figure, wait_quantile};
use super::text;
use super::watch::WaitsOfSources;

const AT: &str = "station";

fn mg1(rate: f64, service: &str, servers: u32, customers: f64) -> String {
    let station = text::station(AT, servers, service, "");
    text::steady(customers / rate, &[text::source(&text::poisson(rate), AT), station])
}

/// Mean numbers and times of a queue of load `rho` per server.
fn means(rho: f64, servers: f64, [wait, sojourn, waiting, number]: [f64; 4]) -> Vec<Figure> {
    vec![
        figure("Wq", wait, Measure::Wait(AT)),
        figure("W", sojourn, Measure::Sojourn(AT)),
        figure("Lq", waiting, Measure::Waiting(AT)),
        figure("L", number, Measure::Present(AT)),
        figure("rho", rho, Measure::Busy(AT)).per(servers),
    ]
}

/// Pollaczek and Khinchine: Kleinrock I, 5.62. Hyperexponentials have balanced means.
fn pollaczek_khinchine() -> Vec<Case> {
    let row = |id, rho: f64, service: &str, customers, expected: [f64; 4], square, variance| {
        let mut figures = means(rho, 1.0, expected);
        figures.push(figure("Wq2", square, Measure::WaitSquare(AT)));
        figures.push(figure("Wq_var", variance, Measure::WaitVariance(AT, expected[0])));
        case(id, mg1(rho, service, 1, customers), figures)
    };
    let erlang_2 = text::erlang(2, 1.0);
    let erlang_4 = text::erlang(4, 1.0);
    let bursty = text::balanced_hyperexponential(1.0, 4.0);
    let lognormal = text::lognormal(1.0, 1.0);
    let gamma = text::gamma(1.0, 0.25);
    let quarter = [5.625, 6.625, 5.0625, 5.9625];
    vec![
        row("me21-0.8", 0.8, &erlang_2, 40e3, [3.0, 4.0, 2.4, 3.2], 22.0, 13.0).within(0.07),
        row("me41-0.9", 0.9, &erlang_4, 60e3, quarter, 68.90625, 37.265625).within(0.08),
        row("mh21-cv4-0.8", 0.8, &bursty, 80e3, [10.0, 11.0, 8.0, 8.8], 280.0, 180.00000000000003)
            .within(0.11),
        row("mh21-cv4-0.95", 0.95, &bursty, 300e3, [47.5, 48.5, 45.125, 46.075], 4892.5, 2636.25)
            .within(0.15),
        row(
            "mg1-lognormal-1-0.8",
            0.8,
            &lognormal,
            60e3,
            [4.0, 5.0, 3.2, 4.0],
            42.66666666666667,
            26.666666666666668,
        )
        .within(0.065),
        row("mg1-gamma-0.25-0.9", 0.9, &gamma, 60e3, quarter, 68.90625, 37.265625).within(0.08),
    ]
}

/// Means by Pollaczek and Khinchine, the distribution by Erlang and Crommelin (Iversen, "Teletraffic
/// Engineering Handbook", M/D/n).
fn constant_service() -> Vec<Case> {
    let row =
        |id, rho: f64, customers, expected: [f64; 4], [square, variance, p99, share]: [f64; 4]| {
            let mut figures = means(rho, 1.0, expected);
            figures.extend([
                figure("Wq2", square, Measure::WaitSquare(AT)),
                figure("Wq_var", variance, Measure::WaitVariance(AT, expected[0])),
                wait_quantile("Wq_p99", p99, AT, 0.99),
                figure("P_Wq_le_2", share, Measure::WaitAtMost(AT, 2.0)),
            ]);
            case(id, mg1(rho, &text::constant(1.0), 1, customers), figures)
        };
    let half = [0.8333333333333334, 0.5833333333333334, 3.336255957002204, 0.9469605965544906];
    let high = [43.5, 23.25, 21.89823734954011, 0.38360046643716916];
    let mut busy = row("md1-0.9", 0.9, 60e3, [4.5, 5.5, 4.05, 4.95], high).within(0.14);
    busy.figures.push(wait_quantile("Wq_p50", 3.0130475193115585, AT, 0.5));
    // The median of the light one is zero: every second customer does not wait.
    let light = row("md1-0.5", 0.5, 40e3, [0.5, 1.5, 0.25, 0.75], half).within(0.025);
    vec![light, busy]
}

/// Crommelin 1932.
fn constant_service_of_many() -> Vec<Case> {
    let row = |id, rate: f64, servers: u32, customers, expected| {
        let figures = means(rate / f64::from(servers), f64::from(servers), expected);
        case(id, mg1(rate, &text::constant(1.0), servers, customers), figures)
    };
    let two = [0.9032838794166754, 1.9032838794166755, 1.4452542070666807, 3.045254207066681];
    let five = [0.7766951582025011, 1.776695158202501, 3.495128211911255, 7.995128211911254];
    let fifty = [0.03952588717418656, 1.0395258871741866, 1.778664922838395, 46.778664922838395];
    vec![
        row("mdc-2-1.6", 1.6, 2, 40e3, two).within(0.025),
        row("mdc-5-4.5", 4.5, 5, 60e3, five).within(0.045),
        row("mdc-50-45.0", 45.0, 50, 80e3, fifty).within(0.055),
    ]
}

/// First come first served against last come first served: the same mean, another spread (Kingman
/// 1962: the second moment is 1 / (1 - rho) times as large).
fn orders() -> Vec<Case> {
    let rows = [
        ("lifo-0.5", 0.5, 40e3, 1.0, 4.0, 8.0, 0.05),
        ("lifo-0.8", 0.8, 80e3, 4.000000000000001, 40.00000000000002, 200.00000000000014, 0.06),
        ("lifo-0.95", 0.95, 160e3, 18.999999999999982, 759.9999999999986, 15199.999999999958, 0.2),
    ];
    let mut cases = Vec::new();
    for (id, rho, customers, wait, fifo, lifo, precision) in rows {
        for (order, key, square) in [("Fifo", "Wq2_fcfs", fifo), ("Lifo", "Wq2_lcfs", lifo)] {
            let figures = vec![
                figure("Wq", wait, Measure::Wait(AT)),
                figure(key, square, Measure::WaitSquare(AT)),
                figure("P_wait", rho, Measure::WaitShare(AT)),
            ];
            let queue = format!("queue: (order: {order}),");
            let station = text::station(AT, 1, &text::exponential(1.0), &queue);
            let stages = [text::source(&text::poisson(rho), AT), station];
            let model = text::steady(customers / rho, &stages);
            cases.push(case(id, model, figures).variant(order).within(precision));
        }
    }
    cases
}

/// Classes of the given rates, the first before the others, nobody interrupted.
fn classes(rates: &[f64], service: &str, horizon_s: f64) -> String {
    let sources = rates.iter().enumerate().map(|(class, &rate)| {
        let arrivals = text::poisson(rate);
        format!(
            r#"EventSource(name: "class-{class}", arrivals: {arrivals}, priority: -{class}, to: "{AT}")"#
        )
    });
    let mut stages: Vec<String> = sources.collect();
    stages.push(text::station(AT, 1, service, "queue: (order: Priority),"));
    text::steady(horizon_s, &stages)
}

/// Cobham 1954 (Kleinrock II, 3.31); Hillier and Lieberman's county hospital.
fn priorities() -> Vec<Case> {
    let hospital = vec![
        figure("Wq_1", 0.23809523809523808, Measure::Watched(0)),
        figure("Wq_2", 0.3246753246753246, Measure::Watched(1)),
        figure("Wq_3", 0.9090909090909088, Measure::Watched(2)),
    ];
    let (horizon_s, warm_up_s) = (24_000.0, 2_400);
    let model = classes(&[0.2, 0.6, 1.2], &text::exponential(1.0 / 3.0), horizon_s);
    let three = case("prio-hl-np-s1", model, hospital)
        .within(0.025)
        .watched(move || Box::new(WaitsOfSources::new(3, warm_up_s)));
    let two = vec![
        figure("Wq_1", 0.7142857142857143, Measure::Watched(0)),
        figure("Wq_2", 2.380952380952382, Measure::Watched(1)),
    ];
    // The file serves class 1 exponentially and class 2 constantly, both with mean 1. A station has
    // one service; Cobham's formula sees of it only the loads and the second moment over all:
    // (0.3 * 2 + 0.4 * 1) / 0.7 = 10/7, the squared variation 3/7.
    let (horizon_s, warm_up_s) = (60_000.0, 6_000);
    let model = classes(&[0.3, 0.4], &text::gamma(1.0, 3.0 / 7.0), horizon_s);
    let moments = case("prio-mg1-2class", model, two)
        .within(0.02)
        .watched(move || Box::new(WaitsOfSources::new(2, warm_up_s)));
    vec![three, moments]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = pollaczek_khinchine();
    cases.extend(constant_service());
    cases.extend(constant_service_of_many());
    cases.extend(orders());
    cases.extend(priorities());
    cases
}
