//! Surgetank's tests, one binary; each module is one kind of evidence.

mod cli;
mod conformance;
mod determinism;
mod golden;
mod properties;
mod scenarios;
mod theory;
mod tidy;
