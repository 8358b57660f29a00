//! Pulls, subscriptions, and what arrives there.

use models::jetstream::{ConsumerId, PullRequest};
use serde_json::{Value, json};
use sim_core::time::SimDuration;

use super::super::config;
use super::{CLIENT_PATIENCE, Inbox, Replay, Subscription};

impl Replay {
    pub(super) fn pull(&mut self, action: &Value) -> (ConsumerId, usize) {
        let consumer = self.consumers[action["consumer"].as_str().expect("a consumer")];
        let tag = self.inboxes.len();
        self.inboxes.push(Inbox::default());
        let request = PullRequest {
            batch: action["batch"].as_u64().expect("a batch") as u32,
            expires: config::millis(&action["expires_ms"]),
            no_wait: action["no_wait"] == true,
            max_bytes: action["max_bytes"].as_u64(),
            tag: tag as u32,
        };
        let now = self.now;
        self.stream().pull(now, consumer, request);
        self.sort_out();
        (consumer, tag)
    }

    pub(super) fn start_pull(&mut self, action: &Value) -> Value {
        let (_, inbox) = self.pull(action);
        self.inbox_names.insert(action["name"].as_str().expect("a name").to_owned(), inbox);
        json!({})
    }

    pub(super) fn fetch(&mut self, action: &Value) -> Value {
        let (consumer, inbox) = self.pull(action);
        let expires = config::millis(&action["expires_ms"]).unwrap_or(SimDuration::ZERO);
        let patience = self.now + expires + CLIENT_PATIENCE;
        while !self.inboxes[inbox].is_complete {
            match self.next_deadline().filter(|&at| at <= patience) {
                Some(at) => self.fire(at),
                None => {
                    self.now = patience;
                    self.stream().cancel_pull(consumer, inbox as u32);
                    self.inboxes[inbox].is_complete = true;
                    let status = json!({ "status": "client timeout" });
                    self.inboxes[inbox].statuses.push(status);
                }
            }
        }
        self.look_into(inbox);
        let done_t_ms = self.now_ms();
        let Inbox { messages, statuses, .. } = &self.inboxes[inbox];
        let last = statuses.last().unwrap_or(&Value::Null);
        let (status, pending) = (&last["status"], &last["pending_msgs"]);
        json!({
            "msgs": messages, "count": messages.len(),
            "first": messages.first(), "last": messages.last(),
            "status": status, "status_pending_msgs": pending, "done_t_ms": done_t_ms,
        })
    }

    pub(super) fn collect(&mut self, name: &str) -> Value {
        let inbox = self.inbox_names[name];
        self.look_into(inbox);
        let messages = std::mem::take(&mut self.inboxes[inbox].messages);
        let statuses = std::mem::take(&mut self.inboxes[inbox].statuses);
        json!({
            "msgs": messages, "statuses": statuses, "count": messages.len(),
            "first": messages.first(), "last": messages.last(),
        })
    }

    /// The client sees what has arrived, and can acknowledge it from now on.
    pub(super) fn look_into(&mut self, inbox: usize) {
        let replies = &mut self.replies;
        self.unseen.retain(|&(at, message, reply)| {
            if at == inbox {
                replies.entry((reply.consumer, message)).or_default().push(reply);
            }
            at != inbox
        });
    }

    pub(super) fn subscribe(&mut self, name: &str, subject: Option<&str>) -> Value {
        self.inbox_names.insert(name.to_owned(), self.inboxes.len());
        self.inboxes.push(Inbox::default());
        let subject = subject.expect("a subject").to_owned();
        self.subscriptions.push(Subscription { name: name.to_owned(), subject, is_active: true });
        self.update_all_interest();
        json!({})
    }

    pub(super) fn unsubscribe(&mut self, name: &str) -> Value {
        for subscription in self.subscriptions.iter_mut().filter(|known| known.name == name) {
            subscription.is_active = false;
        }
        self.update_all_interest();
        json!({})
    }

    pub(super) fn update_all_interest(&mut self) {
        let ids: Vec<ConsumerId> = self.deliver_subjects.keys().copied().collect();
        ids.into_iter().for_each(|id| self.update_interest(id));
    }

    pub(super) fn update_interest(&mut self, id: ConsumerId) {
        let (now, listens) = (self.now, !self.listeners(id).is_empty());
        match listens {
            true => self.stream().subscribe(now, id),
            false => self.stream().unsubscribe(id),
        }
    }

    /// The inboxes that get what a push consumer sends.
    pub(super) fn listeners(&self, id: ConsumerId) -> Vec<usize> {
        let subject = &self.deliver_subjects[&id];
        let active = self.subscriptions.iter().filter(|known| known.is_active);
        let listeners = active.filter(|known| known.subject == *subject);
        listeners.map(|listener| self.inbox_names[&listener.name]).collect()
    }
}
