//! The EventBus: a JetStream stream ([`crate::jetstream`]) with the consumers of all triggers, wired to
//! the events of the model.
//!
//! An event that was published is split into a branch for each consumer whose subject matches. A branch
//! waits here until its consumer asks for it (`Pull`), is handed over, and ends with its ack; or it is
//! lost here, when a limit pushes its message out.

mod branches;
pub(crate) mod spec;

use std::collections::VecDeque;

use sim_core::kernel::Phase;
use sim_core::random::Streams;
use sim_core::time::{SimDuration, SimTime};

use crate::engine::Cx;
use crate::engine::event::{ComponentId, Signal};
use crate::engine::fate::{Fate, Reason};
use crate::engine::job::{Job, JobId};
use crate::engine::recorder::{FactKind, GaugeId, SampleId};
use crate::engine::reject::{NackId, Reject};
use crate::fault::Change;
use crate::jetstream::{
    AdvisoryKind, ApiError, ConsumerConfig, ConsumerId, Delivery, Effect, Publish, PullRequest,
    Purge, RemovalReason, Storage, Stream, StreamConfig, Subject,
};
use branches::{Branches, Slot};

/// The stream has something to do.
const DEADLINE: u16 = 0;

/// How often a consumer says that it is still at work.
const SIGN_OF_LIFE: SimDuration = SimDuration::from_millis(500);

/// What a bus is made of.
#[derive(Clone, Debug)]
pub(crate) struct BusPlan {
    pub(crate) name: String,
    pub(crate) stream: StreamConfig,
    pub(crate) subjects: Vec<SubjectPlan>,
    pub(crate) consumers: Vec<ConsumerPlan>,
    /// Bytes of the headers of each message.
    pub(crate) header_bytes: u32,
    pub(crate) on_reject: Reject,
}

/// One event name of one source.
#[derive(Clone, Debug)]
pub(crate) struct SubjectPlan {
    pub(crate) source: ComponentId,
    /// The number of the event name within its source.
    pub(crate) event: u16,
    pub(crate) name: String,
    /// Numbers of the consumers that want it.
    pub(crate) consumers: Vec<u32>,
    /// Its senders may repeat a message under the same id.
    pub(crate) repeats_ids: bool,
}

/// A consumer of a trigger.
#[derive(Clone, Debug)]
pub(crate) struct ConsumerPlan {
    pub(crate) owner: ComponentId,
    /// The consumer's number within its owner.
    pub(crate) number: u16,
    pub(crate) config: ConsumerConfig,
}

/// The names of a bus's gauges and samples.
pub(crate) mod metric {
    pub(crate) const DEPTH: &str = "depth";
    pub(crate) const BYTES: &str = "bytes";
    pub(crate) const BACKLOG: &str = "backlog";
    pub(crate) const RESIDENCE: &str = "residence";
}

/// A bus at work.
#[derive(Debug)]
pub(crate) struct EventBus {
    plan: BusPlan,
    stream: Stream<u32>,
    subjects: Vec<Subject>,
    /// By the plan's number; `None`: the server refused it.
    consumers: Vec<Option<ConsumerId>>,
    branches: Branches,
    deliveries: Deliveries,
    /// Messages that their consumers keep alive with `+WPI`, and since when.
    working: Vec<(u32, SimTime)>,
    effects: Vec<Effect<u32>>,
    /// Branches whose message is leaving the stream, until it is known why.
    leaving: Vec<JobId>,
    armed: Option<SimTime>,
    down: bool,
    /// What came while the server was down and is said again when it is up.
    deferred: Vec<Signal>,
    depth: GaugeId,
    bytes: GaugeId,
    backlog: GaugeId,
    residence: SampleId,
}

/// A message in a consumer's hands.
#[derive(Clone, Copy, Debug)]
struct Held {
    delivery: Delivery<u32>,
    slot: u32,
    /// The stream has lost the message meanwhile.
    gone: Option<Reason>,
}

/// Messages in consumers' hands, by the number that their jobs carry. A number is never given twice:
/// a second branch of a message may come back long after the first.
#[derive(Debug, Default)]
struct Deliveries {
    /// In order of their numbers; few, since a consumer holds one or two.
    held: VecDeque<(u32, Held)>,
    next: u32,
}

impl Deliveries {
    fn insert(&mut self, held: Held) -> u32 {
        let id = self.next;
        self.next = id.wrapping_add(1);
        self.held.push_back((id, held));
        id
    }

    fn place(&self, id: u32) -> Option<usize> {
        // Numbers may have wrapped around: what counts is the distance from the oldest.
        let &(first, _) = self.held.front()?;
        self.held.binary_search_by_key(&id.wrapping_sub(first), |(n, _)| n.wrapping_sub(first)).ok()
    }

    fn get(&self, id: u32) -> Option<&Held> {
        self.place(id).map(|at| &self.held[at].1)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Held> {
        self.place(id).map(|at| &mut self.held[at].1)
    }

    fn remove(&mut self, id: u32) -> Option<Held> {
        let at = self.place(id)?;
        self.held.remove(at).map(|(_, held)| held)
    }
}

impl EventBus {
    pub(crate) fn new(plan: BusPlan, _: &Streams, cx: &mut Cx<'_, '_>) -> Self {
        let now = cx.now();
        let mut stream = Stream::new(now, plan.stream.clone()).expect("the plan was checked");
        let subjects = plan.subjects.iter().map(|subject| stream.subject(&subject.name)).collect();
        let consumers = plan
            .consumers
            .iter()
            .map(|consumer| stream.add_consumer(now, consumer.config.clone()).ok())
            .collect::<Vec<_>>();
        let most = plan.subjects.iter().map(|subject| subject.consumers.len()).max();
        let may_exhaust = plan.consumers.iter().any(|c| c.config.max_deliver.is_some());
        let recorder = &mut cx.world.recorder;
        Self {
            stream,
            subjects,
            consumers,
            branches: Branches::new(most.unwrap_or(0), may_exhaust),
            deliveries: Deliveries::default(),
            working: Vec::new(),
            effects: Vec::new(),
            leaving: Vec::new(),
            armed: None,
            down: false,
            deferred: Vec::new(),
            depth: recorder.new_gauge(cx.me, metric::DEPTH),
            bytes: recorder.new_gauge(cx.me, metric::BYTES),
            backlog: recorder.new_gauge(cx.me, metric::BACKLOG),
            residence: recorder.new_samples(cx.me, metric::RESIDENCE),
            plan,
        }
    }

    /// Nothing happens before somebody comes.
    pub(crate) fn start(&mut self, _: &mut Cx<'_, '_>) {}

    #[inline(never)]
    pub(crate) fn handle(&mut self, signal: Signal, cx: &mut Cx<'_, '_>) {
        match signal {
            Signal::Offer { from, job } => self.publish(from, job, cx),
            Signal::Wake { what: DEADLINE, .. } => self.on_deadline(cx),
            Signal::Abandoned { job, .. } => self.take_back(job, None, cx),
            Signal::Refused { job, .. } => {
                let delay = cx.job(job).last_delay;
                self.take_back(job, Some(delay), cx);
            }
            _ if self.down => self.deferred.push(signal),
            Signal::Pull { consumer, .. } => self.pull(consumer, cx),
            Signal::CancelPull { consumer, .. } => {
                if let Some(id) = self.consumers[consumer as usize] {
                    self.stream.cancel_pull(id, consumer);
                }
            }
            // Said while the server was down, it may be about a message that has come back since.
            Signal::Working { delivery, .. } if self.deliveries.get(delivery).is_none() => {}
            Signal::Working { delivery, .. } => self.working.push((delivery, cx.now())),
            Signal::Ack { delivery, .. } => self.ack(delivery, cx),
            other => unreachable!("a bus does not understand {other:?}"),
        }
    }

    pub(crate) fn change(&mut self, change: &Change, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let mut config = self.stream.config().clone();
        match *change {
            Change::Stop => self.stop(cx),
            Change::Start => self.up_again(cx),
            Change::Limit(messages) => config.max_msgs = Some(messages),
            Change::Room(limits) => {
                (config.max_msgs, config.max_bytes) = (limits.messages, limits.bytes);
            }
            Change::Slower(_)
            | Change::FailureProbability(_)
            | Change::Rate(_)
            | Change::Permits { .. } => {}
        }
        self.stream.update(now, config).expect("a limit is no error");
        self.react(cx);
    }

    /// The server is down; a stream in memory is gone with it (nats-server 2.10: contents vanish). What
    /// consumers hold they have the only copy of.
    #[cold]
    fn stop(&mut self, cx: &mut Cx<'_, '_>) {
        if !self.down && self.plan.stream.storage == Storage::Memory {
            self.stream.purge(cx.now(), Purge::All);
            self.react(cx);
        }
        self.down = true;
    }

    /// Jobs held here, for the check at the end of the run.
    pub(crate) fn held(&self, visit: &mut dyn FnMut(JobId)) {
        self.branches.waiting().for_each(visit);
    }

    fn publish(&mut self, from: ComponentId, job: JobId, cx: &mut Cx<'_, '_>) {
        cx.fact(FactKind::Offered, job);
        if self.down {
            return cx.refuse(from, job, Reason::Unavailable, self.nack());
        }
        let record = *cx.job(job);
        let wanted = (record.source, record.subject);
        let subject = self.plan.subjects.iter().position(|s| (s.source, s.event) == wanted);
        let subject = subject.expect("a source publishes to the bus it was planned with");
        let message = self.branches.reserve(subject as u32);
        let publish = Publish {
            subject: self.subjects[subject],
            payload_bytes: record.size_bytes,
            header_bytes: self.plan.header_bytes,
            msg_id: self.message_id(subject, &record),
            data: message,
        };
        match self.stream.publish(cx.now(), publish) {
            Err(error) => {
                self.branches.free(message, None);
                self.reject(from, job, reason_of(error), cx);
            }
            Ok(ack) if ack.duplicate => {
                self.branches.free(message, None);
                cx.accept(from, job);
                if cx.job(job).is_ghost {
                    cx.forget(job);
                } else {
                    cx.settle(job, Fate::duplicate(cx.me));
                }
            }
            Ok(ack) => {
                cx.fact(FactKind::Admitted, job);
                cx.accept(from, job);
                let now = cx.now();
                let record = cx.job_mut(job);
                record.since = now;
                record.is_sampled = false;
                if !self.split(subject, message, job, cx) {
                    cx.drop_job(job, Reason::NoConsumer);
                }
                if ack.stored {
                    self.branches.stored_as(message, ack.seq);
                } else {
                    self.branches.free(message, None);
                }
            }
        }
        self.react(cx);
    }

    /// The id of the message, where one like it may come: a sender repeats itself, or sends again what it
    /// has heard nothing of. What a store gives back is published anew.
    fn message_id(&self, subject: usize, record: &Job) -> Option<u64> {
        let may_repeat = self.plan.subjects[subject].repeats_ids || record.is_ghost;
        // Each time that the caller comes again it has another id.
        let round = if record.is_ghost { u64::from(record.epoch) } else { 0 };
        (may_repeat && !record.is_drained).then(|| record.key.wrapping_add(round))
    }

    /// One branch for each consumer that wants the message; false if there is none.
    fn split(&mut self, subject: usize, message: u32, job: JobId, cx: &mut Cx<'_, '_>) -> bool {
        let mut any = false;
        for (slot, &consumer) in (0..).zip(&self.plan.subjects[subject].consumers) {
            if self.consumers[consumer as usize].is_none() {
                continue;
            }
            let branch = cx.world.jobs.branch(job);
            // What was joined to it shares the fate of its first branch.
            cx.world.jobs.move_joined(job, branch);
            self.branches.set(message, slot, Slot::Waiting(branch));
            any = true;
        }
        if any {
            cx.world.jobs.merge_into_siblings(job);
        }
        any
    }

    fn reject(&mut self, from: ComponentId, job: JobId, reason: Reason, cx: &mut Cx<'_, '_>) {
        match self.plan.on_reject {
            Reject::Nack(_) | Reject::Block | Reject::Error => {
                cx.refuse(from, job, reason, self.nack());
            }
            Reject::Drop => {
                cx.fact_because(FactKind::Refused, job, reason);
                cx.accept(from, job);
                cx.drop_job(job, reason);
            }
            Reject::Store(store) => {
                cx.fact_because(FactKind::Refused, job, reason);
                cx.accept(from, job);
                cx.offer(store, job);
            }
        }
    }

    fn nack(&self) -> NackId {
        self.plan.on_reject.nack().unwrap_or(NackId::NONE)
    }

    fn pull(&mut self, consumer: u32, cx: &mut Cx<'_, '_>) {
        let Some(id) = self.consumers[consumer as usize] else { return };
        let request =
            PullRequest { batch: 1, expires: None, no_wait: false, max_bytes: None, tag: consumer };
        self.stream.pull(cx.now(), id, request);
        self.react(cx);
    }

    fn ack(&mut self, delivery: u32, cx: &mut Cx<'_, '_>) {
        self.working.retain(|&(working, _)| working != delivery);
        let held = self.deliveries.remove(delivery).expect("a delivery is acked once");
        if held.gone.is_none() {
            self.branches.set(held.delivery.data, held.slot, Slot::Done);
        }
        self.stream.ack(cx.now(), held.delivery.reply());
        self.react(cx);
    }

    /// A consumer no longer has the message, which it did not ack: it will be delivered again, after the
    /// ack wait or the delay of a nak.
    fn take_back(&mut self, job: JobId, nak: Option<SimDuration>, cx: &mut Cx<'_, '_>) {
        let delivery = cx.job(job).delivery;
        let Some(held) = self.deliveries.remove(delivery) else {
            // Another firing of the same message came back first: both come again with it.
            return cx.forget(job);
        };
        let working = self.working.extract_if(.., |&mut (working, _)| working == delivery).next();
        if let Some(signed_at) = working.and_then(|(_, since)| last_sign(since, cx.now())) {
            self.stream.in_progress(signed_at, held.delivery.reply());
        }
        if let Some(reason) = held.gone {
            return cx.drop_job(job, reason);
        }
        self.branches.set(held.delivery.data, held.slot, Slot::Waiting(job));
        if let Some(delay) = nak {
            self.stream.nak_later(cx.now(), held.delivery.reply(), delay);
        }
        self.react(cx);
    }

    fn on_deadline(&mut self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        if self.armed.is_some_and(|armed| armed > now) {
            return;
        }
        self.armed = None;
        if !self.down {
            for &(delivery, since) in &self.working {
                let held = self.deliveries.get(delivery).expect("it is worked on");
                if let Some(signed_at) = last_sign(since, now) {
                    self.stream.in_progress(signed_at, held.delivery.reply());
                }
            }
            self.stream.on_deadline(now);
        }
        self.react(cx);
    }

    /// Turns what happened in the stream into events of the model.
    fn react(&mut self, cx: &mut Cx<'_, '_>) {
        if self.down {
            return;
        }
        loop {
            let mut effects = std::mem::take(&mut self.effects);
            self.stream.swap_effects(&mut effects);
            if effects.is_empty() {
                self.effects = effects;
                break;
            }
            effects.iter().for_each(|effect| self.on_effect(effect, cx));
            self.effects = effects;
        }
        let state = self.stream.state();
        cx.gauge(self.depth, state.messages);
        cx.gauge(self.bytes, state.bytes);
        cx.gauge(self.backlog, self.branches.outstanding());
        self.arm(cx);
    }

    fn arm(&mut self, cx: &mut Cx<'_, '_>) {
        let Some(next) = self.stream.next_deadline() else { return };
        let next = next.max(cx.now());
        if self.armed.is_none_or(|armed| armed > next) {
            self.armed = Some(next);
            cx.at(next, Phase::Release, Signal::Wake { what: DEADLINE, arg: 0 });
        }
    }

    fn on_effect(&mut self, effect: &Effect<u32>, cx: &mut Cx<'_, '_>) {
        match *effect {
            Effect::Delivered(delivery) => self.hand_over(delivery, cx),
            Effect::Lost { consumer, data, .. } => self.lose(consumer, data),
            Effect::Removed(removal) => {
                let reason = match removal.reason {
                    RemovalReason::Expired => Reason::Expired,
                    RemovalReason::Purged => Reason::MemoryLost,
                    _ => Reason::Evicted,
                };
                for job in std::mem::take(&mut self.leaving) {
                    cx.fact_because(FactKind::Refused, job, reason);
                    cx.drop_job(job, reason);
                }
                self.let_go(removal.data, removal.seq, reason);
            }
            Effect::Advisory { consumer, seq, kind: AdvisoryKind::MaxDeliver, .. } => {
                self.exhaust(consumer, seq, cx);
            }
            Effect::PullClosed { .. } | Effect::Advisory { .. } | Effect::Heartbeat { .. } => {}
        }
    }

    fn number_of(&self, consumer: ConsumerId) -> u32 {
        let number = self.consumers.iter().position(|&id| id == Some(consumer));
        number.expect("a consumer of this bus") as u32
    }

    fn slot_of(&self, subject: Subject, consumer: u32) -> u32 {
        let subject = self.subjects.iter().position(|&known| known == subject);
        let consumers = &self.plan.subjects[subject.expect("a subject of this bus")].consumers;
        consumers.iter().position(|&wants| wants == consumer).expect("it wants it") as u32
    }

    fn hand_over(&mut self, delivery: Delivery<u32>, cx: &mut Cx<'_, '_>) {
        let number = self.number_of(delivery.consumer);
        let slot = self.slot_of(delivery.subject, number);
        match self.branches.get(delivery.data, slot) {
            Slot::Waiting(job) => {
                let held = Held { delivery, slot, gone: None };
                let id = self.deliveries.insert(held);
                self.branches.set(delivery.data, slot, Slot::Held(id));
                let record = cx.job_mut(job);
                record.delivery = id;
                record.since = delivery.stored_at;
                // What a consumer is told of its backlog.
                record.tag = u32::try_from(delivery.num_pending).unwrap_or(u32::MAX);
                let first = delivery.deliveries == 1;
                if first {
                    cx.sample(self.residence, cx.now().since(delivery.stored_at));
                }
                cx.fact(if first { FactKind::Delivered } else { FactKind::Redelivered }, job);
                let ConsumerPlan { owner, number, .. } = self.plan.consumers[number as usize];
                cx.send(owner, Signal::Deliver { consumer: number, job });
            }
            Slot::Held(id) => {
                // The consumer still has it, waiting its turn: it drops the copy and asks again.
                if let Some(held) = self.deliveries.get_mut(id) {
                    held.delivery = delivery;
                }
                self.pull(number, cx);
            }
            Slot::Done => self.pull(number, cx),
        }
    }

    /// The message leaves the stream before this consumer was done with it.
    fn lose(&mut self, consumer: ConsumerId, message: u32) {
        let slot = self.slot_in(message, consumer);
        if let Slot::Waiting(job) = self.branches.get(message, slot) {
            self.leaving.push(job);
            self.branches.set(message, slot, Slot::Done);
        }
    }

    fn slot_in(&self, message: u32, consumer: ConsumerId) -> u32 {
        let subject = self.branches.subject(message);
        self.slot_of(self.subjects[subject as usize], self.number_of(consumer))
    }

    /// The message is gone; those who hold it have the only copy.
    fn let_go(&mut self, message: u32, sequence: u64, reason: Reason) {
        for (_, slot) in self.branches.open(message) {
            if let Slot::Held(id) = slot
                && let Some(held) = self.deliveries.get_mut(id)
            {
                held.gone = Some(reason);
            }
        }
        self.branches.free(message, Some(sequence));
    }

    /// The consumer gave the message up after its last delivery; the message itself stays.
    fn exhaust(&mut self, consumer: ConsumerId, sequence: u64, cx: &mut Cx<'_, '_>) {
        let Some(message) = self.branches.find(sequence) else { return };
        let slot = self.slot_in(message, consumer);
        if let Slot::Waiting(job) = self.branches.get(message, slot) {
            self.branches.set(message, slot, Slot::Done);
            cx.fact_because(FactKind::Refused, job, Reason::RetriesExhausted);
            cx.drop_job(job, Reason::RetriesExhausted);
        }
    }

    fn up_again(&mut self, cx: &mut Cx<'_, '_>) {
        self.down = false;
        for signal in std::mem::take(&mut self.deferred) {
            self.handle(signal, cx);
        }
    }
}

/// When a consumer that has worked since `since` last gave a sign of life before `now`: every half second
/// (argo-events v1.9.11 `trigger_conn.go`, `processMsgs`).
fn last_sign(since: SimTime, now: SimTime) -> Option<SimTime> {
    let worked = now.since(since).as_nanos().checked_sub(1)?;
    let signs = worked / SIGN_OF_LIFE.as_nanos();
    (signs > 0).then(|| since + SIGN_OF_LIFE * signs)
}

fn reason_of(error: ApiError) -> Reason {
    match error {
        ApiError::MAXIMUM_BYTES | ApiError::INSUFFICIENT_RESOURCES => Reason::BytesFull,
        ApiError::MESSAGE_TOO_LARGE => Reason::TooLarge,
        _ => Reason::MessagesFull,
    }
}
