//! Client-side adaptive throttling (Site Reliability Engineering, Google 2016, chapter 21).

use super::window::Window;
use crate::time::{SimDuration, SimTime};

const REQUESTS: usize = 0;
const ACCEPTS: usize = 1;

/// A client that remembers how many of its requests of late were accepted, and refuses more of them
/// itself the fewer were: with probability `max(0, (requests - k * accepts) / (requests + 1))`.
///
/// A request counts whether it was sent or refused here. In the long run a backend that accepts `c`
/// per second is sent `k * c`: the higher `k`, the sooner the client notices that it recovered, and
/// the more rejections the backend has to pay for. The book uses k = 2 and two minutes. The machine
/// draws nothing: the caller decides with the probability.
#[derive(Clone, Debug)]
pub struct AdaptiveThrottle {
    k: f64,
    window: Window<2>,
}

impl AdaptiveThrottle {
    /// A throttle without memories. `window` moves on in ten steps.
    #[must_use]
    pub fn new(k: f64, window: SimDuration) -> Self {
        Self { k, window: Window::new(window) }
    }

    /// The probability with which to refuse the request at hand; then call
    /// [`AdaptiveThrottle::on_request`], whatever was decided.
    pub fn refuse_probability(&mut self, now: SimTime) -> f64 {
        let [requests, accepts] = self.window.sums(now).map(|count| count as f64);
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// Notes a request, sent or refused here.
    pub fn on_request(&mut self, now: SimTime) {
        self.window.count(now, REQUESTS);
    }

    /// Notes that the backend accepted a request.
    pub fn on_accept(&mut self, now: SimTime) {
        self.window.count(now, ACCEPTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::{Limiter, Start};
    use crate::time::Rate;

    #[test]
    fn refuses_by_the_books_formula() {
        // (requests, accepts, probability at k = 2)
        let table =
            [(0, 0, 0.0), (1, 0, 0.5), (9, 0, 0.9), (10, 5, 0.0), (10, 10, 0.0), (99, 10, 0.79)];
        for (requests, accepts, expected) in table {
            let mut throttle = AdaptiveThrottle::new(2.0, SimDuration::from_secs(120));
            (0..requests).for_each(|_| throttle.on_request(SimTime::ZERO));
            (0..accepts).for_each(|_| throttle.on_accept(SimTime::ZERO));
            let probability = throttle.refuse_probability(SimTime::ZERO);
            assert!((probability - expected).abs() < 1e-12, "{requests}, {accepts}: {probability}");
        }
    }

    /// Case `adaptive-throttle-K2.0`: 1000 per second offered, 100 per second accepted, k = 2: 200 per
    /// second are sent and 0.8 of the requests refused. The refusals are spread evenly and not drawn,
    /// so the fixed point is met but for the steps of the window and the book's `+ 1`.
    #[test]
    fn settles_at_k_times_what_is_accepted() {
        let mut throttle = AdaptiveThrottle::new(2.0, SimDuration::from_secs(10));
        let per_s = Rate { count: 100, per: SimDuration::from_secs(1) };
        let mut backend = Limiter::token_bucket(per_s, 10, Start::Empty);
        let (mut refusals_due, mut sent, mut refused) = (0.0, 0, 0);
        let (seconds, warm_up_seconds) = (60, 20);
        for millisecond in 0..seconds * 1_000u64 {
            let now = SimTime::ZERO + SimDuration::from_millis(millisecond);
            if millisecond == warm_up_seconds * 1_000 {
                (sent, refused) = (0, 0);
            }
            refusals_due += throttle.refuse_probability(now);
            throttle.on_request(now);
            if refusals_due >= 1.0 {
                refusals_due -= 1.0;
                refused += 1;
                continue;
            }
            sent += 1;
            if backend.try_take(now).is_ok() {
                throttle.on_accept(now);
            }
        }
        let per_s = f64::from(sent) / (seconds - warm_up_seconds) as f64;
        let probability = f64::from(refused) / f64::from(sent + refused);
        assert!((per_s - 200.0).abs() < 4.0, "{per_s} sent per second");
        assert!((probability - 0.8).abs() < 0.004, "{probability} refused");
    }

    #[test]
    fn forgets_after_the_window() {
        let mut throttle = AdaptiveThrottle::new(2.0, SimDuration::from_secs(10));
        (0..100).for_each(|_| throttle.on_request(SimTime::ZERO));
        let after = SimTime::ZERO + SimDuration::from_secs(10);
        assert!(throttle.refuse_probability(SimTime::ZERO) > 0.9);
        assert_eq!(throttle.refuse_probability(after), 0.0);
    }
}
