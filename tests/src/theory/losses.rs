//! Bounded queues that lose what does not fit: Erlang B, M/M/c/K, M/D/1/K, Engset, push-out.

use models::FactKind::{Completed, Offered, Refused};

use super::case::{Case, Figure, Measure, Watch, case, figure};
use super::text;
use super::watch::{SeenByArrivals, seen};

const AT: &str = "station";

/// The share of arrivals that were refused.
const LOST: Measure = Measure::Ratio((AT, Refused), (AT, Offered));

/// Poisson arrivals, `servers`, room for `waiting` more: a run of `customers`.
fn bounded(rate: f64, service: &str, servers: u32, waiting: u64, customers: f64) -> String {
    let queue = format!("queue: (max_msgs: {waiting}),");
    let station = text::station(AT, servers, service, &queue);
    text::steady(customers / rate, &[text::source(&text::poisson(rate), AT), station])
}

/// What arrivals of that rate see after the first tenth of so many of them.
fn arrivals(rate: f64, customers: f64) -> impl Fn() -> Box<dyn Watch> {
    move || Box::new(SeenByArrivals::new(1, customers / rate * 0.1))
}

/// Erlang B, closed form; the classic tables of offered load for a loss of 0.1, 1 and 2 percent.
fn erlang_b() -> Vec<Case> {
    let row = |id, offered: f64, servers, loss: f64, carried: f64, customers| {
        let figures =
            vec![figure("P_loss", loss, LOST), figure("carried", carried, Measure::Busy(AT))];
        case(id, bounded(offered, &text::exponential(1.0), servers, 0, customers), figures)
    };
    // Losses are rare: a relative precision of 1 % of a loss of 1 % takes a million losses' worth.
    vec![
        row("erlb-0.01-1", 0.010101010101010102, 1, 0.01, 0.01, 40e3).within(0.03),
        row("erlb-0.01-5", 1.3607867966625458, 5, 0.01, 1.3471789286959204, 40e3).within(0.035),
        row("erlb-0.01-20", 12.030614594900944, 20, 0.01, 11.910308448951934, 40e3).within(0.04),
        row("erlb-0.01-100", 84.06415889394775, 100, 0.01, 83.22351730500827, 80e3).within(0.07),
        row("erlb-0.001-20", 9.411453337343305, 20, 0.001, 9.40204188400596, 80e3).within(0.09),
        row("erlb-0.001-100", 75.24198267245853, 100, 0.001, 75.16674068978607, 120e3).within(0.11),
        row("erlb-0.02-20", 13.181537787166228, 20, 0.02, 12.917907031422905, 40e3).within(0.03),
        row("erlb-0.02-100", 87.97198289587429, 100, 0.02, 86.21254323795681, 150e3).within(0.025),
    ]
}

/// The loss depends on the service by its mean alone (Sevastyanov 1957).
fn insensitivity() -> Vec<Case> {
    let services = [
        ("exponential", text::exponential(1.0)),
        ("deterministic", text::constant(1.0)),
        ("lognormal, cv 2", text::lognormal(1.0, 4.0)),
    ];
    let rows = [
        ("erlb-a8-c10-insens", 8.0, 0.1216610642529515, 7.026711485976388),
        ("erlb-a20-c10-insens", 20.0, 0.5379631686320729, 9.240736627358542),
    ];
    let mut cases = Vec::new();
    for (id, rate, loss, throughput) in rows {
        for (name, service) in &services {
            let figures = vec![
                figure("P_loss", loss, LOST),
                figure("throughput", throughput, Measure::PerSecond(AT, Completed)),
            ];
            cases.push(
                case(id, bounded(rate, service, 10, 0, 40e3), figures).variant(name).within(0.02),
            );
        }
    }
    cases
}

/// Closed form: Gross and Harris, "Fundamentals of Queueing Theory", chapter 2. K counts those in
/// service, too.
fn mmck() -> Vec<Case> {
    let table = |servers: f64, [loss, throughput, l, lq, w, wq, util]: [f64; 7]| {
        vec![
            figure("L", l, Measure::Present(AT)),
            figure("P_loss", loss, LOST),
            figure("throughput", throughput, Measure::PerSecond(AT, Completed)),
            figure("Lq", lq, Measure::Waiting(AT)),
            figure("W", w, Measure::Sojourn(AT)),
            figure("Wq", wq, Measure::Wait(AT)),
            figure("util", util, Measure::Busy(AT)).per(servers),
        ]
    };
    let row = |id, rate: f64, mean_s, servers: u32, k: u32, customers, expected| {
        let service = text::exponential(mean_s);
        let model = bounded(rate, &service, servers, u64::from(k - servers), customers);
        case(id, model, table(f64::from(servers), expected))
    };
    // An empty system, where it is not too rare to be seen.
    let empty = |case: Case, rate, customers, expected| {
        let mut case = case.watched(arrivals(rate, customers));
        case.figures.push(figure("p0", expected, Measure::Watched(seen::NOBODY)));
        case
    };
    let three = [
        0.003931315238981448,
        39.84274739044074,
        1.4549379229391188,
        0.12684634325776079,
        0.036517007943287424,
        0.0031836746099540903,
        0.44269719322711937,
    ];
    let two = [
        0.0851138353765324,
        2.7446584938704026,
        2.005954465849387,
        0.6336252189141857,
        0.7308575803981623,
        0.23085758039816232,
        0.6861646234676007,
    ];
    let simmer = [
        0.018867924528301886,
        1.9622641509433962,
        0.5094339622641509,
        0.018867924528301886,
        0.25961538461538464,
        0.009615384615384616,
        0.24528301886792453,
    ];
    let overload = [
        0.5000000000000002,
        0.9999999999999996,
        49.00000000000002,
        48.00000000000002,
        49.00000000000004,
        48.00000000000004,
        0.9999999999999996,
    ];
    let busy = [
        0.008772084480501999,
        8.921051239675482,
        13.046331870273269,
        4.1252806305977865,
        1.4624209097971566,
        0.46242090979715644,
        0.8921051239675482,
    ];
    let critical = [
        0.010564100164112366,
        9.894358998358877,
        53.154349170399016,
        43.25999017204014,
        5.372187241155839,
        4.372187241155839,
        0.9894358998358876,
    ];
    // Its server is never idle, in theory for 4 parts in 10^16: no spread, no interval.
    let mut over = row("mmck-over", 2.0, 1.0, 1, 50, 40e3, overload);
    over.figures.retain(|figure| figure.key != "util");
    vec![
        empty(
            row("mmck-oct-1", 40.0, 1.0 / 30.0, 3, 7, 40e3, three).within(0.07),
            40.0,
            40e3,
            0.255036877675725,
        ),
        empty(
            row("mmck-oct-3", 3.0, 0.5, 2, 5, 40e3, two).within(0.015),
            3.0,
            40e3,
            0.17933450087565675,
        ),
        empty(
            row("mmck-simmer-mm23", 2.0, 0.25, 2, 3, 40e3, simmer).within(0.02),
            2.0,
            40e3,
            0.6037735849056604,
        ),
        over,
        row("mmck-busc", 9.0, 1.0, 10, 30, 60e3, busy).within(0.1),
        row("mmck-crit", 10.0, 1.0, 10, 100, 120e3, critical).within(0.11),
    ]
}

/// Embedded Markov chain: Gross and Harris, 5.1.7.
fn md1k() -> Vec<Case> {
    let row = |id, rate: f64, k: u64, empty: f64, [loss, number, sojourn, throughput]: [f64; 4]| {
        let figures = vec![
            figure("L", number, Measure::Present(AT)),
            figure("P_loss", loss, LOST),
            figure("W", sojourn, Measure::Sojourn(AT)),
            figure("throughput", throughput, Measure::PerSecond(AT, Completed)),
            figure("p0", empty, Measure::Watched(seen::NOBODY)).within(0.2),
        ];
        case(id, bounded(rate, &text::constant(1.0), 1, k - 1, 40e3), figures)
            .watched(arrivals(rate, 40e3))
    };
    let half = [0.09627447624478791, 0.5481372381223939, 1.2130613194252666, 0.45186276187760605];
    let high = [0.0036392311402546618, 2.255580236879563, 2.829773495925694, 0.7970886150877963];
    let full = [0.050847457630728954, 5.064971751052701, 5.336309523450822, 0.949152542369271];
    let over = [0.5002530829677413, 4.374712086942218, 4.376927538564314, 0.9994938340645174];
    vec![
        row("md1k-0.5-2", 0.5, 2, 0.548137238122394, half),
        row("md1k-0.8-10", 0.8, 10, 0.20291138491220378, high).within(0.08),
        row("md1k-1.0-10", 1.0, 10, 0.050847457630728954, full).within(0.035),
        row("md1k-2.0-5", 2.0, 5, 0.0005061659354824434, over),
    ]
}

/// Engset: 20 sources that think 4 times as long as they are served, 5 permits; closed form.
fn engset() -> Case {
    let figures = vec![
        figure("call_congestion", 0.19553373242752406, LOST),
        figure("util", 0.669765358122865, Measure::Busy(AT)).per(5.0),
    ];
    let station = text::station(AT, 5, &text::exponential(1.0), "queue: (max_msgs: 0),");
    let stages = [text::clients(20, &text::exponential(4.0), AT), station];
    case("engset-20-5", text::steady(25e3, &stages), figures)
}

/// M/M/1/K that pushes out the oldest waiting: the same loss, fresher work. Tagged customers; compare
/// Yin and Hluchyj 1993 (drop from front).
fn push_out() -> Vec<Case> {
    let rows = [
        ("drophead-0.9-5", 0.9, 5, 0.1260225499883687, 1.405210049063973, 1.7902859515030158),
        ("drophead-2.0-20", 2.0, 20, 0.5000002384186932, 8.992390814084354, 18.000019073504518),
    ];
    let mut cases = Vec::new();
    for (id, rate, k, loss, old, new) in rows {
        let discards =
            [("Old", "Wq_served_discard_old", old), ("New", "Wq_served_discard_new", new)];
        for (discard, key, wait) in discards {
            let figures: Vec<Figure> =
                vec![figure(key, wait, Measure::Wait(AT)), figure("P_loss", loss, LOST)];
            let queue = format!("queue: (max_msgs: {}, discard: {discard}),", k - 1);
            let station = text::station(AT, 1, &text::exponential(1.0), &queue);
            let source = text::source(&text::poisson(rate), AT);
            let model = text::steady(40e3 / rate, &[source, station]);
            cases.push(case(id, model, figures).variant(discard).within(0.02));
        }
    }
    cases
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = erlang_b();
    cases.extend(insensitivity());
    cases.extend(mmck());
    cases.extend(md1k());
    cases.push(engset());
    cases.extend(push_out());
    cases
}
