//! Schedules to the nanosecond, the formulas of queueing theory, and properties of every limiter.

use proptest::prelude::*;

use super::*;
use crate::random::{Random, Stream, Streams};
use crate::time::SimDuration;

const SECOND: u64 = 1_000_000_000;

fn rate(count: u64, per_s: u64) -> Rate {
    Rate { count, per: SimDuration::from_secs(per_s) }
}

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

/// The grants of `count` takes, all asked for at `now`, in nanoseconds after it.
fn burst(limiter: &mut Limiter, now: SimTime, count: usize) -> Vec<u64> {
    (0..count).map(|_| limiter.take(now).since(now).as_nanos()).collect()
}

fn granted_before(delays: &[u64], end: u64) -> usize {
    delays.iter().filter(|&&delay| delay < end).count()
}

#[test]
fn schedules_to_the_nanosecond() {
    let table: [(&str, Limiter, u64, &[u64]); 9] = [
        (
            "token bucket",
            Limiter::token_bucket(rate(5, 1), 2, Start::Full),
            0,
            &[0, 0, 200_000_000, 400_000_000],
        ),
        (
            "starts empty",
            Limiter::token_bucket(rate(5, 1), 2, Start::Empty),
            0,
            &[200_000_000, 400_000_000],
        ),
        // 1/3 s is complete within nanosecond 333333333; no drift: the third is at 1 s sharp.
        (
            "thirds",
            Limiter::token_bucket(rate(3, 1), 1, Start::Empty),
            0,
            &[333_333_334, 666_666_667, SECOND, 1_333_333_334],
        ),
        (
            "gcra, thirds",
            Limiter::gcra(rate(3, 1), 1),
            0,
            &[0, 333_333_334, 666_666_667, SECOND, 1_333_333_334],
        ),
        // uber-go divides the interval first: 333333333 ns, whole.
        (
            "leaky bucket, thirds",
            Limiter::leaky_bucket(rate(3, 1), 10),
            0,
            &[0, 333_333_333, 666_666_666, 999_999_999],
        ),
        (
            "leaky bucket, cold after an hour",
            Limiter::leaky_bucket(rate(10, 60), 10),
            3600,
            &[0, 6 * SECOND, 12 * SECOND, 18 * SECOND],
        ),
        ("client-go", Limiter::client_go(20.0, 2), 7, &[0, 0, 50_000_000, 100_000_000]),
        ("client-go, negative", Limiter::client_go(-1.0, 2), 7, &[0, 0, 0, 0]),
        ("faster than the clock", Limiter::gcra(rate(3_000_000_000, 1), 1), 0, &[0, 1, 1, 1, 2]),
    ];
    for (name, mut limiter, second, expected) in table {
        assert_eq!(burst(&mut limiter, at(second * SECOND), expected.len()), expected, "{name}");
    }
}

#[test]
fn leaky_bucket_is_generous_after_idling_only() {
    let interval = 10_000_000;
    // (idle since the first take in nanoseconds, takes granted at once)
    let table = [
        (0, 0),
        (interval - 1, 0),
        (interval, 1),
        (interval * 5, 5),
        (interval * 11 - 1, 10),
        (interval * 11, 11),
        (interval * 11 + 1, 11),
        (interval * 1000, 11),
    ];
    for (idle, at_once) in table {
        let mut limiter = Limiter::leaky_bucket(rate(100, 1), 10);
        assert_eq!(limiter.take(at(SECOND)), at(SECOND));
        let delays = burst(&mut limiter, at(SECOND + idle), 20);
        assert_eq!(delays.iter().filter(|&&delay| delay == 0).count(), at_once, "idle {idle}");
        let late = delays.windows(2).skip(at_once);
        assert!(late.into_iter().all(|pair| pair[1] - pair[0] == interval), "idle {idle}");
    }
}

/// Case `uber-ratelimit`: 100 per second, slack 10, used once, idle for a second, then 50 takes.
#[test]
fn uber_ratelimit_after_a_second() {
    let mut limiter = Limiter::leaky_bucket(rate(100, 1), 10);
    limiter.take(at(0));
    let delays = burst(&mut limiter, at(SECOND), 50);
    assert_eq!(granted_before(&delays, 1), 11);
    assert_eq!(delays[49], 390_000_000);
}

/// Case `argo-2851-burst`: the report in argo-events issue 2851, 3 per minute and 11 at once; and
/// the same limiter cold, where there is no burst.
#[test]
fn argo_events_issue_2851() {
    // (used an hour before, at once, in the first minute, seconds until the 12th and 30th)
    for (warm, at_once, first_minute, twelfth, thirtieth) in
        [(true, 11, 13, 20, 380), (false, 1, 3, 220, 580)]
    {
        let mut limiter = Limiter::leaky_bucket(rate(3, 60), 10);
        if warm {
            limiter.take(at(0));
        }
        let delays = burst(&mut limiter, at(3600 * SECOND), 30);
        assert_eq!(granted_before(&delays, 1), at_once);
        assert_eq!(granted_before(&delays, 60 * SECOND), first_minute);
        assert_eq!((delays[11], delays[29]), (twelfth * SECOND, thirtieth * SECOND));
    }
}

/// Case `tb-burst`: 5 per second, burst 10, 100 events at once; the k-th waits (k - 10) / 5 s.
#[test]
fn burst_through_a_token_bucket() {
    let token_bucket = Limiter::token_bucket(rate(5, 1), 10, Start::Full);
    for mut limiter in [token_bucket, Limiter::gcra(rate(5, 1), 10), Limiter::client_go(5.0, 10)] {
        let delays = burst(&mut limiter, at(0), 100);
        assert_eq!(granted_before(&delays, 1), 10);
        assert_eq!(delays[99], 18 * SECOND);
        assert_eq!(delays.iter().sum::<u64>(), 100 * 8_190_000_000);
    }
}

#[test]
fn a_rate_of_zero_stops_and_a_new_rate_resumes() {
    let stopped = rate(0, 1);
    for (name, mut limiter) in one_of_each(rate(1, 1), 1) {
        assert_eq!(limiter.take(at(0)), at(0), "{name}");
        limiter.set_rate(at(0), stopped);
        assert_eq!(limiter.try_take(at(5 * SECOND)), Err(SimTime::MAX), "{name}");
        assert_eq!(limiter.take(at(5 * SECOND)), SimTime::MAX, "{name}");
        limiter.set_rate(at(9 * SECOND), rate(2, 1));
        // The time without a rate earned nothing.
        assert_eq!(limiter.try_take(at(9 * SECOND)), Err(at(9 * SECOND + SECOND / 2)), "{name}");
    }
}

#[test]
fn a_limiter_may_begin_stopped() {
    for (name, mut limiter) in one_of_each(rate(0, 1), 1) {
        if matches!(limiter, Limiter::LeakyBucket(_)) {
            assert_eq!(limiter.take(at(0)), SimTime::MAX, "{name}: cold, it holds nothing");
            limiter.set_rate(at(0), rate(1, 1));
        }
        assert_eq!(limiter.take(at(SECOND)), at(SECOND), "{name}");
    }
}

#[test]
fn a_new_rate_keeps_what_was_earned() {
    // Burst 10 used up at 0; at 4 s four tokens are back; then the rate is halved.
    for (name, mut limiter) in one_of_each(rate(1, 1), 10) {
        let cold = limiter.take(at(0));
        limiter.set_rate(at(0), rate(1, 1));
        // One slot of the leaky bucket starts its schedule; the others start with ten tokens.
        let first = if matches!(limiter, Limiter::LeakyBucket(_)) { 1 } else { 10 };
        for _ in 1..first {
            assert_eq!(limiter.take(at(0)), cold, "{name}");
        }
        limiter.set_rate(at(4 * SECOND), rate(1, 2));
        let delays = burst(&mut limiter, at(4 * SECOND), 6);
        assert_eq!(delays, [0, 0, 0, 0, 2 * SECOND, 4 * SECOND], "{name}");
    }
}

#[test]
fn a_debt_is_paid_at_the_new_rate_and_reserved_slots_stay() {
    let mut bucket = Limiter::token_bucket(rate(1, 1), 1, Start::Full);
    assert_eq!(burst(&mut bucket, at(0), 3), [0, SECOND, 2 * SECOND]);
    bucket.set_rate(at(0), rate(2, 1));
    // x/time/rate: two tokens owed and one wanted, at two per second.
    assert_eq!(bucket.take(at(0)), at(3 * SECOND / 2));

    let mut leaky = Limiter::leaky_bucket(rate(1, 1), 10);
    assert_eq!(burst(&mut leaky, at(0), 3), [0, SECOND, 2 * SECOND]);
    leaky.set_rate(at(0), rate(2, 1));
    assert_eq!(leaky.take(at(0)), at(5 * SECOND / 2));
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let extreme = Rate { count: u64::MAX, per: SimDuration::MAX };
    for (name, mut limiter) in one_of_each(extreme, u32::MAX) {
        for now in [SimTime::ZERO, SimTime::MAX] {
            assert!(limiter.take(now) >= now, "{name}");
            limiter.set_rate(now, Rate { count: 1, per: SimDuration::MAX });
            assert!(limiter.take(now) >= now, "{name}");
        }
    }
}

/// Every limiter with this rate that lets `burst` through at once when it has idled.
fn one_of_each(rate: Rate, burst: u32) -> Vec<(&'static str, Limiter)> {
    let mut client_go = Limiter::client_go(1.0, burst);
    client_go.set_rate(SimTime::ZERO, rate);
    vec![
        ("token bucket", Limiter::token_bucket(rate, u64::from(burst), Start::Full)),
        ("gcra", Limiter::gcra(rate, u64::from(burst))),
        ("leaky bucket", Limiter::leaky_bucket(rate, burst - 1)),
        ("client-go", client_go),
    ]
}

const REPLICATIONS: u64 = 20;
/// Student's t, 19 degrees of freedom, both sides 99.9 %.
const T_19: f64 = 3.883;

/// Asserts that the 99.9 % interval of `figure` over independent replications covers `expected` and
/// is no wider than `width_max` of it.
fn covers(name: &str, expected: f64, width_max: f64, figure: impl Fn(&mut Stream) -> f64) {
    let stream = |replication| Streams::new(2026, replication).stream("limiter", name);
    let figures: Vec<f64> = (0..REPLICATIONS).map(|number| figure(&mut stream(number))).collect();
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let variance = figures.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    let half = T_19 * (variance / n).sqrt();
    assert!((mean - expected).abs() <= half, "{name}: {mean} +- {half}, expected {expected}");
    assert!(half <= width_max * expected, "{name}: half width {half} of {expected}");
}

fn poisson(rng: &mut Stream, now: SimTime, rate_per_s: f64) -> SimTime {
    now + SimDuration::from_secs_f64(-libm::log(rng.unit_open()) / rate_per_s)
}

/// Cases `tb-policer-*`: Poisson arrivals, dropped when there is no token, are lost as from an
/// M/D/1 queue with `burst` places (virtual scheduling, ITU-T I.371).
#[test]
fn policer_loses_as_theory_says() {
    let table = [
        ("tb-policer-0.9-1.0-1", 0.9, rate(1, 1), 1, 0.473_684_210_526_315_8, 0.01),
        ("tb-policer-0.9-1.0-10", 0.9, rate(1, 1), 10, 0.016_631_747_828_946_72, 0.05),
        ("tb-policer-100.0-100.0-50", 100.0, rate(100, 1), 50, 0.010_033_444_816_054_171, 0.12),
    ];
    for (name, arrivals_per_s, rate, burst, expected, width_max) in table {
        covers(name, expected, width_max, |rng| {
            let mut limiter = Limiter::token_bucket(rate, burst, Start::Full);
            let mut now = SimTime::ZERO;
            let (mut lost, warm_up, arrivals) = (0, 10_000, 300_000);
            for index in 0..warm_up + arrivals {
                now = poisson(rng, now, arrivals_per_s);
                lost += u32::from(limiter.try_take(now).is_err() && index >= warm_up);
            }
            f64::from(lost) / f64::from(arrivals)
        });
    }
}

/// Cases `tb-shaper-*`: Poisson arrivals that wait for their token; the delay is that of M/D/1 less
/// (burst - 1) intervals.
#[test]
fn shaper_delays_as_theory_says() {
    let table = [
        ("tb-shaper-0.8-1.0-1", 0.8, 1, 0.8, 2.0),
        ("tb-shaper-0.9-1.0-10", 0.9, 10, 0.144_663_427_476_693_5, 0.698_362_875_396_433_9),
    ];
    for (name, arrivals_per_s, burst, delayed, mean_delay_s) in table {
        let run = |rng: &mut Stream| {
            let mut limiter = Limiter::token_bucket(rate(1, 1), burst, Start::Full);
            let mut now = SimTime::ZERO;
            let (warm_up, arrivals) = (5_000, 150_000);
            let (mut late, mut sum) = (0.0, 0.0);
            for index in 0..warm_up + arrivals {
                now = poisson(rng, now, arrivals_per_s);
                let delay = limiter.take(now).since(now);
                if index >= warm_up && !delay.is_zero() {
                    late += 1.0;
                    sum += delay.as_secs_f64();
                }
            }
            (late / f64::from(arrivals), sum / f64::from(arrivals))
        };
        covers(name, delayed, 0.1, |rng| run(rng).0);
        covers(name, mean_delay_s, 0.15, |rng| run(rng).1);
    }
}

/// golang.org/x/time/rate as it is, in floating point: the reference for the exact one.
struct GoRate {
    per_s: f64,
    burst: f64,
    tokens: f64,
    last: SimTime,
}

impl GoRate {
    fn reserve(&mut self, now: SimTime) -> SimTime {
        let earned = now.since(self.last).as_secs_f64() * self.per_s;
        self.tokens = (self.tokens + earned).min(self.burst) - 1.0;
        self.last = now;
        let wait_s = (-self.tokens / self.per_s).max(0.0);
        now + SimDuration::from_nanos((wait_s * 1e9) as u64)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Take,
    TryTake,
    SetRate(Rate),
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let per = prop_oneof![Just(1), Just(1_000), Just(SECOND), Just(60 * SECOND), 1..3600 * SECOND];
    (1u64..2_000, per)
        .prop_map(|(count, nanos)| Rate { count, per: SimDuration::from_nanos(nanos) })
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        5 => Just(Step::Take),
        5 => Just(Step::TryTake),
        1 => any_rate().prop_map(Step::SetRate),
    ];
    // Waits in thousandths of an interval: mostly about one, at times none or many.
    let wait = prop_oneof![Just(0), 0u64..3_000, 0u64..50_000];
    prop::collection::vec((wait, step), 1..60)
}

fn waited(now: SimTime, rate: Rate, thousandths: u64) -> SimTime {
    let per_count = u128::from(rate.per.as_nanos()) * u128::from(thousandths);
    now + SimDuration::from_nanos((per_count / u128::from(rate.count) / 1_000) as u64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn gcra_is_the_token_bucket(first in any_rate(), burst in 1u64..30, steps in steps()) {
        let mut bucket = Limiter::token_bucket(first, burst, Start::Full);
        let mut gcra = Limiter::gcra(first, burst);
        let (mut now, mut rate) = (SimTime::ZERO, first);
        for (wait, step) in steps {
            now = waited(now, rate, wait);
            match step {
                Step::Take => prop_assert_eq!(bucket.take(now), gcra.take(now)),
                Step::TryTake => prop_assert_eq!(bucket.try_take(now), gcra.try_take(now)),
                Step::SetRate(new) => {
                    bucket.set_rate(now, new);
                    gcra.set_rate(now, new);
                    rate = new;
                }
            }
        }
    }

    #[test]
    fn token_bucket_is_x_time_rate(rate in any_rate(), burst in 1u64..30, steps in steps()) {
        let mut exact = Limiter::token_bucket(rate, burst, Start::Full);
        let mut go =
            GoRate { per_s: rate.per_s(), burst: burst as f64, tokens: burst as f64, last: at(0) };
        let mut now = SimTime::ZERO;
        for (wait, _) in steps {
            now = waited(now, rate, wait);
            let (exact, go) = (exact.take(now), go.reserve(now));
            // Go truncates and rounds: never more than a nanosecond or a part in 10^12 away.
            let tolerance = 1 + exact.as_nanos() / 1_000_000_000_000;
            prop_assert!(exact.as_nanos().abs_diff(go.as_nanos()) <= tolerance, "{exact:?} {go:?}");
        }
    }

    #[test]
    fn trying_at_the_promised_time_succeeds_and_not_before(
        first in any_rate(), burst in 1u32..15, steps in steps(),
    ) {
        for (name, mut limiter) in one_of_each(first, burst) {
            let (mut now, mut rate) = (SimTime::ZERO, first);
            for (wait, step) in steps.clone() {
                now = waited(now, rate, wait);
                match step {
                    Step::Take => drop(limiter.take(now)),
                    Step::TryTake => {
                        let Err(promised) = limiter.try_take(now) else { continue };
                        prop_assert!(promised > now, "{}: in the past", name);
                        let just_before = at(promised.as_nanos() - 1);
                        prop_assert_eq!(limiter.clone().try_take(just_before), Err(promised), "{}", name);
                        prop_assert_eq!(limiter.clone().take(just_before), promised, "{}", name);
                        now = promised;
                        prop_assert_eq!(limiter.try_take(now), Ok(()), "{}", name);
                    }
                    Step::SetRate(new) => {
                        limiter.set_rate(now, new);
                        rate = new;
                    }
                }
            }
        }
    }

    #[test]
    fn no_more_than_burst_and_rate_in_any_time(
        rate in any_rate(), burst in 1u32..15, steps in steps(),
    ) {
        for (name, mut limiter) in one_of_each(rate, burst) {
            // uber-go's rate is one per whole number of nanoseconds; the others round up.
            let (rate, rounding) = match limiter {
                Limiter::LeakyBucket(_) => (Rate { count: 1, per: rate.interval() }, 0),
                _ => (rate, 1),
            };
            let mut now = SimTime::ZERO;
            let mut grants: Vec<SimTime> = Vec::new();
            for (wait, step) in &steps {
                now = waited(now, rate, *wait);
                match step {
                    Step::Take => grants.push(limiter.take(now)),
                    _ => grants.extend(limiter.try_take(now).is_ok().then_some(now)),
                }
            }
            prop_assert!(grants.is_sorted(), "{}: slots in order of asking", name);
            for (first, from) in grants.iter().enumerate() {
                for (last, until) in grants.iter().enumerate().skip(first) {
                    let beyond_burst = (last - first + 1).saturating_sub(burst as usize);
                    let nanos = u128::from(until.since(*from).as_nanos()) + rounding;
                    prop_assert!(
                        beyond_burst as u128 * u128::from(rate.per.as_nanos())
                            <= nanos * u128::from(rate.count),
                        "{}: {} in {} ns", name, last - first + 1, nanos
                    );
                }
            }
        }
    }

    #[test]
    fn an_asker_that_never_stops_gets_the_whole_rate(rate in any_rate(), burst in 1u32..15) {
        for (name, mut limiter) in one_of_each(rate, burst) {
            let last = (0..1_000).map(|_| limiter.take(SimTime::ZERO)).last().unwrap();
            let expected = match limiter {
                Limiter::LeakyBucket(_) => u128::from(rate.interval().as_nanos()) * 999,
                _ => {
                    let beyond = u128::from(1_000 - burst) * u128::from(rate.per.as_nanos());
                    beyond.div_ceil(u128::from(rate.count))
                }
            };
            prop_assert_eq!(u128::from(last.as_nanos()), expected, "{}", name);
        }
    }
}
