//! A 128-bit hash of everything that happened, in order: two runs with one fingerprint are one run.
//!
//! # What it is made of
//!
//! The state is two words `a`, `b`. Absorbing `x`, `y` is one round of a Feistel network:
//!
//! ```text
//! t = a ^ y              p = t * A, to 128 bits
//! a = b ^ low(p) ^ high(p)
//! b = t ^ x * B, to 64 bits
//! ```
//!
//! Whatever is absorbed, different states stay different: `b` gives back `t`, and `t` the old `b`. Of two
//! pairs absorbed in one state, those that differ in `x` alone or in `y` alone are certain to leave different
//! states, for `B` is odd. The wide product is folded as in wyhash (Wang Yi, 2019), but two data words are
//! never multiplied with each other, so no input can erase another by being zero. Finishing absorbs
//! constants, until every bit has moved all others.
//!
//! All arithmetic is on `u64` and `u128`, words are read as little endian: the same on every platform.
//! It finds accidents, it does not stop forgers: for hashes of files use a cryptographic one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The first word of the hexadecimal expansion of the golden ratio's fractional part (odd).
const A: u64 = 0x9e37_79b9_7f4a_7c15;
/// The first words of the fractional parts of pi, as in Blowfish's P-array; the last digit made odd.
const B: u64 = 0x243f_6a88_85a3_08d3;
const START_A: u64 = 0x1319_8a2e_0370_7344;
const START_B: u64 = 0xa409_3822_299f_31d0;

/// A running hash of pairs of words; the order matters.
///
/// ```
/// use sim_core::observe::Fingerprint;
/// let mut one = Fingerprint::new();
/// one.absorb(1, 2);
/// one.absorb(3, 4);
/// let mut other = Fingerprint::new();
/// other.absorb(3, 4);
/// other.absorb(1, 2);
/// assert_ne!(one.to_string(), other.to_string());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    a: u64,
    b: u64,
}

impl Fingerprint {
    /// The fingerprint of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { a: START_A, b: START_B }
    }

    /// Takes in one pair of words, say an instant and a fact's code.
    #[inline]
    pub fn absorb(&mut self, x: u64, y: u64) {
        let mixed = self.a ^ y;
        let product = u128::from(mixed) * u128::from(A);
        self.a = self.b ^ product as u64 ^ (product >> 64) as u64;
        self.b = mixed ^ x.wrapping_mul(B);
    }

    /// Takes in bytes, their number first, then sixteen at a time padded with zeros: names and other
    /// things that are not words.
    pub fn absorb_bytes(&mut self, bytes: &[u8]) {
        self.absorb(bytes.len() as u64, B);
        for chunk in bytes.chunks(16) {
            let mut pair = [0; 16];
            pair[..chunk.len()].copy_from_slice(chunk);
            let pair = u128::from_le_bytes(pair);
            self.absorb(pair as u64, (pair >> 64) as u64);
        }
    }

    /// The sixteen bytes of the hash so far; absorbing may go on afterwards.
    #[must_use]
    pub fn finish(&self) -> [u8; 16] {
        let mut last = self.clone();
        for word in [A, B, START_A, START_B, A, B] {
            last.absorb(word, word);
        }
        (u128::from(last.a) | u128::from(last.b) << 64).to_le_bytes()
    }

    /// The hash so far as a value to keep, print and compare.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.finish())
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

/// The [`Digest`] so far: 32 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest().fmt(formatter)
    }
}

/// A finished fingerprint: sixteen bytes, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 16]);

impl Digest {
    /// The bytes, in the order in which they are printed.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for Digest {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{:032x}", u128::from_be_bytes(self.0)))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({self})")
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError {
    found: String,
}

impl fmt::Display for DigestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is not a fingerprint: expected 32 hexadecimal digits", self.found)
    }
}

impl std::error::Error for DigestError {}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError { found: text.to_owned() };
        // `from_str_radix` alone would take a leading plus.
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(error());
        }
        let bits = u128::from_str_radix(text, 16).map_err(|_| error())?;
        Ok(Self(bits.to_be_bytes()))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(pairs: &[(u64, u64)]) -> Fingerprint {
        let mut fingerprint = Fingerprint::new();
        pairs.iter().for_each(|&(x, y)| fingerprint.absorb(x, y));
        fingerprint
    }

    fn bits(fingerprint: &Fingerprint) -> u128 {
        u128::from_le_bytes(fingerprint.finish())
    }

    /// A change here changes every fingerprint ever published: that is a value-breaking change. The
    /// values come from an independent computation with Python's integers by the module's formula.
    #[test]
    fn vectors_are_pinned() {
        let thousand: Vec<_> = (0..1000).map(|n| (n * n, !n)).collect();
        for (pairs, expected) in [
            (&[][..], "c6133801749f5eee9c7a4eaaf1469111"),
            (&[(0, 0)], "479bdc6e0f5a437f4b49eef69dc2c0b9"),
            (&[(0, 0), (0, 0)], "64eeba92cf663f6e223b811e7db40f56"),
            (&[(1, 2), (u64::MAX, 1 << 63)], "0b6323a377a90e0b64ffe066054d483e"),
            (&thousand, "4a8076dc697ff757341ea75a4348a3bf"),
        ] {
            assert_eq!(of(pairs).to_string(), expected, "{} pairs", pairs.len());
        }
        let mut bytes = Fingerprint::new();
        bytes.absorb_bytes(b"surgetank, a tank");
        assert_eq!(bytes.to_string(), "3776bef02803068c10a91cc157d4c444");
    }

    #[test]
    fn text_goes_there_and_back() {
        let digest = of(&[(1, 2)]).digest();
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{digest}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        for bad in
            ["", "+0000000000000000000000000000000", "0123", "g0000000000000000000000000000000"]
        {
            let error = bad.parse::<Digest>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("`{bad}` is not a fingerprint: expected 32 hexadecimal digits")
            );
        }
    }

    #[test]
    fn order_number_and_padding_matter() {
        let mut seen = BTreeSet::new();
        for pairs in [&[][..], &[(0, 0)], &[(0, 0); 2], &[(1, 2), (3, 4)], &[(3, 4), (1, 2)]] {
            assert!(seen.insert(of(pairs).digest()));
        }
        for bytes in [&b""[..], b"\0", b"\0\0", b"ab", b"abc"] {
            let mut fingerprint = Fingerprint::new();
            fingerprint.absorb_bytes(bytes);
            assert!(seen.insert(fingerprint.digest()));
        }
    }

    /// Flipping one input bit flips each output bit half the time, wherever in the sequence: also in
    /// the very last pair, where only the finish mixes it.
    #[test]
    fn one_bit_changes_half_of_all_bits() {
        for changed in [0, 1, 6, 7] {
            let mut flips = [0_u32; 128];
            let mut changes = 0_u32;
            for trial in 0..64_u64 {
                // Small numbers, as real facts have.
                let pairs: Vec<_> = (0..8).map(|n| (trial * 1_000 + n, n % 3)).collect();
                let before = bits(&of(&pairs));
                for bit in 0..128 {
                    let mut other = pairs.clone();
                    if bit < 64 {
                        other[changed].0 ^= 1 << bit;
                    } else {
                        other[changed].1 ^= 1 << (bit - 64);
                    }
                    let difference = before ^ bits(&of(&other));
                    let flipped = difference.count_ones();
                    assert!(
                        (24..=104).contains(&flipped),
                        "{flipped} of 128 bits, input bit {bit}"
                    );
                    changes += 1;
                    (0..128).for_each(|out| flips[out] += (difference >> out & 1) as u32);
                }
            }
            // 8,192 changes: a fair coin stays within 5 standard deviations (0.028) of a half.
            for (out, &count) in flips.iter().enumerate() {
                let share = f64::from(count) / f64::from(changes);
                assert!(
                    (0.472..=0.528).contains(&share),
                    "pair {changed}, output bit {out}: {share}"
                );
            }
        }
    }

    /// Small structured runs, the kind that differ in real life: no two collide, not even in 64 bits.
    #[test]
    fn neighbors_do_not_collide() {
        let mut seen = BTreeSet::new();
        let mut total = 0;
        for x in 0..64 {
            for y in 0..16 {
                for u in 0..64 {
                    let hash = bits(&of(&[(x, y), (u, 1)]));
                    seen.insert(hash as u64);
                    seen.insert((hash >> 64) as u64);
                    total += 2;
                }
            }
        }
        assert_eq!(seen.len(), total);
    }
}
