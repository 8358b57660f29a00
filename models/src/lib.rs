//! Surgetank's models: event pipelines in the words of Argo Events, and the RON language for them.
//!
//! A model is read from RON ([`spec`]), checked into a [`plan::Plan`], and run ([`run::run`]) as often as
//! one likes; each run yields an [`outcome::Outcome`].

pub mod catalog;
mod component;
pub mod diagnostic;
mod engine;
mod event_bus;
mod event_source;
mod fault;
mod header;
pub mod jetstream;
pub mod lint;
pub mod manifest;
pub mod model;
pub mod outcome;
pub mod plan;
pub mod presets;
pub mod report;
pub mod run;
mod sensor;
pub mod spec;
mod station;
mod store;
pub mod storms;
mod trigger;
pub mod workflow;
mod workflows;

pub use model::{Made, Model, Overrides};

pub use engine::fate::{FateKind, Reason};
pub use engine::recorder::{Fact, FactKind, FactSink, GaugeWindow, SampleWindow};
