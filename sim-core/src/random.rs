//! Random numbers that are the same everywhere and belong to somebody.
//!
//! Nothing here reads entropy. A run has one `seed` and one `replication`, and everything random
//! in it is drawn from one of two kinds of source:
//!
//! - [`Stream`]: a ChaCha8 stream for a *process*, such as the arrivals of one source. It is named
//!   by (component, purpose), so adding a component, or a purpose, moves no other stream. (Numbering
//!   streams by creation order, as ns-3 does by default, loses exactly that.)
//! - [`MessageStream`]: a short SplitMix64 stream for *one message at one component*. Its draws are
//!   the same whatever the order in which messages get there, so two policies see the same storm.
//!
//! # How a stream comes to its numbers
//!
//! With `mix` the 64-bit finalizer below (a bijection), the ChaCha key is four words,
//! little-endian, in this order:
//!
//! ```text
//! k0 = mix(seed + G)   k1 = mix(replication + 2 G)   k2 = mix(k0 ^ rotl(k1, 32))   k3 = mix(k2 + k1)
//! ```
//!
//! (k0, k1) is one-to-one in (seed, replication), so no two runs share a key. The ChaCha stream
//! number (nonce) is `mix(FNV-1a-64(component, 0xFF, purpose))`; the byte 0xFF occurs in no UTF-8
//! text, so ("a", "bc") and ("ab", "c") differ. Two of 10,000 names collide with probability
//! 3e-12.
//!
//! All of it is part of the promise of equal results: a change here is value-breaking.
//!
//! References: D. J. Bernstein, "ChaCha, a variant of Salsa20" (2008); Steele, Lea and Flood, "Fast
//! splittable pseudorandom number generators" (2014); D. Stafford, "Better bit mixing" (2011),
//! variant 13; D. Lemire, "Fast random integer generation in an interval" (2019).

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// 2^64 divided by the golden ratio, made odd: the step of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// 2^64 divided by the plastic number: steps of these two never meet where both are few (M. Roberts, "The
/// unreasonable effectiveness of quasirandom sequences", 2018).
const PLASTIC: u64 = 0xC13F_A9A9_02A6_328F;

/// How many 64-bit words a [`Stream`] draws from ChaCha at once: the four blocks `rand_chacha`
/// computes together.
const WORDS: usize = 32;

/// A source of uniformly distributed bits.
pub trait Random {
    /// The next 64 bits.
    fn next_u64(&mut self) -> u64;

    /// A number in [0, 1) with 53 random bits.
    #[inline]
    fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in (0, 1): the middle of one of 2^52 equal steps.
    #[inline]
    fn unit_open(&mut self) -> f64 {
        ((self.next_u64() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// A whole number in 0..`n`, each exactly equally likely: Lemire's multiplication, which draws
    /// again with probability below `n` / 2^64.
    ///
    /// # Panics
    ///
    /// If `n` is zero: there is no such number.
    #[inline]
    fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "there is no number below zero");
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            let low = product as u64;
            // The division is only reached when `low` is small enough for the bias to matter.
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 64) as u64;
            }
        }
    }

    /// True with probability `p`. Always costs one draw, also for 0 and 1, so that changing a
    /// probability moves no later draw; NaN is never true.
    #[inline]
    fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }
}

/// All the streams of one replication of one run.
#[derive(Clone, Debug)]
pub struct Streams {
    key: [u64; 4],
}

impl Streams {
    /// The streams of replication `replication` of a run with seed `seed`.
    #[must_use]
    pub fn new(seed: u64, replication: u64) -> Self {
        let k0 = mix(seed.wrapping_add(GOLDEN));
        let k1 = mix(replication.wrapping_add(GOLDEN.wrapping_mul(2)));
        let k2 = mix(k0 ^ k1.rotate_left(32));
        let k3 = mix(k2.wrapping_add(k1));
        Self { key: [k0, k1, k2, k3] }
    }

    /// The stream of `component` for `purpose`, at its beginning. Asking twice gives the same
    /// numbers twice, so each (component, purpose) must have one owner.
    #[must_use]
    pub fn stream(&self, component: &str, purpose: &str) -> Stream {
        let mut seed = [0; 32];
        for (bytes, word) in seed.chunks_exact_mut(8).zip(self.key) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut chacha = ChaCha8Rng::from_seed(seed);
        chacha.set_stream(name_hash(component, purpose));
        Stream::new(chacha)
    }

    /// The key with which `component` draws, for `purpose`, what belongs to single messages.
    #[must_use]
    pub fn key(&self, component: &str, purpose: &str) -> StreamKey {
        let [_, _, k2, k3] = self.key;
        StreamKey(mix(mix(name_hash(component, purpose) ^ k2).wrapping_add(k3)))
    }
}

/// An endless sequence of random numbers for one purpose of one component: ChaCha8.
///
/// The numbers are those of `rand_chacha::ChaCha8Rng::next_u64`. They pass through a buffer here
/// because a draw is then an addition and a load, and the cipher is not inlined into every sampler.
#[derive(Clone, Debug)]
pub struct Stream {
    buffer: [u64; WORDS],
    used: usize,
    chacha: ChaCha8Rng,
}

impl Stream {
    fn new(chacha: ChaCha8Rng) -> Self {
        Self { buffer: [0; WORDS], used: WORDS, chacha }
    }

    /// The child stream number `child`: independent of this one and of its other children, and the
    /// same however much has been drawn from this one. Its stream number is
    /// `mix(mix(parent) + (child + 1) G)`.
    #[must_use]
    pub fn split(&self, child: u64) -> Self {
        let step = child.wrapping_add(1).wrapping_mul(GOLDEN);
        let mut chacha = ChaCha8Rng::from_seed(self.chacha.get_seed());
        chacha.set_stream(mix(mix(self.chacha.get_stream()).wrapping_add(step)));
        Self::new(chacha)
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) -> u64 {
        let mut bytes = [0; 8 * WORDS];
        self.chacha.fill_bytes(&mut bytes);
        for (word, bytes) in self.buffer.iter_mut().zip(bytes.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        self.used = 1;
        self.buffer[0]
    }
}

impl Random for Stream {
    #[inline]
    fn next_u64(&mut self) -> u64 {
        let Some(&word) = self.buffer.get(self.used) else { return self.refill() };
        self.used += 1;
        word
    }
}

/// Who draws for a message, and for what: the name of a [`MessageStream`] in one replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey(u64);

/// The random numbers that belong to one message at one component on one attempt.
///
/// SplitMix64 from `mix(message_key ^ at) + attempt P`, with P 2^64 divided by the plastic number: good for
/// the few dozen draws that one message needs, and made in a few nanoseconds. Not for long sequences: use
/// a [`Stream`].
#[derive(Clone, Debug)]
pub struct MessageStream(u64);

impl MessageStream {
    /// The draws of the message `message_key` for the purpose `at`, on its attempt `attempt` (0 is
    /// the first). The key is a random number of the message's own: a draw, or [`message_key`] of its
    /// number.
    #[must_use]
    #[inline]
    pub fn new(message_key: u64, at: StreamKey, attempt: u32) -> Self {
        let here = mix(message_key ^ at.0);
        Self(here.wrapping_add(PLASTIC.wrapping_mul(u64::from(attempt))))
    }
}

impl Random for MessageStream {
    #[inline]
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }
}

/// A key for the message with this number: another for every number.
#[must_use]
pub const fn message_key(number: u64) -> u64 {
    mix(number.wrapping_add(GOLDEN))
}

/// The finalizer of SplitMix64 (Stafford's variant 13): a bijection in which every bit of the input
/// moves about half of the bits of the output.
#[inline]
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// FNV-1a over both names with a separator that no name contains, then [`mix`], for FNV's high bits
/// are weak in short names.
fn name_hash(component: &str, purpose: &str) -> u64 {
    const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01B3;
    let bytes = component.bytes().chain([0xFF]).chain(purpose.bytes());
    mix(bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first<R: Random, const N: usize>(mut rng: R) -> [u64; N] {
        std::array::from_fn(|_| rng.next_u64())
    }

    /// Value stability: these numbers are part of every fingerprint.
    #[test]
    fn values_are_pinned() {
        let streams = Streams::new(1, 0);
        let stream: [u64; 5] = first(streams.stream("source", "arrivals"));
        let message: [u64; 5] =
            first(MessageStream::new(message_key(7), streams.key("source", "size"), 0));
        let expected = [
            0x4E47_25B9_9DE4_B92F,
            0xDA38_B00F_46F2_9F38,
            0xD8B0_7845_307E_0AC2,
            0x98BF_878F_A9AF_6B82,
            0x2F25_18A3_CB0A_4824,
        ];
        assert_eq!(stream, expected);
        let expected = [
            0xCB03_6CF4_21B9_35A0,
            0xD91D_ED04_626C_7140,
            0x4A62_1DE0_9BFC_B286,
            0x71AA_A0CC_F431_016D,
            0x4543_F1AC_57B3_9EE6,
        ];
        assert_eq!(message, expected);
    }

    /// SplitMix64 of Steele, Lea and Flood, seed 0: the published first outputs.
    #[test]
    fn message_stream_steps_as_split_mix_64() {
        let expected = [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4, 0x06C4_5D18_8009_454F];
        assert_eq!(first(MessageStream(0)), expected);
    }

    #[test]
    fn buffer_passes_chacha_through() {
        let mut stream = Streams::new(3, 4).stream("sensor", "latency");
        let mut chacha = stream.chacha.clone();
        for _ in 0..3 * WORDS {
            assert_eq!(stream.next_u64(), chacha.next_u64());
        }
    }

    #[test]
    fn each_name_seed_and_replication_has_its_own_stream() {
        let streams = Streams::new(1, 0);
        let parent = streams.stream("a", "bc");
        let all = [
            parent.clone(),
            streams.stream("ab", "c"),
            streams.stream("abc", ""),
            Streams::new(2, 0).stream("a", "bc"),
            Streams::new(1, 1).stream("a", "bc"),
            Streams::new(0, 1).stream("a", "bc"),
            parent.split(0),
            parent.split(1),
            parent.split(0).split(0),
        ];
        let mut firsts: Vec<[u64; 1]> = all.into_iter().map(first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 9);
    }

    #[test]
    fn child_does_not_depend_on_what_its_parent_drew() {
        let mut parent = Streams::new(1, 0).stream("a", "b");
        let before: [u64; 4] = first(parent.split(5));
        for _ in 0..100 {
            parent.next_u64();
        }
        assert_eq!(before, first(parent.split(5)));
    }

    /// Every input of a message stream moves about half of its output bits: over 64 flips of each
    /// input, 64 bits each, the mean lies within 99.9 % bounds of a fair coin (3.29 sigma).
    #[test]
    fn every_bit_of_a_message_key_matters() {
        let at = Streams::new(1, 0).key("sensor", "latency");
        let draw =
            |message: u64, at: u64| first::<_, 1>(MessageStream::new(message, StreamKey(at), 0))[0];
        let base = draw(42, at.0);
        let changed = |flip: &dyn Fn(u64) -> u64| -> f64 {
            let bits: u32 = (0..64).map(|bit| (flip(1 << bit) ^ base).count_ones()).sum();
            f64::from(bits)
        };
        let bound = 3.29 * (64.0f64 * 64.0 / 4.0).sqrt();
        for bits in [changed(&|bit| draw(42 ^ bit, at.0)), changed(&|bit| draw(42, at.0 ^ bit))] {
            assert!((bits - 2048.0).abs() < bound, "{bits} of 4096 bits changed");
        }
    }

    #[test]
    fn attempts_differ() {
        let at = Streams::new(1, 0).key("trigger", "latency");
        let draws: Vec<[u64; 1]> =
            (0..3).map(|attempt| first(MessageStream::new(9, at, attempt))).collect();
        assert!(draws[0] != draws[1] && draws[1] != draws[2] && draws[0] != draws[2]);
    }

    /// Chi-square over 16 cells, 15 degrees of freedom: 37.70 is the 99.9 % quantile.
    #[test]
    fn numbers_are_uniform() {
        fn chi_square(mut cell: impl FnMut() -> u64) -> f64 {
            const DRAWS: u32 = 160_000;
            let mut cells = [0.0f64; 16];
            for _ in 0..DRAWS {
                cells[cell() as usize] += 1.0;
            }
            let expected = f64::from(DRAWS) / 16.0;
            cells.iter().map(|&seen| (seen - expected) * (seen - expected) / expected).sum()
        }
        let streams = Streams::new(5, 0);
        let at = streams.key("source", "size");
        let mut stream = streams.stream("source", "uniform");
        let (mut message, mut attempt) = (0, 0);
        for (name, value) in [
            ("high bits", chi_square(|| stream.next_u64() >> 60)),
            ("low bits", chi_square(|| stream.next_u64() & 15)),
            ("below", chi_square(|| stream.below(16))),
            ("unit", chi_square(|| (stream.unit() * 16.0) as u64)),
            ("unit_open", chi_square(|| (stream.unit_open() * 16.0) as u64)),
            ("first draw of successive attempts", {
                chi_square(|| {
                    attempt += 1;
                    MessageStream::new(message_key(1), at, attempt).next_u64() >> 60
                })
            }),
            ("first draw of successive messages", {
                chi_square(|| {
                    message += 1;
                    MessageStream::new(message_key(message), at, 0).next_u64() >> 60
                })
            }),
        ] {
            assert!(value < 37.70, "{name}: {value}");
        }
    }

    /// A source that gives what it is told.
    struct Fixed(Vec<u64>);
    impl Random for Fixed {
        fn next_u64(&mut self) -> u64 {
            self.0.remove(0)
        }
    }

    #[test]
    fn edges() {
        assert_eq!(Fixed(vec![u64::MAX]).unit(), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(Fixed(vec![0]).unit(), 0.0);
        assert!(Fixed(vec![u64::MAX]).unit_open() < 1.0);
        assert!(Fixed(vec![0]).unit_open() > 0.0);
        assert_eq!(Fixed(vec![u64::MAX]).below(10), 9);
        assert_eq!(Fixed(vec![5]).below(1), 0);
        // 2^64 mod 10 is 6: products whose low word is below 6 are drawn again.
        assert_eq!(Fixed(vec![0, (1 << 63) + 1]).below(10), 5);
        assert!(!Fixed(vec![0]).chance(0.0) && Fixed(vec![u64::MAX]).chance(1.0));
        assert!(!Fixed(vec![0]).chance(f64::NAN));
    }
}
