//! When a stream looks for messages past their `max_age`.
//!
//! Expiry is the work of one timer per stream; a read never checks the age. The timer is coarse in
//! some releases, so messages may outlive `max_age`: see [`ServerVersion::age_tick`].

use sim_core::time::{SimDuration, SimTime};

use super::config::Storage;
use super::version::ServerVersion;

#[derive(Clone, Debug)]
pub(super) struct AgeTimer {
    max_age: Option<SimDuration>,
    at: Option<SimTime>,
}

impl AgeTimer {
    /// The file store arms its timer when the stream is made, the memory store at the first message.
    pub(super) fn new(now: SimTime, max_age: Option<SimDuration>, storage: Storage) -> Self {
        let at = match storage {
            Storage::File => max_age.map(|age| now + age),
            Storage::Memory => None,
        };
        Self { max_age, at }
    }

    pub(super) const fn at(&self) -> Option<SimTime> {
        self.at
    }

    #[inline]
    pub(super) fn on_store(&mut self, now: SimTime) {
        if let (Some(age), None) = (self.max_age, self.at) {
            self.at = Some(now + age);
        }
    }

    /// Follows a change of `max_age`: the next check is due at once (an assumption, not observed).
    pub(super) fn set_max_age(&mut self, now: SimTime, max_age: Option<SimDuration>) {
        self.max_age = max_age;
        self.at = max_age.map(|_| now);
    }

    /// Whether a message stored at `stored` is past its age.
    pub(super) fn is_expired(&self, now: SimTime, stored: SimTime) -> bool {
        self.max_age.is_some_and(|age| stored + age <= now)
    }

    /// Arms the timer for the oldest message left, stored at `oldest`.
    pub(super) fn rearm(
        &mut self,
        now: SimTime,
        oldest: Option<SimTime>,
        version: ServerVersion,
        storage: Storage,
    ) {
        self.at = match (self.max_age, oldest) {
            (Some(age), Some(oldest)) => {
                Some(now + version.age_tick(storage, (oldest + age).since(now)))
            }
            _ => None,
        };
    }
}
