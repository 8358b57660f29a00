//! Seeded choices for the generator of pipelines.

use sim_core::random::{Random, Stream, Streams};

/// The source of a generator's choices: one seed, one pipeline, on every platform.
pub(crate) struct Dice(Stream);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Streams::new(seed, 0).stream("pipeline", "shape"))
    }

    /// A number in `least..=most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.0.below(most - least + 1)
    }

    /// True `percent` times out of a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.below(from.len() as u64) as usize]
    }

    /// `name: value,` in `percent` of the cases, else nothing.
    pub(crate) fn maybe(
        &mut self,
        percent: u64,
        name: &str,
        value: impl FnOnce(&mut Self) -> String,
    ) -> String {
        if self.chance(percent) { format!("{name}: {}, ", value(self)) } else { String::new() }
    }

    /// The same, with one of `values`.
    pub(crate) fn maybe_of(&mut self, percent: u64, name: &str, values: &[&str]) -> String {
        self.maybe(percent, name, |dice| dice.pick(values).to_owned())
    }

    /// From `least` to `most` pieces of text, one after the other.
    pub(crate) fn list(
        &mut self,
        least: u64,
        most: u64,
        mut piece: impl FnMut(&mut Self, u64) -> String,
    ) -> String {
        let count = self.between(least, most);
        (0..count).map(|number| piece(self, number) + ", ").collect()
    }
}
