//! Sizes.

use std::fmt;
use std::str::FromStr;

use super::quantity::{Decimal, Problem, Quantity, QuantityError, take_unit};

/// A size in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(u64);

/// What is read. `Ki` to `Ti` are how Kubernetes spells the binary units. A lone `K`, `M` or `G` is
/// refused, for it means 10^3 to Kubernetes and 2^10 to nats-server.
const UNITS: [(&str, u64); 14] = [
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("Ki", 1 << 10),
    ("MiB", 1 << 20),
    ("Mi", 1 << 20),
    ("GiB", 1 << 30),
    ("Gi", 1 << 30),
    ("TiB", 1 << 40),
    ("Ti", 1 << 40),
];

/// What is written: the first of these that divides the size.
const PRINTED: [(&str, u64); 8] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
];

impl Bytes {
    /// A size of `bytes` bytes.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

/// A decimal with an optional unit, which must make whole bytes: `"1GiB"`, `"256KiB"`, `"1MB"`
/// (10^6), `"1.5KiB"`, `"512B"`, `"512"`.
impl FromStr for Bytes {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).map_err(|problem| QuantityError::new(Quantity::Bytes, text, problem))
    }
}

fn parse(text: &str) -> Result<Bytes, Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    let (number, rest) = Decimal::take(text)?;
    if rest.is_empty() {
        return number.times(1).map(Bytes);
    }
    let (unit, rest) = take_unit(rest, &UNITS)?;
    if !rest.is_empty() {
        return Err(Problem::UnknownUnit(super::quantity::shortened(rest)));
    }
    number.times(unit).map(Bytes)
}

/// Exact, in the largest unit that divides it: `1GiB`, `1MB`, `1536B`. [`FromStr`] reads it back.
impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        let divisor =
            PRINTED.into_iter().find(|&(_, unit)| bytes > 0 && bytes.is_multiple_of(unit));
        let (name, unit) = divisor.unwrap_or(("B", 1));
        out.pad(&format!("{}{name}", bytes / unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_read_and_written_exactly() {
        let cases = [
            ("0", 0, "0B"),
            ("512", 512, "512B"),
            ("512B", 512, "512B"),
            ("1536", 1536, "1536B"),
            ("1.5KiB", 1536, "1536B"),
            ("256KiB", 262_144, "256KiB"),
            ("256Ki", 262_144, "256KiB"),
            ("1MB", 1_000_000, "1MB"),
            ("1kB", 1_000, "1kB"),
            ("1KB", 1_000, "1kB"),
            ("1GiB", 1_073_741_824, "1GiB"),
            ("1073741824", 1_073_741_824, "1GiB"),
            ("2TiB", 1 << 41, "2TiB"),
            ("18446744073709551615", u64::MAX, "18446744073709551615B"),
        ];
        for (text, bytes, printed) in cases {
            let size: Bytes = text.parse().unwrap();
            assert_eq!(size.as_u64(), bytes, "{text}");
            assert_eq!(size.to_string(), printed, "{text}");
        }
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let cases = [
            ("", "a size is missing: the text is empty"),
            ("-1", "`-1` is not a size: it is negative"),
            ("big", "`big` is not a size: `big` is not a number"),
            ("1G", "`1G` is not a size: the unit `G` is unknown"),
            ("1gib", "`1gib` is not a size: the unit `gib` is unknown"),
            ("1KiB2", "`1KiB2` is not a size: the unit `2` is unknown"),
            ("0.5B", "`0.5B` is not a size: it is not a whole number of bytes"),
            ("1.5", "`1.5` is not a size: it is not a whole number of bytes"),
            ("16777216TiB", "`16777216TiB` is not a size: it is larger than 2^64 - 1 bytes"),
        ];
        for (text, message) in cases {
            let error = text.parse::<Bytes>().unwrap_err().to_string();
            let (problem, expected) = error.split_once("; expected ").unwrap();
            assert_eq!(problem, message);
            assert!(expected.ends_with("such as `256KiB` or `1GiB`"), "{expected}");
        }
    }

    proptest! {
        #[test]
        fn printed_sizes_are_read_back(bytes: u64, shift in 0u32..64) {
            let size = Bytes::new(bytes >> shift << (shift / 2));
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }
    }
}
