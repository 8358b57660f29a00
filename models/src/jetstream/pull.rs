//! Pull requests: their admission, their turn and their end.
//!
//! The request at the head gets one message and, if it wants more, goes to the tail: two waiting
//! batches are served alternately, single-message requests in order of arrival.

use std::collections::VecDeque;

use sim_core::time::{SimDuration, SimTime};

use super::config::DeliveryMode;
use super::effect::PullStatus;

/// What a pull's `max_bytes` counts on top of subject, headers and payload: the reply subject of a
/// delivery, about this long.
pub const REPLY_SUBJECT_BYTES: u32 = 40;

/// A request for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Messages wanted; 0 counts as 1.
    pub batch: u32,
    /// How long the request waits; `None`: until its batch is full.
    pub expires: Option<SimDuration>,
    /// Whether to end as soon as there is nothing to deliver.
    pub no_wait: bool,
    /// Most bytes it may be sent, by [`REPLY_SUBJECT_BYTES`] and the message's own.
    pub max_bytes: Option<u64>,
    /// The caller's name for it.
    pub tag: u32,
}

/// A request that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) tag: u32,
    /// Messages it still wants.
    pub(super) left: u32,
    expires_at: Option<SimTime>,
    one_shot: Option<OneShot>,
    bytes_left: Option<u64>,
}

/// How far a `no_wait` request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OneShot {
    Unserved,
    Served,
}

impl Waiting {
    fn is_expired(&self, now: SimTime) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

/// A request that ended early.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed {
    pub(super) tag: u32,
    pub(super) status: PullStatus,
    pub(super) left: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct WaitQueue {
    waiting: VecDeque<Waiting>,
    /// No request expires before this.
    earliest_expiry: Option<SimTime>,
}

/// A turn at the head of the queue.
pub(super) enum Turn {
    /// This request gets the message.
    Granted(Waiting),
    /// The request at the head ended instead.
    Closed(Closed),
    /// Nobody waits.
    Nobody,
}

impl WaitQueue {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn next_expiry(&self) -> Option<SimTime> {
        self.earliest_expiry
    }

    /// Why the consumer's limits forbid the request, if they do.
    pub(super) fn refusal(&self, request: &PullRequest, mode: DeliveryMode) -> Option<PullStatus> {
        let DeliveryMode::Pull { max_waiting, max_batch, max_expires } = mode else {
            return None;
        };
        if let Some(limit) = max_batch.filter(|&limit| request.batch > limit) {
            return Some(PullStatus::ExceededMaxRequestBatch(limit));
        }
        if let Some(limit) = max_expires.filter(|&limit| request.expires > Some(limit)) {
            return Some(PullStatus::ExceededMaxRequestExpires(limit));
        }
        (self.waiting.len() >= max_waiting).then_some(PullStatus::ExceededMaxWaiting)
    }

    pub(super) fn push(&mut self, now: SimTime, request: &PullRequest) {
        let expires_at = request.expires.map(|expires| now + expires);
        let expiries = self.earliest_expiry.into_iter().chain(expires_at);
        self.earliest_expiry = expiries.min();
        self.waiting.push_back(Waiting {
            tag: request.tag,
            left: request.batch.max(1),
            expires_at,
            one_shot: request.no_wait.then_some(OneShot::Unserved),
            bytes_left: request.max_bytes,
        });
    }

    /// Gives a message of `bytes` to the head of the queue, or ends that request.
    pub(super) fn take_turn(&mut self, now: SimTime, bytes: u64) -> Turn {
        let Some(mut head) = self.waiting.pop_front() else {
            return Turn::Nobody;
        };
        if head.is_expired(now) {
            self.forget_expiry_if_empty();
            return Turn::Closed(close(&head, PullStatus::RequestTimeout));
        }
        match &mut head.bytes_left {
            Some(left) if bytes > *left => {
                self.forget_expiry_if_empty();
                return Turn::Closed(close(&head, PullStatus::MessageSizeExceedsMaxBytes));
            }
            Some(left) => *left -= bytes,
            None => {}
        }
        // An exhausted byte budget ends the request with this message.
        head.left = if head.bytes_left == Some(0) { 0 } else { head.left - 1 };
        head.one_shot = head.one_shot.map(|_| OneShot::Served);
        if head.left > 0 {
            self.waiting.push_back(head);
        }
        self.forget_expiry_if_empty();
        Turn::Granted(head)
    }

    fn forget_expiry_if_empty(&mut self) {
        if self.waiting.is_empty() {
            self.earliest_expiry = None;
        }
    }

    /// Ends the requests that are past their time.
    pub(super) fn close_expired(&mut self, now: SimTime, closed: &mut Vec<Closed>) {
        self.close_if(closed, PullStatus::RequestTimeout, |waiting| waiting.is_expired(now));
        self.earliest_expiry = self.waiting.iter().filter_map(|waiting| waiting.expires_at).min();
    }

    /// Ends the `no_wait` requests that got something, now that there is nothing more.
    pub(super) fn close_one_shots(&mut self, status: PullStatus, closed: &mut Vec<Closed>) {
        self.close_if(closed, status, |waiting| waiting.one_shot == Some(OneShot::Served));
        self.forget_expiry_if_empty();
    }

    /// Ends all requests.
    pub(super) fn close_all(&mut self, status: PullStatus, closed: &mut Vec<Closed>) {
        self.close_if(closed, status, |_| true);
        self.earliest_expiry = None;
    }

    /// Drops the requests of that tag without a word: their client is gone.
    pub(super) fn cancel(&mut self, tag: u32) {
        self.waiting.retain(|waiting| waiting.tag != tag);
        self.forget_expiry_if_empty();
    }

    fn close_if(
        &mut self,
        closed: &mut Vec<Closed>,
        status: PullStatus,
        ends: impl Fn(&Waiting) -> bool,
    ) {
        self.waiting.retain(|waiting| {
            let end = ends(waiting);
            if end {
                closed.push(close(waiting, status));
            }
            !end
        });
    }
}

const fn close(waiting: &Waiting, status: PullStatus) -> Closed {
    Closed { tag: waiting.tag, status, left: waiting.left }
}
