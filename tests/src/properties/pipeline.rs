//! A random pipeline as RON: tiny limits, short horizon, every kind of stage, policy and fault.
//!
//! Left out on purpose: whatever loops without taking time (a nack without delay and without end, a
//! closed loop that does not think); such models are valid and end with a diagnosis of their own.

use super::dice::Dice;
use super::stages::Shape;

/// The most that a gauge may ever show.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) stage: String,
    pub(crate) gauge: &'static str,
    pub(crate) most: u64,
}

/// A generated model, in parts that can be left out one by one.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) seed: u64,
    pub(crate) horizon_s: u64,
    pub(crate) in_flight_max: Option<u64>,
    pub(crate) stages: Vec<String>,
    pub(crate) faults: Vec<String>,
    pub(crate) bounds: Vec<Bound>,
}

impl Pipeline {
    /// The pipeline of that seed.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let dice = &mut dice;
        let horizon_s = dice.pick(&[5, 10, 20, 40]);
        let mut shape = Shape::draw(dice, horizon_s);
        let stages = shape.stages(dice);
        let faults = shape.faults(dice);
        let in_flight_max = dice.chance(3).then(|| dice.between(5, 50));
        Self { seed, horizon_s, in_flight_max, stages, faults, bounds: shape.bounds }
    }

    /// As RON.
    pub(crate) fn text(&self) -> String {
        let limit = self.in_flight_max.map(|most| format!("    in_flight_max: {most},\n"));
        let lines = |lines: &[String]| -> String {
            lines.iter().map(|line| format!("        {line},\n")).collect()
        };
        format!(
            "Model(\n    name: \"random {seed}\",\n    horizon: \"{horizon}s\",\n    seed: {seed},\n\
             {limit}    stages: [\n{stages}    ],\n    \
             config_maps: {{\"locks\": {{\"two\": \"2\", \"one\": \"1\"}}}},\n    \
             faults: [\n{faults}    ],\n)\n",
            seed = self.seed,
            horizon = self.horizon_s,
            limit = limit.unwrap_or_default(),
            stages = lines(&self.stages),
            faults = lines(&self.faults),
        )
    }
}
