//! Byte accounting, the publish decision, deduplication, age and retention.

use super::*;

const VERSIONS: [ServerVersion; 3] =
    [ServerVersion::V2_9, ServerVersion::V2_10, ServerVersion::V2_15];

#[test]
fn a_message_costs_its_bytes_and_the_overhead_of_its_store() {
    // Headers `X: 1` encode to 12 + 1 + 1 + 4 bytes.
    assert_eq!(header_bytes(&[(1, 1)]), 18);
    assert_eq!(header_bytes(&[]), 0);
    let table = [
        (Storage::Memory, 0, 80, 4 + 80 + 16),
        (Storage::Memory, 18, 80, 4 + 18 + 80 + 16),
        (Storage::File, 0, 80, 4 + 80 + 30),
        (Storage::File, 18, 80, 4 + 18 + 80 + 34),
    ];
    for (storage, headers, payload, cost) in table {
        let config = StreamConfig { storage, ..memory() };
        assert_eq!(config.cost(4, headers, payload), cost, "{storage:?} with {headers}");
    }
}

/// With 100-byte messages and `max_bytes` 300: how many `discard: new` lets in, and what it evicts.
#[test]
fn discard_new_checks_bytes_in_a_way_of_each_release() {
    // 2.9 forgets the 20 bytes of overhead, lets a message in at 200 + 80 < 300, and so on until
    // 300 + 80; exactly 300 is reached. 2.10 can not fill the limit exactly; 2.15 can.
    for (version, accepted) in VERSIONS.into_iter().zip([3, 2, 3]) {
        let config =
            StreamConfig { version, max_bytes: Some(300), discard: Discard::New, ..memory() };
        let mut bench = Bench::new(config);
        let results: Vec<_> = (0..5).map(|_| bench.publish("ev.a", 80)).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), accepted, "{version:?}");
        assert_eq!(results[4], Err(ApiError::MAXIMUM_BYTES));
        assert_eq!(bench.stream.state().last_seq, accepted as u64, "no sequence for the refused");
        assert_eq!(bench.removals(), []);
    }
}

#[test]
fn discard_new_of_2_9_evicts_the_oldest_all_the_same() {
    let config = StreamConfig {
        version: ServerVersion::V2_9,
        max_bytes: Some(290),
        discard: Discard::New,
        ..memory()
    };
    let mut bench = Bench::new(config);
    (0..3).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    assert_eq!(bench.removals(), [(1, RemovalReason::Evicted)]);
}

#[test]
fn discard_old_keeps_what_fits_exactly_and_evicts_as_many_as_it_takes() {
    let mut bench = Bench::new(StreamConfig { max_bytes: Some(300), ..memory() });
    (0..3).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    assert_eq!(bench.state(), (3, 300, 1, 3));
    assert!(bench.publish("ev.a", 180).is_ok());
    assert_eq!(bench.state(), (2, 300, 3, 4));
    // Larger than the stream: accepted, wipes everything, itself too.
    assert_eq!(bench.publish("ev.a", 400).map(|ack| ack.seq), Ok(5));
    assert_eq!(bench.state(), (0, 0, 6, 5));
    let gone = [1, 2, 3, 4, 5].map(|seq| (seq, RemovalReason::Evicted));
    assert_eq!(bench.removals(), gone);
}

#[test]
fn a_full_limits_stream_refuses_for_ever_however_far_its_consumers_are() {
    let config = StreamConfig { max_msgs: Some(2), discard: Discard::New, ..memory() };
    let mut bench = Bench::new(config);
    let consumer = bench.consumer(pull_consumer(30_000));
    (0..2).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    assert_eq!(bench.fetch(consumer, 2), [(1, 1), (2, 1)]);
    bench.ack(consumer, 1);
    bench.ack(consumer, 2);
    assert_eq!(bench.publish("ev.a", 80), Err(ApiError::MAXIMUM_MESSAGES));
    assert_eq!(bench.stream.purge(bench.now, Purge::Keep(1)), 1);
    assert_eq!(bench.publish("ev.a", 80).map(|ack| ack.seq), Ok(3));
}

#[test]
fn a_full_subject_makes_room_for_its_own() {
    let config = StreamConfig {
        max_msgs: Some(2),
        max_msgs_per_subject: Some(1),
        discard: Discard::New,
        ..memory()
    };
    let mut bench = Bench::new(config.clone());
    assert!(bench.publish("ev.a", 80).is_ok());
    assert!(bench.publish("ev.b", 80).is_ok());
    assert!(bench.publish("ev.a", 80).is_ok());
    assert_eq!(bench.removals(), [(1, RemovalReason::Evicted)]);
    assert_eq!(bench.publish("ev.c", 80), Err(ApiError::MAXIMUM_MESSAGES));
    let mut bench = Bench::new(StreamConfig { discard_new_per_subject: true, ..config });
    assert!(bench.publish("ev.a", 80).is_ok());
    assert_eq!(bench.publish("ev.a", 80), Err(ApiError::MAXIMUM_PER_SUBJECT));
}

#[test]
fn a_known_id_is_answered_before_any_limit() {
    let config = StreamConfig {
        max_msgs: Some(1),
        discard: Discard::New,
        duplicate_window: Some(SimDuration::from_millis(200)),
        ..memory()
    };
    let mut bench = Bench::new(config);
    assert_eq!(bench.publish_with("ev.a", 80, Some(9)).map(|ack| ack.seq), Ok(1));
    let again = PubAck { seq: 1, duplicate: true, stored: false };
    assert_eq!(bench.at(150).publish_with("ev.b", 80, Some(9)), Ok(again));
    // The window runs from the original; a refused message leaves no id behind.
    assert_eq!(bench.at(210).publish_with("ev.a", 80, Some(9)), Err(ApiError::MAXIMUM_MESSAGES));
    assert_eq!(bench.stream.purge(bench.now, Purge::All), 1);
    assert_eq!(bench.publish_with("ev.a", 80, Some(9)).map(|ack| ack.seq), Ok(2));
}

#[test]
fn an_oversize_duplicate_is_a_duplicate_until_2_14() {
    for (version, refused) in VERSIONS.into_iter().zip([false, false, true]) {
        let mut bench = Bench::new(StreamConfig { version, max_msg_size: Some(100), ..memory() });
        assert!(bench.publish_with("ev.a", 100, Some(1)).is_ok());
        let again = bench.publish_with("ev.a", 101, Some(1));
        assert_eq!(again == Err(ApiError::MESSAGE_TOO_LARGE), refused, "{version:?}: {again:?}");
    }
}

/// Two messages 100 ms apart with `max_age` 600 ms: when the second one goes.
#[test]
fn the_age_timer_is_as_coarse_as_the_release_and_the_store() {
    let table = [
        (ServerVersion::V2_9, Storage::Memory, 700),
        (ServerVersion::V2_9, Storage::File, 700),
        (ServerVersion::V2_10, Storage::Memory, 700),
        (ServerVersion::V2_10, Storage::File, 1600),
        (ServerVersion::V2_15, Storage::Memory, 850),
        (ServerVersion::V2_15, Storage::File, 850),
    ];
    for (version, storage, gone_at) in table {
        let max_age = Some(SimDuration::from_millis(600));
        let mut bench = Bench::new(StreamConfig { version, storage, max_age, ..memory() });
        assert!(bench.publish("ev.a", 80).is_ok());
        assert!(bench.at(100).publish("ev.a", 80).is_ok());
        bench.at(600);
        assert_eq!(bench.state().0, 1, "{version:?} {storage:?}: the first goes in time");
        bench.at(gone_at - 1);
        assert_eq!(bench.state().0, 1, "{version:?} {storage:?}");
        bench.at(gone_at);
        assert_eq!(bench.state().0, 0, "{version:?} {storage:?}");
    }
}

#[test]
fn expiry_ends_what_is_in_flight() {
    let max_age = Some(SimDuration::from_millis(600));
    let mut bench = Bench::new(StreamConfig { max_age, ..memory() });
    let consumer =
        bench.consumer(ConsumerConfig { max_ack_pending: Some(1), ..pull_consumer(500) });
    assert!(bench.publish("ev.a", 80).is_ok());
    assert!(bench.at(550).publish("ev.a", 80).is_ok());
    assert_eq!(bench.fetch(consumer, 1), [(1, 1)]);
    bench.pull(consumer, 1, Some(1000));
    assert_eq!(bench.counts(consumer), (1, 1, 0), "the only place is taken");
    bench.effects.clear();
    bench.at(700);
    assert_eq!(bench.delivered(), [(2, 1)], "the place is free");
    let (kind, unfinished) = (AdvisoryKind::Terminated, Unfinished::InFlight);
    let lost = Effect::Lost { consumer, seq: 1, unfinished, data: 1 };
    assert_eq!(bench.effects[0], lost);
    assert_eq!(bench.effects[1], Effect::Advisory { consumer, seq: 1, kind, deliveries: 1 });
    assert_eq!(bench.removals(), [(1, RemovalReason::Expired)]);
}

#[test]
fn a_work_queue_lets_go_on_ack_and_term_only() {
    let config = StreamConfig {
        retention: Retention::WorkQueue,
        max_msgs: Some(2),
        discard: Discard::New,
        ..memory()
    };
    let mut bench = Bench::new(config);
    let consumer = bench.consumer(pull_consumer(30_000));
    (0..2).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    assert_eq!(bench.fetch(consumer, 2), [(1, 1), (2, 1)]);
    bench.nak(consumer, 1);
    assert_eq!(bench.publish("ev.a", 80), Err(ApiError::MAXIMUM_MESSAGES));
    bench.ack(consumer, 1);
    let reply = bench.reply(consumer, 2);
    bench.stream.term(bench.now, reply);
    bench.gather();
    assert_eq!(bench.removals(), [(1, RemovalReason::Acked), (2, RemovalReason::Acked)]);
    assert_eq!(bench.state(), (0, 0, 3, 2));
}

#[test]
fn interest_keeps_a_message_for_the_slowest() {
    let mut bench = Bench::new(StreamConfig { retention: Retention::Interest, ..memory() });
    let unwanted = PubAck { seq: 1, duplicate: false, stored: false };
    assert_eq!(bench.publish("ev.a", 80), Ok(unwanted), "nobody is interested");
    let fast = bench.consumer(pull_consumer(30_000));
    let slow = bench.consumer(pull_consumer(30_000));
    (0..2).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    assert_eq!(bench.fetch(fast, 2), [(2, 1), (3, 1)]);
    bench.ack(fast, 2);
    assert_eq!(bench.removals(), []);
    bench.effects.clear();
    bench.pull(slow, 1, None);
    bench.ack(slow, 2);
    assert_eq!(bench.removals(), [(2, RemovalReason::Acked)]);
    bench.ack(fast, 3);
    bench.stream.delete_consumer(slow).expect("there is one");
    bench.gather();
    assert_eq!(bench.removals()[1..], [(3, RemovalReason::NoInterest)]);
}

#[test]
fn a_work_queue_refuses_consumers_that_share() {
    let filtered =
        |filter: &str| ConsumerConfig { filters: vec![filter.to_owned()], ..pull_consumer(30_000) };
    let mut bench = Bench::new(StreamConfig { retention: Retention::WorkQueue, ..memory() });
    bench.consumer(filtered("ev.a"));
    let none = AckPolicy::None;
    let new = ConsumerConfig { deliver_policy: DeliverPolicy::New, ..filtered("ev.b") };
    let table = [
        (pull_consumer(1), ApiError::WORK_QUEUE_UNFILTERED),
        (filtered("ev.*"), ApiError::WORK_QUEUE_OVERLAP),
        (new, ApiError::WORK_QUEUE_DELIVER_ALL),
        (
            ConsumerConfig { ack_policy: AckPolicy::All, ..filtered("ev.b") },
            ApiError::WORK_QUEUE_EXPLICIT_ACK,
        ),
        (ConsumerConfig { ack_policy: none, ..filtered("ev.b") }, ApiError::PULL_REQUIRES_ACK),
    ];
    for (config, error) in table {
        assert_eq!(bench.stream.add_consumer(SimTime::ZERO, config), Err(error));
    }
}
