//! Networks: Jackson, closed, lines with blocking, two stages with backpressure.

use models::FactKind::{Admitted, Completed, Offered, Refused, Retried};

use super::case::{Case, Figure, Measure, case, figure};
use super::text;

const ONE: &str = "station-1";
const TWO: &str = "station-2";
const THREE: &str = "station-3";
const FOUR: &str = "station-4";

fn exponential(name: &str, servers: u32, mean_s: f64, ways: &[(f64, &str)]) -> String {
    text::station(name, servers, &text::exponential(mean_s), &text::split(ways))
}

/// Rate, load, response time and number of one station; keys in that order.
fn of_station(at: &'static str, keys: [&'static str; 4], expected: [f64; 4]) -> Vec<Figure> {
    vec![
        figure(keys[3], expected[3], Measure::Present(at)),
        figure(keys[0], expected[0], Measure::PerSecond(at, Completed)),
        figure(keys[1], expected[1], Measure::Busy(at)),
        figure(keys[2], expected[2], Measure::Sojourn(at)),
    ]
}

/// Product form: only the mean numbers of visits matter, not the routes that make them.
fn open() -> Vec<Case> {
    // Bolch, Greiner, de Meer, Trivedi, example 7.4: visits 5, 2.5, 2.5, 1.
    let ways_back = [(0.8, ONE)];
    let stages = [
        text::source(&text::poisson(4.0), FOUR),
        exponential(FOUR, 1, 0.05, &[(1.0, ONE)]),
        exponential(ONE, 1, 0.04, &[(0.5, TWO), (0.5, THREE)]),
        exponential(TWO, 1, 0.03, &ways_back),
        exponential(THREE, 1, 0.06, &ways_back),
    ];
    let mut figures = vec![figure("R_total", 1.5446428571428572, Measure::Age)];
    figures.extend(of_station(ONE, ["X_1", "U_1", "R_1", "Q_1"], [20.0, 0.8, 0.2, 4.0]));
    let two = [10.0, 0.3, 0.04285714285714286, 0.42857142857142855];
    figures.extend(of_station(TWO, ["X_2", "U_2", "R_2", "Q_2"], two));
    let three = [10.0, 0.6, 0.15, 1.4999999999999998];
    figures.extend(of_station(THREE, ["X_3", "U_3", "R_3", "Q_3"], three));
    figures.extend(of_station(FOUR, ["X_4", "U_4", "R_4", "Q_4"], [4.0, 0.2, 0.0625, 0.25]));
    let bolch = case("jackson-bolch-7.4", text::steady(3_000.0, &stages), figures).within(0.04);

    // Lazowska et al., "Quantitative System Performance", page 113: visits 121, 70, 50.
    let stages = [
        text::source(&text::poisson(0.3), ONE),
        exponential(ONE, 1, 0.005, &[(70.0 / 121.0, TWO), (50.0 / 121.0, THREE)]),
        exponential(TWO, 1, 0.03, &[(1.0, ONE)]),
        exponential(THREE, 1, 0.027, &[(1.0, ONE)]),
    ];
    let mut figures = vec![figure("R_total", 8.683740233203023, Measure::Age)];
    let one = [36.3, 0.1815, 0.006108735491753207, 0.2217470983506414];
    figures.extend(of_station(ONE, ["X_1", "U_1", "R_1", "Q_1"], one));
    let two = [21.0, 0.63, 0.08108108108108107, 1.7027027027027026];
    figures.extend(of_station(TWO, ["X_2", "U_2", "R_2", "Q_2"], two));
    let three = [15.0, 0.40499999999999997, 0.0453781512605042, 0.680672268907563];
    figures.extend(of_station(THREE, ["X_3", "U_3", "R_3", "Q_3"], three));
    let model = text::steady(1_800.0, &stages);
    vec![bolch, case("jackson-lazowska-113", model, figures).within(0.085)]
}

/// Mean value analysis. Jain page 577, Bolch et al. example 8.4, M. Brooker's closed-loop client.
fn closed() -> Vec<Case> {
    let number_and_time = |at, keys: [&'static str; 2], number: f64, time: f64| {
        [figure(keys[0], number, Measure::Present(at)), figure(keys[1], time, Measure::Sojourn(at))]
    };
    // Visits 16, 10, 5.
    let stages = [
        text::clients(20, &text::exponential(4.0), ONE),
        exponential(ONE, 1, 0.125, &[(10.0 / 16.0, TWO), (5.0 / 16.0, THREE)]),
        exponential(TWO, 1, 0.3, &[(1.0, ONE)]),
        exponential(THREE, 1, 0.2, &[(1.0, ONE)]),
    ];
    let all_of_one = Measure::PerSecond(ONE, Completed);
    let mut figures = vec![figure("X", 0.3332465122205763, all_of_one).per(16.0)];
    figures.extend(number_and_time(ONE, ["Q_1", "R_1"], 1.9906232849491217, 0.37333910707809703));
    figures.extend(number_and_time(TWO, ["Q_2", "R_2"], 16.176651121706275, 4.854259693196409));
    figures.extend(number_and_time(THREE, ["Q_3", "R_3"], 0.49973954446229496, 0.29992184532243));
    let jain = case("closed-jain-3.42", text::steady(6_000.0, &stages), figures).within(0.02);

    // Visits 1, 0.5, 0.5, 1; two servers, one, one, and as many as there are clients.
    let stages = [
        text::clients(3, r#""0s""#, ONE),
        exponential(ONE, 2, 0.5, &[(0.5, TWO), (0.5, THREE)]),
        exponential(TWO, 1, 0.6, &[(1.0, FOUR)]),
        exponential(THREE, 1, 0.8, &[(1.0, FOUR)]),
        text::station(FOUR, 3, &text::exponential(1.0), ""),
    ];
    let mut figures = vec![figure("X", 1.2174606338449274, Measure::PerSecond(FOUR, Completed))];
    figures.extend(number_and_time(ONE, ["Q_1", "R_1"], 0.6236794897349015, 0.512278978388998));
    figures.extend(number_and_time(TWO, ["Q_2", "R_2"], 0.4728722344030297, 0.7768172888015716));
    figures.extend(number_and_time(THREE, ["Q_3", "R_3"], 0.6859876420171418, 1.1269155206286838));
    figures.extend(number_and_time(FOUR, ["Q_4", "R_4"], 1.2174606338449274, 1.0));
    let bolch = case("closed-bolch-8.4", text::steady(9_600.0, &stages), figures).within(0.015);

    let stages = [text::clients(10, &text::exponential(1.145), ONE), exponential(ONE, 1, 0.1, &[])];
    let mut figures = vec![figure("X", 7.209996762739087, Measure::PerSecond(ONE, Completed))];
    figures.extend(number_and_time(ONE, ["Q_1", "R_1"], 1.7445537066637447, 0.24196317475196566));
    let brooker = case("closed-brooker-mpl10", text::steady(4_800.0, &stages), figures);
    vec![jain, bolch, brooker]
}

/// Stations in a line with `slots` places between two of them; whoever finds no place keeps the server
/// (blocking after service). The first never lacks work: many clients come again at once.
fn saturated_line(names: &[&'static str], slots: u32) -> String {
    let mut stages = vec![text::clients(64, r#""0s""#, names[0])];
    for (index, name) in names.iter().enumerate() {
        let more = match index {
            0 => String::new(),
            _ => format!("queue: (max_msgs: {slots}), on_reject: Block,"),
        };
        let to = names.get(index + 1).map_or(String::new(), |next| format!(r#"to: "{next}","#));
        stages.push(text::station(name, 1, &text::exponential(1.0), &(more + &to)));
    }
    text::steady(24e3, &stages)
}

/// G. C. Hunt, "Sequential arrays of waiting lines", Operations Research 4, 1956; and a network with
/// repetitive service from the tests of GNU Octave's queueing (qnmarkov).
fn blocking() -> Vec<Case> {
    let row = |id, line: &[&'static str], slots, throughput| {
        let last = *line.last().expect("a line has stations");
        let figures = vec![figure("throughput", throughput, Measure::PerSecond(last, Completed))];
        case(id, saturated_line(line, slots), figures)
    };
    // Two stations of 2 and 1 places in all; half of what leaves the second goes back to the first.
    // What finds no place is served again at once, and then goes where chance says.
    let first = format!(
        r#"queue: (max_msgs: 1), on_reject: Nack((after: "0s")), returns: Service, {}"#,
        text::split(&[(1.0, TWO)])
    );
    let second = format!(
        r#"queue: (max_msgs: 0), on_reject: Nack((after: "0s")), returns: Service, {}"#,
        text::split(&[(0.5, ONE)])
    );
    let arrivals = text::poisson(0.5);
    let stages = [
        format!(
            r#"EventSource(name: "source", arrivals: {arrivals}, to: "{ONE}", on_failure: Drop)"#
        ),
        text::station(ONE, 1, &text::exponential(1.0), &first),
        text::station(TWO, 1, &text::exponential(0.5), &second),
    ];
    let repetitive = vec![
        figure("U_1", 0.7500000000000002, Measure::Busy(ONE)),
        figure("U_2", 0.30208333333333354, Measure::Busy(TWO)),
    ];
    vec![
        row("tandem-hunt-2st-b0", &[ONE, TWO], 0, 0.6666666666666666),
        row("tandem-hunt-2st-b2", &[ONE, TWO], 2, 0.8),
        row("tandem-hunt-4st-b0", &[ONE, TWO, THREE, FOUR], 0, 0.5147754893181528),
        case("tandem-octave-rs", text::steady(40e3, &stages), repetitive),
    ]
}

/// Two stages of 10 and 5 places; beyond the first events are lost. Exact Markov chains.
fn two_stages() -> Vec<Case> {
    let model = |rate: f64, answer: &str| {
        let arrivals = text::poisson(rate);
        let source = format!(
            r#"EventSource(name: "source", arrivals: {arrivals}, to: "{ONE}", on_failure: Drop)"#
        );
        let first = format!(r#"queue: (max_msgs: 9), returns: Service, to: "{TWO}","#);
        let second = format!("queue: (max_msgs: 4), on_reject: {answer},");
        let stages = [
            source,
            text::station(ONE, 1, &text::exponential(0.5), &first),
            text::station(TWO, 1, &text::exponential(1.0), &second),
        ];
        text::steady(40e3 / rate, &stages)
    };
    let common = |[throughput, loss, first, second]: [f64; 4]| {
        vec![
            figure("throughput", throughput, Measure::PerSecond(TWO, Completed)),
            figure("P_loss", loss, Measure::Ratio((ONE, Refused), (ONE, Offered))),
            figure("L1", first, Measure::Present(ONE)),
            figure("L2", second, Measure::Present(TWO)),
        ]
    };
    let block = |id, rate, expected| case(id, model(rate, "Block"), common(expected));
    let nack = |id, rate, expected, redeliveries: f64, attempts: f64| {
        let mut figures = common(expected);
        figures.extend([
            figure("redelivery_rate", redeliveries, Measure::PerSecond(ONE, Retried)),
            figure(
                "delivery_attempts_per_success",
                attempts,
                Measure::Ratio((TWO, Offered), (TWO, Admitted)),
            ),
        ]);
        case(id, model(rate, r#"Nack((after: "0s"))"#), figures)
    };
    let block_09 =
        [0.8728102792829833, 0.030210800796685585, 2.7032540326115644, 3.216051241482904];
    let block_15 = [0.9910552930313272, 0.3392964713124488, 8.212006489900796, 4.530562348344095];
    let nack_09 = [0.8696895173813017, 0.03367831402077602, 2.845488123490046, 3.0057824884480486];
    let nack_15 = [0.983066163039484, 0.34462255797367747, 8.200306662091892, 4.07912080894725];
    vec![
        block("pipe2-bas-0.9", 0.9, block_09).within(0.04),
        block("pipe2-bas-1.5", 1.5, block_15),
        nack("pipe2-nack-0.9", 0.9, nack_09, 0.5305328636836176, 1.610025593134767).within(0.045),
        nack("pipe2-nack-1.5", 1.5, nack_15, 1.004454088281581, 2.0217563436177772),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = open();
    cases.extend(closed());
    cases.extend(blocking());
    cases.extend(two_stages());
    cases
}
