//! A store as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_core::limiter::{Limiter, Start};
use sim_core::queue::QueueLimits;

use super::{Drain, StorePlan};
use crate::engine::reject::Reject;
use crate::spec::check::Checker;
use crate::spec::policy::{OnReject, optional};
use crate::spec::quantity::{BytesText, DurationText, RateText};
use crate::spec::resolve::Names;

/// A backlog: rejected events are kept here and worked off later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreSpec {
    /// Its name.
    pub name: String,
    /// Most events kept; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_msgs: Option<u64>,
    /// Most bytes kept; none: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<BytesText>,
    /// What happens to an event that was sent here and for which there is no room: `Drop`, `Nack` or `Store`
    /// (another one); none: the sender gets an error, and does what it does with any failure. What another
    /// stage's policy put here is lost then, since nobody waits for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_reject: Option<OnReject>,
    /// When it gives back what it keeps.
    #[serde(default)]
    pub drain: DrainSpec,
    /// The stage that gets drained events; not needed if nothing is drained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// When a store gives back what it keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub enum DrainSpec {
    /// Never, within the run.
    #[default]
    Never,
    /// One by one at this rate.
    Rate(RateText),
    /// On a schedule: so many at a time, every so often.
    Every {
        /// The time from one batch to the next.
        every: DurationText,
        /// Most events of one batch.
        batch: u32,
        /// When the first batch is due; none: after the first interval.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<DurationText>,
    },
    /// Whenever nothing else is under way in the model.
    WhenIdle {
        /// How often that is looked at.
        check: DurationText,
        /// Most events of one batch.
        batch: u32,
    },
}

impl StoreSpec {
    pub(crate) fn compile(&self, names: &Names, cx: &mut Checker<'_>) -> Option<StorePlan> {
        let bytes = optional(&self.max_bytes, |bytes| cx.bytes("max_bytes", bytes));
        let on_reject = optional(&self.on_reject, |stated| {
            cx.field("on_reject", |cx| self.answer(stated, names, cx))
        });
        let drain = cx.field("drain", |cx| self.drain.compile(cx));
        let to = optional(&self.to, |to| names.destination(cx, "to", to));
        if self.to.is_none() && self.drain != DrainSpec::Never {
            cx.error("the store is drained, but not where to")
                .expected("`to: \"…\"`, a stage or a workflow template");
            return None;
        }
        Some(StorePlan {
            name: self.name.clone(),
            capacity: QueueLimits {
                messages: self.max_msgs,
                bytes: bytes?.map(|bytes| bytes.as_u64()),
            },
            on_reject: on_reject?.unwrap_or(Reject::Error),
            drain: drain?,
            to: to?,
        })
    }
}

impl StoreSpec {
    /// Whether senders may get an event back.
    pub(crate) fn answers(&self) -> bool {
        matches!(self.on_reject, None | Some(OnReject::Nack(_)))
    }

    fn answer(&self, stated: &OnReject, names: &Names, cx: &mut Checker<'_>) -> Option<Reject> {
        if matches!(stated, OnReject::Store(store) if *store == self.name) {
            cx.error("what a store has no room for it cannot store").expected("another store");
            return None;
        }
        stated.compile_unblocked(names, cx)
    }
}

impl DrainSpec {
    fn compile(&self, cx: &mut Checker<'_>) -> Option<Drain> {
        Some(match self {
            Self::Never => Drain::Never,
            Self::Rate(rate) => {
                let rate = cx.quantity(rate.parse())?;
                Drain::Rate(Limiter::token_bucket(rate, 1, Start::Full))
            }
            Self::Every { every, batch, first } => {
                let every = cx.positive_duration("every", every);
                let batch = cx.at_least("batch", *batch, 1);
                let first = optional(first, |first| cx.duration("first", first));
                let every = every?;
                Drain::Every { first: first?.unwrap_or(every), every, batch: batch? }
            }
            Self::WhenIdle { check, batch } => {
                let check = cx.positive_duration("check", check);
                let batch = cx.at_least("batch", *batch, 1);
                Drain::WhenIdle { check: check?, batch: batch? }
            }
        })
    }
}
