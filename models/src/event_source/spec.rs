//! An event source as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PublishRetry, Route, SourcePlan, Supply};
use crate::engine::reject::Reject;
use crate::spec::arrival::{Arrivals, Files};
use crate::spec::check::Checker;
use crate::spec::distribution::{DurationSpread, SizeSpread};
use crate::spec::policy::{Algorithm, OnReject, RateLimitSpec, one, one_second, optional};
use crate::spec::quantity::{BytesText, DurationText};
use crate::spec::resolve::{Kind, Names};

/// Where events enter: a webhook, a queue that is read, a timer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSourceSpec {
    /// Its name.
    pub name: String,
    /// When events come. Either this or `closed_loop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// Clients that each wait for the end of their event before they think of the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_loop: Option<ClosedLoopSpec>,
    /// Payload of an event, unless a trace brings its own.
    #[serde(default = "one_kib")]
    pub payload: SizeSpread,
    /// The event names of the source with their shares; none: one, called `events`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventNameSpec>,
    /// Share of events that the source's filter lets pass.
    #[serde(default = "one")]
    pub filter: f64,
    /// Priority of its events, where a queue serves by priority.
    #[serde(default)]
    pub priority: i8,
    /// The stage that gets the events: a bus, a station, a store or a workflow template.
    #[serde(default = "default_bus")]
    pub to: String,
    /// One publish at a time per event name (`Serial`, as Argo's webhooks do per endpoint), or each on its
    /// own.
    #[serde(default)]
    pub route: RouteSpec,
    /// From sending an event to its acknowledgement.
    #[serde(default = "no_time")]
    pub latency: DurationSpread,
    /// A limit on attempts to publish per time; what is `over` a limit that does not wait is dropped,
    /// stored, or sent again by its caller. Default algorithm: `LeakyBucket(slack: 0)`, as the
    /// pause after each message of Argo's Kafka source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitSpec>,
    /// Largest payload that the source takes; none: no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_payload: Option<BytesText>,
    /// The client's own attempts within the source; none: Argo's for a bus, a single one otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<PublishSpec>,
    /// What the caller does when all attempts failed: `Drop`, `Nack` or `Store`; none: what the refusal
    /// says if that is a `Nack` of the target, else `Drop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnReject>,
    /// Senders that send an event twice, under the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend: Option<ResendSpec>,
}

/// More clients than this are no closed loop any more: they arrive as if without end.
const CLIENTS_MAX: u32 = 5_000_000;

/// A fixed number of clients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedLoopSpec {
    /// How many.
    pub clients: u32,
    /// The pause between the end of an event and the client's next.
    pub think: DurationSpread,
}

/// One event name of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventNameSpec {
    /// The name.
    pub name: String,
    /// Its share of the source's events; shares are taken relative to their sum.
    #[serde(default = "one")]
    pub share: f64,
}

/// How many events a source publishes at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RouteSpec {
    /// Each on its own.
    #[default]
    Parallel,
    /// One at a time per event name; the others wait, their connections open.
    Serial,
}

/// A client's attempts to publish. The defaults are Argo Events' own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishSpec {
    /// How long one attempt waits for its acknowledgement.
    #[serde(default = "five_seconds")]
    pub timeout: DurationText,
    /// Attempts, the first included.
    #[serde(default = "five")]
    pub attempts: u16,
    /// The pause between attempts.
    #[serde(default = "one_second")]
    pub wait: DurationText,
    /// Each pause is made longer by up to this share of it.
    #[serde(default = "one")]
    pub jitter: f64,
}

/// Senders that repeat themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendSpec {
    /// Share of events that are sent twice.
    pub probability: f64,
    /// How much later.
    pub after: DurationSpread,
}

fn one_kib() -> SizeSpread {
    "1KiB".into()
}

fn no_time() -> DurationSpread {
    "0s".into()
}

fn default_bus() -> String {
    "default".to_owned()
}

fn five() -> u16 {
    5
}

fn five_seconds() -> DurationText {
    "5s".into()
}

/// The event name of a source that states none.
pub(crate) const DEFAULT_EVENT: &str = "events";

impl ClosedLoopSpec {
    /// The supply; `cx` is at the source.
    fn compile(&self, cx: &mut Checker<'_>) -> Option<Supply> {
        cx.field("closed_loop", |cx| {
            let clients = cx.at_least("clients", self.clients, 1);
            let few = cx.field("clients", |cx| {
                let wanted = format!("at most `{CLIENTS_MAX}`");
                cx.require(self.clients <= CLIENTS_MAX, self.clients, &wanted)
            });
            let clients = clients.filter(|_| few);
            let think = cx.field("think", |cx| self.think.compile(cx));
            Some(Supply::Closed { clients: clients?, think: think? })
        })
    }
}

impl EventSourceSpec {
    /// The names of its events.
    pub(crate) fn event_names(&self) -> Vec<&str> {
        match self.events.as_slice() {
            [] => vec![DEFAULT_EVENT],
            events => events.iter().map(|event| event.name.as_str()).collect(),
        }
    }

    /// The plan, but for [`SourcePlan::target_nack`].
    pub(crate) fn compile(
        &self,
        names: &Names,
        files: &dyn Files,
        cx: &mut Checker<'_>,
    ) -> Option<SourcePlan> {
        let supply = self.supply(files, cx);
        let payload = cx.field("payload", |cx| self.payload.compile(cx));
        let filter = cx.probability("filter", self.filter);
        let shares = self.shares(cx);
        let latency = cx.field("latency", |cx| self.latency.compile(cx));
        let rate_limit = optional(&self.rate_limit, |limit| {
            let default = Algorithm::LeakyBucket { slack: 0 };
            cx.field("rate_limit", |cx| limit.compile(default, names, cx))
        });
        let payload_max = optional(&self.max_payload, |size| cx.bytes("max_payload", size));
        let kinds = [Kind::EventBus, Kind::Station, Kind::Store, Kind::Template];
        let target = names.find(cx, "to", &self.to, &kinds);
        let retry = self.retry(target.is_some_and(|target| target.kind == Kind::EventBus), cx);
        let on_failure = optional(&self.on_failure, |stated| {
            cx.field("on_failure", |cx| stated.compile_unblocked(names, cx))
        });
        let resend = optional(&self.resend, |resend| {
            cx.field("resend", |cx| {
                let probability = cx.probability("probability", resend.probability);
                let after = cx.field("after", |cx| resend.after.compile(cx));
                probability.zip(after)
            })
        });
        let target = target?;
        let mut destination = target.destination();
        // The next of a serial route waits until the target has taken this one.
        destination.answers |= self.route == RouteSpec::Serial;
        let (rate_limit, over_limit) = rate_limit?.unzip();
        Some(SourcePlan {
            name: self.name.clone(),
            supply: supply?,
            payload: payload?,
            pass_probability: filter?,
            event_shares: shares?,
            priority: self.priority,
            route: match self.route {
                RouteSpec::Parallel => Route::Parallel,
                RouteSpec::Serial => Route::Serial,
            },
            rate_limit,
            over_limit: over_limit.unwrap_or(Reject::Drop),
            payload_max: payload_max?.map(|size| u32::try_from(size.as_u64()).unwrap_or(u32::MAX)),
            target: destination,
            publishes: target.kind == Kind::EventBus,
            latency: latency?,
            retry: retry?,
            on_failure: on_failure?,
            target_nack: None,
            resend: resend?,
        })
    }

    fn supply(&self, files: &dyn Files, cx: &mut Checker<'_>) -> Option<Supply> {
        match (&self.arrivals, &self.closed_loop) {
            (Some(arrivals), None) => {
                cx.field("arrivals", |cx| arrivals.compile(files, cx)).map(Supply::Open)
            }
            (None, Some(closed)) => closed.compile(cx),
            (None, None) => {
                cx.error(format!("the event source `{}` has no events", self.name))
                    .expected("`arrivals: …`, or `closed_loop: (clients: …, think: …)`");
                None
            }
            (Some(arrivals), Some(closed)) => {
                cx.field("arrivals", |cx| arrivals.compile(files, cx));
                closed.compile(cx);
                cx.field("closed_loop", |cx| {
                    cx.error("there are both `arrivals` and `closed_loop`").expected("one of them");
                });
                None
            }
        }
    }

    fn shares(&self, cx: &mut Checker<'_>) -> Option<Vec<f64>> {
        if self.events.is_empty() {
            return Some(vec![1.0]);
        }
        let shares =
            cx.each("events", &self.events, |cx, event| cx.positive("share", event.share))?;
        let total: f64 = shares.iter().sum();
        Some(shares.into_iter().map(|share| share / total).collect())
    }

    fn retry(&self, to_a_bus: bool, cx: &mut Checker<'_>) -> Option<PublishRetry> {
        let default = PublishSpec {
            timeout: five_seconds(),
            attempts: if to_a_bus { 5 } else { 1 },
            wait: one_second(),
            jitter: 1.0,
        };
        let spec = self.publish.as_ref().unwrap_or(&default);
        cx.field("publish", |cx| {
            let timeout = cx.positive_duration("timeout", &spec.timeout);
            let attempts = cx.at_least("attempts", spec.attempts, 1);
            let pause = cx.duration("wait", &spec.wait);
            let jitter = cx.at_least("jitter", spec.jitter, 0.0);
            Some(PublishRetry {
                timeout: timeout?,
                attempts: attempts?,
                pause: pause?,
                jitter: jitter?,
            })
        })
    }
}
