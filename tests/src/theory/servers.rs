//! Unbounded queues with exponential service: M/M/1, M/M/c, G/M/1, and a bound for GI/G/1.

use super::case::{Case, Figure, Measure, Watch, case, figure, sojourn_quantile, wait_quantile};
use super::text;
use super::watch::{SeenByArrivals, seen};

const AT: &str = "station";

/// Poisson arrivals, `c` servers: a run of `customers`.
fn mmc(rate: f64, mean_s: f64, servers: u32, customers: f64) -> String {
    let station = text::station(AT, servers, &text::exponential(mean_s), "");
    text::steady(customers / rate, &[text::source(&text::poisson(rate), AT), station])
}

/// Renewal arrivals, one exponential server of mean 1.
fn gm1(arrivals: &str, horizon_s: f64) -> String {
    let station = text::station(AT, 1, &text::exponential(1.0), "");
    text::steady(horizon_s, &[text::source(arrivals, AT), station])
}

/// Mean numbers and times: expected values of L, Lq, W, Wq.
fn means(number: f64, waiting: f64, sojourn: f64, wait: f64) -> Vec<Figure> {
    vec![
        figure("L", number, Measure::Present(AT)),
        figure("Lq", waiting, Measure::Waiting(AT)),
        figure("W", sojourn, Measure::Sojourn(AT)),
        figure("Wq", wait, Measure::Wait(AT)),
    ]
}

/// [`means`] of an M/M/c and what else the file has of it.
fn erlang_c(
    servers: f64,
    rho: f64,
    share: f64,
    [number, waiting, sojourn, wait]: [f64; 4],
    quantiles: [f64; 2],
) -> Vec<Figure> {
    let mut figures = means(number, waiting, sojourn, wait);
    figures.extend([
        figure("rho", rho, Measure::Busy(AT)).per(servers),
        figure("P_wait", share, Measure::WaitShare(AT)),
        wait_quantile("Wq_p95", quantiles[0], AT, 0.95),
        wait_quantile("Wq_p99", quantiles[1], AT, 0.99),
    ]);
    figures
}

/// Closed forms: Kleinrock, "Queueing Systems" I, section 3.2. Jain, "The Art of Computer Systems
/// Performance Analysis" (1991), example 31.2.
fn mm1() -> Vec<Case> {
    let table = |rho: f64, number: f64, waiting: f64, share: f64, quantiles: [f64; 3]| {
        let mut figures = means(number, waiting, number / rho, waiting / rho);
        figures.extend([
            figure("rho", rho, Measure::Busy(AT)),
            figure("P_wait", share, Measure::WaitShare(AT)),
            sojourn_quantile("W_p50", quantiles[0], AT, 0.5),
            sojourn_quantile("W_p99", quantiles[1], AT, 0.99),
            wait_quantile("Wq_p99", quantiles[2], AT, 0.99),
        ]);
        figures
    };
    let quantiles = [1.3862943611198906, 9.210340371976184, 7.824046010856292];
    let crowd = |expected| figure("P_N_ge_10", expected, Measure::Watched(seen::AT_LEAST));
    let seen_after =
        |warm_up_s: f64| move || -> Box<dyn Watch> { Box::new(SeenByArrivals::new(10, warm_up_s)) };
    let mut light = table(0.5, 1.0, 0.5, 0.5, quantiles);
    // Once in a thousand: rarer things take longer runs.
    light.push(crowd(0.0009765625).within(0.25));
    let quantiles = [6.931471805599453, 46.051701859880914, 44.99809670330265];
    let mut busy = table(0.9, 9.0, 8.1, 0.9, quantiles);
    let quantiles = [69.31471805599453, 460.51701859880916, 459.51198501345897];
    busy.push(crowd(0.3486784401));
    let mut critical = table(0.99, 99.0, 98.01, 0.99, quantiles);
    critical.push(crowd(0.9043820750088045));
    // Waits this long come in a few excursions a run: no interval of them means much.
    critical.retain(|figure| !figure.key.ends_with("p99"));
    let gateway = vec![
        figure("rho", 0.25, Measure::Busy(AT)),
        figure("L", 0.3333333333333333, Measure::Present(AT)),
        figure("W_ms", 2.6666666666666665, Measure::Sojourn(AT)).per(1e-3),
    ];
    vec![
        case("mm1-a", mmc(0.5, 1.0, 1, 40e3), light).within(0.02).watched(seen_after(8e3)),
        // Queues near saturation forget slowly: tens of thousands of service times at 0.99.
        case("mm1-c", mmc(0.9, 1.0, 1, 60e3), busy).within(0.11).watched(seen_after(6e3)),
        case("mm1-e", mmc(0.99, 1.0, 1, 1000e3), critical)
            .runs(16)
            .within(0.15)
            .watched(seen_after(100e3)),
        case("mm1-jain-gateway", mmc(125.0, 2e-3, 1, 20e3), gateway),
    ]
}

/// Erlang C: Cooper, "Introduction to Queueing Theory", chapter 3. Hillier and Lieberman's county
/// hospital, M. Brooker's blog of 2020, tests of GNU Octave's queueing and of pyworkforce.
fn many_servers() -> Vec<Case> {
    let octave = erlang_c(
        2.0,
        0.9,
        0.8526315789473684,
        [9.473684210526316, 7.673684210526316, 1.0526315789473684, 0.8526315789473684],
        [2.8363045366258888, 4.445742449059989],
    );
    let hospital = erlang_c(
        1.0,
        0.6666666666666666,
        0.6666666666666666,
        [2.0, 1.3333333333333333, 1.0, 0.6666666666666666],
        [2.5902671654458267, 4.199705077879927],
    );
    let half = erlang_c(
        5.0,
        0.5,
        0.13037129745515227,
        [2.6303712974551523, 0.13037129745515227, 1.052148518982061, 0.05214851898206091],
        [0.38334540331842515, 1.0271205682920652],
    );
    let one =
        erlang_c(1.0, 0.8, 0.8, [4.0, 3.2, 5.0, 4.0], [13.862943611198906, 21.91013317336941]);
    let five = erlang_c(
        5.0,
        0.8,
        0.5541125541125541,
        [6.216450216450217, 2.2164502164502164, 1.5541125541125542, 0.5541125541125541],
        [2.4053448269518145, 4.014782739385915],
    );
    let many = erlang_c(
        25.0,
        0.8,
        0.2091028265988366,
        [20.836411306395348, 0.8364113063953464, 1.0418205653197674, 0.04182056531976733],
        [0.28616062376870294, 0.608048206255523],
    );
    let fifty = erlang_c(
        50.0,
        0.9,
        0.3638644672069884,
        [48.27478020486289, 3.2747802048628953, 1.0727728934413976, 0.07277289344139767],
        [0.39695169000676883, 0.7188392724935889],
    );
    let two_hundred = erlang_c(
        200.0,
        0.95,
        0.3652638565625464,
        [196.94001327468837, 6.940013274688382, 1.0365263856562545, 0.03652638565625464],
        [0.198859698168374, 0.359803489411784],
    );
    let call_center = vec![
        figure("P_wait", 0.17413193359504983, Measure::WaitShare(AT)),
        figure("service_level", 0.8878526926911569, Measure::WaitAtMost(AT, 0.33)),
        figure("occupancy", 0.7142857142857143, Measure::Busy(AT)).per(14.0),
        figure("Wq", 0.1305989501962874, Measure::Wait(AT)),
    ];
    vec![
        case("mmc-eth-2", mmc(9.0, 0.2, 2, 40e3), octave).within(0.075),
        case("mmc-hl-hospital-1", mmc(2.0, 1.0 / 3.0, 1, 40e3), hospital).within(0.035),
        case("mmc-brooker-5", mmc(2.5, 1.0, 5, 40e3), half).within(0.03),
        case("mmc-brooker-c1-rho08", mmc(0.8, 1.0, 1, 40e3), one).within(0.045),
        case("mmc-brooker-c5-rho08", mmc(4.0, 1.0, 5, 40e3), five).within(0.045),
        case("mmc-brooker-c25-rho08", mmc(20.0, 1.0, 25, 40e3), many).within(0.08),
        case("mmc-pyworkforce-14", mmc(10.0 / 3.0, 3.0, 14, 40e3), call_center).within(0.06),
        case("mmc-sem-50", mmc(45.0, 1.0, 50, 60e3), fifty).within(0.075),
        case("mmc-sem-200", mmc(190.0, 1.0, 200, 120e3), two_hundred).within(0.11),
    ]
}

/// Erlang C with the permits of a workflow semaphore for servers, through a controller that acts at once.
fn semaphore() -> Case {
    let arrivals = text::source(&text::poisson(2.5), "job");
    let service = text::exponential(1.0);
    let workflow = format!(
        r#"Workflow(realism: Ideal, pod_start: "0s", templates: [(name: "job", service: {service}, semaphores: [(config_map: "limits", key: "jobs")])])"#
    );
    let maps = r#"config_maps: {"limits": {"jobs": "5"}}"#;
    let model = text::steady(4_800.0, &[arrivals, workflow]).replacen(
        "stages:",
        &format!("{maps}, stages:"),
        1,
    );
    let controller = "workflows";
    let figures = vec![
        figure("Lq", 0.13037129745515227, Measure::Gauge(controller, "waiting_for_locks")),
        figure("rho", 0.5, Measure::Gauge(controller, "permits")).per(5.0),
        figure("Wq", 0.05214851898206091, Measure::Gauge(controller, "waiting_for_locks")).per(2.5),
        figure("W", 1.052148518982061, Measure::Age),
    ];
    case("mmc-brooker-5", model, figures).variant("workflow semaphore").within(0.07)
}

/// sigma = A*(mu (1 - sigma)): Kleinrock I, chapter 6.
fn renewal_arrivals() -> Vec<Case> {
    let table = |number: f64, sojourn: f64, wait: f64, share: f64, quantile: f64| {
        vec![
            figure("L", number, Measure::Present(AT)),
            figure("W", sojourn, Measure::Sojourn(AT)),
            figure("Wq", wait, Measure::Wait(AT)),
            figure("P_wait", share, Measure::WaitShare(AT)),
            figure("sigma", share, Measure::WaitShare(AT)),
            wait_quantile("Wq_p99", quantile, AT, 0.99),
        ]
    };
    let light = table(
        0.6275004874579876,
        1.2550009749159752,
        0.2550009749159753,
        0.20318786997997995,
        3.779493073069038,
    );
    let heavy = table(
        4.660793479934843,
        5.178659422149825,
        4.178659422149825,
        0.8068998328558034,
        22.73749686315958,
    );
    let bursty = table(
        8.655354217587165,
        10.819192771983955,
        9.819192771983955,
        0.9075716625930286,
        48.77494893391703,
    );
    let rates = (1.4196773353931866, 0.1803226646068133);
    let interval = text::hyperexponential(0.8872983346207417, rates);
    let every_two = r#"Periodic(every: "2s")"#;
    // 10/9 s is not a whole number of nanoseconds; what is lost is one part in 10^10.
    let every_tenth_of_nine = r#"Periodic(every: "1111111111ns")"#;
    vec![
        case("gm1-D-0.5", gm1(every_two, 80e3), light).within(0.02),
        case("gm1-D-0.9", gm1(every_tenth_of_nine, 60e3), heavy).within(0.065),
        case("gm1-H2-0.8", gm1(&text::renewal(&interval), 80e3), bursty).within(0.045),
    ]
}

/// Kingman 1962: the mean wait is at most lambda (sigma_a^2 + sigma_s^2) / (2 (1 - rho)).
fn bound() -> Case {
    let service = text::gamma(1.0, 0.5);
    let arrivals = text::renewal(&text::gamma(1.25, 0.5));
    let stages = [text::source(&arrivals, AT), text::station(AT, 1, &service, "")];
    let wait = figure("Wq_upper", 2.562500000000001, Measure::Wait(AT)).at_most();
    case("kingman-0.5-0.5", text::steady(40e3, &stages), vec![wait]).within(0.02)
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = mm1();
    cases.extend(many_servers());
    cases.push(semaphore());
    cases.extend(renewal_arrivals());
    cases.push(bound());
    cases
}
