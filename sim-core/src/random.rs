//! Random numbers that are the same everywhere and belong to somebody.

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
}
