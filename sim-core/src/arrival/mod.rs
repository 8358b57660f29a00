//! Arrival stub (local, replaced by merge).
#![allow(missing_docs)]
use crate::{random::Stream, time::{SimDuration, SimTime}};
#[derive(Clone, Copy, Debug)]
pub struct Arrival { pub at: SimTime, pub count: u32, pub size_bytes: Option<u32> }
#[derive(Clone, Debug)]
pub enum ArrivalProcess { Poisson(f64) }
impl ArrivalProcess {
    pub fn poisson(rate: f64) -> Result<Self, ()> { Ok(Self::Poisson(rate)) }
    pub fn next(&mut self, now: SimTime, rng: &mut Stream) -> Option<Arrival> {
        let Self::Poisson(rate) = self;
        let gap = crate::dist::standard_exponential(rng) / *rate;
        Some(Arrival { at: now + SimDuration::from_secs_f64(gap), count: 1, size_bytes: None })
    }
    pub fn peak_window(&self, _: SimDuration) -> Option<(SimTime, SimTime)> { None }
}
