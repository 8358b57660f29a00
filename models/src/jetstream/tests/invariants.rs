//! Random use: the books always agree with a recount, and every message has one end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// Something a client or the clock does.
#[derive(Clone, Debug)]
enum Action {
    Publish { subject: u8, payload_bytes: u32 },
    Pull { consumer: u8, batch: u32, no_wait: bool },
    Ack { consumer: u8, nth: u8 },
    Nak { consumer: u8, nth: u8 },
    NakLater { consumer: u8, nth: u8 },
    Term { consumer: u8, nth: u8 },
    InProgress { consumer: u8, nth: u8 },
    Delete { nth: u8 },
    Purge { keep: u64 },
    PurgeSubject,
    Wait { millis: u64 },
}

fn action() -> impl Strategy<Value = Action> {
    let (consumer, nth) = (0..3_u8, any::<u8>());
    let one = (consumer.clone(), nth);
    prop_oneof![
        8 => (0..3_u8, 0..200_u32)
            .prop_map(|(subject, payload_bytes)| Action::Publish { subject, payload_bytes }),
        4 => (consumer, 1..6_u32, any::<bool>())
            .prop_map(|(consumer, batch, no_wait)| Action::Pull { consumer, batch, no_wait }),
        4 => one.clone().prop_map(|(consumer, nth)| Action::Ack { consumer, nth }),
        2 => one.clone().prop_map(|(consumer, nth)| Action::Nak { consumer, nth }),
        1 => one.clone().prop_map(|(consumer, nth)| Action::NakLater { consumer, nth }),
        1 => one.clone().prop_map(|(consumer, nth)| Action::Term { consumer, nth }),
        1 => one.prop_map(|(consumer, nth)| Action::InProgress { consumer, nth }),
        1 => nth.prop_map(|nth| Action::Delete { nth }),
        1 => (0..4_u64).prop_map(|keep| Action::Purge { keep }),
        1 => Just(Action::PurgeSubject),
        4 => (1..400_u64).prop_map(|millis| Action::Wait { millis }),
    ]
}

fn stream_config() -> impl Strategy<Value = StreamConfig> {
    let versions = prop_oneof![
        Just(ServerVersion::V2_9),
        Just(ServerVersion::V2_10),
        Just(ServerVersion::V2_15)
    ];
    let retentions =
        prop_oneof![Just(Retention::Limits), Just(Retention::Interest), Just(Retention::WorkQueue)];
    let discards = prop_oneof![Just(Discard::Old), Just(Discard::New)];
    let storages = prop_oneof![Just(Storage::File), Just(Storage::Memory)];
    let limits = (
        proptest::option::of(1..8_u64),
        proptest::option::of(200..900_u64),
        proptest::option::of(1..3_u64),
        proptest::option::of(300..900_u64),
    );
    (versions, retentions, discards, storages, limits).prop_map(
        |(version, retention, discard, storage, limits)| StreamConfig {
            retention,
            discard,
            storage,
            max_msgs: limits.0,
            max_bytes: limits.1,
            max_msgs_per_subject: limits.2,
            max_age: limits.3.map(SimDuration::from_millis),
            ..StreamConfig::unlimited(version)
        },
    )
}

/// The messages stored and not yet reported as removed, by the caller's ledger.
#[derive(Default)]
struct Ledger {
    kept: BTreeMap<u64, u32>,
    replies: Vec<Vec<Reply>>,
}

impl Ledger {
    fn follow(&mut self, effects: &[Effect<u32>]) {
        for effect in effects {
            match effect {
                Effect::Removed(gone) => {
                    assert_eq!(self.kept.remove(&gone.seq), Some(gone.data), "one end each");
                }
                Effect::Delivered(delivery) => {
                    assert_eq!(self.kept.get(&delivery.seq), Some(&delivery.data));
                    self.replies[delivery.consumer.0 as usize].push(delivery.reply());
                }
                _ => {}
            }
        }
    }

    fn reply(&self, consumer: u8, nth: u8) -> Option<Reply> {
        let replies = &self.replies[consumer as usize];
        replies.get(nth as usize % replies.len().max(1)).copied()
    }
}

fn perform(bench: &mut Bench, ledger: &mut Ledger, action: &Action) {
    let now = bench.now;
    let reply = |consumer: u8, nth: u8| ledger.reply(consumer, nth);
    let stream = &mut bench.stream;
    match *action {
        Action::Publish { subject, payload_bytes } => {
            let last_seq = stream.state().last_seq;
            // A message larger than the stream is gone before the publish returns.
            ledger.kept.insert(last_seq + 1, bench.published + 1);
            let name = ["ev.a", "ev.b", "ev.c"][subject as usize];
            let stored = bench.publish(name, payload_bytes).is_ok_and(|ack| ack.stored);
            if !stored {
                ledger.kept.remove(&(last_seq + 1));
            }
        }
        Action::Pull { consumer, batch, no_wait } => {
            let expires_ms = if no_wait { None } else { Some(150) };
            bench.pull(ConsumerId(consumer.into()), batch, expires_ms);
        }
        Action::Ack { consumer, nth } => {
            reply(consumer, nth).into_iter().for_each(|reply| stream.ack(now, reply));
        }
        Action::Nak { consumer, nth } => {
            reply(consumer, nth).into_iter().for_each(|reply| stream.nak(now, reply));
        }
        Action::NakLater { consumer, nth } => {
            let delay = SimDuration::from_millis(70);
            reply(consumer, nth).into_iter().for_each(|reply| stream.nak_later(now, reply, delay));
        }
        Action::Term { consumer, nth } => {
            reply(consumer, nth).into_iter().for_each(|reply| stream.term(now, reply));
        }
        Action::InProgress { consumer, nth } => {
            reply(consumer, nth).into_iter().for_each(|reply| stream.in_progress(now, reply));
        }
        Action::Delete { nth } => {
            let state = stream.state();
            let seq = state.first_seq + u64::from(nth) % (state.messages + 1);
            let was_kept = ledger.kept.contains_key(&seq);
            assert_eq!(stream.delete_message(now, seq).is_ok(), was_kept);
        }
        Action::Purge { keep } => {
            stream.purge(now, Purge::Keep(keep));
        }
        Action::PurgeSubject => {
            stream.purge(now, Purge::Filter("ev.a"));
        }
        Action::Wait { millis } => {
            let to = now.as_nanos() / 1_000_000 + millis;
            bench.at(to);
        }
    }
    bench.gather();
    ledger.follow(&bench.effects);
    bench.effects.clear();
}

/// Recounts everything that is kept incrementally.
fn recount(bench: &Bench, ledger: &Ledger) {
    let (stream, state) = (&bench.stream, bench.stream.state());
    assert_eq!(state.messages, ledger.kept.len() as u64);
    assert!(stream.store.iter().map(|(seq, _)| seq).eq(ledger.kept.keys().copied()));
    let bytes: u64 = stream.store.iter().map(|(_, stored)| u64::from(stored.cost)).sum();
    assert_eq!(state.bytes, bytes);
    assert!(state.messages <= stream.config().max_msgs.unwrap_or(u64::MAX));
    assert!(state.bytes <= stream.config().max_bytes.unwrap_or(u64::MAX));
    for consumer in stream.consumers.iter().flatten() {
        consumer.check(&stream.store);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(0x5057),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_agree_with_a_recount(
        config in stream_config(),
        max_ack_pending in proptest::option::of(1..4_u64),
        max_deliver in proptest::option::of(1..4_u32),
        second_ack_policy in prop_oneof![
            Just(AckPolicy::Explicit), Just(AckPolicy::All), Just(AckPolicy::None)
        ],
        actions in proptest::collection::vec(action(), 1..120),
    ) {
        let is_work_queue = config.retention == Retention::WorkQueue;
        let filters = if is_work_queue { ["ev.a", "ev.b", "ev.c"] } else { [">", "ev.a", "ev.*"] };
        let filters = filters.map(|filter| vec![filter.to_owned()]);
        let mut bench = Bench::new(config);
        let base = ConsumerConfig { max_ack_pending, max_deliver, ..pull_consumer(100) };
        let backoff = [50, 20].map(SimDuration::from_millis).to_vec();
        let ack_policy = if is_work_queue { AckPolicy::Explicit } else { second_ack_policy };
        let [first, second, third] = filters;
        bench.consumer(ConsumerConfig { filters: first, ..base.clone() });
        bench.consumer(ConsumerConfig { filters: second, ack_policy, ..base.clone() });
        let max_deliver = Some(4);
        bench.consumer(ConsumerConfig { filters: third, backoff, max_deliver, ..base });
        let mut ledger = Ledger { replies: vec![Vec::new(); 3], ..Ledger::default() };
        for action in &actions {
            perform(&mut bench, &mut ledger, action);
            recount(&bench, &ledger);
        }
    }
}

/// A storm: the books stay small and the work per message constant. 300 000 messages through a
/// work queue take a fraction of a second; a scan per message would take minutes.
#[test]
fn a_storm_takes_constant_work_per_message() {
    let config = StreamConfig { retention: Retention::WorkQueue, ..memory() };
    let mut stream: Stream<u32> = Stream::new(SimTime::ZERO, config).expect("valid");
    let subject = stream.subject("ev.a");
    let consumer = stream.add_consumer(SimTime::ZERO, pull_consumer(30_000)).expect("valid");
    let mut effects = Vec::new();
    let mut done = 0_u32;
    for data in 0..300_000_u32 {
        let now = SimTime::from_nanos(u64::from(data) * 100_000);
        while stream.next_deadline().is_some_and(|at| at <= now) {
            stream.on_deadline(now);
        }
        let message = Publish {
            subject,
            payload_bytes: 100,
            header_bytes: 0,
            msg_id: Some(data.into()),
            data,
        };
        stream.publish(now, message).expect("there is room");
        let expires = Some(SimDuration::from_secs(1));
        let request = PullRequest { batch: 1, expires, no_wait: false, max_bytes: None, tag: data };
        stream.pull(now, consumer, request);
        stream.swap_effects(&mut effects);
        for effect in &effects {
            // The first message is poison: delivered and never finished.
            if let Effect::Delivered(delivery) = effect
                && delivery.seq > 1
            {
                stream.ack(now, delivery.reply());
                done += 1;
            }
        }
    }
    assert_eq!(done, 299_999);
    assert_eq!(stream.state().messages, 1);
}
