//! What holds up the messages that wait behind the current one, for the report: with one at a time they
//! wait for the whole of it, be that the work or a wait for a token.

use sim_core::time::SimTime;

use super::{DeliveryMode, Trigger, TriggerPlan, limit};
use crate::engine::Cx;
use crate::sensor;

/// What a message may be held up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The work on the message before it.
    Work,
    /// The trigger's own rate limit.
    Rate,
    /// The sensor's rate limit.
    SensorRate,
    /// The sensor's client.
    Client,
}

const ALL: [By; 4] = [By::Work, By::Rate, By::SensorRate, By::Client];

/// So many messages are remembered.
const MEMORY: u32 = 16;

/// What held up the latest messages since the trigger was idle, by [`By`]: a vote each.
#[derive(Debug)]
pub(super) struct HeldUp {
    votes: [u32; 4],
    messages: u32,
    current: [bool; 4],
    pub(super) asked_at: SimTime,
    is_asked: bool,
}

impl HeldUp {
    pub(super) fn new(plan: &TriggerPlan) -> Self {
        let has_gate =
            plan.rate_limit.is_some() || plan.sensor_limited || plan.action.client_calls > 0;
        Self {
            votes: [0; 4],
            messages: 0,
            current: [false; 4],
            asked_at: SimTime::ZERO,
            is_asked: has_gate && plan.delivery == DeliveryMode::AtLeastOnce,
        }
    }

    /// The current message waits for `by`.
    pub(super) fn vote(&mut self, by: By) {
        self.current[by as usize] = true;
    }

    /// Nobody waits: whoever comes next finds a trigger that has rested.
    pub(super) fn forget(&mut self) {
        (self.votes, self.messages) = ([0; 4], 0);
    }

    /// The current message is over. What holds up most of late; `None`: there is but the work.
    fn count(&mut self) -> Option<By> {
        if !self.is_asked {
            return None;
        }
        let current = std::mem::take(&mut self.current);
        let works = current.iter().all(|&held| !held);
        for by in ALL {
            let vote = current[by as usize] || (works && by == By::Work);
            self.votes[by as usize] += u32::from(vote);
        }
        self.messages += 1;
        if self.messages == MEMORY {
            self.messages /= 2;
            self.votes.iter_mut().for_each(|votes| *votes /= 2);
        }
        ALL.into_iter().max_by_key(|&by| (self.votes[by as usize], by as u8))
    }
}

impl Trigger {
    /// The current message is over: who stands behind it waits for what held this one up.
    pub(super) fn aim_line(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(by) = self.held_up.count() else { return };
        let (component, limit) = match by {
            By::Work => (cx.me, limit::ONE_AT_A_TIME),
            By::Rate => (cx.me, limit::RATE),
            By::SensorRate => (self.plan.sensor, sensor::limit::RATE),
            By::Client => (self.plan.sensor, sensor::limit::CLIENT),
        };
        cx.aim(self.inbox_line, component, limit);
    }

    /// Messages that wait for the current one: those that are here, and those behind them in the bus.
    pub(super) fn gauge_inbox(&self, in_bus: u64, cx: &mut Cx<'_, '_>) {
        let here = if self.current.is_some() { self.inbox.len() as u64 } else { 0 };
        cx.line(self.inbox_line, here + if here > 0 { in_bus } else { 0 });
    }
}
