//! The refusals of the JetStream API, with the codes and the words of nats-server.

/// A refusal: HTTP-like code, JetStream error code and the server's own description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{description} ({code}/{err_code})")]
pub struct ApiError {
    /// The class: 400 the request is wrong, 500 and 503 the server cannot.
    pub code: u16,
    /// The error code of the JetStream API, 0 where there is none.
    pub err_code: u16,
    /// What the server says.
    pub description: &'static str,
}

const fn error(code: u16, err_code: u16, description: &'static str) -> ApiError {
    ApiError { code, err_code, description }
}

impl ApiError {
    /// Nobody listens on the subject: no such stream.
    pub const NO_RESPONDERS: Self = error(503, 0, "no responders");
    /// The message is larger than `max_msg_size`.
    pub const MESSAGE_TOO_LARGE: Self = error(400, 10054, "message size exceeds maximum allowed");
    /// The server's memory or disk is used up.
    pub const INSUFFICIENT_RESOURCES: Self = error(503, 10023, "insufficient resources");
    /// `discard: new` and `max_msgs` reached.
    pub const MAXIMUM_MESSAGES: Self = error(503, 10077, "maximum messages exceeded");
    /// `discard: new` and `max_bytes` reached.
    pub const MAXIMUM_BYTES: Self = error(503, 10077, "maximum bytes exceeded");
    /// `discard: new` per subject and `max_msgs_per_subject` reached.
    pub const MAXIMUM_PER_SUBJECT: Self =
        error(503, 10077, "maximum messages per subject exceeded");
    /// `max_consumers` reached.
    pub const MAXIMUM_CONSUMERS: Self = error(400, 10026, "maximum consumers limit reached");
    /// The limits of the server's memory do not allow another stream of this size.
    pub const INSUFFICIENT_MEMORY: Self =
        error(500, 10028, "insufficient memory resources available");
    /// A pull consumer of a work queue must acknowledge.
    pub const PULL_REQUIRES_ACK: Self =
        error(400, 10084, "consumer in pull mode requires explicit ack policy on workqueue stream");
    /// A work queue wants explicit acknowledgments.
    pub const WORK_QUEUE_EXPLICIT_ACK: Self =
        error(400, 10098, "workqueue stream requires explicit ack");
    /// A work queue may have only one consumer without a filter.
    pub const WORK_QUEUE_UNFILTERED: Self =
        error(400, 10099, "multiple non-filtered consumers not allowed on workqueue stream");
    /// The filters of a work queue's consumers must not overlap.
    pub const WORK_QUEUE_OVERLAP: Self =
        error(400, 10100, "filtered consumer not unique on workqueue stream");
    /// The consumers of a work queue start at the beginning.
    pub const WORK_QUEUE_DELIVER_ALL: Self =
        error(400, 10101, "consumer must be deliver all on workqueue stream");
    /// 2.9: `max_deliver` must exceed the number of backoff steps.
    pub const BACKOFF_MAX_DELIVER: Self =
        error(400, 10116, "max deliver is required to be > length of backoff values");
    /// No consumer of that name.
    pub const CONSUMER_NOT_FOUND: Self = error(404, 10014, "consumer not found");
    /// No message with that sequence.
    pub const MESSAGE_NOT_FOUND: Self = error(400, 10043, "sequence not found");
    /// `duplicate_window` longer than `max_age`.
    pub const DUPLICATE_WINDOW: Self =
        error(400, 10052, "duplicates window can not be larger then max age");
}

/// The server's budget for streams: `max_bytes` is set aside when a stream is made.
#[derive(Clone, Debug)]
pub struct Reservations {
    limit_bytes: u64,
    reserved_bytes: u64,
}

impl Reservations {
    /// A server with `limit_bytes` (`max_mem` or `max_file`) to give away.
    #[must_use]
    pub const fn new(limit_bytes: u64) -> Self {
        Self { limit_bytes, reserved_bytes: 0 }
    }

    /// Sets aside a stream's `max_bytes`; an unlimited stream reserves nothing.
    ///
    /// # Errors
    /// [`ApiError::INSUFFICIENT_MEMORY`] when it does not fit.
    pub fn reserve(&mut self, max_bytes: Option<u64>) -> Result<(), ApiError> {
        let wanted = max_bytes.unwrap_or(0);
        if self.reserved_bytes + wanted > self.limit_bytes {
            return Err(ApiError::INSUFFICIENT_MEMORY);
        }
        self.reserved_bytes += wanted;
        Ok(())
    }
}
