//! The limiter in front of every request of a Kubernetes client: client-go's flowcontrol, an
//! x/time/rate bucket that starts full.

use super::token_bucket::{Start, TokenBucket};
use crate::time::{Rate, SimDuration, SimTime};

/// client-go's `DefaultQPS`, `rest/config.go`.
const QPS_DEFAULT: f32 = 5.0;
/// client-go's `DefaultBurst`, `rest/config.go`.
const BURST_DEFAULT: u32 = 10;
const NANOS_PER_S: u64 = 1_000_000_000;
/// The largest power of two by which a second in nanoseconds can be multiplied.
const EXPONENT_MAX: u32 = 34;

/// `qps` requests per second with bursts of `burst`.
///
/// Facts, from client-go (as of v0.32): the fields are a float32 and an int; zero means the default,
/// 5 and 10; a negative rate means no limit. A float32 is a whole number times a power of two, so
/// the bucket behind it is exact: 0.1 is really 13421773 per 2^27 seconds.
#[derive(Clone, Debug)]
pub struct ClientGo {
    bucket: TokenBucket,
}

impl ClientGo {
    /// The limiter for these fields of a client's configuration; `None` where there is none
    /// (`qps` negative or not a number).
    #[must_use]
    pub fn new(qps: f64, burst: u32) -> Option<Self> {
        let qps = match qps as f32 {
            0.0 => QPS_DEFAULT,
            qps => qps,
        };
        let burst = if burst == 0 { BURST_DEFAULT } else { burst };
        (qps > 0.0).then(|| Self {
            bucket: TokenBucket::new(exact_rate(qps), u64::from(burst), Start::Full),
        })
    }

    pub(super) fn rate(&self) -> Rate {
        self.bucket.rate()
    }

    /// See [`Limiter::take`](super::Limiter::take).
    #[inline]
    pub fn take(&mut self, now: SimTime) -> SimTime {
        self.bucket.take(now)
    }

    /// See [`Limiter::try_take`](super::Limiter::try_take).
    ///
    /// # Errors
    /// When to try again.
    #[inline]
    pub fn try_take(&mut self, now: SimTime) -> Result<(), SimTime> {
        self.bucket.try_take(now)
    }

    /// See [`Limiter::set_rate`](super::Limiter::set_rate).
    pub fn set_rate(&mut self, now: SimTime, rate: Rate) {
        self.bucket.set_rate(now, rate);
    }
}

/// `qps` per second in whole numbers: exact from 2^-10 to 2^63 (below, the last bits go; above, it
/// counts as no limit).
fn exact_rate(qps: f32) -> Rate {
    let mut count = f64::from(qps);
    let mut exponent = 0;
    while count != libm::floor(count) && exponent < EXPONENT_MAX {
        count *= 2.0;
        exponent += 1;
    }
    if count >= 9.2e18 {
        return Rate { count: 1, per: SimDuration::ZERO };
    }
    // At least one: a rate that is not zero must not become zero.
    let count = (count as u64).max(1);
    Rate { count, per: SimDuration::from_nanos(NANOS_PER_S << exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact() {
        let second = SimDuration::from_secs(1);
        let table = [
            (5.0, 5, second),
            (20.0, 20, second),
            (0.5, 1, second * 2),
            (0.1, 13_421_773, second * (1 << 27)),
            (1e-30, 1, second * (1 << 34)),
            (1e30, 1, SimDuration::ZERO),
        ];
        for (qps, count, per) in table {
            assert_eq!(exact_rate(qps), Rate { count, per }, "{qps}");
        }
    }

    #[test]
    fn defaults_are_those_of_client_go() {
        // AE's sensors set neither field: 5 per second, burst 10 (client-go `rest/config.go`).
        let mut limiter = ClientGo::new(0.0, 0).unwrap();
        let grants: Vec<u64> =
            (0..13).map(|_| limiter.take(SimTime::ZERO).as_nanos() / 1_000_000).collect();
        assert_eq!(grants, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200, 400, 600]);
        assert!(ClientGo::new(-1.0, 0).is_none());
        assert!(ClientGo::new(f64::NAN, 0).is_none());
    }
}
