use proptest::prelude::*;

use super::*;

fn limits(messages: u64, bytes: u64) -> QueueLimits {
    QueueLimits { messages: Some(messages), bytes: Some(bytes) }
}

fn at(seconds: u64) -> SimTime {
    SimTime::from_nanos(seconds * 1_000_000_000)
}

fn drain(queue: &mut Queue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop()).map(|queued| queued.item).collect()
}

#[test]
fn serves_in_each_order() {
    // (item, priority), pushed in this order.
    let pushed = [(1, 0), (2, 5), (3, 5), (4, -1)];
    let table = [
        (Order::Fifo, vec![1, 2, 3, 4]),
        (Order::Lifo, vec![4, 3, 2, 1]),
        (Order::Priority, vec![2, 3, 1, 4]),
    ];
    for (order, expected) in table {
        let mut queue = Queue::new(QueueLimits::default(), Discard::New, order);
        for (item, priority) in pushed {
            queue.push(at(u64::from(item)), item, 1, priority, &mut Vec::new()).unwrap();
        }
        assert_eq!(queue.oldest_since(), Some(at(1)), "{order:?}");
        assert_eq!(queue.peek().map(|queued| queued.item), Some(expected[0]), "{order:?}");
        assert_eq!(drain(&mut queue), expected, "{order:?}");
    }
}

#[test]
fn full_queue_refuses_or_evicts() {
    // Three items of 10 bytes are inside; one more of `bytes` comes.
    let table = [
        ("messages, new", limits(3, 100), Discard::New, 10, Err(Refusal::Messages), vec![]),
        ("messages, old", limits(3, 100), Discard::Old, 10, Ok(()), vec![1]),
        ("bytes, new", limits(9, 35), Discard::New, 10, Err(Refusal::Bytes), vec![]),
        ("bytes, old", limits(9, 35), Discard::Old, 10, Ok(()), vec![1]),
        ("large evicts several", limits(9, 35), Discard::Old, 25, Ok(()), vec![1, 2]),
        ("exactly everything", limits(9, 35), Discard::Old, 35, Ok(()), vec![1, 2, 3]),
        ("too large, new", limits(9, 35), Discard::New, 36, Err(Refusal::TooLarge), vec![]),
        ("too large, old", limits(9, 35), Discard::Old, 36, Err(Refusal::TooLarge), vec![]),
        ("just fits", limits(4, 40), Discard::New, 10, Ok(()), vec![]),
    ];
    for order in [Order::Fifo, Order::Lifo, Order::Priority] {
        for (name, limits, discard, bytes, expected, expected_evicted) in table.clone() {
            let mut queue = Queue::new(limits, discard, order);
            let mut evicted = Vec::new();
            for item in 1..=3 {
                queue.push(at(0), item, 10, 7 - item, &mut evicted).unwrap();
            }
            let result = queue.push(at(1), 4, bytes, 0, &mut evicted);
            assert_eq!((result, evicted), (expected, expected_evicted), "{name}, {order:?}");
        }
    }
}

#[test]
fn eviction_takes_the_oldest_whatever_its_priority() {
    let mut queue = Queue::new(limits(2, 100), Discard::Old, Order::Priority);
    let mut evicted = Vec::new();
    queue.push(at(0), 1, 1, 9, &mut evicted).unwrap();
    queue.push(at(1), 2, 1, 0, &mut evicted).unwrap();
    queue.push(at(2), 3, 1, 0, &mut evicted).unwrap();
    assert_eq!(evicted, [1]);
    assert_eq!(queue.oldest_since(), Some(at(1)));
}

#[test]
fn a_limit_of_zero_lets_nothing_in() {
    for discard in [Discard::Old, Discard::New] {
        let mut queue = Queue::new(limits(0, 100), discard, Order::Fifo);
        assert_eq!(queue.push(at(0), 1, 1, 0, &mut Vec::new()), Err(Refusal::Messages));
        assert!(queue.is_empty());
    }
}

#[test]
fn lowering_the_limits_evicts_under_old_and_drains_under_new() {
    for (discard, gone, first_refusals) in
        [(Discard::Old, vec![1, 2], 1), (Discard::New, vec![], 3)]
    {
        let mut queue = Queue::new(limits(4, 100), discard, Order::Fifo);
        let mut evicted = Vec::new();
        for item in 1..=4 {
            queue.push(at(0), item, 10, 0, &mut evicted).unwrap();
        }
        queue.set_limits(limits(2, 100), &mut evicted);
        assert_eq!(evicted, gone, "{discard:?}");
        // How many have to leave before there is room again, without anybody being pushed out?
        let mut popped = 0;
        while queue.len() >= 2 {
            queue.pop();
            popped += 1;
        }
        assert_eq!(popped, first_refusals, "{discard:?}");
        assert_eq!(queue.push(at(0), 9, 10, 0, &mut evicted), Ok(()), "{discard:?}");
        assert_eq!(evicted, gone, "{discard:?}");
    }
}

#[test]
fn surplus_bytes_keep_even_an_empty_item_out() {
    let mut queue = Queue::new(limits(9, 100), Discard::New, Order::Fifo);
    queue.push(at(0), 1, 50, 0, &mut Vec::new()).unwrap();
    queue.set_limits(limits(9, 40), &mut Vec::new());
    assert_eq!(queue.push(at(0), 2, 0, 0, &mut Vec::new()), Err(Refusal::Bytes));
}

#[test]
fn what_is_put_back_is_served_next_of_its_priority() {
    let table = [
        (Order::Fifo, vec![9, 1, 2]),
        (Order::Lifo, vec![9, 2, 1]),
        (Order::Priority, vec![2, 9, 1]),
    ];
    for (order, expected) in table {
        let mut queue = Queue::new(QueueLimits::default(), Discard::Old, order);
        queue.push(at(5), 1, 1, 0, &mut Vec::new()).unwrap();
        queue.push(at(6), 2, 1, 3, &mut Vec::new()).unwrap();
        queue.push_front(at(4), 9, 1, 0);
        assert_eq!(drain(&mut queue), expected, "{order:?}");
    }
}

#[test]
fn removes_from_the_middle_the_oldest_of_equals() {
    for order in [Order::Fifo, Order::Lifo, Order::Priority] {
        let mut queue = Queue::new(QueueLimits::default(), Discard::New, order);
        for (second, item, priority) in [(0, 1, 0), (1, 2, 0), (2, 2, 8), (3, 3, 0)] {
            queue.push(at(second), item, 10, priority, &mut Vec::new()).unwrap();
        }
        let removed = queue.remove(2).unwrap();
        assert_eq!((removed.since, removed.bytes, removed.priority), (at(1), 10, 0), "{order:?}");
        assert_eq!((queue.len(), queue.bytes()), (3, 30), "{order:?}");
        assert_eq!(queue.remove(7), None, "{order:?}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Push { bytes: u64, priority: i32 },
    PushFront { bytes: u64, priority: i32 },
    Pop,
    PopOldest,
    PopNewest,
    Remove { item: u32 },
    SetLimits { messages: Option<u64>, bytes: Option<u64> },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..40, -2i32..3).prop_map(|(bytes, priority)| Step::Push { bytes, priority }),
        1 => (0u64..40, -2i32..3).prop_map(|(bytes, priority)| Step::PushFront { bytes, priority }),
        2 => Just(Step::Pop),
        1 => Just(Step::PopOldest),
        1 => Just(Step::PopNewest),
        1 => (0u32..60).prop_map(|item| Step::Remove { item }),
        1 => (prop::option::of(0u64..8), prop::option::of(0u64..100))
            .prop_map(|(messages, bytes)| Step::SetLimits { messages, bytes }),
    ]
}

/// The queue as slow and obvious as it can be: a list in order of arrival.
struct Obvious {
    inside: Vec<Queued<u32>>,
    limits: QueueLimits,
    discard: Discard,
    order: Order,
}

impl Obvious {
    fn bytes(&self) -> u64 {
        self.inside.iter().map(|queued| queued.bytes).sum()
    }

    fn fits(&self, more_messages: u64, more_bytes: u64) -> bool {
        let messages = self.inside.len() as u64 + more_messages;
        self.limits.messages.is_none_or(|limit| messages <= limit)
            && self.limits.bytes.is_none_or(|limit| self.bytes() + more_bytes <= limit)
    }

    fn push(&mut self, queued: Queued<u32>, evicted: &mut Vec<u32>) -> bool {
        let never = self.limits.messages == Some(0)
            || self.limits.bytes.is_some_and(|limit| queued.bytes > limit);
        if never || (self.discard == Discard::New && !self.fits(1, queued.bytes)) {
            return false;
        }
        while !self.fits(1, queued.bytes) {
            evicted.push(self.inside.remove(0).item);
        }
        self.inside.push(queued);
        true
    }

    fn push_front(&mut self, queued: Queued<u32>) {
        let place = if self.order == Order::Lifo { self.inside.len() } else { 0 };
        self.inside.insert(place, queued);
    }

    fn pop(&mut self) -> Option<Queued<u32>> {
        let turn = match self.order {
            Order::Fifo => 0,
            Order::Lifo => self.inside.len().saturating_sub(1),
            Order::Priority => {
                let highest = self.inside.iter().map(|queued| queued.priority).max()?;
                self.inside.iter().position(|queued| queued.priority == highest)?
            }
        };
        (turn < self.inside.len()).then(|| self.inside.remove(turn))
    }

    fn set_limits(&mut self, limits: QueueLimits, evicted: &mut Vec<u32>) {
        self.limits = limits;
        while self.discard == Discard::Old && !self.fits(0, 0) {
            evicted.push(self.inside.remove(0).item);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_obvious_queue_and_loses_nothing(
        order in prop_oneof![Just(Order::Fifo), Just(Order::Lifo), Just(Order::Priority)],
        discard in prop_oneof![Just(Discard::Old), Just(Discard::New)],
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut queue = Queue::new(limits(5, 60), discard, order);
        let mut obvious = Obvious { inside: Vec::new(), limits: limits(5, 60), discard, order };
        let (mut evicted, mut expected_evicted) = (Vec::new(), Vec::new());
        let (mut offered, mut refused, mut out) = (0u64, 0u64, 0u64);
        for (index, step) in steps.into_iter().enumerate() {
            let since = at(index as u64);
            let item = index as u32;
            match step {
                Step::Push { bytes, priority } => {
                    offered += 1;
                    let ok = queue.push(since, item, bytes, priority, &mut evicted).is_ok();
                    refused += u64::from(!ok);
                    let queued = Queued { item, bytes, priority, since };
                    prop_assert_eq!(ok, obvious.push(queued, &mut expected_evicted));
                }
                Step::PushFront { bytes, priority } => {
                    offered += 1;
                    queue.push_front(since, item, bytes, priority);
                    obvious.push_front(Queued { item, bytes, priority, since });
                }
                Step::Pop => {
                    let popped = queue.pop();
                    out += u64::from(popped.is_some());
                    prop_assert_eq!(popped, obvious.pop());
                }
                Step::PopOldest => {
                    let popped = queue.pop_oldest();
                    out += u64::from(popped.is_some());
                    let oldest = (!obvious.inside.is_empty()).then(|| obvious.inside.remove(0));
                    prop_assert_eq!(popped, oldest);
                }
                Step::PopNewest => {
                    let popped = queue.pop_newest();
                    out += u64::from(popped.is_some());
                    prop_assert_eq!(popped, obvious.inside.pop());
                }
                Step::Remove { item } => {
                    let removed = queue.remove(item);
                    out += u64::from(removed.is_some());
                    let place = obvious.inside.iter().position(|queued| queued.item == item);
                    prop_assert_eq!(removed, place.map(|place| obvious.inside.remove(place)));
                }
                Step::SetLimits { messages, bytes } => {
                    queue.set_limits(QueueLimits { messages, bytes }, &mut evicted);
                    obvious.set_limits(QueueLimits { messages, bytes }, &mut expected_evicted);
                }
            }
            prop_assert_eq!(&evicted, &expected_evicted);
            prop_assert_eq!(queue.len(), obvious.inside.len() as u64);
            prop_assert_eq!(queue.bytes(), obvious.bytes());
            prop_assert_eq!(queue.bytes(), queue.iter().map(|queued| queued.bytes).sum::<u64>());
            prop_assert_eq!(queue.oldest_since(), obvious.inside.first().map(|queued| queued.since));
            prop_assert_eq!(offered, out + refused + evicted.len() as u64 + queue.len());
        }
    }
}
