//! Rate limits: a token bucket that refuses (policer) and one that delays (shaper).

use models::FactKind::{Completed, Offered, Refused};

use super::case::{Case, Measure, case, figure, wait_quantile};
use super::text;

const AT: &str = "station";

/// A station that takes no time, behind a token bucket.
fn bucket(arrivals: f64, rate: f64, burst: u32, over: &str, customers: f64) -> String {
    let rate = text::rate(rate);
    let limit = format!(
        r#"rate_limit: (rate: "{rate}", algorithm: TokenBucket(burst: {burst}), over: {over}),"#
    );
    let station = text::station(AT, 1, r#""0s""#, &limit);
    text::steady(customers / arrivals, &[text::source(&text::poisson(arrivals), AT), station])
}

/// An event conforms if and only if an M/D/1/burst is not full (ITU-T I.371's virtual scheduling).
fn policers() -> Vec<Case> {
    let row = |id, arrivals: f64, rate, burst, customers, lost: f64, throughput: f64| {
        let figures = vec![
            figure("P_drop", lost, Measure::Ratio((AT, Refused), (AT, Offered))),
            figure("throughput", throughput, Measure::PerSecond(AT, Completed)),
        ];
        case(id, bucket(arrivals, rate, burst, "Drop", customers), figures)
    };
    let one = (0.4736842105263158, 0.47368421052631576);
    let ten = (0.01663174782894672, 0.885031426953948);
    let fifty = (0.010033444816054171, 98.99665551839459);
    vec![
        row("tb-policer-0.9-1.0-1", 0.9, 1.0, 1, 40e3, one.0, one.1),
        row("tb-policer-0.9-1.0-10", 0.9, 1.0, 10, 60e3, ten.0, ten.1).within(0.045),
        row("tb-policer-100.0-100.0-50", 100.0, 100.0, 50, 120e3, fifty.0, fifty.1).within(0.075),
    ]
}

/// The delay is what a virtual M/D/1 has beyond `burst - 1` intervals (Erlang, Crommelin).
fn shapers() -> Vec<Case> {
    let row = |id, arrivals: f64, burst, customers, [delayed, mean, p99]: [f64; 3]| {
        let figures = vec![
            figure("mean_delay", mean, Measure::Wait(AT)),
            figure("P_delayed", delayed, Measure::WaitShare(AT)),
            wait_quantile("delay_p99", p99, AT, 0.99),
        ];
        case(id, bucket(arrivals, 1.0, burst, "Wait", customers), figures)
    };
    let one = [0.8, 2.0000000000000004, 10.355886791994955];
    let ten = [0.1446634274766935, 0.6983628753964339, 12.898237349540118];
    vec![
        row("tb-shaper-0.8-1.0-1", 0.8, 1, 60e3, one).within(0.03),
        row("tb-shaper-0.9-1.0-10", 0.9, 10, 120e3, ten).within(0.08),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = policers();
    cases.extend(shapers());
    cases
}
