//! Order of delivery, redelivery, exhaustion and pull requests.

use super::*;

fn with_messages(count: u32, config: ConsumerConfig) -> (Bench, ConsumerId) {
    let mut bench = Bench::new(memory());
    let consumer = bench.consumer(config);
    (0..count).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    (bench, consumer)
}

#[test]
fn redeliveries_come_first_naks_in_order_then_expired_by_sequence() {
    let (mut bench, consumer) = with_messages(5, pull_consumer(300));
    assert_eq!(bench.fetch(consumer, 4).len(), 4);
    bench.at(100).nak(consumer, 4);
    bench.nak(consumer, 2);
    bench.nak(consumer, 2);
    bench.at(400);
    assert_eq!(bench.counts(consumer), (1, 4, 0), "being due changes no counter");
    assert_eq!(bench.fetch(consumer, 9), [(4, 2), (2, 2), (1, 2), (3, 2), (5, 1)]);
    assert_eq!(bench.counts(consumer), (0, 5, 4));
}

#[test]
fn a_waiting_pull_gets_a_redelivery_a_millisecond_after_the_deadline() {
    let (mut bench, consumer) = with_messages(1, pull_consumer(300));
    bench.fetch(consumer, 1);
    bench.pull(consumer, 1, Some(10_000));
    bench.effects.clear();
    bench.at(300);
    assert_eq!(bench.delivered(), []);
    bench.at(301);
    assert_eq!(bench.delivered(), [(1, 2)]);
}

#[test]
fn a_delayed_nak_ends_after_its_delay_and_backoff_bends_it() {
    let backoff = [200, 800].map(SimDuration::from_millis).to_vec();
    // Delay, backoff, time of the second and of the third delivery after each nak.
    let table =
        [(Vec::new(), 400, [401, 401]), (Vec::new(), 3, [10, 10]), (backoff, 400, [401, 1001])];
    for (backoff, delay_ms, waits) in table {
        let config = ConsumerConfig { backoff, ..pull_consumer(200) };
        let (mut bench, consumer) = with_messages(1, config);
        bench.pull(consumer, 9, Some(100_000));
        let mut now_ms = 0;
        for wait in waits {
            let reply = bench.reply(consumer, 1);
            let delay = SimDuration::from_millis(delay_ms);
            bench.stream.nak_later(bench.now, reply, delay);
            bench.effects.clear();
            bench.at(now_ms + wait - 1);
            assert_eq!(bench.delivered(), [], "{delay_ms} at {now_ms}");
            bench.at(now_ms + wait);
            assert_eq!(bench.delivered().len(), 1, "{delay_ms} at {now_ms}");
            now_ms += wait;
        }
    }
}

#[test]
fn a_sign_of_life_starts_the_wait_anew() {
    let (mut bench, consumer) = with_messages(1, pull_consumer(300));
    bench.fetch(consumer, 1);
    bench.pull(consumer, 1, Some(10_000));
    bench.effects.clear();
    let reply = bench.reply(consumer, 1);
    bench.at(250).stream.in_progress(SimTime::ZERO + SimDuration::from_millis(250), reply);
    bench.at(550);
    assert_eq!(bench.delivered(), []);
    bench.at(551);
    assert_eq!(bench.delivered(), [(1, 2)]);
}

#[test]
fn the_limit_of_unacknowledged_messages_holds_new_ones_only() {
    let config = ConsumerConfig { max_ack_pending: Some(2), ..pull_consumer(30_000) };
    let (mut bench, consumer) = with_messages(4, config);
    assert_eq!(bench.fetch(consumer, 4), [(1, 1), (2, 1)]);
    assert_eq!(bench.closed(), [], "a full consumer does not end a no_wait request");
    bench.effects.clear();
    bench.nak(consumer, 1);
    assert_eq!(bench.delivered(), [(1, 2)], "a redelivery passes the limit");
    bench.effects.clear();
    bench.ack(consumer, 2);
    assert_eq!(bench.delivered(), [(3, 1)]);
    assert_eq!(bench.counts(consumer), (1, 2, 1));
}

#[test]
fn a_message_is_given_up_when_asked_for_once_too_often() {
    let config = ConsumerConfig { max_deliver: Some(2), ..pull_consumer(300) };
    let (mut bench, consumer) = with_messages(1, config);
    assert_eq!(bench.fetch(consumer, 1), [(1, 1)]);
    assert_eq!(bench.at(400).fetch(consumer, 1), [(1, 2)]);
    bench.at(1000);
    assert_eq!(bench.counts(consumer), (0, 1, 1), "holds its place until somebody asks");
    assert_eq!(bench.fetch(consumer, 1), []);
    assert_eq!(bench.counts(consumer), (0, 0, 1));
    let kind = AdvisoryKind::MaxDeliver;
    assert!(bench.effects.contains(&Effect::Advisory { consumer, seq: 1, kind, deliveries: 2 }));
    assert_eq!(bench.state().0, 1, "it stays in the stream");
}

#[test]
fn a_single_delivery_is_given_up_by_the_timer_since_2_10() {
    let table = [
        (ServerVersion::V2_9, (0, 1, 0)),
        (ServerVersion::V2_10, (0, 0, 1)),
        (ServerVersion::V2_15, (0, 0, 0)),
    ];
    for (version, counts) in table {
        let mut bench = Bench::new(StreamConfig { version, ..memory() });
        let config = ConsumerConfig { max_deliver: Some(1), ..pull_consumer(300) };
        let consumer = bench.consumer(config);
        assert!(bench.publish("ev.a", 80).is_ok());
        bench.fetch(consumer, 1);
        bench.at(400);
        assert_eq!(bench.counts(consumer), counts, "{version:?}");
    }
}

#[test]
fn waiting_pulls_take_turns() {
    let (mut bench, consumer) = with_messages(0, pull_consumer(30_000));
    let (one, two) = (bench.pull(consumer, 2, Some(5000)), bench.pull(consumer, 2, Some(5000)));
    (0..4).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    let requests = bench.effects.iter().filter_map(|effect| match effect {
        Effect::Delivered(delivery) => Some((delivery.request?, delivery.request_left)),
        _ => None,
    });
    assert_eq!(requests.collect::<Vec<_>>(), [(one, 1), (two, 1), (one, 0), (two, 0)]);
}

/// How a pull of a batch of 5 ends with this many messages in the stream.
#[test]
fn pulls_end_with_the_status_of_the_release() {
    let table = [
        (ServerVersion::V2_10, 0, None, (PullStatus::NoMessages, 5)),
        (ServerVersion::V2_10, 2, None, (PullStatus::RequestTimeout, 3)),
        (ServerVersion::V2_15, 2, None, (PullStatus::NoMessages, 3)),
        (ServerVersion::V2_10, 2, Some(100), (PullStatus::RequestTimeout, 3)),
        (ServerVersion::V2_15, 2, Some(100), (PullStatus::RequestTimeout, 3)),
    ];
    for (version, messages, expires_ms, end) in table {
        let mut bench = Bench::new(StreamConfig { version, ..memory() });
        let consumer = bench.consumer(pull_consumer(30_000));
        (0..messages).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
        bench.pull(consumer, 5, expires_ms);
        bench.at(100);
        assert_eq!(bench.closed(), [end], "{version:?} {messages} {expires_ms:?}");
    }
}

#[test]
fn ack_all_covers_what_came_before() {
    let config = ConsumerConfig { ack_policy: AckPolicy::All, ..pull_consumer(30_000) };
    let (mut bench, consumer) = with_messages(4, config);
    bench.fetch(consumer, 4);
    bench.ack(consumer, 3);
    assert_eq!(bench.counts(consumer), (0, 1, 0));
}

#[test]
fn eviction_takes_from_each_consumer_what_it_had_left_to_do() {
    let mut bench = Bench::new(StreamConfig { max_msgs: Some(2), ..memory() });
    let (ahead, behind) = (bench.consumer(pull_consumer(100)), bench.consumer(pull_consumer(100)));
    (0..2).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    bench.fetch(ahead, 2);
    bench.nak(ahead, 1);
    bench.effects.clear();
    (0..2).for_each(|_| assert!(bench.publish("ev.a", 80).is_ok()));
    let removals: Vec<_> = bench
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Removed(gone) => Some((
                gone.seq,
                gone.undelivered_to,
                gone.awaiting_redelivery_to,
                gone.in_flight_to,
            )),
            _ => None,
        })
        .collect();
    assert_eq!(removals, [(1, 1, 1, 0), (2, 1, 0, 1)]);
    assert_eq!(bench.counts(ahead), (2, 0, 0));
    assert_eq!(bench.counts(behind), (2, 0, 0));
    bench.ack(ahead, 2);
    assert_eq!(bench.counts(ahead), (2, 0, 0), "a late ack is a no-op");
}

/// Where a new consumer starts: the stream has `a b a b`, sequences 1 to 4, then gets `a`.
#[test]
fn deliver_policies_choose_the_start() {
    let table = [
        (DeliverPolicy::All, vec![], vec![1, 2, 3, 4, 5]),
        (DeliverPolicy::New, vec![], vec![5]),
        (DeliverPolicy::Last, vec![], vec![4, 5]),
        (DeliverPolicy::Last, vec!["ev.a".to_owned()], vec![3, 5]),
        (DeliverPolicy::ByStartSequence(3), vec![], vec![3, 4, 5]),
        (DeliverPolicy::LastPerSubject, vec![], vec![3, 4, 5]),
    ];
    for (policy, filters, expected) in table {
        let mut bench = Bench::new(memory());
        for subject in ["ev.a", "ev.b", "ev.a", "ev.b"] {
            assert!(bench.publish(subject, 80).is_ok());
        }
        let config = ConsumerConfig { filters, ..ConsumerConfig::pull(policy) };
        let consumer = bench.consumer(config);
        assert_eq!(bench.counts(consumer).0 as usize, expected.len() - 1, "{policy:?}");
        assert!(bench.publish("ev.a", 80).is_ok());
        let seqs: Vec<u64> = bench.fetch(consumer, 9).into_iter().map(|(seq, _)| seq).collect();
        assert_eq!(seqs, expected, "{policy:?}");
    }
}
