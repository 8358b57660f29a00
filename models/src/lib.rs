//! Surgetank's models: event pipelines in the words of Argo Events, and the RON language for them.

pub mod diagnostic;
pub mod jetstream;
pub mod spec;
