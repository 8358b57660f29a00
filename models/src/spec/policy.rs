//! Limits and what happens beyond them, as written: rate limits, and the answers to a rejection.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::backoff::{Backoff, Jitter};
use sim_core::limiter::{Limiter, Start};
use sim_core::queue::{Discard, Order, QueueLimits};
use sim_core::time::{Rate, SimDuration};

use super::check::Checker;
use super::distribution::DurationSpread;
use super::quantity::{BytesText, DurationText, RateText};
use super::resolve::Names;
use crate::engine::reject::{NackPlan, Reject};
use crate::station::{Over, RateLimitPlan};

/// The most attempts that a trigger counts.
pub(crate) const STEPS_MAX: u16 = 0x7FFF;

/// What a backpressure point does with an event that it cannot take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum OnReject {
    /// It is lost, and nobody is told (telemetry).
    Drop,
    /// It is returned to its producer, which tries again.
    Nack(NackSpec),
    /// It is put into the store of that name, to be worked off later.
    Store(String),
    /// Its producer holds it, and waits, until there is room (stations only).
    Block,
}

/// How a producer tries again. Attempts beyond the first are retries; a retry keeps the event's age.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NackSpec {
    /// The pause before the first retry: an ack wait (`"30s"`) or the base of a backoff.
    pub after: DurationSpread,
    /// What each further pause is multiplied by.
    #[serde(default = "one")]
    pub factor: f64,
    /// The longest pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<DurationText>,
    /// How pauses are spread.
    #[serde(default)]
    pub jitter: JitterSpec,
    /// Retries per event; none: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// Probability that the producer tries again at all, each time.
    #[serde(default = "one")]
    pub persistence: f64,
    /// The store it goes to after the last retry; none: it is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then_store: Option<String>,
}

/// How the pauses of a backoff are spread, so that many who failed together do not return together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum JitterSpec {
    /// Not at all.
    #[default]
    None,
    /// Anywhere between zero and the pause.
    Full,
    /// Anywhere between half the pause and the pause.
    Equal,
    /// Anywhere between the base and three times the last pause.
    Decorrelated,
    /// The pause plus up to this share of it (Kubernetes' `wait.Backoff`).
    Proportional(f64),
}

/// A limit on how many per time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitSpec {
    /// The rate, such as `"100/s"`. Either this or `requests_per_unit` with `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateText>,
    /// Argo's way to say it: so many per `unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_unit: Option<u64>,
    /// The unit of `requests_per_unit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Which limiter; the default depends on the stage and is stated there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// What happens to those who come too early.
    #[serde(default)]
    pub over: OverSpec,
}

/// The unit of time of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Per second.
    Second,
    /// Per minute.
    Minute,
    /// Per hour.
    Hour,
}

/// The algorithm of a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum Algorithm {
    /// Tokens refilled continuously, at most `burst` of them, full at the start.
    TokenBucket {
        /// Most tokens kept.
        burst: u64,
    },
    /// What Argo's triggers use: evenly spaced, catching up at most `slack` after idling, nothing on a
    /// cold start (uber-go/ratelimit; Argo's slack is 10).
    LeakyBucket {
        /// Tokens that idling can save up.
        slack: u32,
    },
    /// The same schedule as a token bucket, from one number (ITU-T I.371).
    Gcra {
        /// Most tokens kept.
        burst: u64,
    },
}

/// What a rate limit does with those who come too early.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum OverSpec {
    /// They wait for their token, in order.
    #[default]
    Wait,
    /// They are lost.
    Drop,
    /// They are returned to the producer.
    Nack(NackSpec),
    /// They are put into the store of that name.
    Store(String),
}

/// A bounded queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueSpec {
    /// Most events that wait (those being served are not counted); none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_msgs: Option<u64>,
    /// Most bytes that wait; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<BytesText>,
    /// What happens to the one too many.
    #[serde(default)]
    pub discard: DiscardSpec,
    /// Who is served next.
    #[serde(default)]
    pub order: OrderSpec,
}

/// What a full queue discards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DiscardSpec {
    /// It refuses the new one.
    #[default]
    New,
    /// It pushes out the oldest.
    Old,
}

/// Who is served next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OrderSpec {
    /// The one who came first.
    #[default]
    Fifo,
    /// The one who came last.
    Lifo,
    /// The one of the highest priority; the first to come among equals.
    Priority,
}

/// How often, and after which pauses, something is tried again: Argo's `retryStrategy` of triggers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrySpec {
    /// Attempts, the first included.
    #[serde(default = "five")]
    pub steps: u16,
    /// The first pause.
    #[serde(default = "one_second")]
    pub duration: DurationText,
    /// What each further pause is multiplied by.
    #[serde(default = "one")]
    pub factor: f64,
    /// Each pause is made longer by up to this share of it.
    #[serde(default = "one")]
    pub jitter: f64,
    /// The longest pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<DurationText>,
}

pub(crate) fn one() -> f64 {
    1.0
}

pub(crate) fn five() -> u16 {
    5
}

pub(crate) fn one_second() -> DurationText {
    "1s".into()
}

impl JitterSpec {
    fn compile(self, cx: &mut Checker<'_>) -> Option<Jitter> {
        Some(match self {
            Self::None => Jitter::None,
            Self::Full => Jitter::Full,
            Self::Equal => Jitter::Equal,
            Self::Decorrelated => Jitter::Decorrelated,
            Self::Proportional(share) => Jitter::Proportional(cx.at_least("jitter", share, 0.0)?),
        })
    }
}

impl NackSpec {
    pub(crate) fn compile(&self, names: &Names, cx: &mut Checker<'_>) -> Option<NackPlan> {
        let after = cx.field("after", |cx| self.after.compile(cx));
        let factor = cx.at_least("factor", self.factor, 1.0);
        let cap = optional(&self.cap, |cap| cx.positive_duration("cap", cap));
        let jitter = self.jitter.compile(cx);
        let persistence = cx.probability("persistence", self.persistence);
        let then = optional(&self.then_store, |store| names.store(cx, "then_store", store));
        Some(NackPlan {
            after: after?,
            factor: factor?,
            cap: cap?,
            jitter: jitter?,
            retries_max: self.retries,
            persistence: persistence?,
            then: then?,
        })
    }
}

impl OnReject {
    /// As [`OnReject::compile`] for a stage that cannot hold its producers up.
    pub(crate) fn compile_unblocked(&self, names: &Names, cx: &mut Checker<'_>) -> Option<Reject> {
        if matches!(self, Self::Block) {
            cx.error("only a station can hold its producers up")
                .expected("`Drop`, `Nack(…)` or `Store(…)`");
            return None;
        }
        self.compile(names, cx)
    }

    pub(crate) fn compile(&self, names: &Names, cx: &mut Checker<'_>) -> Option<Reject> {
        Some(match self {
            Self::Drop => Reject::Drop,
            Self::Block => Reject::Block,
            Self::Nack(nack) => Reject::Nack(names.number(nack.compile(names, cx)?)),
            Self::Store(store) => {
                Reject::Store(names.find(cx, "", store, &[super::resolve::Kind::Store])?.component)
            }
        })
    }
}

impl RateLimitSpec {
    /// The limiter, and what it does with those beyond it.
    pub(crate) fn compile(
        &self,
        default: Algorithm,
        names: &Names,
        cx: &mut Checker<'_>,
    ) -> Option<(RateLimitPlan, Reject)> {
        let limiter = self.limiter(default, cx);
        let (over, reject) = match &self.over {
            OverSpec::Wait => (Over::Wait, Some(Reject::Drop)),
            OverSpec::Drop => (Over::Reject, Some(Reject::Drop)),
            OverSpec::Nack(nack) => {
                let nack = cx.field("over", |cx| nack.compile(names, cx));
                (Over::Reject, nack.map(|nack| Reject::Nack(names.number(nack))))
            }
            OverSpec::Store(store) => {
                (Over::Reject, names.store(cx, "over", store).map(Reject::Store))
            }
        };
        Some((RateLimitPlan { limiter: limiter?, over }, reject?))
    }

    /// The limiter alone, for places where all wait.
    pub(crate) fn waiting(&self, default: Algorithm, cx: &mut Checker<'_>) -> Option<Limiter> {
        let limiter = self.limiter(default, cx);
        if self.over != OverSpec::Wait {
            cx.field("over", |cx| {
                cx.error("here all wait for their token").expected("`over: Wait`");
            });
            return None;
        }
        limiter
    }

    fn limiter(&self, default: Algorithm, cx: &mut Checker<'_>) -> Option<Limiter> {
        let rate = self.rate(cx);
        let at_least_one = |cx: &mut Checker<'_>, burst| {
            cx.field("algorithm", |cx| cx.at_least("burst", burst, 1))
        };
        Some(match self.algorithm.unwrap_or(default) {
            Algorithm::TokenBucket { burst } => {
                let burst = at_least_one(cx, burst);
                Limiter::token_bucket(rate?, burst?, Start::Full)
            }
            Algorithm::Gcra { burst } => {
                let burst = at_least_one(cx, burst);
                Limiter::gcra(rate?, burst?)
            }
            Algorithm::LeakyBucket { slack } => Limiter::leaky_bucket(rate?, slack),
        })
    }

    pub(crate) fn rate(&self, cx: &mut Checker<'_>) -> Option<Rate> {
        match (&self.rate, self.requests_per_unit, self.unit) {
            (Some(rate), None, None) => cx.positive_rate("rate", rate),
            (None, Some(count), Some(unit)) => {
                let count = cx.at_least("requests_per_unit", count, 1)?;
                let per = SimDuration::from_secs(match unit {
                    Unit::Second => 1,
                    Unit::Minute => 60,
                    Unit::Hour => 3600,
                });
                Some(Rate { count, per })
            }
            _ => {
                cx.error("a rate limit needs its rate")
                    .expected("`rate: \"10/min\"`, or `requests_per_unit: 10, unit: Minute`");
                None
            }
        }
    }
}

impl QueueSpec {
    pub(crate) fn limits(&self, cx: &mut Checker<'_>) -> Option<QueueLimits> {
        let bytes = optional(&self.max_bytes, |bytes| cx.bytes("max_bytes", bytes))?;
        Some(QueueLimits { messages: self.max_msgs, bytes: bytes.map(|bytes| bytes.as_u64()) })
    }

    pub(crate) fn discard(&self) -> Discard {
        match self.discard {
            DiscardSpec::New => Discard::New,
            DiscardSpec::Old => Discard::Old,
        }
    }

    pub(crate) fn order(&self) -> Order {
        match self.order {
            OrderSpec::Fifo => Order::Fifo,
            OrderSpec::Lifo => Order::Lifo,
            OrderSpec::Priority => Order::Priority,
        }
    }
}

impl RetrySpec {
    pub(crate) fn compile(&self, cx: &mut Checker<'_>) -> Option<crate::trigger::RetryPlan> {
        let steps = cx.field("steps", |cx| {
            let wanted = format!("from `1` to `{STEPS_MAX}` attempts");
            let holds = (1..=STEPS_MAX).contains(&self.steps);
            cx.require(holds, self.steps, &wanted).then_some(self.steps)
        });
        let initial = cx.duration("duration", &self.duration);
        let factor = cx.at_least("factor", self.factor, 0.0);
        let jitter = cx.at_least("jitter", self.jitter, 0.0);
        let cap = optional(&self.cap, |cap| cx.positive_duration("cap", cap));
        Some(crate::trigger::RetryPlan {
            steps: steps?,
            backoff: Backoff {
                initial: initial?,
                factor: factor?,
                cap: cap?,
                jitter: Jitter::Proportional(jitter?),
                retries_max: None,
            },
        })
    }
}

/// `None` where a value is there and wrong; `Some(None)` where there is none.
pub(crate) fn optional<T, R>(
    value: &Option<T>,
    check: impl FnOnce(&T) -> Option<R>,
) -> Option<Option<R>> {
    match value {
        None => Some(None),
        Some(value) => check(value).map(Some),
    }
}
