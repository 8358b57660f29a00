//! Surgetank's tests, one binary; each module is one kind of evidence.

mod conformance;
mod theory;
