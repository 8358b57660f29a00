//! The order against the oracle, and each promise of the module by itself.

use proptest::prelude::*;

use super::oracle::{Key, Oracle};
use super::*;

const PHASES_IN_ORDER: [Phase; PHASES] =
    [Phase::Change, Phase::Release, Phase::Arrive, Phase::Late];

fn at(nanos: u64) -> SimTime {
    SimTime::from_nanos(nanos)
}

fn after(nanos: u64) -> SimDuration {
    SimDuration::from_nanos(nanos)
}

fn drain(kernel: &mut Kernel<u32>) -> Vec<u32> {
    std::iter::from_fn(|| kernel.pop()).collect()
}

/// A cheap sequence of well mixed numbers (Steele, Lea and Flood, SplitMix64).
fn mixed(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[test]
fn an_entry_of_a_usual_event_is_half_a_cache_line() {
    assert_eq!(size_of::<Entry<u64>>(), 32);
}

#[test]
fn at_one_instant_the_phase_decides_and_then_the_sequence() {
    let mut kernel = Kernel::new();
    let order = [Phase::Late, Phase::Arrive, Phase::Release, Phase::Change, Phase::Release];
    for (event, phase) in (0..).zip(order) {
        kernel.schedule(at(5), phase, event);
    }
    assert_eq!(drain(&mut kernel), [3, 2, 4, 1, 0]);
    assert_eq!(kernel.now(), at(5));
}

#[test]
fn a_posted_event_comes_after_what_is_due_in_its_phase_and_before_later_phases() {
    let mut kernel = Kernel::new();
    let lane = kernel.lane(after(5), Phase::Arrive);
    kernel.schedule(at(5), Phase::Release, 0);
    kernel.schedule(at(5), Phase::Late, 1);
    kernel.schedule(at(5), Phase::Release, 2);
    kernel.schedule_lane(lane, 3);
    kernel.schedule_timer(at(5), Phase::Arrive, 4);
    assert_eq!(kernel.pop(), Some(0));
    kernel.post(Phase::Release, 5);
    kernel.schedule(kernel.now(), Phase::Arrive, 6);
    kernel.schedule_after(SimDuration::ZERO, Phase::Late, 7);
    kernel.post(Phase::Change, 8);
    assert_eq!(drain(&mut kernel), [8, 2, 5, 3, 4, 6, 1, 7]);
}

/// Many thousands of events at one instant must be in order, and not take quadratic time (which
/// would show here as minutes).
#[test]
fn simultaneous_events_by_the_hundred_thousand() {
    const COUNT: u32 = 100_000;
    let mut random = mixed(1);
    let by_one_phase = |_: u32| Phase::Arrive;
    let by_random_phase = |_: u32| PHASES_IN_ORDER[random() as usize % PHASES];
    check_simultaneous(COUNT, by_one_phase);
    check_simultaneous(COUNT, by_random_phase);
    check_simultaneous(COUNT, |event| PHASES_IN_ORDER[3 - (event / (COUNT / 4)) as usize]);
}

fn check_simultaneous(count: u32, mut phase_of: impl FnMut(u32) -> Phase) {
    for instant in [1, 1 << 40, u64::MAX] {
        let mut kernel = Kernel::new();
        let lane = kernel.lane(after(instant), Phase::Release);
        let mut expected = Vec::new();
        for event in 0..count {
            let phase = if event % 3 == 0 { Phase::Release } else { phase_of(event) };
            match event % 3 {
                0 => kernel.schedule_lane(lane, event),
                1 => kernel.schedule(at(instant), phase, event),
                _ => _ = kernel.schedule_timer(at(instant), phase, event),
            }
            if event % 1000 == 0 {
                assert_eq!(kernel.next_at(), Some(at(instant)));
            }
            expected.push((phase, event));
        }
        assert_eq!(kernel.pop_until(at(instant - 1)), None);
        expected.sort_unstable();
        let expected: Vec<u32> = expected.into_iter().map(|(_, event)| event).collect();
        assert!(drain(&mut kernel) == expected, "wrong order at instant {instant}");
    }
}

#[test]
fn events_at_one_instant_that_each_post_another() {
    let mut kernel = Kernel::new();
    for event in 0..100_000u32 {
        kernel.schedule(at(7), Phase::Release, event);
    }
    let mut popped = 0;
    while let Some(event) = kernel.pop() {
        assert_eq!(event, popped);
        popped += 1;
        if event < 100_000 {
            kernel.schedule(kernel.now(), Phase::Arrive, event + 100_000);
            kernel.schedule(at(8 + u64::from(event % 3)), Phase::Late, event / 3 + 200_000);
        } else if event == 199_999 {
            break;
        }
    }
    assert_eq!(kernel.pending(), 100_000);
}

#[test]
fn equal_lanes_are_one() {
    let mut kernel: Kernel<u32> = Kernel::new();
    let lane = kernel.lane(after(30), Phase::Arrive);
    assert_eq!(kernel.lane(after(30), Phase::Arrive), lane);
    assert_ne!(kernel.lane(after(30), Phase::Late), lane);
    assert_ne!(kernel.lane(after(31), Phase::Arrive), lane);
}

#[test]
fn the_event_list_sees_only_the_head_of_a_lane() {
    let mut kernel = Kernel::new();
    let lane = kernel.lane(after(30), Phase::Arrive);
    (0..1000).for_each(|event| kernel.schedule_lane(lane, event));
    assert_eq!((kernel.pending(), kernel.list.len()), (1000, 1));
    assert_eq!(drain(&mut kernel), (0..1000).collect::<Vec<_>>());
}

#[test]
fn a_timer_is_cancelled_once_and_only_before_it_fires() {
    let mut kernel = Kernel::new();
    let [first, second, now] =
        [3, 4, 0].map(|time| kernel.schedule_timer(at(time), Phase::Late, 0));
    let lane = kernel.lane(after(4), Phase::Change);
    let in_lane = kernel.schedule_lane_timer(lane, 1);
    kernel.schedule_lane(lane, 2);
    for timer in [second, now, in_lane] {
        assert!(kernel.cancel(timer));
        assert!(!kernel.cancel(timer));
    }
    assert_eq!(kernel.pending(), 2);
    assert_eq!((kernel.pop(), kernel.now()), (Some(0), at(3)));
    assert!(!kernel.cancel(first));
    assert_eq!((kernel.pop(), kernel.pop(), kernel.now()), (Some(2), None, at(4)));
    // The slots are used again; an old handle does not reach the new timer.
    let third = kernel.schedule_timer(at(9), Phase::Late, 3);
    assert!(!kernel.cancel(first) && !kernel.cancel(second) && !kernel.cancel(now));
    assert!(kernel.cancel(third));
}

#[test]
fn cancelled_timers_do_not_pile_up() {
    let mut kernel = Kernel::new();
    let mut random = mixed(2);
    let lanes = [1, 1 << 20, 1 << 50].map(|delay| kernel.lane(after(delay), Phase::Late));
    (0..1000).for_each(|event| kernel.schedule(at(1 << 60), Phase::Late, event));
    for event in 0..10_000_000 {
        let timer = match event % 5 {
            0..3 => kernel.schedule_lane_timer(lanes[event as usize % 5], event),
            _ => kernel.schedule_timer(at(random() >> (4 + event % 48)), Phase::Late, event),
        };
        assert!(kernel.cancel(timer));
        assert!(kernel.held() <= 2 * 1000 + TOMBSTONES_MIN);
    }
    assert_eq!(drain(&mut kernel).len(), 1000);
}

/// One instant, slots of one chunk, of many, of exactly full ones, drained at once or spread first: all memory
/// is used again.
#[test]
fn bursts_take_no_more_memory_than_the_first() {
    for (count, spread) in [(5_000, 0), (5_000, 1), (4_096, 16), (5_000, 300), (5_000, 1 << 30)] {
        let mut kernel = Kernel::new();
        let mut rooms = Vec::new();
        for _ in 0..50 {
            // Every burst lies alike in the digits of time.
            let start = ((kernel.now().as_nanos() >> 48) + 1) << 48;
            let burst = |event: u32| at(start + u64::from(event) * spread / 16);
            (0..count).for_each(|event| kernel.schedule(burst(event), Phase::Late, event));
            assert_eq!(drain(&mut kernel).len(), count as usize);
            rooms.push(kernel.list.room());
        }
        assert!(rooms[49] <= 2 * rooms[0], "{count} events, {spread}: {rooms:?}");
    }
}

#[test]
fn pop_until_moves_the_clock_to_its_limit_but_never_back() {
    let mut kernel = Kernel::new();
    for time in [10, 20, 1 << 50] {
        kernel.schedule(at(time), Phase::Late, time as u32);
    }
    assert_eq!((kernel.pop_until(at(10)), kernel.now()), (Some(10), at(10)));
    assert_eq!((kernel.pop_until(at(15)), kernel.now()), (None, at(15)));
    kernel.post(Phase::Late, 1);
    assert_eq!((kernel.pop_until(at(14)), kernel.now()), (None, at(15)));
    assert_eq!((kernel.pop_until(at(15)), kernel.now()), (Some(1), at(15)));
    assert_eq!(kernel.next_at(), Some(at(20)));
    kernel.schedule(at(16), Phase::Late, 2);
    assert_eq!(kernel.next_at(), Some(at(16)));
    assert_eq!((kernel.pop(), kernel.pop()), (Some(2), Some(20)));
    assert_eq!((kernel.pop_until(at(21)), kernel.pending()), (None, 1));
    assert_eq!(kernel.dispatched(), 4);
}

#[test]
fn pop_leaves_the_clock_where_the_last_event_was() {
    let mut kernel = Kernel::new();
    // Cancelled timers far away are met, and passed over, before the list is known to be empty.
    for shift in 0..60 {
        let timer = kernel.schedule_timer(at(1 << shift), Phase::Late, shift);
        assert!(kernel.cancel(timer));
    }
    assert_eq!((kernel.pop(), kernel.next_at(), kernel.now()), (None, None, SimTime::ZERO));
    (0..60).rev().for_each(|shift| kernel.schedule(at(1 << shift), Phase::Late, shift));
    assert_eq!(drain(&mut kernel), (0..60).collect::<Vec<_>>());
}

#[test]
fn events_without_delay_are_stopped() {
    let limits = Limits { instant_dispatches_max: 1000, ..Limits::DEFAULT };
    let mut kernel = Kernel::with_limits(limits);
    for time in [5, 6] {
        kernel.schedule(at(time), Phase::Arrive, time);
    }
    assert_eq!(kernel.pop(), Some(5));
    kernel.post(Phase::Late, 0);
    let mut popped = 1;
    while kernel.pop().is_some() {
        popped += 1;
        kernel.post(Phase::Release, 0);
    }
    assert_eq!(popped, 1000);
    let stuck = Stuck::Instant { at: at(5), dispatched: 1000 };
    assert_eq!(kernel.stuck(), Some(stuck));
    assert_eq!((kernel.pop(), kernel.pop_until(at(9)), kernel.now()), (None, None, at(5)));
    assert!(stuck.to_string().starts_with("time stands still at 0.000000005 s: 1000 events"));
}

#[test]
fn exactly_as_many_events_at_one_instant_as_allowed_are_fine() {
    let limits = Limits { instant_dispatches_max: 1000, ..Limits::DEFAULT };
    let mut kernel = Kernel::with_limits(limits);
    for time in [5, 6] {
        (0..1000).for_each(|event| kernel.schedule(at(time), Phase::Arrive, event));
    }
    assert_eq!((drain(&mut kernel).len(), kernel.stuck()), (2000, None));
}

#[test]
fn too_many_pending_events_are_a_diagnosis() {
    let mut kernel = Kernel::with_limits(Limits { pending_max: 3, ..Limits::DEFAULT });
    let lane = kernel.lane(after(1), Phase::Late);
    kernel.post(Phase::Late, 1);
    kernel.schedule_lane(lane, 2);
    let timer = kernel.schedule_timer(at(1), Phase::Late, 3);
    assert_eq!(kernel.stuck(), None);
    let refused = kernel.schedule_timer(at(1), Phase::Late, 4);
    assert_eq!(kernel.stuck(), Some(Stuck::Pending { at: at(0), pending: 3 }));
    assert!(!kernel.cancel(refused));
    assert!(kernel.cancel(timer));
    assert_eq!((kernel.pop(), kernel.pending()), (None, 2));
}

#[test]
#[should_panic(
    expected = "cannot schedule an event in the past: at 9 ns, while the clock stands at 10 ns"
)]
fn the_past_is_closed() {
    let mut kernel = Kernel::new();
    kernel.schedule(at(10), Phase::Late, 0);
    kernel.pop();
    kernel.schedule(at(9), Phase::Late, 0);
}

/// What a script may do. Delays are drawn as a number of bits and that many bits, so that
/// nanoseconds, days and the end of time all occur, and equal times are frequent.
#[derive(Clone, Debug)]
enum Step {
    Schedule(u64, Phase),
    Post(Phase),
    Timer(u64, Phase),
    Lane(usize),
    LaneTimer(usize),
    /// Cancels one of the timers made so far.
    Cancel(usize),
    Pop(usize),
    PopUntil(u64),
    NextAt,
}

const LANES: [(u64, Phase); 5] = [
    (0, Phase::Arrive),
    (3, Phase::Release),
    (1_000, Phase::Late),
    (30_000_000_000, Phase::Arrive),
    (u64::MAX, Phase::Change),
];

fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..4u64,
        8 => (0..50u32, any::<u64>()).prop_map(|(bits, value)| value & ((1 << bits) - 1)),
        2 => (0..20u64).prop_map(|tens| tens * 10),
        1 => any::<u64>(),
        1 => Just(3),
        1 => Just(1_000),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let phase = || prop::sample::select(PHASES_IN_ORDER.to_vec());
    prop_oneof![
        8 => (delay(), phase()).prop_map(|(delay, phase)| Step::Schedule(delay, phase)),
        2 => phase().prop_map(Step::Post),
        3 => (delay(), phase()).prop_map(|(delay, phase)| Step::Timer(delay, phase)),
        3 => (0..LANES.len()).prop_map(Step::Lane),
        3 => (0..LANES.len()).prop_map(Step::LaneTimer),
        3 => any::<usize>().prop_map(Step::Cancel),
        8 => (1..6usize).prop_map(Step::Pop),
        2 => delay().prop_map(Step::PopUntil),
        2 => Just(Step::NextAt),
    ]
}

/// The kernel and its oracle, side by side.
struct Pair {
    kernel: Kernel<u32>,
    oracle: Oracle,
    lanes: [Lane; LANES.len()],
    timers: Vec<(Timer, Key)>,
    events: u32,
}

impl Pair {
    fn new() -> Self {
        let mut kernel = Kernel::new();
        let lanes = LANES.map(|(delay, phase)| kernel.lane(after(delay), phase));
        Self { kernel, oracle: Oracle::default(), lanes, timers: Vec::new(), events: 0 }
    }

    fn schedule_in_oracle(&mut self, delay: u64, phase: Phase) -> Key {
        self.events += 1;
        let time = self.oracle.now.saturating_add(delay);
        self.oracle.schedule(time, phase, self.events - 1)
    }

    fn pop_until(&mut self, limit: u64) -> bool {
        let expected = self.oracle.pop_until(limit);
        assert_eq!(self.kernel.pop_until(at(limit)), expected);
        if expected.is_none() {
            self.oracle.now = self.oracle.now.max(limit);
        }
        expected.is_some()
    }

    fn pop(&mut self) -> bool {
        let expected = self.oracle.pop_until(u64::MAX);
        assert_eq!(self.kernel.pop(), expected);
        expected.is_some()
    }

    fn run(&mut self, step: &Step) {
        let event = self.events;
        let later = |delay: u64| self.kernel.now() + after(delay);
        match *step {
            Step::Schedule(delay, phase) => {
                self.kernel.schedule_after(after(delay), phase, event);
                self.schedule_in_oracle(delay, phase);
            }
            Step::Post(phase) => {
                self.kernel.post(phase, event);
                self.schedule_in_oracle(0, phase);
            }
            Step::Timer(delay, phase) => {
                let timer = self.kernel.schedule_timer(later(delay), phase, event);
                let key = self.schedule_in_oracle(delay, phase);
                self.timers.push((timer, key));
            }
            Step::Lane(lane) => {
                self.kernel.schedule_lane(self.lanes[lane], event);
                self.schedule_in_oracle(LANES[lane].0, LANES[lane].1);
            }
            Step::LaneTimer(lane) => {
                let timer = self.kernel.schedule_lane_timer(self.lanes[lane], event);
                let key = self.schedule_in_oracle(LANES[lane].0, LANES[lane].1);
                self.timers.push((timer, key));
            }
            Step::Cancel(which) if !self.timers.is_empty() => {
                let (timer, key) = self.timers[which % self.timers.len()];
                assert_eq!(self.kernel.cancel(timer), self.oracle.cancel(key));
            }
            Step::Cancel(_) => {}
            Step::Pop(count) => while (0..count).all(|_| self.pop()) && count > 4 {},
            Step::PopUntil(delay) => {
                let limit = later(delay).as_nanos().min(u64::MAX - 1);
                while self.pop_until(limit) {}
            }
            Step::NextAt => {
                assert_eq!(self.kernel.next_at(), self.oracle.next_at().map(at));
            }
        }
        assert_eq!(self.kernel.now(), at(self.oracle.now));
        assert_eq!(self.kernel.pending(), self.oracle.pending());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn random_scripts_pop_the_same_events_as_the_oracle(
        // Several bursts of scheduling make the front spill, which single steps rarely do.
        script in prop::collection::vec(
            (step(), prop_oneof![6 => 1..3usize, 1 => 20..300usize]), 1..60)
    ) {
        let mut pair = Pair::new();
        for (step, times) in &script {
            for _ in 0..*times {
                pair.run(step);
            }
        }
        while pair.pop() {}
    }
}

/// The hold model with delays of every magnitude: long runs, where the base of the wheel wanders.
#[test]
fn long_runs_pop_the_same_events_as_the_oracle() {
    for (seed, pending) in [(1, 3), (2, 40), (3, 500), (4, 5_000)] {
        let mut random = mixed(seed);
        let mut pair = Pair::new();
        for round in 0..60_000 {
            let bits = random() % 44;
            let delay = random() & ((1 << bits) - 1);
            let phase = PHASES_IN_ORDER[random() as usize % PHASES];
            pair.run(&Step::Schedule(delay, phase));
            pair.run(&if round % 3 == 0 {
                Step::Timer(delay, phase)
            } else {
                Step::Lane(round % 3)
            });
            if random().is_multiple_of(8) {
                pair.run(&Step::Cancel(random() as usize));
            }
            while pair.oracle.pending() > pending {
                pair.run(&Step::Pop(1));
            }
        }
        while pair.pop() {}
        assert_eq!(pair.kernel.held(), 0);
    }
}
