//! A station as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Branch, Next, Returns, StationPlan};
use crate::engine::reject::Reject;
use crate::spec::check::Checker;
use crate::spec::distribution::DurationSpread;
use crate::spec::policy::{Algorithm, OnReject, OverSpec, QueueSpec, RateLimitSpec, optional};
use crate::spec::resolve::{Kind, Names};

/// A queue in front of servers: any other downstream system, such as the API behind an http trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StationSpec {
    /// Its name.
    pub name: String,
    /// How many events it works on at once.
    #[serde(default = "one_server")]
    pub servers: u32,
    /// How long the work on one event takes.
    pub service: DurationSpread,
    /// Where events wait for a server; without limits unless stated.
    #[serde(default)]
    pub queue: QueueSpec,
    /// A limit on how many begin per time. Default algorithm: `TokenBucket(burst: 1)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSpec>,
    /// The longest wait: who has not begun by then leaves, lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<DurationSpread>,
    /// Probability that the work on an event fails.
    #[serde(default)]
    pub failure: f64,
    /// What happens to an event for which there is no room; none: what the rate limit's `over` says, if
    /// that does not wait, else `Drop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_reject: Option<OnReject>,
    /// What happens to an event whose work failed, unless a trigger waits for it: `Drop` or `Store`.
    #[serde(default = "drop_it")]
    pub on_failure: OnReject,
    /// The stage that gets what is done; none: it is completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What is done with an event that the next stage handed back, after the pause of its `Nack`.
    #[serde(default)]
    pub returns: ReturnsSpec,
    /// Several stages, each with its probability, in place of `to`; the rest is completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub split: Vec<WaySpec>,
}

/// What a station does with an event that the next stage handed back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReturnsSpec {
    /// It is offered again, to the same stage.
    #[default]
    HandOver,
    /// It is served again, before all who wait, and then goes where chance says (repetitive service).
    Service,
}

/// One way out of a split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaySpec {
    /// Probability of this way.
    pub probability: f64,
    /// The stage at its end.
    pub to: String,
}

fn one_server() -> u32 {
    1
}

fn drop_it() -> OnReject {
    OnReject::Drop
}

/// Where a station's way out leads: the kinds of stages that it may name.
const NEXT: [Kind; 4] = [Kind::Station, Kind::EventBus, Kind::Store, Kind::Template];

impl StationSpec {
    /// Whether it hands back, or holds up, what it cannot take.
    pub(crate) fn answers(&self) -> bool {
        let over = self.rate_limit.as_ref().map(|limit| &limit.over);
        matches!(self.on_reject, Some(OnReject::Nack(_) | OnReject::Block))
            || matches!(over, Some(OverSpec::Nack(_)))
    }

    /// The plan, but for what only the other stages know ([`StationPlan::callers`],
    /// [`StationPlan::has_orbit`]).
    pub(crate) fn compile(&self, names: &Names, cx: &mut Checker<'_>) -> Option<StationPlan> {
        let servers = cx.at_least("servers", self.servers, 1);
        let service = cx.field("service", |cx| self.service.compile(cx));
        let room = cx.field("queue", |cx| self.queue.limits(cx));
        let patience = optional(&self.patience, |p| cx.field("patience", |cx| p.compile(cx)));
        let failure = cx.probability("failure", self.failure);
        let on_reject = optional(&self.on_reject, |stated| {
            cx.field("on_reject", |cx| stated.compile(names, cx))
        });
        let on_failure = cx.field("on_failure", |cx| {
            if matches!(self.on_failure, OnReject::Nack(_) | OnReject::Block) {
                cx.error("work that failed was taken before: it cannot be handed back")
                    .expected("`Drop` or `Store(…)`");
                return None;
            }
            self.on_failure.compile(names, cx)
        });
        let default = Algorithm::TokenBucket { burst: 1 };
        let rate_limit = optional(&self.rate_limit, |limit| {
            cx.field("rate_limit", |cx| limit.compile(default, names, cx))
        });
        let next = self.next(names, cx);
        let (rate_limit, over) = rate_limit?.unzip();
        let over_limit = over.unwrap_or(Reject::Drop);
        Some(StationPlan {
            name: self.name.clone(),
            room: room?,
            discard: self.queue.discard(),
            order: self.queue.order(),
            servers: servers?,
            rate_limit,
            service: service?,
            failure_probability: failure?,
            patience: patience?,
            // The limit's own answer goes for the queue too, where only the limit states one.
            on_reject: on_reject?.unwrap_or(over_limit),
            over_limit,
            on_failure: on_failure?,
            next: next?,
            returns: match self.returns {
                ReturnsSpec::HandOver => Returns::HandOver,
                ReturnsSpec::Service => Returns::Service,
            },
            has_orbit: false,
            callers: Vec::new(),
        })
    }

    fn next(&self, names: &Names, cx: &mut Checker<'_>) -> Option<Next> {
        let to = optional(&self.to, |to| names.find(cx, "to", to, &NEXT));
        if self.split.is_empty() {
            return Some(to?.map_or(Next::Done, |named| Next::To(named.destination())));
        }
        if self.to.is_some() {
            cx.field("split", |cx| {
                cx.error("there are both `to` and `split`").expected("one of them");
            });
        }
        let ways = cx.each("split", &self.split, |cx, way| {
            let probability = cx.probability("probability", way.probability);
            let named = names.find(cx, "to", &way.to, &NEXT);
            Some(Branch { probability: probability?, to: named?.destination() })
        })?;
        let total: f64 = ways.iter().map(|way| way.probability).sum();
        let adds_up = cx.field("split", |cx| {
            cx.require(total <= 1.0 + 1e-9, total, "probabilities that add up to at most 1")
        });
        (adds_up && self.to.is_none()).then_some(Next::Split(ways))
    }
}
